"""PIN, UNPIN and PINS: who may, what can be pinned, who is told, and what is shown."""

from __future__ import annotations

import re

import msgspec
import pytest

from hubbub.core import entries
from hubbub.core.ids import NO_SESSION
from tests.world import RULES, Person, World

CAPS = "message-tags server-time batch echo-message standard-replies draft/message-redaction"
UNKNOWN = "There is no such message in this room that you could read"


def say(person: Person, text: str, target: str = "#room") -> str:
    """Says something; its msgid."""
    (line,) = person.ask(f"PRIVMSG {target} :{text}")
    found = re.search(r"msgid=(\w+)", line)
    assert found is not None
    return found[1]


@pytest.fixture
def room(world: World) -> tuple[Person, Person]:
    """Alice runs #room and Bob is in it."""
    alice, bob = world.connect("alice", CAPS), world.connect("bob", CAPS)
    alice.send("JOIN #room")
    bob.send("JOIN #room")
    alice.heard()
    bob.heard()
    return alice, bob


def pinned(person: Person, name: str = "#room") -> list[str]:
    """The texts of what is pinned, as the batch has them."""
    lines = person.ask(f"PINS {name}")
    start, end = lines[0].split(), lines[-2].split()
    assert (start[1], start[3:]) == ("BATCH", ["hubbub/pins", name])
    assert (end[1], end[2][1:]) == ("BATCH", start[2][1:])
    inside = lines[1:-2]
    assert all(f"@batch={start[2][1:]};time=" in line and "msgid=" in line for line in inside)
    assert lines[-1] == f":hub.test NOTE PINS PINS_END {name} :{len(inside)} pinned in {name}"
    return [line.rpartition(" PRIVMSG ")[2].partition(" ")[2].removeprefix(":") for line in inside]


def test_what_is_pinned_is_told_shown_and_kept(world: World, room: tuple[Person, Person]) -> None:
    alice, bob = room
    rules, agenda = say(bob, "the rules"), say(alice, "the agenda")
    bob.heard()
    told = f":hub.test NOTE PIN PINNED #room {agenda} :alice pinned a message in #room"
    assert alice.ask(f"PIN #ROOM {agenda}") == [told]
    assert bob.heard() == [told]
    alice.send(f"PIN #room {rules}")
    assert pinned(bob) == ["the rules", "the agenda"]
    world.account("zoe")
    zoe = world.connect("zoe", CAPS, password="password")
    zoe.send("JOIN #room")
    world.restart()
    zoe = world.connect("zoe", CAPS, password="password")
    assert pinned(zoe) == ["the rules", "the agenda"]


def test_only_who_runs_the_room_pins(world: World, room: tuple[Person, Person]) -> None:
    alice, bob = room
    id = say(bob, "me, me")
    world.account("mod", role="moderator")
    mod = world.connect("mod", CAPS, password="password")
    eve = world.connect("eve", CAPS)
    no = ":hub.test 482 bob #room :You're not channel operator"
    assert bob.ask(f"PIN #room {id}", f"UNPIN #room {id}") == [no, no]
    assert eve.ask(f"PIN #room {id}") == [":hub.test 442 eve #room :You're not on that channel"]
    assert mod.ask(f"PIN #room {id}")[0].startswith(":hub.test NOTE PIN PINNED")
    assert mod.ask(f"UNPIN #room {id}")[0].startswith(":hub.test NOTE UNPIN UNPINNED")
    alice.send("MODE #room +s")
    assert mod.ask(f"PIN #room {id}") == [":hub.test 442 mod #room :You're not on that channel"]
    assert alice.ask(f"PIN #room {id}")[0].startswith(":hub.test NOTE PIN PINNED")


def test_what_cannot_be_pinned(world: World, room: tuple[Person, Person]) -> None:
    alice, _ = room
    alice.send("JOIN #other")
    elsewhere, hushed = say(alice, "elsewhere", "#other"), say(alice, "psst", "@#room")
    whisper = say(alice, "between us", "bob")
    gone = say(alice, "never mind")
    alice.send(f"REDACT #room {gone}")
    for id in (elsewhere, hushed, whisper, gone, "nonsense", gone[:-6] + "ffffff"):
        assert alice.ask(f"PIN #room {id}") == [
            f":hub.test FAIL PIN UNKNOWN_MSGID #room {id} :{UNKNOWN}"
        ], id
    id = say(alice, "once")
    alice.send(f"PIN #room {id}")
    assert alice.ask(f"PIN #room {id}") == [
        f":hub.test FAIL PIN ALREADY_PINNED #room {id} :That message is pinned already"
    ]
    assert alice.ask("PIN #room", f"PIN #none {id}", "PINS #none") == [
        ":hub.test 461 alice PIN :Not enough parameters",
        ":hub.test 403 alice #none :No such channel",
        ":hub.test 403 alice #none :No such channel",
    ]


