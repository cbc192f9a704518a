"""Slow rooms (mode d): so many seconds lie between two messages of one person.

Law: whoever has a rank in the room isn't slowed. Coming into the room counts as having spoken, so
that going out and in again gains nothing.
"""

from __future__ import annotations

from typing import Final

from hubbub.core.entities import Member, Room, User
from hubbub.core.state import State
from hubbub.irc.numerics import Numeric
from hubbub.irc.replies import refuse
from hubbub.irc.times import brief

SLOWEST: Final = 21_600
"""The most seconds: six hours."""


def require_pace(state: State, room: Room, user: User) -> None:
    """Refuses somebody who would say the next thing too soon, and strangers."""
    if not room.slow:
        return
    member = room.members.get(user.id)
    if member is None:
        raise refuse(Numeric.ERR_CANNOTSENDTOCHAN, room.name)
    left = member.said_at + room.slow * 1000 - state.now
    if member.ranks or left <= 0:
        return
    seconds = -(-left // 1000)
    text = (
        f"Cannot send to channel (slow mode, one message in {brief(room.slow)}: "
        f"wait {brief(seconds)} more)"
    )
    raise refuse(Numeric.ERR_CANNOTSENDTOCHAN, room.name, text=text)


def spoke(state: State, member: Member | None) -> None:
    """Notes that a member of a slow room has just said something, or come in."""
    if member is not None and member.room.slow and not member.ranks:
        member.said_at = state.now
        state.save(member)
