"""`make bench`: all that Hubbub promises about speed and memory, beside other servers, in one run.

    make bench                 in less than 20 minutes: fewer pairs, no scenario of more than 2,000
    make bench FULL=1          all scenarios, seven pairs each, an hour and more

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
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from bench import pairs, peers, plot, procfs, reading, start
from bench.pairs import Sample
from bench.scenarios import SCENARIOS

PAGES_OF = 200_000
"""Messages of the history that is read from in the default size."""


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


def _bursts(*more: Goal) -> tuple[Goal, ...]:
    return (
        Goal("CPU us/delivery", most=0.5, peer="inspircd"),
        Goal("deliveries/s", least=2, peer="inspircd"),
        *more,
    )


_SINGLE = (Goal("CPU us/delivery", most=1.1, peer="inspircd"),)
PLAN: tuple[Step, ...] = (
    Step("burst100", ("inspircd", "ngircd", "ergo", "miniircd", "irc")),
    Step("burst500", ("inspircd", "ngircd", "ergo", "miniircd"), _bursts(), pairs=3),
    Step("burst2000", ("inspircd",), _bursts(), pairs=2),
    Step("burst10000", goals=_bursts(), full_only=True, long=True),
    Step("history500", ()),
    Step("single2000", goals=_SINGLE, pairs=2),
    Step("single10000", goals=_SINGLE, full_only=True, long=True),
    Step("rooms1000", full_only=True, long=True),
    Step("whispers2000", pairs=1),
    Step("mixed500", pairs=2),
    Step("websocket500", pairs=2),
    Step("accept100", (), (Goal("messages/s of CPU", least=20_000),), pairs=2),
    Step("paced2000", ("inspircd", "ngircd"), (Goal("p99 ms", most=1.1, peer="inspircd"),)),
    Step("come2000"),
    Step("come2000tls"),
    Step("join2000", goals=(Goal("CPU us/client", most=1.0, peer="inspircd"),)),
    Step("resume2000", (), (Goal("all served after s", most=3.0),), pairs=2),
    Step("resume2000tls", (), pairs=1),
    Step("memory", goals=(Goal("RSS KB/connection", most=6.0),), pairs=1),
    Step("memorytls", goals=(Goal("RSS KB/connection", most=33.5),), pairs=1),
    Step("memory15000", goals=(Goal("RSS KB/connection", most=6.0),), full_only=True, long=True),
    Step("memory15000tls", (), (Goal("RSS KB/connection", most=33.5),), full_only=True, long=True),
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


def run(step: Step, *, full: bool, scratch: Path | None) -> list[tuple[Sample, ...]]:
    """The samples of one step. Raises SampleError, PeerError and TimeoutExpired."""
    there = [name for name in step.peers if peers.PEERS[name].available()]
    for name in step.peers:
        if name not in there:
            print(f"{step.scenario}: {name} is not installed here, so it is left out")
    cores = sorted(os.sched_getaffinity(0))
    options = pairs.Options(
        pairs=(3 if step.long else 7) if full else step.pairs,
        cpus=None if len(cores) < 2 else (cores[0], cores[1]),
        linger=1e-4,
        scratch=scratch,
    )
    return pairs.take_pairs(["hubbub", *there], SCENARIOS[step.scenario], options)


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
            goal = _goal(step, column.title, peer, ratio) or _goal(step, column.title, "", ours)
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


def sync_milliseconds(scratch: Path | None, times: int = 100) -> float:
    """The median of how long this disk takes to make a page durable: part of each of Hubbub's delays."""
    took = []
    with tempfile.TemporaryFile(dir=scratch) as file:
        for _ in range(times):
            file.write(b"x" * 4096)
            file.flush()
            began = time.perf_counter()
            os.fdatasync(file.fileno())
            took.append(1000 * (time.perf_counter() - began))
    return statistics.median(took)


def main(arguments: Sequence[str]) -> int:
    """The command line. Exit status 0: measured; 1: a server failed or misdelivered."""
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument("--full", action="store_true", help="all scenarios, seven pairs")
    parser.add_argument("--only", help="these scenarios of the plan, separated by commas")
    parser.add_argument("--scratch", type=Path, help="where servers keep their files")
    parser.add_argument("--output", type=Path, default=pairs.RESULTS, help="where results go")
    parsed = parser.parse_args(arguments)
    full = parsed.full or os.environ.get("FULL", "") not in ("", "0")
    procfs.raise_file_limit()
    began = time.monotonic()
    wanted = parsed.only.split(",") if parsed.only else [step.scenario for step in PLAN]
    steps = [
        step
        for step in PLAN
        if step.scenario in wanted and (full or parsed.only or not step.full_only)
    ]
    taken: dict[str, list[tuple[Sample, ...]]] = {}
    lines: list[Line] = []
    failures: list[str] = []
    for step in steps:
        try:
            samples = run(step, full=full, scratch=parsed.scratch)
        except (pairs.SampleError, peers.PeerError, subprocess.TimeoutExpired) as error:
            failures.append(f"{step.scenario}: {error}")
            print(f"FAILED {failures[-1]}", file=sys.stderr, flush=True)
            continue
        taken[step.scenario] = samples
        lines += lines_of(step, samples)
        print("\n" + pairs.table(SCENARIOS[step.scenario], samples) + "\n", flush=True)
    if not parsed.only:
        _read_and_start(full, parsed.scratch)
    _save(parsed.output, taken, lines, parsed.scratch)
    print(f"\nfinished in {(time.monotonic() - began) / 60:.0f} minutes; {len(failures)} failures")
    return 1 if failures else 0


def _read_and_start(full: bool, scratch: Path | None) -> None:
    messages = reading.MESSAGES if full else PAGES_OF
    print(f"\nreading from {messages:,} messages, over the wire:")
    print(reading.table(reading.measure(messages, scratch=scratch)), flush=True)
    start.main(["--rows", str(messages), "--runs", "5"])


def _save(
    where: Path,
    taken: dict[str, list[tuple[Sample, ...]]],
    lines: Sequence[Line],
    scratch: Path | None,
) -> None:
    where.mkdir(parents=True, exist_ok=True)
    machine = procfs.environment(scratch or Path(tempfile.gettempdir()))
    machine["sync_ms"] = f"{sync_milliseconds(scratch):.2f}"
    raw = {
        name: [{sample.peer: asdict(sample.report) for sample in pair} for pair in samples]
        for name, samples in taken.items()
    }
    content = {"machine": machine, "samples": raw}
    (where / "latest.json").write_text(json.dumps(content, indent=1) + "\n")
    shape = ", ".join(f"{key} {value}" for key, value in machine.items())
    (where / "latest.md").write_text(f"{shape}\n\n{markdown(lines)}\n")
    print(f"\n{shape}\n\n{markdown(lines)}\n\nsaved under {where}")
    drawings: dict[str, Callable[[], bytes | None]] = {
        "recipients.svg": lambda: plot.by_recipients(taken),
        "history.svg": lambda: plot.by_history(taken),
    }
    for name, draw in drawings.items():
        drawn = draw()
        if drawn is not None:
            (where / name).write_bytes(drawn)
