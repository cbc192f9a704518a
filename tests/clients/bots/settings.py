"""What every bot here is told on its command line, and what it has to do.

A bot logs in to its account, over TLS with the certificate checked, goes into #bots, answers `!echo TEXT`
with TEXT where it was said, and after a lost connection is back by itself. These scripts are run by the interpreter
of .venv-clients, which has the frameworks and nothing of Hubbub's.
"""

import sys
from dataclasses import dataclass

HOST = "127.0.0.1"
ROOM = "#bots"
ASKS = "!echo "
AGAIN_AFTER = 1
"""Seconds until the next try to connect; other servers are given a minute."""


@dataclass(frozen=True)
class Settings:
    """Where to connect and as whom; `home` is a directory for the bot's own files."""

    port: int
    nick: str
    password: str
    certificate: str
    home: str


def given() -> Settings:
    """The settings on the command line."""
    port, nick, password, certificate, home = sys.argv[1:]
    return Settings(int(port), nick, password, certificate, home)
