"""What somebody said elsewhere, on its way into the history.

Law: an importer yields these in the order of its file; where they go is the store's affair.
"""

from __future__ import annotations

import msgspec


class Imported(msgspec.Struct, frozen=True, gc=False):
    """One message: `time` is milliseconds since 1970 UTC, `text` may have several lines."""

    time: int
    nick: str
    text: str
    notice: bool = False
    action: bool = False


class ImportProblem(Exception):
    """A file isn't what it should be: which (its path), where in it, and what to do."""

    def __init__(self, file: object, line: int | None, text: str) -> None:
        super().__init__(f"{file}{'' if line is None else f', line {line}'}: {text}")
