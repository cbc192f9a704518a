"""NickServ and ChanServ: the phrases that people's fingers know, on the paths of today.

Law: nobody else ever sees what is said to them, and nothing is kept of it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Final

from hubbub.commands import chanserv
from hubbub.commands.accounts import log_in, register_as
from hubbub.commands.row import Call, Kind, Row, When
from hubbub.core.outputs import Event
from hubbub.core.state import State
from hubbub.edge.credentials import Check, Outcome, Unverified, Verified
from hubbub.edge.session import Session
from hubbub.edge.work import Fetch, Lookup, Shown, Verify, Work
from hubbub.irc.names import fold_nick
from hubbub.irc.numerics import Numeric
from hubbub.irc.replies import Refused, refuse

NICKSERV_HELP: Final = (
    "Your name is your account. I understand:",
    "  REGISTER <password> [e-mail]   makes the name you have an account of yours",
    "  IDENTIFY [name] <password>     logs in to an account",
    "Better: have your client log in by itself with SASL, then nobody but the server hears it.",
    "To change your password: /quote ACCOUNT PASSWORD <old> <new>",
)
CHANSERV_HELP: Final = (
    "I understand:",
    "  REGISTER <room>                makes a room that you run your account's: ROOM REGISTER",
    "  INFO <room>, DROP <room>, TRANSFER <room> <account>: ROOM",
    "  ACCESS <room> [LIST | ADD <account> operator|voice | DEL <account>]: ACCESS",
    "  OP, DEOP, VOICE, DEVOICE <room> [name]: MODE    INVITE <room> [name]: INVITE",
    "Whoever makes a room is its operator. /mode, /topic, /kick and /invite do the rest.",
)


def _notices(name: str, lines: Sequence[str]) -> Work:
    """Says something as a service, to the session alone."""

    def read(session: Session, state: State) -> Sequence[Shown | Fetch]:
        source = f"{name}!services@{state.rules.server_name}"
        return [Event("NOTICE", source, (session.nick, line), state.present) for line in lines]

    return Lookup(read)


def _nickserv(call: Call, words: Sequence[str]) -> Sequence[Work]:
    action, given = (words[0].lower() if words else "help"), words[1:]
    if action in ("identify", "login", "id") and len(given) in (1, 2):
        name = given[0] if len(given) == 2 else call.session.nick
        return [Verify(Check(name, given[-1]), lambda outcome: _identified(call.session, outcome))]
    if action == "register" and given:
        email = given[1] if len(given) > 1 else "*"
        return register_as(call, call.session.nick, email, given[0])
    if action in ("ghost", "recover", "release", "regain"):
        text = "Not needed: all your devices can be connected at once. Just log in (IDENTIFY)."
        return [_notices("NickServ", (text,))]
    return [_notices("NickServ", NICKSERV_HELP)]


def _identified(session: Session, outcome: Outcome) -> Sequence[Work]:
    if isinstance(outcome, Verified):
        done = _notices("NickServ", (f"You are now logged in as {outcome.name}.",))
        return [*log_in(session, outcome.account, outcome.name), done]
    reason = outcome.reason if isinstance(outcome, Unverified) else "That didn't work"
    return [_notices("NickServ", (f"{reason}.",))]


def _chanserv(call: Call, words: Sequence[str]) -> Sequence[Work]:
    work = chanserv.understood(call, words)
    return [_notices("ChanServ", CHANSERV_HELP)] if work is None else work


_SERVICES: Final[dict[str, Callable[[Call, Sequence[str]], Sequence[Work]]]] = {
    "nickserv": _nickserv,
    "chanserv": _chanserv,
}


def serve(call: Call, name: str, text: str) -> Sequence[Work]:
    """What a service does about what it is told."""
    try:
        return _SERVICES[fold_nick(name)](call, text.split())
    except Refused as refused:
        return refused.replies


def _short(name: str) -> Callable[[Call], Sequence[Work]]:
    def handler(call: Call) -> Sequence[Work]:
        if not call.params:
            raise refuse(Numeric.ERR_NOTEXTTOSEND)
        return serve(call, name, " ".join(call.params))

    return handler


ROWS: Final = tuple(
    Row(
        command,
        When.AFTER,
        Kind.LOGGED,
        0,
        "<what to tell it>",
        f"Says something to {service}.",
        "docs/protocol.md#services",
        _short(service),
    )
    for command, service in (
        ("NICKSERV", "NickServ"),
        ("NS", "NickServ"),
        ("CHANSERV", "ChanServ"),
        ("CS", "ChanServ"),
    )
)
