"""Whether a file of this schema's number has this schema's tables.

Law: what the steps make is the measure, never a second description of it. What somebody added to a
file is no business of ours; what is missing, or other than it should be, is.
"""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path

from hubbub.store.errors import StoreError, Trouble


def require_shape(connection: sqlite3.Connection, path: Path, steps: Sequence[str]) -> None:
    """Refuses a file that has the number of the last step, but not the tables that all of them make.

    Raises StoreError, and sqlite3.Error.
    """
    with closing(sqlite3.connect(":memory:", isolation_level=None)) as sample:
        for step in steps:
            sample.executescript(step)
        wanted = _shape(sample)
    found = _shape(connection)
    other = sorted(name for name, shape in wanted.items() if found.get(name) != shape)
    if not other:
        return
    name, more = other[0], len(other) - 1
    how = "is other than it should be" if name in found else "is missing"
    rest = f", and so of {more} more" if more else ""
    raise StoreError(
        Trouble.UNRELEASED,
        f"{path} was made by a Hubbub that was never released, on the way to this version"
        f" ({name} {how}{rest}): it can't be brought up to date. Export what is in it with the Hubbub that"
        " made it (hubbub export), move the file away, and import that; or choose another data directory.",
    )


def _shape(connection: sqlite3.Connection) -> dict[str, object]:
    """What each table has for columns, and how each index and virtual table was made."""
    made = connection.execute(
        "SELECT type, name, sql FROM sqlite_master WHERE sql IS NOT NULL"
    ).fetchall()
    virtual = [name for _, name, sql in made if sql.upper().startswith("CREATE VIRTUAL")]
    shape: dict[str, object] = {}
    for kind, name, sql in made:
        if any(name.startswith(f"{whose}_") for whose in virtual):
            continue  # SQLite's own, behind a virtual table
        if kind == "table" and name not in virtual:
            # Not as it was written: ALTER TABLE writes it in its own way.
            quoted = name.replace('"', '""')
            columns = connection.execute(f'PRAGMA table_info("{quoted}")').fetchall()
            shape[name] = tuple(tuple(column[1:]) for column in columns)
        else:
            shape[name] = re.sub(r"\s+", " ", sql).strip()
    return shape
