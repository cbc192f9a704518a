"""The store keeps what it said it kept, and gives it back."""

from __future__ import annotations

import os
import sqlite3
import stat
import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hubbub.core import entries
from hubbub.core.batches import AnyEntry
from hubbub.core.history import At, InRoom, Page, Targets, WithPeer
from hubbub.core.ids import NO_SESSION, Place, RoomId, SessionId, is_log_id, session_id
from hubbub.core.state import Changes
from hubbub.core.tables import dump
from hubbub.irc.names import fold_nick
from hubbub.store import store as store_module
from hubbub.store.errors import StoreError, Trouble
from hubbub.store.store import Store, open_store
from tests.store.making import RULES, Chat, back_up, batch, commit, fresh_store, said

LOBBY = Page(conversation=InRoom(RoomId(1), Place(0)), limit=100, events=True)
SESSIONS = st.sampled_from([session_id(0, 1, number) for number in (1, 2, 3)])
NICKS = st.sampled_from(["Ann", "bob", "Zoë", "[x]"])
ROOMS = st.sampled_from(["#lobby", "#Den", "#ß"])
TEXTS = st.sampled_from(["", "hello there", ":)", "日本"])
ONE_CHANGE = st.tuples(
    st.booleans(),
    st.sampled_from("ntimskbolvI"),
    st.sampled_from([None, "Ann", "x!*@*", "5", "word"]),
)
ENTRIES: st.SearchStrategy[AnyEntry] = st.one_of(
    st.builds(
        entries.Open,
        SESSIONS,
        NICKS,
        st.just("u"),
        TEXTS,
        st.just("h"),
        st.sampled_from(["", "d1", "d2"]),
        st.booleans(),
        st.sampled_from(["", "i"]),
    ),
    st.builds(entries.Close, SESSIONS, TEXTS, st.booleans()),
    st.builds(entries.Rename, SESSIONS, NICKS),
    st.builds(entries.SetAway, SESSIONS, TEXTS),
    st.builds(entries.SetUserModes, SESSIONS, st.just("i"), st.just("")),
    st.builds(entries.Join, SESSIONS, ROOMS),
    st.builds(entries.Join, SESSIONS, ROOMS),
    st.builds(entries.Part, SESSIONS, ROOMS, TEXTS),
    st.builds(entries.PartAll, SESSIONS),
    st.builds(entries.Kick, SESSIONS, ROOMS, NICKS, TEXTS),
    st.builds(entries.Invite, SESSIONS, NICKS, ROOMS),
    st.builds(entries.SetTopic, SESSIONS, ROOMS, TEXTS),
    st.builds(entries.SetRoomModes, SESSIONS, ROOMS, st.lists(ONE_CHANGE, max_size=2).map(tuple)),
    st.builds(
        entries.Say,
        SESSIONS,
        st.sampled_from(["PRIVMSG", "NOTICE", "TAGMSG"]),
        ROOMS | NICKS,
        TEXTS,
        st.just((("+a", "b;"),)) | st.just(()),
        st.sampled_from(["", "1", "2"]),
    ),
    st.builds(entries.Ban, st.just(NO_SESSION), NICKS, TEXTS),
    st.builds(entries.Unban, st.just(NO_SESSION), NICKS),
    st.builds(entries.TimePassed, st.just(NO_SESSION)),
)


@settings(max_examples=150)
@given(st.lists(st.lists(ENTRIES, max_size=8), max_size=6))
def test_what_is_loaded_equals_what_was_committed(batches: list[list[AnyEntry]]) -> None:
    for store in fresh_store():
        chat = Chat(store)
        for items in batches:
            chat.do(*items)
        loaded = store.load(RULES)
        assert dump(loaded) == dump(chat.state)
        assert (loaded.now, loaded.next_place) == (chat.state.now, chat.state.next_place)
        for room in {row.room for row in chat.rows if row.room is not None}:
            page = Page(
                conversation=InRoom(room, Place(0), ("", "+", "@", "@+")), limit=1_000, events=True
            )
            assert store.answer(page) == [row for row in chat.rows if row.room == room]


