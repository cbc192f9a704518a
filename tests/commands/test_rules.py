"""The operator's words: the welcome, the rules, and that they are accepted where that is wanted."""

from __future__ import annotations

import base64

import msgspec
import pytest

from hubbub.commands.rules import PLAINLY
from tests.world import RULES, Person, World

TEXT = "Be kind.\n\nNo adverts."
REGISTER = "REGISTER * * password-of-hers"
STRICT = msgspec.structs.replace(
    RULES, rules_text=TEXT, rules_required=True, welcome_text="Hello!\nTea is at four."
)


def refused(lines: list[str]) -> bool:
    return any("FAIL REGISTER RULES_NOT_ACCEPTED" in line for line in lines)


@pytest.mark.parametrize("text", ["", TEXT])
def test_rules_are_shown_and_what_the_operator_can_read(text: str) -> None:
    world = World(msgspec.structs.replace(RULES, rules_text=text))
    for person, name in ((world.arrive(), "*"), (world.connect("alice"), "alice")):
        first, *lines, last = person.ask("RULES")
        assert first == f":hub.test 308 {name} :- hub.test server rules -"
        assert last == f":hub.test 309 {name} :End of RULES command"
        shown = [*text.splitlines(), *PLAINLY]
        assert lines == [f":hub.test 232 {name} :- {line}" for line in shown]
    assert any("whispers too" in line for line in person.ask("INFO"))


def newcomer(world: World, connected: bool) -> Person:
    if connected:
        return world.connect("alice", "standard-replies")
    person = world.arrive()
    person.send("CAP REQ :standard-replies", "NICK alice")
    return person


@pytest.mark.parametrize("connected", [True, False])
def test_who_hasnt_accepted_the_rules_makes_no_account(connected: bool) -> None:
    world = World(STRICT)
    person = newcomer(world, connected)
    assert refused(person.ask(REGISTER))
    assert not world.state.accounts
    (note,) = person.ask("RULES ACCEPT")
    assert " NOTE RULES ACCEPTED :You have accepted" in note
    assert "REGISTER SUCCESS alice" in person.ask(REGISTER)[0]


def test_by_nickserv_neither() -> None:
    world = World(STRICT)
    alice = world.connect("alice")
    assert any("RULES ACCEPT" in line for line in alice.ask("NS REGISTER password-of-hers"))
    assert not world.state.accounts
    alice.send("RULES accept", "NS REGISTER password-of-hers")
    assert world.state.accounts


def test_one_accepts_for_oneself_and_the_text_of_then() -> None:
    world = World(STRICT)
    alice, bob = newcomer(world, True), world.connect("bob", "standard-replies")
    bob.send("RULES ACCEPT")
    assert refused(alice.ask(REGISTER))
    alice.send("RULES ACCEPT")
    world.rules = msgspec.structs.replace(STRICT, rules_text="Another.")
    assert refused(alice.ask(REGISTER))


@pytest.mark.parametrize("changes", [{"rules_required": False}, {"rules_text": ""}])
def test_where_nothing_is_to_be_accepted_nothing_is_asked(changes: dict[str, object]) -> None:
    world = World(msgspec.structs.replace(STRICT, **changes))
    assert "REGISTER SUCCESS" in newcomer(world, True).ask(REGISTER)[0]


def test_newcomers_are_welcomed_and_others_arent() -> None:
    world = World(STRICT)

    def welcomed(nick: str, *lines: str) -> bool:
        person = world.arrive()
        person.send(*lines, f"NICK {nick}", "USER x 0 * :X", "CAP END")
        heard = person.heard()
        told = [line for line in heard if " NOTICE " in line]
        assert told in (
            [],
            [f":hub.test NOTICE {nick} Hello!", f":hub.test NOTICE {nick} :Tea is at four."],
        )
        return bool(told)

    assert welcomed("guest")
    world.account("ann")
    login = ("CAP REQ sasl", "AUTHENTICATE PLAIN", "AUTHENTICATE AGFubgBwYXNzd29yZA==")
    assert welcomed("ann", *login)
    world.account("old")
    world.pass_time(3_600_000)
    token = base64.b64encode(b"\0old\0password").decode()
    assert not welcomed("old", *login[:2], f"AUTHENTICATE {token}")
