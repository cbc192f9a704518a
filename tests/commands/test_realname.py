"""SETNAME."""

import pytest

from tests.world import World

ALICE = ":alice!~alice@host.test"


def test_a_new_real_name_is_shown_to_who_shares_a_room_and_asked(world: World) -> None:
    alice, bob = world.connect("alice", "setname"), world.connect("bob", "setname")
    carol, old = world.connect("carol", "setname"), world.connect("old")
    carol.ask("PART #lobby")
    old.heard()
    line = f"{ALICE} SETNAME :Alice Liddell"
    assert alice.ask("SETNAME :Alice Liddell") == [line]
    bob.ask("JOIN #lobby")
    assert old.ask("WHOIS alice")[0] == ":hub.test 311 old alice ~alice host.test * :Alice Liddell"
    assert carol.heard() == []


def test_bystanders_hear_it_once(world: World) -> None:
    alice, bob = world.connect("alice"), world.connect("bob", "setname")
    alice.send("JOIN #room")
    bob.ask("JOIN #room")
    # "If a client sends a SETNAME command without having negotiated the capability, the server
    # SHOULD handle it silently"
    assert alice.ask("SETNAME Al") == []
    assert bob.heard() == [f"{ALICE} SETNAME Al"]


def test_the_same_real_name_is_no_change(world: World) -> None:
    alice = world.connect("alice", "setname")
    assert alice.ask("SETNAME :Alice Example") == []


@pytest.mark.parametrize("name", ["", "  ", "x" * 129, "é" * 65])
def test_what_is_too_long_or_nothing_is_refused(world: World, name: str) -> None:
    alice = world.connect("alice", "setname")
    assert alice.ask(f"SETNAME :{name}") == [
        ":hub.test FAIL SETNAME INVALID_REALNAME :A real name has 1 to 128 bytes"
    ]


def test_the_length_is_advertised(world: World) -> None:
    alice = world.connect("alice")
    assert any(" NAMELEN=128 " in line for line in alice.ask("VERSION"))