def opened(number: int, nick: str) -> entries.Open:
    return entries.Open(session_id(0, 1, number), nick, "u", "", "h")


def test_a_chat_is_found_again_after_a_restart(path: Path) -> None:
    ann: SessionId = session_id(0, 1, 1)
    with closing(open_store(path)) as store:
        chat = Chat(store)
        chat.do(opened(1, "Ann"), opened(2, "Bob"), entries.Join(ann, "#lobby"))
        chat.do(
            entries.Say(ann, "PRIVMSG", "#lobby", "hi"), entries.Say(ann, "PRIVMSG", "bob", "psst")
        )
    with closing(open_store(path)) as store:
        assert dump(store.load(RULES)) == dump(chat.state)
        assert [row.params for row in store.answer(LOBBY)] == [(), ("hi",)]
        whispers = Page(conversation=WithPeer("u:2", fold_nick("ann")), limit=5)
        assert [row.params for row in store.answer(whispers)] == [("psst",)]
        targets = Targets(
            identity="u:1",
            rooms=(InRoom(RoomId(1), Place(0)),),
            after=At(0),
            before=At(10_000),
            limit=9,
        )
        assert set(store.answer(targets)) == {(RoomId(1), 3_000), ("Bob", 3_000)}
        assert [kept for _, kept in store.journal()][1].entries[2] == entries.Join(ann, "#lobby")


def test_the_log_is_named_once(path: Path) -> None:
    with closing(open_store(path)) as store:
        first = store.log_id
    with closing(open_store(path)) as store:
        assert store.log_id == first
        assert store.load(RULES).log_id == first
    with closing(open_store(path.with_name("other.db"))) as store:
        assert store.log_id != first
    assert is_log_id(first)


def test_the_journal_numbers_batches_from_one(path: Path) -> None:
    with closing(open_store(path)) as store:
        assert store.position == 0
        store.commit(commit(1))
        store.commit(commit(2))
    with closing(open_store(path)) as store:
        assert store.position == 2
        store.commit(commit(3))
        assert list(store.journal()) == [(1, batch(1)), (2, batch(2)), (3, batch(3))]
        assert list(store.journal(after=2)) == [(3, batch(3))]
        assert list(store.journal(after=3)) == []


def test_a_long_journal_comes_whole(store: Store) -> None:
    for number in range(1, 601):
        store.commit(commit(number))
    assert [kept.number for _, kept in store.journal()] == list(range(1, 601))


def test_a_batch_that_cannot_be_read_is_an_error_of_the_store(store: Store) -> None:
    with closing(sqlite3.connect(store.path, isolation_level=None)) as shell:
        shell.execute("INSERT INTO journal VALUES (1, NULL, x'00')")
    with pytest.raises(StoreError, match="Batch 1 of the journal") as caught:
        list(store.journal())
    assert caught.value.kind is Trouble.CORRUPT


def test_a_commit_that_fails_leaves_nothing(store: Store) -> None:
    store.commit(commit(1, [said(1)]))
    with pytest.raises(StoreError):
        store.commit(commit(2, [said(2), said(1)], {"counters": {("x",): ("x", 1)}}))
    assert store.position == 1
    assert store.load(RULES).counter("x") == 0
    store.commit(commit(2, [said(2)]))
    assert store.answer(LOBBY) == [said(1), said(2)]


def test_a_bug_of_ours_leaves_nothing_either(store: Store) -> None:
    with pytest.raises(UnicodeEncodeError):
        store.commit(commit(1, [said(1), said(2, "\ud800")]))
    store.commit(commit(1, [said(1)]))
    assert store.answer(LOBBY) == [said(1)]


