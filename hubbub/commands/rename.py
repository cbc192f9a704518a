"""RENAME: another name for a room (https://ircv3.net/specs/extensions/channel-rename)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from hubbub.commands.row import IRCV3, Call, Kind, Row, When, cut
from hubbub.core import entries
from hubbub.edge.work import Work
from hubbub.irc.names import room_problem
from hubbub.irc.replies import fail


def rename(call: Call) -> Sequence[Work]:
    """RENAME: gives a room another name."""
    old, new = call.param(0), call.param(1)
    problem = room_problem(new, call.rules.room_bytes)
    if problem is not None:
        raise fail("RENAME", "CANNOT_RENAME", old, new, text=problem)
    reason = cut(call.param(2), call.rules.kick_bytes)
    return [entries.RenameRoom(call.session.id, old, new, reason)]


ROWS: Final = (
    Row(
        "RENAME",
        When.AFTER,
        Kind.LOGGED,
        2,
        "<room> <new name> [reason]",
        "Gives a room another name.",
        IRCV3 + "channel-rename",
        rename,
    ),
)
