"""The rig for one connection over real sockets: who stands on its hub's side, and on the other end."""

from __future__ import annotations

import asyncio
import socket
import ssl
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager

from hubbub.core.ids import session_id
from hubbub.edge.session import Session
from hubbub.irc.framing import BadLine
from hubbub.server.connection import Connection, Welcome
from hubbub.server.http import Site
from hubbub.server.tls_socket import TLS_SOCKETS, Asking
from hubbub.server.turns import Turns
from tests.server.rig import PATIENCE


class Owner:
    """Keeps what a connection tells its hub."""

    def __init__(self) -> None:
        self.lines: list[bytes | BadLine] = []
        self.reasons: list[str] = []
        self.addresses: list[str] = []
        self.news = asyncio.Event()
        self.turns = Turns(asyncio.get_running_loop())

    def received(self, connection: Connection, lines: list[bytes | BadLine]) -> None:
        self.lines += lines
        self.news.set()

    def lost(self, connection: Connection, reason: str) -> None:
        self.reasons.append(reason)
        self.news.set()

    def moved(self, connection: Connection, address: str) -> None:
        self.addresses.append(address)
        self.news.set()

    async def until(self, ready: Callable[[], bool]) -> None:
        async with asyncio.timeout(PATIENCE):
            while not ready():
                self.news.clear()
                await self.news.wait()


class Line:
    """A connection and the peer's end of it, a blocking socket for threads."""

    def __init__(
        self, here: socket.socket, peer: socket.socket, welcome: Welcome, *, proxied: bool
    ) -> None:
        self.owner = Owner()
        self.session = Session(session_id(0, 1, 1), "host.test", secure=False)
        self.peer = peer
        self.peer.settimeout(PATIENCE)
        loop = asyncio.get_running_loop()
        self.connection = Connection(
            here, "127.0.0.1", self.owner, self.session, welcome, loop, proxied=proxied
        )

    async def send(self, data: bytes) -> None:
        await asyncio.to_thread(self.peer.sendall, data)

    async def read(self, size: int) -> bytes:
        """Exactly `size` bytes, or less at the end of the stream."""

        def receive() -> bytes:
            data = bytearray()
            while len(data) < size and (part := self.peer.recv(min(65_536, size - len(data)))):
                data += part
            return bytes(data)

        return await asyncio.to_thread(receive)

    async def rest(self) -> bytes:
        """All that comes up to the end of the stream."""
        return await self.read(1 << 30)

    async def shaken(self) -> None:
        """Returns when the handshake is over on this side as well."""
        async with asyncio.timeout(PATIENCE):
            while not (isinstance(sock := self.connection._sock, TLS_SOCKETS) and sock.version()):
                await asyncio.sleep(0)

    async def closed(self) -> None:
        """Returns when the connection holds no socket any more."""
        async with asyncio.timeout(PATIENCE):
            while self.connection._fd >= 0:
                await asyncio.sleep(0)


ASKING: dict[ssl.SSLContext, Asking] = {}
"""The contexts that ask clients for certificates, under those that stand for them in a test."""


def client_context(version: ssl.TLSVersion = ssl.TLSVersion.TLSv1_3) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    context.minimum_version = context.maximum_version = version
    return context


@contextmanager
def sockets() -> Iterator[tuple[socket.socket, socket.socket]]:
    """Two ends of a loopback connection."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        peer = socket.create_connection(listening.getsockname())
        here, _ = listening.accept()
    try:
        yield here, peer
    finally:
        here.close()
        peer.close()


def on_line(
    scenario: Callable[[Line], Awaitable[None]],
    context: ssl.SSLContext | None = None,
    *,
    version: ssl.TLSVersion | None = None,
    plain: bool = True,
    bound: int = 1 << 20,
    small: bool = False,
    proxied: bool = False,
    sts: str = "",
) -> None:
    """Runs a scenario on a fresh connection, over TLS if `version` says which."""

    async def run() -> None:
        with sockets() as (here, peer):
            if small:
                here.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 4_096)
                peer.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4_096)
            site = Site(8667, frozenset({"a.b"}))
            asking = None if context is None else ASKING.get(context)
            welcome = Welcome(context, plain, bound, site, sts, asking)
            line = Line(here, peer, welcome, proxied=proxied)
            if version is not None:
                line.peer = await asyncio.to_thread(client_context(version).wrap_socket, peer)
                await line.shaken()
            try:
                await scenario(line)
            finally:
                line.connection.drop("over")
                line.peer.close()

    asyncio.run(run(), debug=True)


TLS_VERSIONS = (None, ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3)
