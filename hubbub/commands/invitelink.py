"""INVITELINK: codes by which others may come in or register, made, listed and revoked.

Law: a code is shown once, to who made it; afterwards an invite is known by its number.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Final

from hubbub.commands.row import Call, Kind, Row, When
from hubbub.core import entries
from hubbub.core.codes import DAY_SECONDS, Code
from hubbub.core.inviting import may_see
from hubbub.core.state import State
from hubbub.edge.credentials import Mint, Minted, Outcome
from hubbub.edge.session import Session
from hubbub.edge.work import Lookup, Shown, Verify, Work
from hubbub.irc.replies import Reply, fail

USES, DAYS = 1, 7
"""What an invite is for that says no other: one person, a week."""


def invitelink(call: Call) -> Sequence[Work]:
    """INVITELINK: makes an invite, lists those there are, or ends one."""
    action = call.param(0).lower()
    if action == "list":
        return [Lookup(_list)]
    if action == "revoke":
        return [entries.RevokeCode(call.session.id, _number(call.param(1)))]
    uses = _number(call.param(0)) if call.param(0) else USES
    days = _number(call.param(1)) if call.param(1) else DAYS
    return [Verify(Mint(), lambda outcome: _issue(call, uses, days, outcome))]


def _number(text: str) -> int:
    if not (text.isascii() and text.isdigit() and len(text) <= 15):
        usage = (
            "It is INVITELINK [<people> [<days>]], INVITELINK LIST or INVITELINK REVOKE <number>"
        )
        raise fail("INVITELINK", "INVALID_PARAMS", text=usage)
    return int(text)


def _issue(call: Call, uses: int, days: int, outcome: Outcome) -> Sequence[Work]:
    assert isinstance(outcome, Minted)
    entry = entries.IssueCode(
        call.session.id, "invite", outcome.digest, seconds=days * DAY_SECONDS, uses=uses
    )

    def show(session: Session, state: State) -> Sequence[Shown]:
        code = state.codes.find("invite", outcome.digest, state.now)
        if code is None:
            return ()  # it was refused, and that was said
        text = f"{outcome.code} lets in {described(state, code)}: it is the connection's password"
        made = ("INVITELINK", "CREATED", str(code.number), outcome.code, text)
        return (Reply("NOTE", made),)

    return [entry, Lookup(show)]


def described(state: State, code: Code) -> str:
    """For how many more people an invite is, and until when."""
    until = datetime.fromtimestamp(code.until // 1000, UTC)
    people = "1 more person" if code.uses == 1 else f"{code.uses} more people"
    return f"{people} until {until:%Y-%m-%d %H:%M} UTC"


def maker_of(state: State, code: Code) -> str:
    """Who made an invite, in words."""
    account = state.accounts_by_id.get(code.maker)
    return "the console" if not code.maker else "?" if account is None else account.name


def _list(session: Session, state: State) -> Sequence[Shown]:
    shown = []
    for code in state.codes.of("invite"):
        if may_see(state, session.id, code) and code.until > state.now:
            text = f"{described(state, code)}, by {maker_of(state, code)}"
            shown.append(Reply("NOTE", ("INVITELINK", "INVITE", str(code.number), text)))
    end = Reply("NOTE", ("INVITELINK", "END_OF_INVITES", str(len(shown)), "End of invites"))
    return [*shown, end]


ROWS: Final = (
    Row(
        "INVITELINK",
        When.AFTER,
        Kind.LOGGED,
        0,
        "[<people> [<days>]] | LIST | REVOKE <number>",
        "Makes an invite by which others may come in, lists yours, or ends one.",
        "docs/protocol.md#invites",
        invitelink,
    ),
)
