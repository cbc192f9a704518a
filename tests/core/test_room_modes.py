"""Modes: what is shown is what was changed, and what was changed is kept."""

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from hubbub.core import entries
from hubbub.core.history import readable
from hubbub.core.ids import SessionId
from hubbub.core.outputs import Deliver
from tests.core.logs import RULES, Chat, history, of, replies

Change = tuple[bool, str, str | None]


def room_of(chat: Chat) -> tuple[SessionId, SessionId]:
    ann, bob = chat.open("ann"), chat.open("bob")
    chat.do(entries.Join(ann, "#a"), entries.Join(bob, "#a"))
    return ann, bob


def test_a_change_is_one_event_with_one_row() -> None:
    chat = Chat()
    ann, _ = room_of(chat)
    out = chat.do(entries.SetRoomModes(ann, "#a", ((True, "m", None), (True, "v", "BOB"))))
    (deliver,) = of(Deliver, out)
    (row,) = history(out)
    assert deliver.event.params == ("#a", "+mv", "bob")
    assert row.params == ("+mv", "bob")
    assert row.place == deliver.event.place


def test_every_kind_of_change_is_kept() -> None:
    chat = Chat()
    ann, bob = room_of(chat)
    room = chat.state.rooms["#a"]  # type: ignore[index]
    member = room.members[chat.state.sessions[bob].user.id]
    expected: list[tuple[Change, str, tuple[object, ...]]] = [
        (
            (True, "v", "bob"),
            "members",
            (room.id, member.user.id, "v", member.since, member.since),
        ),
        ((True, "m", None), "rooms", (room.id, "#a", room.created, "mnt", "", 0)),
        ((True, "k", "key"), "rooms", (room.id, "#a", room.created, "mnt", "key", 0)),
        ((True, "l", "5"), "rooms", (room.id, "#a", room.created, "mnt", "key", 5)),
        ((True, "b", "x"), "lists", (room.id, "b", "x!*@*", "ann!~ann@host.test")),
    ]
    for change, table, start in expected:
        chat.state.take_changes()
        chat.do(entries.SetRoomModes(ann, "#a", (change,)))
        (row,) = chat.state.take_changes()[table].values()
        assert row is not None
        assert row[: len(start)] == start
    chat.do(entries.SetRoomModes(ann, "#a", ((False, "b", "x"),)))
    assert chat.state.take_changes()["lists"] == {(room.id, "b", "x!*@*"): None}


def test_more_than_a_line_holds_goes_on_in_another() -> None:
    chat = Chat(msgspec.structs.replace(RULES, modes=2))
    ann, _ = room_of(chat)
    changes = tuple((True, "b", mask) for mask in "xyz")
    out = chat.do(entries.SetRoomModes(ann, "#a", changes))
    assert [row.params for row in history(out)] == [
        ("+bb", "x!*@*", "y!*@*"),
        ("+b", "z!*@*"),
    ]


@given(st.lists(st.tuples(st.booleans(), st.sampled_from("imnst")), max_size=8))
def test_flags_end_as_the_last_change_says(wanted: list[tuple[bool, str]]) -> None:
    chat = Chat()
    ann, _ = room_of(chat)
    expected = set("nt")
    for adding, letter in wanted:
        (expected.add if adding else expected.discard)(letter)
    changes = tuple((adding, letter, None) for adding, letter in wanted)
    chat.do(entries.SetRoomModes(ann, "#a", changes))
    assert set(chat.state.rooms["#a"].flags) == expected  # type: ignore[index]


def test_a_refused_change_leaves_the_others() -> None:
    chat = Chat()
    ann, _ = room_of(chat)
    changes: tuple[Change, ...] = (
        (True, "o", "nobody"),
        (True, "l", "x"),
        (True, "k", "a b"),
        (True, "b", "a b"),
        (True, "m", None),
    )
    out = chat.do(entries.SetRoomModes(ann, "#a", changes))
    assert [reply[0] for reply in replies(out)] == ["401", "696", "525", "696"]
    assert [row.params for row in history(out)] == [("+m",)]


def test_only_operators() -> None:
    chat = Chat()
    _, bob = room_of(chat)
    out = chat.do(entries.SetRoomModes(bob, "#a", ((True, "m", None),)))
    assert replies(out) == [("482", "#a", "You're not channel operator")]
    assert chat.state.rooms["#a"].flags == "nt"  # type: ignore[index]


def test_a_full_list_refuses_and_makes_room_again() -> None:
    chat = Chat(msgspec.structs.replace(RULES, list_entries=1))
    ann, _ = room_of(chat)
    out = chat.do(entries.SetRoomModes(ann, "#a", ((True, "b", "x"), (True, "b", "y"))))
    assert replies(out) == [("478", "#a", "b")]
    out = chat.do(entries.SetRoomModes(ann, "#a", ((False, "b", "x"), (True, "b", "y"))))
    assert [row.params for row in history(out)] == [("-b+b", "x!*@*", "y!*@*")]
    entry = chat.state.rooms["#a"].lists["b"]["y!*@*"]  # type: ignore[index]
    assert (entry.set_by, entry.set_at) == ("ann!~ann@host.test", chat.clock)


def test_a_limit_is_never_more_than_the_store_can_hold() -> None:
    chat = Chat()
    ann, _ = room_of(chat)
    room = chat.state.rooms["#a"]  # type: ignore[index]
    for text in ("", "0", "00", "-1", "2147483648", "1" + "0" * 20, "1000000000" + "0" * 200, "²"):
        out = chat.do(entries.SetRoomModes(ann, "#a", ((True, "l", text),)))
        assert [reply[0] for reply in replies(out)] == ["696"], text
        assert room.limit == 0
    for text, limit in (("2147483647", 2147483647), ("0" * 12 + "5", 5)):
        chat.do(entries.SetRoomModes(ann, "#a", ((True, "l", text),)))
        assert room.limit == limit


def test_what_was_said_to_operators_is_read_from_the_rank_on() -> None:
    chat = Chat()
    ann, bob = room_of(chat)
    room = chat.state.rooms["#a"]  # type: ignore[index]
    member = room.members[chat.state.sessions[bob].user.id]
    before = chat.state.next_place
    chat.do(entries.Say(ann, "PRIVMSG", "@#a", "not yet"), entries.Say(ann, "PRIVMSG", "#a", "hi"))
    assert not readable(chat.state, member).reads(before, "@")
    chat.do(entries.SetRoomModes(ann, "#a", ((True, "v", "bob"),)))
    voiced = chat.state.next_place
    chat.do(entries.Say(ann, "PRIVMSG", "+#a", "to voices"))
    chat.do(entries.SetRoomModes(ann, "#a", ((True, "o", "bob"), (False, "v", "bob"))))
    after = chat.state.next_place
    chat.do(entries.Say(ann, "PRIVMSG", "@#a", "now"))
    seen = readable(chat.state, member)
    assert [seen.reads(before, status) for status in ("", "+", "@")] == [True, False, False]
    assert [seen.reads(voiced, status) for status in ("", "+", "@")] == [True, True, False]
    assert [seen.reads(after, status) for status in ("", "+", "@")] == [True, True, True]
    chat.do(entries.SetRoomModes(ann, "#a", ((False, "o", "bob"),)))
    assert [readable(chat.state, member).reads(after, status) for status in ("", "+", "@")] == [
        True,
        False,
        False,
    ]
    chat.do(entries.SetRoomModes(ann, "#a", ((True, "o", "bob"),)))
    assert not readable(chat.state, member).reads(after, "@")
    assert readable(chat.state, member).reads(chat.state.next_place, "@")
