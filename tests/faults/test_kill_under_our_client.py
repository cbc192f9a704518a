"""`kill -9` of the server under our own client: it shows everything once and in order, and loses nothing.

As many rounds as in test_kill.py, from the same variables.
"""

from __future__ import annotations

import asyncio
import random
from pathlib import Path

import pytest

from tests.faults.crowd import LOBBY, ROOMS, Crowd
from tests.faults.ledger import Ledger
from tests.faults.people import Person
from tests.faults.rig import Server, report, run, seed
from tests.faults.test_kill import CONNECTIONS, KILLS, until_killed

PEOPLE = 40
REST_EVERY = 20
"""After how many kills everybody may catch up: whoever misses more than 200 pages is shown a gap."""


@pytest.mark.timeout(90 + 30 * KILLS)
def test_our_client_shows_everything_once_and_loses_nothing(tmp_path: Path) -> None:
    server = Server(tmp_path)
    run(server, _our_client(server, random.Random(seed())))


async def _our_client(server: Server, chance: random.Random) -> None:
    crowd = Crowd(CONNECTIONS - PEOPLE, chance)
    people = [
        Person(f"our{number}", chance.sample(ROOMS, chance.randint(0, 2)), chance)
        for number in range(PEOPLE)
    ]
    server.start()
    living = [asyncio.create_task(person.live(server)) for person in people]
    async with asyncio.timeout(60):
        # Who was never here can't be whispered to.
        while not all(person.model.registered for person in people):
            await asyncio.sleep(0.05)
    talking = _begin_to_talk(people, crowd)
    ledger = Ledger(server.database)
    for kill in range(1, KILLS + 1):
        await until_killed(server, crowd, chance, early=chance.random() < 0.25)
        server.start()
        ledger.read()
        ledger.check(crowd.sessions)
        report("kill", number=kill, rows=len(ledger.rows))
        if kill % REST_EVERY == 0:
            await _cancelled(talking)
            await _all_caught_up(people, f"the last word before kill {kill + 1}")
            talking = _begin_to_talk(people, crowd)
    await _cancelled(talking)
    await crowd.resume(server.port)
    await crowd.settle()
    await _all_caught_up(people, "the very last word")
    ledger.read()
    for person in people:
        _check(person, ledger)
    await _cancelled(living)
    assert server.stop() == 0
    await crowd.all_lost()
    report(
        "our client",
        kills=KILLS,
        messages=sum(row.is_message for row in ledger.rows),
        shown=sum(len(shown) for person in people for shown in person.shown.values()),
        said=sum(len(person.said) for person in people),
        reconnects=sum(person.reconnects for person in people),
    )


def _begin_to_talk(people: list[Person], crowd: Crowd) -> list[asyncio.Task[None]]:
    return [asyncio.create_task(person.talk(crowd, people)) for person in people]


async def _cancelled(tasks: list[asyncio.Task[None]]) -> None:
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)


async def _all_caught_up(people: list[Person], text: str) -> None:
    """Waits until what everybody said is answered, and everybody has been shown a last word."""
    async with asyncio.timeout(180):
        while not all(person.model.registered and person.model.settled for person in people):
            await asyncio.sleep(0.05)
        words: dict[str, str] = {}
        for person in people:
            for room in person.rooms:
                if room not in words:
                    words[room] = f"{text} in {room}"
                    person.say(room, words[room])
        while not all(person.has_shown(words[room]) for person in people for room in person.rooms):
            await asyncio.sleep(0.05)


def _check(person: Person, ledger: Ledger) -> None:
    assert not person.troubles, (person.nick, person.troubles[:3])
    assert LOBBY in person.shown
    own: list[str] = []
    for conversation, messages in person.shown.items():
        shown = [message.msgid for message in messages]
        own += [message.text for message in messages if message.author == person.nick]
        if conversation.startswith("#"):
            kept = [row.msgid for row in ledger.rows if row.room == conversation and row.is_message]
            # Who comes into a room for the first time is shown the latest of it only.
            kept = kept[kept.index(shown[0] or "") :]
        else:
            kept = ledger.between(person.nick, conversation)
        assert shown == kept, f"{person.nick} in {conversation}: {_difference(shown, kept)}"
    for text, target in person.said.items():
        fate = "stored" if ledger.has_text(text) else "not stored"
        assert own.count(text) == 1, (
            f"{person.nick} was shown {text!r} to {target} ({fate}) not once"
        )
    assert len(own) == len(person.said)


def _difference(shown: list[str | None], kept: list[str]) -> str:
    place = next(
        (n for n, (a, b) in enumerate(zip(shown, kept, strict=False)) if a != b),
        min(len(shown), len(kept)),
    )
    return (
        f"{len(shown)} shown, {len(kept)} kept; the first difference at {place}: "
        f"{shown[place : place + 3]} instead of {kept[place : place + 3]}"
    )
