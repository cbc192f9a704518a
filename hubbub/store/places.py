"""Lists of where in the history each room's and each author's rows lie.

Law: a row is in its lists or lies beyond the listed place, and never both. Whoever reads takes the
lists and the tail beyond them, which is short; whoever changes rows has the tail listed before.

An index of SQLite's would dirty a page for each room and each author in every commit, which costs
several times what the rows do. The tail goes into the lists by the thousand, in their order.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from typing import Final

import msgspec

from hubbub.store import rows
from hubbub.store.indexing import SAID

TAIL_MOST: Final = 2_000
"""How many rows may lie beyond the lists before a commit has to list them."""
TAIL: Final = "(SELECT place FROM listed)"
"""The listed place, in a statement: what lies beyond it isn't in the lists."""
IS_SAID: Final = f"command IN {SAID}"

_LIST_ROOMS: Final = f"""
INSERT INTO room_places
SELECT room, {IS_SAID} AS said, status, place FROM history
WHERE place {{}} AND room IS NOT NULL AND command <> 'ERASED' ORDER BY room, said, status, place"""
_LIST_AUTHORS: Final = """
INSERT INTO author_places
SELECT author, place FROM history WHERE place {} AND author <> '' ORDER BY author, place"""
_BEYOND: Final = f"> {TAIL}"


class Lists:
    """The writing half; one thread at a time uses it, within its own transactions."""

    def __init__(self) -> None:
        self._tail: int | None = None
        """How many rows lie beyond the lists, or None until they are counted."""

    def forget_tail(self) -> None:
        """A transaction was taken back: what lies beyond the lists has to be counted again."""
        self._tail = None

    def added(self, cursor: sqlite3.Cursor, count: int) -> None:
        """So many rows were added at the history's end."""
        if self._tail is None:
            counted = cursor.execute(f"SELECT count(*) FROM history WHERE place {_BEYOND}")
            (self._tail,) = counted.fetchone()
        else:
            self._tail += count
        if self._tail >= TAIL_MOST:
            self.list_tail(cursor)

    def list_tail(self, cursor: sqlite3.Cursor) -> None:
        """Lists all that isn't."""
        if self._tail != 0:
            cursor.execute(_LIST_ROOMS.format(_BEYOND))
            cursor.execute(_LIST_AUTHORS.format(_BEYOND))
            cursor.execute(
                "UPDATE listed SET place = max(place, (SELECT ifnull(max(place), 0) FROM history))"
            )
            self._tail = 0


def add(cursor: sqlite3.Cursor, places: Sequence[int]) -> None:
    """Lists the rows at some places that lie before the tail (what was imported)."""
    chosen, parameters = (
        "IN (SELECT value FROM json_each(?))",
        (msgspec.json.encode(places).decode(),),
    )
    cursor.execute(_LIST_ROOMS.format(chosen), parameters)
    cursor.execute(_LIST_AUTHORS.format(chosen), parameters)


def take_out(cursor: sqlite3.Cursor, cells: rows.HistoryCells) -> None:
    """Takes a row out of its room's list, where it was if it is listed."""
    place, _, room, command = cells[:4]
    said = command in SAID
    cursor.execute(
        "DELETE FROM room_places WHERE room = ? AND said = ? AND status = ? AND place = ?",
        (room, said, cells[8], place),
    )


def let_go(cursor: sqlite3.Cursor, found: list[rows.HistoryCells]) -> None:
    """Takes rows out of all lists that are about to be erased from the history."""
    for cells in found:
        take_out(cursor, cells)
    cursor.executemany(
        "DELETE FROM author_places WHERE author = ? AND place = ?",
        [(cells[9], cells[0]) for cells in found],
    )


def rekey(cursor: sqlite3.Cursor, before: str, after: str) -> None:
    """What one author did is now another's; all of it is listed."""
    cursor.execute(
        "UPDATE history SET author = ? WHERE place IN (SELECT place FROM author_places WHERE author = ?)",
        (after, before),
    )
    cursor.execute("UPDATE author_places SET author = ? WHERE author = ?", (after, before))
