"""Real servers and raw sessions for the fault tests: processes that may be killed, and wires that remember.

Nothing here knows the server's code: what is checked is what came over the wire and what lies in the file.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import re
import secrets
import signal
import sqlite3
import subprocess
import sys
from collections.abc import Callable, Coroutine, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path

ROOT = Path(__file__).parents[2]
"""The checkout's top, from which the server is started."""
START_WITHIN = 30.0
ANSWER_WITHIN = 30.0

MODERN = (
    "message-tags server-time batch labeled-response echo-message standard-replies "
    "draft/chathistory draft/event-playback hubbub/device hubbub/once"
)
"""What our own client asks for."""
TAGGED = "message-tags server-time"
"""What many clients ask for: ids can be seen, but sends aren't echoed."""
OLD = ""


# -- servers ----------------------------------------------------------------------------------


class NotStarted(Exception):
    """The server ended instead of listening; `status` is its exit status, the text its stderr."""

    def __init__(self, status: int, text: str) -> None:
        super().__init__(f"exit status {status}: {text}")
        self.status = status
        self.text = text


class Server:
    """A server process on a data directory of its own; started and killed any number of times.

    `settings` is the text of a configuration file, `before` a command that the server's is given to, `module`
    what Python runs, with its first words; another may be set before each start.
    """

    def __init__(self, home: Path, settings: str = "", before: Sequence[str] = ()) -> None:
        self.data = home / "data"
        self.log_path = home / "server.log"
        self.port = 0
        self.module: Sequence[str] = ("hubbub.cli",)
        self._before = before
        self._process: subprocess.Popen[bytes] | None = None
        home.mkdir(parents=True, exist_ok=True)
        self.log_path.touch()
        self._config = home / "hubbub.toml"
        self._config.write_text(settings)

    @property
    def pid(self) -> int:
        assert self._process is not None
        return self._process.pid

    @property
    def database(self) -> Path:
        return self.data / "hubbub.db"

    def start(self) -> None:
        """Returns when the server listens, on a port that was free. Raises NotStarted."""
        command = [
            *(*self._before, sys.executable, "-m", *self.module, "serve", "--no-console"),
            *("--data", str(self.data), "--config", str(self._config)),
            *("--listen", "127.0.0.1:0"),
        ]
        mark = self.log_path.stat().st_size
        with self.log_path.open("ab") as log:
            self._process = subprocess.Popen(
                command, cwd=ROOT, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=log
            )
        assert self._process.stdout is not None
        greeting = self._process.stdout.readline().decode()
        found = re.search(r"127\.0\.0\.1:(\d+)", greeting)
        if found is None:
            status = self._process.wait(START_WITHIN)
            self._process.stdout.close()
            self._process = None
            text = self.log_path.read_bytes()[mark:].decode()
            raise NotStarted(status, greeting + text)
        self.port = int(found[1])

    def kill(self) -> None:
        """SIGKILL: no goodbye, no flush, no sync."""
        self._end(signal.SIGKILL)

    def stop(self) -> int:
        """SIGTERM; the exit status."""
        return self._end(signal.SIGTERM)

    def _end(self, number: signal.Signals) -> int:
        process, self._process = self._process, None
        if process is None:
            return 0
        process.send_signal(number)
        try:
            return process.wait(START_WITHIN)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
            raise
        finally:
            assert process.stdout is not None
            process.stdout.close()

    def log(self) -> list[str]:
        """The lines of the log, of all its runs."""
        return self.log_path.read_text(errors="replace").splitlines()

    def rss(self) -> int:
        """Resident memory in bytes."""
        status = Path(f"/proc/{self.pid}/status").read_text()
        found = re.search(r"VmRSS:\s+(\d+) kB", status)
        assert found is not None
        return int(found[1]) * 1024

    def cpu_seconds(self) -> float:
        """CPU time that the process has used, user and system."""
        fields = Path(f"/proc/{self.pid}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def files(self) -> int:
        """How many files and sockets the process has open."""
        return len(os.listdir(f"/proc/{self.pid}/fd"))

    def sockets(self) -> int:
        """How many sockets are among them: a reader more of the history is files, and no connection."""
        count = 0
        for number in os.listdir(f"/proc/{self.pid}/fd"):
            with contextlib.suppress(FileNotFoundError):
                count += os.readlink(f"/proc/{self.pid}/fd/{number}").startswith("socket:")
        return count

    def __enter__(self) -> Server:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.kill()


def run(server: Server, scenario: Coroutine[None, None, None]) -> None:
    """Runs a scenario, after which the server is gone however it ended."""
    try:
        asyncio.run(scenario)
    finally:
        server.kill()


# -- the file ---------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Row:
    """A row of the history as it lies in the file."""

    msgid: str
    room: str
    """The room's name; empty for a whisper."""
    command: str
    source: str
    text: str
    peer: str

    @property
    def is_message(self) -> bool:
        return self.command in ("PRIVMSG", "NOTICE")


def stored(database: Path, after: int = 0) -> list[tuple[int, Row]]:
    """The history's rows beyond a place, in order, read from the file by SQLite alone."""
    with closing(sqlite3.connect(f"{database.as_uri()}?mode=ro", uri=True)) as connection:
        (log_id,) = connection.execute("SELECT id FROM log").fetchone()
        rows = connection.execute(
            "SELECT place, ifnull(rooms.name, ''), command, source, ifnull(text, ''), peer_nick"
            " FROM history LEFT JOIN rooms ON rooms.id = history.room"
            " WHERE place > ? ORDER BY place",
            (after,),
        ).fetchall()
    return [(place, Row(f"{log_id}{place:x}", *rest)) for place, *rest in rows]


def is_sound(database: Path) -> bool:
    """Whether SQLite finds nothing wrong with the file."""
    with closing(sqlite3.connect(database)) as connection:
        return bool(connection.execute("PRAGMA integrity_check").fetchone() == ("ok",))


# -- the wire ---------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Line:
    """One line from the server, taken apart."""

    tags: dict[str, str]
    source: str
    command: str
    params: tuple[str, ...]

    @property
    def msgid(self) -> str:
        return self.tags.get("msgid", "")

    @property
    def text(self) -> str:
        return self.params[-1] if self.params else ""


@lru_cache(maxsize=4096)
def read_line(raw: bytes) -> Line:
    """Takes a line apart; the same bytes come to many sessions."""
    rest = raw.decode()
    tags: dict[str, str] = {}
    source = ""
    if rest.startswith("@"):
        section, _, rest = rest[1:].partition(" ")
        for tag in section.split(";"):
            key, _, value = tag.partition("=")
            tags[key] = value
    if rest.startswith(":"):
        source, _, rest = rest[1:].partition(" ")
    head, colon, trailing = rest.partition(" :")
    command, *params = head.split(" ")
    if colon:
        params.append(trailing)
    return Line(tags, source, command, tuple(params))


class Lost(Exception):
    """The connection ended before what was waited for came; the text is its last word."""


@dataclass(slots=True)
class Said:
    """A message of ours. `tries` counts how often it was sent, `msgid` is its echo's."""

    id: str
    target: str
    text: str
    tries: int = 0
    msgid: str = ""
    refusal: str = ""


@dataclass(slots=True)
class Life:
    """All that one connection was shown that the history has to have too.

    `live` came as it happened, in order; `echoes` answer messages that were sent once more.
    """

    live: list[Line] = field(default_factory=list)
    echoes: list[Line] = field(default_factory=list)


class Session(asyncio.Protocol):
    """A raw IRC session that outlives its connections and remembers what it was shown."""

    def __init__(self, nick: str, capabilities: str = MODERN, rooms: Sequence[str] = ()) -> None:
        self.nick = nick
        self.capabilities = frozenset(capabilities.split())
        self.rooms = tuple(rooms)
        self.device = secrets.token_urlsafe(24)
        self.life = Life()
        self.said: dict[str, Said] = {}
        self.wrongs: list[str] = []
        self.last_word = ""
        self.ended = asyncio.Event()
        self.ended.set()
        self._transport: asyncio.Transport | None = None
        self._rest = b""
        self._labels = 0
        self._labelled: dict[str, Said] = {}
        self._waiting: list[tuple[Callable[[Line], bool], asyncio.Future[Line]]] = []
        self._batches: dict[str, list[Line]] = {}
        self._answers: dict[str, asyncio.Future[list[Line]]] = {}

    def has(self, capability: str) -> bool:
        return capability in self.capabilities

    # asyncio's side

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport
        self._rest, self.last_word = b"", ""
        self._batches.clear()
        self.ended.clear()

    def data_received(self, data: bytes) -> None:
        *lines, self._rest = (self._rest + data).split(b"\r\n")
        for line in lines:
            try:
                self._read(read_line(line))
            except Exception as error:
                self.wrongs.append(f"{line!r}: {error!r}")

    def connection_lost(self, error: Exception | None) -> None:
        self._transport = None
        self.ended.set()
        lost = Lost(self.last_word or str(error or "closed"))
        waiting = [waiter for _, waiter in self._waiting] + list(self._answers.values())
        self._waiting.clear()
        self._answers.clear()
        for future in waiting:
            if not future.done():
                future.set_exception(lost)

    # what comes

    def _read(self, line: Line) -> None:
        batch = line.tags.get("batch", "")
        if line.command == "PING":
            self.send(f"PONG :{line.text}")
        elif line.command == "BATCH":
            self._batch(line)
        elif batch in self._batches:
            self._batches[batch].append(line)
        elif line.command == "ERROR":
            self.last_word = line.text
        else:
            self._shown(line)
        for wanted, waiter in list(self._waiting):
            if not waiter.done() and wanted(line):
                waiter.set_result(line)

    def _batch(self, line: Line) -> None:
        name = line.params[0]
        if name.startswith("+"):
            self._batches[name[1:]] = [line]
            return
        start, *inside = self._batches.pop(name[1:])
        answer = self._answers.pop(start.tags.get("label", ""), None)
        if answer is not None and not answer.done():
            answer.set_result(inside)

    def _shown(self, line: Line) -> None:
        label = line.tags.get("label", "")
        said = self._labelled.pop(label, None)
        if said is not None:
            if line.command in ("PRIVMSG", "NOTICE"):
                if said.msgid not in ("", line.msgid):
                    self.wrongs.append(f"{said} was echoed as {line.msgid} as well")
                said.msgid = line.msgid
                if said.tries > 1:
                    self.life.echoes.append(line)
                    return
            else:
                said.refusal = f"{line.command} {' '.join(line.params)}"
        elif label in self._answers and line.command == "FAIL":
            self._answers.pop(label).set_exception(AssertionError(" ".join(line.params)))
        if line.msgid or line.command in ("PRIVMSG", "NOTICE"):
            self.life.live.append(line)

    # what goes

    def send(self, text: str) -> None:
        """Sends a line; without a connection nothing happens."""
        if self._transport is not None:
            self._transport.write(f"{text}\r\n".encode())

    def _label(self) -> str:
        self._labels += 1
        return f"L{self._labels}"

    def say(self, target: str, text: str) -> Said:
        """Says something; a session that can learn what became of it keeps it until it has."""
        said = Said(secrets.token_hex(8), target, text)
        if self.has("hubbub/once"):
            self.said[said.id] = said
        self._say(said)
        return said

    def _say(self, said: Said) -> None:
        if self._transport is None:
            return
        said.tries += 1
        tags = ""
        if self.has("hubbub/once"):
            label = self._label()
            self._labelled[label] = said
            tags = f"@label={label};hubbub/id={said.id} "
        self.send(f"{tags}PRIVMSG {said.target} :{said.text}")

    @property
    def unanswered(self) -> list[Said]:
        return [said for said in self.said.values() if not said.msgid and not said.refusal]

    def say_again(self, answered: int = 0) -> None:
        """Sends what was not answered once more, under its old ids; and some of what was, too."""
        known = [said for said in self.said.values() if said.msgid]
        for said in known[max(0, len(known) - answered) :] + self.unanswered:
            self._say(said)

    async def history(self, arguments: str) -> list[Line]:
        """The lines that answer a CHATHISTORY. Raises Lost, and AssertionError for a FAIL."""
        label = self._label()
        answer: asyncio.Future[list[Line]] = asyncio.get_running_loop().create_future()
        self._answers[label] = answer
        self.send(f"@label={label} CHATHISTORY {arguments}")
        async with asyncio.timeout(ANSWER_WITHIN):
            return await answer

    async def all_history(self, target: str, after: str = "", page: int = 100) -> list[Line]:
        """All that the history has of a target beyond a msgid, paged."""
        lines: list[Line] = []
        while True:
            since = f"msgid={after}" if after else "timestamp=1970-01-02T00:00:00.000Z"
            found = await self.history(f"AFTER {target} {since} {page}")
            lines += found
            if len(found) < page:
                return lines
            after = found[-1].msgid

    async def expect(self, wanted: Callable[[Line], bool]) -> Line:
        """The next line that is wanted. Raises Lost when the connection ends first."""
        if self._transport is None:
            raise Lost(self.last_word or "no connection")
        waiter: asyncio.Future[Line] = asyncio.get_running_loop().create_future()
        entry = (wanted, waiter)
        self._waiting.append(entry)
        try:
            # Not wait_for: in Python 3.11 it may lose the cancellation of its task.
            async with asyncio.timeout(ANSWER_WITHIN):
                return await waiter
        finally:
            if entry in self._waiting:
                self._waiting.remove(entry)

    async def ping(self) -> float:
        """Seconds until the server has answered all that was sent so far."""
        token = secrets.token_hex(4)
        loop = asyncio.get_running_loop()
        began = loop.time()
        self.send(f"PING {token}")
        await self.expect(lambda line: line.command == "PONG" and line.text == token)
        return loop.time() - began

    async def connect(self, port: int) -> None:
        """Connects, registers, and is in all its rooms. Raises Lost or OSError."""
        loop = asyncio.get_running_loop()
        self.life = Life()
        await loop.create_connection(lambda: self, "127.0.0.1", port)
        if self.capabilities:
            self.send("CAP LS 302")
            self.send(f"CAP REQ :{' '.join(sorted(self.capabilities))}")
            if self.has("hubbub/device"):
                self.send(f"DEVICE {self.device}")
        self.send(f"NICK {self.nick}")
        self.send(f"USER {self.nick} 0 * :{self.nick}")
        if self.capabilities:
            self.send("CAP END")
        done = await self.expect(lambda line: line.command in ("366", "433", "432", "465"))
        assert done.command == "366", f"{self.nick}: {done}"
        if self.rooms:
            self.send(f"JOIN {','.join(self.rooms)}")
            await self.ping()

    async def close(self) -> None:
        """Leaves with QUIT and waits for the end of the connection."""
        self.send("QUIT :bye")
        try:
            async with asyncio.timeout(5):
                await self.ended.wait()
        except TimeoutError:
            self.abort()

    def abort(self) -> None:
        """Breaks the connection off."""
        if self._transport is not None:
            self._transport.abort()


async def gather_quietly(*tasks: asyncio.Task[None]) -> None:
    """Waits for tasks; those that end because the connection did have ended well."""
    for result in await asyncio.gather(*tasks, return_exceptions=True):
        if isinstance(result, BaseException) and not isinstance(
            result, Lost | OSError | asyncio.CancelledError
        ):
            raise result


def seed() -> int:
    """The run's seed: HUBBUB_SEED or another one each time; it is printed for a repeat."""
    value = int(os.environ.get("HUBBUB_SEED", "0")) or secrets.randbits(32)
    print(f"HUBBUB_SEED={value}")
    return value


def report(what: str, **figures: object) -> None:
    """Prints figures in one line, for who runs the tests with -s."""
    print(json.dumps({"what": what, **figures}, default=str))
