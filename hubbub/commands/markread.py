"""MARKREAD: how far one has read (https://ircv3.net/specs/extensions/read-marker)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from hubbub.commands.row import IRCV3, Call, Kind, Row, When, query
from hubbub.core import entries
from hubbub.core.reading import marker_at
from hubbub.core.state import State
from hubbub.edge.work import Shown, Work
from hubbub.irc.names import is_room, nick_problem
from hubbub.irc.numerics import Numeric
from hubbub.irc.replies import fail, refuse
from hubbub.irc.times import milliseconds

CAPABILITY: Final = "draft/read-marker"


def markread(call: Call) -> Sequence[Work]:
    """MARKREAD: asks where a conversation's marker stands, or moves it on."""
    target, until = call.param(0), call.param(1)
    if not call.session.has(CAPABILITY):
        raise refuse(Numeric.ERR_UNKNOWNCOMMAND, "MARKREAD")
    if not target:
        raise fail("MARKREAD", "NEED_MORE_PARAMS", text="Missing parameters")
    if not is_room(target) and nick_problem(target, call.rules.nick_bytes) is not None:
        text = "That is neither a room nor a name"
        raise fail("MARKREAD", "INVALID_PARAMS", target, text=text)
    if not until:
        return query(_show)(call)
    return [entries.MarkRead(call.session.id, target, _time(until))]


def _show(call: Call, state: State) -> Sequence[Shown]:
    return [marker_at(state, state.sessions[call.session.id].user, call.param(0))]


def _time(until: str) -> int:
    kind, _, value = until.partition("=")
    try:
        time = milliseconds(value) if kind == "timestamp" else 0
    except ValueError:
        time = 0
    if time <= 0:
        text = "A marker is put at timestamp=YYYY-MM-DDThh:mm:ss.sssZ"
        raise fail("MARKREAD", "INVALID_PARAMS", until, text=text)
    return time


ROWS: Final = (
    Row(
        "MARKREAD",
        When.AFTER,
        Kind.LOGGED,
        0,
        "<target> [timestamp=<time>]",
        "Tells your other devices how far you have read, or asks.",
        IRCV3 + "read-marker",
        markread,
    ),
)
