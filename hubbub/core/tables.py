"""The tables that the state is kept in, and the way back from their rows to an equal state.

Law: an entity's class says what its table's columns are; here stands where in the state its rows
come from and go to, in the order in which they have to be loaded.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from itertools import chain
from typing import Any, Final, NamedTuple, TypeVar

from hubbub.core.certificates import Certificate
from hubbub.core.codes import Admitted, Code
from hubbub.core.entities import (
    Access,
    Account,
    Counter,
    HeldName,
    ListEntry,
    Member,
    Pin,
    Presence,
    Room,
    User,
)
from hubbub.core.kept import Entity, Row
from hubbub.core.makers import RoomMaker
from hubbub.core.markers import LastSeen, ReadMarker
from hubbub.core.measures import Measure
from hubbub.core.metadata import Metadatum
from hubbub.core.orderly import Purge, Report, Surge
from hubbub.core.pending import Pending
from hubbub.core.redirects import Redirect
from hubbub.core.rules import Rules
from hubbub.core.sent import Sent
from hubbub.core.settings import Setting
from hubbub.core.standing import Invitation, WayBack
from hubbub.core.state import State

Kind = TypeVar("Kind", bound=Entity)
Cells = tuple[Any, ...]
"""A row as the store gives it: each cell is what its column's entity wrote there."""


class Table(NamedTuple):
    """One table: what its rows are, all of them that a state has, and how a state takes one in."""

    kind: type[Entity]
    everything: Callable[[State], Iterable[Entity]]
    take_in: Callable[[State, Cells], None]


def _table(
    kind: type[Kind],
    everything: Callable[[State], Iterable[Kind]],
    put: Callable[[State, Kind], None],
) -> Table:
    """A table whose rows say all that there is to say of their entities."""
    make: Callable[..., Kind] = kind
    return Table(kind, everything, lambda state, row: put(state, make(*row)))


def _of_rooms(
    inside: Callable[[Room], Iterable[Kind]],
) -> Callable[[State], Iterable[Kind]]:
    """All that the rooms have of something."""
    return lambda state: chain.from_iterable(map(inside, state.rooms_by_id.values()))


def _put_counter(state: State, counter: Counter) -> None:
    state.counters[counter.name] = counter.value


def _put_account(state: State, account: Account) -> None:
    state.accounts[account.folded] = account
    state.accounts_by_id[account.id] = account


def _put_pending(state: State, pending: Pending) -> None:
    state.pending[pending.number] = pending


def _take_in_user(state: State, row: Cells) -> None:
    *own, account, left, skeleton = row
    user = User(*(*own, state.accounts_by_id.get(account), left, skeleton))
    state.users[user.folded] = user
    state.users_by_id[user.id] = user
    state.looks.add(user)


def _take_in_session(state: State, row: Cells) -> None:
    session, owner, secure, absent, *strings = row
    user = state.users_by_id[owner]
    state.online += not user.sessions
    state.invisible += not user.sessions and "i" in user.modes
    state.sessions[session] = Presence(session, user, bool(secure), bool(absent), *strings)
    user.sessions = (*user.sessions, session)
    state.note_hosts(user)


def _put_room(state: State, room: Room) -> None:
    if not room.retired_at:
        state.rooms[room.folded] = room
        state.rooms_by_id[room.id] = room


def _take_in_member(state: State, row: Cells) -> None:
    room, user, *facts = row
    state.link(Member(state.rooms_by_id[room], state.users_by_id[user], *facts))


def _put_list_entry(state: State, entry: ListEntry) -> None:
    state.rooms_by_id[entry.room].lists[entry.letter][entry.mask] = entry


def _put_access(state: State, access: Access) -> None:
    state.rooms_by_id[access.room].access[access.account] = access


def _put_pin(state: State, pin: Pin) -> None:
    state.rooms_by_id[pin.room].pins[pin.place] = pin


def _put_maker(state: State, maker: RoomMaker) -> None:
    state.makers.known[maker.mark] = maker


def _put_held_name(state: State, held: HeldName) -> None:
    state.held[held.folded] = held


def _put_surge(state: State, surge: Surge) -> None:
    state.surges[surge.room] = surge


def _put_report(state: State, report: Report) -> None:
    state.reports[report.number] = report


