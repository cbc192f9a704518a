"""A session: what it has chosen, and how its opening ends."""

import pytest

from hubbub.core.ids import SessionId
from hubbub.edge.session import Phase, Session
from hubbub.irc.capabilities import CAPABILITIES, MESSAGE_TAGS, SERVER_TIME


def session(invite: str = "") -> Session:
    return Session(SessionId(1), "host", secure=False, invite=invite)


def test_a_new_session_has_said_nothing() -> None:
    new = session()
    assert (new.phase, new.nick, new.variant) == (Phase.REGISTERING, "", 0)
    assert new.registration is not None
    assert new.registration.admitted
    assert not any(new.has(capability.name) for capability in CAPABILITIES)


def test_an_invite_has_to_be_shown() -> None:
    registration = session("word").registration
    assert registration is not None
    assert not registration.admitted


def test_capabilities_make_the_variant_and_are_shared() -> None:
    one, other = session(), session()
    one.choose(frozenset({"server-time", "message-tags", "batch"}))
    other.choose(frozenset({"batch", "message-tags", "server-time"}))
    assert one.variant == SERVER_TIME | MESSAGE_TAGS
    assert one.has("batch")
    assert not one.has("echo-message")
    assert one.capabilities is other.capabilities


@pytest.mark.parametrize(("nick", "phase"), [("ann", Phase.REGISTERED), ("", Phase.REGISTERING)])
def test_an_opening_ends_one_way_or_the_other(nick: str, phase: Phase) -> None:
    opening = session()
    opening.phase = Phase.OPENING
    opening.settle(nick)
    assert (opening.phase, opening.nick) == (phase, nick)
    assert (opening.registration is None) == bool(nick)


@pytest.mark.parametrize("phase", [Phase.REGISTERING, Phase.REGISTERED, Phase.CLOSED])
def test_only_an_opening_is_settled(phase: Phase) -> None:
    other = session()
    other.phase = phase
    other.settle("ann")
    assert (other.phase, other.nick) == (phase, "")
