"""One batch between apply and release: the work of its tasks, and all that comes of it.

Law: work is done in the order of the lines it came from, and what comes of it is only gathered;
the hub shows it, or doesn't.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from typing import Final

from hubbub.commands.arrival import introduction
from hubbub.commands.metadata import of_arrived, of_watched
from hubbub.core import entries
from hubbub.core.apply import apply
from hubbub.core.batches import AnyEntry
from hubbub.core.ids import NO_SESSION, SessionId
from hubbub.core.outputs import (
    Answer,
    Deliver,
    Departed,
    Entered,
    Fact,
    HangUp,
    Introduced,
    LoggedIn,
    Output,
    Record,
    Renamed,
    Seen,
    Settled,
)
from hubbub.core.state import State
from hubbub.edge.session import Session
from hubbub.edge.watches import Watches
from hubbub.edge.work import Fetch, Find, Goodbye, Lookup, Shown, Task, Verify, Watch, Work
from hubbub.irc.names import fold_nick
from hubbub.irc.replies import Refused, Reply
from hubbub.server import logs
from hubbub.server.connection import Connection
from hubbub.server.fanout import Fanout

log = logging.getLogger("hubbub.hub")

SORRY: Final = "Something went wrong inside the server"
BROKEN: Final = Reply("FAIL", ("*", "INTERNAL_ERROR", SORRY))
"""What somebody is told whose line met a bug of ours."""

Asked = list[Fetch] | Find | Verify
"""What a task asked: questions for the store to show the answers of, or one thing to go on from."""


class Flight:
    """A batch on its way.

    `tasks` are its tasks, `records` what it adds to the history, `fates` what becomes of sessions;
    `fanout` has what is to be shown.
    """

    def __init__(
        self,
        tasks: Sequence[Task],
        fanout: Fanout,
        state: State,
        connections: Mapping[SessionId, Connection],
        watches: Watches,
    ) -> None:
        self.tasks = tasks
        self.fanout = fanout
        self.records: list[Fact] = []
        self.fates: list[Settled | LoggedIn | HangUp] = []
        self.lookups: list[tuple[Task, Asked, str]] = []
        """The tasks that asked something, for whose end their sessions wait: with what they asked,
        and the label that their answer still has to carry."""
        self.refusals: dict[int, list[Reply]] = {}
        """What the operator's tasks were refused with, by the task's identity."""
        self.ghosts = False
        """Whether the state may have a session that is being closed for a bug of ours."""
        self._state = state
        self._connections = connections
        self._watches = watches
        self._running = 0
        self._debug = logs.is_debug()

    def run(self, task: Task) -> None:
        """Does one task's work in order and gathers what comes of it."""
        fanout, session = self.fanout, task.session
        self._running = id(task)
        fanout.start(session.id, task.label)
        fetches: list[Fetch] = []
        shown, refused = False, False
        asked: Find | Verify | None = None
        looked = False
        for work in task.work:
            if isinstance(work, entries.Entry):
                if self._debug:
                    logs.entry(work)
                outputs = self._apply(work)
                if not refused:
                    self._gather(outputs)
                    shown = True
                if type(work) is entries.Open:
                    refused |= not any(type(one) is Settled and one.nick for one in outputs)
            elif isinstance(work, Lookup):
                looked = True
                if not refused:
                    found = self._look_up(session, work, fetches)
                    shown |= found is True
                    asked = found if isinstance(found, (Find, Verify)) else asked
            elif isinstance(work, Watch):
                shown |= self._watch(session, work)
            elif isinstance(work, Goodbye):
                self.fates.append(HangUp(session.id, work.reason))
            elif isinstance(work, Verify):
                looked = True
                asked = work
            else:
                fanout.answer(session.id, work)
                shown = True
        if looked:
            self.lookups.append((task, asked or fetches, "" if shown else task.label))
        if task.label:
            fanout.end(deferred=bool(asked or fetches) and not shown)
        if fetches:
            fanout.later(session.id, task)

    def _apply(self, entry: AnyEntry) -> list[Output]:
        try:
            return apply(self._state, entry)
        except Exception:
            # Without its text: the log has nothing that people said to each other.
            kind, session = type(entry).__name__, entry.session
            log.exception("a %s of session %s failed: this is a bug in Hubbub", kind, session)
            outputs: list[Output] = [Answer(session, BROKEN)]
            if isinstance(entry, entries.Open):
                self.ghosts = True
                outputs.append(HangUp(session, SORRY))
            return outputs

    def _look_up(
        self, session: Session, lookup: Lookup, fetches: list[Fetch]
    ) -> bool | Find | Verify:
        """Answers from the state; questions for the store are gathered, or returned if work is to
        be made of the answer. True when it showed something."""
        items: Sequence[Shown | Fetch | Find | Verify]
        try:
            known = session.id in self._state.sessions or session.id == NO_SESSION
            if not (known or lookup.early):
                return False
            items = lookup.read(session, self._state)
        except Refused as refused:
            items = refused.replies
        except Exception:
            log.exception("a lookup failed: this is a bug in Hubbub")
            items = (BROKEN,)
        shown: list[Shown] = []
        asked: Find | Verify | None = None
        for item in items:
            if isinstance(item, (Find, Verify)):
                asked = item
                break
            if isinstance(item, Fetch):
                fetches.append(item)
            else:
                shown.append(item)
        self.fanout.answer(session.id, *shown)
        return asked or bool(shown)

    def _watch(self, session: Session, watch: Watch) -> bool:
        """Does a line of MONITOR, unless its connection is gone. True when it showed something."""
        if session.id not in self._connections or session.id not in self._state.sessions:
            return False
        shown: list[Shown] = [
            *self._watches.answer(session.id, watch, self._state),
            *of_watched(session, watch, self._watches, self._state),
        ]
        self.fanout.answer(session.id, *shown)
        return bool(shown)

    def _gather(self, outputs: list[Output]) -> None:
        fanout = self.fanout
        for output in outputs:
            kind = type(output)
            if kind is Deliver:
                fanout.deliver(output)  # type: ignore[arg-type]
            elif kind is Record:
                self.records.append(output.row)  # type: ignore[union-attr]
            elif kind is Answer:
                if output.session == NO_SESSION:  # type: ignore[union-attr]
                    refusals = self.refusals.setdefault(self._running, [])
                    refusals.append(output.reply)  # type: ignore[union-attr]
                else:
                    fanout.answer(output.session, output.reply)  # type: ignore[union-attr]
            elif kind is Entered:
                fanout.entered(output)  # type: ignore[arg-type]
            elif kind is Introduced:
                self._introduce(output)  # type: ignore[arg-type]
            elif kind is Departed:
                fanout.departed(output)  # type: ignore[arg-type]
            elif kind is Renamed:
                fanout.renamed(output)  # type: ignore[arg-type]
            elif kind is Seen:
                self._see(output)  # type: ignore[arg-type]
            else:
                self.fates.append(output)  # type: ignore[arg-type]

    def _see(self, output: Seen) -> None:
        self.fanout.seen(output)
        told = of_arrived(self._state, output)
        for watcher in self._watches.of(fold_nick(output.nick)) if told else ():
            for event in told:
                self.fanout.answer(watcher, event)

    def _introduce(self, output: Introduced) -> None:
        for session in output.sessions:
            connection = self._connections.get(session)
            if connection is not None:
                self.fanout.answer(session, *introduction(connection.session, self._state, output))


UNDER_WAY: Final = 16
"""How many of a session's tasks may ask something at a time, as long as none holds up the next."""


def asks(task: Task) -> int:
    """How much of what a session may ask at a time a task takes; none for one that asks nothing.

    Answers come in their order however many are under way (`Connection.reserve`).
    """
    asked = 0
    for work in task.work:
        if type(work) is Verify or (type(work) is Lookup and work.holds):
            return UNDER_WAY
        if type(work) is Lookup:
            asked = 1
    return asked


def with_close(task: Task) -> Task:
    """A task that says goodbye, with the entry by which a registered session's user leaves."""
    session, work = task.session, list[Work]()
    for item in task.work:
        if isinstance(item, Goodbye) and session.registration is None:
            work.append(entries.Close(session.id, item.reason))
        work.append(item)
    return Task(session, work, task.label, task.command)
