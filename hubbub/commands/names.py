"""NAMES: who is in a room, as the one who asks may see it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import islice
from typing import Final

from hubbub.commands.row import MODERN, Call, Kind, Row, When, each_once, query
from hubbub.core.entities import Member, Room
from hubbub.core.state import State
from hubbub.edge.session import Session
from hubbub.edge.work import Block, Fetch, Shown
from hubbub.irc.modes import prefix_of, prefixes_of
from hubbub.irc.numerics import Numeric
from hubbub.irc.replies import Reply, numeric

NAMES_BYTES: Final = 380
"""How many bytes of names one RPL_NAMREPLY holds, so that the line stays within 512."""
BLOCK_LINES: Final = 4
"""How many full lines are shown as one block."""


class _Roll:
    """A room's members as lines. Members that came since are added; all else begins a new one."""

    __slots__ = ("_blocks", "_count", "_kind", "_lines", "_names", "_room", "_size")

    def __init__(self, room: Room) -> None:
        self._room = room
        self._kind = _kind(room)
        self._count = 0
        self._names: list[str] = []
        self._size = 0
        self._lines: list[Reply] = []
        self._blocks: list[Block] = []

    def lines(self, called: Callable[[Member], str]) -> list[Reply | Block]:
        """RPL_NAMREPLY for all who are in the room now."""
        members = self._room.members
        new = list(islice(reversed(members.values()), len(members) - self._count))
        self._count = len(members)
        for member in reversed(new):
            self.add(called(member))
        return self.all()

    def all(self) -> list[Reply | Block]:
        """RPL_NAMREPLY for those who were added."""
        last = (self._line(),) if self._names else ()
        return [*self._blocks, *self._lines, *last]

    def add(self, name: str) -> None:
        size = len(name) if name.isascii() else len(name.encode())
        self._size += size + 1
        if self._size > NAMES_BYTES:
            self._lines.append(self._line())
            self._names, self._size = [], size + 1
            if len(self._lines) == BLOCK_LINES:
                self._blocks.append(Block(tuple(self._lines)))
                self._lines.clear()
        self._names.append(name)

    def _line(self) -> Reply:
        names = " ".join(self._names)
        return numeric(Numeric.RPL_NAMREPLY, self._kind, self._room.name, text=names)

    def is_of(self, room: Room) -> bool:
        """Whether what was made before is still how the room is written."""
        return self._kind == _kind(room)


def _kind(room: Room) -> str:
    return "@" if "s" in room.flags else "="


def names_of(session: Session, room: Room, *, inside: bool) -> list[Reply | Block]:
    """RPL_NAMREPLY and RPL_ENDOFNAMES; from outside, invisible members aren't named."""
    prefixed = prefixes_of if session.has("multi-prefix") else prefix_of
    full = session.has("userhost-in-names")

    def called(member: Member) -> str:
        name = member.user.source if full else member.user.nick
        return prefixed(member.ranks) + name if member.ranks else name

    end = numeric(Numeric.RPL_ENDOFNAMES, room.name)
    if not inside:
        visible = _Roll(room)
        for member in room.members.values():
            if "i" not in member.user.modes:
                visible.add(called(member))
        return [*visible.all(), end]
    how = (prefixed, full)
    roll = room.rolls.get(how)
    if not isinstance(roll, _Roll) or not roll.is_of(room):
        roll = room.rolls[how] = _Roll(room)
    return [*roll.lines(called), end]


def names(call: Call, state: State) -> Sequence[Shown | Fetch]:
    if not call.param(0):
        return [numeric(Numeric.RPL_ENDOFNAMES, "*")]
    user = state.sessions[call.session.id].user
    replies: list[Shown] = []
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
