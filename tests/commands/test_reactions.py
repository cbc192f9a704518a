"""Reactions and replies: client tags that say something of another message."""

import pytest

from tests.world import Person, World

ALICE = ":alice!~alice@host.test"
BOB = ":bob!~bob@host.test"
REACTION = "+reply=m1;+draft/react=👍"


@pytest.fixture
def alice(world: World) -> Person:
    return world.enter("alice")


@pytest.fixture
def bob(world: World, alice: Person) -> Person:
    return world.enter("bob")


def split(line: str) -> tuple[set[str], str]:
    """A line's tags, but for the batch, and the rest."""
    tags, _, rest = line.removeprefix("@").partition(" ")
    return {tag for tag in tags.split(";") if not tag.startswith("batch=")}, rest


def page(person: Person, target: str = "#room") -> list[tuple[set[str], str]]:
    lines = person.ask(f"CHATHISTORY LATEST {target} * 50")[1:-1]
    return [split(line) for line in lines if " JOIN " not in line]


@pytest.mark.parametrize(
    "tags",
    [
        "+reply=m1;+draft/react=👍",
        "+draft/reply=m1;+draft/react=:)",
        "+reply=m1;+draft/unreact=👍",
        "+reply=m1;+react=👍",
        "+react=👍;+draft/reply=m1",
    ],
)
def test_a_reaction_is_kept_as_it_was_shown(alice: Person, bob: Person, tags: str) -> None:
    alice.heard()
    (echo,) = bob.ask(f"@{tags} TAGMSG #room")
    (line,) = alice.heard()
    shown, rest = split(line)
    assert line == echo
    assert rest == f"{BOB} TAGMSG #room"
    assert shown >= set(tags.split(";"))
    assert any(tag.startswith("msgid=") for tag in shown)
    assert page(alice) == [(shown, rest)]


def test_a_reaction_to_a_whisper_is_theirs(alice: Person, bob: Person) -> None:
    alice.heard()
    bob.send(f"@{REACTION} TAGMSG alice")
    (line,) = alice.heard()
    assert page(alice, "bob") == page(bob, "alice") == [split(line)]


@pytest.mark.parametrize(
    "tags",
    ["+typing=active", "+draft/react=👍", "+reply=m1", "+reply=m1;+typing=done", "+other=1"],
)
def test_a_passing_signal_is_not_kept(alice: Person, bob: Person, tags: str) -> None:
    alice.heard()
    bob.send(f"@{tags} TAGMSG #room")
    (line,) = alice.heard()
    shown, _ = split(line)
    assert not any(tag.startswith("msgid=") for tag in shown)
    assert page(alice) == []


def test_that_somebody_typed_is_forgotten(alice: Person, bob: Person) -> None:
    alice.heard()
    bob.send(f"@{REACTION};+typing=done TAGMSG #room")
    (line,) = alice.heard()
    shown, rest = split(line)
    assert page(alice) == [(shown - {"+typing=done"}, rest)]


def test_only_event_playback_has_reactions(alice: Person, bob: Person) -> None:
    bob.send("PRIVMSG #room one", f"@{REACTION} TAGMSG #room")
    alice.ask("CAP REQ -draft/event-playback")
    assert [rest for _, rest in page(alice)] == [f"{BOB} PRIVMSG #room one"]


def test_who_has_no_tags_has_full_pages_without_reactions(alice: Person, bob: Person) -> None:
    bob.send("PRIVMSG #room one", f"@{REACTION} TAGMSG #room")
    alice.ask("CAP REQ -message-tags")
    (line,) = alice.ask("CHATHISTORY LATEST #room * 1")[1:-1]
    assert line.endswith(f"{BOB} PRIVMSG #room one")


def test_a_reaction_is_sent_once(alice: Person, bob: Person) -> None:
    line = f"@{REACTION};hubbub/id=x TAGMSG #room"
    (first,) = bob.ask(line)
    alice.heard()
    assert bob.ask(line) == [first]
    assert alice.heard() == []
    assert len(page(bob)) == 1


def test_a_reply_keeps_its_tag(alice: Person, bob: Person) -> None:
    alice.heard()
    bob.send("@+draft/reply=m1;+reply=m1 PRIVMSG #room :indeed so")
    (line,) = alice.heard()
    shown, rest = split(line)
    assert {"+draft/reply=m1", "+reply=m1"} <= shown
    assert page(alice) == [(shown, rest)]


def test_a_reaction_is_taken_back(world: World, bob: Person) -> None:
    (echo,) = bob.ask("CAP REQ draft/message-redaction", f"@{REACTION} TAGMSG #room")[1:]
    (id,) = [tag.partition("=")[2] for tag in split(echo)[0] if tag.startswith("msgid=")]
    bob.ask(f"REDACT #room {id}")
    assert [rest for _, rest in page(bob)] == [f"{BOB} REDACT #room {id}"]
    assert "👍" not in repr(world.history.rows)
