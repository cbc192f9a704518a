"""A whole chat in memory: lines in, lines out, no sockets, no clock, no threads.

`World` runs sessions through the real dispatch, apply and egress gate, one line at a time.
`PlainFanout` delivers by the definition, event by event and recipient by recipient; the server's
fast fan-out has to give every session the same bytes.
"""

from __future__ import annotations

import base64
from collections.abc import Callable, Iterable, Mapping, Sequence

from hubbub.commands.arrival import introduction
from hubbub.commands.dispatch import dispatch
from hubbub.commands.metadata import of_arrived, of_watched
from hubbub.core import entries
from hubbub.core.apply import apply, begin
from hubbub.core.batches import AnyEntry, Batch
from hubbub.core.ids import NO_SESSION, RoomId, SessionId, session_id
from hubbub.core.kept import Row
from hubbub.core.outputs import (
    Answer,
    Deliver,
    Departed,
    Entered,
    HangUp,
    Introduced,
    LoggedIn,
    Output,
    Record,
    Renamed,
    Seen,
    Settled,
)
from hubbub.core.purging import step, wanted
from hubbub.core.rules import Rules
from hubbub.core.state import Changes, State
from hubbub.core.tables import COLUMNS, KEY_WIDTH, LOAD_ORDER, load
from hubbub.edge.credentials import Made, Make
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
    Work,
)
from hubbub.irc.names import fold_nick
from hubbub.irc.replies import Refused, Reply
from tests.credentials import find_out
from tests.naive_history import NaiveHistory

NODE = 1
LOG_ID = "worlds"
START = 1_700_000_000_000
RULES = Rules(server_name="hub.test", network="Test", replay_lines=0, cloaks=False)
ALL_CAPABILITIES = (
    "away-notify batch draft/chathistory draft/event-playback echo-message hubbub/device "
    "hubbub/once labeled-response message-tags multi-prefix server-time standard-replies"
)


class PlainFanout:
    """Delivers by the definition, at once. Frame each task with `start` and `end`.

    - A session sees what a room is shown from an Entered for it until a Departed.
    - It sees an event once, however many ways lead to it, never one it is excepted from, and one
      that it wrote itself only if it asked for echoes.
    - All that a task shows its own session is its answer: under a label that is one response (the
      bare acknowledgement when there is nothing), and it comes when the task ends.
    - How a line looks follows from the capabilities that the session has when it is written.

    `written` has each session's bytes; the caller may clear it.
    """

    def __init__(self, gate: Gate, sessions: Mapping[SessionId, Session], watches: Watches) -> None:
        self._gate = gate
        self._sessions = sessions
        self._watches = watches
        self._audiences: dict[RoomId, dict[SessionId, None]] = {}
        self._session: SessionId | None = None
        self._label = ""
        self._answer: list[Shown] = []
        self.written: dict[SessionId, bytes] = {}

    def start(self, session: SessionId, label: str) -> None:
        self._session, self._label, self._answer = session, label, []

    def end(self, *, deferred: bool = False) -> None:
        """Ends the task; with `deferred` its label is answered later, by what the store says."""
        if self._label and self._session is not None and (self._answer or not deferred):
            self.show(self._session, self._answer, self._label)
        self._session, self._label = None, ""

    def answer(self, session: SessionId, shown: Shown) -> None:
        if session == self._session and self._label:
            self._answer.append(shown)
        else:
            self.show(session, (shown,), "")

    def deliver(self, output: Deliver) -> None:
        for session in self.recipients(output):
            self.answer(session, output.event)

    def recipients(self, output: Deliver) -> list[SessionId]:
        """Who is shown an event, each once."""
        reached: dict[SessionId, None] = {}
        for room in output.rooms:
            reached |= self._audiences.get(room, {})
        reached |= dict.fromkeys(output.sessions)
        if output.watched is not None:
            for session in self._watches.of(output.watched):
                if session in self._sessions and (
                    self._sessions[session].has("extended-monitor") or output.event.key
                ):
                    reached[session] = None
        return [
            session
            for session in reached
            if session not in output.without
            and session in self._sessions
            and (session != output.author or self._sessions[session].has("echo-message"))
        ]

    def seen(self, output: Seen) -> None:
        watchers, reply = self._watches.seen(output)
        for session in watchers:
            self.answer(session, reply)

    def entered(self, output: Entered) -> None:
        self._audiences.setdefault(output.room, {}).update(dict.fromkeys(output.sessions))

    def departed(self, output: Departed) -> None:
        audience = self._audiences.get(output.room, {})
        for session in output.sessions:
            audience.pop(session, None)

    def show(self, session: SessionId, shown: Sequence[Shown], label: str) -> None:
        known = self._sessions.get(session)
        if known is not None:
            self.write(session, self._gate.show(known, shown, label))

    def write(self, session: SessionId, data: bytes) -> None:
        self.written[session] = self.written.get(session, b"") + data


