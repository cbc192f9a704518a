"""Accounts over the wire: whose a name is, registering, logging in later, and the account itself."""

from __future__ import annotations

import pytest

from hubbub.core import entries
from hubbub.core.ids import NO_SESSION
from hubbub.edge.session import Phase
from tests.commands.replies import SASL, codes, plain, ruled, told
from tests.world import World

# -- your name is your account ------------------------------------------------------------


def test_a_guest_cannot_take_a_registered_name(world: World) -> None:
    world.account("ann", "password")
    guest = world.arrive()
    lines = guest.ask("NICK ANN", "USER a 0 * :A")
    assert lines == [
        ":hub.test 433 * ANN :This name is registered: log in to its account (SASL),"
        " or choose another name"
    ]
    bob = world.connect("bob")
    assert codes(bob.ask("NICK ann")) == ["433"]


def test_an_account_keeps_its_name_but_for_its_letters_case(world: World) -> None:
    world.account("ann", "password")
    ann = world.connect("ann", password="password")
    assert codes(ann.ask("NICK anna")) == ["447"]
    assert ann.ask("NICK Ann") == [":ann!~ann@host.test NICK Ann"]
    ann.send("QUIT")
    again = world.connect("ann", password="password")
    assert again.session.nick == "Ann"


# -- registering --------------------------------------------------------------------------


def test_a_guest_becomes_an_account_in_place(world: World) -> None:
    bob = world.connect("bob", "account-notify")
    ann = world.connect("ann", "account-notify draft/account-registration", device="d" * 20)
    assert ann.ask("REGISTER * * hunter2hunter2") == [
        ":ann!~ann@host.test ACCOUNT ann",
        ":hub.test REGISTER SUCCESS ann :ann is now your account: log in with it from anywhere",
        ":hub.test 900 ann ann!~ann@host.test ann :You are now logged in as ann",
    ]
    assert bob.heard() == [":ann!~ann@host.test ACCOUNT ann"]
    ann.lose()
    again = world.connect("ann", password="hunter2hunter2")
    assert again.session.nick == "ann"


def test_a_guests_whispers_are_its_accounts(world: World) -> None:
    bob = world.connect("bob")
    ann = world.connect("ann", "draft/chathistory batch", device="d" * 20)
    ann.send("PRIVMSG bob :one")
    bob.send("PRIVMSG ann :two")
    ann.send("REGISTER * * hunter2hunter2", "PRIVMSG bob :three")
    lines = ann.ask("CHATHISTORY LATEST bob * 10")
    assert [line.rpartition(" ")[2] for line in lines if "PRIVMSG" in line] == [
        "one",
        "two",
        "three",
    ]
    ann.lose()
    thief = world.connect("eve", "draft/chathistory batch", device="d" * 20)
    assert not told(thief.ask("CHATHISTORY LATEST bob * 10"), "PRIVMSG")


def test_registering_before_connecting_logs_in(world: World) -> None:
    person = world.arrive()
    person.send("CAP REQ draft/account-registration", "NICK ann", "USER a 0 * :A")
    assert codes(person.ask("REGISTER * ann@example.org hunter2hunter2")) == ["REGISTER", "900"]
    assert told(person.ask("CAP END"), " 001 ann ")
    account = world.state.account_named("ann")
    assert account is not None
    assert account.email == "ann@example.org"


@pytest.mark.parametrize(
    ("line", "code"),
    [
        ("REGISTER other * hunter2hunter2", "ACCOUNT_NAME_MUST_BE_NICK"),
        ("REGISTER * nonsense hunter2hunter2", "INVALID_EMAIL"),
        ("REGISTER * * short", "WEAK_PASSWORD"),
        ("REGISTER * * annabell1", "WEAK_PASSWORD"),
        ("REGISTER * * " + "x" * 301, "UNACCEPTABLE_PASSWORD"),
        ("VERIFY annabell code", "INVALID_CODE"),
    ],
)
def test_what_cannot_be_registered(world: World, line: str, code: str) -> None:
    person = world.connect("annabell", "standard-replies")
    (answer,) = person.ask(line)
    assert answer.startswith(f":hub.test FAIL {line.split(maxsplit=1)[0]} {code} ")
    assert world.state.account_named("annabell") is None


