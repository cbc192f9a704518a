"""The chat in a terminal: arriving lines scroll above the line that is being typed and never tear it."""

from __future__ import annotations

import asyncio
import contextlib
import io
import os
from collections.abc import Callable, Iterable, Iterator, Mapping

from prompt_toolkit import PromptSession
from prompt_toolkit.application import get_app_session, run_in_terminal
from prompt_toolkit.completion import CompleteEvent, Completer, Completion
from prompt_toolkit.document import Document
from prompt_toolkit.formatted_text import FormattedText
from prompt_toolkit.output import Output

from hubbub.client.chat import NICK_MOST, Chat
from hubbub.client.commands import completions
from hubbub.client.network import Network
from hubbub.client.render import Line, Stream, clean
from hubbub.irc.names import nick_problem

COLOURS = {"status": "90", "alert": "1;31", "own": "36", "whisper": "35", "called": "1;33"}
"""What a kind of line looks like, as parameters of SGR (ECMA-48, 8.3.117)."""


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
    """The one printer of a run: everything comes out in the order of `show`, above the prompt.

    What comes while the prompt is being put aside is drawn with what it was put aside for. `close` must
    be awaited at the end, or the last lines may be lost.
    """

    def __init__(
        self, output: Output | None = None, environment: Mapping[str, str] = os.environ
    ) -> None:
        # Taken now: later `sys.stdout`, from which it is made, may be one of our own stand-ins.
        self._output = output or get_app_session().output
        plain = environment.get("NO_COLOR") or environment.get("TERM") == "dumb"
        self._colours = {} if plain else COLOURS
        self._waiting: list[str] = []
        self._drawing: asyncio.Task[None] | None = None

    def show(self, line: Line) -> None:
        """Print a line, soon and in order."""
        colour = self._colours.get(_style(line))
        text = f"\x1b[{colour}m{line.text}\x1b[0m\n" if colour else line.text + "\n"
        self._waiting.append("\a" + text if line.bell else text)
        if self._drawing is None:
            self._drawing = asyncio.create_task(self._draw())

    async def close(self) -> None:
        """Print what is left, and return when it is out."""
        await asyncio.sleep(0)  # what a stand-in was given is on its way
        while self._drawing is not None:
            await self._drawing

    @contextlib.contextmanager
    def in_place_of_streams(self) -> Iterator[None]:
        """What anybody writes to standard output and standard error is printed here, too."""
        loop = asyncio.get_running_loop()

        def show(text: str) -> None:
            loop.call_soon_threadsafe(self.show, Line(clean(text)))

        with (
            contextlib.closing(_StandIn(show)) as out,
            contextlib.closing(_StandIn(show)) as err,
            contextlib.redirect_stdout(out),
            contextlib.redirect_stderr(err),
        ):
            yield

    async def _draw(self) -> None:
        # One at a time: between two prompts the next would be printed at once, before one that waits.
        try:
            while self._waiting:
                await run_in_terminal(self._put)
        finally:
            self._drawing = None

    def _put(self) -> None:
        text = "".join(self._waiting)
        self._waiting.clear()
        with contextlib.suppress(OSError):  # the terminal is gone, which a signal tells
            self._output.enable_autowrap()
            self._output.write_raw(text)
            self._output.flush()


class _StandIn(io.TextIOBase):
    """A stream that gives each whole line to `show`."""

    def __init__(self, show: Callable[[str], None]) -> None:
        self._show = show
        self._rest = ""

    def write(self, text: str) -> int:
        *lines, self._rest = (self._rest + text).split("\n")
        for line in lines:
            self._show(line)
        return len(text)

    def close(self) -> None:
        if self._rest:
            self.write("\n")
        super().close()


def _style(line: Line) -> str:
    if line.stream is not Stream.CHAT:
        return str(line.stream.value)
    if line.whisper or line.own:
        return "own" if line.own and not line.whisper else "whisper"
    return "called" if line.called else "chat"


def ask_name(session: PromptSession[str]) -> str:
    """Ask until a name is one. Raises EOFError and KeyboardInterrupt when the person goes."""
    while True:
        name = str(session.prompt("Your name: ")).strip()
        problem = nick_problem(name, NICK_MOST)
        if problem is None:
            return name
        print(problem)


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
        self._asking: PromptSession[str] | None = None
        chat.can_ask = True
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
            await self._read(net)
        finally:
            await self._network.stop(self.chat.quit_reason or "")
            net.cancel()
            ended = (await asyncio.gather(net, return_exceptions=True))[0]
        if isinstance(ended, Exception):
            raise ended

    def leave(self) -> None:
        """End the prompt from outside: a signal came, or the connection is over."""
        for session in (self._session, self._asking):
            if session is not None and session.app.is_running and not session.app.is_done:
                session.app.exit(exception=EOFError())

    async def _read(self, net: asyncio.Task[None]) -> None:
        while self.chat.quit_reason is None and not net.done():
            try:
                if self.chat.asking_secret is not None:
                    await self._ask_secret(self.chat.asking_secret[0])
                    continue
                text = await self._session.prompt_async()
            except (EOFError, KeyboardInterrupt):
                return
            self.chat.typed(text)
            self._network.hurry()

    async def _ask_secret(self, question: str) -> None:
        """Ask on a line of its own, which no history keeps."""
        asking: PromptSession[str] = PromptSession(
            erase_when_done=True, input=self._session.input, output=self._session.output
        )
        self._asking = asking
        try:
            self.chat.secret(await asking.prompt_async(question, is_password=True))
        except KeyboardInterrupt:
            self.chat.secret("")
        finally:
            self._asking = None

    def _prompt(self) -> FormattedText:
        if self.chat.asking_name:
            return FormattedText([("bold", "Your name: ")])
        connection = self.chat.connection
        room = clean(self.chat.room) or "(no room)"
        state = "" if connection.welcome_over else " (not connected)"
        return FormattedText(
            [("", f"{room} "), ("bold", clean(connection.nick)), ("", f"{state}> ")]
        )
