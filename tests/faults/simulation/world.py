"""A simulated world: a server on a disk, people on a network, a clock, and what goes wrong.

Law: nothing in it depends on anything but its plan. The code under test is the real one; what it
would ask the system for (time, chance, threads, sockets, files) is the world's.
"""

from __future__ import annotations

import asyncio
import errno
import hashlib
import heapq
import logging
import secrets
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from functools import cache
from pathlib import Path
from random import Random
from types import SimpleNamespace
from typing import Any, Final
from unittest.mock import patch

import argon2

from hubbub.core import entries
from hubbub.core.ids import NO_SESSION
from hubbub.core.rules import Rules
from hubbub.server import connection as server_connection
from hubbub.server import credentials as server_credentials
from hubbub.server import steps as server_steps
from hubbub.server.connection import Connection, Welcome
from hubbub.server.http import Site
from hubbub.server.hub import Hub
from hubbub.server.intake import Pace
from hubbub.server.liveness import Patience
from hubbub.store import store as store_module
from hubbub.store.errors import StoreError
from hubbub.store.store import Store
from tests.faults.simulation.disk import Connection as DiskConnection
from tests.faults.simulation.disk import Disk
from tests.faults.simulation.loop import Loop, ProcessDied, Threads
from tests.faults.simulation.network import Link, SocketModule
from tests.faults.simulation.people import DEN, KEY, PASSWORD, Modelled, Person, Raw
from tests.faults.simulation.plan import PEOPLE, Plan, Step

DATABASE: Final = Path("/simulated/hubbub.db")
EPOCH: Final = 1_750_000_000.0
RULES: Final = Rules(server_name="sim.test", network="Simulation")
PATIENCE: Final = 240.0
"""Seconds after the last fault within which everybody has to have what they asked for."""
CALM: Final = 3.0
"""Seconds for which nobody may wait for anything before a world is over."""
CARE_SECONDS: Final = 5.0
CHEAP: Final = argon2.PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)


@cache
def _verifiers() -> tuple[str, str]:
    hashed = CHEAP.hash(PASSWORD, salt=b"0123456789abcdef")
    return hashed, server_credentials.scram_text(PASSWORD, b"0123456789abcdef", 4096)


class Process:
    """One run of the server: its loop, its hub, and how long it has to live."""

    def __init__(self, world: World, number: int) -> None:
        self._world = world
        self._chance = Random(f"process {world.plan.seed} {number}")
        self.dead = False
        self.left: int | None = None
        """How many steps it still does, if it is to die."""
        self.power = False
        self.away = 0.0
        self.ready = False
        self.stopping = False
        # It has of a loop's methods those that the server and asyncio's tasks call.
        self.loop = Loop(world, self._chance, self.tick, world.trouble)  # type: ignore[abstract]
        self.hub: Hub | None = None
        self.store: Store | None = None

    def tick(self) -> None:
        if self.dead:
            raise ProcessDied
        if self.left is not None:
            self.left -= 1
            if self.left < 0:
                self._world.server_dies(self.power, self.away)
                raise ProcessDied

    def start(self) -> None:
        """Opens the store and the hub, as the program does."""
        asyncio._set_running_loop(self.loop)
        try:
            self.store = store_module.open_store(DATABASE)
            self.hub = Hub(
                self.store,
                RULES,
                Pace(lines_per_second=50.0, burst_lines=100, input_queue_lines=200),
                clock=lambda: EPOCH + self._world.now + self._world.clock_off,
            )
            self.hub.credentials._hasher = CHEAP
            self.hub.credentials._clock = lambda: self._world.now
            self.hub.credentials.secret = b"s" * 32
            self.loop.create_task(self._run(self.hub))
        except StoreError as error:
            self._world.note(f"the server can't start: {error}")
            self._world.server_dies(power=False, away=1.0)
        except ProcessDied:
            pass
        finally:
            asyncio._set_running_loop(None)

    async def _run(self, hub: Hub) -> None:
        refusals = await hub.start()
        if refusals:
            self._world.note(f"the server can't start: {refusals[0].params[-1]}")
            self._world.server_dies(power=False, away=1.0)
            return
        await self._world.first_accounts(hub)
        self.ready = True
        while not self.stopping:
            await asyncio.sleep(CARE_SECONDS)
            hub.look_after(self.loop.time(), Patience(30.0, 30.0, 15.0))

    def stop(self, away: float) -> None:
        """SIGTERM: says goodbye, closes, and comes again after `away` seconds."""
        if self.hub is None or not self.ready or self.stopping:
            return
        self.stopping, self.ready = True, False
        self.loop.create_task(self._stop(self.hub, away))

    async def _stop(self, hub: Hub, away: float) -> None:
        await hub.stop("The server is shutting down")
        assert self.store is not None
        self.store.close()
        self._world.server_dies(power=False, away=away)

    def showing(self, link: Link) -> None:
        """Whose session it is, as far as that is known when something is shown to it."""
        if not link.identity and self.hub is not None:
            present = self.hub.state.sessions.get(link.session)  # type: ignore[call-overload]
            if present is not None:
                link.identity = present.user.identity

    def pool(self, workers: int = 1, name: str = "", **_: object) -> Threads:
        def seconds() -> float:
            usual = self._chance.choice((0.0002, 0.001, 0.004)) * self._chance.uniform(0.5, 1.5)
            return usual + (self._world.slow if self._chance.random() < 0.5 else 0.0)

        return Threads(self._world, seconds, lambda: self.dead, workers)


