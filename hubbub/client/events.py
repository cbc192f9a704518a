"""What the connection model tells its front end: one frozen value an occurrence, in the order to show.

A front end needs nothing else: no event asks it to look into the model. `time` is the server's
time (UTC) where the server gave one, else None: the front end then uses its own clock. Names and
texts are as the server sent them; a front end that writes to a terminal must clean them (`render`).
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from enum import Enum


class Kind(Enum):
    """What sort of message was said."""

    TEXT = "text"
    NOTICE = "notice"
    ACTION = "action"


@dataclass(frozen=True, slots=True)
class Event:
    """The base of all events."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Happening(Event):
    """Something that has a place in a conversation's order.

    `replayed`: it comes from history, not from now; names and topics have not changed by it.
    `msgid`: the server's id of it, None where the server has none.
    """

    time: datetime | None = None
    msgid: str | None = None
    replayed: bool = False


# --- the connection


@dataclass(frozen=True, slots=True)
class Connecting(Event):
    """The network adapter is trying to connect; `attempt` counts from 1 since the last success."""

    address: str
    attempt: int


@dataclass(frozen=True, slots=True)
class Connected(Event):
    """A connection stands; registration has begun. `security` is a phrase for a person."""

    address: str
    security: str


@dataclass(frozen=True, slots=True)
class ConnectFailed(Event):
    """There is no connection; `retry_in` is in seconds, None when no other try follows.

    `reason` is '' when a `Disconnected` before it has told it.
    """

    reason: str
    retry_in: float | None


@dataclass(frozen=True, slots=True)
class CertificatePinned(Event):
    """A certificate that no authority vouches for was seen for the first time and is now trusted."""

    address: str
    fingerprint: str


@dataclass(frozen=True, slots=True)
class Registered(Event):
    """The server welcomed us under `nick`. `again`: it is not the first time for this model."""

    nick: str
    server: str
    again: bool


@dataclass(frozen=True, slots=True)
class NickRefused(Event):
    """The server refused a name. `registered`: we have another name already and may keep it.

    While not registered nothing goes on until the front end calls `Connection.nick()`.
    """

    nick: str
    reason: str
    suggestion: str
    registered: bool


@dataclass(frozen=True, slots=True)
class Disconnected(Event):
    """The connection ended. `final`: it must not be made again by itself (killed, banned, quit).

    `waiting` messages stay in the outbox and are sent after a reconnect. `told`: a `ServerError` has
    told the reason already.
    """

    reason: str
    final: bool
    waiting: int
    told: bool = False


@dataclass(frozen=True, slots=True)
class Exported(Event):
    """A page of what the server keeps of us, as lines of JSON; `done` with the last."""

    lines: tuple[str, ...]
    done: bool


@dataclass(frozen=True, slots=True)
class CaughtUp(Event):
    """Everything missed in `room` has been shown; `missed` counts the replayed happenings."""

    room: str
    missed: int


@dataclass(frozen=True, slots=True)
class Gap(Event):
    """Some of what was said in `room` while we were away may not have been shown."""

    room: str
    reason: str


# --- conversations


@dataclass(frozen=True, slots=True)
class MessageShown(Happening):
    """A message, once, in the server's order. For a whisper `room` is the other person's name.

    `own`: we (this device or another of ours) said it.
    """

    room: str
    author: str
    text: str
    kind: Kind = Kind.TEXT
    own: bool = False
    whisper: bool = False


@dataclass(frozen=True, slots=True)
class TakenOut(Happening):
    """What was said in `room`, under the id `message`, was taken out by `by`.

    `author` said it at `said_at`, where it had been shown; else `author` is empty.
    """

    room: str
    message: str
    by: str
    reason: str = ""
    whisper: bool = False
    author: str = ""
    said_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Joined(Happening):
    """`nick` joined `room`."""

    room: str
    nick: str
    own: bool = False


@dataclass(frozen=True, slots=True)
class Left(Happening):
    """`nick` left one room."""

    room: str
    nick: str
    reason: str = ""
    own: bool = False


