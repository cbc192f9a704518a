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
from dataclasses import asdict, dataclass, field

from bench import procfs
from bench.judge import MARK, DeliveryError, judge, pong
from bench.scenarios import Scenario
from bench.speech import text_of
from bench.swarm import STALL_SECONDS, Client, Swarm

_FEW = 64
_SLACK = 8192
_TAGS = 160
"""At most so many bytes of tags, or of a frame's head, come with a message."""
_LINE_LENGTH = 98
"""A line as its sender writes it, without the line end."""


@dataclass(frozen=True, slots=True)
class Order:
    """What to do: the scenario and the server, by port and process ids. Read as JSON from standard input."""

    scenario: Scenario
    port: int
    server: list[int]
    registering: int
    linger: float = 0.0001
    """Seconds to let arrivals gather when fewer than 64 clients had any. See the README for why."""
    command: list[str] = field(default_factory=list)
    """What starts the server anew after it was killed."""
    cpu: int | None = None
    """The core that it is then pinned to."""


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
    delays: dict[str, float] = field(default_factory=dict)
    """Of a steady stream, from a message's sending to its receipts: quantiles in milliseconds."""
    sync_ms: float = 0.0
    """How long the disk took, beside the stream, to make a page durable; 0 for a server that doesn't wait for it."""
    storm_wall: int = 0
    storm_server_cpu: int = 0
    storm_load_cpu: int = 0
    accepting_after: int = 0
    """From the kill to the first connection that was taken."""


