"""Setting metadata of users and rooms (https://ircv3.net/specs/extensions/metadata).

Law: who may see a target and who may describe it is decided here. A change is shown to those who
subscribed to its key and share a room with the target, or watch it.
"""

from __future__ import annotations

from typing import Final

import msgspec

from hubbub.core import entries
from hubbub.core.access import by_role, right_of
from hubbub.core.audit import note
from hubbub.core.blocking import hidden_from
from hubbub.core.entities import Room, User
from hubbub.core.happening import did
from hubbub.core.metadata import Metadatum, owner_of
from hubbub.core.outputs import Answer, Deliver, Event, Output
from hubbub.core.presence import speaker
from hubbub.core.state import State
from hubbub.irc.names import is_room
from hubbub.irc.numerics import Numeric
from hubbub.irc.replies import Reply, fail, numeric

CHANGES_AT_ONCE: Final = 30
CHANGE_MS: Final = 3_000
"""Beyond the first changes, how long each one takes to be earned again, in milliseconds."""


def find_target(state: State, user: User, name: str) -> User | Room:
    """Who or what a name means to a user; '*' is itself. Refuses what it may not know of."""
    if name == "*":
        return user
    if is_room(name):
        room = state.room_named(name)
        if room is not None and (not room.private or user.id in room.members):
            return room
    elif (found := state.user_named(name)) is not None:
        return found
    raise fail("METADATA", "INVALID_TARGET", name, text="There is no such person or room")


def name_of(target: User | Room) -> str:
    return target.nick if isinstance(target, User) else target.name


def may_describe(user: User, target: User | Room) -> bool:
    """Whether a user may set a target's values: its own, its rooms'; a moderator also others'."""
    if isinstance(target, User):
        return target is user or user.may("moderator")
    member = target.members.get(user.id)
    if right_of(target, user) == "o" or (member is not None and "o" in member.ranks):
        return True
    return user.may("moderator") and not target.private


def _require(user: User, target: User | Room, key: str) -> None:
    if not may_describe(user, target):
        name = name_of(target)
        text = f"You may not set what is said of {name}"
        raise fail("METADATA", "KEY_NO_PERMISSION", name, key, text=text)


def _note(
    state: State,
    user: User,
    target: User | Room,
    entry: entries.SetMetadata | entries.ClearMetadata,
    key: str,
    out: list[Output],
) -> None:
    """What a moderator says of others, or of a room that it doesn't run, is in the audit log."""
    others = target is not user if isinstance(target, User) else by_role(target, user)
    if others:
        note(state, entry.session, out, "metadata", name_of(target), detail=key)


def _pay(state: State, user: User, target: User | Room, key: str, changes: int) -> None:
    """Counts changes against what a user may make, and refuses when that is used up."""
    counter = pace_counter(user)
    due = max(state.counter(counter), state.now)
    wait_ms = due - state.now - (CHANGES_AT_ONCE - 1) * CHANGE_MS
    if wait_ms > 0:
        seconds = str(-(-wait_ms // 1000))
        text = f"That were many changes: try again in {seconds} seconds"
        raise fail("METADATA", "RATE_LIMITED", name_of(target), key, seconds, text=text)
    state.set_counter(counter, due + changes * CHANGE_MS)


def pace_counter(user: User) -> str:
    """The counter that says until when a user's changes are paid for, in milliseconds."""
    return f"metadata:{user.id}"


def value_reply(target: User | Room, key: str, value: str | None) -> Reply:
    """RPL_KEYVALUE, or that there is none."""
    if value is None:
        return numeric(Numeric.RPL_KEYNOTSET, name_of(target), key)
    return numeric(Numeric.RPL_KEYVALUE, name_of(target), key, "*", text=value)


def set_metadata(state: State, entry: entries.SetMetadata, out: list[Output]) -> None:
    """Sets one key, or without a value takes it away."""
    user = speaker(state, entry.session)
    target = find_target(state, user, entry.target)
    _require(user, target, entry.key)
    held = state.metadata.get(target, entry.key)
    if held is None:
        if entry.value is None:
            text = f"{name_of(target)} has no {entry.key}"
            raise fail("METADATA", "KEY_NOT_SET", name_of(target), entry.key, text=text)
        if state.metadata.count(target) >= state.rules.metadata_keys:
            text = f"No more than {state.rules.metadata_keys} keys can be set"
            raise fail("METADATA", "LIMIT_REACHED", name_of(target), text=text)
    if held is None or held.value != entry.value:
        _pay(state, user, target, entry.key, 1)
        _note(state, user, target, entry, entry.key, out)
        _change(state, user, target, entry.key, entry.value, out, entry)
    out.append(Answer(entry.session, value_reply(target, entry.key, entry.value)))


def clear_metadata(state: State, entry: entries.ClearMetadata, out: list[Output]) -> None:
    """Takes all of a target's keys away."""
    user = speaker(state, entry.session)
    target = find_target(state, user, entry.target)
    _require(user, target, "*")
    held = state.metadata.of(target)
    if held:
        _pay(state, user, target, "*", len(held))
        _note(state, user, target, entry, "*", out)
    for key, _ in held:
        _change(state, user, target, key, None, out, entry)


def describe(state: State, entry: entries.Describe, out: list[Output]) -> None:
    """Sets what a session said of its user before it was registered, as far as there is room."""
    user = speaker(state, entry.session)
    for key, value in entry.pairs:
        held = state.metadata.get(user, key)
        full = held is None and state.metadata.count(user) >= state.rules.metadata_keys
        if not full and (held is None or held.value != value):
            _change(state, user, user, key, value, out, entry)


def _change(
    state: State,
    user: User,
    target: User | Room,
    key: str,
    value: str | None,
    out: list[Output],
    entry: entries.Entry,
) -> None:
    if value is None:
        state.drop_metadatum(target, key)
    else:
        state.put_metadatum(Metadatum(owner_of(target), key, value))
    notice = msgspec.structs.replace(
        did(state, user, "METADATA", _params(target, key, value)), key=key
    )
    if isinstance(target, Room):
        state.keep_room(target)
        out.append(Deliver(notice, (target.id,), without=(entry.session,)))
        return
    out.append(
        Deliver(
            notice,
            tuple(target.memberships),
            target.sessions,
            without=(entry.session, *hidden_from(state, target)),
            watched=target.folded,
        )
    )


def _params(target: User | Room, key: str, value: str | None) -> tuple[str, ...]:
    """Without a value when there is none any more: an empty one is a value, too."""
    return (name_of(target), key, "*", *(() if value is None else (value,)))


def told(state: State, target: User | Room, key: str, value: str) -> Event:
    """A value as it stands, told by the server."""
    return Event("METADATA", state.rules.server_name, _params(target, key, value), state.now)


def show_newcomer(state: State, user: User, room: Room, out: list[Output]) -> None:
    """Tells those who are in a room what is said of who has just come in."""
    for key, value in state.metadata.of(user):
        event = msgspec.structs.replace(told(state, user, key, value), key=key)
        out.append(Deliver(event, (room.id,), without=user.sessions))
