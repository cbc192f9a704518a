"""The search index: which words each message has, kept up after the commits, in small steps.

Law: what is said has its place beyond the kept position until it is indexed, in the same
transaction that moves the position; whoever looks at both sees every message once.

The index itself holds numbers only: a word's letters stand in one row of `search_words`, which
goes when its last message does, so that erasing a text erases its words. A message's tokens are
the numbers of its words, and names (a letter and a hash) for where and by whom it was said, so
that a search in one room needn't look at what was said in the others.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Sequence
from hashlib import blake2b
from typing import Final

import msgspec

from hubbub.irc.names import FoldedNick, fold_nick
from hubbub.store import rows
from hubbub.store.words import fold, has_parts, parts, words

STEP_ROWS: Final = 256
"""How many rows of the history one step looks at."""
_MERGE_ROWS: Final = 4_096
"""After how many rows it is worth looking whether the index is in too many pieces."""
_PIECES_MOST: Final = 8
_MERGED_PAGES: Final = 64
_DOUBTS_AT_ONCE: Final = 64
_KNOWN_MOST: Final = 50_000
"""How many words' numbers are remembered between two steps."""
SAID: Final = ("PRIVMSG", "NOTICE")

_Cells = tuple[int, str, int | None, str, str, str, str, str, str | None]
_COLUMNS: Final = "place, command, room, status, author, peer, source, peer_nick, text"
_ROWS: Final = msgspec.json.Decoder(list[_Cells])
_WORDS: Final = msgspec.json.Decoder(list[tuple[str, int]])


def _named(letter: str, name: str) -> str:
    return letter + blake2b(name.encode(), digest_size=8).hexdigest()


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
        self._known: dict[str, int] = {}
        self._unmerged = _MERGE_ROWS
        self._merging = False

    def forget_numbers(self) -> None:
        """A transaction was taken back, and with it perhaps the numbers of new words."""
        self._known = {}

    def step(self, cursor: sqlite3.Cursor) -> bool:
        """Indexes some more of what was said, and checks some doubtful words; False: all is done."""
        (position,) = cursor.execute("SELECT place FROM search_position").fetchone()
        found = _read(cursor, "place > ?", (position,))
        if found:
            self.add(cursor, found)
            cursor.execute("UPDATE search_position SET place = ?", (found[-1][0],))
        self._unmerged += len(found)
        if len(found) == STEP_ROWS or self._settle_doubts(cursor):
            return True
        return self._merge(cursor)

    def _merge(self, cursor: sqlite3.Cursor) -> bool:
        """Merges the pieces that the index has grown by, a little; True when there is more to do.

        A search looks into each piece, so that few are several times as fast as many.
        """
        pages = _MERGED_PAGES
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
        for first in range(0, len(ordered), STEP_ROWS):
            asked = msgspec.json.encode(ordered[first : first + STEP_ROWS]).decode()
            self.add(cursor, _read(cursor, "place IN (SELECT value FROM json_each(?))", (asked,)))

    def add(self, cursor: sqlite3.Cursor, found: Sequence[_Cells]) -> None:
        said = [cells for cells in found if cells[1] in SAID and cells[-1] is not None]
        worded = [words(fold(cells[-1] or "")) for cells in said]
        known = self._numbers(cursor, set().union(*worded))
        entries = [
            (cells[0], " ".join([*_names(cells), *(str(known[word]) for word in of)]))
            for cells, of in zip(said, worded, strict=True)
        ]
        cursor.execute(
            "INSERT INTO search_index (rowid, tokens)"
            " SELECT json_extract(value, '$[0]'), json_extract(value, '$[1]') FROM json_each(?)",
            (msgspec.json.encode(entries).decode(),),
        )

    def _numbers(self, cursor: sqlite3.Cursor, wanted: set[str]) -> dict[str, int]:
        known = self._known
        if len(known) > _KNOWN_MOST:
            self._known = known = {word: known[word] for word in wanted if word in known}
        unknown = [word for word in wanted if word not in known]
        if unknown:
            known.update(_look_up(cursor, unknown))
            if new := sorted(word for word in unknown if word not in known):
                known.update(_add_words(cursor, new))
        return known

    def _settle_doubts(self, cursor: sqlite3.Cursor) -> bool:
        """Lets words go that no message has any more; True when there are more to look at."""
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
        cursor.executemany(
            "DELETE FROM search_parts WHERE part = ? AND word = ?",
            [(part, number) for part in parts(row[0])],
        )
        cursor.execute("DELETE FROM search_words WHERE id = ?", (number,))


def remove(cursor: sqlite3.Cursor, where: str, parameters: Sequence[object]) -> None:
    """Takes messages out that are about to be erased from the history.

    `where` is a condition on the history's rows. The caller erases them in the same
    transaction; the words' letters go in a later step, if no other message has them.
    """
    (position,) = cursor.execute("SELECT place FROM search_position").fetchone()
    place = -1
    while True:
        found = _read(cursor, f"({where}) AND place > ?", (*parameters, place))
        if not found:
            return
        place = found[-1][0]
        for cells in found:
            if cells[0] <= position and cells[1] in SAID and cells[-1] is not None:
                _remove(cursor, cells)


def _remove(cursor: sqlite3.Cursor, cells: _Cells) -> None:
    numbers = dict(_look_up(cursor, list(words(fold(cells[-1] or "")))))
    tokens = " ".join([*_names(cells), *map(str, numbers.values())])
    cursor.execute(
        "INSERT INTO search_index (search_index, rowid, tokens) VALUES ('delete', ?, ?)",
        (cells[0], tokens),
    )
    cursor.executemany(
        "INSERT OR IGNORE INTO search_doubtful VALUES (?)", zip(numbers.values(), strict=True)
    )


def rekey(cursor: sqlite3.Cursor, before: str, after: str) -> None:
    """Whispers of one identity are now another's; the index finds them under both names."""
    cursor.execute(
        "INSERT OR IGNORE INTO search_aliases SELECT :after, :before"
        " UNION SELECT :after, former FROM search_aliases WHERE identity = :before",
        {"before": before, "after": after},
    )


def _read(cursor: sqlite3.Cursor, where: str, parameters: Sequence[object]) -> list[_Cells]:
    (value,) = cursor.execute(
        f"SELECT json_group_array(json_array({_COLUMNS})) FROM"
        f" (SELECT {_COLUMNS} FROM history WHERE {where} ORDER BY place LIMIT {STEP_ROWS})",
        parameters,
    ).fetchone()
    found = _ROWS.decode(value)
    found.sort(key=lambda cells: cells[0])
    return found


def _names(cells: _Cells) -> list[str]:
    _, _, room, status, author, peer, source, peer_nick, _ = cells
    nick = author_token(fold_nick(rows.nick_of(source)))
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


def _add_words(cursor: sqlite3.Cursor, new: list[str]) -> list[tuple[str, int]]:
    cursor.execute(
        "INSERT INTO search_words (word) SELECT value FROM json_each(?)",
        (msgspec.json.encode(new).decode(),),
    )
    added = _look_up(cursor, new)
    found_by = [(part, number) for word, number in added if has_parts(word) for part in parts(word)]
    found_by.sort()
    cursor.execute(
        "INSERT INTO search_parts"
        " SELECT json_extract(value, '$[0]'), json_extract(value, '$[1]') FROM json_each(?)",
        (msgspec.json.encode(found_by).decode(),),
    )
    return added
