"""The things the state consists of, each kept as one row of one table.

Law: what is here can be written to its table and read back equal; nothing else is state.
"""

from __future__ import annotations

from typing import ClassVar, Final, Protocol

from hubbub.core.ids import Place, RoomId, SessionId, UserId
from hubbub.irc.names import FoldedNick, FoldedRoom, fold_nick, fold_room

DEFAULT_FLAGS: Final = "nt"
"""The modes of a new room: no messages from outside, topic set by operators."""

LOBBY_FLAGS: Final = "n"
"""The lobby's modes: it has no operators, so anyone in it may set its topic."""

Cell = str | int | None
Row = tuple[Cell, ...]


class Entity(Protocol):
    """Something with a row: `TABLE` names its table, `key` its primary key."""

    TABLE: ClassVar[str]

    def key(self) -> Row:
        """The primary key's cells, the first cells of `row`."""

    def row(self) -> Row:
        """All cells, in the table's column order."""


class User:
    """A name that is present: a guest's, or (with accounts) a registered person's.

    `identity` says whose whispers these are: `d:` and a device hash, or `u:` and the user's id for
    a guest without a device.
    """

    TABLE: ClassVar[str] = "users"
    __slots__ = (
        "away",
        "device",
        "host",
        "id",
        "identity",
        "invitations",
        "memberships",
        "modes",
        "nick",
        "realname",
        "sessions",
        "signed_on",
        "source",
        "spoke_at",
        "username",
    )

    def __init__(
        self,
        id: int,
        nick: str,
        username: str,
        host: str,
        realname: str,
        device: str,
        modes: str,
        away: str,
        signed_on: int,
        spoke_at: int,
    ) -> None:
        self.id = UserId(id)
        self.nick = nick
        self.username = username
        self.host = host
        self.realname = realname
        self.device = device
        self.modes = modes
        self.away = away
        self.signed_on = signed_on
        self.spoke_at = spoke_at
        self.identity = f"d:{device}" if device else f"u:{id}"
        self.source = f"{nick}!{username}@{host}"
        self.sessions: tuple[SessionId, ...] = ()
        self.memberships: dict[RoomId, Member] = {}
        self.invitations: dict[RoomId, Invited] = {}

    def key(self) -> Row:
        return (self.id,)

    def row(self) -> Row:
        return (
            self.id,
            self.nick,
            self.username,
            self.host,
            self.realname,
            self.device,
            self.modes,
            self.away,
            self.signed_on,
            self.spoke_at,
        )

    @property
    def folded(self) -> FoldedNick:
        return fold_nick(self.nick)

    def rename(self, nick: str) -> None:
        self.nick = nick
        self.source = f"{nick}!{self.username}@{self.host}"


class Presence:
    """A session of a user. Rows come back in the order of the sessions' ids."""

    TABLE: ClassVar[str] = "sessions"
    __slots__ = ("id", "secure", "user")

    def __init__(self, id: SessionId, user: User, secure: bool) -> None:
        self.id = id
        self.user = user
        self.secure = secure

    def key(self) -> Row:
        return (self.id,)

    def row(self) -> Row:
        return (self.id, self.user.id, int(self.secure))


class Room:
    """A room. It outlives its members, so that its history has a home.

    A room that everybody left is retired when it was private, or nothing was ever said in it
    (`spoken`): its row and history stay, its name is free.
    `public_since` is where the history begins that every member may read, while it isn't private.
    `flags` holds the letters of the modes without argument, sorted. `version` counts changes of
    who is in it; it isn't kept.
    """

    TABLE: ClassVar[str] = "rooms"
    __slots__ = (
        "created",
        "flags",
        "id",
        "invited",
        "key_word",
        "limit",
        "lists",
        "members",
        "name",
        "public_since",
        "retired_at",
        "spoken",
        "topic",
        "topic_at",
        "topic_by",
        "version",
    )

    def __init__(
        self,
        id: int,
        name: str,
        created: int,
        flags: str = DEFAULT_FLAGS,
        key_word: str = "",
        limit: int = 0,
        topic: str = "",
        topic_by: str = "",
        topic_at: int = 0,
        retired_at: int = 0,
        public_since: int = 0,
        spoken: int = 0,
    ) -> None:
        self.id = RoomId(id)
        self.name = name
        self.created = created
        self.flags = flags
        self.key_word = key_word
        self.limit = limit
        self.topic = topic
        self.topic_by = topic_by
        self.topic_at = topic_at
        self.retired_at = retired_at
        self.public_since = Place(public_since)
        self.spoken = bool(spoken)
        self.members: dict[UserId, Member] = {}
        self.invited: dict[UserId, User] = {}
        self.lists: dict[str, dict[str, ListEntry]] = {"b": {}, "e": {}, "I": {}}
        self.version = 0

    def key(self) -> Row:
        return (self.id,)

    def row(self) -> Row:
        return (
            self.id,
            self.name,
            self.created,
            self.flags,
            self.key_word,
            self.limit,
            self.topic,
            self.topic_by,
            self.topic_at,
            self.retired_at,
            self.public_since,
            int(self.spoken),
        )

    @property
    def folded(self) -> FoldedRoom:
        return fold_room(self.name)

    @property
    def private(self) -> bool:
        """Whether people outside are kept out or may not know of it."""
        return bool(self.key_word) or "i" in self.flags or "s" in self.flags

    def with_flag(self, letter: str, on: bool) -> None:
        """Sets or clears one of the modes without argument."""
        rest = self.flags.replace(letter, "")
        self.flags = "".join(sorted(rest + letter)) if on else rest


