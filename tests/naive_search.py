"""Search by looking at every message and every character: the meaning that the index must have."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from hubbub.core.history import InRoom, Search
from hubbub.core.outputs import HistoryRow
from hubbub.irc.names import fold_nick
from hubbub.store.words import fold

SHORT = 3
"""Below so many letters a word is only found as a word of its own."""


def naive_search(rows: Iterable[HistoryRow], question: Search) -> Sequence[HistoryRow]:
    found = [
        row
        for row in sorted(rows, key=lambda row: row.place)
        if row.command in ("PRIVMSG", "NOTICE") and row.params
        if may_read(row, question)
        and question.author in (None, fold_nick(nick_of(row)))
        and (question.after is None or row.time >= question.after)
        and (question.before is None or row.time <= question.before)
        and all(occurs(term, fold(row.params[-1])) for term in terms(question.text))
    ]
    return found[-question.limit :] if question.newest else found[: question.limit]


def may_read(row: HistoryRow, question: Search) -> bool:
    if row.room is not None:
        return any(
            row.room == room.room and row.time >= room.from_time and reads(row, room)
            for room in question.rooms
        )
    if row.time < question.from_time:
        return False
    views = [(row.author, fold_nick(row.peer_nick)), (row.peer, fold_nick(nick_of(row)))]
    return any(
        identity == question.identity and question.peer in (None, peer)
        for identity, peer in views
        if identity
    )


def reads(row: HistoryRow, room: InRoom) -> bool:
    starts = room.starts or (room.since,) * len(room.statuses)
    return row.place >= room.since and any(
        row.status == status and row.place >= start
        for status, start in zip(room.statuses, starts, strict=True)
    )


def nick_of(row: HistoryRow) -> str:
    return row.source.partition("!")[0]


def terms(text: str) -> list[str]:
    """Words, and what stands between quotes; a last quote may stay open."""
    found = []
    for at, part in enumerate(text.split('"')):
        found += [part] if at % 2 else part.split()
    return [folded for folded in map(fold, found) if folded]


def occurs(term: str, text: str) -> bool:
    starts = [at for at in range(len(text)) if text.startswith(term, at)]
    if 0 < leading(term) < SHORT:
        starts = [at for at in starts if at == 0 or not is_letter(text[at - 1])]
    if 0 < leading(term[::-1]) < SHORT:
        ends = {at: text[at + len(term) : at + len(term) + 1] for at in starts}
        starts = [at for at, after in ends.items() if not after or not is_letter(after)]
    return bool(starts)


def leading(term: str) -> int:
    """How many letters it begins with."""
    return next((at for at, sign in enumerate(term) if not is_letter(sign)), len(term))


def is_letter(sign: str) -> bool:
    """Of a script with spaces between its words; a number's sign is one, too."""
    return sign.isalnum() and not is_run_on(sign)


def is_run_on(sign: str) -> bool:
    return any(first <= sign <= last for first, last in ("ก๿", "぀ヿ", "㐀鿿", "가힣"))