def test_what_is_unpinned_or_taken_back_is_gone(world: World, room: tuple[Person, Person]) -> None:
    alice, bob = room
    first, second = say(alice, "one"), say(bob, "two")
    alice.send(f"PIN #room {first}", f"PIN #room {second}")
    bob.heard()
    told = f":hub.test NOTE UNPIN UNPINNED #room {first} :alice unpinned a message in #room"
    assert alice.ask(f"UNPIN #room {first}") == [told]
    assert bob.heard() == [told]
    for id in (first, "nonsense"):
        assert alice.ask(f"UNPIN #room {id}") == [
            f":hub.test FAIL UNPIN UNKNOWN_MSGID #room {id} :{UNKNOWN}"
        ]
    bob.send(f"REDACT #room {second}")
    assert pinned(alice) == []
    assert world.tables["pins"] == {}


def test_what_an_erased_account_said_is_pinned_no_more(world: World) -> None:
    alice = world.connect("alice", CAPS)
    alice.send("JOIN #room")
    alice.send(f"PIN #room {say(alice, 'mine')}", "REGISTER * * password1", "PART #room")
    world.operate(entries.DeleteAccount(NO_SESSION, "alice", True))
    assert world.tables["pins"] == {}


def test_there_are_only_so_many() -> None:
    world = World(msgspec.structs.replace(RULES, pins=1))
    alice = world.connect("alice", CAPS)
    alice.send("JOIN #room")
    first, second = say(alice, "one"), say(alice, "two")
    alice.send(f"PIN #room {first}")
    assert alice.ask(f"PIN #room {second}") == [
        f":hub.test FAIL PIN TOO_MANY_PINS #room {second} :#room has 1 pinned messages: UNPIN one first"
    ]


def test_who_came_later_into_a_private_room_does_not_see_what_was_said_before(
    world: World, room: tuple[Person, Person]
) -> None:
    alice, bob = room
    alice.send("MODE #room +k key")
    before = say(alice, "the password is tea")
    alice.send(f"PIN #room {before}")
    carol = world.connect("carol", CAPS)
    assert carol.ask("PINS #room") == [":hub.test 442 carol #room :You're not on that channel"]
    carol.send("JOIN #room key", "PRIVMSG #room :hi")
    assert pinned(carol) == []
    assert pinned(bob) == ["the password is tea"]
    alice.send("MODE #room +o carol", f"UNPIN #room {before}")
    assert "UNKNOWN_MSGID" in carol.ask(f"PIN #room {before}")[0]


def test_old_clients_are_told_in_notices(world: World, room: tuple[Person, Person]) -> None:
    alice, _ = room
    old = world.connect("old")
    old.send("JOIN #room")
    id = say(alice, "the rules")
    old.heard()
    alice.send(f"PIN #room {id}")
    assert old.heard() == [
        f":hub.test NOTICE old :NOTE PIN PINNED #room {id} alice pinned a message in #room"
    ]
    first, last = old.ask("PINS #room")
    assert re.fullmatch(
        rf":hub.test NOTICE old :NOTE PINS PIN #room {id} \[\S+\] <alice> the rules", first
    )
    assert last == ":hub.test NOTICE old :NOTE PINS PINS_END #room 1 pinned in #room"


def test_what_is_not_kept_any_more_makes_room() -> None:
    world = World(msgspec.structs.replace(RULES, pins=1, keep_days=1))
    alice = world.connect("alice", CAPS)
    alice.send("JOIN #room")
    first = say(alice, "one")
    alice.send(f"PIN #room {first}")
    world.pass_time(2 * 24 * 3_600_000)
    assert pinned(alice) == []
    second = say(alice, "two")
    alice.send(f"PIN #room {second}")
    assert pinned(alice) == ["two"]
    assert len(world.tables["pins"]) == 1
