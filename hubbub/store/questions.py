"""Questions to the history as SQL.

Law: an answer costs what it holds, wherever it lies: every branch seeks in an index and stops at
the limit, and the whole answer comes as one JSON value, so that the interpreter's lock is
released and retaken a few times per question rather than once per row.
"""

from __future__ import annotations

import sqlite3
from functools import cache
from typing import Final, NamedTuple

import msgspec

from hubbub.core.history import (
    Around,
    At,
    Audit,
    Bound,
    Conversation,
    Count,
    InRoom,
    Message,
    Messages,
    Own,
    Page,
    Question,
    Search,
    Speakers,
    Spoken,
    Targets,
    Whowas,
)
from hubbub.core.ids import Place, RoomId
from hubbub.core.outputs import AuditRow, HistoryRow, WhowasRow
from hubbub.irc.names import fold, fold_nick
from hubbub.store import rows
from hubbub.store.places import IS_SAID, TAIL
from hubbub.store.searching import search

_LAST: Final = (1 << 63) - 1

_HISTORY: Final = msgspec.json.Decoder(list[rows.HistoryCells])
_WHOWAS: Final = msgspec.json.Decoder(list[tuple[int, rows.WhowasCells]])
_AUDIT: Final = msgspec.json.Decoder(list[tuple[int, int, str, str, str, str, int, str]])
_ROOM_TARGETS: Final = msgspec.json.Decoder(list[tuple[int, int]])
_WHISPER_TARGETS: Final = msgspec.json.Decoder(list[tuple[str, str, str, str, int]])

Answer = (
    list[int]
    | list[HistoryRow]
    | list[tuple[RoomId | str, int]]
    | list[WhowasRow]
    | list[AuditRow]
    | list[str]
)
Parameters = dict[str, str | int]


def answer(connection: sqlite3.Connection, question: Question) -> Answer:
    """What the store answers to a question. Raises sqlite3.Error."""
    match question:
        case Page():
            return _page(connection, question)
        case Around():
            return _around(connection, question)
        case Count():
            return [_count(connection, question)]
        case Targets():
            return _targets(connection, question)
        case Search():
            return search(connection, question)
        case Message():
            return _message(connection, question)
        case Messages():
            return _messages(connection, question)
        case Own():
            return _own(connection, question)
        case Whowas():
            return _whowas(connection, question)
        case Spoken():
            return _spoken(connection, question)
        case Speakers():
            return _speakers(connection, question)
        case Audit():
            return _audit(connection, question)


def _ask(connection: sqlite3.Connection, statement: str, parameters: Parameters) -> str:
    value: str = connection.execute(statement, parameters).fetchone()[0]
    return value


# -- pages ------------------------------------------------------------------------------------


class _Shape(NamedTuple):
    """What the text of a page's statement depends on; all else is its parameters."""

    statuses: int | None
    """How many ranks' messages are readable; None for whispers."""
    events: bool
    newest: bool
    after_time: bool
    before_time: bool
    without: int = 0
    """How many kinds of events aren't wanted."""
    expires: bool = False
    """Whether what is older than a time isn't kept."""


@cache
def _page_statement(shape: _Shape) -> str:
    return (
        f"SELECT json_group_array(json_array({rows.HISTORY_CELLS})) "
        f"FROM ({_places(shape)}) CROSS JOIN history USING (place)"
    )


@cache
def _count_statement(shape: _Shape) -> str:
    return f"SELECT count(*) FROM ({_places(shape)})"


def _places(shape: _Shape) -> str:
    """What selects the places of a page's rows."""
    span, order = _span(shape), "DESC" if shape.newest else "ASC"
    branches = _in_room(shape, span) if shape.statuses is not None else [_whispered(shape, span)]
    each = [
        f"SELECT * FROM (SELECT place FROM {branch} ORDER BY place {order} LIMIT :limit)"
        for branch in branches
    ]
    return f"SELECT place FROM ({' UNION ALL '.join(each)}) ORDER BY place {order} LIMIT :limit"


