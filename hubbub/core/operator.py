"""What the server's operator does from the console or the admin socket.

Law: these come as the server's own entries (NO_SESSION); a refusal is the console's to show.
"""

from __future__ import annotations

from hubbub.core import entries
from hubbub.core.audit import moderators, note
from hubbub.core.entities import User
from hubbub.core.happening import did
from hubbub.core.ids import NO_SESSION
from hubbub.core.outputs import Deliver, Event, HangUp, HistoryRow, Output, Record
from hubbub.core.presence import end_session, require_role, speaker
from hubbub.core.rooms import find_room
from hubbub.core.state import State
from hubbub.irc.numerics import Numeric
from hubbub.irc.replies import refuse


def _find_user(state: State, nick: str) -> User:
    user = state.user_named(nick)
    if user is None:
        raise refuse(Numeric.ERR_NOSUCHNICK, nick)
    return user


def disconnect(state: State, entry: entries.Disconnect, out: list[Output]) -> None:
    """Ends all sessions of a user; everyone who shares a room sees why."""
    require_role(state, entry.session, "moderator")
    user = _find_user(state, entry.nick)
    if entry.session != NO_SESSION and user.owner is not None and user.may("admin"):
        require_role(state, entry.session, "admin")
    note(state, entry.session, out, "kill", user.nick, entry.reason)
    remove_user(state, user, "Kicked", entry.reason, out)


def remove_user(state: State, user: User, what: str, why: str, out: list[Output]) -> None:
    """Ends all sessions of a user, who is told what was done and why."""
    reason = f"{what}: {why}" if why else what
    # To those put out it is a KILL, so that their clients don't come back by themselves as after a
    # lost connection (https://modern.ircdocs.horse/#kill-message).
    kill = Event("KILL", state.rules.server_name, (user.nick, reason), state.now)
    out.append(Deliver(kill, sessions=user.sessions))
    out.extend(HangUp(session, reason) for session in user.sessions)
    for session in user.sessions:
        end_session(state, session, reason, out)


def wallops(state: State, entry: entries.Wallops, out: list[Output]) -> None:
    """Tells all who have a role something (https://modern.ircdocs.horse/#wallops-message)."""
    require_role(state, entry.session, "moderator")
    user = speaker(state, entry.session)
    out.append(Deliver(did(state, user, "WALLOPS", (entry.text,)), sessions=moderators(state)))


def announce(state: State, entry: entries.Announce, out: list[Output]) -> None:
    require_role(state, entry.session, "moderator")
    room = find_room(state, entry.room, None)
    state.keep_room(room)
    place = state.take_place()
    source = state.rules.server_name
    event = Event("NOTICE", source, (room.name, entry.text), state.now, place)
    out.append(Deliver(event, (room.id,)))
    out.append(Record(HistoryRow(place, state.now, room.id, "NOTICE", source, (entry.text,))))
