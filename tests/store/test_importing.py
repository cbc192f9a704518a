"""What was said elsewhere goes before what was said here, once, and is found."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import UTC
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hubbub.core.history import InRoom, Page, Search
from hubbub.core.ids import FIRST_PLACE, Place, RoomId
from hubbub.core.imports import Imported
from hubbub.core.outputs import HistoryRow
from hubbub.importers import reader
from hubbub.irc.names import nick_problem
from hubbub.store import exporting, importing
from hubbub.store.errors import StoreError
from hubbub.store.exporting import Wanted
from hubbub.store.store import Store
from tests.store.making import RULES, commit, fresh_store, said, take_back

T = 1_600_000_000_000


def room_id(store: Store, name: str = "#old") -> RoomId:
    room = store.load(RULES).room_named(name)
    assert room is not None
    return room.id


def history(store: Store, name: str = "#old") -> list[HistoryRow]:
    room = InRoom(room_id(store, name), Place(0))
    return store.answer(Page(conversation=room, limit=100_000))


def added(store: Store, *messages: Imported, room: str = "#old") -> tuple[int, int, int]:
    outcome = importing.add(store, room, messages)
    return outcome.added, outcome.known, outcome.late


def test_an_import_makes_the_room_and_is_found(store: Store) -> None:
    message = Imported(T, "Ann", "green tea"), Imported(T + 5, "b b", "waves", action=True)
    assert added(store, *message) == (2, 0, 0)
    first, second = history(store)
    assert (first.time, first.source, first.params) == (T, "Ann!imported@imported", ("green tea",))
    assert second.params == ("\1ACTION waves\1",)
    assert second.source.startswith("b_b!")
    assert first.place < second.place < FIRST_PLACE
    room = InRoom(room_id(store), Place(0))
    assert store.answer(Search(rooms=(room,), text="ree", limit=5)) == [first]


def test_the_same_again_adds_nothing_and_a_longer_log_the_rest(store: Store) -> None:
    log = [Imported(T, "ann", "lol"), Imported(T, "ann", "lol"), Imported(T, "bob", "lol")]
    assert added(store, *log) == (3, 0, 0)
    assert added(store, *log) == (0, 3, 0)
    assert added(store, *log, Imported(T, "ann", "lol")) == (1, 3, 0)
    assert added(store, *log, room="#other") == (3, 0, 0)
    assert len(history(store)) == 4


def test_what_is_from_after_the_first_native_row_is_left_out(store: Store) -> None:
    store.commit(commit(1, [said(5)]))
    early, late, timeless = (Imported(time, "ann", "x") for time in (5_000, 5_001, 0))
    assert added(store, early, late, timeless) == (1, 0, 2)


def test_a_redacted_import_does_not_come_again(store: Store) -> None:
    added(store, Imported(T, "ann", "secret"))
    (row,) = history(store)
    take_back(store, row.place)
    room = InRoom(room_id(store), Place(0))
    assert store.answer(Search(rooms=(room,), text="secret", limit=5)) == []
    assert added(store, Imported(T, "ann", "secret")) == (0, 1, 0)


def test_lines_that_are_long_or_many_become_messages(store: Store) -> None:
    words = " ".join(["word"] * 150)
    added(store, Imported(T, "ann", f"first\r\n\n{words}\nlast\0"))
    texts = [row.params[0] for row in history(store)]
    assert (texts[0], texts[-1]) == ("first", "last")
    assert " ".join(texts[1:-1]) == words
    assert all(len(text.encode()) <= importing.LINE_BYTES for text in texts)


MESSAGES = st.lists(
    st.builds(
        Imported,
        st.integers(T, T + 3) | st.integers(T, T + 3_000),
        st.sampled_from(["ann", "bob"]),
        st.sampled_from(["a", "b"]),
    ),
    max_size=12,
)


@given(st.lists(MESSAGES, max_size=4))
def test_time_never_goes_back_whatever_is_imported_after_what(
    imports: Sequence[list[Imported]],
) -> None:
    for store in fresh_store():
        total = 0
        for messages in imports:
            total += added(store, *messages)[0]
            assert added(store, *messages) == (0, len(messages), 0)
        if imports:
            rows = history(store)
            assert len(rows) == total
            assert [row.time for row in rows] == sorted(row.time for row in rows)


def test_a_second_that_is_full_runs_over_and_keeps_the_law(store: Store) -> None:
    count = importing.PLACES_A_SECOND + 100
    added(store, Imported(T + 1_000, "ann", "the next second"))
    added(store, *(Imported(T, "bob", f"m{number}") for number in range(count)))
    rows = history(store)
    assert len(rows) == count + 1
    assert [row.time for row in rows] == sorted(row.time for row in rows)
    assert [row.params[0] for row in rows if row.params[0].startswith("m")] == [
        f"m{number}" for number in range(count)
    ]


@given(st.text(max_size=60))
def test_every_name_becomes_a_nick(name: str) -> None:
    nick = importing.nick_for(name)
    assert nick_problem(nick, importing.NICK_BYTES + 1) is None
    assert not set(nick) & set(" !@:,")


# -- export -------------------------------------------------------------------------------------


def exported(path: Path, **wanted: object) -> list[str]:
    return [row.row.params[0] for row in exporting.export(path, Wanted(**wanted))]  # type: ignore[arg-type]


def test_what_is_exported_is_imported_again(store: Store, path: Path, tmp_path: Path) -> None:
    added(
        store,
        Imported(T, "ann", "tea é 東京"),
        Imported(T + 10, "bob", "waves", action=True),
        Imported(T + 20, "bob", "hear", notice=True),
    )
    file = tmp_path / "export.jsonl"
    file.write_text(
        "".join(f"{exporting.as_json(row)}\n" for row in exporting.export(path, Wanted()))
    )
    added(store, *reader("hubbub")(file, UTC, ""), room="#new")
    old, new = history(store), history(store, "#new")
    assert [(row.time, row.command, row.source, row.params) for row in new] == [
        (row.time, row.command, row.source, row.params) for row in old
    ]


def test_an_export_has_what_is_wanted(store: Store, path: Path) -> None:
    added(store, Imported(T, "ann", "one"), Imported(T + 1_000, "ann", "two"))
    added(store, Imported(T + 2_000, "bob", "three"), room="#other")
    whisper = HistoryRow(
        Place(FIRST_PLACE), T + 3_000, None, "PRIVMSG", "ann!a@h", ("psst",), peer_nick="bob"
    )
    store.commit(commit(1, [whisper]))  # and it isn't closed: the server runs
    assert exported(path) == ["one", "two", "three"]
    assert exported(path, whispers=True) == ["one", "two", "three", "psst"]
    assert exported(path, room="#OTHER", whispers=True) == ["three"]
    assert exported(path, since=T + 1_000, until=T + 2_000) == ["two"]
    with pytest.raises(exporting.NoSuchRoomError, match="There are: #old, #other"):
        exported(path, room="#none")
    with pytest.raises(StoreError, match="name the data directory"):
        exported(path.with_name("none"))


def test_what_was_taken_back_is_not_exported(store: Store, path: Path) -> None:
    added(store, Imported(T, "ann", "secret"))
    take_back(store, history(store)[0].place)
    assert list(exporting.export(path, Wanted())) == []


def test_lines_for_programs_and_for_people(store: Store, path: Path) -> None:
    added(
        store,
        Imported(T, "ann", "hello"),
        Imported(T + 1, "bob", "waves", action=True),
        Imported(T + 2, "bob", "hear", notice=True),
    )
    rows = list(exporting.export(path, Wanted()))
    assert [exporting.as_text(row) for row in rows] == [
        "[2020-09-13 12:26:40] #old <ann> hello",
        "[2020-09-13 12:26:40] #old * bob waves",
        "[2020-09-13 12:26:40] #old -bob- hear",
    ]
    read = json.loads(exporting.as_json(rows[0]))
    assert read == {
        "id": rows[0].id,
        "time": "2020-09-13T12:26:40.000Z",
        "room": "#old",
        "command": "PRIVMSG",
        "source": "ann!imported@imported",
        "params": ["hello"],
    }


def test_many_rows_come_in_several_chunks(store: Store, path: Path) -> None:
    count = exporting.CHUNK_ROWS + 7
    added(store, *(Imported(T + 10 * number, "ann", str(number)) for number in range(count)))
    assert exported(path) == [str(number) for number in range(count)]
