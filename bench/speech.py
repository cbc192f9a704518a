"""What is said under load: unlike any other message, of a few thousand words, as people's messages are."""

from __future__ import annotations

from typing import Final

_SYLLABLES: Final = [first + second for first in "bcdfghjklmnprst" for second in "aeiou"]
_WORDS: Final = [f"{one}{two}" for one in _SYLLABLES for two in _SYLLABLES]
"""5,625 words of four letters. A number written in each message would be a new word each time."""
_STEP: Final = 1_871
"""Prime to the number of words, so that following messages have other words."""


def text_of(serial: int, length: int) -> bytes:
    """The text of the message with this number, `length` bytes long: its first three words are the number."""
    count = len(_WORDS)
    words = [_WORDS[serial // count**2 % count], _WORDS[serial // count % count]]
    words += [_WORDS[(serial + place * place * _STEP) % count] for place in range(length // 5 + 1)]
    return " ".join(words).encode()[: length - 1] + b"."