def _put_purge(state: State, purge: Purge) -> None:
    state.purges[purge.number] = purge


def _counters(state: State) -> Iterator[Counter]:
    return (Counter(name, value) for name, value in state.counters.items())


def _list_entries(room: Room) -> Iterable[ListEntry]:
    return chain.from_iterable(entries.values() for entries in room.lists.values())


TABLES: Final = (
    _table(Counter, _counters, _put_counter),
    _table(Account, lambda state: state.accounts_by_id.values(), _put_account),
    _table(Code, lambda state: state.codes, lambda state, code: state.codes.put(code)),
    _table(
        Certificate,
        lambda state: state.certificates,
        lambda state, one: state.certificates.put(one),
    ),
    _table(
        Admitted,
        lambda state: state.codes.admitted.values(),
        lambda state, admitted: state.codes.admit(admitted),
    ),
    _table(Pending, lambda state: state.pending.values(), _put_pending),
    Table(User, lambda state: state.users_by_id.values(), _take_in_user),
    Table(Presence, lambda state: state.sessions.values(), _take_in_session),
    _table(Room, lambda state: state.rooms_by_id.values(), _put_room),
    Table(Member, _of_rooms(lambda room: room.members.values()), _take_in_member),
    _table(ListEntry, _of_rooms(_list_entries), _put_list_entry),
    _table(Access, _of_rooms(lambda room: room.access.values()), _put_access),
    _table(Pin, _of_rooms(lambda room: room.pins.values()), _put_pin),
    _table(RoomMaker, lambda state: state.makers.known.values(), _put_maker),
    _table(
        Invitation, lambda state: state.invitations, lambda state, one: state.invitations.put(one)
    ),
    _table(WayBack, lambda state: state.ways_back, lambda state, way: state.ways_back.put(way)),
    _table(HeldName, lambda state: state.held.values(), _put_held_name),
    _table(Sent, lambda state: state.sent, lambda state, sent: state.sent.put(sent)),
    _table(Measure, lambda state: state.measures, lambda state, made: state.measures.put(made)),
    _table(Surge, lambda state: state.surges.values(), _put_surge),
    _table(Report, lambda state: state.reports.values(), _put_report),
    _table(Purge, lambda state: state.purges.values(), _put_purge),
    _table(ReadMarker, lambda state: state.markers, lambda state, mark: state.markers.put(mark)),
    _table(LastSeen, lambda state: state.last_seen, lambda state, mark: state.last_seen.put(mark)),
    _table(Metadatum, lambda state: state.metadata, lambda state, item: state.metadata.put(item)),
    _table(Redirect, lambda state: state.redirects, lambda state, one: state.redirects.put(one)),
    _table(Setting, lambda state: state.settings, lambda state, one: state.settings.put(one)),
)
"""All tables, in the order in which they are loaded: what refers to something stands behind it."""

COLUMNS: Final[Mapping[str, tuple[str, ...]]] = {
    table.kind.TABLE: table.kind.columns() for table in TABLES
}
"""The tables' columns."""

KEY_WIDTH: Final[Mapping[str, int]] = {table.kind.TABLE: table.kind.KEY_WIDTH for table in TABLES}
"""How many of a table's first columns are its primary key."""

LOAD_ORDER: Final[Mapping[str, str]] = {
    table.kind.TABLE: table.kind.LOAD_ORDER
    or ", ".join(table.kind.columns()[: table.kind.KEY_WIDTH])
    for table in TABLES
}
"""The columns by which a table's rows are sorted for `load`, with commas."""


def load(log_id: str, rules: Rules, rows: Mapping[str, Iterable[tuple[object, ...]]]) -> State:
    """The state whose rows are these: those of every table of COLUMNS, in LOAD_ORDER."""
    state = State(log_id, rules)
    for table in TABLES:
        for row in rows[table.kind.TABLE]:
            table.take_in(state, row)
    state.resume()
    return state


def dump(state: State) -> list[tuple[str, Row]]:
    """Every row of a state with its table, sorted, for comparing two states."""
    rows = [
        (table.kind.TABLE, entity.row()) for table in TABLES for entity in table.everything(state)
    ]
    return sorted(rows, key=repr)
