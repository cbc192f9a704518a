"""The people of a simulated world: our own client's model, and raw sessions new and old.

Law: whoever loses the connection comes again by themselves, with what their kind of client keeps.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from random import Random
from typing import Final, Protocol

from hubbub.client.connection import Connection
from hubbub.client.errors import IntentError
from hubbub.client.events import (
    Disconnected,
    Event,
    Gap,
    Joined,
    MessageShown,
    NickRefused,
    Refused,
    Registered,
)
from hubbub.client.outbox import OutboxFull
from tests.faults.rig import MODERN, OLD, TAGGED, Line, read_line
from tests.faults.simulation.loop import Timeline
from tests.faults.simulation.network import Link

LOBBY: Final = "#lobby"
DEN: Final = "#den"
"""A secret room, for the accounts alone."""
KEY: Final = "sesame"
PASSWORD: Final = "correct-horse"
PATIENCE: Final = 20.0
"""Seconds of silence after which a raw session asks, and as many until it gives up."""
TEMPORARY: Final = "TEMPORARILY_UNAVAILABLE"
REDACTED: Final = re.compile(rb" REDACT #lobby (\w+)")
TOKEN: Final = re.compile(rb"\bx\d+x\b")
CAPABILITIES: Final = {
    "modern": MODERN + " draft/message-redaction",
    "tagged": TAGGED,
    "old": OLD,
}


class World(Timeline, Protocol):
    """What people need of the world."""

    trouble: list[str]
    taken_back: dict[str, float]
    """The ids of messages that are known to have been taken back, and since when."""

    def dial(self, person: Person) -> Link | None:
        """A new connection, or None while nobody listens."""

    def newest_place(self) -> int:
        """The place of the last thing that has happened."""

    def note(self, text: str) -> None:
        """Something for the trace."""


class Person:
    """Somebody with a client. `links` are all connections that were made, the last one the present."""

    def __init__(self, world: World, name: str, chance: Random) -> None:
        self.world = world
        self.name = name
        self.chance = chance
        self.nick = name
        self.links: list[Link] = []
        self.link: Link | None = None
        self.alive = True
        self._dialling = False
        world.at(world.now + chance.uniform(0.05, 0.6), self._dial)
        world.at(world.now + 1.0, self._tick)

    def _dial(self) -> None:
        self._dialling = False
        if self.link is not None or not self.alive:
            return
        link = self.world.dial(self)
        if link is None:
            self._come_again()
            return
        self.link = link
        self.links.append(link)
        self._connected(link)

    def _come_again(self) -> None:
        if not self._dialling and self.alive:
            self._dialling = True
            self.world.at(self.world.now + self.chance.uniform(0.05, 1.5), self._dial)

    def _tick(self) -> None:
        self.world.at(self.world.now + 1.0, self._tick)
        if self.alive and self.link is not None:
            self._passed(self.link)

    def arrived(self, link: Link, data: bytes) -> None:
        if b"REDACT" in data:
            for msgid in REDACTED.findall(bytes(link.heard)):
                self.world.taken_back.setdefault(msgid.decode(), self.world.now)
        if link is self.link:
            self._read(link, data)

    def ended(self, link: Link) -> None:
        if link is self.link:
            self.link = None
            self._lost()
            self._come_again()

    def dies(self, seconds: float) -> None:
        """The client's process dies, and comes again after a while with what it keeps on disk."""
        if not self.alive:
            return
        self.alive = False
        link, self.link = self.link, None
        if link is not None:
            link.cut("both")
        self._forget()
        self.world.at(self.world.now + seconds, self._live)

    def _live(self) -> None:
        self.alive = True
        self._come_again()

    @property
    def is_connected(self) -> bool:
        """Whether there is a connection, and one that isn't dead without the client's knowing it."""
        return self.link is not None and self.link.reachable

    # what a kind of client does

    def say(self, target: str, text: str) -> None:
        raise NotImplementedError

    def do(self, line: str) -> None:
        """Sends a line, if there is somebody to send it to."""
        raise NotImplementedError

    def unsettled(self) -> str:
        """What this client still waits for, or nothing."""
        raise NotImplementedError

    def _connected(self, link: Link) -> None:
        raise NotImplementedError

    def _read(self, link: Link, data: bytes) -> None:
        raise NotImplementedError

    def _passed(self, link: Link) -> None:
        raise NotImplementedError

    def _lost(self) -> None:
        raise NotImplementedError

    def _forget(self) -> None:
        raise NotImplementedError


