"""Everything that tries to break Hubbub, in parts: `python -m tests.faults [part …] [--full]`.

Each part is a command of its own; a table of them is printed at the end. 1 when one fails.
"""

from __future__ import annotations

import argparse
import os
import resource
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

ROOT = Path(__file__).parents[2]
PYTEST = ("-m", "pytest", "-q", "-s", "-n", "0")


@dataclass(frozen=True, slots=True)
class Part:
    """A way to break things. `words` are Python's arguments; `full` replaces them with `--full`.

    `settings` and `full_settings` are added to the environment.
    """

    what: str
    words: Sequence[str]
    full: Sequence[str] = ()
    settings: Mapping[str, str] = field(default_factory=dict)
    full_settings: Mapping[str, str] = field(default_factory=dict)


_KILLS = (
    *PYTEST,
    "tests/faults/test_kill.py",
    "tests/faults/test_kill_under_our_client.py",
    "tests/faults/test_killed_clients.py",
)
_SIMULATE = ("-m", "tests.faults.simulate", "--seeds")

PARTS: Mapping[str, Part] = {
    "simulation": Part(
        "worlds from seeds: cuts, crashes, lost syncs, failing disks, jumping clocks",
        (*_SIMULATE, "1000"),
        (*_SIMULATE, "10000"),
    ),
    "bugs": Part(
        "bugs that the simulation has to find", (*PYTEST, "tests/faults/test_simulation.py")
    ),
    "kills": Part(
        "kill -9 of real servers and clients under load",
        _KILLS,
        settings={"HUBBUB_KILLS": "20"},
        full_settings={"HUBBUB_KILLS": "500"},
    ),
    "power": Part(
        "power cuts: real servers on a disk that forgets what wasn't synced",
        (*PYTEST, "tests/faults/test_power.py"),
        settings={"HUBBUB_CUTS": "5"},
        full_settings={"HUBBUB_CUTS": "100"},
    ),
    "disk": Part(
        "disks that fill, files that can't be used", (*PYTEST, "tests/faults/test_disk.py")
    ),
    "replay": Part("the journal, replayed", (*PYTEST, "tests/faults/test_replay.py")),
    "fuzz": Part(
        "inputs that nobody meant, and valid clients against the definition of fan-out",
        ("-m", "tests.faults.fuzz", "--seconds", "120"),
        ("-m", "tests.faults.fuzz", "--inputs", "10000000"),
    ),
    "hostile": Part(
        "what hostile clients cost the others: memory and latency, a table",
        ("-m", "tests.faults.hostile"),
        ("-m", "tests.faults.hostile", "--seconds", "20", "--size", "3"),
    ),
    "soak": Part(
        "many clients that come, talk and go: memory, files and latency stay flat",
        ("-m", "tests.faults.soak"),
        ("-m", "tests.faults.soak", "--clients", "5000", "--seconds", "1800"),
    ),
    "abuse": Part("broken, greedy and silent clients", (*PYTEST, "tests/faults/test_abuse.py")),
}


def run(part: Part, *, full: bool) -> int:
    """Runs a part; its exit status."""
    settings = part.full_settings or part.settings if full else part.settings
    words = part.full or part.words if full else part.words
    command = [sys.executable, *words]
    return subprocess.run(command, cwd=ROOT, env={**os.environ, **settings}, check=False).returncode


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs the parts that are named, or all; 1 when one fails."""
    parser = argparse.ArgumentParser(
        prog="python -m tests.faults",
        description=__doc__,
        epilog="; ".join(f"{name}: {part.what}" for name, part in PARTS.items()),
    )
    parser.add_argument("parts", nargs="*", choices=[*PARTS, []], help="which (default: all)")
    full = bool(os.environ.get("FULL", ""))
    parser.add_argument("--full", action="store_true", default=full, help="the long way, for hours")
    options = parser.parse_args(arguments)
    table: list[tuple[str, str, float, float]] = []
    for name in options.parts or PARTS:
        print(f"== {name}: {PARTS[name].what}", flush=True)
        began, used = time.monotonic(), _cpu_seconds()
        status = run(PARTS[name], full=options.full)
        took = (time.monotonic() - began, _cpu_seconds() - used)
        table.append((name, f"FAILED ({status})" if status else "ok", *took))
    table.append(("all", "", sum(row[2] for row in table), sum(row[3] for row in table)))
    print()
    for name, outcome, seconds, cpu in table:
        what = PARTS[name].what if name in PARTS else ""
        print(f"{name:<12} {outcome:<12} {seconds:6.0f} s, {cpu:6.0f} s of CPU  {what}".rstrip())
    return any(outcome not in ("ok", "") for _, outcome, *_ in table)


def _cpu_seconds() -> float:
    """What the parts and their servers have used so far."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


if __name__ == "__main__":
    sys.exit(main())
