"""One commit as few statements: what a batch changed, recorded and was.

Law: many rows go in one statement. Each step of a statement releases and retakes the interpreter's
lock, for which the busy thread of the hub may let it wait, so rows aren't written one by one.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache, lru_cache
from itertools import chain
from operator import itemgetter
from typing import Final

from hubbub.core.batches import Batch
from hubbub.core.outputs import (
    EDITS,
    ERASED,
    AuditRow,
    Erased,
    Fact,
    HistoryRow,
    Redacted,
    Rekeyed,
    WhowasRow,
)
from hubbub.core.state import Changes
from hubbub.core.tables import COLUMNS, KEY_WIDTH
from hubbub.store import places, rows
from hubbub.store.indexing import Index, rekey
from hubbub.store.journal import Journal
from hubbub.store.removal import remove_author

_Kept = HistoryRow | WhowasRow | AuditRow
"""What is a row of its own, and nothing that becomes of rows."""

# The most cells in a statement is 60 * 16, below the 999 that every SQLite allows.
_SIZES: Final = (60, 32, 16, 8, 7, 6, 5, 4, 3, 2, 1)

_EMPTY: Final = tuple(rows.HISTORY_EMPTY.get(name, ...) for name in rows.HISTORY_COLUMNS)

STATEMENTS: Final = len(_SIZES) * (2 * len(COLUMNS) + 8) + 16
"""How many different statements a commit can consist of: what a connection should keep prepared."""


@dataclass(frozen=True, slots=True)
class Commit:
    """What one batch leaves behind.

    `whowas_kept` is how many rows of WHOWAS are kept in all, `audit_kept` how many of the audit log.
    """

    changes: Changes
    records: Sequence[Fact]
    batch: Batch
    whowas_kept: int
    audit_kept: int = 100_000


def write(
    cursor: sqlite3.Cursor,
    commit: Commit,
    position: int,
    log: Journal,
    lists: places.Lists,
    index: Index,
) -> bool:
    """Writes the commit within the transaction that is open; `position` is the batch's.

    True when it took out something of what was kept.
    """
    erased = _write_facts(cursor, commit, log, lists, index)
    for table, changes in commit.changes.items():
        kept = [row for row in changes.values() if row is not None]
        if kept:
            _insert(cursor, table, COLUMNS[table], kept)
        if len(kept) < len(changes):
            _delete(cursor, table, [key for key, row in changes.items() if row is None])
    added = [fact.place for fact in commit.records if type(fact) is HistoryRow]
    lists.added(cursor, len(added))
    log.add(cursor, position, max(added, default=None), commit.batch)
    return erased


def _write_facts(
    cursor: sqlite3.Cursor, commit: Commit, log: Journal, lists: places.Lists, index: Index
) -> bool:
    """The rows, and between them in their order what became of those that are there already.

    True when something of these was taken out.
    """
    rest: list[_Kept] = []
    erased = False
    for fact in commit.records:
        if isinstance(fact, _Kept):
            rest.append(fact)
            continue
        _write_records(cursor, rest, commit)
        rest = []
        if not isinstance(fact, Redacted):
            lists.forget_tail()
            lists.list_tail(cursor)
        if isinstance(fact, Rekeyed):
            _rekey(cursor, fact)
        elif isinstance(fact, Redacted):
            _redact(cursor, fact, log, index)
            erased = True
        else:
            _erase(cursor, fact, log, index)
            erased = True
    _write_records(cursor, rest, commit)
    return erased


def _rekey(cursor: sqlite3.Cursor, fact: Rekeyed) -> None:
    """What a guest said and was told becomes its account's."""
    names = {"before": fact.before, "after": fact.after}
    cursor.execute(
        "UPDATE history SET peer = :after WHERE peer = :before"
        " AND place IN (SELECT place FROM whispers WHERE identity = :before)",
        names,
    )
    places.rekey(cursor, fact.before, fact.after)
    cursor.execute("UPDATE whispers SET identity = :after WHERE identity = :before", names)
    rekey(cursor, fact.before, fact.after)


def _erase(cursor: sqlite3.Cursor, fact: Erased, log: Journal, index: Index) -> None:
    """Makes an identity's whispers unreadable to it, and takes out all that it did if wished.

    The journal has texts, too: it goes as a whole, the position that it holds comes anew with
    this very batch.
    """
    if fact.messages:
        remove_author(cursor, fact.identity, index)
        cursor.execute("DELETE FROM whowas WHERE folded = ?", (fact.folded,))
        log.clear(cursor)
    cursor.execute("DELETE FROM whispers WHERE identity = ?", (fact.identity,))