# -- our own client ---------------------------------------------------------------------------


@dataclass(slots=True)
class Life:
    """One run of our client: what was on its screen, what was said with it, and what came of that."""

    model: Connection
    shown: list[MessageShown] = field(default_factory=list)
    said: dict[str, str] = field(default_factory=dict)
    """Where each token was said."""
    refused: dict[str, str] = field(default_factory=dict)
    """The code of each token's refusal."""
    gaps: list[Gap] = field(default_factory=list)
    since: dict[str, int] = field(default_factory=dict)
    """By room (or, for whispers, under nothing): the place beyond which all has to be shown."""


class Modelled(Person):
    """Our client's model. `account` is a name to log in with; `number` tells its devices apart."""

    def __init__(self, world: World, name: str, chance: Random, account: str = "") -> None:
        self._account = account
        self._runs = 0
        self.lives: list[Life] = []
        super().__init__(world, name, chance)
        self.nick = account or name
        self._begin()

    def _begin(self) -> None:
        self._runs += 1
        model = Connection(
            self.nick if self._account else self.name,
            run_token=f"run-{self.name}-{self._runs}",
            device=f"device-token-of-{self.name}-for-ever",
            account=(self._account, PASSWORD) if self._account else None,
            rooms=(LOBBY,),
        )
        self.lives.append(Life(model))

    @property
    def life(self) -> Life:
        return self.lives[-1]

    @property
    def model(self) -> Connection:
        return self.lives[-1].model

    def say(self, target: str, text: str) -> None:
        token = text.partition(" ")[0]
        try:
            self.model.say(target, text)
        except (OutboxFull, IntentError) as error:
            self.world.note(f"{self.name} can't say {token}: {error}")
            return
        self.life.said[token] = target
        self._after(self.model.take_events())

    def do(self, line: str) -> None:
        try:
            if line.startswith("JOIN "):
                self.model.join(*line.split(" ")[1:])
            elif line.startswith("PART "):
                self.model.part(line.split(" ")[1])
            elif line.startswith("NICK "):
                self.model.change_nick(line.split(" ")[1])
            elif line.startswith("HISTORY "):
                self.model.questions.history(line.split(" ")[1], 20)
            elif line.startswith("SEARCH "):
                self.model.questions.search(line.split(" ")[1])
            elif line.startswith("NAMES "):
                self.model.questions.names(line.split(" ")[1])
            else:
                self.model.raw(line)
        except IntentError:
            return
        self._after(self.model.take_events())

    def unsettled(self) -> str:
        model = self.model
        if not self.is_connected or not model.welcome_over:
            return f"isn't welcomed ({model.registration.stage})"
        if not model.settled:
            queries = sorted(model.questions.open)
            return f"waits: {len(model.outbox)} to say, busy {model.catch_up.busy}, {queries}"
        return "" if LOBBY in model.rooms else "isn't in the lobby"

    def _connected(self, link: Link) -> None:
        self._after(self.model.connection_made(self.world.now, "sim", "plain"))

    def _read(self, link: Link, data: bytes) -> None:
        self._after(self.model.receive(data, self.world.now))

    def _passed(self, link: Link) -> None:
        self._after(self.model.tick(self.world.now))

    def _lost(self) -> None:
        self._after(self.model.connection_lost("cut", self.world.now))

    def _forget(self) -> None:
        self._begin()

    def _after(self, events: list[Event]) -> None:
        life = self.life
        for event in events:
            self._note(life, event)
        if self.link is not None:
            self.link.write(life.model.data_to_send())
            if life.model.wants_close:
                self.world.note(f"{self.name} closes: {life.model.wants_close}")
                self.link.leave()

    def _note(self, life: Life, event: Event) -> None:
        if isinstance(event, MessageShown):
            life.shown.append(event)
        elif isinstance(event, Gap):
            life.gaps.append(event)
        elif isinstance(event, Refused) and event.text:
            life.refused[event.text.partition(" ")[0]] = event.code
        elif isinstance(event, Registered) and not event.again:
            life.since[""] = self.world.newest_place()
        elif isinstance(event, Joined) and event.own and not event.replayed:
            life.since.setdefault(event.room, self.world.newest_place())
        elif isinstance(event, Disconnected) and event.final:
            self.world.trouble.append(f"{self.name}'s client gave up: {event.reason}")
        elif isinstance(event, NickRefused) and not event.registered:
            suffix = self.chance.randint(1, 99)
            self.nick = f"{self.name}{suffix}"
            life.model.change_nick(self.nick)
        self.nick = life.model.nick


