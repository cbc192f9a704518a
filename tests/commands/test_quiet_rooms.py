"""Rooms in which somebody, or everybody, says less: the list of the quiet, slow mode, floods of joins."""

from __future__ import annotations

import msgspec
import pytest

from hubbub.core import entries
from hubbub.core.ids import NO_SESSION
from tests.world import RULES, Person, World


@pytest.fixture
def op(world: World) -> Person:
    ann = world.connect("ann")
    ann.send("JOIN #den")
    return ann


def outside(world: World, nick: str, number: int = 1) -> Person:
    """Somebody who isn't connected from this machine."""
    return world.connect(nick, host=f"198.51.100.{number}")


# -- +q -----------------------------------------------------------------------------------


def test_who_is_on_the_quiet_list_is_there_and_says_nothing(world: World, op: Person) -> None:
    op.send("MODE #den +q bob")
    bob = world.connect("bob")
    bob.send("JOIN #den")
    assert bob.ask("PRIVMSG #den :hello") == [
        ":hub.test 404 bob #den :Cannot send to channel (you may not speak there: +q)"
    ]
    zoe = world.connect("zoe")
    zoe.send("JOIN #den")
    assert zoe.ask("PRIVMSG #den :hello") == []
    op.send("MODE #den +v bob")
    assert bob.ask("PRIVMSG #den :hello") == []
    op.send("MODE #den -v bob", "MODE #den +e bob")
    assert bob.ask("PRIVMSG #den :hello") == []
    op.send("MODE #den -e bob", "MODE #den -q bob")
    assert bob.ask("PRIVMSG #den :hello") == []


def test_the_quiet_list_takes_accounts_and_is_shown(world: World, op: Person) -> None:
    world.account("amy")
    amy = world.connect("amy", password="password")
    amy.send("JOIN #den")
    assert op.ask("MODE #den +q ~a:amy") == [":ann!~ann@host.test MODE #den +q ~a:amy"]
    assert " 404 amy #den " in amy.ask("PRIVMSG #den :hello")[0]
    [listed, end] = op.ask("MODE #den q")
    assert listed.startswith(":hub.test 728 ann #den q ~a:amy ann!~ann@host.test ")
    assert end == ":hub.test 729 ann #den q :End of Channel Quiet List"
    assert " 482 amy #den " in amy.ask("MODE #den -q ~a:amy")[0]


# -- +d -----------------------------------------------------------------------------------


def test_in_a_slow_room_one_waits_between_two_messages(world: World, op: Person) -> None:
    bob = world.connect("bob")
    bob.send("JOIN #den")
    assert op.ask("MODE #den +d 30") == [":ann!~ann@host.test MODE #den +d 30"]
    assert op.ask("MODE #den")[0] == ":hub.test 324 ann #den +ntd 30"
    assert bob.ask("PRIVMSG #den :one") == []
    assert bob.ask("PRIVMSG #den :two") == [
        ":hub.test 404 bob #den :Cannot send to channel "
        "(slow mode, one message in 30s: wait 29s more)"
    ]
    assert bob.ask("TAGMSG #den")[0].startswith(":hub.test 421 ")
    bob.send("PART #den", "JOIN #den")
    assert " 404 bob #den " in bob.ask("PRIVMSG #den :three")[0]
    world.pass_time(30_000)
    assert bob.ask("PRIVMSG #den :four") == []
    assert op.ask("PRIVMSG #den :one", "PRIVMSG #den :two") == []
    op.send("MODE #den +v bob")
    assert bob.ask("PRIVMSG #den :five") == []
    op.send("MODE #den -v bob", "MODE #den -d")
    assert bob.ask("PRIVMSG #den :six", "PRIVMSG #den :seven") == []


def test_a_slow_room_is_no_place_for_those_outside(world: World, op: Person) -> None:
    op.send("MODE #den -n+d 30")
    bob = world.connect("bob")
    assert " 404 bob #den " in bob.ask("PRIVMSG #den :hello")[0]


