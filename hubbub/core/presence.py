"""Coming, going and being called: what opens, closes and renames sessions and users."""

from __future__ import annotations

from hubbub.core import entries
from hubbub.core.entities import HeldName, Member, ServerBan, User
from hubbub.core.happening import happened
from hubbub.core.ids import SessionId, origin
from hubbub.core.outputs import (
    Answer,
    Deliver,
    Departed,
    Entered,
    Event,
    HangUp,
    Output,
    Record,
    Renamed,
    Settled,
    WhowasRow,
)
from hubbub.core.state import SENT_ID_KEPT_MS, State
from hubbub.irc.masks import matches
from hubbub.irc.names import FoldedNick, fold_nick
from hubbub.irc.numerics import Numeric
from hubbub.irc.replies import numeric, refuse


def leave_room(state: State, member: Member) -> None:
    """Takes a member out; a room that is left empty forgets its modes.

    One that was private, or in which nothing was ever said, gives up its name too.
    """
    room = member.room
    state.remove_member(member)
    if room.members:
        return
    if room.private or not (room.spoken or state.is_lobby(room)):
        state.retire_room(room)
    else:
        state.reset_modes(room)


def speaker(state: State, session: SessionId) -> User:
    """The user of a session; refuses when there is none."""
    presence = state.sessions.get(session)
    if presence is None:
        raise refuse(Numeric.ERR_NOTREGISTERED)
    return presence.user


def node_started(state: State, entry: entries.NodeStarted, out: list[Output]) -> None:
    """A node's earlier epochs are over: whoever was there lost the connection."""
    state.rules = entry.rules
    gone = [
        session
        for session in sorted(state.sessions)  # in the order that a loaded state has, too
        if origin(session)[0] == entry.node and origin(session)[1] < entry.epoch
    ]
    for session in gone:
        end_session(state, session, "Server restarted", out, lost=True, recorded=False)


def rules_changed(state: State, entry: entries.RulesChanged, out: list[Output]) -> None:
    state.rules = entry.rules


def time_passed(state: State, entry: entries.TimePassed, out: list[Output]) -> None:
    """Lets go of what has expired."""
    for held in [held for held in state.held.values() if held.until <= state.now]:
        del state.held[held.folded]
        state.erase(held)
    forget_sent(state)


def forget_sent(state: State) -> None:
    """Lets go of send-once ids that are older than a week or more than the rules keep."""
    oldest = state.now - SENT_ID_KEPT_MS
    while state.sent:
        first = next(iter(state.sent.values()))
        if first.time >= oldest and len(state.sent) <= state.rules.sent_ids:
            return
        del state.sent[first.scope, first.once]
        state.erase(first)


def open_session(state: State, entry: entries.Open, out: list[Output]) -> None:
    """Admits a session under a name, or says why not and leaves it to choose another."""
    if entry.session in state.sessions:
        return
    source = f"{entry.nick}!{entry.username}@{entry.host}"
    reason = _banned(state, entry.nick, source, (("device", entry.device), ("address", entry.host)))
    if reason is not None:
        out.append(Settled(entry.session, ""))
        out.append(Answer(entry.session, numeric(Numeric.ERR_YOUREBANNEDCREEP, text=reason)))
        out.append(HangUp(entry.session, reason))
        return
    holder = state.user_named(entry.nick)
    same_device = holder is not None and entry.device != "" and holder.device == entry.device
    if (holder is not None and not same_device) or _held_for_another(
        state, fold_nick(entry.nick), entry.device
    ):
        out.append(Settled(entry.session, ""))
        out.append(Answer(entry.session, numeric(Numeric.ERR_NICKNAMEINUSE, entry.nick)))
        return
    if holder is None:
        user = _new_user(state, entry)
    else:
        user = holder
        for session in user.sessions:
            _replace(state, session, out)
    state.attach(entry.session, user, entry.secure)
    out.append(Settled(entry.session, user.nick))
    out.extend(Entered(room, (entry.session,)) for room in user.memberships)


def _new_user(state: State, entry: entries.Open) -> User:
    held = state.held.pop(fold_nick(entry.nick), None)
    if held is not None:
        state.erase(held)
    user = User(
        state.take_id("user"),
        entry.nick,
        entry.username,
        entry.host,
        entry.realname,
        entry.device,
        entry.modes,
        "",
        state.now,
        state.now,
    )
    state.add_user(user)
    return user


def _replace(state: State, session: SessionId, out: list[Output]) -> None:
    """Closes the old connection of a device that came back; its user stays where it is."""
    user = state.detach(session)
    out.append(HangUp(session, "Replaced by a newer connection of this device"))
    out.extend(Departed(room, (session,)) for room in user.memberships)


