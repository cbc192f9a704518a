"""How a long text becomes lines that every server relays whole: at words, never inside a character."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator

LINE_LIMIT = 512
"""Bytes of a line without its tags, CR LF included (RFC 1459, 2.3)."""


def pieces(text: str, room_for: int) -> Iterator[str]:
    """Split `text` at line ends, then so that each piece is at most `room_for` UTF-8 bytes.

    Blank lines are left out: IRC can't say nothing. Raises ValueError when `room_for` is below 8.
    """
    if room_for < 8:
        raise ValueError("no room is left for the text; the names are too long")
    # splitlines() would also break at characters that are legal inside a message.
    for line in text.replace("\r\n", "\n").replace("\r", "\n").replace("\0", "").split("\n"):
        rest = line
        while len(rest.encode()) > room_for:
            cut = _cut(rest, room_for)
            yield rest[:cut].rstrip(" ")
            rest = rest[cut:].lstrip(" ")
        if rest.strip():
            yield rest


def _cut(text: str, limit: int) -> int:
    """The number of characters to take: as many as fit, back to a word's end if one is near."""
    fits = len(text.encode()[:limit].decode(errors="ignore"))
    space = text.rfind(" ", 1, fits + 1)
    # A break in the last half is worth it; a single huge word is cut where it must be.
    if space > fits // 2:
        return space
    cut = fits
    while cut > 1 and _clings(text, cut):
        cut -= 1
    return cut if cut > 1 else fits


def _clings(text: str, at: int) -> bool:
    """True when cutting before `text[at]` would tear a letter from its marks or an emoji apart."""
    after, before = text[at], text[at - 1]
    joiner = "\u200d"
    return (
        bool(unicodedata.combining(after))
        or after in (joiner, "\ufe0f")
        or before == joiner
        or "\U0001f3fb" <= after <= "\U0001f3ff"
    )
