"""How a history row lies in its table, and how it comes back equal.

Law: `history_row(history_cells(row)) == row` for every row.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

import msgspec

from hubbub.core.ids import Place, RoomId
from hubbub.core.outputs import AuditRow, HistoryRow, WhowasRow
from hubbub.irc.message import NO_TAGS
from hubbub.irc.names import FoldedNick, fold, fold_nick

HISTORY_COLUMNS: Final = (
    "place",
    "time",
    "room",
    "command",
    "source",
    "args",
    "text",
    "tags",
    "status",
    "author",
    "peer",
    "peer_nick",
    "account",
    "realname",
    "splits",
)
HISTORY_EMPTY: Final[Mapping[str, str | None]] = {
    "room": None,
    "args": "",
    "text": None,
    "tags": None,
    "status": "",
    "author": "",
    "peer": "",
    "peer_nick": "",
    "account": "",
    "realname": "",
    "splits": None,
}
"""What a column has where a row says nothing of it, and the table by itself; each row fills the others."""
HISTORY_CELLS: Final = ", ".join(HISTORY_COLUMNS)
"""The same as a statement asks for them."""
WHOWAS_COLUMNS: Final = ("folded", "nick", "username", "host", "realname", "time")
AUDIT_COLUMNS: Final = (
    "number",
    "time",
    "who",
    "action",
    "target",
    "reason",
    "until",
    "detail",
    "folded",
)
WHISPER_COLUMNS: Final = ("identity", "peer_folded", "place")

HistoryCells = tuple[
    int,
    int,
    int | None,
    str,
    str,
    str,
    str | None,
    str | None,
    str,
    str,
    str,
    str,
    str,
    str,
    str | None,
]
WhowasCells = tuple[str, str, str, str, str, int]
AuditCells = tuple[int, int, str, str, str, str, int, str, str]
WhisperCells = tuple[str, FoldedNick, int]

_TAGS: Final = msgspec.json.Decoder(dict[str, str])
_ARGS: Final = msgspec.json.Decoder(tuple[str, ...])


def history_cells(row: HistoryRow) -> HistoryCells:
    """The row's cells in the order of HISTORY_COLUMNS."""
    params = row.params
    return (
        row.place,
        row.time,
        row.room,
        row.command,
        row.source,
        _join_args(params[:-1]) if len(params) > 1 else "",
        params[-1] if params else None,
        msgspec.json.encode(dict(row.tags)).decode() if row.tags else None,
        row.status,
        row.author,
        row.peer,
        row.peer_nick,
        row.account,
        row.realname,
        " ".join(map(str, row.splits)) if row.splits else None,
    )


def history_row(cells: HistoryCells) -> HistoryRow:
    """The row of which these are the cells."""
    place, time, room, command, source, args, text, tags, status = cells[:9]
    author, peer, peer_nick, account, realname, splits = cells[9:]
    params: tuple[str, ...] = () if text is None else (text,)
    if args:
        params = (*_split_args(args), *params)
    return HistoryRow(
        Place(place),
        time,
        None if room is None else RoomId(room),
        command,
        source,
        params,
        NO_TAGS if tags is None else MappingProxyType(_TAGS.decode(tags)),
        status,
        author,
        peer,
        peer_nick,
        account,
        realname,
        () if splits is None else tuple(map(int, splits.split(" "))),
    )


def _join_args(args: tuple[str, ...]) -> str:
    """As typed, so that the table can be read; as JSON where that would be ambiguous."""
    joined = " ".join(args)
    if joined.startswith("[") or tuple(joined.split(" ")) != args or not joined:
        return msgspec.json.encode(args).decode()
    return joined


def _split_args(args: str) -> tuple[str, ...]:
    return _ARGS.decode(args) if args.startswith("[") else tuple(args.split(" "))


def whisper_cells(row: HistoryRow) -> list[WhisperCells]:
    """Under which identity and peer a whisper is found: its author's view, and its peer's."""
    views = [
        (row.author, fold_nick(row.peer_nick), row.place),
        (row.peer, fold_nick(nick_of(row.source)), row.place),
    ]
    if views[0] == views[1]:
        del views[1]
    return [view for view in views if view[0]]


def nick_of(source: str) -> str:
    """The nick in `nick!user@host`."""
    return source.partition("!")[0]


def whowas_cells(row: WhowasRow) -> WhowasCells:
    """The row's cells in the order of WHOWAS_COLUMNS."""
    return (row.folded, row.nick, row.username, row.host, row.realname, row.time)


def audit_cells(row: AuditRow) -> AuditCells:
    """The row's cells in the order of AUDIT_COLUMNS."""
    return (
        row.number,
        row.time,
        row.who,
        row.action,
        row.target,
        row.reason,
        row.until,
        row.detail,
        fold(row.who),
    )
