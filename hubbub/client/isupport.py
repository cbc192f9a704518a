"""What the server says about itself in 005, with the values that hold where it is silent.

https://modern.ircdocs.horse/#rplisupport-parameters
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from hubbub.client.splitting import LINE_LIMIT

_PREFIX = (("o", "@"), ("v", "+"))
_NICKLEN, _USERLEN, _HOSTLEN = 64, 20, 64
"""Generous, because a source that is longer than thought costs the end of a message."""


@dataclass(slots=True)
class Isupport:
    """The tokens of one connection, read with their defaults."""

    tokens: dict[str, str] = field(default_factory=dict)

    def learn(self, tokens: Iterable[str]) -> None:
        """Take the tokens of one 005 line (its text left out); `-NAME` takes one back."""
        for token in tokens:
            name, _, value = token.partition("=")
            if name.startswith("-"):
                self.tokens.pop(name[1:].upper(), None)
            elif name:
                self.tokens[name.upper()] = _unescape(value)

    def is_room(self, target: str) -> bool:
        """True when `target` names a room rather than a person (CHANTYPES)."""
        return target[:1] in tuple(self.tokens.get("CHANTYPES", "#&"))

    @property
    def prefixes(self) -> tuple[tuple[str, str], ...]:
        """Pairs of mode letter and prefix, the highest rank first (PREFIX)."""
        value = self.tokens.get("PREFIX")
        if value is None:
            return _PREFIX
        letters, _, signs = value.removeprefix("(").partition(")")
        return tuple(zip(letters, signs, strict=False))

    @property
    def list_modes(self) -> tuple[str, str, str]:
        """The mode letters that always take a parameter (A and B) and, last, those that do when set (C)."""
        groups = (self.tokens.get("CHANMODES", "beI,k,l,imnst") + ",,,").split(",")
        return groups[0], groups[1], groups[2]

    @property
    def history_limit(self) -> int:
        """The most rows that one CHATHISTORY may ask for; 100 where the server names no bound."""
        return self.number("CHATHISTORY", 0) or 100

    @property
    def longest_source(self) -> int:
        """Bytes of the longest `nick!user@host` that the server could put before our lines."""
        lengths = (
            self.number("NICKLEN", _NICKLEN),
            self.number("USERLEN", _USERLEN),
            self.number("HOSTLEN", _HOSTLEN),
        )
        # NICKLEN may count characters while the wire counts bytes; a hostile value can't take the line.
        return min(sum(lengths) + 3, LINE_LIMIT // 2)

    def number(self, name: str, default: int) -> int:
        """A token's whole number, or `default` when it is absent or no number."""
        value = self.tokens.get(name, "")
        return int(value) if value.isascii() and value.isdigit() else default


def _unescape(value: str) -> str:
    """Undo `\\xHH`, the only escape of 005."""
    head, *rest = value.split("\\x")
    for part in rest:
        try:
            head += chr(int(part[:2], 16)) + part[2:]
        except ValueError:
            head += "\\x" + part
    return head
