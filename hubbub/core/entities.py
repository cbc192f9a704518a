"""The things that a chat consists of: accounts, users with their sessions, rooms with their members.

Law: each is kept as one row of one table; what else it holds follows from the rows of others.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import ClassVar, Final

from hubbub.core.ids import AccountId, Place, RoomId, SessionId, UserId
from hubbub.core.kept import Composed, Record, Row
from hubbub.irc.names import FoldedNick, FoldedRoom, fold_nick, fold_room

DEFAULT_FLAGS: Final = "nt"
"""The modes of a new room: no messages from outside, topic set by operators."""

LOBBY_FLAGS: Final = "n"
"""The lobby's modes: it has no operators, so anyone in it may set its topic."""

ROLES: Final = ("member", "moderator", "admin")
"""What an account may be; each may do what those before it may."""


def offline_since(time: int) -> str:
    """The away text of an account that nobody is connected as since `time` (milliseconds)."""
    moment = datetime.fromtimestamp(time // 1000, UTC)
    return f"Offline since {moment:%Y-%m-%d %H:%M} UTC"


class Account(Record):
    """A registered name. `verifier` and `scram` are what passwords are checked against.

    `confirmed` is when `email` was proven to be its owner's (milliseconds), or 0.

    Every account has its user, present or not, for as long as it is there.
    """

    TABLE: ClassVar[str] = "accounts"

    id: AccountId
    name: str
    role: str
    verifier: str
    scram: str
    email: str
    created: int
    confirmed: int = 0

    @property
    def folded(self) -> FoldedNick:
        return fold_nick(self.name)

    @property
    def identity(self) -> str:
        """What the account's user has as `identity`."""
        return f"a:{self.id}"

    def may(self, role: str) -> bool:
        """Whether the account's role is this one or a higher one."""
        return ROLES.index(self.role) >= ROLES.index(role)


class User(Composed):
    """A name that is present: a guest's, or a registered person's, who stays when disconnected.

    Nobody else can take a name of the same `skeleton`.
    `host` is what all may see of where it is, and `hosts` the same of each of its sessions.
    `identity` says whose whispers these are: `a:` and an account's id, `d:` and a device hash, or
    `u:` and the user's id for a guest without a device. `left` is when the last session of an
    account ended, or 0 while there is one.
    """

    TABLE: ClassVar[str] = "users"
    COLUMNS: ClassVar[str] = (
        "id nick username host realname device modes away signed_on spoke_at account left_at "
        "skeleton"
    )
    __slots__ = (
        "device",
        "host",
        "hosts",
        "id",
        "identity",
        "left",
        "memberships",
        "modes",
        "nick",
        "own_away",
        "owner",
        "realname",
        "sessions",
        "signed_on",
        "skeleton",
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
        owner: Account | None = None,
        left: int = 0,
        skeleton: str = "",
    ) -> None:
        self.id = UserId(id)
        self.nick = nick
        self.username = username
        self.host = host
        self.realname = realname
        self.device = device
        self.modes = modes
        self.own_away = away
        self.signed_on = signed_on
        self.spoke_at = spoke_at
        self.owner = owner
        self.left = left
        self.skeleton = skeleton or str(fold_nick(nick))
        self.identity = ""
        self.identify()
        self.source = f"{nick}!{username}@{host}"
        self.sessions: tuple[SessionId, ...] = ()
        self.hosts: tuple[str, ...] = ()
        self.memberships: dict[RoomId, Member] = {}

    def primary_key(self) -> Row:
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
            self.own_away,
            self.signed_on,
            self.spoke_at,
            0 if self.owner is None else self.owner.id,
            self.left,
            self.skeleton,
        )

    @property
    def folded(self) -> FoldedNick:
        return fold_nick(self.nick)

    @property
    def account(self) -> str:
        """The account's name, or empty for a guest."""
        return "" if self.owner is None else self.owner.name

    @property
    def present(self) -> bool:
        """Whether somebody is connected as this user."""
        return not self.left

    @property
    def away(self) -> str:
        """Why the user isn't at the keyboard: its own words, or since when it is offline."""
        if not self.left:
            return self.own_away
        return offline_since(self.left)

    @away.setter
    def away(self, text: str) -> None:
        self.own_away = text

    def may(self, role: str) -> bool:
        """Whether the user's account has this role or a higher one."""
        return self.owner is not None and self.owner.may(role)

    def identify(self) -> None:
        """Sets the identity anew when the owner has changed."""
        if self.owner is not None:
            self.identity = self.owner.identity
        else:
            self.identity = f"d:{self.device}" if self.device else f"u:{self.id}"

    def move(self, username: str, host: str, realname: str) -> None:
        """Takes on what the user's newest connection says of itself."""
        self.username, self.host, self.realname = username, host, realname
        self._be_called(f"{self.nick}!{username}@{host}")

    @property
    def faces(self) -> tuple[str, ...]:
        """What a mask may describe: the source, and as it were with each session's host."""
        others = (f"{self.nick}!{self.username}@{host}" for host in self.hosts)
        return (self.source, *(face for face in others if face != self.source))

    def rename(self, nick: str, skeleton: str) -> None:
        self.nick, self.skeleton = nick, skeleton or str(fold_nick(nick))
        self._be_called(f"{nick}!{self.username}@{self.host}")

    def _be_called(self, source: str) -> None:
        self.source = source
        for member in self.memberships.values():
            member.room.rolls = {}


