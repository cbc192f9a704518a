"""A network in memory: streams that are late, split anywhere, cut at any byte, and never reordered.

Law: what is written to one end of a link arrives at the other in its order, or the link ends.
"""

from __future__ import annotations

import socket
from collections.abc import Callable
from random import Random
from typing import Final, Protocol

from tests.faults.simulation.loop import Loop, ProcessDied, Timeline

SLOWEST: Final = 0.03
"""Seconds that bytes are on their way at most, while nothing holds them up."""


class Peer(Protocol):
    """Whoever is at the client's end."""

    def arrived(self, link: Link, data: bytes) -> None:
        """Bytes came."""

    def ended(self, link: Link) -> None:
        """Nothing more comes and nothing more goes."""


class ServerProcess(Protocol):
    """The process at the server's end."""

    loop: Loop
    dead: bool

    def tick(self) -> None:
        """One step more of its life. Raises ProcessDied when it was the last."""

    def showing(self, link: Link) -> None:
        """The link's client is about to be sent something."""


class SocketModule:
    """What the server's connections use of the module `socket`."""

    MSG_PEEK = socket.MSG_PEEK
    SHUT_WR = socket.SHUT_WR

    class socket:
        @staticmethod
        def recv(sock: Socket, size: int) -> bytes:
            return sock.recv(size)


class Socket:
    """The server's end of a link, as a non-blocking socket."""

    def __init__(self, link: Link, process: ServerProcess, fd: int) -> None:
        self._link = link
        self._process = process
        self._fd = fd
        self.inbox = bytearray()
        self.has_ended = False
        self.was_reset = False

    def setblocking(self, flag: bool) -> None:
        assert not flag

    def fileno(self) -> int:
        return self._fd

    def is_readable(self) -> bool:
        return bool(self.inbox) or self.has_ended or self.was_reset

    def is_writable(self) -> bool:
        return self.was_reset or self._link.room > 0

    def recv(self, size: int, flags: int = 0) -> bytes:
        self._process.tick()
        if self.was_reset:
            raise ConnectionResetError(104, "Connection reset by peer")
        if not self.inbox and not self.has_ended:
            raise BlockingIOError(11, "Resource temporarily unavailable")
        data = bytes(self.inbox[:size])
        if not flags & socket.MSG_PEEK:
            del self.inbox[:size]
        return data

    def send(self, data: bytes) -> int:
        self._process.showing(self._link)
        self._process.tick()
        if self.was_reset:
            raise BrokenPipeError(32, "Broken pipe")
        return self._link.take_from_server(data)

    def shutdown(self, how: int) -> None:
        if not self._process.dead:
            self._link.server_ended()

    def close(self) -> None:
        if not self._process.dead:
            self._link.server_ended()


