"""How what was missed is fetched: one question at a time, room after room, then the whispers.

First joining asks for the latest; coming back asks for what is after the last thing shown, page by
page until a page meets what comes live. A question that the server refuses or doesn't answer ends in a
`Gap` that the person is told about, never in silence. https://ircv3.net/specs/extensions/chathistory
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from enum import Enum

from hubbub.client.events import (
    CaughtUp,
    Event,
    Gap,
    Happening,
    HistoryShown,
    MessageShown,
    Refused,
    SearchShown,
)
from hubbub.client.timeline import Conversation, Timeline, timestamp

FIRST_LOOK = 50
"""Messages shown of a room that is joined for the first time."""
ANSWER_WITHIN = 20.0
"""Seconds until a question counts as unanswered."""
PAGES_MOST = 200
FUZZ = 10.0
"""Seconds by which the server's clocks may disagree with each other."""
FAR_FUTURE = "timestamp=2999-12-31T23:59:59.999Z"
TARGETS_MOST = 100


class Aim(Enum):
    """Why a question is asked."""

    MISSED = "what came after the last thing shown"
    LATEST = "the latest, on joining for the first time"
    FALLBACK = "the latest, because the last thing shown is unknown to the server"
    TARGETS = "who whispered"
    AGAIN = "the latest, which the person wants to see again"
    OLDER = "what the person wants to read again"
    SEARCH = "what the person searches"


_THE_PERSONS = (Aim.AGAIN, Aim.OLDER, Aim.SEARCH)


@dataclass(slots=True)
class Question:
    """One question to the history. `key` is the conversation's folded name."""

    aim: Aim
    key: str = ""
    name: str = ""
    params: tuple[str, ...] = ()
    pages: int = 0
    shown: int = 0
    label: str = ""
    asked_at: float = 0.0
    most: int = 0
    """How many messages of the answer are wanted."""
    command: str = "CHATHISTORY"


@dataclass(slots=True)
class Abilities:
    """What this connection's history can do."""

    history: bool = False
    page: int = 100
    references: tuple[str, ...] = ("msgid", "timestamp")


@dataclass(slots=True)
class _Whispers:
    holding: bool = False
    lower: str = ""
    waiting: set[str] = field(default_factory=set)


