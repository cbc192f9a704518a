"""Codes by letter: confirming an address, registering by one, and a new password."""

from __future__ import annotations

from collections.abc import Iterator

import msgspec
import pytest

from hubbub.edge.codes import SHAPE
from hubbub.edge.errands import Letter
from tests.commands.replies import codes, plain, told
from tests.credentials import POSTED
from tests.world import RULES, Person, World

ADDRESS = "ann@example.org"
PASSWORD = "hunter2hunter2"


@pytest.fixture(autouse=True)
def post() -> Iterator[list[Letter]]:
    """The letters that were sent."""
    POSTED.clear()
    yield POSTED
    POSTED.clear()


def sending(**rules: str) -> World:
    return World(msgspec.structs.replace(RULES, mails=True, **rules))


def code_of(letter: Letter) -> str:
    found = SHAPE.search(letter.text)
    assert found is not None
    return found[0]


def sent(post: list[Letter]) -> list[Letter]:
    """The letters that went anywhere."""
    return [letter for letter in post if letter.to]


def confirmed(world: World, post: list[Letter]) -> Person:
    """Ann, whose address is confirmed."""
    ann = world.connect("ann", "standard-replies")
    ann.send(f"REGISTER * {ADDRESS} {PASSWORD}")
    (letter,) = sent(post)
    assert told(ann.ask(f"VERIFY ann {code_of(letter)}"), "VERIFY SUCCESS ann")
    post.clear()
    return ann


# -- confirming an address ----------------------------------------------------------------


def test_an_address_that_is_given_is_confirmed_by_its_code(post: list[Letter]) -> None:
    world = sending()
    ann = world.connect("ann", "standard-replies")
    lines = ann.ask(f"REGISTER * {ADDRESS} {PASSWORD}")
    assert told(lines, "REGISTER SUCCESS ann")
    assert told(lines, "NOTE REGISTER CODE_SENT ann")
    account = world.state.account_named("ann")
    assert account is not None
    assert not account.confirmed
    (letter,) = sent(post)
    assert letter.to == ADDRESS
    assert f"/verify ann {code_of(letter)}" in letter.text
    assert code_of(letter) not in repr(letter)
    assert told(ann.ask("VERIFY ann aaaa-aaaa-aaaa-aaaa-aaaa"), "FAIL VERIFY INVALID_CODE ann")
    assert told(ann.ask(f"VERIFY bob {code_of(letter)}"), "FAIL VERIFY ALREADY_AUTHENTICATED ann")
    assert ann.ask(f"VERIFY ann {code_of(letter)}") == [
        ":hub.test VERIFY SUCCESS ann :Your e-mail address is confirmed"
    ]
    assert account.confirmed
    assert told(ann.ask(f"VERIFY ann {code_of(letter)}"), "FAIL VERIFY ALREADY_AUTHENTICATED ann")


def test_without_a_mail_server_no_letter_is_sent(post: list[Letter], world: World) -> None:
    ann = world.connect("ann", "standard-replies")
    assert told(ann.ask(f"REGISTER * {ADDRESS} {PASSWORD}"), "REGISTER SUCCESS ann")
    assert post == []
    assert told(ann.ask("RECOVER ann"), "FAIL RECOVER NEED_CODE ann")


def test_another_address_is_confirmed_anew(post: list[Letter]) -> None:
    world = sending()
    ann = confirmed(world, post)
    account = world.state.account_named("ann")
    assert account is not None
    assert told(ann.ask("ACCOUNT EMAIL wrong-one new@example.org"), "WRONG_PASSWORD")
    assert account.email == ADDRESS
    assert told(ann.ask(f"ACCOUNT EMAIL {PASSWORD} new@example.org"), "NOTE ACCOUNT CODE_SENT ann")
    assert (account.email, account.confirmed) == ("new@example.org", 0)
    (letter,) = sent(post)
    assert letter.to == "new@example.org"
    ann.send(f"VERIFY ann {code_of(letter)}")
    assert account.confirmed
    assert told(ann.ask(f"ACCOUNT EMAIL {PASSWORD} *"), "NOTE ACCOUNT EMAIL_CHANGED ann")
    assert (account.email, account.confirmed) == ("", 0)


@pytest.mark.parametrize("email", ["ann", "@x.org", "ann@x", "a@b.org,c@d.org", "é@x.org"])
def test_what_is_no_address_is_refused(email: str, post: list[Letter]) -> None:
    ann = sending().connect("ann", "standard-replies")
    assert told(ann.ask(f"REGISTER * {email} {PASSWORD}"), "FAIL REGISTER INVALID_EMAIL ann")
    assert post == []


# -- registering by an address ------------------------------------------------------------


@pytest.mark.parametrize("connected", [True, False])
def test_where_an_address_is_needed_the_code_makes_the_account(
    connected: bool, post: list[Letter]
) -> None:
    world = sending(registration="mail")
    ann = world.connect("ann", "standard-replies") if connected else world.arrive()
    ann.send("CAP REQ :standard-replies sasl", "NICK ann")
    assert told(ann.ask("CAP LS 302"), "draft/account-registration=before-connect,email-required")
    assert told(ann.ask(f"REGISTER * * {PASSWORD}"), "FAIL REGISTER INVALID_EMAIL ann")
    lines = ann.ask(f"REGISTER * {ADDRESS} {PASSWORD}")
    assert told(lines, "REGISTER VERIFICATION_REQUIRED ann")
    assert world.state.account_named("ann") is None
    (letter,) = sent(post)
    assert told(ann.ask("VERIFY ann aaaa-aaaa-aaaa-aaaa-aaaa"), "FAIL VERIFY INVALID_CODE")
    lines = ann.ask(f"VERIFY ann {code_of(letter)}")
    assert told(lines, "VERIFY SUCCESS ann")
    assert told(lines, " 900 ")
    account = world.state.account_named("ann")
    assert account is not None
    assert (account.email, bool(account.confirmed)) == (ADDRESS, True)
    other = world.arrive()
    other.send("CAP REQ sasl")
    assert codes(other.ask(*plain("ann", PASSWORD)))[-1] == "903"


