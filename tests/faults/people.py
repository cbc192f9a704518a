"""Our own client's model on a real wire: connects whenever there is a server, and keeps all it showed."""

from __future__ import annotations

import asyncio
import contextlib
import random
import secrets
from collections.abc import Sequence

from hubbub.client.connection import Connection
from hubbub.client.events import Event, Gap, MessageShown, NickRefused, Refused
from hubbub.client.outbox import OutboxFull
from tests.faults.crowd import LOBBY, Crowd
from tests.faults.rig import Server

TICK_SECONDS = 0.2


class Person:
    """One of our clients with somebody at it. `shown` is by conversation, as it was on the screen."""

    def __init__(self, nick: str, rooms: Sequence[str], chance: random.Random) -> None:
        self.model = Connection(
            nick,
            run_token=secrets.token_hex(8),
            device=secrets.token_urlsafe(24),
            rooms=(LOBBY, *rooms),
        )
        self.nick = nick
        self.rooms = (LOBBY, *rooms)
        self.shown: dict[str, list[MessageShown]] = {}
        self.said: dict[str, str] = {}
        """Where each text was said."""
        self.troubles: list[Event] = []
        self.reconnects = -1
        self._chance = chance
        self._writer: asyncio.StreamWriter | None = None

    async def live(self, server: Server) -> None:
        """Connects, reads and writes, and connects again; until cancelled."""
        while True:
            with contextlib.suppress(OSError):
                await self._one_connection(server.port)
            await asyncio.sleep(self._chance.uniform(0.02, 0.3))

    async def _one_connection(self, port: int) -> None:
        clock = asyncio.get_running_loop().time
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        self._writer = writer
        self.reconnects += 1
        self._take(self.model.connection_made(clock()))
        ticking = asyncio.create_task(self._tick())
        try:
            while data := await reader.read(1 << 16):
                self._take(self.model.receive(data, clock()))
        finally:
            ticking.cancel()
            self._writer = None
            writer.close()
            self._take(self.model.connection_lost("cut", clock()))

    async def _tick(self) -> None:
        while True:
            await asyncio.sleep(TICK_SECONDS)
            self._take(self.model.tick(asyncio.get_running_loop().time()))

    def _take(self, events: list[Event]) -> None:
        data = self.model.data_to_send()
        if data and self._writer is not None:
            self._writer.write(data)
        for event in events:
            if isinstance(event, MessageShown):
                self.shown.setdefault(event.room, []).append(event)
            elif isinstance(event, Gap | Refused | NickRefused):
                self.troubles.append(event)

    def say(self, target: str, text: str) -> None:
        """Says something now or, without a connection, as soon as there is one."""
        with contextlib.suppress(OutboxFull):
            self.model.say(target, text)
            self.said[text] = target
        self._take(self.model.take_events())

    async def talk(self, crowd: Crowd, others: Sequence[Person]) -> None:
        """Says something now and then, connected or not; until cancelled."""
        while True:
            whisper = self._chance.random() < 0.3
            target = (
                self._chance.choice(others).nick if whisper else self._chance.choice(self.rooms)
            )
            self.say(target, crowd.text())
            await asyncio.sleep(self._chance.uniform(0.1, 0.8))

    def has_shown(self, text: str) -> bool:
        return any(message.text == text for shown in self.shown.values() for message in shown[-50:])
