"""One socket, plain or TLS: bytes in, lines to the hub, bytes out.

Law: nothing here blocks or raises for what the other side does; what it doesn't read is bounded,
then it is dropped. One non-blocking socket serves plain and TLS alike, without asyncio's
transports, whose TLS buffers cost more than the rest of a connection (docs/decisions.md).
"""

from __future__ import annotations

import asyncio
import socket
import ssl
from collections import deque
from dataclasses import dataclass
from typing import Final, Protocol

from hubbub.edge.session import Session
from hubbub.irc.framing import BadLine, Framer
from hubbub.server import http

READ_BYTES: Final = 16_384
"""How much is read at once: a TLS record's worth."""
_TLS_HANDSHAKE: Final = 0x16
_SNIFFED: Final = 8
"""How many bytes tell HTTP from IRC."""
_AGAIN: Final = (BlockingIOError, InterruptedError, ssl.SSLWantReadError)


class Hub(Protocol):
    """What a connection tells its owner."""

    def received(self, connection: Connection, lines: list[bytes | BadLine]) -> None:
        """Complete lines came in."""

    def lost(self, connection: Connection, reason: str) -> None:
        """The connection is gone; `reason` is for others to read."""


@dataclass(frozen=True, slots=True)
class Welcome:
    """What a listener gives its connections: TLS, limits, and whether plain lines are served."""

    tls: ssl.SSLContext | None
    plain: bool
    send_queue_bytes: int
    https_port: int


