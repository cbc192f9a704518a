"""LIST with the conditions of ELIST=CMNTU."""

import pytest

from hubbub.commands import listing
from tests.world import Person, World

MINUTE = 60_000


@pytest.fixture
def alice(world: World) -> Person:
    """Alice is in the lobby with Bob; #old is old, #news has a new topic, #den is secret."""
    bob = world.connect("bob")
    bob.send("JOIN #old", "TOPIC #old stale")
    world.pass_time(60 * MINUTE)
    bob.send("JOIN #news", "JOIN #den", "MODE #den +s")
    alice = world.connect("alice")
    alice.send("JOIN #news")
    world.pass_time(10 * MINUTE)
    bob.send("TOPIC #news :All of it")
    bob.send("JOIN #empty", "PRIVMSG #empty :hello?", "PART #empty")
    alice.heard()
    return alice


def rooms(lines: list[str]) -> list[str]:
    """The names of the rooms in an answer."""
    start, *shown, end = lines
    assert start == ":hub.test 321 alice Channel :Users  Name"
    assert end == ":hub.test 323 alice :End of /LIST"
    assert all(line.split()[1] == "322" for line in shown)
    return [line.split()[3] for line in shown]


def test_list_shows_what_is_going_on_largest_first(alice: Person) -> None:
    assert alice.ask("LIST") == [
        ":hub.test 321 alice Channel :Users  Name",
        ":hub.test 322 alice #lobby 2 :",
        ":hub.test 322 alice #news 2 :All of it",
        ":hub.test 322 alice #old 1 stale",
        ":hub.test 323 alice :End of /LIST",
    ]


@pytest.mark.parametrize(
    ("conditions", "found"),
    [
        ("#old,#news", "#news #old"),
        ("#OLD", "#old"),
        ("#none", ""),
        ("#den", ""),
        ("#empty", "#empty"),
        ("*e*", "#news #empty"),
        ("#??w?", "#news"),
        ("!*e*", "#lobby #old"),
        ("*o*,!*l?", "#lobby"),
        (">1", "#lobby #news"),
        ("<2", "#old #empty"),
        (">0,<2", "#old"),
        ("C>60", "#lobby #old"),
        ("c<60", "#news #empty"),
        ("T>60", "#old"),
        ("t<60", "#news"),
        ("T<60 *", "#news"),
        ("#old,#news T<60,>1", "#news"),
        ("C<x", ""),
        (">99999999999999999999", ""),
        (",", "#lobby #news #old"),
        (":", "#lobby #news #old"),
        (":a b", ""),
        ("[*", ""),
    ],
)
def test_conditions(alice: Person, conditions: str, found: str) -> None:
    assert rooms(alice.ask(f"LIST {conditions}")) == found.split()


def test_a_secret_room_is_listed_to_its_members(world: World, alice: Person) -> None:
    alice.send("JOIN #den")
    assert rooms(alice.ask("LIST")) == ["#den", "#lobby", "#news", "#old"]


def test_the_topic_of_a_private_room_is_its_members_affair(world: World, alice: Person) -> None:
    bob = world.connect("bert")
    bob.send("JOIN #club", "TOPIC #club :the password is x", "MODE #club +i")
    assert alice.ask("LIST #club")[1] == ":hub.test 322 alice #club 1 :"
    assert bob.ask("LIST #club")[1] == ":hub.test 322 bert #club 1 :the password is x"


def test_a_list_takes_only_so_many_masks(alice: Person) -> None:
    assert rooms(alice.ask("LIST *x*,*by,*ew*,!#x,#old,#lobby")) == ["#lobby", "#news", "#old"]
    assert alice.ask("LIST *a*,*b*,*c*,!*d,!*e") == [
        ":hub.test 416 alice LIST :One LIST takes at most 4 masks"
    ]


def test_a_list_has_an_end(alice: Person, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(listing, "LIST_MOST", 2)
    lines = alice.ask("LIST")
    assert lines[1:3] == [
        ":hub.test 322 alice #lobby 2 :",
        ":hub.test 322 alice #news 2 :All of it",
    ]
    assert lines[3].startswith(":hub.test 416 alice LIST :Only the 2 largest of 3 rooms ")
