"""Opening, closing and renaming: what comes out, and what is kept for whom."""

import msgspec

from hubbub.core import entries
from hubbub.core.ids import NO_SESSION, session_id
from hubbub.core.outputs import Deliver, Departed, Entered, HangUp, Renamed, Seen, Settled
from tests.core.logs import RULES, START, Chat, history, of, replies, whowas

HOLD_MS = RULES.guest_name_hold_seconds * 1000


def test_an_open_session_is_settled_before_it_enters_rooms() -> None:
    chat = Chat()
    session = session_id(1, 1, 9)
    out = chat.do(entries.Open(session, "ann", "~ann", "Ann", "host", "d1"))
    assert out == [Settled(session, "ann"), Seen("ann", "ann!~ann@host")]
    chat.do(entries.Join(session, "#a"))
    again = session_id(1, 1, 10)
    out = chat.do(entries.Open(again, "ANN", "~x", "X", "host", "d1"))
    room = chat.state.rooms["#a"].id  # type: ignore[index]
    assert out == [
        HangUp(session, "Replaced by a newer connection of this device"),
        Departed(room, (session,)),
        Settled(again, "ann"),
        Entered(room, (again,)),
    ]


def test_opening_twice_changes_nothing() -> None:
    chat = Chat()
    session = chat.open("ann")
    assert chat.do(entries.Open(session, "other", "~o", "O", "host")) == []


def test_a_name_in_use_is_refused_in_any_case_and_script() -> None:
    chat = Chat()
    chat.open("Straße")
    session = session_id(1, 1, 9)
    out = chat.do(entries.Open(session, "STRASSE", "~x", "X", "host"))
    assert out[0] == Settled(session, "")
    assert replies(out) == [("433", "STRASSE", "Nickname is already in use")]


def test_the_last_session_takes_the_user_along() -> None:
    chat = Chat()
    ann, bob = chat.open("ann"), chat.open("bob")
    chat.do(entries.Join(ann, "#a"), entries.Join(bob, "#a"))
    room = chat.state.rooms["#a"].id  # type: ignore[index]
    out = chat.do(entries.Close(ann, "Quit: bye"))
    assert of(Departed, out) == [Departed(room, (ann,))]
    (deliver,) = of(Deliver, out)
    assert (deliver.event.command, deliver.event.params) == ("QUIT", ("Quit: bye",))
    assert deliver.rooms == (room,)
    assert [(row.command, row.room) for row in history(out)] == [("QUIT", room)]
    assert [row.nick for row in whowas(out)] == ["ann"]
    assert chat.state.user_named("ann") is None
    assert chat.do(entries.Close(ann, "again")) == []


def test_only_a_lost_devices_name_is_held_and_only_for_a_while() -> None:
    chat = Chat()
    chat.do(entries.Close(chat.open("ann", device="d1"), "Quit"))
    chat.do(entries.Close(chat.open("bob"), "lost", True))
    assert chat.state.held == {}
    chat.do(entries.Close(chat.open("ann", device="d1"), "lost", True))
    (held,) = chat.state.held.values()
    assert held.until == chat.clock + HOLD_MS
    assert not chat.state.has_expired(held.until - 1)
    assert chat.state.has_expired(held.until)
    rename = chat.do(entries.Rename(chat.open("eve"), "Ann"))
    assert replies(rename) == [("433", "Ann", "Nickname is already in use")]
    chat.clock += HOLD_MS
    chat.do(entries.TimePassed(NO_SESSION))
    assert chat.state.held == {}


def test_a_new_epoch_ends_the_sessions_of_the_ones_before_without_history() -> None:
    chat = Chat()
    ann = chat.open("ann", device="d1")
    other = session_id(2, 1, 1)
    chat.do(entries.Open(other, "bob", "~bob", "Bob", "host"))
    chat.do(entries.Join(ann, "#a"), entries.Join(other, "#a"))
    out = chat.do(entries.NodeStarted(NO_SESSION, 1, 2, RULES))
    assert history(out) == []
    (deliver,) = of(Deliver, out)
    assert deliver.event.params == ("Server restarted",)
    assert deliver.event.place is None
    assert list(chat.state.sessions) == [other]
    assert "ann" in chat.state.held


def test_a_rename_is_recorded_in_every_room_and_shown_once() -> None:
    chat = Chat()
    ann = chat.open("ann")
    chat.do(entries.Join(ann, "#a"), entries.Join(ann, "#b"))
    out = chat.do(entries.Rename(ann, "Anna"))
    rows = history(out)
    assert [(row.command, row.params) for row in rows] == [("NICK", ("Anna",))] * 2
    (deliver,) = of(Deliver, out)
    assert deliver.event.place == rows[-1].place
    assert deliver.event.source == "ann!~ann@host.test"
    assert len(deliver.rooms) == 2
    assert of(Renamed, out) == [Renamed((ann,), "Anna")]
    assert [row.nick for row in whowas(out)] == ["ann"]
    assert chat.state.user_named("ANNA") is chat.state.sessions[ann].user
    assert chat.state.user_named("ann") is None


def test_away_is_shown_to_rooms_but_not_to_oneself() -> None:
    chat = Chat()
    ann = chat.open("ann")
    chat.do(entries.Join(ann, "#a"))
    (deliver,) = of(Deliver, chat.do(entries.SetAway(ann, "lunch")))
    assert deliver.without == (ann,)
    assert chat.state.sessions[ann].user.away == "lunch"
    assert of(Deliver, chat.do(entries.SetAway(ann, "lunch"))) == []


def test_when_somebody_came_and_spoke() -> None:
    chat = Chat()
    ann = chat.open("ann")
    user = chat.state.sessions[ann].user
    assert user.signed_on == user.spoke_at == START + 1_000
    chat.do(entries.Say(ann, "PRIVMSG", "ann", "x"))
    assert (user.signed_on, user.spoke_at) == (START + 1_000, START + 2_000)


def test_only_so_many_names_are_held() -> None:
    chat = Chat(msgspec.structs.replace(RULES, held_names=2))
    for number in range(4):
        session = chat.open(f"guest{number}", device=str(number))
        chat.do(entries.Close(session, "Connection lost", True))
    assert list(chat.state.held) == ["guest0", "guest1"]
