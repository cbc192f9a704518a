"""What keeps people out or silent: bans and mutes, each with what it goes by, why and until when.

Law: a measure that is over counts for nothing, whether or not it has been taken out yet. Whoever has
a role is met by what names the account, and by nothing else: nobody locks the moderators out.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import ClassVar, Final

import msgspec

from hubbub.core.entities import User
from hubbub.core.ids import AccountId
from hubbub.core.kept import Composed, Row
from hubbub.irc.masks import matches
from hubbub.irc.names import fold
from hubbub.irc.networks import address_of, width_of, within
from hubbub.irc.times import moment

BAN: Final = "ban"
MUTE: Final = "mute"

Mark = tuple[str, str]
"""What a measure goes by: kind and value.

Guests are known by `name`, `device`, `address` (a network, written canonically) and, as long as they
stay, `user`; accounts by `account`; everybody without a role by `mask` and `network`.
"""


class Measure(Composed):
    """A ban or a mute. `number` is that of the act in the audit log that made it.

    `target` is what was asked for, and what it is lifted by. `until` is in milliseconds; 0 is for ever.
    """

    TABLE: ClassVar[str] = "measures"
    COLUMNS: ClassVar[str] = "number kind target marks reason made_by made_at until"
    __slots__ = ("at", "by", "kind", "marks", "number", "reason", "target", "until")

    def __init__(
        self,
        number: int,
        kind: str,
        target: str,
        marks: str,
        reason: str,
        by: str,
        at: int,
        until: int,
    ) -> None:
        self.number = number
        self.kind = kind
        self.target = target
        self.marks = read_marks(marks)
        self.reason = reason
        self.by = by
        self.at = at
        self.until = until

    def primary_key(self) -> Row:
        return (self.number,)

    def row(self) -> Row:
        return (
            self.number,
            self.kind,
            self.target,
            write_marks(self.marks),
            self.reason,
            self.by,
            self.at,
            self.until,
        )

    def holds(self, now: int) -> bool:
        """Whether it counts at `now`, in milliseconds."""
        return not self.until or self.until > now

    @property
    def line(self) -> str:
        """All that moderators are told of it."""
        return f"#{self.number} {self.target}{self.terms}, by {self.by}, {moment(self.at)}"

    @property
    def terms(self) -> str:
        """Until when and why, as it follows what somebody is: ' until … (spam)'."""
        until = f" until {moment(self.until)}" if self.until else ""
        return f"{until} ({self.reason or 'no reason given'})"


def write_marks(marks: Iterable[Mark]) -> str:
    """The marks as one cell: 'name=bob address=192.0.2.1/32'. No value has spaces."""
    return " ".join(f"{kind}={value}" for kind, value in marks)


def read_marks(text: str) -> tuple[Mark, ...]:
    """The marks that `write_marks` wrote."""
    pairs = (word.partition("=") for word in text.split(" ") if word)
    return tuple((kind, value) for kind, _, value in pairs)


class Signs(msgspec.Struct, frozen=True):
    """What somebody can be known by; `user` is 0 for who isn't here yet, `account` for a guest.

    `faces` are `nick!user@host`, as masks describe them; `addresses` those that aren't this machine's.
    """

    name: str
    faces: tuple[str, ...]
    addresses: tuple[str, ...] = ()
    device: str = ""
    account: int = 0
    user: int = 0
    has_role: bool = False

    def marks(self) -> Iterator[Mark]:
        """All but networks and masks."""
        if self.account:
            yield "account", str(self.account)
        if self.has_role:
            return
        if self.device:
            yield "device", self.device
        if self.account:
            return
        yield "name", self.name
        if self.user:
            yield "user", str(self.user)


class Measures:
    """All measures in force, found by what somebody is known by."""

    def __init__(self) -> None:
        self._numbers: dict[int, Measure] = {}
        self._marked: dict[tuple[str, Mark], dict[int, Measure]] = {}
        self._masked: dict[str, dict[int, Measure]] = {BAN: {}, MUTE: {}}
        self._widths: dict[tuple[str, int], dict[int, int]] = {}
        self._mutes = 0

    def __iter__(self) -> Iterator[Measure]:
        return iter(self._numbers.values())

    def __len__(self) -> int:
        return len(self._numbers)

    def get(self, number: int) -> Measure | None:
        return self._numbers.get(number)

    @property
    def any_mute(self) -> bool:
        """Whether there is any mute at all: a quick look, as it is taken at every message."""
        return self._mutes > 0

    def aimed_at(self, kind: str, target: str) -> list[Measure]:
        """The measures of a kind that were made under this name, mask or network."""
        folded = fold(target)
        return [made for made in self if made.kind == kind and fold(made.target) == folded]

    def put(self, made: Measure) -> None:
        self._numbers[made.number] = made
        self._mutes += made.kind == MUTE
        for mark in made.marks:
            if mark[0] == "mask":
                self._masked[made.kind][made.number] = made
                continue
            self._marked.setdefault((made.kind, mark), {})[made.number] = made
            if mark[0] in ("address", "network"):
                version, width = width_of(mark[1])
                widths = self._widths.setdefault((made.kind, version), {})
                widths[width] = widths.get(width, 0) + 1

    def remove(self, made: Measure) -> None:
        del self._numbers[made.number]
        self._mutes -= made.kind == MUTE
        for mark in made.marks:
            if mark[0] == "mask":
                self._masked[made.kind].pop(made.number, None)
                continue
            marked = self._marked[made.kind, mark]
            del marked[made.number]
            if not marked:
                del self._marked[made.kind, mark]
            if mark[0] in ("address", "network"):
                version, width = width_of(mark[1])
                widths = self._widths[made.kind, version]
                widths[width] -= 1
                if not widths[width]:
                    del widths[width]

    def expired(self, now: int) -> list[Measure]:
        """Those that are over at `now`, in milliseconds."""
        return [made for made in self if not made.holds(now)]

    def against(self, kind: str, signs: Signs, now: int) -> Measure | None:
        """The measure that holds against somebody; of several the one that holds longest."""
        if not self._numbers:
            return None
        found: dict[int, Measure] = {}
        for mark in signs.marks():
            found |= self._marked.get((kind, mark), {})
        if not signs.has_role:
            for mark in self._networks(kind, signs):
                found |= self._marked.get((kind, mark), {})
            for number, made in self._masked[kind].items():
                if any(describes(mark, signs) for mark in made.marks):
                    found[number] = made
        holding = [made for made in found.values() if made.holds(now)]
        # A loaded state has them in another order than one that saw them made.
        return min(holding, key=_longest, default=None)

    def _networks(self, kind: str, signs: Signs) -> Iterator[Mark]:
        for text in signs.addresses:
            address = address_of(text)
            if address is None:
                continue
            for width in self._widths.get((kind, address.version), ()):
                network = within(address, width)
                yield "network", network
                if not signs.account:
                    yield "address", network


def describes(mark: Mark, signs: Signs) -> bool:
    """Whether a mask or a network describes somebody; whoever has a role isn't described by any."""
    kind, value = mark
    if signs.has_role:
        return False
    if kind == "mask":
        return any(matches(value, face) for face in signs.faces)
    width = width_of(value)[1]
    addresses = (address_of(text) for text in signs.addresses)
    # Of another version of IP, or a narrower one, no address has this network.
    return kind == "network" and any(
        width <= address.max_prefixlen and within(address, width) == value
        for address in addresses
        if address is not None
    )


def _longest(made: Measure) -> tuple[bool, int, int]:
    return bool(made.until), -made.until, made.number


def signs_of(user: User, addresses: tuple[str, ...]) -> Signs:
    """What a user who is here can be known by; `addresses` are those of its sessions."""
    own = (f"{user.nick}!{user.username}@{address}" for address in addresses)
    return Signs(
        user.folded,
        tuple(dict.fromkeys((*user.faces, *own))),
        addresses,
        user.device,
        user.owner.id if user.owner is not None else AccountId(0),
        user.id,
        user.may("moderator"),
    )
