"""Roles: what they show as and allow (KICK, MODE, KILL, WALLOPS), and REHASH, which is for admins."""

from __future__ import annotations

import pytest

from hubbub.core import entries
from hubbub.core.ids import NO_SESSION
from hubbub.edge.errands import Reloaded
from tests import credentials
from tests.commands.replies import codes, told
from tests.world import Person, World


def somebody(world: World, role: str) -> Person:
    if role == "guest":
        return world.connect("ann", "standard-replies")
    world.account("ann", role=role)
    return world.connect("ann", "standard-replies", password="password")


def test_an_admin_is_told_what_changed_and_what_waits(world: World) -> None:
    assert somebody(world, "admin").ask("REHASH") == [
        ":hub.test 382 ann hubbub.toml Rehashing",
        ":hub.test NOTE REHASH REHASHED :Changed: server.motd",
        ":hub.test WARN REHASH RESTART_NEEDED server.listen"
        " :server.listen takes effect at the next start",
    ]


def test_a_mistake_is_told(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    broken = Reloaded("hubbub.toml", problem="line 3: what is this?")
    monkeypatch.setattr(credentials, "RELOADED", broken)
    assert somebody(world, "admin").ask("REHASH")[1:] == [
        ":hub.test FAIL REHASH CONFIG_BAD :line 3: what is this?"
    ]


@pytest.mark.parametrize("role", ["guest", "member", "moderator"])
def test_nobody_else_may(world: World, role: str) -> None:
    assert somebody(world, role).ask("REHASH") == [
        ":hub.test 481 ann :That takes the role of admin"
    ]


# -- what a role shows as, and what it allows -----------------------------------------------


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
