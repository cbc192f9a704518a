"""What hostile clients cost the others: `python -m tests.faults.hostile`, a table of each abuse.

Each abuse has a server of its own, which it attacks twice. Meanwhile a client in a process of its own
asks PING after PING. The table (Markdown, as it stands in docs/performance.md) has the server's memory
and that client's latency before, during (the worst of both rounds) and after. 1 when memory isn't
bounded, or the client is starved or dropped. Bounds are ratios of what was measured in the same run, for
a machine that is slow or shared is so all the while.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from random import Random

from tests.faults.hostilities import HOSTILITIES, Hostility
from tests.faults.rig import ROOT, START_WITHIN, Server, seed

MIB = 1 << 20
GROWTH_MOST = 1.2
"""How much more memory there may be after the second round than after the first."""
PEAK_MOST = 6.0
"""How much more memory there may ever be than before: queues and handshakes are bounded, not free."""
SLOWED_MOST = 50.0
"""By how much fewer answers a second the other client may get: fewer is starved, not slowed."""
PROBES = 10
"""Connections that ask in turn, so that none of them is slowed down for asking too often."""
PROBE_SECONDS = 0.015
SETTLE_SECONDS = 1.0
FILES_MORE = 8
"""Files that may have been opened for good meanwhile: the readers' of the history."""


# -- the other client -----------------------------------------------------------------------------


def probe(port: int) -> None:
    """Asks PING after PING; writes when each was asked, and its latency, as they come."""
    wires = []
    for number in range(PROBES):
        sock = socket.create_connection(("127.0.0.1", port))
        sock.sendall(b"NICK probe%d\r\nUSER probe 0 * :probe\r\n" % number)
        wires.append((sock, sock.makefile("rb")))
    for number in count(1):
        sock, stream = wires[number % PROBES]
        began = time.monotonic()
        sock.sendall(b"PING %d\r\n" % number)
        while True:
            line = stream.readline()
            if not line:
                return
            if b" PONG " in line and line.split()[-1].lstrip(b":") == b"%d" % number:
                break
        print(began, time.monotonic() - began, flush=True)
        time.sleep(PROBE_SECONDS)


class Probe:
    """The other client's process."""

    def __init__(self, home: Path, port: int) -> None:
        self._path = home / "latencies"
        with self._path.open("wb") as output:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "tests.faults.hostile", "--probe", str(port)],
                cwd=ROOT,
                stdout=output,
            )

    def answered(self, since: float, until: float) -> list[float]:
        """The latencies of what was asked in a span of time, in order."""
        lines = [line.split() for line in self._path.read_text().splitlines(keepends=True)]
        times = [(float(words[0]), float(words[1])) for words in lines if len(words) == 2]
        return [latency for began, latency in times if since <= began < until]

    @property
    def is_connected(self) -> bool:
        return self._process.poll() is None

    def stop(self) -> None:
        self._process.terminate()
        self._process.wait()


# -- what was measured ------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Phase:
    """A span of time: memory in bytes (its most), and the other client's answers."""

    rss: int
    seconds: float
    latencies: Sequence[float]

    @property
    def rate(self) -> float:
        """Answers a second."""
        return len(self.latencies) / self.seconds

    def percentile(self, share: float) -> float:
        """A latency in seconds, as if it had been asked at every PROBE_SECONDS; or as long as the phase was.

        Who waits for an answer doesn't ask meanwhile: a second in which nothing is answered would be
        one long answer among many short ones.
        """
        waits = sorted(
            latency - missed * PROBE_SECONDS
            for latency in self.latencies
            for missed in range(1 + int(latency / PROBE_SECONDS))
        )
        return waits[min(len(waits) - 1, int(share * len(waits)))] if waits else self.seconds


@dataclass(frozen=True, slots=True)
class Measured:
    """One abuse: before it, both rounds, and after each of them."""

    name: str
    before: Phase
    during: Sequence[Phase]
    after: Sequence[Phase]
    connected: bool = True
    errors: int = 0

    def wrongs(self) -> list[str]:
        """What of it isn't as it should be."""
        found = []
        if not self.before.latencies:
            found.append("the other client had no answer before")
        growth = self.after[-1].rss / self.after[0].rss
        if growth > GROWTH_MOST:
            found.append(f"memory grows: {growth:.1f} x with the second round")
        peak = max(phase.rss for phase in (*self.during, *self.after)) / self.before.rss
        if peak > PEAK_MOST:
            found.append(f"memory isn't bounded: {peak:.1f} x")
        if not self.connected:
            found.append("the other client was dropped")
        for word, phases in (("meanwhile", self.during), ("afterwards", self.after[-1:])):
            slowed = self.before.rate / max(min(phase.rate for phase in phases), 1e-9)
            if slowed > SLOWED_MOST:
                found.append(f"the other client is starved {word}: {slowed:.0f} x fewer answers")
        if self.errors:
            found.append(f"{self.errors} errors in the log")
        return found

    def line(self) -> str:
        """Its line of the table."""
        worst = max(self.during, key=lambda phase: phase.percentile(0.99))
        rss = (self.before.rss, max(phase.rss for phase in self.during), self.after[-1].rss)
        phases = (self.before, worst, self.after[-1])
        cells = [self.name, " / ".join(f"{value / MIB:.0f}" for value in rss)]
        for share in (0.5, 0.99):
            cells.append(" / ".join(f"{phase.percentile(share) * 1_000:.1f}" for phase in phases))
        return f"| {' | '.join(cells)} | {'; '.join(self.wrongs()) or 'ok'} |"