class _Span(NamedTuple):
    start: str
    end: str


def _span(shape: _Shape) -> _Span:
    """Between which places the page is.

    A time is turned into the place of the first row at or after it; with none there, nothing comes
    after it, and everything comes before it.
    """
    first = "SELECT place FROM history INDEXED BY history_time WHERE time {} ORDER BY time, place LIMIT 1"
    start, end = ":start", ":end"
    if shape.after_time:
        start = f"max(:start, ifnull(({first.format('> :after')}), {_LAST}))"
    if shape.expires:
        start = f"max({start}, ifnull(({first.format('>= :from_time')}), {_LAST}))"
    if shape.before_time:
        end = f"min(:end, ifnull(({first.format('>= :before')}), {_LAST}))"
    return _Span(start, end)


def _wanted(shape: _Shape) -> str:
    if not shape.events:
        return IS_SAID
    unwanted = ("'ERASED'", *(f":without{at}" for at in range(shape.without)))
    return f"command NOT IN ({', '.join(unwanted)})"


def _whispered(shape: _Shape, span: _Span) -> str:
    return (
        "whispers CROSS JOIN history USING (place) WHERE identity = :identity AND peer_folded = :peer"
        f" AND {_wanted(shape)} AND place >= {span.start} AND place < {span.end}"
    )


def _in_room(shape: _Shape, span: _Span) -> list[str]:
    """A room's list for each rank, of what was said and of what happened, and the tail."""
    branches, ranks = [], range(shape.statuses or 0)
    for said in (1, 0) if shape.events else (1,):
        # By which command something happened only its row knows.
        source, test = "room_places AS placed", ""
        if shape.without and not said:
            source, test = f"{source} CROSS JOIN history USING (place)", f" AND {_wanted(shape)}"
        branches += [
            f"{source} WHERE placed.room = :room AND said = {said} AND placed.status = :status{rank}"
            f"{test} AND place >= max(:since{rank}, {span.start}) AND place < {span.end}"
            for rank in ranks
        ]
    readable = (f"status = :status{rank} AND place >= :since{rank}" for rank in ranks)
    branches.append(
        f"history WHERE place >= max({TAIL} + 1, {span.start}) AND place < {span.end}"
        f" AND room = :room AND {_wanted(shape)} AND ({' OR '.join(readable)})"
    )
    return branches


def _in_order(connection: sqlite3.Connection, page: Page) -> Page:
    """The page between its bounds as they follow each other, counted from the same one."""
    start, end = page.after, page.before
    if (
        start is None
        or end is None
        or _when(connection, start, end) <= _when(connection, end, start)
    ):
        return msgspec.structs.replace(page, counted=False)
    return msgspec.structs.replace(page, after=end, before=start, newest=True, counted=False)


def _when(connection: sqlite3.Connection, bound: Bound, other: Bound) -> int:
    """What a bound can be compared with another by: its place, or its time if that is one."""
    if isinstance(bound, At):
        return bound.time
    if not isinstance(other, At):
        return bound
    statement = "SELECT time FROM history WHERE place <= ? ORDER BY place DESC LIMIT 1"
    row = connection.execute(statement, (bound,)).fetchone()
    return int(row[0]) if row else 0


def _page(connection: sqlite3.Connection, page: Page) -> list[HistoryRow]:
    asked = _asked(_in_order(connection, page) if page.counted else page)
    if asked is None:
        return []
    cells = _HISTORY.decode(_ask(connection, _page_statement(asked[0]), asked[1]))
    cells.sort(key=lambda row: row[0])
    return [rows.history_row(row) for row in cells]


def _count(connection: sqlite3.Connection, count: Count) -> int:
    conversation, after, before = count.conversation, count.after, count.before
    asked = _asked(Page(conversation=conversation, after=after, before=before, limit=count.most))
    if asked is None:
        return 0
    (number,) = connection.execute(_count_statement(asked[0]), asked[1]).fetchone()
    return int(number)


