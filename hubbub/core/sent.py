"""The ids under which people sent their messages once (design, law 10).

Law: nobody's ids push out another person's: each person's are bounded by themselves, and guests,
who come and go, have a bound of their own, so that however many come no account's id is let go.
"""

from __future__ import annotations

from collections.abc import Iterator
from hashlib import blake2b
from itertools import takewhile
from typing import ClassVar, Final

from hubbub.core.ids import Place
from hubbub.core.kept import Record
from hubbub.irc.names import fold

SENT_ID_KEPT_MS: Final = 7 * 24 * 3600 * 1000
"""How long a send-once id is kept: a week (design, law 10)."""


class Sent(Record):
    """A message that was sent once under its sender's own id.

    `digest` tells a repeat from another message that bears the same id by mistake; it is empty when
    the message was taken back, of which nothing is to be guessed.
    """

    TABLE: ClassVar[str] = "sent"
    KEY_WIDTH: ClassVar[int] = 2
    LOAD_ORDER: ClassVar[str] = "place"

    scope: str
    once: str
    place: Place
    time: int
    digest: str


def digest_of(verb: str, target: str, text: str, tags: tuple[tuple[str, str], ...]) -> str:
    """What two messages have alike when one repeats the other.

    Client tags count where they are all there is: a message's may be gone after a new connection.
    """
    parts = [verb, fold(target), text]
    if verb == "TAGMSG":
        parts += [f"{key}={value}" for key, value in tags]
    return blake2b("\0".join(parts).encode(), digest_size=4).hexdigest()


class SentIds:
    """All ids that are kept, by the identity whose they are; accounts' apart from guests'."""

    def __init__(self) -> None:
        self._scopes: dict[str, dict[str, Sent]] = {}
        self._accounts: dict[Place, Sent] = {}
        self._guests: dict[Place, Sent] = {}

    def _kind(self, scope: str) -> dict[Place, Sent]:
        return self._accounts if scope.startswith("a:") else self._guests

    def __len__(self) -> int:
        return len(self._accounts) + len(self._guests)

    def __iter__(self) -> Iterator[Sent]:
        yield from self._accounts.values()
        yield from self._guests.values()

    def get(self, scope: str, once: str) -> Sent | None:
        """What an identity sent under an id, if that is still known."""
        return self._scopes.get(scope, {}).get(once)

    def of(self, scope: str) -> tuple[Sent, ...]:
        """All that an identity sent, oldest first."""
        return tuple(self._scopes.get(scope, {}).values())

    def put(self, sent: Sent) -> None:
        """Takes in what was just sent, or is loaded in the order of the places."""
        self._scopes.setdefault(sent.scope, {})[sent.once] = sent
        self._kind(sent.scope)[sent.place] = sent

    def remove(self, sent: Sent) -> None:
        of = self._scopes[sent.scope]
        del of[sent.once]
        if not of:
            del self._scopes[sent.scope]
        del self._kind(sent.scope)[sent.place]

    def move(self, before: str, after: str) -> tuple[tuple[Sent, Sent], ...]:
        """A guest's ids become those of its new account, which has none; as they were and are."""
        moved = tuple(
            (old, Sent(after, old.once, old.place, old.time, old.digest)) for old in self.of(before)
        )
        for old, new in moved:
            self.remove(old)
            self.put(new)
        if moved:  # what is oldest stays at the front
            self._accounts = dict(sorted(self._accounts.items()))
        return moved

    def older_than(self, time: int) -> tuple[Sent, ...]:
        """What was sent before a time in milliseconds."""
        kinds = (self._accounts, self._guests)
        return tuple(
            sent
            for kind in kinds
            for sent in takewhile(lambda sent: sent.time < time, kind.values())
        )

    def too_many(self, scope: str, each: int, most: int) -> tuple[Sent, ...]:
        """What has to go after an identity sent something: its own oldest, or its kind's."""
        of = self._scopes.get(scope, {})
        if len(of) > each:
            return (next(iter(of.values())),)
        kind = self._kind(scope)
        return (next(iter(kind.values())),) if len(kind) > most else ()
