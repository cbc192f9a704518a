"""Real servers and real people's clients, as processes, for tests that read as stories.

Law: nobody waits for time to pass, only for words to appear, and never for ever. Standard library
only, because the acceptance tests run on a bare interpreter.
"""

from __future__ import annotations

import os
import random
import re
import shlex
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
PATIENCE = 30.0
"""Seconds after which what was waited for won't come; a busy machine needs a good part of them."""
ROWS, COLUMNS = 50, 200

# What a terminal program writes besides text: CSI and OSC sequences, character sets, keypad modes.
_ESCAPES = re.compile(
    r"\x1b(?:\[[0-9;:<=>?]*[ -/]*[@-~]|\][^\x07\x1b]*(?:\x07|\x1b\\)|[()].|[=>78])"
)


def environment(home: Path) -> dict[str, str]:
    """Our environment, but with a home of its own, so that no test touches a person's files."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("XDG_")}
    own = {"HOME": str(home), "XDG_DATA_HOME": str(home / "share"), "XDG_CONFIG_HOME": str(home)}
    # A terminal of ours doesn't answer where its cursor is, so that nobody need ask.
    own |= {"TERM": "xterm", "LC_ALL": "C.UTF-8", "PROMPT_TOOLKIT_NO_CPR": "1", "TZ": "UTC"}
    return kept | own


def free_port() -> int:
    """A port that nobody uses, from below those that the system gives to outgoing connections.

    One of those might, between a server's end and its next start, be given to the very client that
    tries to reach it.
    """
    while True:
        port = random.randrange(10_000, 32_000)
        with socket.socket() as probe:
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
            return port


def wait_until(so: Callable[[], bool], what: Callable[[], str], within: float = PATIENCE) -> None:
    """Poll what can't be waited for (files that others write); AssertionError says `what`."""
    deadline = time.monotonic() + within
    while not so():
        if time.monotonic() > deadline:
            raise AssertionError(what())
        time.sleep(0.02)


class Program:
    """A process and all that it has written. `terminal` gives it one; else it has pipes."""

    def __init__(
        self, name: str, command: Sequence[str], env: Mapping[str, str], *, terminal: bool = False
    ) -> None:
        self.name = name
        self._raw = {"out": b"", "err": b""}
        self._news = threading.Condition()
        self._open = 0
        self._keyboard = -1
        # A session of its own: a Ctrl-C for the tests isn't one for the program.
        if terminal:
            self._process = self._in_terminal(command, env)
        else:
            self._process = self._in_pipes(command, env)

    def _in_pipes(self, command: Sequence[str], env: Mapping[str, str]) -> subprocess.Popen[bytes]:
        process = subprocess.Popen(
            command,
            cwd=ROOT,
            env=env,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            start_new_session=True,
        )
        assert process.stdin is not None
        assert process.stdout is not None
        assert process.stderr is not None
        self._keyboard = os.dup(process.stdin.fileno())
        process.stdin.close()
        self._readers = [
            self._read(process.stdout.fileno(), "out"),
            self._read(process.stderr.fileno(), "err"),
        ]
        return process

    def _in_terminal(
        self, command: Sequence[str], env: Mapping[str, str]
    ) -> subprocess.Popen[bytes]:
        import fcntl
        import pty
        import struct
        import termios

        self._keyboard, screen = pty.openpty()
        fcntl.ioctl(screen, termios.TIOCSWINSZ, struct.pack("HHHH", ROWS, COLUMNS, 0, 0))
        try:
            process = subprocess.Popen(
                command,
                cwd=ROOT,
                env=env,
                stdin=screen,
                stdout=screen,
                stderr=screen,
                start_new_session=True,
            )
        finally:
            os.close(screen)
        self._readers = [self._read(self._keyboard, "out")]
        return process

    def _read(self, handle: int, stream: str) -> threading.Thread:
        def work() -> None:
            while True:
                try:
                    data = os.read(handle, 65536)
                except OSError:  # a terminal whose program has ended
                    data = b""
                with self._news:
                    self._raw[stream] += data
                    self._open -= not data
                    self._news.notify_all()
                if not data:
                    return

        self._open += 1
        thread = threading.Thread(target=work, daemon=True)
        thread.start()
        return thread

    # -- what it has written ----------------------------------------------------------------

    @property
    def out(self) -> str:
        """Its standard output; in a terminal all that it wrote, without what moves the cursor."""
        return _text(self._raw["out"])

    @property
    def err(self) -> str:
        """Its standard error; in a terminal that is in `out`."""
        return _text(self._raw["err"])

    def shown(self, text: str) -> int:
        """How many lines with this text it has written."""
        return sum(text in line for line in (self.out + "\n" + self.err).split("\n"))

    def sees(self, *texts: str, times: int = 1, within: float = PATIENCE) -> None:
        """Wait until it has written each of these, on `times` lines at least."""
        for text in texts:
            self._wait(lambda text=text: self.shown(text) >= times, f"write {text!r}", within)  # type: ignore[misc]

    def ends(self, within: float = PATIENCE) -> int:
        """Wait for its end, and all that it wrote until then; its exit status."""
        self._wait(lambda: self._open == 0, "end", within)
        return self._process.wait(within)

    def is_running(self) -> bool:
        """Whether it has not ended."""
        return self._process.poll() is None

    def _wait(self, so: Callable[[], bool], what: str, within: float) -> None:
        with self._news:
            self._news.wait_for(lambda: so() or self._open == 0, within)
            if not so():
                end = "" if self._open else f" but ended ({self._process.wait(within)})"
                raise AssertionError(
                    f"{self.name} did not {what}{end}\n--- out\n{self.out}\n--- err\n{self.err}"
                )

    # -- what is done to it -----------------------------------------------------------------

    def types(self, keys: str) -> None:
        """Press these keys; `\\r` is Enter."""
        os.write(self._keyboard, keys.encode())

    def closes_input(self) -> None:
        """The end of what is typed, as when a pipe's other side is done."""
        os.close(self._keyboard)
        self._keyboard = -1

    def signal(self, number: signal.Signals) -> None:
        """Send it a signal, as another terminal's `kill` would."""
        self._process.send_signal(number)

    def close(self) -> None:
        """End it, if it is still there, and let go of everything."""
        if self.is_running():
            self._process.kill()
        self._process.wait(PATIENCE)
        for reader in self._readers:
            reader.join(PATIENCE)
        if self._keyboard >= 0:
            os.close(self._keyboard)
            self._keyboard = -1
        for stream in (self._process.stdout, self._process.stderr):
            if stream is not None:
                stream.close()


