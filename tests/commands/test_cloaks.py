"""Who sees where somebody is: cloaks for all, addresses for the person itself and for moderators."""

from __future__ import annotations

import msgspec
import pytest

from hubbub.core import entries
from hubbub.core.ids import NO_SESSION
from hubbub.core.tables import load
from hubbub.irc.cloaks import Cloaks
from tests.world import LOG_ID, RULES, Person, World, stored

CLOAKS = Cloaks(b"secret" * 6)
HOME, NEXT_DOOR, WORK = "203.0.113.9", "203.0.113.10", "198.51.100.3"
CLOAK = CLOAKS.host_of(HOME)
NETWORK = CLOAK.partition(".")[2]


@pytest.fixture
def world() -> World:
    return World(msgspec.structs.replace(RULES, cloaks=True))


def come(
    world: World, nick: str, address: str, capabilities: str = "", password: str = ""
) -> Person:
    host = CLOAKS.host_of(address)
    return world.connect(nick, capabilities, host=host, address=address, password=password)


def actual(lines: list[str]) -> list[str]:
    return [line.split(" ", 3)[3] for line in lines if " 338 " in line]


def test_a_guest_is_seen_as_its_cloak_everywhere(world: World) -> None:
    bob = come(world, "bob", WORK, "userhost-in-names message-tags")
    alice = come(world, "alice", HOME)
    alice.send("PRIVMSG #lobby :hello")
    seen = bob.heard() + bob.ask("WHOIS alice", "WHO alice", "USERHOST alice", "NAMES #lobby")
    seen += bob.ask("WHO alice %ih", f"WHO {HOME}")
    alice.send("QUIT")
    seen += bob.heard() + bob.ask("WHOWAS alice")
    assert any(f":alice!~alice@{CLOAK} PRIVMSG #lobby" in line for line in seen)
    assert not any(HOME in line for line in seen if " 315 " not in line)
    assert f":hub.test 354 bob 255.255.255.255 {CLOAK}" in seen


def test_the_address_is_told_to_oneself_and_to_moderators(world: World) -> None:
    world.account("mod", role="moderator")
    world.account("ann")
    alice, mod = come(world, "alice", HOME), come(world, "mod", WORK, password="password")
    bob, ann = come(world, "bob", WORK), come(world, "ann", WORK, password="password")
    told = [f"alice ~alice@{HOME} {HOME} :Is actually using host"]
    assert actual(alice.ask("WHOIS alice")) == told
    assert actual(mod.ask("WHOIS alice")) == told
    assert actual(bob.ask("WHOIS alice")) == []
    assert actual(ann.ask("WHOIS alice")) == []
    assert f":hub.test 354 mod {HOME}" in mod.ask("WHO alice %i")
    assert any(" 352 mod #lobby ~alice" in line for line in mod.ask(f"WHO {HOME}"))
    assert ":hub.test 354 ann 255.255.255.255" in ann.ask("WHO alice %i")


def test_each_place_of_an_account_is_told_once(world: World) -> None:
    world.account("ann")
    ann = [come(world, "ann", place, password="password") for place in (HOME, WORK, HOME)]
    assert [line.split()[2] for line in actual(ann[0].ask("WHOIS ann"))] == [HOME, WORK]
    ann[1].send("QUIT")
    assert [line.split()[2] for line in actual(ann[0].ask("WHOIS ann"))] == [HOME]


def test_an_account_has_the_same_host_wherever_it_is(world: World) -> None:
    world.account("eve")
    world.account("ann")
    bob = come(world, "bob", WORK, "chghost away-notify")
    come(world, "ann", HOME, password="password").send("QUIT")
    come(world, "ann", WORK, password="password").send("PRIVMSG #lobby :hi")
    heard = bob.ask("WHOIS ann")
    assert ":hub.test 311 bob ann ~ann user/2 * :Ann Example" in heard
    assert CLOAK not in "".join(heard)


def test_registering_changes_the_host_before_all(world: World) -> None:
    bob = come(world, "bob", WORK, "chghost")
    alice = come(world, "alice", HOME)
    alice.send("REGISTER * * password-of-hers")
    assert bob.heard() == [f":alice!~alice@{CLOAK} CHGHOST ~alice user/1"]
    alice.send("PRIVMSG #lobby :still here")
    assert bob.heard() == [":alice!~alice@user/1 PRIVMSG #lobby :still here"]


@pytest.mark.parametrize(
    ("mask", "kept_out"),
    [
        (f"*!*@{CLOAK}", True),
        (f"*!*@*.{NETWORK}", True),
        (f"*!*@*.{NETWORK.partition('.')[2]}", True),
        ("*!*@user/1", True),
        (f"*!*@{HOME}", False),
        ("*!*@203.0.113.*", False),
        (f"*!*@{CLOAKS.host_of(NEXT_DOOR)}", False),
    ],
)
def test_a_rooms_ban_matches_cloaks_and_no_address(world: World, mask: str, kept_out: bool) -> None:
    world.account("ann")
    bob = come(world, "bob", WORK)
    bob.send("JOIN #den", f"MODE #den +b {mask}")
    ann = come(world, "ann", HOME, password="password")
    assert any(" 474 " in line for line in ann.ask("JOIN #den")) == kept_out


def test_a_ban_that_holds_outlives_a_restart(world: World) -> None:
    world.account("ann")
    ann = come(world, "ann", HOME, password="password")
    user = world.state.sessions[ann.session.id].user
    assert user.faces == ("ann!~ann@user/1", f"ann!~ann@{CLOAK}")
    tables = {table: dict(rows) for table, rows in world.tables.items()}
    again = load(LOG_ID, world.rules, stored(tables))
    assert again.users[user.folded].faces == user.faces


@pytest.mark.parametrize("mask", [f"*!*@{HOME}", f"*!*@*.{NETWORK}", "*!*@203.0.113.*", "alice"])
def test_a_moderators_ban_counts_by_address_too(world: World, mask: str) -> None:
    alice = come(world, "alice", HOME)
    assert world.operate(entries.Ban(NO_SESSION, mask, "spam")) == []
    assert alice.closed
    again = world.arrive(host=CLOAK, address=HOME)
    again.send("NICK somebody", "USER x 0 * :X")
    assert any(" 465 " in line for line in again.heard())
    come(world, "bob", WORK)


def test_who_is_banned_by_address_cant_register_from_there(world: World) -> None:
    come(world, "alice", HOME)
    world.operate(entries.Ban(NO_SESSION, "alice", "spam"))
    again = world.arrive(host=CLOAK, address=HOME)
    again.send("NICK eve", "REGISTER * * password-of-hers")
    assert any("TEMPORARILY_UNAVAILABLE" in line for line in again.heard())
    other = world.arrive(host=CLOAKS.host_of(WORK), address=WORK)
    other.send("NICK eve", "REGISTER * * password-of-hers")
    assert any("REGISTER SUCCESS" in line for line in other.heard())


def test_a_gateways_word_for_the_host_isnt_shown(world: World) -> None:
    person = world.arrive(host=CLOAK)
    assert person.session.registration is not None
    person.session.registration.gateway = "hunter22"
    person.send(f"WEBIRC hunter22 kiwi home.example.org {HOME}")
    assert (person.session.host, person.session.address) == (CLOAK, HOME)