def _asked(page: Page) -> tuple[_Shape, Parameters] | None:
    """A page's shape and parameters; None when there can be nothing in it."""
    statuses, parameters = _conversation(page.conversation)
    if statuses == 0 or page.limit <= 0:
        return None
    start = int(parameters["start"])
    parameters |= {"limit": page.limit, "end": _LAST}
    if isinstance(page.after, At):
        parameters["after"] = page.after.time
    elif page.after is not None:
        parameters["start"] = max(start, page.after + 1)
    if isinstance(page.before, At):
        parameters["before"] = page.before.time
    elif page.before is not None:
        parameters["end"] = page.before
    shape = _Shape(
        statuses,
        page.events,
        page.newest,
        isinstance(page.after, At),
        isinstance(page.before, At),
        len(page.without) if page.events else 0,
        page.conversation.from_time > 0,
    )
    if shape.expires:
        parameters["from_time"] = page.conversation.from_time
    parameters |= {f"without{at}": command for at, command in enumerate(page.without)}
    return shape, parameters


def _conversation(conversation: Conversation) -> tuple[int | None, Parameters]:
    """How many ranks' messages are readable (None for whispers), and the parameters."""
    if not isinstance(conversation, InRoom):
        identity, peer = conversation.identity, conversation.peer
        return None, {"identity": identity, "peer": peer, "start": 0}
    statuses = tuple(dict.fromkeys(conversation.statuses))
    parameters: Parameters = {f"status{n}": status for n, status in enumerate(statuses)}
    parameters |= {f"since{n}": conversation.start(status) for n, status in enumerate(statuses)}
    parameters |= {"room": conversation.room, "start": conversation.since}
    return len(statuses), parameters


def _around(connection: sqlite3.Connection, around: Around) -> list[HistoryRow]:
    """Half of the rows from before the bound, the others from it on."""
    older = around.limit // 2
    # Both halves stand between whole places or whole milliseconds, so one less is the one before.
    bound = around.bound
    just_before: Bound = At(bound.time - 1) if isinstance(bound, At) else Place(bound - 1)
    before = Page(
        conversation=around.conversation,
        before=bound,
        limit=older,
        newest=True,
        events=around.events,
        without=around.without,
    )
    after = Page(
        conversation=around.conversation,
        after=just_before,
        limit=around.limit - older,
        events=around.events,
        without=around.without,
    )
    return _page(connection, before) + _page(connection, after)


def _message(connection: sqlite3.Connection, question: Message) -> list[HistoryRow]:
    statement = (
        f"SELECT json_group_array(json_array({rows.HISTORY_CELLS})) FROM history"
        " WHERE place = :place AND command <> 'ERASED'"
    )
    cells = _HISTORY.decode(_ask(connection, statement, {"place": question.place}))
    return [rows.history_row(row) for row in cells]


def _messages(connection: sqlite3.Connection, question: Messages) -> list[HistoryRow]:
    statement = (
        f"SELECT json_group_array(json_array({rows.HISTORY_CELLS})) FROM history"
        f" WHERE place IN (SELECT value FROM json_each(:places)) AND +room = :room AND {IS_SAID}"
    )
    places = msgspec.json.encode(question.places).decode()
    parameters: Parameters = {"places": places, "room": question.conversation.room}
    cells = _HISTORY.decode(_ask(connection, statement, parameters))
    found = [rows.history_row(row) for row in sorted(cells, key=lambda row: row[0])]
    room = question.conversation
    return [
        row for row in found if row.time >= room.from_time and room.reads(row.place, row.status)
    ]


_OWN_STATEMENT: Final = f"""
SELECT json_group_array(json_array({rows.HISTORY_CELLS})) FROM (
  SELECT * FROM history WHERE place IN (
    SELECT place FROM (
      SELECT * FROM (
        SELECT place FROM author_places AS placed CROSS JOIN history USING (place)
        WHERE placed.author = :identity AND place > :after AND command <> 'ERASED'
        ORDER BY place LIMIT :limit
      )
      UNION
      SELECT * FROM (
        SELECT place FROM history
        WHERE place > max({TAIL}, :after) AND author = :identity AND command <> 'ERASED'
        ORDER BY place LIMIT :limit
      )
      UNION
      SELECT * FROM (
        SELECT place FROM history
        WHERE place IN (SELECT place FROM whispers WHERE identity = :identity AND place > :after)
          AND command <> 'ERASED'
        ORDER BY place LIMIT :limit
      )
    ) ORDER BY place LIMIT :limit
  ) ORDER BY place
)
"""


