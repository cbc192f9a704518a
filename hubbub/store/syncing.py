"""Making sure of what may have been lost in a sync that failed.

Law: nothing is moved from a write-ahead log to the file proper, and nothing is said upon it, unless
all of the log has been written and synced without an error since the last sync that failed.

After a sync that failed, in this process or one before, the system may hold for written what is in
its memory only, and never write it again (on Linux it is so): the next sync says that all is well.
SQLite would then copy parts of the log to the file, and a power cut in the middle of that would
leave a torn file beside a log that has holes where its other parts should be.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Final

_CHUNK: Final = 1 << 20


def rewrite(path: Path) -> None:
    """Writes what a file has once more, in its place, and syncs it; nothing if it isn't there.

    Nobody else may write to it meanwhile. Raises OSError.
    """
    try:
        descriptor = os.open(path, os.O_RDWR | getattr(os, "O_BINARY", 0))
    except FileNotFoundError:
        return
    try:
        offset = 0
        while chunk := os.read(descriptor, _CHUNK):
            os.lseek(descriptor, offset, os.SEEK_SET)
            offset += os.write(descriptor, chunk)
            os.lseek(descriptor, offset, os.SEEK_SET)
        if sys.platform == "darwin":
            import fcntl

            fcntl.fcntl(descriptor, fcntl.F_FULLFSYNC)
        else:
            os.fsync(descriptor)
    finally:
        os.close(descriptor)


def wal_of(path: Path) -> Path:
    """The write-ahead log of a database."""
    return path.with_name(f"{path.name}-wal")
