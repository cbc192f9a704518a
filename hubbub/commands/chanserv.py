"""What ChanServ understands: each phrase is another way to say a command of today.

Law: nothing is done here that the command itself wouldn't do.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Final

import msgspec

from hubbub.commands import invitations, modes, registered_rooms
from hubbub.commands.row import Call
from hubbub.edge.work import Work
from hubbub.irc.names import is_room

_ROOMS: Final = frozenset({"register", "info", "drop", "transfer"})
_MODES: Final = {"op": "+o", "deop": "-o", "voice": "+v", "devoice": "-v"}


def understood(call: Call, words: Sequence[str]) -> Sequence[Work] | None:
    """The work of a phrase, or None when it is none. Raises Refused as the command would."""
    if len(words) < 2 or not is_room(words[1]):
        return None
    action, room, rest = words[0].lower(), words[1], tuple(words[2:])
    nick = rest[0] if rest else call.session.nick
    if action in _ROOMS:
        return _as(call, registered_rooms.room, "ROOM", action.upper(), room, *rest)
    if action == "access":
        return _as(call, registered_rooms.access, "ACCESS", room, *rest)
    if action in _MODES:
        return _as(call, modes.mode, "MODE", room, _MODES[action], nick)
    if action == "invite":
        return _as(call, invitations.invite, "INVITE", nick, room)
    return None


def _as(
    call: Call, handler: Callable[[Call], Sequence[Work]], command: str, *params: str
) -> Sequence[Work]:
    """What comes of a command said in other words."""
    message = msgspec.structs.replace(call.message, command=command, params=params)
    return handler(Call(call.session, message, call.rules))
