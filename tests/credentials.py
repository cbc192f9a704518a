"""Passwords without their cost: what the hub's threads find out, found out at once."""

from __future__ import annotations

from hubbub.core.state import State
from hubbub.edge.credentials import (
    WRONG,
    Check,
    Made,
    Make,
    Mint,
    Outcome,
    Present,
    Prove,
    Recall,
    Recalled,
    Unverified,
    Verified,
    Wanted,
)
from hubbub.edge.errands import Errand, Letter, Posted, Reload, Reloaded
from hubbub.edge.sasl import proof_fits
from hubbub.server.credentials import holder, mint, read_scram, scram_text

SALT = b"0123456789abcdef"
NONCE = "server-nonce"
ROUNDS = 2
POSTED: list[Letter] = []
"""The letters that were sent, for a test to look at; it clears them first."""
RELOADED = Reloaded("hubbub.toml", ("server.motd",), ("server.listen",))
"""What comes of reading the configuration again."""


def find_out(wanted: Wanted | Errand, state: State) -> Outcome:
    """The answer that the server would give; a verifier here is the password itself."""
    if isinstance(wanted, Reload):
        return RELOADED
    if isinstance(wanted, Letter):
        POSTED.append(wanted)
        return Posted()
    if isinstance(wanted, Mint):
        return mint()
    if isinstance(wanted, Make):
        return Made(wanted.password, scram_text(wanted.password, SALT, ROUNDS))
    if isinstance(wanted, Present):
        return holder(wanted, state)
    if isinstance(wanted, Prove):
        recalled = wanted.recalled
        if recalled.account and proof_fits(wanted):
            return Verified(recalled.account, recalled.name)
        return Unverified(WRONG)
    account = state.account_named(wanted.name)
    if isinstance(wanted, Recall):
        if account is None:
            return Recalled(0, wanted.name, SALT, ROUNDS, b"?" * 32, b"?" * 32, NONCE)
        return Recalled(account.id, account.name, *read_scram(account.scram), NONCE)
    assert isinstance(wanted, Check)
    if account is None or account.verifier != wanted.password:
        return Unverified(WRONG)
    return Verified(account.id, account.name)
