"""What the store's tests make: batches, rows, commits, and a chat that runs on a store."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import closing
from pathlib import Path
from tempfile import TemporaryDirectory

from hubbub.core import entries
from hubbub.core.apply import apply, begin
from hubbub.core.batches import AnyEntry, Batch
from hubbub.core.ids import FIRST_PLACE, NO_SESSION, Place, RoomId, msgid
from hubbub.core.outputs import Fact, HistoryRow, Record, Redacted
from hubbub.core.rules import Rules
from hubbub.core.state import Changes
from hubbub.store.store import Commit, Store, open_store

RULES = Rules()


def batch(number: int, *items: AnyEntry) -> Batch:
    return Batch(0, 1, number, 1_000 * number, items)


def said(number: int, text: str = "hello", room: int = 1) -> HistoryRow:
    """The history's `number`th row, from 0: a message in a room."""
    place = Place(FIRST_PLACE + number)
    return HistoryRow(place, 1_000 * number, RoomId(room), "PRIVMSG", "bob!b@h", (text,))


def commit(
    number: int,
    records: Sequence[Fact] = (),
    changes: Changes | None = None,
    whowas_kept: int = 100,
) -> Commit:
    return Commit(changes or {}, records, batch(number), whowas_kept)


def take_back(store: Store, place: Place) -> None:
    """Commits that what was said at a place is taken back."""
    fact = Redacted(place, msgid(store.log_id, place))
    store.commit(commit(store.position + 1, [fact]))


def fresh_store() -> Iterator[Store]:
    """A store of its own in a directory of its own, for a test that needs many."""
    with TemporaryDirectory() as directory, closing(open_store(Path(directory, "a.db"))) as store:
        yield store


class Chat:
    """A state that is kept in a store, batch by batch, as the hub does it."""

    def __init__(self, store: Store, epoch: int = 1) -> None:
        self.store = store
        self.state = store.load(RULES)
        self.rows: list[HistoryRow] = []
        self._number = 0
        self._clock: int | None = None
        self._epoch = epoch
        self.do(entries.NodeStarted(NO_SESSION, 0, epoch, RULES))

    def at(self, time: int) -> None:
        """It is now this time, in milliseconds."""
        self._clock = time

    @property
    def position(self) -> int:
        """How many batches there were."""
        return self._number

    def do(self, *items: AnyEntry) -> None:
        self._number += 1
        time = 1_000 * self._number if self._clock is None else self._clock
        ordered = Batch(0, self._epoch, self._number, time, items)
        assert begin(self.state, ordered)
        outputs = [output for item in items for output in apply(self.state, item)]
        records = [output.row for output in outputs if isinstance(output, Record)]
        self.rows += [row for row in records if isinstance(row, HistoryRow)]
        kept = RULES.whowas_entries
        self.store.commit(Commit(self.state.take_changes(), records, ordered, kept))


def back_up(path: Path, target: Path) -> None:
    """What operators are told to do: `.backup` of the sqlite3 shell."""
    with closing(sqlite3.connect(path)) as source, closing(sqlite3.connect(target)) as copy:
        source.backup(copy)
