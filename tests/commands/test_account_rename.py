"""ACCOUNT RENAME: who may, what is shown, and that nobody takes the old name."""

from __future__ import annotations

import pytest

from hubbub.core import entries
from hubbub.core.ids import NO_SESSION
from tests.commands.replies import codes, plain, told
from tests.world import Person, World

DAY = 86_400_000


@pytest.fixture
def ann(world: World) -> Person:
    world.account("ann")
    return world.connect("ann", "standard-replies account-notify", password="password")


def test_an_account_is_renamed_with_its_user_on_all_its_devices(world: World, ann: Person) -> None:
    phone = world.connect("ann", password="password")
    bob = world.connect("bob", "account-notify")
    ann.heard()
    lines = ann.ask("ACCOUNT RENAME anna")
    assert lines[0] == ":ann!~ann@host.test NICK anna"
    assert told(lines, "NOTE ACCOUNT RENAMED anna")
    assert told(bob.heard(), ":anna!~ann@host.test ACCOUNT anna")
    assert phone.session.nick == ann.session.nick == "anna"
    other = world.arrive()
    other.send("CAP REQ sasl")
    assert codes(other.ask(*plain("ann", "password")))[-1] == "904"
    assert codes(other.ask(*plain("anna", "password")))[-1] == "903"


def test_nobody_else_takes_the_old_name_and_the_account_gets_it_back(
    world: World, ann: Person
) -> None:
    ann.send("ACCOUNT RENAME anna")
    thief = world.arrive()
    assert " 433 " in thief.ask("NICK ann", "USER t 0 * :T")[0]
    thief.send("NICK thief")
    assert codes(thief.ask("NICK ann")) == ["433"]
    world.account("cat")
    cat = world.connect("cat", "standard-replies", password="password")
    assert told(cat.ask("ACCOUNT RENAME ann"), "FAIL ACCOUNT BAD_ACCOUNT_NAME ann")
    register = entries.Register(NO_SESSION, "ann", "v", "s")
    assert world.operate(register)[0].params[1] == "BAD_ACCOUNT_NAME"
    world.restart()
    again = world.connect("anna", "standard-replies", password="password")
    assert told(again.ask("ACCOUNT RENAME ann"), "NOTE ACCOUNT RENAMED ann")


def test_after_a_month_the_old_name_is_free(world: World, ann: Person) -> None:
    ann.send("ACCOUNT RENAME anna")
    world.pass_time(30 * DAY)
    assert world.connect("ann").session.nick == "ann"


def test_three_old_names_are_kept_and_no_more(world: World, ann: Person) -> None:
    for name in ("a1", "a2", "a3"):
        assert told(ann.ask(f"ACCOUNT RENAME {name}"), "RENAMED")
    assert told(ann.ask("ACCOUNT RENAME a4"), "FAIL ACCOUNT RENAMED_TOO_OFTEN a3")
    assert told(ann.ask("ACCOUNT RENAME A3"), "RENAMED A3")  # the same name, written otherwise
    world.pass_time(30 * DAY)
    assert told(ann.ask("ACCOUNT RENAME a4"), "RENAMED")


@pytest.mark.parametrize("name", ["1st", "NickServ", "x" * 31, "#room"])
def test_what_is_no_name_is_refused(ann: Person, name: str) -> None:
    assert told(ann.ask(f"ACCOUNT RENAME {name}"), "FAIL ACCOUNT BAD_ACCOUNT_NAME")
    assert ann.session.nick == "ann"


def test_a_name_that_somebody_has_is_refused(world: World, ann: Person) -> None:
    world.account("bob")
    world.connect("guest")
    assert told(ann.ask("ACCOUNT RENAME BOB"), "FAIL ACCOUNT ACCOUNT_EXISTS BOB")
    assert told(ann.ask("ACCOUNT RENAME guest"), "FAIL ACCOUNT BAD_ACCOUNT_NAME guest")


@pytest.mark.parametrize(
    ("role", "may"), [("member", False), ("moderator", False), ("admin", True)]
)
def test_admins_rename_others_and_nobody_else_does(world: World, role: str, may: bool) -> None:
    world.account("ann")
    world.account("boss", role=role)
    boss = world.connect("boss", "standard-replies", password="password")
    lines = boss.ask("ACCOUNT RENAME ann anna")
    assert (told(lines, "NOTE ACCOUNT RENAMED anna"), codes(lines) == ["481"]) == (may, not may)
    assert (world.state.account_named("anna") is not None) is may


def test_a_guest_has_no_account_to_rename(world: World) -> None:
    guest = world.connect("guest", "standard-replies")
    assert codes(guest.ask("ACCOUNT RENAME other")) == ["481"]
    assert guest.session.nick == "guest"


def test_the_console_renames(world: World, ann: Person) -> None:
    assert world.operate(entries.RenameAccount(NO_SESSION, "ann", "anna")) == []
    assert ann.session.nick == "anna"
    assert world.operate(entries.RenameAccount(NO_SESSION, "ann", "x"))[0].params[1] == (
        "ACCOUNT_UNKNOWN"
    )