def test_a_name_is_needed_to_register(world: World) -> None:
    person = world.arrive()
    person.send("CAP REQ standard-replies")
    assert told(person.ask("REGISTER * * hunter2hunter2"), "FAIL REGISTER NEED_NICK *")


def test_a_registered_name_cannot_be_registered_again(world: World) -> None:
    world.account("ann", "password")
    person = world.arrive()
    person.send("CAP REQ standard-replies", "NICK ann")
    assert told(person.ask("REGISTER * * hunter2hunter2"), "FAIL REGISTER ACCOUNT_EXISTS ann")


def test_a_guests_name_cannot_be_registered_by_another(world: World) -> None:
    world.connect("ann")
    person = world.arrive()
    person.send("CAP REQ standard-replies", "NICK ann")
    assert told(person.ask("REGISTER * * hunter2hunter2"), "FAIL REGISTER BAD_ACCOUNT_NAME ann")


def test_who_is_logged_in_does_not_register(world: World) -> None:
    world.account("ann", "password")
    ann = world.connect("ann", "standard-replies", password="password")
    assert told(ann.ask("REGISTER * * hunter2hunter2"), "FAIL REGISTER ALREADY_AUTHENTICATED ann")


def test_registering_does_not_get_past_the_invite() -> None:
    world = ruled(guests="invite")
    person = world.arrive(invite="come-in")
    person.send("CAP REQ standard-replies", "NICK ann")
    assert told(person.ask("REGISTER * * hunter2hunter2"), "FAIL REGISTER TEMPORARILY_UNAVAILABLE")
    assert world.state.account_named("ann") is None


# -- logging in when connected already ----------------------------------------------------


def test_a_guest_who_logs_in_becomes_the_accounts_user(world: World) -> None:
    world.account("ann", "password")
    phone = world.connect("ann", password="password")
    phone.send("JOIN #den")
    bob = world.connect("bob")
    guest = world.connect("guest", "sasl")
    guest.send("JOIN #tea")
    phone.heard(), bob.heard()
    lines = guest.ask(*plain("ann", "password"))[1:]
    assert lines[0] == ":ann!~ann@host.test MODE #tea +o ann" or " NICK " in lines[0]
    assert ":guest!~guest@host.test NICK ann" in lines
    assert told(lines, ":ann!~ann@host.test JOIN #den")
    assert told(lines, " 900 ann ann!~ann@host.test ann ")
    assert guest.session.nick == "ann"
    assert bob.heard() == [":guest!~guest@host.test QUIT :Logged in as ann"]
    assert told(phone.heard(), ":ann!~ann@host.test JOIN #tea")
    guest.send("PRIVMSG #tea :still here")
    assert told(phone.heard(), "PRIVMSG #tea :still here")
    assert told(bob.ask("WHOIS ann"), "@#den"), "and @#tea, whose operator the guest was"
    assert told(bob.ask("WHOIS ann"), "@#tea")


def test_a_failed_login_leaves_a_guest_as_it_was(world: World) -> None:
    world.account("ann", "password")
    guest = world.connect("guest", "sasl")
    assert codes(guest.ask(*plain("ann", "wrong"))) == ["AUTHENTICATE", "904"]
    assert told(guest.ask("NAMES #lobby"), "guest")


def test_from_one_account_to_another(world: World) -> None:
    world.account("ann", "password")
    world.account("bea", "password")
    bea = world.connect("bea", password="password")
    bea.send("JOIN #bees")
    person = world.connect("ann", "sasl", password="password")
    person.send("JOIN #den")
    lines = person.ask(*plain("bea", "password"))
    assert ":ann!~ann@host.test PART #den" in lines
    assert ":ann!~ann@host.test NICK bea" in lines
    assert told(lines, ":bea!~bea@host.test JOIN #bees")
    assert told(bea.ask("WHOIS ann"), " 301 bea ann :Offline since ")
    person.send("PRIVMSG #bees :bzz")
    assert told(bea.heard(), "PRIVMSG #bees bzz")


