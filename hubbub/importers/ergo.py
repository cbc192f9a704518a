"""Ergo's persistent history: its SQLite file, or what mysqldump writes of its MySQL database.

What was said in a channel is taken: not what people whispered, whose it is being known by names
only, nor accounts and registered channels, which are in another file (ircd.db). Ergo without a
persistent history keeps it in memory, of which nothing is left to import.

In both, `sequence` says what was said when in which channel, and `history` has each message as JSON
(https://github.com/ergochat/ergo, irc/history and irc/sqlite).
"""

from __future__ import annotations

import json
import re
import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import closing
from datetime import tzinfo
from pathlib import Path
from typing import Any, Final

from hubbub.core.imports import Imported, ImportProblem
from hubbub.importers.lines import the_one

_SQLITE: Final = b"SQLite format 3\0"
_SAID: Final = {1: False, 2: True}
"""The types that are messages, and whether each is a NOTICE."""
_ACTION: Final = "\1ACTION "
_NS_A_MS: Final = 1_000_000

_TABLE: Final = re.compile(rb"CREATE TABLE (?:IF NOT EXISTS )?`(\w+)`")
_COLUMN: Final = re.compile(rb"\s+`(\w+)` ")
_INSERT: Final = re.compile(rb"INSERT INTO `(\w+)` (?:\(([^)]*)\) )?VALUES ")
_VALUE: Final = re.compile(
    rb"(?P<null>NULL)|0x(?P<hex>(?:[0-9A-Fa-f]{2})+)|(?P<number>-?\d{1,30})"
    rb"|(?:_\w+ ?)?'(?P<text>(?:[^'\\]++|\\.|'')*+)'",
    re.DOTALL,
)
_ESCAPE: Final = re.compile(rb"\\(.)|''", re.DOTALL)
_ESCAPED: Final = {b"0": b"\0", b"b": b"\b", b"n": b"\n", b"r": b"\r", b"t": b"\t", b"Z": b"\x1a"}

Cell = int | bytes | None
Stored = tuple[int, object, bytes]
"""The number of a message, its time in nanoseconds if it has one, and its JSON."""


def read(path: Path, zone: tzinfo | None, channel: str) -> Iterator[Imported]:
    """What was said in a channel, oldest first. Raises ImportProblem and OSError."""
    with path.open("rb") as file:
        is_sqlite = file.read(len(_SQLITE)) == _SQLITE
    stored = _of_sqlite(path, channel) if is_sqlite else _of_dump(path, channel)
    for number, time, item in stored:
        said = _said(path, number, time, item)
        if said is not None:
            yield said


def _said(path: Path, number: int, time: object, item: bytes) -> Imported | None:
    try:
        fields = json.loads(item)
        if fields["Type"] not in _SAID:
            return None
        nick, text = fields["Nick"].partition("!")[0], _text(fields["Message"])
        if not isinstance(time, int):
            raise TypeError
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        text = f"message {number} of its history can't be understood."
        raise ImportProblem(path, None, text) from None
    action = text.startswith(_ACTION)
    text = text.removeprefix(_ACTION).removesuffix("\1") if action else text
    return Imported(time // _NS_A_MS, nick, text, notice=_SAID[fields["Type"]], action=action)


def _text(message: dict[str, Any]) -> str:
    """The text; of one that was sent in several lines they are put together."""
    if not isinstance(message["Message"], str):
        raise TypeError
    text: str = message["Message"]
    for at, line in enumerate(message.get("Split") or ()):
        text += ("" if at == 0 or line.get("Concat") else "\n") + line["Message"]
    return text


def _of_sqlite(path: Path, channel: str) -> Iterator[Stored]:
    uri = f"{path.absolute().as_uri()}?mode=ro"
    try:
        with closing(sqlite3.connect(uri, uri=True)) as connection:
            found = connection.execute("SELECT DISTINCT target FROM sequence").fetchall()
            name = the_one(path, "channel", channel, [name for (name,) in found])
            yield from connection.execute(
                "SELECT id, nanotime, data FROM sequence JOIN history ON id = history_id"
                " WHERE target = ? ORDER BY nanotime, id",
                (name,),
            )
    except sqlite3.Error as error:
        raise ImportProblem(path, None, f"it isn't a file of Ergo's history ({error}).") from error


# -- what mysqldump writes ----------------------------------------------------------------------


def _of_dump(path: Path, channel: str) -> Iterator[Stored]:
    # Tables come in the order of their names: what is in `history` is known only after it.
    times: dict[str, dict[int, int]] = {}
    for line, row in _rows(path, b"sequence"):
        number, time, target = (row.get(name) for name in ("history_id", "nanotime", "target"))
        if not (isinstance(number, int) and isinstance(time, int) and isinstance(target, bytes)):
            raise ImportProblem(path, line, "the table `sequence` isn't as Ergo makes it.")
        times.setdefault(target.decode(errors="replace"), {})[number] = time
    if not times:
        text = "it is neither Ergo's SQLite file nor a dump of its MySQL history with its tables."
        raise ImportProblem(path, None, text)
    wanted = times[the_one(path, "channel", channel, list(times))]
    for line, row in _rows(path, b"history"):
        number, data = row.get("id"), row.get("data")
        if not (isinstance(number, int) and isinstance(data, bytes)):
            raise ImportProblem(path, line, "the table `history` isn't as Ergo makes it.")
        if number in wanted:
            yield number, wanted[number], data


def _rows(path: Path, table: bytes) -> Iterator[tuple[int, dict[str, Cell]]]:
    """The rows of a table by their columns' names, each with its line: a statement is one."""
    making, columns = b"", list[str]()
    with path.open("rb") as file:
        for line, text in enumerate(file, 1):
            if made := _TABLE.match(text):
                making = made[1]
            elif making == table and (column := _COLUMN.match(text)):
                columns.append(column[1].decode())
            elif (insert := _INSERT.match(text)) and insert[1] == table:
                named = (insert[2] or b"").decode(errors="replace").replace("`", "").split(",")
                names = [name.strip() for name in named] if insert[2] else columns
                for cells in _tuples(path, line, text, insert.end()):
                    yield line, dict(zip(names, cells, strict=False))
            elif text.startswith(b")"):
                making = b""


def _tuples(path: Path, line: int, text: bytes, at: int) -> Iterator[Sequence[Cell]]:
    """The rows of an INSERT, from where the first begins."""
    while text[at : at + 1] != b";":
        cells: list[Cell] = []
        while text[at : at + 1] in (b"(", b","):
            value = _VALUE.match(text, at + 1)
            if value is None:
                break
            cells.append(_cell(value))
            at = value.end()
        if text[at : at + 1] != b")":
            raise ImportProblem(path, line, "its INSERT breaks off.")
        yield cells
        at += 1 + (text[at + 1 : at + 2] == b",")


def _cell(value: re.Match[bytes]) -> Cell:
    if value["number"] is not None:
        return int(value["number"])
    if value["hex"] is not None:
        return bytes.fromhex(value["hex"].decode())
    if value["text"] is None:
        return None
    return _ESCAPE.sub(lambda found: _ESCAPED.get(found[1], found[1] or b"'"), value["text"])
