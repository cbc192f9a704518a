"""How long a start takes: from the command to the first answer, with an empty and with a long history.

    python -m bench start [--rows 1000000] [--runs 7]

Warm: once before the measured starts the server ran from the same files. The clock begins before the process
is made and stops when a client that connected over TCP has its PING answered. The exit status is 1 when a
median isn't below the target.
"""

from __future__ import annotations

import argparse
import re
import signal
import socket
import sqlite3
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from pathlib import Path

from hubbub.store.places import Lists
from hubbub.store.store import open_store

ROOT = Path(__file__).parents[1]
ROWS = 1_000_000
RUNS = 7
TARGET = 1.0
"""Seconds."""

_FILL = """
WITH RECURSIVE numbers(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM numbers WHERE n < :rows)
INSERT INTO history (place, time, room, command, source, args, text, status, author, peer, peer_nick,
                     account, realname)
SELECT :place + n, :time + n * 50, :room, 'PRIVMSG', 'p' || n % 500 || '!~p@localhost', '',
       'message ' || n || ' of a chat that has gone on for a while, and goes on',
       '', '', '', '', '', ''
FROM numbers
"""


@contextmanager
def served(data: Path) -> Iterator[socket.socket]:
    """A server on a data directory, and a connection to it that has had its first answer."""
    command = [sys.executable, "-m", "hubbub.cli", "serve", "--no-console"]
    command += ["--listen", "127.0.0.1:0", "--data", str(data)]
    process = subprocess.Popen(
        command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    )
    assert process.stdout is not None
    try:
        found = re.search(r"127\.0\.0\.1:(\d+)", process.stdout.readline())
        if found is None:
            raise SystemExit(f"the server didn't start: status {process.wait()}")
        with socket.create_connection(("127.0.0.1", int(found[1])), 10) as client:
            ask(client, "PING ready", "ready\r\n")
            yield client
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait()
        process.stdout.close()


def ask(client: socket.socket, question: str, ends: str) -> str:
    client.sendall(f"{question}\r\n".encode())
    answer = ""
    while ends not in answer:
        answer += client.recv(1 << 16).decode()
    return answer


def start_seconds(data: Path) -> float:
    """Seconds of one start."""
    began = time.perf_counter()
    with served(data):
        return time.perf_counter() - began


def fill(data: Path, rows: int) -> None:
    """Makes a data directory with a lobby whose history has so many messages."""
    with served(data) as client:
        ask(client, "NICK maker\r\nUSER maker 0 * :maker", " 366 ")
    with closing(sqlite3.connect(data / "hubbub.db", isolation_level=None)) as connection:
        connection.execute("BEGIN")
        counters = dict(connection.execute("SELECT name, value FROM counters"))
        (room,) = connection.execute("SELECT id FROM rooms WHERE name = '#lobby'").fetchone()
        place, clock = counters["place"], counters["clock"]
        connection.execute(
            _FILL, {"rows": rows, "place": place - 1, "time": clock - rows * 50, "room": room}
        )
        connection.execute("UPDATE counters SET value = ? WHERE name = 'place'", (place + rows,))
        Lists().list_tail(connection.cursor())
        connection.execute("COMMIT")
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
    with served(data) as client:
        shown = ask(client, "NICK reader\r\nUSER reader 0 * :reader\r\nPING end", "PONG")
        if f"message {rows} of" not in shown:
            raise SystemExit("the history that was made isn't shown: its making is wrong")


def index(data: Path) -> None:
    """Takes into the search index what isn't in it yet, so that no server has to do it while it is measured."""
    store = open_store(data / "hubbub.db")
    while store.index_some():
        pass
    store.close()


def main(argv: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description="Measure the time of a start.")
    parser.add_argument("--rows", type=int, default=ROWS, help="messages in the long history")
    parser.add_argument("--runs", type=int, default=RUNS, help="measured starts of each")
    parser.add_argument(
        "--scratch", type=Path, help="where to put the data (default: a temporary place)"
    )
    options = parser.parse_args(argv)
    worst = 0.0
    with tempfile.TemporaryDirectory(dir=options.scratch) as scratch:
        empty, long = Path(scratch, "empty"), Path(scratch, "long")
        fill(long, options.rows)
        start_seconds(empty)
        times: dict[str, list[float]] = {"empty": [], f"{options.rows:,} messages": []}
        for _ in range(options.runs):
            for name, data in zip(times, (empty, long), strict=True):
                times[name].append(start_seconds(data))
        size = (long / "hubbub.db").stat().st_size
    for name, seconds in times.items():
        median = statistics.median(seconds)
        worst = max(worst, median)
        print(
            f"start, {name}: median {median:.3f} s, {min(seconds):.3f} to {max(seconds):.3f} s"
            f" of {len(seconds)}"
        )
    print(f"the long history's file: {size / 1e6:.0f} MB; target: below {TARGET:.0f} s each")
    return 0 if worst < TARGET else 1


if __name__ == "__main__":
    sys.exit(main())
