"""What one-time codes do: who may make them, and what comes of showing one.

Law: a wrong code, one that is over and one for an account that isn't there are answered alike.
"""

from __future__ import annotations

from hubbub.core import entries
from hubbub.core.accounts import give_role
from hubbub.core.codes import Code
from hubbub.core.entities import Account
from hubbub.core.ids import NO_SESSION
from hubbub.core.outputs import Answer, HangUp, Output
from hubbub.core.presence import end_session, require_role, speaker
from hubbub.core.state import State
from hubbub.irc.numerics import Numeric
from hubbub.irc.replies import Refused, Reply, fail, refuse


def issue_code(state: State, entry: entries.IssueCode, out: list[Output]) -> None:
    """Takes in the hash of a code that was made; an earlier one for the same ends."""
    if entry.kind == "claim":
        _require_claimable(state, entry)
        account = 0
    else:
        account = _resettable(state, entry).id
    for earlier in state.codes.of(entry.kind, account):
        state.end_code(earlier)
    maker = 0
    if entry.session != NO_SESSION:
        owner = speaker(state, entry.session).owner
        maker = 0 if owner is None else owner.id
    until = state.now + entry.seconds * 1000
    number = state.take_id("code")
    code = Code(number, entry.kind, entry.digest, account, maker, state.now, until, 1)
    state.codes.put(code)
    state.save(code)


def _require_claimable(state: State, entry: entries.IssueCode) -> None:
    if entry.session != NO_SESSION:
        raise refuse(Numeric.ERR_NOPRIVILEGES, text="Only the console makes a claim code")
    if has_admin(state):
        text = "There is an admin already: they can give the role to others"
        raise fail("CLAIM", "NOTHING_TO_CLAIM", text=text)


def _resettable(state: State, entry: entries.IssueCode) -> Account:
    """The account that gets a code for a new password: of somebody with less of a role."""
    require_role(state, entry.session, "moderator")
    account = state.account_named(entry.name)
    if account is None:
        text = f"There is no account {entry.name}"
        raise fail("ACCOUNT", "ACCOUNT_UNKNOWN", entry.name, text=text)
    if entry.session == NO_SESSION:
        return account
    owner = speaker(state, entry.session).owner
    assert owner is not None
    if account.may(owner.role) and not owner.may("admin"):
        text = f"{account.name} is a {account.role}: only an admin can do that"
        raise refuse(Numeric.ERR_NOPRIVILEGES, text=text)
    return account


def has_admin(state: State) -> bool:
    """Whether any account has the role of admin."""
    return any(account.may("admin") for account in state.accounts_by_id.values())


def claim(state: State, entry: entries.Claim, out: list[Output]) -> None:
    """Makes the first admin of whoever has an account and shows the server's claim code."""
    user = speaker(state, entry.session)
    if user.owner is None:
        text = "Roles come with an account: register or log in first"
        raise fail("CLAIM", "ACCOUNT_REQUIRED", text=text)
    code = state.codes.find("claim", entry.digest, state.now)
    if code is None or has_admin(state):
        raise fail("CLAIM", "INVALID_CODE", text="That code isn't right, or it is over")
    give_role(state, user.owner, "admin", out)
    text = f"You are the admin of {state.rules.network} now"
    out.append(Answer(entry.session, Reply("NOTE", ("CLAIM", "CLAIMED", user.account, text))))


def recover(state: State, entry: entries.Recover, out: list[Output]) -> None:
    """Gives an account the password that came with its code, and ends its other sessions."""
    account = state.account_named(entry.name)
    code = None
    if account is not None:
        code = state.codes.find("reset", entry.digest, state.now, account.id)
    if account is None or code is None:
        raise _wrong_code("RECOVER", entry.name)
    state.end_code(code)
    account.verifier, account.scram = entry.verifier, entry.scram
    state.save(account)
    reason = "The password of your account was reset: log in with the new one"
    for session in state.user_of(account).sessions:
        if session != entry.session:
            out.append(HangUp(session, reason))
            end_session(state, session, reason, out)
    text = f"The password of {account.name} is changed: log in with the new one"
    note = Reply("NOTE", ("RECOVER", "PASSWORD_CHANGED", account.name, text))
    out.append(Answer(entry.session, note))


def _wrong_code(command: str, name: str) -> Refused:
    text = "That code isn't right, or it is over: ask for another one"
    return fail(command, "INVALID_CODE", name, text=text)
