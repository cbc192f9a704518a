"""The search: the index proposes places, newest or oldest first, and their rows decide.

Law: only what the question says may be read is found; what isn't indexed yet is looked at itself.

The work is bounded: what asks for more than `LOOKED_AT_MOST` rows to be looked at (signs that
aren't in the index, parts of very many words) is answered with what was found among those.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Final

import msgspec

from hubbub.core.history import InRoom, Search
from hubbub.core.ids import Place
from hubbub.core.outputs import HistoryRow
from hubbub.irc.names import fold_nick
from hubbub.store import rows
from hubbub.store.indexing import (
    FLUSH_ROWS,
    SAID,
    author_token,
    identity_token,
    peer_token,
    room_token,
)
from hubbub.store.parts import words_with
from hubbub.store.words import Fit, Piece, Wanted, wanted

LOOKED_AT_MOST: Final = 3_000
"""How many of the proposed rows one search looks at."""
TAIL_MOST: Final = 2_000 + FLUSH_ROWS
"""How many rows that aren't indexed yet one search looks at: those that wait to go in, and as many
as may have come meanwhile."""
WORDS_MOST: Final = 400
"""When a part is in more words than this it isn't looked up; the rows are looked at instead."""

_UNSCOPED_MOST: Final = 2_000
_ROOMS_ASKED_FOR: Final = 2
_FIRST_LOOK: Final = 16
_LARGEST_LOOK: Final = 1_000
_RUNS_MOST: Final = 16
_NOT_PLAIN: Final = "text GLOB '*[^ -~]*'"
_LAST: Final = (1 << 63) - 1
_HISTORY: Final = msgspec.json.Decoder(list[rows.HistoryCells])


@dataclass(slots=True)
class _Span:
    """The places from one on to before another."""

    start: int
    end: int


@dataclass(slots=True)
class _Scope:
    """Some of the conversations that may be read: by which tokens, and from which place on."""

    match: str
    start: int


def search(connection: sqlite3.Connection, question: Search) -> list[HistoryRow]:
    """The messages that the question asks for, oldest first. Raises sqlite3.Error."""
    if question.limit <= 0:
        return []
    with _one_view(connection):
        return _Searching(connection, question).run()


@contextmanager
def _one_view(connection: sqlite3.Connection) -> Iterator[None]:
    """What is read within is of one commit: the index and its position belong together."""
    connection.execute("BEGIN")
    try:
        yield
    finally:
        connection.execute("COMMIT")


