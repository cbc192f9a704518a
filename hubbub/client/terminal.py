"""The chat in a terminal: arriving lines scroll above the line that is being typed and never tear it."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable

from prompt_toolkit import PromptSession
from prompt_toolkit.completion import CompleteEvent, Completer, Completion
from prompt_toolkit.document import Document
from prompt_toolkit.formatted_text import FormattedText
from prompt_toolkit.patch_stdout import patch_stdout
from prompt_toolkit.shortcuts import print_formatted_text
from prompt_toolkit.styles import Style

from hubbub.client.chat import NICK_MOST, Chat
from hubbub.client.commands import completions
from hubbub.client.network import Network
from hubbub.client.render import Line, Stream, clean
from hubbub.irc.names import nick_problem

STYLE = Style.from_dict(
    {
        "status": "ansibrightblack",
        "alert": "ansired bold",
        "own": "ansicyan",
        "whisper": "ansimagenta",
    }
)


class ChatCompleter(Completer):
    """Completes commands, rooms and names."""

    def __init__(self, chat: Chat) -> None:
        self._chat = chat

    def get_completions(
        self, document: Document, complete_event: CompleteEvent
    ) -> Iterable[Completion]:
        """What could follow the text before the cursor."""
        if self._chat.asking_name:
            return
        for text, replaces in completions(self._chat, document.text_before_cursor):
            yield Completion(text, start_position=-replaces)


class Screen:
    """Prints lines above the prompt: what comes in one turn of the loop is drawn once."""

    def __init__(self) -> None:
        self._lines: list[Line] = []

    def show(self, line: Line) -> None:
        """Print a line, soon and in order."""
        self._lines.append(line)
        if len(self._lines) == 1:
            asyncio.get_running_loop().call_soon(self.draw)

    def draw(self) -> None:
        """Print what has come."""
        lines, self._lines = self._lines, []
        if lines:
            parts = [(f"class:{_style(line)}", line.text + "\n") for line in lines]
            print_formatted_text(FormattedText(parts), style=STYLE, end="")


def _style(line: Line) -> str:
    if line.stream is not Stream.CHAT:
        return str(line.stream.value)
    return "whisper" if line.whisper else "own" if line.own else "chat"


def ask_name(session: PromptSession[str]) -> str:
    """Ask until a name is one. Raises EOFError and KeyboardInterrupt when the person goes."""
    while True:
        name = str(session.prompt("Your name: ")).strip()
        problem = nick_problem(name, NICK_MOST)
        if problem is None:
            return name
        print_formatted_text(problem)


class Terminal:
    """One run in a terminal."""

    def __init__(
        self, chat: Chat, network: Network, session: PromptSession[str] | None = None
    ) -> None:
        self.chat = chat
        self._network = network
        # What was typed comes back from the server in its place; the prompt's line would double it.
        self._session: PromptSession[str] = session or PromptSession(erase_when_done=True)
        self._session.completer = ChatCompleter(chat)
        self._session.complete_while_typing = False
        self._session.message = self._prompt
        chat.changed = self.changed

    def changed(self) -> None:
        """Something happened that the prompt may show."""
        if self._session.app.is_running:
            self._session.app.invalidate()

    async def run(self) -> None:
        """Until the person goes, or the connection has come to its end. Raises as `Network.run`."""
        net = asyncio.create_task(self._network.run())
        net.add_done_callback(lambda _: self.leave())
        try:
            with patch_stdout(raw=True):
                await self._read(net)
        finally:
            await self._network.stop(self.chat.quit_reason or "")
            net.cancel()
            ended = (await asyncio.gather(net, return_exceptions=True))[0]
        if isinstance(ended, Exception):
            raise ended

    def leave(self) -> None:
        """End the prompt from outside: a signal came, or the connection is over."""
        if self._session.app.is_running and not self._session.app.is_done:
            self._session.app.exit(exception=EOFError())

    async def _read(self, net: asyncio.Task[None]) -> None:
        while self.chat.quit_reason is None and not net.done():
            try:
                text = await self._session.prompt_async()
            except (EOFError, KeyboardInterrupt):
                return
            self._keep_in_view(text)
            self.chat.typed(text)

    def _keep_in_view(self, text: str) -> None:
        """What is said without a connection is shown as waiting, since no echo will follow soon."""
        waiting = text.strip() and not self.chat.connection.welcome_over
        if waiting and not self.chat.asking_name and not text.startswith("/"):
            self.chat.tell(f"waiting for the connection: {clean(text)}")

    def _prompt(self) -> FormattedText:
        if self.chat.asking_name:
            return FormattedText([("bold", "Your name: ")])
        connection = self.chat.connection
        room = clean(self.chat.room) or "(no room)"
        state = "" if connection.welcome_over else " (not connected)"
        return FormattedText(
            [("", f"{room} "), ("bold", clean(connection.nick)), ("", f"{state}> ")]
        )
