"""Invites that people make: a code by which so many others may come in, or register.

Law: who made one may end it, and moderators any; what comes of showing one is in `admission`.
"""

from __future__ import annotations

from typing import Final

from hubbub.core import entries
from hubbub.core.audit import note
from hubbub.core.codes import DAY_SECONDS, Code
from hubbub.core.ids import NO_SESSION, SessionId
from hubbub.core.outputs import Answer, Output
from hubbub.core.presence import require_role, speaker
from hubbub.core.state import State
from hubbub.irc.replies import Reply, fail

MOST_USES: Final = 1_000
MOST_DAYS: Final = 365


def require_inviter(state: State, entry: entries.IssueCode) -> None:
    """Refuses who may not make an invite, and an invite that can't be."""
    require_role(state, entry.session, state.rules.inviters)
    if not 1 <= entry.uses <= MOST_USES or not 1 <= entry.seconds <= MOST_DAYS * DAY_SECONDS:
        text = f"An invite is for 1 to {MOST_USES} people and 1 to {MOST_DAYS} days"
        raise fail("INVITELINK", "INVALID_PARAMS", text=text)
    if len(state.codes.of("invite")) >= state.rules.invites:
        text = "There are as many invites as this server is set to hold: revoke some"
        raise fail("INVITELINK", "TOO_MANY_INVITES", text=text)


def revoke_code(state: State, entry: entries.RevokeCode, out: list[Output]) -> None:
    """Ends an invite: one's own, or for moderators and the console anybody's."""
    code = state.codes.numbered(entry.number)
    if code is None or code.kind != "invite" or not may_see(state, entry.session, code):
        text = "There is no invite of that number: INVITELINK LIST shows yours"
        raise fail("INVITELINK", "INVITE_UNKNOWN", str(entry.number), text=text)
    note(state, entry.session, out, "invite revoked", f"#{code.number}")
    state.end_code(code)
    if entry.session != NO_SESSION:
        told = ("INVITELINK", "REVOKED", str(entry.number), "That invite lets nobody in any more")
        out.append(Answer(entry.session, Reply("NOTE", told)))


def may_see(state: State, session: SessionId, code: Code) -> bool:
    """Whether an invite is a session's own, or the session a moderator's or the console."""
    if session == NO_SESSION:
        return True
    user = speaker(state, session)
    own = user.owner is not None and user.owner.id == code.maker
    return own or user.may("moderator")
