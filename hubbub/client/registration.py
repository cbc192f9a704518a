"""How a connection becomes ours: capabilities, the device, the name, the welcome. All transitions live here.

The name goes out only after the capabilities are known, because the device that owns the name must be
told first. A server that knows no capabilities answers 421 or nothing: after `PATIENCE` seconds the
plain registration of RFC 1459 follows. https://ircv3.net/specs/extensions/capability-negotiation
"""

from __future__ import annotations

import base64
from collections.abc import Callable
from enum import Enum

from hubbub.irc.message import Message

WANTED = (
    "message-tags",
    "server-time",
    "batch",
    "labeled-response",
    "echo-message",
    "standard-replies",
    "multi-prefix",
    "away-notify",
    "cap-notify",
    "chghost",
    "draft/channel-rename",
    "draft/chathistory",
    "draft/event-playback",
    "draft/message-redaction",
    "soju.im/search",
    "hubbub/device",
    "hubbub/once",
    "hubbub/settings",
)
CHUNK = 400
"""Characters of a response in one AUTHENTICATE."""
PATIENCE = 4.0
"""Seconds to wait for the first answer to CAP."""

Send = Callable[..., None]


class Stage(Enum):
    """Where a registration stands."""

    IDLE = "no connection"
    ASKED = "CAP LS sent, its answer awaited"
    REQUESTED = "CAP REQ sent, its answer awaited"
    NAMED = "NICK and USER sent, the welcome awaited"
    REFUSED = "the name was refused, another one awaited"
    DONE = "welcomed"


