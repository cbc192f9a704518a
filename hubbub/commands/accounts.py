"""Accounts over the wire: AUTHENTICATE, REGISTER, VERIFY, ACCOUNT and SESSIONS.

Law: a password goes into a Verify and nowhere else; what comes back is a verdict (design, law 4).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Final

from msgspec import structs

from hubbub.commands import letters
from hubbub.commands.arrival import moving
from hubbub.commands.certificates import USAGE as CERT_USAGE
from hubbub.commands.certificates import cert
from hubbub.commands.naming import name_problem, reserved_problem
from hubbub.commands.row import IRCV3, Call, Kind, Row, When, query
from hubbub.commands.rules import require_acceptance
from hubbub.core import entries
from hubbub.core.ids import numbered
from hubbub.core.rules import Rules
from hubbub.core.state import State
from hubbub.edge import sasl
from hubbub.edge.codes import digest
from hubbub.edge.credentials import (
    Check,
    Made,
    Make,
    Mint,
    Minted,
    Outcome,
    Recalled,
    Unverified,
    Verified,
)
from hubbub.edge.errands import Letter
from hubbub.edge.session import INVITE, Session
from hubbub.edge.work import Fetch, Lookup, Shown, Verify, Work
from hubbub.irc.names import fold_nick
from hubbub.irc.numerics import Numeric
from hubbub.irc.replies import Reply, fail, numeric, refuse
from hubbub.irc.skeletons import skeleton

PASSWORD_BYTES: Final = range(8, 301)
"""From what nobody guesses in a minute to what fits in a line."""
EMAIL_BYTES: Final = 254

# -- AUTHENTICATE -------------------------------------------------------------------------


def authenticate(call: Call) -> Sequence[Work]:
    """AUTHENTICATE: begins an exchange, goes on with it, or with '*' gives it up."""
    session, text = call.session, call.param(0)
    if not session.has("sasl"):
        raise refuse(Numeric.ERR_SASLFAIL, text="Ask for the sasl capability first (CAP REQ sasl)")
    if text == "*":
        session.sasl = None
        return [numeric(Numeric.ERR_SASLABORTED)]
    if session.sasl is None:
        return _begin(session, text)
    try:
        response = session.sasl.receive(text)
        if response is None:
            return []
        wanted = session.sasl.mechanism.respond(response)
    except sasl.TooLongError:
        session.sasl = None
        raise refuse(Numeric.ERR_SASLTOOLONG)
    except sasl.SaslError as error:
        session.sasl = None
        raise refuse(Numeric.ERR_SASLFAIL, text=f"SASL authentication failed: {error}")
    if wanted is None:
        return _proven(session)
    return [Verify(wanted, lambda outcome: _answer(session, outcome))]


def _begin(session: Session, name: str) -> Sequence[Work]:
    mechanism = sasl.mechanism(name.upper(), session.fingerprint)
    if mechanism is None:
        offered = sasl.mechanisms(session.fingerprint)
        return [numeric(Numeric.RPL_SASLMECHS, offered), numeric(Numeric.ERR_SASLFAIL)]
    session.sasl = sasl.Exchange(mechanism)
    return [Reply("AUTHENTICATE", ("+",))]


def _challenge(payload: bytes) -> Sequence[Work]:
    return [Reply("AUTHENTICATE", (chunk,)) for chunk in sasl.chunks(payload)]


def _answer(session: Session, outcome: Outcome) -> Sequence[Work]:
    exchange = session.sasl
    if exchange is None:
        return []
    scram = exchange.mechanism if isinstance(exchange.mechanism, sasl.Scram) else None
    if isinstance(outcome, Recalled) and scram is not None:
        return _challenge(scram.challenge(outcome))
    if isinstance(outcome, Verified) and scram is not None:
        exchange.account = (outcome.account, outcome.name)
        return _challenge(scram.conclusion())
    session.sasl = None
    if isinstance(outcome, Verified):
        return log_in(session, outcome.account, outcome.name)
    return failed(outcome)


def _proven(session: Session) -> Sequence[Work]:
    exchange, session.sasl = session.sasl, None
    assert exchange is not None
    assert exchange.account is not None
    return log_in(session, *exchange.account)


def failed(outcome: Outcome) -> Sequence[Work]:
    """What a login that came to nothing is answered with."""
    reason = outcome.reason if isinstance(outcome, Unverified) else "It didn't work"
    return [numeric(Numeric.ERR_SASLFAIL, text=f"SASL authentication failed: {reason}")]


def log_in(session: Session, account: int, name: str) -> Sequence[Work]:
    """A session has proven to be an account's: it opens as that, or becomes that."""
    registration = session.registration
    if registration is None:
        before, after = moving()
        return [Lookup(before), entries.Login(session.id, account), Lookup(after)]
    registration.log_in(account)
    source = f"{registration.nick or '*'}!{registration.username or '*'}@{session.host}"
    text = f"You are now logged in as {name}"
    return [
        numeric(Numeric.RPL_LOGGEDIN, source, name, text=text),
        numeric(Numeric.RPL_SASLSUCCESS),
    ]


