"""WEBIRC: who may speak for somebody else, and what is believed."""

from __future__ import annotations

import pytest

from hubbub.edge.session import Phase
from tests.world import Person, World

PASSWORD = "hunter22"


def gateway(world: World, *, secure: bool = False, password: str = PASSWORD) -> Person:
    """A connection from a gateway's address."""
    person = world.arrive(host="localhost", secure=secure)
    assert person.session.registration is not None
    person.session.registration.gateway = password
    person.session.sts = "duration=1"
    return person


@pytest.mark.parametrize(
    ("names", "address", "host"),
    [
        ("a.example.org 198.51.100.3", "198.51.100.3", "a.example.org"),
        ("198.51.100.3 198.51.100.3", "198.51.100.3", "198.51.100.3"),
        ("2001:db8::1 2001:db8::1", "2001:db8::1", "2001:db8::1"),
        ("0::1:2 0::1:2", "::1:2", "0::1:2"),
        ("0:0:0:0:0:ffff:c633:6403 ::ffff:198.51.100.3", "198.51.100.3", "198.51.100.3"),
        ("fe80::1 fe80::1%eth0", "fe80::1", "fe80::1"),
        ("localhost 198.51.100.3", "198.51.100.3", "198.51.100.3"),
        ("1.2.3.4 198.51.100.3", "198.51.100.3", "198.51.100.3"),
        ("a!b@c.d 198.51.100.3", "198.51.100.3", "198.51.100.3"),
        (f"{'a.' * 40}org 198.51.100.3", "198.51.100.3", "198.51.100.3"),
        ("a.example.org 127.0.0.1", "127.0.0.1", "localhost"),
    ],
)
def test_the_address_and_the_host_are_taken_on(
    world: World, names: str, address: str, host: str
) -> None:
    ann = gateway(world)
    words = names.split()
    line = f"WEBIRC {PASSWORD} kiwi {words[0]} {words[1]}"
    assert (
        ann.ask(line if not words[1].startswith(":") else f"{line[: -len(words[1])]}:{words[1]}")
        == []
    )
    assert ann.session.address == address
    ann.send("NICK ann", "USER ann 0 * :Ann")
    assert ann.session.phase is Phase.REGISTERED
    assert ann.ask("USERHOST ann") == [f":hub.test 302 ann ann=+~ann@{host}"]


@pytest.mark.parametrize(
    ("secure", "options", "after"),
    [
        (True, " secure", True),
        (True, " :remote-port=1 secure=example local-port=6697", True),
        (True, " :remote-port=1 secured", False),
        (True, "", False),
        (False, " secure", False),
    ],
)
def test_it_is_secure_when_both_ways_are(
    world: World, secure: bool, options: str, after: bool
) -> None:
    ann = gateway(world, secure=secure)
    ann.send(f"WEBIRC {PASSWORD} kiwi 198.51.100.3 198.51.100.3{options}")
    assert ann.session.secure is after
    assert ann.session.sts == ""


@pytest.mark.parametrize(
    ("known", "given"), [(PASSWORD, "wrong"), (PASSWORD, ":"), ("", ":"), ("", PASSWORD)]
)
def test_who_may_not_speak_for_others_is_closed(world: World, known: str, given: str) -> None:
    ann = gateway(world, password=known)
    if given == ":":
        line = "WEBIRC  kiwi a.example.org 198.51.100.3 198.51.100.3"
    else:
        line = f"WEBIRC {given} kiwi a.example.org 198.51.100.3"
    *_, last = ann.ask(line)
    assert last == (
        "ERROR :Closing link: Invalid WEBIRC password, or not from an address that may use it"
    )
    assert ann.closed
    assert ann.session.host == "localhost"


def test_it_can_be_said_once(world: World) -> None:
    ann = gateway(world)
    ann.send(f"WEBIRC {PASSWORD} kiwi 198.51.100.3 198.51.100.3")
    *_, last = ann.ask(f"WEBIRC {PASSWORD} kiwi 198.51.100.4 198.51.100.4")
    assert last.startswith("ERROR :Closing link: Invalid WEBIRC password")


def test_what_is_no_address_closes(world: World) -> None:
    ann = gateway(world)
    assert ann.ask(f"WEBIRC {PASSWORD} kiwi a.example.org 198.51.100") == [
        "ERROR :Closing link: WEBIRC names no IP address"
    ]


def test_after_registration_it_is_too_late(world: World) -> None:
    ann = world.connect("ann")
    [line] = ann.ask(f"WEBIRC {PASSWORD} kiwi 198.51.100.3 198.51.100.3")
    assert line.startswith(":hub.test 462 ann ")


def test_too_few_parameters(world: World) -> None:
    [line] = gateway(world).ask(f"WEBIRC {PASSWORD} kiwi 198.51.100.3")
    assert line.startswith(":hub.test 461 * WEBIRC ")
