"""What people have chosen for themselves: whom they block, what stays quiet, which words call them.

Law: a setting is its owner's: an account's for good, a guest's for as long as the guest is here. It
is told to the owner's sessions and to nobody else.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from types import MappingProxyType
from typing import ClassVar, Final, Literal

from hubbub.core.kept import Record

BLOCK: Final = "block"
"""Somebody who is kept away; `target` is an identity, `n:` and a guest's folded name, or `m:` and a
mask."""
MUTE: Final = "mute"
"""A room that shall make no noise; `target` is as for read markers."""
WORD: Final = "word"
"""A word that calls for attention; `target` is the word, folded."""
DND: Final = "dnd"
"""From when to when nothing shall make a noise, by the clock of each device; there is one."""
KINDS: Final = (BLOCK, MUTE, WORD, DND)
KindName = Literal["block", "mute", "word", "dnd"]

_NONE: Final[Mapping[str, Setting]] = MappingProxyType({})


class Setting(Record):
    """One choice of one identity. `value` is how it was written, `at` when (milliseconds)."""

    TABLE: ClassVar[str] = "settings"
    KEY_WIDTH: ClassVar[int] = 3

    identity: str
    kind: str
    target: str
    value: str
    at: int


class Settings:
    """All settings, by identity, kind and target."""

    def __init__(self) -> None:
        self._known: dict[str, dict[str, dict[str, Setting]]] = {}
        self.blockers = 0
        """How many identities block anybody."""

    def __iter__(self) -> Iterator[Setting]:
        for identity in self._known:
            yield from self.of(identity)

    def of(self, identity: str) -> tuple[Setting, ...]:
        """All that an identity has chosen, by kind and in the order of the targets."""
        kinds = self._known.get(identity, {})
        found = (setting for kind in KINDS for setting in kinds.get(kind, {}).values())
        return tuple(sorted(found, key=lambda setting: (KINDS.index(setting.kind), setting.target)))

    def kind(self, identity: str, kind: str) -> Mapping[str, Setting]:
        """What an identity has chosen of a kind, by target."""
        return self._known.get(identity, {}).get(kind, _NONE)

    def put(self, setting: Setting) -> None:
        kinds = self._known.setdefault(setting.identity, {})
        self.blockers += setting.kind == BLOCK and not kinds.get(BLOCK)
        kinds.setdefault(setting.kind, {})[setting.target] = setting

    def remove(self, setting: Setting) -> None:
        kinds = self._known[setting.identity]
        del kinds[setting.kind][setting.target]
        self.blockers -= setting.kind == BLOCK and not kinds[BLOCK]
        if not any(kinds.values()):
            del self._known[setting.identity]