# -- REGISTER -----------------------------------------------------------------------------


def register(call: Call) -> Sequence[Work]:
    """REGISTER: makes an account of one's name."""
    return register_as(call, call.param(0), call.param(1), call.param(2))


def register_as(call: Call, name: str, email: str, password: str) -> Sequence[Work]:
    """Has an account made, or refuses with one of the specification's codes.

    https://ircv3.net/specs/extensions/account-registration
    """
    session, registration = call.session, call.session.registration
    nick = session.nick if registration is None else registration.nick
    if not nick:
        text = "Choose a name first (NICK): it is what your account will be called"
        raise fail("REGISTER", "NEED_NICK", "*", text=text)
    _require_open(call, nick)
    if registration is not None and registration.account:
        text = "You are logged in already"
        raise fail("REGISTER", "ALREADY_AUTHENTICATED", name, text=text)
    name = nick if name in ("*", nick) else name
    if fold_nick(name) != fold_nick(nick):
        text = f"Your name is your account: change your name to {name} first, or register {nick}"
        raise fail("REGISTER", "ACCOUNT_NAME_MUST_BE_NICK", name, text=text)
    problem = name_problem(name, call.rules) or reserved_problem(name, call.rules)
    if problem is not None:
        raise fail("REGISTER", "BAD_ACCOUNT_NAME", name, text=problem)
    require_acceptance(session, call.rules, name)
    _require_email(call.rules, name, email)
    require_password("REGISTER", name, password)
    device = "" if registration is None else registration.device

    kept = "" if email == "*" else email
    spends = call.rules.registration == "invite" or (
        registration is not None and call.rules.guests == "invite"
    )
    invite = shown_invite(session) if spends else ""

    def made(outcome: Outcome) -> Sequence[Work]:
        if not isinstance(outcome, Made):
            raise unavailable("REGISTER", name, outcome)
        address = session.known_address or session.host
        entry = entries.Register(
            session.id,
            name,
            outcome.verifier,
            outcome.scram,
            kept,
            device,
            address,
            invite=invite,
            skeleton=skeleton(name),
        )
        if kept and call.rules.mails:
            return [Verify(Mint(), lambda minted: _with_letter(call, entry, minted))]
        # The lookup has the session's next line wait for what comes of it.
        return [entry, Lookup(lambda session, state: ())]

    return [Verify(Make(password), made)]


