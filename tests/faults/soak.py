"""Hours of an ordinary day in short: `python -m tests.faults.soak [--clients 5000] [--seconds 1800] [--churn 10]`.

A process of its own keeps so many plain clients connected, in rooms of fifty. All the while some of
them go, half of them without a word, and others come under new names; people talk, read history and
search. Memory, open files and latency have to be flat: what the last third of the time shows is
compared with the first. Memory may not grow by a share, and not by more for each who went either than
what comes and goes explains: with half an hour's 18,000 of them half a KB each is told, with the 600 of
a minute 10 KB. 1 when something grows.
"""

from __future__ import annotations

import argparse
import os
import random
import re
import selectors
import socket
import statistics
import struct
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass, field
from pathlib import Path

from tests.faults.rig import ROOT, Server, seed

ROOM_SIZE = 50
SAMPLE_SECONDS = 2.0
SAID_SECONDS = 300.0
"""How often it says how far it is."""
FILLING = 110_000
"""How many messages are said before all else: the store's page caches (16 MiB) and the index's memory
of words (100,000) are full then, and grow no more."""
NAME_SAYS = 12
"""How many of these are said under one name: the caches of names (8,192 each) are full then as well."""
NUMBERS = 1_000
"""How many different ones what is said later has, as people have their words; new words the index remembers."""
CHURN = 10.0
"""How many go in a second, and as many come."""
WARM_SECONDS = 20.0
"""How long the talk goes on before it counts: caches fill meanwhile."""
MEMORY_MOST, LATENCY_MOST = 1.1, 2.0
"""How much more there may be in the last third of the time than in the first. A machine that is shared
is slower at times, so that latency is given more room."""
MEMORY_SWINGS, GUEST_MOST = 4 << 20, 512
"""Within how many bytes memory comes and goes; and beyond that how many may stay of each who went.

What is kept of them by design is full by then (docs/operations.md), so that it should be none; but the
allocator needs some thousands who come and go before it has settled.
"""
FILES_MORE = 8
SETTINGS = """
[limits]
connections_per_address = 100000
lines_per_second = 1000
burst_lines = 1000
guests_with_markers = 100
whowas_entries = 100
"""
"""What is remembered of so many who left is full before anything is measured, as after some days."""
RESET = struct.pack("ii", 1, 0)
"""SO_LINGER's value with which closing a socket resets its connection."""


class Client:
    """One plain client, that takes in whatever comes and counts what it waits for."""

    def __init__(self, port: int, nick: str, room: str) -> None:
        self.nick, self.room = nick, room
        self.socket = socket.create_connection(("127.0.0.1", port), 30)
        self.socket.setblocking(False)
        self._rest = b""
        self.said = 0
        """How many messages came to it."""
        self.joined = False
        self.say(f"NICK {nick}", f"USER {nick} 0 * :{nick}", "PART #lobby", f"JOIN {room}")

    def say(self, *lines: str) -> None:
        """Says lines; whoever can't take them in was disconnected, which reading tells."""
        with suppress(OSError):
            self.socket.send("".join(f"{line}\r\n" for line in lines).encode())

    def read(self) -> list[bytes]:
        """The lines that came. Raises ConnectionError at the end."""
        received = self.socket.recv(1 << 16)
        if not received:
            raise ConnectionResetError("the server closed the connection")
        *lines, self._rest = (self._rest + received).split(b"\n")
        for line in lines:
            self.said += b" PRIVMSG " in line
            self.joined |= f" {self.room} :End of /NAMES".encode() in line
            if line.startswith(b"PING"):
                self.say("PONG" + line[4:].decode().rstrip())
        return lines

    def leave(self, *, politely: bool) -> None:
        if politely:
            self.say("QUIT :bye")
        else:
            self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET)
        self.socket.close()


