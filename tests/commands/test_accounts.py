"""Accounts over the wire: logging in, registering, many devices, staying a member."""

from __future__ import annotations

import base64
import hashlib
import hmac

import msgspec
import pytest

from hubbub.core import entries
from hubbub.core.ids import NO_SESSION
from hubbub.edge.session import Phase
from tests.credentials import NONCE, ROUNDS, SALT
from tests.world import RULES, Person, World

SASL = "CAP REQ sasl"


def b64(text: str) -> str:
    return base64.b64encode(text.encode()).decode()


def plain(name: str, password: str) -> tuple[str, str]:
    return "AUTHENTICATE PLAIN", f"AUTHENTICATE {b64(f'{chr(0)}{name}{chr(0)}{password}')}"


def told(lines: list[str], *words: str) -> bool:
    return any(all(word in line for word in words) for line in lines)


def codes(lines: list[str]) -> list[str]:
    return [line.split(" ")[1] for line in lines]


# -- logging in before registration -------------------------------------------------------


def test_plain_logs_in_and_the_name_is_the_account(world: World) -> None:
    world.account("Ann", "password")
    person = world.arrive()
    person.send(SASL, "NICK somebody", "USER a 0 * :A")
    assert person.ask("AUTHENTICATE PLAIN") == [":hub.test AUTHENTICATE +"]
    assert person.ask(plain("ann", "password")[1]) == [
        ":hub.test 900 * somebody!~a@host.test Ann :You are now logged in as Ann",
        ":hub.test 903 * :SASL authentication successful",
    ]
    lines = person.ask("CAP END")
    assert lines[0] == ":hub.test 001 Ann :Welcome to Test, Ann!~a@host.test"
    assert person.session.nick == "Ann"


@pytest.mark.parametrize("name", ["ann", "nobody"])
def test_a_wrong_password_and_an_unknown_name_are_answered_alike(world: World, name: str) -> None:
    world.account("ann", "password")
    person = world.arrive()
    person.send(SASL)
    assert person.ask(*plain(name, "wrong")) == [
        ":hub.test AUTHENTICATE +",
        ":hub.test 904 * :SASL authentication failed: The account or the password is wrong",
    ]


def test_after_a_failure_it_can_be_tried_again(world: World) -> None:
    world.account("ann", "password")
    person = world.arrive()
    person.send(SASL)
    person.send(*plain("ann", "wrong"))
    assert codes(person.ask(*plain("ann", "password"))) == ["AUTHENTICATE", "900", "903"]


def test_an_exchange_can_be_given_up(world: World) -> None:
    person = world.arrive()
    person.send(SASL)
    assert person.ask("AUTHENTICATE PLAIN", "AUTHENTICATE *")[1:] == [
        ":hub.test 906 * :SASL authentication aborted"
    ]


def test_registration_that_completes_first_aborts_the_exchange(world: World) -> None:
    person = world.arrive()
    person.send(SASL, "NICK ann", "USER a 0 * :A", "AUTHENTICATE PLAIN")
    lines = person.ask("CAP END")
    assert lines[0] == ":hub.test 906 * :SASL authentication aborted"
    assert person.session.phase is Phase.REGISTERED


def test_an_unknown_mechanism_is_answered_with_those_there_are(world: World) -> None:
    person = world.arrive()
    person.send(SASL)
    assert person.ask("AUTHENTICATE KERBEROS") == [
        ":hub.test 908 * PLAIN,SCRAM-SHA-256 :are available SASL mechanisms",
        ":hub.test 904 * :SASL authentication failed",
    ]


def test_without_the_capability_there_is_no_exchange(world: World) -> None:
    assert codes(world.arrive().ask("AUTHENTICATE PLAIN")) == ["904"]


