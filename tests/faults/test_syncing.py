"""A sync fails, and then the power, at every moment after: the file is whole, and has all that it said it has.

The disk is the simulation's, of the kind that takes for written what it failed to sync, and may lose it
from its memory, too. The same without writing the log anew must end in a damaged file, or the test
would prove nothing.
"""

from __future__ import annotations

import errno
import os
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from random import Random

import pytest

from hubbub.store import exporting, migrations, syncing
from hubbub.store import store as store_module
from hubbub.store.errors import StoreError
from hubbub.store.store import Store, open_store
from hubbub.store.syncing import rewrite, wal_of
from tests.faults.simulation.disk import Connection, Disk
from tests.faults.simulation.world import DATABASE
from tests.store.making import commit, said, take_back

TEXT = "words " * 30
MOMENTS = range(1, 60, 4)


class _Machine:
    """A disk that forgets what it failed to sync, and the process that uses it."""

    def __init__(self, seed: int, *, loses_memory: bool) -> None:
        self.disk = Disk(Random(seed))
        self.disk._is_forgetful = True
        self.disk._loses_memory = loses_memory
        self._left = -1
        self._gone = False
        self.disk.on_operation = self._operation

    def connect(self, path: Path, *, writes: bool = True) -> Connection:
        return Connection(self.disk, str(path), writes=writes)

    def rewrite(self, path: Path) -> None:
        if self._gone:
            raise OSError(errno.EIO, "the process is gone")
        self.disk.rewrite(path)

    def cut_after(self, operations: int) -> None:
        self._left = operations

    def _operation(self) -> None:
        if self._left == 0:
            self.cut()
        self._left -= 1

    def cut(self) -> None:
        if not self._gone:
            self._gone = True
            self.disk.crash(power=True)

    def start(self) -> Store:
        self._gone, self._left = False, -1
        return open_store(DATABASE)


@contextmanager
def _machine(seed: int, *, rewrites: bool, loses_memory: bool = False) -> Iterator[_Machine]:
    machine = _Machine(seed, loses_memory=loses_memory)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(store_module, "_connect", machine.connect)
        patch.setattr(store_module, "_make_private", lambda path: None)
        patch.setattr(store_module, "rewrite", machine.rewrite if rewrites else lambda path: None)
        yield machine


def _say(store: Store, count: int = 1) -> None:
    for _ in range(count):
        number = store.position + 1
        store.commit(commit(number, [said(number, f"{number} {TEXT}")]))


def _index(store: Store) -> None:
    while store.index_some():
        pass


def _fail(machine: _Machine, store: Store) -> None:
    machine.disk.failing_syncs = 1
    with pytest.raises(StoreError):
        _say(store)
    machine.disk.heal()


def _next_commit(machine: _Machine, store: Store, moment: int) -> None:
    _fail(machine, store)
    machine.cut_after(moment)
    _say(store)


def _closing(machine: _Machine, store: Store, moment: int) -> None:
    _fail(machine, store)
    machine.cut_after(moment)
    store.close()


def _start(machine: _Machine, store: Store, moment: int) -> None:
    store._empty_wal()  # so that the log has hardly more than what fails
    store.commit(commit(store.position + 1))
    _fail(machine, store)
    machine.disk.crash(power=False)
    machine.cut_after(moment)
    open_store(DATABASE)


def _another_start(machine: _Machine, store: Store, moment: int) -> None:
    _fail(machine, store)
    machine.disk.crash(power=False)
    machine.cut_after(moment)
    machine.disk.failing_syncs = 1
    with pytest.raises(StoreError):
        open_store(DATABASE)


Scenario = Callable[[_Machine, Store, int], None]


def _is_whole(
    scenario: Scenario, moment: int, *, rewrites: bool = True, loses_memory: bool = False
) -> bool:
    """Whether the file is sound, and has what was committed, when the power goes at the moment."""
    with _machine(moment, rewrites=rewrites, loses_memory=loses_memory) as machine:
        store = machine.start()
        _say(store, 60)
        _index(store)
        kept = store.position
        try:
            scenario(machine, store, moment)
        except StoreError:
            pass
        machine.cut()
        machine.disk.heal()
        try:
            store = machine.start()
            with closing(store), closing(machine.connect(DATABASE)) as connection:
                (sound,) = connection.execute("PRAGMA integrity_check").fetchone() or ("",)
                return sound == "ok" and store.position >= kept
        except (StoreError, sqlite3.DatabaseError):
            return False


@pytest.mark.parametrize("loses_memory", [False, True])
@pytest.mark.parametrize("scenario", [_next_commit, _closing, _start, _another_start])
def test_the_file_outlives_a_failed_sync_and_a_power_cut(
    scenario: Scenario, loses_memory: bool
) -> None:
    assert all(_is_whole(scenario, moment, loses_memory=loses_memory) for moment in MOMENTS)


def test_a_log_that_is_not_written_anew_damages_the_file() -> None:
    assert not all(_is_whole(_start, moment, rewrites=False) for moment in range(1, 40))


def test_nothing_is_read_that_a_failed_sync_has_lost_from_memory() -> None:
    """What a step had left in the log without a sync would be moved to the file as what it was before."""
    for seed in range(5):
        with _machine(seed, rewrites=True, loses_memory=True) as machine:
            store = machine.start()
            _say(store, 30)
            _index(store)
            _fail(machine, store)
            _say(store)
            store.close()
            with closing(machine.start()) as store, closing(machine.connect(DATABASE)) as shell:
                assert shell.execute("PRAGMA integrity_check").fetchone() == ("ok",)
                assert store.position == 31


