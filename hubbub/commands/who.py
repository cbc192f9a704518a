"""WHO and WHOX: who is in a room, or whom a mask finds, one line a person.

Law: an invisible person is found only by those who share a room with it, and a private room is named
only to those who are in it. Fields: https://ircv3.net/specs/extensions/whox
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Final

from hubbub.commands.row import MODERN, Call, Kind, Row, When, query
from hubbub.core.blocking import away_of, last_seen
from hubbub.core.entities import Member, User
from hubbub.core.presence import known_addresses
from hubbub.core.state import State
from hubbub.edge.work import Fetch, Shown
from hubbub.irc.masks import matches
from hubbub.irc.modes import prefix_of, prefixes_of
from hubbub.irc.names import is_room
from hubbub.irc.numerics import Numeric
from hubbub.irc.replies import Reply, numeric

WHO_MOST: Final = 2_000
"""How many people one WHO shows: more would not fit into a client's send queue."""
TOKEN_DIGITS: Final = 3
EVERYONE: Final = frozenset({"", "0", "*"})
"""Masks that mean everyone who may be seen."""


def sees_member(asker: User, member: Member) -> bool:
    """Whether the asker may know that somebody is in a room."""
    if asker is member.user or member.room.id in asker.memberships:
        return True
    return not member.room.private and "i" not in member.user.modes


def shares_room(asker: User, other: User) -> bool:
    return asker is other or any(room in asker.memberships for room in other.memberships)


@dataclass(frozen=True, slots=True)
class Person:
    """One line of the answer, before it is written."""

    state: State
    user: User
    member: Member | None
    """The room that is named with the person, if any may be."""
    all_prefixes: bool
    asker: User

    @property
    def room(self) -> str:
        return "*" if self.member is None else self.member.room.name

    @property
    def flags(self) -> str:
        """Here or gone, operator of the server, rank in the room, bot."""
        user = self.user
        ranks = "" if self.member is None else self.member.ranks
        return "".join(
            (
                "G" if away_of(self.state, user, self.asker) else "H",
                "*" if "o" in user.modes else "",
                prefixes_of(ranks) if self.all_prefixes else prefix_of(ranks),
                "B" if "B" in user.modes else "",
            )
        )

    @property
    def address(self) -> str:
        """The first of its addresses, if the asker may know it."""
        known = known_addresses(self.state, self.asker, self.user)
        return known[0] if known else "255.255.255.255"

    @property
    def idle_seconds(self) -> int:
        spoke_at, _ = last_seen(self.state, self.user, self.asker)
        return max(0, self.state.present - spoke_at) // 1000


# In the order in which RPL_WHOSPCRPL has them; 't', the token, goes before all.
FIELDS: Final[Mapping[str, Callable[[Person], str]]] = {
    "c": lambda person: person.room,
    "u": lambda person: person.user.username,
    "i": lambda person: person.address,
    "h": lambda person: person.user.host,
    "s": lambda person: person.state.rules.server_name,
    "n": lambda person: person.user.nick,
    "f": lambda person: person.flags,
    "d": lambda person: "0",
    "l": lambda person: str(person.idle_seconds),
    "a": lambda person: person.user.account or "0",
    "o": lambda person: "n/a",
    "r": lambda person: person.user.realname,
}
"""WHOX's fields."""


@dataclass(frozen=True, slots=True)
class Wish:
    """WHO's second parameter: `[o][%<fields>[,<token>]]`."""

    operators_only: bool
    extended: bool
    fields: str
    token: str

    @staticmethod
    def read(text: str) -> Wish:
        flags, extended, rest = text.partition("%")
        fields, _, token = rest.partition(",")
        valid = token.isascii() and token.isdigit() and len(token) <= TOKEN_DIGITS
        return Wish("o" in flags, bool(extended), fields, token if valid else "0")

    def line(self, person: Person) -> Reply:
        user = person.user
        if self.extended:
            shown = [self.token] if "t" in self.fields else []
            shown += [write(person) for letter, write in FIELDS.items() if letter in self.fields]
            return numeric(Numeric.RPL_WHOSPCRPL, *shown)
        return numeric(
            Numeric.RPL_WHOREPLY,
            person.room,
            user.username,
            user.host,
            person.state.rules.server_name,
            user.nick,
            person.flags,
            text=f"0 {user.realname}",
        )


def who(call: Call, state: State) -> Sequence[Shown | Fetch]:
    mask, wish = call.param(0), Wish.read(call.param(1))
    asker = state.sessions[call.session.id].user
    found = _in_room(state, asker, mask) if is_room(mask) else _by_mask(state, asker, mask)
    people = (
        Person(state, user, member, call.session.has("multi-prefix"), asker)
        for user, member in found
        if not wish.operators_only or "o" in user.modes
    )
    lines: list[Shown | Fetch] = [wish.line(person) for person in islice(people, WHO_MOST)]
    if next(people, None) is not None:
        text = f"Only the first {WHO_MOST} are shown: ask for a room or a narrower mask"
        lines.append(numeric(Numeric.ERR_TOOMANYMATCHES, "WHO", text=text))
    lines.append(numeric(Numeric.RPL_ENDOFWHO, mask or "*"))
    return lines


Found = Iterator[tuple[User, Member | None]]


def _in_room(state: State, asker: User, name: str) -> Found:
    room = state.room_named(name)
    if room is None:
        return
    for member in room.members.values():
        if sees_member(asker, member):
            yield member.user, member


def _by_mask(state: State, asker: User, mask: str) -> Found:
    exact = state.user_named(mask)
    candidates = state.users.values() if exact is None else (exact,)
    for user in candidates:
        if "i" in user.modes and not shares_room(asker, user):
            continue
        if exact is None and mask not in EVERYONE and not _fits(state, asker, user, mask):
            continue
        seen = (member for member in user.memberships.values() if sees_member(asker, member))
        yield user, next(seen, None)


def _fits(state: State, asker: User, user: User, mask: str) -> bool:
    """Whether the mask describes a person by any of what WHO shows the asker of it."""
    parts = (user.nick, user.username, user.host, state.rules.server_name, user.realname)
    shown = (*parts, *known_addresses(state, asker, user))
    return any(matches(mask, part) for part in shown)


ROWS: Final = (
    Row(
        "WHO",
        When.AFTER,
        Kind.QUERY,
        0,
        "[room, name or mask] [o][%fields[,token]]",
        "Lists people with their user name, host and whether they are away.",
        MODERN + "who-message",
        query(who, holds=True),
    ),
)
