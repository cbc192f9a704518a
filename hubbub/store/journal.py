"""The batches as they came, as many of the last ones as the bounds allow.

Law: a batch keeps its place and all that it did to the state, so that what is left can still be
replayed; only the words of what somebody took back are gone.
"""

from __future__ import annotations

import sqlite3
from typing import Final

import msgspec

from hubbub.core.batches import AnyEntry, Batch, decode_batch, encode_batch
from hubbub.core.entries import Edit, Say
from hubbub.core.ids import FIRST_PLACE, Place
from hubbub.core.outputs import HistoryRow
from hubbub.irc.tags import is_client_only

KEPT_BATCHES: Final = 20_000
"""How many of the last batches the journal holds."""
KEPT_BYTES: Final = 64 << 20
"""How many bytes they may have together; the newest one is kept however large it is."""

_PRUNE_EVERY: Final = 64
_PRUNED_AT_ONCE: Final = 2 * _PRUNE_EVERY


class Journal:
    """The writing half of the journal; one thread at a time uses it, in its own transactions."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._bytes: int | None = _size(connection.cursor())
        """What all batches have together, or None until it is counted."""

    def forget_size(self) -> None:
        """A transaction was taken back: what is there has to be counted again."""
        self._bytes = None

    def add(self, cursor: sqlite3.Cursor, position: int, last: Place | None, batch: Batch) -> None:
        """Keeps a batch; `last` is the place of the last history row that it made.

        As many batches go as the bounds demand, but few at once, for the chat waits meanwhile.
        """
        blob = encode_batch(batch)
        cursor.execute("INSERT INTO journal VALUES (?, ?, ?)", (position, last, blob))
        self._bytes = _size(cursor) if self._bytes is None else self._bytes + len(blob)
        if position % _PRUNE_EVERY == 0 or self._bytes > KEPT_BYTES:
            self._prune(cursor, position)

    def _prune(self, cursor: sqlite3.Cursor, newest: int) -> None:
        assert self._bytes is not None
        oldest = cursor.execute(
            "SELECT position, length(batch) FROM journal WHERE position < ?"
            f" ORDER BY position LIMIT {_PRUNED_AT_ONCE}",
            (newest,),
        ).fetchall()
        gone = 0
        for position, size in oldest:
            if position > newest - KEPT_BATCHES and self._bytes <= KEPT_BYTES:
                break
            self._bytes -= size
            gone = position
        cursor.execute("DELETE FROM journal WHERE position <= ?", (gone,))

    def let_go(self, cursor: sqlite3.Cursor, end: int) -> bool:
        """Lets some of the batches go that lie before the one which made the row at a place.

        True when there may be more.
        """
        newest = cursor.execute(
            "SELECT position FROM journal WHERE last < ? ORDER BY last DESC LIMIT 1", (end,)
        ).fetchone()
        if newest is None:
            return False
        # The newest of all says where the log stands.
        gone = cursor.execute(
            "DELETE FROM journal WHERE position IN (SELECT position FROM journal WHERE position <= ?"
            f" AND position < (SELECT max(position) FROM journal) LIMIT {_PRUNED_AT_ONCE})",
            newest,
        ).rowcount
        if gone:
            self._bytes = None
        return gone == _PRUNED_AT_ONCE

    def clear(self, cursor: sqlite3.Cursor) -> None:
        """Lets all batches go."""
        cursor.execute("DELETE FROM journal")
        self._bytes = 0

    def blank(self, cursor: sqlite3.Cursor, row: HistoryRow) -> None:
        """Blanks the entry by which a message was said."""
        # Of a message without a text its tags; the server's own tags aren't in the entry.
        if not row.params and not any(map(is_client_only, row.tags)):
            return
        if row.place < FIRST_PLACE:
            return  # it was imported
        found = cursor.execute(
            "SELECT position, batch FROM journal WHERE last >= ? ORDER BY last LIMIT 1",
            (row.place,),
        ).fetchone()
        if found is None:
            return
        position, before = found
        try:
            batch = decode_batch(before)
        except msgspec.MsgspecError:
            # Of another version: nobody could replay it anyway.
            cursor.execute("DELETE FROM journal WHERE position = ?", (position,))
            self._bytes = None
            return
        kept = tuple(_blanked(entry, row) for entry in batch.entries)
        after = encode_batch(msgspec.structs.replace(batch, entries=kept))
        cursor.execute("UPDATE journal SET batch = ? WHERE position = ?", (after, position))
        if self._bytes is not None:
            self._bytes += len(after) - len(before)


def _size(cursor: sqlite3.Cursor) -> int:
    (size,) = cursor.execute("SELECT ifnull(sum(length(batch)), 0) FROM journal").fetchone()
    return int(size)


def _blanked(entry: AnyEntry, row: HistoryRow) -> AnyEntry:
    if isinstance(entry, Edit) and (entry.text,) == row.params:
        return msgspec.structs.replace(entry, text="")
    if not isinstance(entry, Say):
        return entry
    says = entry.text == (row.params[0] if row.params else "")
    if not says or entry.verb != row.command or not dict(entry.tags).items() <= row.tags.items():
        return entry
    return msgspec.structs.replace(entry, text="", tags=(), splits=())
