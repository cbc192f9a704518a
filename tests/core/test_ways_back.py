"""Ways back: what a guest finds again after a lost connection, and what becomes of empty rooms."""

import msgspec
import pytest

from hubbub.core import entries
from hubbub.core.history import readable
from hubbub.core.ids import NO_SESSION, SessionId
from hubbub.core.outputs import Deliver
from tests.core.logs import RULES, Chat, history, of, replies

WEEK = RULES.way_back_seconds * 1000


def closed(chat: Chat) -> SessionId:
    """Ann, a guest with a device, runs #den, which is private, and has said something there."""
    ann = chat.open("ann", device="d1")
    chat.do(entries.Join(ann, "#den"), entries.SetRoomModes(ann, "#den", ((True, "i", None),)))
    chat.do(entries.Say(ann, "PRIVMSG", "#den", "between us"))
    return ann


def lose(chat: Chat, *sessions: SessionId) -> None:
    for session in sessions:
        chat.do(entries.Close(session, "Connection lost", True))


def test_a_private_room_waits_for_who_lost_the_connection() -> None:
    chat = Chat()
    ann = closed(chat)
    den = chat.state.rooms["#den"]  # type: ignore[index]
    (member,) = den.members.values()
    before = readable(chat.state, member)
    lose(chat, ann)
    assert (den.members, den.retired_at, den.flags) == ({}, 0, "int")
    bob = chat.open("bob", device="d2")
    assert replies(chat.do(entries.Join(bob, "#den")))[0][0] == "473"
    ann = chat.open("ann", device="d1")
    out = chat.do(entries.Join(ann, "#den"))
    joined, mode = of(Deliver, out)
    assert joined.event.command == "JOIN"
    assert (mode.event.source, mode.event.params) == ("hub.test", ("#den", "+o", "ann"))
    assert mode.rooms == (den.id,)
    assert [row.command for row in history(out)] == ["JOIN", "MODE"]
    (member,) = den.members.values()
    assert (readable(chat.state, member), member.ranks) == (before, "o")
    assert len(chat.state.ways_back) == 0


def test_the_members_stay_in_the_order_of_their_coming() -> None:
    chat = Chat()
    ann, bob = closed(chat), chat.open("bob")
    chat.do(entries.Invite(ann, "bob", "#den"), entries.Join(bob, "#den"))
    lose(chat, ann)
    ann = chat.open("ann", device="d1")
    chat.do(entries.Join(ann, "#den"))
    members = list(chat.state.rooms["#den"].members.values())  # type: ignore[index]
    assert [member.user.nick for member in members] == ["bob", "ann"]
    assert sorted(members, key=lambda member: member.since) == members


@pytest.mark.parametrize("ending", ["quit", "part", "no device"])
def test_who_leaves_otherwise_has_none(ending: str) -> None:
    chat = Chat()
    ann = chat.open("ann", device="" if ending == "no device" else "d1")
    chat.do(entries.Join(ann, "#den"), entries.SetRoomModes(ann, "#den", ((True, "i", None),)))
    if ending == "part":
        chat.do(entries.Part(ann, "#den"))
    chat.do(entries.Close(ann, "bye", ending == "no device"))
    assert list(chat.state.rooms) == []
    assert len(chat.state.ways_back) == 0


def test_a_restart_gives_the_rooms_back_to_who_ran_them() -> None:
    chat = Chat()
    ann, eve = chat.open("ann", device="d1"), chat.open("eve", device="d3")
    chat.do(entries.Join(ann, "#open"), entries.Join(eve, "#open"), entries.Join(eve, "#quiet"))
    chat.do(entries.Say(ann, "PRIVMSG", "#open", "hello"))
    chat.do(entries.SetRoomModes(ann, "#open", ((True, "m", None),)))
    assert history(chat.do(entries.NodeStarted(NO_SESSION, 1, 2, RULES))) == []
    assert list(chat.state.rooms) == ["#open"]
    assert [way.identity for way in chat.state.ways_back] == ["d:d1"]
    bob = chat.open("bob", device="d2")
    chat.do(entries.Join(bob, "#open"))
    room = chat.state.rooms["#open"]  # type: ignore[index]
    assert [member.ranks for member in room.members.values()] == [""]
    assert replies(chat.do(entries.Say(bob, "PRIVMSG", "#open", "mine")))[0][0] == "404"
    ann = chat.open("ann", device="d1")
    chat.do(entries.Join(ann, "#open"))
    assert [member.ranks for member in room.members.values()] == ["", "o"]


