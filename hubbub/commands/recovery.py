"""One-time codes over the wire: CLAIM, and RECOVER for who has forgotten the password.

Law: a code is hashed where it comes in, and a new password goes into a Verify (design, law 4).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from hubbub.commands.accounts import require_password, unavailable
from hubbub.commands.row import Call, Kind, Row, When
from hubbub.core import entries
from hubbub.edge.codes import digest
from hubbub.edge.credentials import Made, Make, Outcome
from hubbub.edge.work import Lookup, Verify, Work


def claim(call: Call) -> Sequence[Work]:
    """CLAIM: shows the code that the server printed, to become its first admin."""
    return [entries.Claim(call.session.id, digest(call.param(0)))]


def recover(call: Call) -> Sequence[Work]:
    """RECOVER: gives an account a new password by a code that was made for it."""
    session, name, shown = call.session, call.param(0), digest(call.param(1))
    require_password("RECOVER", name, call.param(2))

    def made(outcome: Outcome) -> Sequence[Work]:
        if not isinstance(outcome, Made):
            raise unavailable("RECOVER", name, outcome)
        entry = entries.Recover(session.id, name, shown, outcome.verifier, outcome.scram)
        # The lookup has the session's next line wait for what comes of it.
        return [entry, Lookup(lambda session, state: ())]

    # Whether or not there is such an account: the work is the same.
    return [Verify(Make(call.param(2)), made)]


ROWS: Final = (
    Row(
        "CLAIM",
        When.AFTER,
        Kind.LOGGED,
        1,
        "<code>",
        "Makes you the first admin, by the code that the server printed.",
        "docs/protocol.md#codes",
        claim,
    ),
    Row(
        "RECOVER",
        When.ANY,
        Kind.LOGGED,
        3,
        "<account> <code> <new password>",
        "Gives your account a new password, by a code that a moderator made.",
        "docs/protocol.md#codes",
        recover,
    ),
)
