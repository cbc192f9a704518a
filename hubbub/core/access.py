"""Who has which right in a registered room.

Law: a right belongs to an account, whether it is connected, in the room, or not.
"""

from __future__ import annotations

from typing import Final

from hubbub.core.entities import Room, User

RANKS: Final = {"operator": "o", "voice": "v"}
"""The ranks that a right can be to, as people call them."""


def is_founder(room: Room, user: User) -> bool:
    """Whether a room was registered by, or handed to, the user's account."""
    return user.owner is not None and room.founder == user.owner.id


def by_role(room: Room, user: User) -> bool:
    """Whether a user could run a room by its role alone: it has no rank there, nor a right to one."""
    member = room.members.get(user.id)
    return right_of(room, user) != "o" and (member is None or "o" not in member.ranks)


def right_of(room: Room, user: User) -> str:
    """The rank (`o`, `v` or empty) that a user has a right to in a room."""
    if not room.founder or user.owner is None:
        return ""
    if room.founder == user.owner.id:
        return "o"
    access = room.access.get(user.owner.id)
    return "" if access is None else access.rank
