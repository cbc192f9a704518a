"""What somebody writes as an address or network has one form, and an IPv6 address is its /64."""

import pytest

from hubbub.irc.networks import address_of, is_this_machine, is_whole_world, network_of, within


@pytest.mark.parametrize(
    ("text", "network"),
    [
        ("192.0.2.7", "192.0.2.7/32"),
        ("10.1.2.3/8", "10.0.0.0/8"),
        ("2001:db8::1", "2001:db8::/64"),
        ("2001:DB8:0:0:5::9", "2001:db8::/64"),
        ("2001:db8::1/128", "2001:db8::1/128"),
        ("0::1", "::/64"),
        ("fe80::1%eth0", "fe80::/64"),
        ("::ffff:192.0.2.7", "192.0.2.7/32"),
    ],
)
def test_a_network_has_one_form(text: str, network: str) -> None:
    assert network_of(text) == network
    assert network_of(network) == network


@pytest.mark.parametrize(
    "text",
    ["", "bob", "10.0.0.0/33", "10.0.0.0/", "10.0.0.0/x", "10.0.0/8", "2001:db8::/129", "1/2/3"],
)
def test_what_is_no_network(text: str) -> None:
    assert network_of(text) is None


def test_too_wide_and_our_own() -> None:
    assert is_whole_world("0.0.0.0/0")
    assert is_whole_world("::/0")
    assert not is_whole_world("10.0.0.0/8")
    assert is_this_machine("127.0.0.1/32")
    assert not is_this_machine("10.0.0.0/8")


def test_an_address_lies_within() -> None:
    address = address_of("2001:db8::abcd")
    assert address is not None
    assert within(address, 32) == "2001:db8::/32"
