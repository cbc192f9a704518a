"""Registered rooms: whose they are, and who has a right to which rank in them.

Law: only the founder and the server's moderators change whose a room is; a registered room keeps its
modes, its topic and its lists when everybody has left, and is never given to whoever comes first.
"""

from __future__ import annotations

from hubbub.core import entries
from hubbub.core.access import is_founder, right_of
from hubbub.core.audit import note
from hubbub.core.entities import Access, Account, Room, User
from hubbub.core.happening import changed_ranks, granted
from hubbub.core.ids import AccountId
from hubbub.core.outputs import Answer, Output
from hubbub.core.presence import speaker
from hubbub.core.rooms import find_member, find_room, require_operator
from hubbub.core.state import State
from hubbub.core.ways_back import settle_empty
from hubbub.irc.numerics import Numeric
from hubbub.irc.replies import Reply, fail, refuse


def register_room(state: State, entry: entries.RegisterRoom, out: list[Output]) -> None:
    """Makes a room its operator's account's."""
    user = speaker(state, entry.session)
    room = find_room(state, entry.room, user)
    require_operator(find_member(room, user))
    if user.owner is None:
        text = "A room is registered to an account: REGISTER your name, or log in, first"
        raise fail("ROOM", "ACCOUNT_REQUIRED", room.name, text=text)
    if room.founder:
        text = f"{room.name} is registered already, by {_name(state, room.founder)}"
        raise fail("ROOM", "ALREADY_REGISTERED", room.name, text=text)
    _require_capacity(state, room, user.owner)
    room.founder, room.registered_at = user.owner.id, state.now
    state.save(room)
    text = f"{room.name} is yours now: it keeps its modes, topic and lists, and you run it"
    out.append(_note(entry, "REGISTERED", room.name, text))


def _require_capacity(state: State, room: Room, account: Account) -> None:
    """Refuses one room too many for an account."""
    most = state.rules.rooms_per_account
    if len(founded(state, account)) >= most:
        text = f"{account.name} has registered {most} rooms, which is as many as one may have"
        raise fail("ROOM", "TOO_MANY_ROOMS", room.name, text=text)


def founded(state: State, account: Account) -> list[Room]:
    """The rooms of an account, in the order of their making."""
    rooms = (room for room in state.rooms_by_id.values() if room.founder == account.id)
    return sorted(rooms, key=lambda room: room.id)


def transfer_room(state: State, entry: entries.TransferRoom, out: list[Output]) -> None:
    """Hands a room to one of its operators by access, or by a moderator to anybody."""
    user = speaker(state, entry.session)
    room = find_room(state, entry.room, user)
    _require_founder(room, user, "ROOM")
    heir = _account(state, entry.account, "ROOM", room)
    if heir.id == room.founder:
        text = f"{room.name} is {heir.name}'s already"
        raise fail("ROOM", "INVALID_PARAMS", room.name, heir.name, text=text)
    access = room.access.get(heir.id)
    if not user.may("moderator") and (access is None or access.rank != "o"):
        text = (
            f"{heir.name} isn't an operator by access: ACCESS {room.name} ADD {heir.name} operator"
        )
        raise fail("ROOM", "FORBIDDEN", room.name, heir.name, text=text)
    _require_capacity(state, room, heir)
    before = room.founder
    if not is_founder(room, user):
        note(state, entry.session, out, "room transferred", room.name, detail=heir.name)
    _hand_over(state, room, heir, out)
    # Who gives a room away stays in it as before, until the new founder thinks otherwise.
    if len(room.access) < state.rules.list_entries:
        _put(state, Access(room.id, before, "o", user.source, state.now))
    out.append(_note(entry, "TRANSFERRED", room.name, f"{room.name} is {heir.name}'s now"))


def _hand_over(state: State, room: Room, heir: Account, out: list[Output]) -> None:
    room.founder = heir.id
    state.save(room)
    _erase(state, room, heir.id)
    member = room.members.get(state.user_of(heir).id)
    if member is not None:
        granted(state, out, member, "o")


def drop_room(state: State, entry: entries.DropRoom, out: list[Output]) -> None:
    """Ends a registration: those who are in the room keep their ranks, rights to one are gone."""
    user = speaker(state, entry.session)
    room = find_room(state, entry.room, user)
    _require_founder(room, user, "ROOM")
    if not is_founder(room, user):
        was = f"it was {_name(state, room.founder)}'s"
        note(state, entry.session, out, "room dropped", room.name, detail=was)
    _release(state, room)
    out.append(_note(entry, "DROPPED", room.name, f"{room.name} isn't registered any more"))


def _release(state: State, room: Room) -> None:
    room.founder, room.registered_at = AccountId(0), 0
    state.save(room)
    for account in tuple(room.access):
        _erase(state, room, account)
    settle_empty(state, room)


