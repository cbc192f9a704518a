"""What sessions ask that takes long: the history, and what concerns passwords. Threads find it out.

Law: a session's next line waits until its long question is answered; the event loop never does.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Protocol

from msgspec.structs import replace

from hubbub.core.history import Page, Question
from hubbub.core.ids import Place, SessionId
from hubbub.core.outputs import Fact, HistoryRow
from hubbub.core.state import State
from hubbub.edge.credentials import Outcome
from hubbub.edge.egress import SAID, Gate
from hubbub.edge.errands import Errand
from hubbub.edge.work import Fetch, Find, Shown, Task, Verify, Work
from hubbub.irc.replies import Refused, Reply
from hubbub.server.addresses import is_loopback, limit_key
from hubbub.server.connection import Connection
from hubbub.server.credentials import Credentials
from hubbub.server.flight import BROKEN, Asked, asks
from hubbub.server.intake import Intake
from hubbub.store.errors import StoreError
from hubbub.store.store import Store

log = logging.getLogger("hubbub.hub")


class Owner(Protocol):
    """Whoever has the sessions and does what follows from an answer."""

    @property
    def state(self) -> State:
        """The state of now."""

    @property
    def connections(self) -> Mapping[SessionId, Connection]:
        """The connections that there are now."""

    @property
    def credentials(self) -> Credentials:
        """Who knows about passwords."""

    @property
    def intake(self) -> Intake:
        """Where the lines wait that come after the question."""

    def run_errand(self, errand: Errand, done: Callable[[Outcome], None]) -> None:
        """Does an errand, and calls `done` once."""

    def submit(self, task: Task) -> None:
        """What follows from an answer is to be done."""


Answers = list[Sequence[object]]
"""What the store says to each of some questions."""

Waiting = list[tuple[Task, tuple[Fetch, ...], str]]
"""The tasks that wait for an answer, with what each asked and the label it bears."""


@dataclass(slots=True, eq=False)
class _Reading:
    """The answer to some questions, and who waits for it."""

    answers: Future[Answers]
    waiting: Waiting = field(default_factory=list)


class Questions:
    """All sessions' questions; history is read by `readers` threads."""

    def __init__(
        self,
        owner: Owner,
        store: Store,
        gate: Gate,
        loop: asyncio.AbstractEventLoop,
        *,
        readers: int,
    ) -> None:
        self._owner = owner
        self._store = store
        self._gate = gate
        self._loop = loop
        self._readers = ThreadPoolExecutor(readers, "hubbub-reader")
        self._readings: dict[tuple[Question, ...], _Reading] = {}
        self._said = owner.state.next_place - 1
        """After this place nothing was said, whatever happened."""

    def stored(self, records: Sequence[Fact]) -> None:
        """Hears what a batch added to the history, before anybody asks for it."""
        for row in reversed(records):
            if isinstance(row, HistoryRow) and row.command in SAID:
                self._said = row.place
                break

    async def stop(self) -> None:
        """Closes the threads when they have done what they are at."""
        await asyncio.to_thread(self._readers.shutdown)
        await asyncio.to_thread(self._owner.credentials.close)

    def ask(self, task: Task, asked: Asked, label: str) -> None:
        """Has a task's question answered; `label` is what the answer has to carry."""
        if isinstance(asked, Verify):
            self._verify(task, asked, label)
        elif isinstance(asked, Find):
            self._find(task, asked, label)
        elif asked:
            self._fetch(task, asked, label)
        else:
            self._go_on(task)

    def _verify(self, task: Task, verify: Verify, label: str) -> None:
        """Has something about a password found out; what comes of it is the session's next task."""
        session = task.session
        connection = self._owner.connections.get(session.id)
        if connection is None:
            return

        def done(outcome: Outcome) -> None:
            self._follow(task, label, lambda: verify.then(outcome))

        if isinstance(verify.wanted, Errand):
            self._owner.run_errand(verify.wanted, done)
            return
        device = "" if session.registration is None else session.registration.device
        local = connection.peer == "unix" or is_loopback(connection.peer)
        self._owner.credentials.answer(
            verify.wanted,
            self._owner.state,
            f"{session.id}" if local else limit_key(connection.peer),
            device,
            local=local,
            done=done,
        )

    def _find(self, task: Task, find: Find, label: str) -> None:
        """Has a reader thread answer a question of whose answer the session's next task is made."""

        def done(answered: Future[Sequence[object]]) -> None:
            def then() -> Sequence[Work]:
                try:
                    return find.then(answered.result())
                except StoreError as error:
                    log.error("the history can't be read: %s", error)
                    return (_unreadable(task.command),)

            self._loop.call_soon_threadsafe(self._follow, task, label, then)

        def read() -> Sequence[object]:
            return self._store.answer(find.question)

        self._readers.submit(read).add_done_callback(done)

    def _follow(self, task: Task, label: str, then: Callable[[], Sequence[Work]]) -> None:
        """What was found out for a task is its session's next one."""
        session = task.session
        connection = self._owner.connections.get(session.id)
        if connection is None:
            return
        work: Sequence[Work]
        try:
            work = then()
        except Refused as refused:
            work = refused.replies
        except Exception:
            log.exception("what follows an answer failed: this is a bug in Hubbub")
            work = (BROKEN,)
        following = Task(session, work, label, task.command)
        self._owner.submit(following)
        connection.waiting += asks(following)
        self._go_on(task)

    def _go_on(self, task: Task) -> None:
        """What a task asked was answered: its session's next lines may be read."""
        connection = self._owner.connections.get(task.session.id)
        if connection is not None:
            connection.waiting -= asks(task)
            if connection.lines:
                self._owner.intake.read(connection)

    def _fetch(self, task: Task, fetches: list[Fetch], label: str) -> None:
        """Has a reader thread answer a task's questions; the answer has its place already."""
        asked = tuple(Fetch(self._plainest(fetch.question), fetch.present) for fetch in fetches)
        questions = tuple(fetch.question for fetch in asked)
        # After a crash all come back with the same question. A reading that waits for its thread
        # will be as new as one that is asked for now.
        reading = self._readings.get(questions)
        if reading is None or reading.answers.running() or reading.answers.done():

            def read() -> Answers:
                return [self._store.answer(question) for question in questions]

            reading = self._readings[questions] = _Reading(self._readers.submit(read))
            waiting = reading.waiting

            def done(answers: Future[Answers]) -> None:
                # Not the reading, which has the answers, which have this: that were a ring, which
                # stays with all that was read until the collector looks for such.
                self._loop.call_soon_threadsafe(self._show, questions, waiting, answers)

            reading.answers.add_done_callback(done)
        reading.waiting.append((task, asked, label))

    def _plainest(self, question: Question) -> Question:
        """The same for all who ask for the same messages, whatever else happened before each asked."""
        if (
            not isinstance(question, Page)
            or question.events
            or not isinstance(question.before, int)
        ):
            return question
        end = Place(self._said + 1)
        return question if question.before <= end else replace(question, before=end)

    def _show(
        self, questions: tuple[Question, ...], waiting: Waiting, answers: Future[Answers]
    ) -> None:
        """Shows an answer to all who wait for it; those who asked alike share what is made of it."""
        reading = self._readings.get(questions)
        if reading is not None and reading.answers is answers:
            del self._readings[questions]
        made: dict[tuple[Fetch, ...], Sequence[Shown]] = {}
        for task, fetches, label in waiting:
            connection = self._owner.connections.get(task.session.id)
            if connection is None:
                continue
            shown = made.get(fetches)
            try:
                if shown is None:
                    shown = made[fetches] = _presented(fetches, answers.result())
            except StoreError as error:
                log.error("the history can't be read: %s", error)
                shown = [_unreadable(task.command)]
            except Exception:
                log.exception("a question to the history failed: this is a bug in Hubbub")
                shown = [BROKEN]
            connection.fill(task, self._gate.show(task.session, shown, label))
            self._go_on(task)


def _presented(fetches: Sequence[Fetch], answers: Answers) -> Sequence[Shown]:
    """What the rows that were asked for are shown as, all together."""
    shown: list[Shown] = []
    for fetch, rows in zip(fetches, answers, strict=True):
        shown.extend(fetch.present(rows))
    return shown


def _unreadable(command: str) -> Reply:
    """Says that the store couldn't answer."""
    code = "MESSAGE_ERROR" if command == "CHATHISTORY" else "INTERNAL_ERROR"
    text = "The history can't be read at the moment. Try again later."
    return Reply("FAIL", (command, code, text))
