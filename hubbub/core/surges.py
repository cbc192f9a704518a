"""Floods of guests into a room: beyond so many in so short a time it takes none for a while.

Law: whoever has an account, an invitation or comes from this machine isn't counted. The lobby, which
everyone is joined to on arrival, is never shut; the moderators are told, and have the lockdown.
"""

from __future__ import annotations

from hubbub.core.audit import tell_moderators
from hubbub.core.entities import Room, User
from hubbub.core.orderly import Surge
from hubbub.core.outputs import Output
from hubbub.core.presence import addresses_of
from hubbub.core.state import State
from hubbub.irc.numerics import Numeric
from hubbub.irc.replies import refuse


def _counts(state: State, room: Room, user: User) -> bool:
    if not state.rules.join_flood_guests or user.owner is not None:
        return False
    return bool(addresses_of(state, user))


def require_calm(state: State, room: Room, user: User) -> None:
    """Refuses a guest while too many are joining the room."""
    surge = state.surges.get(room.id)
    if surge is None or surge.shut_until <= state.now or not _counts(state, room, user):
        return
    seconds = -(-(surge.shut_until - state.now) // 1000)
    text = (
        "Cannot join channel: too many guests are joining it at once. "
        f"Try again in {seconds} seconds, or log in to your account"
    )
    raise refuse(Numeric.ERR_THROTTLE, room.name, text=text)


def joined(state: State, room: Room, user: User, out: list[Output]) -> None:
    """Counts somebody who has joined a room; if that makes a flood, shuts it and says so."""
    if not _counts(state, room, user):
        return
    rules, surge = state.rules, state.surges.get(room.id)
    if surge is None or surge.began + rules.join_flood_seconds * 1000 <= state.now:
        surge = Surge(room.id, state.now, 0, 0 if surge is None else surge.shut_until)
        state.surges[room.id] = surge
    surge.joins += 1
    state.save(surge)
    if surge.joins != rules.join_flood_guests + 1:
        return
    flood = f"{surge.joins} guests joined {room.name} within {rules.join_flood_seconds} seconds"
    if state.is_lobby(room):
        advice = "LOCKDOWN ON keeps new guests out"
    else:
        surge.shut_until = state.now + rules.join_flood_shut_seconds * 1000
        advice = f"it takes no more of them for {rules.join_flood_shut_seconds} seconds"
    tell_moderators(state, out, f"{flood}: {advice}")
