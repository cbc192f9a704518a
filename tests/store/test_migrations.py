"""A file is brought up to date whole or not at all, and only when it is ours."""

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from hubbub.core.tables import COLUMNS, KEY_WIDTH
from hubbub.store import migrations
from hubbub.store.errors import StoreError, Trouble
from hubbub.store.store import Store, open_store
from tests.store.making import RULES, commit, said

SECOND = "CREATE TABLE colours (name TEXT); INSERT INTO colours VALUES ('red')"


def sql(path: Path, statement: str) -> list[tuple[object, ...]]:
    with closing(sqlite3.connect(path, isolation_level=None)) as shell:
        return shell.execute(statement).fetchall()


def use_steps(monkeypatch: pytest.MonkeyPatch, *steps: str) -> None:
    monkeypatch.setattr(migrations, "MIGRATIONS", (*migrations.MIGRATIONS, *steps))


def test_the_tables_are_those_of_the_state(store: Store) -> None:
    for table, columns in COLUMNS.items():
        described = sql(store.path, f"PRAGMA table_info({table})")
        assert tuple(row[1] for row in described) == columns
        key = sorted((row[5], row[1]) for row in described if row[5])
        assert tuple(name for _, name in key) == columns[: KEY_WIDTH[table]]


def test_an_older_file_is_brought_up_to_date_and_a_copy_kept(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with closing(open_store(path)) as store:
        store.commit(commit(1, [said(1)]))
        log_id = store.log_id
    use_steps(monkeypatch, SECOND, "CREATE TABLE shapes (name TEXT)")
    with closing(open_store(path)) as store:
        assert store.log_id == log_id
        assert store.position == 1
    assert sql(path, "SELECT * FROM colours") == [("red",)]
    assert sql(path, "PRAGMA user_version") == [(3,)]
    copy = path.with_name("hubbub.db.before-3")
    assert sql(copy, "PRAGMA user_version") == [(1,)]
    assert sql(copy, "SELECT id FROM log") == [(log_id,)]
    assert copy.stat().st_mode & 0o777 == path.stat().st_mode & 0o777


def test_a_step_that_fails_changes_nothing(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    open_store(path).close()
    with monkeypatch.context() as patch:
        use_steps(patch, SECOND, "CREATE TABLE history (again TEXT)")
        with pytest.raises(StoreError, match="history"):
            open_store(path)
    assert sql(path, "PRAGMA user_version") == [(1,)]
    assert sql(path, "SELECT name FROM sqlite_master WHERE name = 'colours'") == []
    open_store(path).close()


def test_a_newer_file_is_refused_and_left_alone(path: Path) -> None:
    open_store(path).close()
    sql(path, "PRAGMA user_version = 99")
    before = path.read_bytes()
    with pytest.raises(StoreError, match="newer Hubbub") as caught:
        open_store(path)
    assert caught.value.kind is Trouble.NEWER_SCHEMA
    assert path.read_bytes() == before


@pytest.mark.parametrize(
    "making", ["CREATE TABLE theirs (x)", "PRAGMA application_id = 7", "PRAGMA user_version = 1"]
)
def test_another_programs_file_is_refused_and_left_alone(path: Path, making: str) -> None:
    sql(path, making)
    before = path.read_bytes()
    with pytest.raises(StoreError, match="another program") as caught:
        open_store(path)
    assert caught.value.kind is Trouble.NOT_OURS
    assert path.read_bytes() == before


def test_a_file_whose_making_was_cut_short_is_made(path: Path) -> None:
    path.touch()
    with closing(open_store(path)) as store:
        assert store.load(RULES).log_id == store.log_id


def test_a_file_without_its_logs_name_is_refused(path: Path) -> None:
    open_store(path).close()
    sql(path, "DELETE FROM log")
    with pytest.raises(StoreError, match="log's name") as caught:
        open_store(path)
    assert caught.value.kind is Trouble.CORRUPT


def test_a_copy_that_fails_leaves_the_older_one(store: Store, tmp_path: Path) -> None:
    target = tmp_path / "copy.db"
    with closing(sqlite3.connect(store.path, isolation_level=None)) as shell:
        migrations.snapshot(shell, target)
        before = target.read_bytes()
        assert target.stat().st_mode & 0o777 == 0o600
        with pytest.raises(OSError, match="missing"):
            migrations.snapshot(shell, tmp_path / "missing" / "copy.db")
        (tmp_path / "copy.db.partial").mkdir()
        with pytest.raises(OSError, match="partial"):
            migrations.snapshot(shell, target)
    assert target.read_bytes() == before
