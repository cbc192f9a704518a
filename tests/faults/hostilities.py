"""What hostile clients do for as long as they may: a crowd that comes back whenever it is dropped."""

from __future__ import annotations

import asyncio
import gzip
import resource
import ssl
import time
from collections.abc import Callable, Coroutine, Mapping
from contextlib import suppress
from dataclasses import dataclass
from random import Random
from typing import Final

from tests.faults.abuses import Wire, endless_line, garbage, huge_request, wrong_tls
from tests.faults.rig import Server

Attack = Callable[[Server, Random, float, float], Coroutine[None, None, None]]
"""Takes the server, chance, for how many seconds, and a factor of its size; leaves nothing open."""

Lines = Callable[[Random, int], bytes]
"""What one of a crowd sends at once, with its number."""

TAGS: Final = "message-tags batch labeled-response echo-message draft/multiline draft/chathistory draft/metadata-2 soju.im/search"
SAID: Final = 400
"""Messages that there are to search and to page through."""
FILES_KEPT: Final = 600
"""File handles that are left to whoever isn't the crowd."""


@dataclass(frozen=True, slots=True)
class Hostility:
    """An abuse by its name."""

    name: str
    attack: Attack
    needs_history: bool = False

    async def prepare(self, server: Server) -> None:
        """Has something said, if the abuse is about what was."""
        if not self.needs_history:
            return
        for number in range(SAID // 40):
            wire = await Wire.open(server)
            await wire.register(f"talker{number}")
            for line in range(40):
                await wire.send(f"PRIVMSG #lobby :word{line} some more words {number}\r\n".encode())
            await wire.send(b"QUIT\r\n")
            await wire.rest()
            await wire.close()


# -- crowds ---------------------------------------------------------------------------------------


async def _crowd(
    server: Server,
    chance: Random,
    seconds: float,
    count: int,
    lines: Lines,
    *,
    reads: bool = True,
    pause: float = 0.0,
) -> None:
    until = time.monotonic() + seconds
    members = (_member(server, chance, until, n, lines, reads, pause) for n in range(count))
    await asyncio.gather(*members)


async def _member(
    server: Server,
    chance: Random,
    until: float,
    number: int,
    lines: Lines,
    reads: bool,
    pause: float,
) -> None:
    """Connects, registers and sends until it is dropped; then again."""
    turn = 0
    while time.monotonic() < until:
        turn += 1
        wire = await _opened(server, 0 if reads else 4_096)
        if wire is None:
            await asyncio.sleep(0.1)
            continue
        sink = asyncio.create_task(_drained(wire)) if reads else None
        try:
            nick = f"m{number}x{turn}"
            await wire.send(
                f"CAP REQ :{TAGS}\r\nNICK {nick}\r\nUSER m 0 * :m\r\nCAP END\r\n".encode()
            )
            if not reads:
                wire.stop_reading()
            while time.monotonic() < until and not (sink is not None and sink.done()):
                with suppress(TimeoutError):
                    async with asyncio.timeout(0.5):
                        await wire.send(lines(chance, number))
                await asyncio.sleep(pause)
        finally:
            if sink is not None:
                sink.cancel()
                await asyncio.gather(sink, return_exceptions=True)
            await wire.abort()


async def _opened(server: Server, receive_buffer: int = 0) -> Wire | None:
    try:
        return await Wire.open(server, receive_buffer)
    except OSError:
        return None


async def _drained(wire: Wire) -> None:
    with suppress(OSError):
        while await wire.reader.read(65_536):
            pass


def _flood(lines: Lines, count: int = 20, pause: float = 0.01, reads: bool = True) -> Attack:
    async def attack(server: Server, chance: Random, seconds: float, size: float) -> None:
        many = max(1, round(count * size))
        await _crowd(server, chance, seconds, many, lines, reads=reads, pause=pause)

    return attack


# -- what they send -------------------------------------------------------------------------------


def _huge_tags(chance: Random, number: int) -> bytes:
    value = "x" * 4_000
    return f"@+a={value} TAGMSG #lobby\r\n@+a={value} PRIVMSG #lobby :x\r\n".encode() * 5


def _batch_bombs(chance: Random, number: int) -> bytes:
    opening = b"".join(b"BATCH +%d draft/multiline #lobby\r\n" % n for n in range(10))
    line = b"@batch=1 PRIVMSG #lobby :" + b"x" * 400 + b"\r\n"
    return opening + line * 20


def _label_floods(chance: Random, number: int) -> bytes:
    label = f"{chance.getrandbits(256):064x}"
    return (
        f"@label={label} WHO #lobby\r\n@label={label} CHATHISTORY LATEST #lobby * 100\r\n".encode()
    )


def _profile_floods(chance: Random, number: int) -> bytes:
    word = f"{chance.getrandbits(64):x}" * 10
    names = ",".join(f"n{chance.randrange(10_000)}" for _ in range(40))
    return (
        f"SETNAME :{word}\r\nAWAY :{word}\r\nMONITOR + {names}\r\nMODE #lobby +b {word}!*@*\r\n"
        f"MARKREAD #lobby timestamp=2026-01-01T00:00:00.000Z\r\n"
    ).encode()


def _metadata_floods(chance: Random, number: int) -> bytes:
    keys = [f"key{chance.randrange(1_000)}" for _ in range(10)]
    sets = "".join(f"METADATA * SET {key} :{chance.getrandbits(512):x}\r\n" for key in keys)
    own = f"#own{number}"
    return (
        f"METADATA * SUB {' '.join(keys)}\r\n{sets}JOIN {own}\r\nMETADATA {own} SET topic :x\r\n"
        f"METADATA * LIST\r\nMETADATA #lobby SYNC\r\nMETADATA * UNSUB {' '.join(keys)}\r\n"
    ).encode()


def _nick_races(chance: Random, number: int) -> bytes:
    return b"".join(b"NICK racer%d\r\n" % chance.randrange(3) for _ in range(5))


ODD: Final = "\u202e\u2066\u200d\u200b\ufeff\u0301\u0489\u0130\u212a\U000e0041\U0001f468\uffff"


def _unicode_tricks(chance: Random, number: int) -> bytes:
    text = "".join(chance.choice(ODD) for _ in range(60))
    stacked = "a" + "\u0301" * 100
    cut = text.encode()[:-1]
    return (
        f"NICK {text[:8]}\r\nNICK \u0440ayp\u0430l{text[:2]}\r\nJOIN #{text[:12]}\r\n"
        f"PRIVMSG #lobby :{stacked}{text}\r\nTOPIC #lobby :{text}\r\nWHO {text}\r\n"
    ).encode() + b"PRIVMSG #lobby :%b\r\n" % cut


def _giant_lists(chance: Random, number: int) -> bytes:
    rooms = ",".join(f"#r{chance.randrange(100_000)}" for _ in range(60))
    masks = " ".join(f"a{chance.randrange(100_000)}!*@*" for _ in range(30))
    own = f"#own{number}"
    return (
        f"JOIN {rooms}\r\nPART {rooms}\r\nJOIN {own}\r\nMODE {own} +{'b' * 30} {masks}\r\n"
        f"MODE {own} b\r\nNAMES {rooms}\r\nWHO {rooms}\r\nLIST {rooms}\r\n"
    ).encode()


def _search_bombs(chance: Random, number: int) -> bytes:
    words = "\\s".join(chance.choice(("word", "more", "s", "w", "*", '"')) for _ in range(60))
    return f"SEARCH in=#lobby;text={words}\r\nSEARCH text=word\r\n".encode()


def _unread_answers(chance: Random, number: int) -> bytes:
    return b"CHATHISTORY LATEST #lobby * 100\r\nHELP\r\nMOTD\r\nWHO #lobby\r\nNAMES #lobby\r\n"


# -- what isn't a crowd ---------------------------------------------------------------------------


async def _slow_loris(server: Server, chance: Random, seconds: float, size: float) -> None:
    """Many connections, each a byte now and then, of lines, of requests, of handshakes."""
    beginnings = (
        b"NICK slow\r\nUSER slow 0 * :slow",
        b"GET / HTTP/1.1\r\nHost: x\r\nX: y",
        _hello(),
    )
    wires = await _many(server, round(400 * size))
    until, at = time.monotonic() + seconds, 0
    while time.monotonic() < until:
        for number, wire in enumerate(wires):
            beginning = beginnings[number % len(beginnings)]
            await wire.send(beginning[at : at + 1] or b"x")
        at += 1
        await asyncio.sleep(0.1)
    await asyncio.gather(*(wire.abort() for wire in wires))


async def _half_open_tls(server: Server, chance: Random, seconds: float, size: float) -> None:
    """Thousands of handshakes that are begun, all at once, answered, and never ended."""
    hello = _hello()
    wires = await _many(server, round(2_500 * size))
    for wire in wires:
        await wire.send(hello)
    # Each has its answer, or the second round would have more of them than the first.
    await asyncio.gather(*(wire.until(b"\x16") for wire in wires), return_exceptions=True)
    await asyncio.sleep(seconds)
    await asyncio.gather(*(wire.abort() for wire in wires))


async def _connect_flood(server: Server, chance: Random, seconds: float, size: float) -> None:
    """Connections, as fast as they come about, that end at once."""
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        wires = await _many(server, round(100 * size))
        await asyncio.gather(*(wire.abort() for wire in wires))


async def _many(server: Server, count: int, first: bytes = b"") -> list[Wire]:
    """So many connections, or as many as there are file handles for."""
    most = resource.getrlimit(resource.RLIMIT_NOFILE)[0] - FILES_KEPT
    wires: list[Wire] = []
    while len(wires) < min(count, most):
        wave = min(100, count - len(wires))
        opened = [
            wire for wire in await asyncio.gather(*(_opened(server) for _ in range(wave))) if wire
        ]
        if not opened:
            break
        for wire in opened:
            await wire.send(first)
        wires += opened
    return wires


def _hello() -> bytes:
    """What a client's TLS begins with."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    out = ssl.MemoryBIO()
    client = context.wrap_bio(ssl.MemoryBIO(), out, server_hostname="hub.test")
    with suppress(ssl.SSLWantReadError):
        client.do_handshake()
    return out.read()


async def _broken(server: Server, chance: Random, seconds: float, size: float) -> None:
    """Bytes that mean nothing, endless lines and heads, hellos that can't be answered."""
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        for abuse in (garbage, wrong_tls, huge_request, endless_line):
            await abuse(server, chance)


async def _decompression_bombs(server: Server, chance: Random, seconds: float, size: float) -> None:
    """What would be 64 MB for who takes it for compressed: in WebSocket's frames, and in requests."""
    bomb = gzip.compress(bytes(64 << 20), 9)
    deflated = bomb[10:-8]  # without gzip's own head and tail
    frame = b"\xc1\xff" + len(deflated).to_bytes(8) + bytes(4) + deflated
    upgrade = (
        b"GET / HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        b"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n"
        b"Sec-WebSocket-Extensions: permessage-deflate\r\n\r\n"
    )
    post = b"POST / HTTP/1.1\r\nHost: localhost\r\nContent-Encoding: gzip\r\nContent-Length: %d\r\n\r\n"
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        wires = await _many(server, round(10 * size), upgrade)
        await asyncio.gather(*(wire.send(frame) for wire in wires))
        others = await _many(server, round(10 * size), post % len(bomb) + bomb)
        await asyncio.gather(*(wire.abort() for wire in (*wires, *others)))


HOSTILITIES: Final[Mapping[str, Hostility]] = {
    hostility.name: hostility
    for hostility in (
        Hostility("slow loris", _slow_loris),
        Hostility("never reading", _flood(_unread_answers, pause=0.1, reads=False), True),
        Hostility("huge tags", _flood(_huge_tags)),
        Hostility("batch bombs", _flood(_batch_bombs)),
        Hostility("label floods", _flood(_label_floods), True),
        Hostility("profile floods", _flood(_profile_floods)),
        Hostility("metadata floods", _flood(_metadata_floods)),
        Hostility("nick races", _flood(_nick_races, 30)),
        Hostility("unicode tricks", _flood(_unicode_tricks)),
        Hostility("giant lists", _flood(_giant_lists)),
        Hostility("search bombs", _flood(_search_bombs), True),
        Hostility("decompression bombs", _decompression_bombs),
        Hostility("half-open TLS", _half_open_tls),
        Hostility("connect floods", _connect_flood),
        Hostility("broken bytes", _broken),
    )
}
