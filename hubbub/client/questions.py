"""What the server is asked, and which of the questions have no answer yet.

Law: a question is open until its answer came, the connection ended, or it was waited for too long.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from hubbub.client.errors import IntentError
from hubbub.client.events import Exported
from hubbub.irc.exporting import page
from hubbub.irc.message import Message, serialise
from hubbub.irc.names import fold

if TYPE_CHECKING:
    from hubbub.client.connection import Connection

WAITED_MOST = 20.0
"""Seconds after which no answer is waited for any more."""


class Questions:
    """The questions of one connection. Each raises `IntentError` when it can't be asked now."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._open: dict[str, float] = {}

    @property
    def open(self) -> tuple[str, ...]:
        """Those without an answer: the command that the answer comes with, and of what."""
        return tuple(self._open)

    def answered(self, question: str) -> bool:
        """An answer came; whether it was asked for."""
        return self._open.pop(question, None) is not None

    def tick(self, now: float) -> None:
        """Time passes."""
        for question in [name for name, asked in self._open.items() if now - asked > WAITED_MOST]:
            del self._open[question]

    def reset(self) -> None:
        """The connection is gone, and with it all answers."""
        self._open.clear()

    def names(self, room: str) -> None:
        """Ask who is in a room; answered by `NamesListed`."""
        self._connection.require_welcome()
        self._ask(f"NAMES {fold(room)}", "NAMES", room)

    def rooms(self) -> None:
        """Ask for the list of rooms; answered by `RoomListed`."""
        self._connection.require_welcome()
        self._ask("LIST", "LIST")

    def history(self, target: str, count: int, *, again: bool = False) -> None:
        """Ask for what was before the first thing shown, or for the last `count` messages `again`;
        answered by `HistoryShown`."""
        self._connection.require_welcome()
        catch_up, now = self._connection.catch_up, self._connection.now
        if not catch_up.abilities.history:
            raise IntentError("This server keeps no history.")
        everything = self._connection.has("draft/event-playback")
        if again and catch_up.again(fold(target), target, count, everything, now):
            return
        catch_up.older(fold(target), target, count, now)

    def search(self, text: str, room: str | None = None) -> None:
        """Search the history; answered by `SearchShown`."""
        self._connection.require_welcome()
        if not self._connection.has("soju.im/search"):
            raise IntentError("This server doesn't offer a search.")
        attributes = {"text": text} | ({"in": room} if room else {})
        written = serialise(Message("X", (), None, attributes)).decode()
        self._connection.catch_up.search(written[1:].partition(" ")[0], text, self._connection.now)

    def metadata(self, target: str, key: str = "", value: str | None = None) -> None:
        """Ask what is said of somebody, under one key or all, or with a value say it; an empty one
        takes it back."""
        self._connection.require_welcome()
        if value is not None:
            self._connection.send("METADATA", target, "SET", key, *([value] if value else []))
            return
        self._ask("METADATA", "METADATA", target, *(["GET", key] if key else ["LIST"]))

    def export(self) -> None:
        """Ask for all that is kept of us; answered by `Exported`."""
        self._connection.require_welcome()
        if not (self._connection.has("batch") and self._connection.has("hubbub/settings")):
            raise IntentError("This server doesn't offer to export what it keeps.")
        self._ask("EXPORT", "EXPORT")

    def exported(self, lines: list[Message]) -> None:
        """A page of that came."""
        if "EXPORT" not in self._open:
            return
        written, following = page(lines)
        if following:
            self._ask("EXPORT", "EXPORT", following)
        else:
            del self._open["EXPORT"]
        self._connection.emit(Exported(written, not following))

    def sync(self) -> None:
        """Ask for a sign that all before it is done: `settled` is false until the server gives it."""
        self._connection.require_welcome()
        token = self._connection.next_label("sync")
        self._ask(f"PONG {token}", "PING", token)

    def _ask(self, question: str, command: str, *params: str) -> None:
        self._open[question] = self._connection.now
        self._connection.send(command, *params)
