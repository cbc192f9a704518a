"""Interleaved pairs: two servers take the same load in turn, each time freshly started, and are compared pair by pair.

A ratio is taken within a pair, whose two samples lie seconds apart, so that a machine whose speed drifts
changes both sides alike; the report gives the median of the ratios and their range.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path

from bench import peers, procfs
from bench.load import Order, Report
from bench.scenarios import SCENARIOS, Scenario
from bench.swarm import JOINING

RESULTS = Path(__file__).resolve().parent / "results"
LOAD_LIMIT = 0.9
"""A generator that uses more of a core than this while being waited for may itself be what is measured."""
SAMPLE_SECONDS = 600


class SampleError(Exception):
    """A server failed, or did not deliver exactly what it should have."""


@dataclass(frozen=True, slots=True)
class Options:
    """How every sample of a run is taken. `cpus` are the server's core and the generator's, if pinned."""

    pairs: int
    cpus: tuple[int, int] | None
    linger: float
    scratch: Path | None


@dataclass(frozen=True, slots=True)
class Sample:
    """One server under one scenario, once."""

    peer: str
    scenario: Scenario
    report: Report

    @property
    def cpu_us(self) -> float:
        """Server CPU per delivery, in microseconds, work put off until later included."""
        return self.report.server_cpu_total / self.report.deliveries / 1e3

    @property
    def messages_per_cpu(self) -> float:
        """Messages that one core's worth of the server's CPU takes in, stores, indexes and delivers a second."""
        return self.scenario.messages / self.report.server_cpu_total * 1e9

    @property
    def message_rate(self) -> float:
        """Messages a second of wall time."""
        return self.scenario.messages / self.report.beat_wall * 1e9

    @property
    def storm_cpu_us(self) -> float:
        """Server CPU for each client of a storm, in microseconds, until the server is idle again."""
        return self.report.storm_server_cpu / self.scenario.clients / 1e3

    @property
    def storm_seconds(self) -> float:
        """From the first to the last client's being served."""
        return self.report.storm_wall / 1e9

    @property
    def storm_load_share(self) -> float:
        """CPU of the generator per wall time of the storm."""
        return self.report.storm_load_cpu / self.report.storm_wall

    def delay(self, name: str) -> float:
        """A quantile of the delays of a steady stream, in milliseconds."""
        return self.report.delays[name]

    @property
    def p99_without_sync(self) -> float:
        """The 99th of a hundred delays, less what the disk takes, which a server without a disk saves itself."""
        return self.delay("p99") - self.report.sync_ms

    @property
    def rate(self) -> float:
        """Deliveries a second of wall time."""
        return self.report.deliveries / self.report.beat_wall * 1e9

    @property
    def server_share(self) -> float:
        """CPU of the server per wall time of the beats: 1.0 is one core."""
        return self.report.beat_server_cpu / self.report.beat_wall

    @property
    def load_share(self) -> float:
        """CPU of the generator per wall time of the beats."""
        return self.report.beat_load_cpu / self.report.beat_wall

    @property
    def rss_kb(self) -> float:
        """Growth of the server's resident memory per joined connection, in KB of 1,024 bytes."""
        return (self.report.rss_joined - self.report.rss_before) / self.scenario.clients / 1024

    @property
    def pss_kb(self) -> float:
        """The same by proportional set size, which shares pages among processes."""
        return (self.report.pss_joined - self.report.pss_before) / self.scenario.clients / 1024

    @property
    def join_cpu_us(self) -> float:
        """Server CPU per client for connecting, registering and joining, in microseconds."""
        return self.report.join_server_cpu / self.scenario.clients / 1e3


@dataclass(frozen=True, slots=True)
class Column:
    """A figure of the table: its title, how to read it from a sample, how to print it, whether it has a ratio."""

    title: str
    value: Callable[[Sample], float]
    form: str
    ratio: bool = False


TRAFFIC = (
    Column("CPU us/delivery", lambda sample: sample.cpu_us, ".3f", ratio=True),
    Column("deliveries/s", lambda sample: sample.rate, ",.0f", ratio=True),
    Column("server CPU share", lambda sample: sample.server_share, ".0%"),
    Column("load CPU share", lambda sample: sample.load_share, ".0%"),
)
INTAKE = (
    Column("messages/s of CPU", lambda sample: sample.messages_per_cpu, ",.0f", ratio=True),
    Column("messages/s", lambda sample: sample.message_rate, ",.0f", ratio=True),
    *TRAFFIC[2:],
)
DELAYS = (
    *(
        Column(f"{name} ms", lambda sample, name=name: sample.delay(name), ".2f", ratio=True)  # type: ignore[misc]
        for name in ("p50", "p99", "p99.9")
    ),
    Column("disk sync ms", lambda sample: sample.report.sync_ms, ".2f"),
    Column("p99 ms less sync", lambda sample: sample.p99_without_sync, ".2f", ratio=True),
    TRAFFIC[0],
    TRAFFIC[3],
)
STORM = (
    Column("CPU us/client", lambda sample: sample.storm_cpu_us, ",.0f", ratio=True),
    Column("seconds", lambda sample: sample.storm_seconds, ".2f", ratio=True),
    Column("load CPU share", lambda sample: sample.storm_load_share, ".0%"),
)
RESUME = (
    Column("all served after s", lambda sample: sample.storm_seconds, ".2f", ratio=True),
    Column("accepting after s", lambda sample: sample.report.accepting_after / 1e9, ".2f"),
    *STORM[::2],
)
MEMORY = (
    Column("RSS KB/connection", lambda sample: sample.rss_kb, ".2f", ratio=True),
    Column("PSS KB/connection", lambda sample: sample.pss_kb, ".2f", ratio=True),
    Column("join CPU us/client", lambda sample: sample.join_cpu_us, ",.0f", ratio=True),
)