@pytest.mark.parametrize("number", ["0", "-1", "x", "21601", "9" * 30, "١"])
def test_what_is_no_pace(op: Person, number: str) -> None:
    [refused] = op.ask(f"MODE #den +d {number}")
    assert refused.startswith(":hub.test 696 ann #den d ")


def test_who_does_not_run_the_room_does_not_slow_it(world: World, op: Person) -> None:
    bob = world.connect("bob")
    bob.send("JOIN #den")
    assert " 482 bob #den " in bob.ask("MODE #den +d 30")[0]
    assert " 482 bob #den " in bob.ask("MODE #den +q ann")[0]


# -- floods of joins ----------------------------------------------------------------------


@pytest.fixture
def flooded() -> World:
    rules = msgspec.structs.replace(
        RULES, join_flood_guests=3, join_flood_seconds=60, join_flood_shut_seconds=100
    )
    world = World(rules)
    world.account("max", role="moderator")
    world.account("amy")
    return world


def test_a_room_that_guests_flood_takes_no_more_of_them_for_a_while(flooded: World) -> None:
    max_ = flooded.connect("max", password="password")
    op = flooded.connect("op", host="localhost")
    op.send("JOIN #den")
    crowd = [outside(flooded, f"g{n}", n) for n in range(6)]
    max_.heard()
    for one in crowd[:4]:
        assert one.ask("JOIN #den")[0].endswith(" JOIN #den")
    assert max_.heard() == [
        ":hub.test WALLOPS :4 guests joined #den within 60 seconds: "
        "it takes no more of them for 100 seconds"
    ]
    [refused] = crowd[4].ask("JOIN #den")
    assert refused.startswith(":hub.test 480 g4 #den :Cannot join channel: too many guests ")
    amy = flooded.connect("amy", host="198.51.100.77", password="password")
    assert amy.ask("JOIN #den")[0].endswith(" JOIN #den")
    op.send("INVITE g5 #den")
    assert any(line.endswith(" JOIN #den") for line in crowd[5].ask("JOIN #den"))
    flooded.pass_time(100_000)
    assert crowd[4].ask("JOIN #den")[0].endswith(" JOIN #den")


def test_the_lobby_is_never_shut_but_its_flood_is_told(flooded: World) -> None:
    max_ = flooded.connect("max", password="password")
    crowd = []
    for n in range(6):
        crowd.append(outside(flooded, f"g{n}", n))
        assert "#lobby" in [
            m.room.name for m in flooded.state.users[_fold(f"g{n}")].memberships.values()
        ]
    # connect() lets everybody forget what was heard, so the log of the state says it
    [surge] = flooded.state.surges.values()
    assert surge.joins == 6
    assert surge.shut_until == 0
    assert not max_.closed


def _fold(nick: str):  # type: ignore[no-untyped-def]
    from hubbub.irc.names import fold_nick

    return fold_nick(nick)


def test_ones_own_machine_and_a_calm_pace_are_no_flood(flooded: World) -> None:
    flooded.connect("op").send("JOIN #den")
    for n in range(6):
        one = flooded.connect(f"h{n}", host="localhost")
        assert one.ask("JOIN #den")[0].endswith(" JOIN #den")
    for n in range(6):
        one = outside(flooded, f"g{n}", n)
        assert one.ask("JOIN #den")[0].endswith(" JOIN #den")
        flooded.pass_time(60_000)
    flooded.pass_time(3_600_000)
    flooded.operate(entries.TimePassed(NO_SESSION))
    assert flooded.tables["surges"] == {}


def test_a_flood_outlasts_a_restart(flooded: World) -> None:
    op = flooded.connect("op", device="o" * 32)
    op.send("JOIN #den", "PRIVMSG #den :mine")
    for n in range(4):
        outside(flooded, f"g{n}", n).send("JOIN #den")
    flooded.restart()
    [refused] = outside(flooded, "g9", 9).ask("JOIN #den")
    assert " 480 g9 #den " in refused
