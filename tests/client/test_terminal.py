"""The terminal, driven by a pipe of keys and without a screen."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path

from prompt_toolkit import PromptSession
from prompt_toolkit.completion import CompleteEvent
from prompt_toolkit.document import Document
from prompt_toolkit.formatted_text import fragment_list_to_text, to_formatted_text
from prompt_toolkit.input import PipeInput, create_pipe_input
from prompt_toolkit.output import DummyOutput

from hubbub.client.address import Address
from hubbub.client.chat import Chat
from hubbub.client.connection import Connection
from hubbub.client.keeping import KnownServers
from hubbub.client.network import Network
from hubbub.client.render import Line
from hubbub.client.terminal import ChatCompleter, Terminal
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
