"""`kill -9` of the server under load, at random moments: nothing that anybody was shown is lost.

Three rounds by default; HUBBUB_KILLS=100 for many, HUBBUB_SEED=n for the same choices once more:

    HUBBUB_KILLS=100 python -m pytest -s tests/faults/test_kill.py

The same for test_kill_under_our_client.py and test_killed_clients.py. A hundred take under ten minutes, for all three.
"""

from __future__ import annotations

import asyncio
import os
import random
from pathlib import Path

import pytest

from tests.faults.crowd import ROOMS, Crowd, check_pages
from tests.faults.ledger import Ledger
from tests.faults.rig import Server, is_sound, report, run, seed

KILLS = int(os.environ.get("HUBBUB_KILLS", "3"))
CONNECTIONS = 200


@pytest.mark.timeout(90 + 30 * KILLS)
def test_raw_sessions_lose_nothing(tmp_path: Path) -> None:
    server = Server(tmp_path)
    run(server, _raw_sessions(server, random.Random(seed())))


async def _raw_sessions(server: Server, chance: random.Random) -> None:
    crowd = Crowd(CONNECTIONS, chance)
    server.start()
    ledger = Ledger(server.database)
    since: dict[str, str] = {}
    for kill in range(1, KILLS + 1):
        await until_killed(server, crowd, chance, early=chance.random() < 0.25)
        server.start()
        ledger.read()
        ledger.check(crowd.sessions)
        ledger.emptied(ROOMS)
        paged = await check_pages(server.port, ledger, since)
        report("kill", number=kill, rows=len(ledger.rows), shown=ledger.shown, paged=paged)
    figures = await check_all(server, crowd, ledger)
    report("raw sessions", kills=KILLS, **figures)
    assert ledger.shown > 1000 * KILLS, "hardly anything was shown: the load was none"


def test_a_stop_under_load_loses_nothing(tmp_path: Path) -> None:
    server = Server(tmp_path)
    run(server, _stopped(server, random.Random(seed())))


async def _stopped(server: Server, chance: random.Random) -> None:
    """SIGTERM while everybody talks: all are told, the status is 0, and nothing is missing."""
    crowd = Crowd(60, chance)
    server.start()
    await crowd.resume(server.port)
    talking = crowd.talk()
    await asyncio.sleep(0.8)
    assert await asyncio.to_thread(server.stop) == 0
    await crowd.all_lost()
    await asyncio.gather(*talking)
    assert {session.last_word for session in crowd.sessions} == {
        "Closing link: The server is shutting down"
    }
    ledger = Ledger(server.database)
    ledger.read()
    ledger.check(crowd.sessions)
    server.start()
    await crowd.resume(server.port)
    await crowd.settle()
    ledger.read()
    ledger.check(crowd.sessions)
    assert all(
        ledger.has_text(said.text) is not bool(said.refusal)
        for session in crowd.modern
        for said in session.said.values()
    )
    assert server.stop() == 0
    await crowd.all_lost()


async def check_all(server: Server, crowd: Crowd, ledger: Ledger) -> dict[str, int]:
    """Everybody comes back to a server that runs: what they said is stored once, or was refused.

    The server is stopped. Returns figures for a report.
    """
    await crowd.resume(server.port)
    await crowd.settle()
    ledger.read()
    ledger.check(crowd.sessions)
    whispers = await crowd.check_whispers(ledger)
    refused = 0
    for session in crowd.modern:
        for said in session.said.values():
            # Who whispers to somebody that isn't back yet is told so, and nothing is stored.
            assert said.refusal.startswith("401") or not said.refusal, said
            assert ledger.has_text(said.text) is not bool(said.refusal), f"{session.nick}: {said}"
            refused += bool(said.refusal)
    assert server.stop() == 0
    await crowd.all_lost()
    assert is_sound(server.database)
    return {
        "rows": len(ledger.rows),
        "shown": ledger.shown,
        "unclear_at_a_kill": sum(
            said.tries > 1 for session in crowd.modern for said in session.said.values()
        ),
        "whispers_read": whispers,
        "refused": refused,
    }


async def until_killed(server: Server, crowd: Crowd, chance: random.Random, *, early: bool) -> None:
    """Everybody comes (back) and talks; then the server is killed, `early` while they come."""
    loop = asyncio.get_running_loop()
    if early:
        loop.call_later(chance.uniform(0.1, 1.5), server.kill)
    await crowd.resume(server.port)
    talking = crowd.talk()
    if not early:
        await asyncio.sleep(chance.uniform(0.2, 1.5))
        server.kill()
    await crowd.all_lost()
    for task in talking:
        task.cancel()
    await asyncio.gather(*talking, return_exceptions=True)
