"""Who keeps whom away, and what those who are kept away are told instead.

Law: whoever is blocked can't tell it from the other one being offline: what it sends is taken as
ever, and an account looks to it as if it had left when it made the block. Blocks don't hold against
moderators, who have to reach everybody.
"""

from __future__ import annotations

from hubbub.core.entities import Room, User, offline_since
from hubbub.core.ids import SessionId
from hubbub.core.settings import BLOCK, Setting
from hubbub.core.state import State
from hubbub.irc.masks import matches


def block_of(state: State, user: User, other: User) -> Setting | None:
    """By what `user` keeps `other` away, or None."""
    if not state.settings.blockers:
        return None
    blocks = state.settings.kind(user.identity, BLOCK)
    if not blocks or user is other or other.may("moderator"):
        return None
    found = blocks.get(other.identity)
    if found is None and other.owner is None:
        found = blocks.get(f"n:{other.folded}")
    if found is not None:
        return found
    fitting = (
        block
        for target, block in sorted(blocks.items())
        if target.startswith("m:") and any(matches(target[2:], face) for face in other.faces)
    )
    return next(fitting, None)


def hidden_from(state: State, user: User) -> tuple[SessionId, ...]:
    """The sessions of those who mustn't learn whether `user` is there."""
    if not state.settings.blockers or not state.settings.kind(user.identity, BLOCK):
        return ()
    return tuple(
        session
        for other in state.users_by_id.values()
        if other.sessions and block_of(state, user, other) is not None
        for session in other.sessions
    )


def deaf_to(state: State, room: Room, user: User) -> tuple[SessionId, ...]:
    """The sessions of a room's members who keep `user` away."""
    if not state.settings.blockers:
        return ()
    return tuple(
        session
        for member in room.members.values()
        if block_of(state, member.user, user) is not None
        for session in member.user.sessions
    )


def away_of(state: State, user: User, asker: User) -> str:
    """Why a user is away, as far as the asker may know; empty when it looks as if it weren't."""
    block = block_of(state, user, asker)
    if block is None:
        return user.away
    return "" if user.owner is None else offline_since(_gone(user, block))


def _gone(user: User, block: Setting) -> int:
    return min(user.left or block.at, block.at)


def looks_present(state: State, user: User, asker: User) -> bool:
    """Whether a user is connected, as far as the asker may know."""
    return user.present and (user.owner is None or block_of(state, user, asker) is None)


def last_seen(state: State, user: User, asker: User) -> tuple[int, int]:
    """When a user last spoke and when it came (milliseconds), as far as the asker may know."""
    block = block_of(state, user, asker)
    if block is None:
        return user.spoke_at, user.signed_on
    return min(user.spoke_at, block.at), min(user.signed_on, block.at)
