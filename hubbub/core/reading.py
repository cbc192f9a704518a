"""Marking what was read (https://ircv3.net/specs/extensions/read-marker).

Law: a marker is told to the sessions of the one whose it is, and to nobody else.
"""

from __future__ import annotations

from hubbub.core import entries
from hubbub.core.entities import Room, User
from hubbub.core.markers import ReadMarker, peer_target, room_target
from hubbub.core.outputs import Deliver, Event, Output
from hubbub.core.presence import speaker
from hubbub.core.state import State
from hubbub.irc.names import fold_nick, is_room
from hubbub.irc.replies import fail
from hubbub.irc.times import iso_time


def mark_read(state: State, entry: entries.MarkRead, out: list[Output]) -> None:
    """Moves a marker on, or answers with where it stands when it is there or further."""
    user = speaker(state, entry.session)
    target, name = find_target(state, user, entry.target)
    time = min(entry.time, state.now)
    if time <= state.markers.time(user.identity, target):
        out.append(Deliver(_told(state, user, target, name), sessions=(entry.session,)))
        return
    _put(state, user.identity, target, time)
    out.append(Deliver(_told(state, user, target, name), sessions=user.sessions))


def _put(state: State, identity: str, target: str, time: int) -> None:
    marker = ReadMarker(identity, target, time, state.take_id("marker"))
    state.markers.put(marker)
    state.save(marker)
    rules = state.rules
    for gone in state.markers.too_many(identity, rules.read_markers, rules.guests_with_markers):
        state.markers.remove(gone)
        state.erase(gone)


def find_target(state: State, user: User, name: str) -> tuple[str, str]:
    """What a conversation's markers have as `target`, and its name; refuses what isn't one."""
    if not is_room(name):
        peer = state.user_named(name)
        return peer_target(fold_nick(name)), name if peer is None else peer.nick
    room = state.room_named(name)
    if room is None or room.id not in user.memberships:
        text = "You aren't in such a room"
        raise fail("MARKREAD", "INVALID_PARAMS", name, text=text)
    return room_target(room), room.name


def marker_of(state: State, user: User, room: Room) -> Event:
    """How far a user has read in a room, as its sessions are told."""
    return _told(state, user, room_target(room), room.name)


def marker_at(state: State, user: User, name: str) -> Event:
    """The same for any conversation; refuses what isn't one."""
    return _told(state, user, *find_target(state, user, name))


def _told(state: State, user: User, target: str, name: str) -> Event:
    time = state.markers.time(user.identity, target)
    until = f"timestamp={iso_time(time)}" if time else "*"
    return Event("MARKREAD", state.rules.server_name, (name, until), state.now)


def move_markers(state: State, before: str, after: str) -> None:
    """What a guest has read its account has."""
    for marker in state.markers.of(before):
        if marker.time > state.markers.time(after, marker.target):
            _put(state, after, marker.target, marker.time)
    forget_markers(state, before)


def forget_markers(state: State, identity: str) -> None:
    """An identity is gone."""
    for marker in state.markers.of(identity):
        state.markers.remove(marker)
        state.erase(marker)
