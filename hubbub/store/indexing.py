"""The search index: which words each message has, kept up after the commits, in small steps.

Law: what is said has its place beyond the kept position until it is indexed, in the same
transaction that moves the position; whoever looks at both sees every message once.

A step makes rows ready in memory, and some thousand of them go in with one statement: FTS5 makes a
piece of its index of each statement's rows, and merges the pieces later, which costs more than all
else when they are small. Nothing is lost with what waits: it is read again. Law: what is erased is
taken out of what waits, too, and no word is let go while anything waits, as it may have its number.

The index itself holds numbers only: a word's letters stand in one row of `search_words`, which
goes when its last message does, so that erasing a text erases its words. A message's tokens are
the numbers of its words, and names (a letter and a hash) for where and by whom it was said, so
that a search in one room needn't look at what was said in the others.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Sequence
from functools import lru_cache
from hashlib import blake2b
from time import thread_time
from typing import Final

import msgspec

from hubbub.irc.names import FoldedNick, fold_nick
from hubbub.store import rows
from hubbub.store.parts import Parts
from hubbub.store.words import words_of

STEP_ROWS: Final = 512
"""How many rows of the history one step looks at, at most."""
FLUSH_ROWS: Final = 4_096
"""How many rows are made ready before they go into the index, when there are so many."""
FLUSH_LETTERS: Final = 400_000
"""Or how many letters their tokens have, as long messages take longer."""
STEP_ROWS_LEAST: Final = 16
STEP_SECONDS: Final = 0.02
"""How long a step takes, about, when nobody waits for it."""
_FIRST_ROWS: Final = 64
_MERGE_ROWS: Final = 4_096
"""After how many rows it is worth looking whether the index is in too many pieces."""
_PIECES_MOST: Final = 8
_MERGED_PAGES: Final = 2_000
"""How many pages are merged in a second, about."""
_DOUBTS_AT_ONCE: Final = 16
_KNOWN_MOST: Final = 50_000
"""How many words' numbers are remembered between two steps, and as many of before those."""
SAID: Final = ("PRIVMSG", "NOTICE")

_Cells = tuple[int, str, int | None, str, str, str, str, str, str | None]
_COLUMNS: Final = "place, command, room, status, author, peer, source, peer_nick, text"
_ROWS: Final = msgspec.json.Decoder(list[_Cells])
_WORDS: Final = msgspec.json.Decoder(list[tuple[str, int]])


@lru_cache(8_192)
def _named(letter: str, name: str) -> str:
    return letter + blake2b(name.encode(), digest_size=8).hexdigest()


@lru_cache(8_192)
def _source_token(source: str) -> str:
    return author_token(fold_nick(rows.nick_of(source)))


@lru_cache(8_192)
def room_token(room: int, status: str) -> str:
    """What every message to this part of a room has; `status` is a STATUSMSG prefix or empty."""
    return f"r{room}" + {"": "", "+": "v", "@": "o"}[status]


def author_token(nick: FoldedNick) -> str:
    """What every message has that somebody said under this name."""
    return _named("n", nick)


def peer_token(nick: FoldedNick) -> str:
    """What every whisper to somebody of this name has."""
    return _named("p", nick)


def identity_token(identity: str) -> str:
    """What every whisper by or to this identity has."""
    return _named("i", identity)


