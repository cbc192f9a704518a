"""How much do wrong logins disturb the chat? Quiet and attacked phases take turns, on one server.

    python -m bench logins [--seconds 60] [--rate 100] [--addresses 0]

In the lobby some people talk, a message each 20 ms or so, and each receipt's time since its sending is taken. In
every other phase another process tries wrong passwords, each on a connection of its own and, by WEBIRC,
from one of so many addresses (0: each from another one, the worst, since then nothing but the threads' own bound
slows it down). Once in each phase somebody whose device was right before logs in with the right password. The exit status is 1
when p99 under attack is more than twice the quiet one, nobody was turned away as too often or too many, or the right
password failed.
"""

from __future__ import annotations

import argparse
import asyncio
import base64
import contextlib
import math
import os
import random
import re
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

ROOT = Path(__file__).parents[1]
PEOPLE, EVERY = 20, 0.02
PHASE = 10.0
"""Seconds."""
TARGET = 2.0
GATEWAY, NAME, PASSWORD = "bench-gateway", "owner", "correct-horse-battery"
DEVICE = "DEVICE bench-device-0123456789"
CONFIGURATION = f"""
[server]
webirc_from = ["127.0.0.1"]
webirc_password = "{GATEWAY}"
"""


class Wire:
    """One connection, by lines."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader, self._writer = reader, writer

    def send(self, *lines: str) -> None:
        self._writer.write(b"".join(f"{line}\r\n".encode() for line in lines))

    async def until(self, pattern: str) -> str:
        """The next line that matches. Raises ConnectionError when the connection ends before."""
        while line := (await self.reader.readline()).decode().rstrip():
            if re.search(pattern, line):
                return line
        raise ConnectionError(f"no {pattern!r}")

    def close(self) -> None:
        self._writer.close()


@asynccontextmanager
async def connected(port: int, address: str = "") -> AsyncIterator[Wire]:
    """A connection, from an address of its own if one is given."""
    wire = Wire(*await asyncio.open_connection("127.0.0.1", port))
    try:
        if address:
            wire.send(f"WEBIRC {GATEWAY} bench {address} {address}")
        yield wire
    finally:
        wire.close()


def plain(name: str, password: str) -> tuple[str, str, str]:
    secret = base64.b64encode(f"\0{name}\0{password}".encode()).decode()
    return "CAP REQ sasl", "AUTHENTICATE PLAIN", f"AUTHENTICATE {secret}"


# -- the attacker, a process of its own ------------------------------------------------------


async def attack(port: int, rate: float, addresses: int) -> None:
    """Tries wrong passwords until it is interrupted, and prints how they were answered."""
    # What it costs to attack is another machine's affair; the number of answers tells if it keeps up.
    os.nice(10)
    answers: Counter[str] = Counter()
    chance = random.Random(1)
    pending: set[asyncio.Task[None]] = set()
    number = 0

    async def once(number: int) -> None:
        bits = number % addresses if addresses else chance.getrandbits(23)
        address = f"10.{bits >> 16}.{bits >> 8 & 255}.{bits & 255}"
        name = NAME if number % 2 else f"nobody{chance.getrandbits(20)}"
        with contextlib.suppress(OSError):
            async with connected(port, address) as wire:
                wire.send(*plain(name, f"wrong{number}"))
                line = await wire.until(" 904 |ERROR")
                answers[line.rpartition(" :")[2]] += 1

    stop = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stop.set)
    began = time.monotonic()
    while not stop.is_set():
        while number < (time.monotonic() - began) * rate and len(pending) < 1000:
            task = asyncio.create_task(once(number))
            pending.add(task)
            task.add_done_callback(pending.discard)
            number += 1
        await asyncio.sleep(1 / rate)
    print("\n".join(f"{count} {answer}" for answer, count in answers.items()))


# -- the chat --------------------------------------------------------------------------------


class Chat:
    """People in the lobby who talk, and how long each receipt took."""

    def __init__(self, port: int) -> None:
        self._port = port
        self._wires: list[Wire] = []
        self.seconds: list[float] = []

    async def live(self) -> None:
        """Talks and listens until it is cancelled."""
        async with contextlib.AsyncExitStack() as stack, asyncio.TaskGroup() as group:
            for number in range(PEOPLE):
                wire = await stack.enter_async_context(connected(self._port))
                wire.send(f"NICK p{number}", f"USER p{number} 0 * :p")
                await wire.until(" 366 ")
                self._wires.append(wire)
                group.create_task(self._listen(wire))
            while True:
                await asyncio.sleep(EVERY * random.uniform(0.5, 1.5))
                speaker = random.choice(self._wires)
                speaker.send(f"PRIVMSG #lobby :at {time.monotonic_ns()}")

    async def _listen(self, wire: Wire) -> None:
        while True:
            line = await wire.until(" PRIVMSG #lobby :at |^PING")
            if line.startswith("PING"):
                wire.send(line.replace("PING", "PONG", 1))
                continue
            sent = int(line.rpartition(" ")[2])
            self.seconds.append((time.monotonic_ns() - sent) / 1e9)


def percentile(seconds: Sequence[float], share: float) -> float:
    """In milliseconds."""
    ordered = sorted(seconds)
    return 1000 * ordered[min(len(ordered) - 1, math.ceil(share * len(ordered)) - 1)]


async def log_in(port: int) -> float:
    """Seconds that the right password takes with a device that is known; infinite when it is refused."""
    began = time.monotonic()
    async with connected(port, "192.0.2.7") as wire:
        wire.send(DEVICE, *plain(NAME, PASSWORD))
        line = await wire.until(" 90[34] ")
    return time.monotonic() - began if " 903 " in line else math.inf


async def measure(port: int, options: argparse.Namespace) -> int:
    async with connected(port) as wire:
        wire.send("CAP REQ standard-replies", f"NICK {NAME}", f"USER {NAME} 0 * :o", "CAP END")
        wire.send(f"REGISTER * * {PASSWORD}")
        await wire.until("REGISTER SUCCESS")
    if await log_in(port) == math.inf:
        raise SystemExit("the right password is refused before anything began")
    chat = Chat(port)
    living = asyncio.create_task(chat.live())
    await asyncio.sleep(3)
    taken: dict[bool, list[float]] = {False: [], True: []}
    logins: dict[bool, list[float]] = {False: [], True: []}
    answers: Counter[str] = Counter()
    for phase in range(2 * math.ceil(options.seconds / PHASE)):
        attacked = phase % 2 == 1
        attacker = await start_attack(port, options) if attacked else None
        await asyncio.sleep(PHASE / 5)
        chat.seconds.clear()
        await asyncio.sleep(PHASE / 2)
        logins[attacked].append(await log_in(port))
        await asyncio.sleep(PHASE / 2)
        taken[attacked] += chat.seconds
        if attacker is not None:
            attacker.terminate()
            said, _ = await attacker.communicate()
            for line in said.decode().splitlines():
                count, _, answer = line.partition(" ")
                answers[answer] += int(count)
    living.cancel()
    return report(taken, logins, answers)


async def start_attack(port: int, options: argparse.Namespace) -> asyncio.subprocess.Process:
    words = ["--attack", str(port), "--rate", str(options.rate)]
    words += ["--addresses", str(options.addresses)]
    return await asyncio.create_subprocess_exec(
        sys.executable, "-m", "bench", "logins", *words, stdout=subprocess.PIPE, cwd=ROOT
    )


def report(
    taken: dict[bool, list[float]], logins: dict[bool, list[float]], answers: Counter[str]
) -> int:
    """Prints it; the exit status."""
    p99 = {attacked: percentile(seconds, 0.99) for attacked, seconds in taken.items()}
    for attacked, name in ((False, "quiet"), (True, "attacked")):
        p50, worst = percentile(taken[attacked], 0.5), 1000 * max(logins[attacked])
        print(
            f"{name:8}  {len(taken[attacked]):7,} receipts  p50 {p50:6.1f} ms  "
            f"p99 {p99[attacked]:6.1f} ms  right password at worst {worst:.0f} ms"
        )
    ratio = p99[True] / p99[False]
    print(f"ratio of p99: {ratio:.2f} (at most {TARGET})")
    for answer, count in answers.most_common():
        print(f"{count:7,}  {answer}")
    throttled = sum(
        count for answer, count in answers.items() if "oo many" in answer or "busy" in answer
    )
    refused = math.inf in logins[True] + logins[False]
    return int(ratio > TARGET or not throttled or refused)


def main(argv: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="bench logins", description="Measure under wrong logins.")
    parser.add_argument("--seconds", type=float, default=60.0, help="of attack")
    parser.add_argument("--rate", type=float, default=100.0, help="wrong logins a second")
    parser.add_argument(
        "--addresses", type=int, default=0, help="that they come from; 0: ever new ones"
    )
    parser.add_argument("--attack", type=int, help=argparse.SUPPRESS)
    options = parser.parse_args(argv)
    if options.attack:
        asyncio.run(attack(options.attack, options.rate, options.addresses))
        return 0
    with tempfile.TemporaryDirectory() as scratch:
        settings = Path(scratch, "hubbub.toml")
        settings.write_text(CONFIGURATION)
        command = [sys.executable, "-m", "hubbub.cli", "serve", "--no-console"]
        command += ["--listen", "127.0.0.1:0", "--data", str(Path(scratch, "data"))]
        command += ["--config", str(settings)]
        process = subprocess.Popen(
            command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
        )
        assert process.stdout is not None
        try:
            found = re.search(r"127\.0\.0\.1:(\d+)", process.stdout.readline())
            if found is None:
                raise SystemExit(f"the server didn't start: status {process.wait()}")
            return asyncio.run(measure(int(found[1]), options))
        finally:
            process.send_signal(signal.SIGTERM)
            process.wait()
            process.stdout.close()


if __name__ == "__main__":
    sys.exit(main())
