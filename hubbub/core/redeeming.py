"""What one-time codes do: who may make them, and what comes of showing one.

Law: a wrong code, one that is over and one for an account that isn't there are answered alike.
"""

from __future__ import annotations

import hmac

from hubbub.core import entries
from hubbub.core.accounts import (
    end_access,
    give_role,
    is_own,
    issue,
    make_account,
    named,
    require_free,
)
from hubbub.core.audit import note
from hubbub.core.certifying import forget_certificates
from hubbub.core.codes import MAILED_AT_ONCE, MAILED_SECONDS, RESETS, Code
from hubbub.core.entities import Account
from hubbub.core.ids import NO_SESSION, AccountId
from hubbub.core.inviting import require_inviter
from hubbub.core.outputs import Answer, Output
from hubbub.core.pending import Pending
from hubbub.core.presence import require_role, speaker
from hubbub.core.state import State
from hubbub.irc.names import fold_nick
from hubbub.irc.numerics import Numeric
from hubbub.irc.replies import Refused, Reply, fail, refuse
from hubbub.irc.times import brief


def issue_code(state: State, entry: entries.IssueCode, out: list[Output]) -> None:
    """Takes in the hash of a code that was made; an earlier one of its kind ends."""
    if entry.kind == "mailed":
        _issue_mailed(state, entry)
        return
    account = 0
    if entry.kind == "invite":
        require_inviter(state, entry)
        number = _issue_for(state, entry, 0)
        detail = f"for {entry.uses}, for {brief(entry.seconds)}"
        note(state, entry.session, out, "invite made", f"#{number}", detail=detail)
        return
    if entry.kind == "claim":
        _require_claimable(state, entry)
    else:
        account = _resettable(state, entry).id
    for earlier in state.codes.of(entry.kind, account):
        state.end_code(earlier)
    _issue_for(state, entry, account)
    target = state.accounts_by_id[AccountId(account)].name if account else ""
    note(state, entry.session, out, f"{entry.kind} code made", target)


def _issue_for(state: State, entry: entries.IssueCode, account: int) -> int:
    """Keeps a code's hash; the code's number."""
    maker = 0
    if entry.session != NO_SESSION:
        owner = speaker(state, entry.session).owner
        maker = 0 if owner is None else owner.id
    return issue(state, entry.kind, entry.digest, account, maker, entry.seconds, entry.uses)


def _issue_mailed(state: State, entry: entries.IssueCode) -> None:
    """A code for a new password that is sent by letter: whoever asks is told nothing of it.

    Earlier ones go on working, or anybody could end them.
    """
    account = state.account_named(entry.name)
    if account is None or not account.confirmed:
        return
    alive = [code for code in state.codes.of("mailed", account.id) if code.until > state.now]
    if len(alive) < MAILED_AT_ONCE:
        issue(state, "mailed", entry.digest, account.id, seconds=MAILED_SECONDS)


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
    detail = f"{user.owner.role} to admin"
    note(state, entry.session, out, "claim", user.account, detail=detail)
    give_role(state, user.owner, "admin", out)
    text = f"You are the admin of {state.rules.network} now"
    out.append(Answer(entry.session, Reply("NOTE", ("CLAIM", "CLAIMED", user.account, text))))


def recover(state: State, entry: entries.Recover, out: list[Output]) -> None:
    """Gives an account the password that came with its code, and ends its other sessions."""
    account = state.account_named(entry.name)
    code = None
    if account is not None:
        code = _reset_code(state, entry.digest, account)
    if account is None or code is None:
        raise _wrong_code("RECOVER", entry.name)
    account.verifier, account.scram = entry.verifier, entry.scram
    state.save(account)
    forget_certificates(state, account)
    end_access(state, account, entry.session, "The password of your account was reset", out)
    text = f"The password of {account.name} is changed: log in with the new one"
    note = Reply("NOTE", ("RECOVER", "PASSWORD_CHANGED", account.name, text))
    out.append(Answer(entry.session, note))


def _reset_code(state: State, digest: str, account: Account) -> Code | None:
    found = [state.codes.find(kind, digest, state.now, account.id) for kind in RESETS]
    return next((code for code in found if code is not None), None)


def confirm(state: State, entry: entries.Confirm, out: list[Output]) -> None:
    """An address is its owner's: the account is made that waited for that, or has it confirmed."""
    folded, pending = fold_nick(entry.name), None
    for waiting in state.pending.values():
        same = hmac.compare_digest(waiting.digest.encode(), entry.digest.encode())
        if same and waiting.folded == folded and waiting.until > state.now:
            pending = waiting
    if pending is not None:
        _make_confirmed(state, entry, pending, out)
        return
    account = state.account_named(entry.name)
    code = None
    if account is not None:
        code = state.codes.find("address", entry.digest, state.now, account.id)
    if account is None or code is None:
        _require_something_to_confirm(state, entry)
        raise _wrong_code("VERIFY", entry.name)
    state.end_code(code)
    account.confirmed = max(state.now, 1)
    state.save(account)
    text = "Your e-mail address is confirmed"
    out.append(Answer(entry.session, Reply("VERIFY", ("SUCCESS", account.name, text))))


def _require_something_to_confirm(state: State, entry: entries.Confirm) -> None:
    """Refuses who is logged in, unless it mistyped the code for its own account's address."""
    presence = state.sessions.get(entry.session)
    owner = None if presence is None else presence.user.owner
    if owner is None:
        return
    if owner is state.account_named(entry.name) and state.codes.of("address", owner.id):
        return
    text = f"You are logged in as {owner.name} already"
    raise fail("VERIFY", "ALREADY_AUTHENTICATED", owner.name, text=text)


def _make_confirmed(
    state: State, entry: entries.Confirm, pending: Pending, out: list[Output]
) -> None:
    presence = state.sessions.get(entry.session)
    user = None if presence is None else presence.user
    if user is not None and user.owner is not None:
        text = f"You are logged in as {user.account} already"
        raise fail("VERIFY", "ALREADY_AUTHENTICATED", user.account, text=text)
    host = "" if user is None else user.host
    wanted = entries.Register(
        entry.session,
        pending.name,
        pending.verifier,
        pending.scram,
        pending.email,
        pending.device,
        host,
        skeleton=pending.skeleton,
    )
    try:
        require_free(state, wanted, user)
    except Refused as refused:
        (reply,) = refused.replies
        raise Refused(Reply("FAIL", ("VERIFY", *reply.params[1:]))) from None
    state.end_pending(pending)
    now = max(state.now, 1)
    make_account(state, wanted, user, out, confirmed=now, command="VERIFY")


def set_email(state: State, entry: entries.SetEmail, out: list[Output]) -> None:
    """Another address for an account, which has to be confirmed anew."""
    account = named(state, entry, entry.name)
    if not is_own(state, entry.session, account):
        note(state, entry.session, out, "e-mail", account.name)
    for earlier in (*state.codes.of("address", account.id), *state.codes.of("mailed", account.id)):
        state.end_code(earlier)
    account.email, account.confirmed = entry.email, 0
    state.save(account)
    if entry.digest:
        issue(state, "address", entry.digest, account.id)


def _wrong_code(command: str, name: str) -> Refused:
    text = "That code isn't right, or it is over: ask for another one"
    return fail(command, "INVALID_CODE", name, text=text)
