"""A connection's first bytes over real sockets: a proxy's header, TLS or not, HTTP or lines."""

from __future__ import annotations

import socket
import ssl
import tempfile
from collections.abc import Callable, Hashable, Iterable
from contextlib import suppress
from functools import lru_cache, partial
from pathlib import Path
from typing import Any, Final, cast

from hubbub.core.ids import session_id
from hubbub.edge.session import Session
from hubbub.irc.framing import BadLine
from hubbub.server.certificate import own_certificate
from hubbub.server.connection import Connection, Welcome
from hubbub.server.turns import Turns
from tests.faults.fuzz.wire import SITE, UPGRADE, masked, pieces

PROXIED, PLAIN, IN_TLS, WITH_TLS, SLOW = 1, 2, 4, 8, 16
"""What the first byte of an input says, in bits: the listener, and the client."""
STEPS_MOST: Final = 200


class _Loop:
    """As much of an event loop as a connection uses; `turn` calls who can read or write."""

    def __init__(self) -> None:
        self.readers: dict[int, Callable[[], None]] = {}
        self.writers: dict[int, Callable[[], None]] = {}
        self.soon: list[tuple[Callable[..., None], tuple[object, ...]]] = []
        self.timers: list[_Timer] = []

    def time(self) -> float:
        return 1.0

    def add_reader(self, fd: int, call: Callable[..., None], *arguments: object) -> None:
        self.readers[fd] = partial(call, *arguments)

    def remove_reader(self, fd: int) -> None:
        self.readers.pop(fd, None)

    def add_writer(self, fd: int, call: Callable[..., None], *arguments: object) -> None:
        self.writers[fd] = partial(call, *arguments)

    def remove_writer(self, fd: int) -> None:
        self.writers.pop(fd, None)

    def call_soon(self, call: Callable[..., None], *arguments: object) -> None:
        self.soon.append((call, arguments))

    def call_later(self, seconds: float, call: Callable[[], None]) -> _Timer:
        self.timers.append(_Timer(call))
        return self.timers[-1]

    def turn(self) -> None:
        for waiting in (self.readers, self.writers):
            for call in list(waiting.values()):
                call()
        soon, self.soon = self.soon, []
        for then, arguments in soon:
            then(*arguments)


class _Timer:
    def __init__(self, call: Callable[[], None]) -> None:
        self.call: Callable[[], None] | None = call

    def cancel(self) -> None:
        self.call = None


class _Owner:
    """Stands for the hub: keeps what it is told."""

    def __init__(self, loop: _Loop) -> None:
        self.turns = Turns(cast(Any, loop))
        self.lines: list[bytes | BadLine] = []
        self.reasons: list[str] = []
        self.addresses: list[str] = []

    def received(self, connection: Connection, lines: list[bytes | BadLine]) -> None:
        assert connection.is_open
        self.lines += lines
        connection.write(b":hub.test PONG\r\n")

    def lost(self, connection: Connection, reason: str) -> None:
        self.reasons.append(reason)

    def moved(self, connection: Connection, address: str) -> None:
        self.addresses.append(address)


@lru_cache(maxsize=1)
def _contexts() -> tuple[ssl.SSLContext, ssl.SSLContext]:
    """The server's TLS, and a client's, which believes anybody."""
    with tempfile.TemporaryDirectory() as home:
        server = own_certificate(Path(home), "hub.test").context
    client = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    client.check_hostname, client.verify_mode = False, ssl.CERT_NONE
    return server, client


class _Client:
    """The other end: what it sends goes in TLS if it has made some."""

    def __init__(self, sock: socket.socket, loop: _Loop) -> None:
        sock.setblocking(False)
        self._sock = sock
        self._loop = loop
        self._in, self._out = ssl.MemoryBIO(), ssl.MemoryBIO()
        self._tls: ssl.SSLObject | None = None
        self.heard = b""

    def send(self, data: bytes) -> None:
        if self._tls is not None:
            with suppress(ssl.SSLError):
                self._tls.write(data)
            data = self._out.read()
        with suppress(OSError):
            self._sock.send(data)
        self.turn()

    def turn(self) -> None:
        """Has the server do what it can, and reads what it sent."""
        self._loop.turn()
        with suppress(OSError):
            while data := self._sock.recv(65_536):
                if self._tls is None:
                    self.heard += data
                else:
                    self._in.write(data)

    def start_tls(self) -> None:
        self._tls = _contexts()[1].wrap_bio(self._in, self._out, server_hostname="hub.test")
        for _ in range(10):
            with suppress(ssl.SSLWantReadError):
                self._tls.do_handshake()
                return
            with suppress(OSError):
                self._sock.send(self._out.read())
            self.turn()
        raise AssertionError("TLS was not agreed on")

    def close(self) -> None:
        with suppress(OSError):
            self._sock.shutdown(socket.SHUT_WR)


def run_first_bytes(data: bytes) -> Iterable[Hashable]:
    """A connection ends once, whatever came, and then holds no socket, reader or writer."""
    flags, stream = (data[0], data[1:]) if data else (PLAIN, b"")
    here, there = socket.socketpair()
    loop = _Loop()
    owner = _Owner(loop)
    tls = _contexts()[0] if flags & WITH_TLS else None
    welcome = Welcome(tls, bool(flags & PLAIN), 65_536, SITE)
    session = Session(session_id(0, 1, 1), "host.test", secure=False)
    connection = Connection(
        here, "127.0.0.1", owner, session, welcome, cast(Any, loop), proxied=bool(flags & PROXIED)
    )
    try:
        client = _Client(there, loop)
        if flags & IN_TLS and tls is not None:
            client.start_tls()
            assert session.secure
        for piece in pieces(stream) if flags & SLOW else (stream,):
            client.send(piece)
        client.close()
        for _ in range(STEPS_MOST):
            if connection._fd < 0:
                break
            client.turn()
        assert connection._fd < 0, "the client closed, the connection is still there"
        loop.turn()
        assert len(owner.reasons) == 1, owner.reasons
        assert not loop.readers
        assert not loop.writers
        assert flags & PLAIN or session.secure or not owner.lines, "served without TLS"
        kinds = (owner.reasons[0][:30], min(len(owner.lines), 3), len(owner.addresses))
        yield (flags & 31, session.secure, client.heard[:12], *kinds)
    finally:
        here.close()
        there.close()


def _hello() -> bytes:
    """What a client's TLS begins with."""
    out = ssl.MemoryBIO()
    client = _contexts()[1].wrap_bio(ssl.MemoryBIO(), out, server_hostname="hub.test")
    with suppress(ssl.SSLWantReadError):
        client.do_handshake()
    return out.read()


FIRST_WORDS: Final = (
    *(bytes((flags,)) for flags in range(32)),
    b"\x16\x03\x01\x02\x00\x01\x00\x01",
    b"\x16\x03\x01\x00\x2f\x01\x00\x00\x2b\x03\x01" + bytes(32) + b"\0\0\x04\xc0\x09\0\x2f\x01\0",
    UPGRADE + b"\r\n",
    masked(b"NICK ann"),
    masked(b"", 0x88),
    b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n",
    b"PROXY TCP4 192.0.2.1 198.51.100.2 4242 8667\r\n",
    b"\r\n\r\n\x00\r\nQUIT\n\x21\x11\x00\x0c" + bytes(12),
    b"CAP LS 302\r\n",
    b"NICK ann\r\n",
)
