"""Coming, going and being called: what opens, closes and renames sessions and users."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import msgspec

from hubbub.core import entries
from hubbub.core.admission import admit
from hubbub.core.attributes import (
    ABSENT,
    change_away,
    change_host,
    change_realname,
    host_for,
    set_absent,
    settle_absence,
)
from hubbub.core.audit import note
from hubbub.core.blocking import hidden_from
from hubbub.core.entities import Account, HeldName, Member, User
from hubbub.core.happening import did, happened
from hubbub.core.ids import NO_SESSION, AccountId, SessionId, origin
from hubbub.core.markers import room_target
from hubbub.core.measures import BAN, MUTE, Measure, Signs, signs_of
from hubbub.core.missed import EVERYWHERE, RESTART_MARGIN_MS, note_leaving
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
    Seen,
    Settled,
    WhowasRow,
)
from hubbub.core.sent import SENT_ID_KEPT_MS, Sent
from hubbub.core.state import State
from hubbub.core.ways_back import end_ways_back, keep_ways_back, settle_empty
from hubbub.irc.names import FoldedNick, fold_nick
from hubbub.irc.numerics import Numeric
from hubbub.irc.replies import Refused, Reply, numeric, refuse

NAMED_SETTINGS: Final = 10
"""How many settings that a REHASH changed the audit log names."""
LOCKDOWN: Final = "lockdown"
"""The counter that has the number of the act by which new guests aren't let in, or 0."""
LOCKED: Final = "No new guests are let in at the moment: log in to your account, or try again later"


def leave_room(state: State, member: Member, seen: int = 0) -> None:
    """Takes a member out; `seen` is as in `note_leaving`."""
    room = member.room
    state.remove_member(member)
    if room.spoken:
        note_leaving(state, member.user, room_target(room), seen)
    settle_empty(state, room)


def speaker(state: State, session: SessionId) -> User:
    """The user of a session; refuses when there is none."""
    presence = state.sessions.get(session)
    if presence is None:
        raise refuse(Numeric.ERR_NOTREGISTERED)
    return presence.user


def addresses_of(state: State, user: User) -> tuple[str, ...]:
    """Where a user's sessions come from, each once; this machine is no address."""
    here = (state.sessions[session] for session in user.sessions)
    found = dict.fromkeys(session.address or session.host for session in here)
    return tuple(address for address in found if address not in ("", "localhost"))


def known_addresses(state: State, asker: User, user: User) -> tuple[str, ...]:
    """The same as far as the asker may know: its own, and with a role everybody's."""
    allowed = asker is user or asker.may("moderator")
    return addresses_of(state, user) if allowed else ()


def require_role(state: State, session: SessionId, role: str) -> None:
    """Refuses unless the session's account has the role; the console may do everything."""
    if session != NO_SESSION and not speaker(state, session).may(role):
        raise refuse(Numeric.ERR_NOPRIVILEGES, text=f"That takes the role of {role}")


def require_over(state: State, session: SessionId, account: Account | None) -> None:
    """Refuses what a session would do against an account, unless it has the higher role.

    Nothing is done against an admin, the console's neither: the role has to go first.
    """
    if account is None or not account.may("moderator"):
        return
    if account.may("admin"):
        text = f"{account.name} is {account.role}: that role has to be taken away first"
        raise refuse(Numeric.ERR_NOPRIVILEGES, text=text)
    if session != NO_SESSION and not speaker(state, session).may("admin"):
        text = f"{account.name} is {account.role}: that takes an admin"
        raise refuse(Numeric.ERR_NOPRIVILEGES, text=text)


def mute_of(state: State, user: User) -> Measure | None:
    """The mute that keeps a user from speaking, or None."""
    if not state.measures.any_mute:
        return None
    return state.measures.against(MUTE, signs_of(user, addresses_of(state, user)), state.now)