def _own(connection: sqlite3.Connection, question: Own) -> list[HistoryRow]:
    parameters: Parameters = {
        "identity": question.identity,
        "after": question.after,
        "limit": question.limit,
    }
    cells = _HISTORY.decode(_ask(connection, _OWN_STATEMENT, parameters))
    return sorted((rows.history_row(row) for row in cells), key=lambda row: row.place)


# -- targets ----------------------------------------------------------------------------------

_ROOM_TARGETS_STATEMENT: Final = f"""
WITH tail AS MATERIALIZED (
  SELECT room, status, max(place) AS last FROM history
  WHERE place > {TAIL} AND room IS NOT NULL AND {IS_SAID} GROUP BY room, status
)
SELECT json_group_array(json_array(room, time)) FROM (
  SELECT asked.room, max(latest.place), latest.time
  FROM (
    SELECT json_extract(value, '$[0]') AS room, json_extract(value, '$[1]') AS since,
      json_extract(value, '$[2]') AS status
    FROM json_each(:rooms)
  ) AS asked
  JOIN history AS latest ON latest.place = ifnull(
    (SELECT last FROM tail WHERE room = asked.room AND status = asked.status AND last >= asked.since),
    (SELECT max(place) FROM room_places
      WHERE room = asked.room AND said = 1 AND status = asked.status AND place >= asked.since)
  )
  GROUP BY asked.room
)"""

# Steps from one peer to the next in the index, so that it costs what there are peers, not whispers.
_WHISPER_TARGETS_STATEMENT: Final = f"""
WITH RECURSIVE peers (folded) AS (
  SELECT min(peer_folded) FROM whispers WHERE identity = :identity
  UNION ALL
  SELECT (
    SELECT min(peer_folded) FROM whispers WHERE identity = :identity AND peer_folded > folded
  ) FROM peers WHERE folded IS NOT NULL
)
SELECT json_group_array(json_array(folded, author, source, peer_nick, time))
FROM peers CROSS JOIN history ON place = (
  SELECT whispers.place FROM whispers CROSS JOIN history USING (place)
  WHERE identity = :identity AND peer_folded = folded AND {IS_SAID}
  ORDER BY whispers.place DESC LIMIT 1
)
WHERE folded IS NOT NULL"""


def _targets(connection: sqlite3.Connection, targets: Targets) -> list[tuple[RoomId | str, int]]:
    found: list[tuple[RoomId | str, int]] = []
    if targets.rooms:
        asked = [
            (room.room, room.start(status), status)
            for room in targets.rooms
            for status in room.statuses
        ]
        kept = {int(room.room): room.from_time for room in targets.rooms}
        parameters: Parameters = {"rooms": msgspec.json.encode(asked).decode()}
        for room, time in _ROOM_TARGETS.decode(
            _ask(connection, _ROOM_TARGETS_STATEMENT, parameters)
        ):
            if time >= kept[room]:
                found.append((RoomId(room), time))
    latest = _WHISPER_TARGETS.decode(
        _ask(connection, _WHISPER_TARGETS_STATEMENT, {"identity": targets.identity})
    )
    for folded, author, source, peer_nick, time in latest:
        by_peer = author != targets.identity or fold_nick(peer_nick) != folded
        if time >= targets.from_time:
            found.append((rows.nick_of(source) if by_peer else peer_nick, time))
    between = [item for item in found if targets.after.time < item[1] < targets.before.time]
    between.sort(key=lambda item: (item[1], str(item[0])))
    return between[-targets.limit :] if targets.newest else between[: targets.limit]


# -- whowas -----------------------------------------------------------------------------------

