"""One person's chat, whatever it is shown on: the room in view, what a typed line means, what is told.

The front end gives `show` (a rendered line) and `later` (call this in so many seconds), and calls
`typed` and `events`; all else is decided here.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path

from hubbub.client import commands
from hubbub.client.connection import Connection
from hubbub.client.errors import IntentError
from hubbub.client.events import (
    CaughtUp,
    Event,
    Exported,
    Happening,
    HistoryShown,
    Joined,
    Kicked,
    Kind,
    Left,
    MessageShown,
    NickRefused,
    PinsShown,
    Refused,
    Registered,
    RoomRenamed,
    SearchShown,
    TakenOut,
)
from hubbub.client.outbox import OutboxFull
from hubbub.client.render import Line, Stream, View, clean, render
from hubbub.irc.names import fold, nick_problem

NICK_MOST = 64
"""Bytes of a name before a server has said its own limit."""
SAID_MOST = 500
"""How many messages of a room one can refer to."""
CONVERSATIONS_MOST = 500
"""In how many rooms and with how many people."""
RECLAIM_EVERY, RECLAIM_TRIES = 5.0, 12
"""After a reconnect the old connection may hold our name for a while: seconds, and how often."""


@dataclass
class Chat:
    """The state of a front end that isn't on the wire."""

    connection: Connection
    room: str
    show: Callable[[Line], None]
    later: Callable[[float, Callable[[], None]], object]
    flush: Callable[[], None] = lambda: None
    changed: Callable[[], None] = lambda: None
    """Called after events: what the front end waits for, or shows, may be another now."""
    debug: bool = False
    literal: bool = False
    """Lines are said as they are, commands are not looked for."""
    asking_name: bool = False
    asking_secret: tuple[str, Callable[[str], None]] | None = None
    """What to ask for without showing what is typed, and what to do with it."""
    export_to: Path | None = None
    """Where an export that was asked for goes."""
    asking_yes: Callable[[], None] | None = None
    """What to do if the next line that is typed is a yes."""
    can_ask: bool = False
    """Whether there is somebody who can be asked."""
    quit_reason: str | None = None
    """Set when the person wants to go."""
    trouble: str = ""
    """The last thing that was refused or misunderstood, '' when there was none."""
    name_refused: bool = False
    put_out: bool = False
    _suggestion: str = ""
    _reclaims: int = 0
    _entering: set[str] = field(default_factory=set)
    _people: dict[str, str] = field(default_factory=dict)
    _caught_up: set[str] = field(default_factory=set)
    pins: dict[str, tuple[str, ...]] = field(default_factory=dict)
    """By room (folded): the ids of its pinned messages as they were last listed."""
    _said: dict[str, deque[MessageShown]] = field(default_factory=dict)

    def tell(self, text: str, stream: Stream = Stream.STATUS) -> None:
        """Say something to the person."""
        self.show(Line(f"*** {text}", stream))

    def complain(self, text: str) -> None:
        """Say to the person what went wrong."""
        self.trouble = text
        self.tell(text, Stream.ALERT)

    def events(self, events: list[Event]) -> None:
        """What happened, in order."""
        for event in events:
            self._follow(event)
            if isinstance(event, Exported):
                self._keep(event)
                continue
            shown = self._wanted(event)
            if shown is None:
                continue
            view = View(self.room, datetime.now().astimezone(), self.debug)
            old, (called, bell) = self._was_before(event), self._calls(event, view)
            for line in render(shown, view):
                self.show(replace(line, old=old, called=called, bell=bell))
            if isinstance(event, NickRefused):
                self._name_refused(event)
        self.changed()

    def typed(self, text: str) -> None:
        """What the person typed: something to say, a command, or the name that was asked for."""
        try:
            self._typed(text)
        except (IntentError, OutboxFull, commands.UsageError) as error:
            self.complain(str(error))
        self.flush()

    def ask_secret(self, question: str, then: Callable[[str], None]) -> None:
        """Have the person type something that is shown nowhere. Raises `IntentError`."""
        if not self.can_ask:
            raise IntentError("There is no terminal to ask for a password in.")
        self.asking_secret = (question, then)

    def secret(self, text: str) -> None:
        """What the person typed when asked by `ask_secret`; nothing means never mind."""
        asked, self.asking_secret = self.asking_secret, None
        if asked is not None and text:
            try:
                asked[1](text)
            except IntentError as error:
                self.complain(str(error))
        self.flush()

    def say(self, text: str) -> None:
        """Say something in the room in view. Raises `IntentError` or `OutboxFull`."""
        if not self.room:
            raise IntentError("You are in no room. /join #lobby takes you there.")
        self.connection.say(self.room, text)

    def enter(self, room: str, key: str | None = None) -> None:
        """Join a room, or look at it again, and speak there from now on. Raises `IntentError`."""
        room = room if self.connection.is_room(room) else f"#{room}"
        if room in self.connection.rooms:
            self.room = room
            self.tell(f"you speak in {clean(room)} now")
            return
        self.connection.join(room, key)
        self._entering.add(fold(room))

    def people(self) -> list[str]:
        """Names to complete: those in our rooms, then those who wrote lately."""
        names = dict.fromkeys(
            member.nick
            for room in self.connection.rooms.names()
            for member in self.connection.members(room)
        )
        return [*names, *(name for name in self._people.values() if name not in names)]

    # --- inside

    def _typed(self, text: str) -> None:
        if self.asking_name:
            self._name_given(text.strip())
        elif self.asking_yes is not None:
            self._answered(text.strip().lower())
        elif not text.strip():
            return
        elif self.literal or not text.startswith("/"):
            self.say(text)
        elif text.startswith("//"):
            self.say(text[1:])
        else:
            commands.run(self, text)

    def _wanted(self, event: Event) -> Event | None:
        """The event without what the person doesn't want to see of it; None when that is all."""
        choices = self.connection.choices
        if isinstance(event, HistoryShown | SearchShown):
            kept = tuple(item for item in event.happenings if not self._is_unwelcome(item))
            return replace(event, happenings=kept)
        if self._is_unwelcome(event):
            return None
        if isinstance(event, TakenOut):
            return self._with_author(event)
        room = getattr(event, "room", "")
        if not isinstance(event, MessageShown | Joined | Left) or event.own:
            return event
        return None if choices.mutes(room) and fold(room) != fold(self.room) else event

    def _is_unwelcome(self, event: Event) -> bool:
        """Whether somebody said it whom we keep away."""
        said = isinstance(event, MessageShown) and not event.own
        return said and self.connection.choices.blocks(event.author)  # type: ignore[attr-defined]

    def _calls(self, event: Event, view: View) -> tuple[bool, bool]:
        """Whether a message means us, and whether that shall be heard."""
        if not isinstance(event, MessageShown) or event.own or event.kind is Kind.NOTICE:
            return False, False
        choices = self.connection.choices
        called = choices.calls(event.text, self.connection.nick)
        heard = (called or event.whisper) and not event.replayed
        return called, heard and not (choices.mutes(event.room) or choices.is_quiet(view.now))

    def export(self, path: Path) -> None:
        """Have all that the server keeps of us written to a new file. Raises `IntentError`."""
        try:
            path = path.expanduser()
            path.touch(mode=0o600, exist_ok=False)
        except OSError as error:
            raise IntentError(f"{path} can't be made: {error.strerror}") from error
        try:
            self.connection.questions.export()
        except IntentError:
            path.unlink(missing_ok=True)
            raise
        self.export_to = path

    def _keep(self, page: Exported) -> None:
        path = self.export_to
        if path is None:
            return
        try:
            with path.open("a", encoding="utf-8", newline="\n") as file:
                file.writelines(f"{line}\n" for line in page.lines)
        except OSError as error:
            self.export_to = None
            self.complain(f"{path} can't be written: {error.strerror}")
            return
        if page.done:
            self.export_to = None
            self.tell(f"all that the server keeps of you is in {path}")

    def _answered(self, text: str) -> None:
        """A yes or anything else to what was asked."""
        asked, self.asking_yes = self.asking_yes, None
        if asked is not None and text in ("y", "yes"):
            asked()
        else:
            self.tell("not accepted, so there is no account; /register asks again")

    def _ask_about_rules(self) -> None:
        """A registration was refused because the rules haven't been accepted yet."""
        self.connection.ask("RULES")
        if self.can_ask:
            self.asking_yes = self.connection.account.accept_rules
            self.tell("Do you accept these rules? Type y for yes, anything else for no.")
        self.flush()

    def _was_before(self, event: Event) -> bool:
        """True for what was said in a room before we first came there."""
        if not isinstance(event, MessageShown) or event.whisper or not event.replayed:
            return False
        return fold(event.room) not in self._caught_up

    def find_said(self, room: str, words: str, *, own: bool = False) -> str:
        """The id of the last message that was shown in a room and has these words, or is our `own`.

        Raises `IntentError` when none was.
        """
        for message in reversed(self._said.get(fold(room), ())):
            if message.msgid and fold(words) in fold(message.text) and (message.own or not own):
                return message.msgid
        raise IntentError(f"No such message was shown here in {clean(room)}.")

    def _with_author(self, event: TakenOut) -> TakenOut:
        """A redaction, with whose message it is if that was shown; it can't be referred to any more."""
        said = self._said.get(fold(event.room), deque())
        known = next((one for one in said if one.msgid == event.message), None)
        if known is None:
            return event
        said.remove(known)
        return replace(event, author=known.author, said_at=known.time)

    def _follow(self, event: Event) -> None:
        if isinstance(event, MessageShown):
            said = self._said.setdefault(fold(event.room), deque(maxlen=SAID_MOST))
            said.append(event)
            if len(self._said) > CONVERSATIONS_MOST:
                del self._said[next(iter(self._said))]
        match event:
            case PinsShown(room=room, happenings=pinned):
                self.pins[fold(room)] = tuple(item.msgid or "" for item in pinned)
            case Registered():
                self.asking_name = False
                self._reclaims = 0
            case CaughtUp(room=room):
                self._caught_up.add(fold(room))
            case Happening(replayed=True):
                pass
            case Joined(room=room, own=True):
                if fold(room) in self._entering or not self.room:
                    self._entering.discard(fold(room))
                    self.room = room
            case RoomRenamed(old=old, room=room):
                if fold(old) in self._entering:
                    self._entering.discard(fold(old))
                    if room in self.connection.rooms:
                        self.room = room
                    else:
                        self._entering.add(fold(room))
                if fold(old) in self._caught_up:
                    self._caught_up.add(fold(room))
                if fold(old) == fold(self.room):
                    self.room = room
            case Left(room=room, own=True) | Kicked(room=room, own=True):
                if isinstance(event, Kicked):
                    self.put_out = True
                if fold(room) == fold(self.room):
                    others = [
                        name for name in self.connection.rooms.names() if fold(name) != fold(room)
                    ]
                    self.room = others[0] if others else ""
            case Refused(code="RULES_NOT_ACCEPTED"):
                self._ask_about_rules()
            case Refused(reason=reason, about=about):
                self.trouble = reason
                self._entering.discard(fold(about))
            case MessageShown(own=False, author=author):
                self._people[fold(author)] = author
                if len(self._people) > 200:
                    del self._people[next(iter(self._people))]
            case _:
                pass

    def _name_refused(self, event: NickRefused) -> None:
        if event.registered:
            self.trouble = event.reason
            return
        if self.connection.welcomes and self._reclaims < RECLAIM_TRIES:
            self._reclaims += 1
            if self._reclaims == 1:
                self.tell("the old connection may still hold it; asking again every few seconds")
            self.later(RECLAIM_EVERY, lambda: self._reclaim(event.nick))
            return
        self.name_refused = True
        if not self.can_ask:
            self.tell(f"--name gives another one, {clean(event.suggestion)} for instance")
            return
        self.asking_name = True
        self.tell(f"type another name, or nothing for {clean(event.suggestion)}")
        self._suggestion = event.suggestion

    def _reclaim(self, nick: str) -> None:
        if not self.connection.registered and not self.asking_name:
            self.connection.change_nick(nick)
            self.flush()

    def _name_given(self, nick: str) -> None:
        nick = nick or self._suggestion
        if nick.startswith("/quit"):
            self.quit_reason = ""
            return
        problem = nick_problem(nick, NICK_MOST)
        if problem:
            self.complain(problem)
            return
        self.asking_name = self.name_refused = False
        self.connection.change_nick(nick)
