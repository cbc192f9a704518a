"""EXPORT: all that is one's own, nothing that is another's, page by page."""

from __future__ import annotations

import msgspec
import pytest

from tests.world import RULES, Person, World

CAPS = "batch message-tags server-time standard-replies draft/event-playback hubbub/settings"


@pytest.fixture
def world() -> World:
    return World(msgspec.structs.replace(RULES, history_page=3))


def pages(person: Person) -> list[str]:
    """The lines of all pages, without tags and the frames."""
    lines, ask = [], "EXPORT"
    for _ in range(20):
        heard = [line.partition(" ")[2] if line[0] == "@" else line for line in person.ask(ask)]
        assert "hubbub/export" in heard[0]
        *page, last = heard[1:-1]
        lines += page
        if " EXPORT_END " in last:
            return lines
        ask = f"EXPORT {last.split(' ')[4]}"
    raise AssertionError("it never ends")


def test_everything_of_ones_own_and_nothing_else(world: World) -> None:
    world.account("ann")
    ann = world.connect("ann", CAPS, password="password")
    bob, carol = world.connect("bob", CAPS), world.connect("carol", CAPS)
    ann.send("PRIVMSG #lobby :one", "SETTING ADD word tea", "JOIN #den", "PRIVMSG #den :two")
    bob.send("PRIVMSG #lobby :not hers", "PRIVMSG ann :for her", "PRIVMSG carol :secret")
    ann.send("PRIVMSG bob :back", "TOPIC #den :hers", "PART #den", "PRIVMSG #lobby :last")
    carol.send("JOIN #den", "PRIVMSG #den :not hers either")
    shown = pages(ann)
    said = [line.split(" ", 1)[1] for line in shown if not line.startswith(":hub.test")]
    assert said == [
        "JOIN #lobby",
        "PRIVMSG #lobby one",
        "JOIN #den",
        "PRIVMSG #den two",
        "PRIVMSG ann :for her",
        "PRIVMSG bob back",
        "TOPIC #den hers",
        "PART #den",
        "PRIVMSG #lobby last",
    ]
    notes = [line.split(" ")[3] for line in shown if line.startswith(":hub.test")]
    assert notes == ["USER", "ACCOUNT", "ADDRESS", "SESSION", "MEMBER", "SETTING"]
    assert not any("secret" in line or "not hers" in line for line in shown)


def test_a_guest_has_its_own_too(world: World) -> None:
    bob = world.connect("bob", CAPS)
    bob.send("PRIVMSG #lobby :hello")
    shown = pages(bob)
    assert any("PRIVMSG #lobby hello" in line for line in shown)
    assert not any(" ACCOUNT " in line for line in shown)


def test_what_was_taken_back_or_kept_away_isnt_there(world: World) -> None:
    world.account("ann")
    ann = world.connect("ann", f"{CAPS} echo-message draft/message-redaction", password="password")
    bob = world.connect("bob", CAPS)
    (echo,) = ann.ask("PRIVMSG #lobby :oops")
    ann.send(f"REDACT #lobby {echo.partition('msgid=')[2].partition(' ')[0]}", "BLOCK bob")
    bob.send("PRIVMSG ann :let me in")
    assert not any("oops" in line or "let me in" in line for line in pages(ann))


def test_a_wrong_page_is_refused(world: World) -> None:
    bob = world.connect("bob", CAPS)
    (reply,) = bob.ask("EXPORT nonsense")
    assert reply.startswith(":hub.test FAIL EXPORT INVALID_PARAMS nonsense :That isn't the id")
