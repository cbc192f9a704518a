"""The terminal, driven by a pipe of keys and without a screen."""

from __future__ import annotations

import asyncio
import os
import re
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from prompt_toolkit import PromptSession
from prompt_toolkit.application import create_app_session
from prompt_toolkit.completion import CompleteEvent
from prompt_toolkit.document import Document
from prompt_toolkit.formatted_text import fragment_list_to_text, to_formatted_text
from prompt_toolkit.input import PipeInput, create_pipe_input
from prompt_toolkit.output import DummyOutput
from prompt_toolkit.output.vt100 import Vt100_Output

from hubbub.client.address import Address
from hubbub.client.chat import Chat
from hubbub.client.connection import Connection
from hubbub.client.keeping import KnownServers
from hubbub.client.network import Network
from hubbub.client.render import Line, Stream
from hubbub.client.terminal import ChatCompleter, Screen, Terminal
from tests.client.fake_server import FakeServer, running


class Pilot:
    """A terminal with a person who types and reads."""

    def __init__(self, server: FakeServer, keys: PipeInput, directory: Path, name: str) -> None:
        self.lines: list[str] = []
        self._news = asyncio.Event()
        loop = asyncio.get_running_loop()
        self.connection = Connection(name, run_token="run", device="d" * 32, rooms=("#lobby",))
        self.chat = Chat(self.connection, "#lobby", self._show, loop.call_later)
        address = Address("127.0.0.1", server.port)
        network = Network(self.connection, address, KnownServers(directory / "k"), self.chat.events)
        self.chat.flush = network.flush
        self.keys = keys
        self.session: PromptSession[str] = PromptSession(input=keys, output=DummyOutput())
        self.terminal = Terminal(self.chat, network, self.session)
        self.task = asyncio.create_task(self.terminal.run())

    def _show(self, line: Line) -> None:
        self.lines.append(line.text)
        self._news.set()

    async def sees(self, text: str) -> None:
        async with asyncio.timeout(10):
            while not any(text in line for line in self.lines):
                self._news.clear()
                await self._news.wait()

    def prompt(self) -> str:
        message = self.session.message
        assert callable(message)
        return fragment_list_to_text(to_formatted_text(message()))


def play(scene: Callable[[Pilot, FakeServer], object], directory: Path, **settings: object) -> None:
    async def whole() -> None:
        async with running(**settings) as server:  # type: ignore[arg-type]
            with create_pipe_input() as keys:
                pilot = Pilot(server, keys, directory, "alice")
                result = scene(pilot, server)
                assert asyncio.iscoroutine(result)
                await result
                await asyncio.wait_for(pilot.task, 10)
            assert not server.received or server.received[-1].startswith("QUIT")

    asyncio.run(whole())


def test_a_conversation(tmp_path: Path) -> None:
    async def scene(pilot: Pilot, server: FakeServer) -> None:
        await pilot.sees("#lobby has 2")
        assert pilot.prompt() == "#lobby alice> "
        pilot.keys.send_text("hello\r")
        await pilot.sees("<alice> hello")
        server.send(":bob!u@h PRIVMSG #lobby :hi \x1b[2Jalice", ":bob!u@h PRIVMSG alice :psst")
        await pilot.sees("[whisper from bob] psst")
        assert any(line.endswith("<bob> hi \ufffd[2Jalice") for line in pilot.lines)
        pilot.keys.send_text("/quit see you\r")

    play(scene, tmp_path)


def test_a_taken_name_is_asked_for_again(tmp_path: Path) -> None:
    async def scene(pilot: Pilot, server: FakeServer) -> None:
        await pilot.sees("type another name, or nothing for alice2")
        assert pilot.prompt() == "Your name: "
        pilot.keys.send_text("two words\r")
        await pilot.sees("A name can't contain a space")
        pilot.keys.send_text("\r")
        await pilot.sees("welcome, alice2")
        pilot.keys.send_text("\x04")

    play(scene, tmp_path, taken_names=frozenset({"alice"}))


def test_ctrl_c_says_goodbye(tmp_path: Path) -> None:
    async def scene(pilot: Pilot, server: FakeServer) -> None:
        await pilot.sees("#lobby has 2")
        pilot.keys.send_text("half a li\x03")

    play(scene, tmp_path)


def test_what_can_be_completed(tmp_path: Path) -> None:
    async def scene(pilot: Pilot, server: FakeServer) -> None:
        await pilot.sees("#lobby has 2")
        completer = ChatCompleter(pilot.chat)

        def offers(text: str) -> list[str]:
            found = completer.get_completions(Document(text), CompleteEvent())
            return [text[: len(text) + item.start_position] + item.text for item in found]

        assert offers("/wh") == ["/whisper "]
        assert offers("/whisper B") == ["/whisper bob "]
        assert offers("bo") == ["bob: "]
        assert offers("hi bo") == ["hi bob "]
        assert offers("/leave #") == ["/leave #lobby"]
        assert offers("") == []
        assert offers("al") == [], "not one's own name"
        pilot.keys.send_text("\x04")

    play(scene, tmp_path)


def test_a_signal_ends_it(tmp_path: Path) -> None:
    async def scene(pilot: Pilot, server: FakeServer) -> None:
        await pilot.sees("#lobby has 2")
        pilot.terminal.leave()

    play(scene, tmp_path)


class Recorder(DummyOutput):
    """An output that keeps what is written to it."""

    def __init__(self) -> None:
        self.text = ""

    def write_raw(self, data: str) -> None:
        self.text += data


def draws(*lines: Line, environment: dict[str, str]) -> str:
    async def scene() -> str:
        output = Recorder()
        screen = Screen(output, environment)
        for line in lines:
            screen.show(line)
        await screen.close()
        return output.text

    return asyncio.run(scene())


