"""What a person may be called here: the wire's rules for names, and the operator's."""

from __future__ import annotations

from typing import Final

from hubbub.commands.service_names import SERVICE_NAMES
from hubbub.core.rules import Rules
from hubbub.irc.names import nick_problem
from hubbub.irc.skeletons import skeleton

_SERVICES: Final = frozenset(map(skeleton, SERVICE_NAMES))


def name_problem(name: str, rules: Rules) -> str | None:
    """Why somebody can't be called so, as a sentence, or None."""
    if rules.ascii_names and not name.isascii():
        return "Names on this server are of the letters a to z, digits and a few signs."
    if skeleton(name) in _SERVICES:
        return "That is the name of a service: choose another."
    return nick_problem(name, rules.nick_bytes)
