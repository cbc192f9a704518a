"""A disk in memory: what was written, what has been synced, and what a power cut leaves of it.

Law: SQLite itself runs on it, through a VFS. Until a file is synced, each of its sectors may be lost
on its own when the power goes; a process that dies loses nothing that it has written.
"""

from __future__ import annotations

import errno
import sqlite3
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from typing import Any, Final

import apsw

SECTOR: Final = 512
_POWERSAFE: Final = 0x1000
"""SQLITE_IOCAP_POWERSAFE_OVERWRITE: a sector that isn't written to isn't harmed; as SQLite has it."""
_PAGE: Final = 4096
_CHUNK: Final = 16 * _PAGE
VFS_NAME: Final = "hubbub-simulation"

Write = tuple[int, bytes | None]
"""An offset and what was written there, or a length that the file was cut to."""


@dataclass(slots=True)
class File:
    """`content` is what programs see, `durable` what survives; `pending` leads from this to that."""

    content: bytearray = field(default_factory=bytearray)
    durable: bytearray = field(default_factory=bytearray)
    pending: list[Write] = field(default_factory=list)

    def write(self, offset: int, data: bytes) -> None:
        put(self.content, offset, data)
        self.pending.append((offset, data))

    def truncate(self, size: int) -> None:
        del self.content[size:]
        self.pending.append((size, None))

    def sync(self) -> None:
        for write in self.pending:
            do(self.durable, write)
        self.pending.clear()

    def lose(self, chance: Random) -> None:
        """The power goes: of what wasn't synced all, a beginning, any sectors or nothing is kept."""
        way = chance.choice(("nothing", "all", "beginning", "sectors", "sectors"))
        kept = self.pending
        if way == "nothing":
            kept = []
        elif way == "beginning":
            kept = kept[: chance.randint(0, len(kept))]
        for write in kept:
            for part in sectors(write) if way == "sectors" else (write,):
                if way != "sectors" or chance.random() < 0.5:
                    do(self.durable, part)
        self.content = bytearray(self.durable)
        self.pending.clear()


def put(content: bytearray, offset: int, data: bytes) -> None:
    """Writes at an offset, beyond the end too."""
    if len(content) < offset:
        content.extend(bytes(offset - len(content)))
    content[offset : offset + len(data)] = data


def do(content: bytearray, write: Write) -> None:
    """Does a write to what a file has."""
    offset, data = write
    if data is None:
        del content[offset:]
    else:
        put(content, offset, data)


def sectors(write: Write) -> Iterable[Write]:
    """The parts of a write that reach a disk each on its own."""
    offset, data = write
    if data is None:
        return [write]
    cuts = range(offset - offset % SECTOR + SECTOR, offset + len(data), SECTOR)
    starts = [offset, *cuts]
    ends = [*cuts, offset + len(data)]
    return [
        (start, data[start - offset : end - offset])
        for start, end in zip(starts, ends, strict=True)
    ]


