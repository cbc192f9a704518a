"""Renaming rooms (https://ircv3.net/specs/extensions/channel-rename).

Law: a room is its number, so all that is in it or said of it stays; only the name it is asked for by
changes. Who can't be told of a new name sees its own leaving and joining.
"""

from __future__ import annotations

from typing import Final

import msgspec

from hubbub.core import entries
from hubbub.core.access import by_role
from hubbub.core.audit import note
from hubbub.core.entities import Room
from hubbub.core.happening import did, happened
from hubbub.core.outputs import Deliver, Introduced, Output
from hubbub.core.presence import speaker
from hubbub.core.redirects import EACH, Redirect
from hubbub.core.rooms import find_room, require_authority
from hubbub.core.state import State
from hubbub.irc.names import fold_room
from hubbub.irc.replies import Refused, fail

AGAIN_MS: Final = 60_000
"""How long a room keeps a name at least, in milliseconds, so that nobody is flooded."""


def rename_room(state: State, entry: entries.RenameRoom, out: list[Output]) -> None:
    """Gives a room another name; the one it had leads to it for a while."""
    user = speaker(state, entry.session)
    room = find_room(state, entry.room, user)
    require_authority(room, user)
    before, after = room.folded, fold_room(entry.name)
    if entry.name == room.name:
        raise _refuse("CANNOT_RENAME", entry, "It is called that already")
    if after != before:
        _check_name(state, room, entry)
    old = room.name
    if by_role(room, user):
        note(state, entry.session, out, "room renamed", old, entry.reason, detail=entry.name)
    renaming = happened(state, out, user, "RENAME", (room,), (old, entry.name, entry.reason))
    if after != before:
        _redirect(state, room, entry.name)
    state.rename_room(room, entry.name)
    out.append(Deliver(renaming, (room.id,), user.sessions))
    if after != before:
        _fall_back(state, room, old, entry.reason, out)


def _refuse(code: str, entry: entries.RenameRoom, text: str) -> Refused:
    return fail("RENAME", code, entry.room, entry.name, text=text)


def _check_name(state: State, room: Room, entry: entries.RenameRoom) -> None:
    lobby, after = fold_room(state.rules.lobby), fold_room(entry.name)
    if room.folded == lobby:
        raise _refuse("CANNOT_RENAME", entry, "Everybody is brought to this room by its name")
    led = state.redirects.named(entry.name)
    if after in state.rooms or after == lobby or (led is not None and led.room != room.id):
        raise _refuse("CHANNEL_NAME_IN_USE", entry, "Another room is called that, or was lately")
    former = state.redirects.of(room.id)
    if former and state.now - former[-1].made_at < AGAIN_MS:
        raise _refuse("CANNOT_RENAME", entry, "It was renamed just now: try again in a minute")
    most = state.rules.rename_members
    if len(room.members) > most:
        text = f"It has more than {most} members"
        raise _refuse("CANNOT_RENAME", entry, text)


def _redirect(state: State, room: Room, name: str) -> None:
    """From now on the room's present name leads to it, and `name` is its own again."""
    led = state.redirects.named(name)
    if led is not None:
        state.drop_redirect(led)
    for oldest in state.redirects.of(room.id)[: 1 - EACH]:
        state.drop_redirect(oldest)
    # At least for as long as the room can't be renamed again, which is known by this.
    until = state.now + max(state.rules.rename_redirect_seconds * 1000, AGAIN_MS)
    state.put_redirect(Redirect(room.folded, room.name, room.id, state.now, until))


def _fall_back(state: State, room: Room, old: str, reason: str, out: list[Output]) -> None:
    """Who knows no RENAME leaves the one room and comes into the other, as it sees it."""
    for member in room.members.values():
        user = member.user
        parting = did(state, user, "PART", (old, reason) if reason else (old,))
        for event in (parting, did(state, user, "JOIN", (room.name,))):
            instead = msgspec.structs.replace(event, instead_of="RENAME")
            out.append(Deliver(instead, sessions=user.sessions))
        if user.sessions:
            out.append(Introduced(room.name, user.sessions, instead_of="RENAME"))
