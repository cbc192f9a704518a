"""Every mode is one row here; parsing, writing and advertising modes follow from the rows.

Specification: https://modern.ircdocs.horse/#mode-message and, for the kinds,
https://modern.ircdocs.horse/#chanmodes-parameter
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import Enum
from types import MappingProxyType
from typing import Final


class ModeKind(Enum):
    """When a room's mode takes an argument; A to D are the fields of CHANMODES, in order."""

    A = "a list: an argument adds or takes out, none asks for the list"
    B = "a setting: an argument always"
    C = "a setting: an argument when set, none when unset"
    D = "a flag: never an argument"
    PREFIX = "a member's rank: the argument is a nick, always"


@dataclass(frozen=True, slots=True)
class RoomMode:
    """A mode that a room can have; `prefix` is the sign that a rank puts before a nick, else ''."""

    letter: str
    kind: ModeKind
    meaning: str
    prefix: str = ""

    def takes_argument(self, adding: bool) -> bool:
        """Whether a change of this mode reads an argument (a list's may be missing)."""
        return self.kind is not ModeKind.D and (adding or self.kind is not ModeKind.C)


@dataclass(frozen=True, slots=True)
class UserMode:
    """A mode that a user can have; `settable` is whether users set it themselves with MODE."""

    letter: str
    meaning: str
    settable: bool = True


@dataclass(frozen=True, slots=True)
class ModeChange:
    """One mode of a room set or unset. A list's change without argument asks for the list."""

    adding: bool
    mode: RoomMode
    argument: str | None = None

    @property
    def is_query(self) -> bool:
        """Whether this asks for a list and changes nothing."""
        return self.mode.kind is ModeKind.A and self.argument is None

    @property
    def lacks_argument(self) -> bool:
        """Whether the mode needs an argument and got none: such a change can't be made."""
        return (
            self.argument is None
            and self.mode.kind is not ModeKind.A
            and self.mode.takes_argument(self.adding)
        )


@dataclass(frozen=True, slots=True)
class UserModeChange:
    """One mode of a user set or unset."""

    adding: bool
    mode: UserMode


ROOM_MODES: Final[Mapping[str, RoomMode]] = MappingProxyType(
    {
        mode.letter: mode
        # Ranks from the highest down: PREFIX, prefix_of and prefixes_of go by this order.
        for mode in (
            RoomMode("o", ModeKind.PREFIX, "runs the room", "@"),
            RoomMode("v", ModeKind.PREFIX, "may speak in a moderated room", "+"),
            RoomMode("b", ModeKind.A, "masks that may not join or speak"),
            RoomMode("e", ModeKind.A, "masks that bans don't apply to"),
            RoomMode("I", ModeKind.A, "masks that may join without an invitation"),
            RoomMode("q", ModeKind.A, "masks that may join but not speak"),
            RoomMode("k", ModeKind.B, "joining needs this key"),
            RoomMode("l", ModeKind.C, "at most this many members"),
            RoomMode("d", ModeKind.C, "seconds between one person's messages"),
            RoomMode("i", ModeKind.D, "joining needs an invitation"),
            RoomMode("m", ModeKind.D, "only operators and voiced members speak"),
            RoomMode("n", ModeKind.D, "only members speak"),
            RoomMode("s", ModeKind.D, "not shown to people outside it"),
            RoomMode("t", ModeKind.D, "only operators change the topic"),
        )
    }
)
"""The modes of rooms by letter."""

USER_MODES: Final[Mapping[str, UserMode]] = MappingProxyType(
    {
        mode.letter: mode
        for mode in (
            UserMode("B", "is a bot"),
            UserMode("i", "not shown to people who share no room"),
            UserMode("o", "a server operator", settable=False),
        )
    }
)
"""The modes of users by letter."""

RANKS: Final = tuple(mode for mode in ROOM_MODES.values() if mode.kind is ModeKind.PREFIX)
"""The ranks of members, the highest first."""


def _letters(kind: ModeKind) -> str:
    return "".join(mode.letter for mode in ROOM_MODES.values() if mode.kind is kind)


CHANMODES: Final = ",".join(
    _letters(kind) for kind in (ModeKind.A, ModeKind.B, ModeKind.C, ModeKind.D)
)
"""The value of ISUPPORT CHANMODES."""

PREFIX: Final = f"({_letters(ModeKind.PREFIX)}){''.join(rank.prefix for rank in RANKS)}"
"""The value of ISUPPORT PREFIX."""


def parse_room_modes(params: Sequence[str]) -> tuple[list[ModeChange], list[str]]:
    """What MODE's parameters after the room ask for, and the letters that are no room mode.

    The first parameter has signs and letters ('+' until a sign says otherwise), the rest are
    arguments, taken in order. Arguments left over mean nothing. A change may lack its argument.
    """
    if not params:
        return [], []
    arguments = iter(params[1:])
    changes: list[ModeChange] = []
    unknown: list[str] = []
    adding = True
    for letter in params[0]:
        if letter in "+-":
            adding = letter == "+"
            continue
        mode = ROOM_MODES.get(letter)
        if mode is None:
            unknown.append(letter)
        else:
            argument = next(arguments, None) if mode.takes_argument(adding) else None
            changes.append(ModeChange(adding, mode, argument))
    return changes, unknown


def parse_user_modes(text: str) -> tuple[list[UserModeChange], list[str]]:
    """What MODE's parameter after a nick asks for, and the letters that are no user mode.

    Modes that are not settable are among the changes: refusing them is up to the caller.
    """
    changes: list[UserModeChange] = []
    unknown: list[str] = []
    adding = True
    for letter in text:
        if letter in "+-":
            adding = letter == "+"
        elif letter in USER_MODES:
            changes.append(UserModeChange(adding, USER_MODES[letter]))
        else:
            unknown.append(letter)
    return changes, unknown


def format_changes(changes: Iterable[ModeChange], limit: int) -> list[tuple[str, ...]]:
    """MODE's parameters after the room, one tuple a line: ('+ov-k', 'ann', 'bob', '*').

    A sign is written only where it changes. No line has more than `limit` (at least 1) arguments;
    flags are free, as with ISUPPORT MODES.
    """
    if limit < 1:
        raise ValueError("a line of MODE needs room for at least one argument")
    lines: list[tuple[str, ...]] = []
    letters = ""
    arguments: list[str] = []
    sign = ""
    for change in changes:
        if change.argument is not None and len(arguments) == limit:
            lines.append((letters, *arguments))
            letters, arguments, sign = "", [], ""
        wanted = "+" if change.adding else "-"
        letters += change.mode.letter if wanted == sign else wanted + change.mode.letter
        sign = wanted
        if change.argument is not None:
            arguments.append(change.argument)
    if letters:
        lines.append((letters, *arguments))
    return lines


def prefix_of(ranks: Collection[str]) -> str:
    """The sign of the highest of a member's ranks (mode letters), '' for none."""
    return prefixes_of(ranks)[:1]


def prefixes_of(ranks: Collection[str]) -> str:
    """The signs of all a member's ranks, the highest first (for multi-prefix)."""
    return "".join(rank.prefix for rank in RANKS if rank.letter in ranks)
