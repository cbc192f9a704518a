"""Questions to the history: values that commands build and the store answers.

Law: a question says what may be read, too; the store adds nothing and leaves nothing out. What was
kept for as long as it was to be may not be read, whether it is still there or not: `from_time` is
the time in milliseconds from which on a conversation is kept, or 0.
"""

from __future__ import annotations

from typing import Final

import msgspec

from hubbub.core.entities import Member, Room
from hubbub.core.ids import Place, RoomId
from hubbub.core.rules import Rules
from hubbub.core.state import State
from hubbub.irc.names import FoldedNick

DAY_MS: Final = 24 * 3_600_000


class InRoom(msgspec.Struct, frozen=True):
    """What was said and done in a room from `since` on; `statuses` are STATUSMSG ranks readable.

    `starts` are the places from which each of these is, where one begins later; it may be empty.
    """

    room: RoomId
    since: Place
    statuses: tuple[str, ...] = ("",)
    from_time: int = 0
    starts: tuple[Place, ...] = ()

    def start(self, status: str) -> Place:
        """From where on what was said to one of the `statuses` is readable."""
        if not self.starts:
            return self.since
        return max(self.since, self.starts[self.statuses.index(status)])

    def reads(self, place: Place, status: str) -> bool:
        """Whether what was said at a place to a rank (empty: to all) is readable."""
        return status in self.statuses and place >= self.start(status)


class WithPeer(msgspec.Struct, frozen=True):
    """The whispers between an identity and whoever it knew under a nick."""

    identity: str
    peer: FoldedNick
    from_time: int = 0


Conversation = InRoom | WithPeer


class At(msgspec.Struct, frozen=True):
    """A point in time, in milliseconds since 1970 UTC."""

    time: int


Bound = Place | At


class Page(msgspec.Struct, frozen=True, kw_only=True):
    """At most `limit` rows strictly between two bounds, oldest first.

    With `newest` they are the last such rows, otherwise the first. `events` also asks for joins,
    topics and the like, except the commands `without`; otherwise it's only what was said.
    With `counted` it is from `after` that rows are counted, even if that is the later one.
    """

    conversation: Conversation
    after: Bound | None = None
    before: Bound | None = None
    limit: int
    newest: bool = False
    events: bool = False
    without: tuple[str, ...] = ()
    counted: bool = False


class Around(msgspec.Struct, frozen=True, kw_only=True):
    """At most `limit` rows about a bound, the row at it included."""

    conversation: Conversation
    bound: Bound
    limit: int
    events: bool = False
    without: tuple[str, ...] = ()


class Count(msgspec.Struct, frozen=True):
    """How many messages were said strictly between two bounds; more than `most` aren't counted.

    Answered as one number.
    """

    conversation: Conversation
    after: Bound
    before: Bound
    most: int


class Targets(msgspec.Struct, frozen=True, kw_only=True):
    """In which rooms, and with whom, something was last said between two times, oldest first.

    Answered as (name or RoomId, time of the last message): with `newest` the last ones, otherwise
    the first. `from_time` is for the whispers.
    """

    identity: str
    rooms: tuple[InRoom, ...]
    after: At
    before: At
    limit: int
    from_time: int = 0
    newest: bool = False


class Search(msgspec.Struct, frozen=True, kw_only=True):
    """At most `limit` messages in which all words and "quoted phrases" of `text` are, oldest first.

    In `rooms`, and among the whispers of `identity` if there is one: with `peer` only those with
    whoever it knew under this nick. `author` is the nick that said it. `after` and `before` are
    times in milliseconds, and what was said at them counts. With `newest` they are the last such
    messages, otherwise the first. `from_time` is for the whispers.
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
    from_time: int = 0


class Message(msgspec.Struct, frozen=True):
    """The message at a place, unless it was taken back.

    Whoever asks may not be told more of it than it may read: see `core.redaction`.
    """

    place: Place


class Messages(msgspec.Struct, frozen=True):
    """The messages at some places of a room that may be read and weren't taken back, in order."""

    conversation: InRoom
    places: tuple[Place, ...]


class Own(msgspec.Struct, frozen=True, kw_only=True):
    """The first rows after a place that an identity made or was whispered, oldest first."""

    identity: str
    after: Place
    limit: int


class Whowas(msgspec.Struct, frozen=True):
    """The last users of a nick, newest first."""

    folded: FoldedNick
    limit: int


class Audit(msgspec.Struct, frozen=True, kw_only=True):
    """The last `limit` acts of the audit log, oldest first.

    Done since a time (milliseconds), by somebody of this nick (however cased), or with this number.
    """

    limit: int
    since: int = 0
    who: str = ""
    number: int = 0


class Spoken(msgspec.Struct, frozen=True, kw_only=True):
    """The first `limit` messages and reactions of some identities between two places, since a time."""

    identities: tuple[str, ...]
    since: int
    after: Place
    before: Place
    limit: int


class Speakers(msgspec.Struct, frozen=True, kw_only=True):
    """Which identities said something under a name since a time; answered as texts."""

    name: FoldedNick
    since: int


Question = (
    Spoken
    | Speakers
    | Audit
    | Page
    | Around
    | Count
    | Targets
    | Search
    | Message
    | Messages
    | Own
    | Whowas
)


def readable(state: State, member: Member) -> InRoom:
    """What a member may read of its room: a private room's history only from its own arrival.

    And what was said to those with a rank only from where it got that rank.
    What was said while a room was private doesn't become everybody's when it opens.
    """
    room = member.room
    since = member.reads_from
    if not room.private:
        since = min(since, room.public_since)
    ranked = {"": since}
    if member.ranks:
        ranked["+"] = member.voiced
    if "o" in member.ranks:
        ranked["@"] = member.opped
    statuses, starts = tuple(ranked), tuple(ranked.values())
    return InRoom(member.room.id, since, statuses, kept_from(state, room), starts)


def kept_days(rules: Rules, room: Room | None) -> int:
    """For how many days what is said in a room is kept, whispers where it is None; 0 is for ever."""
    own = 0 if room is None else room.keep_days
    return min(own, rules.keep_days) if own and rules.keep_days else own or rules.keep_days


def is_kept(state: State, room: Room | None, time: int) -> bool:
    """Whether what was said at a time is still kept, as the log's clock stands: for `apply`."""
    days = kept_days(state.rules, room)
    return not days or time >= state.now - days * DAY_MS


def kept_from(state: State, room: Room | None) -> int:
    """The time from which on what was said in a room may be read, of whispers where it is None.

    For questions only: it depends on the node's clock.
    """
    days = kept_days(state.rules, room)
    return max(state.present - days * DAY_MS, 0) if days else 0
