"""Messages of several lines as one text (https://ircv3.net/specs/extensions/multiline).

Law: `divide(*combine(lines)) == lines`: what the sender's lines were is kept, so that whoever can't
be shown the whole is shown them.
"""

from __future__ import annotations

from collections.abc import Sequence

import msgspec


class Line(msgspec.Struct, frozen=True, gc=False):
    """One line; one that is `joined` goes on where the line before ended."""

    text: str
    joined: bool = False


def combine(lines: Sequence[Line]) -> tuple[str, tuple[int, ...]]:
    """The whole text, and where in it (in characters) a joined line begins."""
    text, splits = "", []
    for number, line in enumerate(lines):
        if line.joined:
            splits.append(len(text))
        elif number:
            text += "\n"
        text += line.text
    return text, tuple(splits)


def divide(text: str, splits: Sequence[int]) -> list[Line]:
    """The lines of which a text was combined."""
    lines: list[Line] = []
    start, joined = 0, False
    breaks = (at for at, letter in enumerate(text) if letter == "\n")
    for at, joins in sorted([*((at, False) for at in breaks), *((at, True) for at in splits)]):
        lines.append(Line(text[start:at], joined))
        start, joined = (at, True) if joins else (at + 1, False)
    return [*lines, Line(text[start:], joined)]
