"""The egress gate: how what happened looks on the wire to a given session.

Law: capabilities are known here and nowhere behind (design, law 7). A broadcast event is encoded
once for each variant.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Final

from hubbub.core.ids import msgid
from hubbub.core.outputs import Event
from hubbub.edge.session import Session
from hubbub.edge.work import Batched, Shown
from hubbub.irc.capabilities import AWAY_NOTIFY, MESSAGE_TAGS, SERVER_TIME
from hubbub.irc.message import join_params
from hubbub.irc.replies import Reply
from hubbub.irc.tags import escape

NEEDED: Final[Mapping[str, int]] = {"AWAY": AWAY_NOTIFY, "TAGMSG": MESSAGE_TAGS}
"""Events that only sessions with this variant bit are shown."""


def iso_time(milliseconds: int) -> str:
    """A server-time value (https://ircv3.net/specs/extensions/server-time)."""
    seconds, rest = divmod(milliseconds, 1000)
    return f"{datetime.fromtimestamp(seconds, UTC):%Y-%m-%dT%H:%M:%S}.{rest:03d}Z"


class Gate:
    """Encodes for the sessions of one server and one log."""

    def __init__(self, server_name: str, log_id: str) -> None:
        self.server_name = server_name
        self._log_id = log_id
        self._time = 0
        self._time_tag = ""

    def encode(self, event: Event, variant: int) -> bytes:
        """The event for all sessions of a variant; empty when they aren't to be shown it."""
        needed = NEEDED.get(event.command, 0)
        if needed & ~variant:
            return b""
        tags = self._tags(event, variant)
        return f"{_tag_section(tags)}{_body(event)}\r\n".encode()

    def show(self, session: Session, shown: Sequence[Shown], label: str = "") -> bytes:
        """All that one session is shown in answer to one command, under its label if it has one."""
        if not label:
            return b"".join(self._item(session, item, ()) for item in shown)
        tag = f"label={escape(label)}"
        visible = [item for item in shown if self._visible(session, item)]
        if not visible:
            return f"@{tag} :{self.server_name} ACK\r\n".encode()
        if len(visible) == 1:
            return self._item(session, visible[0], (tag,))
        reference = session.next_batch()
        inner = b"".join(self._item(session, item, (f"batch={reference}",)) for item in visible)
        start = f"@{tag} :{self.server_name} BATCH +{reference} labeled-response\r\n"
        return start.encode() + inner + f":{self.server_name} BATCH -{reference}\r\n".encode()

    def error(self, reason: str) -> bytes:
        """The last line of a connection."""
        return f"ERROR {join_params((f'Closing link: {reason}',))}\r\n".encode()

    def _visible(self, session: Session, item: Shown) -> bool:
        return not (isinstance(item, Event) and NEEDED.get(item.command, 0) & ~session.variant)

    def _item(self, session: Session, item: Shown, extra: tuple[str, ...]) -> bytes:
        if isinstance(item, Reply):
            return self._reply(session, item, extra)
        if isinstance(item, Event):
            if not self._visible(session, item):
                return b""
            tags = [*extra, *self._tags(item, session.variant)]
            return f"{_tag_section(tags)}{_body(item)}\r\n".encode()
        return self._batch(session, item, extra)

    def _batch(self, session: Session, batch: Batched, extra: tuple[str, ...]) -> bytes:
        if not session.has("batch"):
            return b"".join(self._item(session, item, ()) for item in batch.items)
        reference = session.next_batch()
        start = join_params((f"+{reference}", batch.kind, *batch.params))
        lines = [f"{_tag_section(extra)}:{self.server_name} BATCH {start}\r\n".encode()]
        inside = (f"batch={reference}",)
        lines += [self._item(session, item, inside) for item in batch.items]
        lines.append(f":{self.server_name} BATCH -{reference}\r\n".encode())
        return b"".join(lines)

    def _reply(self, session: Session, reply: Reply, extra: tuple[str, ...]) -> bytes:
        command, params = reply.command, reply.params
        if command.isdigit():
            params = (session.nick or "*", *params)
        elif command in ("FAIL", "WARN", "NOTE") and not session.has("standard-replies"):
            command, params = "NOTICE", (session.nick or "*", " ".join((command, *params)))
        line = f"{_tag_section(extra)}:{self.server_name} {command} {join_params(params)}\r\n"
        return line.encode()

    def _tags(self, event: Event, variant: int) -> list[str]:
        tags: list[str] = []
        if variant & SERVER_TIME:
            if event.time != self._time:
                self._time, self._time_tag = event.time, f"time={iso_time(event.time)}"
            tags.append(self._time_tag)
        if variant & MESSAGE_TAGS:
            if event.place is not None:
                tags.append(f"msgid={msgid(self._log_id, event.place)}")
            for key, value in event.tags.items():
                tags.append(f"{key}={escape(value)}" if value else key)
        return tags


def _tag_section(tags: Sequence[str]) -> str:
    return f"@{';'.join(tags)} " if tags else ""


def _body(event: Event) -> str:
    params = f" {join_params(event.params)}" if event.params else ""
    return f":{event.source} {event.command}{params}"
