"""BATCH: messages of several lines (https://ircv3.net/specs/extensions/multiline).

Law: nothing is done before a batch has ended well, and then all of it at once; the answer to it,
good or bad, is one and bears the label that it began with.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final

from hubbub.commands.packing import LINE_BYTES
from hubbub.commands.row import IRCV3, Call, Kind, Row, When
from hubbub.commands.service_names import is_service
from hubbub.commands.talk import client_tags, once_of
from hubbub.core import entries
from hubbub.edge.incoming import Incoming
from hubbub.edge.session import Session
from hubbub.edge.work import Task, Work
from hubbub.irc.multiline import Line, combine
from hubbub.irc.names import fold_nick, fold_room, is_room
from hubbub.irc.numerics import Numeric
from hubbub.irc.replies import Refused, Reply, fail, refuse
from hubbub.irc.tags import is_client_only

CAPABILITY: Final = "draft/multiline"
KIND: Final = "draft/multiline"
CONCAT: Final = "draft/multiline-concat"
REFERENCE: Final = re.compile(r"[A-Za-z0-9-]{1,64}")


def is_batched(call: Call) -> bool:
    """Whether a line is about a batch of the client's."""
    session, message = call.session, call.message
    if message.command != "BATCH" and "batch" not in message.tags:
        return False
    # "the batch capability MUST be negotiated to use multiline messages"
    return session.has(CAPABILITY) and session.has("batch")


def receive(call: Call, label: str) -> Task | None:
    """What comes of a line of a batch: nothing until the batch ends or goes wrong."""
    session = call.session
    before = session.incoming
    try:
        work = _bracket(call, label) if call.message.command == "BATCH" else _line(call)
    except Refused as refused:
        work = refused.replies
        incoming = session.incoming
        if incoming is not None:
            incoming.fail()
            label = incoming.label
    else:
        if before is not None:
            label = before.label
    return Task(session, work, label, "BATCH") if work else None


def expire(session: Session) -> Task:
    """A batch was left open for too long."""
    incoming = session.incoming
    assert incoming is not None
    incoming.fail()
    text = "The batch was left open for too long"
    reply = Reply("FAIL", ("BATCH", "TIMEOUT", incoming.reference, text))
    return Task(session, (reply,), incoming.label, "BATCH")


def _bracket(call: Call, label: str) -> Sequence[Work]:
    sign, reference = call.param(0)[:1], call.param(0)[1:]
    if sign == "-":
        return _end(call, reference)
    if sign != "+":
        raise fail("BATCH", "INVALID_REFTAG", call.param(0), text="It is BATCH +<reference>")
    incoming = call.session.incoming
    if "batch" in call.message.tags or not (incoming is None or incoming.failed):
        raise _invalid("A batch can't be inside another: end that one first")
    _begin(call, reference, label)
    return ()


def _begin(call: Call, reference: str, label: str) -> None:
    session, kind, target = call.session, call.param(1), call.param(2)
    session.incoming = incoming = Incoming(reference[:64], target, (), "", label)
    if not REFERENCE.fullmatch(reference):
        text = "A reference is letters, digits and hyphens, at most 64"
        raise fail("BATCH", "INVALID_REFTAG", reference, text=text)
    if kind != KIND:
        raise fail(
            "BATCH", "UNKNOWN_TYPE", reference, kind, text="Batches here are draft/multiline"
        )
    if not target or "," in target or is_service(target):
        raise _invalid("A message of several lines is for one room or person")
    incoming.tags, incoming.once = client_tags(call), once_of(call)


def _line(call: Call) -> Sequence[Work]:
    message, incoming = call.message, call.session.incoming
    reference = message.tags["batch"]
    if incoming is None or reference != incoming.reference[:64]:
        raise fail("BATCH", "INVALID_REFTAG", reference, text="There is no such batch open")
    if incoming.failed:
        return ()
    verb, text, joined = message.command, call.param(1), CONCAT in message.tags
    if verb not in ("PRIVMSG", "NOTICE") or verb != (incoming.verb or verb):
        raise _invalid("All lines of a message are PRIVMSG, or all are NOTICE")
    if not _same(call.param(0), incoming.target):
        raise fail(
            "BATCH",
            "MULTILINE_INVALID_TARGET",
            incoming.target,
            call.param(0),
            text="The lines of a message are for one target",
        )
    if any(is_client_only(key) for key in message.tags):
        raise _invalid("Tags belong to the BATCH that begins the message")
    if joined and not (text and incoming.lines):
        raise _invalid("A line that is joined to another isn't blank and isn't the first")
    _require_room(call, incoming, text, joined)
    incoming.verb = verb
    incoming.lines.append(Line(text, joined))
    return ()


def _require_room(call: Call, incoming: Incoming, text: str, joined: bool) -> None:
    """Refuses a line that is too much."""
    rules = call.rules
    line = f"{call.message.command} {incoming.target} :{text}"
    if rules.longest_source + len(line.encode()) > LINE_BYTES:
        raise _invalid("One of the lines is too long to be relayed")
    if len(incoming.lines) >= rules.multiline_lines:
        most = str(rules.multiline_lines)
        text = f"A message has at most {most} lines"
        raise fail("BATCH", "MULTILINE_MAX_LINES", most, text=text)
    incoming.size += len(text.encode()) + (bool(incoming.lines) and not joined)
    if incoming.size > rules.multiline_bytes:
        most = str(rules.multiline_bytes)
        text = f"A message has at most {most} bytes"
        raise fail("BATCH", "MULTILINE_MAX_BYTES", most, text=text)


def _same(one: str, other: str) -> bool:
    if is_room(one.lstrip("@+")):
        return fold_room(one) == fold_room(other)
    return fold_nick(one) == fold_nick(other)


def _end(call: Call, reference: str) -> Sequence[Work]:
    session, incoming = call.session, call.session.incoming
    if incoming is None or reference[:64] != incoming.reference:
        raise fail("BATCH", "INVALID_REFTAG", reference, text="There is no such batch open")
    session.incoming = None
    if incoming.failed:
        return ()
    if not any(line.text for line in incoming.lines):
        return _invalid("There is nothing in the message").replies
    text, splits = combine(incoming.lines)
    return [
        entries.Say(
            session.id,
            incoming.verb,
            incoming.target,
            text,
            incoming.tags,
            incoming.once,
            splits,
        )
    ]


def _invalid(text: str) -> Refused:
    return fail("BATCH", "MULTILINE_INVALID", text=text)


def batch(call: Call) -> Sequence[Work]:
    """BATCH, from a client that hasn't negotiated what its batches would be for."""
    raise refuse(Numeric.ERR_UNKNOWNCOMMAND, "BATCH")


ROWS: Final = (
    Row(
        "BATCH",
        When.AFTER,
        Kind.LOGGED,
        1,
        "+<reference> draft/multiline <target> | -<reference>",
        "Begins or ends a message of several lines.",
        IRCV3 + "multiline",
        batch,
    ),
)