# -- the account itself -------------------------------------------------------------------


def test_a_password_is_changed_by_who_knows_it(world: World) -> None:
    world.account("ann", "password")
    ann = world.connect("ann", "standard-replies", password="password")
    assert told(ann.ask("ACCOUNT PASSWORD wrong longer-password"), "FAIL ACCOUNT WRONG_PASSWORD")
    assert told(ann.ask("ACCOUNT PASSWORD password short"), "FAIL ACCOUNT WEAK_PASSWORD")
    assert told(
        ann.ask("ACCOUNT PASSWORD password longer-password"), "NOTE ACCOUNT PASSWORD_CHANGED ann"
    )
    assert world.connect("ann", password="longer-password").session.nick == "ann"


def test_an_account_is_deleted_with_its_messages(world: World) -> None:
    world.account("ann", "password")
    ann = world.connect("ann", password="password")
    bob = world.connect("bob", "draft/chathistory batch")
    ann.send("PRIVMSG #lobby :forget me", "PRIVMSG bob :me too")
    bob.heard()
    ann.send("ACCOUNT DELETE password MESSAGES")
    assert ann.closed
    assert bob.heard() == [":ann!~ann@host.test QUIT :Account deleted"]
    assert not told(bob.ask("CHATHISTORY LATEST #lobby * 10"), "forget me")
    assert not told(bob.ask("CHATHISTORY LATEST ann * 10"), "me too")
    assert world.connect("ann").session.nick == "ann"


def test_an_account_is_deleted_without_its_messages(world: World) -> None:
    world.account("ann", "password")
    ann = world.connect("ann", password="password")
    bob = world.connect("bob", "draft/chathistory batch")
    ann.send("PRIVMSG #lobby :keep me", "ACCOUNT DELETE wrong")
    assert not ann.closed
    ann.send("ACCOUNT DELETE password")
    assert told(bob.ask("CHATHISTORY LATEST #lobby * 10"), "keep me")
    newcomer = world.connect("ann", "draft/chathistory batch")
    assert newcomer.session.registration is None


def test_sessions_are_listed_and_ended(world: World) -> None:
    world.account("ann", "password")
    phone = world.connect("ann", password="password")
    desk = world.connect("ann", "standard-replies", password="password")
    lines = desk.ask("SESSIONS")
    assert len(lines) == 3
    assert told(desk.ask(f"SESSIONS REVOKE {phone.session.id}"), "NOTE SESSIONS SESSION_ENDED")
    assert phone.closed
    stranger = world.connect("bob", "standard-replies")
    assert told(stranger.ask(f"SESSIONS REVOKE {desk.session.id}"), "FAIL SESSIONS SESSION_UNKNOWN")
    assert not desk.closed


def test_sessions_have_small_numbers_that_stay(world: World) -> None:
    world.account("ann", "password")
    phone, desk, pad = (
        world.connect("ann", "standard-replies", password="password") for _ in range(3)
    )
    listed = [line.split()[4] for line in desk.ask("SESSIONS")[:3]]
    assert all(int(number) < 1_000 for number in listed)
    assert len(set(listed)) == 3
    assert [line.split()[4] for line in pad.ask("SESSIONS")[:3]] == listed
    assert told(desk.ask(f"SESSIONS REVOKE {listed[0]}"), f"SESSION_ENDED {listed[0]} ")
    assert phone.closed
    assert [line.split()[4] for line in pad.ask("SESSIONS")[:2]] == listed[1:]
    assert told(desk.ask(f"SESSIONS REVOKE {listed[0]}"), "SESSION_UNKNOWN")
    stranger = world.connect("bob", "standard-replies")
    assert told(stranger.ask(f"SESSIONS REVOKE {listed[1]}"), "SESSION_UNKNOWN")
    assert not desk.closed