class World:
    """All of it. `run` plays the plan; `wrongs` is what nobody may ever see."""

    def __init__(self, plan: Plan) -> None:
        self.plan = plan
        self.now = 0.0
        self.clock_off = 0.0
        self.slow = 0.0
        self.trouble: list[str] = []
        self.trace: list[str] = []
        self.disk = Disk(Random(f"disk {plan.seed}"))
        self.disk.on_operation = self._disk_operation
        self.links: list[Link] = []
        self.taken_back: dict[str, float] = {}
        self.process: Process | None = None
        self.people: dict[str, Person] = {}
        self.deaths = 0
        self._heap: list[tuple[float, int, Callable[[], None]]] = []
        self._count = 0
        self._runs = 0
        self._fd = 100

    # -- time --

    def at(self, when: float, event: Callable[[], None]) -> None:
        self._count += 1
        heapq.heappush(self._heap, (max(when, self.now), self._count, event))

    def note(self, text: str) -> None:
        self.trace.append(f"{self.now:8.3f} {text}")

    def run(self) -> None:
        """Plays the plan, heals everything, and waits until everybody has settled or time is up."""
        with simulated(self):
            self.at(0.0, self._start_server)
            for name in self.plan.people:
                self.people[name] = self._make_person(name)
            self._make_den()
            for step in self.plan.steps:
                self.at(step.at, lambda step=step: self._play(step))  # type: ignore[misc]
            end = max([12.0, *(step.at + 1.0 for step in self.plan.steps)])
            self._go_on(lambda: self.now < end)
            self._heal()
            self._settle()

    def _go_on(self, wanted: Callable[[], bool]) -> None:
        while self._heap and wanted():
            self.now, _, event = heapq.heappop(self._heap)
            try:
                event()
            except ProcessDied:
                pass

    def _heal(self) -> None:
        self.note("everything is well again")
        self.disk.heal()
        self.slow = 0.0
        if self.process is not None:
            self.process.left = None
        for link in self.links:
            link.flow()

    def _settle(self) -> None:
        deadline, calm = self.now + PATIENCE, self.now
        asked = 0.0
        while True:
            until = self.now + 0.5
            self.at(until, lambda: None)
            self._go_on(lambda until=until: self.now < until)  # type: ignore[misc]
            waiting = self.unsettled()
            if waiting:
                calm = self.now
            elif self.now - calm >= CALM:
                if asked:
                    return
                # Once more: those who are there get an answer.
                asked = calm = self.now
                for person in self.people.values():
                    if isinstance(person, Raw):
                        person.ask()
            if self.now > deadline:
                self.trouble += [f"waits for ever: {text}" for text in waiting]
                return

    def unsettled(self) -> list[str]:
        """Who still waits for what."""
        waiting = []
        process = self.process
        if process is None or not process.ready or process.hub is None:
            waiting.append("the server isn't ready")
        elif process.hub._tasks or process.hub._flight is not None or process.hub._ghosts:
            waiting.append("the server has work that isn't done")
        for person in self.people.values():
            text = person.unsettled()
            if text:
                waiting.append(f"{person.name} {text}")
        return waiting

    # -- people --

    def _make_person(self, name: str) -> Person:
        kind, _, account = PEOPLE[name].partition(" ")
        chance = Random(f"person {self.plan.seed} {name}")
        if kind in ("account", "guest"):
            return Modelled(self, name, chance, account)
        return Raw(self, name, chance, kind)

    def dial(self, person: Person) -> Link | None:
        process = self.process
        if process is None or process.dead or not process.ready:
            return None
        self._fd += 1
        chance = Random(f"link {self.plan.seed} {person.name} {len(person.links)}")
        link = Link(self, chance, person, process, self._fd, person.name)
        self.links.append(link)
        process.loop.call_soon(self._accept, process, link)
        return link

    def _accept(self, process: Process, link: Link) -> None:
        hub = process.hub
        assert hub is not None
        session = hub.next_session("sim.host", "")
        link.session = session.id
        welcome = Welcome(None, True, 200_000, Site(443))
        sock: Any = link.sock
        hub.admit(Connection(sock, "127.0.0.1", hub, session, welcome, process.loop))

    async def first_accounts(self, hub: Hub) -> None:
        """Those who have accounts have had them from the beginning."""
        for name in ("ann", "ben"):
            if hub.state.account_named(name) is None:
                await hub.operate(entries.Register(NO_SESSION, name, *_verifiers()))

    def _make_den(self) -> None:
        """The secret room, before anything goes wrong."""
        ann, ben = self.people["ann1"], self.people["ben1"]
        self.at(3.0, lambda: ann.do(f"JOIN {DEN} {KEY}"))
        self.at(3.5, lambda: ann.do(f"MODE {DEN} +isk {KEY}"))
        self.at(4.0, lambda: ann.do(f"INVITE ben {DEN}"))
        self.at(4.5, lambda: ben.do(f"JOIN {DEN} {KEY}"))

    def newest_place(self) -> int:
        assert self.process is not None
        assert self.process.hub is not None
        return self.process.hub.state.next_place - 1

    # -- the server --

    def _start_server(self) -> None:
        self._runs += 1
        self.process = process = Process(self, self._runs)
        process.start()

    def _disk_operation(self) -> None:
        if self.process is not None:
            self.process.tick()

    def server_dies(self, power: bool, away: float) -> None:
        """The process is gone at this very step, and comes again after `away` seconds."""
        process = self.process
        if process is None or process.dead:
            return
        self.deaths += 1
        self.note(f"the server is gone{' with its power' if power else ''}")
        process.dead, process.ready = True, False
        process.loop.end()
        self.disk.crash(power=power)
        for link in self.links:
            if link.sock._process is process and link.reachable:
                link.process_ended("client" if power and link.session % 2 else "server")
        self.at(self.now + away, self._start_server)

    # -- steps --

    def _play(self, step: Step) -> None:
        self.note(f"{step.who} {step.what} {' '.join(str(item)[:60] for item in step.how)}")
        if step.who == "server":
            self._play_server(step)
        else:
            self._play_person(self.people[step.who], step)

    def _play_server(self, step: Step) -> None:
        process, how = self.process, step.how
        if step.what in ("kill", "power") and process is not None:
            if process.left is None and not process.dead:
                process.left, process.away = int(how[0]), float(how[1])
                process.power = step.what == "power"
        elif step.what == "stop" and process is not None:
            process.stop(float(how[0]))
        elif step.what == "full":
            self.disk.full = True
            self.at(self.now + float(how[0]), lambda: setattr(self.disk, "full", False))
        elif step.what == "fail":
            setattr(self.disk, f"failing_{how[0]}", int(how[1]))
        elif step.what == "slow":
            self.slow = 0.3
            self.at(self.now + float(how[0]), lambda: setattr(self, "slow", 0.0))
        elif step.what == "clock":
            self.clock_off += float(how[0])

    def _play_person(self, person: Person, step: Step) -> None:
        how = step.how
        if step.what == "say":
            person.say(str(how[0]), str(how[1]))
        elif step.what == "whisper":
            person.say(self.people[str(how[0])].nick, str(how[1]))
        elif step.what == "den":
            person.say(DEN, str(how[0]))
        elif step.what in ("line", "snoop"):
            person.do(str(how[0]))
        elif step.what == "redact":
            self._redact(person)
        elif step.what == "repeat" and isinstance(person, Raw):
            person.repeat_some()
        elif step.what == "die":
            person.dies(float(how[0]))
        elif person.link is None:
            pass
        elif step.what == "cut":
            person.link.cut(str(how[0]))
        elif step.what == "cut after":
            person.link.cut_after(str(how[0]), int(how[1]))
        elif step.what == "stall":
            person.link.stalled_until = self.now + float(how[0])

    def _redact(self, person: Person) -> None:
        if not isinstance(person, Raw):
            return
        known = [said for said in person.said.values() if said.msgid and said.target == "#lobby"]
        if known:
            person.do(f"REDACT #lobby {known[-1].msgid}")

    def digest(self) -> str:
        """A fingerprint of all that anybody was sent."""
        found = hashlib.sha256()
        for link in self.links:
            found.update(f"{link.owner} {link.opened_at:.6f} ".encode() + link.heard)
        return found.hexdigest()

    def close(self) -> None:
        """Frees what SQLite holds; nothing can be asked of the world's disk from here on."""
        self.disk.crash(power=False)
        self.disk.bury()


