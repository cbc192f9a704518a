"""The egress gate: how what happened looks on the wire to a given session.

Law: capabilities are known here and nowhere behind (design, law 7). A broadcast event is encoded
once for each variant.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

import msgspec

from hubbub.core.ids import msgid
from hubbub.core.outputs import EDITS, Event
from hubbub.edge.session import Session
from hubbub.edge.work import Batched, Block, Shown
from hubbub.irc.capabilities import (
    ACCOUNT_NOTIFY,
    ACCOUNT_TAG,
    AWAY_NOTIFY,
    CHGHOST,
    EDITING,
    EXTENDED_JOIN,
    INVITE_NOTIFY,
    MESSAGE_TAGS,
    METADATA,
    MULTILINE,
    OPER_TAG,
    READ_MARKER,
    REDACTION,
    RENAME,
    SERVER_TIME,
    SETNAME,
    SETTINGS,
)
from hubbub.irc.message import NO_TAGS, join_params
from hubbub.irc.multiline import Line, divide
from hubbub.irc.replies import Reply
from hubbub.irc.tags import escape
from hubbub.irc.times import iso_time

NEEDED: Final[Mapping[str, int]] = {
    "ACCOUNT": ACCOUNT_NOTIFY,
    "AWAY": AWAY_NOTIFY,
    "CHGHOST": CHGHOST,
    "MARKREAD": READ_MARKER,
    "METADATA": METADATA,
    "REDACT": REDACTION,
    "RENAME": RENAME,
    "SETNAME": SETNAME,
    "SETTING": SETTINGS,
    "TAGMSG": MESSAGE_TAGS,
}
"""Events that only sessions with this variant bit are shown."""

SAID: Final = frozenset({"PRIVMSG", "NOTICE", "TAGMSG"})
"""Events that are messages."""

NEEDED_ASIDE: Final[Mapping[str, int]] = {"INVITE": INVITE_NOTIFY}
"""The same, for events that others than those whom they concern are shown."""

STANDARD: Final[Mapping[str, str]] = {
    "BATCH": "draft/multiline",
    "CHATHISTORY": "draft/chathistory",
    "EDIT": "draft/message-edit",
    "JOIN": "draft/channel-rename",
    "MARKREAD": "draft/read-marker",
    "METADATA": "draft/metadata-2",
    "REDACT": "draft/message-redaction",
    "RENAME": "draft/channel-rename",
    "SETNAME": "setname",
    "SETTING": "hubbub/settings",
}
"""The capability by which a client understands a FAIL, WARN or NOTE of this command.

