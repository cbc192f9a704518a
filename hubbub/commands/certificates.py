"""ACCOUNT CERT: the client certificates that log in to one's account by SASL EXTERNAL."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Final

from hubbub.commands.row import Call
from hubbub.core import entries
from hubbub.core.certificates import fingerprint_of
from hubbub.core.state import State
from hubbub.edge.session import Session
from hubbub.edge.work import Lookup, Shown, Work
from hubbub.irc.replies import Reply, fail

USAGE: Final = "CERT ADD [<fingerprint>] | CERT LIST | CERT DEL <fingerprint>"


def cert(call: Call) -> Sequence[Work]:
    """ACCOUNT CERT: adds, lists and removes certificates."""
    session, action, text = call.session, call.param(1).lower(), call.param(2)
    if action == "list":
        return [Lookup(_list)]
    if action == "add" and not text:
        if not session.fingerprint:
            text = (
                "This connection has shown no certificate: connect over TLS with one (if the server"
                " asks for them), or give a fingerprint"
            )
            raise fail("ACCOUNT", "NO_CERT", text=text)
        return [entries.AddCertificate(session.id, session.fingerprint, shown=True)]
    if action not in ("add", "del"):
        raise fail("ACCOUNT", "INVALID_PARAMS", text=f"It is ACCOUNT {USAGE}")
    fingerprint = fingerprint_of(text)
    if fingerprint is None:
        text = "A fingerprint is SHA-256 in hex: 64 characters, with colons or without"
        raise fail("ACCOUNT", "INVALID_FINGERPRINT", text=text)
    if action == "del":
        return [entries.RemoveCertificate(session.id, fingerprint)]
    shown = fingerprint == session.fingerprint
    return [entries.AddCertificate(session.id, fingerprint, shown=shown)]


def _list(session: Session, state: State) -> Sequence[Shown]:
    owner = state.sessions[session.id].user.owner
    own = () if owner is None else state.certificates.of(owner.id)
    shown = []
    for certificate in own:
        added = datetime.fromtimestamp(certificate.added // 1000, UTC)
        this = ", this connection's" if certificate.fingerprint == session.fingerprint else ""
        text = f"added {added:%Y-%m-%d}{this}"
        shown.append(Reply("NOTE", ("ACCOUNT", "CERT", certificate.fingerprint, text)))
    end = Reply("NOTE", ("ACCOUNT", "CERTS_END", str(len(shown)), "End of certificates"))
    return [*shown, end]
