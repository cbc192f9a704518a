"""Bots made with other people's frameworks, and The Lounge: they log in, join, talk and come back after a crash."""

from __future__ import annotations

import re
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from pathlib import Path

import pytest

from tests.clients.wires import Wire, register
from tests.stage import ROOT, Program, Server, environment, free_port, wait_until

CLIENTS = ROOT / "tests" / "clients"
BIN = ROOT / ".venv-clients" / ("Scripts" if sys.platform == "win32" else "bin")
PACKAGES = CLIENTS / "node" / "node_modules"
FRAMEWORKS = ("irc", "pydle", "ircrobots", "bottom", "sopel", "limnoria")
TRUSTED_AFTER = 5.5
"""Seconds after which irc-framework takes a server for one to come back to; shorter ones it leaves."""
NAME, PASSWORD = "robby", "klaatu-barada-nikto"

needs_frameworks = pytest.mark.skipif(
    not (BIN / "python").exists(), reason="the frameworks aren't installed (make clients does it)"
)
needs_packages = pytest.mark.skipif(
    not ((BIN / "node").exists() and PACKAGES.exists()),
    reason="Node's packages aren't installed (make clients does it)",
)


class Show:
    """A server, somebody who watches by hand, and a bot."""

    def __init__(self, home: Path, stack: ExitStack) -> None:
        self._home = home
        self._stack = stack
        self.server = Server(home)
        stack.callback(self.server.close)
        self.server.start()
        register(self.server, NAME, PASSWORD)
        self.ann = self.ann_comes()

    def ann_comes(self) -> Wire:
        """She watches the bots' room."""
        ann = Wire(self.server).arrives("ann")
        self._stack.callback(ann.close)
        ann.send("JOIN #bots")
        return ann

    def starts(self, *command: str, more: Sequence[str] = ()) -> Program:
        """A bot, as its script says."""
        home = self._home / "bot"
        home.mkdir()
        certificate = str(self.server.data / "certificate.pem")
        words = [str(self.server.port), NAME, PASSWORD, certificate, str(home), *more]
        env = environment(home) | {"NODE_EXTRA_CA_CERTS": certificate}
        bot = Program(command[-1], [*command, *words], env)
        self._stack.callback(bot.close)
        return bot

    def crashes(self) -> None:
        """The server does, and is there again."""
        self.server.crash()
        self.ann.close()
        self.server.start()

    def talks(self, bot: Program) -> None:
        """It comes logged in, and answers in the room and in private."""
        ann = self.ann
        try:
            wait_until(lambda: is_here(ann), lambda: "it doesn't come\n" + "\n".join(ann.lines))
            before = len(ann.lines)
            ann.send("PRIVMSG #bots :!echo bleep, 你好")
            said = ann.sees(f":{NAME}!\\S+ PRIVMSG #bots :bleep, 你好$", since=before)
            assert f"account={NAME}" in said.split(" ")[0]
            ann.send(f"PRIVMSG {NAME} :!echo between us")
            ann.sees(f":{NAME}!\\S+ (PRIVMSG|NOTICE) ann :between us$", since=before)
        except (AssertionError, EOFError) as error:
            raise AssertionError(
                f"{error}\n--- out\n{bot.out[-4000:]}\n--- err\n{bot.err[-4000:]}"
            ) from None


def is_here(ann: Wire) -> bool:
    """Whether the bot is in the room and not offline, as accounts stay in their rooms."""
    answer = ann.ask("WHO #bots %nfa")
    return any(re.search(f" 354 ann {NAME} H[B@+]* {NAME}$", line) for line in answer)


@pytest.fixture
def show(tmp_path: Path) -> Iterator[Show]:
    with ExitStack() as stack:
        yield Show(tmp_path, stack)


@needs_frameworks
@pytest.mark.parametrize("framework", FRAMEWORKS)
def test_a_bot_logs_in_talks_and_is_back_after_a_crash(framework: str, show: Show) -> None:
    bot = show.starts(str(BIN / "python"), str(CLIENTS / "bots" / f"{framework}_bot.py"))
    show.talks(bot)
    show.crashes()
    show.ann = show.ann_comes()
    show.talks(bot)


@needs_packages
@pytest.mark.parametrize("subprotocol", ["text.ircv3.net", "binary.ircv3.net"])
def test_irc_framework_does_so_over_a_websocket(subprotocol: str, show: Show) -> None:
    script = str(CLIENTS / "node" / "framework_bot.js")
    bot = show.starts(str(BIN / "node"), script, more=(subprotocol,))
    show.talks(bot)
    time.sleep(TRUSTED_AFTER)
    show.crashes()
    show.ann = show.ann_comes()
    show.talks(bot)


@needs_packages
def test_the_lounge_shows_what_it_missed(show: Show) -> None:
    show.ann.send("PRIVMSG #bots :once: before it came", "PRIVMSG #bots :\1ACTION waits: once\1")
    script = str(CLIENTS / "node" / "lounge_bot.js")
    lounge = show.starts(str(BIN / "node"), script, more=(str(free_port()),))
    show.talks(lounge)
    lounge.sees(
        '"text":"once: before it came"', '"type":"action","from":"ann","text":"waits: once"'
    )

    time.sleep(TRUSTED_AFTER)
    show.crashes()
    show.ann = show.ann_comes()
    show.ann.send("PRIVMSG #bots :once: while it was away")
    show.talks(lounge)
    show.ann.send("PRIVMSG #bots :once: good night")
    lounge.sees('"text":"once: while it was away"', '"text":"once: good night"')
    # It can't ask for history, so that what was said before comes again with the room.
    for text in ("once: while it was away", "once: good night"):
        assert lounge.shown(text) == 1, lounge.out