_WHOWAS_STATEMENT: Final = f"""
SELECT json_group_array(json_array(id, json_array({", ".join(rows.WHOWAS_COLUMNS)}))) FROM (
  SELECT * FROM whowas WHERE folded = :folded ORDER BY id DESC LIMIT :limit
)"""


def _whowas(connection: sqlite3.Connection, question: Whowas) -> list[WhowasRow]:
    parameters: Parameters = {"folded": question.folded, "limit": question.limit}
    numbered = _WHOWAS.decode(_ask(connection, _WHOWAS_STATEMENT, parameters))
    numbered.sort(reverse=True)
    return [WhowasRow(*cells) for _, cells in numbered]


# -- audit ------------------------------------------------------------------------------------

_AUDIT_STATEMENT: Final = f"""
SELECT json_group_array(json_array({", ".join(rows.AUDIT_COLUMNS[:-1])})) FROM (
  SELECT * FROM audit WHERE time >= :since AND (:who = '' OR folded = :who)
    AND (:number = 0 OR number = :number)
  ORDER BY number DESC LIMIT :limit
)"""


def _audit(connection: sqlite3.Connection, question: Audit) -> list[AuditRow]:
    parameters: Parameters = {
        "since": question.since,
        "who": fold(question.who),
        "number": question.number,
        "limit": question.limit,
    }
    found = _AUDIT.decode(_ask(connection, _AUDIT_STATEMENT, parameters))
    return [AuditRow(*cells) for cells in sorted(found)]


# -- what somebody said -----------------------------------------------------------------------

_UTTERED: Final = "IN ('PRIVMSG', 'NOTICE', 'TAGMSG')"
_FIRST_SINCE: Final = f"""ifnull((
  SELECT place FROM history INDEXED BY history_time WHERE time >= :since
  ORDER BY time, place LIMIT 1
), {_LAST})"""
_SPOKEN_STATEMENT: Final = f"""
WITH span AS MATERIALIZED (SELECT max(:after + 1, {_FIRST_SINCE}) AS start)
SELECT json_group_array(json_array({rows.HISTORY_CELLS})) FROM history WHERE place IN (
  SELECT * FROM (
    SELECT place FROM author_places AS placed CROSS JOIN history USING (place)
    WHERE placed.author = :author AND place >= (SELECT start FROM span) AND place < :before
      AND time >= :since AND command {_UTTERED}
    ORDER BY place LIMIT :limit
  )
  UNION ALL
  SELECT * FROM (
    SELECT place FROM history
    WHERE place >= max({TAIL} + 1, (SELECT start FROM span)) AND place < :before
      AND author = :author AND time >= :since AND command {_UTTERED}
    ORDER BY place LIMIT :limit
  )
  ORDER BY place LIMIT :limit
)"""
_SPEAKERS_STATEMENT: Final = f"""
SELECT json_group_array(json_array(author, nick)) FROM (
  SELECT DISTINCT author, substr(source, 1, instr(source, '!') - 1) AS nick FROM history
  WHERE place >= {_FIRST_SINCE} AND author <> '' AND command {_UTTERED}
)"""
_NAMED_AUTHORS: Final = msgspec.json.Decoder(list[tuple[str, str]])


def _spoken(connection: sqlite3.Connection, question: Spoken) -> list[HistoryRow]:
    found: list[HistoryRow] = []
    for author in question.identities:
        parameters: Parameters = {
            "author": author,
            "since": question.since,
            "after": question.after,
            "before": question.before,
            "limit": question.limit,
        }
        cells = _HISTORY.decode(_ask(connection, _SPOKEN_STATEMENT, parameters))
        found += [rows.history_row(row) for row in cells]
    found.sort(key=lambda row: row.place)
    return found[: question.limit]


def _speakers(connection: sqlite3.Connection, question: Speakers) -> list[str]:
    asked = _ask(connection, _SPEAKERS_STATEMENT, {"since": question.since})
    found = _NAMED_AUTHORS.decode(asked)
    return sorted({author for author, nick in found if fold_nick(nick) == question.name})
