"""RETENTION: for how long what is said in a room is kept."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final

from hubbub.commands.row import Call, Kind, Row, When, query
from hubbub.core import entries
from hubbub.core.retention import retention_of
from hubbub.core.rooms import find_room
from hubbub.core.state import State
from hubbub.edge.work import Shown, Work
from hubbub.irc.numerics import Numeric
from hubbub.irc.replies import fail, refuse

DAYS_MOST: Final = 36_500
_PERIOD: Final = re.compile(r"([1-9][0-9]{0,4})([dwy])", re.IGNORECASE | re.ASCII)
_UNIT_DAYS: Final = {"d": 1, "w": 7, "y": 365}


def period_days(text: str) -> tuple[int, bool] | None:
    """The days that `30d`, `2w`, `1y`, `forever` or `default` means, and whether it is for ever.

    None when it means none of these.
    """
    if text.lower() in ("forever", "default"):
        return 0, text.lower() == "forever"
    found = _PERIOD.fullmatch(text)
    if found is None:
        return None
    days = int(found[1]) * _UNIT_DAYS[found[2].lower()]
    return (days, False) if days <= DAYS_MOST else None


def retention(call: Call) -> Sequence[Work]:
    """RETENTION: asks for how long a room's messages are kept, or sets it."""
    if len(call.params) == 1:
        return query(_show)(call)
    period = period_days(call.param(1))
    if period is None:
        text = "A time is written like 30d, 2w or 1y; forever and default are possible, too"
        raise fail("RETENTION", "INVALID_PARAMS", call.param(0) or "*", text=text)
    return [entries.SetRetention(call.session.id, call.param(0), *period)]


def _show(call: Call, state: State) -> Sequence[Shown]:
    name = call.param(0)
    user = state.sessions[call.session.id].user
    room = find_room(state, name, user)
    if room.private and user.id not in room.members:
        raise refuse(Numeric.ERR_NOTONCHANNEL, name)
    return [retention_of(state, room)]


ROWS: Final = (
    Row(
        "RETENTION",
        When.AFTER,
        Kind.LOGGED,
        1,
        "<room> [<time>|forever|default]",
        "Shows or sets for how long what is said in a room is kept: 30d, 2w, 1y.",
        "docs/protocol.md#retention",
        retention,
    ),
)