@pytest.mark.skipif(os.name != "posix", reason="file modes are posix")
def test_only_its_owner_can_read_the_files(path: Path) -> None:
    path.touch(0o644)
    with closing(open_store(path)) as store:
        store.commit(commit(1))
        assert store.answer(LOBBY) == []
        modes = {file.name: stat.S_IMODE(file.stat().st_mode) for file in path.parent.iterdir()}
    assert set(modes) == {"hubbub.db", "hubbub.db-wal", "hubbub.db-shm"}
    assert set(modes.values()) == {0o600}


def test_closing_leaves_one_file(path: Path) -> None:
    store = open_store(path)
    store.commit(commit(1, [said(1)]))
    assert store.answer(LOBBY) == [said(1)]
    store.close()
    assert list(path.parent.iterdir()) == [path]
    store.close()
    for use in (lambda: store.answer(LOBBY), lambda: store.commit(commit(2))):
        with pytest.raises(StoreError, match="closed"):
            use()


def test_durability_is_what_it_says(store: Store) -> None:
    assert store._writer is not None
    assert store._writer.execute("PRAGMA journal_mode").fetchone() == ("wal",)
    full = 2
    assert store._writer.execute("PRAGMA synchronous").fetchone() == (full,)


def test_a_reader_cannot_write(store: Store) -> None:
    with pytest.raises(StoreError), store._reading() as reader:
        reader.execute("DELETE FROM history")


def test_the_write_ahead_log_starts_anew_when_readers_kept_it(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(store_module, "_WAL_MOST_BYTES", 100_000)
    wal = Path(f"{store.path}-wal")
    with store._reading() as reader:
        reader.execute("BEGIN")
        reader.execute("SELECT count(*) FROM history").fetchone()
        for number in range(1, 129):
            store.commit(commit(number, [said(number, "x" * 400)]))
        assert wal.stat().st_size > 100_000
        reader.execute("COMMIT")
    for number in range(129, 193):
        store.commit(commit(number, [said(number)]))
    assert wal.stat().st_size == 0
    assert store._writer is not None
    half_a_second = 500
    assert store._writer.execute("PRAGMA busy_timeout").fetchone() == (half_a_second,)


def test_readers_see_whole_commits_while_one_writes(store: Store) -> None:
    done = threading.Event()

    def read() -> list[int]:
        counts = []
        while not done.is_set():
            counts.append(len(store.answer(LOBBY)))
        return counts

    with ThreadPoolExecutor(3) as pool:
        readers = [pool.submit(read) for _ in range(3)]
        for number in range(30):
            store.commit(commit(number, [said(3 * number + n) for n in range(3)]))
        done.set()
        counts = [count for reader in readers for count in reader.result()]
    assert counts
    assert {count % 3 for count in counts} <= {0, 1}  # 90 rows at most, below the page's 100
    assert all(count % 3 == 0 for count in counts)
    assert len(store._readers) <= 3


def test_a_backup_while_writing_is_whole(store: Store, tmp_path: Path) -> None:
    done = threading.Event()
    known: list[int] = []
    store.commit(commit(1, [said(0), said(1)], {"counters": {("n",): ("n", 1)}}))

    def write() -> None:
        number = 1
        while not done.is_set():
            number += 1
            changes: Changes = {"counters": {("n",): ("n", number)}}
            store.commit(commit(number, [said(2 * number), said(2 * number + 1)], changes))

    with ThreadPoolExecutor(1) as pool:
        writing = pool.submit(write)
        try:
            for number in range(5):
                known.append(store.position)
                back_up(store.path, tmp_path / f"{number}.db")
        finally:
            done.set()
        writing.result()
    for number in range(5):
        with closing(open_store(tmp_path / f"{number}.db")) as copy:
            assert copy.log_id == store.log_id
            assert known[number] <= copy.position
            assert copy.load(RULES).counter("n") == copy.position
            page = Page(conversation=LOBBY.conversation, limit=1_000_000)
            assert len(copy.answer(page)) == 2 * copy.position
            copy.commit(commit(1_000_000))
