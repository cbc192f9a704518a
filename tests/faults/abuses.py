"""What hostile, broken and unlucky clients do to a server. Each abuse leaves nothing open behind it.

An abuse takes the server and some seeded chance, and returns how many lines the log should have of it.
"""

from __future__ import annotations

import asyncio
import random
import socket
from collections.abc import Awaitable, Callable

from tests.faults.rig import Server

Abuse = Callable[[Server, random.Random], Awaitable[int]]

LONG = 10 << 20
WAVE = 1_000
PATIENCE = 10.0


class Wire:
    """A bare connection."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader = reader
        self._writer = writer

    @classmethod
    async def open(cls, server: Server, receive_buffer: int = 0) -> Wire:
        sock = socket.socket()
        if receive_buffer:
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer)
        sock.setblocking(False)
        await asyncio.get_running_loop().sock_connect(sock, ("127.0.0.1", server.port))
        return cls(*await asyncio.open_connection(sock=sock))

    async def send(self, data: bytes) -> None:
        """Sends all of it, as fast as it is taken; a server that hangs up is none of our business."""
        try:
            self._writer.write(data)
            await self._writer.drain()
        except ConnectionError:
            pass

    async def rest(self, within: float = PATIENCE) -> bytes:
        """All that comes until the server closes."""
        try:
            async with asyncio.timeout(within):
                return await self.reader.read()
        except ConnectionError:
            return b""

    async def until(self, word: bytes) -> bytes:
        """All that comes up to a word; what there was if the server closes before."""
        try:
            async with asyncio.timeout(PATIENCE):
                return await self.reader.readuntil(word)
        except asyncio.IncompleteReadError as error:
            return error.partial

    def stop_reading(self) -> None:
        self._writer.transport.pause_reading()  # type: ignore[attr-defined]

    async def close(self) -> None:
        self._writer.close()
        try:
            await self._writer.wait_closed()
        except OSError:
            pass

    async def abort(self) -> None:
        """Breaks the connection off, whatever was still to be sent."""
        self._writer.transport.abort()
        await self.close()

    async def register(self, nick: str) -> None:
        await self.send(f"NICK {nick}\r\nUSER {nick} 0 * :{nick}\r\n".encode())
        await self.until(b" 366 ")


async def garbage(server: Server, chance: random.Random) -> int:
    """Bytes that mean nothing."""
    for _ in range(30):
        wire = await Wire.open(server)
        await wire.send(chance.randbytes(chance.randint(1, 4_000)))
        await wire.close()
    return 30


async def half_lines(server: Server, chance: random.Random) -> int:
    """Ends in the middle of a line, of a character, of a tag; right away, too."""
    halves = (
        b"",
        b"N",
        b"NICK ali",
        b"NICK a\r",
        b"@time=1;msg",
        b"PRIVMSG #lobby :caf\xc3",
        b"GE",
    )
    for half in halves:
        wire = await Wire.open(server)
        await wire.send(half)
        await wire.close()
    return len(halves)


async def endless_line(server: Server, chance: random.Random) -> int:
    """10 MB without a newline; the line after it is read."""
    wire = await Wire.open(server)
    # The first line tells IRC: one without an end that comes first isn't taken for it.
    await wire.send(b"PING first\r\n")
    await wire.until(b"first\r\n")
    chunk = b"x" * (1 << 16)
    for _ in range(LONG // len(chunk)):
        await wire.send(chunk)
    await wire.send(b"\r\nPING still\r\n")
    answer = await wire.until(b"still\r\n")
    assert b" 417 " in answer, answer
    assert b"PONG" in answer, answer
    await wire.close()
    return 1


TLS_1_0_HELLO = (
    b"\x16\x03\x01\x00\x2f\x01\x00\x00\x2b\x03\x01"
    + bytes(32)
    + b"\x00\x00\x04\xc0\x09\x00\x2f\x01\x00"
)
"""A ClientHello that offers nothing newer than TLS 1.0."""


async def wrong_tls(server: Server, chance: random.Random) -> int:
    """Hellos that can't be answered: too old, no hello at all, half of one."""
    hellos = [TLS_1_0_HELLO, b"\x16\x03\x01\x40\x00\x02" + bytes(100), b"\x16", TLS_1_0_HELLO[:20]]
    hellos += [b"\x16" + chance.randbytes(chance.randint(10, 500)) for _ in range(20)]
    for number, hello in enumerate(hellos):
        wire = await Wire.open(server)
        await wire.send(hello)
        if number == 0:
            alert = await wire.rest()
            assert alert[:1] in (b"", b"\x15"), alert
        await wire.close()
    return len(hellos)


async def huge_request(server: Server, chance: random.Random) -> int:
    """HTTP with a head of a megabyte, and one that is as it should be."""
    for head in (b"x" * (1 << 20), b"localhost\r\n\r\n"):
        wire = await Wire.open(server)
        await wire.send(b"GET / HTTP/1.1\r\nHost: " + head)
        answer = await wire.rest()
        assert answer.startswith(b"HTTP/1.1 "), answer[:100]
        await wire.close()
    return 2


async def storm(server: Server, chance: random.Random) -> int:
    """A thousand connections at once; each twentieth of them registers, all are gone at once."""
    wires = await asyncio.gather(*(Wire.open(server) for _ in range(WAVE)))
    registering = wires[::20]
    await asyncio.gather(*(wire.register(f"s{number}") for number, wire in enumerate(registering)))
    await asyncio.gather(*(wire.close() for wire in wires))
    return WAVE + len(registering)


ABUSES: tuple[Abuse, ...] = (garbage, half_lines, endless_line, wrong_tls, huge_request)