class Member:
    """A user in a room. `since` is the place of the history at which it came in."""

    TABLE: ClassVar[str] = "members"
    __slots__ = ("ranks", "room", "since", "user")

    def __init__(self, room: Room, user: User, ranks: str, since: Place) -> None:
        self.room = room
        self.user = user
        self.ranks = ranks
        self.since = since

    def key(self) -> Row:
        return (self.room.id, self.user.id)

    def row(self) -> Row:
        return (self.room.id, self.user.id, self.ranks, self.since)


class ListEntry:
    """One mask on a room's list of bans (b), exceptions (e) or invite exceptions (I)."""

    TABLE: ClassVar[str] = "lists"
    __slots__ = ("at", "by", "letter", "mask", "room")

    def __init__(self, room: RoomId, letter: str, mask: str, by: str, at: int) -> None:
        self.room = room
        self.letter = letter
        self.mask = mask
        self.by = by
        self.at = at

    def key(self) -> Row:
        return (self.room, self.letter, self.mask)

    def row(self) -> Row:
        return (self.room, self.letter, self.mask, self.by, self.at)


class Invited:
    """A user's standing invitation to a room."""

    TABLE: ClassVar[str] = "invited"
    __slots__ = ("room", "user")

    def __init__(self, user: UserId, room: RoomId) -> None:
        self.user = user
        self.room = room

    def key(self) -> Row:
        return (self.user, self.room)

    def row(self) -> Row:
        return (self.user, self.room)


class HeldName:
    """A departed guest's name, kept for its device until `until` (milliseconds)."""

    TABLE: ClassVar[str] = "held_names"
    __slots__ = ("device", "folded", "until")

    def __init__(self, folded: FoldedNick, device: str, until: int) -> None:
        self.folded = folded
        self.device = device
        self.until = until

    def key(self) -> Row:
        return (self.folded,)

    def row(self) -> Row:
        return (self.folded, self.device, self.until)


class Sent:
    """A message that was sent once under its sender's own id."""

    TABLE: ClassVar[str] = "sent"
    __slots__ = ("once", "place", "scope", "time")

    def __init__(self, scope: str, once: str, place: Place, time: int) -> None:
        self.scope = scope
        self.once = once
        self.place = place
        self.time = time

    def key(self) -> Row:
        return (self.scope, self.once)

    def row(self) -> Row:
        return (self.scope, self.once, self.place, self.time)


class ServerBan:
    """One thing that keeps a banned person out: `kind` is device, address or name.

    `folded` is the name under which the ban was made and can be lifted.
    """

    TABLE: ClassVar[str] = "bans"
    __slots__ = ("at", "folded", "kind", "reason", "value")

    def __init__(self, kind: str, value: str, folded: FoldedNick, reason: str, at: int) -> None:
        self.kind = kind
        self.value = value
        self.folded = folded
        self.reason = reason
        self.at = at

    def key(self) -> Row:
        return (self.kind, self.value)

    def row(self) -> Row:
        return (self.kind, self.value, self.folded, self.reason, self.at)


class Counter:
    """A number that the log's order drives: the clock, the next place, a node's last batch."""

    TABLE: ClassVar[str] = "counters"
    __slots__ = ("name", "value")

    def __init__(self, name: str, value: int) -> None:
        self.name = name
        self.value = value

    def key(self) -> Row:
        return (self.name,)

    def row(self) -> Row:
        return (self.name, self.value)