@dataclass(frozen=True, slots=True)
class QuitSeen(Happening):
    """`nick` left the chat; `rooms` are those where we saw them."""

    nick: str
    rooms: tuple[str, ...]
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Kicked(Happening):
    """`nick` was put out of `room` by `by`."""

    room: str
    nick: str
    by: str
    reason: str = ""
    own: bool = False


@dataclass(frozen=True, slots=True)
class Renamed(Happening):
    """`old` is now called `new`; `rooms` are those where we see them."""

    old: str
    new: str
    rooms: tuple[str, ...] = ()
    own: bool = False


@dataclass(frozen=True, slots=True)
class RoomRenamed(Happening):
    """The room `old` is now called `room`; `by` is None when it was before we came."""

    old: str
    room: str
    by: str | None = None
    reason: str = ""


@dataclass(frozen=True, slots=True)
class TopicChanged(Happening):
    """The topic of `room` was set (`by` somebody) or, `by` None, is told on joining or asking."""

    room: str
    topic: str
    by: str | None = None


@dataclass(frozen=True, slots=True)
class ModeChanged(Happening):
    """Modes of a room or of ourselves changed; `change` is as on the wire: `+o alice`."""

    target: str
    change: str
    by: str


@dataclass(frozen=True, slots=True)
class AwayChanged(Happening):
    """`nick` went away (`reason`) or came back (None)."""

    nick: str
    reason: str | None
    own: bool = False


@dataclass(frozen=True, slots=True)
class Invited(Happening):
    """`by` invites us (or `nick`) to `room`."""

    room: str
    nick: str
    by: str


# --- answers


@dataclass(frozen=True, slots=True)
class Member:
    """Somebody in a room: all their prefixes, highest first (`@+`), and whether they are away."""

    nick: str
    prefixes: str = ""
    away: bool = False


@dataclass(frozen=True, slots=True)
class NamesListed(Event):
    """Who is in a room. `asked`: the person asked; else it came with joining."""

    room: str
    members: tuple[Member, ...]
    asked: bool = False


@dataclass(frozen=True, slots=True)
class RoomOnList:
    """One row of the server's list of rooms."""

    name: str
    members: int
    topic: str


@dataclass(frozen=True, slots=True)
class RoomListed(Event):
    """The answer to `rooms()`."""

    rooms: tuple[RoomOnList, ...]


@dataclass(frozen=True, slots=True)
class HistoryShown(Event):
    """The answer to `history()`: older happenings, in order, all of them `replayed`."""

    room: str
    happenings: tuple[Happening, ...]


@dataclass(frozen=True, slots=True)
class SearchShown(Event):
    """The answer to `search()`."""

    text: str
    happenings: tuple[Happening, ...]


@dataclass(frozen=True, slots=True)
class PinsShown(Event):
    """What is pinned in a room, oldest first, all of it `replayed`."""

    room: str
    happenings: tuple[Happening, ...]


@dataclass(frozen=True, slots=True)
class Refused(Event):
    """The server refused something. `command` is the wire command, `about` its target.

    `text` is what was not said, when a message was refused.
    """

    command: str
    about: str
    reason: str
    text: str = ""
    code: str = ""


@dataclass(frozen=True, slots=True)
class KeptForLater(Event):
    """Something was said without a connection: it waits, and is sent when there is one again."""

    target: str
    text: str
    kind: Kind
    whisper: bool


@dataclass(frozen=True, slots=True)
class Unconfirmed(Event):
    """A message was on its way when the connection broke, and this server can't take it twice
    safely: it may or may not have been said."""

    target: str
    text: str


@dataclass(frozen=True, slots=True)
class ServerNotice(Event):
    """Something the server says to us alone. `topic` is a word for what: motd, notice, note."""

    text: str
    topic: str = "notice"


@dataclass(frozen=True, slots=True)
class ServerError(Event):
    """The server's last word before it closes the connection."""

    reason: str


@dataclass(frozen=True, slots=True)
class RawLine(Event):
    """A line the model has no row for; shown in debug mode only."""

    line: str = field(repr=True)
