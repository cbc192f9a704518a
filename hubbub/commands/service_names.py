"""The names of services, which nobody else can bear."""

from __future__ import annotations

from typing import Final

from hubbub.irc.names import fold_nick

SERVICE_NAMES: Final = ("NickServ", "ChanServ")
"""Those that there are."""
DECEIVING_NAMES: Final = (
    *SERVICE_NAMES,
    "AuthServ",
    "BotServ",
    "HelpServ",
    "HostServ",
    "InfoServ",
    "MemoServ",
    "OperServ",
    "SaslServ",
    "StatServ",
)
"""Those that people know from elsewhere, too: who bears one is told passwords."""
_FOLDED: Final = frozenset(map(fold_nick, SERVICE_NAMES))


def is_service(name: str) -> bool:
    """Whether a name is a service's, so that nobody can bear it."""
    return fold_nick(name) in _FOLDED