def require_unmuted(state: State, user: User, room: str) -> None:
    """Refuses what a muted user would say in a room."""
    made = mute_of(state, user)
    if made is not None:
        text = f"Cannot send to channel (you are muted{made.terms})"
        raise refuse(Numeric.ERR_CANNOTSENDTOCHAN, room, text=text)


def node_started(state: State, entry: entries.NodeStarted, out: list[Output]) -> None:
    """A node's earlier epochs are over: whoever was there lost the connection."""
    state.rules = entry.rules
    gone = [
        session
        for session in sorted(state.sessions)  # in the order that a loaded state has, too
        if origin(session)[0] == entry.node and origin(session)[1] < entry.epoch
    ]
    for session in gone:
        seen = max(state.before - RESTART_MARGIN_MS, 1)
        end_session(state, session, "Server restarted", out, lost=True, recorded=False, seen=seen)


def rules_changed(state: State, entry: entries.RulesChanged, out: list[Output]) -> None:
    """The operator's, or an admin's, REHASH: what it changed is in the audit log."""
    told, more = entry.changed[:NAMED_SETTINGS], len(entry.changed) - NAMED_SETTINGS
    detail = ", ".join(told) + (f" and {more} more" if more > 0 else "")
    note(state, entry.session, out, "rehash", "", detail=detail, who=entry.by)
    state.rules = entry.rules


def time_passed(state: State, entry: entries.TimePassed, out: list[Output]) -> None:
    """Lets go of what has expired."""
    for code in [code for code in state.codes if code.until <= state.now]:
        state.end_code(code)
    for pending in [one for one in state.pending.values() if one.until <= state.now]:
        state.end_pending(pending)
    for held in [held for held in state.held.values() if held.until <= state.now]:
        del state.held[held.folded]
        state.erase(held)
    for over in state.measures.expired(state.now):
        state.measures.remove(over)
        state.erase(over)
    for surge in [surge for surge in state.surges.values() if surge.until < state.now]:
        del state.surges[surge.room]
        state.erase(surge)
    for report in [report for report in state.reports.values() if report.is_over(state.now)]:
        del state.reports[report.number]
        state.erase(report)
    while state.invitations.expired(state.now):
        state.end_invitation(state.invitations.first())
    end_ways_back(state)
    for maker in state.makers.over(state.now):
        del state.makers.known[maker.mark]
        state.erase(maker)
    for redirect in state.redirects.expired(state.now):
        state.drop_redirect(redirect)
    forget_sent(state, state.sent.older_than(state.now - SENT_ID_KEPT_MS))


def forget_sent(state: State, gone: Sequence[Sent]) -> None:
    """Lets go of send-once ids."""
    for sent in gone:
        state.sent.remove(sent)
        state.erase(sent)


def open_session(state: State, entry: entries.Open, out: list[Output]) -> None:
    """Admits a session under a name, or says why not and leaves it to choose another."""
    if entry.session in state.sessions:
        return
    reason = _kept_out(state, entry)
    if reason is not None:
        out.append(Settled(entry.session, ""))
        out.append(Answer(entry.session, numeric(Numeric.ERR_YOUREBANNEDCREEP, text=reason)))
        out.append(HangUp(entry.session, reason))
        return
    if entry.account:
        _open_account(state, entry, out)
        return
    if entry.invite and not _admitted(state, entry, out):
        return
    holder = state.user_named(entry.nick)
    same_device = holder is not None and entry.device != "" and holder.device == entry.device
    if (holder is not None and not same_device) or held_for_another(
        state, fold_nick(entry.nick), entry.device
    ):
        out.append(Settled(entry.session, ""))
        out.append(Answer(entry.session, _in_use(entry.nick, holder)))
        return
    twin = state.looks.like(entry.skeleton) if holder is None else None
    if twin is not None:
        out.append(Settled(entry.session, ""))
        out.append(Answer(entry.session, too_alike(entry.nick, twin)))
        return
    if holder is None:
        user = _new_user(state, entry)
    else:
        user = holder
        for session in user.sessions:
            _replace(state, session, out)
    _attach(state, user, entry, out)
    out.append(Settled(entry.session, user.nick))
    if holder is None:
        out.append(Seen(user.nick, user.source))
    out.extend(Entered(room, (entry.session,)) for room in user.memberships)