# -- raw sessions -----------------------------------------------------------------------------


@dataclass(slots=True)
class Said:
    """A message of a raw session's."""

    target: str
    text: str
    once: str
    tries: int = 0
    msgid: str = ""
    refused: str = ""
    not_before: float = 0.0


class Raw(Person):
    """A session that speaks lines; what came is kept by the link. `kind` says with what capabilities."""

    def __init__(self, world: World, name: str, chance: Random, kind: str) -> None:
        super().__init__(world, name, chance)
        self.kind = kind
        self.said: dict[str, Said] = {}
        """What a session that can repeat has said, by token."""
        self.once_said: dict[str, int] = {}
        """What a session without send-once ids has said: how often it was written."""
        self.wrongs: list[str] = []
        self.repeats: set[str] = set()
        """The labels of repeats; their echoes have the places of the first ones."""
        self._rest = b""
        self._welcomed = False
        self._labels = 0
        self._labelled: dict[str, Said | None] = {}
        self._awaited: set[str] = set()
        self._heard_at = 0.0
        self._asked = False

    @property
    def _modern(self) -> bool:
        return self.kind == "modern"

    def _connected(self, link: Link) -> None:
        self._rest, self._welcomed, self._asked = b"", False, False
        self._heard_at = self.world.now
        capabilities = CAPABILITIES[self.kind]
        lines = [f"CAP REQ :{capabilities}"] if capabilities else []
        if self._modern:
            lines.append(f"DEVICE device-token-of-{self.name}-for-ever")
        lines += [f"NICK {self.nick}", f"USER {self.name} 0 * :{self.name}"]
        lines += ["CAP END"] if capabilities else []
        self._send(*lines)

    def _send(self, *lines: str) -> None:
        if self.link is not None:
            self.link.write("".join(line + "\r\n" for line in lines).encode())

    def _lost(self) -> None:
        self._welcomed = False
        self._labelled.clear()
        self._awaited.clear()

    def _forget(self) -> None:
        # What it was told to say and has no answer to it keeps, as a careful program would.
        self._lost()

    def _passed(self, link: Link) -> None:
        silent = self.world.now - self._heard_at
        if silent > 2 * PATIENCE and self._asked:
            link.leave()
        elif silent > PATIENCE and not self._asked:
            self._asked = True
            self._send("PING :still-there")
        self._say_waiting()

    # what goes

    def say(self, target: str, text: str) -> None:
        token = text.partition(" ")[0]
        if self._modern:
            # In capitals: an error may name the id where the token mustn't be shown.
            said = self.said[token] = Said(target, text, f"once-{self.name}-{token.upper()}")
            if self._welcomed:
                self._say(said)
        elif self._welcomed:
            self.once_said[token] = 1
            self._send(f"PRIVMSG {target} :{text}")

    def _say(self, said: Said) -> None:
        said.tries += 1
        label = self._label(said)
        if said.tries > 1:
            self.repeats.add(label)
        self._send(f"@label={label};hubbub/id={said.once} PRIVMSG {said.target} :{said.text}")

    def _label(self, said: Said | None = None) -> str:
        self._labels += 1
        label = f"L{self._labels}"
        self._labelled[label] = said
        return label

    def _say_waiting(self) -> None:
        """What has no answer and is not on its way goes out again, in order."""
        if not self._welcomed:
            return
        flying = [said for said in self._labelled.values() if said is not None]
        for said in self.said.values():
            waits = not said.msgid and not said.refused and said not in flying
            if waits and said.not_before <= self.world.now:
                self._say(said)

    def do(self, line: str) -> None:
        if not self._welcomed:
            return
        if line.startswith("HISTORY "):
            line = f"CHATHISTORY LATEST {line.split(' ')[1]} * 20"
        if self._modern and not line.startswith("@"):
            line = f"@label={self._label()} {line}"
        self._send(line)

    def ask(self) -> None:
        """Asks for a sign of life, which has to come."""
        if self._welcomed:
            self._labels += 1
            word = f"Q{self._labels}"
            self._awaited.add(word)
            self._send(f"PING :{word}")

    def unsettled(self) -> str:
        if not self.is_connected or not self._welcomed:
            return "isn't welcomed"
        waiting = [said.text[:8] for said in self.said.values() if not (said.msgid or said.refused)]
        if waiting or self._labelled or self._awaited:
            return f"waits for answers: {waiting} {sorted(self._labelled)} {sorted(self._awaited)}"
        return ""

    def repeat_some(self) -> None:
        """Says again what was answered, as somebody who lost the answer."""
        known = [said for said in self.said.values() if said.msgid]
        if self._welcomed and known:
            self._say(self.chance.choice(known[-3:]))

    # what comes

    def _read(self, link: Link, data: bytes) -> None:
        self._heard_at, self._asked = self.world.now, False
        *lines, self._rest = (self._rest + data).split(b"\r\n")
        for raw in lines:
            try:
                self._line(read_line(raw))
            except Exception as error:
                self.wrongs.append(f"{raw!r}: {error!r}")

    def _line(self, line: Line) -> None:
        command = line.command
        if command == "PING":
            self._send(f"PONG :{line.text}")
        elif command == "PONG":
            self._awaited.discard(line.text)
        elif command == "001":
            self._welcomed = True
            self.nick = line.params[0]
            self._say_waiting()
        elif command == "433" and not self._welcomed:
            self.nick = f"{self.name}{self.chance.randint(1, 99)}"
            self._send(f"NICK {self.nick}")
        elif command == "NICK" and line.source.partition("!")[0] == self.nick:
            self.nick = line.text
        label = line.tags.get("label", "")
        if label in self._labelled:
            said = self._labelled.pop(label)
            if said is not None:
                self._answered(said, line)

    def _answered(self, said: Said, line: Line) -> None:
        if line.command in ("PRIVMSG", "NOTICE"):
            if said.msgid not in ("", line.msgid):
                self.wrongs.append(f"{said} was echoed as {line.msgid} as well")
            said.msgid = line.msgid
        elif line.command == "BATCH":
            # The answer and what came with it, as that somebody is away; the echo is in it.
            said.not_before = self.world.now
        elif said.msgid:
            pass  # a repeat that was refused: what it repeats is stored
        elif line.command == "FAIL" and line.params[1] == TEMPORARY:
            said.not_before = self.world.now + 1.0
        else:
            said.refused = f"{line.command} {' '.join(line.params)}"
