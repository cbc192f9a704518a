"""What is left of a guest's membership when its connection is lost, and of a room that nobody is in.

Law: while somebody has a way back to a room the room stays as it is, though nobody is in it; who
comes first then isn't its operator, but who was gets that rank again.
"""

from __future__ import annotations

import msgspec

from hubbub.core.entities import Member, Room, User
from hubbub.core.happening import granted
from hubbub.core.outputs import Output
from hubbub.core.standing import WayBack
from hubbub.core.state import State


def keep_ways_back(state: State, user: User) -> None:
    """Keeps what a guest with a device would otherwise lose with its connection.

    That is what it may read in private rooms, and its ranks. A room in which nothing was said has
    nothing to come back to, unless its members closed it.
    """
    rules = state.rules
    until = state.now + rules.way_back_seconds * 1000
    for member in user.memberships.values():
        room = member.room
        if not (room.private or (member.ranks and room.spoken)):
            continue
        if len(state.ways_back) >= rules.ways_back or until <= state.now:
            return
        state.add_way_back(
            WayBack(
                user.identity,
                room.id,
                member.ranks,
                member.reads_from,
                member.opped,
                member.voiced,
                state.now,
                until,
            )
        )


def is_for_the_taking(state: State, room: Room) -> bool:
    """Whether who comes into a room now runs it: it is nobody's, and nobody has a way back."""
    if room.members or room.founder or state.is_lobby(room):
        return False
    return not state.ways_back.has_room(room.id)


def come_back_in(state: State, member: Member, way: WayBack, out: list[Output]) -> None:
    """Gives a member that has just joined what it had before its connection was lost."""
    state.end_way_back(way)
    member.reads_from = min(member.reads_from, way.reads_from)
    granted(state, out, member, way.ranks)
    if "o" in way.ranks:
        member.opped = min(member.opped, way.opped)
    if way.ranks:
        member.voiced = min(member.voiced, way.voiced)
    state.save(member)


def inherit_reading(state: State, own: Member, before: Member) -> None:
    """An account's member may read what the guest could that has logged in to it."""
    if before.reads_from < own.reads_from:
        own.reads_from = before.reads_from
        state.save(own)


def move_ways_back(state: State, before: str, user: User) -> None:
    """The ways back of a guest are its account's, but where that is already."""
    for way in state.ways_back.of(before):
        state.end_way_back(way)
        room = state.rooms_by_id[way.room]
        if user.id not in room.members and state.ways_back.get(user.identity, room.id) is None:
            state.add_way_back(msgspec.structs.replace(way, identity=user.identity))


def close_ways_back(state: State, identity: str) -> None:
    """An identity is gone, and never comes back."""
    for way in state.ways_back.of(identity):
        _end(state, way)


def end_ways_back(state: State) -> None:
    """Lets go of those whose time is over."""
    while state.ways_back.expired(state.now):
        _end(state, state.ways_back.first())


def _end(state: State, way: WayBack) -> None:
    state.end_way_back(way)
    settle_empty(state, state.rooms_by_id[way.room])


def settle_empty(state: State, room: Room) -> None:
    """A room that nobody is in, owns or can come back to forgets its modes.

    One that was private, or in which nothing was ever said, gives up its name too.
    """
    if room.members or room.founder or state.ways_back.has_room(room.id):
        return
    if room.private or not (room.spoken or state.is_lobby(room)):
        state.retire_room(room)
    else:
        state.reset_modes(room)
