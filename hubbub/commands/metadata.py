"""METADATA: keys and values of users and rooms (https://ircv3.net/specs/extensions/metadata).

Law: to which keys a session subscribed is the session's own affair; what it is shown of others is
what `core.describing` lets it know. No answer is longer than the rules allow: what is left over comes
with the next SYNC.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Final

from hubbub.commands.packing import packed
from hubbub.commands.row import IRCV3, Call, Kind, Row, When
from hubbub.core import entries
from hubbub.core.describing import find_target, may_describe, name_of, told, value_reply
from hubbub.core.entities import Room, User
from hubbub.core.ids import UserId
from hubbub.core.metadata import is_key
from hubbub.core.outputs import Event, Seen
from hubbub.core.state import State
from hubbub.edge.session import Session
from hubbub.edge.watches import Watches
from hubbub.edge.work import Batched, Fetch, Lookup, Shown, Watch, Work
from hubbub.irc.names import fold_nick
from hubbub.irc.numerics import Numeric
from hubbub.irc.replies import Refused, Reply, fail, numeric, refuse

AGAIN_SECONDS: Final = 1
"""How soon a client may ask for the rest of what didn't fit."""
KEYS_IN_LINE: Final = 12
"""How many keys a numeric holds, so that it has no more parameters than a client expects."""
PEOPLE: Final = 10
"""For so many people as values fit into an answer it is looked up what they have of a new key."""


def metadata(call: Call) -> Sequence[Work]:
    """METADATA: reads and sets what is said of somebody or of a room, or subscribes to keys."""
    handler = _SUBCOMMANDS.get(call.param(1).upper())
    if handler is None:
        text = f"METADATA knows {', '.join(_SUBCOMMANDS)}"
        raise fail("METADATA", "SUBCOMMAND_INVALID", call.param(1), text=text)
    if call.session.registration is not None and call.param(0) != "*":
        text = "Before you are connected, METADATA is about * only"
        raise fail("METADATA", "INVALID_TARGET", call.param(0), text=text)
    return handler(call)


def _keys(call: Call) -> Sequence[str]:
    """The keys that a line names; refuses none."""
    keys = call.params[2:]
    if not keys:
        raise refuse(Numeric.ERR_NEEDMOREPARAMS, "METADATA")
    return keys


def _invalid(key: str) -> Refused:
    text = "A key has 1 to 64 of a-z, 0-9, _ . / and -"
    return fail("METADATA", "KEY_INVALID", key, text=text)


def _batched(target: str, items: Iterable[Reply | Event]) -> Batched:
    return Batched("metadata", (target,), tuple(items))


# -- reading and setting ------------------------------------------------------------------


def _get(call: Call) -> Sequence[Work]:
    keys = _keys(call)

    def replies(found: Mapping[str, str], reply: Callable[[str], Reply]) -> Iterator[Reply]:
        for key in keys:
            yield reply(key) if is_key(key) else _invalid(key).replies[0]

    return _read(call, replies)


def _list(call: Call) -> Sequence[Work]:
    return _read(call, lambda found, reply: map(reply, found))


def _read(
    call: Call, replies: Callable[[Mapping[str, str], Callable[[str], Reply]], Iterable[Reply]]
) -> Sequence[Work]:
    """What makes a batch of replies of a target's values, known or still to be."""
    registration = call.session.registration
    if registration is not None:
        own = registration.metadata
        return [_batched("*", replies(own, lambda key: _own_reply(key, own.get(key))))]

    def read(session: Session, state: State) -> Sequence[Shown | Fetch]:
        target = find_target(state, state.sessions[session.id].user, call.param(0))
        found = dict(state.metadata.of(target))
        shown = replies(found, lambda key: value_reply(target, key, found.get(key)))
        return [_batched(name_of(target), shown)]

    return [Lookup(read)]


def _own_reply(key: str, value: str | None) -> Reply:
    """The same of who has no name yet."""
    if value is None:
        return numeric(Numeric.RPL_KEYNOTSET, "*", key)
    return numeric(Numeric.RPL_KEYVALUE, "*", key, "*", text=value)


def _set(call: Call) -> Sequence[Work]:
    key = _keys(call)[0]
    value = call.param(3) if len(call.params) > 3 else None
    if not is_key(key):
        raise _invalid(key)
    if value is not None and len(value.encode()) > call.rules.metadata_bytes:
        text = f"A value is at most {call.rules.metadata_bytes} bytes"
        raise fail("METADATA", "VALUE_INVALID", text=text)
    registration = call.session.registration
    if registration is None:
        return [entries.SetMetadata(call.session.id, call.param(0), key, value)]
    own = registration.metadata
    if value is not None:
        if key not in own and len(own) >= call.rules.metadata_keys:
            text = f"No more than {call.rules.metadata_keys} keys can be set"
            raise fail("METADATA", "LIMIT_REACHED", "*", text=text)
        own[key] = value
    elif own.pop(key, None) is None:
        raise fail("METADATA", "KEY_NOT_SET", "*", key, text=f"There is no {key}")
    return [_own_reply(key, value)]


