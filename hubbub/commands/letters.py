"""The letters that the server sends: what they say, and the work that sends one after the commit.

Law: a letter goes to an address that the state has; who asks for one can't tell whether it went.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from hubbub.core.state import State
from hubbub.edge.credentials import Outcome
from hubbub.edge.errands import Letter
from hubbub.edge.session import Session
from hubbub.edge.work import Lookup, Verify, Work
from hubbub.irc.replies import Reply


def post(
    address: Callable[[State], str],
    letter: Callable[[str], Letter],
    answer: Callable[[State], Sequence[Reply]],
) -> Lookup:
    """Sends the letter to the address that the state has, if any; either way it is answered."""

    def read(session: Session, state: State) -> Sequence[Verify]:
        replies = answer(state)

        def posted(outcome: Outcome) -> Sequence[Work]:
            return replies

        return [Verify(letter(address(state)), posted)]

    return Lookup(read, early=True)


def verification(to: str, network: str, account: str, code: str) -> Letter:
    """Proves that an address is somebody's."""
    text = (
        f"Somebody, most likely you, gave this address for the account {account} of {network}.\n\n"
        f"To confirm it, type in the chat, within a day:\n\n    /verify {account} {code}\n\n"
        f"(in other IRC clients: /quote VERIFY {account} {code})\n\n"
        "If it wasn't you, do nothing.\n"
    )
    return Letter(to, f"Your address for {network}", text)


def recovery(to: str, network: str, account: str, code: str) -> Letter:
    """Gives who has forgotten the password a new one."""
    text = (
        f"Somebody, most likely you, has forgotten the password of the account {account} of"
        f" {network}.\n\nTo choose a new one, type in the chat, within an hour:\n\n"
        f"    /recover {account} {code}\n\n"
        f"(in other IRC clients: /quote RECOVER {account} {code} <new password>)\n\n"
        "If it wasn't you, do nothing: the old password goes on working.\n"
    )
    return Letter(to, f"A new password for {network}", text)
