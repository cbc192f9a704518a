"""Storms: all clients do the same thing at once, and the clock stops when the last of them is served.

The generator of these scenarios, a process of its own as `load.py` is. Served is who got the end of the names of
the room that all go into and, coming back after a crash, the answer to what was missed as well.
"""

from __future__ import annotations

import contextlib
import gc
import json
import os
import secrets
import select
import signal
import socket
import ssl
import struct
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass

from bench import procfs
from bench.judge import DeliveryError, is_ping, pong
from bench.load import Order, Report, read_order
from bench.scenarios import ROOM, STORM_ROOM
from bench.swarm import STALL_SECONDS, Client, Swarm, tls_context

MISSED = 100
"""Messages that are said before the crash, and asked for after it."""
_CHUNK = 1 << 16
_PLAIN = ("message-tags server-time batch",)
_OURS = (*_PLAIN, "draft/chathistory hubbub/device hubbub/once")
"""Asked for one by one: who knows the last says yes to it, who doesn't says no."""


@dataclass(slots=True)
class Comer:
    """One client on its way in."""

    number: int
    device: str = ""
    sock: socket.socket | None = None
    shaken: bool = False
    joined: bool = False
    told: bool = False
    """Whether it needs to hear nothing more of what was missed."""
    missed: int = 0
    tail: bytes = b""

    @property
    def nick(self) -> str:
        return f"c{self.number:05d}"


class Arrival:
    """A number of comers, from `connect` to being served. `since` is the time to read from, or empty."""

    def __init__(self, port: int, comers: list[Comer], *, tls: bool, since: str = "") -> None:
        self.port = port
        self.comers = comers
        self.since = since
        self._tls = tls_context() if tls else None
        self._epoll = select.epoll()
        self._by_fd: dict[int, Comer] = {}
        self._left = len(comers)

    def run(self) -> None:
        """All at once. Raises DeliveryError when the server stalls, refuses one, or has lost something."""
        for comer in self.comers:
            self._connect(comer)
        while self._left:
            events = self._epoll.poll(STALL_SECONDS, len(self.comers))
            if not events:
                raise DeliveryError(f"stalled with {self._left} of {len(self.comers)} not served")
            for fd, event in events:
                self._ready(self._by_fd[fd], event)

    def close(self) -> None:
        """Leaves without a word."""
        for comer in self.comers:
            if comer.sock is not None:
                comer.sock.close()
        self._epoll.close()

    def _connect(self, comer: Comer) -> None:
        sock = socket.socket()
        sock.setblocking(False)
        sock.connect_ex(("127.0.0.1", self.port))
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        comer.sock, comer.shaken, comer.joined, comer.tail = sock, False, False, b""
        comer.told, comer.missed = not self.since, 0
        self._by_fd[sock.fileno()] = comer
        self._epoll.register(sock.fileno(), select.EPOLLOUT)

    def _ready(self, comer: Comer, event: int) -> None:
        assert comer.sock is not None
        if not comer.shaken:
            self._shake_hands(comer, event)
            return
        with contextlib.suppress(BlockingIOError, ssl.SSLWantReadError):
            while part := comer.sock.recv(_CHUNK):
                comer.tail += part
                if self._tls is None:
                    break
            else:
                raise DeliveryError(f"{comer.nick} was cut off; last heard: {comer.tail[-200:]!r}")
        if comer.joined and comer.told and b"PING" not in comer.tail:
            comer.tail = b""
            return
        *lines, comer.tail = comer.tail.split(b"\r\n")
        for line in lines:
            if b" JOIN " not in line:  # most of all lines, which nobody waits for
                self._line(comer, line)

    def _shake_hands(self, comer: Comer, event: int) -> None:
        assert comer.sock is not None
        if event & select.EPOLLERR:
            raise DeliveryError(f"{comer.nick} could not connect")
        fd = comer.sock.fileno()
        if self._tls is not None:
            if not isinstance(comer.sock, ssl.SSLSocket):
                comer.sock = self._tls.wrap_socket(comer.sock, do_handshake_on_connect=False)
            try:
                comer.sock.do_handshake()
            except ssl.SSLWantReadError:
                self._epoll.modify(comer.sock.fileno(), select.EPOLLIN)
                return
            except ssl.SSLWantWriteError:
                self._epoll.modify(comer.sock.fileno(), select.EPOLLOUT)
                return
        comer.shaken = True
        if comer.sock.fileno() != fd:
            raise DeliveryError("a wrapped socket changed its descriptor")
        self._epoll.modify(fd, select.EPOLLIN)
        asking = [f"CAP REQ :{caps}" for caps in (_OURS if comer.device else ())]
        device = [f"DEVICE {comer.device}"] if comer.device else []
        self._send(
            comer,
            *asking,
            *device,
            f"NICK {comer.nick}",
            f"USER {comer.nick} 0 * :bench",
            *(["CAP END"] if asking else []),
        )

    def _send(self, comer: Comer, *lines: str) -> None:
        assert comer.sock is not None
        comer.sock.send("".join(f"{line}\r\n" for line in lines).encode())

    def _line(self, comer: Comer, line: bytes) -> None:
        bare = line.partition(b" ")[2] if line[:1] == b"@" else line
        words = bare.split(b" ", 3)
        verb = words[1] if bare[:1] == b":" and len(words) > 1 else words[0]
        served = comer.joined and comer.told
        if is_ping(bare):
            self._send(comer, pong(bare).decode())
        elif verb == b"001":
            past = [f"CHATHISTORY AFTER {ROOM} timestamp={self.since} {MISSED}"]
            self._send(comer, f"JOIN {ROOM}", *(past if self.since else []))
        elif verb == b"366":
            comer.joined = True
        elif verb == b"PRIVMSG" and b"missed " in bare and line[:1] == b"@":
            comer.missed += 1
        elif (verb == b"BATCH" and words[2][:1] == b"-") or (
            verb == b"421" and b"CHATHISTORY" in bare
        ):
            if verb == b"BATCH" and not comer.told and comer.missed != MISSED:
                raise DeliveryError(f"{comer.nick} got {comer.missed} of {MISSED} messages")
            comer.told = True
        elif verb in (b"ERROR", b"433"):
            raise DeliveryError(f"the server refused {comer.nick}: {line!r}")
        if comer.joined and comer.told and not served:
            self._left -= 1


