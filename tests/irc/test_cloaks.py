"""Cloaks: equal for what is equal, different otherwise, and unknowable without the secret."""

import ipaddress
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hubbub.irc.cloaks import Cloaks, account_host
from hubbub.irc.masks import matches, normalise

CLOAKS = Cloaks(b"secret" * 6)
OTHERS = Cloaks(b"another" * 5)


def parts(address: str) -> list[str]:
    return CLOAKS.host_of(address).split(".")


@pytest.mark.parametrize(
    ("one", "other", "shared"),
    [
        ("203.0.113.9", "203.0.113.9", 4),
        ("203.0.113.9", "::ffff:203.0.113.9", 4),
        ("203.0.113.9", "203.0.113.10", 3),
        ("203.0.113.9", "203.0.114.9", 2),
        ("203.0.113.9", "203.1.113.9", 1),
        ("2001:db8::1", "2001:db8::2", 3),
        ("2001:db8::1%eth0", "2001:db8::1", 4),
        ("2001:db8:0:1::1", "2001:db8:0:2::1", 2),
        ("2001:db8:1::1", "2001:db8:2::1", 1),
    ],
)
def test_networks_in_common_are_parts_in_common(one: str, other: str, shared: int) -> None:
    """Parts are compared from the end, where the largest network stands."""
    same = [a == b for a, b in zip(parts(one), parts(other), strict=True)]
    assert same == [False] * (4 - shared) + [True] * shared


@given(st.ip_addresses())
def test_a_cloak_shows_nothing_of_the_address(
    address: ipaddress.IPv4Address | ipaddress.IPv6Address,
) -> None:
    cloak = CLOAKS.host_of(str(address))
    assert cloak == CLOAKS.host_of(str(address))
    if cloak != "localhost":
        assert re.fullmatch(r"([a-z2-7]{8}\.){3}ip", cloak)
        mine, theirs = cloak.split(".")[:3], OTHERS.host_of(str(address)).split(".")[:3]
        assert all(a != b for a, b in zip(mine, theirs, strict=True))


def test_a_mask_describes_a_network() -> None:
    network = parts("203.0.113.9")[1:]
    mask = normalise(f"@*.{'.'.join(network)}")
    assert matches(mask, f"ann!~a@{CLOAKS.host_of('203.0.113.77')}")
    assert not matches(mask, f"ann!~a@{CLOAKS.host_of('203.0.114.77')}")


@pytest.mark.parametrize(
    "address", ["", "unix", "127.0.0.1", "::1", "::ffff:127.0.0.2", "nonsense"]
)
def test_this_machine_stays_readable(address: str) -> None:
    assert CLOAKS.host_of(address) == "localhost"


def test_an_account_has_a_host_of_its_own() -> None:
    assert account_host(7) == "user/7"