def test_colours_are_for_those_who_want_them() -> None:
    lines = (Line("a", Stream.CHAT), Line("b", Stream.ALERT), Line("c", Stream.CHAT, whisper=True))
    assert draws(*lines, environment={}) == "a\n\x1b[1;31mb\x1b[0m\n\x1b[35mc\x1b[0m\n"
    assert draws(*lines, environment={"NO_COLOR": "1"}) == "a\nb\nc\n"
    assert draws(*lines, environment={"TERM": "dumb"}) == "a\nb\nc\n"


def test_what_others_print_comes_in_the_same_order_and_nothing_is_left() -> None:
    async def scene() -> str:
        output = Recorder()
        screen = Screen(output, {"NO_COLOR": "1"})
        screen.show(Line("first"))
        with screen.in_place_of_streams():
            print("second \x1b[2J")
            print("third, without an end", end="", file=sys.stderr)
        await screen.close()
        return output.text

    assert asyncio.run(scene()) == "first\nsecond \ufffd[2J\nthird, without an end\n"


class Tty:
    """A pseudo-terminal whose screen side is prompt_toolkit's input and output."""

    def __init__(self) -> None:
        self.out = ""
        self.answers = True
        self._keyboard, screen_side = os.openpty()
        self._device = open(screen_side)  # noqa: SIM115 - closed in __exit__
        self._paper = open(os.dup(screen_side), "w")  # noqa: SIM115
        self._news = asyncio.Event()
        self._loop = asyncio.get_running_loop()
        self._loop.add_reader(self._keyboard, self._read)

    def __enter__(self) -> Tty:
        from prompt_toolkit.input.vt100 import Vt100Input

        output = Vt100_Output.from_pty(self._paper, term="xterm")
        self._session = create_app_session(Vt100Input(self._device), output)
        self._session.__enter__()
        return self

    def __exit__(self, *args: object) -> None:
        self._session.__exit__(None, None, None)
        self._loop.remove_reader(self._keyboard)
        self._device.close()
        self._paper.close()
        os.close(self._keyboard)

    def _read(self) -> None:
        data = os.read(self._keyboard, 65536).decode(errors="replace")
        self.out += data
        if "\x1b[6n" in data and self.answers:
            self.says_where_the_cursor_is()
        self._news.set()

    def says_where_the_cursor_is(self) -> None:
        self.types("\x1b[1;1R")

    def types(self, keys: str) -> None:
        os.write(self._keyboard, keys.encode())

    async def shows(self, text: str) -> None:
        async with asyncio.timeout(20):
            while text not in self.out:
                self._news.clear()
                await self._news.wait()


needs_tty = pytest.mark.skipif(sys.platform == "win32", reason="it takes a pseudo-terminal")


@needs_tty
def test_what_waits_for_the_prompt_is_not_overtaken_when_the_prompt_has_gone() -> None:
    async def scene() -> str:
        with Tty() as tty:
            tty.answers = False  # until then the prompt can't be put aside
            screen = Screen(environment={"NO_COLOR": "1"})
            session: PromptSession[str] = PromptSession("type> ", erase_when_done=True)
            prompt = asyncio.create_task(session.prompt_async())
            await tty.shows("\x1b[6n")
            screen.show(Line("one"))
            for _ in range(5):
                await asyncio.sleep(0)
            session.app.exit(result="")
            while session.app.is_running:
                await asyncio.sleep(0)
            screen.show(Line("two"))
            for _ in range(5):
                await asyncio.sleep(0)
            assert "two" not in tty.out
            tty.says_where_the_cursor_is()
            await prompt
            await screen.close()
            await tty.shows("two\r")
            return tty.out

    out = asyncio.run(scene())
    assert out.index("one\r") < out.index("two\r")


@needs_tty
def test_lines_typed_fast_are_all_shown_in_their_order(tmp_path: Path) -> None:
    async def scene() -> str:
        with Tty() as tty:
            async with running() as server:
                screen = Screen(environment={"NO_COLOR": "1"})
                connection = Connection("al", run_token="run", device="d" * 32, rooms=("#lobby",))
                later = asyncio.get_running_loop().call_later
                chat = Chat(connection, "#lobby", screen.show, later)
                address = Address("127.0.0.1", server.port)
                known = KnownServers(tmp_path / "k")
                network = Network(connection, address, known, chat.events)
                chat.flush = network.flush
                terminal = asyncio.create_task(Terminal(chat, network).run())
                await tty.shows("#lobby has 2")
                for number in range(6):
                    for count in range(6):
                        tty.types(f"{number}.{count}\r")
                    await tty.shows(f"<al> {number}.5\r")
                tty.types("/quit\r")
                await terminal
                screen.show(Line("the very last"))
                await screen.close()
                await tty.shows("the very last")
                return tty.out

    said = re.findall(r"<al> (\d\.\d)\r", asyncio.run(scene()))
    assert said == [f"{number}.{count}" for number in range(6) for count in range(6)]


def test_what_is_said_without_a_connection_is_in_view_until_it_is_sent(tmp_path: Path) -> None:
    async def scene(pilot: Pilot, server: FakeServer) -> None:
        await pilot.sees("#lobby has 2")
        port = server.port
        await server.stop()
        await pilot.sees("disconnected")
        pilot.keys.send_text("hello\r/whisper bob psst\r/me waves\r//slash\r")
        for text in ("hello", "[whisper to bob] psst", "* waves", "/slash"):
            await pilot.sees(f"*** waiting for the connection: {text}")
        await server.start(port=port)
        await pilot.sees("<alice> /slash")
        pilot.keys.send_text("\x04")

    play(scene, tmp_path)
