"""Every search is answered as a naive reading of all messages answers it."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path
from unittest.mock import patch

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hubbub.core.history import InRoom, Search
from hubbub.core.ids import FIRST_PLACE, Place, RoomId
from hubbub.core.outputs import Erased, HistoryRow, Rekeyed
from hubbub.irc.names import fold_nick
from hubbub.store import indexing, parts, searching
from hubbub.store.store import Store, open_store
from tests.naive_search import naive_search
from tests.store.making import commit, fresh_store, said, take_back
from tests.store.test_killed import killed_after

PEOPLE = [("a:1", "Ann"), ("a:2", "Bob"), ("d:x", "Cid"), ("d:x", "ANN"), ("u:3", "cid")]
SNIPPETS = ("tea", "Team", "steam", "to", "東京", "京都タワー", ":)", "é", "E", "don't", "🎉", "x1")
EVERYTHING = Search(rooms=(InRoom(RoomId(1), Place(0)),), limit=1_000)

TEXTS = st.lists(
    st.sampled_from(SNIPPETS) | st.text("abE é:東タ한ก🎉\t", max_size=4), min_size=1, max_size=5
).flatmap(lambda words: st.sampled_from([" ".join(words), "".join(words)]))


@st.composite
def histories(draw: st.DrawFn) -> list[HistoryRow]:
    time, rows = 100, []
    for number in range(draw(st.integers(4, 20))):
        time += draw(st.integers(0, 2))
        author, nick = draw(st.sampled_from(PEOPLE))
        peer, peer_nick = draw(st.sampled_from(PEOPLE))
        room = draw(st.sampled_from([None, RoomId(1), RoomId(1), RoomId(2)]))
        command = draw(st.sampled_from(["PRIVMSG", "PRIVMSG", "NOTICE", "TOPIC"]))
        rows.append(
            HistoryRow(
                Place(FIRST_PLACE + number),
                time,
                room,
                "PRIVMSG" if room is None else command,
                f"{nick}!u@h",
                (draw(TEXTS),),
                status=draw(st.sampled_from(["", "", "+", "@"])) if room else "",
                author=author,
                peer="" if room else peer,
                peer_nick="" if room else peer_nick,
            )
        )
    return rows


ROOMS = st.lists(
    st.builds(
        InRoom,
        st.sampled_from([RoomId(1), RoomId(2)]),
        st.just(Place(0)) | st.integers(FIRST_PLACE, FIRST_PLACE + 9).map(Place),
        st.sampled_from([("", "+", "@"), ("",), ("", "+")]),
        st.just(0) | st.integers(98, 125),
    ),
    max_size=2,
    unique_by=lambda room: room.room,
).map(tuple)
NICKS = st.sampled_from([fold_nick("ann"), fold_nick("bob"), fold_nick("cid")])
QUOTED = st.builds('"{} {}"'.format, st.sampled_from(SNIPPETS), st.sampled_from(SNIPPETS))
SEARCHES = st.builds(
    Search,
    rooms=ROOMS,
    identity=st.sampled_from(["", "a:1", "a:2", "d:x"]),
    peer=st.none() | NICKS,
    author=st.none() | NICKS,
    text=st.just("") | st.sampled_from(SNIPPETS) | QUOTED | TEXTS,
    after=st.none() | st.integers(98, 125),
    before=st.none() | st.integers(98, 125),
    limit=st.integers(1, 6) | st.just(100),
    newest=st.booleans(),
    from_time=st.just(0) | st.integers(98, 125),
)


@given(
    histories(),
    st.integers(0, 20),
    st.lists(SEARCHES, min_size=10, max_size=20),
    st.sampled_from([2, 5, parts.CHUNK_WORDS]),
)
def test_what_is_found_is_what_a_naive_reader_finds(
    rows: list[HistoryRow], indexed: int, searches: list[Search], chunk: int
) -> None:
    """Before, in the middle of and after the indexing, however many words' parts are together."""
    with patch.object(parts, "CHUNK_WORDS", chunk):
        _finds_what_a_naive_reader_finds(rows, indexed, searches)


