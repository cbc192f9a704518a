"""How far people have read and what they were last shown: one for each conversation of an identity.

Law: a read marker only ever moves on. An account's are bounded by how many one may have; of guests,
who come and go, only so many are remembered, and so many marks, whoever marked something last the
longest.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import ClassVar, Final, Generic, Protocol, TypeVar

from hubbub.core.entities import Room
from hubbub.core.ids import Place
from hubbub.core.kept import Entity, Record
from hubbub.irc.names import FoldedNick

MARKS_A_GUEST: Final = 10
"""How many marks are kept for each guest who may be remembered: of all together, one may have more."""


class ReadMarker(Record):
    """Until when (milliseconds) an identity has read what was said in a room, or with a peer.

    `number` counts the changes of all markers: they are loaded in the order of their last one.
    """

    TABLE: ClassVar[str] = "read_markers"
    KEY_WIDTH: ClassVar[int] = 2
    LOAD_ORDER: ClassVar[str] = "number"

    identity: str
    target: str
    time: int
    number: int


class LastSeen(Record):
    """At which place, or until when (milliseconds), an identity was shown what was said in a room.

    `place` is 0 when only the time is known. `number` is as in a ReadMarker.
    """

    TABLE: ClassVar[str] = "last_seen"
    KEY_WIDTH: ClassVar[int] = 2
    LOAD_ORDER: ClassVar[str] = "number"

    identity: str
    target: str
    place: Place
    time: int
    number: int


class Marks(Entity, Protocol):
    """What Markers hold: something of an identity in a conversation, until a time."""

    identity: str
    target: str
    time: int


Mark = TypeVar("Mark", bound=Marks)


def room_target(room: Room) -> str:
    """What a room's markers have as `target`."""
    return f"r:{room.id}"


def peer_target(peer: FoldedNick) -> str:
    """What the markers of the whispers with somebody of that name have as `target`."""
    return f"n:{peer}"


class Markers(Generic[Mark]):
    """All markers by identity and target, each identity's with the last changed at the end."""

    def __init__(self) -> None:
        self._accounts: dict[str, dict[str, Mark]] = {}
        self._guests: dict[str, dict[str, Mark]] = {}
        self._guests_marks = 0
        """How many marks these have."""

    def _kind(self, identity: str) -> dict[str, dict[str, Mark]]:
        return self._accounts if identity.startswith("a:") else self._guests

    def __iter__(self) -> Iterator[Mark]:
        for kind in (self._accounts, self._guests):
            for of in kind.values():
                yield from of.values()

    def time(self, identity: str, target: str) -> int:
        """Until when the identity has read there; 0 when nothing is known."""
        marker = self._kind(identity).get(identity, {}).get(target)
        return 0 if marker is None else marker.time

    def get(self, identity: str, target: str) -> Mark | None:
        """The identity's marker there, if there is one."""
        return self._kind(identity).get(identity, {}).get(target)

    def of(self, identity: str) -> tuple[Mark, ...]:
        """The identity's markers, the one that changed last at the end."""
        return tuple(self._kind(identity).get(identity, {}).values())

    def put(self, marker: Mark) -> None:
        """Takes in a marker that has just changed."""
        kind = self._kind(marker.identity)
        of = kind.pop(marker.identity, {})
        if of.pop(marker.target, None) is None and kind is self._guests:
            self._guests_marks += 1
        of[marker.target] = marker
        kind[marker.identity] = of

    def remove(self, marker: Mark) -> None:
        kind = self._kind(marker.identity)
        of = kind[marker.identity]
        del of[marker.target]
        if not of:
            del kind[marker.identity]
        if kind is self._guests:
            self._guests_marks -= 1

    def too_many(self, identity: str, each: int, guests: int) -> tuple[Mark, ...]:
        """What has to go after `identity` changed one: its oldest one, or the oldest guest's all."""
        of = self._kind(identity).get(identity, {})
        surplus = list(of.values())[: max(len(of) - each, 0)]
        most = max(each, guests * MARKS_A_GUEST)
        if len(self._guests) > guests or self._guests_marks > most:
            surplus += next(iter(self._guests.values())).values()
        return tuple(surplus)