def _text(raw: bytes) -> str:
    return _ESCAPES.sub("", raw.decode(errors="replace")).replace("\r", "")


class Person(Program):
    """Somebody with our client. In pipes stdin is what they type; in a terminal it's their keys."""

    def __init__(
        self, name: str, address: str, home: Path, *options: str, terminal: bool = False
    ) -> None:
        command = [sys.executable, "client.py", address, *options]
        if name:
            command += ["--name", name]
        self._enter = "\r" if terminal else "\n"
        super().__init__(name or "somebody", command, environment(home), terminal=terminal)

    def says(self, *lines: str) -> None:
        """Type lines, each with Enter."""
        for line in lines:
            self.types(line + self._enter)

    def settles(self, room: str = "#lobby") -> None:
        """Wait until they are in the room, the last that they joined, and have read its history."""
        self.sees(f"{room} has ")
        before = self.shown(f"{room} has ")
        self.says("/users")  # which is answered after what was asked for on joining
        self.sees(f"{room} has ", times=before + 1)


class Server:
    """A server on a data directory: the same through all its starts, as its address is."""

    def __init__(self, home: Path, *options: str) -> None:
        self.home = home
        self.data = home / "data"
        self.port = free_port()
        self.address = f"127.0.0.1:{self.port}"
        self._options = options
        self._runs: list[Program] = []

    @property
    def run(self) -> Program:
        """The process of the last start: what it wrote, and its console."""
        return self._runs[-1]

    def start(self, *options: str, terminal: bool = False) -> Server:
        """Start it; it accepts connections when this returns."""
        self.launch(*options, terminal=terminal).sees("Hubbub is ready")
        return self

    def launch(self, *options: str, terminal: bool = False) -> Program:
        """Start it without waiting for anything."""
        words = [sys.executable, "server.py", "--data", str(self.data), "--listen", self.address]
        command = [*words, *self._options, *options]
        run = Program(shlex.join(command[1:]), command, environment(self.home), terminal=terminal)
        self._runs.append(run)
        return run

    def crash(self) -> None:
        """`kill -9`."""
        self.run.signal(signal.SIGKILL)
        self.run.ends()

    def stop(self) -> int:
        """SIGTERM, as a service manager would; its exit status."""
        self.run.signal(signal.SIGTERM)
        return self.run.ends()

    def close(self) -> None:
        """End all that was started."""
        for run in self._runs:
            run.close()
