"""Messages: what is delivered is recorded, and a repeat is answered and not said again."""

import msgspec
import pytest

from hubbub.core import entries
from hubbub.core.ids import NO_SESSION, SessionId
from hubbub.core.outputs import Deliver, HistoryRow
from tests.core.logs import RULES, Chat, history, of, replies

WEEK_MS = 7 * 24 * 3_600_000


def room_of(chat: Chat) -> tuple[SessionId, SessionId]:
    ann, bob = chat.open("ann", device="d1"), chat.open("bob", device="d2")
    chat.do(entries.Join(ann, "#a"), entries.Join(bob, "#a"))
    return ann, bob


def test_a_message_in_a_room_and_its_row_agree() -> None:
    chat = Chat()
    ann, _ = room_of(chat)
    out = chat.do(entries.Say(ann, "PRIVMSG", "#A", "hi", (("+a", "b"),)))
    (deliver,), (row,) = of(Deliver, out), history(out)
    room = chat.state.rooms["#a"].id  # type: ignore[index]
    event = deliver.event
    assert (event.command, event.params, dict(event.tags)) == ("PRIVMSG", ("#a", "hi"), {"+a": "b"})
    assert (deliver.rooms, deliver.author) == ((room,), ann)
    assert (row.place, row.time, row.room, row.params) == (event.place, event.time, room, ("hi",))
    assert (row.author, row.peer, row.status) == ("d:d1", "", "")


@pytest.mark.parametrize(("target", "status"), [("@#a", "@"), ("+#a", "+"), ("@+#a", "+")])
def test_a_message_to_a_rank_is_recorded_as_readable_by_it(target: str, status: str) -> None:
    chat = Chat()
    ann, _ = room_of(chat)
    (row,) = history(chat.do(entries.Say(ann, "PRIVMSG", target, "psst")))
    assert row.status == status


def test_a_whisper_is_between_identities() -> None:
    chat = Chat()
    ann, bob = room_of(chat)
    out = chat.do(entries.Say(ann, "NOTICE", "BOB", "hi"))
    (deliver,), (row,) = of(Deliver, out), history(out)
    assert deliver.rooms == ()
    assert set(deliver.sessions) == {ann, bob}
    assert (row.room, row.author, row.peer, row.peer_nick) == (None, "d:d1", "d:d2", "bob")


def test_a_signal_is_passed_on_and_not_recorded() -> None:
    chat = Chat()
    ann, _ = room_of(chat)
    for target in ("#a", "bob"):
        out = chat.do(entries.Say(ann, "TAGMSG", target, "", (("+typing", "active"),)))
        (deliver,) = of(Deliver, out)
        assert deliver.event.place is None
        assert history(out) == []


def rows_of_repeats(chat: Chat, ann: SessionId, *ids: str) -> list[HistoryRow]:
    return [
        row
        for once in ids
        for row in history(chat.do(entries.Say(ann, "PRIVMSG", "#a", "hi", (), once)))
    ]


def test_a_repeat_is_answered_with_the_first_ones_place_and_time() -> None:
    chat = Chat()
    ann, _ = room_of(chat)
    (first,) = history(chat.do(entries.Say(ann, "PRIVMSG", "#a", "hi", (), "x")))
    place = chat.state.next_place
    (echo,) = chat.do(entries.Say(ann, "PRIVMSG", "#a", "hi", (), "x"))
    assert isinstance(echo, Deliver)
    assert (echo.event.place, echo.event.time) == (first.place, first.time)
    assert (echo.sessions, echo.rooms, echo.author) == ((ann,), (), ann)
    assert chat.state.next_place == place


def test_a_refused_message_does_not_use_its_id_up() -> None:
    chat = Chat()
    ann, _ = room_of(chat)
    assert replies(chat.do(entries.Say(ann, "PRIVMSG", "nobody", "hi", (), "x")))[0][0] == "401"
    assert len(rows_of_repeats(chat, ann, "x")) == 1


def test_ids_outlive_the_connection_of_their_device() -> None:
    chat = Chat()
    ann, _ = room_of(chat)
    assert len(rows_of_repeats(chat, ann, "x")) == 1
    chat.do(entries.Close(ann, "lost", True))
    again = chat.open("ann", device="d1")
    chat.do(entries.Join(again, "#a"))
    assert rows_of_repeats(chat, again, "x") == []


def test_ids_are_let_go_after_a_week() -> None:
    chat = Chat()
    ann, _ = room_of(chat)
    rows_of_repeats(chat, ann, "x")
    said = chat.clock
    chat.clock = said + WEEK_MS - 1_000
    chat.do(entries.TimePassed(NO_SESSION))
    assert len(chat.state.sent) == 1
    assert not chat.state.has_expired(said + WEEK_MS)
    assert chat.state.has_expired(said + WEEK_MS + 1)
    chat.clock = said + WEEK_MS
    chat.do(entries.TimePassed(NO_SESSION))
    assert len(chat.state.sent) == 0


