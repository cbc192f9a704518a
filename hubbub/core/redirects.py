"""Names that rooms had: who asks for one is brought to the room as it is called now.

Law: while a name leads to a room, no other room can have it. A room keeps the last few for a while.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import ClassVar, Final

from hubbub.core.ids import RoomId
from hubbub.core.kept import Record
from hubbub.irc.names import FoldedRoom, fold_room

EACH: Final = 5
"""How many earlier names of a room lead to it."""


class Redirect(Record):
    """A room's name until `made_at`, which leads to it until `until` (both in milliseconds)."""

    TABLE: ClassVar[str] = "redirects"
    LOAD_ORDER: ClassVar[str] = "made_at, folded"

    folded: FoldedRoom
    name: str
    room: RoomId
    made_at: int
    until: int


class Redirects:
    """All of them, by name and by room, a room's oldest first."""

    def __init__(self) -> None:
        self._by_name: dict[FoldedRoom, Redirect] = {}
        self._by_room: dict[RoomId, list[Redirect]] = {}

    def __iter__(self) -> Iterator[Redirect]:
        return iter(self._by_name.values())

    def named(self, name: str) -> Redirect | None:
        return self._by_name.get(fold_room(name)) if self._by_name else None

    def of(self, room: RoomId) -> tuple[Redirect, ...]:
        """A room's earlier names, the oldest first."""
        return tuple(self._by_room.get(room, ()))

    def put(self, redirect: Redirect) -> None:
        """Takes in a room's latest earlier name, which leads nowhere yet."""
        self._by_name[redirect.folded] = redirect
        self._by_room.setdefault(redirect.room, []).append(redirect)

    def remove(self, redirect: Redirect) -> None:
        del self._by_name[redirect.folded]
        of = self._by_room[redirect.room]
        of.remove(redirect)
        if not of:
            del self._by_room[redirect.room]

    def expired(self, time: int) -> list[Redirect]:
        """Those that end at `time` (milliseconds) or before."""
        return [redirect for redirect in self if redirect.until <= time]
