"""A mask is matched in time linear in the text for each of its parts: no mask can make it explode.

'*' stands for any characters, '?' for one, a backslash takes the meaning of either away (and of
itself). Both sides are folded first, so '?' stands for one character of the folded text.
Specification: https://modern.ircdocs.horse/#wildcard-expressions
A mask of an account is `~a:name` (https://ircv3.net/specs/extensions/account-extban).
"""

import ipaddress
import re
from collections.abc import Iterator
from functools import lru_cache
from typing import Final

from hubbub.irc.names import fold

EXTBAN: Final = "~,a"
"""The value of ISUPPORT EXTBAN: the sign that begins an extended mask, and the letters after it."""
ACCOUNT_EXTBAN: Final = "a,account"
"""The value of ISUPPORT ACCOUNTEXTBAN: the names of the masks of accounts."""

# The second sign is what people know from other servers.
_OF_ACCOUNTS: Final = re.compile(r"[~$](?:a|account):(.*)", re.DOTALL | re.IGNORECASE)
_ANY_ONE: Final = "?"
_ANY_MANY: Final = "*"


def normalise(mask: str) -> str:
    """The mask completed to nick!user@host, as ban lists keep and show it.

    'nick', 'nick!user', 'user@host', '!user' and '@host' get '*' for what they leave out. A bare
    word with '.' or ':' is a host, since no nick has these. Runs of '*' become one.
    A mask of an account becomes '~a:name'.
    """
    account = account_mask(mask)
    if account is not None:
        return f"~a:{_tidy(account)}"
    name, at, host = mask.rpartition("@")
    if not at:
        name, host = mask, ""
    nick, bang, user = name.partition("!")
    if at and not bang:
        nick, user = "", nick
    elif not bang and ("." in nick or ":" in nick):
        nick, host = "", nick
    return f"{_tidy(nick)}!{_tidy(user)}@{_tidy(host)}"


@lru_cache(maxsize=1024)
def host_of(address: str) -> str:
    """The host of a person whose connection comes from an address, as it can stand in a mask.

    It is "localhost" for this machine and for a unix socket (an empty text, or "unix"). One of IPv6
    mustn't start with a colon, and loses its zone.
    """
    try:
        parsed = ipaddress.ip_address(address.partition("%")[0])
    except ValueError:
        return "localhost"
    if isinstance(parsed, ipaddress.IPv6Address) and parsed.ipv4_mapped is not None:
        parsed = parsed.ipv4_mapped
    if parsed.is_loopback:
        return "localhost"
    host = str(parsed)
    return f"0{host}" if host.startswith(":") else host


def account_mask(mask: str) -> str | None:
    """What a mask of an account says of the account's name, or None for any other mask."""
    if mask[:1] not in ("~", "$"):
        return None
    found = _OF_ACCOUNTS.fullmatch(mask)
    return None if found is None else found[1]


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
