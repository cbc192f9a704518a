"""ROOM and ACCESS: registering rooms, and giving accounts a right to a rank in them."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Final, Literal

from hubbub.commands.row import Call, Kind, Row, When
from hubbub.core import entries
from hubbub.core.access import RANKS
from hubbub.core.entities import Room
from hubbub.core.ids import AccountId
from hubbub.core.registered_rooms import founded, require_registered
from hubbub.core.rooms import find_room
from hubbub.core.state import State
from hubbub.edge.session import Session
from hubbub.edge.work import Fetch, Lookup, Shown, Work
from hubbub.irc.numerics import Numeric
from hubbub.irc.replies import Reply, fail, refuse

_SPELLINGS: Final = {**RANKS, "op": "o", "o": "o", "v": "v"}
"""How people write the ranks, and the letters of each."""
_CALLED: Final = {letter: name for name, letter in RANKS.items()}


def room(call: Call) -> Sequence[Work]:
    """ROOM: what is to become of a registration, or what there is of it."""
    action, session = call.param(0).upper(), call.session.id
    if action == "LIST":
        return [Lookup(_own_rooms)]
    name = call.param(1)
    if action not in ("REGISTER", "INFO", "TRANSFER", "DROP"):
        text = "ROOM knows REGISTER, INFO, TRANSFER, DROP and LIST"
        raise fail("ROOM", "INVALID_PARAMS", call.param(0), text=text)
    if not name or (action == "TRANSFER" and not call.param(2)):
        raise refuse(Numeric.ERR_NEEDMOREPARAMS, "ROOM")
    if action == "INFO":
        return [Lookup(lambda session, state: _about(session, state, name))]
    if action == "REGISTER":
        return [entries.RegisterRoom(session, name)]
    if action == "DROP":
        return [entries.DropRoom(session, name)]
    return [entries.TransferRoom(session, name, call.param(2))]


def _own_rooms(session: Session, state: State) -> Sequence[Shown | Fetch]:
    account = state.sessions[session.id].user.owner
    rooms = [] if account is None else founded(state, account)
    notes = [
        Reply("NOTE", ("ROOM", "FOUNDED", room.name, f"{room.name} is registered to you"))
        for room in rooms
    ]
    text = f"{len(rooms)} rooms are registered to you"
    return [*notes, Reply("NOTE", ("ROOM", "FOUNDED_END", text))]


def _about(session: Session, state: State, name: str) -> Sequence[Shown | Fetch]:
    user = state.sessions[session.id].user
    found = find_room(state, name, user)
    require_registered(found, user, "ROOM")
    founder, day = _called(state, found.founder), f"{_day(found.registered_at)}"
    text = (
        f"{found.name} is {founder}'s, registered on {day};"
        f" {len(found.access)} others have access, {len(found.members)} are in it"
    )
    return [Reply("NOTE", ("ROOM", "INFO", found.name, founder, text))]


def _day(moment: int) -> str:
    return f"{datetime.fromtimestamp(moment // 1000, UTC):%Y-%m-%d}"


def _called(state: State, id: AccountId) -> str:
    account = state.accounts_by_id.get(id)
    return "*" if account is None else account.name


def access(call: Call) -> Sequence[Work]:
    """ACCESS: lists who has a right in a room, gives one or takes it."""
    name, action = call.param(0), call.param(1).upper() or "LIST"
    if action == "LIST":
        return [Lookup(lambda session, state: _entries(session, state, name))]
    if action not in ("ADD", "DEL"):
        text = "ACCESS knows LIST, ADD and DEL"
        raise fail("ACCESS", "INVALID_PARAMS", name, call.param(1), text=text)
    if not call.param(2):
        raise refuse(Numeric.ERR_NEEDMOREPARAMS, "ACCESS")
    rank: Literal["o", "v", ""] = ""
    if action == "ADD":
        letter = _SPELLINGS.get(call.param(3).lower() or "operator")
        if letter is None:
            text = "One can be operator or voice"
            raise fail("ACCESS", "INVALID_PARAMS", name, call.param(3), text=text)
        rank = "o" if letter == "o" else "v"
    return [entries.SetAccess(call.session.id, name, call.param(2), rank)]


def _entries(session: Session, state: State, name: str) -> Sequence[Shown | Fetch]:
    user = state.sessions[session.id].user
    found = find_room(state, name, user)
    require_registered(found, user, "ACCESS")
    listed = sorted(found.access.values(), key=lambda access: (access.set_at, access.account))
    notes = [
        _entry(found, _called(state, found.founder), "founder"),
        *(_entry(found, _called(state, one.account), _CALLED[one.rank]) for one in listed),
    ]
    text = f"{len(notes)} have access to {found.name}"
    return [*notes, Reply("NOTE", ("ACCESS", "LIST_END", found.name, text))]


def _entry(found: Room, account: str, rank: str) -> Reply:
    text = f"{account} is {rank} of {found.name}"
    return Reply("NOTE", ("ACCESS", "ENTRY", found.name, account, rank, text))


ROWS: Final = (
    Row(
        "ROOM",
        When.AFTER,
        Kind.LOGGED,
        1,
        "REGISTER|INFO|DROP <room> | TRANSFER <room> <account> | LIST",
        "Makes a room yours for good, tells whose it is, hands it over or gives it up.",
        "docs/protocol.md#registered-rooms",
        room,
    ),
    Row(
        "ACCESS",
        When.AFTER,
        Kind.LOGGED,
        1,
        "<room> [LIST | ADD <account> [operator|voice] | DEL <account>]",
        "Shows or changes who has a right to which rank in a registered room.",
        "docs/protocol.md#registered-rooms",
        access,
    ),
)
