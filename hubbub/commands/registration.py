"""Becoming known: CAP, DEVICE, PASS, NICK, USER; and staying and leaving: PING, PONG, QUIT."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Sequence
from typing import Final

from hubbub.commands.accounts import log_in, shown_invite
from hubbub.commands.arrival import Reading, arriving
from hubbub.commands.metadata import described
from hubbub.commands.naming import name_problem, reserved_problem
from hubbub.commands.packing import LINE_BYTES
from hubbub.commands.row import IRCV3, MODERN, Call, Kind, Row, When, cut
from hubbub.core import entries
from hubbub.core.rules import Rules
from hubbub.core.state import State
from hubbub.edge import sasl
from hubbub.edge.codes import SHAPE, digest
from hubbub.edge.credentials import Check, Outcome, Unverified, Verified
from hubbub.edge.session import INVITE, Phase, Registration, Session
from hubbub.edge.work import Goodbye, Lookup, Shown, Verify, Work
from hubbub.irc.capabilities import BY_NAME, CAPABILITIES, Capability
from hubbub.irc.names import fold_nick
from hubbub.irc.numerics import Numeric
from hubbub.irc.replies import Reply, fail, numeric, refuse
from hubbub.irc.skeletons import skeleton

CAP_LINE_BYTES: Final = 400
"""How many bytes of names one line of CAP LS or LIST holds."""
DEVICE_TOKEN_BYTES: Final = range(16, 65)


def cap(call: Call) -> Sequence[Work]:
    """CAP: says, takes on and ends the negotiation of capabilities."""
    handler = _SUBCOMMANDS.get(call.param(0).upper())
    if handler is None:
        raise refuse(Numeric.ERR_INVALIDCAPCMD, call.param(0))
    return handler(call)


def _cap_ls(call: Call) -> Sequence[Work]:
    session = call.session
    version = call.param(1)
    if version.isascii() and version.isdigit():
        session.cap_version = max(session.cap_version, int(version[:4]))
    if session.cap_version >= 302:
        session.choose(session.capabilities | {"cap-notify"})
    if session.registration is not None:
        session.registration.negotiating = True
    offers = [_offer(capability, call) for capability in CAPABILITIES]
    if session.sts and session.cap_version >= 302:
        # It is no row of the table: "Clients MUST NOT request this capability with CAP REQ".
        offers.append(f"sts={session.sts}")
    return _cap_lines(call, "LS", offers)


def _offer(capability: Capability, call: Call) -> str:
    """A capability as CAP LS says it: with its value to clients that know of values."""
    if call.session.cap_version < 302 or not capability.value:
        return capability.name
    offered = sasl.mechanisms(call.session.fingerprint)
    return f"{capability.name}={capability.value.format(rules=call.rules, sasl=offered)}"


def _cap_list(call: Call) -> Sequence[Work]:
    return _cap_lines(call, "LIST", sorted(call.session.capabilities))


def _cap_lines(call: Call, subcommand: str, names: Sequence[str]) -> Sequence[Work]:
    lines = [""]
    for name in names:
        if len(lines[-1]) + len(name) > CAP_LINE_BYTES:
            lines.append("")
        lines[-1] += f" {name}" if lines[-1] else name
    if call.session.cap_version < 302:
        lines = [_one_line(names)]
    nick = call.session.nick or "*"
    *firsts, last = lines
    return [
        *(Reply("CAP", (nick, subcommand, "*", line)) for line in firsts),
        Reply("CAP", (nick, subcommand, last)),
    ]


def _one_line(names: Sequence[str]) -> str:
    """What fits into the only line that a client of before 302 takes; those who know drafts know 302."""
    line = ""
    for name in sorted(names, key=lambda name: "/" in name):
        if len(line) + len(name) <= CAP_LINE_BYTES:
            line += f" {name}" if line else name
    return line


def _cap_req(call: Call) -> Sequence[Work]:
    session = call.session
    if session.registration is not None:
        session.registration.negotiating = True
    wanted = call.param(1)
    chosen = set(session.capabilities)
    for word in wanted.split():
        name = word.removeprefix("-")
        if name not in BY_NAME or (name == "cap-notify" != word and session.cap_version >= 302):
            return [Reply("CAP", (session.nick or "*", "NAK", wanted))]
        if word.startswith("-"):
            chosen.discard(name)
        else:
            chosen.add(name)
    session.choose(frozenset(chosen))
    return [Reply("CAP", (session.nick or "*", "ACK", wanted))]


def _cap_end(call: Call) -> Sequence[Work]:
    if call.session.registration is None:
        return []
    call.session.registration.negotiating = False
    return _open_if_ready(call)


_SUBCOMMANDS = {"LS": _cap_ls, "LIST": _cap_list, "REQ": _cap_req, "END": _cap_end}


def _registration(call: Call) -> Registration:
    registration = call.session.registration
    if registration is None:
        raise refuse(Numeric.ERR_ALREADYREGISTERED)
    return registration


def device(call: Call) -> Sequence[Work]:
    """DEVICE: presents this device's token, of which only the hash goes any further."""
    token = call.param(0).encode()
    if len(token) not in DEVICE_TOKEN_BYTES:
        raise fail("DEVICE", "INVALID_TOKEN", text="A device token has 16 to 64 characters")
    _registration(call).device = hashlib.sha256(token).hexdigest()
    return []


