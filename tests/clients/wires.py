"""A raw connection for tests with real servers: lines out, lines in, nothing understood but PING.

Law: nobody waits longer than the stage's patience, and what came is kept for whoever asks.
"""

from __future__ import annotations

import base64
import re
import socket
import time

from tests.stage import PATIENCE, Server

MODERN = (
    "account-tag batch draft/chathistory draft/event-playback draft/message-redaction "
    "draft/read-marker echo-message extended-join labeled-response message-tags "
    "server-time standard-replies"
)


class Wire:
    """One connection of somebody's, blocking. `lines` has all that came."""

    def __init__(self, server: Server, *, source: str = "127.0.0.1") -> None:
        self._socket = socket.create_connection(
            ("127.0.0.1", server.port), PATIENCE, source_address=(source, 0)
        )
        self._rest = b""
        self.lines: list[str] = []

    def send(self, *lines: str) -> None:
        """Writes lines."""
        self._socket.sendall(b"".join(f"{line}\r\n".encode() for line in lines))

    def sees(self, pattern: str, *, since: int = 0, within: float = PATIENCE) -> str:
        """The first line, of those from number `since` on, that matches; waits for it."""
        deadline = time.monotonic() + within
        while True:
            for line in self.lines[since:]:
                if re.search(pattern, line):
                    return line
            since = len(self.lines)
            self._read(deadline, pattern)

    def settled(self) -> None:
        """Waits until all that was sent so far is answered."""
        token = f"t{len(self.lines)}"
        self.send(f"PING {token}")
        self.sees(rf" PONG \S+ :?{token}$")

    def ask(self, *lines: str) -> list[str]:
        """Sends lines and returns what came until they were answered."""
        self.settled()
        before = len(self.lines)
        self.send(*lines)
        self.settled()
        return self.lines[before:-1]

    def ends(self) -> None:
        """Waits until the server has closed the connection."""
        deadline = time.monotonic() + PATIENCE
        try:
            while True:
                self._read(deadline, "the end")
        except EOFError:
            pass

    def close(self) -> None:
        """Hangs up, without a QUIT."""
        self._socket.close()

    def _read(self, deadline: float, wanted: str) -> None:
        self._socket.settimeout(max(0.01, deadline - time.monotonic()))
        try:
            data = self._socket.recv(1 << 16)
        except TimeoutError:
            raise AssertionError(f"no {wanted!r} but\n" + "\n".join(self.lines[-40:])) from None
        if not data:
            raise EOFError("\n".join(self.lines[-40:]))
        *lines, self._rest = (self._rest + data).split(b"\r\n")
        for line in lines:
            self.lines.append(line.decode())
            if line.startswith(b"PING "):
                self.send(f"PONG {line.decode()[5:]}")

    # -- arriving ---------------------------------------------------------------------------

    def arrives(
        self,
        nick: str,
        capabilities: str = MODERN,
        *,
        password: str = "",
        server_password: str = "",
    ) -> Wire:
        """Registers, with a password into the account of that name; is in the lobby then."""
        if server_password:
            self.send(f"PASS {server_password}")
        self.send("CAP LS 302", f"CAP REQ :{capabilities} sasl".replace(": ", ":"))
        if password:
            self.login(nick, password)
            self.sees(" 90[34] ")
        self.send(f"NICK {nick}", f"USER {nick} 0 * :{nick}", "CAP END")
        self.sees(" 366 ")
        self.settled()
        return self

    def login(self, account: str, password: str) -> None:
        """SASL PLAIN; 903 or 904 follows."""
        secret = base64.b64encode(f"\0{account}\0{password}".encode()).decode()
        self.send("AUTHENTICATE PLAIN", f"AUTHENTICATE {secret}")


def register(server: Server, name: str, password: str) -> None:
    """Somebody makes an account and goes."""
    wire = Wire(server)
    try:
        wire.arrives(name)
        wire.send(f"REGISTER * * {password}")
        wire.sees(f"REGISTER SUCCESS {name} ")
        wire.send("QUIT")
        wire.ends()
    finally:
        wire.close()
