"""Adding and removing the client certificates that log in to an account.

Law: only an account's own sessions add to it or take away; all of them are told. Who gets a new
password by a code or from the operator has lost control of the account: its certificates go then.
"""

from __future__ import annotations

from hubbub.core import entries
from hubbub.core.certificates import Certificate
from hubbub.core.entities import Account, User
from hubbub.core.outputs import Answer, Output
from hubbub.core.presence import speaker
from hubbub.core.state import State
from hubbub.irc.replies import Reply, fail


def add_certificate(state: State, entry: entries.AddCertificate, out: list[Output]) -> None:
    """Has a certificate log in to the account; one that was shown may come from another's."""
    user, account = _owner(state, entry)
    fingerprint = entry.fingerprint
    known = state.certificates.get(fingerprint)
    if known is not None and known.account == account.id:
        text = "This certificate logs in to your account already"
        raise fail("ACCOUNT", "CERT_EXISTS", fingerprint, text=text)
    if known is not None and not entry.shown:
        text = "This certificate belongs to another account: connect with it to make it yours"
        raise fail("ACCOUNT", "CERT_TAKEN", fingerprint, text=text)
    own = state.certificates.of(account.id)
    if len(own) >= state.rules.certificates:
        text = f"Your account has {len(own)} certificates: ACCOUNT CERT DEL one first"
        raise fail("ACCOUNT", "TOO_MANY_CERTS", fingerprint, text=text)
    if known is not None:
        former = state.accounts_by_id[known.account]
        state.end_certificate(known)
        text = "Somebody who has this certificate made it log in to another account"
        _tell(state.user_of(former), "CERT_REMOVED", fingerprint, text, out)
    certificate = Certificate(fingerprint, account.id, state.now)
    state.certificates.put(certificate)
    state.save(certificate)
    _tell(user, "CERT_ADDED", fingerprint, "This certificate logs in to your account now", out)


def remove_certificate(state: State, entry: entries.RemoveCertificate, out: list[Output]) -> None:
    """A certificate of one's own logs in no more."""
    user, account = _owner(state, entry)
    known = state.certificates.get(entry.fingerprint)
    if known is None or known.account != account.id:
        text = "Your account has no such certificate: ACCOUNT CERT LIST lists them"
        raise fail("ACCOUNT", "CERT_UNKNOWN", entry.fingerprint, text=text)
    state.end_certificate(known)
    text = "This certificate logs in no more"
    _tell(user, "CERT_REMOVED", entry.fingerprint, text, out)


def forget_certificates(state: State, account: Account) -> None:
    """None of an account's certificates logs in any more."""
    for certificate in state.certificates.of(account.id):
        state.end_certificate(certificate)


def _owner(state: State, entry: entries.Entry) -> tuple[User, Account]:
    user = speaker(state, entry.session)
    if user.owner is None:
        text = "Only accounts have certificates: log in, or REGISTER, first"
        raise fail("ACCOUNT", "ACCOUNT_REQUIRED", text=text)
    return user, user.owner


def _tell(user: User, code: str, fingerprint: str, text: str, out: list[Output]) -> None:
    reply = Reply("NOTE", ("ACCOUNT", code, fingerprint, text))
    out.extend(Answer(session, reply) for session in user.sessions)
