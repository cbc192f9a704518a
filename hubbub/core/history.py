"""Questions to the history: values that commands build and the store answers.

Law: a question says what may be read, too; the store adds nothing and leaves nothing out.
"""

from __future__ import annotations

import msgspec

from hubbub.core.entities import Member
from hubbub.core.ids import Place, RoomId
from hubbub.irc.names import FoldedNick


class InRoom(msgspec.Struct, frozen=True):
    """What was said and done in a room from `since` on; `statuses` are STATUSMSG ranks readable."""

    room: RoomId
    since: Place
    statuses: tuple[str, ...] = ("",)


class WithPeer(msgspec.Struct, frozen=True):
    """The whispers between an identity and whoever it knew under a nick."""

    identity: str
    peer: FoldedNick


Conversation = InRoom | WithPeer


class At(msgspec.Struct, frozen=True):
    """A point in time, in milliseconds since 1970 UTC."""

    time: int


Bound = Place | At


class Page(msgspec.Struct, frozen=True, kw_only=True):
    """At most `limit` rows strictly between two bounds, oldest first.

    With `newest` they are the last such rows, otherwise the first. `events` also asks for joins,
    topics and the like, except the commands `without`; otherwise it's only what was said.
    """

    conversation: Conversation
    after: Bound | None = None
    before: Bound | None = None
    limit: int
    newest: bool = False
    events: bool = False
    without: tuple[str, ...] = ()


class Around(msgspec.Struct, frozen=True, kw_only=True):
    """At most `limit` rows about a bound, the row at it included."""

    conversation: Conversation
    bound: Bound
    limit: int
    events: bool = False
    without: tuple[str, ...] = ()


class Targets(msgspec.Struct, frozen=True, kw_only=True):
    """In which rooms, and with whom, something was last said between two times, oldest first.

    Answered as (name or RoomId, time of the last message).
    """

    identity: str
    rooms: tuple[InRoom, ...]
    after: At
    before: At
    limit: int


class Search(msgspec.Struct, frozen=True, kw_only=True):
    """At most `limit` messages in which all words and "quoted phrases" of `text` are, oldest first.

    In `rooms`, and among the whispers of `identity` if there is one: with `peer` only those with
    whoever it knew under this nick. `author` is the nick that said it. `after` and `before` are
    times in milliseconds, and what was said at them counts. With `newest` they are the last such
    messages, otherwise the first.
    """

    rooms: tuple[InRoom, ...] = ()
    identity: str = ""
    peer: FoldedNick | None = None
    author: FoldedNick | None = None
    text: str = ""
    after: int | None = None
    before: int | None = None
    limit: int
    newest: bool = True


class Message(msgspec.Struct, frozen=True):
    """The message at a place, unless it was taken back.

    Whoever asks may not be told more of it than it may read: see `core.redaction`.
    """

    place: Place


class Whowas(msgspec.Struct, frozen=True):
    """The last users of a nick, newest first."""

    folded: FoldedNick
    limit: int


Question = Page | Around | Targets | Search | Message | Whowas


def readable(member: Member) -> InRoom:
    """What a member may read of its room: a private room's history only from its own arrival.

    What was said while a room was private doesn't become everybody's when it opens.
    """
    room = member.room
    since = member.reads_from
    if not room.private:
        since = min(since, room.public_since)
    statuses = ("", *("+" * bool(member.ranks)), *("@" * ("o" in member.ranks)))
    return InRoom(member.room.id, since, statuses)
