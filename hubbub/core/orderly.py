"""What keeping order remembers for a while: floods of joins, reports, and purges under way.

Law: each ends by itself, and all of it is bounded by the rules.
"""

from __future__ import annotations

from typing import ClassVar, Final

from hubbub.core.ids import Place, RoomId
from hubbub.core.kept import Composed, Record, Row

HOUR_MS: Final = 3_600_000


class Surge(Record):
    """How many guests joined a room since `began`, and until when it takes none (milliseconds)."""

    TABLE: ClassVar[str] = "surges"

    room: RoomId
    began: int
    joins: int
    shut_until: int

    @property
    def until(self) -> int:
        """When it can be forgotten, at leisure: an hour is longer than any window."""
        return max(self.began + HOUR_MS, self.shut_until)


class Report(Composed):
    """What moderators are told: `text` says all of it. `number` is its number in the audit log.

    `reporter` is the identity of who made it and `address` from where, for counting. `unseen` are
    the ids of the accounts with a role that weren't here, so that they are shown it later.
    """

    TABLE: ClassVar[str] = "reports"
    COLUMNS: ClassVar[str] = "number at reporter address text unseen"
    __slots__ = ("address", "at", "number", "reporter", "text", "unseen")

    def __init__(
        self, number: int, at: int, reporter: str, address: str, text: str, unseen: str
    ) -> None:
        self.number = number
        self.at = at
        self.reporter = reporter
        self.address = address
        self.text = text
        self.unseen = frozenset(map(int, unseen.split()))

    def primary_key(self) -> Row:
        return (self.number,)

    def row(self) -> Row:
        unseen = " ".join(map(str, sorted(self.unseen)))
        return (self.number, self.at, self.reporter, self.address, self.text, unseen)

    def is_over(self, now: int) -> bool:
        """Whether nobody has to be shown it any more, nor is it counted."""
        return not self.unseen and self.at + HOUR_MS <= now


class Purge(Composed):
    """What somebody said is being taken out, step by step, and survives a restart of the server.

    `since` is in milliseconds; what is taken out lies between the places `after` and `before`, of
    which `after` moves on. `by` is who asked for it; `taken` is how much is gone.
    """

    TABLE: ClassVar[str] = "purges"
    COLUMNS: ClassVar[str] = "number name identities since after before made_by taken"
    __slots__ = ("after", "before", "by", "identities", "name", "number", "since", "taken")

    def __init__(
        self,
        number: int,
        name: str,
        identities: str,
        since: int,
        after: int,
        before: int,
        by: str,
        taken: int,
    ) -> None:
        self.number = number
        self.name = name
        self.identities = tuple(identities.split())
        self.since = since
        self.after = Place(after)
        self.before = Place(before)
        self.by = by
        self.taken = taken

    def primary_key(self) -> Row:
        return (self.number,)

    def row(self) -> Row:
        return (
            self.number,
            self.name,
            " ".join(self.identities),
            self.since,
            self.after,
            self.before,
            self.by,
            self.taken,
        )
