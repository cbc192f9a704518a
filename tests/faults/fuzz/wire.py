"""What comes over a wire as bytes: lines, frames, requests, headers. Each is read in pieces as well."""

from __future__ import annotations

import ipaddress
from collections.abc import Hashable, Iterable
from typing import Final

from hubbub.irc.framing import BODY_LIMIT, CLIENT_TAGS_LIMIT, BadLine, Framer
from hubbub.irc.message import MalformedLine, parse, serialise
from hubbub.server import http, proxy, websocket

SITE: Final = http.Site(8667, frozenset({"hub.test"}), frozenset({"https://other.test"}))
KEY: Final = b"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
UPGRADE: Final = (
    b"GET / HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    + KEY
    + b"Sec-WebSocket-Version: 13\r\n"
)
HEADERS: Final = frozenset(
    {
        "allow",
        "cache-control",
        "connection",
        "content-length",
        "content-security-policy",
        "content-type",
        "location",
        "sec-websocket-accept",
        "sec-websocket-protocol",
        "sec-websocket-version",
        "upgrade",
        "x-content-type-options",
    }
)
"""All that the server ever answers."""


def pieces(data: bytes) -> list[bytes]:
    """The bytes as they may come: one by one when they are few, else in odd sizes."""
    size = 1 if len(data) <= 64 else 7 if len(data) <= 512 else 509
    return [data[at : at + size] for at in range(0, len(data), size)]


# -- lines --------------------------------------------------------------------------------------


def run_lines(data: bytes) -> Iterable[Hashable]:
    """Lines come out alike however they are cut; what was read can be written and read again."""
    whole, cut = Framer(), Framer()
    lines = whole.feed(data)
    assert lines == [line for piece in pieces(data) for line in cut.feed(piece)]
    assert max(whole.held, cut.held) <= CLIENT_TAGS_LIMIT + BODY_LIMIT
    if BadLine.TOO_LONG not in lines:
        ended = [line.removesuffix(b"\r") for line in data.split(b"\n")[:-1]]
        assert lines == [line for line in ended if line]
    for line in lines:
        if isinstance(line, BadLine):
            yield line
            continue
        try:
            message = parse(line)
        except MalformedLine as malformed:
            yield malformed.reason
            continue
        written = serialise(message)
        assert written.endswith(b"\r\n")
        assert written.count(b"\n") == 1
        assert parse(written[:-2]) == message
        yield (
            message.command,
            min(len(message.params), 20),
            message.source is None,
            min(len(message.tags), 8),
            b"\\" in line,
        )


LINE_WORDS: Final = (
    b"@label=1 ",
    b"@+typing=active;msgid=a ",
    b"@a=\\:\\s\\\\\\r\\n;b;c=;vendor.test/d=1 ",
    b":ann!ann@host.test ",
    b"PRIVMSG #lobby :hello\r\n",
    b"001 ann :Welcome\r\n",
    b" :",
    b" ",
    b"x" * 510,
    b"x" * 4_094,
    b"\r\n",
)

# -- HTTP ---------------------------------------------------------------------------------------


def run_http(data: bytes) -> Iterable[Hashable]:
    """An answer is one whole response with none but our headers, or opens a WebSocket."""
    if not http.is_request(data):
        yield False
        return
    if not http.is_whole(data):
        data += b"\r\n\r\n"
    for scheme in http.Scheme:
        answer = http.answer(data, scheme, SITE)
        head, _, body = answer.response.partition(b"\r\n\r\n")
        status, *lines = head.decode("ascii").split("\r\n")
        number = status.split(" ")[1]
        assert status.startswith("HTTP/1.1 ")
        assert "\n" not in head.decode().replace("\r\n", "")
        headers = dict(line.split(": ", 1) for line in lines)
        assert {name.lower() for name in headers} <= HEADERS, headers
        yield (scheme, number, answer.websocket is None, answer.reason[:40])
        if answer.websocket is not None:
            assert number == "101"
            assert data.endswith(answer.rest)
            _read_frames(answer.websocket, answer.rest)
        elif data.startswith(b"HEAD "):
            assert not body
        else:
            assert len(body) == int(headers["Content-Length"])
        assert scheme is not http.Scheme.REFUSED or number not in ("101", "200")


HTTP_WORDS: Final = (
    b"GET / HTTP/1.1\r\n",
    b"HEAD / HTTP/1.0\r\n",
    b"Host: localhost\r\n",
    b"Host: [::1]:65535\r\n",
    b"Host: evil.test\r\n",
    b"Origin: https://other.test\r\n",
    b"Origin: null\r\n",
    b"Upgrade: websocket\r\n",
    b"Connection: keep-alive, Upgrade\r\n",
    KEY,
    b"Sec-WebSocket-Version: 13\r\n",
    b"Sec-WebSocket-Protocol: text.ircv3.net, binary.ircv3.net\r\n",
    b"Sec-WebSocket-Extensions: permessage-deflate\r\n",
    b"Content-Length: 5\r\n",
    b"Transfer-Encoding: chunked\r\n",
    b"\r\n\r\n",
    b"x" * 8_192,
)

