"""How often an address comes anew: so many at once, and as many in each minute after that."""

from __future__ import annotations

from hubbub.server import throttle
from hubbub.server.arrivals import Arrivals


def coming(arrivals: Arrivals, address: str, times: int, now: float) -> int:
    """How many of those who come at once are let in."""
    return sum(arrivals.admits(address, now) for _ in range(times))


def test_a_burst_and_then_as_many_in_a_minute() -> None:
    arrivals = Arrivals(60)
    assert coming(arrivals, "192.0.2.1", 100, 1_000.0) == 60
    assert coming(arrivals, "192.0.2.1", 100, 1_001.0) == 1
    assert coming(arrivals, "192.0.2.1", 100, 1_031.0) == 30
    assert coming(arrivals, "192.0.2.1", 100, 2_000.0) == 60


def test_those_of_one_network_are_counted_together_and_others_apart() -> None:
    arrivals = Arrivals(2)
    assert [arrivals.admits(f"2001:db8::{n}", 0.0) for n in range(1, 4)] == [True, True, False]
    assert arrivals.admits("2001:db8:0:1::1", 0.0)
    assert arrivals.admits("192.0.2.1", 0.0)


def test_mapped_addresses_are_those_that_they_stand_for() -> None:
    arrivals = Arrivals(1)
    assert arrivals.admits("::ffff:192.0.2.1", 0.0)
    assert not arrivals.admits("192.0.2.1", 0.0)


def test_this_machine_and_no_limit_are_not_counted() -> None:
    for address in ("127.0.0.1", "127.9.9.9", "::1", "", "::ffff:127.0.0.1"):
        assert coming(Arrivals(1), address, 10, 0.0) == 10
    assert coming(Arrivals(0), "192.0.2.1", 10_000, 0.0) == 10_000


def test_a_new_limit_holds_at_once_and_the_same_one_forgets_nothing() -> None:
    arrivals = Arrivals(1)
    assert arrivals.admits("192.0.2.1", 0.0)
    arrivals.allow(1)
    assert not arrivals.admits("192.0.2.1", 0.0)
    arrivals.allow(0)
    assert arrivals.admits("192.0.2.1", 0.0)


def test_no_more_addresses_are_remembered_than_there_is_room_for() -> None:
    arrivals = Arrivals(1)
    for number in range(throttle.KEYS + 100):
        assert arrivals.admits(f"10.{number >> 16}.{number >> 8 & 255}.{number & 255}", 0.0)
    assert arrivals._budget is not None
    assert len(arrivals._budget._left) == throttle.KEYS
