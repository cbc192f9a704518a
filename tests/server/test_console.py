"""The console: what is typed is handled, what is answered is shown, and its end is the caller's signal."""

import asyncio
import io
import logging
import sys
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from prompt_toolkit.application import create_app_session
from prompt_toolkit.completion import CompleteEvent
from prompt_toolkit.data_structures import Size
from prompt_toolkit.document import Document
from prompt_toolkit.input import PipeInput, create_pipe_input
from prompt_toolkit.output.vt100 import Vt100_Output

from hubbub.server.console import PROMPT, ConsoleCompleter, run_console
from hubbub.server.logs import LineFormatter, StderrHandler

CTRL_C, CTRL_D, ENTER, TAB = "\x03", "\x04", "\r", "\t"


class Screen(io.StringIO):
    """A terminal that remembers what was written to it."""

    def isatty(self) -> bool:
        return True


@contextmanager
def terminal() -> Iterator[tuple[PipeInput, Screen]]:
    """Keys to press, and the screen they show on."""
    screen = Screen()
    output = Vt100_Output(
        screen, lambda: Size(rows=24, columns=200), term="xterm", enable_cpr=False
    )
    with create_pipe_input() as keys, create_app_session(input=keys, output=output):
        yield keys, screen


def typed(keys: str) -> tuple[list[str], str]:
    """The lines that were handled when these keys are pressed, and what the screen was sent."""
    handled: list[str] = []

    async def handle(line: str) -> tuple[bool, list[str]]:
        handled.append(line)
        return not line.startswith("bad"), [] if line == "bad silent" else [f"did {line}"]

    async def run() -> None:
        async with asyncio.timeout(20):
            await run_console(handle, lambda: ["alice", "bob"])

    with terminal() as (pressed, screen):
        pressed.send_text(keys)
        asyncio.run(run())
        return handled, screen.getvalue()


@pytest.mark.parametrize("end", ["quit\r", "/quit\r", "/STOP\r", "exit\r", CTRL_C, CTRL_D])
def test_it_ends_when_asked(end: str) -> None:
    assert typed(f"users{ENTER}{end}")[0] == ["users"]


def test_commands_with_and_without_their_slash() -> None:
    handled, screen = typed(
        f"/kick alice being rude{ENTER}  rooms  {ENTER}{ENTER} / {ENTER}{CTRL_D}"
    )
    assert handled == ["kick alice being rude", "rooms"]
    assert "did kick alice being rude" in screen
    assert PROMPT in screen


def test_a_refusal_is_marked() -> None:
    _, screen = typed(f"bad{ENTER}bad silent{ENTER}{CTRL_D}")
    assert "! did bad" in screen
    assert "! That was not done." in screen


def test_an_answer_cannot_move_the_cursor() -> None:
    async def handle(line: str) -> tuple[bool, list[str]]:
        return True, ["alice\x1b[2Jgone"]

    async def run() -> None:
        async with asyncio.timeout(20):
            await run_console(handle, list)

    with terminal() as (pressed, screen):
        pressed.send_text(f"users{ENTER}{CTRL_D}")
        asyncio.run(run())
        assert r"alice\x1b[2Jgone" in screen.getvalue()


def test_the_log_goes_above_the_prompt() -> None:
    log = logging.getLogger("console-test")
    handler = StderrHandler()
    handler.setFormatter(LineFormatter())
    log.addHandler(handler)

    async def handle(line: str) -> tuple[bool, list[str]]:
        log.warning("alice arrived")
        return True, []

    async def run() -> None:
        async with asyncio.timeout(20):
            await run_console(handle, list)

    before = sys.stderr
    with terminal() as (pressed, screen):
        pressed.send_text(f"users{ENTER}{CTRL_D}")
        asyncio.run(run())
        assert "warning alice arrived" in screen.getvalue()
    assert sys.stderr is before
    log.removeHandler(handler)


def test_it_may_be_cancelled() -> None:
    async def run() -> None:
        before = sys.stdout
        console = asyncio.create_task(run_console(never, list))
        while sys.stdout is before:  # until it has taken over the terminal
            await asyncio.sleep(0)
        console.cancel()
        with pytest.raises(asyncio.CancelledError):
            await console
        assert sys.stdout is before

    async def never(line: str) -> tuple[bool, list[str]]:
        raise AssertionError

    with terminal():
        asyncio.run(run())


def test_a_key_completes_a_word() -> None:
    assert typed(f"/ki{TAB} al{TAB}{ENTER}{CTRL_D}")[0] == ["kick alice"]


@pytest.mark.parametrize(
    ("text", "offered"),
    [
        ("k", ["kick"]),
        ("/U", ["/unban", "/undo", "/unmute", "/users"]),
        ("q", ["quit"]),
        ("kick ", ["alice", "Bob"]),
        ("kick b", ["Bob"]),
        ("kick bob a", ["alice"]),
        ("kick x", []),
    ],
)
def test_what_is_offered(text: str, offered: list[str]) -> None:
    completer = ConsoleCompleter(lambda: ["Bob", "alice"])
    found = completer.get_completions(Document(text), CompleteEvent())
    assert [completion.text for completion in found] == offered
