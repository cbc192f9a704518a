"""Client certificates as they are spoken: ACCOUNT CERT, SASL EXTERNAL and WHOIS."""

from __future__ import annotations

import base64

import pytest
from msgspec import structs

from hubbub.core.tables import dump
from hubbub.edge.credentials import NOT_CERTIFIED
from tests.commands.replies import codes, told
from tests.world import RULES, Person, World

ONE, OTHER = "ab" * 32, "cd" * 32
FAILED = f":hub.test 904 * :SASL authentication failed: {NOT_CERTIFIED}"


def shows(world: World, fingerprint: str) -> Person:
    """A connection whose client showed a certificate in the handshake."""
    person = world.arrive(secure=True)
    person.session.fingerprint = fingerprint
    return person


def logged_in(world: World, name: str, fingerprint: str = "") -> Person:
    """Somebody logged in by password, on a connection with that certificate."""
    person = shows(world, fingerprint)
    response = base64.b64encode(f"\0{name}\0password".encode()).decode()
    person.send("CAP REQ :sasl standard-replies", "AUTHENTICATE PLAIN", f"AUTHENTICATE {response}")
    person.send(f"NICK {name}", f"USER {name} 0 * :X", "CAP END")
    person.heard()
    return person


def external(person: Person, authzid: str = "+") -> list[str]:
    """What comes of an exchange, without the challenge."""
    person.send("CAP REQ sasl")
    begun, *rest = person.ask("AUTHENTICATE EXTERNAL", f"AUTHENTICATE {authzid}")
    assert begun == ":hub.test AUTHENTICATE +"
    return rest


@pytest.fixture
def ann(world: World) -> Person:
    """Ann, whose account ONE logs in to."""
    world.account("Ann")
    world.account("bob")
    person = logged_in(world, "Ann", ONE)
    assert person.ask("ACCOUNT CERT ADD") == [
        f":hub.test NOTE ACCOUNT CERT_ADDED {ONE} :This certificate logs in to your account now"
    ]
    return person


# -- EXTERNAL -----------------------------------------------------------------------------


@pytest.mark.parametrize("authzid", ["+", base64.b64encode(b"aNN").decode()])
def test_a_certificate_logs_in(world: World, ann: Person, authzid: str) -> None:
    person = shows(world, ONE)
    person.send("CAP REQ sasl", "NICK somebody", "USER a 0 * :A")
    assert external(person, authzid) == [
        ":hub.test 900 * somebody!~a@host.test Ann :You are now logged in as Ann",
        ":hub.test 903 * :SASL authentication successful",
    ]
    assert told(person.ask("CAP END"), " 001 Ann ")


def test_who_is_registered_logs_in_by_it_too(world: World, ann: Person) -> None:
    person = shows(world, ONE)
    person.send("NICK guest", "USER g 0 * :G")
    assert codes(external(person))[-2:] == ["900", "903"]
    assert person.session.nick == "Ann"


def test_who_it_doesnt_log_in_is_answered_alike(world: World, ann: Person) -> None:
    name = base64.b64encode(b"bob").decode()
    nobody = base64.b64encode(b"nobody").decode()
    assert external(shows(world, OTHER)) == [FAILED]
    assert external(shows(world, OTHER), name) == [FAILED]
    assert external(shows(world, ONE), name) == [FAILED]
    assert external(shows(world, ONE), nobody) == [FAILED]


def test_it_logs_in_after_a_restart(world: World, ann: Person) -> None:
    before = sorted(dump(world.state))
    world.restart()
    kept = [row for row in before if row[0] == "certificates"]
    assert [row for row in dump(world.state) if row[0] == "certificates"] == kept != []
    assert codes(external(shows(world, ONE))) == ["900", "903"]


@pytest.mark.parametrize("response", ["***", "/w==", base64.b64encode(b"a\0b").decode()])
def test_a_response_that_means_nothing_fails(world: World, ann: Person, response: str) -> None:
    assert codes(external(shows(world, ONE), response)) == ["904"]


def test_by_itself_a_certificate_logs_nobody_in(world: World, ann: Person) -> None:
    person = shows(world, ONE)
    person.send("NICK guest", "USER g 0 * :G")
    assert person.session.nick == "guest"
    assert told(ann.ask("WHOIS guest"), " 311 ")
    assert not told(ann.ask("WHOIS guest"), " 330 ")


def test_it_is_offered_to_who_has_shown_one_only(world: World) -> None:
    bare, person = world.arrive(secure=True), shows(world, ONE)
    assert "sasl=PLAIN,SCRAM-SHA-256 " in " ".join(bare.ask("CAP LS 302")) + " "
    assert "sasl=PLAIN,SCRAM-SHA-256,EXTERNAL " in " ".join(person.ask("CAP LS 302")) + " "
    for one, offered in ((bare, "PLAIN,SCRAM-SHA-256"), (person, "PLAIN,SCRAM-SHA-256,EXTERNAL")):
        one.send("CAP REQ sasl")
        assert one.ask("AUTHENTICATE KERBEROS")[0] == (
            f":hub.test 908 * {offered} :are available SASL mechanisms"
        )
    assert codes(bare.ask("AUTHENTICATE EXTERNAL")) == ["908", "904"]


def test_a_gateways_certificate_isnt_its_visitors(world: World, ann: Person) -> None:
    person = shows(world, ONE)
    assert person.session.registration is not None
    person.session.registration.gateway = "secret"
    person.send("WEBIRC secret gate host.example.org 192.0.2.1 :secure", "CAP REQ sasl")
    assert codes(person.ask("AUTHENTICATE EXTERNAL")) == ["908", "904"]


