"""The chat without a terminal: standard input is said, the chat is standard output, the rest standard error.

Input is read only when it can be said, and the program ends after its end once everything is
acknowledged. The exit status says what happened.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import sys
import threading
from collections.abc import Callable
from dataclasses import dataclass
from enum import IntEnum
from functools import partial

from hubbub.client.chat import Chat
from hubbub.client.network import CouldNotConnect, Network
from hubbub.client.render import Line, Stream
from hubbub.irc.names import fold

WAITING_WELL = 100
"""So many messages may wait before more of the input is read."""


class Status(IntEnum):
    """What the exit status means."""

    OK = 0
    NO_CONNECTION = 1
    USAGE = 2
    NAME_REFUSED = 3
    REFUSED = 4
    UNACKNOWLEDGED = 5
    INTERRUPTED = 130


STATUS_HELP = (
    "exit status: 0 all was said; 1 no connection; 2 wrong usage; 3 the name was refused; "
    "4 kicked, or something was refused; 5 not everything was acknowledged in time; 130 interrupted"
)


def write(line: Line, history: bool = False) -> None:
    """Where a line goes. What was said before we came is chat only for those who want the `history`."""
    chat = line.stream is Stream.CHAT and (history or not line.old)
    out = sys.stdout if chat else sys.stderr
    out.write(line.text + "\n")
    out.flush()


@dataclass
class Pipe:
    """One run. `wait` is in seconds; `follow` keeps showing the chat after the input's end."""

    chat: Chat
    network: Network
    wait: float = 30.0
    follow: bool = False
    interrupted: bool = False

    def __post_init__(self) -> None:
        self._changed = asyncio.Event()
        self.chat.changed = self.changed

    def changed(self) -> None:
        """Something happened: what is waited for may be so now."""
        self._changed.set()

    async def run(self, lines: asyncio.Queue[str | None]) -> Status:
        """Say these lines (None is their end). Raises `CouldNotConnect` and what writing raises."""
        room = self.chat.room
        net = asyncio.create_task(self.network.run())
        net.add_done_callback(lambda _: self.changed())
        try:
            connection = self.chat.connection
            await self._until(lambda: connection.ready_in(room) or self._over(net, room), None)
            if not self._over(net, room):
                await self._say_all(lines, net)
            await self._settle(net)
            if self.follow and self.chat.quit_reason is None:
                await self._until(lambda: self._over(net), None)
            settled = connection.settled
            if net.done():
                net.result()
            return self._status(settled, room)
        finally:
            await self.network.stop(self.chat.quit_reason or "")
            net.cancel()
            # What ended it is known already, or it was ended here.
            await asyncio.gather(net, return_exceptions=True)

    async def _say_all(self, lines: asyncio.Queue[str | None], net: asyncio.Task[None]) -> None:
        connection, chat = self.chat.connection, self.chat
        while (line := await self._next(lines, net)) is not None:
            chat.typed(line)
            if chat.quit_reason is not None:
                return
            if line.startswith("/") and not chat.literal and connection.welcome_over:
                # What a command changes (the room, the name) holds for the next line already.
                connection.questions.sync()
                self.network.flush()
                await self._until(lambda: connection.settled or self._over(net), self.wait)
            await self._until(
                lambda: len(connection.outbox) < WAITING_WELL or self._over(net), None
            )

    async def _settle(self, net: asyncio.Task[None]) -> None:
        """Wait until all is answered, as long as answers come: a server may take lines slowly."""
        outbox, before = self.chat.connection.outbox, -1
        while not self._finished(net) and len(outbox) != before:
            before = len(outbox)
            await self._until(partial(self._finished_or_fewer, net, before), self.wait)

    def _finished(self, net: asyncio.Task[None]) -> bool:
        return self.chat.connection.settled or self._over(net)

    def _finished_or_fewer(self, net: asyncio.Task[None], count: int) -> bool:
        return len(self.chat.connection.outbox) < count or self._finished(net)

    async def _next(self, lines: asyncio.Queue[str | None], net: asyncio.Task[None]) -> str | None:
        """The next line; None when there is none, or nobody to say it to."""
        taking = asyncio.ensure_future(lines.get())
        taking.add_done_callback(lambda _: self.changed())
        await self._until(lambda: taking.done() or self._over(net), None)
        if taking.done():
            return taking.result()
        taking.cancel()
        return None

    def _over(self, net: asyncio.Task[None], room: str | None = None) -> bool:
        """Nothing more can come of it. `room`: it must be possible to be there."""
        chat = self.chat
        if net.done() or self.interrupted or chat.name_refused or chat.connection.final:
            return True
        if chat.put_out and not chat.room:
            return True
        return room is not None and fold(room) not in chat.connection.wanted

    def _status(self, settled: bool, room: str) -> Status:
        chat = self.chat
        if self.interrupted:
            return Status.INTERRUPTED
        if chat.name_refused:
            return Status.NAME_REFUSED
        if chat.connection.final or (chat.put_out and not chat.room):
            return Status.REFUSED
        if not settled:
            chat.tell(f"{len(chat.connection.outbox)} messages were not acknowledged", Stream.ALERT)
            return Status.UNACKNOWLEDGED
        return Status.REFUSED if chat.trouble else Status.OK

    async def _until(self, so: Callable[[], bool], seconds: float | None) -> None:
        """Wait until it is so, or the time is over."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                while not so():
                    self._changed.clear()
                    await self._changed.wait()


def read_lines(
    handle: int, loop: asyncio.AbstractEventLoop, lines: asyncio.Queue[str | None]
) -> None:
    """Read a file handle's lines into the queue, in a thread of its own, no faster than they are taken.

    A thread, because a regular file can't be waited for; `os.read`, because a thread that sits in a
    buffered read stops the interpreter from ending.
    """

    def put(line: str | None) -> None:
        asyncio.run_coroutine_threadsafe(lines.put(line), loop).result()

    def work() -> None:
        rest = b""
        with contextlib.suppress(RuntimeError, OSError):  # the loop is closed: nobody listens
            while data := os.read(handle, 65536):
                *whole, rest = (rest + data).split(b"\n")
                for line in whole:
                    put(line.decode(errors="replace").rstrip("\r"))
            if rest:
                put(rest.decode(errors="replace"))
            put(None)

    threading.Thread(target=work, name="stdin", daemon=True).start()


__all__ = ["STATUS_HELP", "CouldNotConnect", "Pipe", "Status", "read_lines", "write"]