def _banned(
    state: State, nick: str, source: str, marks: tuple[tuple[str, str], ...] = ()
) -> str | None:
    """Why the server's bans keep this name, or who has these marks, out; None when they don't."""
    for kind, value in (*marks, ("name", fold_nick(nick))):
        ban = state.bans.get((kind, value))
        if ban is not None:
            return _ban_text(ban)
    found = [
        ban for ban in state.bans.values() if ban.kind == "mask" and matches(ban.value, source)
    ]
    # A loaded state has them in another order than one that saw them made.
    return _ban_text(min(found, key=lambda ban: ban.value)) if found else None


def _ban_text(ban: ServerBan) -> str:
    return f"You are banned from this server ({ban.reason or 'no reason given'})"


def _held_for_another(state: State, folded: FoldedNick, device: str) -> bool:
    held = state.held.get(folded)
    return held is not None and held.until > state.now and held.device != device


def close_session(state: State, entry: entries.Close, out: list[Output]) -> None:
    if entry.session in state.sessions:
        end_session(state, entry.session, entry.reason, out, lost=entry.lost)


def end_session(
    state: State,
    session: SessionId,
    reason: str,
    out: list[Output],
    *,
    lost: bool = False,
    recorded: bool = True,
) -> None:
    """Ends a session, and with its last one the user: others see the QUIT."""
    user = state.detach(session)
    out.extend(Departed(room, (session,)) for room in user.memberships)
    if user.sessions:
        return
    rooms = tuple(member.room for member in user.memberships.values())
    for member in tuple(user.memberships.values()):
        leave_room(state, member)
    if recorded:
        goodbye = happened(state, out, user, "QUIT", rooms, (reason,))
    else:
        goodbye = Event("QUIT", user.source, (reason,), state.now)
    out.append(Deliver(goodbye, tuple(room.id for room in rooms)))
    out.append(Record(whowas(state, user)))
    if lost and user.device and len(state.held) < state.rules.held_names:
        hold_ms = state.rules.guest_name_hold_seconds * 1000
        held = HeldName(user.folded, user.device, state.now + hold_ms)
        state.held[user.folded] = held
        state.save(held)
    state.remove_user(user)


def rename(state: State, entry: entries.Rename, out: list[Output]) -> None:
    user = speaker(state, entry.session)
    folded = fold_nick(entry.nick)
    holder = state.users.get(folded)
    if entry.nick == user.nick:
        return
    if (holder is not None and holder is not user) or _held_for_another(state, folded, user.device):
        raise refuse(Numeric.ERR_NICKNAMEINUSE, entry.nick)
    reason = _banned(state, entry.nick, f"{entry.nick}!{user.username}@{user.host}")
    if reason is not None:
        raise refuse(Numeric.ERR_ERRONEUSNICKNAME, entry.nick, text=reason)
    rooms = tuple(member.room for member in user.memberships.values())
    renaming = happened(state, out, user, "NICK", rooms, (entry.nick,))
    out.append(Record(whowas(state, user)))
    state.rename_user(user, entry.nick)
    out.append(Deliver(renaming, tuple(room.id for room in rooms), user.sessions))
    out.append(Renamed(user.sessions, entry.nick))


def set_away(state: State, entry: entries.SetAway, out: list[Output]) -> None:
    user = speaker(state, entry.session)
    code = Numeric.RPL_NOWAWAY if entry.text else Numeric.RPL_UNAWAY
    out.append(Answer(entry.session, numeric(code)))
    if entry.text == user.away:
        return
    user.away = entry.text
    state.save(user)
    params = (entry.text,) if entry.text else ()
    notice = Event("AWAY", user.source, params, state.now)
    out.append(Deliver(notice, tuple(user.memberships), without=user.sessions))


def set_user_modes(state: State, entry: entries.SetUserModes, out: list[Output]) -> None:
    user = speaker(state, entry.session)
    added = "".join(letter for letter in entry.adding if letter not in user.modes)
    removed = "".join(letter for letter in entry.removing if letter in user.modes)
    if not added and not removed:
        return
    kept = "".join(letter for letter in user.modes if letter not in removed)
    state.invisible += ("i" in added) - ("i" in removed)
    user.modes = "".join(sorted(kept + added))
    state.save(user)
    text = (f"+{added}" if added else "") + (f"-{removed}" if removed else "")
    change = Event("MODE", user.source, (user.nick, text), state.now)
    out.append(Deliver(change, sessions=user.sessions))


def whowas(state: State, user: User) -> WhowasRow:
    """The user's present name as WHOWAS will tell it."""
    return WhowasRow(user.folded, user.nick, user.username, user.host, user.realname, state.now)