Any other way `standard-replies` has to be there, or the reply is sent as a NOTICE.
"""


class Gate:
    """Encodes for the sessions of one server and one log."""

    def __init__(self, server_name: str, log_id: str) -> None:
        self.server_name = server_name
        self._log_id = log_id
        self._time = 0
        self._time_tag = ""
        self._batches = 0

    def encode(self, event: Event, variant: int) -> bytes:
        """The event for all sessions of a variant; empty when they aren't to be shown it."""
        if not is_shown(event, variant):
            return b""
        return self._event(event, variant, ())

    def show(self, session: Session, shown: Sequence[Shown], label: str = "") -> bytes:
        """All that one session is shown in answer to one command, under its label if it has one."""
        if not label:
            return b"".join([self._item(session, item, ()) for item in shown])
        if any(isinstance(item, Block) for item in shown):
            return self.show(session, _one_by_one(shown), label)
        if not session.has("echo-message"):
            # "When a client sends a message to itself, the server MUST NOT include the label tag,
            # except for any acknowledgment sent with the echo-message mechanism."
            received = [item for item in shown if isinstance(item, Event) and item.command in SAID]
            if received:
                rest = [item for item in shown if item not in received]
                return self.show(session, received) + self.show(session, rest, label)
        tag = f"label={escape(label)}"
        visible = [item for item in shown if self._visible(session, item)]
        if not visible:
            return f"@{tag} :{self.server_name} ACK\r\n".encode()
        if len(visible) == 1:
            return self._item(session, visible[0], (tag,))
        reference = self._next_batch()
        inner = b"".join(self._item(session, item, (f"batch={reference}",)) for item in visible)
        start = f"@{tag} :{self.server_name} BATCH +{reference} labeled-response\r\n"
        return start.encode() + inner + f":{self.server_name} BATCH -{reference}\r\n".encode()

    def error(self, reason: str) -> bytes:
        """The last line of a connection."""
        return f"ERROR {join_params((f'Closing link: {reason}',))}\r\n".encode()

    def _visible(self, session: Session, item: Shown) -> bool:
        return not isinstance(item, Event) or (
            is_shown(item, session.variant) and is_subscribed(session, item)
        )

    def _item(self, session: Session, item: Shown, extra: tuple[str, ...]) -> bytes:
        if isinstance(item, Reply):
            return self._reply(session, item, extra)
        if isinstance(item, Event):
            if not self._visible(session, item):
                return b""
            return self._event(item, session.variant, extra)
        if isinstance(item, Block):
            return self._block(session, item)
        return self._batch(session, item, extra)

    def _event(self, event: Event, variant: int, extra: tuple[str, ...]) -> bytes:
        if event.tags and EDITS in event.tags:
            return self._edit(event, variant, extra)
        if event.splits or (event.command in SAID and "\n" in event.params[-1]):
            lines = divide(event.params[-1], event.splits)
            whole = variant & MULTILINE and event.place is not None
            return (self._whole if whole else self._parts)(event, lines, variant, extra)
        if not variant and not extra:
            return f"{_body(event, variant)}\r\n".encode()
        tags = (*extra, *self._tags(event, variant))
        return f"{_tag_section(tags)}{_body(event, variant)}\r\n".encode()

    def _edit(self, event: Event, variant: int, extra: tuple[str, ...]) -> bytes:
        """A correction: to who knows of such as one, to others as a message that says so."""
        target, text = event.params
        if EDITING & ~variant or MESSAGE_TAGS & ~variant:
            # "/me waves" is no more an action with something before it.
            starred = text if text.startswith("\1") else f"* {text}"
            rest = {key: value for key, value in event.tags.items() if key != EDITS}
            said = msgspec.structs.replace(event, params=(target, starred), tags=rest)
            return self._event(said, variant, extra)
        tags = (*extra, *self._tags(event, variant), f"draft/edit-text={escape(text)}")
        return f"{_tag_section(tags)}:{event.source} EDIT {target}\r\n".encode()

    def _whole(
        self, event: Event, lines: Sequence[Line], variant: int, extra: tuple[str, ...]
    ) -> bytes:
        """A message of several lines as one (https://ircv3.net/specs/extensions/multiline)."""
        target, reference = event.params[0], f"m{event.place:x}"
        tags, source = (*extra, *self._tags(event, variant)), event.source
        section = _tag_section(tags)
        written = [f"{section}:{source} BATCH +{reference} draft/multiline {target}\r\n"]
        for line in lines:
            joins = ";draft/multiline-concat" if line.joined else ""
            text = join_params((target, line.text))
            written.append(f"@batch={reference}{joins} :{source} {event.command} {text}\r\n")
        outer = _tag_section([tag for tag in extra if tag.startswith("batch=")])
        written.append(f"{outer}:{source} BATCH -{reference}\r\n")
        return "".join(written).encode()

    def _parts(
        self, event: Event, lines: Sequence[Line], variant: int, extra: tuple[str, ...]
    ) -> bytes:
        """The same line by line: "Servers MUST NOT send blank lines", and one message id."""
        written, tags = [], (*extra, *self._tags(event, variant))
        rest = msgspec.structs.replace(event, place=None, tags=NO_TAGS)
        for line in lines:
            if line.text:
                text = join_params((event.params[0], line.text))
                written.append(f"{_tag_section(tags)}:{event.source} {event.command} {text}\r\n")
                outer = (tag for tag in extra if tag.startswith("batch="))
                tags = (*outer, *self._tags(rest, variant))
        return "".join(written).encode()

    def _next_batch(self) -> str:
        """A reference of which nobody has a batch, so that a batch can be shown to several."""
        self._batches += 1
        return f"b{self._batches}"

    def _block(self, session: Session, block: Block) -> bytes:
        between = block.written.get(self.server_name)
        if between is None:
            # No parameter can hold what stands for the name here.
            written = "".join(
                f":{self.server_name} {reply.command} \0{_after(reply.params)}\r\n"
                for reply in block.replies
            )
            between = block.written[self.server_name] = written.encode().split(b"\0")
        return (session.nick or "*").encode().join(between)

    def _batch(self, session: Session, batch: Batched, extra: tuple[str, ...]) -> bytes:
        """A batch; one of events is written once for all that have the same capabilities."""
        if extra:
            return self._write_batch(session, batch, extra)
        alike = (self.server_name, session.capabilities)
        data = batch.written.get(alike)
        if data is None:
            data = self._write_batch(session, batch, ())
            if all(isinstance(item, Event) and not item.key for item in batch.items):
                batch.written[alike] = data
        return data

    def _write_batch(self, session: Session, batch: Batched, extra: tuple[str, ...]) -> bytes:
        if not session.has("batch"):
            return b"".join([self._item(session, item, ()) for item in batch.items])
        reference = self._next_batch()
        start = join_params((f"+{reference}", batch.kind, *batch.params))
        lines = [f"{_tag_section(extra)}:{self.server_name} BATCH {start}\r\n".encode()]
        inside = (f"batch={reference}",)
        lines += [self._item(session, item, inside) for item in batch.items]
        # "Start and end messages of one batch MAY refer to another batch. If they do, they both MUST"
        outer = [tag for tag in extra if tag.startswith("batch=")]
        end = f"{_tag_section(outer)}:{self.server_name} BATCH -{reference}\r\n"
        return b"".join((*lines, end.encode()))

    def _reply(self, session: Session, reply: Reply, extra: tuple[str, ...]) -> bytes:
        command, params = reply.command, reply.params
        if command.isdigit():
            params = (reply.to or session.nick or "*", *params)
        elif command in ("FAIL", "WARN", "NOTE") and not _understands(session, params[0]):
            command, params = "NOTICE", (session.nick or "*", " ".join((command, *params)))
        line = f"{_tag_section(extra)}:{self.server_name} {command} {join_params(params)}\r\n"
        return line.encode()

    def _tags(self, event: Event, variant: int) -> list[str]:
        tags: list[str] = []
        if variant & SERVER_TIME:
            if event.time != self._time:
                self._time, self._time_tag = event.time, f"time={iso_time(event.time)}"
            tags.append(self._time_tag)
        if event.account and variant & ACCOUNT_TAG:
            tags.append(f"account={escape(event.account)}")
        if event.operator and variant & OPER_TAG:
            tags.append("draft/oper")
        if variant & MESSAGE_TAGS:
            if event.place is not None:
                tags.append(f"msgid={msgid(self._log_id, event.place)}")
            for key, value in event.tags.items():
                tags.append(f"{key}={escape(value)}" if value else key)
        return tags