def test_only_so_many_ids_are_kept_and_the_oldest_go() -> None:
    chat = Chat(msgspec.structs.replace(RULES, sent_ids=2))
    ann, _ = room_of(chat)
    rows_of_repeats(chat, ann, "x", "y", "z")
    assert [sent.once for sent in chat.state.sent] == ["y", "z"]


def test_nobody_pushes_out_another_persons_ids() -> None:
    chat = Chat(msgspec.structs.replace(RULES, sent_ids_each=2))
    ann, bob = room_of(chat)
    rows_of_repeats(chat, bob, "b")
    rows_of_repeats(chat, ann, "w", "x", "y", "z")
    assert sorted(sent.once for sent in chat.state.sent) == ["b", "y", "z"]
    assert rows_of_repeats(chat, bob, "b") == []
    assert len(rows_of_repeats(chat, ann, "w")) == 1


def test_guests_do_not_push_out_accounts_ids() -> None:
    chat = Chat(msgspec.structs.replace(RULES, sent_ids=2))
    ann, bob = room_of(chat)
    rows_of_repeats(chat, ann, "early")
    chat.do(entries.Register(ann, "ann", "verifier", "scram"))
    rows_of_repeats(chat, bob, "1", "2", "3")
    rows_of_repeats(chat, ann, "late")
    assert [sent.once for sent in chat.state.sent] == ["early", "late", "2", "3"]
    assert rows_of_repeats(chat, ann, "early") == []


@pytest.mark.parametrize(
    ("verb", "target", "text"),
    [("PRIVMSG", "#a", "ho"), ("PRIVMSG", "bob", "hi"), ("NOTICE", "#a", "hi")],
)
def test_another_message_under_a_used_id_is_refused(verb: str, target: str, text: str) -> None:
    chat = Chat()
    ann, _ = room_of(chat)
    assert len(rows_of_repeats(chat, ann, "x")) == 1
    place = chat.state.next_place
    outputs = chat.do(entries.Say(ann, verb, target, text, (), "x"))
    assert [reply[:3] for reply in replies(outputs)] == [("FAIL", verb, "ID_REUSED")]
    assert chat.state.next_place == place
    assert not [output for output in outputs if isinstance(output, Deliver)]


def test_a_repeat_may_write_the_target_otherwise_and_lack_tags() -> None:
    chat = Chat()
    ann, _ = room_of(chat)
    chat.do(entries.Say(ann, "PRIVMSG", "#a", "hi", (("+draft/reply", "m1"),), "x"))
    (echo,) = chat.do(entries.Say(ann, "PRIVMSG", "#A", "hi", (), "x"))
    assert isinstance(echo, Deliver)
    reaction = (("+draft/react", "a"), ("+reply", "m1"))
    chat.do(entries.Say(ann, "TAGMSG", "#a", "", reaction, "y"))
    outputs = chat.do(entries.Say(ann, "TAGMSG", "#a", "", (("+draft/react", "b"),), "y"))
    assert replies(outputs)[0][2] == "ID_REUSED"


def test_nothing_of_what_was_taken_back_is_left_with_its_id() -> None:
    chat = Chat()
    ann, _ = room_of(chat)
    (row,) = rows_of_repeats(chat, ann, "x")
    said = entries.Said(row.place, row.time, row.room, row.status, row.author)
    assert all(sent.digest for sent in chat.state.sent)
    chat.do(entries.Redact(ann, "#a", said))
    assert [(sent.once, sent.digest) for sent in chat.state.sent] == [("x", "")]
    assert rows_of_repeats(chat, ann, "x") == []


@pytest.mark.parametrize("text", ["hi", "ho"])
def test_what_was_taken_back_is_not_said_again_by_a_repeat(text: str) -> None:
    chat = Chat()
    ann, _ = room_of(chat)
    (row,) = rows_of_repeats(chat, ann, "x")
    (other,) = rows_of_repeats(chat, ann, "y")
    said = entries.Said(row.place, row.time, row.room, row.status, row.author)
    chat.do(entries.Redact(ann, "#a", said))
    place = chat.state.next_place
    outputs = chat.do(entries.Say(ann, "PRIVMSG", "#a", text, (), "x"))
    assert [reply[:4] for reply in replies(outputs)] == [("FAIL", "PRIVMSG", "TAKEN_BACK", "x")]
    assert not [output for output in outputs if isinstance(output, Deliver)]
    assert chat.state.next_place == place
    (echo,) = chat.do(entries.Say(ann, "PRIVMSG", "#a", "hi", (), "y"))
    assert isinstance(echo, Deliver)
    assert echo.event.place == other.place
    assert rows_of_repeats(chat, ann, "x") == []
