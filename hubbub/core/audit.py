"""The audit log: who with a role did what, to whom, when and why.

Law: an act is noted in the entry that does it, so that no act is without its note nor the other way
round. The log is rows of the store: the state knows only the last number.
"""

from __future__ import annotations

from typing import Final

from hubbub.core.ids import NO_SESSION, SessionId
from hubbub.core.outputs import AuditRow, Deliver, Event, Output, Record
from hubbub.core.state import State
from hubbub.irc.times import moment

CONSOLE: Final = "console"
"""Who acts at the console or the admin socket."""


def actor(state: State, session: SessionId) -> str:
    """The name under which a session's acts are noted."""
    return CONSOLE if session == NO_SESSION else state.sessions[session].user.nick


def next_number(state: State) -> int:
    """The number that the next `note` will have."""
    return state.counter("audit") + 1


def note(
    state: State,
    session: SessionId,
    out: list[Output],
    action: str,
    target: str,
    reason: str = "",
    *,
    until: int = 0,
    detail: str = "",
    who: str = "",
) -> int:
    """Notes what a session, or `who` had the server do it, did; the act's number."""
    number = state.take_id("audit")
    who = who or actor(state, session)
    row = AuditRow(number, state.now, who, action, target, reason, until, detail)
    out.append(Record(row))
    return number


def moderators(state: State, besides: SessionId = NO_SESSION) -> tuple[SessionId, ...]:
    """The sessions of all who have a role, but for one."""
    return tuple(
        session
        for account in state.accounts_by_id.values()
        if account.may("moderator")
        for session in state.user_of(account).sessions
        if session != besides
    )


def tell_moderators(
    state: State, out: list[Output], text: str, besides: SessionId = NO_SESSION
) -> None:
    """Says something, as the server, to all who have a role, but for one session."""
    sessions = moderators(state, besides)
    if sessions:
        event = Event("WALLOPS", state.rules.server_name, (text,), state.now)
        out.append(Deliver(event, sessions=sessions))


def line(row: AuditRow) -> str:
    """An act as moderators read it."""
    what = " ".join(word for word in (row.action, row.target) if word)
    detail = f" [{row.detail}]" if row.detail else ""
    until = f" until {moment(row.until)}" if row.until else ""
    reason = f" ({row.reason})" if row.reason else ""
    return f"#{row.number} {moment(row.time)} {row.who}: {what}{detail}{until}{reason}"