def _redact(cursor: sqlite3.Cursor, fact: Redacted, log: Journal, index: Index) -> None:
    """Takes out what was said at a place: of the history, the index and the journal."""
    cells = cursor.execute(
        f"SELECT {rows.HISTORY_CELLS} FROM history WHERE place = ? AND command <> ?",
        (fact.place, ERASED),
    ).fetchone()
    if cells is None:
        return
    row = rows.history_row(cells)
    if fact.alone:
        _erase_row(cursor, row, log, index)
        return
    # Those who correct a message are those who said it.
    edits = cursor.execute(
        f"SELECT {rows.HISTORY_CELLS} FROM history INDEXED BY history_edits WHERE author = ? AND place > ?"
        f" AND instr(tags, '\"{EDITS}\":') AND instr(tags, ?)",
        (row.author, fact.place, f'"{EDITS}":"{fact.id}"'),
    ).fetchall()
    for erased in (row, *map(rows.history_row, edits)):
        _erase_row(cursor, erased, log, index)


def _erase_row(cursor: sqlite3.Cursor, row: HistoryRow, log: Journal, index: Index) -> None:
    index.remove(cursor, [row.place])
    places.take_out(cursor, rows.history_cells(row))
    cursor.execute(
        "UPDATE history SET command = ?, args = '', text = NULL, tags = NULL, splits = NULL"
        " WHERE place = ?",
        (ERASED, row.place),
    )
    log.blank(cursor, row)


def _write_records(cursor: sqlite3.Cursor, records: Sequence[_Kept], commit: Commit) -> None:
    history: list[rows.HistoryCells] = []
    whispers: list[rows.WhisperCells] = []
    whowas: list[rows.WhowasCells] = []
    audit: list[rows.AuditCells] = []
    for record in records:
        if isinstance(record, HistoryRow):
            history.append(rows.history_cells(record))
            if record.room is None:
                whispers += rows.whisper_cells(record)
        elif isinstance(record, WhowasRow):
            whowas.append(rows.whowas_cells(record))
        else:
            audit.append(rows.audit_cells(record))
    if history:
        _add_history(cursor, history)
    if whispers:
        # In the table's order it is a fifth cheaper: neighbours lie on one page.
        _insert(cursor, "whispers", rows.WHISPER_COLUMNS, sorted(whispers), replace=False)
    if whowas:
        _insert(cursor, "whowas", rows.WHOWAS_COLUMNS, whowas, replace=False)
        cursor.execute(
            "DELETE FROM whowas WHERE id <= (SELECT max(id) FROM whowas) - ?",
            (commit.whowas_kept,),
        )
    if audit:
        _insert(cursor, "audit", rows.AUDIT_COLUMNS, audit, replace=False)
        oldest = audit[-1][0] - commit.audit_kept
        cursor.execute("DELETE FROM audit WHERE number <= ?", (oldest,))


def _add_history(cursor: sqlite3.Cursor, history: Sequence[rows.HistoryCells]) -> None:
    """Most cells of most rows are empty: only the columns in which there is something are named, which
    takes little more than half as long."""
    by_column = enumerate(zip(*history, strict=True))
    filled = tuple(at for at, cells in by_column if cells.count(_EMPTY[at]) < len(history))
    columns = tuple(rows.HISTORY_COLUMNS[at] for at in filled)
    _insert(cursor, "history", columns, list(map(itemgetter(*filled), history)), replace=False)


def _insert(
    cursor: sqlite3.Cursor,
    table: str,
    columns: tuple[str, ...],
    cells: Sequence[tuple[object, ...]],
    *,
    replace: bool = True,
) -> None:
    for part in _parts(cells):
        statement = _insertion(table, columns, len(part), replace)
        cursor.execute(statement, tuple(chain.from_iterable(part)))


def _delete(cursor: sqlite3.Cursor, table: str, keys: Sequence[tuple[object, ...]]) -> None:
    for part in _parts(keys):
        cursor.execute(_deletion(table, len(part)), tuple(chain.from_iterable(part)))


def _parts(
    cells: Sequence[tuple[object, ...]],
) -> Iterator[Sequence[tuple[object, ...]]]:
    """The rows in parts as large as possible, of few different sizes."""
    start, left = 0, len(cells)
    while left:
        size = next(size for size in _SIZES if size <= left)
        yield cells[start : start + size]
        start += size
        left -= size


@lru_cache(1_024)
def _insertion(table: str, columns: tuple[str, ...], count: int, replace: bool) -> str:
    verb = "REPLACE" if replace else "INSERT"
    return f"{verb} INTO {table} ({', '.join(columns)}) VALUES {_places(len(columns), count)}"


@cache
def _deletion(table: str, count: int) -> str:
    width = KEY_WIDTH[table]
    key = COLUMNS[table][:width]
    if width == 1:
        return f"DELETE FROM {table} WHERE {key[0]} IN ({', '.join('?' * count)})"
    return f"DELETE FROM {table} WHERE ({', '.join(key)}) IN (VALUES {_places(width, count)})"


def _places(width: int, count: int) -> str:
    return ", ".join([f"({', '.join('?' * width)})"] * count)