class Measured:
    """What the server and the generator use between two moments."""

    def __init__(self, server: list[int]) -> None:
        self.server = server
        self.cpu, self.own = procfs.cpu_ns(server), time.process_time_ns()
        self.start = time.perf_counter_ns()

    def all_served(self, report: Report) -> None:
        """The last client was served just now."""
        report.storm_wall = time.perf_counter_ns() - self.start
        report.storm_load_cpu = time.process_time_ns() - self.own

    def idle(self, report: Report) -> None:
        """The server has nothing left to do."""
        report.storm_server_cpu = procfs.cpu_ns(self.server) - self.cpu


def come(order: Order) -> Report:
    """All connect, register and join."""
    report = Report()
    comers = [Comer(number) for number in range(order.scenario.clients)]
    arrival = Arrival(order.port, comers, tls=order.scenario.tls)
    measured = Measured(order.server)
    try:
        arrival.run()
        measured.all_served(report)
        _calm(order.server)
        measured.idle(report)
    finally:
        arrival.close()
    return report


def join(order: Order) -> Report:
    """All, who are registered and in one room, join another."""
    report = Report()
    swarm = Swarm(order.scenario, order.port, order.registering)
    try:
        swarm.join(order.scenario.clients)
        swarm.settle(order.server)
        measured = Measured(order.server)
        for client in swarm.clients:
            client.send(f"JOIN {STORM_ROOM}")
        _await_storm_room(swarm)
        measured.all_served(report)
        swarm.settle(order.server)
        measured.idle(report)
    finally:
        swarm.close()
    return report