def test_a_way_back_does_not_pass_a_ban() -> None:
    chat = Chat()
    ann = closed(chat)
    bob = chat.open("bob")
    chat.do(entries.Invite(ann, "bob", "#den"), entries.Join(bob, "#den"))
    chat.do(entries.SetRoomModes(ann, "#den", ((True, "o", "bob"),)))
    lose(chat, ann)
    chat.do(entries.SetRoomModes(bob, "#den", ((True, "b", "ann!*@*"),)))
    ann = chat.open("ann", device="d1")
    assert replies(chat.do(entries.Join(ann, "#den")))[0][0] == "474"


def test_it_ends_and_with_it_the_room() -> None:
    chat = Chat()
    ann, bob = closed(chat), chat.open("bob", device="d2")
    chat.do(entries.Join(bob, "#open"), entries.Say(bob, "PRIVMSG", "#open", "hello"))
    chat.do(entries.SetRoomModes(bob, "#open", ((True, "m", None),)))
    den, public = chat.state.rooms["#den"], chat.state.rooms["#open"]  # type: ignore[index]
    lose(chat, ann, bob)
    assert public.flags == "mnt"
    chat.clock += WEEK - 3_000
    chat.do(entries.TimePassed(NO_SESSION))
    assert not chat.state.has_expired(chat.clock)
    assert list(chat.state.rooms) == ["#den", "#open"]
    chat.clock += 1_000
    assert chat.state.has_expired(chat.clock)
    chat.do(entries.TimePassed(NO_SESSION))
    assert list(chat.state.rooms) == ["#open"]
    assert (den.retired_at, public.flags) == (chat.clock, "nt")
    ann = chat.open("ann", device="d1")
    chat.do(entries.Join(ann, "#open"))
    assert [member.ranks for member in public.members.values()] == ["o"]


def test_there_are_only_so_many() -> None:
    chat = Chat(msgspec.structs.replace(RULES, ways_back=1))
    ann, bob = closed(chat), chat.open("bob", device="d2")
    chat.do(entries.Join(bob, "#pit"), entries.SetRoomModes(bob, "#pit", ((True, "s", None),)))
    lose(chat, ann, bob)
    assert [way.identity for way in chat.state.ways_back] == ["d:d1"]
    assert list(chat.state.rooms) == ["#den"]
    never = Chat(msgspec.structs.replace(RULES, way_back_seconds=0))
    lose(never, closed(never))
    assert list(never.state.rooms) == []


def test_a_guest_takes_it_along_into_an_account_and_the_accounts_end_is_its_end() -> None:
    chat = Chat()
    lose(chat, closed(chat))
    ann = chat.open("ann", device="d1")
    chat.do(entries.Register(ann, "ann", "verifier", "scram"))
    assert [way.identity for way in chat.state.ways_back] == ["a:1"]
    chat.do(entries.Join(ann, "#den"))
    (member,) = chat.state.rooms["#den"].members.values()  # type: ignore[index]
    assert (member.ranks, member.reads_from < member.since) == ("o", True)
    other = Chat()
    lose(other, closed(other))
    ann = other.open("ann", device="d1")
    other.do(entries.Register(ann, "ann", "verifier", "scram"))
    other.do(entries.DeleteAccount(ann, "ann"))
    assert list(other.state.rooms) == []


def test_who_logs_in_reads_on_where_the_guest_did() -> None:
    chat = Chat()
    chat.do(entries.Register(NO_SESSION, "zoe", "verifier", "scram"))
    ann = closed(chat)
    (guest,) = chat.state.rooms["#den"].members.values()  # type: ignore[index]
    before = readable(chat.state, guest)
    chat.do(entries.Login(ann, 1))
    (member,) = chat.state.rooms["#den"].members.values()  # type: ignore[index]
    assert member.user.nick == "zoe"
    assert readable(chat.state, member).since == before.since
