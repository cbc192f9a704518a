"""`kill -9` of our client while it talks: what it got acknowledged is stored, whole and in order, and its name stays its own.

As many kills as in test_kill.py, from the same variables.
"""

from __future__ import annotations

import asyncio
import random
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from hubbub.client.pipe import Status
from tests.faults.crowd import LOBBY
from tests.faults.ledger import Ledger
from tests.faults.people import Person
from tests.faults.rig import ANSWER_WITHIN, ROOT, Row, Server, report, run, seed
from tests.faults.test_kill import KILLS

TALKERS = 4
PATIENCE = 60.0


class Talker:
    """Somebody whose client is a process, and dies. `said` is by life, `printed` all that it wrote in whole lines."""

    def __init__(self, name: str, home: Path, chance: random.Random) -> None:
        self.name = name
        self.said: list[list[str]] = []
        self.printed: list[str] = []
        self._home = home
        self._chance = chance

    async def lives(self, port: int, times: int) -> None:
        """Comes, talks and is killed, a quarter of the times while it comes."""
        for _ in range(times):
            async with self._killed_in_the_end(port) as process:
                if self._chance.random() < 0.25:
                    await asyncio.sleep(self._chance.uniform(0.0, 0.5))
                else:
                    await self._talk(process, self._chance.uniform(0.05, 0.8))

    async def _talk(self, process: asyncio.subprocess.Process, seconds: float) -> None:
        await _entered(process)
        clock = asyncio.get_running_loop().time
        until = clock() + seconds
        while clock() < until:
            self._say(process, "x" * self._chance.randint(1, 250))
            await asyncio.sleep(self._chance.uniform(0.0, 0.03))

    async def comes_once_more(self, port: int) -> int:
        """Says a last word and goes; the exit status."""
        async with self._killed_in_the_end(port) as process:
            self._say(process, "the very last word").close()
            return await process.wait()

    def _say(self, process: asyncio.subprocess.Process, words: str) -> asyncio.StreamWriter:
        assert process.stdin is not None
        text = f"{self._mark(len(self.said) - 1)}{len(self.said[-1])} {words}"
        self.said[-1].append(text)
        process.stdin.write(f"{text}\n".encode())
        return process.stdin

    def _mark(self, life: int) -> str:
        return f"{self.name} {life}/"

    @asynccontextmanager
    async def _killed_in_the_end(self, port: int) -> AsyncIterator[asyncio.subprocess.Process]:
        pipe = asyncio.subprocess.PIPE
        words = ("chat", f"127.0.0.1:{port}", "--data", str(self._home), "--name", self.name)
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "hubbub.cli", *words),
            cwd=ROOT,
            stdin=pipe,
            stdout=pipe,
            stderr=pipe,
        )
        assert process.stdout is not None
        self.said.append([])
        reading = asyncio.create_task(process.stdout.read())
        try:
            yield process
        finally:
            if process.returncode is None:  # it didn't go by itself
                process.kill()
            async with asyncio.timeout(ANSWER_WITHIN):
                out = await reading
                await process.communicate()
        # What was killed may have written half a line.
        self.printed += [line[6:] for line in out.decode().split("\n")[:-1]]

    def check(self, rows: list[Row]) -> int:
        """What was said is stored from each life's first line to some line, whole, in order, as theirs; how many."""
        for life, said in enumerate(self.said):
            stored = [row for row in rows if row.text.startswith(self._mark(life))]
            assert [row.text for row in stored] == said[: len(stored)], (self.name, life)
            assert {row.source.partition("!")[0] for row in stored} <= {self.name}
        known = {f"<{row.source.partition('!')[0]}> {row.text}" for row in rows}
        shown = [line for line in self.printed if line.startswith("<")]
        assert set(shown) <= known, sorted(set(shown) - known)[:3]
        return len(shown)


async def _entered(process: asyncio.subprocess.Process) -> None:
    assert process.stderr is not None
    async with asyncio.timeout(ANSWER_WITHIN):
        while line := await process.stderr.readline():
            if b"you joined" in line:
                return
    raise AssertionError("it ended before it was in the room")


async def _becomes(so: Callable[[], bool], otherwise: Callable[[], str]) -> None:
    clock = asyncio.get_running_loop().time
    until = clock() + PATIENCE
    while not so():
        assert clock() < until, otherwise()
        await asyncio.sleep(0.05)


@pytest.mark.timeout(90 + 10 * KILLS)
def test_a_killed_client_loses_nothing_that_it_showed(tmp_path: Path) -> None:
    server = Server(tmp_path)
    run(server, _killed(server, tmp_path, random.Random(seed())))


async def _killed(server: Server, home: Path, chance: random.Random) -> None:
    server.start()
    witness = Person("witness", [], chance)
    living = asyncio.create_task(witness.live(server))
    await _becomes(
        lambda: witness.model.registered and witness.model.settled,
        lambda: "the witness never came in",
    )
    sockets = server.sockets()
    talkers = [Talker(f"talker{number}", home / str(number), chance) for number in range(TALKERS)]
    times = -(-KILLS // TALKERS)
    await asyncio.gather(*(talker.lives(server.port, times) for talker in talkers))
    statuses = [await talker.comes_once_more(server.port) for talker in talkers]
    assert statuses == [Status.OK] * TALKERS
    last = talkers[-1].said[-1][-1]
    await _becomes(lambda: witness.has_shown(last), lambda: f"{last!r} never reached the witness")
    await _becomes(
        lambda: server.sockets() <= sockets,
        lambda: f"{server.sockets()} sockets open, {sockets} before",
    )
    ledger = Ledger(server.database)
    ledger.read()
    rows = [row for row in ledger.rows if row.is_message and row.room == LOBBY]
    shown = sum(talker.check(rows) for talker in talkers)
    assert [message.msgid for message in witness.shown[LOBBY]] == [row.msgid for row in rows]
    assert not witness.troubles
    living.cancel()
    said = sum(len(life) for talker in talkers for life in talker.said)
    report("killed clients", kills=times * TALKERS, said=said, stored=len(rows), shown=shown)
    assert shown > KILLS, "hardly anything was shown: nobody talked"
