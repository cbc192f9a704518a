"""The load generator, a process of its own: it sends, receives and checks, and measures the server while it does.

Law of the measured part: one system call and a few additions for each chunk received. Bytes go into a buffer
per client; they are parsed and compared only after a round's clock has stopped.
"""

from __future__ import annotations

import gc
import json
import select
import socket
import ssl
import sys
import time
from dataclasses import asdict, dataclass

from bench import procfs
from bench.judge import DeliveryError, judge, pong
from bench.scenarios import ROOM, Scenario
from bench.swarm import STALL_SECONDS, Client, Swarm

_FEW = 64
_SLACK = 4096
_LINE_LENGTH = 98
"""A line as its sender writes it, without the line end."""


@dataclass(frozen=True, slots=True)
class Order:
    """What to do: the scenario and the server, by port and process ids. Read as JSON from standard input."""

    scenario: Scenario
    port: int
    tls: bool
    server: list[int]
    registering: int
    linger: float = 0.0001
    """Seconds to let arrivals gather when fewer than 64 clients had any. See the README for why."""


@dataclass(slots=True)
class Report:
    """What was measured; written as JSON to standard output. Times in nanoseconds, memory in bytes.

    `server_cpu_total` runs from before the first measured send until the server is idle again after the last
    receipt, so work that a server puts off is charged to it. The `beat_*` figures are sums over the beats
    alone, from before the first send to after the last receipt.
    """

    deliveries: int = 0
    server_cpu_total: int = 0
    beat_wall: int = 0
    beat_server_cpu: int = 0
    beat_load_cpu: int = 0
    beats: int = 0
    join_wall: int = 0
    join_server_cpu: int = 0
    rss_before: int = 0
    pss_before: int = 0
    rss_joined: int = 0
    pss_joined: int = 0


