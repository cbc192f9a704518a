"""What the server room's tests share: scenarios through either fan-out, and a hub without sockets."""

from __future__ import annotations

import asyncio
import re
import threading
from collections import deque
from collections.abc import Awaitable, Callable, Iterable, Sequence
from pathlib import Path

from hubbub.commands.arrival import introduction
from hubbub.commands.dispatch import dispatch
from hubbub.core import entries
from hubbub.core.apply import apply, begin
from hubbub.core.batches import AnyEntry, Batch
from hubbub.core.ids import NO_SESSION, SessionId, session_id
from hubbub.core.outputs import (
    Answer,
    Deliver,
    Departed,
    Entered,
    Introduced,
    Renamed,
    Seen,
    Settled,
)
from hubbub.core.rules import Rules
from hubbub.core.state import State
from hubbub.edge.egress import Gate
from hubbub.edge.session import Phase, Session
from hubbub.edge.watches import Watches
from hubbub.edge.work import (
    Batched,
    Block,
    Fetch,
    Find,
    Goodbye,
    Lookup,
    Shown,
    Task,
    Verify,
    Watch,
)
from hubbub.irc.framing import BadLine
from hubbub.irc.replies import Refused, Reply
from hubbub.server.fanout import Audiences, Fanout
from hubbub.server.hub import Hub
from hubbub.server.intake import Pace
from hubbub.server.liveness import Patience
from hubbub.store.errors import StoreError, Trouble
from hubbub.store.store import Store, open_store
from hubbub.store.writing import Commit
from tests.world import LOG_ID, RULES, START, PlainFanout

PATIENCE = 10.0
"""Seconds after which what a test waits for isn't coming any more."""


class Listener:
    """A recipient that keeps what it is written, and a mark where an answer is to come."""

    def __init__(self, session: Session) -> None:
        self.session = session
        self.written = b""
        self.writes = 0

    def write(self, data: bytes) -> None:
        assert data
        self.written += data
        self.writes += 1

    def reserve(self, answer: object) -> None:
        self.written += str(answer).encode()