def test_nothing_is_said_upon_a_step_that_a_failed_sync_has_lost() -> None:
    for seed in range(10):
        with _machine(seed, rewrites=True) as machine:
            store = machine.start()
            _say(store, 3)
            _index(store)
            take_back(store, said(2).place)
            _say(store)
            machine.disk.failing_syncs = 1
            with pytest.raises(StoreError):
                _index(store)
            _say(store, 3)
            kept = store.position
            machine.cut()
            with closing(machine.start()) as store:
                assert store.position == kept


@pytest.mark.parametrize("pages", [20, 1_000])
def test_a_sync_that_fails_in_a_step_is_noticed_before_anything_is_said_upon_it(
    pages: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The log may be long enough to be moved to the file after the step: SQLite would tell nobody that
    it couldn't, and what is said next would lie beyond a hole until it is moved."""
    monkeypatch.setattr(store_module, "_CHECKPOINT_PAGES", pages)
    for moment in range(1, 40):
        with _machine(moment, rewrites=True) as machine:
            store = machine.start()
            _say(store, 4)
            machine.disk.failing_syncs = 1
            with pytest.raises(StoreError):
                _index(store)
            machine.disk.heal()
            machine.cut_after(moment)
            with suppress(StoreError):
                _say(store, 3)
            kept = store.position
            machine.cut()
            with closing(machine.start()) as store:
                assert store.position >= kept, moment


def test_nobody_closes_the_last_connection_of_a_store_whose_sync_has_failed() -> None:
    """SQLite would move pages to the file that the log may have lost."""
    with _machine(0, rewrites=True) as machine:
        store = machine.start()
        _say(store, 3)
        moved = bytes(machine.disk.files[str(DATABASE)].content)
        _fail(machine, store)
        machine.disk.failing_syncs = 1
        with pytest.raises(StoreError):
            _say(store)  # the log couldn't be written anew
        store.close()
        assert bytes(machine.disk.files[str(DATABASE)].content) == moved


def test_who_still_reads_when_a_store_in_trouble_closes_moves_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "hubbub.db"
    store = open_store(path)
    _say(store, 3)
    moved = path.read_bytes()
    assert store._writer is not None
    store._writer.close()
    with monkeypatch.context() as patch:
        patch.setattr(store_module, "rewrite", _breaks)
        for _ in range(2):
            with pytest.raises(StoreError):
                _say(store)
    with store._reading() as reader:
        assert reader.execute("SELECT count(*) FROM history").fetchone() == (3,)
        store.close()
    assert list(exporting.export(path, exporting.Wanted()))
    assert path.read_bytes() == moved
    assert wal_of(path).stat().st_size
    with closing(open_store(path)) as store:
        assert store.position == 3


def _breaks(*_: object) -> None:
    raise OSError(errno.EIO, "a sync failed")


def test_a_store_doesnt_open_without_the_connection_that_is_to_be_closed_last(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It would go on, and after a sync that failed whoever is closed last would move the log."""
    path = tmp_path / "hubbub.db"
    connect = store_module._connect

    class Broken(sqlite3.Connection):
        def execute(self, *_: object) -> sqlite3.Cursor:
            raise sqlite3.OperationalError("disk I/O error")

    def connected(path: Path, *, writes: bool = True) -> sqlite3.Connection:
        return connect(path) if writes else sqlite3.connect(path, factory=Broken)

    with monkeypatch.context() as patch:
        patch.setattr(store_module, "_connect", connected)
        with pytest.raises(StoreError, match="disk I/O error"):
            open_store(path)
    open_store(path).close()
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize("moment", [2_400, 3_000])
def test_a_start_that_changes_the_schema_moves_no_log_that_it_has_not_written_anew(
    moment: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    more = "CREATE TABLE more (x); INSERT INTO more VALUES (zeroblob(4200000))"  # 1,000 pages
    monkeypatch.setattr(migrations, "snapshot", lambda connection, path: None)
    with _machine(moment, rewrites=True) as machine:
        store = machine.start()
        _say(store, 60)
        kept = store.position
        _fail(machine, store)
        machine.disk.crash(power=False)
        monkeypatch.setattr(migrations, "MIGRATIONS", (*migrations.MIGRATIONS, more))
        machine.cut_after(moment)
        with pytest.raises(StoreError):
            open_store(DATABASE)
        machine.cut()
        with closing(machine.start()) as store, closing(machine.connect(DATABASE)) as connection:
            assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)
            assert store.position >= kept


def test_a_writer_that_had_no_room_to_move_the_log_waits_for_others_as_before() -> None:
    with _machine(0, rewrites=True) as machine:
        store = machine.start()
        _say(store, 40)
        assert store._writer is not None
        store._writer.execute("PRAGMA wal_checkpoint(PASSIVE)")
        _say(store, 20)
        machine.disk.full = True
        store._empty_wal()
        assert store._writer is not None
        half_a_second = 500
        assert store._writer.execute("PRAGMA busy_timeout").fetchone() == (half_a_second,)


def test_a_file_is_written_anew_as_it_is(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(syncing, "_CHUNK", 10)
    path = tmp_path / "a"
    content = bytes(range(256))
    path.write_bytes(content)
    written = []
    write = os.write

    def some(descriptor: int, chunk: bytes) -> int:
        written.append(write(descriptor, chunk[:7]))
        return written[-1]

    monkeypatch.setattr(os, "write", some)
    rewrite(path)
    assert path.read_bytes() == content
    assert sum(written) == len(content)
    rewrite(tmp_path / "b")
    assert not (tmp_path / "b").exists()
    with pytest.raises(OSError, match="directory"):
        rewrite(tmp_path)
