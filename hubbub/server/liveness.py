"""Who is still there: the silent are asked, and who doesn't answer, register or end a message is given up.

Law: time comes in as an argument; what is given up is the owner's to close.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import partial
from typing import Final, Protocol

from hubbub.commands.multiline import expire
from hubbub.core.outputs import HangUp
from hubbub.edge.session import Phase, Session
from hubbub.edge.work import Task
from hubbub.server.connection import Connection
from hubbub.server.turns import Turns

BATCH_SECONDS: Final = 60.0
"""How long a client may take to send one message of several lines."""


class Owner(Protocol):
    """Whoever has the connections."""

    turns: Turns

    def expel(self, connection: Connection, reason: str) -> None:
        """The connection has to go at once."""

    def hang_up(self, fate: HangUp) -> None:
        """The session is told why, and closed."""

    def submit(self, task: Task) -> None:
        """A task for the next batch."""


@dataclass(frozen=True, slots=True)
class Patience:
    """How long a client may take: to register, until it is asked for a sign of life, and to give it.

    All in seconds.
    """

    registration: float
    ping: float
    timeout: float


def look_at(
    connections: Iterable[Connection], owner: Owner, ask: bytes, patience: Patience, now: float
) -> None:
    """Looks at each connection at `now`, in the loop's seconds; `ask` is the line that asks for a sign of life."""
    for connection in connections:
        session, silent = connection.session, now - connection.heard_at
        registering = session.phase is Phase.REGISTERING
        if registering and now - connection.opened_at > patience.registration:
            # Thousands of handshakes that were begun at once end at once.
            owner.turns.take(partial(_time_out, owner, session))
        elif connection.pinged:
            if silent > patience.ping + patience.timeout:
                owner.expel(connection, f"Ping timeout: {round(silent)} seconds")
        elif session.phase is Phase.REGISTERED and silent > patience.ping:
            connection.pinged = True
            connection.write(ask)
        if session.incoming is not None:
            _hurry(owner, session, now)


def _time_out(owner: Owner, session: Session) -> None:
    if session.phase is Phase.REGISTERING:
        owner.hang_up(HangUp(session.id, "Registration timed out"))


def _hurry(owner: Owner, session: Session, now: float) -> None:
    """Gives up a client's batch that it doesn't end."""
    incoming = session.incoming
    assert incoming is not None
    if incoming.seen_at is None:
        incoming.seen_at = now
    elif now - incoming.seen_at > BATCH_SECONDS and not incoming.failed:
        owner.submit(expire(session))