def set_access(state: State, entry: entries.SetAccess, out: list[Output]) -> None:
    """Gives or takes a right to a rank, and with it the rank of who is there."""
    user = speaker(state, entry.session)
    room = find_room(state, entry.room, user)
    require_registered(room, user, "ACCESS")
    account = _account(state, entry.account, "ACCESS", room)
    access = room.access.get(account.id)
    before = "" if access is None else access.rank
    _require_may_give(room, user, account, before, entry.rank)
    if account.id == room.founder:
        text = f"{account.name} is the founder of {room.name}"
        raise fail("ACCESS", "INVALID_PARAMS", room.name, account.name, text=text)
    if not entry.rank and access is None:
        text = f"{account.name} has no access to {room.name}"
        raise fail("ACCESS", "INVALID_PARAMS", room.name, account.name, text=text)
    if access is None and len(room.access) >= state.rules.list_entries:
        text = f"The list of {room.name} is full: it has {len(room.access)} entries"
        raise fail("ACCESS", "LIST_FULL", room.name, account.name, text=text)
    if not _may_give(room, user, account, before, entry.rank):
        detail = f"{account.name}: {before or 'none'} to {entry.rank or 'none'}"
        note(state, entry.session, out, "access", room.name, detail=detail)
    if entry.rank:
        _put(state, Access(room.id, account.id, entry.rank, user.source, state.now))
    else:
        _erase(state, room, account.id)
    _fit_rank(state, room, account, before, entry.rank, out)
    what = {"o": "is an operator", "v": "has a voice", "": "has no access any more"}[entry.rank]
    text = f"{account.name} {what} in {room.name}"
    out.append(Answer(entry.session, Reply("NOTE", ("ACCESS", "CHANGED", room.name, text))))


def _require_may_give(room: Room, user: User, account: Account, before: str, rank: str) -> None:
    """Moderators give everything; who has no role what `_may_give` says."""
    if not (user.may("moderator") or _may_give(room, user, account, before, rank)):
        raise refuse(Numeric.ERR_CHANOPRIVSNEEDED, room.name)


def _may_give(room: Room, user: User, account: Account, before: str, rank: str) -> bool:
    """The founder gives everything, operators voices; anybody gives up its own."""
    if is_founder(room, user):
        return True
    if right_of(room, user) == "o" and "o" not in (before, rank):
        return True
    return user.owner is account and not rank


def _fit_rank(
    state: State, room: Room, account: Account, before: str, rank: str, out: list[Output]
) -> None:
    member = room.members.get(state.user_of(account).id)
    if member is None:
        return
    if before and before != rank and before in member.ranks:
        state.give_ranks(member, member.ranks.replace(before, ""))
        changed_ranks(state, out, member, f"-{before}")
    granted(state, out, member, rank)


def bequeath(state: State, account: Account, out: list[Output]) -> None:
    """An account is about to go: its rooms are its heirs', its rights nobody's.

    A room's heir is the operator who has had the right for longest, else the first admin or moderator of
    the server; without any, the room isn't registered any more.
    """
    for room in state.rooms_by_id.values():
        _erase(state, room, account.id)
    for room in founded(state, account):
        heir = _heir(state, room, account)
        if heir is None:
            _release(state, room)
        else:
            _hand_over(state, room, heir, out)


def _heir(state: State, room: Room, gone: Account) -> Account | None:
    operators = [access for access in room.access.values() if access.rank == "o"]
    if operators:
        oldest = min(operators, key=lambda access: (access.set_at, access.account))
        return state.accounts_by_id[oldest.account]
    staff = [
        account
        for account in state.accounts_by_id.values()
        if account.may("moderator") and account is not gone
    ]
    return min(staff, key=lambda account: (not account.may("admin"), account.id), default=None)


def _put(state: State, access: Access) -> None:
    state.rooms_by_id[access.room].access[access.account] = access
    state.save(access)


def _erase(state: State, room: Room, account: AccountId) -> None:
    access = room.access.pop(account, None)
    if access is not None:
        state.erase(access)


def require_registered(room: Room, user: User, command: str) -> None:
    """Refuses where a room isn't registered, strangers to a private one as if it were none of theirs."""
    known = room.id in user.memberships or right_of(room, user) or user.may("moderator")
    if room.private and not known:
        raise refuse(Numeric.ERR_NOTONCHANNEL, room.name)
    if not room.founder:
        text = f"{room.name} isn't registered: ROOM REGISTER {room.name} does that"
        raise fail(command, "NOT_REGISTERED", room.name, text=text)


def _require_founder(room: Room, user: User, command: str) -> None:
    require_registered(room, user, command)
    if not is_founder(room, user) and not user.may("moderator"):
        text = f"Only the founder of {room.name} and the server's moderators may do that"
        raise fail(command, "FORBIDDEN", room.name, text=text)


def _account(state: State, name: str, command: str, room: Room) -> Account:
    account = state.account_named(name)
    if account is None:
        text = f"There is no account {name}: only who has one can have a right here"
        raise fail(command, "ACCOUNT_UNKNOWN", room.name, name, text=text)
    return account


def _name(state: State, id: AccountId) -> str:
    account = state.accounts_by_id.get(id)
    return "nobody" if account is None else account.name


def _note(entry: entries.Entry, code: str, room: str, text: str) -> Answer:
    return Answer(entry.session, Reply("NOTE", ("ROOM", code, room, text)))
