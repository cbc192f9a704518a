"""A mask is matched in time linear in the text for each of its parts: no mask can make it explode.

'*' stands for any characters, '?' for one, a backslash takes the meaning of either away (and of
itself). Both sides are folded first, so '?' stands for one character of the folded text.
Specification: https://modern.ircdocs.horse/#wildcard-expressions
"""

import re
from collections.abc import Iterator
from functools import lru_cache
from typing import Final

from hubbub.irc.names import fold

_ANY_ONE: Final = "?"
_ANY_MANY: Final = "*"


def normalise(mask: str) -> str:
    """The mask completed to nick!user@host, as ban lists keep and show it.

    'nick', 'nick!user', 'user@host', '!user' and '@host' get '*' for what they leave out. A bare
    word with '.' or ':' is a host, since no nick has these. Runs of '*' become one.
    """
    name, at, host = mask.rpartition("@")
    if not at:
        name, host = mask, ""
    nick, bang, user = name.partition("!")
    if at and not bang:
        nick, user = "", nick
    elif not bang and ("." in nick or ":" in nick):
        nick, host = "", nick
    return f"{_tidy(nick)}!{_tidy(user)}@{_tidy(host)}"


def matches(mask: str, text: str) -> bool:
    """Whether the whole of `text` is what `mask` describes, whatever the case of either."""
    return _compiled(mask).fullmatch(fold(text)) is not None


def _tidy(part: str) -> str:
    tidy = []
    previous = ""
    for token in _tokens(part):
        if token != _ANY_MANY or previous != _ANY_MANY:
            tidy.append(token)
        previous = token
    return "".join(tidy) or _ANY_MANY


def _tokens(mask: str) -> Iterator[str]:
    """The wildcards, the literal characters and the escapes (two characters) of `mask`."""
    position = 0
    while position < len(mask):
        escaped = mask[position] == "\\" and mask[position + 1 : position + 2] in ("*", "?", "\\")
        width = 2 if escaped else 1
        yield mask[position : position + width]
        position += width


@lru_cache(maxsize=512)
def _compiled(mask: str) -> re.Pattern[str]:
    """The mask as a pattern whose parts between '*' are atomic groups.

    The first place where a part fits is as good as any later one, so none need ever be tried
    again; only the last part is sought from the end.
    """
    parts = [""]
    literal = ""
    for token in _tokens(mask):
        if token in (_ANY_ONE, _ANY_MANY):
            parts[-1] += re.escape(fold(literal))
            literal = ""
            if token == _ANY_ONE:
                parts[-1] += "."
            else:
                parts.append("")
        else:
            literal += token[-1]
    parts[-1] += re.escape(fold(literal))
    if len(parts) == 1:
        return re.compile(parts[0], re.DOTALL)
    first, *middle, last = parts
    sought = "".join(f"(?>.*?{part})" for part in middle if part)
    return re.compile(f"{first}{sought}.*{last}", re.DOTALL)
