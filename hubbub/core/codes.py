"""One-time codes: what somebody shows to be allowed something once, or an invite a few times.

Law: only a code's hash is known here; a code is looked for by kind and compared in constant time,
works until its end and no more often than it was made for.
"""

from __future__ import annotations

import hmac
from collections.abc import Iterator
from typing import ClassVar, Final, Literal

from hubbub.core.ids import AccountId
from hubbub.core.kept import Record

DAY_SECONDS: Final = 86_400
Kind = Literal["claim", "reset", "mailed", "address", "invite"]
"""What a code is for: becoming the first admin; giving an account a new password, by a moderator or
by letter; proving that an account's address is its owner's; or letting others in."""
RESETS: Final[tuple[Kind, ...]] = ("reset", "mailed")
"""The kinds of code by which an account gets a new password."""
MAILED_SECONDS: Final = 3_600
"""How long a code for a new password works that was sent by letter."""
MAILED_AT_ONCE: Final = 3
"""How many of them an account has at a time, so that nobody's letter-box is filled."""


class Code(Record):
    """One code. `account` is whose it is, or 0; `maker` the account that made it, or 0 for the operator.

    `number` counts all codes ever made, `until` is its end in milliseconds, `uses` how often it
    still works.
    """

    TABLE: ClassVar[str] = "codes"

    number: int
    kind: str
    digest: str
    account: AccountId
    maker: AccountId
    made: int
    until: int
    uses: int


class Admitted(Record):
    """A device, or a session without one, that was let in by an invite."""

    TABLE: ClassVar[str] = "admitted"
    KEY_WIDTH: ClassVar[int] = 2

    code: int
    who: str


class Codes:
    """All codes in the order in which they were made; of claims, and of an account's resets, one."""

    def __init__(self) -> None:
        self._codes: dict[int, Code] = {}
        self.admitted: dict[tuple[int, str], Admitted] = {}
        self._of: dict[tuple[str, int], dict[int, Code]] = {}

    def __iter__(self) -> Iterator[Code]:
        return iter(self._codes.values())

    def numbered(self, number: int) -> Code | None:
        return self._codes.get(number)

    def of(self, kind: Kind, account: int = 0) -> tuple[Code, ...]:
        """The codes of a kind, for one account or for nobody in particular."""
        return tuple(self._of.get((kind, account), {}).values())

    def find(
        self, kind: Kind, digest: str, now: int, account: int = 0, *, spent: bool = False
    ) -> Code | None:
        """The code of a kind with this hash, if it still works at `now`; with `spent` also one
        that isn't over but was used as often as it can be."""
        found = None
        for code in self.of(kind, account):
            # Each is compared, and in constant time: how long it took tells nothing of any.
            same = hmac.compare_digest(code.digest.encode(), digest.encode())
            if same and code.until > now and (spent or code.uses > 0):
                found = code
        return found

    def put(self, code: Code) -> None:
        self._codes[code.number] = code
        self._of.setdefault((code.kind, code.account), {})[code.number] = code

    def admit(self, admitted: Admitted) -> None:
        self.admitted[admitted.code, admitted.who] = admitted

    def admitted_by(self, code: Code) -> list[Admitted]:
        return [one for one in self.admitted.values() if one.code == code.number]

    def remove(self, code: Code) -> None:
        del self._codes[code.number]
        of = self._of[code.kind, code.account]
        del of[code.number]
        if not of:
            del self._of[code.kind, code.account]