class Link:
    """One connection of a client's. `heard` is all that the client was sent, as it arrived."""

    def __init__(
        self,
        world: Timeline,
        chance: Random,
        peer: Peer,
        process: ServerProcess,
        fd: int,
        owner: str,
    ) -> None:
        self._world = world
        self._chance = chance
        self._peer = peer
        self._process = process
        self._capacity = chance.choice((1_000, 4_000, 60_000, 60_000))
        self._to_client = bytearray()
        self._to_server = bytearray()
        self._last_to_client = self._last_to_server = 0.0
        self._client_ends = self._server_ends = False
        self._cut_after: dict[str, int] = {}
        self.owner = owner
        self.sock = Socket(self, process, fd)
        self.heard = bytearray()
        self.is_open = True
        """At the client's end."""
        self.reachable = True
        """Whether the server's end still hears of the client."""
        self.stalled_until = 0.0
        self.opened_at = world.now
        self.session = 0
        self.identity = ""
        process.loop.attach(fd, self.sock)

    @property
    def room(self) -> int:
        """How much the server may write before the client reads some of it."""
        return self._capacity - len(self._to_client)

    # -- from the server --

    def take_from_server(self, data: bytes) -> int:
        size = min(len(data), self.room)
        if size <= 0:
            raise BlockingIOError(11, "Resource temporarily unavailable")
        if self._chance.random() < 0.04:
            size = self._chance.randint(1, size)
        self._to_client += data[:size]
        self._deliver_to_client()
        return size

    def server_ended(self) -> None:
        """The server has said all."""
        if not self._server_ends:
            self._server_ends = True
            self._deliver_to_client()

    def _deliver_to_client(self) -> None:
        when = max(self._last_to_client, self._world.now + self._chance.random() * SLOWEST)
        self._last_to_client = when = max(when, self.stalled_until)
        self._world.at(when, self._arrive_at_client)

    def _arrive_at_client(self) -> None:
        if not self.is_open or not self.reachable:
            return
        if self._world.now < self.stalled_until:
            self._deliver_to_client()
            return
        size = len(self._to_client)
        if size > 1 and self._chance.random() < 0.1:
            size = self._chance.randint(1, size - 1)
            self._deliver_to_client()
        data = self._bounded("client", bytes(self._to_client[:size]))
        del self._to_client[:size]
        if data:
            self.heard += data
            self._peer.arrived(self, data)
        if self._cut_after.get("client") == 0:
            self._to_client.clear()
            self.cut("both")
        elif self._server_ends and not self._to_client:
            self.leave()
        elif not self._process.dead:
            self._process.loop.poke(self.sock.fileno())

    # -- from the client --

    def write(self, data: bytes) -> None:
        """The client writes."""
        if self.is_open and data:
            self._to_server += data
            self._deliver_to_server()

    def leave(self) -> None:
        """The client closes its end."""
        if self.is_open:
            self.is_open = False
            self._client_ends = True
            self._deliver_to_server()
            self._peer.ended(self)

    def _deliver_to_server(self) -> None:
        when = max(self._last_to_server, self._world.now + self._chance.random() * SLOWEST)
        self._last_to_server = when
        self._world.at(when, self._arrive_at_server)

    def _arrive_at_server(self) -> None:
        if self._process.dead or not self.reachable:
            return
        size = len(self._to_server)
        if size > 1 and self._chance.random() < 0.1:
            size = self._chance.randint(1, size - 1)
            self._deliver_to_server()
        data = self._bounded("server", bytes(self._to_server[:size]))
        del self._to_server[:size]
        self.sock.inbox += data
        if self._cut_after.get("server") == 0:
            self._to_server.clear()
            self.cut("both")
        if self._client_ends and not self._to_server:
            self.sock.has_ended = True
        self._process.loop.poke(self.sock.fileno())

    # -- faults --

    def flow(self) -> None:
        """No stall holds up any more what is on its way to the client."""
        self.stalled_until, self._last_to_client = 0.0, self._world.now
        if self._to_client or self._server_ends:
            self._deliver_to_client()

    def _bounded(self, end: str, data: bytes) -> bytes:
        left = self._cut_after.get(end)
        if left is None:
            return data
        self._cut_after[end] = max(0, left - len(data))
        return data[:left]

    def cut_after(self, end: str, size: int) -> None:
        """Cuts the link when so many bytes more have arrived at an end."""
        self._cut_after[end] = size

    def cut(self, blind: str) -> None:
        """Cuts the link now; the end that is `blind` (client, server or both see) isn't told."""
        if not self.reachable:
            return
        kept = self._chance.randint(0, len(self._to_server))
        if blind != "server" and not self._process.dead:
            self.sock.inbox += self._to_server[:kept]
            if self._chance.random() < 0.5:
                self.sock.was_reset = True
            else:
                self.sock.has_ended = True
            self._process.loop.poke(self.sock.fileno())
        self._tell_client(blind)

    def process_ended(self, blind: str) -> None:
        """The server's process is gone; its kernel says so, unless it is gone as well."""
        self._tell_client(blind)

    def _tell_client(self, blind: str) -> None:
        self.reachable = False
        if blind == "client" or not self.is_open:
            return
        data = bytes(self._to_client[: self._chance.randint(0, len(self._to_client))])
        self.is_open = False
        if data:
            self.heard += data
            self._peer.arrived(self, data)
        self._peer.ended(self)


def survive(step: Callable[[], None]) -> None:
    """Does something that the process may die of."""
    try:
        step()
    except ProcessDied:
        pass
