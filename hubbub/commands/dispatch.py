"""From a line to a task: parse, find the row, check phase and parameters, call the handler.

Law: every refusal of a line is made here or raised by a handler, and leaves as a reply.
"""

from __future__ import annotations

from typing import Final

from hubbub.commands import multiline
from hubbub.commands.row import Call, Row, When
from hubbub.commands.table import ROWS
from hubbub.core.rules import Rules
from hubbub.edge.session import Phase, Session
from hubbub.edge.work import Task
from hubbub.irc.message import Malformation, MalformedLine, Message, parse
from hubbub.irc.numerics import Numeric
from hubbub.irc.replies import Refused, Reply, fail, refuse

LABEL_BYTES: Final = 64

_BATCH: Final = ROWS["BATCH"]
# To find an enum's member takes longer than to call a function, with Python 3.11, and every line
# comes by here.
_REGISTERED: Final = Phase.REGISTERED
_BEFORE: Final = When.BEFORE
_AFTER: Final = When.AFTER


def dispatch(session: Session, line: bytes, rules: Rules) -> Task | None:
    """The task of one line (without its end); None for a line that means nothing."""
    label = ""
    try:
        message = parse(line)
    except MalformedLine as malformed:
        return _malformed(session, line, malformed.reason)
    try:
        if message.tags:
            label = _label(session, message)
        row = _row(session, message)
        call = Call(session, message, rules)
        if (message.tags or row is _BATCH) and multiline.is_batched(call):
            return multiline.receive(call, label)
        work = row.handler(call)
    except Refused as refused:
        work = refused.replies
    return Task(session, work, label, message.command)


def too_long(session: Session) -> Task:
    """The task of a line that was over the wire's limit and was skipped."""
    return Task(session, refuse(Numeric.ERR_INPUTTOOLONG).replies)


def _label(session: Session, message: Message) -> str:
    label = message.tags.get("label", "")
    # "depends on the batch capability which MUST be negotiated to use labeled responses"
    if not label or not (session.has("labeled-response") and session.has("batch")):
        return ""
    if len(label.encode()) > LABEL_BYTES:
        raise fail(
            message.command[:32],
            "INVALID_LABEL",
            text=f"A label is at most {LABEL_BYTES} bytes",
        )
    return label


def _row(session: Session, message: Message) -> Row:
    row = ROWS.get(message.command)
    if row is None:
        raise refuse(Numeric.ERR_UNKNOWNCOMMAND, message.command[:32])
    if session.phase is _REGISTERED:
        if row.when is _BEFORE:
            raise refuse(Numeric.ERR_ALREADYREGISTERED)
    elif row.when is _AFTER:
        raise refuse(Numeric.ERR_NOTREGISTERED)
    if len(message.params) < row.min_params:
        raise refuse(Numeric.ERR_NEEDMOREPARAMS, message.command)
    return row


def _malformed(session: Session, line: bytes, reason: Malformation) -> Task | None:
    if reason is Malformation.EMPTY:
        return None
    if reason is Malformation.NOT_UTF8:
        return _not_utf8(session, line, reason.value)
    return Task(session, (Reply("FAIL", ("*", "MALFORMED", reason.value)),))


def _not_utf8(session: Session, line: bytes, text: str) -> Task:
    """Names the command and bears the label, as far as they can be read."""
    command, label = "*", ""
    try:
        message = parse(line.decode(errors="replace").encode())
        command = message.command if message.command in ROWS else "*"
        label = _label(session, message)
    except (MalformedLine, Refused):
        pass
    return Task(session, (Reply("FAIL", (command, "INVALID_UTF8", text)),), label, command)