HEAD = (
    "| before / during / after | server, MiB | others' PING p50, ms | p99, ms | |\n"
    "|---|---|---|---|---|"
)

UNTOUCHED = (
    "\nNothing is ever decompressed: WebSocket's permessage-deflate isn't taken up, a request's body isn't"
    "\nread, and TLS doesn't compress. The row of decompression bombs is what it costs to refuse them."
)

# -- measuring --------------------------------------------------------------------------------------


async def _phase(server: Server, probe: Probe, running: asyncio.Task[None] | float) -> Phase:
    """Measures while something runs, or for so many seconds."""
    began, rss = time.monotonic(), server.rss()
    task = running if isinstance(running, asyncio.Task) else asyncio.create_task(_rest(running))
    while not task.done():
        await asyncio.wait((task,), timeout=0.05)
        rss = max(rss, server.rss()) if task is running else server.rss()
    task.result()
    until = time.monotonic()
    return Phase(rss, until - began, probe.answered(began, until))


async def _settled(server: Server, files: int) -> None:
    """Waits until the attackers' connections are gone from the server as well, or for too long."""
    until = time.monotonic() + START_WITHIN
    while server.files() > files + FILES_MORE and time.monotonic() < until:
        await asyncio.sleep(0.05)
    await asyncio.sleep(SETTLE_SECONDS)


async def _rest(seconds: float) -> None:
    await asyncio.sleep(seconds)


async def _attacked(
    server: Server, home: Path, hostility: Hostility, seconds: float, size: float, number: int
) -> Measured:
    chance = Random(f"{number}{hostility.name}")
    await hostility.prepare(server)
    probe = Probe(home, server.port)
    try:
        async with asyncio.timeout(START_WITHIN):
            while not probe.answered(0, time.monotonic()):
                await asyncio.sleep(0.05)
        await asyncio.sleep(SETTLE_SECONDS)
        before = await _phase(server, probe, SETTLE_SECONDS)
        files = server.files()
        during, after = [], []
        for _ in range(2):
            attack = asyncio.create_task(hostility.attack(server, chance, seconds, size))
            during.append(await _phase(server, probe, attack))
            await _settled(server, files)
            after.append(await _phase(server, probe, SETTLE_SECONDS))
        connected = probe.is_connected
    finally:
        probe.stop()
    errors = sum("Traceback" in line or " error " in line for line in server.log())
    return Measured(hostility.name, before, during, after, connected, errors)


def measure(hostility: Hostility, seconds: float, size: float, number: int) -> Measured:
    """Attacks a server of its own with one abuse."""
    with (
        tempfile.TemporaryDirectory(prefix="hubbub-hostile-") as home,
        Server(Path(home)) as server,
    ):
        return asyncio.run(_attacked(server, Path(home), hostility, seconds, size, number))


def main(arguments: Sequence[str] | None = None) -> int:
    """Prints the table; 1 when something is wrong."""
    parser = argparse.ArgumentParser(prog="python -m tests.faults.hostile", description=__doc__)
    parser.add_argument("abuses", nargs="*", choices=[*HOSTILITIES, []], help="which (all)")
    parser.add_argument("--seconds", type=float, default=3.0, help="for how long, each round")
    parser.add_argument("--size", type=float, default=1.0, help="how many attackers, as a factor")
    parser.add_argument("--probe", type=int, help=argparse.SUPPRESS)
    options = parser.parse_args(arguments)
    if options.probe is not None:
        probe(options.probe)
        return 0
    if not os.path.exists("/proc/self/status"):
        print("skipped: memory is read from /proc, which this system doesn't have")
        return 0
    number = seed()
    print(HEAD, flush=True)
    wrong = False
    for name in options.abuses or HOSTILITIES:
        measured = measure(HOSTILITIES[name], options.seconds, options.size, number)
        print(measured.line(), flush=True)
        wrong |= bool(measured.wrongs())
    print(UNTOUCHED)
    return int(wrong)


if __name__ == "__main__":
    sys.exit(main())
