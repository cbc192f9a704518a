"""Any number of rows is written whole, in few statements that every SQLite takes."""

import sqlite3
from contextlib import closing
from dataclasses import replace
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hubbub.core.history import Audit, InRoom, Page, Whowas
from hubbub.core.ids import Place, RoomId
from hubbub.core.kept import Row
from hubbub.core.outputs import AuditRow, HistoryRow, WhowasRow
from hubbub.core.tables import COLUMNS
from hubbub.irc.names import fold_nick
from hubbub.store import journal, writing
from hubbub.store.rows import HISTORY_CELLS, HISTORY_COLUMNS, history_cells
from hubbub.store.store import Store
from tests.store.making import RULES, commit, fresh_store, said
from tests.store.test_rows import ROWS

EVERYTHING = Page(conversation=InRoom(RoomId(1), Place(0)), limit=10_000)


def statements_of(store: Store, number: int, rows: int) -> int:
    seen: list[str] = []
    assert store._writer is not None
    store._writer.set_trace_callback(seen.append)
    store.commit(commit(number, [said(number * 1_000 + n) for n in range(rows)]))
    store._writer.set_trace_callback(None)
    return len(seen)


@pytest.mark.parametrize("count", [1, 2, 9, 63, 64, 65, 127, 300])
def test_every_row_of_a_commit_is_kept(store: Store, count: int) -> None:
    rows = [said(n, f"message {n}") for n in range(count)]
    store.commit(commit(1, rows))
    assert store.answer(EVERYTHING) == rows


@settings(max_examples=40, deadline=None)
@given(st.lists(ROWS, max_size=80, unique_by=lambda row: row.place))
def test_rows_with_any_empty_cells_are_kept_as_they_are(rows: list[HistoryRow]) -> None:
    for store in fresh_store():
        store.commit(commit(1, rows))
        with closing(sqlite3.connect(store.path)) as reader:
            kept = reader.execute(f"SELECT {HISTORY_CELLS} FROM history ORDER BY place").fetchall()
        assert kept == sorted(map(history_cells, rows))


def test_many_rows_take_few_statements(store: Store) -> None:
    around_it = 3  # BEGIN, the journal, COMMIT
    assert statements_of(store, 1, rows=1) == around_it + 2, "the first counts what isn't listed"
    assert statements_of(store, 2, rows=1) == around_it + 1
    assert statements_of(store, 3, rows=3) == around_it + 1
    assert statements_of(store, 4, rows=100) == around_it + 3
    assert statements_of(store, 5, rows=640) == around_it + 12


def test_no_statement_has_more_cells_than_any_sqlite_takes() -> None:
    widest = max(len(HISTORY_COLUMNS), *map(len, COLUMNS.values()))
    assert max(writing._SIZES) * widest < 1_000
    assert min(writing._SIZES) == 1


@pytest.mark.parametrize("count", [1, 5, 100])
def test_rows_of_the_state_are_replaced_and_deleted_by_key(store: Store, count: int) -> None:
    lists: dict[Row, Row] = {
        (1, "b", f"{n}!*@*"): (1, "b", f"{n}!*@*", "ann", n) for n in range(count)
    }
    counters: dict[Row, Row] = {(f"c{n}",): (f"c{n}", n) for n in range(count)}
    stays = ("stays", 1)
    store.commit(
        commit(1, changes={"lists": {**lists}, "counters": {**counters, ("stays",): stays}})
    )
    doubled: dict[Row, Row | None] = {key: (*row[:4], -1) for key, row in lists.items()}
    store.commit(commit(2, changes={"lists": doubled}))
    with closing(sqlite3.connect(store.path)) as shell:
        assert {row[4] for row in shell.execute("SELECT * FROM lists")} == {-1}
        store.commit(
            commit(3, changes={"lists": dict.fromkeys(lists), "counters": dict.fromkeys(counters)})
        )
        assert shell.execute("SELECT * FROM lists").fetchall() == []
        assert shell.execute("SELECT * FROM counters").fetchall() == [stays]


def test_whowas_keeps_the_newest(store: Store) -> None:
    def left(n: int) -> WhowasRow:
        return WhowasRow(fold_nick("Bob"), "Bob", f"u{n}", "h", "", n)

    store.commit(commit(1, [left(n) for n in range(5)], whowas_kept=3))
    store.commit(commit(2, [left(5)], whowas_kept=3))
    assert store.answer(Whowas(fold_nick("bob"), 9)) == [left(5), left(4), left(3)]
    assert store.answer(Whowas(fold_nick("bob"), 1)) == [left(5)]
    assert store.answer(Whowas(fold_nick("ann"), 9)) == []


def test_the_journal_is_pruned_in_small_steps(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    for number in range(1, 301):
        store.commit(commit(number))
    monkeypatch.setattr(journal, "KEPT_BATCHES", 10)
    sizes = []
    for number in range(301, 301 + 4 * 64):
        store.commit(commit(number))
        sizes.append(sum(1 for _ in store.journal()))
    assert max(before - after for before, after in pairwise(sizes)) < 128
    assert 10 <= sizes[-1] < 10 + 64
    positions = [position for position, _ in store.journal()]
    assert positions == list(range(positions[0], store.position + 1))
    assert store.load(RULES).log_id == store.log_id


def test_the_audit_log_is_answered_and_keeps_the_last(store: Store) -> None:
    acts = [AuditRow(n, 1_000 * n, ("Ann", "bob")[n % 2], "ban", f"x{n}") for n in range(1, 9)]
    kept = replace(commit(1, acts), audit_kept=5)
    store.commit(kept)
    assert store.answer(Audit(limit=9)) == acts[3:]
    assert store.answer(Audit(limit=2)) == acts[6:]
    assert store.answer(Audit(limit=9, who="ANN")) == [acts[3], acts[5], acts[7]]
    assert store.answer(Audit(limit=9, since=7_000)) == acts[6:]
    assert store.answer(Audit(limit=1, number=5)) == [acts[4]]
    assert store.answer(Audit(limit=1, number=2)) == []