def password(call: Call) -> Sequence[Work]:
    """PASS: the server's invite, where guests need one; or `account:password`, for old clients."""
    registration = _registration(call)
    if hmac.compare_digest(call.param(0).encode(), registration.invite.encode()):
        registration.admitted = True
        call.session.invite = INVITE if registration.invite else ""
        return []
    if SHAPE.fullmatch(call.param(0)):
        return [Lookup(_invited(digest(call.param(0))), early=True)]
    name, found, word = call.param(0).partition(":")
    if not found or not name or not word:
        return []
    return [Verify(Check(name, word), lambda outcome: _passed(call, outcome))]


def _invited(digest: str) -> Reading:
    """Looks whether that is an invite of somebody's; whether it lets in is decided at the end."""

    def read(session: Session, state: State) -> Sequence[Shown]:
        known = state.codes.find("invite", digest, state.now, spent=True)
        if known is not None and session.registration is not None:
            session.registration.admitted = True
            session.invite = digest
        return ()

    return read


def _passed(call: Call, outcome: Outcome) -> Sequence[Work]:
    if isinstance(outcome, Verified):
        return log_in(call.session, outcome.account, outcome.name)[:1]
    reason = outcome.reason if isinstance(outcome, Unverified) else "It didn't work"
    return [numeric(Numeric.ERR_PASSWDMISMATCH, text=reason)]


def nick(call: Call) -> Sequence[Work]:
    """NICK: chooses a name, or changes it."""
    name = call.param(0)
    if not name:
        raise refuse(Numeric.ERR_NONICKNAMEGIVEN)
    problem = name_problem(name, call.rules)
    if problem is not None:
        raise refuse(Numeric.ERR_ERRONEUSNICKNAME, name, text=problem)
    if call.session.registration is None:
        if fold_nick(name) != fold_nick(call.session.nick):
            require_unreserved(name, call.rules)
        return [entries.Rename(call.session.id, name, skeleton(name))]
    call.session.registration.nick = name
    return _open_if_ready(call)


def require_unreserved(name: str, rules: Rules) -> None:
    """Refuses a name that only accounts can have which the operator made."""
    problem = reserved_problem(name, rules)
    if problem is not None:
        raise refuse(Numeric.ERR_ERRONEUSNICKNAME, name, text=problem)


def user(call: Call) -> Sequence[Work]:
    """USER: the username and real name."""
    registration = _registration(call)
    allowed = "".join(c for c in call.param(0) if c.isascii() and (c.isalnum() or c in "-_."))
    registration.username = "~" + (allowed[: call.rules.user_bytes - 1] or "user")
    realname = cut(call.param(3), call.rules.realname_bytes)
    registration.realname = realname or registration.username
    return _open_if_ready(call)


