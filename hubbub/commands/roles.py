"""What comes with a role: KILL, WALLOPS and REHASH; and OPER, which says where roles come from."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from hubbub.commands.row import MODERN, Call, Kind, Row, When, cut, query
from hubbub.core import entries
from hubbub.core.presence import require_role
from hubbub.core.state import State
from hubbub.edge.credentials import Outcome
from hubbub.edge.errands import Reload, Reloaded
from hubbub.edge.session import Session
from hubbub.edge.work import Fetch, Lookup, Shown, Verify, Work
from hubbub.irc.numerics import Numeric
from hubbub.irc.replies import Reply, numeric, refuse

PROBLEM_CHARACTERS: Final = 100
"""How much of what is wrong with a configuration a line says; the log has it all."""


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


def rehash(call: Call) -> Sequence[Work]:
    """REHASH: has the server read its configuration again (https://modern.ircdocs.horse/#rehash-message)."""

    def read(session: Session, state: State) -> Sequence[Shown | Verify]:
        require_role(state, session.id, "admin")
        return [Verify(Reload(state.sessions[session.id].user.nick), _rehashed)]

    return [Lookup(read)]


def _rehashed(outcome: Outcome) -> Sequence[Work]:
    assert isinstance(outcome, Reloaded)
    replies = [numeric(Numeric.RPL_REHASHING, outcome.file, text="Rehashing")]
    if outcome.problem:
        text = outcome.problem[:PROBLEM_CHARACTERS]
        return [*replies, Reply("FAIL", ("REHASH", "CONFIG_BAD", text))]
    changed = f"Changed: {', '.join(outcome.changed)}" if outcome.changed else "Nothing changed"
    replies.append(Reply("NOTE", ("REHASH", "REHASHED", changed[:PROBLEM_CHARACTERS])))
    for name in outcome.later:
        text = f"{name} takes effect at the next start"
        replies.append(Reply("WARN", ("REHASH", "RESTART_NEEDED", name, text)))
    return replies


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
    Row(
        "REHASH",
        When.AFTER,
        Kind.QUERY,
        0,
        "",
        "Has the server read its configuration again; for admins.",
        MODERN + "rehash-message",
        rehash,
    ),
)