class Person:
    """One connection, as whoever sits at it knows it."""

    def __init__(self, world: World, session: Session) -> None:
        self.world = world
        self.session = session
        self.closed = False
        self._heard = b""

    def send(self, *lines: str | bytes) -> None:
        """Sends lines, without their ends."""
        for line in lines:
            self.world.receive(self, line.encode() if isinstance(line, str) else line)

    def heard(self) -> list[str]:
        """What came since the last time this was asked."""
        text, self._heard = self._heard.decode(), b""
        assert not text or text.endswith("\r\n")
        lines = text.split("\r\n")[:-1]
        assert all(line and not set(line) & {"\r", "\n", "\0"} for line in lines)
        return lines

    def ask(self, *lines: str | bytes) -> list[str]:
        """Forgets what came before, sends lines and returns what came since."""
        self.heard()
        self.send(*lines)
        return self.heard()

    def hear(self, data: bytes) -> None:
        self._heard += data

    def lose(self, reason: str = "Connection lost") -> None:
        """The connection breaks."""
        self.world.lose(self, reason)


class World:
    """One server without its edges.

    Each line is a batch of its own, a second after the one before. `tables` has the rows that a
    store would have; `restart` begins again from them.
    """

    def __init__(self, rules: Rules = RULES) -> None:
        self.rules = rules
        self.state = State(LOG_ID, rules)
        self.history = NaiveHistory()
        self.tables: dict[str, dict[Row, Row]] = {table: {} for table in COLUMNS}
        self.batches: list[Batch] = []
        self.clock = START
        self._people: dict[SessionId, Person] = {}
        self._sessions: dict[SessionId, Session] = {}
        self._gate = Gate(rules.server_name, LOG_ID)
        self._epoch = 0
        self._number = 0
        self._watches = Watches()
        self._fanout = PlainFanout(self._gate, self._sessions, self._watches)
        self.restart()

    def restart(self) -> None:
        """The server stops without a word and starts again from what it had stored."""
        self.state = load(LOG_ID, self.rules, stored(self.tables))
        self._people.clear()
        self._sessions.clear()
        self._watches = Watches()
        self._fanout = PlainFanout(self._gate, self._sessions, self._watches)
        self._epoch += 1
        self._number = 0
        self.operate(entries.NodeStarted(NO_SESSION, NODE, self._epoch, self.rules))

    # -- connections ----------------------------------------------------------------------

    def arrive(
        self,
        *,
        host: str = "host.test",
        secure: bool = False,
        invite: str = "",
        address: str = "",
    ) -> Person:
        """A connection that has said nothing yet, from an address of which others see the host."""
        number = len(self._people) + len(self.batches) + 1
        session = Session(session_id(NODE, self._epoch, number), host, secure=secure, invite=invite)
        session.address = address
        person = Person(self, session)
        self._people[session.id] = person
        self._sessions[session.id] = session
        return person

    def connect(
        self,
        nick: str,
        capabilities: str = "",
        *,
        host: str = "host.test",
        secure: bool = False,
        device: str = "",
        password: str = "",
        address: str = "",
    ) -> Person:
        """Somebody registered and in the lobby; nobody has heard anything yet.

        With a password somebody logged in to the account of that name.
        """
        person = self.arrive(host=host, secure=secure, address=address)
        person.send(f"CAP REQ :{capabilities}")
        if password:
            response = base64.b64encode(f"\0{nick}\0{password}".encode()).decode()
            person.send("CAP REQ sasl", "AUTHENTICATE PLAIN", f"AUTHENTICATE {response}")
        if device:
            person.send(f"DEVICE {device}")
        person.send(f"NICK {nick}", f"USER {nick} 0 * :{nick.title()} Example", "CAP END")
        assert person.session.phase is Phase.REGISTERED, person.heard()
        for anybody in self._people.values():
            anybody.heard()
        return person

    def enter(self, nick: str, capabilities: str = ALL_CAPABILITIES, room: str = "#room") -> Person:
        """Somebody who is in a room besides the lobby, who made it if nobody had; heard nothing yet."""
        person = self.connect(nick, capabilities)
        person.ask(f"JOIN {room}")
        return person

    def pass_time(self, milliseconds: int) -> None:
        """Nothing happens for a while."""
        self.clock += milliseconds

    # -- what comes in --------------------------------------------------------------------

    def receive(self, person: Person, line: bytes) -> None:
        assert not person.closed, "a closed connection sends nothing"
        self.clock += 1_000
        task = dispatch(person.session, line, self.rules)
        if task is not None:
            self._run(task)

    def lose(self, person: Person, reason: str) -> None:
        self.clock += 1_000
        session = person.session
        person.closed = True
        session.phase = Phase.CLOSED
        self._forget(session.id)
        self._run(Task(session, (entries.Close(session.id, reason, True),)))

    def operate(self, entry: AnyEntry) -> list[Reply]:
        """Does something as the operator; returns what it was refused with."""
        console = Session(NO_SESSION, "localhost", secure=True)
        console.phase = Phase.REGISTERED
        return self._run(Task(console, (entry,)))

    def account(self, name: str, password: str = "password", role: str = "member") -> None:
        """The operator makes an account."""
        made = find_out(Make(password), self.state)
        assert isinstance(made, Made)
        entry = entries.Register(NO_SESSION, name, made.verifier, made.scram, role=role)
        assert self.operate(entry) == []

    def submit(self, person: Person, entry: AnyEntry) -> None:
        """Does what a command of this person's would put into the log."""
        self.clock += 1_000
        self._run(Task(person.session, (entry,)))

    def sweep(self) -> int:
        """Carries out the purges that are under way, as the server does; how many steps it took."""
        steps = 0
        while self.state.purges:
            purge = next(iter(self.state.purges.values()))
            assert self.operate(step(purge, self.history.answer(wanted(purge)))) == []  # type: ignore[arg-type]
            steps += 1
        return steps

    def bring_about(self, change: Callable[[State, list[Output]], None]) -> None:
        """Has something happen that no entry asks for yet."""
        outputs: list[Output] = []
        change(self.state, outputs)
        self._gather(outputs)
        self._store(self.state.take_changes())
        self._speak()

    # -- one batch ------------------------------------------------------------------------

    def _run(self, task: Task) -> list[Reply]:
        session, fanout = task.session, self._fanout
        work = list(_with_close(task))
        batched = tuple(item for item in work if isinstance(item, entries.Entry))
        self.state.local_time = self.clock
        if batched:
            self._number += 1
            batch = Batch(NODE, self._epoch, self._number, self.clock, batched)
            self.batches.append(batch)
            assert begin(self.state, batch)
        fanout.start(session.id, task.label)
        fetches: list[Fetch] = []
        refusals: list[Reply] = []
        follow: Verify | Find | None = None
        shown = turned_away = False
        for item in work:
            if isinstance(item, (Reply, Batched, Block)):
                fanout.answer(session.id, item)
                shown = True
            elif isinstance(item, Verify):
                follow = item
            elif isinstance(item, Watch):
                told: list[Shown] = [
                    *self._watches.answer(session.id, item, self.state),
                    *of_watched(session, item, self._watches, self.state),
                ]
                for reply in told:
                    fanout.answer(session.id, reply)
                    shown = True
            elif isinstance(item, Goodbye):
                self._hang_up(HangUp(session.id, item.reason))
            elif isinstance(item, Lookup):
                for found in self._look_up(session, item):
                    if isinstance(found, (Find, Verify)):
                        follow = found
                    elif isinstance(found, Fetch):
                        fetches.append(found)
                    else:
                        fanout.answer(session.id, found)
                        shown = True
            elif not turned_away:
                outputs = apply(self.state, item)
                refusals += self._gather(outputs)
                shown = True
                turned_away = (
                    isinstance(item, entries.Open) and session.id not in self.state.sessions
                )
        fanout.end(deferred=bool(follow or fetches) and not shown)
        answers = [item for fetch in fetches for item in self._fetch(fetch)]
        if fetches:
            fanout.show(session.id, answers, "" if shown else task.label)
        self._store(self.state.take_changes())
        self._speak()
        if follow is not None:
            refusals += self._follow(task, follow)
        return refusals

    def _follow(self, task: Task, asked: Verify | Find) -> list[Reply]:
        work: Sequence[Work]
        try:
            if isinstance(asked, Verify):
                work = asked.then(find_out(asked.wanted, self.state))
            else:
                work = asked.then(self.history.answer(asked.question))
        except Refused as refused:
            work = refused.replies
        return self._run(Task(task.session, work, task.label, task.command))

    def _look_up(self, session: Session, lookup: Lookup) -> Sequence[Shown | Fetch | Find | Verify]:
        if session.id not in self.state.sessions and not lookup.early:
            return ()
        try:
            return lookup.read(session, self.state)
        except Refused as refused:
            return refused.replies

    def _fetch(self, fetch: Fetch) -> Sequence[Shown]:
        return fetch.present(self.history.answer(fetch.question))

    def _gather(self, outputs: Iterable[Output]) -> list[Reply]:
        refusals: list[Reply] = []
        for output in outputs:
            if isinstance(output, Deliver):
                self._fanout.deliver(output)
            elif isinstance(output, Record):
                self.history.keep(output.row)
            elif isinstance(output, Answer):
                if output.session == NO_SESSION:
                    refusals.append(output.reply)
                else:
                    self._fanout.answer(output.session, output.reply)
            elif isinstance(output, Entered):
                self._fanout.entered(output)
            elif isinstance(output, Introduced):
                for session in output.sessions:
                    for item in introduction(self._sessions[session], self.state, output):
                        self._fanout.answer(session, item)
            elif isinstance(output, Departed):
                self._fanout.departed(output)
            elif isinstance(output, Seen):
                self._fanout.seen(output)
                for watcher in self._watches.of(fold_nick(output.nick)):
                    for event in of_arrived(self.state, output):
                        self._fanout.answer(watcher, event)
            elif isinstance(output, Settled):
                self._sessions[output.session].settle(output.nick)
            elif isinstance(output, LoggedIn):
                registration = self._sessions[output.session].registration
                assert registration is not None
                registration.log_in(output.account)
            elif isinstance(output, Renamed):
                for session in output.sessions:
                    self._sessions[session].nick = output.nick
            else:
                self._hang_up(output)
        return refusals

    def _hang_up(self, output: HangUp) -> None:
        person = self._people.get(output.session)
        if person is None:
            return
        self._speak()
        person.hear(self._gate.error(output.reason))
        person.closed = True
        person.session.phase = Phase.CLOSED
        self._forget(output.session)

    def _forget(self, session: SessionId) -> None:
        self._people.pop(session, None)
        self._sessions.pop(session, None)
        self._watches.forget(session)

    def _store(self, changes: Changes) -> None:
        for table, rows in changes.items():
            for key, row in rows.items():
                if row is None:
                    self.tables[table].pop(key, None)
                else:
                    assert row[: KEY_WIDTH[table]] == key
                    assert len(row) == len(COLUMNS[table])
                    self.tables[table][key] = row

    def _speak(self) -> None:
        written, self._fanout.written = self._fanout.written, {}
        for session, data in written.items():
            if session in self._people:
                self._people[session].hear(data)


def _with_close(task: Task) -> Iterable[Work]:
    """A task's work, with the entry that a goodbye makes for a registered session before it."""
    for item in task.work:
        if isinstance(item, Goodbye) and task.session.registration is None:
            yield entries.Close(task.session.id, item.reason)
        yield item


def stored(tables: Mapping[str, Mapping[Row, Row]]) -> dict[str, list[Row]]:
    """The tables' rows in the order in which `load` is given them."""
    loaded: dict[str, list[Row]] = {}
    for table, columns in COLUMNS.items():
        order = LOAD_ORDER[table].split(", ")
        indexes = [columns.index(column) for column in order]
        loaded[table] = sorted(
            tables[table].values(),
            key=lambda row: tuple(row[index] for index in indexes),
        )
    return loaded
