"""What was kept for long enough leaves the file, in small steps, and nothing else does."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from itertools import pairwise
from pathlib import Path

import pytest

from hubbub.core import entries
from hubbub.core.history import InRoom, Page, Search, WithPeer
from hubbub.core.ids import NO_SESSION, Place, RoomId, session_id
from hubbub.core.outputs import HistoryRow
from hubbub.irc.names import fold_nick
from hubbub.store import expiry
from hubbub.store.store import Store, open_store
from tests.store.making import RULES, Chat

ANN, BOB = session_id(0, 1, 1), session_id(0, 1, 2)
DAY_MS = 24 * 3_600_000


def chat_of(store: Store) -> Chat:
    chat = Chat(store)
    for session, nick in ((ANN, "Ann"), (BOB, "Bob")):
        chat.do(entries.Open(session, nick, "u", "", "h", f"device-{nick}"))
        chat.do(entries.Join(session, "#lobby"), entries.Join(session, "#a"))
    return chat


def emptied(store: Store, now: int, keep_days: int = 0) -> int:
    """Takes out all that is over, and tells in how many steps."""
    steps = 1
    while store.expire_some(now, keep_days):
        steps += 1
    while store.index_some():
        pass
    return steps


def said_in(store: Store, chat: Chat, room: str) -> list[str]:
    id = chat.state.room_named(room)
    assert id is not None
    page = Page(conversation=InRoom(id.id, Place(0), ("", "+", "@")), limit=1_000)
    return [row.params[0] for row in store.answer(page)]


def rows_in(path: Path, table: str) -> int:
    with closing(sqlite3.connect(path)) as shell:
        return int(shell.execute(f"SELECT count(*) FROM {table}").fetchone()[0])


def test_nothing_goes_by_default(store: Store, path: Path) -> None:
    chat = chat_of(store)
    chat.do(entries.Say(ANN, "PRIVMSG", "#a", "for ever"))
    before = rows_in(path, "history")
    assert emptied(store, 10**15) == 1
    assert rows_in(path, "history") == before


@pytest.mark.parametrize("indexed", [False, True])
def test_what_the_server_keeps_no_longer_is_nowhere_in_the_file(path: Path, indexed: bool) -> None:
    with closing(open_store(path)) as store:
        chat = chat_of(store)
        chat.do(entries.SetTopic(ANN, "#a", "a horse as the topic"))
        for target in ("#a", "Bob", "@#a"):
            chat.do(entries.Say(ANN, "PRIVMSG", target, "the horse of old"))
        reaction = (("+draft/react", "horse"), ("+reply", "m"))
        chat.do(entries.Say(BOB, "TAGMSG", "#a", "", reaction))
        chat.do(entries.SetTopic(ANN, "#a", ""))
        over = chat.state.now + 1
        chat.at(over + DAY_MS)
        chat.do(entries.Say(BOB, "PRIVMSG", "Ann", "of today"))
        if indexed:
            while store.index_some():
                pass
        chat.do(entries.Say(BOB, "PRIVMSG", "#a", "of today"))
        emptied(store, over + DAY_MS, keep_days=1)
        assert said_in(store, chat, "#a") == ["of today"]
        whispers = Page(conversation=WithPeer("d:device-Bob", fold_nick("ann")), limit=9)
        assert [row.params for row in store.answer(whispers)] == [("of today",)]
        found = Search(rooms=(InRoom(RoomId(2), Place(0)),), text="today", limit=9)
        assert [row.params for row in store.answer(found)] == [("of today",)]
        whole = path.read_bytes() + path.with_name(f"{path.name}-wal").read_bytes()
        assert b"horse" not in whole
        assert b"today" in whole
        assert store.load(RULES).next_place == chat.state.next_place
    assert rows_in(path, "whispers") == 2
    with closing(open_store(path)) as store:
        assert store.position == chat.position


def test_a_room_that_keeps_less_loses_its_own_only(store: Store, path: Path) -> None:
    chat = chat_of(store)
    chat.do(entries.SetRetention(ANN, "#a", 1))
    chat.at(over := DAY_MS)
    for target in ("#a", "@#a", "#lobby", "Bob"):
        chat.do(entries.Say(ANN, "PRIVMSG", target, f"said to {target}"))
    emptied(store, over + DAY_MS)
    assert "said to #a" in said_in(store, chat, "#a")
    emptied(store, over + DAY_MS + 1)
    assert said_in(store, chat, "#a") == []
    assert said_in(store, chat, "#lobby") == ["said to #lobby"]
    whispers = Page(conversation=WithPeer("d:device-Ann", fold_nick("bob")), limit=9)
    assert [row.params for row in store.answer(whispers)] == [("said to Bob",)]
    says = [
        entry.text
        for _, batch in store.journal()
        for entry in batch.entries
        if isinstance(entry, entries.Say)
    ]
    assert says == ["", "", "said to #lobby", "said to Bob"]


def test_a_room_that_was_left_for_good_is_emptied_too(store: Store) -> None:
    chat = chat_of(store)
    chat.do(entries.Join(ANN, "#den"), entries.SetRoomModes(ANN, "#den", ((True, "k", "key"),)))
    chat.do(entries.SetRetention(ANN, "#den", 1), entries.Say(ANN, "PRIVMSG", "#den", "bye"))
    room = chat.state.rooms["#den"].id  # type: ignore[index]
    chat.do(entries.Part(ANN, "#den"))
    everything = Page(conversation=InRoom(room, Place(0)), limit=9, events=True)
    assert "bye" in [row.params[-1] for row in store.answer(everything) if row.params]
    emptied(store, chat.state.now + DAY_MS + 1)
    assert store.answer(everything) == []


def test_a_step_is_small_and_goes_on_where_the_last_one_ended(
    store: Store, path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(expiry, "STEP_ROOMS", 2)
    chat = chat_of(store)
    rooms = [f"#r{number}" for number in range(5)]
    for room in rooms:
        chat.do(entries.Join(ANN, room), entries.SetRetention(ANN, room, 1))
        chat.do(*(entries.Say(ANN, "PRIVMSG", room, f"{n}") for n in range(expiry.STEP_ROWS)))
    over, counts = chat.state.now + DAY_MS + 1, [rows_in(path, "history")]
    while store.expire_some(over, 0):
        counts.append(rows_in(path, "history"))
    assert max(before - after for before, after in pairwise(counts)) <= expiry.STEP_ROWS
    assert [said_in(store, chat, room) for room in rooms] == [[]] * 5
    assert rows_in(path, "history") == 4  # who came into #lobby and #a, which keep it


def test_the_shorter_time_counts(store: Store) -> None:
    chat = chat_of(store)
    chat.do(entries.SetRetention(ANN, "#a", 5), entries.Say(ANN, "PRIVMSG", "#a", "hi"))
    emptied(store, chat.state.now + 2 * DAY_MS, keep_days=3)
    assert "hi" in said_in(store, chat, "#a")
    emptied(store, chat.state.now + 4 * DAY_MS, keep_days=3)
    assert said_in(store, chat, "#a") == []


def test_a_step_that_fails_is_done_again(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    chat = chat_of(store)
    chat.do(entries.Announce(NO_SESSION, "#a", "tea"))
    take_out = expiry.Expiry._take_out

    def fails(*args: object, **more: object) -> None:
        take_out(*args, **more)  # type: ignore[arg-type]
        raise sqlite3.IntegrityError("no")

    monkeypatch.setattr(expiry.Expiry, "_take_out", fails)
    with pytest.raises(Exception, match="can't be read or written"):
        store.expire_some(chat.state.now + 2 * DAY_MS, 1)
    monkeypatch.undo()
    assert said_in(store, chat, "#a") == ["tea"]
    chat.at(chat.state.now + 2 * DAY_MS)
    chat.do(entries.Announce(NO_SESSION, "#a", "more tea"))
    emptied(store, chat.state.now, 1)
    assert said_in(store, chat, "#a") == ["more tea"]


def test_no_step_reads_what_stays(store: Store) -> None:
    """Each statement seeks: none looks at a whole table that grows."""
    chat = chat_of(store)
    chat.do(entries.SetRetention(ANN, "#a", 1), entries.Say(ANN, "PRIVMSG", "#a", "hi"))
    seen: list[str] = []
    assert store._writer is not None
    store._writer.set_trace_callback(seen.append)
    emptied(store, chat.state.now + 2 * DAY_MS, 3)
    emptied(store, chat.state.now + 4 * DAY_MS, 3)
    store._writer.set_trace_callback(None)
    for statement in seen:
        if statement.startswith(("SELECT", "DELETE")):
            plan = store._writer.execute(f"EXPLAIN QUERY PLAN {statement}").fetchall()
            for *_, step in plan:
                assert not step.startswith(("SCAN history", "SCAN whispers")), (statement, plan)


def test_rows_know_their_time(store: Store) -> None:
    chat = chat_of(store)
    chat.at(5 * DAY_MS)
    chat.do(entries.Announce(NO_SESSION, "#a", "tea"))
    (row,) = [row for row in chat.rows if row.params == ("tea",)]
    assert isinstance(row, HistoryRow)
    assert row.time == 5 * DAY_MS
