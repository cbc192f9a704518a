"""Fan-out: from a batch's outputs to one write for each recipient.

Law: the cost is events + recipients, not events × recipients (design, law 8). A session that only
listened gets bytes that were joined once for all who saw the same; only a session that did
something itself, or came or went, is put together on its own.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import accumulate
from typing import Final, Protocol

from hubbub.core.ids import RoomId, SessionId
from hubbub.core.outputs import Deliver, Departed, Entered, Event, Renamed, Seen
from hubbub.core.state import State
from hubbub.edge.egress import Gate, follows, is_subscribed
from hubbub.edge.session import Session
from hubbub.edge.watches import Watches
from hubbub.edge.work import Shown


class Recipient(Protocol):
    """A local connection, as far as fan-out knows it."""

    session: Session

    def write(self, data: bytes) -> None:
        """Sends or queues; never raises for what the other side does."""

    def reserve(self, answer: object) -> None:
        """Keeps a place for an answer to come; what is written from here on waits behind it."""


Recipients = Mapping[SessionId, Recipient]
_OPEN: Final = 1 << 62
_THROUGHOUT: Final = ((0, _OPEN),)
_NOTHING: Final[frozenset[int]] = frozenset()


@dataclass(slots=True)
class _Answered:
    """What a session is shown directly: one item, or under a label all that a task shows it.

    `later` is the answer that it is to be shown here when it has been read, and nothing else.
    """

    label: str
    position: int
    shown: list[tuple[int, Shown]] = field(default_factory=list)
    later: object = None


@dataclass(slots=True)
class _Called:
    """From here on the session has another name."""

    position: int
    nick: str


@dataclass(slots=True)
class _Own:
    """The stream of a session that isn't like everybody's.

    `apart` are the positions of events that it doesn't hear with its rooms: they are hidden from
    it, or it is shown them itself. `spans` are the parts of a room's log that it was there for, as
    half-open ranges of positions in that room's log; a room without spans was seen throughout.
    """

    answers: list[_Answered | _Called] = field(default_factory=list)
    apart: set[int] = field(default_factory=set)
    spans: dict[RoomId, list[tuple[int, int]]] = field(default_factory=dict)


class _Run:
    """What a room was shown in a batch, joined, so that any stretch of it is one slice."""

    def __init__(self, places: Sequence[int], parts: Sequence[bytes]) -> None:
        self.places = places
        self.whole = b"".join(parts)
        self._ends = [0, *accumulate(map(len, parts))]

    def between(self, start: int, end: int) -> bytes:
        """What stands from the one index in `places` up to the other."""
        return self.whole[self._ends[start] : self._ends[end]]


class _Heard:
    """What one session heard of a run, from one index to another, read onwards."""

    def __init__(self, run: _Run, start: int, end: int, without: Sequence[int]) -> None:
        self._run = run
        self._next = start
        self._end = min(end, len(run.places))
        self._without = without

    def until(self, position: int) -> bytes:
        """What comes before a position and wasn't read yet."""
        if self._next >= self._end:
            return b""
        run, places = self._run, self._run.places
        stop = bisect_left(places, position, self._next, self._end)
        if stop <= self._next:
            return b""
        parts = []
        for hidden in self._without:
            index = bisect_left(places, hidden, self._next, stop)
            if index < stop and places[index] == hidden:
                parts.append(run.between(self._next, index))
                self._next = index + 1
        parts.append(run.between(self._next, stop))
        self._next = stop
        return b"".join(parts)


_SILENCE: Final = _Heard(_Run((), ()), 0, 0, ())
"""What somebody heard to whom nothing was shown but what it did itself."""


