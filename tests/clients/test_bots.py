"""Bots made with other people's frameworks: they log in, join, talk and come back after a crash."""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from tests.clients.wires import Wire, register
from tests.stage import ROOT, Program, Server, environment, wait_until

BOTS = ROOT / "tests" / "clients" / "bots"
PYTHON = ROOT / ".venv-clients" / ("Scripts" if sys.platform == "win32" else "bin") / "python"
FRAMEWORKS = ("irc", "pydle", "ircrobots", "bottom", "sopel", "limnoria")
NAME, PASSWORD = "robby", "klaatu-barada-nikto"

pytestmark = pytest.mark.skipif(
    not PYTHON.exists(), reason="the frameworks aren't installed (make clients installs them)"
)


@pytest.fixture
def stage(tmp_path: Path) -> Iterator[ExitStack]:
    with ExitStack() as stack:
        yield stack


@pytest.mark.parametrize("framework", FRAMEWORKS)
def test_a_bot_logs_in_talks_and_is_back_after_a_crash(
    framework: str, stage: ExitStack, tmp_path: Path
) -> None:
    server = Server(tmp_path)
    stage.callback(server.close)
    server.start()
    register(server, NAME, PASSWORD)
    observer = Wire(server).arrives("ann")
    stage.callback(observer.close)
    observer.send("JOIN #bots")

    home = tmp_path / "bot"
    home.mkdir()
    certificate = server.data / "certificate.pem"
    words = [str(server.port), NAME, PASSWORD, str(certificate), str(home)]
    bot = Program(
        framework, [str(PYTHON), str(BOTS / f"{framework}_bot.py"), *words], environment(home)
    )
    stage.callback(bot.close)
    talks(observer, bot)

    server.crash()
    observer.close()
    server.start()
    observer = Wire(server).arrives("ann")
    stage.callback(observer.close)
    observer.send("JOIN #bots")
    talks(observer, bot)


def talks(observer: Wire, bot: Program) -> None:
    """It comes logged in, and answers in the room and in private."""
    try:
        wait_until(
            lambda: is_here(observer), lambda: "it doesn't come\n" + "\n".join(observer.lines)
        )
        observer.send("PRIVMSG #bots :!echo bleep, 你好")
        said = observer.sees(f":{NAME}!\\S+ PRIVMSG #bots :bleep, 你好$")
        assert f"account={NAME}" in said.split(" ")[0]
        observer.send(f"PRIVMSG {NAME} :!echo between us")
        observer.sees(f":{NAME}!\\S+ (PRIVMSG|NOTICE) ann :between us$")
    except (AssertionError, EOFError) as error:
        raise AssertionError(f"{error}\n--- out\n{bot.out[-4000:]}\n--- err\n{bot.err[-4000:]}")


def is_here(observer: Wire) -> bool:
    """Whether it is in the room and not offline, as accounts stay in their rooms."""
    return any(
        re.search(f" 354 ann {NAME} H[B@+]* {NAME}$", line)
        for line in observer.ask("WHO #bots %nfa")
    )