class Load:
    """One run of one scenario against one server."""

    def __init__(self, order: Order) -> None:
        self.scenario = order.scenario
        self.server = order.server
        self.swarm = Swarm(order.port, order.tls, order.registering)
        self.tls = order.tls
        self.linger = order.linger
        self.report = Report()
        step = max(order.scenario.clients // order.scenario.senders, 1)
        self.sender_numbers = [step * k for k in range(order.scenario.senders)]
        self.sources: dict[int, bytes] = {}
        self._turn = 0
        self._serial = 0

    def run(self) -> Report:
        """Everything, in order. Raises DeliveryError if any client received anything but what it should."""
        try:
            self._join()
            if self.scenario.rounds:
                self._learn_sources()
                self._prepare_buffers()
                for _ in range(self.scenario.warmup_rounds):
                    self._round()
                self._measure()
            return self.report
        finally:
            self.swarm.close()

    # Before the measured rounds ------------------------------------------------------------------------

    def _join(self) -> None:
        report = self.report
        self.swarm.settle(self.server)
        before = procfs.memory(self.server)
        cpu, start = procfs.cpu_ns(self.server), time.perf_counter_ns()
        self.swarm.join(self.scenario.clients)
        report.join_wall = time.perf_counter_ns() - start
        self.swarm.settle(self.server)
        report.join_server_cpu = procfs.cpu_ns(self.server) - cpu
        joined = procfs.memory(self.server)
        report.rss_before, report.pss_before = before.rss, before.pss
        report.rss_joined, report.pss_joined = joined.rss, joined.pss

    def _learn_sources(self) -> None:
        """Each sender says one line; from how it arrives the exact bytes of all later ones are known."""
        clients = self.swarm.clients
        for number in self.sender_numbers:
            clients[number].sock.send(f"PRIVMSG {ROOM} :{clients[number].nick} speaks\r\n".encode())
        due = {client.number: len(self.sender_numbers) for client in clients}
        for number in self.sender_numbers:
            due[number] -= 1
        while any(len(client.heard) < due[client.number] for client in clients):
            if not self.swarm.pump(STALL_SECONDS):
                raise DeliveryError("the first messages did not reach everybody")
        for client in clients:
            if len(client.heard) != due[client.number] or client.tail:
                raise DeliveryError(f"{client.nick} heard {client.heard!r} before the first round")
            for line in client.heard:
                source, _, rest = line.partition(b" ")
                number = int(rest.rpartition(b":")[2].split(b" ")[0][1:])
                if self.sources.setdefault(number, source) != source:
                    raise DeliveryError(f"c{number:05d} is {source!r} to some, not to all")
            client.heard.clear()

    def _prepare_buffers(self) -> None:
        """One buffer per client, as large as all that it gets in a round, touched so that no page is new."""
        scenario = self.scenario
        arrives = max(len(source) for source in self.sources.values()) + len(" \r\n") + _LINE_LENGTH
        per_round = scenario.beats * scenario.writers * scenario.lines * arrives
        top = max(client.sock.fileno() for client in self.swarm.clients) + 1
        self._whole: list[memoryview] = [memoryview(b"")] * top
        self._free: list[memoryview] = [memoryview(b"")] * top
        self._left: list[int] = [0] * top
        self._sockets: dict[int, socket.socket] = {}
        for client in self.swarm.clients:
            fd = client.sock.fileno()
            self._whole[fd] = memoryview(bytearray(b"\1") * (per_round + _SLACK))
            self._sockets[fd] = client.sock
        self._into = {fd: sock.recv_into for fd, sock in self._sockets.items()}
        self._client_of = {client.sock.fileno(): client for client in self.swarm.clients}

    # The measured rounds -------------------------------------------------------------------------------

    def _measure(self) -> None:
        report = self.report
        self.swarm.settle(self.server)
        report.beat_wall = report.beat_server_cpu = report.beat_load_cpu = report.beats = 0
        cpu = procfs.cpu_ns(self.server)
        for _ in range(self.scenario.rounds):
            report.deliveries += self._round()
        self.swarm.settle(self.server)
        report.server_cpu_total = procfs.cpu_ns(self.server) - cpu
        if report.deliveries != self.scenario.deliveries:
            raise DeliveryError(f"{report.deliveries} receipts, {self.scenario.deliveries} due")
        if any(client.tail or client.heard for client in self.swarm.clients):
            raise DeliveryError("something arrived after everything had arrived")

    def _round(self) -> int:
        """One round: its beats under the clock, then the check of every byte. Returns receipts counted."""
        for fd in self._sockets:
            self._free[fd] = self._whole[fd]
            self._left[fd] = 0
        expected: dict[bytes, list[bytes]] = {source: [] for source in self.sources.values()}
        for _ in range(self.scenario.beats):
            self._beat(expected)
        return self._check(expected)

    def _beat(self, expected: dict[bytes, list[bytes]]) -> None:
        writes = [self._write(number, expected) for number in self._next_writers()]
        total = sum(arriving for _, _, _, arriving in writes)
        left = self._left
        waiting = set(self._sockets)
        for fd in waiting:
            left[fd] += total
        for fd, _, _, arriving in writes:
            left[fd] -= arriving
        waiting = {fd for fd in waiting if left[fd] > 0}
        receive = self._receive_tls if self.tls else self._receive
        own, cpu, start = time.process_time_ns(), procfs.cpu_ns(self.server), time.perf_counter_ns()
        for _, sock, payload, _ in writes:
            if sock.send(payload) != len(payload):
                raise DeliveryError("a sender's own write did not fit its socket")
        receive(len(waiting))
        report = self.report
        report.beat_wall += time.perf_counter_ns() - start
        report.beat_server_cpu += procfs.cpu_ns(self.server) - cpu
        report.beat_load_cpu += time.process_time_ns() - own
        report.beats += 1
        self._acknowledge()

    def _acknowledge(self) -> None:
        """Send the delayed acknowledgements now, outside the clock.

        Otherwise a server that leaves Nagle's algorithm on may hold its next message to a client until the
        client's timer, and the kernel sends it then at somebody else's expense.
        """
        for sock in self._sockets.values():
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_QUICKACK, 1)

    def _next_writers(self) -> list[int]:
        first = self._turn
        self._turn += self.scenario.writers
        count = len(self.sender_numbers)
        return [self.sender_numbers[(first + k) % count] for k in range(self.scenario.writers)]

    def _write(
        self, number: int, expected: dict[bytes, list[bytes]]
    ) -> tuple[int, socket.socket, bytes, int]:
        """A writer's descriptor, socket, payload, and the bytes it arrives as; noted in `expected`."""
        source = self.sources[number]
        payload, arrived = [], []
        for _ in range(self.scenario.lines):
            self._serial += 1
            said = f"PRIVMSG {ROOM} :{self._serial:010d} ".encode().ljust(_LINE_LENGTH, b"x")
            payload.append(said)
            arrived.append(source + b" " + said)
        expected[source] += arrived
        sock = self.swarm.clients[number].sock
        wire = b"\r\n".join(payload) + b"\r\n"
        return sock.fileno(), sock, wire, sum(len(line) + 2 for line in arrived)

    def _receive(self, waiting: int) -> None:
        """Read until `waiting` clients have all the bytes that are due to them. The measured loop."""
        poll, into, free, left = self.swarm.epoll.poll, self._into, self._free, self._left
        most, linger = len(self._sockets), self.linger
        while waiting:
            events = poll(STALL_SECONDS, most)
            if not events:
                self._stalled()
            for fd, _ in events:
                view = free[fd]
                got = into[fd](view)
                if not got:
                    self._cut_off_or_overrun(fd)
                free[fd] = view[got:]
                before = left[fd]
                left[fd] = after = before - got
                if after <= 0 < before:
                    waiting -= 1
            if linger and waiting and len(events) < _FEW:
                time.sleep(linger)

    def _receive_tls(self, waiting: int) -> None:
        """The same over TLS, where a record may hold back bytes that epoll does not know of."""
        while waiting:
            events = self.swarm.epoll.poll(STALL_SECONDS, len(self._sockets))
            if not events:
                self._stalled()
            for fd, _ in events:
                before = self._left[fd]
                try:
                    while got := self._into[fd](self._free[fd]):
                        self._free[fd] = self._free[fd][got:]
                        self._left[fd] -= got
                    self._cut_off_or_overrun(fd)
                except ssl.SSLWantReadError:
                    pass
                if self._left[fd] <= 0 < before:
                    waiting -= 1

    # After a round's clock has stopped -----------------------------------------------------------------

    def _check(self, expected: dict[bytes, list[bytes]]) -> int:
        """Judge every client's bytes. Streams equal to one judged right are right: most are, and memcmp is fast."""
        counted = 0
        known: dict[bytes | None, tuple[bytes, int]] = {}
        for client in self.swarm.clients:
            own = self.sources.get(client.number)
            stream = self._received(client)
            if own in known and stream == known[own][0]:
                counted += known[own][1]
                continue
            received, pinged = self._judge_client(client, expected, own)
            counted += received
            if not pinged:
                known[own] = (stream, received)
        return counted

    def _judge_client(
        self, client: Client, expected: dict[bytes, list[bytes]], own: bytes | None
    ) -> tuple[int, bool]:
        """Judge one stream in full. A PING in it has made its round look complete too early: read on then."""
        answered = 0
        while True:
            verdict = judge(self._received(client), expected, own)
            for ping in verdict.pings[answered:]:
                client.sock.send(pong(ping))
            answered = len(verdict.pings)
            if not verdict.missing:
                return verdict.received, answered > 0
            fd = client.sock.fileno()
            if not select.select([fd], [], [], STALL_SECONDS)[0]:
                raise DeliveryError(f"{client.nick} lacks {verdict.missing} messages")
            got = self._into[fd](self._free[fd])
            if not got:
                self._cut_off_or_overrun(fd)
            self._free[fd] = self._free[fd][got:]

    def _received(self, client: Client) -> bytes:
        fd = client.sock.fileno()
        whole = self._whole[fd]
        return bytes(whole[: len(whole) - len(self._free[fd])])

    def _stalled(self) -> None:
        lacking = {fd: left for fd, left in enumerate(self._left) if left > 0}
        raise DeliveryError(
            f"nothing for {STALL_SECONDS:.0f} s, and {len(lacking)} clients lack "
            f"{sum(lacking.values())} bytes in all"
        )

    def _cut_off_or_overrun(self, fd: int) -> None:
        client = self._client_of[fd]
        end = self._received(client)[-200:]
        if len(self._free[fd]):
            raise DeliveryError(f"{client.nick} was cut off; last heard: {end!r}")
        raise DeliveryError(f"{client.nick} was sent more than was said; last heard: {end!r}")


def main() -> int:
    """Read an order, carry it out, print the report. Exit status 1 with a word on stderr if deliveries are wrong."""
    fields = json.load(sys.stdin)
    order = Order(**{**fields, "scenario": Scenario(**fields["scenario"])})
    procfs.raise_file_limit()
    gc.disable()  # the collector's pauses would be the generator's, at the server's expense
    try:
        report = Load(order).run()
    except (DeliveryError, OSError) as error:
        print(f"load: {type(error).__name__}: {error}", file=sys.stderr)
        return 1
    json.dump(asdict(report), sys.stdout)
    return 0


if __name__ == "__main__":
    sys.exit(main())
