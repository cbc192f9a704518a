"""The hub: sole owner of the shared state. Submit, apply, commit, fan out; one direction, no way back.

Law: nothing is shown before it is durable, and at most one batch is uncommitted (design, law 9).
What arrives meanwhile is parsed and waits. A batch that can't be committed is shown to nobody: its
senders get a FAIL, and the state is loaded again from the last commit.
"""

from __future__ import annotations

import asyncio
import logging
import secrets
import time
from collections import deque
from collections.abc import Awaitable, Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path
from typing import Any, Final

from hubbub.commands.dispatch import dispatch, too_long
from hubbub.core import entries
from hubbub.core.apply import HANDLERS, begin
from hubbub.core.batches import AnyEntry, Batch, lasting
from hubbub.core.history import Question
from hubbub.core.ids import NO_SESSION, SessionId, session_id
from hubbub.core.outputs import HangUp, LoggedIn, Settled
from hubbub.core.rules import Rules
from hubbub.edge.credentials import Outcome
from hubbub.edge.egress import Gate
from hubbub.edge.errands import Errand, Letter, Posted, Reloaded
from hubbub.edge.session import Phase, Session
from hubbub.edge.watches import Watches
from hubbub.edge.work import Goodbye, Shown, Task
from hubbub.irc.cloaks import Cloaks
from hubbub.irc.framing import BadLine
from hubbub.irc.masks import host_of
from hubbub.irc.replies import Reply
from hubbub.ordering.embedded import Embedded
from hubbub.server import logs
from hubbub.server.addresses import is_loopback
from hubbub.server.arrivals import TOO_FAST, Arrivals
from hubbub.server.connection import CLOSED, Connection
from hubbub.server.credentials import Credentials
from hubbub.server.expiry import Expiry
from hubbub.server.fanout import Audiences, Fanout
from hubbub.server.flight import BROKEN, SORRY, Flight, asks, with_close
from hubbub.server.indexer import Indexer
from hubbub.server.intake import Intake, Pace
from hubbub.server.liveness import Patience, look_at
from hubbub.server.per_address import PerAddress
from hubbub.server.purger import Purger
from hubbub.server.questions import Questions
from hubbub.server.turns import Turns
from hubbub.store.errors import StoreError, Trouble
from hubbub.store.store import Store
from hubbub.store.writing import Commit

log = logging.getLogger("hubbub.hub")

RELOAD_SECONDS: Final = 1.0
"""How long to wait before the state is read again from a store that couldn't be read."""
NODE: Final = 0
"""The only node there is until `ordering` can be shared."""
GATHER_SECONDS: Final = 0.004
"""How long a batch may wait for what comes with it, in seconds: as long as a disk's sync, about."""
BATCH_TASKS: Final = 2_000
"""How many lines one batch takes at most; the rest wait for the next."""
WAITING_TASKS: Final = 50_000
"""How many lines may wait for their batch; beyond that no more are read."""
STOP_SECONDS: Final = 10.0
"""How long what is under way may take to be stored when the server stops."""
UNSEEN_SECONDS: Final = 30.0
"""For how long before a client's last sign of life what it was sent may not have reached it."""
GOODBYE_SECONDS: Final = 1.0
"""How long clients may take to read what they are still sent when the server stops."""