class Registration:
    """The state machine of one connection's registration. `send(command, *params)` queues a line."""

    def __init__(
        self,
        send: Send,
        device: str | None,
        password: str | None,
        account: tuple[str, str] | None = None,
    ) -> None:
        """`account` is its name and its password, if somebody is to be logged in."""
        self._send = send
        self._device = device
        self._password = password
        self.account = account
        self.authenticating = False
        self.lacks_accounts = False
        """True when somebody is to be logged in to a server that has no accounts."""
        self.stage = Stage.IDLE
        self.nick = ""
        self.offered: dict[str, str] = {}
        self.enabled: set[str] = set()
        self._awaited: set[str] = set()
        self._capable = False
        self._named = False
        self._ended = False
        self._asked_at = 0.0

    def start(self, nick: str, now: float) -> None:
        """A connection stands: ask what the server can do."""
        self.nick = nick
        self.offered, self.enabled, self._awaited = {}, set(), set()
        self._capable = self._named = self._ended = False
        self.authenticating = self.lacks_accounts = False
        self._asked_at = now
        self.stage = Stage.ASKED
        self._send("CAP", "LS", "302")

    def stop(self) -> None:
        """The connection is gone."""
        self.stage = Stage.IDLE
        self.enabled = set()

    def tick(self, now: float) -> None:
        """Go on without capabilities when nobody has answered for too long.

        Who is to be logged in waits on: silence doesn't say that there are no accounts.
        """
        silent = self.stage is Stage.ASKED and now - self._asked_at >= PATIENCE
        if silent and self.account is None:
            self._introduce()

    def cap(self, message: Message) -> None:
        """A CAP line from the server: `CAP <us> <subcommand> [*] [:<list>]`."""
        if len(message.params) < 3:
            return
        subcommand, words = message.params[1].upper(), message.params[-1].split()
        if subcommand == "LS":
            self._capable = True
            self.offered.update(_with_values(words))
            if message.params[2] != "*" or len(message.params) == 3:
                self._request(self._wanted() & self.offered.keys())
        elif subcommand == "NEW":
            new = _with_values(words)
            self.offered.update(new)
            self._request(self._wanted() & new.keys() - self.enabled)
        elif subcommand == "DEL":
            for name in words:
                self.offered.pop(name, None)
                self.enabled.discard(name)
        elif subcommand == "ACK":
            for name in words:
                self.enabled.discard(name[1:]) if name[0] == "-" else self.enabled.add(name)
            self._settled(words)
        elif subcommand == "NAK":
            # A refusal is for the whole list: ask again, one by one, so that one bad apple spoils nothing.
            if len(words) > 1:
                for name in words:
                    self._send("CAP", "REQ", name)
            else:
                self._settled(words)

    def no_capabilities(self) -> None:
        """The server doesn't know CAP (421), or wants a name first (451)."""
        if self.stage is Stage.ASKED:
            self._introduce()

    def choose(self, nick: str) -> None:
        """Use this name, before or after the welcome."""
        if self.stage is not Stage.DONE:
            self.nick = nick
        if self.stage is Stage.REFUSED:
            self.stage = Stage.NAMED
        if self._named:
            self._send("NICK", nick)

    def refused(self) -> bool:
        """The name was refused: True when there is no other name yet."""
        if self.stage in (Stage.NAMED, Stage.REFUSED):
            self.stage = Stage.REFUSED
            return True
        return False

    def welcomed(self, nick: str) -> None:
        """001 came."""
        self.nick = nick
        self.stage = Stage.DONE

    # -- logging in (https://ircv3.net/specs/extensions/sasl-3.2) --

    def login(self, name: str, password: str) -> bool:
        """Log in on a connection that stands already; False when the server has no accounts."""
        if "sasl" not in self.offered:
            return False
        self.account = (name, password)
        if "sasl" in self.enabled:
            self._authenticate()
        else:
            self._request({"sasl"})
        return True

    def challenged(self, challenge: str) -> None:
        """The server wants to hear who we are. PLAIN: name, NUL, name, NUL, password in base64."""
        if self.account is None or challenge != "+" or not self.authenticating:
            return
        name, password = self.account
        response = base64.b64encode(f"{name}\0{name}\0{password}".encode()).decode()
        chunks = [response[start : start + CHUNK] for start in range(0, len(response), CHUNK)]
        if len(chunks[-1]) == CHUNK:
            chunks.append("+")
        for chunk in chunks:
            self._send("AUTHENTICATE", chunk)

    def authenticated(self) -> None:
        """The login has ended, well or not: the welcome may come."""
        self.authenticating = False
        self._end()

    def _authenticate(self) -> None:
        self.authenticating = True
        self._send("AUTHENTICATE", "PLAIN")

    def _wanted(self) -> set[str]:
        return {*WANTED, *(("sasl",) if self.account is not None else ())}

    def _request(self, names: set[str]) -> None:
        wanted = [name for name in (*WANTED, "sasl") if name in names]
        if wanted:
            self._awaited |= set(wanted)
            self._send("CAP", "REQ", " ".join(wanted))
            if self.stage is Stage.ASKED:
                self.stage = Stage.REQUESTED
        elif self.stage is Stage.ASKED:
            self._introduce()
        else:
            self._end()

    def _settled(self, names: list[str]) -> None:
        self._awaited -= {name.removeprefix("-") for name in names}
        if self._awaited:
            return
        if self.stage is Stage.REQUESTED:
            self._introduce()
        elif self.stage is Stage.DONE and "sasl" in names and "sasl" in self.enabled:
            self._authenticate()
        else:
            self._end()

    def _introduce(self) -> None:
        if self.account is not None and "sasl" not in self.enabled:
            self.lacks_accounts = True
            return
        if self._password:
            self._send("PASS", self._password)
        if self._device and "hubbub/device" in self.offered:
            self._send("DEVICE", self._device)
        self._named = True
        self.stage = Stage.NAMED
        self._send("NICK", self.nick)
        self._send("USER", _username(self.nick), "0", "*", self.nick)
        if self.account is not None and "sasl" in self.enabled:
            self._authenticate()
        self._end()

    def _end(self) -> None:
        """Release the welcome, once; also when the answer to CAP LS came after our patience."""
        if self.authenticating:
            return
        if self._capable and not self._ended and self.stage in (Stage.NAMED, Stage.REFUSED):
            self._ended = True
            self._send("CAP", "END")


def _with_values(words: list[str]) -> dict[str, str]:
    pairs = (word.partition("=") for word in words)
    return {name: value for name, _, value in pairs}


def _username(nick: str) -> str:
    """The user part: what every server takes, letters and digits of ASCII."""
    kept = "".join(letter for letter in nick if letter.isascii() and letter.isalnum())
    return kept[:9].lower() or "user"
