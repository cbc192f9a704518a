"""The shape of a command's row, and of the call that a line makes of it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import Enum, auto

import msgspec

from hubbub.core.rules import Rules
from hubbub.core.state import State
from hubbub.edge.session import Session
from hubbub.edge.work import Fetch, Lookup, Shown, Work
from hubbub.irc.message import Message
from hubbub.irc.names import fold_room


class When(Enum):
    """In which phase of a session a command may come."""

    BEFORE = auto()
    """Before registration only; after it, ERR_ALREADYREGISTERED."""
    AFTER = auto()
    """After registration only; before it, ERR_NOTREGISTERED."""
    ANY = auto()


class Kind(Enum):
    """What a command's work consists of."""

    LOCAL = auto()
    """Answered by the session alone."""
    QUERY = auto()
    """Reads the shared state or the history; changes nothing."""
    LOGGED = auto()
    """Becomes entries of the log (and lookups that show what came of them)."""


class Call(msgspec.Struct, frozen=True):
    """One line on its way to becoming work. A struct, as `Message` is, because each line makes one."""

    session: Session
    message: Message
    rules: Rules

    @property
    def params(self) -> tuple[str, ...]:
        return self.message.params

    def param(self, index: int) -> str:
        """The parameter at `index`, or an empty string."""
        return self.message.params[index] if index < len(self.message.params) else ""


Handler = Callable[[Call], Sequence[Work]]
Reader = Callable[[Call, State], Sequence[Shown | Fetch]]


@dataclass(frozen=True, slots=True)
class Row:
    """One command. `help` is one line, `syntax` the parameters as HELP shows them."""

    name: str
    when: When
    kind: Kind
    min_params: int
    syntax: str
    help: str
    spec: str
    handler: Handler


def query(read: Reader, *, holds: bool = False) -> Handler:
    """The handler of a command that is answered from the shared state; `holds` as in Lookup."""

    def handler(call: Call) -> Sequence[Work]:
        return (Lookup(lambda session, state: read(call, state), holds=holds),)

    return handler


def cut(text: str, size: int) -> str:
    """`text` cut to `size` bytes at a character's edge, as the advertised lengths allow."""
    return text.encode()[:size].decode(errors="ignore")


def each_once(names: str) -> list[str]:
    """The rooms named in a comma-separated list, each as it was first written, however it is cased.

    Otherwise one line could have a large room shown once for each way to write its name.
    """
    found: dict[str, str] = {}
    for name in names.split(","):
        found.setdefault(fold_room(name), name)
    return list(found.values())


MODERN = "https://modern.ircdocs.horse/#"
"""Where the Modern IRC client protocol document describes a message."""
IRCV3 = "https://ircv3.net/specs/extensions/"
"""Where the IRCv3 extensions are."""