def _admitted(state: State, entry: entries.Open, out: list[Output]) -> bool:
    if admit(state, entry.invite, entry.device, entry.session):
        return True
    reason = "Your invite is over: ask for another one"
    out.append(Settled(entry.session, ""))
    out.append(Answer(entry.session, numeric(Numeric.ERR_PASSWDMISMATCH, text=reason)))
    out.append(HangUp(entry.session, reason))
    return False


def _kept_out(state: State, entry: entries.Open) -> str | None:
    """Why a session isn't let in at all, or None."""
    account = state.accounts_by_id.get(AccountId(entry.account))
    name, address = f"{entry.nick}!{entry.username}", entry.address or entry.host
    signs = Signs(
        fold_nick(entry.nick),
        (f"{name}@{entry.host}", f"{name}@{address}"),
        (address,),
        entry.device,
        entry.account,
        has_role=account is not None and account.may("moderator"),
    )
    ban = state.measures.against(BAN, signs, state.now)
    if ban is not None:
        return f"You are banned from this server{ban.terms}"
    if entry.account or not state.counter(LOCKDOWN):
        return None
    folded = fold_nick(entry.nick)
    holder, held = state.users.get(folded), state.held.get(folded)
    devices = [known.device for known in (holder, held) if known is not None]
    # Whoever lost the connection comes back; whoever is new has to wait.
    return None if entry.device and entry.device in devices else LOCKED


def _attach(state: State, user: User, entry: entries.Open, out: list[Output]) -> None:
    state.attach(entry.session, user, entry.secure, entry.host, entry.address, entry.certificate)
    if entry.away and entry.away != ABSENT:
        change_away(state, user, entry.away, out)
    set_absent(state, state.sessions[entry.session], entry.away == ABSENT)
    settle_absence(state, user, out)


def _in_use(nick: str, holder: User | None) -> Reply:
    """Why a name can't be had, and for a registered one what its owner has to do."""
    if holder is None or holder.owner is None:
        return numeric(Numeric.ERR_NICKNAMEINUSE, nick)
    text = "This name is registered: log in to its account (SASL), or choose another name"
    return numeric(Numeric.ERR_NICKNAMEINUSE, nick, text=text)


def too_alike(nick: str, twin: User) -> Reply:
    """Why a name that looks like another one can't be had."""
    text = f"This name looks the same as {twin.nick}, who is somebody else: choose another name"
    return numeric(Numeric.ERR_NICKNAMEINUSE, nick, text=text)


def _open_account(state: State, entry: entries.Open, out: list[Output]) -> None:
    """A session joins its account's user: the others it has, or none at all for a while."""
    account = state.accounts_by_id.get(AccountId(entry.account))
    if account is None:
        reason = "This account has been deleted"
        out.append(Settled(entry.session, ""))
        out.append(HangUp(entry.session, reason))
        return
    user = state.user_of(account)
    if user.left:
        change_realname(state, user, entry.realname, out)
        change_host(state, user, entry.username, host_for(state, account, entry.host), out)
        user.signed_on = state.now
        come_back(state, user, out, entry.away)
    _attach(state, user, entry, out)
    out.append(Settled(entry.session, user.nick))
    out.extend(Entered(room, (entry.session,)) for room in user.memberships)


def come_back(state: State, user: User, out: list[Output], away: str = "") -> None:
    """An account's first session is about to be attached: it is as away as that says.

    What it was invited to meanwhile the session is shown by who made it come (`told == now`).
    """
    for invitation in state.invitations.of(user.identity):
        if not invitation.told:
            invitation.told = state.now
            state.save(invitation)
    user.left, user.own_away = 0, away
    state.save(user)
    back, hidden = did(state, user, "AWAY", (away,) if away else ()), hidden_from(state, user)
    out.append(Deliver(back, tuple(user.memberships), without=hidden, watched=user.folded))
    out.append(Seen(user.nick, user.source, hidden))


