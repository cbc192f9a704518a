"""The power fails under load, at random moments: nothing that anybody was shown is lost.

The server is a real one with real sockets and files; only its disk forgets what wasn't synced (`unsynced`). After each
cut an ordinary server starts on what is left. Two cuts by default; HUBBUB_CUTS=100 for many, HUBBUB_SEED=n
for the same choices once more:

    HUBBUB_CUTS=100 python -m pytest -s tests/faults/test_power.py
"""

from __future__ import annotations

import asyncio
import os
import random
import shutil
import sqlite3
from contextlib import closing
from pathlib import Path
from random import Random

import pytest

from tests.faults.crowd import ROOMS, Crowd, check_pages
from tests.faults.ledger import Ledger
from tests.faults.rig import NotStarted, Server, is_sound, report, run, seed
from tests.faults.test_kill import check_all, until_killed
from tests.faults.unsynced import Connection, Vfs

CUTS = int(os.environ.get("HUBBUB_CUTS", "2"))
CONNECTIONS = 60
BUGS_WITHIN = 10
"""After how many cuts a planted bug has to be found."""


@pytest.mark.timeout(90 + 30 * CUTS)
def test_what_was_shown_outlives_a_power_cut(tmp_path: Path) -> None:
    server = Server(tmp_path)
    run(server, _outlives(server, random.Random(seed())))


async def _outlives(server: Server, chance: random.Random) -> None:
    crowd, ledger = Crowd(CONNECTIONS, chance), Ledger(server.database)
    await _cuts(server, crowd, ledger, chance, CUTS)
    server.start()
    figures = await check_all(server, crowd, ledger)
    ledger.check_kept()
    report("power cuts", cuts=CUTS, **figures)
    assert ledger.shown > 300 * CUTS, "hardly anything was shown: the load was none"


@pytest.mark.timeout(60 + 15 * BUGS_WITHIN)
@pytest.mark.parametrize("synchronous", ["OFF", "NORMAL"])
def test_a_store_that_does_not_wait_for_the_disk_is_found_out(
    tmp_path: Path, synchronous: str
) -> None:
    """What the test is worth: with SQLite told to sync nothing, or its log now and then, it fails."""
    server = Server(tmp_path)
    chance = random.Random(seed())
    crowd, ledger = Crowd(CONNECTIONS, chance), Ledger(server.database)
    with pytest.raises((AssertionError, NotStarted)) as found:
        run(server, _cuts(server, crowd, ledger, chance, BUGS_WITHIN, synchronous))
    report("planted", synchronous=synchronous, found=str(found.value)[:100])


async def _cuts(
    server: Server,
    crowd: Crowd,
    ledger: Ledger,
    chance: random.Random,
    cuts: int,
    synchronous: str = "FULL",
) -> None:
    """Cuts the power again and again; looks each time at what is left, as an ordinary server finds it."""
    since: dict[str, str] = {}
    ordinary = server.module
    for cut in range(1, cuts + 1):
        forgetful = ("tests.faults.unsynced", synchronous, str(chance.getrandbits(32)))
        server.module = forgetful
        server.start()
        server.module = ordinary
        await until_killed(server, crowd, chance, early=chance.random() < 0.25)
        server.start()
        ledger.check_kept()
        ledger.read()
        ledger.check(crowd.sessions)
        ledger.emptied(ROOMS)
        paged = await check_pages(server.port, ledger, since)
        assert await asyncio.to_thread(server.stop) == 0
        assert is_sound(server.database)
        report("cut", number=cut, rows=len(ledger.rows), shown=ledger.shown, paged=paged)


# -- the disk itself --------------------------------------------------------------------------


@pytest.mark.parametrize(("synchronous", "kept"), [("FULL", 10), ("NORMAL", 0), ("OFF", 0)])
def test_what_was_synced_is_on_the_disk_and_the_rest_is_seen_by_the_process_only(
    tmp_path: Path, synchronous: str, kept: int
) -> None:
    path = tmp_path / "a.db"
    vfs = Vfs(Random(1), f"test-{synchronous}")
    path.touch()
    writer, reader = (Connection(vfs, path, synchronous) for _ in range(2))
    with closing(writer), closing(reader):
        assert writer.execute("PRAGMA journal_mode = WAL").fetchone() == ("wal",)
        writer.execute("PRAGMA synchronous = FULL")
        writer.execute("CREATE TABLE lines (text)")
        writer.execute("PRAGMA wal_checkpoint").fetchall()
        for number in range(10):
            writer.execute("INSERT INTO lines VALUES (?)", (f"{number} " * 1_000,))
        assert reader.execute("SELECT count(*) FROM lines").fetchone() == (10,)
        assert _after_a_cut(path, tmp_path / "left") == kept


def _after_a_cut(path: Path, left: Path) -> int:
    """How many lines an ordinary SQLite finds in what is on the disk at present."""
    left.mkdir()
    for end in ("", "-wal"):
        shutil.copy(f"{path}{end}", left / f"{path.name}{end}")
    with closing(sqlite3.connect(left / path.name)) as connection:
        try:
            count: int = connection.execute("SELECT count(*) FROM lines").fetchone()[0]
        except sqlite3.DatabaseError:
            return 0  # there is no such table, or the file is torn: nothing of it was synced
        return count
