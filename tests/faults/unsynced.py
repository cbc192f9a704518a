"""A server whose disk forgets what wasn't synced: `python -m tests.faults.unsynced FULL SEED serve …`.

Law: what SQLite writes stays in this process's memory until it syncs the file, but for some sectors that reach
the file before their time, as a disk writes when it likes. So SIGKILL is a power cut: what is left
is what was synced, and bits of what wasn't. SQLite is the real one, with several connections, locks and
shared memory; only the contents of its files come from here.

The name of a new file, the end of a deleted one, and what isn't SQLite's are on the disk at once. The first word
is how SQLite is told to sync whatever the store says, so that a store that doesn't can be tried.
"""

from __future__ import annotations

import sys
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from threading import RLock
from typing import Any, Final

import apsw

from hubbub import cli
from hubbub.store import store
from tests.faults.simulation import disk

VFS_NAME: Final = "hubbub-unsynced"
BUSY_MILLISECONDS: Final = 500
EARLY: Final = 0.3
"""Which part of the writes has some of its sectors on the disk at once."""


@dataclass(slots=True)
class Content:
    """What programs see in a file, and what of it has to be written still. `lock` is its threads'."""

    seen: bytearray
    pending: list[disk.Write] = field(default_factory=list)
    lock: RLock = field(default_factory=RLock)


class _Handle(apsw.VFSFile):
    """One opening of a file by SQLite, over the system's own."""

    def __init__(self, vfs: Vfs, name: Any, path: str, flags: list[int]) -> None:
        super().__init__("", name, flags)
        self._chance = vfs.chance
        with vfs.lock:
            if path not in vfs.contents:
                vfs.contents[path] = Content(bytearray(super().xRead(super().xFileSize(), 0)))
            self._content = vfs.contents[path]

    def xRead(self, amount: int, offset: int) -> bytes:
        with self._content.lock:
            return bytes(self._content.seen[offset : offset + amount])

    def xWrite(self, data: Any, offset: int) -> None:
        write = (offset, bytes(data))
        with self._content.lock:
            disk.do(self._content.seen, write)
            self._content.pending.append(write)
            if self._chance.random() < EARLY:
                for part in disk.sectors(write):
                    if self._chance.random() < 0.5:
                        self._write_through(part)

    def xTruncate(self, size: int) -> None:
        with self._content.lock:
            disk.do(self._content.seen, (size, None))
            self._content.pending.append((size, None))
            if self._chance.random() < EARLY:
                self._write_through((size, None))

    def xSync(self, flags: int) -> None:
        with self._content.lock:
            for write in self._content.pending:
                self._write_through(write)
            self._content.pending.clear()
            super().xSync(flags)

    def xFileSize(self) -> int:
        with self._content.lock:
            return len(self._content.seen)

    def _write_through(self, write: disk.Write) -> None:
        offset, data = write
        if data is None:
            super().xTruncate(offset)
        else:
            super().xWrite(data, offset)


class Vfs(apsw.VFS):
    """Files whose contents wait in memory for their sync; several may be made, each with its name."""

    def __init__(self, chance: Random, name: str = VFS_NAME) -> None:
        super().__init__(name, "")
        self.name = name
        self.chance = chance
        self.contents: dict[str, Content] = {}
        self.lock = RLock()

    def xOpen(self, name: Any, flags: list[int]) -> Any:
        if name is None:
            return apsw.VFSFile("", name, flags)
        path = name.filename() if isinstance(name, apsw.URIFilename) else str(name)
        return _Handle(self, name, path, flags)

    def xDelete(self, path: str, syncdir: bool) -> None:
        super().xDelete(path, syncdir)
        with self.lock:
            self.contents.pop(path, None)


class _Cursor(disk.Cursor):
    def execute(self, statement: str, parameters: disk.Parameters = ()) -> disk.Cursor:
        connection = self.connection
        assert isinstance(connection, Connection)
        if statement.startswith("PRAGMA synchronous ="):
            statement = f"PRAGMA synchronous = {connection.synchronous or statement[20:]}"
        return super().execute(statement, parameters)


class Connection(disk.Connection):
    """What the store uses of `sqlite3.Connection`, on such files. `synchronous` is what it gets
    whatever it asks for, or empty."""

    def __init__(self, vfs: Vfs, path: Path, synchronous: str = "", *, writes: bool = True) -> None:
        self.synchronous = synchronous
        mode = apsw.SQLITE_OPEN_READWRITE if writes else apsw.SQLITE_OPEN_READONLY
        try:
            self._raw = apsw.Connection(str(path), mode, vfs.name)
        except apsw.Error as error:
            raise disk.translated(error) from error
        self._raw.set_busy_timeout(BUSY_MILLISECONDS)

    def raw(self) -> apsw.Connection:
        return self._raw

    def cursor(self) -> disk.Cursor:
        return _Cursor(self)

    def close(self) -> None:
        self._raw.close(True)


def main(synchronous: str, number: str, *arguments: str) -> int:
    """Runs Hubbub's command line on such a disk."""
    vfs = Vfs(Random(number))
    forced = "" if synchronous == "FULL" else synchronous

    def connect(path: Path, *, writes: bool = True) -> Connection:
        return Connection(vfs, path.absolute(), forced, writes=writes)

    store._connect = connect  # type: ignore[assignment]
    return cli.main(arguments)


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
