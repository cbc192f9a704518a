"""What comes out of `apply`, in order: deliveries, replies, records and the fate of sessions.

Law: an output says what happened and to whom it matters; how it looks to each is the egress
gate's affair.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

import msgspec

from hubbub.core.ids import Place, RoomId, SessionId
from hubbub.irc.message import NO_TAGS
from hubbub.irc.names import FoldedNick
from hubbub.irc.replies import Reply


class Event(msgspec.Struct, frozen=True, gc=False):
    """Something that happened and that others are shown: an IRC command with its source.

    `time` is milliseconds since 1970 UTC; `place` is set when the event is in the history.
    `account`, `realname` (of who joins) and `operator` tell of the source what some clients want
    to be told with the event. A text of several lines is the last of `params`, with `splits` as in
    `irc.multiline`. An event that is `aside` is for bystanders who asked for such; one
    that stands `instead_of` a command is for those who can't be shown that command, and one with a
    `key` for those who subscribed to it (`core.metadata`).
    """

    command: str
    source: str
    params: tuple[str, ...]
    time: int
    place: Place | None = None
    tags: Mapping[str, str] = NO_TAGS
    account: str = ""
    realname: str = ""
    operator: bool = False
    aside: bool = False
    instead_of: str = ""
    splits: tuple[int, ...] = ()
    key: str = ""


class HistoryRow(msgspec.Struct, frozen=True, gc=False):
    """An event as the history keeps it: in a room, or between two identities.

    `params` is what follows the target. `status` is the rank prefix a STATUSMSG was meant for.
    `author` and `peer` are identities (`User.identity`), `peer_nick` the name that was addressed.
    `account` and `realname` are the source's, and `splits` the text's, as in an Event.
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
    account: str = ""
    realname: str = ""
    splits: tuple[int, ...] = ()


class WhowasRow(msgspec.Struct, frozen=True, gc=False):
    """Who used a name until when, for WHOWAS."""

    folded: str
    nick: str
    username: str
    host: str
    realname: str
    time: int


class Rekeyed(msgspec.Struct, frozen=True, gc=False):
    """From now on what was `before`'s is `after`'s: a guest's whispers are its new account's."""

    before: str
    after: str


class Erased(msgspec.Struct, frozen=True, gc=False):
    """An identity is gone: its whispers are unreadable to it; with `messages` all it said goes.

    `folded` is its name, of which WHOWAS then tells nothing any more.
    """

    identity: str
    folded: str
    messages: bool


class Redacted(msgspec.Struct, frozen=True, gc=False):
    """What was said at a place is gone: text and tags, wherever they are kept, and what corrected it.

    The row stays as one of the command ERASED, with its place and author; who took it back and
    why is a row of its own, the REDACT. `id` is the message id that corrections name.
    """

    place: Place
    id: str
    alone: bool = False
    """Its corrections aren't looked for: they are taken out by themselves."""


class AuditRow(msgspec.Struct, frozen=True, gc=False):
    """What somebody with a role, or the console, did: for the audit log.

    `who` is the nick or "console". `until` (milliseconds) is of what ends by itself, else 0; `detail`
    says what undoing it needs to know, or more of what was done.
    """

    number: int
    time: int
    who: str
    action: str
    target: str
    reason: str = ""
    until: int = 0
    detail: str = ""


EDITS: Final = "draft/target-msgid"
"""The tag by which a message names another one that it corrects; clients can't send it so."""
ERASED: Final = "ERASED"
"""The command of a history row whose content is gone; nobody is shown such a row."""

Fact = HistoryRow | WhowasRow | AuditRow | Rekeyed | Erased | Redacted
"""What the store can be told to keep, in the order in which it happened."""


class Deliver(msgspec.Struct, frozen=True, gc=False):
    """Show `event` once to each session in the rooms and to `sessions`.

    `author` is the session that caused it by sending a message: it sees the event only if it asked
    for echoes. Those in `without` don't see it. `watched` is a name (folded): who watches it and
    wants to know more than whether it is present sees the event, too.
    """

    event: Event
    rooms: tuple[RoomId, ...] = ()
    sessions: tuple[SessionId, ...] = ()
    author: SessionId | None = None
    without: tuple[SessionId, ...] = ()
    watched: FoldedNick | None = None


class Answer(msgspec.Struct, frozen=True, gc=False):
    """Tell one session something in reply to what it asked."""

    session: SessionId
    reply: Reply


class Record(msgspec.Struct, frozen=True, gc=False):
    """Keep a row for ever, or carry out on those that are kept what became of them."""

    row: Fact


class Entered(msgspec.Struct, frozen=True, gc=False):
    """From here on these sessions see what the room is shown."""

    room: RoomId
    sessions: tuple[SessionId, ...]


class Introduced(msgspec.Struct, frozen=True, gc=False):
    """Show these sessions the room that another device of their user has entered.

    With `instead_of` it is for those only that can't be shown a command of that name.
    """

    room: str
    sessions: tuple[SessionId, ...]
    instead_of: str = ""


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


class Seen(msgspec.Struct, frozen=True, gc=False):
    """Tell those who watch a name that it is now present, with its source, or gone."""

    nick: str
    source: str = ""
    """`nick!user@host` of who is present; empty when gone."""
    without: tuple[SessionId, ...] = ()
    only: tuple[SessionId, ...] | None = None
    """Who isn't told; where there is `only`, who alone is."""


class LoggedIn(msgspec.Struct, frozen=True, gc=False):
    """A session that isn't registered yet has just made this account and is logged in to it."""

    session: SessionId
    account: int
    name: str


class HangUp(msgspec.Struct, frozen=True, gc=False):
    """Say ERROR with the reason to a session and close it."""

    session: SessionId
    reason: str


Output = (
    Deliver
    | Answer
    | Record
    | Entered
    | Introduced
    | Departed
    | Settled
    | Renamed
    | LoggedIn
    | Seen
    | HangUp
)
