"""A file that only says that it has our schema is refused in words; one that has more is not."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from hubbub.store.errors import StoreError, Trouble
from hubbub.store.store import open_store
from tests.store.making import commit, said


def changed(path: Path, *statements: str) -> None:
    """A file with something in it, and then these statements."""
    with closing(open_store(path)) as store:
        store.commit(commit(1, [said(1)]))
    with closing(sqlite3.connect(path, isolation_level=None)) as shell:
        for statement in statements:
            shell.execute(statement)


@pytest.mark.parametrize(
    ("statements", "what"),
    [
        (("DROP TABLE codes",), "codes is missing"),
        (("ALTER TABLE rooms DROP COLUMN slow",), "rooms is other than it should be"),
        (("ALTER TABLE audit ADD COLUMN place INTEGER",), "audit is other than it should be"),
        (("DROP INDEX history_time",), "history_time is missing"),
        (
            (
                "DROP INDEX history_time",
                "CREATE INDEX history_time ON history (time) WHERE place > 0",
            ),
            "history_time is other than it should be",
        ),
        (("DROP TABLE search_index", "DROP TABLE codes"), "codes is missing, and so of 1 more"),
    ],
)
def test_a_file_of_another_shape_is_refused_in_words(
    path: Path, statements: tuple[str, ...], what: str
) -> None:
    changed(path, *statements)
    before = path.read_bytes()
    with pytest.raises(StoreError) as caught:
        open_store(path)
    assert caught.value.kind is Trouble.UNRELEASED
    told = str(caught.value)
    assert told.startswith(f"{path} was made by a Hubbub that was never released")
    assert f"({what}): it can't be brought up to date" in told
    assert "choose another data directory" in told
    assert path.read_bytes() == before


def test_what_somebody_added_is_no_business_of_ours(path: Path) -> None:
    changed(
        path,
        "CREATE TABLE mine (note TEXT)",
        "CREATE INDEX history_source ON history (source)",
        'CREATE TABLE "odd ""name" (note TEXT)',
        "ANALYZE",
    )
    with closing(open_store(path)) as store:
        assert store.position == 1
