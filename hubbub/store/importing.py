"""What was said elsewhere, put before all that was said here.

Law: an imported row's place follows from its time, so that time doesn't go back as the place
rises, whatever was imported before it; a row that is there already, by its content, isn't added.

There are 512 places to a second. A row takes the first free one from its time on; where a full
second pushes it behind others, its time is moved (by as much as they differ) to keep the law.
"""

from __future__ import annotations

import re
import sqlite3
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from hashlib import blake2b
from itertools import islice
from typing import Final

from hubbub.core.entities import Room
from hubbub.core.ids import FIRST_PLACE, Place, RoomId
from hubbub.core.imports import Imported
from hubbub.core.outputs import HistoryRow
from hubbub.core.rules import Rules
from hubbub.core.tables import COLUMNS
from hubbub.irc.names import nick_problem
from hubbub.store import rows
from hubbub.store.store import Store

PLACES_A_SECOND: Final = 512
BATCH_ROWS: Final = 1_000
LINE_BYTES: Final = 400
"""A longer text becomes several messages: a line of IRC has 512 bytes."""
NICK_BYTES: Final = 32
HOST: Final = "imported"

_INSERT: Final = f"INSERT INTO history ({rows.HISTORY_CELLS}) VALUES ({', '.join('?' * len(rows.HISTORY_COLUMNS))})"
_CONTROL: Final = re.compile("[\0\r\n\ud800-\udfff]")
"""What no line can have; half a character, which JSON can have, is none that could be written."""
_NOT_IN_A_NICK: Final = re.compile(r"[^\w\[\]\\`^{|}-]+")


@dataclass(slots=True)
class Outcome:
    """How many messages were added, were there already, and are from after the server's first."""

    added: int = 0
    known: int = 0
    late: int = 0


def add(
    store: Store,
    room_name: str,
    messages: Iterable[Imported],
    progress: Callable[[Outcome], None] = lambda outcome: None,
) -> Outcome:
    """Adds what was said to a room, which is made if there is none of the name.

    What was said after the server's own first message is left out: it can't be put before it.
    Nobody else uses the store meanwhile. Raises StoreError, and what `messages` raises; what was
    added until then stays, and isn't added again the next time.
    """
    room = _room(store, room_name)
    outcome, seen = Outcome(), Counter[bytes]()
    first = _first_time(store)
    lines = (line for message in messages for line in _lines(message))
    while batch := list(islice(lines, BATCH_ROWS)):
        with store.importing() as (cursor, index):
            placed = _add(cursor, room, batch, outcome, seen, first)
            if placed:
                index(cursor, placed)
        progress(outcome)
    return outcome


def _room(store: Store, name: str) -> RoomId:
    state = store.load(Rules())
    found = state.room_named(name)
    if found is not None:
        return found.id
    made: Room = state.add_room(name)
    with store.importing() as (cursor, _):
        for table, changes in state.take_changes().items():
            marks = ", ".join("?" * len(COLUMNS[table]))
            statement = f"REPLACE INTO {table} ({', '.join(COLUMNS[table])}) VALUES ({marks})"
            cursor.executemany(statement, [row for row in changes.values() if row is not None])
    return made.id


def _first_time(store: Store) -> int:
    with store.importing() as (cursor, _):
        found = cursor.execute(
            "SELECT time FROM history WHERE place >= ? ORDER BY place LIMIT 1", (FIRST_PLACE,)
        ).fetchone()
    # The places end where 2038 begins, for the times of a file that is wrong about them.
    latest = FIRST_PLACE // PLACES_A_SECOND * 1000 - 1
    return latest if found is None else min(int(found[0]), latest)


def _lines(message: Imported) -> Iterator[Imported]:
    """One message for each line, and for each part of a line that is too long."""
    for line in message.text.splitlines():
        left = _CONTROL.sub("", line).strip("\1").rstrip()
        while left:
            part = left.encode()[:LINE_BYTES].decode(errors="ignore")
            if len(part) < len(left) and " " in part[LINE_BYTES // 8 :]:
                part = part[: part.rindex(" ")]
            left = left[len(part) :].lstrip()
            yield Imported(message.time, message.nick, part, message.notice, message.action)


def _add(
    cursor: sqlite3.Cursor,
    room: RoomId,
    batch: Sequence[Imported],
    outcome: Outcome,
    seen: Counter[bytes],
    latest: int,
) -> list[int]:
    placed: list[int] = []
    hint = _Hint()
    for message in batch:
        if not 0 < message.time <= latest:
            outcome.late += 1
            continue
        key = _key(room, message, seen)
        if cursor.execute("SELECT 1 FROM imported WHERE key = ?", (key,)).fetchone():
            outcome.known += 1
            continue
        place = hint.free(cursor, message.time)
        row = _row(room, message, place, _fitting(cursor, place, message.time))
        cursor.execute(_INSERT, rows.history_cells(row))
        cursor.execute("INSERT INTO imported VALUES (?, ?)", (key, place))
        placed.append(place)
        outcome.added += 1
    return placed


def _key(room: RoomId, message: Imported, seen: Counter[bytes]) -> bytes:
    """The same for the same message of the same file, and for the same one of a longer file."""
    kind = f"{message.notice:d}{message.action:d}"
    content = "\0".join((str(room), str(message.time), message.nick, kind, message.text))
    base = blake2b(content.encode(errors="surrogatepass"), digest_size=16).digest()
    seen[base] += 1
    if seen[base] == 1:
        return base
    return blake2b(base + str(seen[base]).encode(), digest_size=16).digest()


class _Hint:
    """Where to look for a free place: a file often has many messages of one time in a row."""

    def __init__(self) -> None:
        self._base = self._next = -1

    def free(self, cursor: sqlite3.Cursor, time: int) -> Place:
        base = time * PLACES_A_SECOND // 1000
        place = self._next if base == self._base else base
        while cursor.execute("SELECT 1 FROM history WHERE place = ?", (place,)).fetchone():
            place += 1
        self._base, self._next = base, place + 1
        return Place(place)


def _fitting(cursor: sqlite3.Cursor, place: int, time: int) -> int:
    """The time, moved between those of the rows before and after the place."""
    before = cursor.execute(
        "SELECT time FROM history WHERE place < ? ORDER BY place DESC LIMIT 1", (place,)
    ).fetchone()
    after = cursor.execute(
        "SELECT time FROM history WHERE place > ? ORDER BY place LIMIT 1", (place,)
    ).fetchone()
    if before is not None:
        time = max(time, before[0])
    return time if after is None else min(time, after[0])


def _row(room: RoomId, message: Imported, place: Place, time: int) -> HistoryRow:
    text = f"\1ACTION {message.text}\1" if message.action else message.text
    source = f"{nick_for(message.nick)}!{HOST}@{HOST}"
    return HistoryRow(place, time, room, "NOTICE" if message.notice else "PRIVMSG", source, (text,))


def nick_for(name: str) -> str:
    """The name as an IRC nick: what a nick can't have becomes '_'."""
    nick = _NOT_IN_A_NICK.sub("_", name.strip())
    while len(nick.encode(errors="replace")) > NICK_BYTES:
        nick = nick[:-1]
    for candidate in (nick, f"_{nick}"):
        if nick_problem(candidate, NICK_BYTES + 1) is None:
            return candidate
    return "somebody"
