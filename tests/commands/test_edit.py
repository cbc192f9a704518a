"""EDIT."""

import msgspec
import pytest

from hubbub.core import entries
from hubbub.core.ids import NO_SESSION, msgid
from hubbub.core.outputs import HistoryRow
from hubbub.irc.tags import escape
from tests.world import ALL_CAPABILITIES, LOG_ID, RULES, Person, World

PLAIN = ALL_CAPABILITIES.replace("server-time", "")
CAPABILITIES = f"{PLAIN} draft/message-edit draft/message-redaction"
BOB = ":bob!~bob@host.test"


@pytest.fixture
def alice(world: World) -> Person:
    """Alice, who runs #room."""
    return world.enter("alice", CAPABILITIES)


@pytest.fixture
def bob(world: World, alice: Person) -> Person:
    return world.enter("bob", CAPABILITIES)


def row_of(world: World, text: str) -> HistoryRow:
    (row,) = [row for row in world.history.rows if row.params == (text,)]
    return row


def id_of(world: World, text: str) -> str:
    return msgid(LOG_ID, row_of(world, text).place)


def edit(id: str, text: str, target: str = "#room", tags: str = "") -> str:
    return f"@{tags}draft/target-msgid={id};draft/edit-text={escape(text)} EDIT {target}"


def shown(world: World, id: str, text: str, target: str = "#room", before: str = "") -> str:
    tags = f"draft/target-msgid={id};draft/edit-text={escape(text)}"
    return f"@{before}msgid={id_of(world, text)};{tags} {BOB} EDIT {target}"


def page(person: Person, target: str = "#room") -> list[str]:
    lines = person.ask(f"CHATHISTORY LATEST {target} * 50")[1:-1]
    return [line.replace("batch=", "", 1).partition(";")[2] for line in lines if "JOIN" not in line]


@pytest.mark.parametrize("target", ["#room", "alice"])
def test_what_was_said_is_corrected(world: World, alice: Person, bob: Person, target: str) -> None:
    bob.send(f"PRIVMSG {target} :anex ample")
    alice.heard()
    id = id_of(world, "anex ample")
    (answer,) = bob.ask(edit(id, "an example", target, "label=e;"))
    assert answer == shown(world, id, "an example", target, "label=e;")
    (told,) = alice.heard()
    assert told == shown(world, id, "an example", target)
    assert page(alice, "bob" if target == "alice" else target) == [
        f"msgid={id} {BOB} PRIVMSG {target} :anex ample",
        told[1:],
    ]


@pytest.mark.parametrize("verb", ["PRIVMSG", "NOTICE"])
def test_others_are_shown_a_message(world: World, bob: Person, verb: str) -> None:
    old = world.enter("old", PLAIN)
    bob.send(f"{verb} #room :anex ample")
    old.heard()
    bob.send(edit(id_of(world, "anex ample"), "an example"))
    line = f"msgid={id_of(world, 'an example')} {BOB} {verb} #room :* an example"
    assert old.heard() == [f"@{line}"]
    assert page(old)[-1] == line
    old.ask("CAP REQ -draft/event-playback")
    assert page(old)[-1] == line


def test_a_correction_of_several_lines(world: World, bob: Person) -> None:
    old = world.enter("old", "")
    bob.send("PRIVMSG #room one")
    old.heard()
    id = id_of(world, "one")
    assert bob.ask(edit(id, "one\n\ntwo; three")) == [shown(world, id, "one\n\ntwo; three")]
    assert old.heard() == [f"{BOB} PRIVMSG #room :* one", f"{BOB} PRIVMSG #room :two; three"]


def test_an_action_stays_one(world: World, bob: Person) -> None:
    old = world.enter("old", "")
    bob.send("PRIVMSG #room one")
    old.heard()
    bob.send(edit(id_of(world, "one"), "\1ACTION waves\1"))
    assert old.heard() == [f"{BOB} PRIVMSG #room :\1ACTION waves\1"]


def test_a_correction_of_a_correction_is_of_the_first(world: World, bob: Person) -> None:
    bob.send("PRIVMSG #room one")
    id = id_of(world, "one")
    bob.send(edit(id, "two"))
    assert bob.ask(edit(id_of(world, "two"), "three")) == [shown(world, id, "three")]


def test_what_is_taken_back_is_so_with_its_corrections(world: World, bob: Person) -> None:
    bob.send("PRIVMSG #room one")
    id = id_of(world, "one")
    bob.send(edit(id, "two"), f"REDACT #room {id}")
    assert [line.split(" ", 1)[1] for line in page(bob)] == [f"{BOB} REDACT #room {id}"]
    assert "two" not in repr(world.history.rows)


