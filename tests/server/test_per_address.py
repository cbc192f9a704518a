"""How many connections there are from each address."""

from __future__ import annotations

import pytest

from hubbub.server.per_address import PerAddress


def test_each_address_counts_by_itself_and_a_customers_ipv6_addresses_together() -> None:
    counts = PerAddress()
    for address in ("10.0.0.1", "10.0.0.1", "10.0.0.2", "2001:db8::1", "2001:db8::2"):
        counts.add(address)
    assert [counts.of(one) for one in ("10.0.0.1", "10.0.0.2", "2001:db8::3")] == [2, 1, 2]
    assert counts.of("10.0.0.3") == 0


def test_nothing_stays_of_who_has_gone() -> None:
    counts = PerAddress()
    counts.add("10.0.0.1")
    counts.remove("10.0.0.1")
    assert counts.counts == {}
    with pytest.raises(KeyError):
        counts.remove("10.0.0.1")
