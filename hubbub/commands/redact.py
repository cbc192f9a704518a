"""REDACT: taking back what was said (https://ircv3.net/specs/extensions/message-redaction).

The state doesn't hold old messages: the store is asked for the one that is meant, and what it knows
of it goes with the entry, in whose place of the order it is decided.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from hubbub.commands.row import IRCV3, Call, Kind, Row, When, cut
from hubbub.core import entries
from hubbub.core.history import Message
from hubbub.core.ids import parse_msgid
from hubbub.core.outputs import HistoryRow
from hubbub.core.redaction import invalid_target, unknown_message
from hubbub.core.state import State
from hubbub.edge.session import Session
from hubbub.edge.work import Find, Lookup, Work
from hubbub.irc.names import is_room, nick_problem, split_status
from hubbub.irc.numerics import Numeric
from hubbub.irc.replies import refuse

CAPABILITY: Final = "draft/message-redaction"
REDACTABLE: Final = frozenset({"PRIVMSG", "NOTICE", "TAGMSG"})


def redact(call: Call) -> Sequence[Work]:
    session, target, id = call.session, call.param(0), call.param(1)
    # "To redact a message, a client MUST negotiate the draft/message-redaction capability"
    if not session.has(CAPABILITY):
        raise refuse(Numeric.ERR_UNKNOWNCOMMAND, "REDACT")
    reason = cut(call.param(2), call.rules.kick_bytes)
    _, name = split_status(target)
    if not is_room(name) and nick_problem(name, call.rules.nick_bytes) is not None:
        raise invalid_target("REDACT", target)

    def read(session: Session, state: State) -> Sequence[Find]:
        place = parse_msgid(state.log_id, id)
        if place is None:
            raise unknown_message("REDACT", target, id)
        return [Find(Message(place), then)]

    def then(rows: Sequence[HistoryRow]) -> Sequence[Work]:
        if not rows or rows[0].command not in REDACTABLE:
            raise unknown_message("REDACT", target, id)
        return [entries.Redact(session.id, target, said(rows[0]), reason)]

    return [Lookup(read)]


def said(row: HistoryRow) -> entries.Said:
    """What the store knows of a message, for an entry that is about it."""
    return entries.Said(
        row.place, row.time, row.room, row.status, row.author, row.peer, row.peer_nick, row.command
    )


ROWS: Final = (
    Row(
        "REDACT",
        When.AFTER,
        Kind.LOGGED,
        2,
        "<target> <msgid> [reason]",
        "Takes back a message.",
        IRCV3 + "message-redaction",
        redact,
    ),
)