def test_a_response_that_is_too_long_ends_the_exchange(world: World) -> None:
    person = world.arrive()
    person.send(SASL, "AUTHENTICATE PLAIN")
    assert codes(person.ask("AUTHENTICATE " + "A" * 401)) == ["905"]
    person.send("AUTHENTICATE PLAIN")
    assert codes(person.ask(*["AUTHENTICATE " + "A" * 400] * 11))[:1] == ["905"]


@pytest.mark.parametrize("response", ["***", b64("ann\0ann"), b64("bob\0ann\0password"), "/w=="])
def test_a_response_that_means_nothing_fails(world: World, response: str) -> None:
    world.account("ann", "password")
    person = world.arrive()
    person.send(SASL, "AUTHENTICATE PLAIN")
    assert codes(person.ask(f"AUTHENTICATE {response}")) == ["904"]


def test_a_long_response_comes_in_chunks(world: World) -> None:
    password = "p" * 299
    world.account("ann", password)
    person = world.arrive()
    person.send(SASL, "AUTHENTICATE PLAIN")
    whole = b64("ann\0ann\0" + password)
    chunks = [whole[start : start + 400] for start in range(0, len(whole), 400)]
    assert codes(person.ask(*(f"AUTHENTICATE {chunk}" for chunk in chunks))) == ["900", "903"]


def test_a_last_chunk_that_is_full_is_followed_by_a_plus(world: World) -> None:
    password = "p" * 295
    whole = b64("\0ann\0" + password)
    assert len(whole) == 400
    world.account("ann", password)
    person = world.arrive()
    person.send(SASL, "AUTHENTICATE PLAIN")
    assert person.ask(f"AUTHENTICATE {whole}") == []
    assert codes(person.ask("AUTHENTICATE +")) == ["900", "903"]


def test_an_account_needs_no_invite() -> None:
    world = ruled(guests="invite")
    world.account("ann", "password")
    person = world.arrive(invite="come-in")
    person.send(SASL, "NICK ann", "USER a 0 * :A", *plain("ann", "password"))
    assert told(person.ask("CAP END"), " 001 ann ")


def test_capabilities_say_what_is_offered(world: World) -> None:
    line = " ".join(world.arrive().ask("CAP LS 302"))
    assert "sasl=PLAIN,SCRAM-SHA-256" in line
    assert "draft/account-registration=before-connect" in line
    assert "sasl=" not in " ".join(world.arrive().ask("CAP LS"))


# -- SCRAM --------------------------------------------------------------------------------


class ScramClient:
    """The client's side of RFC 5802, written from the RFC."""

    def __init__(self, name: str, password: str) -> None:
        self.bare = f"n={name},r=client-nonce"
        self.password = password

    def first(self) -> str:
        return "n,," + self.bare

    def final(self, challenge: str) -> str:
        nonce = challenge.split(",", maxsplit=1)[0]
        salted = hashlib.pbkdf2_hmac("sha256", self.password.encode(), SALT, ROUNDS)
        key = hmac.digest(salted, b"Client Key", "sha256")
        unproven = f"c=biws,{nonce}"
        self.message = f"{self.bare},{challenge},{unproven}".encode()
        signature = hmac.digest(hashlib.sha256(key).digest(), self.message, "sha256")
        self.server_key = hmac.digest(salted, b"Server Key", "sha256")
        proof = bytes(a ^ b for a, b in zip(key, signature, strict=True))
        return f"{unproven},p={base64.b64encode(proof).decode()}"

    def conclusion(self) -> str:
        signature = hmac.digest(self.server_key, self.message, "sha256")
        return f"v={base64.b64encode(signature).decode()}"


def challenge_in(line: str) -> str:
    return base64.b64decode(line.rpartition(" ")[2]).decode()


def scram(person: Person, client: ScramClient) -> list[str]:
    person.send("AUTHENTICATE SCRAM-SHA-256")
    (line,) = person.ask(f"AUTHENTICATE {b64(client.first())}")
    challenge = challenge_in(line)
    salt = base64.b64encode(SALT).decode()
    assert challenge == f"r=client-nonce{NONCE},s={salt},i={ROUNDS}"
    return person.ask(f"AUTHENTICATE {b64(client.final(challenge))}")


