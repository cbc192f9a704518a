"""Replies: what the server answers one session, and the error that carries one.

Law: an error is a reply (design, law 6). Handlers raise `Refused`; it is caught in one place.
"""

from __future__ import annotations

from typing import Final

import msgspec

from hubbub.irc.numerics import TEXTS, Numeric


class Reply(msgspec.Struct, frozen=True, gc=False):
    """One line for one session: a numeric, a standard reply or a plain command.

    The egress gate puts the server's name in front and, for a numeric, the recipient's nick
    as the first parameter; `params` holds what follows. `to` stands there instead when it is set.
    """

    command: str
    params: tuple[str, ...] = ()
    to: str = ""


class Refused(Exception):
    """What was asked can't be done, and `replies` is what its sender is told."""

    def __init__(self, *replies: Reply) -> None:
        super().__init__(replies)
        self.replies = replies


WORD_BYTES: Final = 300
"""How much of what somebody sent is said back to them as one parameter of a reply."""


def word(text: str) -> str:
    """`text` as it can stand in the middle of a line: '*' for what can't, cut when it is long.

    Somebody's last parameter may be empty, have spaces or start with ':'; a reply repeats it.
    """
    if not text or " " in text or text.startswith(":"):
        return "*"
    if len(text) * 4 > WORD_BYTES:
        return text.encode()[:WORD_BYTES].decode(errors="ignore")
    return text


def numeric(code: Numeric, *params: str, text: str | None = None) -> Reply:
    """A numeric with its documented text, or with `text` where one says more."""
    trailing = TEXTS.get(code) if text is None else text
    if trailing is None:
        return Reply(code.value, (*map(word, params[:-1]), *params[-1:]))
    return Reply(code.value, (*map(word, params), trailing))


def refuse(code: Numeric, *params: str, text: str | None = None) -> Refused:
    """The error that answers its sender with one numeric."""
    return Refused(numeric(code, *params, text=text))


def fail(command: str, code: str, *context: str, text: str) -> Refused:
    """The error that answers with a FAIL (https://ircv3.net/specs/extensions/standard-replies)."""
    return Refused(Reply("FAIL", (command, code, *map(word, context), text)))