def _with_letter(call: Call, entry: entries.Register, outcome: Outcome) -> Sequence[Work]:
    """Registers, and sends the code by which the address is confirmed."""
    assert isinstance(outcome, Minted)
    name, needed = entry.name, call.rules.registration == "mail"

    def address(state: State) -> str:
        account = state.account_named(name)
        account_id = 0 if account is None else account.id
        known = state.codes.find("address", outcome.digest, state.now, account_id)
        waits = any(one.digest == outcome.digest for one in state.pending.values())
        return entry.email if known or waits else ""

    def letter(to: str) -> Letter:
        return letters.verification(to, call.rules.network, name, outcome.code)

    def answer(state: State) -> Sequence[Reply]:
        if not address(state):
            return ()  # it was refused, and that was said
        text = f"A code was sent to {entry.email}: VERIFY {name} <code> confirms that it is yours"
        if needed:
            return (Reply("REGISTER", ("VERIFICATION_REQUIRED", name, text)),)
        return (Reply("NOTE", ("REGISTER", "CODE_SENT", name, text)),)

    wanted = structs.replace(entry, digest=outcome.digest)
    return [wanted, letters.post(address, letter, answer)]


def _require_open(call: Call, nick: str) -> None:
    """Refuses where registering is closed, or takes an invite that the session hasn't shown."""
    rules, session = call.rules, call.session
    stranger = session.registration is not None and not session.registration.admitted
    text = ""
    if rules.registration == "closed":
        text = "Nobody can register here: ask an admin for an account"
    elif rules.registration == "invite" and not session.invite:
        text = "Registering is by invitation: connect with the invite as the password (PASS)"
    elif rules.guests == "invite" and stranger:
        text = "This server is by invitation: give the invite as the password (PASS) first"
    if text:
        raise fail("REGISTER", "TEMPORARILY_UNAVAILABLE", nick, text=text)


def shown_invite(session: Session) -> str:
    """The hash of the invite of somebody's that a session has shown, or empty."""
    return "" if session.invite == INVITE else session.invite


def _require_email(rules: Rules, name: str, email: str) -> None:
    if email == "*":
        if rules.registration == "mail":
            text = "Registering takes an e-mail address: REGISTER * <e-mail> <password>"
            raise fail("REGISTER", "INVALID_EMAIL", name, text=text)
        return
    mailbox, at, host = email.partition("@")
    fit = email.isprintable() and email.isascii() and not set(email) & set(' ,;:<>()[]"\\')
    if not (fit and mailbox and at and "." in host) or len(email) > EMAIL_BYTES:
        text = "That is no e-mail address; give * for none"
        raise fail("REGISTER", "INVALID_EMAIL", name, text=text)


def require_password(command: str, name: str, password: str) -> None:
    """Refuses what isn't fit to be a password."""
    size = len(password.encode())
    if size < PASSWORD_BYTES.start:
        text = f"A password has at least {PASSWORD_BYTES.start} characters"
        raise fail(command, "WEAK_PASSWORD", name, text=text)
    if fold_nick(name) in fold_nick(password) and size < len(name.encode()) + 4:
        raise fail(command, "WEAK_PASSWORD", name, text="Your name is no good as a password")
    if size not in PASSWORD_BYTES:
        text = f"A password has at most {PASSWORD_BYTES.stop - 1} bytes"
        raise fail(command, "UNACCEPTABLE_PASSWORD", name, text=text)


def unavailable(command: str, name: str, outcome: Outcome) -> Exception:
    """What answers a password that couldn't be hashed now."""
    reason = outcome.reason if isinstance(outcome, Unverified) else "That didn't work"
    return fail(command, "TEMPORARILY_UNAVAILABLE", name, text=reason)


def verify(call: Call) -> Sequence[Work]:
    """VERIFY: shows the code that was sent to an address, of a registration or an account."""
    session = call.session
    if session.registration is not None and session.registration.account:
        text = "You are logged in already"
        raise fail("VERIFY", "ALREADY_AUTHENTICATED", call.param(0), text=text)
    entry = entries.Confirm(session.id, call.param(0), digest(call.param(1)))
    return [entry, Lookup(lambda session, state: ())]


# -- ACCOUNT ------------------------------------------------------------------------------