def test_scram_logs_in_and_proves_the_server(world: World) -> None:
    world.account("ann", "password")
    person = world.arrive()
    person.send(SASL)
    client = ScramClient("ann", "password")
    (line,) = scram(person, client)
    assert challenge_in(line) == client.conclusion()
    assert codes(person.ask("AUTHENTICATE +")) == ["900", "903"]
    assert person.session.registration is not None
    assert person.session.registration.account


@pytest.mark.parametrize("name", ["ann", "nobody"])
def test_scram_fails_alike_for_unknown_names(world: World, name: str) -> None:
    world.account("ann", "password")
    person = world.arrive()
    person.send(SASL)
    (line,) = scram(person, ScramClient(name, "wrong"))
    assert line == (
        ":hub.test 904 * :SASL authentication failed: The account or the password is wrong"
    )


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


# -- many devices -------------------------------------------------------------------------


def test_each_device_sees_what_the_others_send(world: World) -> None:
    world.account("ann", "password")
    phone = world.connect("ann", password="password")
    desk = world.connect("ann", "echo-message", password="password")
    bob = world.connect("bob")
    phone.send("PRIVMSG #lobby :from the phone")
    assert desk.heard() == bob.heard() == [":ann!~ann@host.test PRIVMSG #lobby :from the phone"]
    assert phone.heard() == []
    phone.send("PRIVMSG bob :psst")
    assert desk.heard() == [":ann!~ann@host.test PRIVMSG bob psst"]
    bob.send("PRIVMSG ann :what?")
    assert phone.heard() == desk.heard() == [":bob!~bob@host.test PRIVMSG ann what?"]


def test_a_second_device_is_shown_the_rooms(world: World) -> None:
    world.account("ann", "password")
    phone = world.connect("ann", password="password")
    phone.send("JOIN #den", "TOPIC #den :Bears")
    bob = world.connect("bob")
    desk = world.arrive()
    desk.send(SASL, "NICK ann", "USER ann 0 * :A", *plain("ann", "password"))
    lines = desk.ask("CAP END")
    assert [line for line in lines if " JOIN " in line] == [
        ":ann!~ann@host.test JOIN #lobby",
        ":ann!~ann@host.test JOIN #den",
    ]
    assert told(lines, " 332 ann #den Bears")
    assert told(lines, " 353 ann = #den @ann")
    assert bob.heard() == [], "nobody else notices"


def test_one_device_leaves_and_the_other_stays(world: World) -> None:
    world.account("ann", "password")
    phone = world.connect("ann", password="password")
    desk = world.connect("ann", password="password")
    bob = world.connect("bob", "away-notify")
    phone.send("QUIT")
    assert bob.heard() == desk.heard() == []
    assert bob.ask("PRIVMSG ann hi") == []
    assert told(desk.heard(), "PRIVMSG ann hi")


# -- members stay -------------------------------------------------------------------------


def test_who_disconnects_stays_a_member_and_is_away(world: World) -> None:
    world.account("ann", "password")
    ann = world.connect("ann", password="password")
    bob = world.connect("bob", "away-notify")
    ann.lose()
    (line,) = bob.heard()
    assert line.startswith(":ann!~ann@host.test AWAY :Offline since 20")
    assert told(bob.ask("NAMES #lobby"), "ann bob")
    assert told(bob.ask("WHOIS ann"), " 301 bob ann :Offline since ")
    assert told(bob.ask("WHO #lobby"), " ann G ")
    assert told(bob.ask("LUSERS"), "There are 1 users and 0 invisible")


def test_who_comes_back_is_no_longer_away_and_was_never_gone(world: World) -> None:
    world.account("ann", "password")
    world.connect("ann", password="password").lose()
    bob = world.connect("bob", "away-notify")
    again = world.connect("ann", password="password")
    assert not told(bob.ask("WHOIS ann"), " 301 ")
    assert told(again.ask("NAMES #lobby"), "ann bob")


