"""What a session's line asks of the hub, and what may be shown to one session in return.

Law: work is done in the order of the lines it came from.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import msgspec

from hubbub.core.batches import AnyEntry
from hubbub.core.history import Question
from hubbub.core.outputs import Event
from hubbub.core.state import State
from hubbub.edge.credentials import Outcome, Wanted
from hubbub.edge.errands import Errand
from hubbub.edge.session import Session
from hubbub.irc.replies import Reply


@dataclass(frozen=True, slots=True)
class Batched:
    """Items that belong together (https://ircv3.net/specs/extensions/batch)."""

    kind: str
    params: tuple[str, ...]
    items: tuple[Reply | Event, ...]
    written: dict[object, bytes] = field(default_factory=dict, compare=False, repr=False)
    """The gate's: what it has written of events, for all to whom they look the same."""


@dataclass(frozen=True, slots=True, eq=False)
class Block:
    """Numerics that many are shown, each under its own name; whoever shows them again keeps this."""

    replies: tuple[Reply, ...]
    written: dict[str, list[bytes]] = field(default_factory=dict, repr=False)
    """The gate's: what stands between the names, by the server's."""


Shown = Reply | Event | Batched | Block
"""What one session may be shown directly."""


class Fetch(msgspec.Struct, frozen=True):
    """A question for the store; `present` makes of its rows what the session is shown."""

    question: Question
    # The rows' type follows the question's; each presenter knows which it asked.
    present: Callable[[Sequence[Any]], Sequence[Shown]]


@dataclass(frozen=True, slots=True)
class Find:
    """A question for the store whose answer makes work: all that a task's last lookup returns.

    The session's next line waits; `then` makes work of the rows, or refuses by raising Refused.
    """

    question: Question
    then: Callable[[Sequence[Any]], Sequence[Work]]


class Lookup(msgspec.Struct, frozen=True):
    """Reads the state at this place in the order; refuses by raising Refused.

    One that is `early` is for sessions that aren't registered yet, too. One that `holds` has the
    session's next line wait until all that it asked for is answered: what comes of it may make a
    difference to that line, or the answer is long. Of the others several may be under way.
    """

    read: Callable[[Session, State], Sequence[Shown | Fetch | Find | Verify]]
    early: bool = False
    holds: bool = True


@dataclass(frozen=True, slots=True)
class Verify:
    """Something about a password, which takes long, or an errand: it is a task's last work.

    A lookup may return one as well, as its last item. It is found out off the loop while the session's next line waits; `then` makes work of the
    outcome, or refuses by raising Refused.
    """

    wanted: Wanted | Errand
    then: Callable[[Outcome], Sequence[Work]]


@dataclass(frozen=True, slots=True)
class Goodbye:
    """The session said QUIT, or has to go: it is told why, closed, and its user's leaving logged."""

    reason: str


@dataclass(frozen=True, slots=True)
class Watch:
    """Changes or asks for the names that the session watches: a line of MONITOR.

    `action` is '+', '-', 'C', 'L' or 'S'; or 'K', for the values that those watched have of the
    `nicks`, which then are keys of metadata.
    """

    action: str
    nicks: tuple[str, ...] = ()


Work = Reply | Batched | Block | AnyEntry | Lookup | Verify | Watch | Goodbye


class Task(msgspec.Struct, frozen=True):
    """All the work of one line, with the label its answer has to carry.

    A struct, as `Message` is, because each line makes one.
    """

    session: Session
    work: Sequence[Work]
    label: str = ""
    command: str = "*"
    """The command's name, for a FAIL that answers it."""
