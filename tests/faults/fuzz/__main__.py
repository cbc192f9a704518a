"""Fuzzes what reads other people's bytes: `python -m tests.faults.fuzz --target all --seconds 60`.

Prints how many inputs each target had, and how fast. A failing input is made small and kept in
tests/faults/fuzz/corpus/, where every test run tries it again. 1 when something failed.
"""

from __future__ import annotations

import argparse
import os
import secrets
import sys
import time
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass

from tests.faults.fuzz import guided
from tests.faults.fuzz.engine import Outcome, fuzz, keep
from tests.faults.fuzz.targets import TARGETS

CHUNK = 100_000
"""So many inputs are run by one process with one seed, so that a count takes part of all cores."""
PROGRESS_SECONDS = 60.0


@dataclass(frozen=True, slots=True)
class Job:
    """A part of a target's inputs, with a seed of its own."""

    target: str
    seed: str
    inputs: int | None
    seconds: float | None
    engine: str

    def __call__(self) -> Outcome:
        if self.engine == "atheris":
            return guided.fuzz(self.target, self.seed, inputs=self.inputs, seconds=self.seconds)
        target = TARGETS[self.target]
        return fuzz(self.target, target, self.seed, inputs=self.inputs, seconds=self.seconds)


def jobs(
    names: Sequence[str],
    seed: int,
    *,
    inputs: int | None,
    seconds: float | None,
    processes: int,
    engine: str = "own",
) -> list[Job]:
    """How the work is divided: a number of inputs by the targets' shares, a time evenly."""
    each = seconds * processes / len(names) if seconds is not None else None
    if inputs is None:
        return [Job(name, str(seed), None, each, engine) for name in names]
    shares = sum(TARGETS[name].share for name in names)
    found = []
    for name in names:
        left = -(-inputs * TARGETS[name].share // shares)
        number = 0
        chunk = max(1, CHUNK * TARGETS[name].share // 100)
        while left > 0:
            found.append(Job(name, f"{seed}.{number}", min(left, chunk), each, engine))
            left -= chunk
            number += 1
    return found


def run(work: Sequence[Job], processes: int) -> Iterator[Outcome]:
    """The outcomes, in the order of the work."""
    if processes == 1 or len(work) == 1:
        yield from (job() for job in work)
        return
    with ProcessPoolExecutor(processes) as pool:
        yield from pool.map(_call, work)


def _call(job: Job) -> Outcome:
    return job()


def told(outcomes: Iterable[Outcome]) -> Iterator[Outcome]:
    """The same outcomes; says once a minute how far it is."""
    inputs, failures, last = 0, 0, time.monotonic()
    for outcome in outcomes:
        inputs += outcome.inputs
        failures += len(outcome.failures)
        if time.monotonic() - last >= PROGRESS_SECONDS:
            last = time.monotonic()
            print(f"{inputs:,} inputs, {failures} failed; at {outcome.target}", flush=True)
        yield outcome


def gathered(outcomes: Iterable[Outcome]) -> dict[str, Outcome]:
    """One outcome a target; of failures in the same place the first."""
    found: dict[str, Outcome] = {}
    for outcome in outcomes:
        whole = found.setdefault(outcome.target, Outcome(outcome.target))
        whole.inputs += outcome.inputs
        whole.seconds += outcome.seconds
        whole.seen = max(whole.seen, outcome.seen)
        known = {failure.where for failure in whole.failures}
        whole.failures += [one for one in outcome.failures if one.where not in known]
    return found


def main(arguments: Sequence[str] | None = None) -> int:
    """Fuzzes, prints a table and keeps what failed; 1 when something did."""
    parser = argparse.ArgumentParser(prog="python -m tests.faults.fuzz", description=__doc__)
    parser.add_argument(
        "--target", action="append", choices=["all", *TARGETS], help="which (default: all)"
    )
    parser.add_argument("--seconds", type=float, help="for how long in all (60 without --inputs)")
    parser.add_argument("--inputs", type=int, help="how many inputs in all")
    parser.add_argument("--seed", type=int, help="for the same inputs again")
    parser.add_argument("--processes", type=int, default=os.cpu_count() or 1)
    parser.add_argument(
        "--engine",
        choices=["own", "atheris"],
        default="own",
        help="atheris is guided by coverage; it has to be installed (pip install atheris)",
    )
    options = parser.parse_args(arguments)
    if options.engine == "atheris" and not guided.is_there():
        print("skipped: atheris isn't installed for this Python (pip install atheris)")
        return 0
    asked = options.target or ["all"]
    names = list(TARGETS) if "all" in asked else list(dict.fromkeys(asked))
    seconds = options.seconds if options.seconds or options.inputs else 60.0
    seed = options.seed if options.seed is not None else secrets.randbits(32)
    print(f"seed {seed}", flush=True)
    began = time.monotonic()
    work = jobs(
        names,
        seed,
        inputs=options.inputs,
        seconds=seconds,
        processes=options.processes,
        engine=options.engine,
    )
    outcomes = gathered(told(run(work, options.processes)))
    return report(outcomes, time.monotonic() - began)


def report(outcomes: dict[str, Outcome], seconds: float) -> int:
    """Prints the table and the failures, and keeps these."""
    print(f"{'target':<12}{'inputs':>12}{'a second':>10}{'seen':>7}{'failed':>8}")
    for name, outcome in outcomes.items():
        rate = outcome.inputs / max(outcome.seconds, 0.001)
        print(
            f"{name:<12}{outcome.inputs:>12,}{rate:>10,.0f}{outcome.seen:>7,}"
            f"{len(outcome.failures):>8}  {TARGETS[name].what}"
        )
    total = sum(outcome.inputs for outcome in outcomes.values())
    print(f"{'all':<12}{total:>12,} inputs in {seconds:,.0f} s")
    failed = False
    for name, outcome in outcomes.items():
        for failure in outcome.failures:
            failed = True
            print(f"\n{name}: {failure.where}\ninput: {failure.input[:1_000]!r}")
            print(f"kept in {keep(name, failure)}\n{failure.trace}")
    return int(failed)


if __name__ == "__main__":
    sys.exit(main())