def test_back_is_shown_to_those_who_watch(world: World) -> None:
    world.account("ann", "password")
    world.connect("ann", password="password").lose()
    bob = world.connect("bob", "away-notify")
    person = world.arrive()
    person.send(SASL, "NICK ann", "USER ann 0 * :Ann Example", *plain("ann", "password"))
    bob.heard()
    person.send("CAP END")
    assert bob.heard() == [":ann!~ann@host.test AWAY"]


def test_a_message_waits_for_who_is_offline(world: World) -> None:
    world.account("ann", "password")
    world.connect("ann", password="password").lose()
    bob = world.connect("bob")
    (line,) = bob.ask("PRIVMSG ann :see you")
    assert line.startswith(":hub.test 301 bob ann :Offline since ")
    ann = world.connect("ann", "draft/chathistory batch", password="password")
    lines = ann.ask("CHATHISTORY LATEST bob * 10")
    assert told(lines, ":bob!~bob@host.test PRIVMSG ann :see you")


def test_membership_outlives_a_restart(world: World) -> None:
    world.account("ann", "password")
    ann = world.connect("ann", password="password")
    ann.send("JOIN #den")
    world.restart()
    bob = world.connect("bob")
    assert told(bob.ask("WHOIS ann"), " 319 bob ann :#lobby @#den")


def test_who_is_kicked_while_offline_is_out(world: World) -> None:
    world.account("ann", "password")
    ann = world.connect("ann", password="password")
    bob = world.connect("bob")
    bob.send("JOIN #den")
    ann.send("JOIN #den")
    ann.lose()
    bob.send("KICK #den ann")
    again = world.arrive()
    again.send(SASL, "NICK ann", "USER ann 0 * :A", *plain("ann", "password"))
    assert not told(again.ask("CAP END"), " JOIN #den")


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


# -- roles --------------------------------------------------------------------------------


def test_a_moderator_is_shown_as_an_operator(world: World) -> None:
    world.account("mod", "password", role="moderator")
    mod = world.connect("mod", password="password")
    bob = world.connect("bob")
    assert told(bob.ask("WHOIS mod"), " 313 bob mod :is an IRC operator")
    assert told(bob.ask("WHO mod"), " mod H* ")
    assert mod.ask("MODE mod") == [":hub.test 221 mod +o"]
    assert codes(mod.ask("OPER me please")) == ["381"]
    assert codes(bob.ask("OPER me please")) == ["491"]


def test_a_role_comes_and_goes_while_connected(world: World) -> None:
    world.account("ann", "password")
    ann = world.connect("ann", password="password")
    assert world.operate(entries.SetRole(NO_SESSION, "ann", "admin")) == []
    assert ann.heard() == [":hub.test MODE ann +o"]
    assert world.operate(entries.SetRole(NO_SESSION, "ann", "member")) == []
    assert ann.heard() == [":hub.test MODE ann -o"]


def test_moderators_kick_and_set_modes_in_public_rooms(world: World) -> None:
    world.account("mod", "password", role="moderator")
    mod, bob = world.connect("mod", password="password"), world.connect("bob")
    eve = world.connect("eve")
    bob.send("JOIN #tea")
    eve.send("JOIN #tea")
    bob.heard()
    assert mod.ask("KICK #tea eve :spam") == [":mod!~mod@host.test KICK #tea eve spam"]
    assert bob.heard() == [":mod!~mod@host.test KICK #tea eve spam"]
    mod.send("MODE #tea +m")
    assert bob.heard() == [":mod!~mod@host.test MODE #tea +m"]
    bob.send("MODE #tea +s")
    assert codes(mod.ask("MODE #tea -m")) == ["442"], "what is private is its members'"