# -- ACCOUNT CERT -------------------------------------------------------------------------


def test_certificates_are_listed_to_their_owner(world: World, ann: Person) -> None:
    colons = ":".join([OTHER[at : at + 2].upper() for at in range(0, 64, 2)])
    assert codes(ann.ask(f"ACCOUNT CERT ADD {colons}")) == ["NOTE"]
    assert ann.ask("ACCOUNT CERT LIST") == [
        f":hub.test NOTE ACCOUNT CERT {ONE} :added 2023-11-14, this connection's",
        f":hub.test NOTE ACCOUNT CERT {OTHER} :added 2023-11-14",
        ":hub.test NOTE ACCOUNT CERTS_END 2 :End of certificates",
    ]
    bob = logged_in(world, "bob")
    assert bob.ask("ACCOUNT CERT LIST") == [
        ":hub.test NOTE ACCOUNT CERTS_END 0 :End of certificates"
    ]


def test_all_devices_are_told(world: World, ann: Person) -> None:
    phone = logged_in(world, "Ann")
    ann.send(f"ACCOUNT CERT ADD {OTHER}")
    assert told(phone.heard(), "CERT_ADDED", OTHER)


def test_one_that_was_taken_away_logs_in_no_more(world: World, ann: Person) -> None:
    assert ann.ask(f"ACCOUNT CERT DEL {ONE}") == [
        f":hub.test NOTE ACCOUNT CERT_REMOVED {ONE} :This certificate logs in no more"
    ]
    assert external(shows(world, ONE)) == [FAILED]
    assert told(ann.ask(f"ACCOUNT CERT DEL {ONE}"), "FAIL ACCOUNT CERT_UNKNOWN")


def test_nobody_takes_away_anothers(world: World, ann: Person) -> None:
    world.account("root", role="admin")
    for name in ("bob", "root"):
        person = logged_in(world, name)
        assert told(person.ask(f"ACCOUNT CERT DEL {ONE}"), "FAIL ACCOUNT CERT_UNKNOWN")
    assert codes(external(shows(world, ONE))) == ["900", "903"]


def test_a_fingerprint_that_was_only_typed_is_not_taken_from_another(
    world: World, ann: Person
) -> None:
    bob = logged_in(world, "bob")
    assert told(bob.ask(f"ACCOUNT CERT ADD {ONE}"), "FAIL ACCOUNT CERT_TAKEN", ONE)
    assert told(external(shows(world, ONE)), " 900 ", " Ann ")


def test_who_holds_it_has_it_before_who_has_typed_it(world: World, ann: Person) -> None:
    assert codes(ann.ask(f"ACCOUNT CERT ADD {OTHER}")) == ["NOTE"]
    bob = logged_in(world, "bob", OTHER)
    assert told(bob.ask(f"ACCOUNT CERT ADD {OTHER}"), "CERT_ADDED", OTHER)
    assert told(ann.heard(), "CERT_REMOVED", OTHER)
    assert told(external(shows(world, OTHER)), " 900 ", " bob ")
    assert told(ann.ask("ACCOUNT CERT LIST"), "CERTS_END 1")


@pytest.mark.parametrize(
    ("line", "code"),
    [
        ("ACCOUNT CERT ADD", "NO_CERT"),
        ("ACCOUNT CERT ADD abcd", "INVALID_FINGERPRINT"),
        ("ACCOUNT CERT ADD " + "xy" * 32, "INVALID_FINGERPRINT"),
        ("ACCOUNT CERT DEL", "INVALID_FINGERPRINT"),
        ("ACCOUNT CERT SHOW", "INVALID_PARAMS"),
        (f"ACCOUNT CERT ADD {ONE}", "CERT_EXISTS"),
    ],
)
def test_what_cant_be_done_is_said(world: World, ann: Person, line: str, code: str) -> None:
    assert told(logged_in(world, "Ann").ask(line), f"FAIL ACCOUNT {code} ")


def test_guests_have_none(world: World) -> None:
    guest = shows(world, ONE)
    guest.send("CAP REQ standard-replies", "NICK guest", "USER g 0 * :G", "CAP END")
    assert told(guest.ask("ACCOUNT CERT ADD"), "FAIL ACCOUNT ACCOUNT_REQUIRED")
    assert told(guest.ask("ACCOUNT CERT LIST"), "CERTS_END 0")


def test_an_account_has_a_few() -> None:
    world = World(structs.replace(RULES, certificates=1))
    world.account("ann")
    ann = logged_in(world, "ann", ONE)
    assert told(ann.ask("ACCOUNT CERT ADD"), "CERT_ADDED")
    assert told(ann.ask(f"ACCOUNT CERT ADD {OTHER}"), "FAIL ACCOUNT TOO_MANY_CERTS")
    ann.send(f"ACCOUNT CERT DEL {ONE}")
    assert told(ann.ask(f"ACCOUNT CERT ADD {OTHER}"), "CERT_ADDED")


# -- WHOIS --------------------------------------------------------------------------------


def test_whois_tells_a_certificate_to_its_holder_and_moderators_only(world: World) -> None:
    world.account("mod", role="moderator")
    world.account("ann")
    world.account("bob")
    people = {name: logged_in(world, name, ONE * (name == "ann")) for name in ("ann", "mod", "bob")}
    line = f":hub.test 276 {{}} ann :has client certificate fingerprint {ONE}"
    assert line.format("ann") in people["ann"].ask("WHOIS ann")
    assert line.format("mod") in people["mod"].ask("WHOIS ann")
    assert not told(people["bob"].ask("WHOIS ann"), " 276 ")
    assert not told(people["mod"].ask("WHOIS bob"), " 276 ")
