"""INVITE and UNINVITE: who may come into a room, and who may no more."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from hubbub.commands.row import MODERN, Call, Kind, Row, When
from hubbub.core import entries
from hubbub.core.invitations import standing
from hubbub.core.rooms import find_room, require_authority
from hubbub.core.state import State
from hubbub.edge.session import Session
from hubbub.edge.work import Fetch, Lookup, Shown, Work
from hubbub.irc.names import is_room
from hubbub.irc.numerics import Numeric
from hubbub.irc.replies import Reply, numeric, refuse
from hubbub.irc.times import iso_time


def invite(call: Call) -> Sequence[Work]:
    """INVITE: invites a person; without parameters, lists the rooms one is invited to.

    With a room alone, lists who is invited there.
    """
    if not call.params:
        return [Lookup(_invitations)]
    if len(call.params) == 1 and is_room(call.param(0)):
        return [Lookup(lambda session, state: _invited(session, state, call.param(0)))]
    if len(call.params) < 2:
        raise refuse(Numeric.ERR_NEEDMOREPARAMS, "INVITE")
    return [entries.Invite(call.session.id, call.param(0), call.param(1))]


def _invitations(session: Session, state: State) -> Sequence[Shown | Fetch]:
    user = state.sessions[session.id].user
    return [
        *(numeric(Numeric.RPL_INVITELIST, room.name) for room, _ in standing(state, user)),
        numeric(Numeric.RPL_ENDOFINVITELIST),
    ]


def _invited(session: Session, state: State, name: str) -> Sequence[Shown | Fetch]:
    """Who is invited to a room, for those who run it."""
    user = state.sessions[session.id].user
    room = find_room(state, name, user)
    require_authority(room, user)
    kept = [
        invitation
        for invitation in state.invitations.in_room(room.id)
        if invitation.until > state.present
    ]
    notes = [
        Reply(
            "NOTE",
            (
                "INVITE",
                "INVITED",
                room.name,
                invitation.nick,
                f"{invitation.nick} is invited to {room.name}"
                f" by {invitation.inviter.partition('!')[0]} until {iso_time(invitation.until)}",
            ),
        )
        for invitation in sorted(kept, key=lambda kept: (kept.made_at, kept.identity))
    ]
    text = f"{len(notes)} invited to {room.name}"
    return [*notes, Reply("NOTE", ("INVITE", "INVITED_END", room.name, text))]


def uninvite(call: Call) -> Sequence[Work]:
    """UNINVITE: withdraws somebody's invitation, or declines one's own."""
    return [entries.Uninvite(call.session.id, call.param(0), call.param(1))]


ROWS: Final = (
    Row(
        "INVITE",
        When.AFTER,
        Kind.LOGGED,
        0,
        "[<name> <room> | <room>]",
        "Invites a person to a room; lists your invitations, or those to a room.",
        MODERN + "invite-message",
        invite,
    ),
    Row(
        "UNINVITE",
        When.AFTER,
        Kind.LOGGED,
        2,
        "<name> <room>",
        "Withdraws an invitation, or declines yours.",
        "docs/protocol.md#invitations",
        uninvite,
    ),
)
