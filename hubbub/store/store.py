"""The store: one SQLite file with one writer and as many readers as ask at once.

Law: `commit` returns when the batch is on the disk (WAL, synchronous=FULL) and raises when nothing
of it is; after a failure the store goes on as soon as the disk does.
"""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Final, overload

import msgspec

from hubbub.core.batches import Batch, decode_batch
from hubbub.core.history import (
    Around,
    Audit,
    Count,
    Message,
    Own,
    Page,
    Question,
    Search,
    Speakers,
    Spoken,
    Targets,
    Whowas,
)
from hubbub.core.ids import RoomId, is_log_id
from hubbub.core.outputs import AuditRow, HistoryRow, WhowasRow
from hubbub.core.rules import Rules
from hubbub.core.state import State
from hubbub.core.tables import COLUMNS, LOAD_ORDER, load
from hubbub.store import migrations, places, questions
from hubbub.store.errors import StoreError, Trouble, is_io, trouble
from hubbub.store.expiry import Expiry
from hubbub.store.indexing import STEP_SECONDS, Index
from hubbub.store.journal import Journal
from hubbub.store.places import Lists
from hubbub.store.syncing import rewrite, wal_of
from hubbub.store.writing import STATEMENTS, Commit, write

__all__ = ["Commit", "Store", "open_store"]

BUSY_SECONDS: Final = 0.5
"""How long another program may hold the file's lock before that is an error."""

_WRITER_CACHE_KIB: Final = 16 * 1024
_READER_CACHE_KIB: Final = 4 * 1024
_WAL_KEPT_BYTES: Final = 16 << 20
_WAL_MOST_BYTES: Final = 64 << 20
_WAL_LOOK_EVERY: Final = 64
_CHECKPOINT_PAGES: Final = 1_000
"""With how many pages in the write-ahead log SQLite moves them to the file proper after a commit.

It tells nobody when a sync fails in that; nothing is lost, as all of the log was synced just before.
"""
_JOURNAL_CHUNK: Final = 256


def open_store(path: Path) -> Store:
    """Opens the file, making it when there is none and bringing an older one up to date.

    Raises StoreError. The caller sees to it that one server at a time uses the directory, and
    closes the store.
    """
    try:
        _make_private(path)
        writer = _connect(path)
    except (sqlite3.Error, OSError) as error:
        raise trouble(path, error) from error
    try:
        _require_json(writer)
        # What a new schema changes mustn't have the log moved that wasn't written anew yet.
        writer.execute("PRAGMA wal_autocheckpoint = 0")
        migrations.prepare(writer, path)
        _set_up_writer(writer, path)
        _make_sure(writer, path)
        return Store(path, writer)
    except (sqlite3.Error, OSError) as error:
        _leave(path, writer)
        raise trouble(path, error) from error
    except BaseException:
        _leave(path, writer)
        raise