def _finds_what_a_naive_reader_finds(
    rows: list[HistoryRow], indexed: int, searches: list[Search]
) -> None:
    for store in fresh_store():
        store.commit(commit(1, rows[:indexed]))
        while store.index_some():
            pass
        store.commit(commit(2, rows[indexed:]))
        expected = [naive_search(rows, question) for question in searches]
        assert [store.answer(question) for question in searches] == expected
        while store.index_some():
            pass
        assert [store.answer(question) for question in searches] == expected


def texts(store: Store, text: str, **more: object) -> list[str]:
    rows = store.answer(Search(rooms=EVERYTHING.rooms, text=text, limit=100, **more))  # type: ignore[arg-type]
    return [row.params[-1] for row in rows]


def filled(store: Store, spoken: Sequence[str]) -> None:
    store.commit(commit(1, [said(number, text) for number, text in enumerate(spoken)]))
    while store.index_some():
        pass


def test_many_steps_index_all(store: Store) -> None:
    count = 2 * indexing.STEP_ROWS + 10
    store.commit(commit(1, [said(number, f"word{number} all") for number in range(count)]))
    steps = 1
    while store.index_some(0.001):
        steps += 1
    assert 3 < steps <= count // indexing.STEP_ROWS_LEAST + 10
    assert store.index_some() is False
    assert texts(store, f"word{count - 1}") == [f"word{count - 1} all"]
    assert len(store.answer(Search(rooms=EVERYTHING.rooms, text="all", limit=2_000))) == count


def test_a_part_of_very_many_words_is_found_too(store: Store) -> None:
    count = searching.WORDS_MOST + 50
    filled(store, [f"ab{number:04d}cd" for number in range(count)])
    assert len(texts(store, "ab0")) == 100
    assert texts(store, "0007cd") == ["ab0007cd"]


def test_pages_lead_through_all_that_is_found(store: Store) -> None:
    filled(store, [f"tea {number}" for number in range(95)])
    found: list[str] = []
    before = None
    while page := store.answer(Search(rooms=EVERYTHING.rooms, text="tea", before=before, limit=10)):
        found = [row.params[0] for row in page] + found
        before = page[0].time - 1
    assert found == [f"tea {number}" for number in range(95)]


def test_a_killed_writer_indexes_on_where_it_was(path: Path) -> None:
    last = killed_after(path, 30)
    with closing(open_store(path)) as store:
        everything = store.answer(EVERYTHING)
        assert len(everything) >= 2 * last
        while store.index_some():
            pass
        assert store.answer(EVERYTHING) == everything
        assert len(texts(store, "hello")) == min(100, store.position)
    with closing(open_store(path)) as store:
        assert store.index_some() is False


