"""What the operator may have of one account: all that its owner would get, in a file.

Law: the pages are those of EXPORT and the lines those of our client, so there is no second account of
what is kept of somebody. The file is its owner's only, and no larger piece than a page is in memory.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from hubbub.commands.export import page_of
from hubbub.core.entities import Account
from hubbub.core.ids import NO_SESSION
from hubbub.edge.session import Session
from hubbub.edge.work import Shown
from hubbub.irc.exporting import page
from hubbub.irc.message import Message, parse
from hubbub.server.errors import OperatorError
from hubbub.server.hub import Hub

PAGE: Final = 500
"""How many messages are read at a time."""
READS: Final = frozenset(
    {
        "batch",
        "draft/channel-rename",
        "draft/event-playback",
        "draft/message-redaction",
        "message-tags",
        "server-time",
        "standard-replies",
    }
)
"""What of the capabilities that our client knows makes a difference to a page."""


class ExportError(OperatorError):
    """The file can't be written, or the history not read."""


async def export(hub: Hub, account: Account, directory: Path) -> Path:
    """Writes what is kept of an account to a new file in the directory; the file. Raises ExportError.

    What is said meanwhile may be in it or not.
    """
    file = directory / f"account-{account.id}-{hub.state.present}.jsonl"
    try:
        directory.mkdir(mode=0o700, exist_ok=True)
        file.touch(mode=0o600, exist_ok=False)
        following: str | None = ""
        while following is not None:
            lines, following = await _page(hub, account, following)
            await asyncio.to_thread(_append, file, lines)
    except OSError as error:
        raise ExportError(f"{file} can't be written: {error.strerror}.") from error
    return file


async def _page(hub: Hub, account: Account, after: str) -> tuple[Sequence[str], str | None]:
    """The lines of a page, and after which message the next one begins, or None."""
    if hub.state.accounts_by_id.get(account.id) is not account:
        raise ExportError(f"{account.name} was deleted meanwhile.")
    fetch = page_of(hub.state, hub.state.user_of(account), after, PAGE)
    (batched,) = fetch.present(await hub.ask(fetch.question))
    lines, following = page(_messages(hub, batched))
    return lines, following or None


def _messages(hub: Hub, batched: Shown) -> list[Message]:
    """A page as our client is sent it."""
    reader = Session(NO_SESSION, "localhost", secure=True)
    reader.choose(READS)
    wire = hub.encoded(reader, (batched,))
    read = (parse(line) for line in wire.split(b"\r\n") if line)
    return [message for message in read if message.command != "BATCH"]


def _append(file: Path, lines: Sequence[str]) -> None:
    with file.open("a", encoding="utf-8", newline="\n") as writing:
        writing.writelines(f"{line}\n" for line in lines)