def _open_if_ready(call: Call) -> Sequence[Work]:
    """Asks the log to admit the session once it has said everything that is needed."""
    session, registration = call.session, _registration(call)
    if registration.negotiating or not registration.nick or not registration.username:
        return []
    if call.rules.guests == "no" and not registration.account:
        text = "This server is for people with an account: log in, or register first"
        return [numeric(Numeric.ERR_PASSWDMISMATCH, text=text), Goodbye(text)]
    if call.rules.guests == "invite" and not registration.admitted:
        text = "This server is by invitation: connect with the invite as the password"
        return [numeric(Numeric.ERR_PASSWDMISMATCH, text=text), Goodbye(text)]
    if not registration.account:
        name, registration.nick = registration.nick, ""
        require_unreserved(name, call.rules)
        registration.nick = name
    aborted: list[Work] = []
    if session.sasl is not None:
        # "the server SHOULD abort it and send a 906 numeric, then register the client"
        session.sasl = None
        aborted.append(numeric(Numeric.ERR_SASLABORTED))
    session.phase = Phase.OPENING
    lobby = call.rules.lobby
    welcome, enter = arriving(lobby)
    return [
        *aborted,
        entries.Open(
            session.id,
            registration.nick,
            registration.username,
            registration.realname,
            session.host,
            registration.device,
            session.secure,
            away=registration.away,
            account=registration.account,
            invite=shown_invite(session) if call.rules.guests == "invite" else "",
            address=session.known_address,
            skeleton=skeleton(registration.nick),
            certificate=session.fingerprint,
        ),
        *described(session),
        Lookup(welcome),
        entries.Join(session.id, lobby),
        Lookup(enter),
        *([entries.Attend(session.id)] if registration.account else ()),
    ]


def ping(call: Call) -> Sequence[Work]:
    # A line of ours is no longer than one of theirs, though it names the server as well.
    name = call.rules.server_name
    room_left = LINE_BYTES - len(f":{name} PONG {name} :")
    return [Reply("PONG", (name, cut(call.param(0), room_left)))]


def pong(call: Call) -> Sequence[Work]:
    return []


def quit_(call: Call) -> Sequence[Work]:
    reason = cut(call.param(0), call.rules.kick_bytes)
    return [Goodbye(f"Quit: {reason}" if reason else "Quit")]


ROWS: Final = (
    Row(
        "CAP",
        When.ANY,
        Kind.LOCAL,
        1,
        "LS|LIST|REQ|END [capabilities]",
        "Negotiates protocol extensions.",
        IRCV3 + "capability-negotiation",
        cap,
    ),
    Row(
        "DEVICE",
        When.BEFORE,
        Kind.LOCAL,
        1,
        "<token>",
        "Says which device this is, so that it keeps its guest name and whispers.",
        "docs/protocol.md#device",
        device,
    ),
    Row(
        "PASS",
        When.BEFORE,
        Kind.LOCAL,
        1,
        "<password>",
        "Gives the server's invite, where one is needed.",
        MODERN + "pass-message",
        password,
    ),
    Row(
        "NICK",
        When.ANY,
        Kind.LOGGED,
        0,
        "<name>",
        "Chooses or changes your name.",
        MODERN + "nick-message",
        nick,
    ),
    Row(
        "USER",
        When.BEFORE,
        Kind.LOGGED,
        4,
        "<username> 0 * <real name>",
        "Says who you are when connecting.",
        MODERN + "user-message",
        user,
    ),
    Row(
        "PING",
        When.ANY,
        Kind.LOCAL,
        1,
        "<token>",
        "Asks for a PONG with the same token.",
        MODERN + "ping-message",
        ping,
    ),
    Row(
        "PONG",
        When.ANY,
        Kind.LOCAL,
        0,
        "[token]",
        "Answers the server's PING.",
        MODERN + "pong-message",
        pong,
    ),
    Row(
        "QUIT",
        When.ANY,
        Kind.LOGGED,
        0,
        "[reason]",
        "Leaves the server.",
        MODERN + "quit-message",
        quit_,
    ),
)
