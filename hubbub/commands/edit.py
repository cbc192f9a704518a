"""EDIT: correcting what one said (docs/protocol.md#edits).

It is the command of the specification that is proposed at
https://github.com/ircv3/ircv3-specifications/pull/425.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from hubbub.commands.packing import LINE_BYTES
from hubbub.commands.redact import said
from hubbub.commands.row import Call, Kind, Row, When
from hubbub.core import entries
from hubbub.core.history import Message
from hubbub.core.ids import parse_msgid
from hubbub.core.outputs import EDITS, HistoryRow
from hubbub.core.redaction import invalid_target, unknown_message
from hubbub.core.state import State
from hubbub.edge.session import Session
from hubbub.edge.work import Find, Lookup, Work
from hubbub.irc.names import is_room, nick_problem, split_status
from hubbub.irc.numerics import Numeric
from hubbub.irc.replies import Refused, fail, refuse

CAPABILITY: Final = "draft/message-edit"
EDIT_TEXT: Final = "draft/edit-text"
EDITABLE: Final = frozenset({"PRIVMSG", "NOTICE"})


def edit(call: Call) -> Sequence[Work]:
    session, target = call.session, call.param(0)
    if not (session.has(CAPABILITY) and session.has("message-tags")):
        raise refuse(Numeric.ERR_UNKNOWNCOMMAND, "EDIT")
    id, text = call.message.tags.get(EDITS, ""), call.message.tags.get(EDIT_TEXT, "")
    _, name = split_status(target)
    if not is_room(name) and nick_problem(name, call.rules.nick_bytes) is not None:
        raise invalid_target("EDIT", target)
    _require_text(call, target, id, text)

    def find(wanted: str) -> Lookup:
        def read(session: Session, state: State) -> Sequence[Find]:
            place = parse_msgid(state.log_id, wanted)
            if place is None:
                raise unknown_message("EDIT", target, id)
            return [Find(Message(place), then)]

        return Lookup(read)

    def then(rows: Sequence[HistoryRow]) -> Sequence[Work]:
        if not rows or rows[0].command not in EDITABLE:
            raise unknown_message("EDIT", target, id)
        first = rows[0].tags.get(EDITS)
        if first is not None:
            return [find(first)]  # A correction of a correction is one of the first message.
        return [entries.Edit(session.id, target, said(rows[0]), text)]

    return [find(id)]


def _require_text(call: Call, target: str, id: str, text: str) -> None:
    """Refuses what couldn't be said as a message."""
    lines, rules = text.split("\n"), call.rules
    if not id or not text.strip() or "\r" in text or "\0" in text:
        raise _invalid(target, id, f"It needs the tags {EDITS} and {EDIT_TEXT}")
    if len(lines) > rules.multiline_lines or len(text.encode()) > rules.multiline_bytes:
        raise _invalid(target, id, "The text has too many lines or bytes")
    longest = max(len(line.encode()) for line in lines)
    if rules.longest_source + len(f"PRIVMSG {target} :* ".encode()) + longest > LINE_BYTES:
        raise _invalid(target, id, "A line of the text is too long to be relayed")


def _invalid(target: str, id: str, text: str) -> Refused:
    context = (target, id) if id else (target,)
    return fail("EDIT", "INVALID_EDIT", *context, text=text)


ROWS: Final = (
    Row(
        "EDIT",
        When.AFTER,
        Kind.LOGGED,
        1,
        "<target>",
        "Corrects a message: the tags say which, and what it should have been.",
        "docs/protocol.md#edits",
        edit,
    ),
)
