"""What the edge has the server do that is neither the log's nor a password's: values between both.

Law: what a letter says is in no repr; it is for whoever it is sent to.
"""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Reload:
    """The configuration and the certificate are to be read again; answered Reloaded.

    `by` is the nick of who asks for it.
    """

    by: str


@dataclass(frozen=True, slots=True)
class Reloaded:
    """What came of it: the settings that changed, those that wait for the next start, or a problem.

    `file` is what was read.
    """

    file: str
    changed: tuple[str, ...] = ()
    later: tuple[str, ...] = ()
    problem: str = ""


@dataclass(frozen=True, slots=True)
class Letter:
    """A letter is to be sent; answered Posted at once. Without a recipient none is."""

    to: str
    subject: str
    text: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class Posted:
    """The letter is on its way, or `kept` when too many are."""

    kept: bool = False


Errand = Reload | Letter
Done = Reloaded | Posted
