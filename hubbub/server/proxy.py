"""The PROXY protocol, by which a trusted proxy says whose connection it hands on; versions 1 and 2.

Law: a function of bytes; whether the peer is trusted was decided before. No more is asked for than
the header is sure to have, so that what follows it, TLS for instance, stays unread in the socket.
The specification is https://www.haproxy.org/download/3.0/doc/proxy-protocol.txt.
"""

from __future__ import annotations

import ipaddress
import struct
from dataclasses import dataclass
from typing import Final

FIRST_BYTES: Final = b"P\r"
"""What a header can begin with; TLS begins otherwise."""
_V1: Final = b"PROXY "
_V1_SHORTEST: Final = len(b"PROXY UNKNOWN\r\n")
_V1_LONGEST: Final = 107
_V2: Final = b"\r\n\r\n\x00\r\nQUIT\n"
_V2_HEAD: Final = 16
_V2_LONGEST: Final = 4_096
_LOCAL, _PROXY = 0x20, 0x21
_TCP4, _TCP6 = 0x11, 0x21
_ADDRESS_BYTES: Final = {_TCP4: 4, _TCP6: 16}
_TLV_SSL: Final = 0x20
_CLIENT_SSL: Final = 0x01


class MalformedHeader(ValueError):
    """A header that can't be read; its text says why."""


@dataclass(frozen=True, slots=True)
class Origin:
    """From where a proxied connection comes.

    `address` is empty where the proxy speaks for itself or doesn't know; `secure` says that the
    client's side of the proxy is TLS.
    """

    address: str
    secure: bool = False


def missing(held: bytes) -> int | None:
    """How many more bytes are the header's for certain: 0 when it is whole.

    None when `held` is the beginning of something else. Raises MalformedHeader.
    """
    if _V1.startswith(held[: len(_V1)]):
        return _missing_v1(held)
    if not _V2.startswith(held[: len(_V2)]):
        return None
    if len(held) < len(_V2):
        return 1
    if len(held) < _V2_HEAD:
        return _V2_HEAD - len(held)
    size = _V2_HEAD + int.from_bytes(held[14:16], "big")
    if size > _V2_LONGEST:
        raise MalformedHeader(f"it is {size} bytes long")
    return size - len(held)


def _missing_v1(held: bytes) -> int:
    if len(held) < len(_V1):
        return 1
    if held.endswith(b"\n"):
        return 0
    if len(held) >= _V1_LONGEST:
        raise MalformedHeader("its line doesn't end")
    return max(1, _V1_SHORTEST - len(held))


def parse(header: bytes) -> Origin:
    """Reads a whole header. Raises MalformedHeader."""
    return _parse_v1(header) if header.startswith(_V1) else _parse_v2(header)


def _parse_v1(header: bytes) -> Origin:
    if not header.endswith(b"\r\n"):
        raise MalformedHeader("its line doesn't end with CR LF")
    words = header[:-2].decode("ascii", "replace").split(" ")
    # "the receiver must ignore anything presented before the CRLF is found" after UNKNOWN
    if words[1] == "UNKNOWN":
        return Origin("")
    if len(words) != 6 or words[1] not in ("TCP4", "TCP6"):
        raise MalformedHeader("expected TCP4, TCP6 or UNKNOWN, two addresses and two ports")
    kind = ipaddress.IPv4Address if words[1] == "TCP4" else ipaddress.IPv6Address
    try:
        if "%" in words[2] + words[3]:
            raise ValueError("an address has a zone, which means nothing on another machine")
        source, _ = kind(words[2]), kind(words[3])
    except ValueError as error:
        raise MalformedHeader(str(error)) from error
    for port in words[4:]:
        if not (port.isascii() and port.isdigit() and len(port) <= 5 and int(port) <= 65_535):
            raise MalformedHeader(f"{port!r} is no port")
    return Origin(str(source))


def _parse_v2(header: bytes) -> Origin:
    command, family = header[12], header[13]
    if command == _LOCAL:
        # "The connection was established on purpose by the proxy without being relayed."
        return Origin("")
    if command != _PROXY:
        raise MalformedHeader(f"version and command are 0x{command:02x}")
    secure = False
    body = header[_V2_HEAD:]
    size = _ADDRESS_BYTES.get(family)
    if size is None:
        return Origin("")  # "the receiver should ignore address information" that it doesn't know
    if len(body) < 2 * size + 4:
        raise MalformedHeader("it is too short for its addresses")
    for kind, value in _tlvs(body[2 * size + 4 :]):
        secure |= kind == _TLV_SSL and bool(value) and bool(value[0] & _CLIENT_SSL)
    return Origin(str(ipaddress.ip_address(body[:size])), secure)


def _tlvs(data: bytes) -> list[tuple[int, bytes]]:
    """The type-length-value fields that follow the addresses."""
    found = []
    while data:
        if len(data) < 3:
            raise MalformedHeader("its last field is cut")
        kind, size = struct.unpack("!BH", data[:3])
        if len(data) < 3 + size:
            raise MalformedHeader("a field is longer than the header")
        found.append((kind, data[3 : 3 + size]))
        data = data[3 + size :]
    return found