class Index:
    """The writing half of the index; one thread at a time uses it, within its own transactions."""

    def __init__(self) -> None:
        self._known: dict[str, str] = {}
        self._known_before: dict[str, str] = {}
        self._waiting: dict[int, str] = {}
        """The tokens of the messages that are ready, by their places, in their order."""
        self._letters = 0
        """How many letters they have."""
        self._rows = 0
        """How many rows were looked at beyond the kept position."""
        self._looked_to: int | None = None
        """The place of the last of them, or None when there was none."""
        self._unmerged = _MERGE_ROWS
        self._merging = False
        self._parts = Parts()
        self._rate = _FIRST_ROWS / STEP_SECONDS
        """How many rows a step has done in a second of late."""

    def forget(self) -> None:
        """A transaction was taken back, and with it perhaps the numbers of new words."""
        self._known, self._known_before = {}, {}
        self._nothing_waits()
        self._parts.forget()

    def step(self, cursor: sqlite3.Cursor, seconds: float = STEP_SECONDS) -> bool:
        """Indexes some more of what was said, and checks some doubtful words; False: all is done.

        It makes as many rows ready as have lately been done in so many seconds, or writes what is
        ready into the index: when that is enough, or nothing more is to be read.
        """
        if self._parts.step(cursor):
            return True
        full = self._rows >= FLUSH_ROWS or self._letters >= FLUSH_LETTERS
        if not full and self._make_ready(cursor, seconds):
            return True
        self._flush(cursor)
        if full:
            return True
        if self._settle_doubts(cursor) or self._parts.is_due(cursor):
            return True
        return self._merge(cursor, max(4, int(_MERGED_PAGES * seconds)))

    def _make_ready(self, cursor: sqlite3.Cursor, seconds: float) -> bool:
        """Looks at some more rows beyond the kept position; False when they were the last."""
        limit = max(STEP_ROWS_LEAST, min(STEP_ROWS, int(self._rate * seconds)))
        began = thread_time()
        if self._looked_to is None:
            (self._looked_to,) = cursor.execute("SELECT place FROM search_position").fetchone()
        found = _read(cursor, "place > ?", (self._looked_to,), limit)
        if found:
            entries = self._entries(cursor, found)
            self._waiting |= entries
            self._letters += sum(map(len, entries.values()))
            self._rows += len(found)
            self._looked_to = found[-1][0]
        if len(found) < limit:
            return False
        self._rate = (self._rate + limit / max(thread_time() - began, 1e-4)) / 2
        return True

    def _flush(self, cursor: sqlite3.Cursor) -> None:
        """Writes all that waits into the index."""
        if self._rows:
            _insert(cursor, self._waiting)
            cursor.execute("UPDATE search_position SET place = ?", (self._looked_to,))
            self._unmerged += self._rows
        self._nothing_waits()

    def _nothing_waits(self) -> None:
        self._waiting, self._letters = {}, 0
        self._rows, self._looked_to = 0, None

    def _merge(self, cursor: sqlite3.Cursor, pages: int) -> bool:
        """Merges the pieces that the index has grown by, a little; True when there is more to do.

        A search looks into each piece, so that few are several times as fast as many.
        """
        if not self._merging:
            if self._unmerged < _MERGE_ROWS:
                return False
            self._unmerged = 0
            (pieces,) = cursor.execute(
                "SELECT count(DISTINCT segid) FROM search_index_idx"
            ).fetchone()
            if pieces <= _PIECES_MOST:
                return False
            self._merging, pages = True, -pages  # a negative number begins to merge all into one
        before = cursor.connection.total_changes
        cursor.execute(
            "INSERT INTO search_index (search_index, rank) VALUES ('merge', ?)", (pages,)
        )
        # "If the difference is less than 2, then the 'merge' command was a no-op."
        self._merging = cursor.connection.total_changes - before >= 2
        return self._merging

    def add_places(self, cursor: sqlite3.Cursor, places: Sequence[int]) -> None:
        """Indexes the messages at these places (what was imported)."""
        ordered = sorted(places)
        for first in range(0, len(ordered), FLUSH_ROWS):
            part = ordered[first : first + FLUSH_ROWS]
            _insert(cursor, self._entries(cursor, _read_at(cursor, part)))

    def _entries(self, cursor: sqlite3.Cursor, found: Sequence[_Cells]) -> dict[int, str]:
        """The tokens of those of the rows that are said, by their places."""
        entries: dict[int, str] = {}
        unknown: list[tuple[_Cells, set[str]]] = []
        number = self._known.__getitem__
        for cells in found:
            place, text = cells[0], cells[-1]
            if cells[1] in SAID and text is not None:
                words = words_of(text)
                try:
                    numbers = list(map(number, words))
                except KeyError:
                    entries[place] = ""  # until all the words of the step are looked up at once
                    unknown.append((cells, words))
                else:
                    entries[place] = _tokens(cells, numbers)
        if unknown:
            self._learn(cursor, set().union(*(words for _, words in unknown)))
            number = self._known.__getitem__
            for cells, words in unknown:
                entries[cells[0]] = _tokens(cells, map(number, words))
        return entries

    def _learn(self, cursor: sqlite3.Cursor, wanted: set[str]) -> None:
        """Makes the numbers of these words known; new ones are given theirs."""
        if len(self._known) > _KNOWN_MOST:
            # What was wanted of late stays: it comes over from here.
            self._known_before, self._known = self._known, {}
        known, before = self._known, self._known_before
        known.update((word, before[word]) for word in wanted.difference(known) if word in before)
        if unknown := wanted.difference(known):
            known.update((word, str(number)) for word, number in _look_up(cursor, unknown))
            if new := sorted(unknown.difference(known)):
                known.update(_add_words(cursor, new))

    def remove(self, cursor: sqlite3.Cursor, places: Sequence[int]) -> None:
        """Takes the messages at these places out, which are about to be erased from the history.

        The caller erases them in the same transaction; the words' letters go in a later step, if no
        other message has them.
        """
        for place in places:
            self._waiting.pop(place, None)
        (position,) = cursor.execute("SELECT place FROM search_position").fetchone()
        said = [
            (cells, words_of(cells[-1]))
            for cells in _read_at(cursor, places)
            if cells[1] in SAID and cells[-1] is not None
        ]
        numbers = dict(_look_up(cursor, set().union(*(words for _, words in said))))
        for cells, words in said:
            if cells[0] <= position:
                theirs = (str(numbers[word]) for word in words if word in numbers)
                cursor.execute(
                    "INSERT INTO search_index (search_index, rowid, tokens) VALUES ('delete', ?, ?)",
                    (cells[0], _tokens(cells, theirs)),
                )
        # What was only made ready has given its words their numbers, too, in this run or one before.
        cursor.executemany(
            "INSERT OR IGNORE INTO search_doubtful VALUES (?)", zip(numbers.values(), strict=True)
        )

    def _settle_doubts(self, cursor: sqlite3.Cursor) -> bool:
        """Lets words go that no message has any more; True when there are more to look at.

        Nothing waits now: a word that only waiting messages have would be let go, too.
        """
        doubtful = cursor.execute(
            "SELECT word FROM search_doubtful LIMIT ?", (_DOUBTS_AT_ONCE,)
        ).fetchall()
        for (number,) in doubtful:
            used = "SELECT 1 FROM search_index WHERE search_index MATCH ? LIMIT 1"
            if cursor.execute(used, (f'"{number}"',)).fetchone() is None:
                self._let_go(cursor, number)
            cursor.execute("DELETE FROM search_doubtful WHERE word = ?", (number,))
        return len(doubtful) == _DOUBTS_AT_ONCE

    def _let_go(self, cursor: sqlite3.Cursor, number: int) -> None:
        row = cursor.execute("SELECT word FROM search_words WHERE id = ?", (number,)).fetchone()
        if row is None:
            return
        self._known.pop(row[0], None)
        self._known_before.pop(row[0], None)
        self._parts.let_go(cursor, number, row[0])
        cursor.execute("DELETE FROM search_words WHERE id = ?", (number,))


