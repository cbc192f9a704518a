"""What of a message can be found, and what a search asks for.

Law: a text is found by a search exactly when `Wanted.matches` says so; the index only proposes.

A search is words and "quoted phrases", and all of them have to occur in the text. Case, accents,
the width of letters and formatting don't count. A word of three letters and more is found as part
of longer ones too; a shorter one only as a word of its own, or `a` would be in everything. In
scripts that are written without spaces between words (and with Korean's endings) every run of
characters can be found, single ones too, and so can emoji.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from enum import Enum
from itertools import pairwise
from typing import Final

PART_LETTERS: Final = 3
"""From how many letters on a word is found as a part of longer ones."""
WINDOW_LETTERS: Final = 64
"""A longer word is kept as windows of so many letters, each beginning in the middle of the last."""

_GRAMS: Final = (
    "\u0e00-\u0eff\u1000-\u109f\u1100-\u11ff\u1780-\u17ff"  # Thai, Lao, Burmese, Jamo, Khmer
    "\u2e80-\u2fdf\u3005-\u3007\u3031-\u30ff\u3130-\u318f\u31f0-\u31ff"  # radicals, kana, jamo
    "\u3400-\u4dbf\u4e00-\u9fff\ua960-\ua97f\uac00-\ud7ff\uf900-\ufaff"  # ideographs, Hangul
    "\U00020000-\U0003ffff"  # rarer ideographs
    "\u2190-\u2bff\U0001f000-\U0001faff"  # arrows, symbols, emoji
)
_LETTER: Final = rf"[^\W_{_GRAMS}]"
_PIECE: Final = re.compile(rf"(?P<grams>[{_GRAMS}]+)|{_LETTER}+")
_ASCII_SPACED: Final = "".join(sign if sign.isalnum() else " " for sign in map(chr, range(128)))
"""Of an ASCII text, all that is in no word becomes a space."""
_TERM: Final = re.compile(r'"([^"]*)"?|([^\s"]+)')

# mIRC's colours with their numbers, hexadecimal colours, and the signs for bold and the like.
_FORMATTING: Final = re.compile(
    "\x03(?:[0-9]{1,2}(?:,[0-9]{1,2})?)?|\x04(?:[0-9A-Fa-f]{6})?|[\x00-\x02\x05-\x08\x0e-\x1f\x7f]"
)
_ACTION: Final = "\1ACTION "
# Only the accents of Latin, Greek and Cyrillic: elsewhere such signs make another letter.
_ACCENTS: Final = re.compile("[\u0300-\u036f]")


def fold(text: str) -> str:
    """The text as it is compared: its case, accents, formatting and runs of spaces evened out."""
    text = text.removeprefix(_ACTION)
    if not text.isprintable():
        text = _FORMATTING.sub("", text)
    if not text.isascii():
        text = unicodedata.normalize("NFKD", text).casefold()
        text = unicodedata.normalize("NFC", _ACCENTS.sub("", unicodedata.normalize("NFKD", text)))
    return " ".join(text.lower().split())


def words(folded: str) -> set[str]:
    """What the index keeps of a folded text: its words, and of runs without spaces the single
    characters and the pairs."""
    if folded.isascii():
        return _ascii_words(folded)
    found: set[str] = set()
    for piece in _PIECE.finditer(folded):
        run = piece[0]
        if piece["grams"]:
            found.update(run)
            found.update(map("".join, pairwise(run)))
        else:
            found.update(_windows(run))
    return found


def words_of(text: str) -> set[str]:
    """The words of a text that isn't folded yet."""
    if text.isascii() and text.isprintable():
        return _ascii_words(text.lower())
    return words(fold(text))


def _ascii_words(folded: str) -> set[str]:
    found = set(folded.translate(_ASCII_SPACED).split())
    # Each word takes a space, too: beside so many there is no room for one that is longer.
    if len(folded) <= WINDOW_LETTERS + 2 * (len(found) - 1):
        return found
    long = [word for word in found if len(word) > WINDOW_LETTERS]
    return found.difference(long).union(*map(_windows, long)) if long else found


def _windows(word: str) -> list[str]:
    if len(word) <= WINDOW_LETTERS:
        return [word]
    starts = range(0, len(word) - WINDOW_LETTERS, WINDOW_LETTERS // 2)
    return [*(word[at : at + WINDOW_LETTERS] for at in starts), word[-WINDOW_LETTERS:]]


def has_parts(word: str) -> bool:
    """Whether the word can be found by a part of it."""
    if len(word) < PART_LETTERS:
        return False
    return word.isascii() or not _PIECE.match(word)["grams"]  # type: ignore[index]


def parts(word: str) -> set[str]:
    """The runs of three letters by which a word is found from a part of it."""
    return {word[at : at + PART_LETTERS] for at in range(len(word) - PART_LETTERS + 1)}


class Fit(Enum):
    """How a piece of what is searched lies in a word of the text."""

    WHOLE = 0
    START = 1
    END = 2
    INSIDE = 3

    def fits(self, piece: str, word: str) -> bool:
        """Whether `word` has the piece in this way."""
        if self is Fit.WHOLE:
            return piece == word
        if self is Fit.START:
            return word.startswith(piece)
        return word.endswith(piece) if self is Fit.END else piece in word


@dataclass(frozen=True, slots=True)
class Piece:
    """Something that the index can look up: each text that is found has such a word."""

    text: str
    fit: Fit


@dataclass(frozen=True, slots=True)
class Wanted:
    """What a search's text asks for."""

    pieces: frozenset[Piece]
    patterns: tuple[re.Pattern[str], ...]
    runs: tuple[str, ...]
    """The folded terms cut at spaces: a text of plain ASCII that is found has each of them."""

    def matches(self, text: str) -> bool:
        """Whether a message with this text is found."""
        folded = fold(text)
        return all(pattern.search(folded) for pattern in self.patterns)


def wanted(text: str) -> Wanted:
    """What is asked for by words and "quoted phrases"; no words at all are in every text."""
    pieces: set[Piece] = set()
    patterns: list[re.Pattern[str]] = []
    runs: list[str] = []
    for found in _TERM.finditer(text):
        term = fold(found[1] or found[2] or "")
        if term:
            pieces.update(_pieces(term))
            patterns.append(_pattern(term))
            runs += term.split()
    return Wanted(frozenset(pieces), tuple(dict.fromkeys(patterns)), tuple(dict.fromkeys(runs)))


def _pieces(term: str) -> set[Piece]:
    found: set[Piece] = set()
    for piece in _PIECE.finditer(term):
        run = piece[0]
        if piece["grams"]:
            pairs = map("".join, pairwise(run))
            found.update(Piece(gram, Fit.WHOLE) for gram in (pairs if len(run) > 1 else run))
            continue
        fit = Fit.WHOLE
        if len(run) > WINDOW_LETTERS // 2:
            run, fit = run[: WINDOW_LETTERS // 2], Fit.INSIDE  # this much lies in some window
        elif len(run) >= PART_LETTERS:
            fit = Fit(2 * (piece.start() == 0) + (piece.end() == len(term)))
        found.add(Piece(run, fit))
    return found


def _pattern(term: str) -> re.Pattern[str]:
    runs = [piece for piece in _PIECE.finditer(term) if not piece["grams"]]
    short = [piece for piece in runs if len(piece[0]) < PART_LETTERS]
    before = f"(?<!{_LETTER})" if any(piece.start() == 0 for piece in short) else ""
    after = f"(?!{_LETTER})" if any(piece.end() == len(term) for piece in short) else ""
    return re.compile(before + re.escape(term) + after)