class Chat:
    """Sessions and a state, played in batches. `Fast` and `Plain` say how it is delivered."""

    def __init__(self) -> None:
        self.state = State(LOG_ID, RULES)
        self.gate = Gate(RULES.server_name, LOG_ID)
        self.sessions: dict[SessionId, Session] = {}
        self.watches = Watches()
        self.batches = 0
        self.arrivals = 0
        self.questions = 0

    def arrive(self) -> Session:
        self.arrivals += 1
        session = Session(session_id(1, 1, self.arrivals), "host.test", secure=False)
        self.sessions[session.id] = session
        return session

    def attach(self, session: Session, to: Session) -> None:
        """Makes a session one more device of another's user, as accounts will."""
        user = self.state.sessions[to.id].user
        self.state.attach(session.id, user, secure=False)
        session.registration, session.phase, session.nick = None, Phase.REGISTERED, user.nick

    def task(self, session: SessionId, line: str) -> Task | None:
        """The task of a line, as the hub makes it; `LOST` stands for a connection that broke."""
        known = self.sessions[session]
        if line == "LOST":
            known.phase = Phase.CLOSED
            return Task(known, (entries.Close(session, "Connection lost", True),))
        task = dispatch(known, line.encode(), RULES)
        if task is None or not any(isinstance(work, Goodbye) for work in task.work):
            return task
        known.phase = Phase.CLOSED
        closing = (entries.Close(session, "Quit"),)
        return Task(known, (*closing, *task.work), task.label, task.command)

    def play(self, batch: Iterable[tuple[SessionId, str]]) -> None:
        """Plays the lines as one batch."""
        tasks = [task for session, line in batch if (task := self.task(session, line))]
        self.batches += 1
        logged = tuple(
            work for task in tasks for work in task.work if isinstance(work, entries.Entry)
        )
        time = START + self.batches * 1_000
        assert begin(self.state, Batch(1, 1, self.batches, time, logged))
        self.run(tasks)
        for known in [known for known in self.sessions.values() if known.phase is Phase.CLOSED]:
            del self.sessions[known.id]
            self.watches.forget(known.id)
            self.forget(known.id)

    def run(self, tasks: list[Task]) -> None:
        raise NotImplementedError

    def forget(self, session: SessionId) -> None:
        raise NotImplementedError

    def gather(self, fan: Fanout | PlainFanout, task: Task) -> None:
        """Hands all that a task brings about to a fan-out, in order."""
        session = task.session
        fan.start(session.id, task.label)
        shown, asked = False, False
        for work in task.work:
            if isinstance(work, (Reply, Batched, Block)):
                fan.answer(session.id, work)
                shown = True
            elif isinstance(work, Lookup):
                for item in self.look_up(session, work):
                    assert not isinstance(item, (Find, Verify)), (
                        "no line here asks what work is made of"
                    )
                    if isinstance(item, Fetch):
                        asked = True
                    else:
                        fan.answer(session.id, item)
                        shown = True
            elif isinstance(work, Watch):
                for reply in self.watches.answer(session.id, work, self.state):
                    fan.answer(session.id, reply)
                    shown = True
            elif not isinstance(work, (Goodbye, Verify)):
                self.outputs(fan, work)
                shown = True
        fan.end(deferred=asked and not shown)
        if asked:
            self.questions += 1
            self.later(session.id, f"<answer {self.questions}>")

    def look_up(self, session: Session, work: Lookup) -> Sequence[Shown | Fetch | Find | Verify]:
        if session.id not in self.state.sessions:
            return ()
        try:
            return work.read(session, self.state)
        except Refused as refused:
            return refused.replies

    def outputs(self, fan: Fanout | PlainFanout, entry: AnyEntry) -> None:
        for output in apply(self.state, entry):
            if isinstance(output, Deliver):
                fan.deliver(output)
            elif isinstance(output, Answer):
                fan.answer(output.session, output.reply)
            elif isinstance(output, Entered):
                fan.entered(output)
            elif isinstance(output, Introduced):
                for session in output.sessions:
                    for item in introduction(self.sessions[session], self.state, output):
                        fan.answer(session, item)
            elif isinstance(output, Departed):
                fan.departed(output)
            elif isinstance(output, Seen):
                fan.seen(output)
            elif isinstance(output, Renamed):
                self.renamed(output)
            elif isinstance(output, Settled):
                self.settled(output)

    def renamed(self, output: Renamed) -> None:
        raise NotImplementedError

    def settled(self, output: Settled) -> None:
        raise NotImplementedError

    def later(self, session: SessionId, answer: str) -> None:
        raise NotImplementedError


class Plain(Chat):
    """Delivered by the definition: everything at once to everyone whom it concerns."""

    def __init__(self) -> None:
        super().__init__()
        self.fan = PlainFanout(self.gate, self.sessions, self.watches)

    def run(self, tasks: list[Task]) -> None:
        for task in tasks:
            self.gather(self.fan, task)

    def attach(self, session: Session, to: Session) -> None:
        super().attach(session, to)
        for room in self.state.sessions[to.id].user.memberships:
            self.fan.entered(Entered(room, (session.id,)))

    def forget(self, session: SessionId) -> None:
        pass

    def renamed(self, output: Renamed) -> None:
        for session in output.sessions:
            self.sessions[session].nick = output.nick

    def settled(self, output: Settled) -> None:
        self.sessions[output.session].settle(output.nick)

    def later(self, session: SessionId, answer: str) -> None:
        self.fan.write(session, answer.encode())

    def written(self, session: SessionId) -> bytes:
        return self.fan.written.get(session, b"")


