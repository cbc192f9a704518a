"""Keeping order: kicking from a room; bans, mutes and lockdown of the server; taking them back.

Law: whatever is done here is noted in the audit log. Nobody is put out or silenced by one who has
not the higher role, and an admin by nobody: take the role away first. What describes people instead
of naming them (a mask, an address, a network) passes over whoever has a role.
"""

from __future__ import annotations

from typing import Final

import msgspec

from hubbub.core import entries
from hubbub.core.access import by_role
from hubbub.core.accounts import close_invites_of, give_role
from hubbub.core.audit import actor, next_number, note, tell_moderators
from hubbub.core.entities import Account, User
from hubbub.core.happening import happened
from hubbub.core.ids import NO_SESSION, SessionId
from hubbub.core.measures import (
    BAN,
    MUTE,
    Mark,
    Measure,
    describes,
    signs_of,
    write_marks,
)
from hubbub.core.operator import remove_user
from hubbub.core.outputs import Answer, Deliver, Departed, Event, Output
from hubbub.core.presence import (
    LOCKDOWN,
    addresses_of,
    depart,
    leave_room,
    require_over,
    require_role,
    speaker,
)
from hubbub.core.rooms import find_room, require_authority
from hubbub.core.state import State
from hubbub.irc.masks import normalise
from hubbub.irc.names import fold_nick, is_room
from hubbub.irc.networks import (
    WIDTHS,
    address_of,
    is_this_machine,
    is_whole_world,
    network_of,
    within,
)
from hubbub.irc.numerics import Numeric
from hubbub.irc.replies import Reply, fail, refuse, word
from hubbub.irc.times import moment

ACCOUNT_SIGN: Final = "account:"
"""What a target begins with that is an account's name."""
TARGET_BYTES: Final = 200
"""The longest target, as a mask completed to nick!user@host."""


def kick(state: State, entry: entries.Kick, out: list[Output]) -> None:
    user = speaker(state, entry.session)
    room = find_room(state, entry.room, user)
    require_authority(room, user)
    target = state.user_named(entry.nick)
    if target is None:
        raise refuse(Numeric.ERR_NOSUCHNICK, entry.nick)
    victim = room.members.get(target.id)
    if victim is None:
        raise refuse(Numeric.ERR_USERNOTINCHANNEL, target.nick, room.name)
    if by_role(room, user):
        note(state, entry.session, out, "kick", target.nick, entry.reason, detail=room.name)
    params = (target.nick, entry.reason or user.nick)
    kicking = happened(state, out, user, "KICK", (room,), params)
    out.append(Deliver(kicking, (room.id,), user.sessions))
    out.append(Departed(room.id, target.sessions))
    leave_room(state, victim)


# -- whom it is about -----------------------------------------------------------------------


class _Target(msgspec.Struct, frozen=True):
    """What a measure is aimed at: how it is called, what it goes by, and who of it is here."""

    name: str
    marks: tuple[Mark, ...]
    people: tuple[User, ...] = ()
    account: Account | None = None
    """The account that is named by it, if one is."""


def _target(state: State, command: str, text: str) -> _Target:
    """Understands what somebody wrote; refuses what can't be a target."""
    wrong = not text or " " in text or text.startswith(":") or is_room(text)
    if wrong or len(text.encode()) > TARGET_BYTES:
        problem = "Expected a name, account:NAME, a mask, an address or a network (10.0.0.0/8)"
        raise fail(command, "INVALID_TARGET", text, text=problem)
    if text.lower().startswith(ACCOUNT_SIGN):
        account = state.account_named(text[len(ACCOUNT_SIGN) :])
        if account is None:
            name = text[len(ACCOUNT_SIGN) :]
            raise fail(command, "INVALID_TARGET", text, text=f"There is no account {name}")
        marks = (("account", str(account.id)),)
        return _Target(ACCOUNT_SIGN + account.name, marks, (state.user_of(account),), account)
    network = network_of(text)
    if network is not None:
        return _network(state, command, network)
    if any(sign in text for sign in "!@*?"):
        return _mask(state, command, text)
    return _named(state, text)


def _network(state: State, command: str, network: str) -> _Target:
    if is_this_machine(network):
        problem = "That is this machine: behind a proxy it would be everybody"
        raise fail(command, "INVALID_TARGET", network, text=problem)
    if is_whole_world(network):
        problem = "That is half of the internet: LOCKDOWN ON keeps new guests out"
        raise fail(command, "INVALID_TARGET", network, text=problem)
    mark = ("network", network)
    return _Target(network, (mark,), _described(state, mark))


def _mask(state: State, command: str, text: str) -> _Target:
    mask = normalise(text)
    if not set(mask) - set("!@*?."):
        problem = "That is everybody: LOCKDOWN ON keeps new guests out"
        raise fail(command, "INVALID_TARGET", mask, text=problem)
    if len(mask.encode()) > TARGET_BYTES:
        problem = f"A mask has at most {TARGET_BYTES} bytes"
        raise fail(command, "INVALID_TARGET", mask, text=problem)
    mark = ("mask", mask)
    return _Target(mask, (mark,), _described(state, mark))


