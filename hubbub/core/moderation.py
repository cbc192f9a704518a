"""What a room's operators do to others: kicking."""

from __future__ import annotations

from hubbub.core import entries
from hubbub.core.happening import happened
from hubbub.core.outputs import Deliver, Departed, Output
from hubbub.core.presence import leave_room, speaker
from hubbub.core.rooms import find_room, require_authority
from hubbub.core.state import State
from hubbub.irc.numerics import Numeric
from hubbub.irc.replies import refuse


def kick(state: State, entry: entries.Kick, out: list[Output]) -> None:
    user = speaker(state, entry.session)
    room = find_room(state, entry.room)
    require_authority(room, user)
    target = state.user_named(entry.nick)
    if target is None:
        raise refuse(Numeric.ERR_NOSUCHNICK, entry.nick)
    victim = room.members.get(target.id)
    if victim is None:
        raise refuse(Numeric.ERR_USERNOTINCHANNEL, target.nick, room.name)
    params = (target.nick, entry.reason or user.nick)
    kicking = happened(state, out, user, "KICK", (room,), params)
    out.append(Deliver(kicking, (room.id,), user.sessions))
    out.append(Departed(room.id, target.sessions))
    leave_room(state, victim)