def test_who_is_first_has_the_name(post: list[Letter]) -> None:
    world = sending(registration="mail")
    first, second = world.arrive(), world.arrive()
    for person in (first, second):
        person.send("CAP REQ standard-replies", "NICK ann", f"REGISTER * {ADDRESS} {PASSWORD}")
    one, other = sent(post)
    assert told(second.ask(f"VERIFY ann {code_of(other)}"), "VERIFY SUCCESS ann")
    assert told(first.ask(f"VERIFY ann {code_of(one)}"), "FAIL VERIFY ACCOUNT_EXISTS ann")


def test_an_account_that_waited_looks_like_nobody_else(post: list[Letter]) -> None:
    world = sending(registration="mail")
    first, second = world.arrive(), world.arrive()
    for person, name in ((first, "b0b"), (second, "bob")):
        person.send("CAP REQ standard-replies", f"NICK {name}")
        assert told(person.ask(f"REGISTER * {ADDRESS} {PASSWORD}"), "VERIFICATION_REQUIRED")
    one, other = sent(post)
    assert told(first.ask(f"VERIFY b0b {code_of(one)}"), "VERIFY SUCCESS b0b")
    lines = second.ask(f"VERIFY bob {code_of(other)}")
    assert told(lines, "FAIL VERIFY BAD_ACCOUNT_NAME bob :This name looks the same as b0b")


def test_who_is_called_otherwise_is_told_so(post: list[Letter]) -> None:
    world = sending(registration="mail")
    ann = world.connect("ann", "standard-replies")
    ann.send(f"REGISTER * {ADDRESS} {PASSWORD}", "NICK anna")
    line = f"VERIFY ann {code_of(sent(post)[0])}"
    assert told(ann.ask(line), "FAIL VERIFY ACCOUNT_NAME_MUST_BE_NICK ann")
    ann.send("NICK ann")
    assert told(ann.ask(line), "VERIFY SUCCESS ann")


def test_waiting_registrations_are_bounded_and_end(post: list[Letter]) -> None:
    world = World(msgspec.structs.replace(RULES, mails=True, registration="mail", pending=1))
    ann, bob = world.connect("ann", "standard-replies"), world.connect("bob", "standard-replies")
    ann.send(f"REGISTER * {ADDRESS} {PASSWORD}")
    (letter,) = sent(post)
    assert told(bob.ask(f"REGISTER * {ADDRESS} {PASSWORD}"), "REGISTER TEMPORARILY_UNAVAILABLE")
    assert len(sent(post)) == 1
    world.pass_time(24 * 3_600_000)
    assert told(ann.ask(f"VERIFY ann {code_of(letter)}"), "FAIL VERIFY INVALID_CODE ann")


# -- a forgotten password -----------------------------------------------------------------


def test_a_code_for_a_new_password_goes_to_the_confirmed_address(post: list[Letter]) -> None:
    world = sending()
    ann = confirmed(world, post)
    stranger = world.arrive()
    stranger.send("CAP REQ :standard-replies sasl")
    stranger.send("RECOVER ann")
    (letter,) = sent(post)
    assert letter.to == ADDRESS
    line = f"RECOVER ann {code_of(letter)} another-password"
    assert told(stranger.ask(line), "NOTE RECOVER PASSWORD_CHANGED ann")
    assert ann.closed
    assert codes(stranger.ask(*plain("ann", "another-password")))[-1] == "903"
    assert told(stranger.ask(line), "FAIL RECOVER INVALID_CODE ann")


def test_nobody_learns_whether_there_is_an_account(post: list[Letter]) -> None:
    world = sending()
    confirmed(world, post)
    world.account("bob")
    stranger = world.arrive()
    stranger.send("CAP REQ standard-replies")
    answers = [stranger.ask(f"RECOVER {name}") for name in ("ann", "bob", "zoe")]
    assert answers == [
        [
            f":hub.test NOTE RECOVER CODE_SENT {name}"
            f" :If {name} has a confirmed e-mail address, a code is on its way to it"
        ]
        for name in ("ann", "bob", "zoe")
    ]
    assert [letter.to for letter in sent(post)] == [ADDRESS]
    assert len(post) == 3  # the same was done for each


def test_a_letter_box_isnt_filled_and_earlier_codes_go_on_working(post: list[Letter]) -> None:
    world = sending()
    confirmed(world, post)
    stranger = world.arrive()
    stranger.send("CAP REQ standard-replies", *["RECOVER ann"] * 5)
    letters = sent(post)
    assert len(letters) == 3
    assert told(
        stranger.ask(f"RECOVER ann {code_of(letters[0])} another-password"), "PASSWORD_CHANGED"
    )
    # With a new password all codes have ended.
    assert told(stranger.ask(f"RECOVER ann {code_of(letters[1])} one-more-word"), "INVALID_CODE")


def test_a_mailed_code_works_for_an_hour(post: list[Letter]) -> None:
    world = sending()
    confirmed(world, post)
    stranger = world.arrive()
    stranger.send("CAP REQ standard-replies", "RECOVER ann")
    world.pass_time(3_600_000)
    line = f"RECOVER ann {code_of(sent(post)[0])} another-password"
    assert told(stranger.ask(line), "FAIL RECOVER INVALID_CODE ann")


def test_half_a_recovery_is_none(post: list[Letter]) -> None:
    assert codes(sending().connect("ann").ask("RECOVER ann code")) == ["461"]
