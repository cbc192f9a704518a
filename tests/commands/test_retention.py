"""RETENTION: for how long a room keeps what is said, who decides it, and what is then shown."""

import msgspec
import pytest

from hubbub.core import entries
from hubbub.core.ids import NO_SESSION, msgid
from tests.world import ALL_CAPABILITIES, LOG_ID, RULES, Person, World

DAY_MS = 24 * 3_600_000
PLAIN = ALL_CAPABILITIES.replace("server-time", "").replace("message-tags", "")
NOTE = ":hub.test NOTE RETENTION KEPT"


def limited(days: int) -> World:
    """A world in which the server keeps what is said for so many days."""
    return World(msgspec.structs.replace(RULES, keep_days=days))


def texts(person: Person, target: str = "#room") -> list[str]:
    lines = person.ask(f"CHATHISTORY LATEST {target} * 50")[1:-1]
    said = [line for line in lines if " PRIVMSG " in line]
    return [line.partition(" PRIVMSG ")[2].partition(" :")[2] or line.split()[-1] for line in said]


@pytest.mark.parametrize(
    ("period", "kept", "words"),
    [
        ("30d", "30", "for 30 days"),
        ("1D", "1", "for 1 day"),
        ("2w", "14", "for 14 days"),
        ("1y", "365", "for 365 days"),
    ],
)
def test_an_operator_sets_it_and_everyone_is_told(
    world: World, period: str, kept: str, words: str
) -> None:
    alice, bob = world.enter("alice", PLAIN), world.enter("bob", PLAIN)
    told = f":hub.test NOTICE #room :alice decided that what is said here is kept {words}"
    assert alice.ask(f"RETENTION #ROOM {period}") == [told]
    assert bob.heard() == [told]
    assert bob.ask("RETENTION #room") == [f"{NOTE} #room {kept} :What is said here is kept {words}"]
    assert alice.ask(f"RETENTION #room {period}") == []
    (told,) = alice.ask("RETENTION #room default")
    assert told.endswith("kept for ever")
    assert bob.ask("RETENTION #room")[0].startswith(f"{NOTE} #room 0 ")


def test_it_is_an_operators_right(world: World) -> None:
    alice, bob = world.enter("alice", PLAIN), world.enter("bob", PLAIN)
    assert bob.ask("RETENTION #room 1d")[0].startswith(":hub.test 482 bob #room ")
    alice.send("MODE #room +v bob")
    assert bob.ask("RETENTION #room 1d")[0].startswith(":hub.test 482 bob #room ")
    alice.send("MODE #room +o bob")
    assert bob.ask("RETENTION #room 1d")[0].startswith(":hub.test NOTICE #room ")
    bob.send("PART #room")
    assert bob.ask("RETENTION #room 2d")[0].startswith(":hub.test 442 bob #room ")


def test_nobody_operates_the_lobby_so_admins_decide_there(world: World) -> None:
    for name, role in (("ada", "admin"), ("moe", "moderator")):
        world.account(name, role=role)
    ada = world.connect("ada", PLAIN, password="password")
    moe = world.connect("moe", PLAIN, password="password")
    guest = world.connect("guest", PLAIN)
    for other in (moe, guest):
        assert " 482 " in other.ask("RETENTION #lobby 1d")[0]
    assert ada.ask("RETENTION #lobby 1d")[0].startswith(":hub.test NOTICE #lobby :ada decided")
    room = world.enter("alice", PLAIN)
    assert room.heard() == []
    ada.send("JOIN #room")
    assert " 482 " in ada.ask("RETENTION #room 1d")[-1]


def test_the_console_decides_everywhere(world: World) -> None:
    alice = world.enter("alice", PLAIN)
    assert world.operate(entries.SetRetention(NO_SESSION, "#room", 3)) == []
    assert "The operator of the server decided" in alice.heard()[0]
    (refusal,) = world.operate(entries.SetRetention(NO_SESSION, "#none", 3))
    assert refusal.command == "403"


@pytest.mark.parametrize(
    "period", ["", "x", "30", "d", "-1d", "0d", "1.5d", "99999y", "٣d", "30 d"]
)
def test_what_is_no_time_is_refused(world: World, period: str) -> None:
    alice = world.enter("alice", PLAIN)
    (refusal,) = alice.ask(f"RETENTION #room :{period}")
    assert refusal.startswith(":hub.test FAIL RETENTION INVALID_PARAMS #room ")