class Audiences:
    """Each room's local recipients by variant, remembered until its membership changes."""

    def __init__(self, recipients: Recipients) -> None:
        self._recipients = recipients
        self._known: dict[RoomId, tuple[int, int, dict[int, list[Recipient]]]] = {}
        self._epoch = 0

    def forget(self) -> None:
        """The state was loaded anew."""
        self._epoch += 1

    def changed(self, room_id: RoomId) -> None:
        """A session came to see the room or ceased to, with or without a change of its members, or
        has other capabilities."""
        self._known.pop(room_id, None)

    def of(self, state: State, room_id: RoomId) -> dict[int, list[Recipient]]:
        room = state.rooms_by_id.get(room_id)
        if room is None:
            self._known.pop(room_id, None)
            return {}
        known = self._known.get(room_id)
        if known is not None and known[0] == room.version and known[1] == self._epoch:
            return known[2]
        audience: dict[int, list[Recipient]] = {}
        for member in room.members.values():
            for session_id in member.user.sessions:
                recipient = self._recipients.get(session_id)
                if recipient is not None:
                    audience.setdefault(recipient.session.variant, []).append(recipient)
        self._known[room_id] = (room.version, self._epoch, audience)
        return audience


class Fanout:
    """Gathers one batch's outputs, then writes them.

    `start` and `end` frame each task; in between come its outputs, in order. Then, each once:
    `encode` if there is time for it, and `write` when the batch is stored.
    """

    def __init__(
        self, gate: Gate, recipients: Recipients, audiences: Audiences, watches: Watches
    ) -> None:
        self._gate = gate
        self._recipients = recipients
        self._audiences = audiences
        self._watches = watches
        self._events: list[Event | None] = []
        self._rooms: dict[RoomId, list[int]] = {}
        self._own: dict[SessionId, _Own] = {}
        self._encoded: dict[tuple[int, int], bytes] = {}
        self._runs: dict[tuple[RoomId, int], _Run] = {}
        self._keyed: list[int] = []
        """The positions of events that only those who subscribed to their key are shown."""
        self._labelled: _Answered | None = None
        self._session: SessionId | None = None
        self._label = ""

    # -- gathering ------------------------------------------------------------------------

    def start(self, session: SessionId, label: str) -> None:
        """What follows answers this session's command, under its label if it has one."""
        self._labelled = None
        self._session = session
        self._label = label

    def end(self, *, deferred: bool = False) -> None:
        """The command is done; one with a label and no answer is acknowledged unless deferred."""
        if self._label and self._session is not None and not deferred:
            self._events.append(None)
            self._answered(self._session, self._of(self._session))
        self._label = ""

    def answer(self, session: SessionId, *shown: Shown) -> None:
        """Shows one session something directly."""
        if shown:
            self._events.append(None)
            position = len(self._events) - 1
            own = self._of(session)
            self._answered(session, own).shown += [(position, item) for item in shown]

    def later(self, session: SessionId, answer: object) -> None:
        """The session is shown an answer of the store's here, before all that follows."""
        self._events.append(None)
        position = len(self._events) - 1
        self._of(session).answers.append(_Answered("", position, later=answer))

    def deliver(self, output: Deliver) -> None:
        position = len(self._events)
        event = output.event
        self._events.append(event)
        if event.key:
            self._keyed.append(position)
        for room in output.rooms:
            log = self._rooms.get(room)
            if log is None:
                log = self._rooms[room] = []
            log.append(position)
        for session in output.sessions:
            if session != output.author and session not in output.without:
                self._show_to(session, position, event)
        if output.watched is not None:
            told = (*output.sessions, *output.without)
            for session in self._watches.of(output.watched):
                if session not in told and self._follows(session, event):
                    self._show_to(session, position, event)
        if output.author is not None:
            self._echo(output.author, position, event)
        for session in output.without:
            self._of(session).apart.add(position)

    def seen(self, output: Seen) -> None:
        """Tells who watches a name that it came or went."""
        watchers, reply = self._watches.seen(output)
        for session in watchers:
            self.answer(session, reply)

    def _follows(self, session: SessionId, event: Event) -> bool:
        recipient = self._recipients.get(session)
        return recipient is not None and follows(recipient.session, event)

    def entered(self, output: Entered) -> None:
        self._audiences.changed(output.room)
        start = len(self._rooms.get(output.room, ()))
        for session in output.sessions:
            self._of(session).spans.setdefault(output.room, []).append((start, _OPEN))

    def departed(self, output: Departed) -> None:
        self._audiences.changed(output.room)
        end = len(self._rooms.get(output.room, ()))
        for session in output.sessions:
            spans = self._of(session).spans.setdefault(output.room, [])
            start = spans.pop()[0] if spans and spans[-1][1] == _OPEN else 0
            spans.append((start, end))

    def renamed(self, output: Renamed) -> None:
        """What these sessions were answered before still calls them by their old name."""
        for session in output.sessions:
            called = _Called(len(self._events) - 1, output.nick)
            self._of(session).answers.append(called)

    def _echo(self, author: SessionId, position: int, event: Event) -> None:
        recipient = self._recipients.get(author)
        if recipient is None:
            return
        if recipient.session.has("echo-message"):
            self._show_to(author, position, event)
        else:
            self._of(author).apart.add(position)

    def _of(self, session: SessionId) -> _Own:
        own = self._own.get(session)
        if own is None:
            own = self._own[session] = _Own()
        return own

    def _show_to(self, session: SessionId, position: int, event: Event) -> None:
        own = self._of(session)
        own.apart.add(position)
        self._answered(session, own).shown.append((position, event))

    def _answered(self, session: SessionId, own: _Own) -> _Answered:
        """Where what follows is shown to a session, whose own stream that is."""
        label = self._label if session == self._session else ""
        if label and self._labelled is not None:
            return self._labelled
        answer = _Answered(label, len(self._events) - 1)
        own.answers.append(answer)
        if label:
            self._labelled = answer
        return answer

    # -- writing --------------------------------------------------------------------------

    def encode(self, state: State) -> None:
        """Encodes what the rooms will be shown, so that it is there when the batch is stored."""
        for room in self._rooms:
            for variant in self._audiences.of(state, room):
                self._run(room, variant)

    def write(self, state: State) -> None:
        """Writes to each recipient once. `state` is as the batch left it."""
        if len(self._rooms) == 1:
            ((room, log),) = self._rooms.items()
            self._write_room(state, room, log)
        elif self._rooms:
            self._write_rooms(state)
        for session_id, own in self._own.items():
            recipient = self._recipients.get(session_id)
            if recipient is not None:
                self._write_own(state, recipient, own)

    def _write_own(self, state: State, recipient: Recipient, own: _Own) -> None:
        """Writes what one session is shown: its answers, and what its rooms were shown between them.

        That is one write, or one between any two places that are kept for answers to come.
        """
        session = recipient.session
        heard = self._heard(state, session, own)
        parts: list[bytes] = []
        for answer in own.answers:
            parts.append(heard.until(answer.position))
            if isinstance(answer, _Called):
                session.nick = answer.nick
            elif answer.later is not None:
                _write(recipient, b"".join(parts))
                parts = []
                recipient.reserve(answer.later)
            else:
                parts.append(self._show(session, answer))
        parts.append(heard.until(_OPEN))
        _write(recipient, b"".join(parts))

    def _write_room(self, state: State, room: RoomId, log: list[int]) -> None:
        apart = {self._recipients.get(session) for session in self._own}
        for variant, recipients in self._audiences.of(state, room).items():
            if self._keyed:
                self._write_subscribed(
                    log, variant, [one for one in recipients if one not in apart]
                )
                continue
            data = self._run(room, variant).whole
            if not data:
                continue
            for recipient in recipients:
                if recipient not in apart:
                    recipient.write(data)

    def _write_subscribed(
        self, log: list[int], variant: int, recipients: Iterable[Recipient]
    ) -> None:
        """Those who subscribed to the same of this batch's keys share their bytes."""
        joined: dict[frozenset[int], bytes] = {}
        for recipient in recipients:
            passed = self._passed_over(recipient.session)
            data = joined.get(passed)
            if data is None:
                data = joined[passed] = self._join(log, variant, passed)
            _write(recipient, data)

    def _passed_over(self, session: Session) -> frozenset[int]:
        """The events of this batch whose keys a session didn't subscribe to."""
        if not self._keyed:
            return _NOTHING
        return frozenset(
            position
            for position in self._keyed
            if (event := self._events[position]) is not None and not is_subscribed(session, event)
        )

    def _write_rooms(self, state: State) -> None:
        """Several rooms: sessions in the same of them, with the same variant, share their bytes."""
        rooms_of: dict[Recipient, tuple[RoomId, ...]] = {}
        for room in self._rooms:
            for recipients in self._audiences.of(state, room).values():
                for recipient in recipients:
                    rooms_of[recipient] = (*rooms_of.get(recipient, ()), room)
        joined: dict[tuple[tuple[RoomId, ...], int, frozenset[int]], bytes] = {}
        for recipient, rooms in rooms_of.items():
            session = recipient.session
            if session.id in self._own:
                continue
            key = (rooms, session.variant, self._passed_over(session))
            data = joined.get(key)
            if data is None:
                data = joined[key] = self._shown_in(*key)
            _write(recipient, data)

    def _shown_in(self, rooms: tuple[RoomId, ...], variant: int, passed: frozenset[int]) -> bytes:
        """What these rooms were shown in the batch, but for the positions that are `passed`."""
        if len(rooms) == 1 and not passed:
            return self._run(rooms[0], variant).whole
        positions = sorted(set().union(*(self._rooms[room] for room in rooms)))
        return self._join(positions, variant, passed)

    def _join(
        self, positions: Iterable[int], variant: int, passed: frozenset[int] = _NOTHING
    ) -> bytes:
        if passed:
            positions = [position for position in positions if position not in passed]
        return b"".join([self._encode(position, variant) for position in positions])

    def _encode(self, position: int, variant: int) -> bytes:
        data = self._encoded.get((position, variant))
        if data is None:
            event = self._events[position]
            data = b"" if event is None else self._gate.encode(event, variant)
            self._encoded[position, variant] = data
        return data

    def _show(self, session: Session, answer: _Answered) -> bytes:
        if len(answer.shown) == 1 and not answer.label:
            position, item = answer.shown[0]
            if item is self._events[position] and not item.key:
                return self._encode(position, session.variant)
        return self._gate.show(session, [item for _, item in answer.shown], answer.label)

    def _heard(self, state: State, session: Session, own: _Own) -> _Heard:
        """What the session's rooms were shown while it was in them, but for what is `apart`."""
        rooms = self._present(state, session, own)
        if not rooms:
            return _SILENCE
        apart = own.apart | self._passed_over(session)
        if len(rooms) == 1:
            ((room, spans),) = rooms.items()
            if apart.issuperset(self._rooms[room]):
                return _SILENCE  # as in a room in which nobody else spoke
            if len(spans) == 1:
                # As in a storm of joins: many who come in one batch, each hearing those after it.
                run = self._run(room, session.variant)
                return _Heard(run, *spans[0], sorted(apart))
        heard: set[int] = set()
        for room, spans in rooms.items():
            for start, end in spans:
                heard.update(self._rooms[room][start:end])
        places = sorted(heard - apart)
        parts = [self._encode(position, session.variant) for position in places]
        return _Heard(_Run(places, parts), 0, _OPEN, ())

    def _present(
        self, state: State, session: Session, own: _Own
    ) -> dict[RoomId, Sequence[tuple[int, int]]]:
        """The parts of the rooms' logs that a session was there for."""
        presence = state.sessions.get(session.id)
        rooms: dict[RoomId, Sequence[tuple[int, int]]] = {
            room: spans for room, spans in own.spans.items() if room in self._rooms
        }
        here: Mapping[RoomId, object] = presence.user.memberships if presence is not None else {}
        told: Mapping[RoomId, object] = self._rooms
        few, many = (here, told) if len(here) < len(told) else (told, here)
        for room in few:
            if room in many and room not in own.spans:
                rooms[room] = _THROUGHOUT
        return rooms

    def _run(self, room: RoomId, variant: int) -> _Run:
        run = self._runs.get((room, variant))
        if run is None:
            log = self._rooms[room]
            run = _Run(log, [self._encode(position, variant) for position in log])
            self._runs[room, variant] = run
        return run


def _write(recipient: Recipient, data: bytes) -> None:
    if data:
        recipient.write(data)