def test_a_correction_is_taken_back_alone(world: World, bob: Person) -> None:
    bob.send("PRIVMSG #room one")
    bob.send(edit(id_of(world, "one"), "two"))
    bob.send(f"REDACT #room {id_of(world, 'two')}")
    assert [line.split()[2] for line in page(bob)] == ["PRIVMSG", "REDACT"]


def test_nobody_pretends_to_correct(world: World, alice: Person, bob: Person) -> None:
    alice.send("PRIVMSG #room one")
    id = id_of(world, "one")
    bob.send(f"@draft/target-msgid={id};draft/edit-text=x PRIVMSG #room two")
    assert row_of(world, "two").tags == {}


# -- refusals -----------------------------------------------------------------------------


def test_only_ones_own_is_corrected(world: World, alice: Person, bob: Person) -> None:
    bob.send("PRIVMSG #room one", "PRIVMSG alice two")
    for text, target in (("one", "#room"), ("two", "bob")):
        id = id_of(world, text)
        (line,) = alice.ask(edit(id, "x", target))[-1:]
        assert line.startswith(f":hub.test FAIL EDIT EDIT_FORBIDDEN {target} {id} :")


def test_a_window_holds(world: World, bob: Person) -> None:
    rules = msgspec.structs.replace(RULES, edit_seconds=60)
    world.operate(entries.RulesChanged(NO_SESSION, rules))
    bob.send("PRIVMSG #room one")
    id = id_of(world, "one")
    bob.send(edit(id, "two"))
    world.pass_time(60_000)
    for wanted in (id, id_of(world, "two")):
        (line,) = bob.ask(edit(wanted, "three"))
        assert line.startswith(f":hub.test FAIL EDIT EDIT_WINDOW_EXPIRED #room {id} 60 :")


def test_who_may_not_speak_corrects_nothing(world: World, alice: Person, bob: Person) -> None:
    bob.send("PRIVMSG #room one")
    alice.send("MODE #room +m")
    bob.heard()
    assert " 404 " in bob.ask(edit(id_of(world, "one"), "two"))[0]


@pytest.mark.parametrize(
    ("line", "reply"),
    [
        ("EDIT", "461 bob EDIT :"),
        ("EDIT #room", "FAIL EDIT INVALID_EDIT #room :"),
        ("@draft/target-msgid={id} EDIT #room", "FAIL EDIT INVALID_EDIT #room {id} :"),
        ("@draft/edit-text=x EDIT #room", "FAIL EDIT INVALID_EDIT #room :"),
        (edit("{id}", " \n"), "FAIL EDIT INVALID_EDIT #room {id} :"),
        (edit("{id}", "a\rb"), "FAIL EDIT INVALID_EDIT #room {id} :"),
        (edit("{id}", "x" * 440), "FAIL EDIT INVALID_EDIT #room {id} :"),
        (edit("{id}", "x\n" * 100), "FAIL EDIT INVALID_EDIT #room {id} :"),
        (edit("frob", "x"), "FAIL EDIT UNKNOWN_MSGID #room frob :"),
        (edit("{join}", "x"), "FAIL EDIT UNKNOWN_MSGID #room {join} :"),
        (edit("{id}", "x", "#lobby"), "FAIL EDIT UNKNOWN_MSGID #lobby {id} :"),
        (edit("{id}", "x", "alice"), "FAIL EDIT UNKNOWN_MSGID alice {id} :"),
        (edit("{id}", "x", "#none"), "FAIL EDIT INVALID_TARGET #none :"),
        (edit("{id}", "x", "1bad"), "FAIL EDIT INVALID_TARGET 1bad :"),
    ],
)
def test_requests_that_cannot_be(world: World, bob: Person, line: str, reply: str) -> None:
    bob.send("PRIVMSG #room one")
    (joined,) = [row for row in world.history.rows if row.source == BOB[1:] and row.room == 2][:1]
    ids = {"id": id_of(world, "one"), "join": msgid(LOG_ID, joined.place)}
    (answer,) = bob.ask(line.format(**ids))
    assert answer.startswith(f":hub.test {reply.format(**ids)}")


def test_the_capability_has_to_be_negotiated(world: World, bob: Person) -> None:
    bob.ask("CAP REQ -draft/message-edit")
    assert bob.ask(edit("x", "y")) == [":hub.test 421 bob EDIT :Unknown command"]
