"""`make bench`: all that Hubbub promises about speed and memory, beside other servers, in one run.

    make bench                 in less than 20 minutes: fewer pairs, little with more than 2,000
    make bench FULL=1          all scenarios, seven pairs each, an hour and a half
    make bench ARGS=--quick    one short pair of each: whether it all runs here

Prints a table as it goes, and saves it with the raw samples and the plots under `bench/results/`. The exit
status is 1 when a server misdelivered or didn't run; a goal that isn't reached is said in the table.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from enum import Enum, auto
from pathlib import Path
from typing import Final

from bench import pairs, peers, plot, procfs, reading, start
from bench.load import Report
from bench.pairs import Sample
from bench.reading import Reading
from bench.scenarios import SCENARIOS, Scenario

SAVED: Final = "latest.json"

Taken = dict[str, list[tuple[Sample, ...]]]


class Size(Enum):
    """How much is measured: all of it, what is done in 20 minutes, or enough to see that all runs."""

    FULL = auto()
    USUAL = auto()
    QUICK = auto()


PAGES_OF = {Size.FULL: reading.MESSAGES, Size.USUAL: 200_000, Size.QUICK: 20_000}
"""Messages of the history that is read from."""


@dataclass(frozen=True, slots=True)
class Goal:
    """A bound for a figure: of Hubbub's alone, or of its ratio to a peer's."""

    column: str
    most: float | None = None
    least: float | None = None
    peer: str = ""

    def met(self, figure: float) -> bool:
        return (self.most is None or figure <= self.most) and (
            self.least is None or figure >= self.least
        )

    def __str__(self) -> str:
        bound = f"≤ {self.most:g}" if self.most is not None else f"≥ {self.least:,g}"
        return f"{bound} × {self.peer}" if self.peer else bound


@dataclass(frozen=True, slots=True)
class Step:
    """A scenario in the plan: with whom, how often, and what is to be reached."""

    scenario: str
    peers: tuple[str, ...] = ("inspircd",)
    goals: tuple[Goal, ...] = ()
    pairs: int = 2
    """In the default size; in the full one there are seven, or three where it says `long`."""
    full_only: bool = False
    long: bool = False

    def count(self, size: Size) -> int:
        """How many pairs are taken."""
        if size is Size.FULL:
            return 3 if self.long else 7
        return self.pairs if size is Size.USUAL else 1


def _bursts(*more: Goal) -> tuple[Goal, ...]:
    return (
        Goal("CPU us/delivery", most=0.5, peer="inspircd"),
        Goal("deliveries/s", least=2, peer="inspircd"),
        *more,
    )


_SINGLE = (Goal("CPU us/delivery", most=1.1, peer="inspircd"),)
_PACED = tuple(Goal("p99 ms less sync", most=1.1, peer=peer) for peer in ("inspircd", "ngircd"))
_TLS_MEMORY = (
    Goal("RSS KB/connection", most=33.5),
    Goal("RSS KB/connection", most=0.5, peer="ergo"),
)
PLAN: tuple[Step, ...] = (
    Step("burst100", ("inspircd", "ngircd", "ergo", "miniircd", "irc"), pairs=1),
    Step("burst500", ("inspircd", "ngircd", "ergo"), _bursts(), pairs=3),
    Step("burst2000", goals=_bursts()),
    Step("burst10000", goals=_bursts(), pairs=1, long=True),
    Step("history100k", (), pairs=2),
    Step("history1m", (), pairs=2),
    Step("single2000", ("inspircd", "ergo"), _SINGLE),
    Step("single10000", goals=_SINGLE, full_only=True, long=True),
    Step("rooms1000", full_only=True, long=True),
    Step("whispers2000", pairs=1),
    Step("mixed500"),
    Step("websocket500"),
    Step("accept100", (), (Goal("messages/s of CPU", least=20_000),)),
    Step("paced2000", ("inspircd", "ngircd"), _PACED),
    Step("come2000"),
    Step("come2000tls"),
    Step("join2000", goals=(Goal("CPU us/client", most=1.0, peer="inspircd"),)),
    Step("resume2000", (), (Goal("all served after s", most=3.0),)),
    Step("resume2000tls", (), pairs=1),
    Step("memory", goals=(Goal("RSS KB/connection", most=6.0),), pairs=1),
    Step("memorytls", ("inspircd", "ergo"), _TLS_MEMORY, pairs=1),
    Step("memory15000", goals=(Goal("RSS KB/connection", most=6.0),), full_only=True, long=True),
    Step("memory15000tls", (), _TLS_MEMORY[:1], full_only=True, long=True),
)


@dataclass(frozen=True, slots=True)
class Line:
    """One line of the table in the README."""

    what: str
    figure: str
    ours: str
    theirs: str
    ratio: str
    goal: str


def run(step: Step, size: Size, *, scratch: Path | None) -> list[tuple[Sample, ...]]:
    """The samples of one step. Raises SampleError, PeerError and TimeoutExpired."""
    there = [name for name in step.peers if peers.PEERS[name].available()]
    for name in step.peers:
        if name not in there:
            print(f"{step.scenario}: {name} is not installed here, so it is left out")
    cores = sorted(os.sched_getaffinity(0))
    options = pairs.Options(
        pairs=step.count(size),
        cpus=None if len(cores) < 2 else (cores[0], cores[1]),
        linger=1e-4,
        scratch=scratch,
    )
    scenario = SCENARIOS[step.scenario]
    scenario = scenario.quick() if size is Size.QUICK else scenario
    return pairs.take_pairs(["hubbub", *there], scenario, options)


def lines_of(step: Step, samples: Sequence[tuple[Sample, ...]]) -> list[Line]:
    """What the table says of a step: a line for each figure and peer, or for Hubbub alone."""
    scenario = SCENARIOS[step.scenario]
    found = []
    for column in pairs.columns_of(scenario):
        if not column.ratio:
            continue
        ours = statistics.median(column.value(pair[0]) for pair in samples)
        others = [sample.peer for sample in samples[0][1:]]
        if not others:
            goal = _goal(step, column.title, "", ours)
            found.append(Line(scenario.about, column.title, f"{ours:{column.form}}", "", "", goal))
        for place, peer in enumerate(others, start=1):
            theirs = statistics.median(column.value(pair[place]) for pair in samples)
            ratio = statistics.median(
                column.value(pair[0]) / column.value(pair[place]) for pair in samples
            )
            goals = [_goal(step, column.title, peer, ratio)]
            if place == 1:
                goals.append(_goal(step, column.title, "", ours))
            goal = "; ".join(filter(None, goals))
            found.append(
                Line(
                    scenario.about,
                    column.title,
                    f"{ours:{column.form}}",
                    f"{peer} {theirs:{column.form}}",
                    pairs.ratio_of(column, samples, place),
                    goal,
                )
            )
    return found


def _goal(step: Step, column: str, peer: str, figure: float) -> str:
    for goal in step.goals:
        if (goal.column, goal.peer) == (column, peer):
            return f"{goal}: {'met' if goal.met(figure) else 'NOT met'}"
    return ""


def markdown(lines: Sequence[Line]) -> str:
    """The lines as a table."""
    head = "| what | figure | Hubbub | other | ratio: median (range) | goal |\n|---|---|---|---|---|---|"
    rows = [
        f"| {line.what} | {line.figure} | {line.ours} | {line.theirs} | {line.ratio} | {line.goal} |"
        for line in lines
    ]
    return "\n".join([head, *rows])


def main(arguments: Sequence[str]) -> int:
    """The command line. Exit status 0: measured; 1: a server failed or misdelivered."""
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument("--full", action="store_true", help="all scenarios, seven pairs")
    parser.add_argument("--only", help="these scenarios of the plan, separated by commas")
    parser.add_argument("--quick", action="store_true", help="one short pair of each: a first look")
    parser.add_argument("--scratch", type=Path, help="where servers keep their files")
    parser.add_argument("--output", type=Path, default=pairs.RESULTS, help="where results go")
    parser.add_argument("--draw", action="store_true", help="table and plots of the saved samples")
    parser.add_argument(
        "--add",
        action="store_true",
        help="keep what is saved of scenarios that aren't measured now",
    )
    parsed = parser.parse_args(arguments)
    if (parsed.draw or parsed.add) and not (parsed.output / SAVED).exists():
        parser.error(f"nothing is saved in {parsed.output}")
    if parsed.draw:
        _show(parsed.output, *_saved(parsed.output))
        return 0
    full = parsed.full or os.environ.get("FULL", "") not in ("", "0")
    size = Size.FULL if full else Size.QUICK if parsed.quick else Size.USUAL
    procfs.raise_file_limit()
    began = time.monotonic()
    wanted = parsed.only.split(",") if parsed.only else [step.scenario for step in PLAN]
    for name in wanted:
        if name not in {step.scenario for step in PLAN}:
            parser.error(f"no scenario of the plan is called {name!r}")
    steps = [
        step
        for step in PLAN
        if step.scenario in wanted and (full or parsed.only or not step.full_only)
    ]
    machine = procfs.environment(parsed.scratch or Path(tempfile.gettempdir()))
    machine["sync_ms"] = f"{procfs.sync_milliseconds(parsed.scratch):.2f}"
    taken: Taken = {}
    readings: Sequence[Reading] = ()
    if parsed.add:
        _, taken, readings = _saved(parsed.output)
    failures: list[str] = []
    for step in steps:
        try:
            samples = run(step, size, scratch=parsed.scratch)
        except (pairs.SampleError, peers.PeerError, subprocess.TimeoutExpired) as error:
            failures.append(f"{step.scenario}: {error}")
            print(f"FAILED {failures[-1]}", file=sys.stderr, flush=True)
            continue
        taken[step.scenario] = samples
        print("\n" + pairs.table(samples[0][0].scenario, samples) + "\n", flush=True)
        _save(parsed.output, machine, taken, readings)  # hours needn't be lost with the last minute
    if not parsed.only:
        readings = _read_and_start(size, parsed.scratch)
        _save(parsed.output, machine, taken, readings)
    _show(parsed.output, machine, taken, readings)
    for failure in failures:
        print(f"FAILED {failure}")
    print(f"\nfinished in {(time.monotonic() - began) / 60:.0f} minutes; {len(failures)} failures")
    return 1 if failures else 0


def _read_and_start(size: Size, scratch: Path | None) -> list[Reading]:
    messages = PAGES_OF[size]
    print(f"\nreading from {messages:,} messages, over the wire:")
    readings = reading.measure(messages, scratch=scratch)
    print(reading.table(readings), flush=True)
    start.main(["--rows", str(messages), "--runs", "5"])
    return readings


def _save(
    where: Path, machine: Mapping[str, str], taken: Taken, readings: Sequence[Reading]
) -> None:
    where.mkdir(parents=True, exist_ok=True)
    raw = {
        name: [{sample.peer: asdict(sample.report) for sample in pair} for pair in samples]
        for name, samples in taken.items()
    }
    content = {
        "machine": machine,
        "quick": [
            name for name, (pair, *_) in taken.items() if pair[0].scenario != SCENARIOS[name]
        ],
        "samples": raw,
        "readings": [asdict(row) for row in readings],
    }
    (where / SAVED).write_text(json.dumps(content, indent=1) + "\n")


def _saved(where: Path) -> tuple[Mapping[str, str], Taken, list[Reading]]:
    """What an earlier run has saved: the machine, the samples, the readings."""
    content = json.loads((where / SAVED).read_text())

    def shape(name: str) -> Scenario:
        return SCENARIOS[name].quick() if name in content["quick"] else SCENARIOS[name]

    taken: Taken = {
        name: [
            tuple(Sample(peer, shape(name), Report(**report)) for peer, report in pair.items())
            for pair in pairs
        ]
        for name, pairs in content["samples"].items()
    }
    return content["machine"], taken, [Reading(**row) for row in content["readings"]]


def _show(
    where: Path, machine: Mapping[str, str], taken: Taken, readings: Sequence[Reading]
) -> None:
    """Prints the table and saves it with the plots."""
    lines = [
        line
        for step in PLAN
        if step.scenario in taken
        for line in lines_of(step, taken[step.scenario])
    ]
    lines += [
        Line(
            f"{row.name} ({row.messages:,} messages of history)",
            "p50, p99 ms",
            f"{row.p50:.2f}, {row.p99:.2f}",
            "",
            "",
            "",
        )
        for row in readings
    ]
    shape = ", ".join(f"{key} {value}" for key, value in machine.items())
    (where / "latest.md").write_text(f"{shape}\n\n{markdown(lines)}\n")
    print(f"\n{shape}\n\n{markdown(lines)}\n\nsaved under {where}")
    goals = {
        (step.scenario, goal.column): goal.most
        for step in PLAN
        for goal in step.goals
        if goal.peer == plot.PEER and goal.most is not None
    }
    drawings = {"ratios.svg": plot.ratios(taken, goals), "growth.svg": plot.growth(taken)}
    for name, drawn in drawings.items():
        if drawn is not None:
            (where / name).write_bytes(drawn)
