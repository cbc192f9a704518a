"""What people say of themselves, and operators of rooms, under keys: values by owner and key.

Law: an owner is a user or a room, never a name, so that a rename takes nothing along and leaves
nothing behind; what an owner has goes with it.
Specification: https://ircv3.net/specs/extensions/metadata
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import ClassVar, Final

from hubbub.core.entities import Room, User
from hubbub.core.kept import Record

KEY_BYTES: Final = 64
"""The longest key. The specification has no bound; a line has."""
_KEY: Final = re.compile(r"[a-z0-9_./-]+")


def is_key(text: str) -> bool:
    """Whether a text can be a key: "restricted to the ranges a-z, 0-9, and _./-"."""
    return len(text) <= KEY_BYTES and _KEY.fullmatch(text) is not None


def owner_of(target: User | Room) -> str:
    """What a target's values have as `owner`."""
    return f"{'u' if isinstance(target, User) else 'r'}:{target.id}"


class Metadatum(Record):
    """One value. An account's user is there as long as the account is, and so are its values."""

    TABLE: ClassVar[str] = "metadata"
    KEY_WIDTH: ClassVar[int] = 2

    owner: str
    key: str
    value: str


class Metadata:
    """All values by owner."""

    def __init__(self) -> None:
        self._of: dict[str, dict[str, Metadatum]] = {}

    def __iter__(self) -> Iterator[Metadatum]:
        for of in self._of.values():
            yield from of.values()

    def of(self, target: User | Room) -> list[tuple[str, str]]:
        """A target's keys and values in the order of the keys, however they came to be."""
        of = self._of.get(owner_of(target)) if self._of else None
        return sorted((name, item.value) for name, item in of.items()) if of else []

    def get(self, target: User | Room, name: str) -> Metadatum | None:
        return self._of.get(owner_of(target), {}).get(name)

    def count(self, target: User | Room) -> int:
        return len(self._of.get(owner_of(target), ()))

    def put(self, item: Metadatum) -> None:
        self._of.setdefault(item.owner, {})[item.key] = item

    def remove(self, item: Metadatum) -> None:
        of = self._of[item.owner]
        del of[item.key]
        if not of:
            del self._of[item.owner]

    def take(self, target: User | Room) -> tuple[Metadatum, ...]:
        """Removes and returns all that a target has."""
        return tuple(self._of.pop(owner_of(target), {}).values())
