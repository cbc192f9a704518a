"""The history as a list: answers to questions straight from their definitions, for comparing."""

from __future__ import annotations

from collections.abc import Sequence

from hubbub.core.history import (
    Around,
    At,
    Bound,
    Conversation,
    InRoom,
    Page,
    Question,
    Targets,
    Whowas,
)
from hubbub.core.ids import RoomId
from hubbub.core.outputs import HistoryRow, WhowasRow
from hubbub.irc.names import fold_nick

SAID = ("PRIVMSG", "NOTICE")

Answer = Sequence[HistoryRow] | Sequence[tuple[RoomId | str, int]] | Sequence[WhowasRow]


class NaiveHistory:
    """Keeps every row and looks at every row for every question."""

    def __init__(self) -> None:
        self.rows: list[HistoryRow] = []
        self.whowas: list[WhowasRow] = []

    def keep(self, row: HistoryRow | WhowasRow) -> None:
        if isinstance(row, HistoryRow):
            self.rows.append(row)
        else:
            self.whowas.append(row)

    def answer(self, question: Question) -> Answer:
        if isinstance(question, Page):
            return self._page(question)
        if isinstance(question, Around):
            return self._around(question)
        if isinstance(question, Targets):
            return self._targets(question)
        return self._whowas(question)

    def _page(self, page: Page) -> list[HistoryRow]:
        rows = [
            row
            for row in self._readable(page.conversation, page.events)
            if (page.after is None or is_after(row, page.after))
            and (page.before is None or is_before(row, page.before))
        ]
        return rows[-page.limit :] if page.newest else rows[: page.limit]

    def _around(self, around: Around) -> list[HistoryRow]:
        rows = self._readable(around.conversation, around.events)
        older = [row for row in rows if is_before(row, around.bound)]
        others = [row for row in rows if not is_before(row, around.bound)]
        half = around.limit // 2
        return older[len(older) - min(half, len(older)) :] + others[: around.limit - half]

    def _readable(self, conversation: Conversation, events: bool) -> list[HistoryRow]:
        return [
            row
            for row in sorted(self.rows, key=lambda row: row.place)
            if (events or row.command in SAID) and belongs(row, conversation)
        ]

    def _targets(self, targets: Targets) -> list[tuple[RoomId | str, int]]:
        last: dict[RoomId | str, tuple[RoomId | str, int]] = {}
        for room in targets.rooms:
            for row in self._readable(room, False):
                last[room.room] = (room.room, row.time)
        for row in sorted(self.rows, key=lambda row: row.place):
            if row.room is None and row.command in SAID:
                for peer in peers(row, targets.identity):
                    last[fold_nick(peer)] = (peer, row.time)
        found = [
            item for item in last.values() if targets.after.time < item[1] < targets.before.time
        ]
        return sorted(found, key=lambda item: (item[1], str(item[0])))[: targets.limit]

    def _whowas(self, question: Whowas) -> list[WhowasRow]:
        return [row for row in reversed(self.whowas) if row.folded == question.folded][
            : question.limit
        ]


def belongs(row: HistoryRow, conversation: Conversation) -> bool:
    """Whether a row is part of a conversation that may be read."""
    if isinstance(conversation, InRoom):
        return (
            row.room == conversation.room
            and row.place >= conversation.since
            and row.status in conversation.statuses
        )
    named = (fold_nick(peer) for peer in peers(row, conversation.identity))
    return row.room is None and conversation.peer in named


def peers(row: HistoryRow, identity: str) -> list[str]:
    """The names under which an identity knew the other side of a whisper."""
    sender = row.source.partition("!")[0]
    return [row.peer_nick] * (row.author == identity) + [sender] * (row.peer == identity)


def is_after(row: HistoryRow, bound: Bound) -> bool:
    return row.time > bound.time if isinstance(bound, At) else row.place > bound


def is_before(row: HistoryRow, bound: Bound) -> bool:
    return row.time < bound.time if isinstance(bound, At) else row.place < bound
