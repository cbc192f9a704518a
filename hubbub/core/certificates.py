"""Client certificates that log in to an account, known by their fingerprints.

Law: a fingerprint belongs to one account at most. The holder of a certificate is whoever has shown
it in a handshake, and is believed before anybody who has only typed its fingerprint.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import ClassVar, Final

from hubbub.core.ids import AccountId
from hubbub.core.kept import Record

FINGERPRINT_CHARACTERS: Final = 64
"""SHA-256 in lower-case hex."""


def fingerprint_of(text: str) -> str | None:
    """The fingerprint that somebody wrote, with colons or without; None if it is none."""
    plain = text.replace(":", "").lower()
    fits = len(plain) == FINGERPRINT_CHARACTERS and set(plain) <= set("0123456789abcdef")
    return plain if fits else None


class Certificate(Record):
    """A certificate of an account's; `added` is when, in milliseconds."""

    TABLE: ClassVar[str] = "certificates"
    LOAD_ORDER: ClassVar[str] = "added, fingerprint"

    fingerprint: str
    account: AccountId
    added: int


class Certificates:
    """All of them, by fingerprint and by account."""

    def __init__(self) -> None:
        self._known: dict[str, Certificate] = {}
        self._by_account: dict[AccountId, dict[str, Certificate]] = {}

    def __iter__(self) -> Iterator[Certificate]:
        return iter(self._known.values())

    def get(self, fingerprint: str) -> Certificate | None:
        return self._known.get(fingerprint)

    def of(self, account: AccountId) -> tuple[Certificate, ...]:
        """An account's, the first added first."""
        return tuple(self._by_account.get(account, {}).values())

    def put(self, certificate: Certificate) -> None:
        self._known[certificate.fingerprint] = certificate
        self._by_account.setdefault(certificate.account, {})[certificate.fingerprint] = certificate

    def remove(self, certificate: Certificate) -> None:
        del self._known[certificate.fingerprint]
        own = self._by_account[certificate.account]
        del own[certificate.fingerprint]
        if not own:
            del self._by_account[certificate.account]
