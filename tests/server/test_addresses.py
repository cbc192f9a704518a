"""Listen addresses are read as people write them, and peers are told apart by network."""

from pathlib import Path

import pytest

from hubbub.server.addresses import (
    AddressError,
    Peers,
    TcpAddress,
    UnixAddress,
    is_loopback,
    is_private,
    limit_key,
    listens_beyond_loopback,
    parse_listen,
)


@pytest.mark.parametrize(
    ("text", "address"),
    [
        ("localhost:8667", TcpAddress("localhost", 8667)),
        (" 192.168.1.5:6697 ", TcpAddress("192.168.1.5", 6697)),
        ("[::1]:8667", TcpAddress("::1", 8667)),
        ("[0:0::1]:0", TcpAddress("::1", 0)),
        (":6697", TcpAddress("", 6697)),
        ("*:6697", TcpAddress("", 6697)),
        ("chat.example.org:65535", TcpAddress("chat.example.org", 65535)),
        ("unix:/run/irc:1.sock", UnixAddress(Path("/run/irc:1.sock"))),
    ],
)
def test_an_address_is_read(text: str, address: object) -> None:
    assert parse_listen(text) == address
    assert parse_listen(str(address)) == address


@pytest.mark.parametrize(
    ("text", "word"),
    [
        ("localhost", "the port is missing"),
        ("", "the port is missing"),
        ("localhost:", 'the port is ""'),
        ("localhost:65536", "0 to 65535"),
        ("localhost:-1", "0 to 65535"),
        ("localhost:٣", "0 to 65535"),
        ("::1:8667", "in brackets"),
        ("[::1]", "in brackets"),
        ("[::g]:1", "no IPv6 address"),
        ("two words:1", "no host name"),
        ("a..b:1", "no host name"),
        ("unix:irc.sock", "whole path"),
    ],
)
def test_a_wrong_address_is_explained(text: str, word: str) -> None:
    with pytest.raises(AddressError, match=word.replace("(", r"\(")):
        parse_listen(text)


@pytest.mark.parametrize(
    ("peer", "loopback", "private"),
    [
        ("127.0.0.1", True, True),
        ("127.9.9.9", True, True),
        ("::1", True, True),
        ("::ffff:127.0.0.1", True, True),
        ("", True, True),
        ("192.168.0.7", False, True),
        ("172.31.255.255", False, True),
        ("::ffff:10.1.2.3", False, True),
        ("fd12::1", False, True),
        ("fe80::1%eth0", False, True),
        ("172.32.0.1", False, False),
        ("203.0.113.5", False, False),
        ("8.8.8.8", False, False),
        ("2a00::1", False, False),
        ("nonsense", False, False),
    ],
)
def test_a_peer_is_placed(peer: str, loopback: bool, private: bool) -> None:
    assert (is_loopback(peer), is_private(peer)) == (loopback, private)


def test_limits_count_an_ipv6_subscriber_once() -> None:
    assert limit_key("2a00:1:2:3::1") == limit_key("2a00:1:2:3:ffff::9")
    assert limit_key("2a00:1:2:3::1") != limit_key("2a00:1:2:4::1")
    assert limit_key("::ffff:192.0.2.1") == limit_key("192.0.2.1") == "192.0.2.1"
    assert limit_key("192.0.2.1") != limit_key("192.0.2.2")


@pytest.mark.parametrize(
    ("text", "beyond"),
    [
        ("localhost:1", False),
        ("LOCALHOST.:1", False),
        ("127.0.0.1:1", False),
        ("[::1]:1", False),
        ("unix:/run/irc", False),
        (":1", True),
        ("0.0.0.0:1", True),
        ("[::]:1", True),
        ("192.168.1.5:1", True),
        ("chat.example.org:1", True),
    ],
)
def test_a_listener_that_others_can_reach_is_known(text: str, beyond: bool) -> None:
    assert listens_beyond_loopback(parse_listen(text)) is beyond


@pytest.mark.parametrize(
    ("named", "peer", "among"),
    [
        ("192.0.2.1", "192.0.2.1", True),
        ("192.0.2.1", "::ffff:192.0.2.1", True),
        ("192.0.2.1", "192.0.2.2", False),
        ("10.0.0.0/8", "10.255.0.1", True),
        ("10.0.0.0/8", "11.0.0.1", False),
        ("10.0.0.0/8", "2001:db8::1", False),
        ("2001:db8::/32", "2001:db8:1::1", True),
        ("fe80::/10", "fe80::1%eth0", True),
        ("0.0.0.0/0", "", False),
        ("unix", "", True),
        ("unix", "unix", True),
        ("unix", "127.0.0.1", False),
        ("127.0.0.1", "", False),
    ],
)
def test_peers_are_known_by_address_network_or_unix(named: str, peer: str, among: bool) -> None:
    assert (peer in Peers.of((named,))) is among
    assert (peer in Peers.of(("203.0.113.9", named))) is among
    assert peer not in Peers.of(())


@pytest.mark.parametrize("text", ["", "proxy.example.org", "10.0.0.1/8", "10.0.0.0/33", "UNIX"])
def test_what_names_no_peer_is_explained(text: str) -> None:
    with pytest.raises(AddressError, match=r"is no address or network .* Examples: "):
        Peers.of((text,))
