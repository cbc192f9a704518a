"""What happens in a simulated world: steps drawn from a seed, each of which can be left out.

Law: a plan is a value; the same seed and plan make the same world.
"""

from __future__ import annotations

from dataclasses import dataclass
from random import Random
from typing import Final

from tests.faults.simulation.people import DEN, LOBBY

BEGIN: Final = 6.0
"""When the people have come and the secret room is made, in seconds."""
PEOPLE: Final = {
    "ann1": "account ann",
    "ann2": "account ann",
    "ben1": "account ben",
    "cid": "guest",
    "dee": "guest",
    "mia": "modern",
    "tom": "tagged",
    "old": "old",
}
INSIDERS: Final = ("ann1", "ann2", "ben1")
ROOMS: Final = (LOBBY, LOBBY, LOBBY, "#tea")


@dataclass(frozen=True, slots=True)
class Step:
    """One thing that happens: at what time, what, to whom (a person or the server), and how."""

    at: float
    what: str
    who: str
    how: tuple[str | float, ...] = ()

    def __str__(self) -> str:
        how = " ".join(str(item) for item in self.how)
        return f"{self.at:7.3f} {self.who:<6} {self.what} {how}"


@dataclass(frozen=True, slots=True)
class Plan:
    """A seed, who is there, and the steps in the order of their times."""

    seed: int
    people: tuple[str, ...]
    steps: tuple[Step, ...]


_WEIGHTS: Final = {
    "say": 30,
    "whisper": 12,
    "den": 6,
    "line": 10,
    "snoop": 4,
    "redact": 3,
    "repeat": 3,
    "cut": 6,
    "cut after": 6,
    "stall": 3,
    "die": 3,
    "kill": 2,
    "power": 3,
    "stop": 1,
    "full": 2,
    "fail": 3,
    "slow": 2,
    "clock": 2,
}
_SERVER: Final = ("kill", "power", "stop", "full", "fail", "slow", "clock")


def make_plan(seed: int) -> Plan:
    """The plan of a seed."""
    chance = Random(f"plan {seed}")
    others = [name for name in PEOPLE if name not in ("ann1", "ben1", "mia")]
    chance.shuffle(others)
    people = ("ann1", "ben1", "mia", *others[: chance.randint(1, len(others))])
    count, span = chance.randint(10, 70), chance.choice((4.0, 12.0, 30.0))
    kinds = chance.choices(list(_WEIGHTS), list(_WEIGHTS.values()), k=count)
    # The middle of some worlds is a burst: much at once is another test than one by one.
    times = sorted(
        BEGIN
        + (span / 2 + chance.random() * 0.1 if chance.random() < 0.3 else chance.random() * span)
        for _ in kinds
    )
    steps = [
        _step(chance, round(at, 3), kind, people, number)
        for number, (at, kind) in enumerate(zip(times, kinds, strict=True), 1)
    ]
    return Plan(seed, people, tuple(steps))


def _step(chance: Random, at: float, kind: str, people: tuple[str, ...], number: int) -> Step:
    who = "server" if kind in _SERVER else chance.choice(people)
    how: tuple[str | float, ...] = ()
    if kind == "say":
        how = (chance.choice(ROOMS), _text(chance, number))
    elif kind == "whisper":
        how = (chance.choice([name for name in people if name != who]), _text(chance, number))
    elif kind == "den":
        who = chance.choice([name for name in people if name in INSIDERS])
        how = (_text(chance, number),)
    elif kind == "line":
        how = (chance.choice(_lines(chance, people)),)
    elif kind == "snoop":
        who = chance.choice([name for name in people if name not in INSIDERS])
        how = (chance.choice(_SNOOPS),)
    elif kind == "redact":
        who = "mia"
    elif kind == "cut":
        how = (chance.choice(("both", "both", "server", "client")),)
    elif kind == "cut after":
        how = (chance.choice(("server", "client")), chance.randint(0, 600))
    elif kind in ("stall", "die", "full", "slow"):
        how = (round(chance.choice((0.1, 1.0, 5.0)) * chance.uniform(0.5, 2), 2),)
    elif kind in ("kill", "power"):
        # How many steps of its own the server still does, and how long it is away then.
        how = (chance.choice((0, 3, 10, 30, 100, 300)) + chance.randint(0, 40),)
        how += (round(chance.uniform(0.05, 3.0), 2),)
    elif kind == "stop":
        how = (round(chance.uniform(0.05, 2.0), 2),)
    elif kind == "fail":
        how = (chance.choice(("writes", "syncs", "syncs", "reads")), chance.randint(1, 4))
    elif kind == "clock":
        how = (chance.choice((-3600.0, -10.0, -0.5, 0.5, 30.0, 3600.0, 86_400.0)),)
    return Step(at, kind, who, how)


def _text(chance: Random, number: int) -> str:
    size = chance.choice((0, 0, 0, 10, 300))
    return f"x{number}x" + (" " + "words " * (size // 6)).rstrip()


_SNOOPS: Final = (
    f"HISTORY {DEN}",
    f"JOIN {DEN}",
    f"PRIVMSG {DEN} :let me in",
    f"WHO {DEN}",
    f"NAMES {DEN}",
    "CHATHISTORY TARGETS timestamp=2000-01-01T00:00:00.000Z timestamp=2999-01-01T00:00:00.000Z 50",
    "HISTORY ann",
    "HISTORY ben",
    "HISTORY cid",
    "HISTORY mia",
    f"CHATHISTORY AFTER {DEN} timestamp=2000-01-01T00:00:00.000Z 50",
)


def _lines(chance: Random, people: tuple[str, ...]) -> list[str]:
    name = chance.choice(people).rstrip("12")
    return [
        "JOIN #tea",
        "PART #tea",
        "AWAY :gone",
        "AWAY",
        f"NAMES {LOBBY}",
        f"WHOIS {name}",
        "LIST",
        f"HISTORY {LOBBY}",
        f"HISTORY {name}",
        f"TOPIC {LOBBY} :about {chance.randint(1, 9)}",
        f"NICK {chance.choice(('zoe', 'yan', 'cid', 'mia', 'dee', 'tom'))}",
    ]
