"""CLAIM, ACCOUNT RESET and RECOVER, as they are spoken."""

from __future__ import annotations

import pytest

from hubbub.core import entries
from hubbub.core.ids import NO_SESSION
from hubbub.edge.codes import SHAPE
from hubbub.server.credentials import mint
from tests.commands.replies import codes, plain
from tests.world import Person, World

WRONG = "INVALID_CODE {} :That code isn't right, or it is over: ask for another one"


@pytest.fixture
def mod(world: World) -> Person:
    world.account("mod", role="moderator")
    world.account("ann")
    return world.connect("mod", "standard-replies", password="password")


def reset_code(person: Person, name: str) -> str:
    """The code that somebody is given for another's account."""
    (line,) = person.ask(f"ACCOUNT RESET {name}")
    found = SHAPE.search(line)
    assert found is not None, line
    return found[0]


def test_the_claim_code_makes_an_admin(world: World) -> None:
    world.account("ann")
    code = mint()
    world.operate(entries.IssueCode(NO_SESSION, "claim", code.digest))
    ann = world.connect("ann", "standard-replies", password="password")
    assert ann.ask("CLAIM aaaa-aaaa-aaaa-aaaa-aaaa") == [
        ":hub.test FAIL CLAIM INVALID_CODE :That code isn't right, or it is over"
    ]
    assert ann.ask(f"CLAIM {code.code.upper()}") == [
        ":hub.test MODE ann +o",
        ":hub.test NOTE CLAIM CLAIMED ann :You are the admin of Test now",
    ]
    assert codes(ann.ask("OPER x y")) == ["381"]


def test_a_moderator_is_shown_a_code_that_the_person_uses(world: World, mod: Person) -> None:
    ann = world.connect("ann", password="password")
    code = reset_code(mod, "ann")
    stranger = world.arrive()
    stranger.send("CAP REQ :standard-replies sasl")
    assert stranger.ask(f"RECOVER ann {code} :a new password") == [
        ":hub.test NOTE RECOVER PASSWORD_CHANGED ann"
        " :The password of ann is changed: log in with the new one"
    ]
    assert ann.closed
    assert codes(stranger.ask(*plain("ann", "password")))[-1] == "904"
    assert codes(stranger.ask(*plain("ann", "a new password")))[-1] == "903"


def test_who_may_not_reset_is_shown_no_code(world: World, mod: Person) -> None:
    world.account("root", role="admin")
    ann = world.connect("ann", "standard-replies", password="password")
    for person, name in ((ann, "mod"), (mod, "root"), (mod, "mod")):
        lines = person.ask(f"ACCOUNT RESET {name}")
        assert codes(lines) == ["481"]
        assert not any(SHAPE.search(line) for line in lines)
    assert mod.ask("ACCOUNT RESET nobody") == [
        ":hub.test FAIL ACCOUNT ACCOUNT_UNKNOWN nobody :There is no account nobody"
    ]


@pytest.mark.parametrize("name", ["ann", "nobody"])
def test_a_wrong_code_and_an_unknown_account_are_answered_alike(
    world: World, mod: Person, name: str
) -> None:
    reset_code(mod, "ann")
    assert mod.ask(f"RECOVER {name} aaaa-aaaa-aaaa-aaaa-aaaa :a new password") == [
        f":hub.test FAIL RECOVER {WRONG.format(name)}"
    ]


def test_a_new_password_has_to_be_one(world: World, mod: Person) -> None:
    code = reset_code(mod, "ann")
    assert mod.ask(f"RECOVER ann {code} short")[0].startswith(
        ":hub.test FAIL RECOVER WEAK_PASSWORD ann "
    )
    assert "PASSWORD_CHANGED" in mod.ask(f"RECOVER ann {code} long-enough")[0]


def test_a_guest_claims_nothing(world: World) -> None:
    guest = world.connect("guest", "standard-replies")
    assert guest.ask("CLAIM x") == [
        ":hub.test FAIL CLAIM ACCOUNT_REQUIRED"
        " :Roles come with an account: register or log in first"
    ]