def _described(state: State, mark: Mark) -> tuple[User, ...]:
    """Who of those here, and of those who are offline, a mask or a network describes."""
    return tuple(
        user
        for user in state.users_by_id.values()
        if describes(mark, signs_of(user, addresses_of(state, user)))
    )


def _named(state: State, nick: str) -> _Target:
    """By the account or, of a guest, by name, device and address."""
    user = state.user_named(nick)
    if user is None:
        return _Target(nick, (("name", fold_nick(nick)),))
    if user.owner is not None:
        marks: list[Mark] = [("account", str(user.owner.id))]
    else:
        marks = [("name", user.folded), ("user", str(user.id))]
        if user.device:
            marks.append(("device", user.device))
    for text in addresses_of(state, user):
        address = address_of(text)
        if address is not None:
            marks.append(("address", within(address, WIDTHS[address.version])))
    return _Target(user.nick, tuple(dict.fromkeys(marks)), (user,), user.owner)


# -- bans and mutes -------------------------------------------------------------------------


def ban(state: State, entry: entries.Ban, out: list[Output]) -> None:
    """Keeps people out; whoever of them is here is disconnected and leaves its rooms."""
    made, people = _impose(state, entry, BAN, out)
    until = f" until {moment(made.until)}" if made.until else ""
    for user in people:
        remove_user(state, user, f"Banned{until}", entry.reason, out)
        if user.owner is not None:
            close_invites_of(state, user.owner)
            depart(state, user, "Banned", out)


def mute(state: State, entry: entries.Mute, out: list[Output]) -> None:
    """Keeps people from speaking; they stay where they are, and are told."""
    made, people = _impose(state, entry, MUTE, out)
    for user in people:
        _tell(state, user, f"You are muted{made.terms}: what you say isn't shown to others", out)


def _tell(state: State, user: User, text: str, out: list[Output]) -> None:
    if user.sessions:
        event = Event("NOTICE", state.rules.server_name, (user.nick, text), state.now)
        out.append(Deliver(event, sessions=user.sessions))


_DONE: Final = {BAN: ("BAN", "BANNED", "banned"), MUTE: ("MUTE", "MUTED", "muted")}
_LIFTED: Final = {
    BAN: ("UNBAN", "UNBANNED", "no longer banned"),
    MUTE: ("UNMUTE", "UNMUTED", "no longer muted"),
}


def _impose(
    state: State, entry: entries.Ban | entries.Mute, kind: str, out: list[Output]
) -> tuple[Measure, tuple[User, ...]]:
    """Makes a measure, in the place of those with the same target; and whom it meets."""
    require_role(state, entry.session, "moderator")
    command, code, done = _DONE[kind]
    target = _target(state, command, entry.target)
    require_over(state, entry.session, target.account)
    before = state.measures.aimed_at(kind, target.name)
    if not before and len(state.measures) >= state.rules.measures:
        text = "There are as many bans and mutes as this server is set to hold"
        raise fail(command, "TOO_MANY", target.name, text=text)
    until = state.now + entry.seconds * 1000 if entry.seconds else 0
    made = Measure(
        next_number(state),
        kind,
        target.name,
        write_marks(target.marks),
        entry.reason,
        actor(state, entry.session),
        state.now,
        until,
    )
    for old in before:
        state.measures.remove(old)
        state.erase(old)
    state.measures.put(made)
    state.save(made)
    note(state, entry.session, out, kind, target.name, entry.reason, until=until)
    text = f"{target.name} is {done}{made.terms}"
    tell_moderators(state, out, f"{text}, by {made.by}", entry.session)
    advice = f"{text}. UNDO {made.number} lifts it"
    _confirm(state, entry.session, out, command, code, target.name, advice)
    return made, target.people


def _confirm(
    state: State,
    session: SessionId,
    out: list[Output],
    command: str,
    code: str,
    about: str,
    text: str,
) -> None:
    """Tells who did it that it is done; the console has words of its own."""
    if session != NO_SESSION and session in state.sessions:
        out.append(Answer(session, Reply("NOTE", (command, code, word(about), text))))


def unban(state: State, entry: entries.Unban, out: list[Output]) -> None:
    _lift_all(state, entry, BAN, out)


def unmute(state: State, entry: entries.Unmute, out: list[Output]) -> None:
    _lift_all(state, entry, MUTE, out)