def test_a_private_rooms_setting_is_its_members_affair(world: World) -> None:
    alice, bob = world.enter("alice", PLAIN), world.connect("bob", PLAIN)
    assert bob.ask("RETENTION #room") == [f"{NOTE} #room 0 :What is said here is kept for ever"]
    alice.send("MODE #room +s")
    assert bob.ask("RETENTION #room")[0].startswith(":hub.test 403 ")
    alice.send("MODE #room -s+i")
    assert bob.ask("RETENTION #room")[0].startswith(":hub.test 442 ")
    assert bob.ask("RETENTION #none")[0].startswith(":hub.test 403 ")
    assert alice.ask("RETENTION #room")[0].startswith(NOTE)


def test_no_room_keeps_more_than_the_server() -> None:
    world = limited(30)
    alice = world.enter("alice", PLAIN)
    for period in ("31d", "forever"):
        (refusal,) = alice.ask(f"RETENTION #room {period}")
        assert refusal.startswith(":hub.test FAIL RETENTION TOO_LONG #room 30 :")
    assert alice.ask("RETENTION #room 30d")[0].endswith("kept for 30 days")
    assert alice.ask("RETENTION #room default")[0].endswith("kept for 30 days")
    world.operate(entries.RulesChanged(NO_SESSION, msgspec.structs.replace(RULES, keep_days=3)))
    assert alice.ask("RETENTION #room")[0].startswith(f"{NOTE} #room 3 ")


def test_who_joins_is_told_when_it_is_not_for_ever(world: World) -> None:
    alice = world.enter("alice", PLAIN)
    bob = world.connect("bob", PLAIN)
    assert not [line for line in bob.ask("JOIN #room") if "RETENTION" in line]
    bob.send("PART #room")
    alice.send("RETENTION #room 1d")
    joined = bob.ask("JOIN #room")
    assert f"{NOTE} #room 1 :What is said here is kept for 1 day" in joined
    old = world.connect("old")
    assert (
        ":hub.test NOTICE old :NOTE RETENTION KEPT #room 1 What is said here is kept for 1 day"
        in (old.ask("JOIN #room"))
    )


def test_what_is_over_is_shown_to_nobody_at_once(world: World) -> None:
    alice = world.enter("alice", f"{PLAIN} soju.im/search draft/message-redaction")
    bob = world.enter("bob", PLAIN)
    bob.send("PRIVMSG #room :old tea", "PRIVMSG #lobby :old tea", "PRIVMSG alice :old tea")
    place = world.history.rows[-3].place
    world.pass_time(2 * DAY_MS)
    alice.send("PRIVMSG #room :new tea")
    assert texts(alice) == ["old tea", "new tea"]
    alice.send("RETENTION #room 1d")
    assert texts(alice) == ["new tea"]
    found = alice.ask("SEARCH text=tea;in=#room")
    assert [line.rpartition(":")[2] for line in found if "PRIVMSG" in line] == ["new tea"]
    assert texts(alice, "#lobby") == texts(alice, "bob") == ["old tea"]
    (refusal,) = alice.ask(f"REDACT #room {msgid(LOG_ID, place)}")
    assert " UNKNOWN_MSGID " in refusal
    old = world.connect("old")
    assert not [line for line in old.ask("JOIN #room") if "old tea" in line]


def test_the_servers_limit_holds_for_whispers_and_targets_too() -> None:
    world = limited(1)
    alice = world.enter("alice", f"{PLAIN} soju.im/search draft/message-redaction")
    bob = world.enter("bob", PLAIN)
    bob.send("PRIVMSG alice :old tea", "PRIVMSG #room :old tea")
    place = world.history.rows[-2].place
    assert texts(alice, "bob") == ["old tea"]
    world.pass_time(2 * DAY_MS)
    assert texts(alice, "bob") == texts(alice) == []
    assert len(alice.ask("SEARCH text=tea")) == 2
    (refusal,) = bob.ask("CAP REQ draft/message-redaction", f"REDACT alice {msgid(LOG_ID, place)}")[
        1:
    ]
    assert " UNKNOWN_MSGID " in refusal
    asked = "CHATHISTORY TARGETS timestamp=2000-01-01T00:00:00.000Z timestamp=2099-01-01T00:00:00.000Z 9"
    assert len(alice.ask(asked)) == 2
    bob.send("PRIVMSG alice :new tea")
    assert texts(alice, "bob") == ["new tea"]
    assert len(alice.ask(asked)) == 3


def test_it_outlives_a_restart_and_that_everybody_left(world: World) -> None:
    alice = world.enter("alice", PLAIN)
    alice.send("RETENTION #room 7d", "PART #room")
    world.restart()
    bob = world.connect("bob", PLAIN)
    assert bob.ask("RETENTION #room")[0].startswith(f"{NOTE} #room 7 ")
