"""What is asked of every server alike: a scenario is a row, never a branch on who is being measured."""

from __future__ import annotations

from dataclasses import dataclass, replace

ROOM = "#lobby"


@dataclass(frozen=True, slots=True)
class Scenario:
    """How many clients share the room and how they talk.

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

    @property
    def messages(self) -> int:
        """Messages sent in the measured rounds."""
        return self.rounds * self.beats * self.writers * self.lines

    @property
    def deliveries(self) -> int:
        """Receipts expected in the measured rounds: everybody but the sender gets each message."""
        return self.messages * (self.clients - 1)

    def quick(self) -> Scenario:
        """The same shape with fewer rounds, for a first look."""
        return replace(self, rounds=min(self.rounds, 2))


SCENARIOS: dict[str, Scenario] = {
    row.name: row
    for row in (
        Scenario(
            "burst500",
            "500 in one room; bursts of 500 messages (20 senders write 25 lines each)",
            clients=500,
            rounds=12,
            warmup_rounds=2,
        ),
        Scenario(
            "burst2000",
            "2,000 in one room; bursts of 500 messages (20 senders write 25 lines each)",
            clients=2000,
            rounds=5,
        ),
        Scenario(
            "single2000",
            "2,000 in one room; one message at a time, the next when all have it",
            clients=2000,
            senders=20,
            writers=1,
            lines=1,
            beats=25,
            rounds=8,
        ),
        Scenario(
            "memory",
            "2,000 join one room and fall silent: server memory per connection",
            clients=2000,
            warmup_rounds=0,
        ),
    )
}
