"""What an identity has in a room for a while: an invitation, or a way back.

Law: each ends by itself at its time; those that were made first end first.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import ClassVar, Generic, Protocol, TypeVar

from hubbub.core.ids import Place, RoomId
from hubbub.core.kept import Record


class ForAWhile(Protocol):
    """Something that is kept by identity (`User.identity`) and room until a time (milliseconds)."""

    identity: str
    room: RoomId
    until: int


class Invitation(Record):
    """The right to enter a room once, whatever keeps others out.

    `whom` and `inviter` are the sources of who was invited and by whom, as they were then;
    `invited_by` is the inviter's identity. `told` is when (milliseconds) somebody connected was
    shown it, or 0.
    """

    TABLE: ClassVar[str] = "invitations"
    KEY_WIDTH: ClassVar[int] = 2
    LOAD_ORDER: ClassVar[str] = "made_at, identity, room"

    identity: str
    room: RoomId
    whom: str
    invited_by: str
    inviter: str
    made_at: int
    until: int
    told: int

    @property
    def nick(self) -> str:
        """As whom somebody was invited."""
        return self.whom.partition("!")[0]


class WayBack(Record):
    """What a lost connection left of a membership: the way back in, with all that was its own.

    `ranks`, `reads_from`, `opped` and `voiced` are as in a Member.
    """

    TABLE: ClassVar[str] = "ways_back"
    KEY_WIDTH: ClassVar[int] = 2
    LOAD_ORDER: ClassVar[str] = "made_at, identity, room"

    identity: str
    room: RoomId
    ranks: str
    reads_from: Place
    opped: Place
    voiced: Place
    made_at: int
    until: int


Kept = TypeVar("Kept", bound=ForAWhile)


class Standing(Generic[Kept]):
    """All things of one kind, found by identity and by room; iterated in the order of their making.

    That order differs between a loaded state and one that saw them made where two were made at the
    same time, so whoever shows several sorts them.
    """

    def __init__(self) -> None:
        self._all: dict[tuple[str, RoomId], Kept] = {}
        self._rooms: dict[RoomId, dict[str, Kept]] = {}
        self._identities: dict[str, dict[RoomId, Kept]] = {}

    def __iter__(self) -> Iterator[Kept]:
        return iter(self._all.values())

    def __len__(self) -> int:
        return len(self._all)

    def get(self, identity: str, room: RoomId) -> Kept | None:
        return self._all.get((identity, room))

    def valid(self, identity: str, room: RoomId, now: int) -> Kept | None:
        """The same unless its time is over."""
        kept = self._all.get((identity, room))
        return kept if kept is not None and kept.until > now else None

    def of(self, identity: str) -> tuple[Kept, ...]:
        """What an identity has, in the order of the rooms' ids."""
        rooms = self._identities.get(identity, {})
        return tuple(rooms[room] for room in sorted(rooms))

    def in_room(self, room: RoomId) -> tuple[Kept, ...]:
        """What there is in a room, in the order of the identities."""
        identities = self._rooms.get(room, {})
        return tuple(identities[identity] for identity in sorted(identities))

    def has_room(self, room: RoomId) -> bool:
        """Whether anybody has one in the room."""
        return room in self._rooms

    def put(self, kept: Kept) -> None:
        """Takes one in, in the place of an earlier one if there is one."""
        self.remove(kept)
        self._all[kept.identity, kept.room] = kept
        self._rooms.setdefault(kept.room, {})[kept.identity] = kept
        self._identities.setdefault(kept.identity, {})[kept.room] = kept

    def remove(self, kept: Kept) -> None:
        """Lets one go, if it is there."""
        if self._all.pop((kept.identity, kept.room), None) is None:
            return
        room, rooms = self._rooms[kept.room], self._identities[kept.identity]
        del room[kept.identity], rooms[kept.room]
        if not room:
            del self._rooms[kept.room]
        if not rooms:
            del self._identities[kept.identity]

    def expired(self, time: int) -> bool:
        """Whether the one made first is over at a time (milliseconds)."""
        first = next(iter(self._all.values()), None)
        return first is not None and first.until <= time

    def first(self) -> Kept:
        """The one made first. Raises StopIteration when there is none."""
        return next(iter(self._all.values()))
