"""How long a page of the history and a search take, over the wire, when a million messages lie there.

    python -m bench reading [--messages 1000000] [--asks 300]

One client asks and waits for the end of the answer, again and again: pages of 100 messages from random
places, the newest page, and searches for words that are common, usual and rare in the history.
Prints p50, p95 and p99 in milliseconds of wall time, and the server's CPU time for one answer.
"""

from __future__ import annotations

import argparse
import random
import re
import socket
import sqlite3
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path

from bench import procfs, start
from bench.peers import HUBBUB_CONFIG
from bench.search import Speech
from hubbub.core.ids import Place, msgid
from hubbub.store.places import Lists

MESSAGES = 1_000_000
ASKS = 300
PAGE = 100
_ROW = """
INSERT INTO history (place, time, room, command, source, args, text, status, author, peer, peer_nick,
                     account, realname)
VALUES (?, ?, ?, 'PRIVMSG', ?, '', ?, '', '', '', '', '', '')
"""


@dataclass(frozen=True, slots=True)
class Reading:
    """What one kind of question took. Times in milliseconds."""

    name: str
    p50: float
    p95: float
    p99: float
    cpu: float
    lines: float
    """How many messages an answer had, on average."""
    messages: int
    """How many messages the history had."""


class _Asker:
    """A client that asks one thing after the other."""

    def __init__(self, sock: socket.socket) -> None:
        self._sock = sock
        self._asked = 0

    def ask(self, question: str) -> tuple[float, int]:
        """Milliseconds until the whole answer had come, and how many messages it had."""
        self._asked += 1
        began = time.perf_counter()
        self._sock.sendall(f"@label=q{self._asked} {question}\r\nPING e{self._asked}\r\n".encode())
        answer = bytearray()
        end = f" e{self._asked}\r\n".encode()
        while not answer.endswith(end):
            part = self._sock.recv(1 << 18)
            if not part:
                raise SystemExit(f"the server closed the connection at {question}")
            answer += part
        took = 1000 * (time.perf_counter() - began)
        if b" FAIL " in answer:
            raise SystemExit(f"{question} failed: {bytes(answer[:300])!r}")
        return took, answer.count(b" PRIVMSG ")


def fill(data: Path, messages: int) -> str:
    """Makes a data directory whose lobby has so many messages, indexed; returns the log's id."""
    with start.served(data) as client:
        start.ask(client, "NICK maker\r\nUSER maker 0 * :maker", " 366 ")
    speech = Speech(1)
    path = data / "hubbub.db"
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        connection.execute("BEGIN")
        counters = dict(connection.execute("SELECT name, value FROM counters"))
        (log_id,) = connection.execute("SELECT id FROM log").fetchone()
        (room,) = connection.execute("SELECT id FROM rooms WHERE name = '#lobby'").fetchone()
        place, clock = counters["place"], counters["clock"]
        connection.executemany(
            _ROW,
            (
                (
                    place + number,
                    clock - (messages - number) * 50,
                    room,
                    f"p{number % 500}!~p@localhost",
                    speech.text(),
                )
                for number in range(messages)
            ),
        )
        connection.execute(
            "UPDATE counters SET value = ? WHERE name = 'place'", (place + messages,)
        )
        Lists().list_tail(connection.cursor())
        connection.execute("COMMIT")
    start.index(data)
    return str(log_id)


@contextmanager
def _served(data: Path) -> Iterator[tuple[socket.socket, list[int]]]:
    config = data.parent / "reading.toml"
    config.write_text(HUBBUB_CONFIG)
    command = [sys.executable, "-m", "hubbub.cli", "serve", "--no-console", "--config", str(config)]
    process = subprocess.Popen(
        [*command, "--listen", "127.0.0.1:0", "--data", str(data)],
        cwd=start.ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    assert process.stdout is not None
    try:
        found = re.search(r"127\.0\.0\.1:(\d+)", process.stdout.readline())
        if found is None:
            raise SystemExit(f"the server didn't start: status {process.wait()}")
        with socket.create_connection(("127.0.0.1", int(found[1])), 30) as sock:
            yield sock, procfs.process_tree(process.pid)
    finally:
        process.terminate()
        process.wait()
        process.stdout.close()


def questions(log_id: str, messages: int, first: int) -> dict[str, Callable[[], str]]:
    """What is asked, by its name."""
    draw, speech = random.Random(3), Speech(2)

    def somewhere() -> str:
        return msgid(log_id, Place(first + draw.randrange(PAGE, messages)))

    def word(low: int, high: int) -> str:
        return speech.words[draw.randrange(low, high)]

    return {
        "a page anywhere": lambda: f"CHATHISTORY BEFORE #lobby msgid={somewhere()} {PAGE}",
        "the newest page": lambda: f"CHATHISTORY LATEST #lobby * {PAGE}",
        "search: a common word": lambda: f"SEARCH text={word(0, 20)};in=#lobby;limit=50",
        "search: a usual word": lambda: f"SEARCH text={word(200, 2000)};in=#lobby;limit=50",
        "search: a rare word": lambda: f"SEARCH text={word(50_000, 200_000)};in=#lobby;limit=50",
    }


def measure(
    messages: int = MESSAGES, asks: int = ASKS, scratch: Path | None = None
) -> list[Reading]:
    """All kinds of question, one after the other."""
    readings = []
    with tempfile.TemporaryDirectory(dir=scratch) as directory:
        data = Path(directory, "data")
        log_id = fill(data, messages)
        with closing(sqlite3.connect(data / "hubbub.db")) as connection:
            query = "SELECT min(place) FROM history WHERE command = 'PRIVMSG'"
            (first,) = connection.execute(query).fetchone()
        with _served(data) as (sock, pids):
            caps = (
                "message-tags server-time batch labeled-response draft/chathistory soju.im/search"
            )
            start.ask(sock, f"CAP REQ :{caps}\r\nNICK reader\r\nUSER r 0 * :r\r\nCAP END", " 366 ")
            asker = _Asker(sock)
            for name, question in questions(log_id, messages, first).items():
                asker.ask(question())
                cpu = procfs.cpu_ns(pids)
                took = [asker.ask(question()) for _ in range(asks)]
                used = (procfs.cpu_ns(pids) - cpu) / asks / 1e6
                times = sorted(milliseconds for milliseconds, _ in took)
                lines = statistics.mean(count for _, count in took)
                p50, p95, p99 = (times[int(share * len(times))] for share in (0.5, 0.95, 0.99))
                readings.append(Reading(name, p50, p95, p99, used, lines, messages))
    return readings


def table(readings: Sequence[Reading]) -> str:
    """The figures, as text."""
    lines = [f"{'':24}{'p50 ms':>10}{'p95 ms':>10}{'p99 ms':>10}{'CPU ms':>10}{'messages':>10}"]
    for row in readings:
        figures = (row.p50, row.p95, row.p99, row.cpu)
        cells = "".join(f"{figure:>10.2f}" for figure in figures)
        lines.append(f"{row.name:24}{cells}{row.lines:>10.1f}")
    return "\n".join(lines)


def main(arguments: Sequence[str]) -> int:
    """The command line."""
    parser = argparse.ArgumentParser(prog="python -m bench reading", description=__doc__)
    parser.add_argument("--messages", type=int, default=MESSAGES)
    parser.add_argument("--asks", type=int, default=ASKS)
    parsed = parser.parse_args(arguments)
    print(table(measure(parsed.messages, parsed.asks)))
    return 0