def _clear(call: Call) -> Sequence[Work]:
    registration = call.session.registration
    if registration is not None:
        own, registration.metadata = registration.metadata, {}
        return [_batched("*", (_own_reply(key, own[key]) for key in own))]
    name, before = call.param(0), dict[str, str]()

    def note(session: Session, state: State) -> Sequence[Shown | Fetch]:
        target = find_target(state, state.sessions[session.id].user, name)
        before.update(state.metadata.of(target))
        return []

    def show(session: Session, state: State) -> Sequence[Shown | Fetch]:
        user = state.sessions[session.id].user
        target = find_target(state, user, name)
        if not may_describe(user, target) or state.metadata.count(target):
            return []  # it was refused, and why has been said
        cleared = (value_reply(target, key, value) for key, value in before.items())
        return [_batched(name_of(target), cleared)]

    return [
        Lookup(_quietly(note)),
        entries.ClearMetadata(call.session.id, name),
        Lookup(_quietly(show)),
    ]


def _quietly(
    read: Callable[[Session, State], Sequence[Shown | Fetch]],
) -> Callable[[Session, State], Sequence[Shown | Fetch]]:
    """What shows nothing where the entry beside it says what is wrong."""

    def quiet(session: Session, state: State) -> Sequence[Shown | Fetch]:
        try:
            return read(session, state)
        except Refused:
            return []

    return quiet


def described(session: Session) -> Sequence[Work]:
    """What takes on, with a session's user, what was set before registration was over."""
    registration = session.registration
    if registration is None or not registration.metadata:
        return ()
    return [entries.Describe(session.id, tuple(registration.metadata.items()))]


# -- subscribing --------------------------------------------------------------------------


def _require_self(call: Call) -> None:
    """Refuses a subscription for anybody else."""
    name = call.param(0)
    if name != "*" and fold_nick(name) != fold_nick(call.session.nick):
        text = "One subscribes for oneself: METADATA *"
        raise fail("METADATA", "INVALID_TARGET", name, text=text)


def _sub(call: Call) -> Sequence[Work]:
    _require_self(call)
    session, most = call.session, call.rules.metadata_subscriptions
    subscribed = dict.fromkeys(sorted(session.subscribed))
    replies: list[Reply] = []
    added: dict[str, None] = {}
    for key in _keys(call):
        # "the first key that the client could not subscribe to", even if it has it already
        if len(subscribed) >= most:
            text = f"No more than {most} keys can be subscribed to"
            replies += fail("METADATA", "TOO_MANY_SUBS", key, text=text).replies
            break
        if not is_key(key):
            replies += _invalid(key).replies
            continue
        added[key] = subscribed[key] = None
    new = tuple(key for key in added if key not in session.subscribed)
    session.subscribed = frozenset(subscribed)
    replies = [*_lines(Numeric.RPL_METADATASUBOK, added), *replies]
    if not new or session.registration is not None:
        return replies
    return [
        *replies,
        Lookup(lambda session, state: _current(session, state, frozenset(new))),
        Watch("K", new),
    ]


def _unsub(call: Call) -> Sequence[Work]:
    _require_self(call)
    valid = dict.fromkeys(key for key in _keys(call) if is_key(key))
    refused = [_invalid(key).replies[0] for key in _keys(call) if not is_key(key)]
    call.session.subscribed -= valid.keys()
    return [*_lines(Numeric.RPL_METADATAUNSUBOK, valid), *refused]


def _subs(call: Call) -> Sequence[Work]:
    _require_self(call)
    lines = _lines(Numeric.RPL_METADATASUBS, sorted(call.session.subscribed))
    return [Batched("metadata-subs", (), tuple(lines))]


def _lines(code: Numeric, keys: Iterable[str]) -> list[Reply]:
    return [
        numeric(code, *words[start : start + KEYS_IN_LINE])
        for line in packed(keys)
        for words in [line.split()]
        for start in range(0, len(words), KEYS_IN_LINE)
    ]


# -- what a session is shown --------------------------------------------------------------


def _is_shown(session: Session) -> bool:
    """Whether a session is told of anybody's metadata."""
    return session.has("draft/metadata-2") and session.has("batch") and bool(session.subscribed)


def _values(
    state: State, target: User | Room, keys: frozenset[str] | None = None
) -> Iterator[Event]:
    for key, value in state.metadata.of(target):
        if keys is None or key in keys:
            yield told(state, target, key, value)


