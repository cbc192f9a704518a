"""Plays simulated worlds from seeds: `python -m tests.faults.simulate --seeds 1000 --from 0 --jobs 2`.

A seed that fails prints what is wrong, the smallest plan found that still fails so, and what
happened in it; the plan's line, added to tests/faults/simulation/known.jsonl, becomes a test.
"""

from __future__ import annotations

import argparse
import gc
import multiprocessing
import os
import sys
import time
import traceback
from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial

from tests.faults.simulation.bugs import BUGS, with_bug
from tests.faults.simulation.checks import check
from tests.faults.simulation.plan import Plan, make_plan
from tests.faults.simulation.records import read, write
from tests.faults.simulation.shrinking import shrink
from tests.faults.simulation.world import World

SHOWN = 5
"""How many failing seeds are shrunk and shown."""
SAID_EVERY = 1_000
"""After how many worlds it says how far it is."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of a plan: what is wrong, and how much happened."""

    wrongs: tuple[str, ...]
    messages: int
    deaths: int
    trace: tuple[str, ...]


def outcome(plan: Plan) -> Outcome:
    """Plays a plan and looks at its end; what is raised meanwhile is one more thing that is wrong."""
    world = World(plan)
    try:
        wrongs = _wrongs(world)
        heard = sum(bytes(link.heard).count(b" PRIVMSG ") for link in world.links)
        return Outcome(wrongs, heard, world.deaths, tuple(world.trace))
    finally:
        world.close()


def _wrongs(world: World) -> tuple[str, ...]:
    try:
        world.run()
        return tuple(check(world))
    except Exception as error:
        lines = (
            traceback.format_exception(error)[-1:] + traceback.format_tb(error.__traceback__)[-3:]
        )
        said = " ".join(" ".join(lines).split())
        return (*world.trouble, f"raised: {said}")


def first_wrong(plan: Plan) -> str:
    """What is wrong with how a plan ends, first of all; nothing when all is well."""
    return next(iter(outcome(plan).wrongs), "")


def play_seed(seed: int, bug: str = "") -> tuple[int, Outcome]:
    """Plays a seed's plan, with one of the bugs put in if one is named."""
    gc.disable()  # a world leaves cycles behind, and is small: once after each is enough
    try:
        with with_bug(bug):
            return seed, outcome(make_plan(seed))
    finally:
        gc.enable()
        gc.collect()


def play_seeds(seeds: range, jobs: int, bug: str = "") -> Iterator[tuple[int, Outcome]]:
    """Plays many, in as many processes."""
    work = partial(play_seed, bug=bug)
    if jobs == 1:
        yield from map(work, seeds)
        return
    with multiprocessing.get_context("spawn").Pool(jobs) as pool:
        yield from pool.imap_unordered(work, seeds, chunksize=8)


def show(plan: Plan, wrongs: tuple[str, ...], bug: str = "") -> None:
    """Prints a failing plan as small as it can be made."""
    print(f"\nseed {plan.seed} FAILS")
    for wrong in wrongs[:4]:
        print(f"  {wrong[:400]}")
    with with_bug(bug):
        small = shrink(plan, wrongs[0], first_wrong)
        found = outcome(small)
    print(f"  smallest: {len(small.steps)} of {len(plan.steps)} steps, {', '.join(small.people)}")
    for line in found.trace:
        print(f"    {line[:160]}")
    for wrong in found.wrongs[:4]:
        print(f"  {wrong[:400]}")
    print(f"  {write(small)}")


def main(arguments: list[str] | None = None) -> int:
    """Plays the seeds; 1 when one fails."""
    parser = argparse.ArgumentParser(prog="python -m tests.faults.simulate", description=__doc__)
    parser.add_argument("--seeds", type=int, default=1000, help="how many (default: 1000)")
    parser.add_argument("--from", type=int, default=0, dest="first", help="the first one")
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1, help="processes")
    parser.add_argument("--bug", choices=[*BUGS], default="", help="put a bug in, and find it")
    parser.add_argument("--plan", help="a plan's line as printed, instead of seeds")
    options = parser.parse_args(arguments)
    if options.plan:
        plan = read(options.plan)
        with with_bug(options.bug):
            found = outcome(plan)
        print("\n".join((*found.trace, *found.wrongs)))
        return bool(found.wrongs)
    began, failed, messages, deaths, done = time.monotonic(), 0, 0, 0, 0
    seeds = range(options.first, options.first + options.seeds)
    for seed, found in play_seeds(seeds, options.jobs, options.bug):
        done += 1
        messages += found.messages
        deaths += found.deaths
        if found.wrongs:
            failed += 1
            if failed <= SHOWN:
                show(make_plan(seed), found.wrongs, options.bug)
            else:
                print(f"seed {seed} FAILS: {found.wrongs[0][:200]}")
        if done % SAID_EVERY == 0:
            print(f"{done} of {options.seeds} worlds, {failed} failed")
        sys.stdout.flush()
    seconds = time.monotonic() - began
    print(
        f"{done} worlds in {seconds:.0f} s ({done / seconds:.1f}/s): {messages} messages shown, "
        f"{deaths} servers died, {failed} failed"
    )
    return failed > 0


if __name__ == "__main__":
    sys.exit(main())