class _Searching:
    """One search: what it needs to know at every row."""

    def __init__(self, connection: sqlite3.Connection, question: Search) -> None:
        self.connection = connection
        self.question = question
        self.wanted: Wanted = wanted(question.text)
        self.start = self._place(question.after, "time >= ?", 0)
        self.whispers_from = self._kept_from(question.from_time)
        self.in_rooms = [
            msgspec.structs.replace(room, since=max(room.since, self._kept_from(room.from_time)))
            for room in question.rooms
        ]
        self.rooms = {room.room: room for room in self.in_rooms}
        self.end = self._place(question.before, "time > ?", _LAST)

    def run(self) -> list[HistoryRow]:
        (indexed,) = self.connection.execute("SELECT place FROM search_position").fetchone()
        beyond = _Span(max(indexed + 1, self.start), self.end)
        found, _ = self._proposed([], beyond, TAIL_MOST)
        if len(found) < self.question.limit or not self.question.newest:
            terms = self._terms()
            if terms is not None:
                found += self._indexed(terms, indexed + 1)
        found.sort(key=lambda row: row.place)
        limit = self.question.limit
        return found[-limit:] if self.question.newest else found[:limit]

    def _indexed(self, terms: list[str], end: int) -> list[HistoryRow]:
        """What is found among what is indexed.

        Asking for one of very many rooms makes the index slow, so that its proposals from all
        rooms are looked at first: most often there is enough among them.
        """
        scopes = self._scopes()
        span = _Span(self.start, min(end, self.end))
        found: list[HistoryRow] = []
        if len(self.in_rooms) > _ROOMS_ASKED_FOR:
            found, span = self._proposed(terms, span, _UNSCOPED_MOST)
        if span.start < span.end and len(found) < self.question.limit:
            for scope in scopes:
                within = _Span(max(span.start, scope.start), span.end)
                most = LOOKED_AT_MOST if terms else LOOKED_AT_MOST // 3
                found += self._proposed([*terms, scope.match], within, most)[0]
        return found

    def _kept_from(self, time: int) -> Place:
        return Place(self._place(time or None, "time >= ?", 0))

    def _place(self, time: int | None, condition: str, otherwise: int) -> int:
        """The place of the first row at or after a time; `otherwise` when no time is given."""
        if time is None:
            return otherwise
        found = self.connection.execute(
            f"SELECT place FROM history INDEXED BY history_time WHERE {condition}"
            " ORDER BY time, place LIMIT 1",
            (time,),
        ).fetchone()
        return _LAST if found is None else int(found[0])

    # -- what to ask the index --------------------------------------------------------------

    def _scopes(self) -> list[_Scope]:
        """The conversations, those that may be read from the same place on together."""
        question = self.question
        by_start: dict[int, list[str]] = {}
        for room in self.in_rooms:
            for status in dict.fromkeys(room.statuses):
                token = room_token(room.room, status)
                by_start.setdefault(room.start(status), []).append(token)
        if question.identity and question.peer is None:
            by_start.setdefault(self.whispers_from, []).extend(self._identities())
        scopes = [_Scope(_any(tokens), start) for start, tokens in by_start.items() if tokens]
        if question.identity and question.peer is not None:
            peer = _any([author_token(question.peer), peer_token(question.peer)])
            scopes.append(_Scope(f"{_any(self._identities())} AND {peer}", self.whispers_from))
        return scopes

    def _identities(self) -> list[str]:
        identity = self.question.identity
        former = self.connection.execute(
            "SELECT former FROM search_aliases WHERE identity = ?", (identity,)
        ).fetchall()
        return [identity_token(name) for name in (identity, *(name for (name,) in former))]

    def _terms(self) -> list[str] | None:
        """What the index is asked for besides the scope; None when it can have nothing."""
        terms = []
        if self.question.author is not None:
            terms.append(author_token(self.question.author))
        for piece in sorted(self.wanted.pieces, key=lambda piece: piece.text):
            numbers = self._words_with(piece)
            if not numbers:
                return None
            if len(numbers) <= WORDS_MOST:
                terms.append(_any([str(number) for number in numbers]))
        return terms

    def _words_with(self, piece: Piece) -> Sequence[int]:
        """The numbers of the words that have the piece, at most one more than WORDS_MOST."""
        text = piece.text
        if piece.fit is Fit.WHOLE:
            where, parameters = "search_words WHERE word = ?", [text]
        elif piece.fit is Fit.START:
            where = "search_words WHERE word >= ? AND word < ?"
            parameters = [text, text + "\U0010ffff"]
        else:
            return words_with(self.connection, piece, WORDS_MOST + 1)
        found = self.connection.execute(
            f"SELECT id FROM {where} LIMIT {WORDS_MOST + 1}", parameters
        )
        return [number for (number,) in found]

    # -- what the rows say --------------------------------------------------------------------

    def _proposed(self, terms: list[str], span: _Span, most: int) -> tuple[list[HistoryRow], _Span]:
        """What is found among `most` of what the index proposes, and the span that is left."""
        newest, limit = self.question.newest, self.question.limit
        match = " AND ".join(terms)
        parameters: dict[str, str | int] = {"match": match, "look": limit + _FIRST_LOOK}
        column, source = "place", f"history WHERE command IN {SAID}"
        if terms:
            column, source = "rowid", "search_index WHERE search_index MATCH :match"
        # The index may still name a row that was erased; it counts as looked at.
        statement = (
            "SELECT count(*), min(proposed), max(proposed), json_group_array("
            f"json_array({rows.HISTORY_CELLS})) FILTER (WHERE {self._plausible(parameters)}) FROM ("
            f"SELECT {column} AS proposed FROM {source} AND {column} >= :start AND {column} < :end"
            f" ORDER BY {column} {'DESC' if newest else 'ASC'} LIMIT :look"
            ") LEFT JOIN history ON place = proposed"
        )
        found: list[HistoryRow] = []
        while len(found) < limit and span.start < span.end and most > 0:
            parameters |= {"start": span.start, "end": span.end}
            count, first, last, value = self.connection.execute(statement, parameters).fetchone()
            found += self._those_found(_HISTORY.decode(value))
            most -= count
            if count < int(parameters["look"]):
                return found, _Span(0, 0)
            span = _Span(span.start, first) if newest else _Span(last + 1, span.end)
            parameters["look"] = min(4 * int(parameters["look"]), _LARGEST_LOOK)
        return found, span

    def _plausible(self, parameters: dict[str, str | int]) -> str:
        """A condition that spares Python most of the rows that aren't found.

        What has only printable ASCII has to have every run of the search as it is.
        """
        runs = {f"run{at}": run for at, run in enumerate(self.wanted.runs[:_RUNS_MOST])}
        parameters |= runs
        has = [f"({_NOT_PLAIN} OR instr(lower(text), :{name}))" for name in runs]
        return " AND ".join(["place IS NOT NULL", f"({self._readable(parameters)})", *has])

    def _readable(self, parameters: dict[str, str | int]) -> str:
        """A condition that only rows meet which are in the scope."""
        whole = [str(room.room) for room in self.in_rooms if not room.since]
        ways = [f"room IN ({', '.join(whole)})"]
        ways += [
            f"(room = {room.room} AND place >= {room.since})"
            for room in self.in_rooms
            if room.since
        ]
        if self.question.identity:
            parameters["identity"] = self.question.identity
            ways.append(
                f"(room IS NULL AND :identity IN (author, peer) AND place >= {self.whispers_from})"
            )
        return " OR ".join(ways)

    def _those_found(self, cells: list[rows.HistoryCells]) -> list[HistoryRow]:
        found = []
        for of_row in cells:
            text = of_row[6]
            if text is not None and of_row[3] in SAID and self.wanted.matches(text):
                row = rows.history_row(of_row)
                if self._may_be_shown(row):
                    found.append(row)
        return found

    def _may_be_shown(self, row: HistoryRow) -> bool:
        question = self.question
        nick = fold_nick(rows.nick_of(row.source))
        if question.author is not None and nick != question.author:
            return False
        if row.room is not None:
            return _may_read(self.rooms.get(row.room), row.place, row.status)
        if not question.identity or row.place < self.whispers_from:
            return False
        # The table of whispers says whose they are, and forgets those whose reader was erased.
        peers = (fold_nick(row.peer_nick), nick)
        wanted = [peer for peer in peers if question.peer in (None, peer)]
        found = (
            self.connection.execute(
                "SELECT 1 FROM whispers WHERE identity = ? AND peer_folded IN (?, ?) AND place = ?",
                (question.identity, *(wanted + wanted)[:2], row.place),
            )
            if wanted
            else None
        )
        return found is not None and found.fetchone() is not None


def _may_read(room: InRoom | None, place: Place, status: str) -> bool:
    return room is not None and room.reads(place, status)


def _any(tokens: list[str]) -> str:
    return "(" + " OR ".join(f'"{token}"' for token in tokens) + ")"