class Load:
    """One run of one scenario against one server."""

    def __init__(self, order: Order) -> None:
        self.scenario = order.scenario
        self.server = order.server
        self.swarm = Swarm(order.scenario, order.port, order.registering)
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
            if self.scenario.messages:
                self._learn_sources()
                self._prepare_buffers()
            if self.scenario.rate:
                self._stream()
            elif self.scenario.rounds:
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
        """Each sender says one line; how it arrives tells the source of all its later ones."""
        clients, scenario = self.swarm.clients, self.scenario
        for client in clients:
            if client.heard and not scenario.history:
                raise DeliveryError(f"{client.nick} heard {client.heard[0]!r} before anybody spoke")
            client.heard.clear()  # what was said before it came, as the room shows to who comes in
        due = dict.fromkeys(range(scenario.clients), 0)
        for number in self.sender_numbers:
            clients[number].send(f"PRIVMSG {self._target(number)} :{clients[number].nick} speaks")
            for hearer in scenario.heard_by(number):
                due[hearer] += 1
            self.swarm.pump(0)
        while any(len(client.heard) < due[client.number] for client in clients):
            if not self.swarm.pump(STALL_SECONDS):
                raise DeliveryError("the first messages did not reach everybody")
        for client in clients:
            if len(client.heard) != due[client.number] or client.tail:
                raise DeliveryError(
                    f"{client.nick} heard {client.heard[:3]!r} before the first round"
                )
            for line in client.heard:
                source, _, rest = line.partition(b" ")
                number = int(rest.rpartition(b":")[2].split(b" ")[0][1:])
                if self.sources.setdefault(number, source) != source:
                    raise DeliveryError(f"c{number:05d} is {source!r} to some, not to all")
            client.heard.clear()

    def _target(self, number: int) -> str:
        if self.scenario.pattern == "whispers":
            return self.swarm.clients[self.scenario.partner_of(number)].nick
        return self.scenario.room_of(number)

    def _prepare_buffers(self) -> None:
        """One buffer per client, as large as all that it gets in a round, touched so that no page is new."""
        scenario = self.scenario
        arrives = max(len(source) for source in self.sources.values()) + len(" \r\n") + _LINE_LENGTH
        if scenario.websocket or scenario.variants != ("",):
            arrives += _TAGS
        said = (
            scenario.messages
            if scenario.rate
            else scenario.beats * scenario.writers * scenario.lines
        )
        heard = min(said, said * scenario.hearers // scenario.clients * 8 + scenario.lines * 8)
        top = max(client.sock.fileno() for client in self.swarm.clients) + 1
        self._buffers: list[bytearray] = [bytearray()] * top
        self._whole: list[memoryview] = [memoryview(b"")] * top
        self._free: list[memoryview] = [memoryview(b"")] * top
        self._used: list[int] = [0] * top
        self._left: list[int] = [0] * top
        self._sockets: dict[int, socket.socket] = {}
        for client in self.swarm.clients:
            fd = client.sock.fileno()
            self._buffers[fd] = bytearray(b"\1") * (heard * arrives + _SLACK)
            self._whole[fd] = memoryview(self._buffers[fd])
            self._sockets[fd] = client.sock
        self._into = {fd: sock.recv_into for fd, sock in self._sockets.items()}
        self._client_of = {client.sock.fileno(): client for client in self.swarm.clients}
        self._fd_of = {client.number: client.sock.fileno() for client in self.swarm.clients}

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

    def _clear(self) -> None:
        for fd in self._sockets:
            self._free[fd] = self._whole[fd]
            self._left[fd] = self._used[fd] = 0

    def _round(self) -> int:
        """One round: its beats under the clock, then the check of every byte. Returns receipts counted."""
        self._clear()
        said: dict[int, list[bytes]] = {}
        for _ in range(self.scenario.beats):
            self._beat(said)
        return self._check(said)

    def _beat(self, said: dict[int, list[bytes]]) -> None:
        writes = [self._write(number, said) for number in self._next_writers()]
        left = self._left
        waiting = 0
        for number, _, _ in writes:
            for hearer in self.scenario.heard_by(number):
                fd = self._fd_of[hearer]
                waiting += not left[fd]
                left[fd] += self.scenario.lines
        receive = self._receive_tls if self.scenario.tls else self._receive
        own, cpu, start = time.process_time_ns(), procfs.cpu_ns(self.server), time.perf_counter_ns()
        for _, sock, payload in writes:
            if sock.send(payload) != len(payload):
                raise DeliveryError("a sender's own write did not fit its socket")
        receive(waiting)
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
        self, number: int, said: dict[int, list[bytes]], lines: int = 0
    ) -> tuple[int, socket.socket, bytes]:
        """A writer's number, socket and payload; the lines are noted in `said`."""
        target = self._target(number)
        written = []
        for _ in range(lines or self.scenario.lines):
            self._serial += 1
            head = f"PRIVMSG {target} :".encode()
            written.append(head + text_of(self._serial, _LINE_LENGTH - 1 - len(head)) + MARK)
        said.setdefault(number, []).extend(written)
        client = self.swarm.clients[number]
        return number, client.sock, client.written(written)

    def _receive(self, waiting: int) -> None:
        """Read until `waiting` clients have all that is due to them. The measured loop."""
        poll, into, free, left = self.swarm.epoll.poll, self._into, self._free, self._left
        buffers, used = self._buffers, self._used
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
                end = used[fd] + got
                marks = buffers[fd].count(MARK, used[fd], end)
                used[fd] = end
                if marks:
                    left[fd] -= marks
                    if not left[fd]:
                        waiting -= 1
            if linger and waiting and len(events) < _FEW:
                time.sleep(linger)

    def _take(self, fd: int) -> int:
        """Reads all that there is for one client; how many messages came."""
        start = self._used[fd]
        try:
            while got := self._into[fd](self._free[fd]):
                self._free[fd] = self._free[fd][got:]
                self._used[fd] += got
                if not self.scenario.tls:
                    return self._buffers[fd].count(MARK, start, self._used[fd])
            self._cut_off_or_overrun(fd)
        except (ssl.SSLWantReadError, BlockingIOError):
            pass
        return self._buffers[fd].count(MARK, start, self._used[fd])

    def _receive_tls(self, waiting: int) -> None:
        """The same over TLS, where a record may hold back bytes that epoll does not know of."""
        while waiting:
            events = self.swarm.epoll.poll(STALL_SECONDS, len(self._sockets))
            if not events:
                self._stalled()
            for fd, _ in events:
                marks = self._take(fd)
                if marks:
                    self._left[fd] -= marks
                    waiting -= not self._left[fd]

    # A steady stream ---------------------------------------------------------------------------------

    def _stream(self) -> None:
        """Messages at a fixed rate; each receipt's delay is taken when the chunk that has it is read."""
        scenario, report = self.scenario, self.report
        self._clear()
        self.swarm.settle(self.server)
        said: dict[int, list[bytes]] = {}
        speaking = {self._fd_of[number] for number in self.sender_numbers}
        sent_at: list[int] = []
        delays: list[int] = []
        seen = [0] * len(self._left)
        interval, count = int(1e9 / scenario.rate), scenario.messages
        left = scenario.deliveries
        clock, cpu, own = time.perf_counter_ns, procfs.cpu_ns(self.server), time.process_time_ns()
        start = clock() + interval
        while left:
            due = start + len(sent_at) * interval
            if len(sent_at) < count and clock() >= due:
                number = self.sender_numbers[len(sent_at) % len(self.sender_numbers)]
                _, sock, payload = self._write(number, said, 1)
                sent_at.append(clock())
                sock.send(payload)
                continue
            patience = (due - clock()) / 1e9 if len(sent_at) < count else STALL_SECONDS
            events = self.swarm.epoll.poll(max(patience, 0), len(self._sockets))
            if not events and patience >= STALL_SECONDS:
                self._stalled()
            for fd, _ in events:
                marks = self._take(fd)
                left -= marks
                if fd in speaking:
                    continue  # it doesn't hear itself: its count isn't the messages' number
                now, first = clock(), seen[fd]
                seen[fd] = first + marks
                delays += [now - at for at in sent_at[first : first + marks]]
            if self.linger and len(events) < _FEW:
                time.sleep(self.linger)
        report.beat_wall = clock() - start
        report.beat_load_cpu = time.process_time_ns() - own
        report.beat_server_cpu = procfs.cpu_ns(self.server) - cpu
        self.swarm.settle(self.server)
        report.server_cpu_total = procfs.cpu_ns(self.server) - cpu
        delays.sort()
        report.delays = {
            name: delays[min(int(share * len(delays)), len(delays) - 1)] / 1e6
            for name, share in (("p50", 0.5), ("p99", 0.99), ("p99.9", 0.999), ("max", 1.0))
        }
        report.deliveries = self._check(said)

    # After a round's clock has stopped -----------------------------------------------------------------

    def _check(self, said: dict[int, list[bytes]]) -> int:
        """Judge every client's bytes. Streams equal to one judged right are right: most are, and memcmp is fast."""
        scenario = self.scenario
        texts = {
            number: [self.sources[number] + b" " + line for line in lines]
            for number, lines in said.items()
        }
        heard: dict[int, list[int]] = {}
        for number in texts:
            for hearer in scenario.heard_by(number):
                heard.setdefault(hearer, []).append(number)
        counted = 0
        known: dict[tuple[int, ...], tuple[bytes, int]] = {}
        for client in self.swarm.clients:
            speakers = heard.get(client.number, [])
            kind = (client.number % len(scenario.variants), *speakers)
            stream = self._received(client)
            if kind in known and stream == known[kind][0]:
                counted += known[kind][1]
                continue
            expected = {self.sources[number]: texts[number] for number in speakers}
            received, pinged = self._judge_client(client, expected)
            counted += received
            if not pinged:
                known[kind] = (stream, received)
        return counted

    def _judge_client(self, client: Client, expected: dict[bytes, list[bytes]]) -> tuple[int, bool]:
        """Judge one stream in full; more than whole lines of it must not have come."""
        lines, rest = client.lines_of(self._received(client))
        while rest:
            # The end of the line whose mark has come, or of a PING.
            fd = client.sock.fileno()
            if not select.select([fd], [], [], STALL_SECONDS)[0]:
                raise DeliveryError(f"{client.nick} was sent half a line: {rest[:120]!r}")
            if self._take(fd):
                raise DeliveryError(f"{client.nick} was sent more than was said")
            lines, rest = client.lines_of(self._received(client))
        verdict = judge(lines, expected)
        for ping in verdict.pings:
            client.send(pong(ping))
        if verdict.missing:
            raise DeliveryError(f"{client.nick} lacks {verdict.missing} messages")
        return verdict.received, bool(verdict.pings)

    def _received(self, client: Client) -> bytes:
        fd = client.sock.fileno()
        whole = self._whole[fd]
        return bytes(whole[: len(whole) - len(self._free[fd])])

    def _stalled(self) -> None:
        lacking = {fd: left for fd, left in enumerate(self._left) if left > 0}
        raise DeliveryError(
            f"nothing for {STALL_SECONDS:.0f} s, and {len(lacking)} clients lack "
            f"{sum(lacking.values())} messages in all"
        )

    def _cut_off_or_overrun(self, fd: int) -> None:
        client = self._client_of[fd]
        end = self._received(client)[-200:]
        if len(self._free[fd]):
            raise DeliveryError(f"{client.nick} was cut off; last heard: {end!r}")
        raise DeliveryError(f"{client.nick} was sent more than was said; last heard: {end!r}")


def read_order() -> Order:
    """The order that stands on standard input."""
    fields = json.load(sys.stdin)
    scenario = Scenario(**{**fields["scenario"], "variants": tuple(fields["scenario"]["variants"])})
    return Order(**{**fields, "scenario": scenario})


def main() -> int:
    """Read an order, carry it out, print the report. Exit status 1 with a word on stderr if deliveries are wrong."""
    order = read_order()
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
