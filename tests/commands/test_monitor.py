"""MONITOR, and what extended-monitor adds to it."""

import msgspec
import pytest

from hubbub.core import entries
from tests.world import RULES, Person, World

EXTENDED = "extended-monitor away-notify account-notify chghost setname"


@pytest.fixture
def bob(world: World) -> Person:
    return world.connect("bob")


@pytest.fixture
def alice(world: World) -> Person:
    """Alice is in no room, so that she hears of others only by watching."""
    alice = world.connect("alice")
    alice.ask("PART #lobby")
    return alice


def test_who_is_here_is_said_at_once(alice: Person, bob: Person) -> None:
    assert alice.ask("MONITOR + BOB,carol") == [
        ":hub.test 730 alice bob!~bob@host.test",
        ":hub.test 731 alice carol",
    ]


def test_coming_and_going_is_told(world: World, alice: Person) -> None:
    alice.send("MONITOR + Bob")
    bob = world.connect("bob")
    assert alice.heard() == []  # World.connect clears what all have heard.
    bob.send("QUIT")
    assert alice.heard() == [":hub.test 731 * bob"]
    world.arrive().send("NICK bob", "USER b 0 * :Bob")
    assert alice.heard() == [":hub.test 730 * bob!~b@host.test"]


def test_a_lost_connection_is_told(alice: Person, bob: Person) -> None:
    alice.ask("MONITOR + bob")
    bob.lose()
    assert alice.heard() == [":hub.test 731 * bob"]


def test_a_new_name_is_one_that_went_and_one_that_came(alice: Person, bob: Person) -> None:
    alice.ask("MONITOR + bob,rob")
    bob.send("NICK rob")
    assert alice.heard() == [
        ":hub.test 731 * bob",
        ":hub.test 730 * rob!~bob@host.test",
    ]
    bob.send("NICK ROB")
    assert alice.heard() == []


def test_who_takes_a_watched_name_is_told_so_itself(world: World) -> None:
    alice = world.connect("alice", "batch labeled-response")
    alice.ask("MONITOR + rob")
    assert alice.ask("@label=n NICK rob")[1:-1] == [
        "@batch=b1 :alice!~alice@host.test NICK rob",
        "@batch=b1 :hub.test 730 * rob!~alice@host.test",
    ]


def test_names_that_are_dropped_are_not_told_of(alice: Person, bob: Person) -> None:
    alice.send("MONITOR + bob,carol")
    assert alice.ask("MONITOR - BOB,nobody") == []
    bob.send("QUIT")
    assert alice.heard() == []
    assert alice.ask("MONITOR l") == [
        ":hub.test 732 alice carol",
        ":hub.test 733 alice :End of MONITOR list",
    ]
    assert alice.ask("MONITOR C") == []
    assert alice.ask("MONITOR L") == [":hub.test 733 alice :End of MONITOR list"]


def test_the_status_of_all_is_asked_for(alice: Person, bob: Person) -> None:
    alice.send("MONITOR + carol,bob")
    assert alice.ask("MONITOR S") == [
        ":hub.test 730 alice bob!~bob@host.test",
        ":hub.test 731 alice carol",
    ]
    assert alice.ask("MONITOR C", "MONITOR S") == []


def test_a_name_is_on_the_list_once(alice: Person, bob: Person) -> None:
    assert len(alice.ask("MONITOR + bob,BOB", "MONITOR + bob")) == 2
    assert alice.ask("MONITOR L")[0] == ":hub.test 732 alice bob"
    bob.send("QUIT")
    assert alice.heard() == [":hub.test 731 * bob"]


def test_what_can_be_no_name_is_passed_over(alice: Person) -> None:
    assert alice.ask("MONITOR + *!*@host,,9lives,#lobby") == []
    assert alice.ask("MONITOR L") == [":hub.test 733 alice :End of MONITOR list"]


def test_the_list_has_a_bound() -> None:
    world = World(msgspec.structs.replace(RULES, monitor_entries=2))
    alice = world.connect("alice")
    assert alice.ask("MONITOR + a,b,c,d", "MONITOR + e,A") == [
        ":hub.test 731 alice a,b",
        ":hub.test 734 alice 2 c,d :Monitor list is full.",
        ":hub.test 731 alice A",
        ":hub.test 734 alice 2 e :Monitor list is full.",
    ]
    alice.send("MONITOR - a")
    assert alice.ask("MONITOR + e") == [":hub.test 731 alice e"]


