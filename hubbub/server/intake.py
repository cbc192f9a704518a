"""From the lines that came in to the lines that are read now: one session's order and pace.

Law: a session's next line isn't read before an earlier one that holds it up is answered, nor
faster than the operator allows. What waits is bounded: the rest stays in the socket's own buffer,
so a flooder feels its own flood.
"""

from __future__ import annotations

import asyncio
from collections import deque
from dataclasses import dataclass
from typing import Final, Protocol

from hubbub.core.ids import SessionId
from hubbub.edge.session import Phase, Session
from hubbub.irc.framing import BadLine
from hubbub.server.connection import Connection
from hubbub.server.flight import UNDER_WAY

THROTTLE_SECONDS: Final = 0.1
"""How often a slowed client's next lines are looked at."""

PART_TOKENS: Final = 0.25
"""What a line of a message of several lines costs, which is bounded in lines and bytes (the rules).

With the settings as they come a message of 100 lines is read at once; and who goes on so gets
through no more than four times as much as who sends long lines.
"""

WORK_TOKENS: Final = 0.125
"""What each thing costs that a line asks for, where together they are more than a line: whoever
joins sixty rooms at once keeps others waiting nearly as long as with sixty lines.

To join a room is three things: what is known of it before, the joining, and what is shown of it.
"""

_WAITING: Final = (Phase.OPENING, Phase.CLOSED)
"""When a session's next line isn't read: not yet, or never."""


class Owner(Protocol):
    """Whoever makes something of the lines."""

    def take(self, connection: Connection, line: bytes | BadLine) -> int:
        """A line is to be read now; returns how many things it asks for."""

    def is_full(self) -> bool:
        """Whether so much waits to be done that nothing more should be read."""

    def expel(self, connection: Connection, reason: str) -> None:
        """The connection has to go at once."""


@dataclass(slots=True)
class Pace:
    """How fast a client may go on, how much it may say at once, and how many lines may wait."""

    lines_per_second: float
    burst_lines: int
    input_queue_lines: int


class Intake:
    """All connections' lines; each connection keeps its own."""

    def __init__(self, owner: Owner, loop: asyncio.AbstractEventLoop, pace: Pace) -> None:
        self.pace = pace
        self._owner = owner
        self._loop = loop
        self._throttled: dict[SessionId, Connection] = {}
        self._timer: asyncio.TimerHandle | None = None
        self._stopped = False

    def admit(self, connection: Connection) -> None:
        """Gives a new connection its first tokens."""
        connection.tokens = float(self.pace.burst_lines)

    def stop(self) -> None:
        """No further line is read."""
        self._stopped = True
        if self._timer is not None:
            self._timer.cancel()

    def received(self, connection: Connection, lines: list[bytes | BadLine]) -> None:
        """Lines came in."""
        if connection.lines is None:
            connection.lines = deque(lines)
        else:
            connection.lines.extend(lines)
        self.read(connection)

    def read(self, connection: Connection) -> None:
        """Reads what may be read now of a connection's lines."""
        if self._stopped:
            return
        session, lines = connection.session, connection.lines
        self._refill(connection)
        while lines and connection.waiting < UNDER_WAY and connection.tokens >= 1:
            if session.phase in _WAITING or self._owner.is_full():
                break
            held = _held(session)
            asked = self._owner.take(connection, lines.popleft())
            # Only a line that has become part of an open message: others are lines like any.
            connection.tokens -= (
                PART_TOKENS if _held(session) > held else max(1, asked * WORK_TOKENS)
            )
        if not lines:
            connection.lines = None
            if connection.paused:
                connection.resume()
            return
        if len(lines) > self.pace.input_queue_lines and connection.tokens < 1:
            self._owner.expel(connection, "Excess flood")
            return
        connection.pause()
        if connection.tokens < 1 or self._owner.is_full():
            self._throttled[session.id] = connection
            if self._timer is None:
                self._timer = self._loop.call_later(THROTTLE_SECONDS, self._read_throttled)

    def _read_throttled(self) -> None:
        """Reads on where clients were slowed down and have earned new lines."""
        self._timer = None
        throttled, self._throttled = self._throttled, {}
        for connection in throttled.values():
            if connection.is_open:
                self.read(connection)

    def _refill(self, connection: Connection) -> None:
        now = self._loop.time()
        earned = (now - connection.refilled_at) * self.pace.lines_per_second
        connection.tokens = min(connection.tokens + earned, float(self.pace.burst_lines))
        connection.refilled_at = now


def _held(session: Session) -> int:
    """How many lines of an open message a session has sent."""
    return 0 if session.incoming is None else len(session.incoming.lines)
