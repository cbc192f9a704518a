"""What the operator does: a refusal is the console's, what is done is everybody's."""

import pytest

from hubbub.core import entries
from hubbub.core.batches import AnyEntry
from hubbub.core.ids import NO_SESSION, session_id
from hubbub.core.outputs import Answer, Deliver, HangUp, Settled
from tests.core.logs import Chat, history, of, replies


def test_a_disconnected_user_is_told_why_and_the_rooms_too() -> None:
    chat = Chat()
    ann = chat.open("ann")
    chat.do(entries.Join(ann, "#a"))
    out = chat.do(entries.Disconnect(NO_SESSION, "ANN", "spam"))
    assert of(HangUp, out) == [HangUp(ann, "Kicked: spam")]
    kill, quit_ = of(Deliver, out)
    assert (kill.event.command, kill.event.params) == ("KILL", ("ann", "Kicked: spam"))
    assert (kill.sessions, kill.rooms) == ((ann,), ())
    assert (quit_.event.command, quit_.event.params) == ("QUIT", ("Kicked: spam",))
    assert chat.state.users == {}


@pytest.mark.parametrize(
    "entry",
    [
        entries.Disconnect(NO_SESSION, "nobody", ""),
        entries.Unban(NO_SESSION, "nobody"),
        entries.Announce(NO_SESSION, "#none", "hi"),
    ],
)
def test_what_cannot_be_done_is_answered(entry: AnyEntry) -> None:
    (answer,) = Chat().do(entry)
    assert isinstance(answer, Answer)
    assert answer.session == NO_SESSION


def test_an_announcement_is_said_by_the_server_and_recorded() -> None:
    chat = Chat()
    chat.do(entries.Join(chat.open("ann"), "#a"))
    out = chat.do(entries.Announce(NO_SESSION, "#A", "hear ye"))
    (deliver,), (row,) = of(Deliver, out), history(out)
    assert (deliver.event.source, deliver.event.params) == ("hub.test", ("#a", "hear ye"))
    assert (row.place, row.source) == (deliver.event.place, "hub.test")


def test_a_banned_user_is_out_by_name_device_and_address() -> None:
    chat = Chat()
    ann = chat.open("ann", device="d1", host="9.9.9.9")
    out = chat.do(entries.Ban(NO_SESSION, "ann", "spam"))
    assert HangUp(ann, "Banned: spam") in out
    for number, (nick, device, host) in enumerate(
        [("ANN", "", "1.1.1.1"), ("bob", "d1", "1.1.1.1"), ("bob", "", "9.9.9.9")], 50
    ):
        session = session_id(1, 1, number)
        out = chat.do(entries.Open(session, nick, "~x", "X", host, device))
        assert of(Settled, out) == [Settled(session, "")]
        assert replies(out) == [("465", "You are banned from this server (spam)")]
        assert len(of(HangUp, out)) == 1
    chat.open("bob", device="d2", host="1.1.1.1")
    assert replies(chat.do(entries.Unban(NO_SESSION, "Ann"))) == []
    chat.open("ann", device="d1", host="9.9.9.9")


def test_loopback_is_no_address_to_ban() -> None:
    chat = Chat()
    chat.open("ann", host="localhost")
    chat.do(entries.Ban(NO_SESSION, "ann", ""))
    chat.open("bob", host="localhost")


def test_a_name_is_banned_though_nobody_has_it() -> None:
    chat = Chat()
    chat.do(entries.Ban(NO_SESSION, "ann", ""))
    out = chat.do(entries.Open(session_id(1, 1, 9), "ann", "~x", "X", "host"))
    assert replies(out) == [("465", "You are banned from this server (no reason given)")]


def test_a_banned_name_cannot_be_taken_later_either() -> None:
    chat = Chat()
    ann = chat.open("ann")
    chat.do(entries.Ban(NO_SESSION, "eve", "spam"), entries.Ban(NO_SESSION, "mal*", "spam"))
    for nick in ("Eve", "mallory"):
        (reply,) = replies(chat.do(entries.Rename(ann, nick)))
        assert reply == ("432", nick, "You are banned from this server (spam)")
    assert chat.state.sessions[ann].user.nick == "ann"


def test_of_several_bans_the_one_that_lasts_is_told_whatever_their_order() -> None:
    told = []
    for order in (1, -1):
        chat = Chat()
        bans = [
            entries.Ban(NO_SESSION, "z*", "first"),
            entries.Ban(NO_SESSION, "*z", "second", 3_600),
        ]
        chat.do(*bans[::order])
        session = session_id(1, 1, 99)
        told.append(replies(chat.do(entries.Open(session, "zz", "~z", "Z", "host.test"))))
    assert told == [[("465", "You are banned from this server (first)")]] * 2
