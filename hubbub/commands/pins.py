"""PIN, UNPIN and PINS: the messages that a room keeps in view."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from hubbub.commands.playback import event_of
from hubbub.commands.redact import said
from hubbub.commands.row import Call, Kind, Row, When, query
from hubbub.core import entries
from hubbub.core.history import Message, Messages, readable
from hubbub.core.ids import msgid, parse_msgid
from hubbub.core.outputs import HistoryRow
from hubbub.core.pins import unknown_message
from hubbub.core.rooms import find_member, find_room
from hubbub.core.state import State
from hubbub.edge.session import Session
from hubbub.edge.work import Batched, Fetch, Find, Lookup, Shown, Work
from hubbub.irc.replies import Reply
from hubbub.irc.times import iso_time

BATCH: Final = "hubbub/pins"
"""The kind of batch that pinned messages come in."""


def pin(call: Call) -> Sequence[Work]:
    """PIN: the store is asked for the message, and what it knows goes with the entry."""
    session, name, id = call.session, call.param(0), call.param(1)

    def read(session: Session, state: State) -> Sequence[Find]:
        place = parse_msgid(state.log_id, id)
        if place is None:
            raise unknown_message("PIN", name, id)
        return [Find(Message(place), then)]

    def then(rows: Sequence[HistoryRow]) -> Sequence[Work]:
        if not rows:
            raise unknown_message("PIN", name, id)
        return [entries.PinMessage(session.id, name, said(rows[0]))]

    return [Lookup(read)]


def unpin(call: Call) -> Sequence[Work]:
    return [entries.UnpinMessage(call.session.id, call.param(0), call.param(1))]


def pins(call: Call, state: State) -> Sequence[Shown | Fetch]:
    """PINS: the pinned messages of a room that one is in and that one may read, oldest first."""
    user = state.sessions[call.session.id].user
    room = find_room(state, call.param(0), user)
    member = find_member(room, user)
    places = tuple(sorted(room.pins))
    name, log_id, session = room.name, state.log_id, call.session

    def present(rows: Sequence[HistoryRow]) -> Sequence[Shown]:
        end = Reply("NOTE", ("PINS", "PINS_END", name, f"{len(rows)} pinned in {name}"))
        if session.has("batch"):
            events = tuple(event_of(row, name) for row in rows)
            return [Batched(BATCH, (name,), events), end]
        return [*(_told(row, name, log_id) for row in rows), end]

    return [Fetch(Messages(readable(state, member), places), present)]


def _told(row: HistoryRow, name: str, log_id: str) -> Reply:
    """A pinned message for a client that would take it for a new one."""
    nick, text = row.source.partition("!")[0], row.params[-1].partition("\n")[0]
    words = f"[{iso_time(row.time)}] <{nick}> {text}".encode()[:300].decode(errors="ignore")
    return Reply("NOTE", ("PINS", "PIN", name, msgid(log_id, row.place), words))


ROWS: Final = (
    Row(
        "PIN",
        When.AFTER,
        Kind.LOGGED,
        2,
        "<room> <msgid>",
        "Keeps a message in view; for those who run the room.",
        "docs/protocol.md#pinned-messages",
        pin,
    ),
    Row(
        "UNPIN",
        When.AFTER,
        Kind.LOGGED,
        2,
        "<room> <msgid>",
        "Ends that.",
        "docs/protocol.md#pinned-messages",
        unpin,
    ),
    Row(
        "PINS",
        When.AFTER,
        Kind.QUERY,
        1,
        "<room>",
        "Shows a room's pinned messages.",
        "docs/protocol.md#pinned-messages",
        query(pins, holds=True),
    ),
)
