"""Inviting people to a room, and taking that back.

Law: an invitation is kept by the identity of the invited, so it outlives connections and restarts;
it opens the door once, and ends by itself after the time that the rules give it.
"""

from __future__ import annotations

import msgspec

from hubbub.core import entries
from hubbub.core.access import by_role
from hubbub.core.audit import note
from hubbub.core.blocking import away_of, block_of
from hubbub.core.entities import Room, User
from hubbub.core.happening import did
from hubbub.core.ids import SessionId
from hubbub.core.outputs import Answer, Deliver, Event, Output
from hubbub.core.presence import require_unmuted, speaker
from hubbub.core.rooms import find_member, find_room, is_banned, require_authority, require_operator
from hubbub.core.standing import Invitation
from hubbub.core.state import State
from hubbub.irc.names import fold_nick
from hubbub.irc.numerics import Numeric
from hubbub.irc.replies import Reply, fail, numeric, refuse


def invite(state: State, entry: entries.Invite, out: list[Output]) -> None:
    """Invites a user: any member may; past what keeps people out (`_admit`) its operators."""
    user = speaker(state, entry.session)
    target = state.user_named(entry.nick)
    if target is None:
        raise refuse(Numeric.ERR_NOSUCHNICK, entry.nick)
    room = find_room(state, entry.room, user)
    member = find_member(room, user)
    require_unmuted(state, user, room.name)
    if "i" in room.flags or room.key_word or room.limit or is_banned(room, target):
        require_operator(member)
    if target.id in room.members:
        raise refuse(Numeric.ERR_USERONCHANNEL, target.nick, room.name)
    if block_of(state, target, user) is not None:
        _pretend(state, entry, room, target, user, out)
        return
    _require_space(state, room, target)
    told = state.now if target.sessions else 0
    until = state.now + state.rules.invitation_seconds * 1000
    state.add_invitation(
        Invitation(
            target.identity,
            room.id,
            target.source,
            user.identity,
            user.source,
            state.now,
            until,
            told,
        )
    )
    out.append(Answer(entry.session, numeric(Numeric.RPL_INVITING, target.nick, room.name)))
    if target.away:
        out.append(Answer(entry.session, numeric(Numeric.RPL_AWAY, target.nick, text=target.away)))
    invitation = did(state, user, "INVITE", (target.nick, room.name))
    out.append(Deliver(invitation, sessions=target.sessions))
    _tell_inviters(room, msgspec.structs.replace(invitation, aside=True), entry.session, out)


def _pretend(
    state: State,
    entry: entries.Invite,
    room: Room,
    target: User,
    user: User,
    out: list[Output],
) -> None:
    """Answers somebody who is blocked as if the other one were offline; nothing comes of it."""
    out.append(Answer(entry.session, numeric(Numeric.RPL_INVITING, target.nick, room.name)))
    away = away_of(state, target, user)
    if away:
        out.append(Answer(entry.session, numeric(Numeric.RPL_AWAY, target.nick, text=away)))


def _require_space(state: State, room: Room, target: User) -> None:
    """Refuses one invitation too many, for the room or the person."""
    invitations, most = state.invitations, state.rules.invitations
    if invitations.get(target.identity, room.id) is not None:
        return
    if len(invitations.in_room(room.id)) >= most:
        text = f"{room.name} has {most} invitations standing: UNINVITE somebody first"
        raise fail("INVITE", "TOO_MANY_INVITATIONS", room.name, text=text)
    if len(invitations.of(target.identity)) >= most:
        text = f"{target.nick} has {most} invitations standing, which is as many as one may have"
        raise fail("INVITE", "TOO_MANY_INVITATIONS", target.nick, text=text)


def _tell_inviters(room: Room, invitation: Event, inviter: SessionId, out: list[Output]) -> None:
    """Shows an invitation to the others who may invite, as far as they asked for such."""
    if "i" not in room.flags:
        out.append(Deliver(invitation, (room.id,), without=(inviter,)))
        return
    sessions = (
        session
        for member in room.members.values()
        if "o" in member.ranks
        for session in member.user.sessions
    )
    out.append(Deliver(invitation, sessions=tuple(sessions), without=(inviter,)))


def uninvite(state: State, entry: entries.Uninvite, out: list[Output]) -> None:
    """Withdraws an invitation: its maker may, who runs the room, and the invited declines its own."""
    user = speaker(state, entry.session)
    room = find_room(state, entry.room, user)
    declining = fold_nick(entry.nick) == user.folded
    invitation = _find(state, room, entry.nick)
    if not declining and (invitation is None or invitation.invited_by != user.identity):
        require_authority(room, user)
    if invitation is None:
        text = f"There is no invitation of {entry.nick} to {room.name}"
        raise fail("UNINVITE", "NOT_INVITED", entry.nick, room.name, text=text)
    if not declining and invitation.invited_by != user.identity and by_role(room, user):
        note(state, entry.session, out, "uninvite", invitation.nick, detail=room.name)
    state.end_invitation(invitation)
    text = "You declined the invitation" if declining else "The invitation was withdrawn"
    told = Reply("NOTE", ("UNINVITE", "WITHDRAWN", invitation.nick, room.name, text))
    invited = state.user_named(invitation.nick)
    theirs = () if invited is None or invited.identity != invitation.identity else invited.sessions
    for session in dict.fromkeys((entry.session, *theirs)):
        out.append(Answer(session, told))


def _find(state: State, room: Room, nick: str) -> Invitation | None:
    """The invitation of who is called so, or was when it was invited."""
    user = state.user_named(nick)
    if user is not None:
        own = state.invitations.get(user.identity, room.id)
        if own is not None:
            return own
    folded = fold_nick(nick)
    named = (kept for kept in state.invitations.in_room(room.id) if fold_nick(kept.nick) == folded)
    return next(named, None)


def standing(state: State, user: User) -> list[tuple[Room, Invitation]]:
    """The rooms that a user may enter by invitation."""
    return [
        (state.rooms_by_id[invitation.room], invitation)
        for invitation in state.invitations.of(user.identity)
        if invitation.until > state.present
    ]


def move_invitations(state: State, before: str, after: str) -> None:
    """What a guest was invited to its account is; how long it stands stays as it was."""
    for invitation in state.invitations.of(before):
        state.end_invitation(invitation)
        earlier = state.invitations.get(after, invitation.room)
        if earlier is None or earlier.until < invitation.until:
            state.add_invitation(msgspec.structs.replace(invitation, identity=after))


def told_now(state: State, user: User) -> list[Event]:
    """The invitations that a user who was offline is to be shown as it comes back."""
    return [
        Event("INVITE", invitation.inviter, (user.nick, room.name), invitation.made_at)
        for room, invitation in standing(state, user)
        if invitation.told == state.now and invitation.made_at < state.now
    ]
