"""What the formats of plain lines have in common."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from datetime import datetime, tzinfo
from pathlib import Path

from hubbub.core.imports import ImportProblem


def numbered(path: Path) -> Iterator[tuple[int, str]]:
    """The file's lines with their numbers from 1. Bytes that aren't UTF-8 are taken as Latin-1.

    Raises OSError.
    """
    with path.open("rb") as file:
        for number, raw in enumerate(file, 1):
            line = raw.rstrip(b"\r\n")
            try:
                yield number, line.decode()
            except UnicodeDecodeError:
                yield number, line.decode("latin-1")


def json_of(text: str | bytes, path: Path, line: int | None = None) -> object:
    """What a file, or a line of it, says in JSON. Raises ImportProblem."""
    try:
        return json.loads(text)
    except json.JSONDecodeError as error:
        where = error.lineno if line is None else line
        raise ImportProblem(path, where, f"it isn't JSON: {error.msg}.") from error
    except UnicodeDecodeError:
        raise ImportProblem(path, line, "it isn't UTF-8.") from None
    except (RecursionError, ValueError):  # brackets, or a number, of thousands of characters
        raise ImportProblem(path, line, "it has a value that is too large to read.") from None


def milliseconds(moment: datetime, zone: tzinfo | None) -> int:
    """Since 1970 UTC, of a time that is in `zone` unless it says another; None: the system's.

    Raises ValueError for the first and the last day of all, which have no time in every zone.
    """
    try:
        if moment.tzinfo is None:
            moment = moment.replace(tzinfo=zone) if zone is not None else moment.astimezone()
        return round(moment.timestamp() * 1000)
    except (OverflowError, OSError) as error:
        raise ValueError(f"there is no such time: {moment}") from error


def bare(nick: str) -> str:
    """The nick without the signs of its rank."""
    return nick.lstrip("~&@%+ ")


def the_one(path: Path, what: str, wanted: str, there: Sequence[object]) -> str:
    """The channel that is wanted, or the only one; of names, which a file says, those that are text. Raises ImportProblem when it isn't clear."""
    names = sorted(name for name in there if isinstance(name, str))
    if wanted:
        for name in names:
            if name.lower().lstrip("#") == wanted.lower().lstrip("#"):
                return name
        raise ImportProblem(path, None, f"there is no {what} {wanted} in it, only {_some(names)}.")
    if len(names) == 1:
        return names[0]
    if not names:
        raise ImportProblem(path, None, f"there is no {what} in it.")
    text = f"it has several: choose one of {_some(names)} with --channel."
    raise ImportProblem(path, None, text)


def _some(names: Sequence[str]) -> str:
    return ", ".join(names[:20]) + (", …" if len(names) > 20 else "") if names else "nothing"
