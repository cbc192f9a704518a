"""Taking out of the file what was kept for as long as it was to be.

Law: a step takes out so few rows that a commit hardly waits for it. Nobody is shown what is over
even before that (`core.history.kept_from`), so that it may take its time. What a room leaves behind
is found by the list of its places, the oldest first, so a step costs what it takes out.
"""

from __future__ import annotations

import sqlite3
from typing import Final

from hubbub.store import rows
from hubbub.store.indexing import Index
from hubbub.store.journal import Journal
from hubbub.store.places import Lists
from hubbub.store.removal import remove

STEP_ROWS: Final = 32
"""How many rows of the history one step takes out."""
STEP_ROOMS: Final = 32
"""How many rooms' settings one step looks at."""
DAY_MS: Final = 24 * 3_600_000


class Expiry:
    """The steps of one store; one thread at a time uses it, in the writer's transactions."""

    def __init__(self, journal: Journal, lists: Lists, index: Index) -> None:
        self._journal = journal
        self._lists = lists
        self._index = index
        self._room = 0
        """The last room that was looked at in this round."""

    def step(self, cursor: sqlite3.Cursor, now: int, keep_days: int) -> tuple[int, bool]:
        """Takes out some of what is over at `now`, in milliseconds; `keep_days` is the server's limit.

        Returns how many rows went, and whether there is more to do.
        """
        if keep_days:
            gone, more = self._everywhere(cursor, now - keep_days * DAY_MS)
            if more:
                return gone, True
        else:
            gone = 0
        if self._room == 0:
            self._lists.list_tail(cursor)
        asked = cursor.execute(
            "SELECT id, keep_days FROM rooms WHERE keep_days > 0 AND id > ? ORDER BY id LIMIT ?",
            (self._room, STEP_ROOMS),
        ).fetchall()
        for room, days in asked:
            if gone >= STEP_ROWS:
                return gone, True
            if not keep_days or days < keep_days:
                gone += self._in_room(cursor, room, now - days * DAY_MS, STEP_ROWS - gone)
            if gone < STEP_ROWS:
                self._room = room
        if gone >= STEP_ROWS or len(asked) == STEP_ROOMS:
            return gone, True
        self._room = 0
        return gone, False

    def _everywhere(self, cursor: sqlite3.Cursor, before: int) -> tuple[int, bool]:
        end = _first_since(cursor, before)
        found = cursor.execute(
            f"SELECT {rows.HISTORY_CELLS} FROM history WHERE place < ? ORDER BY place LIMIT ?",
            (end, STEP_ROWS),
        ).fetchall()
        # The batches go as a whole: they know names, topics and reasons, too.
        batches = self._journal.let_go(cursor, end)
        self._take_out(cursor, found, in_journal=False)
        return len(found), batches or len(found) == STEP_ROWS

    def _in_room(self, cursor: sqlite3.Cursor, room: int, before: int, most: int) -> int:
        end, gone = _first_since(cursor, before), 0
        for said in (True, False):
            for status in ("", "+", "@"):
                found = cursor.execute(
                    f"SELECT {rows.HISTORY_CELLS} FROM history WHERE place IN (SELECT place FROM room_places"
                    " WHERE room = ? AND said = ? AND status = ? AND place < ? ORDER BY place LIMIT ?)",
                    (room, said, status, end, most - gone),
                ).fetchall()
                self._take_out(cursor, found, in_journal=True)
                gone += len(found)
        return gone

    def _take_out(
        self, cursor: sqlite3.Cursor, found: list[rows.HistoryCells], *, in_journal: bool
    ) -> None:
        for row in map(rows.history_row, found) if in_journal else ():
            if row.room is not None:
                self._journal.blank(cursor, row)
        remove(cursor, found, self._index)


def _first_since(cursor: sqlite3.Cursor, time: int) -> int:
    """The place of the first row at or after a time; one beyond all when there is none."""
    found = cursor.execute(
        "SELECT place FROM history INDEXED BY history_time WHERE time >= ?"
        " ORDER BY time, place LIMIT 1",
        (time,),
    ).fetchone()
    return (1 << 63) - 1 if found is None else int(found[0])
