"""What comes with a role: KILL and WALLOPS; and OPER, which says where roles come from."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from hubbub.commands.row import MODERN, Call, Kind, Row, When, cut, query
from hubbub.core import entries
from hubbub.core.state import State
from hubbub.edge.work import Fetch, Shown, Work
from hubbub.irc.numerics import Numeric
from hubbub.irc.replies import numeric, refuse


def _oper(call: Call, state: State) -> Sequence[Shown | Fetch]:
    user = state.sessions[call.session.id].user
    if user.may("moderator"):
        return [numeric(Numeric.RPL_YOUREOPER)]
    text = "Roles come with your account: ask an admin, who can give you one"
    return [numeric(Numeric.ERR_NOOPERHOST, text=text)]


def kill(call: Call) -> Sequence[Work]:
    """KILL: ends all connections of a user."""
    reason = cut(call.param(1), call.rules.kick_bytes)
    return [entries.Disconnect(call.session.id, call.param(0), reason)]


def wallops(call: Call) -> Sequence[Work]:
    """WALLOPS: tells all who have a role something."""
    if not call.param(0):
        raise refuse(Numeric.ERR_NEEDMOREPARAMS, "WALLOPS")
    return [entries.Wallops(call.session.id, call.param(0))]


ROWS: Final = (
    Row(
        "OPER",
        When.AFTER,
        Kind.QUERY,
        0,
        "",
        "Says whether your account has a role.",
        MODERN + "oper-message",
        query(_oper),
    ),
    Row(
        "KILL",
        When.AFTER,
        Kind.LOGGED,
        1,
        "<name> [reason]",
        "Puts somebody out of the chat; for moderators.",
        MODERN + "kill-message",
        kill,
    ),
    Row(
        "WALLOPS",
        When.AFTER,
        Kind.LOGGED,
        1,
        "<text>",
        "Tells all moderators and admins something; for them.",
        MODERN + "wallops-message",
        wallops,
    ),
)