def account(call: Call) -> Sequence[Work]:
    """ACCOUNT: changes one's account; for moderators, helps others back into theirs."""
    handler = _ACTIONS.get(call.param(0).lower())
    if handler is None:
        text = f"It is {' or '.join(f'ACCOUNT {usage}' for usage in _USAGES)}"
        raise fail("ACCOUNT", "INVALID_PARAMS", text=text)
    return handler(call)


def _password(call: Call) -> Sequence[Work]:
    session, old, new = call.session, call.param(1), call.param(2)
    require_password("ACCOUNT", session.nick, new)

    def checked(outcome: Outcome) -> Sequence[Work]:
        if not isinstance(outcome, Verified):
            raise _wrong(outcome)
        name = outcome.name

        def made(outcome: Outcome) -> Sequence[Work]:
            if not isinstance(outcome, Made):
                raise unavailable("ACCOUNT", name, outcome)
            return [entries.SetPassword(session.id, name, outcome.verifier, outcome.scram)]

        return [Verify(Make(new), made)]

    # Whoever is logged in is called as its account is, and no guest is.
    return [Verify(Check(session.nick, old), checked)]


def _delete(call: Call) -> Sequence[Work]:
    session, messages = call.session, call.param(2).lower() == "messages"

    def checked(outcome: Outcome) -> Sequence[Work]:
        if not isinstance(outcome, Verified):
            raise _wrong(outcome)
        return [entries.DeleteAccount(session.id, outcome.name, messages)]

    return [Verify(Check(session.nick, call.param(1)), checked)]


def _wrong(outcome: Outcome) -> Exception:
    reason = outcome.reason if isinstance(outcome, Unverified) else "That didn't work"
    busy = isinstance(outcome, Unverified) and outcome.busy
    code = "TEMPORARILY_UNAVAILABLE" if busy else "WRONG_PASSWORD"
    return fail("ACCOUNT", code, text=reason)


def _email(call: Call) -> Sequence[Work]:
    """Gives one's account another address, to which a code is sent."""
    session, email = call.session, call.param(2)
    if email != "*":
        _require_email(call.rules, session.nick, email)

    def checked(outcome: Outcome) -> Sequence[Work]:
        if not isinstance(outcome, Verified):
            raise _wrong(outcome)
        name = outcome.name
        if email == "*" or not call.rules.mails:
            text = "Your e-mail address was changed"
            note = Reply("NOTE", ("ACCOUNT", "EMAIL_CHANGED", name, text))
            kept = "" if email == "*" else email
            return [entries.SetEmail(session.id, name, kept, ""), note]
        return [Verify(Mint(), lambda minted: _with_new_address(call, name, email, minted))]

    return [Verify(Check(session.nick, call.param(1)), checked)]


def _with_new_address(call: Call, name: str, email: str, outcome: Outcome) -> Sequence[Work]:
    assert isinstance(outcome, Minted)

    def address(state: State) -> str:
        account = state.account_named(name)
        return "" if account is None else account.email

    def letter(to: str) -> Letter:
        return letters.verification(to, call.rules.network, name, outcome.code)

    def answer(state: State) -> Sequence[Reply]:
        text = f"A code was sent to {email}: VERIFY {name} <code> confirms that it is yours"
        return (Reply("NOTE", ("ACCOUNT", "CODE_SENT", name, text)),)

    entry = entries.SetEmail(call.session.id, name, email, outcome.digest)
    return [entry, letters.post(address, letter, answer)]


def _rename(call: Call) -> Sequence[Work]:
    """Gives one's account another name, or for admins an account that is named first."""
    name, new = call.param(1), call.param(2)
    if not new:
        name, new = call.session.nick, name
    problem = name_problem(new, call.rules)
    if problem is None and fold_nick(new) != fold_nick(name):
        problem = reserved_problem(new, call.rules)
    if problem is not None:
        raise fail("ACCOUNT", "BAD_ACCOUNT_NAME", new, text=problem)
    return [entries.RenameAccount(call.session.id, name, new, skeleton(new))]


