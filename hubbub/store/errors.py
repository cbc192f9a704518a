"""What can go wrong with the file, as a kind for the program and a sentence for the person.

Law: every error of SQLite or the file system leaves this room as a StoreError.
"""

from __future__ import annotations

import errno
import shutil
import sqlite3
from enum import Enum
from pathlib import Path
from typing import Final


class Trouble(Enum):
    """The kinds of trouble with the store."""

    LOCKED = "locked"
    """Another program holds the file's write lock."""
    CORRUPT = "corrupt"
    READ_ONLY = "read-only"
    FULL = "full"
    NEWER_SCHEMA = "newer schema"
    UNRELEASED = "unreleased"
    """Made by a version between two released ones, with the number of the later one's schema."""
    NOT_OURS = "not ours"
    """A sound SQLite file that some other program made."""
    IO = "io"
    """Anything else, most likely the disk."""


class StoreError(Exception):
    """Nothing was changed. `str` says what happened and what to do; `kind` is for the program."""

    def __init__(self, kind: Trouble, text: str) -> None:
        super().__init__(text)
        self.kind = kind


_SENTENCES: Final = {
    Trouble.LOCKED: "{path} is in use by another program. Close it there and try again.",
    Trouble.CORRUPT: (
        "{path} is damaged or is not a Hubbub database ({why}). "
        "Put a backup in its place, or move the file away to begin anew."
    ),
    Trouble.READ_ONLY: (
        "{path} can't be written ({why}). "
        "Give the user that runs the server the right to write this file and its directory."
    ),
    Trouble.FULL: "The disk that holds {path} is full. Free some space; nothing else is needed.",
    Trouble.IO: "{path} can't be read or written ({why}). Check the disk and the path.",
}

_KINDS: Final = {
    sqlite3.SQLITE_BUSY: Trouble.LOCKED,
    sqlite3.SQLITE_LOCKED: Trouble.LOCKED,
    sqlite3.SQLITE_CORRUPT: Trouble.CORRUPT,
    sqlite3.SQLITE_NOTADB: Trouble.CORRUPT,
    sqlite3.SQLITE_READONLY: Trouble.READ_ONLY,
    sqlite3.SQLITE_PERM: Trouble.READ_ONLY,
    sqlite3.SQLITE_FULL: Trouble.FULL,
}

_ERRNO_KINDS: Final = {
    errno.EACCES: Trouble.READ_ONLY,
    errno.EPERM: Trouble.READ_ONLY,
    errno.EROFS: Trouble.READ_ONLY,
    errno.ENOSPC: Trouble.FULL,
    errno.EDQUOT: Trouble.FULL,
}

_NEARLY_NOTHING: Final = 1 << 20
"""Bytes: a disk with less than this free is called full when a write failed."""


def trouble(path: Path, error: sqlite3.Error | OSError) -> StoreError:
    """The StoreError that an error on `path` means."""
    if isinstance(error, OSError):
        kind = _ERRNO_KINDS.get(error.errno or 0, Trouble.IO)
        why = error.strerror or str(error)
    else:
        # Extended codes keep the primary one in their low byte.
        code = getattr(error, "sqlite_errorcode", sqlite3.SQLITE_ERROR) & 0xFF
        kind = _KINDS.get(code, Trouble.IO)
        why = str(error)
        if code == sqlite3.SQLITE_IOERR and _is_full(path):
            kind = Trouble.FULL
    return StoreError(kind, _SENTENCES[kind].format(path=path, why=why))


def is_io(error: sqlite3.Error | OSError) -> bool:
    """Whether the system has refused to read, write or sync, for want of room or otherwise."""
    return getattr(error, "sqlite_errorcode", 0) & 0xFF == sqlite3.SQLITE_IOERR


def _is_full(path: Path) -> bool:
    try:
        return shutil.disk_usage(path.parent).free < _NEARLY_NOTHING
    except OSError:
        return False
