"""What has to be found out about a password, and what comes of it: values between edge and hub.

Law: a password is in none of their reprs, and goes no further than whoever answers the question
(design, law 4).
"""

from __future__ import annotations

from dataclasses import dataclass, field

from hubbub.edge.errands import Done


@dataclass(frozen=True, slots=True)
class Check:
    """Is this the password of the account called `name`? Answered Verified or Unverified."""

    name: str
    password: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class Recall:
    """What a SCRAM exchange for `name` needs; answered Recalled, for unknown names too, or Unverified."""

    name: str


@dataclass(frozen=True, slots=True)
class Prove:
    """Does a client's SCRAM proof fit? Answered Verified or Unverified."""

    recalled: Recalled
    message: bytes = field(repr=False)
    """RFC 5802's AuthMessage."""
    proof: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class Present:
    """To which account does a client's certificate log in? Answered Verified or Unverified.

    `name` is the account that the client named, or empty.
    """

    fingerprint: str
    name: str


@dataclass(frozen=True, slots=True)
class Make:
    """What is to be kept of a new password; answered Made or Unverified."""

    password: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class Mint:
    """A new one-time code; answered Minted, or Unverified.

    Those are `paced` that anybody may have made: an address can't have as many as it likes.
    """

    paced: bool = False


@dataclass(frozen=True, slots=True)
class Verified:
    """The account that the session has proven to be."""

    account: int
    name: str


@dataclass(frozen=True, slots=True)
class Unverified:
    """It wasn't so, or couldn't be found out now; `reason` is for the person."""

    reason: str
    busy: bool = False
    """Whether nothing was checked: there were too many tries, or too much waits."""


@dataclass(frozen=True, slots=True)
class Recalled:
    """A SCRAM verifier with the server's fresh nonce; `account` is 0 when there is no such account."""

    account: int
    name: str
    salt: bytes = field(repr=False)
    iterations: int
    stored_key: bytes = field(repr=False)
    server_key: bytes = field(repr=False)
    nonce: str


@dataclass(frozen=True, slots=True)
class Made:
    """What is kept of a password: Argon2id's text, and SCRAM-SHA-256's (RFC 5803)."""

    verifier: str = field(repr=False)
    scram: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class Minted:
    """A new one-time code, to be shown to whoever it is for, and what is kept of it."""

    code: str = field(repr=False)
    digest: str


Wanted = Check | Recall | Prove | Present | Make | Mint
Found = Verified | Unverified | Recalled | Made | Minted
Outcome = Found | Done
"""What comes of a Verify: of a question about a password, or of an errand."""

NOT_CERTIFIED = "Your certificate doesn't log in to that account (ACCOUNT CERT ADD makes it)"
"""Said of a certificate that nobody has, and of one that isn't the named account's, alike."""
WRONG = "The account or the password is wrong"
"""Said of an unknown account and of a wrong password alike."""
