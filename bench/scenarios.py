"""What is asked of every server alike: a scenario is a row, never a branch on who is being measured."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Literal

ROOM = "#lobby"
STORM_ROOM = "#storm"

Pattern = Literal["lobby", "rooms", "whispers"]
"""Who hears what is said: all; the members of the speaker's own room; one other."""
Storm = Literal["", "come", "join", "resume"]
"""What all do at once: connect, register and join; join a room, registered; come back after a crash."""

VARIANTS = (
    "",
    "server-time",
    "message-tags server-time",
    "message-tags server-time account-tag batch multi-prefix",
)
"""What clients of different age ask for. No echo, so that all servers owe the same receipts."""


@dataclass(frozen=True, slots=True)
class Scenario:
    """How many clients there are, who hears whom, and how they talk.

    A *beat* is a set of writes followed by the wait until everybody has received all of it. A *round*
    is `beats` beats, after which every received byte is checked, outside the measured time.
    """

    name: str
    about: str
    clients: int
    senders: int = 20
    writers: int = 20
    """Senders that write in one beat, taken in turn."""
    lines: int = 25
    """Messages in each writer's single write."""
    beats: int = 1
    rounds: int = 0
    warmup_rounds: int = 1
    pattern: Pattern = "lobby"
    group: int = 10
    """How many clients share a room, where each speaks in one of many."""
    variants: tuple[str, ...] = ("",)
    """Capability sets, dealt to the clients in turn."""
    rate: float = 0.0
    """Messages a second of a steady stream whose delays are measured; 0: the next beat when all have this."""
    seconds: float = 0.0
    """How long that stream is."""
    storm: Storm = ""
    tls: bool = False
    websocket: bool = False
    history: int = 0
    """Messages that lie in the room's history before anybody comes, where a server has one."""

    @property
    def messages(self) -> int:
        """Messages sent in the measured rounds."""
        if self.rate:
            return int(self.rate * self.seconds)
        return self.rounds * self.beats * self.writers * self.lines

    @property
    def hearers(self) -> int:
        """How many receive one message: its sender is none of them."""
        return {"lobby": self.clients - 1, "rooms": self.group - 1, "whispers": 1}[self.pattern]

    @property
    def deliveries(self) -> int:
        """Receipts expected in the measured rounds."""
        return self.messages * self.hearers

    def room_of(self, number: int) -> str:
        """The room in which a client speaks and listens."""
        return f"#r{number // self.group}" if self.pattern == "rooms" else ROOM

    def partner_of(self, number: int) -> int:
        """Whom a client whispers to."""
        return number ^ 1

    def heard_by(self, number: int) -> list[int]:
        """The numbers of the clients that receive what this one says."""
        if self.pattern == "whispers":
            return [self.partner_of(number)]
        first = number // self.group * self.group if self.pattern == "rooms" else 0
        size = self.group if self.pattern == "rooms" else self.clients
        return [other for other in range(first, first + size) if other != number]

    def quick(self) -> Scenario:
        """The same shape with fewer rounds, for a first look."""
        return replace(self, rounds=min(self.rounds, 2), seconds=min(self.seconds, 3.0))


def _burst(clients: int, rounds: int, **more: object) -> Scenario:
    about = f"{clients:,} in one room; bursts of 500 messages (20 senders write 25 lines each)"
    fields = {"about": about, "warmup_rounds": 2 if clients < 2000 else 1, **more}
    return Scenario(f"burst{clients}", clients=clients, rounds=rounds, **fields)  # type: ignore[arg-type]


def _single(clients: int, rounds: int) -> Scenario:
    return Scenario(
        f"single{clients}",
        f"{clients:,} in one room; one message at a time, the next when all have it",
        clients=clients,
        writers=1,
        lines=1,
        beats=25,
        rounds=rounds,
    )


def _named(name: str, about: str, scenario: Scenario) -> Scenario:
    return replace(scenario, name=name, about=about)


SCENARIOS: dict[str, Scenario] = {
    row.name: row
    for row in (
        _burst(100, 4, warmup_rounds=1),
        _burst(500, 12),
        _burst(2000, 5),
        _burst(10000, 2),
        _single(2000, 8),
        _single(10000, 2),
        Scenario(
            "rooms1000",
            "10,000 in 1,000 rooms of 10; 200 of them write 5 lines each",
            clients=10_000,
            pattern="rooms",
            senders=1000,
            writers=200,
            lines=5,
            beats=5,
            rounds=4,
        ),
        Scenario(
            "whispers2000",
            "2,000 whisper in pairs; 200 of them write 5 lines each",
            clients=2000,
            pattern="whispers",
            senders=2000,
            writers=200,
            lines=5,
            beats=10,
            rounds=4,
        ),
        Scenario(
            "accept100",
            "100 senders in 100 rooms with one hearer each; each writes 50 lines: messages a second",
            clients=200,
            pattern="rooms",
            group=2,
            senders=100,
            writers=100,
            lines=50,
            beats=4,
            rounds=4,
        ),
        _named(
            "mixed500",
            "500 in one room, of four kinds: without tags, with server-time, with all tags, with more",
            _burst(500, 12, variants=VARIANTS),
        ),
        _named(
            "websocket500",
            "500 in one room over WebSocket (text frames); bursts of 500 messages",
            _burst(500, 12, websocket=True),
        ),
        *(
            _named(
                name,
                f"500 in one room that has {history:,} messages of history; bursts of 500 messages",
                _burst(500, 12, history=history),
            )
            for name, history in (("history100k", 100_000), ("history1m", 1_000_000))
        ),
        Scenario(
            "paced2000",
            "2,000 in one room; 50 messages a second: how long until each has each",
            clients=2000,
            rate=50.0,
            seconds=10.0,
        ),
        Scenario(
            "come2000",
            "2,000 connect, register and join one room, all at once",
            clients=2000,
            storm="come",
        ),
        Scenario(
            "come2000tls",
            "2,000 connect over TLS, register and join one room, all at once",
            clients=2000,
            storm="come",
            tls=True,
        ),
        Scenario(
            "join2000",
            "2,000 who are registered join a second room, all at once",
            clients=2000,
            storm="join",
        ),
        Scenario(
            "resume2000",
            "the server is killed with 2,000 in it; all come back and read what they missed",
            clients=2000,
            storm="resume",
        ),
        Scenario(
            "resume2000tls",
            "the same over TLS",
            clients=2000,
            storm="resume",
            tls=True,
        ),
        Scenario(
            "memory",
            "2,000 join one room and fall silent: server memory per connection",
            clients=2000,
            warmup_rounds=0,
        ),
        Scenario(
            "memorytls",
            "the same over TLS",
            clients=2000,
            warmup_rounds=0,
            tls=True,
        ),
        Scenario(
            "memory15000",
            "15,000 join one room and fall silent: server memory per connection",
            clients=15_000,
            warmup_rounds=0,
        ),
        Scenario(
            "memory15000tls",
            "the same over TLS",
            clients=15_000,
            warmup_rounds=0,
            tls=True,
        ),
    )
}
