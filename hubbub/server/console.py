"""The server's own terminal: commands are typed at the bottom while the log scrolls above, untorn.

Loading it takes half a second: do so once connections are accepted, and only where
`ServeOptions.wants_console()` says that there is somebody to type.
"""

import asyncio
from collections.abc import Awaitable, Callable, Iterable

from prompt_toolkit import PromptSession, print_formatted_text
from prompt_toolkit.completion import CompleteEvent, Completer, Completion
from prompt_toolkit.document import Document
from prompt_toolkit.patch_stdout import patch_stdout
from prompt_toolkit.shortcuts import CompleteStyle

from hubbub.server.admin_commands import ADMIN_COMMANDS, ALIASES
from hubbub.server.logs import printable

PROMPT = "hubbub> "

_MAX_COMPLETIONS = 100
_LAST_WORDS = 5
"""How many turns of the loop it takes at most until they are written."""


async def run_console(
    handle: Callable[[str], Awaitable[tuple[bool, list[str]]]], complete: Callable[[], list[str]]
) -> None:
    """Read commands and show what `handle` answers, until /quit, Ctrl-C or Ctrl-D.

    When this returns the person wants the server stopped in order: that is the caller's duty.
    May be cancelled; the terminal is left as it was. `complete` gives the users' names. An
    exception of `handle` is passed on.
    """
    # Completions as readline shows them, on Tab: a menu would keep eight lines of the log's place.
    session: PromptSession[str] = PromptSession(
        PROMPT,
        completer=ConsoleCompleter(complete),
        complete_style=CompleteStyle.READLINE_LIKE,
        complete_while_typing=False,
    )
    with patch_stdout():
        await _converse(session, handle)
    # What was logged while the prompt ended is written by callbacks that are still to come.
    for _ in range(_LAST_WORDS):
        await asyncio.sleep(0)


async def _converse(
    session: PromptSession[str], handle: Callable[[str], Awaitable[tuple[bool, list[str]]]]
) -> None:
    while True:
        try:
            # SIGINT is the server's own to handle: Ctrl-C arrives as a key, not as a signal.
            typed = await session.prompt_async(handle_sigint=False)
        except (EOFError, KeyboardInterrupt):
            return
        line = typed.strip().removeprefix("/").strip()
        if not line:
            continue
        word = line.split()[0].lower()
        if ALIASES.get(word, word) == "stop":
            return
        done, lines = await handle(line)
        if not done and not lines:
            lines = ["That was not done."]
        for shown in lines:
            # Not by print: what goes that way may still wait for its turn when the prompt ends.
            text = printable(shown) if done else f"! {printable(shown)}"
            print_formatted_text(text, output=session.output)


class ConsoleCompleter(Completer):
    """Completes the first word to a command, with or without its slash, and later ones to users' names."""

    def __init__(self, names: Callable[[], list[str]]) -> None:
        self._names = names

    def get_completions(self, document: Document, event: CompleteEvent) -> Iterable[Completion]:
        """What the word before the cursor may become."""
        typed = document.text_before_cursor.lstrip()
        first, space, _ = typed.partition(" ")
        if not space:
            slash = "/" if first.startswith("/") else ""
            commands = [*(command.name for command in ADMIN_COMMANDS), "quit"]
            yield from _matching(first, [slash + name for name in commands])
        else:
            yield from _matching(typed.rpartition(" ")[2], self._names())


def _matching(word: str, candidates: Iterable[str]) -> Iterable[Completion]:
    lowered = word.lower()
    found = sorted((n for n in candidates if n.lower().startswith(lowered)), key=str.lower)
    for name in found[:_MAX_COMPLETIONS]:
        yield Completion(name, start_position=-len(word))
