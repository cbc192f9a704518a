"""How one-time codes look and what is kept of them.

Law: a code is said once, to whoever it is for; everything else has its hash. Five groups of four
letters and digits that can't be mistaken for one another: 100 bits, so a plain hash keeps them.
"""

from __future__ import annotations

import hashlib
import re
from typing import Final

LETTERS: Final = "abcdefghijkmnpqrstuvwxyz23456789"
GROUPS: Final = 5
GROUP: Final = 4
SHAPE: Final = re.compile(
    rf"\b[{LETTERS}]{{{GROUP}}}(?:-[{LETTERS}]{{{GROUP}}}){{{GROUPS - 1}}}\b", re.I
)
"""Finds codes in a text."""


def written(letters: str) -> str:
    """The letters of a code as people are shown them."""
    return "-".join(letters[start : start + GROUP] for start in range(0, len(letters), GROUP))


def digest(code: str) -> str:
    """What is kept of a code, however it was typed: SHA-256 in hex."""
    letters = "".join(code.split()).replace("-", "").lower()
    return hashlib.sha256(letters.encode()).hexdigest()
