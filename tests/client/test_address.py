"""What a person may type as an address, and what it means."""

from __future__ import annotations

import pytest

from hubbub.client.address import Address, AddressError, normal_fingerprint, parse_address

PRINT = "ab" * 32


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        ("", Address("localhost", 8667, False)),
        ("localhost", Address("localhost", 8667, False)),
        ("127.0.0.1:6667", Address("127.0.0.1", 6667, False)),
        ("[::1]:6667", Address("::1", 6667, False)),
        ("::1", Address("::1", 8667, False)),
        (":7000", Address("localhost", 7000, False)),
        ("chat.example.org", Address("chat.example.org", 8667, True)),
        (" chat.example.org:6697 ", Address("chat.example.org", 6697, True)),
        ("bücher.example", Address("bücher.example", 8667, True)),
        ("irc://chat.example.org", Address("chat.example.org", 8667, False)),
        ("IRCS://localhost:1", Address("localhost", 1, True)),
        ("ircs://[2001:db8::1]:2/", Address("2001:db8::1", 2, True)),
        ("ircs://h/dev", Address("h", 8667, True, room="#dev")),
        ("ircs://h/%23dev", Address("h", 8667, True, room="#dev")),
        (f"localhost?fingerprint=sha256:{PRINT}", Address("localhost", 8667, True, PRINT)),
        (f"ircs://h?fingerprint={PRINT}&invite=abc", Address("h", 8667, True, PRINT, "abc")),
    ],
)
def test_accepted(text: str, meant: Address) -> None:
    assert parse_address(text) == meant


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("http://x", "http:// is not known"),
        ("host:0", "'0' is not a port"),
        ("host:99999", "'99999' is not a port"),
        ("host:x", "'x' is not a port"),
        ("host:", "'' is not a port"),
        ("[::1", "is not an address"),
        ("[::1]x", "is not an address"),
        ("[zz]:1", "is not an IPv6 address"),
        ("a:b:c", "is not an IPv6 address"),
        ("two words", "is not a host name"),
        ("-h", "is not a host name"),
        ("bob@host", "give it with --name"),
        ("host?fingerprint=12", "is no fingerprint"),
        ("host?colour=red", "'colour' is not known"),
        (f"irc://h?fingerprint={PRINT}", "needs TLS"),
    ],
)
def test_refused_with_a_reason(text: str, said: str) -> None:
    with pytest.raises(AddressError) as refusal:
        parse_address(text)
    assert said in str(refusal.value)


def test_fingerprints_are_read_in_the_ways_they_are_written() -> None:
    colons = ":".join(["AB"] * 32)
    assert normal_fingerprint(f"SHA256:{colons}") == PRINT
    assert normal_fingerprint(f"sha-256:{PRINT}") == PRINT


def test_an_address_is_shown_so_that_it_can_be_typed() -> None:
    assert str(Address("::1", 5)) == "[::1]:5"
    assert str(Address("h", 5)) == "h:5"