def take_sample(name: str, scenario: Scenario, options: Options) -> Sample:
    """Start the server afresh, load it, stop it. Raises SampleError with the generator's word, or PeerError."""
    server_cpu, load_cpu = options.cpus or (None, None)
    with peers.run(peers.PEERS[name], scenario, scratch=options.scratch, cpu=server_cpu) as running:
        order = Order(
            scenario=scenario,
            port=running.port,
            server=running.pids,
            registering=_registering(running.peer, scenario),
            linger=options.linger,
            command=running.command,
            cpu=server_cpu,
        )
        done = subprocess.run(
            [sys.executable, "-m", "bench.storm" if scenario.storm else "bench.load"],
            cwd=peers.CHECKOUT,
            check=False,
            input=json.dumps(asdict(order)),
            capture_output=True,
            text=True,
            timeout=SAMPLE_SECONDS,
            preexec_fn=None if load_cpu is None else lambda: procfs.pin(load_cpu),
        )
        if done.returncode:
            raise SampleError(
                f"{name}, {scenario.name}: {done.stderr.strip()}\n{running.log_end()}"
            )
    report = Report(**json.loads(done.stdout))
    if scenario.rate and peers.PEERS[name].durable:
        report.sync_ms = procfs.sync_milliseconds(options.scratch)
    return Sample(name, scenario, report)


def _registering(peer: peers.Peer, scenario: Scenario) -> int:
    """How many may register at once: few where memory is measured, lest the storm's count as theirs who stay."""
    quiet = not scenario.messages and not scenario.storm
    few = quiet and not peer.welcomes_by_the_second
    return min(peer.registering, JOINING) if few else peer.registering


def take_pairs(
    names: Sequence[str], scenario: Scenario, options: Options
) -> list[tuple[Sample, ...]]:
    """A B A B ...: `options.pairs` times one sample of each server, in the order given."""
    pairs = []
    for number in range(options.pairs):
        pair = []
        for name in names:
            _tell(f"{scenario.name}: {number + 1}/{options.pairs} {name} ...", end="")
            start = time.monotonic()
            sample = take_sample(name, scenario, options)
            first = columns_of(scenario)[0]
            _tell(
                f" {first.value(sample):{first.form}} {first.title}, {time.monotonic() - start:.0f} s"
            )
            pair.append(sample)
        pairs.append(tuple(pair))
    return pairs


def table(scenario: Scenario, pairs: Sequence[tuple[Sample, ...]]) -> str:
    """Each server's medians, and the first server's ratio to each of the others: median and range."""
    columns = columns_of(scenario)
    names = [sample.peer for sample in pairs[0]]
    lines = [
        f"{scenario.name}: {scenario.about}",
        f"{len(pairs)} interleaved pairs; medians"
        + (f"; {scenario.deliveries:,} deliveries a sample" if scenario.messages else ""),
        "",
        f"{'':24}" + "".join(f"{column.title:>22}" for column in columns),
    ]
    for place, name in enumerate(names):
        cells = [
            statistics.median(column.value(pair[place]) for pair in pairs) for column in columns
        ]
        lines.append(
            f"{name:24}"
            + "".join(
                f"{format(cell, column.form):>22}"
                for cell, column in zip(cells, columns, strict=True)
            )
        )
    for place, name in enumerate(names[1:], start=1):
        cells_of_ratio = [
            ratio_of(column, pairs, place) if column.ratio else "" for column in columns
        ]
        lines.append(
            f"{f'{names[0]} / {name}':24}" + "".join(f"{cell:>22}" for cell in cells_of_ratio)
        )
    return "\n".join([*lines, "", *_doubts(scenario, pairs)])


def columns_of(scenario: Scenario) -> tuple[Column, ...]:
    if scenario.storm:
        return RESUME if scenario.storm == "resume" else STORM
    if scenario.rate:
        return DELAYS
    if scenario.pattern == "rooms" and scenario.hearers == 1:
        return INTAKE
    return TRAFFIC if scenario.rounds else MEMORY


