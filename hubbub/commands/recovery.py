"""One-time codes over the wire: CLAIM, and RECOVER for who has forgotten the password.

Law: a code is hashed where it comes in, and a new password goes into a Verify (design, law 4).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from hubbub.commands import letters
from hubbub.commands.accounts import require_password, unavailable
from hubbub.commands.row import Call, Kind, Row, When
from hubbub.core import entries
from hubbub.core.state import State
from hubbub.edge.codes import digest
from hubbub.edge.credentials import Made, Make, Mint, Minted, Outcome
from hubbub.edge.errands import Letter
from hubbub.edge.work import Lookup, Verify, Work
from hubbub.irc.numerics import Numeric
from hubbub.irc.replies import Reply, fail, refuse, word


def claim(call: Call) -> Sequence[Work]:
    """CLAIM: shows the code that the server printed, to become its first admin."""
    return [entries.Claim(call.session.id, digest(call.param(0)))]


def recover(call: Call) -> Sequence[Work]:
    """RECOVER: gives an account a new password by a code that was made for it."""
    session, name = call.session, call.param(0)
    if len(call.params) == 1:
        return _by_letter(call, name)
    if len(call.params) == 2:
        raise refuse(Numeric.ERR_NEEDMOREPARAMS, "RECOVER")
    shown = digest(call.param(1))
    require_password("RECOVER", name, call.param(2))

    def made(outcome: Outcome) -> Sequence[Work]:
        if not isinstance(outcome, Made):
            raise unavailable("RECOVER", name, outcome)
        entry = entries.Recover(session.id, name, shown, outcome.verifier, outcome.scram)
        # The lookup has the session's next line wait for what comes of it.
        return [entry, Lookup(lambda session, state: ())]

    # Whether or not there is such an account: the work is the same.
    return [Verify(Make(call.param(2)), made)]


def _by_letter(call: Call, name: str) -> Sequence[Work]:
    """Sends a code to the account's address; whether there is one isn't told."""
    session = call.session
    if not call.rules.mails:
        text = "This server sends no mail: ask a moderator for a code"
        raise fail("RECOVER", "NEED_CODE", name, text=text)

    def minted(outcome: Outcome) -> Sequence[Work]:
        if not isinstance(outcome, Minted):
            raise unavailable("RECOVER", name, outcome)

        def address(state: State) -> str:
            account = state.account_named(name)
            if account is None or not account.confirmed:
                return ""
            made = state.codes.find("mailed", outcome.digest, state.now, account.id)
            return "" if made is None else account.email

        def letter(to: str) -> Letter:
            return letters.recovery(to, call.rules.network, name, outcome.code)

        text = f"If {word(name)} has a confirmed e-mail address, a code is on its way to it"
        note = Reply("NOTE", ("RECOVER", "CODE_SENT", word(name), text))
        entry = entries.IssueCode(session.id, "mailed", outcome.digest, name)
        return [entry, letters.post(address, letter, lambda state: [note])]

    return [Verify(Mint(paced=True), minted)]


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
        1,
        "<account> [<code> <new password>]",
        "Has a code sent to your address, or by a code gives your account a new password.",
        "docs/protocol.md#codes",
        recover,
    ),
)