class Store:
    """The open file; `open_store` makes it.

    One thread at a time calls `commit`, `index_some`, `expire_some`, `load` and `close`; any number call
    the others meanwhile.
    """

    def __init__(self, path: Path, writer: sqlite3.Connection) -> None:
        self.path = path
        self._writer: sqlite3.Connection | None = writer
        self._readers: list[sqlite3.Connection] = []
        self._closed = self._erased = False
        self._index = Index()
        self._journal = Journal(writer)
        self._lists = Lists()
        self._expiry = Expiry(self._journal, self._lists, self._index)
        self._position = _position(writer)
        self.log_id: str = writer.execute("SELECT min(id) FROM log").fetchone()[0] or ""
        if not is_log_id(self.log_id):
            raise StoreError(
                Trouble.CORRUPT, f"{path} has lost its log's name. Put a backup in its place."
            )
        # While one connection stays open SQLite never reads the write-ahead log's end anew, where a
        # commit may lie whose sync failed, and that everybody was told isn't stored.
        self._anchor = _anchor(path)

    @property
    def position(self) -> int:
        """The journal's position of the last committed batch; 0 before the first."""
        return self._position

    # -- writing --------------------------------------------------------------------------

    def commit(self, commit: Commit) -> None:
        """Makes the batch durable, whole. Raises StoreError when nothing of it is.

        After a StoreError the caller loads the state again, and may commit again at any time.
        """
        position = self._position + 1
        with self._writing() as cursor:
            erased = write(cursor, commit, position, self._journal, self._lists, self._index)
        self._position = position
        if erased:
            self._erased = True
            self._empty_wal()
        if position % _WAL_LOOK_EVERY == 0 and self._writer is not None:
            self._bound_wal()

    def index_some(self, seconds: float = STEP_SECONDS) -> bool:
        """Makes some more of what was committed quick to find; False when all of it is.

        A step takes about so many seconds, on a machine that does nothing else; one that writes what
        the steps before made ready takes some 20 ms.

        It is waited for as a commit is: after a sync that failed the system may have forgotten what
        wasn't synced before, and SQLite would copy to the file whatever it finds there instead.
        Raises StoreError; the next call goes on where the last good one ended.
        """
        # Only a commit opens the file anew, as its caller goes back to what was kept.
        if self._writer is None:
            return False
        with self._writing() as cursor:
            more = self._index.step(cursor, seconds)
            if not more:
                self._lists.list_tail(cursor)
        if self._erased and not more:
            # Now the words of what was erased are gone from the index, too.
            self._erased = False
            self._empty_wal()
        return more

    def expire_some(self, now: int, keep_days: int) -> bool:
        """Takes out some of what was kept for long enough at `now`, in milliseconds, given the
        server's limit (0: for ever) and the rooms'; False when all of it is gone.

        It is waited for, as in `index_some`. Raises StoreError.
        """
        if self._writer is None:
            return False
        with self._writing() as cursor:
            gone, more = self._expiry.step(cursor, now, keep_days)
        self._erased |= gone > 0
        return more

    @contextmanager
    def importing(
        self,
    ) -> Iterator[tuple[sqlite3.Cursor, Callable[[sqlite3.Cursor, Sequence[int]], None]]]:
        """A transaction for what is imported, and what indexes its places. Raises StoreError.

        Only while no server uses the store: it knows nothing of what is changed here.
        """
        with self._writing() as cursor:
            yield cursor, self._add_places

    def _add_places(self, cursor: sqlite3.Cursor, added: Sequence[int]) -> None:
        self._index.add_places(cursor, added)
        places.add(cursor, added)

    @contextmanager
    def _writing(self) -> Iterator[sqlite3.Cursor]:
        """A transaction of the writer's. Raises StoreError when nothing of it was kept."""
        try:
            writer = self._writer or self._reopen()
            cursor = writer.cursor()
            cursor.execute("BEGIN IMMEDIATE")
            yield cursor
            cursor.execute("COMMIT")
        except (sqlite3.Error, OSError) as error:
            self._recover(self._kind(error))
            raise trouble(self.path, error) from error
        except BaseException:
            self._recover(None)
            raise

    def _kind(self, error: sqlite3.Error | OSError) -> Trouble:
        return Trouble.IO if is_io(error) else trouble(self.path, error).kind

    def _recover(self, kind: Trouble | None) -> None:
        """Takes back what a failed commit began; a connection that may be broken is let go."""
        self._index.forget()
        self._journal.forget_size()
        self._lists.forget_tail()
        writer = self._writer
        if writer is None:
            return
        try:
            if writer.in_transaction:
                writer.execute("ROLLBACK")
            if kind in (None, Trouble.LOCKED, Trouble.FULL):
                return
        except sqlite3.Error:
            pass
        self._writer = None
        _close(writer)

    def _reopen(self) -> sqlite3.Connection:
        if self._closed:
            raise sqlite3.ProgrammingError("the store is closed")
        writer = _connect(self.path)
        try:
            _set_up_writer(writer, self.path)
            if not _make_sure(writer, self.path):
                raise sqlite3.OperationalError("somebody reads the file that has to be synced anew")
            position = _position(writer)
        except BaseException:
            _close(writer)
            raise
        self._writer = writer
        # A commit whose last sync failed can still turn out to be there when the file is opened
        # anew; the state that this batch was applied to is then behind.
        known, self._position = self._position, position
        if position != known:
            raise sqlite3.OperationalError("an earlier batch turned out to be kept")
        return writer

    def _bound_wal(self) -> None:
        """Starts the write-ahead log anew when readers have kept SQLite from doing so."""
        try:
            if wal_of(self.path).stat().st_size < _WAL_MOST_BYTES:
                return
        except OSError:
            return  # the batch is committed; what is wrong with the disk the next commit will tell
        self._empty_wal()

    def _empty_wal(self) -> None:
        """Moves all that was committed to the file proper, unless somebody is reading it."""
        writer = self._writer
        if writer is None:
            return
        try:
            # Without waiting: while a backup runs this fails, and the next commit mustn't.
            writer.execute("PRAGMA busy_timeout = 0")
            try:
                writer.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
            finally:
                writer.execute(f"PRAGMA busy_timeout = {int(BUSY_SECONDS * 1000)}")
        except sqlite3.Error as error:
            # Not stored less than before; but a disk in trouble is to be met with care.
            self._recover(self._kind(error))

    # -- reading --------------------------------------------------------------------------

    def load(self, rules: Rules) -> State:
        """The state as of the last commit. Raises StoreError."""
        with self._reading() as reader:
            reader.execute("BEGIN")
            rows = {
                table: reader.execute(
                    f"SELECT {', '.join(columns)} FROM {table} ORDER BY {LOAD_ORDER[table]}"
                ).fetchall()
                for table, columns in COLUMNS.items()
            }
            reader.execute("COMMIT")
        return load(self.log_id, rules, rows)

    @overload
    def answer(
        self, question: Page | Around | Search | Message | Spoken | Own
    ) -> list[HistoryRow]: ...
    @overload
    def answer(self, question: Speakers) -> list[str]: ...
    @overload
    def answer(self, question: Count) -> list[int]: ...
    @overload
    def answer(self, question: Targets) -> list[tuple[RoomId | str, int]]: ...
    @overload
    def answer(self, question: Whowas) -> list[WhowasRow]: ...
    @overload
    def answer(self, question: Audit) -> list[AuditRow]: ...
    @overload
    def answer(self, question: Question) -> questions.Answer: ...
    def answer(self, question: Question) -> questions.Answer:
        """What the history says, as of a commit that isn't older than the call. Raises StoreError.

        May be called from any thread.
        """
        with self._reading() as reader:
            return questions.answer(reader, question)

    def journal(self, after: int = 0) -> Iterator[tuple[int, Batch]]:
        """The batches that are still kept, with their positions, from the first beyond `after`.

        Raises StoreError.
        """
        while True:
            with self._reading() as reader:
                chunk = reader.execute(
                    "SELECT position, batch FROM journal WHERE position > ? ORDER BY position LIMIT ?",
                    (after, _JOURNAL_CHUNK),
                ).fetchall()
            if not chunk:
                return
            for after, blob in chunk:
                try:
                    yield after, decode_batch(blob)
                except msgspec.MsgspecError as error:
                    text = f"Batch {after} of the journal in {self.path} can't be read: {error}"
                    raise StoreError(Trouble.CORRUPT, text) from error

    @contextmanager
    def _reading(self) -> Iterator[sqlite3.Connection]:
        """A connection of this thread's own for a while. Raises StoreError for SQLite's errors."""
        reader: sqlite3.Connection | None = None
        try:
            if self._closed:
                raise sqlite3.ProgrammingError("the store is closed")
            reader = self._take_reader()
            yield reader
        except BaseException as error:
            if reader is not None:
                _close(reader)
            if isinstance(error, sqlite3.Error):
                raise trouble(self.path, error) from error
            raise
        if self._closed:
            _close(reader)
        else:
            self._readers.append(reader)

    def _take_reader(self) -> sqlite3.Connection:
        try:
            return self._readers.pop()
        except IndexError:
            # It may be closed last, by who still reads when the store is closed: see `_anchor`.
            reader = _connect(self.path, writes=False)
        try:
            reader.execute(f"PRAGMA cache_size = -{_READER_CACHE_KIB}")
        except BaseException:
            _close(reader)
            raise
        return reader

    def close(self) -> None:
        """Leaves one file without a write-ahead log, unless the disk is in trouble."""
        if self._closed:
            return
        self._closed = True
        while self._readers:
            _close(self._readers.pop())
        writer, self._writer = self._writer, None
        if writer is None:
            _close(self._anchor)
            return
        first, last = writer, self._anchor  # which leaves the log to the next start
        try:
            writer.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
            first, last = last, first
        except sqlite3.Error:
            pass  # all is in the log
        _close(first)
        _close(last)