# -- frames -------------------------------------------------------------------------------------


def _read_frames(opened: websocket.WebSocket, data: bytes) -> websocket.Received:
    received = opened.receive(data, 1.0)
    if received.ended:
        assert not opened.close(), "the last frame was sent already"
    return received


def run_websocket(data: bytes) -> Iterable[Hashable]:
    """Frames give the same lines in one piece and in many; ours can be read by who knows the RFC."""
    _, opened = websocket.accept(UPGRADE + b"\r\n")
    received = _read_frames(opened, data)
    assert len(received.stream) <= 2 * len(data) + 1  # at most what came, and an end for each frame
    _, other = websocket.accept(UPGRADE + b"\r\n")
    stream, ended = b"", ""
    for piece in pieces(data):
        part = _read_frames(other, piece)
        stream += part.stream
        if part.ended:
            ended = part.ended
            break
    assert bool(ended) == bool(received.ended), (ended, received.ended)
    if not ended:
        assert stream == received.stream
    else:
        assert stream.startswith(received.stream)
    lines = [line for line in data.replace(b"\n", b"").split(b"\r") if line]
    assert _unframed(websocket.frames(b"".join(line + b"\r\n" for line in lines), 0x81)) == lines
    yield (received.ended, min(stream.count(b"\n"), 9), len(received.answer), len(stream) % 17)


def _unframed(data: bytes) -> list[bytes]:
    """The payloads of a server's frames, by RFC 6455 section 5.2."""
    found, at = [], 0
    while at < len(data):
        assert data[at] == 0x81
        size, wide = data[at + 1], {126: 2, 127: 8}.get(data[at + 1], 0)
        if wide:
            size = int.from_bytes(data[at + 2 : at + 2 + wide], "big")
        at += 2 + wide
        found.append(data[at : at + size])
        at += size
    return found


def masked(payload: bytes, first: int = 0x81, mask: bytes = b"\0\0\0\0") -> bytes:
    """A client's frame."""
    size = len(payload)
    head = bytes((first, 0x80 | size)) if size < 126 else bytes((first, 0xFE)) + size.to_bytes(2)
    body = bytes(byte ^ mask[at % 4] for at, byte in enumerate(payload))
    return head + mask + body


FRAME_WORDS: Final = (
    masked(b"NICK ann"),
    masked("PRIVMSG #lobby :caf\xe9".encode()),
    masked(b"", 0x82),
    masked(b"NI", 0x01),
    masked(b"CK", 0x80),
    masked(b"x", 0x89),
    masked(b"x", 0x8A),
    masked(b"\x03\xe8bye", 0x88),
    masked(b"", 0x88),
    masked(b"\x03", 0x88),
    masked(b"y" * 300, 0x81, b"\1\2\3\4"),
    b"\x81\xff\xff\xff\xff\xff\xff\xff\xff\xff",
    b"\x81\xfe\xff\xff",
    b"\x81\x05hello",
    b"\xc1\x80",
)

# -- a proxy's header ---------------------------------------------------------------------------


def run_proxy(data: bytes) -> Iterable[Hashable]:
    """No more is asked for than is the header's; an address is one that an address's reader takes."""
    held = b""
    try:
        while wanted := proxy.missing(held):
            assert wanted > 0
            if len(held) + wanted > len(data):
                assert proxy.missing(data[: len(held)]) == wanted
                yield ("cut", min(wanted, 9))
                return
            held += data[len(held) : len(held) + wanted]
        if wanted is None:
            yield None
            return
        origin = proxy.parse(held)
    except proxy.MalformedHeader as error:
        yield str(error)[:20]
        return
    for end in range(1, len(held)):
        assert proxy.missing(held[:end]), "a part of a header is taken for the whole"
    if origin.address:
        address = ipaddress.ip_address(origin.address)
        assert getattr(address, "scope_id", None) is None, "an address with a zone"
        assert str(address) == origin.address
    yield (bool(origin.address), ":" in origin.address, origin.secure)


_V2: Final = b"\r\n\r\n\x00\r\nQUIT\n"
PROXY_WORDS: Final = (
    b"PROXY TCP4 192.0.2.1 198.51.100.2 4242 8667\r\n",
    b"PROXY TCP6 2001:db8::1 ::1 4242 8667\r\n",
    b"PROXY UNKNOWN\r\n",
    b"PROXY ",
    b"TCP6 ",
    b"::ffff:192.0.2.1",
    b"%eth0",
    b"\r\n",
    _V2,
    _V2 + b"\x21\x11\x00\x0c" + bytes(12),
    _V2 + b"\x21\x21\x00\x24" + bytes(36),
    _V2 + b"\x21\x11\x00\x14" + bytes(12) + b"\x20\x00\x05\x01\0\0\0\0",
    _V2 + b"\x20\x00\x00\x00",
)