class Disk:
    """All files, and what is wrong with the disk at present.

    `full` refuses to let a file grow; `failing_writes`, `failing_syncs` and `failing_reads` are how
    many of the next ones fail. `on_operation` is called before each operation and may end the
    process by raising.
    """

    def __init__(self, chance: Random) -> None:
        self.files: dict[str, File] = {}
        self.full = False
        self.failing_writes = self.failing_syncs = self.failing_reads = 0
        self.failed_syncs = 0
        self.generation = 0
        self.on_operation: Callable[[], None] = lambda: None
        self._chance = chance
        self._is_forgetful = chance.random() < 0.5
        self._loses_memory = self._is_forgetful and chance.random() < 0.5
        self._open: dict[str, apsw.Connection] = {}
        self._users: dict[str, int] = {}
        self._left_behind: list[apsw.Connection] = []
        self.burying = False

    def heal(self) -> None:
        """Nothing is wrong with the disk any more."""
        self.full = False
        self.failing_writes = self.failing_syncs = self.failing_reads = 0

    def crash(self, *, power: bool) -> None:
        """The process that used it is gone; with `power` so is what wasn't synced."""
        self.generation += 1
        if power:
            for file in self.files.values():
                file.lose(self._chance)
        # Not now: it may have died in the middle of what a connection does.
        self._left_behind += self._open.values()
        self._open.clear()
        self._users.clear()

    def bury(self) -> None:
        """Frees what dead processes had open; nothing of it reaches a file."""
        self.burying = True
        for connection in self._left_behind:
            _force_close(connection)
        self._left_behind.clear()
        self.burying = False

    def enter(self, generation: int) -> None:
        """An operation begins. Raises apsw.IOError when the process that wants it is gone."""
        if self.burying:
            return
        if generation == self.generation:
            try:
                self.on_operation()
            except Exception:
                raise
            except BaseException:
                pass  # it has died of it
        if generation != self.generation:
            raise _io_error("the process is gone")

    def fails(self, what: str) -> bool:
        """Whether the next read, write or sync is one that fails."""
        left: int = getattr(self, f"failing_{what}")
        if left:
            setattr(self, f"failing_{what}", left - 1)
        return left > 0

    def half_sync(self, file: File) -> None:
        """A sync that fails: some sectors are on the disk.

        The others are tried again by the next; or never, where the system takes them for written
        from here on, as Linux does. Then programs may still see what they wrote, or they don't,
        as on btrfs, or as anywhere when the memory was wanted for something else.
        """
        self.failed_syncs += 1
        for write in file.pending:
            for part in sectors(write):
                if self._chance.random() < 0.5:
                    do(file.durable, part)
        if self._is_forgetful:
            file.pending.clear()
        if self._loses_memory:
            size = len(file.content)
            file.content[:] = file.durable[:size].ljust(size, b"\0")

    def rewrite(self, path: Path) -> None:
        """`hubbub.store.syncing.rewrite`, for a file here. Raises OSError."""
        file = self.files.get(str(path))
        if file is None:
            return
        handle = _Handle(self, file)
        try:
            for offset in range(0, len(file.content), _CHUNK):
                handle.xWrite(handle.xRead(_CHUNK, offset), offset)
            handle.xSync(0)
        except apsw.Error as error:
            raise OSError(errno.EIO, str(error)) from error

    # -- connections --

    def connection(self, path: str) -> apsw.Connection:
        """SQLite's connection to a file, shared by all who have opened it.

        Without shared memory, which this VFS lacks, a write-ahead log has one connection.
        """
        found = self._open.get(path)
        if found is None:
            _VFS.disk = self
            self.bury()
            found = self._open[path] = apsw.Connection(path, vfs=VFS_NAME)
            found.execute("PRAGMA locking_mode = EXCLUSIVE")
            found.execute("PRAGMA temp_store = MEMORY")
        return found

    def opened(self, path: str) -> None:
        """One more has opened it."""
        self._users[path] = self._users.get(path, 0) + 1

    def close(self, path: str, *, writes: bool) -> None:
        """One of its users is done; the last one closes it, as the last user of the shared memory.

        SQLite moves the write-ahead log to the file then, unless that user may only read.
        """
        self._users[path] -= 1
        found = None if self._users[path] else self._open.pop(path, None)
        if found is not None:
            found.config(apsw.SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, int(not writes))
            _force_close(found)


def _force_close(connection: apsw.Connection) -> None:
    try:
        connection.close(True)
    except apsw.Error:
        pass


class _SystemRefused(apsw.IOError):
    result: int = apsw.SQLITE_IOERR
    extendedresult: int = apsw.SQLITE_IOERR


class _NoRoom(apsw.FullError):
    result: int = apsw.SQLITE_FULL
    extendedresult: int = apsw.SQLITE_FULL


def _io_error(text: str) -> apsw.IOError:
    return _SystemRefused(text)