class Fast(Chat):
    """Delivered as the server does it, with everyone's sessions remembered by room."""

    def __init__(self) -> None:
        super().__init__()
        self.listeners: dict[SessionId, Listener] = {}
        self.present: dict[SessionId, Listener] = {}
        self.audiences = Audiences(self.present)
        self.settlements: list[Settled] = []

    def arrive(self) -> Session:
        session = super().arrive()
        self.listeners[session.id] = self.present[session.id] = Listener(session)
        return session

    def run(self, tasks: list[Task]) -> None:
        self.fan = Fanout(self.gate, self.present, self.audiences, self.watches)
        self.settlements = []
        for task in tasks:
            self.gather(self.fan, task)
        for settled in self.settlements:
            self.sessions[settled.session].settle(settled.nick)
        self.fan.write(self.state)

    def attach(self, session: Session, to: Session) -> None:
        super().attach(session, to)
        self.audiences.forget()

    def forget(self, session: SessionId) -> None:
        del self.present[session]

    def renamed(self, output: Renamed) -> None:
        self.fan.renamed(output)

    def settled(self, output: Settled) -> None:
        self.settlements.append(output)

    def later(self, session: SessionId, answer: str) -> None:
        self.fan.later(session, answer)

    def written(self, session: SessionId) -> bytes:
        return self.listeners[session].written


# -- a hub without sockets ----------------------------------------------------------------


class Wire:
    """A connection as far as the hub knows it; what it is written arrives at once, as lines."""

    def __init__(self, session: Session, peer: str = "127.0.0.1") -> None:
        self.session = session
        self.peer = peer
        self.lines: deque[bytes | BadLine] | None = None
        self.waiting = 0
        self.tokens = 0.0
        self.paused = False
        self.pinged = False
        loop = asyncio.get_running_loop()
        self.opened_at = self.refilled_at = self.heard_at = loop.time()
        self.is_open = True
        self.unsent = 0
        self.hub: Hub | None = None
        self.heard: list[str] = []
        self._reserved: list[object] = []
        self._news = asyncio.Event()

    def write(self, data: bytes) -> None:
        if not self.is_open:
            return
        if self._reserved:
            self._reserved.append(data)
        else:
            self._hear(data)

    def _hear(self, data: bytes) -> None:
        self.heard += data.decode().split("\r\n")[:-1]
        self._news.set()

    def reserve(self, answer: object) -> None:
        self._reserved.append(answer)

    def fill(self, answer: object, data: bytes) -> None:
        self._reserved = [data if item is answer else item for item in self._reserved]
        while self._reserved and isinstance(self._reserved[0], bytes):
            self._hear(self._reserved.pop(0))  # type: ignore[arg-type]

    def pause(self) -> None:
        self.paused = True

    def resume(self) -> None:
        self.paused = False

    def finish(self, data: bytes) -> None:
        self._reserved = []
        self.write(data)
        self.is_open = False

    def drop(self, reason: str) -> None:
        if self.is_open:
            self.is_open = False
            self._news.set()
            assert self.hub is not None
            self.hub.lost(self, reason)  # type: ignore[arg-type]

    # -- the test's side --

    def send(self, *lines: str) -> None:
        """Sends lines, all in one piece."""
        assert self.hub is not None
        self.hub.received(self, [line.encode() for line in lines])  # type: ignore[arg-type]

    async def until(self, words: str) -> list[str]:
        """What came up to the first line that contains `words`, which is taken; waits for it."""
        async with asyncio.timeout(PATIENCE):
            while True:
                for index, line in enumerate(self.heard):
                    if words in line:
                        taken, self.heard = self.heard[: index + 1], self.heard[index + 1 :]
                        return taken
                if not self.is_open:
                    raise AssertionError(f"closed before {words!r}: {self.heard}")
                self._news.clear()
                await self._news.wait()

    async def ask(self, *lines: str) -> list[str]:
        """Forgets what came before, sends lines and returns what came until all were answered."""
        self.heard.clear()
        self.send(*lines, "PING :done")
        return (await self.until("PONG hub.test done"))[:-1]


