"""What people missed while they were away: where each identity was last seen, in each room.

Law: nothing is written while people are here, only when they go: at leaving a room the place of the
history at which that was, and for an account, which stays a member, one for all its rooms. A guest
without a device token is known by name, user name and host: that gives nobody anything to read, it
only spares the one who comes back to see the same again.
"""

from __future__ import annotations

from hashlib import blake2b
from typing import Final

from hubbub.core.entities import Room, User
from hubbub.core.history import At, Bound
from hubbub.core.ids import Place
from hubbub.core.markers import LastSeen, room_target
from hubbub.core.state import State

EVERYWHERE: Final = ""
"""The target of where an identity was last seen in all the rooms in which it stays a member."""
RESTART_MARGIN_MS: Final = 30_000
"""What was said so shortly before a server stopped may not have reached everybody."""


def scope(user: User) -> str:
    """Under what it is kept where a user was last seen."""
    if not user.identity.startswith("u:"):
        return user.identity
    return "g:" + blake2b(user.source.lower().encode(), digest_size=16).hexdigest()


def note_leaving(state: State, user: User, target: str, seen: int = 0) -> None:
    """Keeps that a user is gone from somewhere, or from EVERYWHERE.

    `seen` is the time until which it surely was shown all, in milliseconds; 0 is until now.
    """
    place, time = (Place(0), seen) if seen else (state.next_place, state.now)
    mark = LastSeen(scope(user), target, place, time, state.take_id("last_seen"))
    state.last_seen.put(mark)
    state.save(mark)
    rules = state.rules
    for gone in state.last_seen.too_many(
        mark.identity, rules.read_markers, rules.guests_with_markers
    ):
        state.last_seen.remove(gone)
        state.erase(gone)


def move_last_seen(state: State, before: str, after: str) -> None:
    """A guest becomes an account."""
    for mark in state.last_seen.of(before):
        moved = LastSeen(after, mark.target, mark.place, mark.time, state.take_id("last_seen"))
        state.last_seen.put(moved)
        state.save(moved)
    forget_last_seen(state, before)


def forget_last_seen(state: State, identity: str) -> None:
    """An identity is gone."""
    for mark in state.last_seen.of(identity):
        state.last_seen.remove(mark)
        state.erase(mark)


def last_seen(state: State, user: User, room: Room | None) -> LastSeen | None:
    """Where a user was last seen in a room that it left, or everywhere; None when nobody knows."""
    target = EVERYWHERE if room is None else room_target(room)
    return state.last_seen.get(scope(user), target)


def missed_after(mark: LastSeen) -> Bound:
    """After what everything was missed."""
    return Place(mark.place - 1) if mark.place else At(mark.time)