def rekey(cursor: sqlite3.Cursor, before: str, after: str) -> None:
    """Whispers of one identity are now another's; the index finds them under both names."""
    cursor.execute(
        "INSERT OR IGNORE INTO search_aliases SELECT :after, :before"
        " UNION SELECT :after, former FROM search_aliases WHERE identity = :before",
        {"before": before, "after": after},
    )


def _read_at(cursor: sqlite3.Cursor, places: Sequence[int]) -> list[_Cells]:
    asked = msgspec.json.encode(places).decode()
    return _read(cursor, "place IN (SELECT value FROM json_each(?))", (asked,), len(places))


def _read(
    cursor: sqlite3.Cursor, where: str, parameters: Sequence[object], limit: int
) -> list[_Cells]:
    (value,) = cursor.execute(
        f"SELECT json_group_array(json_array({_COLUMNS})) FROM"
        f" (SELECT {_COLUMNS} FROM history WHERE {where} ORDER BY place LIMIT ?)",
        (*parameters, limit),
    ).fetchone()
    found = _ROWS.decode(value)
    found.sort(key=lambda cells: cells[0])
    return found


def _insert(cursor: sqlite3.Cursor, entries: dict[int, str]) -> None:
    cursor.execute(
        "INSERT INTO search_index (rowid, tokens)"
        " SELECT CAST(key AS INTEGER), value FROM json_each(?)",
        (msgspec.json.encode(entries).decode(),),
    )


def _tokens(cells: _Cells, numbers: Iterable[str]) -> str:
    return " ".join((*_names(cells), *numbers))


def _names(cells: _Cells) -> list[str]:
    _, _, room, status, author, peer, source, peer_nick, _ = cells
    nick = _source_token(source)
    if room is not None:
        return [room_token(room, status), nick]
    identities = {identity_token(identity) for identity in (author, peer) if identity}
    return [*sorted(identities), nick, peer_token(fold_nick(peer_nick))]


def _look_up(cursor: sqlite3.Cursor, wanted: Iterable[str]) -> list[tuple[str, int]]:
    (value,) = cursor.execute(
        "SELECT json_group_array(json_array(word, id)) FROM search_words"
        " WHERE word IN (SELECT value FROM json_each(?))",
        (msgspec.json.encode(list(wanted)).decode(),),
    ).fetchone()
    return _WORDS.decode(value)


def _add_words(cursor: sqlite3.Cursor, new: list[str]) -> list[tuple[str, str]]:
    """Gives new words their numbers, which were never another's."""
    (first,) = cursor.execute("SELECT words FROM search_position").fetchone()
    numbers = {word: number for number, word in enumerate(new, first)}
    cursor.execute(
        "INSERT INTO search_words SELECT value, key FROM json_each(?)",
        (msgspec.json.encode(numbers).decode(),),
    )
    cursor.execute("UPDATE search_position SET words = ?", (first + len(new),))
    return [(word, str(number)) for word, number in numbers.items()]
