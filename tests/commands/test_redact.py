"""REDACT."""

import msgspec
import pytest

from hubbub.core import entries
from hubbub.core.ids import NO_SESSION, msgid
from tests.world import ALL_CAPABILITIES, LOG_ID, RULES, Person, World

CAPABILITIES = f"{ALL_CAPABILITIES} draft/message-redaction"
ALICE = ":alice!~alice@host.test"
BOB = ":bob!~bob@host.test"


@pytest.fixture
def alice(world: World) -> Person:
    """Alice, who runs #room."""
    return world.enter("alice", CAPABILITIES)


@pytest.fixture
def bob(world: World, alice: Person) -> Person:
    """Bob, who is in #room."""
    return world.enter("bob", CAPABILITIES)


def id_of(world: World, text: str) -> str:
    (row,) = [row for row in world.history.rows if row.params == (text,)]
    return msgid(LOG_ID, row.place)


def bare(lines: list[str]) -> list[str]:
    return [line.partition(" ")[2] if line.startswith("@") else line for line in lines]


def history(person: Person, target: str) -> list[str]:
    lines = bare(person.ask(f"CHATHISTORY LATEST {target} * 50"))[1:-1]
    return [line for line in lines if " JOIN " not in line]


def failure(code: str, *context: str) -> str:
    return " ".join((":hub.test FAIL REDACT", code, *context, ":"))


# -- rooms --------------------------------------------------------------------------------


def test_what_was_said_is_taken_back(world: World, alice: Person, bob: Person) -> None:
    bob.send("PRIVMSG #room one", "PRIVMSG #room two")
    id = id_of(world, "one")
    alice.heard()
    told = f"{BOB} REDACT #room {id} :by mistake"
    assert bare(bob.ask(f"@label=r REDACT #ROOM {id} :by mistake")) == [told]
    assert bare(alice.heard()) == [told]
    assert history(alice, "#room") == [f"{BOB} PRIVMSG #room two", told]
    assert "one" not in repr(world.history.rows)


def test_the_answer_bears_the_label(world: World, bob: Person) -> None:
    bob.send("PRIVMSG #room one")
    (line,) = bob.ask(f"@label=r REDACT #room {id_of(world, 'one')}")
    assert line.startswith("@label=r;")
    (line,) = bob.ask(f"@label=s REDACT #room {LOG_ID}1")
    assert line.startswith("@label=s :hub.test FAIL REDACT UNKNOWN_MSGID ")


def test_who_does_not_know_of_it_is_not_told(world: World, bob: Person) -> None:
    old = world.enter("old", ALL_CAPABILITIES)
    bob.send("PRIVMSG #room one")
    old.heard()
    bob.send(f"REDACT #room {id_of(world, 'one')}")
    assert old.heard() == []
    assert history(old, "#room") == []


def test_pages_have_none_of_what_cannot_be_shown(world: World, bob: Person) -> None:
    old = world.enter("old", ALL_CAPABILITIES)
    bob.send("PRIVMSG #room one", "PRIVMSG #room two")
    bob.send(f"REDACT #room {id_of(world, 'two')}")
    old.heard()
    lines = bare(old.ask("CHATHISTORY LATEST #room * 1"))
    assert lines[1:-1] == [f"{BOB} PRIVMSG #room one"]


def test_without_event_playback_there_is_nothing_left(world: World, bob: Person) -> None:
    bob.send("PRIVMSG #room one")
    bob.send(f"REDACT #room {id_of(world, 'one')}", "CAP REQ -draft/event-playback")
    assert history(bob, "#room") == []


def test_a_page_can_begin_at_what_was_taken_back(world: World, bob: Person) -> None:
    bob.send("PRIVMSG #room one", "PRIVMSG #room two", "CAP REQ -draft/event-playback")
    id = id_of(world, "one")
    bob.send(f"REDACT #room {id}")
    lines = bare(bob.ask(f"CHATHISTORY AFTER #room msgid={id} 5"))
    assert lines[1:-1] == [f"{BOB} PRIVMSG #room two"]


def test_operators_take_back_what_others_said(world: World, alice: Person, bob: Person) -> None:
    bob.send("PRIVMSG #room spam", "NOTICE #room more")
    alice.heard()
    id = id_of(world, "spam")
    told = f"{ALICE} REDACT #room {id} :not here"
    assert bare(alice.ask(f"REDACT #room {id} :not here")) == [told]
    assert bare(bob.ask(f"REDACT #room {id_of(world, 'more')}"))[-1].startswith(f"{BOB} REDACT")
    alice.send("PRIVMSG #room mine")
    id = id_of(world, "mine")
    (line,) = bob.ask(f"REDACT #room {id}")
    assert line.startswith(failure("REDACT_FORBIDDEN", "#room", id))
    assert "mine" in repr(world.history.rows)


def test_moderators_do_so_in_public_rooms(world: World, alice: Person, bob: Person) -> None:
    world.account("mod", role="moderator")
    mod = world.connect("mod", CAPABILITIES, password="password")
    bob.send("PRIVMSG #room spam", "PRIVMSG #room more")
    first, second = id_of(world, "spam"), id_of(world, "more")
    assert bare(mod.ask(f"REDACT #room {first} spam")) == [
        f":mod!~mod@host.test REDACT #room {first} spam"
    ]
    alice.send("MODE #room +i")
    (line,) = mod.ask(f"REDACT #room {second}")
    assert line.startswith(failure("INVALID_TARGET", "#room"))


