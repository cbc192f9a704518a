"""SEARCH."""

import pytest

from tests.world import Person, World

CAPS = "soju.im/search batch message-tags server-time standard-replies"
FAIL = ":hub.test FAIL SEARCH INVALID_PARAMS"


@pytest.fixture
def alice(world: World) -> Person:
    """Alice, in a room and a private room that Bob came into in the middle; both whispered."""
    alice, bob = world.connect("alice", CAPS), world.connect("bob", CAPS)
    eve = world.connect("eve", CAPS)
    alice.send("JOIN #room", "JOIN #den", "MODE #den +s", "PRIVMSG #den :tea before")
    bob.send("JOIN #room", "JOIN #den", "PRIVMSG #den :tea after")
    alice.send("PRIVMSG #room :green tea", "PRIVMSG #room :black coffee")
    bob.send("NOTICE #room :tea and coffee", "PRIVMSG alice :my secret tea")
    alice.send("PRIVMSG bob :no more tea")
    eve.send("PRIVMSG bob :tea from eve")
    for person in (alice, bob, eve):
        person.heard()
    return alice


def found(person: Person, attributes: str) -> list[str]:
    """The texts that a search is answered with, in one batch."""
    start, *items, end = person.ask(f"SEARCH {attributes}")
    reference = start.split()[2].removeprefix("+")
    assert start == f":hub.test BATCH +{reference} soju.im/search"
    assert end == f":hub.test BATCH -{reference}"
    assert all(f"batch={reference}" in item.partition(" ")[0] for item in items)
    return [item.rsplit(" :", 1)[1] for item in items]


@pytest.mark.parametrize(
    ("attributes", "expected"),
    [
        ("text=coffee", ["black coffee", "tea and coffee"]),
        ("text=TEA;in=#room", ["green tea", "tea and coffee"]),
        ("text=tea\\scoffee", ["tea and coffee"]),
        ('text="green\\stea"', ["green tea"]),
        ('text="tea\\sgreen"', []),
        ("text=offe;from=alice", ["black coffee"]),
        ("from=BOB;in=#room", ["tea and coffee"]),
        ("text=tea;in=bob", ["my secret tea", "no more tea"]),
        ("text=tea;in=eve", []),
        ("text=tea;limit=2", ["my secret tea", "no more tea"]),
        ("text=tea;after=2023-11-14T22:13:20.000Z;limit=2", ["tea before", "tea after"]),
        ("before=2010-01-01T00:00:00.000Z;in=#room", []),
        ("after=2030-01-01T00:00:00.000Z", []),
        ("in=#room;limit=1", ["tea and coffee"]),
    ],
)
def test_the_attributes_say_what_is_found(
    alice: Person, attributes: str, expected: list[str]
) -> None:
    assert found(alice, attributes) == expected


def test_a_result_is_the_message_as_it_was_shown(world: World, alice: Person) -> None:
    bob = world.connect("carol", CAPS)
    bob.send("JOIN #room")
    bob.heard()
    alice.send("PRIVMSG #room :chai, if you like")
    (shown,) = bob.heard()
    _, item, _ = bob.ask("SEARCH text=chai")
    tags, _, line = item.partition(" ")
    assert line == shown.partition(" ")[2]
    assert set(shown.partition(" ")[0].removeprefix("@").split(";")) < set(tags[1:].split(";"))


def test_who_came_later_finds_nothing_earlier_in_a_private_room(
    world: World, alice: Person
) -> None:
    dan = world.connect("dan", CAPS)
    dan.send("JOIN #room", "JOIN #den")
    dan.heard()
    assert found(dan, "text=tea") == ["green tea", "tea and coffee"]
    alice.send("PRIVMSG #den :tea for dan")
    dan.heard()
    assert found(dan, "text=tea;in=#den") == ["tea for dan"]


def test_who_left_a_room_finds_nothing_in_it(world: World, alice: Person) -> None:
    alice.send("PART #room", "PART #den")
    alice.heard()
    assert found(alice, "text=tea") == ["my secret tea", "no more tea"]
    assert alice.ask("SEARCH in=#room") == [
        f"{FAIL} in :You can search the rooms that you are in: join it first"
    ]


def test_who_takes_a_name_finds_none_of_its_whispers(world: World, alice: Person) -> None:
    alice.send("QUIT")
    impostor = world.connect("alice", CAPS, host="elsewhere.test")
    assert found(impostor, "text=tea") == []


@pytest.mark.parametrize(
    ("attributes", "context"),
    [
        ("after=yesterday", "after"),
        ("before=2019-01-04T14:33:26.123", "before"),
        ("before=", "before"),
        ("limit=0", "limit"),
        ("limit=-1", "limit"),
        ("limit=many", "limit"),
        ("in=#none", "in"),
        ("color=red", "*"),
        ("text=two words", "*"),
    ],
)
def test_a_selector_that_is_wrong_is_named(alice: Person, attributes: str, context: str) -> None:
    (line,) = alice.ask(f"SEARCH {attributes}")
    assert line.startswith(f"{FAIL} {context} :")


def test_the_capability_must_be_negotiated(world: World, alice: Person) -> None:
    other = world.connect("other", "batch standard-replies")
    assert other.ask("SEARCH text=tea") == [
        ":hub.test FAIL SEARCH CAPABILITY_REQUIRED soju.im/search"
        " :Ask for the capability soju.im/search first"
    ]


def test_without_batches_the_messages_come_plainly(world: World, alice: Person) -> None:
    other = world.connect("other", "soju.im/search")
    other.send("JOIN #room")
    other.heard()
    assert [line.rsplit(" :", 1)[1] for line in other.ask("SEARCH text=coffee")] == [
        "black coffee",
        "tea and coffee",
    ]


def test_a_label_is_on_the_batch(world: World, alice: Person) -> None:
    other = world.connect("other", CAPS + " labeled-response")
    lines = other.ask("@label=s1 SEARCH text=tea")
    assert lines[0].startswith("@label=s1 ")
    assert "soju.im/search" in lines[0]
