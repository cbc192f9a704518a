"""The history as a list: answers to questions straight from their definitions, for comparing."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import zip_longest

import msgspec

from hubbub.core.history import (
    Around,
    At,
    Audit,
    Bound,
    Conversation,
    Count,
    InRoom,
    Message,
    Messages,
    Own,
    Page,
    Question,
    Search,
    Speakers,
    Spoken,
    Targets,
    Whowas,
)
from hubbub.core.ids import RoomId
from hubbub.core.outputs import (
    EDITS,
    ERASED,
    AuditRow,
    Erased,
    Fact,
    HistoryRow,
    Redacted,
    Rekeyed,
    WhowasRow,
)
from hubbub.irc.message import NO_TAGS
from hubbub.irc.names import fold, fold_nick
from tests.naive_search import naive_search

SAID = ("PRIVMSG", "NOTICE")
UTTERED = (*SAID, "TAGMSG")

Answer = (
    Sequence[int]
    | Sequence[HistoryRow]
    | Sequence[str]
    | Sequence[tuple[RoomId | str, int]]
    | Sequence[WhowasRow]
    | Sequence[AuditRow]
)


class NaiveHistory:
    """Keeps every row and looks at every row for every question."""

    def __init__(self) -> None:
        self.rows: list[HistoryRow] = []
        self.whowas: list[WhowasRow] = []
        self.audit: list[AuditRow] = []
        self._gone: set[str] = set()
        """Identities that read no whispers any more."""

    def keep(self, row: Fact) -> None:
        if isinstance(row, HistoryRow):
            self.rows.append(row)
        elif isinstance(row, WhowasRow):
            self.whowas.append(row)
        elif isinstance(row, AuditRow):
            self.audit.append(row)
        elif isinstance(row, Rekeyed):
            self.rows = [rekeyed(kept, row) for kept in self.rows]
        elif isinstance(row, Redacted):
            self.rows = [
                redacted(kept)
                if kept.place == row.place or (not row.alone and kept.tags.get(EDITS) == row.id)
                else kept
                for kept in self.rows
            ]
        else:
            self._erase(row)

    def _erase(self, fact: Erased) -> None:
        if fact.messages:
            self.rows = [row for row in self.rows if row.author != fact.identity]
            self.whowas = [row for row in self.whowas if row.folded != fact.folded]
        self._gone.add(fact.identity)

    def answer(self, question: Question) -> Answer:
        if isinstance(question, Page):
            return self._page(question)
        if isinstance(question, Count):
            page = Page(
                conversation=question.conversation,
                after=question.after,
                before=question.before,
                limit=question.most,
            )
            return [len(self._page(page))]
        if isinstance(question, Around):
            return self._around(question)
        if isinstance(question, Targets):
            return self._targets(question)
        if isinstance(question, Search):
            return naive_search(self.rows, question)
        if isinstance(question, Message):
            return [row for row in self.rows if row.place == question.place and shown(row)]
        if isinstance(question, Messages):
            return [
                row
                for row in self.rows
                if row.place in question.places
                and row.command in ("PRIVMSG", "NOTICE")
                and belongs(row, question.conversation)
            ]
        if isinstance(question, Audit):
            return self._audit(question)
        if isinstance(question, Spoken):
            return self._spoken(question)
        if isinstance(question, Speakers):
            return self._speakers(question)
        if isinstance(question, Own):
            own = (row for row in self.rows if row.place > question.after and shown(row))
            identity = question.identity
            found = [row for row in own if identity in (row.author, row.room is None and row.peer)]
            return found[: question.limit]
        return self._whowas(question)

    def _speakers(self, question: Speakers) -> list[str]:
        authors = {
            row.author
            for row in self.rows
            if row.time >= question.since
            and row.author
            and row.command in UTTERED
            and fold_nick(row.source.partition("!")[0]) == question.name
        }
        return sorted(authors)

    def _spoken(self, question: Spoken) -> list[HistoryRow]:
        found = [
            row
            for row in sorted(self.rows, key=lambda row: row.place)
            if row.author in question.identities
            and row.time >= question.since
            and question.after < row.place < question.before
            and row.command in UTTERED
        ]
        return found[: question.limit]

    def _audit(self, question: Audit) -> list[AuditRow]:
        return [
            row
            for row in self.audit
            if row.time >= question.since
            and question.number in (0, row.number)
            and fold(question.who) in ("", fold(row.who))
        ][-question.limit :]

    def _page(self, page: Page) -> list[HistoryRow]:
        if page.counted and self._turned(page.after, page.before):
            page = msgspec.structs.replace(page, after=page.before, before=page.after, newest=True)
        rows = [
            row
            for row in self._readable(page.conversation, page.events, page.without)
            if (page.after is None or is_after(row, page.after))
            and (page.before is None or is_before(row, page.before))
        ]
        return rows[-page.limit :] if page.newest else rows[: page.limit]

    def _turned(self, start: Bound | None, end: Bound | None) -> bool:
        """Whether the first of two bounds is the later one."""
        if isinstance(start, At) == isinstance(end, At):
            first, second = (
                bound.time if isinstance(bound, At) else bound for bound in (start, end)
            )
            return first is not None and second is not None and first > second
        times = [
            bound.time
            if isinstance(bound, At)
            else max((row.time for row in self.rows if row.place <= (bound or 0)), default=0)
            for bound in (start, end)
        ]
        return times[0] > times[1]

    def _around(self, around: Around) -> list[HistoryRow]:
        rows = self._readable(around.conversation, around.events, around.without)
        older = [row for row in rows if is_before(row, around.bound)]
        others = [row for row in rows if not is_before(row, around.bound)]
        half = around.limit // 2
        return older[len(older) - min(half, len(older)) :] + others[: around.limit - half]

    def _readable(
        self, conversation: Conversation, events: bool, without: Sequence[str] = ()
    ) -> list[HistoryRow]:
        if not isinstance(conversation, InRoom) and conversation.identity in self._gone:
            return []
        return [
            row
            for row in sorted(self.rows, key=lambda row: row.place)
            if row.command in SAID or (events and row.command not in (ERASED, *without))
            if belongs(row, conversation)
        ]

    def _targets(self, targets: Targets) -> list[tuple[RoomId | str, int]]:
        last: dict[RoomId | str, tuple[RoomId | str, int]] = {}
        for room in targets.rooms:
            for row in self._readable(room, False):
                last[room.room] = (room.room, row.time)
        for row in sorted(self.rows, key=lambda row: row.place):
            if row.time < targets.from_time or targets.identity in self._gone:
                continue
            if row.room is None and row.command in SAID:
                for peer in peers(row, targets.identity):
                    last[fold_nick(peer)] = (peer, row.time)
        found = [
            item for item in last.values() if targets.after.time < item[1] < targets.before.time
        ]
        found.sort(key=lambda item: (item[1], str(item[0])))
        return found[-targets.limit :] if targets.newest else found[: targets.limit]

    def _whowas(self, question: Whowas) -> list[WhowasRow]:
        return [row for row in reversed(self.whowas) if row.folded == question.folded][
            : question.limit
        ]


def redacted(row: HistoryRow) -> HistoryRow:
    """What is left of the row when it was taken back."""
    return msgspec.structs.replace(row, command=ERASED, params=(), tags=NO_TAGS, splits=())


def shown(row: HistoryRow) -> bool:
    """Whether there is anything to be shown of a row."""
    return row.command != ERASED


def rekeyed(row: HistoryRow, fact: Rekeyed) -> HistoryRow:
    """The row with one identity in the place of another."""
    author = fact.after if row.author == fact.before else row.author
    peer = fact.after if row.peer == fact.before else row.peer
    return msgspec.structs.replace(row, author=author, peer=peer)


def belongs(row: HistoryRow, conversation: Conversation) -> bool:
    """Whether a row is part of a conversation that may be read."""
    if isinstance(conversation, InRoom):
        return (
            row.room == conversation.room
            and row.place >= conversation.since
            and row.time >= conversation.from_time
            and any(
                row.status == status and row.place >= start
                for status, start in zip_longest(
                    conversation.statuses, conversation.starts, fillvalue=conversation.since
                )
            )
        )
    named = (fold_nick(peer) for peer in peers(row, conversation.identity))
    kept = row.time >= conversation.from_time
    return row.room is None and kept and conversation.peer in named


def peers(row: HistoryRow, identity: str) -> list[str]:
    """The names under which an identity knew the other side of a whisper."""
    sender = row.source.partition("!")[0]
    return [row.peer_nick] * (row.author == identity) + [sender] * (row.peer == identity)


def is_after(row: HistoryRow, bound: Bound) -> bool:
    return row.time > bound.time if isinstance(bound, At) else row.place > bound


def is_before(row: HistoryRow, bound: Bound) -> bool:
    return row.time < bound.time if isinstance(bound, At) else row.place < bound