class Presence(Composed):
    """A session of a user. Rows come back in the order of the sessions' ids.

    One is `absent` whose client said that nobody sits at it. `host`, `address` and `certificate` are
    as in the entry that opened it.
    """

    TABLE: ClassVar[str] = "sessions"
    COLUMNS: ClassVar[str] = "id user secure absent host address certificate"
    __slots__ = ("absent", "address", "certificate", "host", "id", "secure", "user")

    def __init__(
        self,
        id: SessionId,
        user: User,
        secure: bool,
        absent: bool = False,
        host: str = "",
        address: str = "",
        certificate: str = "",
    ) -> None:
        self.id = id
        self.user = user
        self.secure = secure
        self.absent = absent
        self.host = host
        self.address = address
        self.certificate = certificate

    def primary_key(self) -> Row:
        return (self.id,)

    def row(self) -> Row:
        return (
            self.id,
            self.user.id,
            int(self.secure),
            int(self.absent),
            self.host,
            self.address,
            self.certificate,
        )


class Room(Composed):
    """A room. It outlives its members, so that its history has a home.

    A room that everybody left is retired when it was private, or nothing was ever said in it
    (`spoken`): its row and history stay, its name is free.
    `keep_days` is for how many days what is said in it is kept, 0 for as long as the server does.
    `public_since` is where the history begins that every member may read, while it isn't private.
    One that is registered has a `founder` (an account's id, else 0) and `access`, and stays as it is
    whoever leaves.
    `slow` is how many seconds lie between two messages of one person at least, or 0.
    `flags` holds the letters of the modes without argument, sorted. `version` counts changes of
    who is in it; it isn't kept. Nor are `rolls`: what NAMES has made of the members, by how it is
    asked for; it holds as long as members only come.
    """

    TABLE: ClassVar[str] = "rooms"
    COLUMNS: ClassVar[str] = (
        "id name created flags key_word member_limit topic topic_by topic_at retired_at "
        "public_since spoken founder registered_at keep_days slow"
    )
    __slots__ = (
        "access",
        "created",
        "flags",
        "founder",
        "id",
        "keep_days",
        "key_word",
        "limit",
        "lists",
        "members",
        "name",
        "pins",
        "public_since",
        "registered_at",
        "retired_at",
        "rolls",
        "slow",
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
        founder: int = 0,
        registered_at: int = 0,
        keep_days: int = 0,
        slow: int = 0,
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
        self.founder = AccountId(founder)
        self.registered_at = registered_at
        self.access: dict[AccountId, Access] = {}
        self.keep_days = keep_days
        self.pins: dict[Place, Pin] = {}
        self.slow = slow
        self.members: dict[UserId, Member] = {}
        self.lists: dict[str, dict[str, ListEntry]] = {"b": {}, "e": {}, "I": {}, "q": {}}
        self.version = 0
        self.rolls: dict[object, object] = {}

    def primary_key(self) -> Row:
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
            self.founder,
            self.registered_at,
            self.keep_days,
            self.slow,
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


class Member(Composed):
    """A user in a room. `since` is the place of the history at which it came in.

    `reads_from` is the place from which it may read what is private, earlier than `since` when a lost
    connection lies between. `opped` and `voiced` are the places from which it may read what was said
    to operators, and to all with a rank; they mean nothing to who has no such rank. `said_at` is when
    (milliseconds) it last said something in a slow room, or came into it.
    """

    TABLE: ClassVar[str] = "members"
    COLUMNS: ClassVar[str] = "room user ranks since reads_from opped voiced said_at"
    KEY_WIDTH: ClassVar[int] = 2
    LOAD_ORDER: ClassVar[str] = "since, user"
    __slots__ = ("_ranks", "opped", "reads_from", "room", "said_at", "since", "user", "voiced")

    def __init__(
        self,
        room: Room,
        user: User,
        ranks: str,
        since: Place,
        reads_from: Place,
        opped: Place,
        voiced: Place,
        said_at: int = 0,
    ) -> None:
        self.room = room
        self.user = user
        self._ranks = ranks
        self.since = since
        self.reads_from = reads_from
        self.opped = opped
        self.voiced = voiced
        self.said_at = said_at

    @property
    def ranks(self) -> str:
        """The letters of the modes that it has in the room, sorted."""
        return self._ranks

    @ranks.setter
    def ranks(self, ranks: str) -> None:
        self._ranks = ranks
        self.room.rolls = {}

    def primary_key(self) -> Row:
        return (self.room.id, self.user.id)

    def row(self) -> Row:
        return (
            self.room.id,
            self.user.id,
            self.ranks,
            self.since,
            self.reads_from,
            self.opped,
            self.voiced,
            self.said_at,
        )


class Access(Record):
    """The rank (`o` or `v`) that an account has in a registered room by right."""

    TABLE: ClassVar[str] = "access"
    KEY_WIDTH: ClassVar[int] = 2

    room: RoomId
    account: AccountId
    rank: str
    set_by: str
    set_at: int


class Pin(Record):
    """A message that a room's operators keep in view.

    `author` is the identity of who said it, `said_at` when (milliseconds).
    """

    TABLE: ClassVar[str] = "pins"
    KEY_WIDTH: ClassVar[int] = 2

    room: RoomId
    place: Place
    said_at: int
    author: str
    set_by: str
    set_at: int


class ListEntry(Record):
    """One mask on a room's list of bans (b), exceptions (e), invite exceptions (I) or the quiet (q)."""

    TABLE: ClassVar[str] = "lists"
    KEY_WIDTH: ClassVar[int] = 3

    room: RoomId
    letter: str
    mask: str
    set_by: str
    set_at: int


class HeldName(Record):
    """A departed guest's name, kept for its device until `until` (milliseconds)."""

    TABLE: ClassVar[str] = "held_names"

    folded: FoldedNick
    device: str
    until: int


class Counter(Record):
    """A number that the log's order drives: the clock, the next place, a node's last batch."""

    TABLE: ClassVar[str] = "counters"

    name: str
    value: int