class CatchUp:
    """The questions to the history of one connection.

    `ask(command, params)` sends a line and gives its label; `emit(event)` shows.
    """

    def __init__(
        self,
        timeline: Timeline,
        ask: Callable[[str, tuple[str, ...]], str],
        emit: Callable[[Event], None],
        is_room: Callable[[str], bool],
        fold: Callable[[str], str],
    ) -> None:
        self._timeline = timeline
        self._ask = ask
        self._emit = emit
        self._is_room = is_room
        self._fold = fold
        self._queue: deque[Question] = deque()
        self._asked: Question | None = None
        self._whispers = _Whispers()
        self._owed = ""
        """From when on whispers may have been missed, until a catch-up of them has come to its end."""
        self._open = False
        self._rooms_waiting: list[tuple[str, str]] = []
        self.abilities = Abilities()

    @property
    def busy(self) -> bool:
        """True while a question waits or is unanswered."""
        return self._asked is not None or bool(self._queue) or bool(self._rooms_waiting)

    def holds(self, key: str) -> bool:
        """True while live happenings of this conversation wait, and so must what we say there."""
        if self._timeline.is_held(key):
            return True
        return self._whispers.holding and not self._is_room(key)

    def reset(self) -> None:
        """The connection is gone: so are its questions."""
        self._queue.clear()
        self._asked = None
        self._whispers = _Whispers()
        self._open = False
        self._rooms_waiting.clear()
        self.abilities = Abilities()
        self._timeline.connection_lost()

    # --- what begins a catch-up

    def room_joined(self, key: str, name: str, own_join: str | None, now: float) -> None:
        """We are in a room (again)."""
        conversation = self._timeline.conversation(key, name)
        if not self.abilities.history:
            if conversation.last is not None:
                self._emit(Gap(name, "this server keeps no history for us"))
            return
        if conversation.holding:
            return
        self._timeline.hold(conversation, own_join)
        self._rooms_waiting.append((key, name))
        self._advance(now)

    def moved(self, old: str, key: str, name: str) -> None:
        """A room is called `name` now: what is still to be asked is asked under that."""
        self._timeline.moved(old, key, name)
        for question in (self._asked, *self._queue):
            if question is not None and question.key == old:
                was, question.key, question.name = question.name, key, name
                question.params = tuple(name if word == was else word for word in question.params)
        self._rooms_waiting = [
            (key, name) if waiting == old else (waiting, called)
            for waiting, called in self._rooms_waiting
        ]

    def welcome_over(self, abilities: Abilities, now: float) -> None:
        """The server has said what it can do: questions may be asked."""
        self.abilities = abilities
        self._open = True
        if self._whispers.holding:
            params = ("TARGETS", self._whispers.lower, FAR_FUTURE, str(TARGETS_MOST))
            self._queue.append(Question(Aim.TARGETS, params=params))
        self._advance(now)

    def welcomed_again(self) -> None:
        """We are back: whispers are held back until it is known who whispered meanwhile."""
        latest = self._timeline.latest
        if not self.abilities.history or latest is None:
            return
        if "timestamp" not in self.abilities.references:
            return
        # A catch-up that was cut off missed more than what came since the last line seen.
        self._owed = self._owed or timestamp(latest, FUZZ)
        self._whispers = _Whispers(True, self._owed)
        for key, conversation in self._timeline.all():
            if not self._is_room(conversation.name):
                self._timeline.hold(conversation)
                self._whispers.waiting.add(key)

    def hold_whisper(self, key: str, name: str) -> Conversation:
        """The conversation of a whisper that arrives now, held back while the whispers catch up."""
        conversation = self._timeline.conversation(key, name)
        if self._whispers.holding and key not in self._whispers.waiting:
            self._timeline.hold(conversation)
            self._whispers.waiting.add(key)
        return conversation

    def older(self, key: str, name: str, count: int, now: float) -> None:
        """The person wants to read `count` happenings from before what was shown."""
        first = self._timeline.conversation(key, name).first
        reference = first.reference(self.abilities.references) if first else None
        count = min(count, self.abilities.page)
        params = ("BEFORE", name, reference) if reference else ("LATEST", name, "*")
        self._queue.append(Question(Aim.OLDER, key, name, (*params, str(count))))
        self._advance(now)

    def again(self, key: str, name: str, count: int, everything: bool, now: float) -> bool:
        """The person wants the last `count` messages again; False when none were seen yet.

        `everything`: pages hold comings and goings, too, so that messages are looked for in a full one.
        """
        if self._timeline.conversation(key, name).first is None:
            return False
        count = min(count, self.abilities.page)
        limit = self.abilities.page if everything else count
        params = ("LATEST", name, "*", str(limit))
        self._queue.append(Question(Aim.AGAIN, key, name, params, most=count))
        self._advance(now)
        return True

    def search(self, attributes: str, text: str, now: float) -> None:
        """The person searches (https://soju.im/search)."""
        self._queue.append(Question(Aim.SEARCH, "", text, (attributes,), command="SEARCH"))
        self._advance(now)

    # --- what the server answers

    def expects(self, label: str | None, kind: str) -> bool:
        """True when a batch of this type is the answer to what was asked."""
        asked = self._asked
        if asked is None or (label is not None and label != asked.label):
            return False
        if asked.aim is Aim.TARGETS:
            return kind == "draft/chathistory-targets"
        return kind == ("soju.im/search" if asked.aim is Aim.SEARCH else "chathistory")

    def place(self) -> str | None:
        """Whose history the awaited page is: a room or a person; None for a search."""
        return self._asked.name if self._asked and self._asked.aim is not Aim.SEARCH else None

    def page(self, happenings: Sequence[Happening], now: float) -> None:
        """The awaited page came."""
        asked, self._asked = self._asked, None
        if asked is None:
            return
        if asked.aim is Aim.SEARCH:
            self._emit(SearchShown(asked.name, tuple(happenings)))
        elif asked.aim is Aim.AGAIN:
            messages = [item for item in happenings if isinstance(item, MessageShown)]
            self._emit(HistoryShown(asked.name, tuple(messages[-asked.most :])))
        elif asked.aim is Aim.OLDER:
            conversation = self._timeline.conversation(asked.key, asked.name)
            self._timeline.older(conversation, happenings)
            self._emit(HistoryShown(asked.name, tuple(happenings)))
        else:
            self._missed_page(asked, happenings)
        self._advance(now)

    def targets(self, names: Sequence[tuple[str, str]], now: float) -> None:
        """The awaited list of conversations came: pairs of name and time of the latest message."""
        self._asked = None
        found: set[str] = set()
        for name, _ in names:
            if self._is_room(name):
                continue
            key = self._fold(name)
            found.add(key)
            conversation = self._timeline.conversation(key, name)
            if not conversation.holding:
                self._timeline.hold(conversation)
            question = self._next_question(key, conversation, self._whispers.lower)
            self._queue.append(question)
        for key in sorted(self._whispers.waiting - found):
            self._release(self._timeline.conversation(key, key))
        self._whispers = _Whispers()
        if len(names) >= TARGETS_MOST:
            self._emit(Gap("whispers", f"more than {TARGETS_MOST} conversations went on meanwhile"))
        self._advance(now)

    def refused(self, label: str | None, code: str, reason: str, now: float) -> bool:
        """A FAIL or a numeric came: True when it answers what was asked."""
        asked = self._asked
        if asked is None or (label is not None and label != asked.label):
            return False
        self._asked = None
        self._give_up(asked, code, reason)
        self._advance(now)
        return True

    def tick(self, now: float, heard: float) -> None:
        """Give up on a question that has waited too long; the server was `heard` last at that time.

        What was missed is given up when the server goes on without an answer: one that says nothing
        any more may be out of reach, and is asked again from the same place after that. What the
        person asked is given up all the same, as nobody would ask it again.
        """
        asked = self._asked
        if asked is None:
            return
        until = now if asked.aim in _THE_PERSONS else heard
        if until - asked.asked_at >= ANSWER_WITHIN:
            self._asked = None
            self._give_up(asked, "", "the server gave no answer")
            self._advance(now)

    # --- how it goes on

    def _missed_page(self, asked: Question, happenings: Sequence[Happening]) -> None:
        conversation = self._timeline.conversation(asked.key, asked.name)
        outcome = self._timeline.page(conversation, happenings)
        if asked.aim is Aim.FALLBACK and not outcome.meets_seen:
            self._emit(Gap(asked.name, "the server doesn't remember the last message we saw"))
        for happening in outcome.shown:
            asked.shown += isinstance(happening, MessageShown)
            self._emit(happening)
        more = asked.aim is Aim.MISSED and outcome.moved
        if not more or outcome.empty or outcome.meets_live:
            self._finish(asked, conversation)
        elif asked.pages + 1 >= PAGES_MOST:
            self._emit(Gap(asked.name, f"more than {PAGES_MOST} pages were missed"))
            self._finish(asked, conversation)
        else:
            following = self._next_question(asked.key, conversation)
            following.pages, following.shown = asked.pages + 1, asked.shown
            self._queue.appendleft(following)

    def _give_up(self, asked: Question, code: str, reason: str) -> None:
        if asked.aim is Aim.TARGETS:
            self._emit(Gap("whispers", "the server can't say who whispered meanwhile"))
            for key in sorted(self._whispers.waiting):
                self._release(self._timeline.conversation(key, key))
            self._whispers = _Whispers()
        elif asked.aim is Aim.MISSED and code not in ("", "INVALID_TARGET"):
            params = ("LATEST", asked.name, "*", str(min(FIRST_LOOK, self.abilities.page)))
            fallback = Question(Aim.FALLBACK, asked.key, asked.name, params, shown=asked.shown)
            self._queue.appendleft(fallback)
        elif asked.aim in (Aim.MISSED, Aim.FALLBACK, Aim.LATEST):
            if asked.aim is not Aim.LATEST or not code:
                self._emit(Gap(asked.name, "the server gives no history of it now"))
            self._finish(asked, self._timeline.conversation(asked.key, asked.name))
        else:
            self._emit(Refused(asked.command, asked.name, reason, code=code))

    def _finish(self, asked: Question, conversation: Conversation) -> None:
        self._release(conversation)
        self._emit(CaughtUp(asked.name, asked.shown))

    def _release(self, conversation: Conversation) -> None:
        for happening in self._timeline.release(conversation):
            self._emit(happening)

    def _next_question(self, key: str, conversation: Conversation, lower: str = "") -> Question:
        name, last = conversation.name, conversation.last
        reference = last.reference(self.abilities.references) if last else lower
        page = self.abilities.page
        if reference:
            params = ("AFTER", name, reference, str(page))
            return Question(Aim.MISSED, key, name, params)
        first = Aim.FALLBACK if last else Aim.LATEST
        return Question(first, key, name, ("LATEST", name, "*", str(min(FIRST_LOOK, page))))

    def _asks_for_whispers(self) -> bool:
        aims = (Aim.MISSED, Aim.LATEST, Aim.FALLBACK)
        return any(
            question is not None and question.aim in aims and not self._is_room(question.name)
            for question in (self._asked, *self._queue)
        )

    def _advance(self, now: float) -> None:
        if not self._open:
            return
        for key, name in self._rooms_waiting:
            conversation = self._timeline.conversation(key, name)
            self._queue.append(self._next_question(key, conversation))
        self._rooms_waiting.clear()
        if not self._whispers.holding and not self._asks_for_whispers():
            self._owed = ""
        if self._asked is None and self._queue:
            self._asked = self._queue.popleft()
            self._asked.asked_at = now
            self._asked.label = self._ask(self._asked.command, self._asked.params)
