"""What has to be true at the end of every world.

Law: the file and what arrived at the people's ends are held against each other; what the server
thinks of itself is believed only where it is compared with the file.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass
from typing import Final

from hubbub.core.ids import parse_msgid
from hubbub.core.tables import dump
from hubbub.store.errors import StoreError
from hubbub.store.store import Store
from tests.faults import replaying
from tests.faults.rig import Line, read_line
from tests.faults.simulation.disk import Connection
from tests.faults.simulation.network import Link
from tests.faults.simulation.people import (
    DEN,
    LOBBY,
    TEMPORARY,
    TOKEN,
    Life,
    Modelled,
    Raw,
)
from tests.faults.simulation.plan import INSIDERS
from tests.faults.simulation.world import DATABASE, RULES, World, simulated

SAID: Final = ("PRIVMSG", "NOTICE")


@dataclass(frozen=True, slots=True)
class Row:
    """A row of the history."""

    place: int
    room: str
    command: str
    source: str
    text: str
    author: str
    peer: str
    peer_nick: str

    @property
    def token(self) -> str:
        return self.text.partition(" ")[0]


def check(world: World) -> list[str]:
    """All that is wrong with how a world ended; nothing when all is well."""
    with simulated(world):
        return [*world.trouble, *_Check(world).wrongs()]


def _rows(connection: Connection) -> list[Row]:
    found = connection.execute(
        "SELECT place, ifnull(rooms.name, ''), command, source, ifnull(text, ''), author, peer,"
        " peer_nick FROM history LEFT JOIN rooms ON rooms.id = history.room ORDER BY place"
    ).fetchall()
    return [Row(*row) for row in found]


class _Check:
    """One world's end."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._lines: dict[int, list[Line]] = {}

    def wrongs(self) -> Iterator[str]:
        process = self._world.process
        if process is None or process.hub is None or process.store is None or process.dead:
            yield "the server isn't there at the end"
            return
        store = process.store
        try:
            yield from self._state(store)
            with closing(Connection(self._world.disk, str(DATABASE))) as connection:
                sound = connection.execute("PRAGMA integrity_check").fetchall()
                if sound != [("ok",)]:
                    yield f"the file is damaged: {sound[:3]}"
                self._rows = _rows(connection)
        except StoreError as error:
            yield f"the file can't be read at the end: {error}"
            return
        self._by_place = {row.place: row for row in self._rows}
        self._log_id = store.log_id
        self._messages = [row for row in self._rows if row.command in SAID and row.text]
        self._by_token = {row.token: row for row in self._messages}
        yield from self._taken_back()
        yield from self._stored_once()
        for link in self._world.links:
            yield from self._link(link)
        for person in self._world.people.values():
            if isinstance(person, Modelled):
                for life in person.lives:
                    yield from self._life(person, life, life is person.lives[-1])
            elif isinstance(person, Raw):
                yield from self._raw(person)
        yield from self._secrets()

    # -- the state --

    def _state(self, store: Store) -> Iterator[str]:
        """The state that the server has, the one in the tables and the one by replay are equal."""
        assert self._world.process is not None
        assert self._world.process.hub is not None
        kept = dump(self._world.process.hub.state)
        loaded = dump(store.load(RULES))
        if kept != loaded:
            yield f"the state isn't what is stored: {_difference(kept, loaded)}"
        replayed = replaying.genesis(store)
        for _ in replaying.replay(store, replayed, 0):
            pass
        again = dump(replayed)
        if again != loaded:
            yield f"a replay leads to another state: {_difference(again, loaded)}"

    # -- what is stored --

    def _taken_back(self) -> Iterator[str]:
        """What people were told is taken back has no text any more."""
        self._erased: dict[str, float] = {}
        for person in self._world.people.values():
            for token, said in person.said.items() if isinstance(person, Raw) else ():
                place = self._place(said.msgid) if said.msgid else None
                row = self._by_place.get(place or 0)
                if row is not None and not row.text:
                    self._erased[token] = self._world.taken_back.get(said.msgid, math.inf)
                elif said.msgid in self._world.taken_back:
                    yield f"{token} was taken back and is still stored"

    def _stored_once(self) -> Iterator[str]:
        seen: dict[str, Row] = {}
        for row in self._messages:
            earlier = seen.setdefault(row.token, row)
            if earlier is not row:
                yield f"stored twice: {earlier} and {row}"

    def _place(self, msgid: str) -> int | None:
        return parse_msgid(self._log_id, msgid)

    # -- what came over the wire --

    def _link(self, link: Link) -> Iterator[str]:
        """What one connection was shown live: stored, as it is, in order, with nothing missing."""
        kind = getattr(self._world.people[link.owner], "kind", "model")
        repeats: set[str] = getattr(self._world.people[link.owner], "repeats", set())
        last = 0
        batches: set[str] = set()
        shown: set[int] = set()
        joined = 0
        for line in _read(link):
            if line.command == "BATCH":
                name = line.params[0]
                (batches.add if name[0] == "+" else batches.discard)(name[1:])
                if "labeled-response" not in line.params[1:2]:
                    continue
                batches.discard(name[1:])
            if line.tags.get("batch") in batches or not line.msgid:
                if line.command in SAID and "!" in line.source:
                    yield from self._unmarked(link, line)
                continue
            place = self._place(line.msgid)
            row = self._by_place.get(place or 0)
            if place is None or row is None:
                yield f"{link.owner} was shown what isn't stored: {line}"
                continue
            yield from self._same(link, line, row)
            label = line.tags.get("label", "")
            repeat = label in repeats or (kind == "model" and label != "")
            if place <= last and not repeat and kind in ("modern", "model"):
                yield f"{link.owner} was shown {line} after place {last:x}"
            last = max(last, place)
            shown.add(place)
            if line.command == "JOIN" and line.params[0] == LOBBY and not joined:
                joined = place
        if joined and kind in ("modern", "model"):
            for row in self._messages:
                missing = row.room == LOBBY and joined < row.place < last and row.place not in shown
                if missing and not self._left_lobby(link):
                    yield f"{link.owner} was never shown {row} between others"

    def _left_lobby(self, link: Link) -> bool:
        return any(line.command in ("PART", "KICK") for line in _read(link))

    def _unmarked(self, link: Link, line: Line) -> Iterator[str]:
        """A message without an id, or from the history: by its text, which is said but once."""
        row = self._by_token.get(_undated(line.text).partition(" ")[0])
        if line.text[:1] in ("x", "[") and row is not None and line.source != row.source:
            yield f"{link.owner} was shown {line}, which is stored as {row}"
        if row is None and _undated(line.text)[:1] == "x" and not self._is_erased(line):
            yield f"{link.owner} was shown what isn't stored: {line}"

    def _is_erased(self, line: Line) -> bool:
        token = _undated(line.text).partition(" ")[0]
        return token in self._erased

    def _same(self, link: Link, line: Line, row: Row) -> Iterator[str]:
        if line.command in SAID and row.command in SAID and row.text:
            where = row.room or row.peer_nick
            same = (line.source, line.params[0], line.text) == (row.source, where, row.text)
            # A repeat is answered with the name that its sender has now.
            if not same and (line.text != row.text or "label" not in line.tags):
                yield f"{link.owner} was shown {line}, which is stored as {row}"

    # -- what was on our clients' screens --

    def _life(self, person: Modelled, life: Life, is_last: bool) -> Iterator[str]:
        last: dict[str, int] = {}
        shown: dict[str, str] = {}
        for event in life.shown:
            token = event.text.partition(" ")[0]
            if event.msgid is None or not token.startswith("x"):
                continue
            place = self._place(event.msgid)
            row = self._by_place.get(place or 0)
            if row is None or place is None:
                yield f"{person.name}'s screen shows what isn't stored: {event}"
                continue
            if row.text and row.text != event.text:
                yield f"{person.name}'s screen shows {event}, which is stored as {row}"
            if token in shown:
                yield f"{person.name}'s screen shows {token} twice"
            shown[token] = event.msgid
            key = event.room.lower()
            if place <= last.get(key, 0):
                yield f"{person.name}'s screen shows {token} too late in {event.room}"
            last[key] = place
        gaps = {gap.room.lower() for gap in life.gaps}
        if is_last and not gaps:
            yield from self._complete(person, life, shown)
        yield from self._fates(person, life, is_last)

    def _complete(self, person: Modelled, life: Life, shown: dict[str, str]) -> Iterator[str]:
        """Whatever was said where they are since they first came has to be on the screen."""
        identities = {link.identity for link in self._world.links if link.owner == person.name}
        for row in self._messages:
            since = life.since.get(row.room if row.room else "")
            if since is None or row.place <= since or row.token in shown:
                continue
            if row.room in (LOBBY, DEN) or (not row.room and row.peer in identities):
                yield f"{person.name}'s screen never showed {row} (since {since:x})"

    def _fates(self, person: Modelled, life: Life, is_last: bool) -> Iterator[str]:
        """What was said is stored or refused; with the client's end it may be neither."""
        for token, target in life.said.items():
            stored, code = token in self._by_token, life.refused.get(token)
            if is_last and not stored and code is None:
                yield f"what {person.name} said to {target} is neither stored nor refused: {token}"
            if stored and code is not None and not (code == TEMPORARY and self._unclear()):
                yield f"{person.name} was told that {token} was refused ({code}); it is stored"

    def _unclear(self) -> bool:
        """Whether a sync has failed: then what was told to have failed may be there after all."""
        return self._world.disk.failed_syncs > 0

    # -- raw sessions --

    def _raw(self, person: Raw) -> Iterator[str]:
        for wrong in person.wrongs:
            yield f"{person.name}: {wrong}"
        for token, said in person.said.items():
            stored = token in self._by_token
            erased = token in self._erased
            if said.msgid and not stored and not erased:
                yield f"{person.name} has an echo of {token}, which isn't stored"
            if said.refused and stored:
                yield f"{person.name} was told that {token} was refused ({said.refused}); it is stored"

    # -- who saw what --

    def _secrets(self) -> Iterator[str]:
        """Whispers are for two, the secret room for its members, what was taken back for nobody."""
        for link in self._world.links:
            for found in TOKEN.findall(bytes(link.heard)):
                token = found.decode()
                row = self._by_token.get(token)
                erased_at = self._erased.get(token)
                if erased_at is not None and link.opened_at > erased_at:
                    yield f"{link.owner} was shown {token} after it was taken back"
                if row is None:
                    continue
                if not row.room and link.identity not in (row.author, row.peer):
                    yield f"{link.owner} ({link.identity}) was shown the whisper {row}"
                if row.room == DEN and link.owner not in INSIDERS:
                    yield f"{link.owner} was shown {row} of the secret room"


def _read(link: Link) -> list[Line]:
    return [read_line(raw) for raw in bytes(link.heard).split(b"\r\n")[:-1]]


def _undated(text: str) -> str:
    return text.partition("] ")[2] if text.startswith("[") else text


def _difference(one: Sequence[object], other: Sequence[object]) -> str:
    extra = [row for row in one if row not in other][:3]
    lacking = [row for row in other if row not in one][:3]
    return f"has {extra}, lacks {lacking}"