def _lift_all(
    state: State, entry: entries.Unban | entries.Unmute, kind: str, out: list[Output]
) -> None:
    require_role(state, entry.session, "moderator")
    command, code, lifted = _LIFTED[kind]
    ways = [entry.target, network_of(entry.target) or ""]
    if any(sign in entry.target for sign in "!@*?"):
        ways.append(normalise(entry.target))
    ways = [way for way in dict.fromkeys(ways) if way]
    found = [made for way in ways for made in state.measures.aimed_at(kind, way)]
    if not found:
        what = "banned" if kind == BAN else "muted"
        text = f"Nobody of that name is {what}"
        raise refuse(Numeric.ERR_NOSUCHNICK, entry.target, text=text)
    for made in found:
        _require_own(state, entry.session, made)
    for made in found:
        _lift(state, made, out)
    name = found[0].target
    note(state, entry.session, out, command.lower(), name, entry.reason)
    by = actor(state, entry.session)
    tell_moderators(state, out, f"{name} is {lifted}, by {by}", entry.session)
    _confirm(state, entry.session, out, command, code, name, f"{name} is {lifted}")


def _require_own(state: State, session: SessionId, made: Measure) -> None:
    """Refuses a moderator who would let itself speak or in again."""
    if session == NO_SESSION:
        return
    user = speaker(state, session)
    if user.owner is not None and ("account", str(user.owner.id)) in made.marks:
        raise refuse(Numeric.ERR_NOPRIVILEGES, text="That is about you: somebody else may lift it")


def _lift(state: State, made: Measure, out: list[Output]) -> None:
    state.measures.remove(made)
    state.erase(made)
    if made.kind != MUTE:
        return
    one = made.marks
    for user in state.users_by_id.values():
        signs = signs_of(user, addresses_of(state, user))
        if user.sessions and any(mark in one for mark in signs.marks()):
            _tell(state, user, "You may speak again", out)


# -- lockdown -------------------------------------------------------------------------------


def lockdown(state: State, entry: entries.Lockdown, out: list[Output]) -> None:
    """Lets no new guests in, or again; whoever is here stays, and accounts may log in."""
    require_role(state, entry.session, "moderator")
    is_on = bool(state.counter(LOCKDOWN))
    if is_on == entry.on:
        text = f"Lockdown is {'on' if is_on else 'off'} already"
        raise fail("LOCKDOWN", "ALREADY_SET", text=text)
    _set_lockdown(state, entry.session, entry.on, entry.reason, out)


def _set_lockdown(
    state: State, session: SessionId, on: bool, reason: str, out: list[Output]
) -> None:
    action = f"{LOCKDOWN} {'on' if on else 'off'}"
    number = note(state, session, out, action, "", reason)
    state.set_counter(LOCKDOWN, number if on else 0)
    why = f" ({reason})" if reason else ""
    if on:
        text = f"Lockdown: no new guests are let in{why}"
    else:
        text = f"Lockdown is over: guests are let in again{why}"
    tell_moderators(state, out, f"{text}, by {actor(state, session)}", session)
    _confirm(state, session, out, "LOCKDOWN", "ON" if on else "OFF", "*", text)


# -- taking back ----------------------------------------------------------------------------


def undo(state: State, entry: entries.Undo, out: list[Output]) -> None:
    """Takes back an act of the audit log, if it can be taken back and still counts."""
    require_role(state, entry.session, "moderator")
    number = str(entry.number)
    if entry.action in (BAN, MUTE):
        made = state.measures.get(entry.number)
        if made is None:
            raise fail("UNDO", "NOT_IN_FORCE", number, text="It is over already")
        _require_own(state, entry.session, made)
        _lift(state, made, out)
        what = f"{made.target} is {_LIFTED[entry.action][2]}"
    elif entry.action == f"{LOCKDOWN} on":
        if state.counter(LOCKDOWN) != entry.number:
            raise fail("UNDO", "NOT_IN_FORCE", number, text="It is over already")
        _set_lockdown(state, entry.session, False, f"undoes {number}", out)
        return
    elif entry.action == "role":
        what = _give_role_back(state, entry, out)
    else:
        text = _NOT_UNDONE.get(entry.action, f"What is noted as {entry.action} can't be undone")
        raise fail("UNDO", "CANNOT_UNDO", number, text=text)
    note(state, entry.session, out, "undo", entry.target, detail=number)
    tell_moderators(state, out, f"{what}: {actor(state, entry.session)} undid it", entry.session)
    _confirm(state, entry.session, out, "UNDO", "UNDONE", number, what)


_NOT_UNDONE: Final = {
    "purge": "What a purge took out is erased and can't be brought back",
    "unban": "To undo the end of a ban, ban again",
    "unmute": "To undo the end of a mute, mute again",
    "claim": "To undo that, take the role away (account role)",
    "kill": "Nothing to undo: nothing keeps them from coming again",
    "kick": "Nothing to undo: nothing keeps them from coming again",
    f"{LOCKDOWN} off": "To undo that, switch the lockdown on",
}


def _give_role_back(state: State, entry: entries.Undo, out: list[Output]) -> str:
    require_role(state, entry.session, "admin")
    account = state.account_named(entry.target)
    before, _, after = entry.detail.partition(" to ")
    if account is None or account.role != after:
        text = "It is over already"
        raise fail("UNDO", "NOT_IN_FORCE", str(entry.number), text=text)
    give_role(state, account, before, out)
    return f"{account.name} is {before} again"