def go_offline(state: State, user: User, out: list[Output], seen: int = 0) -> None:
    """An account's last session has ended: its user stays a member and is shown as away."""
    user.own_away, user.left = "", max(state.now, 1)
    note_leaving(state, user, EVERYWHERE, seen)
    state.save(user)
    gone, hidden = did(state, user, "AWAY", (user.away,)), hidden_from(state, user)
    out.append(Deliver(gone, tuple(user.memberships), without=hidden, watched=user.folded))
    out.append(Seen(user.nick, without=hidden))


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
        skeleton=entry.skeleton,
    )
    state.add_user(user)
    return user


def _replace(state: State, session: SessionId, out: list[Output]) -> None:
    """Closes the old connection of a device that came back; its user stays where it is."""
    user = state.detach(session)
    note_leaving(state, user, EVERYWHERE, max(state.now - RESTART_MARGIN_MS, 1))
    out.append(HangUp(session, "Replaced by a newer connection of this device"))
    out.extend(Departed(room, (session,)) for room in user.memberships)


def is_account_banned(state: State, account: Account) -> str | None:
    """Why an account may not log in, or None."""
    signs = Signs("", (), account=account.id, has_role=account.may("moderator"))
    ban = state.measures.against(BAN, signs, state.now)
    return None if ban is None else f"This account is banned{ban.terms}"


def held_for_another(state: State, folded: FoldedNick, device: str) -> bool:
    """Whether a name is kept for a device that isn't this one."""
    held = state.held.get(folded)
    return held is not None and held.until > state.now and held.device != device


def close_session(state: State, entry: entries.Close, out: list[Output]) -> None:
    presence = state.sessions.get(entry.session)
    if presence is None:
        return
    reason = entry.reason
    if mute_of(state, presence.user) is not None:
        reason = reason.partition(": ")[0]  # "Quit", without last words
    end_session(state, entry.session, reason, out, lost=entry.lost, seen=entry.seen)


def end_session(
    state: State,
    session: SessionId,
    reason: str,
    out: list[Output],
    *,
    lost: bool = False,
    recorded: bool = True,
    seen: int = 0,
) -> None:
    """Ends a session, and with its last one the user: others see the QUIT.

    An account's user stays where it is, offline.
    """
    user = state.detach(session)
    out.extend(Departed(room, (session,)) for room in user.memberships)
    if user.sessions:
        settle_absence(state, user, out)
        return
    if user.owner is not None:
        go_offline(state, user, out, seen)
        return
    if lost and user.device:
        keep_ways_back(state, user)
    depart(state, user, reason, out, recorded=recorded, seen=seen)
    out.append(Record(whowas(state, user)))
    if lost and user.device and len(state.held) < state.rules.held_names:
        hold_ms = state.rules.guest_name_hold_seconds * 1000
        held = HeldName(user.folded, user.device, state.now + hold_ms)
        state.held[user.folded] = held
        state.save(held)
    if not user.device:
        for marker in state.markers.of(user.identity):  # its identity never comes again
            state.markers.remove(marker)
            state.erase(marker)
        for invitation in state.invitations.of(user.identity):
            state.end_invitation(invitation)
    state.remove_user(user)
    out.append(Seen(user.nick))


def depart(
    state: State,
    user: User,
    reason: str,
    out: list[Output],
    *,
    recorded: bool = True,
    seen: int = 0,
) -> None:
    """Takes a user out of all its rooms; whoever was there with it sees the QUIT."""
    rooms = tuple(member.room for member in user.memberships.values())
    for member in tuple(user.memberships.values()):
        leave_room(state, member, seen)
    if recorded:
        goodbye = happened(state, out, user, "QUIT", rooms, (reason,))
    else:
        goodbye = did(state, user, "QUIT", (reason,))
    out.append(Deliver(goodbye, tuple(room.id for room in rooms)))


