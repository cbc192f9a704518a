"""The index has what was said, once, and nothing of what is gone, whatever comes between its steps."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from unittest.mock import patch

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hubbub.core.history import InRoom, Search
from hubbub.core.ids import FIRST_PLACE, Place, RoomId
from hubbub.core.outputs import Erased, Fact, HistoryRow, Redacted, Rekeyed
from hubbub.store import indexing, parts, writing
from hubbub.store.store import Store, open_store
from hubbub.store.words import words_of
from tests.naive_search import naive_search
from tests.store.making import commit, said, take_back

DAY_MS = 24 * 3_600_000
ROOM = (InRoom(RoomId(1), Place(0)),)
WORDS = ("tea", "team", "steam", "to", "東京", "x1", ":)")
SEARCHES = [Search(rooms=ROOM, text=text, limit=100) for text in ("", *WORDS, "eam")]
PEOPLE = ("a:1", "a:2", "d:x")


# -- what is in the file ----------------------------------------------------------------------


class Shell:
    """Another connection to the store's file, which sees what was committed."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection

    def cell(self, query: str) -> int:
        return int(self._connection.execute(query).fetchone()[0])

    def words(self) -> dict[str, int]:
        return dict(self._connection.execute("SELECT word, id FROM search_words").fetchall())

    def places(self, token: str) -> set[int]:
        match = "SELECT rowid FROM search_index WHERE search_index MATCH ?"
        return {place for (place,) in self._connection.execute(match, (f'"{token}"',))}

    def count(self) -> int:
        """How many messages FTS5 believes that it has: the first number of its record of totals."""
        block = "SELECT block FROM search_index_data WHERE id = 1"
        found = self._connection.execute(block).fetchone()[0]
        return found[0] if found else 0


@contextmanager
def shell_on(path: Path) -> Iterator[Shell]:
    with closing(sqlite3.connect(path)) as connection:
        yield Shell(connection)


def check_index(path: Path, rows: Sequence[HistoryRow]) -> None:
    """What lies up to the kept position is in the index, under all its words, and nothing else is."""
    spoken = [row for row in rows if row.command == "PRIVMSG"]
    with shell_on(path) as shell:
        position = shell.cell("SELECT place FROM search_position")
        indexed = {row.place: words_of(row.params[-1]) for row in spoken if row.place <= position}
        assert shell.count() == len(indexed)
        assert shell.places(indexing.author_token("ann")) == set(indexed)  # type: ignore[arg-type]
        numbers = shell.words()
        for word in {word for words in indexed.values() for word in words}:
            assert word in numbers
        for word, number in numbers.items():
            having = {place for place, words in indexed.items() if word in words}
            assert shell.places(str(number)) == having


def check_settled(path: Path, rows: Sequence[HistoryRow]) -> None:
    """All is indexed, and the words of what is gone are gone."""
    spoken = [row for row in rows if row.command == "PRIVMSG"]
    with shell_on(path) as shell:
        assert shell.count() == len(spoken)
        assert set(shell.words()) == set().union(*(words_of(row.params[-1]) for row in spoken))
        assert shell.cell("SELECT count(*) FROM search_doubtful") == 0


# -- anything between the steps -----------------------------------------------------------------


