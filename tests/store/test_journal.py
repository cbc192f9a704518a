"""What was taken back is nowhere in the file any more, and all else is."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from hubbub.core import entries
from hubbub.core.batches import Batch, decode_batch
from hubbub.core.history import InRoom, Message, Page
from hubbub.core.ids import NO_SESSION, Place, RoomId, SessionId, session_id
from hubbub.core.outputs import HistoryRow
from hubbub.store import journal
from hubbub.store.store import Store, open_store
from tests.store.making import RULES, Chat

ANN, BOB = session_id(0, 1, 1), session_id(0, 1, 2)
ROOM = Page(conversation=InRoom(RoomId(1), Place(0)), limit=100, events=True)
SECRET = "correct-horse-battery-staple"


def chat_of(store: Store) -> Chat:
    chat = Chat(store)
    for session, nick in ((ANN, "Ann"), (BOB, "Bob")):
        chat.do(
            entries.Open(session, nick, "u", "", "h", f"device-{nick}"),
            entries.Join(session, "#lobby"),
        )
    return chat


def redact(chat: Chat, session: SessionId, target: str, row: HistoryRow) -> None:
    said = entries.Said(
        row.place, row.time, row.room, row.status, row.author, row.peer, row.peer_nick
    )
    chat.do(entries.Redact(session, target, said, "a mistake"))


def said_last(chat: Chat) -> HistoryRow:
    return chat.rows[-1]


@pytest.mark.parametrize("target", ["#lobby", "bob"])
@pytest.mark.parametrize("verb", ["PRIVMSG", "NOTICE", "TAGMSG"])
def test_nothing_of_it_is_left_in_the_file(path: Path, verb: str, target: str) -> None:
    tags = (("+draft/react", SECRET), ("+reply", "message"))
    with closing(open_store(path)) as store:
        chat = chat_of(store)
        text = "" if verb == "TAGMSG" else f"{SECRET} and a long tail of words " * 5
        splits = (len(text) // 2,) if verb == "NOTICE" else ()
        chat.do(entries.Say(ANN, verb, target, text.replace("words", "\n"), tags, "", splits))
        row = said_last(chat)
        chat.do(entries.Say(BOB, "PRIVMSG", "#lobby", "something else"))
        while store.index_some():
            pass
        assert store.answer(Message(row.place)) == [row]
        redact(chat, ANN, target, row)
        assert store.answer(Message(row.place)) == []
        while store.index_some():
            pass
        whole = path.read_bytes() + path.with_name(f"{path.name}-wal").read_bytes()
        assert b"horse" not in whole
        assert b"something else" in whole
        assert store.load(RULES).next_place == chat.state.next_place


def test_the_rest_of_its_batch_stays(store: Store) -> None:
    chat = chat_of(store)
    chat.do(
        entries.Say(ANN, "PRIVMSG", "#lobby", "before"),
        entries.Say(ANN, "PRIVMSG", "#lobby", SECRET),
        entries.Say(BOB, "PRIVMSG", "#lobby", "after"),
    )
    (row,) = [row for row in chat.rows if row.params == (SECRET,)]
    redact(chat, ANN, "#lobby", row)
    batches = [batch for _, batch in store.journal()]
    says = [entry for batch in batches for entry in batch.entries if isinstance(entry, entries.Say)]
    assert [say.text for say in says] == ["before", "", "after"]
    assert [row.command for row in store.answer(ROOM)] == ["JOIN"] * 2 + ["PRIVMSG"] * 2 + [
        "REDACT"
    ]


def test_others_who_said_the_same_keep_it(store: Store) -> None:
    chat = chat_of(store)
    chat.do(entries.Say(BOB, "PRIVMSG", "#lobby", SECRET))
    chat.do(entries.Say(ANN, "PRIVMSG", "#lobby", SECRET))
    redact(chat, ANN, "#lobby", said_last(chat))
    assert [row.source for row in store.answer(ROOM) if row.params == (SECRET,)] == ["Bob!u@h"]
    kept = [batch for _, batch in store.journal() if SECRET in repr(batch)]
    assert [batch.entries[0].session for batch in kept] == [BOB]


def test_corrections_go_with_what_they_correct(path: Path) -> None:
    with closing(open_store(path)) as store:
        chat = chat_of(store)
        chat.do(entries.Say(ANN, "PRIVMSG", "#lobby", "first"))
        row = said_last(chat)
        said = entries.Said(row.place, row.time, row.room, row.status, row.author)
        chat.do(entries.Edit(ANN, "#lobby", said, f"{SECRET} of words"))
        chat.do(entries.Edit(ANN, "#lobby", said, "a horse"))
        while store.index_some():
            pass
        redact(chat, ANN, "#lobby", row)
        while store.index_some():
            pass
        assert [row.command for row in store.answer(ROOM)] == ["JOIN", "JOIN", "REDACT"]
    assert b"horse" not in path.read_bytes()


def sizes(path: Path) -> list[int]:
    """The bytes of the journal's batches, oldest first."""
    with closing(sqlite3.connect(path)) as shell:
        query = "SELECT length(batch) FROM journal ORDER BY position"
        return [size for (size,) in shell.execute(query)]


def test_the_journal_is_bounded_in_bytes_however_it_grew(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(journal, "KEPT_BYTES", 20_000)
    with closing(open_store(path)) as store:
        chat = chat_of(store)
        for _ in range(30):
            chat.do(entries.Say(ANN, "PRIVMSG", "#lobby", "x" * 1_000))
            assert sum(sizes(path)) <= 20_000
        assert len(sizes(path)) >= 15
    with closing(open_store(path)) as store:  # what is there is counted anew
        chat = Chat(store, epoch=2)
        assert sum(sizes(path)) <= 20_000
        chat.do(entries.Announce(NO_SESSION, "#lobby", "y" * 30_000))
        assert len(sizes(path)) == 1
        chat.do(entries.TimePassed(NO_SESSION))
        assert len(sizes(path)) == 1
        assert sum(sizes(path)) < 100
        assert [position for position, _ in store.journal()] == [store.position]


def test_a_message_is_taken_out_by_its_place_not_by_reading_all_batches(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    decoded: list[bytes] = []
    decode = decode_batch

    def counts(blob: bytes) -> Batch:
        decoded.append(blob)
        return decode(blob)

    with closing(open_store(path)) as store:
        chat = chat_of(store)
        rows = []
        for _ in range(20):
            chat.do(entries.Say(ANN, "PRIVMSG", "#lobby", SECRET))
            rows.append(said_last(chat))
        monkeypatch.setattr("hubbub.store.journal.decode_batch", counts)
        assert store._writer is not None
        seen: list[str] = []
        store._writer.set_trace_callback(seen.append)
        redact(chat, ANN, "#lobby", rows[7])
        store._writer.set_trace_callback(None)
        assert len(decoded) == 1
        kept = [batch for _, batch in store.journal() if SECRET in repr(batch)]
        assert len(kept) == 19
        for statement in seen:
            if statement.startswith("SELECT") and "search" not in statement:
                plan = store._writer.execute(f"EXPLAIN QUERY PLAN {statement}").fetchall()
                assert not [step for *_, step in plan if step.startswith("SCAN journal")], plan
                assert not [step for *_, step in plan if step.startswith("SCAN history")], plan
