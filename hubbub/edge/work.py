"""What a session's line asks of the hub, and what may be shown to one session in return.

Law: work is done in the order of the lines it came from.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from hubbub.core.entries import AnyEntry
from hubbub.core.history import Question
from hubbub.core.outputs import Event
from hubbub.core.state import State
from hubbub.edge.session import Session
from hubbub.irc.replies import Reply


@dataclass(frozen=True, slots=True)
class Batched:
    """Items that belong together (https://ircv3.net/specs/extensions/batch)."""

    kind: str
    params: tuple[str, ...]
    items: tuple[Reply | Event, ...]


Shown = Reply | Event | Batched
"""What one session may be shown directly."""


@dataclass(frozen=True, slots=True)
class Fetch:
    """A question for the store; `present` makes of its rows what the session is shown."""

    question: Question
    # The rows' type follows the question's; each presenter knows which it asked.
    present: Callable[[Sequence[Any]], Sequence[Shown]]


@dataclass(frozen=True, slots=True)
class Lookup:
    """Reads the state at this place in the order; refuses by raising Refused."""

    read: Callable[[Session, State], Sequence[Shown | Fetch]]


@dataclass(frozen=True, slots=True)
class Goodbye:
    """The session said QUIT, or has to go: it is told why, closed, and its user's leaving logged."""

    reason: str


Work = Reply | AnyEntry | Lookup | Goodbye


@dataclass(frozen=True, slots=True)
class Task:
    """All the work of one line, with the label its answer has to carry."""

    session: Session
    work: Sequence[Work]
    label: str = ""
    command: str = "*"
    """The command's name, for a FAIL that answers it."""
