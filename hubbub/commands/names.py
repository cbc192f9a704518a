"""NAMES: who is in a room, as the one who asks may see it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from hubbub.commands.row import MODERN, Call, Kind, Row, When, each_once, query
from hubbub.core.entities import Room
from hubbub.core.state import State
from hubbub.edge.session import Session
from hubbub.edge.work import Fetch, Shown
from hubbub.irc.modes import prefix_of, prefixes_of
from hubbub.irc.numerics import Numeric
from hubbub.irc.replies import Reply, numeric

NAMES_BYTES: Final = 380
"""How many bytes of names one RPL_NAMREPLY holds, so that the line stays within 512."""


def names_of(session: Session, room: Room, *, inside: bool) -> list[Reply]:
    """RPL_NAMREPLY and RPL_ENDOFNAMES; from outside, invisible members aren't named."""
    shown_prefix = prefixes_of if session.has("multi-prefix") else prefix_of
    full = session.has("userhost-in-names")
    kind = "@" if "s" in room.flags else "="
    replies: list[Reply] = []
    names: list[str] = []
    size = 0
    for member in room.members.values():
        user = member.user
        if not inside and "i" in user.modes:
            continue
        name = user.source if full else user.nick
        if member.ranks:
            name = shown_prefix(member.ranks) + name
        size += len(name.encode()) + 1
        if size > NAMES_BYTES:
            replies.append(numeric(Numeric.RPL_NAMREPLY, kind, room.name, text=" ".join(names)))
            names, size = [], len(name.encode()) + 1
        names.append(name)
    if names:
        replies.append(numeric(Numeric.RPL_NAMREPLY, kind, room.name, text=" ".join(names)))
    replies.append(numeric(Numeric.RPL_ENDOFNAMES, room.name))
    return replies


def names(call: Call, state: State) -> Sequence[Shown | Fetch]:
    if not call.param(0):
        return [numeric(Numeric.RPL_ENDOFNAMES, "*")]
    user = state.sessions[call.session.id].user
    replies: list[Reply] = []
    for name in each_once(call.param(0)):
        room = state.room_named(name)
        inside = room is not None and user.id in room.members
        if room is None or (not inside and room.private):
            replies.append(numeric(Numeric.RPL_ENDOFNAMES, name))
        else:
            replies += names_of(call.session, room, inside=inside)
    return replies


ROWS: Final = (
    Row(
        "NAMES",
        When.AFTER,
        Kind.QUERY,
        0,
        "<room>{,<room>}",
        "Lists who is in a room.",
        MODERN + "names-message",
        query(names),
    ),
)