class Connection:
    """One client's connection, from the first byte to the last.

    Stages: sniff (TLS or not), handshake, first bytes (HTTP or IRC), lines. `session` is the
    hub's; `waiting` counts answers still to come before the session's next line may be read.
    """

    __slots__ = (
        "_closing",
        "_fd",
        "_first",
        "_framer",
        "_hub",
        "_loop",
        "_queue",
        "_queued",
        "_sock",
        "_welcome",
        "heard_at",
        "lines",
        "opened_at",
        "paused",
        "peer",
        "pinged",
        "refilled_at",
        "session",
        "tokens",
        "waiting",
    )

    def __init__(
        self,
        sock: socket.socket,
        peer: str,
        hub: Hub,
        session: Session,
        welcome: Welcome,
        loop: asyncio.AbstractEventLoop,
    ) -> None:
        sock.setblocking(False)
        self._sock = sock
        self._fd = sock.fileno()
        self._hub = hub
        self._loop = loop
        self._welcome = welcome
        self._framer = Framer()
        self._first: bytes | None = b""
        self._queue: deque[bytes] | None = None
        self._queued = 0
        self._closing = False
        self.peer = peer
        self.session = session
        self.lines: deque[bytes | BadLine] | None = None
        self.waiting = 0
        self.tokens = 0.0
        self.paused = False
        self.pinged = False
        self.opened_at = self.refilled_at = self.heard_at = loop.time()
        loop.add_reader(self._fd, self._sniff if welcome.tls else self._readable)

    # -- reading --------------------------------------------------------------------------

    def _sniff(self) -> None:
        """The first byte tells TLS from everything else."""
        try:
            first = self._sock.recv(1, socket.MSG_PEEK)
        except _AGAIN:
            return
        except OSError as error:
            self.drop(_reason(error))
            return
        if not first:
            self.drop("Connection closed")
            return
        tls = self._welcome.tls
        if first[0] == _TLS_HANDSHAKE and tls is not None:
            self._sock = tls.wrap_socket(
                self._sock, server_side=True, do_handshake_on_connect=False
            )
            self.session.secure = True
            self._loop.add_reader(self._fd, self._handshake)
            self._handshake()
        else:
            self._loop.add_reader(self._fd, self._readable)
            self._readable()

    def _handshake(self) -> None:
        assert isinstance(self._sock, ssl.SSLSocket)
        try:
            self._sock.do_handshake()
        except ssl.SSLWantReadError:
            self._loop.remove_writer(self._fd)
            return
        except ssl.SSLWantWriteError:
            self._loop.add_writer(self._fd, self._handshake)
            return
        except OSError as error:
            self.drop(f"TLS handshake failed: {_reason(error)}")
            return
        self._loop.remove_writer(self._fd)
        self._loop.add_reader(self._fd, self._readable)
        self._readable()

    def _readable(self) -> None:
        while True:
            try:
                data = self._sock.recv(READ_BYTES)
            except _AGAIN:
                return
            except OSError as error:
                self.drop(_reason(error))
                return
            if not data:
                self.drop("Connection closed")
                return
            if self._closing:
                continue
            self.heard_at = self._loop.time()
            self.pinged = False
            if self._first is not None:
                data = self._first_bytes(data)
            if data:
                lines = self._framer.feed(data)
                if lines:
                    self._hub.received(self, lines)
            # TLS may hold decrypted bytes that the selector doesn't see.
            if self.paused or not (isinstance(self._sock, ssl.SSLSocket) and self._sock.pending()):
                return

    def _first_bytes(self, data: bytes) -> bytes:
        """Tells HTTP from IRC; returns what is IRC once it is known to be."""
        assert self._first is not None
        data = self._first + data
        if http.is_request(data):
            if http.is_whole(data):
                self.finish(http.answer(data, self.session.secure, self._welcome.https_port))
            self._first = data[: http.LIMIT]
            return b""
        if len(data) < _SNIFFED and b"\n" not in data:
            self._first = data
            return b""
        self._first = None
        if not self.session.secure and not self._welcome.plain:
            self.finish(
                b"ERROR :Closing link: This server wants TLS from other machines:"
                b" turn on SSL/TLS in your client, on the same port\r\n"
            )
            return b""
        return data

    def pause(self) -> None:
        """Stops reading, so that a flooder feels its own flood."""
        if self._fd >= 0 and not self.paused:
            self.paused = True
            self._loop.remove_reader(self._fd)

    def resume(self) -> None:
        """Reads again after `pause`."""
        self.paused = False
        if self._fd >= 0 and not self._closing:
            self._loop.add_reader(self._fd, self._readable)
            if isinstance(self._sock, ssl.SSLSocket) and self._sock.pending():
                self._loop.call_soon(self._readable_if_open)

    def _readable_if_open(self) -> None:
        if self._fd >= 0:
            self._readable()

    # -- writing --------------------------------------------------------------------------

    def write(self, data: bytes) -> None:
        """Sends what the socket takes and queues the rest, up to the listener's bound."""
        if self._queue is not None:
            self._enqueue(data)
            return
        try:
            sent = self._sock.send(data)
        except (BlockingIOError, InterruptedError, ssl.SSLWantWriteError, ssl.SSLWantReadError):
            sent = 0
        except OSError as error:
            # Not at once: the caller may be in the middle of telling everybody something.
            self._loop.call_soon(self.drop, _reason(error))
            return
        if sent < len(data):
            self._queue = deque()
            self._enqueue(data[sent:])
            if self._fd >= 0:
                self._loop.add_writer(self._fd, self._writable)

    def _enqueue(self, data: bytes) -> None:
        assert self._queue is not None
        self._queue.append(data)
        self._queued += len(data)
        if self._queued > self._welcome.send_queue_bytes and not self._closing:
            self._closing = True
            self._loop.call_soon(
                self.drop, f"Send queue exceeded ({self._queued} bytes were not read)"
            )

    def _writable(self) -> None:
        assert self._queue is not None
        while self._queue:
            data = self._queue.popleft()
            try:
                sent = self._sock.send(data)
            except (BlockingIOError, InterruptedError, ssl.SSLWantWriteError, ssl.SSLWantReadError):
                sent = 0
            except OSError as error:
                self.drop(_reason(error))
                return
            self._queued -= sent
            if sent < len(data):
                self._queue.appendleft(data[sent:])
                return
        self._queue = None
        self._loop.remove_writer(self._fd)
        if self._closing:
            self._shut()

    # -- ending ---------------------------------------------------------------------------

    @property
    def is_open(self) -> bool:
        return self._fd >= 0

    def finish(self, data: bytes) -> None:
        """Sends the last bytes, then closes; the hub isn't told, it knows."""
        if self._fd < 0 or self._closing:
            return
        self._loop.remove_reader(self._fd)
        self.write(data)
        self._closing = True
        if self._queue is None:
            self._shut()

    def drop(self, reason: str) -> None:
        """Closes at once and tells the hub why."""
        if self._fd < 0:
            return
        self._shut()
        self._hub.lost(self, reason)

    def _shut(self) -> None:
        if self._fd < 0:
            return
        self._loop.remove_reader(self._fd)
        self._loop.remove_writer(self._fd)
        self._fd = -1
        self._queue = None
        self._queued = 0
        try:
            # Without it, unread input would turn the last bytes sent into a reset.
            self._sock.shutdown(socket.SHUT_WR)
        except OSError:
            pass
        self._sock.close()


def _reason(error: OSError) -> str:
    if isinstance(error, ssl.SSLError):
        return f"TLS: {error.reason or 'protocol error'}"
    if isinstance(error, ConnectionResetError):
        return "Connection reset"
    return error.strerror or type(error).__name__
