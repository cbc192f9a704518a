"""Taking what somebody said out of the journal, whose batches have it word by word.

Law: a batch keeps its place and all that it did to the state, so that what is left can still be
replayed; only the words are gone.
"""

from __future__ import annotations

import sqlite3

import msgspec

from hubbub.core.entries import AnyEntry, Batch, Edit, Say, decode_batch, encode_batch
from hubbub.core.outputs import HistoryRow
from hubbub.irc.tags import is_client_only


def blank(cursor: sqlite3.Cursor, row: HistoryRow) -> None:
    """Blanks the entry by which a message was said; the caller's transaction is open."""
    # Of a message without a text its longest tag; the server's own tags aren't in the entry.
    tags = (value for key, value in row.tags.items() if is_client_only(key))
    needle = row.params[0] if row.params else max(tags, key=len, default="")
    if not needle:
        return
    found = cursor.execute(
        "SELECT position, batch FROM journal WHERE instr(batch, CAST(? AS BLOB))", (needle,)
    ).fetchall()
    batches: list[tuple[int, Batch]] = []
    for position, blob in found:
        try:
            batches.append((position, decode_batch(blob)))
        except msgspec.MsgspecError:
            # Of another version: nobody could replay it anyway.
            cursor.execute("DELETE FROM journal WHERE position = ?", (position,))
    # The log's clock never goes back, a batch's may: then it is any that came early enough.
    exact = [item for item in batches if item[1].time == row.time]
    for position, batch in exact or [item for item in batches if item[1].time < row.time]:
        kept = tuple(_blanked(entry, row) for entry in batch.entries)
        blob = encode_batch(msgspec.structs.replace(batch, entries=kept))
        cursor.execute("UPDATE journal SET batch = ? WHERE position = ?", (blob, position))


def _blanked(entry: AnyEntry, row: HistoryRow) -> AnyEntry:
    if isinstance(entry, Edit) and (entry.text,) == row.params:
        return msgspec.structs.replace(entry, text="")
    if not isinstance(entry, Say):
        return entry
    says = entry.text == (row.params[0] if row.params else "")
    if not says or entry.verb != row.command or not dict(entry.tags).items() <= row.tags.items():
        return entry
    return msgspec.structs.replace(entry, text="", tags=(), splits=())