def test_long_lists_go_on_in_further_lines(alice: Person) -> None:
    names = [f"person{number:02d}{'x' * 20}" for number in range(40)]
    for start in range(0, 40, 10):
        alice.send(f"MONITOR + {','.join(names[start : start + 10])}")
    *lines, end = alice.ask("MONITOR L")
    assert len(lines) > 2
    assert all(len(line.encode()) <= 510 for line in lines)
    assert ",".join(line.split()[3] for line in lines) == ",".join(names)
    assert end.split()[1] == "733"


@pytest.mark.parametrize("line", ["MONITOR +", "MONITOR -", "MONITOR + :", "MONITOR + ,"])
def test_adding_and_dropping_take_names(alice: Person, line: str) -> None:
    assert alice.ask(line) == [":hub.test 461 alice MONITOR :Not enough parameters"]


def test_another_letter_is_refused(alice: Person) -> None:
    alice.send("CAP REQ standard-replies")
    assert alice.ask("MONITOR Q bob") == [
        ":hub.test FAIL MONITOR INVALID_PARAMS Q :MONITOR takes one of + - C L S"
    ]


def test_a_label_is_answered(world: World, bob: Person) -> None:
    alice = world.connect("alice", "batch labeled-response")
    assert alice.ask("@label=1 MONITOR + bob") == [
        "@label=1 :hub.test 730 alice bob!~bob@host.test"
    ]
    assert alice.ask("@label=2 MONITOR C") == ["@label=2 :hub.test ACK"]


def test_a_list_ends_with_its_session(world: World, alice: Person, bob: Person) -> None:
    alice.send("MONITOR + bob", "QUIT")
    again = world.connect("alice")
    again.ask("PART #lobby")
    bob.send("QUIT")
    assert again.ask("MONITOR L") == [":hub.test 733 alice :End of MONITOR list"]


def test_an_account_is_present_while_somebody_is_connected(world: World, alice: Person) -> None:
    bob = world.connect("bob")
    world.submit(bob, entries.Register(bob.session.id, "bob", "v", "s"))
    alice.ask("MONITOR + bob")
    bob.lose()
    assert alice.heard() == [":hub.test 731 * bob"]
    assert alice.ask("MONITOR S") == [":hub.test 731 alice bob"]


# -- extended-monitor ---------------------------------------------------------------------


def test_more_is_told_to_who_asked_for_more(world: World, bob: Person) -> None:
    alice, carol = world.connect("alice", EXTENDED), world.connect("carol", EXTENDED)
    dave = world.connect("dave", EXTENDED.removeprefix("extended-monitor "))
    for one in (alice, carol, dave):
        one.send("PART #lobby")
    alice.ask("MONITOR + bob")
    dave.ask("MONITOR + bob")
    bob.send("AWAY :at lunch", "SETNAME :Robert", "AWAY")
    world.submit(bob, entries.Register(bob.session.id, "bob", "v", "s"))
    assert alice.heard() == [
        ":bob!~bob@host.test AWAY :at lunch",
        ":bob!~bob@host.test SETNAME Robert",
        ":bob!~bob@host.test AWAY",
        ":bob!~bob@host.test ACCOUNT bob",
    ]
    carol.ask("PING x")
    assert carol.heard() == []
    assert dave.ask("PING x") == [":hub.test PONG hub.test x"]


def test_of_more_only_what_was_negotiated_is_told(world: World, bob: Person) -> None:
    alice = world.connect("alice", "extended-monitor setname")
    alice.send("PART #lobby", "MONITOR + bob")
    alice.heard()
    bob.send("AWAY :at lunch", "SETNAME :Robert")
    assert alice.heard() == [":bob!~bob@host.test SETNAME Robert"]


def test_who_shares_a_room_and_watches_is_told_once(world: World, bob: Person) -> None:
    alice = world.connect("alice", EXTENDED)
    alice.ask("MONITOR + bob")
    bob.send("AWAY :at lunch")
    assert alice.heard() == [":bob!~bob@host.test AWAY :at lunch"]


def test_whoever_watches_itself_is_told_its_own_away_by_numerics_only(world: World) -> None:
    alice = world.connect("alice", EXTENDED)
    alice.ask("MONITOR + alice")
    assert alice.ask("AWAY :at lunch") == [
        ":hub.test 306 alice :You have been marked as being away"
    ]
    assert alice.ask("SETNAME Al") == [":alice!~alice@host.test SETNAME Al"]
