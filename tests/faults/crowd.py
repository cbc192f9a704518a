"""Two hundred sessions that chat, in several rooms and in whispers, until the server is killed."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Sequence

from tests.faults.ledger import Ledger
from tests.faults.rig import MODERN, OLD, TAGGED, Session, gather_quietly

LOBBY = "#lobby"
ROOMS = ("#red", "#green", "#blue", "#café")
KINDS = (MODERN, MODERN, MODERN, TAGGED, OLD)
"""Three of five sessions are as our own client, the others as simpler and older ones."""
CALM_SECONDS = 60.0
REPEATED = 2
"""How many answered messages each says once more on coming back, as if it hadn't had the answers."""


class Crowd:
    """`size` sessions; two of five say something now and then, the others listen."""

    def __init__(self, size: int, chance: random.Random) -> None:
        self._chance = chance
        self._count = 0
        self.sessions = [
            Session(f"p{number}", KINDS[number % 5], self._some_rooms()) for number in range(size)
        ]
        self._speakers = [session for n, session in enumerate(self.sessions) if n // 5 % 5 < 2]

    @property
    def modern(self) -> list[Session]:
        return [session for session in self.sessions if session.has("hubbub/once")]

    def _some_rooms(self) -> Sequence[str]:
        return self._chance.sample(ROOMS, self._chance.randint(0, 2))

    def text(self) -> str:
        """A text that was never said before."""
        self._count += 1
        return f"text {self._count} " + "x" * self._chance.randint(0, 100)

    async def resume(self, port: int) -> None:
        """Everybody comes back and repeats what was not answered, and a little more; some are cut off at it."""
        await gather_quietly(
            *(asyncio.create_task(self._resume(session, port)) for session in self.sessions)
        )

    async def _resume(self, session: Session, port: int) -> None:
        await asyncio.sleep(self._chance.random() * 0.3)
        await session.connect(port)
        session.say_again(answered=REPEATED)

    def talk(self) -> list[asyncio.Task[None]]:
        """The speakers speak, each in a task, until the connection ends."""
        return [asyncio.create_task(self._talk(session)) for session in self._speakers]

    async def _talk(self, session: Session) -> None:
        while not session.ended.is_set():
            for _ in range(self._chance.choice((1, 1, 1, 4))):
                session.say(self._somewhere(session), self.text())
            await asyncio.sleep(self._chance.uniform(0.1, 0.6))

    def _somewhere(self, session: Session) -> str:
        """A room of the session's, or now and then another session's name."""
        if self._chance.random() < 0.3:
            return self._chance.choice(self.sessions[:20]).nick
        return self._chance.choice((LOBBY, *session.rooms, *session.rooms))

    async def all_lost(self) -> None:
        """Waits until every session has noticed that the server is gone."""
        async with asyncio.timeout(30):
            await asyncio.gather(*(session.ended.wait() for session in self.sessions))

    async def settle(self) -> None:
        """Waits until everything that was said has its answer."""
        async with asyncio.timeout(CALM_SECONDS):
            while any(session.unanswered for session in self.modern):
                await asyncio.sleep(0.05)
        for session in self.sessions:
            await session.ping()

    async def check_whispers(self, ledger: Ledger) -> int:
        """Two sessions that whispered read all of it again; how many whispers were read."""
        reader = self._chance.choice(self.modern[:12])
        found = 0
        for other in self.sessions[:20]:
            lines = await reader.all_history(other.nick)
            assert [line.msgid for line in lines] == ledger.between(reader.nick, other.nick)
            found += len(lines)
        return found


async def check_pages(port: int, ledger: Ledger, since: dict[str, str]) -> int:
    """A newcomer pages each room's history beyond `since`, which it moves on; how many rows it was.

    The file was read before the newcomer came, so its own joins are beyond what is compared.
    """
    auditor = Session("auditor", MODERN, ROOMS)
    await auditor.connect(port)
    try:
        count = await _pages(auditor, ledger, since)
    finally:
        await auditor.close()
    # A room in which nothing was said yet begins and ends with the newcomer.
    ledger.read()
    ledger.emptied(ROOMS)
    return count


async def _pages(auditor: Session, ledger: Ledger, since: dict[str, str]) -> int:
    count = 0
    for room in (LOBBY, *ROOMS):
        kept = ledger.in_room(room)
        after = since.get(room, "")
        expected = kept[kept.index(after) + 1 :] if after else kept
        lines = await auditor.all_history(room, after)
        msgids = [line.msgid for line in lines]
        assert msgids[: len(expected)] == expected, f"the history of {room} isn't what is stored"
        beyond = lines[len(expected) :]
        assert all(line.source.startswith("auditor!") for line in beyond), beyond
        count += len(expected)
        if expected:
            since[room] = expected[-1]
    return count