class Hub:
    """One node's hub, on its event loop's thread; commits and reads of history have threads."""

    def __init__(
        self,
        store: Store,
        rules: Rules,
        pace: Pace,
        *,
        readers: int = 2,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._loop = asyncio.get_running_loop()
        self._store = store
        self._clock = clock
        self.rules = rules
        self.state = store.load(rules)
        self.connections: dict[SessionId, Connection] = {}
        self.per_address = PerAddress()
        self.most_per_address = 0
        """How many connections may be moved to one address; 0 is no limit."""
        self.arrivals = Arrivals()
        self.cloaks = Cloaks(secrets.token_bytes(32))
        """What stands for addresses; until it is given a secret that is kept, for this run only."""
        self.turns = Turns(self._loop)
        self.intake = Intake(self, self._loop, pace)
        self._gate = Gate(rules.server_name, self.state.log_id)
        self._audiences = Audiences(self.connections)
        self._watches = Watches()
        self._console = Session(NO_SESSION, "localhost", secure=True)
        self._console.phase = Phase.REGISTERED
        self._epoch = (self.state.counter(f"batch:{NODE}") >> 40) + 1
        self._batches = 0
        self._sessions = 0
        self._tasks: deque[Task] = deque()
        self._operators: dict[int, asyncio.Future[list[Reply]]] = {}
        self._ticking = False
        self._flight: Flight | None = None
        self._submitted: Sequence[Task] = ()
        self._ordering = Embedded(self._execute)
        self._writer = ThreadPoolExecutor(1, "hubbub-writer")
        self._indexer = Indexer(store, self._writer)
        self._expiry = Expiry(store, self._writer, self._kept, self._indexer.committed)
        self.credentials = Credentials(self._loop.call_soon_threadsafe)
        self._questions = Questions(self, store, self._gate, self._loop, readers=readers)
        self._purger = Purger(self)
        self._ghosts = False
        self.reload: Callable[[str], Awaitable[Reloaded]] = _nothing_to_reload
        """Reads the configuration again, for the one of that nick or the operator; whoever runs the
        hub sets it."""
        self.post: Callable[[Letter], bool] = lambda letter: False
        """Sends a letter; whoever runs the hub sets it. False when it can't be."""
        self.exports: Path | None = None
        """The directory for what the operator has exported of somebody; whoever runs the hub sets it."""
        self.failing = ""
        """What keeps the store from storing, or empty."""

    async def start(self) -> list[Reply]:
        """Begins this node's epoch: whoever was here before the last stop has gone.

        Returns what keeps it from beginning, or nothing.
        """
        refusals = await self.operate(
            entries.NodeStarted(NO_SESSION, NODE, self._epoch, self.rules)
        )
        self._expiry.start()
        return refusals

    def _kept(self) -> tuple[int, int]:
        """The time in milliseconds, and the days for which the server keeps what is said."""
        return max(self.state.now, int(self._clock() * 1000)), self.state.rules.keep_days

    # -- what comes in --------------------------------------------------------------------

    def next_session(self, host: str, invite: str) -> Session:
        """A session for a new connection, which `admit` then adds."""
        self._sessions += 1
        return Session(
            session_id(NODE, self._epoch, self._sessions), host, secure=False, invite=invite
        )

    def host_of(self, address: str) -> str:
        """What others see of somebody who connects from an address."""
        return self.cloaks.host_of(address) if self.rules.cloaks else host_of(address)

    def admit(self, connection: Connection) -> None:
        """Takes on a connection."""
        self.intake.admit(connection)
        self.connections[connection.session.id] = connection
        self._place(connection, connection.peer)

    def moved(self, connection: Connection, address: str) -> None:
        """A trusted proxy says from where a connection really comes, which counts from now on."""
        session = connection.session
        session.host = self.host_of(address)
        if session.registration is not None:
            session.registration.gateway = ""  # it was the proxy's address that may use it
        self._move(connection, address)

    def _move(self, connection: Connection, address: str) -> None:
        """Counts a connection elsewhere, and closes it if there are too many from there, or too fast."""
        if self.rules.cloaks:
            connection.session.host = self.host_of(address)
        self.per_address.remove(connection.peer)
        self._place(connection, address)
        most = self.most_per_address
        if most and self.per_address.of(address) > most and not is_loopback(address):
            fate = HangUp(connection.session.id, "Too many connections from your address")
            self.hang_up(fate)
        elif not self.arrivals.admits(address, self._loop.time()):
            self.hang_up(HangUp(connection.session.id, TOO_FAST))

    def _place(self, connection: Connection, address: str) -> None:
        connection.peer = connection.session.address = address
        self.per_address.add(address)

    def _discharge(self, session: SessionId) -> Connection | None:
        """Takes a connection off the books; None when it was already."""
        connection = self.connections.pop(session, None)
        self._watches.forget(session)
        if connection is not None:
            self.per_address.remove(connection.peer)
        return connection

    def received(self, connection: Connection, lines: list[bytes | BadLine]) -> None:
        """Lines came in; each becomes a task when its turn comes."""
        if logs.is_debug():
            for line in lines:
                logs.line_in(connection.session.id, line if isinstance(line, bytes) else line.value)
        self.intake.received(connection, lines)

    def is_full(self) -> bool:
        """Whether so many tasks wait that no more lines should be read."""
        return len(self._tasks) >= WAITING_TASKS

    def take(self, connection: Connection, line: bytes | BadLine) -> int:
        """Makes a task of a line; returns of how many things."""
        session = connection.session
        task = self._parse(session, line)
        if session.address is not connection.peer:
            self._move(connection, session.address)
        if task is None or session.phase is Phase.CLOSED:
            return 0
        for work in task.work:
            if isinstance(work, Goodbye):
                task = with_close(task)
                session.phase = Phase.CLOSED
                break
        else:
            connection.waiting += asks(task)
        self.submit(task)
        return len(task.work)

    def _parse(self, session: Session, line: bytes | BadLine) -> Task | None:
        try:
            if isinstance(line, BadLine):
                return too_long(session)
            before = session.variant
            task = dispatch(session, line, self.rules)
            if session.variant != before:
                self._variant_changed(session)
            return task
        except Exception:
            log.exception("a command failed: this is a bug in Hubbub")
            return Task(session, (BROKEN,))

    def _variant_changed(self, session: Session) -> None:
        """What a session is shown looks otherwise from now on, in the rooms in which it is."""
        presence = self.state.sessions.get(session.id)
        for room in presence.user.memberships if presence is not None else ():
            self._audiences.changed(room)

    def lost(self, connection: Connection, reason: str) -> None:
        """A connection is gone; its user leaves unless another device stays."""
        session = connection.session
        if self._discharge(session.id) is None:
            return
        log.info("%s %s: %s", session.nick or "(unregistered)", connection.peer, reason)
        if session.phase is not Phase.CLOSED and session.phase is not Phase.REGISTERING:
            seen = 0 if reason == CLOSED else self._surely_seen(connection)
            self.submit(Task(session, (entries.Close(session.id, reason, True, seen),)))
        session.phase = Phase.CLOSED

    def _surely_seen(self, connection: Connection) -> int:
        """Until when a client whose connection broke was shown everything, in milliseconds."""
        silent = self._loop.time() - connection.heard_at
        return int((self._clock() - silent - UNSEEN_SECONDS) * 1000)

    def expel(self, connection: Connection, reason: str) -> None:
        """Tells a connection why it has to go, and drops it."""
        connection.write(self._gate.error(reason))
        connection.drop(reason)

    async def operate(self, entry: AnyEntry) -> list[Reply]:
        """Submits an entry of the operator's; returns what it was refused with, or nothing."""
        task = Task(self._console, (entry,))
        outcome: asyncio.Future[list[Reply]] = self._loop.create_future()
        self._operators[id(task)] = outcome
        self.submit(task)
        return await outcome

    def encoded(self, session: Session, shown: Sequence[Shown]) -> bytes:
        """What a session would be shown, as it goes over the wire."""
        return self._gate.show(session, shown)

    async def ask(self, question: Question) -> Sequence[Any]:
        """What the store answers the operator. Raises StoreError."""
        return await asyncio.to_thread(self._store.answer, question)

    def submit(self, task: Task) -> None:
        """Puts a task at the end of what waits for its batch."""
        self._tasks.append(task)
        if self._flight is None and not self._ticking:
            self._begin()

    # -- one batch ------------------------------------------------------------------------

    def _tick(self) -> None:
        """Orders all that has gathered, up to a bound."""
        self._ticking = False
        if self._flight is not None or not self._tasks:
            return
        if len(self._tasks) <= BATCH_TASKS:
            tasks, self._tasks = self._tasks, deque()
        else:
            tasks = deque(self._tasks.popleft() for _ in range(BATCH_TASKS))
        batched = tuple(
            work for task in tasks for work in task.work if isinstance(work, entries.Entry)
        )
        self._submitted = tasks
        try:
            if batched:
                now = int(self._clock() * 1000)
                batch = Batch(NODE, self._epoch, self._batches + 1, now, batched)
                self._ordering.submit(batch)
                self._batches += 1
            else:
                self._execute(None)
        except Exception:
            log.exception("a batch failed: this is a bug in Hubbub")
            self._abandon(tasks, lambda task: self._failed(task, "INTERNAL_ERROR", SORRY))

    def _execute(self, batch: Batch | None) -> None:
        """Applies a batch in its place in the order, with the lookups that came between."""
        tasks, self._submitted = self._submitted, ()
        flight = self._prepare(tasks)
        self._flight = flight
        state = self.state
        state.local_time = int(self._clock() * 1000)
        if batch is not None and not begin(state, batch):
            raise AssertionError("the embedded ordering repeated a batch")
        for task in tasks:
            flight.run(task)
        changes = state.take_changes() if batch is not None else {}
        if batch is None:
            self._release()
            return
        commit = Commit(
            changes,
            flight.records,
            lasting(batch),
            state.rules.whowas_entries,
            state.rules.audit_entries,
        )
        written = self._writer.submit(self._store.commit, commit)
        written.add_done_callback(self._written)
        # The disk takes longer than this, and nobody else has anything to do meanwhile.
        with suppress(Exception):  # what is wrong is met again when it is shown, and logged there
            flight.fanout.encode(state)

    def _prepare(self, tasks: Sequence[Task]) -> Flight:
        fanout = Fanout(self._gate, self.connections, self._audiences, self._watches)
        return Flight(tasks, fanout, self.state, self.connections, self._watches)

    # -- after the commit -----------------------------------------------------------------

    def _written(self, written: Future[None]) -> None:
        """Called in the writer's thread."""
        self._loop.call_soon_threadsafe(self._committed, written.exception())

    def _committed(self, error: BaseException | None) -> None:
        if error is None:
            if self.failing:
                log.warning("storing again, after: %s", self.failing)
                self.failing = ""
            logs.commit(self._batches)
            self._indexer.committed()
            self._release()
        else:
            if not isinstance(error, StoreError):
                log.error("a commit failed: this is a bug in Hubbub", exc_info=error)
            self._fail(error)

    def _release(self) -> None:
        """The batch is durable: sessions learn their fate, everyone is told, fetches begin."""
        flight = self._flight
        assert flight is not None
        for fate in flight.fates:
            if isinstance(fate, Settled):
                self._settle(fate)
            elif isinstance(fate, LoggedIn):
                self._log_in(fate)
        try:
            flight.fanout.write(self.state)
        except Exception:
            # It happened and is stored; who wasn't shown it finds it in the history.
            log.exception("showing a batch failed: this is a bug in Hubbub")
        for fate in flight.fates:
            if isinstance(fate, HangUp):
                self.hang_up(fate)
        self._ghosts |= flight.ghosts
        if self._operators:
            for task in flight.tasks:
                outcome = self._operators.pop(id(task), None)
                if outcome is not None and not outcome.done():
                    outcome.set_result(flight.refusals.get(id(task), []))
        self._land(flight)

    def _land(self, flight: Flight) -> None:
        """The flight is over: sessions that waited for what they asked go on, and so do the others."""
        self._flight = None
        self._purger.look()
        self._questions.stored(flight.records)
        for lookup in flight.lookups:
            self._questions.ask(*lookup)
        if self._tasks and not self._ticking:
            self._begin()

    def _begin(self) -> None:
        """What waits has its batch soon."""
        self._ticking = True
        until = self._loop.time() + GATHER_SECONDS
        self._loop.call_soon(self._gather, len(self._tasks), until)

    def _gather(self, gathered: int, until: float) -> None:
        """Begins the batch when a turn of the loop has brought nothing more for it, or it is time.

        What many say at once is stored and shown at once, and not the first line before the others.
        """
        if gathered < len(self._tasks) < BATCH_TASKS and self._loop.time() < until:
            self._loop.call_soon(self._gather, len(self._tasks), until)
        else:
            self._tick()

    def _log_in(self, fate: LoggedIn) -> None:
        connection = self.connections.get(fate.session)
        if connection is not None and connection.session.registration is not None:
            connection.session.registration.log_in(fate.account)

    def _settle(self, fate: Settled) -> None:
        connection = self.connections.get(fate.session)
        if connection is not None:
            connection.session.settle(fate.nick)
            if fate.nick:
                log.info("%s joined from %s", fate.nick, connection.peer)

    def hang_up(self, fate: HangUp) -> None:
        """Tells a session why it has to go, and closes it when it has been told."""
        connection = self._discharge(fate.session)
        if connection is None:
            return
        session = connection.session
        session.phase = Phase.CLOSED
        why = fate.reason.partition(": ")[0]  # "Quit", without what was said at leaving
        log.info("%s %s: %s", session.nick or "(unregistered)", connection.peer, why)
        connection.finish(self._gate.error(fate.reason))

    # -- when it can't be stored ----------------------------------------------------------

    def _fail(self, error: BaseException) -> None:
        """Shows nothing of the batch and goes back to the last commit; its senders are told."""
        assert self._flight is not None
        if not self.failing:
            log.error("can't store: %s", error)
        self.failing = str(error)
        full = isinstance(error, StoreError) and error.kind is Trouble.FULL
        why = "its disk is full" if full else "it has trouble with its disk"
        text = f"Not stored, so nobody was shown it. Try again later. (The server: {why}.)"

        def instead(task: Task) -> Task:
            if not any(type(work) in HANDLERS for work in task.work):
                return task
            return self._failed(task, "TEMPORARILY_UNAVAILABLE", text)

        self._abandon(self._flight.tasks, instead)

    def _failed(self, task: Task, code: str, text: str) -> Task:
        """What is done instead of a task that couldn't be: its sender is told, in its order."""
        fail = Reply("FAIL", (task.command, code, text))
        outcome = self._operators.pop(id(task), None)
        if outcome is not None and not outcome.done():
            outcome.set_result([fail])
        if task.session.phase in (Phase.OPENING, Phase.CLOSED):
            return Task(task.session, (Goodbye(text),), task.label, task.command)
        return Task(task.session, (fail,), task.label, task.command)

    def _abandon(self, tasks: Sequence[Task], instead: Callable[[Task], Task]) -> None:
        """Forgets what a batch did, and does something else instead of each of its tasks."""
        flight = self._prepare(())
        self._flight = flight
        again = []
        for task in tasks:
            again.append(instead(task))
            if again[-1] is not task and asks(task):
                flight.lookups.append((task, [], ""))
        self._tasks.extendleft(reversed(again))
        self._reload()

    def _reload(self) -> None:
        """Goes back to the state as of the last commit; until it can be read nothing is done."""
        assert self._flight is not None
        try:
            self.state = self._store.load(self.rules)
        except StoreError as error:
            self.failing = str(error)
            self._loop.call_later(RELOAD_SECONDS, self._reload)
            return
        self._ghosts = True
        self._audiences.forget()
        self._land(self._flight)

    def _reap(self) -> None:
        """Closes sessions that the state still has though their connections are gone.

        They are what a batch that couldn't be committed would have closed.
        """
        for session in list(self.state.sessions):
            if session not in self.connections:
                seen = int((self._clock() - UNSEEN_SECONDS) * 1000)
                closing = entries.Close(session, "Connection lost", True, seen)
                self.submit(Task(self._console, (closing,)))

    # -- time, configuration, the end -----------------------------------------------------

    def look_after(self, now: float, patience: Patience) -> None:
        """Sees who is still there, and what is over by the time that it is."""
        ask = f"PING :{self.rules.server_name}\r\n".encode()
        look_at(list(self.connections.values()), self, ask, patience, now)
        if self._ghosts:
            self._ghosts = False
            self._reap()
        if self.state.has_expired(int(self._clock() * 1000)):
            self.submit(Task(self._console, (entries.TimePassed(NO_SESSION),)))

    def run_errand(self, errand: Errand, done: Callable[[Outcome], None]) -> None:
        """Has a letter sent or the configuration read again, and tells `done` what came of it."""

        if isinstance(errand, Letter):
            done(Posted(kept=not self.post(errand)))
            return

        async def reload() -> None:
            done(await self.reload(errand.by))

        self._errand = self._loop.create_task(reload())

    async def reconfigure(
        self, rules: Rules, by: str = "", changed: tuple[str, ...] = ()
    ) -> list[Reply]:
        """Takes on new rules, unless they can't be stored; then it says so and keeps the old."""
        refusals = await self.operate(entries.RulesChanged(NO_SESSION, rules, by, changed))
        if not refusals:
            self.rules = rules
            self._gate.server_name = rules.server_name
        return refusals

    async def stop(self, reason: str) -> None:
        """Finishes what is under way, says goodbye to everyone and closes the threads.

        No more than `STOP_SECONDS` is waited for a store that can't be reached.
        """
        connections = list(self.connections.values())
        self._purger.stop()
        self.intake.stop()
        for connection in connections:
            connection.pause()
        until = self._loop.time() + STOP_SECONDS
        while (self._tasks or self._flight is not None) and self._loop.time() < until:
            await asyncio.sleep(0.01)
        if self._tasks or self._flight is not None:
            log.error("stopping though not everything could be stored: %s", self.failing or "slow")
        for session in list(self.connections):
            self.hang_up(HangUp(session, reason))
        until = self._loop.time() + GOODBYE_SECONDS
        while any(connection.unsent for connection in connections) and self._loop.time() < until:
            await asyncio.sleep(0.01)
        self._indexer.stop()
        self._expiry.stop()
        await asyncio.to_thread(self._writer.shutdown)
        await self._questions.stop()
        for connection in connections:
            connection.drop(reason)  # whoever hasn't closed by now isn't waited for


async def _nothing_to_reload(by: str) -> Reloaded:
    return Reloaded("*", problem="This server has no configuration to read")
