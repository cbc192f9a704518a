"""The history for people and other programs, read while the server goes on.

Law: the file is only read; what was erased isn't there to be exported.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

import msgspec

from hubbub.core.ids import Place, msgid
from hubbub.core.outputs import ERASED, HistoryRow
from hubbub.irc.names import fold_room
from hubbub.store import rows
from hubbub.store.errors import StoreError, Trouble, trouble

CHUNK_ROWS: Final = 500
_HISTORY: Final = msgspec.json.Decoder(list[rows.HistoryCells])
_ACTION: Final = "\1ACTION "


class Wanted(msgspec.Struct, frozen=True, kw_only=True):
    """What to export: one room (by name) or all; times in milliseconds, `until` not included."""

    room: str | None = None
    since: int | None = None
    until: int | None = None
    whispers: bool = False


class Exported(msgspec.Struct, frozen=True):
    """A row with the names that its numbers mean; `room` is None for a whisper."""

    id: str
    room: str | None
    row: HistoryRow


class NoSuchRoomError(Exception):
    """There is no room of this name; the text says which there are."""


def export(path: Path, wanted: Wanted) -> Iterator[Exported]:
    """The rows in their order. Raises StoreError and NoSuchRoomError."""
    try:
        with closing(_open(path)) as connection:
            yield from _export(connection, wanted)
    except (sqlite3.Error, OSError) as error:
        raise trouble(path, error) from error


def _open(path: Path) -> sqlite3.Connection:
    if not path.is_file():
        raise StoreError(Trouble.IO, f"There is no {path}: name the data directory with --data.")
    # Not for writing: SQLite would move the write-ahead log to the file if this were closed last, and
    # a server that stopped in trouble has left it to the next start, which writes it anew first.
    return sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True, timeout=5)


def _export(connection: sqlite3.Connection, wanted: Wanted) -> Iterator[Exported]:
    (log_id,) = connection.execute("SELECT id FROM log").fetchone()
    names = dict(connection.execute("SELECT id, name FROM rooms").fetchall())
    rooms = None
    if wanted.room is not None:
        rooms = [id for id, name in names.items() if fold_room(name) == fold_room(wanted.room)]
        if not rooms:
            there = ", ".join(sorted(set(names.values()))[:20]) or "none"
            raise NoSuchRoomError(f"There is no room {wanted.room}. There are: {there}.")
    place = -1
    # Each chunk is a short look of its own, so that the server's write-ahead log can be emptied.
    while chunk := _chunk(connection, place, wanted, rooms):
        place = chunk[-1].place
        for row in chunk:
            name = None if row.room is None else names.get(row.room, f"(room {row.room})")
            yield Exported(msgid(log_id, Place(row.place)), name, row)


def _chunk(
    connection: sqlite3.Connection, place: int, wanted: Wanted, rooms: list[int] | None
) -> list[HistoryRow]:
    conditions = ["place > :place", "command <> :erased"]
    if rooms is not None:
        conditions.append(f"room IN ({', '.join(map(str, rooms))})")
    elif not wanted.whispers:
        conditions.append("room IS NOT NULL")
    if wanted.since is not None:
        conditions.append("time >= :since")
    if wanted.until is not None:
        conditions.append("time < :until")
    parameters = {
        "place": place,
        "erased": ERASED,
        "since": wanted.since,
        "until": wanted.until,
    }
    (value,) = connection.execute(
        f"SELECT json_group_array(json_array({rows.HISTORY_CELLS})) FROM (SELECT * FROM history"
        f" WHERE {' AND '.join(conditions)} ORDER BY place LIMIT {CHUNK_ROWS})",
        parameters,
    ).fetchone()
    found = [rows.history_row(cells) for cells in _HISTORY.decode(value)]
    return sorted(found, key=lambda row: row.place)


def as_json(exported: Exported) -> str:
    """One line of JSON Lines."""
    row = exported.row
    written: dict[str, object] = {
        "id": exported.id,
        "time": _iso(row.time),
        "room": exported.room,
        "command": row.command,
        "source": row.source,
        "params": list(row.params),
    }
    if row.room is None:
        written["to"] = row.peer_nick
    if row.status:
        written["status"] = row.status
    if row.tags:
        written["tags"] = dict(row.tags)
    return json.dumps(written, ensure_ascii=False)


def as_text(exported: Exported) -> str:
    """One line for people, in UTC."""
    row = exported.row
    nick = rows.nick_of(row.source)
    where = exported.room or f"(whisper to {row.peer_nick})"
    text = " ".join(row.params)
    if row.command == "PRIVMSG" and text.startswith(_ACTION):
        said = f"* {nick} {text.removeprefix(_ACTION).rstrip(chr(1))}"
    elif row.command == "PRIVMSG":
        said = f"<{nick}> {text}"
    elif row.command == "NOTICE":
        said = f"-{nick}- {text}"
    else:
        said = f"*** {nick} {row.command} {text}".rstrip()
    moment = datetime.fromtimestamp(row.time / 1000, UTC)
    return f"[{moment:%Y-%m-%d %H:%M:%S}] {row.status}{where} {said}"


def _iso(time: int) -> str:
    seconds, rest = divmod(time, 1000)
    return f"{datetime.fromtimestamp(seconds, UTC):%Y-%m-%dT%H:%M:%S}.{rest:03d}Z"
