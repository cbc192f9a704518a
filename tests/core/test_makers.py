"""New rooms are bounded for a person and for an address, each within an hour."""

import msgspec

from hubbub.core import entries
from hubbub.core.ids import NO_SESSION
from hubbub.core.makers import HOUR_MS
from tests.core.logs import RULES, Chat, replies

FEW = msgspec.structs.replace(RULES, new_rooms=2, new_rooms_per_address=3)
ENOUGH = ("437", "#c", "2 new rooms within an hour are enough: try again later")


def test_one_person_cannot_fill_the_server_however_slowly() -> None:
    chat = Chat(FEW)
    ann = chat.open("ann", device="d1")
    for name in ("#a", "#b"):
        chat.do(entries.Join(ann, name), entries.Say(ann, "PRIVMSG", name, "x"))
        chat.do(entries.Part(ann, name))
    assert replies(chat.do(entries.Join(ann, "#c"))) == [ENOUGH]
    assert chat.state.room_named("#c") is None
    assert replies(chat.do(entries.Join(ann, "#a"))) == []
    chat.do(entries.Close(ann, "bye"))
    ann = chat.open("anna", device="d1", host="other.test")
    assert replies(chat.do(entries.Join(ann, "#c"))) == [ENOUGH]
    chat.clock += HOUR_MS
    assert replies(chat.do(entries.Join(ann, "#c"))) == []


def test_nor_one_address_under_many_names() -> None:
    chat = Chat(FEW)
    hosts = ("2001:db8:0:1::1", "2001:db8:0:1::2", "2001:db8:0:1:ffff::3", "2001:db8:0:1::4")
    for number, host in enumerate(hosts):
        session = chat.open(f"g{number}", host=host)
        out = replies(chat.do(entries.Join(session, f"#r{number}")))
        assert bool(out) == (number == 3)
    assert out[0][2].startswith("3 new rooms")
    neighbour = chat.open("h", host="2001:db8:0:2::1")
    assert replies(chat.do(entries.Join(neighbour, "#h"))) == []
    for number in range(5):
        local = chat.open(f"l{number}", host="localhost")
        assert replies(chat.do(entries.Join(local, f"#l{number}"))) == []


def test_moderators_make_as_many_as_they_like_and_members_do_not() -> None:
    chat = Chat(FEW)
    for role, refused in (("moderator", 0), ("member", 1)):
        session = chat.open(role, host="localhost")
        chat.do(entries.Register(session, role, "verifier", "scram"))
        chat.do(entries.SetRole(NO_SESSION, role, role))  # type: ignore[arg-type]
        out = [chat.do(entries.Join(session, f"#{role}{n}")) for n in range(3)]
        assert sum(bool(replies(one)) for one in out) == refused


def test_it_is_forgotten_after_the_hour() -> None:
    chat = Chat(FEW)
    ann = chat.open("ann")
    chat.do(entries.Join(ann, "#a"))
    assert len(chat.state.makers.known) == 2
    assert not chat.state.has_expired(chat.clock + HOUR_MS - 1)
    assert chat.state.has_expired(chat.clock + HOUR_MS)
    chat.clock += HOUR_MS
    chat.do(entries.TimePassed(NO_SESSION))
    assert chat.state.makers.known == {}
    assert set(chat.state.take_changes()["room_makers"].values()) == {None}


def test_the_lobby_is_nobodys_making() -> None:
    chat = Chat(msgspec.structs.replace(RULES, new_rooms=1))
    ann = chat.open("ann")
    chat.do(entries.Join(ann, RULES.lobby))
    assert replies(chat.do(entries.Join(ann, "#a"))) == []
