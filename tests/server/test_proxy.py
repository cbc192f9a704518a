"""The PROXY protocol's headers, as proxies write them and as nobody should."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hubbub.server.proxy import MalformedHeader, Origin, missing, parse

SIGNATURE = b"\r\n\r\n\x00\r\nQUIT\n"
TCP4 = bytes((192, 0, 2, 1, 198, 51, 100, 2)) + b"\x10\x92\x21\xdb"
TCP6 = bytes.fromhex("20010db8000000000000000000000001" + "00" * 15 + "01") + b"\x10\x92\x21\xdb"


def v2(command: int, family: int, body: bytes) -> bytes:
    return SIGNATURE + bytes((command, family)) + len(body).to_bytes(2, "big") + body


def tlv(kind: int, value: bytes) -> bytes:
    return bytes((kind,)) + len(value).to_bytes(2, "big") + value


WITH_TLS = tlv(0x01, b"h2") + tlv(0x20, b"\x01\x00\x00\x00\x00" + tlv(0x21, b"TLSv1.3"))

HEADERS = {
    b"PROXY TCP4 192.0.2.1 198.51.100.2 4242 8667\r\n": Origin("192.0.2.1"),
    b"PROXY TCP6 2001:DB8::1 ::1 4242 8667\r\n": Origin("2001:db8::1"),
    b"PROXY TCP6 ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff"
    b" ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff 65535 65535\r\n": Origin(
        "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff"
    ),
    b"PROXY UNKNOWN\r\n": Origin(""),
    b"PROXY UNKNOWN ffff::1 anything at all\r\n": Origin(""),
    v2(0x21, 0x11, TCP4): Origin("192.0.2.1"),
    v2(0x21, 0x21, TCP6): Origin("2001:db8::1"),
    v2(0x21, 0x11, TCP4 + WITH_TLS): Origin("192.0.2.1", secure=True),
    v2(0x21, 0x21, TCP6 + tlv(0x20, b"\x00" * 5)): Origin("2001:db8::1"),
    v2(0x21, 0x11, TCP4 + tlv(0x20, b"")): Origin("192.0.2.1"),
    v2(0x20, 0x00, b""): Origin(""),
    v2(0x20, 0x11, TCP4): Origin(""),  # LOCAL: the addresses are to be ignored
    v2(0x21, 0x00, b""): Origin(""),
    v2(0x21, 0x31, b"/run/a.sock".ljust(216, b"\0")): Origin(""),
}


@pytest.mark.parametrize("header", HEADERS)
def test_a_header_is_read_to_its_end_and_no_further(header: bytes) -> None:
    held, stream = b"", header + b"NICK ann\r\nPING 1\r\n"
    while wanted := missing(held):
        assert len(held) + wanted <= len(header)
        held += stream[len(held) : len(held) + wanted]
    assert held == header
    assert parse(held) == HEADERS[header]


@pytest.mark.parametrize("header", HEADERS)
def test_it_may_come_byte_by_byte(header: bytes) -> None:
    for end in range(len(header)):
        assert missing(header[:end])
    assert missing(header) == 0


@pytest.mark.parametrize(
    "line", [b"NICK ann\r\n", b"PING 1", b"PROXX", b"PROXY\r\n", b"proxy ", b"\r\nNICK", b"\x16\x03", b"GET /"]
)  # fmt: skip
def test_what_begins_otherwise_is_no_header(line: bytes) -> None:
    assert missing(line) is None


@pytest.mark.parametrize(
    "header",
    [
        b"PROXY TCP4 192.0.2.1 198.51.100.2 4242 8667\n",
        b"PROXY TCP4 192.0.2.1 198.51.100.2 4242\r\n",
        b"PROXY TCP4 192.0.2.1 198.51.100.2 4242 8667 1\r\n",
        b"PROXY TCP4 2001:db8::1 ::1 4242 8667\r\n",
        b"PROXY TCP6 fe80::1%eth0 ::1 4242 8667\r\n",
        b"PROXY TCP6 fe80::1%!x@evil ::1 4242 8667\r\n",
        b"PROXY TCP6 192.0.2.1 198.51.100.2 4242 8667\r\n",
        b"PROXY TCP4 192.0.2.256 198.51.100.2 4242 8667\r\n",
        b"PROXY TCP4 192.0.2.1 198.51.100.2 4242 65536\r\n",
        b"PROXY TCP4 192.0.2.1 198.51.100.2 -1 8667\r\n",
        b"PROXY UDP4 192.0.2.1 198.51.100.2 4242 8667\r\n",
        b"PROXY TCP4 \xff 198.51.100.2 4242 8667\r\n",
        b"PROXY \r\n",
        v2(0x11, 0x11, TCP4),
        v2(0x22, 0x11, TCP4),
        v2(0x21, 0x11, TCP4[:-1]),
        v2(0x21, 0x21, TCP4),
        v2(0x21, 0x11, TCP4 + b"\x20\x00"),
        v2(0x21, 0x11, TCP4 + b"\x20\x00\x05\x01"),
    ],
)
def test_a_header_that_is_wrong_says_why(header: bytes) -> None:
    with pytest.raises(MalformedHeader, match=r"\w"):
        parse(header)


def test_a_header_without_an_end_is_given_up() -> None:
    with pytest.raises(MalformedHeader, match="doesn't end"):
        missing(b"PROXY TCP4 " + b"1" * 96)
    with pytest.raises(MalformedHeader, match="bytes long"):
        missing(SIGNATURE + b"\x21\x11\xff\xff")


@given(st.one_of(st.binary(), st.binary().map(lambda tail: SIGNATURE + b"\x21\x11" + tail)))
def test_whatever_comes_is_read_or_refused(data: bytes) -> None:
    try:
        wanted = missing(data)
        assert wanted is None or wanted <= 4_096
        if wanted == 0:
            parse(data)
    except MalformedHeader:
        pass
