"""What comes out of `apply`, in order: deliveries, replies, records and the fate of sessions.

Law: an output says what happened and to whom it matters; how it looks to each is the egress
gate's affair.
"""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

from hubbub.core.ids import Place, RoomId, SessionId
from hubbub.irc.message import NO_TAGS
from hubbub.irc.replies import Reply


class Event(msgspec.Struct, frozen=True, gc=False):
    """Something that happened and that others are shown: an IRC command with its source.

    `time` is milliseconds since 1970 UTC; `place` is set when the event is in the history.
    """

    command: str
    source: str
    params: tuple[str, ...]
    time: int
    place: Place | None = None
    tags: Mapping[str, str] = NO_TAGS


class HistoryRow(msgspec.Struct, frozen=True, gc=False):
    """An event as the history keeps it: in a room, or between two identities.

    `params` is what follows the target. `status` is the rank prefix a STATUSMSG was meant for.
    `author` and `peer` are identities (`User.identity`), `peer_nick` the name that was addressed.
    """

    place: Place
    time: int
    room: RoomId | None
    command: str
    source: str
    params: tuple[str, ...]
    tags: Mapping[str, str] = NO_TAGS
    status: str = ""
    author: str = ""
    peer: str = ""
    peer_nick: str = ""


class WhowasRow(msgspec.Struct, frozen=True, gc=False):
    """Who used a name until when, for WHOWAS."""

    folded: str
    nick: str
    username: str
    host: str
    realname: str
    time: int


class Deliver(msgspec.Struct, frozen=True, gc=False):
    """Show `event` once to each session in the rooms and to `sessions`.

    `author` is the session that caused it by sending a message: it sees the event only if it asked
    for echoes. Those in `without` don't see it.
    """

    event: Event
    rooms: tuple[RoomId, ...] = ()
    sessions: tuple[SessionId, ...] = ()
    author: SessionId | None = None
    without: tuple[SessionId, ...] = ()


class Answer(msgspec.Struct, frozen=True, gc=False):
    """Tell one session something in reply to what it asked."""

    session: SessionId
    reply: Reply


class Record(msgspec.Struct, frozen=True, gc=False):
    """Keep a row for ever."""

    row: HistoryRow | WhowasRow


class Entered(msgspec.Struct, frozen=True, gc=False):
    """From here on these sessions see what the room is shown."""

    room: RoomId
    sessions: tuple[SessionId, ...]


class Departed(msgspec.Struct, frozen=True, gc=False):
    """From here on these sessions no longer see what the room is shown."""

    room: RoomId
    sessions: tuple[SessionId, ...]


class Settled(msgspec.Struct, frozen=True, gc=False):
    """A session's registration came to its end; `nick` is empty when it was refused."""

    session: SessionId
    nick: str


class Renamed(msgspec.Struct, frozen=True, gc=False):
    """These sessions are now called `nick`."""

    sessions: tuple[SessionId, ...]
    nick: str


class HangUp(msgspec.Struct, frozen=True, gc=False):
    """Say ERROR with the reason to a session and close it."""

    session: SessionId
    reason: str


Output = Deliver | Answer | Record | Entered | Departed | Settled | Renamed | HangUp
