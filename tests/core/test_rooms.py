"""Rooms: what is recorded, who enters, and what becomes of a room that everybody left."""

import msgspec

from hubbub.core import entries
from hubbub.core.history import readable
from hubbub.core.ids import Place
from hubbub.core.outputs import Deliver, Departed, Entered, Record
from tests.core.logs import RULES, Chat, history, of, replies


def test_who_joins_enters_before_it_is_shown() -> None:
    chat = Chat()
    ann = chat.open("ann")
    entered, record, deliver = chat.do(entries.Join(ann, "#a"))
    room = chat.state.rooms["#a"].id  # type: ignore[index]
    assert entered == Entered(room, (ann,))
    assert isinstance(record, Record)
    assert isinstance(deliver, Deliver)
    assert deliver.event.place == record.row.place  # type: ignore[union-attr]
    assert chat.do(entries.Join(ann, "#A")) == []


def test_who_leaves_sees_it_and_then_nothing_more() -> None:
    chat = Chat()
    ann = chat.open("ann")
    chat.do(entries.Join(ann, "#a"))
    kinds = [type(output) for output in chat.do(entries.Part(ann, "#a", "bye"))]
    assert kinds == [Record, Deliver, Departed]


def test_a_room_in_which_nothing_was_said_goes_with_its_last_member() -> None:
    chat = Chat()
    ann = chat.open("ann")
    chat.do(entries.Join(ann, "#a"), entries.Join(ann, "#b"), entries.SetTopic(ann, "#b", "tea"))
    chat.do(entries.PartAll(ann))
    assert list(chat.state.rooms) == ["#b"]


def test_what_was_said_while_a_room_was_private_stays_with_those_who_were_there() -> None:
    chat = Chat()
    ann, bob = chat.open("ann"), chat.open("bob")
    chat.do(entries.Join(ann, "#a"), entries.SetRoomModes(ann, "#a", ((True, "i", None),)))
    chat.do(entries.Say(ann, "PRIVMSG", "#a", "between us"))
    chat.do(entries.SetRoomModes(ann, "#a", ((False, "i", None),)), entries.Join(bob, "#a"))
    room = chat.state.rooms["#a"]  # type: ignore[index]
    since = [readable(chat.state, member).since for member in room.members.values()]
    assert since[0] < since[1] == room.public_since


def test_a_public_room_stays_when_everybody_left_and_a_private_one_goes() -> None:
    chat = Chat()
    ann = chat.open("ann")
    chat.do(entries.Join(ann, "#open"), entries.Join(ann, "#den"))
    den = chat.state.rooms["#den"]  # type: ignore[index]
    chat.do(entries.Say(ann, "PRIVMSG", "#open", "hi"), entries.Say(ann, "PRIVMSG", "#den", "hi"))
    chat.do(entries.SetRoomModes(ann, "#den", ((True, "k", "key"),)))
    chat.do(entries.PartAll(ann))
    assert list(chat.state.rooms) == ["#open"]
    assert den.retired_at == chat.clock
    assert chat.state.take_changes()["rooms"][den.id,] == den.row()
    chat.do(entries.Join(ann, "#den"))
    assert chat.state.rooms["#den"].id != den.id  # type: ignore[index]


def test_what_a_member_may_read() -> None:
    chat = Chat()
    ann, bob = chat.open("ann"), chat.open("bob")
    chat.do(entries.Join(ann, "#a"), entries.Join(bob, "#a"))
    room = chat.state.rooms["#a"]  # type: ignore[index]
    runs, member = room.members.values()
    assert readable(chat.state, runs).since == Place(0)
    assert readable(chat.state, runs).statuses == ("", "+", "@")
    assert readable(chat.state, member).statuses == ("",)
    chat.do(entries.SetRoomModes(ann, "#a", ((True, "i", None), (True, "v", "bob"))))
    assert readable(chat.state, member).since == member.since
    assert readable(chat.state, member).statuses == ("", "+")
    (row,) = history(chat.do(entries.Kick(ann, "#a", "bob")))
    assert row.params == ("bob", "ann")