class Crowd:
    """All clients of one process, and what they do."""

    def __init__(self, port: int, size: int, chance: random.Random) -> None:
        self._port, self._size, self._chance = port, size, chance
        self._selector = selectors.DefaultSelector()
        self._born = self._texts = 0
        self.clients: list[Client] = []
        self.churned = self.lost = 0
        self._hearer, self._prober = self._add("#probe"), self._add("#probe")
        self._asked: tuple[str, float] | None = None
        while len(self.clients) < size:
            self._be_born()
            self.serve(0)

    def _add(self, room: str) -> Client:
        self._born += 1
        client = Client(self._port, f"c{self._born}", room)
        self._selector.register(client.socket, selectors.EVENT_READ, client)
        return client

    def _be_born(self) -> None:
        rooms = max(1, self._size // ROOM_SIZE)
        self.clients.append(self._add(f"#r{self._chance.randrange(rooms)}"))

    def serve(self, seconds: float) -> None:
        """Takes in what comes, until nothing came for so long."""
        for key, _ in self._selector.select(seconds):
            client: Client = key.data
            try:
                lines = client.read()
            except BlockingIOError:
                continue
            except OSError:
                self._drop(client)
                continue
            if client is self._hearer and self._asked is not None:
                text, at = self._asked
                if any(line.rstrip().endswith(text.encode()) for line in lines):
                    print("latency", at, time.monotonic() - at, flush=True)
                    self._asked = None

    def _drop(self, client: Client) -> None:
        if client in (self._hearer, self._prober):
            raise SystemExit("the probe was disconnected")
        self.lost += 1
        self._forget(client)
        client.socket.close()

    def _forget(self, client: Client) -> None:
        self._selector.unregister(client.socket)
        self.clients.remove(client)

    def churn(self) -> None:
        """Somebody goes, somebody else comes."""
        if self.clients:
            client = self._chance.choice(self.clients)
            self._forget(client)
            client.leave(politely=self._chance.random() < 0.5)
        self._be_born()
        self.churned += 1

    def talk(self) -> None:
        """Somebody says or asks something."""
        client, self._texts = self._chance.choice(self.clients), self._texts + 1
        kind = self._chance.random()
        if kind < 0.9:
            client.say(f"PRIVMSG {client.room} :text {self._texts % NUMBERS} of many")
        elif kind < 0.95:
            client.say(f"CHATHISTORY LATEST {client.room} * 50")
        else:
            client.say(f"WHOIS {self._chance.choice(self.clients).nick}", f"NAMES {client.room}")

    def fill(self, messages: int) -> None:
        """Says so much at once that whatever remembers what was said is full, as after some days."""
        while not self._hearer.joined:  # it wouldn't hear all, and be waited for without end
            self.serve(1.0)
        for _ in range(messages // 100):
            self._texts += 100
            lines = []
            for word in range(self._texts, self._texts + 100):
                lines += [f"NICK f{word}"] if word % NAME_SAYS == 0 else []
                lines.append(f"PRIVMSG #probe :word{word} {'of many ' * 9}")
            self._prober.say(*lines)
            until = self._hearer.said + 100
            while self._hearer.said < until:
                self.serve(1.0)

    def probe(self) -> None:
        """A message whose way is timed, unless the last one is still on its way."""
        if self._asked is None:
            self._texts += 1
            self._asked = (f"probe {self._texts % NUMBERS}", time.monotonic())
            self._prober.say(f"PRIVMSG #probe :{self._asked[0]}")


@dataclass(frozen=True, slots=True)
class Plan:
    """How many `clients` there are, and of them `churn` in a second go and others come.

    It is measured for so many `seconds`, after `filling` messages and then `warm` seconds of talk.
    """

    clients: int
    seconds: float
    churn: float = CHURN
    warm: float = WARM_SECONDS
    filling: int = FILLING

    def words(self) -> list[str]:
        """The command line's words for it."""
        return [f"--{name}={value}" for name, value in asdict(self).items()]


def run_crowd(port: int, plan: Plan, chance: random.Random) -> None:
    """The crowd's process: writes latencies as they are measured, and in the end what it did."""
    crowd = Crowd(port, plan.clients, chance)
    crowd.fill(plan.filling)
    begin = time.monotonic()
    print("there", begin, flush=True)
    since, end = begin + plan.warm, begin + plan.warm + plan.seconds
    due = dict.fromkeys((crowd.churn, crowd.talk, crowd.probe), begin)
    every = {crowd.churn: 1 / plan.churn, crowd.talk: 0.05, crowd.probe: 0.1}
    while (now := time.monotonic()) < end:
        if now < since:
            crowd.churned = 0
        for act, at in due.items():
            if now >= at:
                act()
                due[act] = now + every[act]
        crowd.serve(0.01)
    said = sum(client.said for client in crowd.clients)
    print(f"did churned {crowd.churned}, lost {crowd.lost}, heard {said}", flush=True)


# -- what was measured ----------------------------------------------------------------------------


@dataclass(slots=True)
class Measured:
    """Times are of the monotonic clock; memory in bytes, latencies in seconds."""

    since: float
    until: float
    rss: list[tuple[float, int]] = field(default_factory=list)
    files: list[tuple[float, int]] = field(default_factory=list)
    latencies: list[tuple[float, float]] = field(default_factory=list)
    ends: str = ""
    errors: int = 0

    def _thirds(self, taken: Sequence[tuple[float, float]]) -> tuple[list[float], list[float]]:
        third = (self.until - self.since) / 3
        first = [value for at, value in taken if self.since <= at < self.since + third]
        last = [value for at, value in taken if self.until - third <= at < self.until]
        return first or [0.0], last or [float("inf")]

    def grown(self) -> float:
        """By how many bytes memory grew between the middles of the first and the last third."""
        first, last = (_of("memory", values) for values in self._thirds(self.rss))
        return last - first

    def guests(self) -> float:
        """How many went between these, at least 1."""
        went = re.match(r"churned (\d+)", self.ends)
        return max(1.0, int(went[1]) * 2 / 3 if went else 0.0)

    def wrongs(self) -> list[str]:
        """What isn't flat, or else was wrong."""
        found = []
        for what, taken, most in (
            ("memory", self.rss, MEMORY_MOST),
            ("p50", self.latencies, LATENCY_MOST),
            ("p99", self.latencies, LATENCY_MOST),
        ):
            first, last = (_of(what, values) for values in self._thirds(taken))
            if last > most * first:
                found.append(f"{what} grew {last / first:.2f} x")
        grown = self.grown()
        if grown > max(MEMORY_SWINGS, GUEST_MOST * self.guests()):
            found.append(f"memory grew {grown / self.guests():.0f} bytes for each who went")
        first_files, last_files = self._thirds(self.files)
        if max(last_files) > max(first_files) + FILES_MORE:
            found.append("open files grew")
        if " lost 0," not in self.ends:
            found.append(f"clients were lost: {self.ends or 'the crowd ended early'}")
        if self.errors:
            found.append(f"{self.errors} errors in the log")
        return found

    def table(self) -> str:
        """First and last third of the time, as Markdown."""
        rows: list[tuple[str, Sequence[tuple[float, float]], str, float]] = [
            ("memory, MiB", self.rss, "memory", 1 / (1 << 20)),
            ("open files", self.files, "memory", 1),
        ]
        rows += [(f"latency {share}, ms", self.latencies, share, 1000) for share in ("p50", "p99")]
        lines = ["| | first third | last third |", "|---|---|---|"]
        for name, taken, what, unit in rows:
            first, last = (_of(what, values) * unit for values in self._thirds(taken))
            lines.append(f"| {name} | {first:.1f} | {last:.1f} |")
        each = self.grown() / self.guests()
        lines.append(f"| bytes for each of {self.guests():.0f} who went between | | {each:.0f} |")
        return "\n".join(lines)


def _of(what: str, values: Sequence[float]) -> float:
    if what == "p99":
        return sorted(values)[int(len(values) * 0.99)]
    return statistics.median(values)


def soak(plan: Plan, number: int, home: Path, module: Sequence[str] = ("hubbub.cli",)) -> Measured:
    """Runs server and crowd, and measures from when all are there and have talked a while.

    `module` is what Python runs as the server, with its first words.
    """
    server = Server(home, SETTINGS)
    server.module = module
    with server, (home / "crowd").open("w+") as output:
        command = [sys.executable, "-m", "tests.faults.soak", f"--crowd={server.port}"]
        command += [f"--seed={number}", *plan.words()]
        crowd = subprocess.Popen(command, cwd=ROOT, stdout=output)
        try:
            while not (there := _lines(output.name, "there")) and crowd.poll() is None:
                time.sleep(0.1)
            since = float(there[0][0]) + plan.warm if there else time.monotonic()
            measured = Measured(since, since + plan.seconds)
            said = since
            while crowd.poll() is None:
                now = time.monotonic()
                measured.rss.append((now, server.rss()))
                measured.files.append((now, server.files()))
                if now - said >= SAID_SECONDS:
                    said = now
                    print(f"{now - since:.0f} s: {server.rss() / (1 << 20):.1f} MiB", flush=True)
                time.sleep(SAMPLE_SECONDS)
        finally:
            crowd.terminate()
            crowd.wait()
        measured.latencies = [
            (float(at), float(took)) for at, took in _lines(output.name, "latency")
        ]
        measured.ends = " ".join(" ".join(words) for words in _lines(output.name, "did"))
        measured.errors = sum("Traceback" in line or " error " in line for line in server.log())
    return measured


def _lines(path: str, kind: str) -> list[list[str]]:
    """The words of each whole line of a kind, without it."""
    whole = Path(path).read_text().rpartition("\n")[0].splitlines()
    return [words[1:] for words in map(str.split, whole) if words[:1] == [kind]]


def main(arguments: Sequence[str] | None = None) -> int:
    """Prints what was measured; 1 when something grows."""
    parser = argparse.ArgumentParser(prog="python -m tests.faults.soak", description=__doc__)
    parser.add_argument("--clients", type=int, default=1_000)
    parser.add_argument("--seconds", type=float, default=60.0)
    parser.add_argument("--churn", type=float, default=CHURN, help="how many go in a second")
    parser.add_argument("--warm", type=float, default=WARM_SECONDS, help=argparse.SUPPRESS)
    parser.add_argument("--filling", type=int, default=FILLING, help=argparse.SUPPRESS)
    parser.add_argument("--crowd", type=int, help=argparse.SUPPRESS)
    parser.add_argument("--seed", type=int, help=argparse.SUPPRESS)
    options = parser.parse_args(arguments)
    plan = Plan(options.clients, options.seconds, options.churn, options.warm, options.filling)
    if options.crowd is not None:
        run_crowd(options.crowd, plan, random.Random(options.seed))
        return 0
    if not os.path.exists("/proc/self/status"):
        print("skipped: memory is read from /proc, which this system doesn't have")
        return 0
    with tempfile.TemporaryDirectory(prefix="hubbub-soak-") as home:
        measured = soak(plan, seed(), Path(home))
    print(measured.table(), measured.ends, sep="\n")
    wrongs = measured.wrongs()
    print("; ".join(wrongs) or "flat")
    return int(bool(wrongs))


if __name__ == "__main__":
    sys.exit(main())