@pytest.mark.parametrize("line", ["KICK #tea bob", "MODE #tea +m", "KILL bob", "WALLOPS :hello"])
def test_others_may_not(world: World, line: str) -> None:
    world.account("ann", "password")
    ann, bob = world.connect("ann", password="password"), world.connect("bob")
    bob.send("JOIN #tea")
    assert codes(ann.ask(line))[0] in ("442", "481", "482")
    assert not bob.closed


def test_kill_puts_somebody_out(world: World) -> None:
    world.account("mod", "password", role="moderator")
    mod, bob = world.connect("mod", password="password"), world.connect("bob")
    mod.send("KILL bob :enough")
    assert bob.closed
    assert told(bob.heard(), "KILL bob")


def test_wallops_reach_those_with_a_role(world: World) -> None:
    world.account("mod", "password", role="moderator")
    world.account("root", "password", role="admin")
    mod, bob = world.connect("mod", password="password"), world.connect("bob")
    root = world.connect("root", password="password")
    mod.send("WALLOPS :look at #tea")
    assert root.heard() == [":mod!~mod@host.test WALLOPS :look at #tea"]
    assert bob.heard() == []


# -- what fingers know --------------------------------------------------------------------


def test_nickserv_identifies(world: World) -> None:
    world.account("ann", "password")
    guest = world.connect("ann_")
    assert told(
        guest.ask("PRIVMSG NickServ :identify ann wrong"),
        ":NickServ!services@hub.test NOTICE ann_ :The account or the password is wrong.",
    )
    lines = guest.ask("PRIVMSG NickServ :identify ann password")
    assert told(lines, " NICK ann")
    assert told(lines, "NOTICE ann :You are now logged in as ann.")


def test_nickserv_registers(world: World) -> None:
    ann = world.connect("ann")
    assert told(ann.ask("NS register hunter2hunter2 ann@example.org"), "REGISTER SUCCESS ann")
    assert told(ann.ask("NS register again-and-again"), "ALREADY_AUTHENTICATED")


def test_services_help_and_are_nobody(world: World) -> None:
    ann = world.connect("ann")
    assert told(ann.ask("PRIVMSG NickServ :what?"), "IDENTIFY [name] <password>")
    for line in ("CS sing #tea ann", "CHANSERV help", "PRIVMSG ChanServ :hi"):
        assert told(ann.ask(line), ":ChanServ!services@hub.test NOTICE ann ")
    assert told(ann.ask("NICKSERV ghost ann"), "Not needed")
    assert codes(ann.ask("NICK NickServ")) == ["432"]
    assert ann.ask("NOTICE NickServ :identify ann password") == []


def test_pass_logs_old_clients_in(world: World) -> None:
    world.account("ann", "password")
    person = world.arrive()
    assert codes(person.ask("PASS ann:wrong")) == ["464"]
    assert codes(person.ask("PASS ann:password")) == ["900"]
    assert told(person.ask("NICK x", "USER x 0 * :X"), " 001 ann ")


def test_a_room_that_one_device_enters_is_shown_to_the_others(world: World) -> None:
    world.account("ann", "password")
    bob = world.connect("bob")
    bob.send("JOIN #den", "TOPIC #den :Bears")
    phone = world.connect("ann", password="password")
    desk = world.connect("ann", password="password")
    phone.send("JOIN #den")
    lines = desk.heard()
    assert lines[0] == ":ann!~ann@host.test JOIN #den"
    assert told(lines, " 332 ann #den Bears")
    assert told(lines, " 353 ann = #den :@bob ann")
    assert told(lines, " 366 ann #den ")
    desk.send("PART #den")
    assert phone.ask("PRIVMSG #den :hm") == [
        ":hub.test 404 ann #den :Cannot send to channel",
    ]


# -- who may register, and who may come in ------------------------------------------------


def ruled(**rules: str) -> World:
    return World(msgspec.structs.replace(RULES, **rules))


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
