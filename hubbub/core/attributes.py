"""What is told of a user beside its name: whether it is away, its account, host and real name.

Law: a change is shown to those who share a room with the user and to those who watch its name.
"""

from __future__ import annotations

from typing import Final

import msgspec

from hubbub.core.blocking import hidden_from
from hubbub.core.entities import Account, Presence, User
from hubbub.core.happening import did
from hubbub.core.outputs import Deliver, Event, Output
from hubbub.core.state import State
from hubbub.irc.cloaks import account_host

ABSENT: Final = "*"
"""An away text that says nothing but that nobody is there (draft/pre-away)."""


# -- away ---------------------------------------------------------------------------------


def change_away(state: State, user: User, text: str, out: list[Output]) -> None:
    """Marks a user as away, or with an empty text as back."""
    if text == user.own_away:
        return
    user.own_away = text
    state.save(user)
    notice = did(state, user, "AWAY", (text,) if text else ())
    without = (*user.sessions, *hidden_from(state, user))
    out.append(Deliver(notice, tuple(user.memberships), without=without, watched=user.folded))


def set_absent(state: State, presence: Presence, absent: bool) -> None:
    """Notes whether a person sits at a session, or its client only connected by itself."""
    if presence.absent != absent:
        presence.absent = absent
        state.save(presence)


def settle_absence(state: State, user: User, out: list[Output]) -> None:
    """A user at none of whose sessions anybody sits is away, unless it said itself how it is.

    To be called when sessions came, went or changed, while there is at least one.
    """
    absent = all(state.sessions[session].absent for session in user.sessions)
    if absent and not user.own_away:
        change_away(state, user, ABSENT, out)
    elif not absent and user.own_away == ABSENT:
        change_away(state, user, "", out)


# -- account, real name, host -------------------------------------------------------------


def account_changed(state: State, user: User, out: list[Output]) -> None:
    """Tells that the user has logged in to an account, or out: its account is the new one."""
    notice = did(state, user, "ACCOUNT", (user.account or "*",))
    out.append(Deliver(notice, tuple(user.memberships), user.sessions, watched=user.folded))


def change_realname(state: State, user: User, realname: str, out: list[Output]) -> None:
    """Gives the user another real name."""
    if realname == user.realname:
        return
    user.realname = realname
    state.save(user)
    notice = did(state, user, "SETNAME", (realname,))
    out.append(
        Deliver(
            notice,
            tuple(user.memberships),
            user.sessions,
            without=hidden_from(state, user),
            watched=user.folded,
        )
    )


def host_for(state: State, account: Account | None, host: str) -> str:
    """The host that all may see of an account's user, or a guest's, who comes from `host`.

    One of an account doesn't tell from where its owner is connected, be it one place or several.
    """
    return account_host(account.id) if state.rules.cloaks and account is not None else host


def change_host(state: State, user: User, username: str, host: str, out: list[Output]) -> None:
    """Gives the user another user name and host.

    Who can't be told so sees it leave and come back
    (https://ircv3.net/specs/extensions/chghost).
    """
    if (username, host) == (user.username, user.host):
        return
    rooms = tuple(user.memberships)
    change = did(state, user, "CHGHOST", (username, host))
    leaving = Event("QUIT", user.source, ("Changing host",), state.now, instead_of="CHGHOST")
    user.move(username, host, user.realname)
    state.save(user)
    out.append(Deliver(change, rooms, user.sessions, watched=user.folded))
    out.append(Deliver(leaving, rooms, without=user.sessions))
    for member in user.memberships.values():
        room = member.room
        again = [did(state, user, "JOIN", (room.name,))]
        if member.ranks:
            params = (room.name, f"+{member.ranks}", *(user.nick for _ in member.ranks))
            again.append(Event("MODE", state.rules.server_name, params, state.now))
        if user.away:
            again.append(did(state, user, "AWAY", (user.away,)))
        out.extend(
            Deliver(_instead(event, "CHGHOST"), (room.id,), without=user.sessions)
            for event in again
        )


def _instead(event: Event, command: str) -> Event:
    return msgspec.structs.replace(event, instead_of=command)