def _make_private(path: Path) -> None:
    """Sees to it that the file is there and its owner's only. Raises OSError."""
    try:
        descriptor = os.open(path, os.O_CREAT | os.O_EXCL | os.O_RDWR, 0o600)
    except FileExistsError:
        descriptor = os.open(path, os.O_RDWR)
        if os.name == "posix" and os.fstat(descriptor).st_mode & 0o077:
            path.chmod(0o600)
    else:
        if os.name == "posix":
            migrations.sync(path.parent)
    os.close(descriptor)


def _connect(path: Path, *, writes: bool = True) -> sqlite3.Connection:
    # mode=rw: a file that is gone is an error, not a new one. Threads take turns with a connection.
    return sqlite3.connect(
        f"{path.absolute().as_uri()}?mode={'rw' if writes else 'ro'}",
        uri=True,
        timeout=BUSY_SECONDS,
        isolation_level=None,
        check_same_thread=False,
        cached_statements=STATEMENTS,
    )


def _anchor(path: Path) -> sqlite3.Connection:
    """A connection to close last: as it can't write, SQLite moves nothing to the file as it does
    with the last one that could, which mustn't be while a sync of the log may have failed."""
    anchor = _connect(path, writes=False)
    try:
        # It holds the file from the first time on that it could read it.
        anchor.execute("SELECT count(*) FROM sqlite_master").fetchone()
    except BaseException:
        _close(anchor)
        raise
    return anchor


