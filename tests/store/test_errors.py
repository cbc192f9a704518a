"""Trouble with the disk or the file is told as what it is, and passes when its cause does."""

from __future__ import annotations

import os
import shutil
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from tempfile import mkdtemp

import pytest

from hubbub.core.history import InRoom, Page
from hubbub.core.ids import Place, RoomId
from hubbub.store.errors import StoreError, Trouble, trouble
from hubbub.store.store import Store, open_store
from tests.store.making import RULES, commit, said

ROOT = Path(__file__).parents[2]
EVERYTHING = Page(conversation=InRoom(RoomId(1), Place(0)), limit=10_000)
posix = pytest.mark.skipif(os.name != "posix", reason="needs posix")


def trouble_of_opening(path: Path) -> StoreError:
    with pytest.raises(StoreError) as caught:
        open_store(path).close()
    assert str(path) in str(caught.value)
    return caught.value


def run(code: str, *arguments: object) -> str:
    """What a Python program that can use the package and the tests' makings prints."""
    finished = subprocess.run(
        [sys.executable, "-c", code, *map(str, arguments)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert finished.returncode == 0, finished.stderr
    return finished.stdout


@contextmanager
def locked_elsewhere(path: Path) -> Iterator[None]:
    """Another process is in the middle of writing to the file."""
    code = (
        "import sqlite3, sys; c = sqlite3.connect(sys.argv[1], isolation_level=None);"
        "c.execute('BEGIN IMMEDIATE'); print('locked', flush=True); sys.stdin.read()"
    )
    with subprocess.Popen(
        [sys.executable, "-c", code, str(path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as other:
        assert other.stdout is not None
        assert other.stdout.readline() == b"locked\n"
        yield
        other.communicate()


def test_a_full_disk_is_an_error_until_there_is_room(store: Store) -> None:
    store.commit(commit(1, [said(1)]))
    assert store._writer is not None
    (pages,) = store._writer.execute("PRAGMA page_count").fetchone()
    store._writer.execute(f"PRAGMA max_page_count = {pages + 1}")
    big = [said(2, "x" * 40_000), said(3)]
    for _ in range(2):
        with pytest.raises(StoreError, match="full") as caught:
            store.commit(commit(2, big))
        assert caught.value.kind is Trouble.FULL
        assert store.answer(EVERYTHING) == [said(1)]
        assert store.load(RULES).log_id == store.log_id
    store._writer.execute("PRAGMA max_page_count = 1000000")
    store.commit(commit(2, big))
    assert store.answer(EVERYTHING) == [said(1), *big]


@posix
def test_a_file_that_may_not_grow_is_an_error_until_it_may(path: Path) -> None:
    code = """
import resource, sys
from pathlib import Path
from hubbub.store.errors import StoreError
from hubbub.store.store import open_store
from tests.store.making import RULES, commit, said
store = open_store(Path(sys.argv[1]))
limits = resource.getrlimit(resource.RLIMIT_FSIZE)
resource.setrlimit(resource.RLIMIT_FSIZE, (300_000, limits[1]))
kept = failed = 0
while failed < 3:
    try:
        store.commit(commit(kept + 1, [said(kept, "x" * 5_000)]))
        kept += 1
    except StoreError:
        failed += 1
        assert store.position == kept
        store.load(RULES)
resource.setrlimit(resource.RLIMIT_FSIZE, limits)
store.commit(commit(kept + 1, [said(kept)]))
store.close()
print(kept + 1)
"""
    kept = int(run(code, path))
    assert kept > 1
    with closing(open_store(path)) as store:
        assert store.position == kept
        assert len(store.answer(EVERYTHING)) == kept


@posix
@pytest.mark.parametrize("what", ["file", "directory"])
def test_what_may_not_be_written_is_told(what: str) -> None:
    # A directory of its own, since another user than ours may have to look into it.
    directory = Path(mkdtemp(prefix="hubbub-test-"))
    path = directory / "hubbub.db"
    try:
        open_store(path).close()
        path.chmod(0o400 if what == "file" else 0o600)
        directory.chmod(0o500 if what == "directory" else 0o700)
        if os.getuid() == 0:
            os.chown(path, 65534, 65534)
            os.chown(directory, 65534, 65534)
        code = """
import os, sys
from pathlib import Path
from hubbub.store.errors import StoreError
from hubbub.store.store import open_store
if os.getuid() == 0:
    os.setuid(65534)
try:
    open_store(Path(sys.argv[1]))
except StoreError as error:
    print(error.kind.name, error)
"""
        assert run(code, path).startswith(f"READ_ONLY {path} can't be written (")
    finally:
        directory.chmod(0o700)
        shutil.rmtree(directory)


def test_a_file_that_another_program_writes_to_is_locked(path: Path) -> None:
    open_store(path).close()
    with locked_elsewhere(path):
        assert trouble_of_opening(path).kind is Trouble.LOCKED
    open_store(path).close()


def test_a_commit_waits_a_little_for_another_program_and_works_when_it_is_done(
    store: Store,
) -> None:
    with locked_elsewhere(store.path):
        with pytest.raises(StoreError) as caught:
            store.commit(commit(1, [said(1)]))
        assert caught.value.kind is Trouble.LOCKED
        assert store.answer(EVERYTHING) == []
    store.commit(commit(1, [said(1)]))
    assert store.answer(EVERYTHING) == [said(1)]


def test_a_connection_that_broke_is_made_anew(store: Store) -> None:
    store.commit(commit(1, [said(1)]))
    assert store._writer is not None
    store._writer.close()
    with pytest.raises(StoreError):
        store.commit(commit(2, [said(2)]))
    store.commit(commit(2, [said(2)]))
    assert store.answer(EVERYTHING) == [said(1), said(2)]


def test_a_batch_that_turns_out_to_be_kept_after_all_is_not_overwritten(store: Store) -> None:
    """A last sync can fail with all bytes on the disk; then the state has to be loaded first."""
    store.commit(commit(1, [said(1)]))
    assert store._writer is not None
    store._writer.close()
    with pytest.raises(StoreError):
        store.commit(commit(2, [said(2)]))
    with closing(sqlite3.connect(store.path, isolation_level=None)) as late:
        late.execute("INSERT INTO journal VALUES (2, NULL, x'00')")
    with pytest.raises(StoreError, match="turned out to be kept"):
        store.commit(commit(2, [said(2)]))
    assert store.position == 2
    store.commit(commit(3, [said(3)]))
    assert store.answer(EVERYTHING) == [said(1), said(3)]


def test_garbage_is_refused_and_left_alone(path: Path) -> None:
    path.write_bytes(b"not a database, whatever else it is\n" * 100)
    before = path.read_bytes()
    assert trouble_of_opening(path).kind is Trouble.CORRUPT
    assert path.read_bytes() == before


def test_a_damaged_file_is_told(path: Path) -> None:
    with closing(open_store(path)) as store:
        for number in range(50):
            store.commit(commit(number, [said(number, "x" * 1_000)]))
    content = bytearray(path.read_bytes())
    content[8192:] = b"\xff" * (len(content) - 8192)
    path.write_bytes(content)
    told = trouble_of_opening(path)
    assert told.kind is Trouble.CORRUPT
    assert "backup" in str(told)


def test_damage_of_one_table_is_told_when_it_is_read(path: Path) -> None:
    with closing(open_store(path)) as store:
        store.commit(commit(1, [said(1)]))
    with closing(sqlite3.connect(path)) as shell:
        (page,) = shell.execute(
            "SELECT rootpage FROM sqlite_master WHERE name = 'history'"
        ).fetchone()
        (size,) = shell.execute("PRAGMA page_size").fetchone()
    content = bytearray(path.read_bytes())
    content[(page - 1) * size : page * size] = b"\xff" * size
    path.write_bytes(content)
    with closing(open_store(path)) as store:
        assert store.load(RULES).log_id == store.log_id
        with pytest.raises(StoreError) as caught:
            store.answer(EVERYTHING)
    assert caught.value.kind is Trouble.CORRUPT


def test_a_directory_that_is_missing_is_told(tmp_path: Path) -> None:
    assert trouble_of_opening(tmp_path / "missing" / "a.db").kind is Trouble.IO


def test_every_kind_has_a_sentence(path: Path) -> None:
    codes = {
        sqlite3.SQLITE_BUSY_SNAPSHOT: Trouble.LOCKED,
        sqlite3.SQLITE_CORRUPT_VTAB: Trouble.CORRUPT,
        sqlite3.SQLITE_READONLY_DIRECTORY: Trouble.READ_ONLY,
        sqlite3.SQLITE_FULL: Trouble.FULL,
        sqlite3.SQLITE_IOERR_FSYNC: Trouble.IO,
    }
    for code, kind in codes.items():
        error = sqlite3.OperationalError("why it is")
        error.sqlite_errorcode = code
        told = trouble(path, error)
        assert told.kind is kind
        assert str(path) in str(told)


def test_a_failed_write_on_a_disk_without_space_is_a_full_disk(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    usage = shutil.disk_usage(path.parent)._replace(free=0)
    monkeypatch.setattr(shutil, "disk_usage", lambda _: usage)
    error = sqlite3.OperationalError("disk I/O error")
    error.sqlite_errorcode = sqlite3.SQLITE_IOERR_WRITE
    assert trouble(path, error).kind is Trouble.FULL
