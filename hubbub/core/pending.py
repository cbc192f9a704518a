"""Registrations that wait for the code that was sent to their address.

Law: nobody has a name by them; whoever shows a code first gets it, and each ends by itself.
"""

from __future__ import annotations

from typing import ClassVar

from hubbub.core.kept import Record
from hubbub.irc.names import FoldedNick, fold_nick


class Pending(Record):
    """What an account will be made of until `until` (milliseconds) by whoever shows the code."""

    TABLE: ClassVar[str] = "pending"

    number: int
    name: str
    digest: str
    verifier: str
    scram: str
    email: str
    device: str
    until: int
    skeleton: str

    @property
    def folded(self) -> FoldedNick:
        return fold_nick(self.name)