# -- what the code under test asks the system for ------------------------------------------------


class _Listener(logging.Handler):
    """Takes down what the server calls a bug of its own."""

    def __init__(self, world: World) -> None:
        super().__init__(logging.WARNING)
        self._world = world

    def emit(self, record: logging.LogRecord) -> None:
        text = record.getMessage()
        self._world.note(f"log: {text}")
        if record.exc_info or "bug in Hubbub" in text:
            error = record.exc_info[1] if record.exc_info else None
            self._world.trouble.append(f"the server's log: {text} {error!r}")


@contextmanager
def simulated(world: World) -> Iterator[None]:
    """While it is entered, what Hubbub asks the system for is the world's."""
    chance = Random(f"secrets {world.plan.seed}")

    def pool(*args: Any, **kwargs: Any) -> Threads:
        assert world.process is not None
        return world.process.pool(*args, **kwargs)

    def connect(path: Path, *, writes: bool = True) -> DiskConnection:
        return DiskConnection(world.disk, str(path), writes=writes)

    def rewrite(path: Path) -> None:
        if world.process is None or world.process.dead:
            raise OSError(errno.EIO, "the process is gone")
        world.disk.rewrite(path)

    logger, listener = logging.getLogger("hubbub"), _Listener(world)
    level, propagate = logger.level, logger.propagate
    with ExitStack() as stack:
        for name, module in list(sys.modules.items()):
            if name.startswith("hubbub.") and hasattr(module, "ThreadPoolExecutor"):
                stack.enter_context(patch.object(module, "ThreadPoolExecutor", pool))
        stack.enter_context(patch.object(store_module, "_connect", connect))
        stack.enter_context(patch.object(store_module, "_make_private", lambda path: None))
        stack.enter_context(patch.object(store_module, "rewrite", rewrite))
        stack.enter_context(patch.object(server_connection, "socket", SocketModule))
        clock = SimpleNamespace(monotonic=lambda: world.now, time=time.time)
        stack.enter_context(patch.object(server_steps, "time", clock))
        stack.enter_context(patch.object(secrets, "choice", chance.choice))
        stack.enter_context(patch.object(secrets, "token_bytes", chance.randbytes))
        unraisable = sys.unraisablehook
        sys.unraisablehook = lambda _: None  # a process that died closes nothing in good order
        logger.addHandler(listener)
        logger.setLevel(logging.WARNING)
        logger.propagate = False
        try:
            yield
        finally:
            sys.unraisablehook = unraisable
            logger.removeHandler(listener)
            logger.setLevel(level)
            logger.propagate = propagate
            if world.process is not None:
                world.process.loop.end()
