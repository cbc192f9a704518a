"""Replay: a run's entries, applied again elsewhere, give the same outputs and the same state.

The replays are processes of their own with different hash seeds, so that an iteration over a set, or
anything else that isn't a function of the log, shows.
"""

from __future__ import annotations

import asyncio
import os
import random
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest

from hubbub.core.apply import apply, begin
from hubbub.core.rules import Rules
from hubbub.core.tables import dump
from hubbub.store.store import open_store
from tests.faults.crowd import ROOMS, Crowd
from tests.faults.replaying import genesis
from tests.faults.rig import MODERN, ROOT, Server, Session, report, seed
from tests.store.making import back_up


def _in_a_process(hash_seed: int, journal: Path, snapshot: Path | None) -> list[str]:
    """What replaying.py prints under a hash seed: the outputs' line, then the state's."""
    program = str(ROOT / "tests" / "faults" / "replaying.py")
    command = [sys.executable, program, str(journal), *([str(snapshot)] if snapshot else [])]
    environment = os.environ | {"PYTHONHASHSEED": str(hash_seed), "PYTHONPATH": str(ROOT)}
    done = subprocess.run(
        command, check=False, cwd=ROOT, env=environment, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.splitlines()


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """A run with a bit of everything and a kill: the database, and a backup made in the middle."""
    home = tmp_path_factory.mktemp("replay")
    server, snapshot = Server(home), home / "snapshot.db"
    try:
        asyncio.run(_chat(server, snapshot, random.Random(seed())))
        assert server.stop() == 0
    finally:
        server.kill()
    return server.database, snapshot


async def _chat(server: Server, snapshot: Path, chance: random.Random) -> None:
    server.start()
    crowd = Crowd(40, chance)
    await _act(server, crowd, chance)
    await asyncio.to_thread(back_up, server.database, snapshot)
    await _act(server, crowd, chance)
    server.kill()
    await crowd.all_lost()
    server.start()
    await _act(server, crowd, chance)
    for session in crowd.sessions:
        session.abort()
    await crowd.all_lost()


async def _act(server: Server, crowd: Crowd, chance: random.Random) -> None:
    """Everybody is there and talks; some do the other things that people do in a chat."""
    if all(session.ended.is_set() for session in crowd.sessions):
        await crowd.resume(server.port)
    talking = crowd.talk()
    boss = Session(f"boss{chance.randrange(10**6)}", MODERN)
    await boss.connect(server.port)
    room = f"#own{chance.randrange(10**6)}"
    for line in (
        f"JOIN {room}",
        f"MODE {room} +itkl secret 20",
        f"MODE {room} +beI a!*@* b!*@* c!*@*",
        f"TOPIC {room} :what it is about",
        f"INVITE {crowd.sessions[0].nick} {room}",
        f"JOIN {','.join(ROOMS)}",
        "AWAY :out",
        f"NICK boss{chance.randrange(10**6)}",
        f"MODE {room} -k secret",
    ):
        boss.send(line)
    await boss.ping()
    guest = crowd.sessions[0]
    guest.send(f"JOIN {room}")
    await guest.ping()
    boss.send(f"MODE {room} +v {guest.nick}")
    boss.send(f"PRIVMSG @{room} :for the ranks")
    boss.send(f"KICK {room} {guest.nick} :enough")
    guest.send("NOTICE #lobby :still here")
    await boss.ping()
    chance.choice(crowd.sessions[1:]).abort()
    await asyncio.sleep(0.7)
    await boss.close()
    for task in talking:
        task.cancel()
    await asyncio.gather(*talking, return_exceptions=True)


@pytest.mark.parametrize("whence", ["genesis", "snapshot"])
def test_a_run_replays_to_the_same_outputs_and_state(run: tuple[Path, Path], whence: str) -> None:
    database, snapshot = run
    first, second = (
        _in_a_process(number, database, snapshot if whence == "snapshot" else None)
        for number in (1, 2)
    )
    assert first == second
    with closing(open_store(database)) as store:
        kept = [str(row) for row in dump(store.load(Rules()))]
        position = store.position
    assert first[1:] == kept
    outputs = int(first[0].split()[0])
    report("replay", whence=whence, batches=position, outputs=outputs, state_rows=len(kept))
    assert outputs > 500, "hardly anything was replayed"


def test_a_difference_would_show(run: tuple[Path, Path]) -> None:
    """Without its last batch the same run doesn't give the state that is stored."""
    database, _ = run
    with closing(open_store(database)) as store:
        state = genesis(store)
        batches = [batch for _, batch in store.journal()]
        for batch in batches[:-1]:
            begin(state, batch)
            for entry in batch.entries:
                apply(state, entry)
            state.take_changes()
        assert dump(state) != dump(store.load(Rules()))
