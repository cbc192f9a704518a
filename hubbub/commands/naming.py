"""What a person may be called here: the wire's rules for names, and the operator's.

Law: no name deceives. What looks like a service's is nobody's; what looks like the server's own (a
setting) is for accounts only that the operator has made.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Final

from hubbub.commands.service_names import DECEIVING_NAMES
from hubbub.core.rules import Rules
from hubbub.irc.names import fold, nick_problem
from hubbub.irc.skeletons import skeleton

_ADDED: Final = "_-`^|[]{}\\"
"""Signs that a name may have more of and still be read as the same."""


def name_problem(name: str, rules: Rules) -> str | None:
    """Why nobody can be called so, as a sentence, or None."""
    if rules.ascii_names and not name.isascii():
        return "Names on this server are of the letters a to z, digits and a few signs."
    if not _looks(name).isdisjoint(_reserved(DECEIVING_NAMES)):
        return "That is, or looks like, the name of a service: choose another."
    return nick_problem(name, rules.nick_bytes)


def reserved_problem(name: str, rules: Rules) -> str | None:
    """Why only an account that the operator made can be called so, as a sentence, or None."""
    if _looks(name).isdisjoint(_reserved(rules.reserved_names)):
        return None
    return "That name is kept for whoever runs this server: choose another."


def _looks(name: str) -> frozenset[str]:
    """What a name is read as: as it is, and without the signs and the digits that don't matter."""
    bare = "".join(character for character in name if character not in _ADDED)
    while bare and bare[-1].isdecimal():
        bare = bare[:-1]
    return frozenset(skeleton(form) for form in (name, fold(name), bare, fold(bare)))


@lru_cache(maxsize=4)
def _reserved(names: tuple[str, ...]) -> frozenset[str]:
    """How these look in small letters and in capitals: "I" is as "l", but "i" isn't."""
    return frozenset(skeleton(form) for name in names for form in (fold(name), name.upper()))
