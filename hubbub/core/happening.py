"""Turning what a user does in rooms into an event and the history's rows for it.

Law: whatever the members of a room are shown is recorded with a place; the live line and the row
carry the same message id.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Final

from hubbub.core.entities import Member, Room, User
from hubbub.core.ids import Place
from hubbub.core.outputs import Deliver, Event, HistoryRow, Output, Record
from hubbub.core.state import State
from hubbub.irc.message import NO_TAGS

UNTARGETED: Final = frozenset({"QUIT", "NICK", "RENAME"})
"""Commands whose line doesn't begin with the room's name, though they happen in rooms."""


_BOT: Final = MappingProxyType({"bot": ""})


def tagged(user: User, tags: Mapping[str, str] = NO_TAGS) -> Mapping[str, str]:
    """The tags of what a user does: its client's, and the server's before them.

    A bot's have `bot` (https://ircv3.net/specs/extensions/bot-mode).
    """
    if "B" not in user.modes:
        return tags
    return MappingProxyType({"bot": "", **tags}) if tags else _BOT


def did(
    state: State,
    user: User,
    command: str,
    params: tuple[str, ...],
    place: Place | None = None,
    tags: Mapping[str, str] = NO_TAGS,
) -> Event:
    """The event of a user doing something now, with all that is told of who does it."""
    return Event(
        command,
        user.source,
        params,
        state.now,
        place,
        tagged(user, tags),
        user.account,
        user.realname if command == "JOIN" else "",
        "o" in user.modes,
    )


def granted(state: State, out: list[Output], member: Member, ranks: str) -> None:
    """Gives a member ranks that are its own by right, as the server's doing."""
    gained = "".join(rank for rank in ranks if rank not in member.ranks)
    if not gained:
        return
    state.give_ranks(member, member.ranks + gained)
    changed_ranks(state, out, member, f"+{gained}")


def changed_ranks(state: State, out: list[Output], member: Member, change: str) -> None:
    """Records and shows that the server has changed a member's ranks: `change` is as `+o`."""
    room, source = member.room, state.rules.server_name
    params = (change, *(member.user.nick for _ in change[1:]))
    place = state.take_place()
    out.append(Record(HistoryRow(place, state.now, room.id, "MODE", source, params)))
    event = Event("MODE", source, (room.name, *params), state.now, place)
    out.append(Deliver(event, (room.id,), member.user.sessions))


def happened(
    state: State,
    out: list[Output],
    user: User,
    command: str,
    rooms: Sequence[Room],
    params: tuple[str, ...],
) -> Event:
    """Records that a user did something in `rooms`, one row each, and returns the event.

    A command that isn't in UNTARGETED names its one room first. An event in several rooms bears
    the last row's place, so that whoever asks for what came after it gets none of its rows again.
    """
    place = None
    for room in rooms:
        place = state.take_place()
        row = HistoryRow(
            place,
            state.now,
            room.id,
            command,
            user.source,
            params,
            tagged(user),
            author=user.identity,
            account=user.account,
            realname=user.realname if command == "JOIN" else "",
        )
        out.append(Record(row))
    wire_params = params if command in UNTARGETED else (rooms[0].name, *params)
    return did(state, user, command, wire_params, place)
