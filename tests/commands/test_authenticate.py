"""Logging in before registration: SASL PLAIN and SCRAM-SHA-256, and PASS for old clients."""

from __future__ import annotations

import base64
import hashlib
import hmac

import pytest

from hubbub.edge.session import Phase
from tests.commands.replies import SASL, b64, codes, plain, ruled, told
from tests.credentials import NONCE, ROUNDS, SALT
from tests.world import Person, World


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


def test_pass_logs_old_clients_in(world: World) -> None:
    world.account("ann", "password")
    person = world.arrive()
    assert codes(person.ask("PASS ann:wrong")) == ["464"]
    assert codes(person.ask("PASS ann:password")) == ["900"]
    assert told(person.ask("NICK x", "USER x 0 * :X"), " 001 ann ")
