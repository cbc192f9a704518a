"""Turns on a clock of the test's own: who is first, how long a turn takes, and what goes wrong in it."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any, cast

import pytest

from hubbub.server.turns import LEAST_SECONDS, MOST_SECONDS, SHARE, Turns

STEP = 0.0001


class Loop:
    """As much of an event loop as turns use; time passes only when the test says so."""

    def __init__(self) -> None:
        self.now = 100.0
        self.soon: list[Callable[[], None]] = []

    def time(self) -> float:
        return self.now

    def call_soon(self, call: Callable[[], None]) -> None:
        self.soon.append(call)

    def turn(self) -> None:
        soon, self.soon = self.soon, []
        for call in soon:
            call()


class Newcomers:
    """Steps that take STEP each, and are noted."""

    def __init__(self) -> None:
        self.loop = Loop()
        self.turns = Turns(cast(Any, self.loop))
        self.done: list[int] = []

    def come(self, *numbers: int) -> None:
        for number in numbers:
            self.turns.take(partial(self.step, number))

    def step(self, number: int) -> None:
        self.loop.now += STEP
        self.done.append(number)


def test_nobody_waits_and_nothing_is_called() -> None:
    newcomers = Newcomers()
    assert len(newcomers.turns) == 0
    assert newcomers.loop.soon == []


def test_who_comes_first_is_first_and_nothing_is_done_at_once() -> None:
    newcomers = Newcomers()
    newcomers.come(1, 2)
    assert newcomers.done == []
    assert len(newcomers.turns) == 2
    newcomers.loop.turn()
    assert newcomers.done == [1, 2]
    assert newcomers.loop.soon == []


def test_a_turn_takes_its_least_when_the_last_one_was_just_before_or_long_ago() -> None:
    newcomers = Newcomers()
    newcomers.come(-1)
    newcomers.loop.turn()
    newcomers.done.clear()
    newcomers.loop.now += 60.0
    newcomers.come(*range(400))
    done = []
    while newcomers.loop.soon:
        before = len(newcomers.done)
        newcomers.loop.turn()
        done.append(len(newcomers.done) - before)
    assert newcomers.done == list(range(400))
    assert set(done) == {round(LEAST_SECONDS / STEP)}


@pytest.mark.parametrize(
    ("pause", "seconds"),
    [(0.0, LEAST_SECONDS), (0.02, 0.02 * SHARE), (5.0, MOST_SECONDS)],
)
def test_a_turn_takes_a_share_of_the_time_that_was_waited_for_it(
    pause: float, seconds: float
) -> None:
    newcomers = Newcomers()
    newcomers.come(*range(400))
    newcomers.loop.turn()
    newcomers.done.clear()
    newcomers.loop.now += pause
    newcomers.loop.turn()
    assert len(newcomers.done) == pytest.approx(seconds / STEP, abs=1)
    assert newcomers.loop.soon, "the rest waits for the next turn"


def test_who_takes_another_turn_goes_to_the_end_of_the_queue() -> None:
    newcomers = Newcomers()

    def twice() -> None:
        newcomers.step(1)
        newcomers.come(3)

    newcomers.turns.take(twice)
    newcomers.come(2)
    while newcomers.loop.soon:
        assert len(newcomers.loop.soon) == 1, "one turn is under way at a time"
        newcomers.loop.turn()
    assert newcomers.done == [1, 2, 3]


def test_what_goes_wrong_in_one_step_is_raised_and_the_others_go_on() -> None:
    newcomers = Newcomers()

    def breaks() -> None:
        raise RuntimeError("broken")

    newcomers.come(1)
    newcomers.turns.take(breaks)
    newcomers.come(2)
    with pytest.raises(RuntimeError, match="broken"):
        newcomers.loop.turn()
    assert newcomers.done == [1]
    newcomers.loop.turn()
    assert newcomers.done == [1, 2]
    assert newcomers.loop.soon == []