def rename(state: State, entry: entries.Rename, out: list[Output]) -> None:
    user = speaker(state, entry.session)
    folded = fold_nick(entry.nick)
    holder = state.users.get(folded)
    if entry.nick == user.nick:
        return
    if user.owner is not None and folded != user.folded:
        text = f"You are logged in as {user.account}, and your name is your account"
        raise refuse(Numeric.ERR_NONICKCHANGE, text=text)
    if (holder is not None and holder is not user) or held_for_another(state, folded, user.device):
        raise Refused(_in_use(entry.nick, holder))
    twin = state.looks.like(entry.skeleton, user)
    if twin is not None:
        raise Refused(too_alike(entry.nick, twin))
    if user.owner is None:
        signs = signs_of(user, addresses_of(state, user))
        faces = [f"{entry.nick}!{face.partition('!')[2]}" for face in signs.faces]
        later = msgspec.structs.replace(signs, name=folded, faces=tuple(faces))
        ban = state.measures.against(BAN, later, state.now)
        if ban is not None:
            text = f"You are banned from this server{ban.terms}"
            raise refuse(Numeric.ERR_ERRONEUSNICKNAME, entry.nick, text=text)
    before, old_nick = user.folded, user.nick
    rooms = tuple(member.room for member in user.memberships.values())
    renaming = happened(state, out, user, "NICK", rooms, (entry.nick,))
    out.append(Record(whowas(state, user)))
    state.rename_user(user, entry.nick, entry.skeleton)
    if user.owner is not None:
        user.owner.name = entry.nick
        state.save(user.owner)
    out.append(Deliver(renaming, tuple(room.id for room in rooms), user.sessions))
    out.append(Renamed(user.sessions, entry.nick))
    if folded != before:
        out.append(Seen(old_nick))
        out.append(Seen(user.nick, user.source))


def set_away(state: State, entry: entries.SetAway, out: list[Output]) -> None:
    user = speaker(state, entry.session)
    code = Numeric.RPL_NOWAWAY if entry.text else Numeric.RPL_UNAWAY
    out.append(Answer(entry.session, numeric(code)))
    set_absent(state, state.sessions[entry.session], entry.text == ABSENT)
    if entry.text != ABSENT:
        change_away(state, user, entry.text, out)
    settle_absence(state, user, out)


def set_realname(state: State, entry: entries.SetRealname, out: list[Output]) -> None:
    change_realname(state, speaker(state, entry.session), entry.text, out)


def require_self(state: State, user: User, nick: str) -> None:
    """Refuses unless that is how the user is called now."""
    if fold_nick(nick) != user.folded:
        if state.user_named(nick) is None:
            raise refuse(Numeric.ERR_NOSUCHNICK, nick)
        raise refuse(Numeric.ERR_USERSDONTMATCH)


def set_user_modes(state: State, entry: entries.SetUserModes, out: list[Output]) -> None:
    user = speaker(state, entry.session)
    if entry.nick:
        require_self(state, user, entry.nick)
    added = "".join(letter for letter in entry.adding if letter not in user.modes)
    removed = "".join(letter for letter in entry.removing if letter in user.modes)
    if added or removed:
        kept = "".join(letter for letter in user.modes if letter not in removed)
        state.invisible += ("i" in added) - ("i" in removed)
        user.modes = "".join(sorted(kept + added))
        state.save(user)
        text = (f"+{added}" if added else "") + (f"-{removed}" if removed else "")
        change = Event("MODE", user.source, (user.nick, text), state.now)
        out.append(Deliver(change, sessions=user.sessions))
    if entry.unknown:
        out.append(Answer(entry.session, numeric(Numeric.ERR_UMODEUNKNOWNFLAG)))


def whowas(state: State, user: User) -> WhowasRow:
    """The user's present name as WHOWAS will tell it."""
    return WhowasRow(user.folded, user.nick, user.username, user.host, user.realname, state.now)