def ratio_of(column: Column, pairs: Sequence[tuple[Sample, ...]], place: int) -> str:
    ratios = [column.value(pair[0]) / column.value(pair[place]) for pair in pairs]
    return f"{statistics.median(ratios):.2f} ({min(ratios):.2f}-{max(ratios):.2f})"


def _doubts(scenario: Scenario, pairs: Sequence[tuple[Sample, ...]]) -> list[str]:
    """What a reader must know before believing the figures."""
    if not scenario.messages:
        return []
    worst = max((sample for pair in pairs for sample in pair), key=lambda sample: sample.load_share)
    word = "may have been" if worst.load_share > LOAD_LIMIT else "was not"
    return [
        f"The load generator {word} the limit: at most {worst.load_share:.0%} of a core "
        f"(with {worst.peer}), every receipt counted and checked."
    ]


def save(
    path: Path, options: Options, runs: Sequence[tuple[Scenario, list[tuple[Sample, ...]]]]
) -> None:
    """Write every sample, raw, with the machine's shape, as JSON."""
    scratch = options.scratch or Path(os.environ.get("TMPDIR", "/tmp"))
    content = {
        "machine": procfs.environment(scratch),
        "pairs": options.pairs,
        "pinned": options.cpus,
        "linger_seconds": options.linger,
        "runs": [
            {
                "scenario": asdict(scenario),
                "pairs": [
                    {sample.peer: asdict(sample.report) for sample in pair} for pair in pairs
                ],
            }
            for scenario, pairs in runs
        ],
    }
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(content, indent=1) + "\n")


def main(arguments: Sequence[str]) -> int:
    """The command line. Exit status 0: measured; 1: a server failed or misdelivered; 2: wrong arguments."""
    parser = _parser()
    args = parser.parse_args(arguments)
    if args.list:
        print(_listing())
        return 0
    names, chosen = args.peers.split(","), args.scenario.split(",")
    for kind, given, known in (("peer", names, peers.PEERS), ("scenario", chosen, SCENARIOS)):
        for name in given:
            if name not in known:
                parser.error(f"no {kind} is called {name!r}; there are: {', '.join(known)}")
    cores = sorted(os.sched_getaffinity(0))
    options = Options(
        pairs=args.pairs if args.pairs else 2 if args.quick else 7,
        cpus=None if args.no_pin or len(cores) < 2 else (cores[0], cores[1]),
        linger=args.linger / 1e6,
        scratch=args.scratch,
    )
    procfs.raise_file_limit()
    runs = []
    try:
        for name in chosen:
            scenario = SCENARIOS[name].quick() if args.quick else SCENARIOS[name]
            if args.tls:
                scenario = replace(scenario, tls=True)
            pairs = take_pairs(names, scenario, options)
            runs.append((scenario, pairs))
            print("\n" + table(scenario, pairs) + "\n", flush=True)
    except (SampleError, peers.PeerError, subprocess.TimeoutExpired) as error:
        print(f"\nFAILED: {error}", file=sys.stderr)
        return 1
    path = args.output or RESULTS / time.strftime("%Y%m%d-%H%M%S-" + "+".join(chosen) + ".json")
    save(path, options, runs)
    print(f"Samples: {path}")
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m bench pairs", description=__doc__)
    parser.add_argument("--list", action="store_true", help="show servers and scenarios")
    parser.add_argument("--pairs", type=int, help="interleaved pairs (default 7; 2 with --quick)")
    parser.add_argument("--scenario", default="burst500,burst2000,single2000,memory")
    parser.add_argument(
        "--peers", default="hubbub,inspircd", help="the first is compared to the others"
    )
    parser.add_argument("--quick", action="store_true", help="2 pairs, fewer rounds: a first look")
    parser.add_argument("--tls", action="store_true", help="clients connect over TLS")
    parser.add_argument(
        "--no-pin", action="store_true", help="don't bind server and load to a core each"
    )
    parser.add_argument(
        "--linger", type=float, default=100.0, metavar="MICROSECONDS", help="see bench/README.md"
    )
    parser.add_argument(
        "--scratch", type=Path, help="where servers keep their files (default: TMPDIR)"
    )
    parser.add_argument("--output", type=Path, help="the JSON file (default: in bench/results)")
    return parser


def _listing() -> str:
    rows = [("servers", "")]
    for peer in peers.PEERS.values():
        rows.append(
            (f"  {peer.name}", peer.about + ("" if peer.available() else " (not installed)"))
        )
    rows.append(("scenarios", ""))
    rows += [(f"  {row.name}", row.about) for row in SCENARIOS.values()]
    return "\n".join(f"{name:14}{about}".rstrip() for name, about in rows)


def _tell(text: str, end: str = "\n") -> None:
    print(text, end=end, file=sys.stderr, flush=True)
