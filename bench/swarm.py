"""The clients: connected, registered and joined as people's programs do it, then ready for the measured rounds.

Nothing here is measured. They come in waves, so that what a server tells all who are there of each new one, it can
tell them of a wave at once.
"""

from __future__ import annotations

import contextlib
import select
import socket
import ssl
import struct
import time
from dataclasses import dataclass, field

from bench import procfs, wire
from bench.judge import DeliveryError, is_ping, pong
from bench.scenarios import Scenario

JOINING = 20
"""JOINs at once where memory is measured: few, so that a storm's queues don't count as the members'."""
JOINING_FAST = 200
"""The same where it isn't: the members of a large room come in a fraction of the time."""
STALL_SECONDS = 30.0
QUIET_SECONDS = 0.2
_CHUNK = 1 << 18


@dataclass(slots=True)
class Client:
    """One connection. `tail` is the beginning of a line whose end has not arrived."""

    number: int
    sock: socket.socket
    websocket: bool = False
    welcomed: bool = False
    joined: bool = False
    tail: bytes = b""
    heard: list[bytes] = field(default_factory=list)
    """PRIVMSG lines received outside the measured rounds."""

    @property
    def nick(self) -> str:
        """Short enough for a server that allows nine characters."""
        return f"c{self.number:05d}"

    def send(self, *lines: str | bytes) -> None:
        """Write lines; they are few and short, so that the socket takes them."""
        raw = [line.encode() if isinstance(line, str) else line for line in lines]
        self.sock.send(self.written(raw))

    def written(self, lines: list[bytes]) -> bytes:
        """Lines as they lie on this connection."""
        return wire.join_frames(lines) if self.websocket else wire.join_lines(lines)

    def lines_of(self, stream: bytes) -> tuple[list[bytes], bytes]:
        """The whole lines of what arrived, and the rest."""
        return wire.split_frames(stream) if self.websocket else wire.split_lines(stream)


class Swarm:
    """All clients of one run and the epoll that watches them.

    `registering` is how many the server lets wait for their welcome at the same time.
    """

    def __init__(self, scenario: Scenario, port: int, registering: int) -> None:
        self.scenario = scenario
        self.port = port
        self.clients: list[Client] = []
        self.epoll = select.epoll()
        self._by_fd: dict[int, Client] = {}
        self._registering = min(registering, JOINING_FAST)
        self._joining = JOINING_FAST if scenario.messages else JOINING
        self._tls = tls_context() if scenario.tls else None

    def join(self, count: int) -> None:
        """Bring `count` clients into the room. Raises DeliveryError when the server stalls or refuses one."""
        for first in range(0, count, self._registering):
            numbers = range(first, min(first + self._registering, count))
            wave = [self._connect(number) for number in numbers]
            self._register(wave)
            for start in range(0, len(wave), self._joining):
                self._enter(wave[start : start + self._joining])

    def pump(self, timeout: float) -> int:
        """Read what there is, answering what must be answered; returns the number of clients that had something."""
        events = self.epoll.poll(timeout, max(len(self.clients), 1))
        for fd, _ in events:
            client = self._by_fd[fd]
            data = client.tail + self._read(client)
            quiet = b"PRIVMSG" not in data and b"PING" not in data
            if client.joined and quiet and not client.websocket:
                client.tail = data[data.rfind(b"\n") + 1 :]
                continue
            lines, client.tail = client.lines_of(data)
            for line in lines:
                self._line(client, line)
        return len(events)

    def settle(self, server: list[int], limit: float = 20.0) -> None:
        """Wait until the server says nothing more and uses no CPU to speak of (under 2 %), at most `limit` seconds."""
        deadline = time.monotonic() + limit
        while time.monotonic() < deadline:
            before, start = procfs.cpu_ns(server), time.monotonic_ns()
            if self.pump(QUIET_SECONDS):
                continue
            if procfs.cpu_ns(server) - before < 0.02 * (time.monotonic_ns() - start):
                return

    def close(self) -> None:
        """Reset every connection, so that thousands of closed ones don't wait out their time."""
        for client in self.clients:
            with contextlib.suppress(OSError):
                client.sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
                client.sock.close()
        self.epoll.close()

    def _connect(self, number: int) -> Client:
        sock = socket.create_connection(("127.0.0.1", self.port), timeout=STALL_SECONDS)
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        if self._tls is not None:
            sock = self._tls.wrap_socket(sock)
        if self.scenario.websocket:
            wire.upgrade(sock, self.port)
        sock.setblocking(False)
        client = Client(number, sock, self.scenario.websocket)
        self.clients.append(client)
        self._by_fd[sock.fileno()] = client
        self.epoll.register(sock.fileno(), select.EPOLLIN)
        return client

    def _register(self, wave: list[Client]) -> None:
        for client in wave:
            wanted = self.scenario.variants[client.number % len(self.scenario.variants)]
            asking = [f"CAP REQ :{wanted}", "CAP END"] if wanted else []
            who = [f"NICK {client.nick}", f"USER {client.nick} 0 * :bench"]
            client.send(*asking[:1], *who, *asking[1:])
        while not all(client.welcomed for client in wave):
            self._pump_or_fail()

    def _enter(self, wave: list[Client]) -> None:
        for client in wave:
            client.send(f"JOIN {self.scenario.room_of(client.number)}")
        while not all(client.joined for client in wave):
            self._pump_or_fail()

    def _read(self, client: Client) -> bytes:
        parts = []
        with contextlib.suppress(BlockingIOError, ssl.SSLWantReadError):
            while part := client.sock.recv(_CHUNK):
                parts.append(part)
                if self._tls is None:
                    return part
            raise DeliveryError(f"{client.nick} was cut off; last heard: {client.tail[-200:]!r}")
        return b"".join(parts)

    def _line(self, client: Client, line: bytes) -> None:
        if line[:1] == b"@":
            line = line.partition(b" ")[2]
        words = line.split(b" ", 2)
        verb = words[1] if line[:1] == b":" and len(words) > 1 else words[0]
        if is_ping(line):
            client.send(pong(line))
        elif verb == b"PRIVMSG":
            client.heard.append(line)
        elif verb == b"001":
            client.welcomed = True
        elif verb == b"366" and self._own_room(client) in line:
            client.joined = True
        elif verb == b"CAP" and b" NAK " in line:
            raise DeliveryError(f"the server lacks what {client.nick} needs: {line!r}")
        elif verb == b"ERROR":
            raise DeliveryError(f"the server refused {client.nick}: {line!r}")

    def _own_room(self, client: Client) -> bytes:
        return f" {self.scenario.room_of(client.number)} :".encode()

    def _pump_or_fail(self) -> None:
        if not self.pump(STALL_SECONDS):
            done = sum(client.joined for client in self.clients)
            raise DeliveryError(f"stalled with {done} of {len(self.clients)} clients in the room")


def tls_context() -> ssl.SSLContext:
    context = ssl.create_default_context()
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return context