def test_a_step_that_fails_is_done_again(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    store.commit(commit(1, [said(0, "tea time")]))
    step = indexing.Index.step

    def fails(index: indexing.Index, cursor: sqlite3.Cursor, seconds: float) -> bool:
        step(index, cursor, seconds)
        raise sqlite3.OperationalError("no")

    monkeypatch.setattr(indexing.Index, "step", fails)
    with pytest.raises(Exception, match="can't be read or written"):
        store.index_some()
    monkeypatch.undo()
    assert texts(store, "tea") == ["tea time"]
    assert store.index_some() is False  # the file is opened anew by a commit only
    store.commit(commit(2, [said(1, "more tea")]))
    assert store.index_some() is False
    assert texts(store, "tea") == ["tea time", "more tea"]


# -- what is erased ---------------------------------------------------------------------------


def kept_words(path: Path) -> set[str]:
    with closing(sqlite3.connect(path)) as connection:
        return {word for (word,) in connection.execute("SELECT word FROM search_words")}


@pytest.mark.parametrize("chunk", [1, 3, parts.CHUNK_WORDS])
@pytest.mark.parametrize("indexed", [False, True])
def test_what_is_taken_back_is_nowhere(
    store: Store, path: Path, indexed: bool, chunk: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(parts, "CHUNK_WORDS", chunk)
    store.commit(commit(1, [said(0, "password hunter2"), said(1, "password please")]))
    while indexed and store.index_some():
        pass
    take_back(store, Place(FIRST_PLACE))
    assert texts(store, "hunter2") == []
    assert texts(store, "password") == ["password please"]
    while store.index_some():
        pass
    assert texts(store, "") == ["password please"]
    assert kept_words(path) == {"password", "please"}
    with closing(sqlite3.connect(path)) as connection:
        assert connection.execute("SELECT * FROM search_parts WHERE part = 'hun'").fetchall() == []
    take_back(store, Place(FIRST_PLACE + 99))  # there is no such
    assert texts(store, "") == ["password please"]


def whisper(number: int, text: str, author: str, peer: str) -> HistoryRow:
    return HistoryRow(
        Place(FIRST_PLACE + number),
        1_000 * number,
        None,
        "PRIVMSG",
        "ann!a@h",
        (text,),
        author=author,
        peer=peer,
        peer_nick="bob",
    )


def mine(store: Store, identity: str, text: str) -> list[str]:
    question = Search(identity=identity, text=text, limit=10)
    return [row.params[0] for row in store.answer(question)]


def test_whispers_follow_a_guest_to_its_account(store: Store) -> None:
    store.commit(commit(1, [whisper(0, "old tea", "d:ann", "a:2")]))
    store.index_some()
    store.commit(commit(2, [Rekeyed("d:ann", "a:1"), whisper(1, "new tea", "a:1", "a:2")]))
    for _ in range(2):
        assert mine(store, "a:1", "tea") == ["old tea", "new tea"]
        assert mine(store, "a:2", "tea") == ["old tea", "new tea"]
        assert mine(store, "d:ann", "tea") == []
        store.index_some()


def test_who_is_erased_is_found_by_nobody(store: Store, path: Path) -> None:
    store.commit(
        commit(1, [whisper(0, "my tea", "a:1", "a:2"), whisper(1, "tea too", "a:2", "a:1")])
    )
    store.index_some()
    store.commit(commit(2, [Erased("a:1", fold_nick("ann"), True)]))
    store.index_some()
    assert mine(store, "a:1", "tea") == []
    assert mine(store, "a:2", "tea") == ["tea too"]
    assert kept_words(path) == {"tea", "too"}


def test_a_number_is_never_another_words(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    """Or a word would be missing in a chunk that was written before it came."""
    monkeypatch.setattr(parts, "CHUNK_WORDS", 2)
    store.commit(commit(1, [said(0, "alpha omega")]))
    while store.index_some():
        pass
    take_back(store, Place(FIRST_PLACE))
    while store.index_some():
        pass
    store.commit(commit(3, [said(2, "gamma kappa")]))
    while store.index_some():
        pass
    assert texts(store, "app") == texts(store, "amm") == ["gamma kappa"]
    assert texts(store, "lph") == []


def _index_all(store: Store) -> None:
    while store.index_some():
        pass


def test_a_chunk_is_begun_anew_after_a_failure(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(parts, "CHUNK_WORDS", 4)
    monkeypatch.setattr(parts, "STEP_WORDS", 2)
    store.commit(commit(1, [said(0, "alpha beta gamma delta epsilon")]))
    write = parts.Parts._write

    def fails(found: parts.Parts, cursor: sqlite3.Cursor, chunk: int) -> None:
        write(found, cursor, chunk)
        raise sqlite3.IntegrityError("no")

    monkeypatch.setattr(parts.Parts, "_write", fails)
    with pytest.raises(Exception, match="can't be read or written"):
        _index_all(store)
    monkeypatch.undo()
    monkeypatch.setattr(parts, "CHUNK_WORDS", 4)
    assert texts(store, "elt") == ["alpha beta gamma delta epsilon"]
    store.commit(commit(2, [said(1, "zeta")]))
    while store.index_some():
        pass
    assert texts(store, "elt") == texts(store, "psilo") == ["alpha beta gamma delta epsilon"]
