"""Invites that people make: who may, whom they let in, how often, and how they end."""

from __future__ import annotations

import msgspec
import pytest

from hubbub.edge.codes import SHAPE
from hubbub.edge.session import Phase
from tests.commands.replies import codes, told
from tests.world import RULES, Person, World

DEVICE = "a-device-of-somebody-else-{}"
DAY = 24 * 3_600_000


def by_invitation(**rules: object) -> tuple[World, Person]:
    """A server whose guests need an invite, and a moderator."""
    world = World(msgspec.structs.replace(RULES, **{"guests": "invite", **rules}))
    world.account("mod", role="moderator")
    return world, world.connect("mod", "standard-replies", password="password")


def invite(person: Person, words: str = "") -> str:
    (line,) = person.ask(f"INVITELINK {words}".strip())
    found = SHAPE.search(line)
    assert found is not None, line
    return found[0]


def comes(world: World, nick: str, code: str, device: str = "") -> Person:
    """Somebody tries to come in."""
    person = world.arrive(invite="the-servers-own")
    person.send("CAP REQ :standard-replies", f"PASS {code}")
    if device:
        person.send(f"DEVICE {device}")
    person.send(f"NICK {nick}", f"USER {nick} 0 * :X", "CAP END")
    return person


def is_in(person: Person) -> bool:
    return person.session.phase is Phase.REGISTERED


def test_an_invite_lets_in_as_many_as_it_is_for() -> None:
    world, mod = by_invitation()
    code = invite(mod, "2 3")
    assert is_in(comes(world, "ann", code))
    assert is_in(comes(world, "bob", code.upper()))
    cat = comes(world, "cat", code)
    assert not is_in(cat)
    lines = cat.heard()
    assert told(lines, " 464 ", "Your invite is over")
    assert not is_in(comes(world, "dan", "aaaa-aaaa-aaaa-aaaa-aaaa"))
    assert is_in(comes(world, "eve", "the-servers-own"))


def test_a_device_that_comes_back_spends_nothing() -> None:
    world, mod = by_invitation()
    code = invite(mod)
    for _ in range(3):
        ann = comes(world, "ann", code, DEVICE.format(1))
        assert is_in(ann)
        ann.lose()
    assert not is_in(comes(world, "bob", code, DEVICE.format(2)))


def test_an_invite_ends_with_its_time_and_outlives_a_restart() -> None:
    world, mod = by_invitation()
    code = invite(mod, "5 1")
    world.restart()
    assert is_in(comes(world, "ann", code, DEVICE.format(1)))
    world.restart()
    assert is_in(comes(world, "ann", code, DEVICE.format(1)))
    world.pass_time(DAY)
    assert not is_in(comes(world, "ann", code, DEVICE.format(1)))


def test_invites_are_listed_to_who_made_them_and_to_moderators() -> None:
    world, mod = by_invitation(inviters="member")
    world.account("ann")
    ann = world.connect("ann", "standard-replies", password="password")
    invite(mod), invite(ann, "3")
    assert codes(mod.ask("INVITELINK LIST")) == ["NOTE"] * 3
    one, end = ann.ask("INVITELINK LIST")
    assert one.startswith(":hub.test NOTE INVITELINK INVITE 2 :3 more people until ")
    assert one.endswith(", by ann")
    assert end == ":hub.test NOTE INVITELINK END_OF_INVITES 1 :End of invites"
    assert not any(SHAPE.search(line) for line in mod.ask("INVITELINK LIST"))


def test_an_invite_is_ended_by_its_maker_or_a_moderator_and_nobody_else() -> None:
    world, mod = by_invitation(inviters="member")
    for name in ("ann", "bob"):
        world.account(name)
    ann = world.connect("ann", "standard-replies", password="password")
    bob = world.connect("bob", "standard-replies", password="password")
    code, _ = invite(ann), invite(ann)
    comes(world, "guest", code, DEVICE.format(1)).lose()
    assert told(bob.ask("INVITELINK REVOKE 1"), "FAIL INVITELINK INVITE_UNKNOWN 1")
    assert told(ann.ask("INVITELINK REVOKE 1"), "NOTE INVITELINK REVOKED 1")
    assert not is_in(comes(world, "guest", code, DEVICE.format(1)))
    assert told(mod.ask("INVITELINK REVOKE 2"), "NOTE INVITELINK REVOKED 2")
    assert told(mod.ask("INVITELINK REVOKE 2"), "FAIL INVITELINK INVITE_UNKNOWN 2")


@pytest.mark.parametrize(
    ("inviters", "role", "may"),
    [
        ("moderator", "guest", False),
        ("moderator", "member", False),
        ("moderator", "moderator", True),
        ("member", "member", True),
        ("member", "guest", False),
        ("admin", "moderator", False),
        ("admin", "admin", True),
    ],
)
def test_who_may_make_one(inviters: str, role: str, may: bool) -> None:
    world = World(msgspec.structs.replace(RULES, inviters=inviters))
    if role != "guest":
        world.account("ann", role=role)
    password = "" if role == "guest" else "password"
    ann = world.connect("ann", "standard-replies", password=password)
    lines = ann.ask("INVITELINK")
    assert codes(lines) == (["NOTE"] if may else ["481"])
    assert bool(SHAPE.search(lines[0])) is may


@pytest.mark.parametrize("words", ["0", "1001", "1 0", "1 366", "many", "-1", "REVOKE x", "REVOKE"])
def test_what_cannot_be_is_refused(words: str) -> None:
    _, mod = by_invitation()
    assert told(mod.ask(f"INVITELINK {words}"), "FAIL INVITELINK INVALID_PARAMS")


def test_invites_are_bounded() -> None:
    _, mod = by_invitation(invites=1)
    invite(mod)
    assert told(mod.ask("INVITELINK"), "FAIL INVITELINK TOO_MANY_INVITES")


def test_registering_by_invitation_takes_one_of_somebodys() -> None:
    world, mod = by_invitation(guests="yes", registration="invite")
    code = invite(mod)
    ann, bob, cat = (comes(world, name, code) for name in ("ann", "bob", "cat"))
    assert is_in(ann)
    assert told(ann.ask("REGISTER * * hunter2hunter2"), "REGISTER SUCCESS ann")
    assert told(bob.ask("REGISTER * * hunter2hunter2"), "FAIL REGISTER TEMPORARILY_UNAVAILABLE")
    mod.send("INVITELINK REVOKE 1")
    assert told(cat.ask("REGISTER * * hunter2hunter2"), "FAIL REGISTER TEMPORARILY_UNAVAILABLE")


def test_who_was_let_in_registers_by_the_same_invite() -> None:
    world, mod = by_invitation(registration="invite")
    code = invite(mod)
    ann = comes(world, "ann", code, DEVICE.format(1))
    assert told(ann.ask("REGISTER * * hunter2hunter2"), "REGISTER SUCCESS ann")
    new = world.arrive(invite="the-servers-own")
    new.send(f"PASS {invite(mod)}", "NICK bob", "USER b 0 * :B", "REGISTER * * hunter2hunter2")
    assert world.state.account_named("bob") is not None