class Life:
    """A store in use, and what should be in it."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.store = open_store(path)
        self.rows: list[HistoryRow] = []
        self._next = 0

    def say(self, spoken: list[tuple[str, str, bool]]) -> None:
        rows = []
        for author, text, aloud in spoken:
            command, peer = ("PRIVMSG", "") if aloud or author == "a:1" else ("PRIVMSG", "a:1")
            if text == "topic":
                command, peer = "TOPIC", ""
            rows.append(
                HistoryRow(
                    Place(FIRST_PLACE + self._next),
                    DAY_MS * self._next,
                    None if peer else RoomId(1),
                    command,
                    "ann!a@h",
                    (text,),
                    author=author,
                    peer=peer,
                    peer_nick=peer and "bob",
                )
            )
            self._next += 1
        self._commit(*rows)
        self.rows += rows

    def take_back(self, which: int) -> None:
        if self.rows:
            row = self.rows[which % len(self.rows)]
            self._commit(Redacted(row.place, "a-b"))
            self.rows.remove(row)

    def erase(self, author: str) -> None:
        self._commit(Erased(author, author, messages=True))
        self.rows = [row for row in self.rows if row.author != author]

    def rekey(self, before: str, after: str) -> None:
        self._commit(Rekeyed(before, after))
        self.rows = [
            msgspec.structs.replace(row, author=after) if row.author == before else row
            for row in self.rows
        ]

    def expire(self, days: int) -> None:
        now = DAY_MS * self._next
        self.store.expire_some(now, days)
        self.rows = [row for row in self.rows if row.time >= now - DAY_MS * days]

    def step(self, seconds: float) -> None:
        self.store.index_some(seconds)

    def step_undone(self, seconds: float) -> None:
        step = indexing.Index.step

        def fails(index: indexing.Index, cursor: sqlite3.Cursor, seconds: float) -> bool:
            step(index, cursor, seconds)
            raise RuntimeError("no")

        with patch.object(indexing.Index, "step", fails), pytest.raises(RuntimeError):
            self.store.index_some(seconds)

    def undone(self, which: int) -> None:
        """A commit that takes a message back, and comes to nothing."""
        if not self.rows:
            return
        place = self.rows[which % len(self.rows)].place
        write: Callable[..., object] = writing.write

        def fails(*given: object) -> None:
            write(*given)
            raise RuntimeError("no")

        with patch("hubbub.store.store.write", fails), pytest.raises(RuntimeError):
            self._commit(Redacted(place, "a-b"))

    def restart(self) -> None:
        self.store.close()
        self.store = open_store(self.path)

    def _commit(self, *facts: Fact) -> None:
        self.store.commit(commit(self.store.position + 1, facts))


TEXTS = st.lists(st.sampled_from(WORDS), min_size=1, max_size=3).map(" ".join)
SPOKEN = st.tuples(st.sampled_from(PEOPLE), TEXTS | st.just("topic"), st.booleans())
SECONDS = st.sampled_from([0.0, 1.0])
WHICH = st.integers(0, 30)
DEEDS = st.one_of(
    st.tuples(st.just("say"), st.lists(SPOKEN, min_size=1, max_size=6)),
    st.tuples(st.just("step"), SECONDS),
    st.tuples(st.just("step"), SECONDS),
    st.tuples(st.sampled_from(["take_back", "undone"]), WHICH),
    st.tuples(st.just("erase"), st.sampled_from(PEOPLE)),
    st.tuples(st.just("rekey"), st.just("d:x"), st.just("a:2")),
    st.tuples(st.just("expire"), st.integers(3, 12)),
    st.tuples(st.just("step_undone"), SECONDS),
    st.tuples(st.just("restart")),
)


@given(
    st.lists(DEEDS, max_size=25),
    st.sampled_from([1, 3, 6, indexing.FLUSH_ROWS]),
    st.sampled_from([2, parts.CHUNK_WORDS]),
    st.sampled_from([1, 50_000]),
)
def test_whatever_comes_between_the_steps(
    deeds: list[tuple[object, ...]], flush: int, chunk: int, known: int
) -> None:
    """Steps, restarts, what is erased, and what is undone, in any order."""
    with (
        TemporaryDirectory() as directory,
        patch.object(indexing, "STEP_ROWS_LEAST", 1),
        patch.object(indexing, "STEP_ROWS", 3),
        patch.object(indexing, "FLUSH_ROWS", flush),
        patch.object(indexing, "_KNOWN_MOST", known),
        patch.object(parts, "CHUNK_WORDS", chunk),
    ):
        life = Life(Path(directory, "a.db"))
        try:
            for name, *how in [("say", [("a:1", "tea team", True)]), *deeds]:
                getattr(life, str(name))(*how)
                check_index(life.path, life.rows)
                expected = [naive_search(life.rows, question) for question in SEARCHES]
                assert [life.store.answer(question) for question in SEARCHES] == expected
            while life.store.index_some():
                pass
            check_index(life.path, life.rows)
            check_settled(life.path, life.rows)
            assert [life.store.answer(question) for question in SEARCHES] == expected
        finally:
            life.store.close()


# -- the points one by one ------------------------------------------------------------------------


@pytest.fixture
def waiting(store: Store, monkeypatch: pytest.MonkeyPatch) -> Store:
    """A store with four messages, of which three are ready and none is in the index."""
    monkeypatch.setattr(indexing, "STEP_ROWS_LEAST", 3)
    monkeypatch.setattr(indexing, "STEP_ROWS", 3)
    spoken = ["password hunter2", "password please", "more tea", "the end"]
    store.commit(commit(1, [said(number, text) for number, text in enumerate(spoken)]))
    assert store.index_some() is True
    return store


def texts(store: Store, text: str = "") -> list[str]:
    rows = store.answer(Search(rooms=ROOM, text=text, limit=100))
    return [row.params[-1] for row in rows]


def test_what_waits_is_found_and_not_in_the_index(waiting: Store, path: Path) -> None:
    with shell_on(path) as shell:
        assert shell.count() == 0
        assert shell.cell("SELECT place FROM search_position") == FIRST_PLACE - 1
        assert "hunter2" in shell.words()
    assert texts(waiting, "hunter2") == ["password hunter2"]
    assert waiting.index_some() is False
    with shell_on(path) as shell:
        assert shell.count() == 4
        assert shell.cell("SELECT place FROM search_position") == FIRST_PLACE + 3


def test_what_is_erased_while_it_waits_never_gets_in(waiting: Store, path: Path) -> None:
    take_back(waiting, Place(FIRST_PLACE))
    with shell_on(path) as shell:
        number = shell.words()["hunter2"]
    assert waiting.index_some() is False
    with shell_on(path) as shell:
        assert shell.count() == 3
        assert shell.places(str(number)) == set()
        assert set(shell.words()) == {"password", "please", "more", "tea", "the", "end"}


def test_a_word_that_only_a_waiting_message_has_isnt_let_go(waiting: Store, path: Path) -> None:
    """Of two that wait and have a word one is erased; the other still has it."""
    with shell_on(path) as shell:
        number = shell.words()["password"]
    take_back(waiting, Place(FIRST_PLACE))
    waiting.commit(commit(3, [said(number, "later") for number in range(4, 9)]))
    while waiting.index_some():
        pass
    with shell_on(path) as shell:
        assert shell.words()["password"] == number
        assert shell.places(str(number)) == {FIRST_PLACE + 1}


def test_the_words_of_what_is_erased_after_a_restart_go_too(waiting: Store, path: Path) -> None:
    """They got their numbers when it was made ready, in the run before."""
    waiting.close()
    with closing(open_store(path)) as store:
        take_back(store, Place(FIRST_PLACE))
        while store.index_some():
            pass
        assert texts(store) == ["password please", "more tea", "the end"]
    with shell_on(path) as shell:
        assert "hunter2" not in shell.words()
        assert shell.count() == 3


def counts_of_steps(store: Store, path: Path) -> list[int]:
    """How many messages the index has after each step, until all is done."""
    counts = []
    with shell_on(path) as shell:
        more = True
        while more:
            more = store.index_some()
            counts.append(shell.count())
    return counts


def test_many_go_in_at_once(store: Store, path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """When enough are ready, though there are more to read; what happened counts like what was said."""
    monkeypatch.setattr(indexing, "STEP_ROWS_LEAST", 2)
    monkeypatch.setattr(indexing, "STEP_ROWS", 2)
    monkeypatch.setattr(indexing, "FLUSH_ROWS", 4)
    rows = [said(number) for number in range(11)]
    joined = [msgspec.structs.replace(row, command="JOIN") for row in rows[:3]]
    store.commit(commit(1, [*joined, *rows[3:]]))
    assert counts_of_steps(store, path) == [0, 0, 1, 1, 1, 5, 5, 8]


def test_long_messages_go_in_sooner(
    store: Store, path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(indexing, "STEP_ROWS_LEAST", 2)
    monkeypatch.setattr(indexing, "STEP_ROWS", 2)
    monkeypatch.setattr(indexing, "FLUSH_LETTERS", 400)
    long = " ".join(f"word{number}" for number in range(100))
    store.commit(commit(1, [said(number, long if number < 2 else "x") for number in range(7)]))
    assert counts_of_steps(store, path) == [0, 2, 2, 2, 7]


def test_taking_back_what_waits_doesnt_keep_the_rest_waiting(
    store: Store, path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(indexing, "STEP_ROWS_LEAST", 2)
    monkeypatch.setattr(indexing, "STEP_ROWS", 2)
    monkeypatch.setattr(indexing, "FLUSH_ROWS", 4)
    store.commit(commit(1, [said(number) for number in range(8)]))
    for number in (1, 3, 0):
        assert store.index_some() is True
        take_back(store, Place(FIRST_PLACE + number))
    with shell_on(path) as shell:
        assert shell.count() == 1
        assert shell.places(indexing.room_token(1, "")) == {FIRST_PLACE + 2}
