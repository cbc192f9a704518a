"""What the server's operator does from the console or the admin socket.

Law: these come as the server's own entries (NO_SESSION); a refusal is the console's to show.
"""

from __future__ import annotations

from hubbub.core import entries
from hubbub.core.entities import ServerBan, User
from hubbub.core.happening import did
from hubbub.core.outputs import Deliver, Event, HangUp, HistoryRow, Output, Record
from hubbub.core.presence import depart, end_session, require_role, speaker
from hubbub.core.rooms import find_room
from hubbub.core.state import State
from hubbub.irc.masks import matches, normalise
from hubbub.irc.names import fold_nick
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
    _remove(state, _find_user(state, entry.nick), "Kicked", entry.reason, out)


def _remove(state: State, user: User, what: str, why: str, out: list[Output]) -> None:
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
    sessions = tuple(
        session
        for account in state.accounts_by_id.values()
        if account.may("moderator")
        for session in state.user_of(account).sessions
    )
    out.append(Deliver(did(state, user, "WALLOPS", (entry.text,)), sessions=sessions))


def announce(state: State, entry: entries.Announce, out: list[Output]) -> None:
    require_role(state, entry.session, "moderator")
    room = find_room(state, entry.room)
    state.keep_room(room)
    place = state.take_place()
    source = state.rules.server_name
    event = Event("NOTICE", source, (room.name, entry.text), state.now, place)
    out.append(Deliver(event, (room.id,)))
    out.append(Record(HistoryRow(place, state.now, room.id, "NOTICE", source, (entry.text,))))


def ban(state: State, entry: entries.Ban, out: list[Output]) -> None:
    """Keeps a user out by name, device and address, or all whom a mask matches.

    An account is kept out by its own id. Whoever of them is here is disconnected and leaves its
    rooms.
    """
    require_role(state, entry.session, "moderator")
    folded = fold_nick(entry.nick)
    user = state.users.get(folded)
    marks = [("name", str(folded))]
    found = [] if user is None else [user]
    if any(sign in entry.nick for sign in "!@*?"):
        mask = normalise(entry.nick)
        marks = [("mask", mask)]
        found = [other for other in state.users_by_id.values() if matches(mask, other.source)]
    elif user is not None:
        marks = [("account", str(user.owner.id))] if user.owner is not None else marks
        marks += [("device", user.device)] if user.device else []
        marks += [("address", user.host)] if user.host != "localhost" else []
    for kind, value in marks:
        made = ServerBan(kind, value, folded, entry.reason, state.now)
        state.bans[kind, value] = made
        state.save(made)
    for banned in found:
        _remove(state, banned, "Banned", entry.reason, out)
        if banned.owner is not None:
            depart(state, banned, "Banned", out)


def unban(state: State, entry: entries.Unban, out: list[Output]) -> None:
    require_role(state, entry.session, "moderator")
    folded = fold_nick(entry.nick)
    lifted = [made for made in state.bans.values() if made.folded == folded]
    if not lifted:
        raise refuse(Numeric.ERR_NOSUCHNICK, entry.nick, text="Nobody of that name is banned")
    for made in lifted:
        del state.bans[made.kind, made.value]
        state.erase(made)
