"""A scripted server for the model: wire lines in, wire lines out, no sockets and no sleeps."""

from __future__ import annotations

import base64
from dataclasses import dataclass, field

from hubbub.client.connection import Connection
from hubbub.client.events import Event, MessageShown

CAPS = (
    "message-tags server-time batch labeled-response echo-message standard-replies multi-prefix "
    "away-notify cap-notify draft/chathistory draft/event-playback hubbub/device hubbub/once"
)


def stamp(number: int) -> str:
    """A server time, `number` seconds into a certain noon."""
    return f"2026-03-01T12:{number // 60:02}:{number % 60:02}.000Z"


def said(number: int, text: str, who: str = "bob", room: str = "#lobby", extra: str = "") -> str:
    """A message as the server relays it; its msgid is `m<number>`."""
    return f"@msgid=m{number};time={stamp(number)}{extra} :{who}!u@h PRIVMSG {room} :{text}"


@dataclass
class Rig:
    """A connection model and the wire to it. `chunk`: bytes fed at a time, 0 for all at once."""

    connection: Connection
    chunk: int = 0
    now: float = 1000.0
    events: list[Event] = field(default_factory=list)

    def up(self) -> list[str]:
        self.events += self.connection.connection_made(self.now, "test:8667", "plain")
        return self.sent()

    def down(self, reason: str = "cut") -> None:
        self.events += self.connection.connection_lost(reason, self.now)

    def sent(self) -> list[str]:
        return self.connection.data_to_send().decode().splitlines()

    def gets(self, *lines: str) -> list[str]:
        """Feed these lines; what the client sends in answer."""
        data = "".join(line + "\r\n" for line in lines).encode()
        size = self.chunk or len(data) or 1
        for start in range(0, len(data), size):
            self.events += self.connection.receive(data[start : start + size], self.now)
        return self.sent()

    def wait(self, seconds: float) -> list[str]:
        self.now += seconds
        self.events += self.connection.tick(self.now)
        return self.sent()

    def register(self, caps: str = CAPS, nick: str = "alice", isupport: str = "") -> list[str]:
        """From the connection to the end of the welcome and the joining of #lobby."""
        self.up()
        self.gets(f":s CAP * LS :{caps}")
        wanted = " ".join(name.partition("=")[0] for name in caps.split())
        if wanted:
            self.gets(f":s CAP * ACK :{wanted}")
        return self.gets(
            f":s 001 {nick} :Welcome",
            f":s 005 {nick} CHATHISTORY=100 MSGREFTYPES=msgid,timestamp {isupport}:are supported",
            f":s 422 {nick} :No MOTD",
        )

    def lobby(self, number: int = 1, nick: str = "alice") -> list[str]:
        """The server puts us into #lobby."""
        return self.gets(
            f"@msgid=m{number};time={stamp(number)} :{nick}!u@h JOIN #lobby",
            f":s 353 {nick} = #lobby :@bob {nick}",
            f":s 366 {nick} #lobby :End",
        )

    def history(
        self, label: str, *lines: str, target: str = "#lobby", kind: str = "chathistory"
    ) -> list[str]:
        """The answer to a question: a batch with these lines."""
        tagged = [
            "@batch=B;" + line[1:] if line.startswith("@") else "@batch=B " + line for line in lines
        ]
        return self.gets(f"@label={label} :s BATCH +B {kind} {target}", *tagged, ":s BATCH -B")

    def take(self, kind: type[Event] | None = None) -> list[Event]:
        """The events since the last call, only those of a kind if one is given."""
        events, self.events = self.events, []
        return [event for event in events if kind is None or isinstance(event, kind)]

    def texts(self) -> list[str]:
        """The texts shown since the last call."""
        return [event.text for event in self.take() if isinstance(event, MessageShown)]


def label_of(line: str) -> str:
    """The label of a line that the client sent."""
    tags = dict(tag.partition("=")[::2] for tag in line[1:].partition(" ")[0].split(";"))
    return tags["label"]


def without_tags(line: str) -> str:
    return line.partition(" ")[2] if line.startswith("@") else line


def make_rig(chunk: int = 0, rooms: tuple[str, ...] = ("#lobby",)) -> Rig:
    return Rig(Connection("alice", run_token="run", device="dev1ce", rooms=rooms), chunk)


def in_lobby(rig: Rig) -> None:
    """Registered, in #lobby, caught up with an empty history."""
    rig.register()
    (ask,) = rig.lobby()
    rig.history(label_of(ask))
    rig.take()


def b64(name: str, password: str) -> str:
    """What SASL PLAIN sends for an account."""
    return base64.b64encode(f"{name}\0{name}\0{password}".encode()).decode()


def logging_in(password: str = "pass word") -> Rig:
    """One who wants in as the account ann."""
    connection = Connection("ann", run_token="run", account=("ann", password), rooms=("#lobby",))
    return Rig(connection)