def test_what_was_said_to_a_rank_is_known_to_it_only(
    world: World, alice: Person, bob: Person
) -> None:
    carol = world.enter("carol", CAPABILITIES)
    bob.send("PRIVMSG @#room psst")
    id = id_of(world, "psst")
    (line,) = carol.ask(f"REDACT #room {id}")
    assert line.startswith(failure("UNKNOWN_MSGID", "#room", id))
    alice.heard()
    assert bare(bob.ask(f"REDACT #room {id}")) == [f"{BOB} REDACT @#room {id}"]
    assert bare(alice.heard()) == [f"{BOB} REDACT @#room {id}"]
    assert carol.heard() == []


def test_what_was_said_before_one_came_is_unknown(world: World, alice: Person) -> None:
    alice.send("MODE #room +s", "PRIVMSG #room before")
    carol = world.enter("carol", CAPABILITIES)
    id = id_of(world, "before")
    (line,) = carol.ask(f"REDACT #room {id}")
    assert line.startswith(failure("UNKNOWN_MSGID", "#room", id))


def test_a_window_holds_for_ones_own(world: World, alice: Person, bob: Person) -> None:
    rules = msgspec.structs.replace(RULES, redact_seconds=60)
    world.operate(entries.RulesChanged(NO_SESSION, rules))
    bob.send("PRIVMSG #room one", "PRIVMSG #room two")
    first, second = id_of(world, "one"), id_of(world, "two")
    world.pass_time(57_000)
    assert bare(bob.ask(f"REDACT #room {second}")) == [f"{BOB} REDACT #room {second}"]
    world.pass_time(2_000)
    (line,) = bob.ask(f"REDACT #room {first}")
    assert line.startswith(failure("REDACT_WINDOW_EXPIRED", "#room", first, "60")[:-1])
    alice.heard()
    assert bare(alice.ask(f"REDACT #room {first}")) == [f"{ALICE} REDACT #room {first}"]


# -- whispers -----------------------------------------------------------------------------


def test_a_whisper_is_taken_back_by_who_said_it(world: World, alice: Person, bob: Person) -> None:
    bob.send("PRIVMSG alice psst")
    id = id_of(world, "psst")
    (line,) = alice.ask(f"REDACT bob {id}")
    assert line.startswith(failure("REDACT_FORBIDDEN", "bob", id))
    told = f"{BOB} REDACT alice {id}"
    assert bare(bob.ask(f"REDACT ALICE {id}")) == [told]
    assert bare(alice.heard()) == [told]
    assert history(alice, "bob") == history(bob, "alice") == [told]


def test_a_whisper_is_found_under_a_later_name(world: World, alice: Person, bob: Person) -> None:
    bob.send("PRIVMSG alice psst")
    alice.send("NICK ally")
    bob.heard()
    id = id_of(world, "psst")
    assert bare(bob.ask(f"REDACT ally {id}")) == [f"{BOB} REDACT ally {id}"]


def test_strangers_learn_nothing_of_a_whisper(world: World, alice: Person, bob: Person) -> None:
    eve = world.enter("eve", CAPABILITIES)
    bob.send("PRIVMSG alice psst")
    id = id_of(world, "psst")
    for target in ("alice", "bob", "eve", "#room"):
        (line,) = eve.ask(f"REDACT {target} {id}")
        assert line.startswith(failure("UNKNOWN_MSGID", target, id))
    (line,) = bob.ask(f"REDACT eve {id}")
    assert line.startswith(failure("UNKNOWN_MSGID", "eve", id))


# -- refusals -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("line", "reply"),
    [
        ("REDACT #room", ":hub.test 461 bob REDACT :"),
        ("REDACT #none {id}", failure("INVALID_TARGET", "#none")),
        ("REDACT 1bad {id}", failure("INVALID_TARGET", "1bad")),
        ("REDACT #lobby {id}", failure("UNKNOWN_MSGID", "#lobby", "{id}")),
        ("REDACT #room frob", failure("UNKNOWN_MSGID", "#room", "frob")),
        ("REDACT #room :", failure("UNKNOWN_MSGID", "#room", "*")),
        ("REDACT #room {log}1", failure("UNKNOWN_MSGID", "#room", "{log}1")),
        ("REDACT #room {log}fffffffffffffff", failure("UNKNOWN_MSGID", "#room")[:-1]),
        ("REDACT #room {join}", failure("UNKNOWN_MSGID", "#room", "{join}")),
    ],
)
def test_requests_that_cannot_be(world: World, bob: Person, line: str, reply: str) -> None:
    bob.send("PRIVMSG #room one")
    (joined,) = [row for row in world.history.rows if row.source == BOB[1:] and row.room == 2][:1]
    ids = {"id": id_of(world, "one"), "log": LOG_ID, "join": msgid(LOG_ID, joined.place)}
    (answer,) = bob.ask(line.format(**ids))
    assert answer.startswith(reply.format(**ids))


def test_twice_is_once(world: World, bob: Person) -> None:
    bob.send("PRIVMSG #room one")
    id = id_of(world, "one")
    bob.send(f"REDACT #room {id}")
    (line,) = bob.ask(f"REDACT #room {id}")
    assert line.startswith(failure("UNKNOWN_MSGID", "#room", id))


def test_the_capability_has_to_be_negotiated(world: World) -> None:
    old = world.enter("old", ALL_CAPABILITIES)
    assert old.ask(f"REDACT #room {LOG_ID}1") == [":hub.test 421 old REDACT :Unknown command"]
