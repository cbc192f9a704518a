"""What `hubbub export` writes: JSON Lines, of which what was said in a room is taken."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, tzinfo
from pathlib import Path
from typing import Any, Final

from hubbub.core.imports import Imported, ImportProblem
from hubbub.importers.lines import json_of, milliseconds, numbered, the_one

_ACTION: Final = "\1ACTION "


def read(path: Path, zone: tzinfo | None, channel: str) -> Iterator[Imported]:
    """What was said in a room, as the file has it. Raises ImportProblem and OSError."""
    rooms = dict.fromkeys(str(row["room"]) for _, row in _rows(path) if row.get("room"))
    room = the_one(path, "room", channel, list(rooms))
    for number, row in _rows(path):
        if row.get("room") != room or row.get("command") not in ("PRIVMSG", "NOTICE"):
            continue
        try:
            time = milliseconds(datetime.fromisoformat(row["time"]), zone)
            nick, text = row["source"].partition("!")[0], row["params"][-1]
            if not isinstance(text, str):
                raise TypeError
        except (KeyError, TypeError, ValueError, AttributeError, IndexError):
            raise ImportProblem(path, number, "it can't be understood.") from None
        if row.get("status"):
            continue  # it wasn't for everyone
        action = text.startswith(_ACTION)
        text = text.removeprefix(_ACTION).rstrip("\1") if action else text
        yield Imported(time, nick, text, notice=row["command"] == "NOTICE", action=action)


def _rows(path: Path) -> Iterator[tuple[int, dict[str, Any]]]:
    for number, line in numbered(path):
        if not line.strip():
            continue
        row = json_of(line, path, number)
        if not isinstance(row, dict):
            raise ImportProblem(path, number, "it should be an object, in braces.")
        yield number, row
