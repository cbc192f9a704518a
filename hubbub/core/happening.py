"""Turning what a user does in rooms into an event and the history's rows for it.

Law: whatever the members of a room are shown is recorded with a place; the live line and the row
carry the same message id.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from hubbub.core.entities import Room, User
from hubbub.core.outputs import Event, HistoryRow, Output, Record
from hubbub.core.state import State

UNTARGETED: Final = frozenset({"QUIT", "NICK"})
"""Commands whose line names no room, though they happen in rooms."""


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
    for room in rooms:
        place = state.take_place()
        out.append(
            Record(
                HistoryRow(
                    place, state.now, room.id, command, user.source, params, author=user.identity
                )
            )
        )
    wire_params = params if command in UNTARGETED else (rooms[0].name, *params)
    return Event(command, user.source, wire_params, state.now, place if rooms else None)