def _await_storm_room(swarm: Swarm) -> None:
    """Reads until each has got the end of the names."""
    waiting: dict[int, Client] = {client.sock.fileno(): client for client in swarm.clients}
    end = f" 366 %s {STORM_ROOM} :"
    everybody = dict(waiting)
    while waiting:
        events = swarm.epoll.poll(STALL_SECONDS, len(everybody))
        if not events:
            raise DeliveryError(f"stalled with {len(waiting)} not in the room")
        for fd, _ in events:
            client = everybody[fd]
            part = client.sock.recv(_CHUNK)
            if not part:
                raise DeliveryError(f"{client.nick} was cut off")
            if fd in waiting:
                client.tail = client.tail[-4096:] + part
                if (end % client.nick).encode() in client.tail:
                    del waiting[fd]
                    client.tail = b""


def resume(order: Order) -> Report:
    """The server is killed and started again; all come back at once and read what was said before."""
    report = Report()
    tls = order.scenario.tls
    comers = [Comer(number, secrets.token_urlsafe(24)) for number in range(order.scenario.clients)]
    first = Arrival(order.port, comers, tls=tls)
    first.run()
    since = time.strftime("%Y-%m-%dT%H:%M:%S.000Z", time.gmtime(time.time() - 1))
    _say_what_is_missed(comers[0])
    time.sleep(1.0)
    for pid in order.server:
        os.kill(pid, signal.SIGKILL)
    killed = time.perf_counter_ns()
    while any(procfs.is_running(pid) for pid in order.server):
        time.sleep(0.002)  # its listener would still take a connection
    first.close()
    with _started_anew(order) as process:
        report.accepting_after = time.perf_counter_ns() - killed
        arrival = Arrival(order.port, comers, tls=tls, since=since)
        server = procfs.process_tree(process.pid)
        measured = Measured(server)
        try:
            arrival.run()
            measured.all_served(report)
            _calm(server)
            measured.idle(report)
        finally:
            arrival.close()
    return report


def _say_what_is_missed(comer: Comer) -> None:
    assert comer.sock is not None
    comer.sock.setblocking(True)
    for number in range(MISSED):
        comer.sock.sendall(f"PRIVMSG {ROOM} :missed {number}\r\n".encode())
    comer.sock.sendall(b"PING said\r\n")
    heard = b""
    while b"PONG" not in heard or b"said" not in heard:
        heard = heard[-200:] + comer.sock.recv(_CHUNK)


@contextmanager
def _started_anew(order: Order) -> Iterator[subprocess.Popen[bytes]]:
    process = subprocess.Popen(
        order.command,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    if order.cpu is not None:
        os.sched_setaffinity(process.pid, {order.cpu})
    try:
        deadline = time.monotonic() + STALL_SECONDS
        while True:
            try:
                with socket.create_connection(("127.0.0.1", order.port), timeout=1) as sock:
                    if sock.getsockname() != sock.getpeername():
                        break
                    # Nobody listens yet, and by chance it was given that very port: it met itself.
                    sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            except OSError:
                if time.monotonic() > deadline or process.poll() is not None:
                    raise DeliveryError("the server didn't start again") from None
                time.sleep(0.005)
        yield process
    finally:
        process.terminate()
        try:
            process.wait(20)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _calm(server: list[int], limit: float = 20.0) -> None:
    """Waits until the server uses no CPU to speak of, `limit` seconds at most."""
    deadline = time.monotonic() + limit
    while time.monotonic() < deadline:
        before = procfs.cpu_ns(server)
        time.sleep(0.2)
        if procfs.cpu_ns(server) - before < 4_000_000:
            return


def main() -> int:
    """Reads an order, carries it out, prints the report; exit status 1 with a word on stderr otherwise."""
    order = read_order()
    procfs.raise_file_limit()
    gc.disable()
    try:
        report = {"come": come, "join": join, "resume": resume}[order.scenario.storm](order)
    except (DeliveryError, OSError) as error:
        print(f"storm: {type(error).__name__}: {error}", file=sys.stderr)
        return 1
    json.dump(asdict(report), sys.stdout)
    return 0


if __name__ == "__main__":
    sys.exit(main())
