"""The Lounge's message storage: one SQLite file per user, a message's fields as JSON."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from datetime import tzinfo
from pathlib import Path

from hubbub.core.imports import Imported, ImportProblem
from hubbub.importers.lines import bare, the_one


def read(path: Path, zone: tzinfo | None, channel: str) -> Iterator[Imported]:
    """What was said in a channel, oldest first. Raises ImportProblem and OSError."""
    with path.open("rb"):
        pass  # a file that isn't there is an OSError like everywhere
    uri = f"{path.absolute().as_uri()}?mode=ro&immutable=1"
    try:
        with closing(sqlite3.connect(uri, uri=True)) as connection:
            names = connection.execute("SELECT DISTINCT channel FROM messages").fetchall()
            name = the_one(path, "channel", channel, [name for (name,) in names])
            for number, time, kind, fields in connection.execute(
                "SELECT rowid, time, type, msg FROM messages WHERE channel = ?"
                " AND type IN ('message', 'action', 'notice') ORDER BY time, rowid",
                (name,),
            ):
                yield _said(path, number, time, kind, fields)
    except sqlite3.Error as error:
        raise ImportProblem(path, None, f"it isn't a file of The Lounge's ({error}).") from error


def _said(path: Path, number: int, time: int, kind: str, fields: str) -> Imported:
    try:
        message = json.loads(fields)
        nick, text = message["from"]["nick"], message.get("text", "")
        if not (isinstance(nick, str) and isinstance(text, str)):
            raise TypeError
        moment = int(time)
    except (ValueError, KeyError, TypeError, AttributeError, OverflowError, RecursionError):
        raise ImportProblem(path, number, "the message's row can't be understood.") from None
    return Imported(moment, bare(nick), text, notice=kind == "notice", action=kind == "action")