class _Handle:
    """One opening of a file, by SQLite."""

    def __init__(self, disk: Disk, file: File) -> None:
        self._disk = disk
        self._file = file
        self._generation = disk.generation

    @property
    def _is_dead(self) -> bool:
        return self._generation != self._disk.generation

    def xRead(self, amount: int, offset: int) -> bytes:
        self._disk.enter(self._generation)
        if self._disk.fails("reads"):
            raise _io_error("a read failed")
        return bytes(self._file.content[offset : offset + amount])

    def xWrite(self, data: bytes, offset: int) -> None:
        self._disk.enter(self._generation)
        if self._is_dead:
            return
        if self._disk.fails("writes"):
            self._file.write(offset, bytes(data)[: len(data) // 2])
            raise _io_error("a write failed")
        if self._disk.full and offset + len(data) > len(self._file.content):
            raise _NoRoom("the disk is full")
        self._file.write(offset, bytes(data))

    def xTruncate(self, size: int) -> None:
        self._disk.enter(self._generation)
        if not self._is_dead:
            self._file.truncate(size)

    def xSync(self, flags: int) -> None:
        self._disk.enter(self._generation)
        if self._is_dead:
            return
        if self._disk.fails("syncs"):
            self._disk.half_sync(self._file)
            raise _io_error("a sync failed")
        self._file.sync()

    def xFileSize(self) -> int:
        return len(self._file.content)

    def xClose(self) -> None:
        pass

    def xLock(self, level: int) -> None:
        pass

    def xUnlock(self, level: int) -> None:
        pass

    def xCheckReservedLock(self) -> bool:
        return False

    def xFileControl(self, operation: int, pointer: int) -> bool:
        return False

    def xSectorSize(self) -> int:
        return _PAGE

    def xDeviceCharacteristics(self) -> int:
        return _POWERSAFE


class _Vfs(apsw.VFS):
    """Leads SQLite to the disk of the world that runs now."""

    disk: Disk

    def __init__(self) -> None:
        super().__init__(VFS_NAME, "")

    def xOpen(self, name: object, flags: list[int]) -> Any:
        if name is None:
            return _Handle(self.disk, File())
        path = name.filename() if isinstance(name, apsw.URIFilename) else str(name)
        return _Handle(self.disk, self.disk.files.setdefault(path, File()))

    def xAccess(self, path: str, flags: int) -> bool:
        return path in self.disk.files

    def xDelete(self, path: str, syncdir: bool) -> None:
        if self.disk.burying:
            return
        self.disk.enter(self.disk.generation)
        self.disk.files.pop(path, None)

    def xFullPathname(self, name: str) -> str:
        return name


_VFS = _Vfs()


# -- sqlite3's face -----------------------------------------------------------------------------

_AUTOCHECKPOINT: Final = "PRAGMA wal_autocheckpoint = "


def _checkpointing(least: int) -> Callable[[apsw.Connection, str, int], int] | None:
    """SQLite's own hook after a commit: what fails in its checkpoint it tells nobody, but apsw would."""

    def hook(raw: apsw.Connection, name: str, pages: int) -> int:
        if pages >= least:
            with suppress(apsw.Error):
                raw.wal_checkpoint(name)
        return apsw.SQLITE_OK

    return hook if least else None


def translated(error: apsw.Error) -> sqlite3.Error:
    """The error that the standard library's module would have raised."""
    code = getattr(error, "extendedresult", 0) or getattr(error, "result", sqlite3.SQLITE_ERROR)
    kind: type[sqlite3.Error] = sqlite3.OperationalError
    if code & 0xFF in (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB):
        kind = sqlite3.DatabaseError
    elif code & 0xFF == sqlite3.SQLITE_CONSTRAINT:
        kind = sqlite3.IntegrityError
    translated = kind(str(error))
    translated.sqlite_errorcode = code
    return translated


Parameters = tuple[Any, ...] | list[Any] | Mapping[str, Any]


class Cursor:
    """What the store uses of `sqlite3.Cursor`."""

    def __init__(self, connection: Connection) -> None:
        self.connection = connection
        self._rows: list[tuple[Any, ...]] = []
        self.rowcount = -1

    def execute(self, statement: str, parameters: Parameters = ()) -> Cursor:
        raw = self.connection.raw()
        try:
            if statement.startswith(_AUTOCHECKPOINT):
                raw.set_wal_hook(_checkpointing(int(statement[len(_AUTOCHECKPOINT) :])))
                return self
            before = raw.total_changes()
            cursor = raw.cursor()
            self._rows = list(cursor.execute(statement, parameters))
            self.rowcount = raw.total_changes() - before
        except apsw.Error as error:
            raise translated(error) from error
        return self

    def executemany(self, statement: str, sequence: Iterable[Parameters]) -> Cursor:
        for parameters in sequence:
            self.execute(statement, parameters)
        return self

    def fetchone(self) -> tuple[Any, ...] | None:
        return self._rows.pop(0) if self._rows else None

    def fetchall(self) -> list[tuple[Any, ...]]:
        rows, self._rows = self._rows, []
        return rows

    def __iter__(self) -> Cursor:
        return self

    def __next__(self) -> tuple[Any, ...]:
        if not self._rows:
            raise StopIteration
        return self._rows.pop(0)


class Connection:
    """What the store uses of `sqlite3.Connection`, on a simulated disk."""

    def __init__(self, disk: Disk, path: str, *, writes: bool = True) -> None:
        self._disk = disk
        self._path = path
        self._writes = writes
        self._generation = disk.generation
        self._closed = False
        self.raw()
        disk.opened(path)

    def raw(self) -> apsw.Connection:
        if self._generation != self._disk.generation:
            raise sqlite3.OperationalError("the process is gone")
        try:
            return self._disk.connection(self._path)
        except apsw.Error as error:
            raise translated(error) from error

    @property
    def in_transaction(self) -> bool:
        return self.raw().in_transaction

    @property
    def total_changes(self) -> int:
        return self.raw().total_changes()

    def cursor(self) -> Cursor:
        return Cursor(self)

    def execute(self, statement: str, parameters: Parameters = ()) -> Cursor:
        return self.cursor().execute(statement, parameters)

    def close(self) -> None:
        if not self._closed and self._generation == self._disk.generation:
            self._closed = True
            self._disk.close(self._path, writes=self._writes)