def _later(target: User | Room) -> Reply:
    return numeric(Numeric.RPL_METADATASYNCLATER, name_of(target), str(AGAIN_SECONDS))


def _of_room(
    session: Session, state: State, room: Room, keys: frozenset[str], after: UserId | None
) -> tuple[list[Event], UserId | None]:
    """The values of a room and of who is in it, those after a user if one is named.

    As many as an answer holds, and the last user among them if there are more.
    """
    events = [] if after is not None else list(_values(state, room, keys))
    reached = UserId(0) if after is None else after
    most = state.rules.metadata_sync
    for member in sorted(room.members.values(), key=lambda member: member.user.id):
        if member.user.id <= reached:
            continue
        of = list(_values(state, member.user, keys))
        if events and len(events) + len(of) > most:
            return events, reached
        events += of
        reached = member.user.id
    return events, None


def of_room_entered(session: Session, state: State, room: Room) -> list[Shown]:
    """What shows who enters a room what is said of it and its people, if that isn't too much."""
    if not _is_shown(session):
        return []
    events, rest = _of_room(session, state, room, session.subscribed, None)
    if rest is not None:
        return [_later(room)]
    return [_batched(room.name, events)] if events else []


def own_metadata(session: Session, state: State, user: User) -> list[Shown]:
    """What is said of a user, which a session is shown at its welcome."""
    if not (session.has("draft/metadata-2") and session.has("batch")):
        return []
    return [_batched(user.nick, _values(state, user))]


def _sync(call: Call) -> Sequence[Work]:
    if call.session.registration is not None:
        return [_batched("*", ())]
    return [Lookup(lambda session, state: _synced(session, state, call.param(0)))]


def _synced(session: Session, state: State, name: str) -> Sequence[Shown | Fetch]:
    user = state.sessions[session.id].user
    target = find_target(state, user, name)
    if isinstance(target, User) or user.id not in target.members:
        return [_batched(name_of(target), _values(state, target, session.subscribed))]
    after = session.synced[1] if session.synced and session.synced[0] == target.id else None
    events, rest = _of_room(session, state, target, session.subscribed, after)
    session.synced = None if rest is None else (target.id, rest)
    batch = _batched(target.name, events)
    return [batch] if rest is None else [batch, _later(target)]


def _current(session: Session, state: State, keys: frozenset[str]) -> Sequence[Shown | Fetch]:
    """The values that keys have now that a session has just subscribed to."""
    if not _is_shown(session):
        return []
    user, most = state.sessions[session.id].user, state.rules.metadata_sync
    shown: list[Shown] = [*_values(state, user, keys)]
    seen, people = {user.id}, PEOPLE * most
    for member in user.memberships.values():
        room = member.room
        people -= len(room.members)
        if people < 0:
            shown.append(_later(room))
            continue
        others = [other for other in room.members if other not in seen]
        events = [*_values(state, room, keys)]
        for other in others:
            events += _values(state, room.members[other].user, keys)
        if len(shown) + len(events) > most:
            shown.append(_later(room))
            continue
        seen.update(others)
        shown += events
    return shown


def of_watched(session: Session, watch: Watch, watches: Watches, state: State) -> list[Shown]:
    """What is said of those whom a session watches from now on, or of a key that is new to it."""
    if not _is_shown(session) or watch.action not in ("+", "K"):
        return []
    keys = session.subscribed if watch.action == "+" else frozenset(watch.nicks)
    nicks = watch.nicks if watch.action == "+" else watches.names(session.id)
    users = (state.user_named(nick) for nick in nicks)
    here = {user.id: user for user in users if user is not None and user.present}
    shown: list[Shown] = []
    for user in here.values():
        events = list(_values(state, user, keys))
        if len(shown) + len(events) > state.rules.metadata_sync:
            shown.append(_later(user))
        else:
            shown += events
    return shown


def of_arrived(state: State, seen: Seen) -> list[Event]:
    """What is said of somebody who has come: for those who watch the name, by their keys."""
    user = state.user_named(seen.nick) if seen.source else None
    if user is None:
        return []
    return [
        Event(event.command, event.source, event.params, event.time, key=event.params[1])
        for event in _values(state, user)
    ]


_SUBCOMMANDS: Final[Mapping[str, Callable[[Call], Sequence[Work]]]] = {
    "GET": _get,
    "LIST": _list,
    "SET": _set,
    "CLEAR": _clear,
    "SUB": _sub,
    "UNSUB": _unsub,
    "SUBS": _subs,
    "SYNC": _sync,
}

ROWS: Final = (
    Row(
        "METADATA",
        When.ANY,
        Kind.LOGGED,
        2,
        "<target> GET|LIST|SET|CLEAR|SUB|UNSUB|SUBS|SYNC ...",
        "Reads and sets what is said of a person or a room.",
        IRCV3 + "metadata",
        metadata,
    ),
)