def _leave(path: Path, connection: sqlite3.Connection) -> None:
    """Closes the only connection; the log stays for the next start, which writes it anew first."""
    try:
        anchor = _anchor(path)
    except sqlite3.Error:
        _close(connection)
    else:
        _close(connection)
        _close(anchor)


def _set_up_writer(writer: sqlite3.Connection, path: Path) -> None:
    if writer.execute("PRAGMA journal_mode = WAL").fetchone()[0] != "wal":
        raise StoreError(
            Trouble.IO,
            f"{path} is on a file system without shared memory. Put it on a local disk.",
        )
    writer.execute("PRAGMA synchronous = FULL")
    writer.execute("PRAGMA fullfsync = ON")  # macOS: its fsync alone doesn't reach the disk
    # What was erased isn't to be found in the parts of the file that are free.
    writer.execute("PRAGMA secure_delete = ON")
    writer.execute(f"PRAGMA cache_size = -{_WRITER_CACHE_KIB}")
    writer.execute(f"PRAGMA journal_size_limit = {_WAL_KEPT_BYTES}")
    writer.execute(f"PRAGMA wal_autocheckpoint = {_CHECKPOINT_PAGES}")
    # Tells now, not at the first message, whether the file can be written.
    writer.execute("BEGIN IMMEDIATE")
    writer.execute("ROLLBACK")


def _make_sure(writer: sqlite3.Connection, path: Path) -> bool:
    """Moves what the write-ahead log has to the file proper; False while somebody reads it.

    The log is written anew before: a sync of it may have failed, in this process or one before.
    """
    writer.execute("BEGIN IMMEDIATE")  # so that nobody else writes to it
    try:
        rewrite(wal_of(path))
    finally:
        writer.execute("ROLLBACK")
    busy: int = writer.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()[0]
    return not busy


def _require_json(writer: sqlite3.Connection) -> None:
    try:
        writer.execute("SELECT json_group_array(json_array(1))").fetchone()
    except sqlite3.OperationalError as error:
        raise StoreError(
            Trouble.IO,
            f"SQLite {sqlite3.sqlite_version} of this Python lacks JSON. Use a newer Python.",
        ) from error
    if ("fts5",) not in writer.execute("PRAGMA module_list").fetchall():
        raise StoreError(
            Trouble.IO,
            f"SQLite {sqlite3.sqlite_version} of this Python lacks FTS5, which the search needs. "
            "Use another build of Python.",
        )


def _position(connection: sqlite3.Connection) -> int:
    position: int = connection.execute("SELECT ifnull(max(position), 0) FROM journal").fetchone()[0]
    return position


def _close(connection: sqlite3.Connection) -> None:
    try:
        connection.close()
    except sqlite3.Error:
        pass  # there is nothing left that could be done with it