def _reset(call: Call) -> Sequence[Work]:
    """Makes a code by which somebody gets a new password; it is shown if it could be made."""
    session, name = call.session, call.param(1)

    def minted(outcome: Outcome) -> Sequence[Work]:
        assert isinstance(outcome, Minted)
        entry = entries.IssueCode(session.id, "reset", outcome.digest, name)

        def show(session: Session, state: State) -> Sequence[Shown | Fetch]:
            account = state.account_named(name)
            if account is None or not state.codes.find(
                "reset", outcome.digest, state.now, account.id
            ):
                return ()
            text = f"Give this to {account.name}, within a day: {recovery(name, outcome.code)}"
            return (Reply("NOTE", ("ACCOUNT", "RESET_CODE", account.name, outcome.code, text)),)

        return [entry, Lookup(show)]

    return [Verify(Mint(), minted)]


def recovery(name: str, code: str) -> str:
    """What somebody types to get a new password by a code."""
    return f"/recover {name} {code}  (other clients: /quote RECOVER {name} {code} <new password>)"


_ACTIONS: Final[dict[str, Callable[[Call], Sequence[Work]]]] = {
    "password": _password,
    "delete": _delete,
    "email": _email,
    "rename": _rename,
    "reset": _reset,
    "cert": cert,
}
_USAGES: Final = (
    "PASSWORD <old> <new>",
    "EMAIL <password> <e-mail>|*",
    "RENAME [<account>] <new name>",
    "DELETE <password> [MESSAGES]",
    "RESET <name>",
    CERT_USAGE,
)

# -- SESSIONS -----------------------------------------------------------------------------


def sessions(call: Call) -> Sequence[Work]:
    """SESSIONS: lists the connections of one's own user, or ends one of them."""
    if call.param(0).lower() != "revoke":
        return query(_list_sessions)(call)
    target = call.param(1)
    if not (target.isascii() and target.isdigit() and int(target[:20]) < 1 << 63):
        text = "It is SESSIONS REVOKE <number>, with a number that SESSIONS lists"
        raise fail("SESSIONS", "INVALID_PARAMS", text=text)
    return [entries.RevokeSession(call.session.id, int(target))]


def _list_sessions(call: Call, state: State) -> Sequence[Shown | Fetch]:
    user = state.sessions[call.session.id].user
    shown = []
    for number, session in numbered(user.sessions).items():
        way = "secure" if state.sessions[session].secure else "plain"
        this = "this one" if session == call.session.id else "another"
        text = f"{number}: {way}, {this}"
        shown.append(Reply("NOTE", ("SESSIONS", "SESSION", str(number), text)))
    end = Reply("NOTE", ("SESSIONS", "SESSIONS_END", str(len(shown)), "End of sessions"))
    return [*shown, end]


ROWS: Final = (
    Row(
        "AUTHENTICATE",
        When.ANY,
        Kind.LOGGED,
        1,
        "<mechanism or response>",
        "Logs in to an account (SASL).",
        IRCV3 + "sasl-3.2",
        authenticate,
    ),
    Row(
        "REGISTER",
        When.ANY,
        Kind.LOGGED,
        3,
        "*|<name> *|<e-mail> <password>",
        "Makes your name an account of yours.",
        IRCV3 + "account-registration",
        register,
    ),
    Row(
        "VERIFY",
        When.ANY,
        Kind.LOGGED,
        2,
        "<account> <code>",
        "Confirms an e-mail address by the code that was sent to it, and completes a registration.",
        IRCV3 + "account-registration",
        verify,
    ),
    Row(
        "ACCOUNT",
        When.AFTER,
        Kind.LOGGED,
        2,
        " | ".join(_USAGES),
        "Changes your account's password, address, name or certificates, or deletes it; resets others'.",
        "docs/protocol.md#account",
        account,
    ),
    Row(
        "SESSIONS",
        When.AFTER,
        Kind.QUERY,
        0,
        "[REVOKE <number>]",
        "Lists your own connections, or ends one.",
        "docs/protocol.md#sessions",
        sessions,
    ),
)
