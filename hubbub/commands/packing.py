"""How much fits into a line, and putting many words into few lines.

Law: a line that the server makes stays within the wire's 512 bytes, so lists go on in a next line.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

LINE_BYTES: Final = 510
"""The bytes of a line without its tags and CR LF."""
WORDS_BYTES: Final = 380
"""How many bytes of words one numeric holds beside its source, its target and a room's name."""


def packed(words: Iterable[str], size: int = WORDS_BYTES) -> list[str]:
    """The words joined by spaces into lines of at most `size` bytes; no words, no lines.

    A word longer than that has a line of its own.
    """
    lines: list[str] = []
    line: list[str] = []
    used = 0
    for word in words:
        used += len(word.encode()) + 1
        if line and used > size + 1:
            lines.append(" ".join(line))
            line, used = [], len(word.encode()) + 1
        line.append(word)
    if line:
        lines.append(" ".join(line))
    return lines