def test_who_is_logged_in_has_nothing_to_verify(world: World) -> None:
    world.account("ann", "password")
    world.account("bob", "password")
    ann = world.connect("ann", "standard-replies", password="password")
    already = "FAIL VERIFY ALREADY_AUTHENTICATED ann :You are logged in as ann already"
    for name in ("ann", "bob", "nobody"):
        assert told(ann.ask(f"VERIFY {name} aaaa-bbbb"), already)
    early = world.arrive()
    early.send("CAP REQ :sasl standard-replies", "NICK bob", *plain("bob", "password"))
    assert told(early.ask("VERIFY bob aaaa-bbbb"), "FAIL VERIFY ALREADY_AUTHENTICATED bob ")
    guest = world.connect("guest", "standard-replies")
    assert told(guest.ask("VERIFY ann aaaa-bbbb"), "FAIL VERIFY INVALID_CODE ann ")


def test_who_mistypes_the_code_of_its_own_address_is_told_so(world: World) -> None:
    world.account("ann", "password")
    ann = world.connect("ann", "standard-replies", password="password")
    world.submit(ann, entries.SetEmail(ann.session.id, "ann", "a@example.org", "d" * 64))
    assert told(ann.ask("VERIFY ann aaaa-bbbb"), "FAIL VERIFY INVALID_CODE ann ")
    assert told(ann.ask("VERIFY bob aaaa-bbbb"), "ALREADY_AUTHENTICATED")


def test_a_banned_account_does_not_come_in(world: World) -> None:
    world.account("ann", "password")
    ann = world.connect("ann", password="password")
    bob = world.connect("bob")
    assert world.operate(entries.Ban(NO_SESSION, "ann", "spam")) == []
    assert ann.closed
    assert not told(bob.ask("NAMES #lobby"), "ann")
    again = world.arrive()
    again.send(SASL, "NICK ann", "USER a 0 * :A", *plain("ann", "password"), "CAP END")
    assert again.closed
    guest = world.connect("guest", "sasl", host="elsewhere.test")
    assert codes(guest.ask(*plain("ann", "password"))) == ["AUTHENTICATE", "904"]


# -- who may register, and who may come in ------------------------------------------------


@pytest.mark.parametrize("connected", [True, False])
def test_where_registering_is_closed_nobody_registers_but_the_operator_makes_accounts(
    connected: bool,
) -> None:
    world = ruled(registration="closed")
    ann = world.connect("ann", "standard-replies") if connected else world.arrive()
    ann.send("CAP REQ standard-replies", "NICK ann")
    assert told(ann.ask("REGISTER * * hunter2hunter2"), "FAIL REGISTER TEMPORARILY_UNAVAILABLE")
    assert world.state.account_named("ann") is None
    world.account("bob")
    assert world.state.account_named("bob") is not None


def test_registering_by_invitation_takes_the_invite() -> None:
    world = ruled(registration="invite", guests="yes")
    ann, bob = world.arrive(invite="come-in"), world.arrive(invite="come-in")
    for person, lines in ((ann, []), (bob, ["PASS come-in"])):
        person.send("CAP REQ standard-replies", *lines)
    ann.send("NICK ann", "USER a 0 * :A", "CAP END")
    bob.send("NICK bob", "USER b 0 * :B", "CAP END")
    assert ann.session.phase is bob.session.phase is Phase.REGISTERED
    assert told(ann.ask("REGISTER * * hunter2hunter2"), "FAIL REGISTER TEMPORARILY_UNAVAILABLE")
    assert told(bob.ask("REGISTER * * hunter2hunter2"), "REGISTER SUCCESS bob")


def test_where_there_are_no_guests_only_accounts_come_in() -> None:
    world = ruled(guests="no")
    world.account("ann")
    guest = world.arrive()
    lines = guest.ask("NICK guest", "USER g 0 * :G")
    assert codes(lines) == ["464", ":Closing"]
    assert guest.closed
    assert world.connect("ann", password="password").session.nick == "ann"
    new = world.arrive()
    new.send("CAP REQ sasl", "NICK bob", "USER b 0 * :B", "REGISTER * * hunter2hunter2", "CAP END")
    assert new.session.nick == "bob"
