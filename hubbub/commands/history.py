"""CHATHISTORY: reading what was said (https://ircv3.net/specs/extensions/chathistory).

Law: only what the asker may read is asked of the store; the question itself says what that is.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import msgspec

from hubbub.commands.playback import event_of
from hubbub.commands.row import IRCV3, Call, Kind, Row, When, query
from hubbub.core.entities import User
from hubbub.core.history import (
    Around,
    At,
    Bound,
    Conversation,
    Page,
    Targets,
    WithPeer,
    kept_from,
    readable,
)
from hubbub.core.ids import RoomId, parse_msgid
from hubbub.core.outputs import HistoryRow
from hubbub.core.state import State
from hubbub.edge.egress import hidden
from hubbub.edge.work import Batched, Fetch, Shown
from hubbub.irc.names import fold_nick, is_room
from hubbub.irc.replies import Refused, Reply, fail
from hubbub.irc.times import iso_time, milliseconds

Asking = Callable[[Call, State, Conversation], Page | Around]


def _invalid(call: Call, text: str, *context: str) -> Refused:
    return fail("CHATHISTORY", "INVALID_PARAMS", call.param(0) or "*", *context, text=text)


def chathistory(call: Call, state: State) -> Sequence[Shown | Fetch]:
    subcommand = call.param(0).upper()
    if subcommand == "TARGETS":
        return _targets(call, state)
    row = _SUBCOMMANDS.get(subcommand)
    if row is None:
        raise _invalid(call, "Unknown command")
    count, ask = row
    if len(call.params) < count:
        raise _invalid(call, "Insufficient parameters")
    if len(call.params) > count:
        raise _invalid(call, "Too many parameters")
    user = state.sessions[call.session.id].user
    conversation, name = _conversation(call, state, user)
    question = ask(call, state, conversation)
    if call.session.has("draft/event-playback"):
        without = hidden(call.session.variant)
        question = msgspec.structs.replace(question, events=True, without=without)

    return [Fetch(question, _Presented(name))]


@dataclass(frozen=True, slots=True)
class _Presented:
    """Shows rows as a page of the conversation of that name: to all who ask the same, the same."""

    name: str

    def __call__(self, rows: Sequence[HistoryRow]) -> Sequence[Shown]:
        # A whisper's row keeps the name that it was addressed to; a room has one name.
        events = tuple(event_of(row, row.peer_nick or self.name) for row in rows)
        return [Batched("chathistory", (self.name,), events)]


def _conversation(call: Call, state: State, user: User) -> tuple[Conversation, str]:
    target = call.param(1)
    if not is_room(target):
        # "the canonical name of the target being queried", as far as there is one now
        peer = state.user_named(target)
        name = target if peer is None else peer.nick
        return WithPeer(user.identity, fold_nick(target), kept_from(state, None)), name
    room = state.room_named(target)
    member = None if room is None else room.members.get(user.id)
    if room is None or member is None:
        raise fail(
            "CHATHISTORY",
            "INVALID_TARGET",
            call.param(0),
            target,
            text="Messages could not be retrieved: join the room first",
        )
    return readable(state, member), room.name


def _limit(call: Call) -> int:
    text = call.params[-1]
    if not (text.isascii() and text.isdigit() and int(text[:9]) > 0):
        raise _invalid(call, "The limit is a number from 1", text)
    return min(int(text[:9]), call.rules.history_page)


def _bound(call: Call, state: State, index: int) -> Bound:
    kind, _, value = call.param(index).partition("=")
    if kind == "timestamp":
        return _time(call, index)
    if kind != "msgid":
        raise fail(
            "CHATHISTORY",
            "INVALID_MSGREFTYPE",
            call.param(0),
            call.param(1),
            text="A message is referred to by msgid= or timestamp=",
        )
    place = parse_msgid(state.log_id, value)
    if place is None:
        raise fail(
            "CHATHISTORY",
            "MESSAGE_ERROR",
            call.param(0),
            call.param(1),
            text="Messages could not be retrieved: this server has no such message id",
        )
    return place


def _time(call: Call, index: int) -> At:
    kind, _, value = call.param(index).partition("=")
    try:
        if kind != "timestamp":
            raise ValueError
        return At(milliseconds(value))
    except ValueError:
        raise _invalid(call, "Invalid timestamp", call.param(index) or "*") from None


def _before(call: Call, state: State, conversation: Conversation) -> Page | Around:
    return Page(
        conversation=conversation,
        before=_bound(call, state, 2),
        limit=_limit(call),
        newest=True,
    )


def _after(call: Call, state: State, conversation: Conversation) -> Page | Around:
    # What comes after this line's place in the order is shown as it happens.
    return Page(
        conversation=conversation,
        after=_bound(call, state, 2),
        before=state.next_place,
        limit=_limit(call),
    )


def _latest(call: Call, state: State, conversation: Conversation) -> Page | Around:
    after = None if call.param(2) == "*" else _bound(call, state, 2)
    return Page(
        conversation=conversation,
        after=after,
        before=state.next_place,
        limit=_limit(call),
        newest=True,
    )


def _around(call: Call, state: State, conversation: Conversation) -> Page | Around:
    return Around(conversation=conversation, bound=_bound(call, state, 2), limit=_limit(call))


def _between(call: Call, state: State, conversation: Conversation) -> Page | Around:
    """BETWEEN counts from its first bound, forwards or backwards in time."""
    return Page(
        conversation=conversation,
        after=_bound(call, state, 2),
        before=_bound(call, state, 3),
        limit=_limit(call),
        counted=True,
    )


_SUBCOMMANDS: Final[Mapping[str, tuple[int, Asking]]] = {
    "BEFORE": (4, _before),
    "AFTER": (4, _after),
    "LATEST": (4, _latest),
    "AROUND": (4, _around),
    "BETWEEN": (5, _between),
}


def _targets(call: Call, state: State) -> Sequence[Shown | Fetch]:
    if len(call.params) != 4:
        raise _invalid(call, "TARGETS takes two timestamps and a limit")
    first, second = _time(call, 1), _time(call, 2)
    user = state.sessions[call.session.id].user
    question = Targets(
        identity=user.identity,
        rooms=tuple(readable(state, member) for member in user.memberships.values()),
        after=min(first, second, key=lambda at: at.time),
        before=max(first, second, key=lambda at: at.time),
        limit=_limit(call),
        from_time=kept_from(state, None),
        newest=first.time > second.time,  # "the same semantics as BETWEEN"
    )
    names = {member.room.id: member.room.name for member in user.memberships.values()}

    def present(rows: Sequence[tuple[RoomId | str, int]]) -> Sequence[Shown]:
        items = tuple(
            Reply(
                "CHATHISTORY",
                ("TARGETS", key if isinstance(key, str) else names[key], iso_time(time)),
            )
            for key, time in rows
        )
        return [Batched("draft/chathistory-targets", (), items)]

    return [Fetch(question, present)]


ROWS: Final = (
    Row(
        "CHATHISTORY",
        When.AFTER,
        Kind.QUERY,
        1,
        "BEFORE|AFTER|LATEST|AROUND|BETWEEN|TARGETS ...",
        "Reads what was said before.",
        IRCV3 + "chathistory",
        query(chathistory, holds=True),
    ),
)
