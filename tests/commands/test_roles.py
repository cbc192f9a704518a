"""REHASH: for admins, who are told what came of it."""

from __future__ import annotations

import pytest

from hubbub.edge.errands import Reloaded
from tests import credentials
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
