"""Registrations that wait for the code that was sent to their address.

Law: nobody has a name by them; whoever shows a code first gets it, and each ends by itself.
"""

from __future__ import annotations

from typing import ClassVar

from hubbub.core.entities import Row
from hubbub.irc.names import FoldedNick, fold_nick


class Pending:
    """What an account will be made of until `until` (milliseconds) by whoever shows the code."""

    TABLE: ClassVar[str] = "pending"
    __slots__ = (
        "device",
        "digest",
        "email",
        "name",
        "number",
        "scram",
        "skeleton",
        "until",
        "verifier",
    )

    def __init__(
        self,
        number: int,
        name: str,
        digest: str,
        verifier: str,
        scram: str,
        email: str,
        device: str,
        until: int,
        skeleton: str,
    ) -> None:
        self.number = number
        self.name = name
        self.digest = digest
        self.verifier = verifier
        self.scram = scram
        self.email = email
        self.device = device
        self.until = until
        self.skeleton = skeleton

    def key(self) -> Row:
        return (self.number,)

    def row(self) -> Row:
        return (
            self.number,
            self.name,
            self.digest,
            self.verifier,
            self.scram,
            self.email,
            self.device,
            self.until,
            self.skeleton,
        )

    @property
    def folded(self) -> FoldedNick:
        return fold_nick(self.name)
