"""Simulated worlds: some hundred seeds, the plans that failed once, and bugs that must be found.

More of them: `python -m tests.faults.simulate --seeds 10000`, or `make faults FULL=1`.
"""

from __future__ import annotations

import asyncio
import inspect
import os
from random import Random

import pytest

from tests.faults import simulate
from tests.faults.simulate import first_wrong, outcome, play_seed
from tests.faults.simulation.bugs import BUGS, with_bug
from tests.faults.simulation.disk import SECTOR, File
from tests.faults.simulation.loop import Loop
from tests.faults.simulation.plan import make_plan
from tests.faults.simulation.records import known, read, write
from tests.faults.simulation.shrinking import reason, shrink
from tests.faults.simulation.world import World

SEEDS = int(os.environ.get("HUBBUB_SEEDS", "240"))
BLOCK = 30
ENOUGH = 40
"""Seeds within which each bug has to be found."""


@pytest.mark.parametrize("first", range(0, SEEDS, BLOCK))
def test_worlds_end_well(first: int) -> None:
    for seed in range(first, first + BLOCK):
        _, found = play_seed(seed)
        again = f"python -m tests.faults.simulate --seeds 1 --from {seed}"
        assert not found.wrongs, "\n".join((again, *found.wrongs))


def test_what_failed_once_does_no_more() -> None:
    for plan in known():
        assert not first_wrong(plan), write(plan)


@pytest.mark.parametrize("bug", BUGS)
def test_bugs_are_found(bug: str) -> None:
    assert any(play_seed(seed, bug)[1].wrongs for seed in range(ENOUGH))


def test_a_failing_plan_is_made_small() -> None:
    seed = next(seed for seed in range(ENOUGH) if play_seed(seed, "sent ids not kept")[1].wrongs)
    plan = make_plan(seed)
    with with_bug("sent ids not kept"):
        wrong = first_wrong(plan)
        small = shrink(plan, wrong, first_wrong)
        assert reason(first_wrong(small)) == reason(wrong)
    assert len(small.steps) <= 8 < len(plan.steps), small
    assert not first_wrong(small), "without the bug it ends well"


def test_the_same_plan_makes_the_same_world() -> None:
    plan = make_plan(7)
    assert outcome(plan) == outcome(plan)
    assert read(write(plan)) == plan


def test_what_is_raised_is_wrong_too(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(world: World) -> list[str]:
        raise ValueError("can't look")

    monkeypatch.setattr(simulate, "check", broken)
    (wrong,) = outcome(make_plan(7)).wrongs
    assert "can't look" in wrong
    assert "in broken" in wrong


def test_what_a_process_had_not_begun_when_it_died_is_closed_and_nothing_else() -> None:
    world, ended = World(make_plan(7)), []

    async def work() -> None:
        try:
            await asyncio.sleep(1.0)
        finally:
            ended.append("in good order")

    # It has of a loop's methods those that the server and asyncio's tasks call.
    loop = Loop(world, Random(7), lambda: None, world.trouble)  # type: ignore[abstract]
    begun, unbegun, late = work(), work(), work()
    loop.create_task(begun)
    world._go_on(lambda: inspect.getcoroutinestate(begun) == inspect.CORO_CREATED)
    loop.create_task(unbegun)
    loop.end()
    loop.create_task(late)
    assert inspect.getcoroutinestate(begun) == inspect.CORO_SUSPENDED
    assert inspect.getcoroutinestate(unbegun) == inspect.CORO_CLOSED
    assert inspect.getcoroutinestate(late) == inspect.CORO_CLOSED
    assert ended == []
    world.close()


def test_what_was_synced_is_never_lost() -> None:
    lost = kept = torn = 0
    for seed in range(200):
        file = File()
        file.write(0, b"a" * SECTOR * 4)
        file.sync()
        file.write(SECTOR, b"b" * SECTOR * 2)
        file.lose(Random(seed))
        assert file.content[:SECTOR] == b"a" * SECTOR
        assert file.content[3 * SECTOR :] == b"a" * SECTOR
        middle = bytes(file.content[SECTOR : 3 * SECTOR])
        lost += middle == b"a" * SECTOR * 2
        kept += middle == b"b" * SECTOR * 2
        torn += len(set(middle)) == 2
    assert min(lost, kept, torn) > 20