class Gated:
    """A store whose commits can be held, and can be made to fail."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self.log_id = store.log_id
        self.error: BaseException | None = None
        self.load_errors: list[StoreError] = []
        self.begun = threading.Semaphore(0)
        self.go = threading.Event()
        self.go.set()
        self.answering = threading.Event()
        self.answering.set()
        self.commits: list[Commit] = []
        self.at_once = 0
        self.most_at_once = 0

    def load(self, rules: Rules) -> State:
        if self.load_errors:
            raise self.load_errors.pop(0)
        return self._store.load(rules)

    def commit(self, commit: Commit) -> None:
        self.at_once += 1
        self.most_at_once = max(self.most_at_once, self.at_once)
        self.begun.release()
        assert self.go.wait(PATIENCE)
        self.at_once -= 1
        if self.error is not None:
            raise self.error
        self._store.commit(commit)
        self.commits.append(commit)

    def index_some(self, seconds: float) -> bool:
        return self._store.index_some(seconds)

    def expire_some(self, now: int, keep_days: int) -> bool:
        return self._store.expire_some(now, keep_days)

    def answer(self, question: object) -> object:
        assert self.answering.wait(PATIENCE)
        return self._store.answer(question)  # type: ignore[call-overload]

    def hold(self) -> None:
        """Holds the next commit until `go` is set; `commit_begun` tells of none before it."""
        while self.begun.acquire(blocking=False):
            pass
        self.go.clear()

    async def commit_begun(self) -> None:
        """Returns when one more commit has begun."""
        assert await asyncio.to_thread(self.begun.acquire, timeout=PATIENCE)


CHATHISTORY = "batch draft/chathistory echo-message labeled-response message-tags standard-replies"
FULL = StoreError(Trouble.FULL, "The disk that holds /secret/place is full.")
ENDLESS = Patience(1e9, 1e9, 1e9)
FAST = Pace(lines_per_second=1e6, burst_lines=100_000, input_queue_lines=200)


class Node:
    """A hub with its store, and the people who come to it."""

    def __init__(self, store: Gated, pace: Pace, rules: Rules) -> None:
        self.store = store
        self.hub = Hub(store, rules, pace)  # type: ignore[arg-type]

    def arrive(self, peer: str = "127.0.0.1") -> Wire:
        wire = Wire(self.hub.next_session("host.test", ""), peer)
        wire.hub = self.hub
        self.hub.admit(wire)  # type: ignore[arg-type]
        return wire

    async def join(self, nick: str, capabilities: str = "", device: str = "") -> Wire:
        """Somebody registered and in the lobby, who has read all of the welcome."""
        wire = self.arrive()
        wire.send(f"CAP REQ :{capabilities}")
        if device:
            wire.send(f"DEVICE {device}")
        wire.send(f"NICK {nick}", f"USER {nick} 0 * :{nick}", "CAP END")
        await wire.until(f" 366 {nick} #lobby ")
        return wire

    async def settled(self) -> None:
        """Returns when all that came in so far is done."""
        await self.hub.operate(entries.TimePassed(NO_SESSION))


def with_hub(
    directory: Path,
    test: Callable[[Node], Awaitable[None]],
    *,
    pace: Pace = FAST,
    rules: Rules = RULES,
) -> None:
    """Runs a test on a hub with a real store, and stops it in good order."""

    async def run() -> None:
        store = open_store(directory / "hubbub.db")
        gated = Gated(store)
        try:
            node = Node(gated, pace, rules)
            assert await node.hub.start() == []
            gated.begun = threading.Semaphore(0)
            try:
                await test(node)
            finally:
                gated.error = None
                gated.go.set()
                gated.answering.set()
                await node.hub.stop("The test is over")
        finally:
            store.close()

    asyncio.run(run())


def has(lines: list[str], words: str) -> bool:
    """Whether these words stand in any of the lines."""
    return any(words in line for line in lines)


_BATCH = re.compile(r"(batch=|BATCH [+-])(\w+)")


def renumbered(written: bytes) -> str:
    """The lines with their batches named by the order in which they come; any name means the same."""
    names: dict[str, str] = {}
    return _BATCH.sub(
        lambda found: found[1] + names.setdefault(found[2], str(len(names))), written.decode()
    )
