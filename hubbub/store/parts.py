"""By which parts a word is found: for every so many words, the numbers of those that have a part.

Law: what is written is written once, at the end of the table, when so many new words have come
together; the words of before that are few and are looked through. Numbers of words grow and never
come again.

One row for each part of each word would lie anywhere in the table, and every step of the index would
write as many pages as it has new words.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from typing import Final

import msgspec

from hubbub.store.words import Fit, Piece, has_parts, parts

CHUNK_WORDS: Final = 4_096
"""For how many words the numbers are kept together."""
STEP_WORDS: Final = 256
"""The parts of how many words are worked out in one step."""
_COUNTED: Final = "SELECT ifnull(sum(length(words)), 0) FROM chunks CROSS JOIN search_parts"
_CHUNKS: Final = (
    "WITH RECURSIVE chunks (number) AS (SELECT 0 WHERE :chunks > 0"
    " UNION ALL SELECT number + 1 FROM chunks WHERE number + 1 < :chunks)"
)


class Parts:
    """The writing half; one thread at a time uses it, in its own transactions."""

    def __init__(self) -> None:
        self._found: dict[str, list[int]] = {}
        self._next = -1
        """The first word of the chunk under way that wasn't looked at; -1 when none is under way."""

    def forget(self) -> None:
        """A transaction was taken back."""
        self._found, self._next = {}, -1

    def is_due(self, cursor: sqlite3.Cursor) -> bool:
        """Whether a step would do anything."""
        words, chunks = cursor.execute("SELECT words, chunks FROM search_position").fetchone()
        return bool(words >= (chunks + 1) * CHUNK_WORDS)

    def step(self, cursor: sqlite3.Cursor) -> bool:
        """Works out the parts of some more words; False when not enough of them are new."""
        words, chunks = cursor.execute("SELECT words, chunks FROM search_position").fetchone()
        first, end = chunks * CHUNK_WORDS, (chunks + 1) * CHUNK_WORDS
        if words < end:
            return False
        if self._next < first:
            self._found, self._next = {}, first
        upto = min(self._next + STEP_WORDS, end)
        for number, word in cursor.execute(
            "SELECT id, word FROM search_words WHERE id >= ? AND id < ?", (self._next, upto)
        ):
            if has_parts(word):
                for part in parts(word):
                    self._found.setdefault(part, []).append(number)
        self._next = upto
        if upto == end:
            self._write(cursor, chunks)
        return True

    def _write(self, cursor: sqlite3.Cursor, chunk: int) -> None:
        rows = [
            (part, msgspec.json.encode(numbers).decode())
            for part, numbers in sorted(self._found.items())
        ]
        cursor.execute(
            "INSERT INTO search_parts SELECT ?, json_extract(value, '$[0]'),"
            " json_extract(value, '$[1]') FROM json_each(?)",
            (chunk, msgspec.json.encode(rows).decode()),
        )
        cursor.execute("UPDATE search_position SET chunks = ?", (chunk + 1,))
        self.forget()

    def let_go(self, cursor: sqlite3.Cursor, number: int, word: str) -> None:
        """Forgets by which parts a word was found that no message has any more."""
        self.forget()  # the chunk under way is begun anew, without it
        if not has_parts(word):
            return
        chunk = number // CHUNK_WORDS
        for part in parts(word):
            at = (chunk, part)
            row = cursor.execute(
                "SELECT words FROM search_parts WHERE chunk = ? AND part = ?", at
            ).fetchone()
            if row is None:
                continue
            kept = [other for other in msgspec.json.decode(row[0]) if other != number]
            if kept:
                cursor.execute(
                    "UPDATE search_parts SET words = ? WHERE chunk = ? AND part = ?",
                    (msgspec.json.encode(kept).decode(), *at),
                )
            else:
                cursor.execute("DELETE FROM search_parts WHERE chunk = ? AND part = ?", at)


def words_with(connection: sqlite3.Connection, piece: Piece, most: int) -> Sequence[int]:
    """The numbers of the words in which a piece is found inside or at the end, `most` at most."""
    (chunks,) = connection.execute("SELECT chunks FROM search_position").fetchone()
    text = piece.text
    fits = "instr(search_words.word, :text)"
    if piece.fit is Fit.END:
        fits = "substr(search_words.word, -length(:text)) = :text"
    named: dict[str, str | int] = {"chunks": chunks, "text": text, "most": most}
    named["rest"] = chunks * CHUNK_WORDS
    found = connection.execute(
        f"SELECT id FROM search_words WHERE id >= :rest AND {fits} LIMIT :most", named
    ).fetchall()
    if chunks and len(found) < most:
        named["part"] = min(sorted(parts(text)), key=lambda part: _count(connection, chunks, part))
        found += connection.execute(
            f"{_CHUNKS} SELECT search_words.id FROM chunks CROSS JOIN search_parts"
            " ON chunk = chunks.number AND part = :part CROSS JOIN json_each(search_parts.words)"
            f" CROSS JOIN search_words ON search_words.id = json_each.value WHERE {fits} LIMIT :most",
            named,
        ).fetchall()
    return [number for (number,) in found[:most]]


def _count(connection: sqlite3.Connection, chunks: int, part: str) -> int:
    """About how many words have the part."""
    (count,) = connection.execute(
        f"{_CHUNKS} {_COUNTED} ON chunk = chunks.number AND part = :part",
        {"chunks": chunks, "part": part},
    ).fetchone()
    return int(count)
