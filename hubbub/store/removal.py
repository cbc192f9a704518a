"""Rows that go for good: what was kept for long enough, and what somebody did who is erased.

Law: a row goes with all that leads to it, in one transaction: its words in the search index, its
places in the lists, the whisper on both sides. What the journal has of it is the caller's business.
"""

from __future__ import annotations

import sqlite3
from typing import Final

import msgspec

from hubbub.store import places, rows
from hubbub.store.indexing import Index

CHUNK_ROWS: Final = 512
"""How many rows of an author are taken out with one set of statements."""


def remove(cursor: sqlite3.Cursor, found: list[rows.HistoryCells], index: Index) -> None:
    """Takes these rows out."""
    if not found:
        return
    gone = [cells[0] for cells in found]
    index.remove(cursor, gone)
    whispers = (rows.history_row(cells) for cells in found if cells[2] is None)
    cursor.executemany(
        "DELETE FROM whispers WHERE identity = ? AND peer_folded = ? AND place = ?",
        [view for whisper in whispers for view in rows.whisper_cells(whisper)],
    )
    places.let_go(cursor, found)
    cursor.execute(
        "DELETE FROM history WHERE place IN (SELECT value FROM json_each(?))",
        (msgspec.json.encode(gone).decode(),),
    )


def remove_author(cursor: sqlite3.Cursor, author: str, index: Index) -> None:
    """Takes out all that an author did; all of it is listed."""
    while True:
        found = cursor.execute(
            f"SELECT {rows.HISTORY_CELLS} FROM history WHERE place IN (SELECT place FROM author_places"
            " WHERE author = ? ORDER BY place LIMIT ?)",
            (author, CHUNK_ROWS),
        ).fetchall()
        if not found:
            return
        remove(cursor, found, index)