def test_an_invitation_is_used_up_by_joining() -> None:
    chat = Chat()
    ann, bob = chat.open("ann"), chat.open("bob")
    chat.do(entries.Join(ann, "#a"), entries.SetRoomModes(ann, "#a", ((True, "i", None),)))
    assert replies(chat.do(entries.Join(bob, "#a")))[0][0] == "473"
    out = chat.do(entries.Invite(ann, "bob", "#a"))
    told, aside = of(Deliver, out)
    assert (told.sessions, told.event.aside) == ((bob,), False)
    assert (aside.sessions, aside.without, aside.event.aside) == ((ann,), (ann,), True)
    assert history(out) == []
    assert of(Entered, chat.do(entries.Join(bob, "#a"))) != []
    chat.do(entries.Part(bob, "#a"))
    assert replies(chat.do(entries.Join(bob, "#a")))[0][0] == "473"


def test_the_same_topic_again_is_no_change() -> None:
    chat = Chat()
    ann = chat.open("ann")
    chat.do(entries.Join(ann, "#a"))
    assert len(history(chat.do(entries.SetTopic(ann, "#a", "news")))) == 1
    assert chat.do(entries.SetTopic(ann, "#a", "news")) == []
    room = chat.state.rooms["#a"]  # type: ignore[index]
    assert (room.topic, room.topic_by) == ("news", "ann!~ann@host.test")
    assert room.topic_at == chat.clock - 1_000


def test_bounds() -> None:
    chat = Chat(msgspec.structs.replace(RULES, rooms_per_user=2, rooms=3))
    ann, bob = chat.open("ann"), chat.open("bob")
    names = ("#a", "#b", "#c", "#d")
    for session in (ann, bob):
        for name in names:
            chat.do(entries.Join(session, name))
    assert [len(chat.state.sessions[session].user.memberships) for session in (ann, bob)] == [2, 2]
    chat.do(entries.PartAll(bob), entries.Join(bob, "#c"))
    assert replies(chat.do(entries.Join(bob, "#d")))[0][:2] == ("403", "#d")


def test_an_invitation_ends_with_its_room() -> None:
    chat = Chat()
    ann, bob = chat.open("ann"), chat.open("bob")
    identity = chat.state.sessions[bob].user.identity
    for number in range(3):
        room = f"#r{number}"
        chat.do(entries.Join(ann, room), entries.Invite(ann, "bob", room))
    assert len(chat.state.invitations.of(identity)) == 3
    chat.do(entries.Say(ann, "PRIVMSG", "#r0", "kept"))
    chat.do(*(entries.Part(ann, f"#r{number}") for number in range(3)))
    assert chat.state.invitations.of(identity) == ()
    assert set(chat.state.take_changes().get("invitations", {}).values()) <= {None}
    chat.do(entries.Join(ann, "#r0"), entries.SetRoomModes(ann, "#r0", ((True, "i", None),)))
    assert replies(chat.do(entries.Join(bob, "#r0")))[0][0] == "473"


def test_a_ban_ends_earlier_invitations_but_not_the_others() -> None:
    chat = Chat()
    ann, bob, eve = chat.open("ann"), chat.open("bob"), chat.open("eve")
    chat.do(entries.Join(ann, "#a"))
    chat.do(entries.Invite(ann, "bob", "#a"), entries.Invite(ann, "eve", "#a"))
    chat.do(entries.SetRoomModes(ann, "#a", ((True, "b", "eve"), (True, "i", None))))
    assert replies(chat.do(entries.Join(eve, "#a")))[0][0] == "474"
    assert of(Entered, chat.do(entries.Join(bob, "#a"))) != []


def test_what_keeps_people_out_only_operators_open() -> None:
    chat = Chat()
    ann, bob = chat.open("ann"), chat.open("bob")
    chat.open("eve")
    chat.do(entries.Join(ann, "#a"), entries.Join(bob, "#a"))
    for letter, argument in (("i", None), ("k", "key"), ("l", "2"), ("b", "eve")):
        chat.do(entries.SetRoomModes(ann, "#a", ((True, letter, argument),)))
        assert replies(chat.do(entries.Invite(bob, "eve", "#a")))[0][0] == "482", letter
        chat.do(entries.SetRoomModes(ann, "#a", ((False, letter, argument),)))
    assert replies(chat.do(entries.Invite(bob, "eve", "#a")))[0][0] == "341"