def _tag_section(tags: Sequence[str]) -> str:
    return f"@{';'.join(tags)} " if tags else ""


def is_shown(event: Event, variant: int) -> bool:
    """Whether sessions of a variant are shown the event."""
    if event.instead_of and not NEEDED[event.instead_of] & ~variant:
        return False
    needed = NEEDED_ASIDE[event.command] if event.aside else NEEDED.get(event.command, 0)
    return not needed & ~variant


def is_subscribed(session: Session, event: Event) -> bool:
    """Whether a session wants to be told of what an event is about."""
    return not event.key or event.key in session.subscribed


def follows(session: Session, event: Event) -> bool:
    """Whether a session is told of this event of somebody whose name it watches."""
    return session.has("extended-monitor") or event.command == "METADATA"


def hidden(variant: int) -> tuple[str, ...]:
    """The commands of the history that sessions of a variant aren't shown."""
    return tuple(
        command for command in ("REDACT", "RENAME", "TAGMSG") if NEEDED[command] & ~variant
    )


def _understands(session: Session, command: str) -> bool:
    """Whether a session's client can read a standard reply that answers a command."""
    return session.has("standard-replies") or session.has(STANDARD.get(command, ""))


def _body(event: Event, variant: int) -> str:
    params = event.params
    if event.command == "JOIN" and variant & EXTENDED_JOIN:
        params = (*params, event.account or "*", event.realname)
    return f":{event.source} {event.command}{_after(params)}"


def _after(params: Sequence[str]) -> str:
    """Parameters as they follow something."""
    return f" {join_params(params)}" if params else ""


def _one_by_one(shown: Sequence[Shown]) -> list[Shown]:
    """The same with each line of a block by itself."""
    lines: list[Shown] = []
    for item in shown:
        lines += item.replies if isinstance(item, Block) else (item,)
    return lines
