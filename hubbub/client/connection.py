"""The client's side of one chat as a pure machine: bytes and time in, bytes and events out.

It outlives connections: what must survive a broken one (the outbox, the conversations' places, the
rooms to be in) stays, the rest starts anew. No I/O, no clock, no chance: `now` is in seconds of any
steady clock, random text is given in. After each call the caller writes `data_to_send()`, shows the
events, and closes the connection when `wants_close` says why.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable

from hubbub.client.batches import Batches
from hubbub.client.catchup import Abilities, CatchUp
from hubbub.client.choices import Choices
from hubbub.client.errors import BREAKERS, IntentError
from hubbub.client.events import (
    Connected,
    Disconnected,
    Event,
    Happening,
    KeptForLater,
    Kind,
    Member,
    MessageShown,
    RawLine,
    Registered,
    ServerNotice,
    Unconfirmed,
)
from hubbub.client.isupport import Isupport
from hubbub.client.outbox import UNAVAILABLE, Outbox, Outgoing
from hubbub.client.own_account import OwnAccount
from hubbub.client.questions import Questions
from hubbub.client.reading import Reading
from hubbub.client.registration import Registration, Stage
from hubbub.client.rooms import Rooms
from hubbub.client.splitting import LINE_LIMIT, pieces
from hubbub.client.timeline import Timeline
from hubbub.irc.framing import SERVER_TAGS_LIMIT, BadLine, Framer
from hubbub.irc.message import MalformedLine, Message, parse, serialise
from hubbub.irc.names import fold

PING_AFTER, GONE_AFTER = 60.0, 90.0
"""Seconds of silence until we ask, and until we believe the connection dead."""
WELCOME_WITHIN = 30.0
PAGE_MOST = 500
BODY_MOST = 8192
"""Some servers write lines longer than 512 bytes; reading them harms nobody."""


UNANSWERED_MOST = 90.0
"""Seconds until a message without an answer means that the connection is no good."""
COMING_BACK_TAKES = 30.0
"""Seconds after our coming back in which others may be on their way too."""
JOIN_AGAIN_AFTER = 5.0
"""Seconds until we try again to come into rooms when the server couldn't store that we did."""


class Connection:
    """One person's chat with one server."""

    def __init__(
        self,
        nick: str,
        *,
        run_token: str,
        device: str | None = None,
        password: str | None = None,
        account: tuple[str, str] | None = None,
        rooms: tuple[str, ...] = (),
        on_line: Callable[[bool, str], None] | None = None,
    ) -> None:
        """`run_token` (16 characters or so) is another one for each run, `device` the same for ever.

        `account` is an account's name and password; without a server that knows accounts the
        connection is given up. `rooms` are joined after the welcome. `on_line(outgoing, line)` sees every line, secrets too.
        """
        self.isupport = Isupport()
        self.rooms = Rooms(self.isupport)
        self.timeline = Timeline()
        self.choices = Choices()
        self.outbox = Outbox(run_token)
        self.batches = Batches()
        self.registration = Registration(self.send, device, password, account)
        self.account = OwnAccount(self)
        self.catch_up = CatchUp(self.timeline, self._ask, self.emit, self.is_room, fold)
        self.wanted: dict[str, tuple[str, str | None]] = {
            fold(room): (room, None) for room in rooms
        }
        self.questions = Questions(self)
        self.nick_wanted = nick
        self.now = 0.0
        self.wants_close: str | None = None
        self.final = False
        self.welcome_over = False
        self.leaving = False
        self.is_away = False
        self._joins_due = False
        self._join_again_at: float | None = None
        self._reading = Reading(self)
        self._framer = Framer(SERVER_TAGS_LIMIT, BODY_MOST)
        self._out = bytearray()
        self._events: list[Event] = []
        self._on_line = on_line
        self._labels = 0
        self.welcomes = 0
        self._up = False
        self._welcomed_at = 0.0
        self._heard = 0.0
        self._began = 0.0
        self._pinged = False

    # --- what a front end may ask

    @property
    def nick(self) -> str:
        """The name we have, or ask for."""
        return self.registration.nick or self.nick_wanted

    @property
    def registered(self) -> bool:
        """True from the server's welcome to the end of the connection."""
        return self.registration.stage is Stage.DONE

    @property
    def settled(self) -> bool:
        """True when all that was said and asked has its answer."""
        return not self.outbox and not self.catch_up.busy and not self.questions.open

    def has(self, capability: str) -> bool:
        """True when this capability is in force."""
        return capability in self.registration.enabled

    def is_room(self, target: str) -> bool:
        """True when `target` names a room rather than a person."""
        return self.isupport.is_room(target)

    def ready_in(self, room: str) -> bool:
        """True when we are in the room and have seen what we missed there."""
        return room in self.rooms and not self.catch_up.holds(fold(room))

    def members(self, room: str) -> tuple[Member, ...]:
        """Who is in a room that we are in."""
        return self.rooms.members(room)

    # --- the transport's duties

    def connection_made(self, now: float, address: str = "", security: str = "") -> list[Event]:
        """A connection stands: registration begins."""
        self.now = self._heard = self._began = now
        self._framer = Framer(SERVER_TAGS_LIMIT, BODY_MOST)
        self._out.clear()
        self.isupport.tokens.clear()
        self._reading.reset()
        self.wants_close, self._pinged, self._up = None, False, True
        self.final = self.leaving = False
        self.emit(Connected(address, security))
        self.registration.start(self.nick, now)
        return self.take_events()

    def receive(self, data: bytes, now: float) -> list[Event]:
        """Bytes came, cut anywhere. What follows is shown in this order."""
        self.now = self._heard = now
        self._pinged = False
        for line in self._framer.feed(data):
            if isinstance(line, BadLine):
                self.emit(RawLine(f"({line.value})"))
                continue
            self._line(line)
        self.account.require_accounts()
        if self._joins_due:
            self._join_wanted()
        self.flush_outbox()
        return self.take_events()

    def tick(self, now: float) -> list[Event]:
        """Time passes: call it about once a second."""
        self.now = now
        if self._up:
            try:
                self.registration.tick(now)
                self.account.require_accounts()
                self.catch_up.tick(now, self._heard)
            except (ValueError, IntentError) as error:
                self.wants_close = f"the server sends what can't be meant: {error}"
            self.questions.tick(now)
            self._keep_alive(now)
            if self._join_again_at is not None and now >= self._join_again_at:
                self._join_wanted()
            self.flush_outbox()
        return self.take_events()

    def connection_lost(self, reason: str, now: float) -> list[Event]:
        """The connection is gone; what is unanswered waits for the next one."""
        if not self._up:
            return self.take_events()
        self.now = now
        self._up = self.welcome_over = self._joins_due = False
        self._join_again_at = None
        self._out.clear()
        self.registration.stop()
        self.catch_up.reset()
        self.batches.reset()
        self.questions.reset()
        for item in self.outbox.connection_lost():
            self.emit(Unconfirmed(item.target, item.text))
        self.rooms = Rooms(self.isupport)
        reason = "you left" if self.leaving else self._reading.last_word or reason
        told = self._reading.told and not self.leaving
        self.emit(Disconnected(reason, self.final, len(self.outbox), told))
        return self.take_events()

    def data_to_send(self) -> bytes:
        """What is to be written to the server now."""
        data = bytes(self._out)
        self._out.clear()
        return data

    def take_events(self) -> list[Event]:
        """What happened since the last call; intents make events too."""
        events, self._events = self._events, []
        return events

    # --- intents

    def say(self, target: str, text: str, kind: Kind = Kind.TEXT) -> None:
        """Say something in a room or to a person; now, or as soon as it can be heard.

        A long text becomes several messages. It is shown when its echo comes. Raises `OutboxFull`,
        and `IntentError` when there is nothing to say or no room to say it in.
        """
        if not target or target.startswith(":") or not BREAKERS.isdisjoint(target):
            raise IntentError(f"{target!r} is neither a room nor a person.")
        try:
            fixed = len(f":  PRIVMSG {target} :\r\n".encode())
            if kind is Kind.ACTION:
                fixed += len("\x01ACTION \x01")
            room_for = LINE_LIMIT - fixed - self.isupport.longest_source
            texts = list(pieces(text.replace("\x01", ""), room_for))
        except ValueError as error:
            raise IntentError(f"That can't be sent: {error}") from error
        if not texts:
            raise IntentError("There is nothing to say.")
        self.outbox.add(target, fold(target), texts, kind)
        if not self.welcome_over:
            self.emit(KeptForLater(target, " ".join(texts), kind, not self.is_room(target)))
        self.flush_outbox()

    def join(self, room: str, key: str | None = None) -> None:
        """Be in this room, now and after each reconnect. Raises `IntentError` for what is no room."""
        if not self.is_room(room) or not BREAKERS.isdisjoint(room):
            raise IntentError(
                f"{room!r} is not a room: a room's name starts with # and has no space."
            )
        self.wanted[fold(room)] = (room, key)
        if self.welcome_over and room not in self.rooms:
            self.send("JOIN", room, *([key] if key else []))

    def part(self, room: str, reason: str = "") -> None:
        """Leave a room."""
        self.wanted.pop(fold(room), None)
        if self.welcome_over:
            self.send("PART", room, *([reason] if reason else []))

    def change_nick(self, nick: str) -> None:
        """Use another name; before the welcome it is the answer to `NickRefused`."""
        self.nick_wanted = nick
        self.registration.choose(nick)

    def ask(self, command: str, *params: str) -> None:
        """Send a command whose answer is shown as it comes. Raises `IntentError` when not connected."""
        self.require_welcome()
        self.send(command, *params)

    def rename_room(self, old: str, new: str, reason: str = "") -> None:
        """Give a room another name. Raises `IntentError` when not connected."""
        self.require_welcome()
        self.send("RENAME", old, new, *([reason] if reason else []))

    def topic(self, room: str, text: str | None = None) -> None:
        """Set a room's topic, or ask for it with None. Raises `IntentError` when not connected."""
        self.require_welcome()
        self.send("TOPIC", room, *([] if text is None else [text]))

    def away(self, reason: str | None = None) -> None:
        """Be away for a reason, or be back with None. Raises `IntentError` when not connected."""
        self.require_welcome()
        self.send("AWAY", *([reason] if reason else []))

    def choose(self, action: str, kind: str, value: str = "") -> None:
        """Add a setting of ours or remove one. Raises `IntentError` where there are none."""
        self.require_welcome()
        if not self.has("hubbub/settings"):
            raise IntentError("This server keeps no settings for you.")
        self.send("SETTING", action, kind, *([value] if value else []))

    def raw(self, line: str) -> None:
        """Send a line as it is. Raises `IntentError` when it is no IRC line or there is no connection."""
        if not self._up:
            raise IntentError("There is no connection to the server now.")
        try:
            message = parse(line.encode())
            self._write(message)
        except ValueError as error:
            raise IntentError(f"That is not an IRC line: {error}") from error

    def quit(self, reason: str = "") -> None:
        """Say goodbye; the server closes the connection. Whom it is putting out already isn't leaving."""
        self.leaving = self.leaving or not self.final
        self.final = True
        if self._up:
            self.send("QUIT", *([reason] if reason else []))

    # --- for the parts of this model

    def emit(self, event: Event) -> None:
        """Queue an event to show."""
        self._events.append(event)

    def send(self, command: str, *params: str) -> None:
        """Queue a line. Raises `IntentError` for what a line can't hold."""
        try:
            self._write(Message(command, params))
        except ValueError as error:
            raise IntentError(f"That can't be sent: {error}") from error

    def require_welcome(self) -> None:
        """Raises `IntentError` while nothing can be asked of the server."""
        if not self.welcome_over:
            raise IntentError("There is no connection to the server now; try again in a moment.")

    def next_label(self, prefix: str) -> str:
        """A label that this connection hasn't had; those of a kind begin alike."""
        self._labels += 1
        return f"{prefix}{self._labels}"

    def show(self, key: str, name: str, happening: Happening, anchors: bool) -> None:
        """A live happening of a conversation: shown in its turn, once."""
        if self.is_room(name):
            conversation = self.timeline.conversation(key, name)
        else:
            conversation = self.catch_up.hold_whisper(key, name)
        for event in self.timeline.arrived(conversation, happening, anchors):
            self.emit(event)

    def renamed(self, nick: str) -> None:
        """Our own name is another one now."""
        self.registration.nick = self.nick_wanted = nick

    def room_moved(self, old: str, new: str) -> None:
        """A room is called `new` now: all that is known of it, and waits for it, goes along."""
        before, after = fold(old), fold(new)
        if before == after:
            self.rooms.moved(old, new)
            return
        if new in self.rooms:
            self.rooms.left(old, self.nick, True)
        else:
            self.rooms.moved(old, new)
            self.catch_up.moved(before, after, new)
        self.outbox.renamed(before, new, after)
        wanted = self.wanted.pop(before, None)
        if wanted is not None:
            self.wanted.setdefault(after, (new, wanted[1]))

    def welcomed(self, nick: str, server: str) -> None:
        """001: the name is ours."""
        self.registration.welcomed(nick)
        self.nick_wanted = nick
        self.welcomes += 1
        self._welcomed_at = self.now
        self.catch_up.abilities = self._abilities()
        if self.welcomes > 1:
            self.catch_up.welcomed_again()
        self.emit(Registered(nick, server, self.welcomes > 1))

    def end_of_welcome(self) -> None:
        """376 or 422: the server has said all about itself."""
        if self.welcome_over or not self.registered:
            return
        self.welcome_over = True
        self._joins_due = True
        self.catch_up.welcome_over(self._abilities(), self.now)

    def _join_wanted(self) -> None:
        """Go where we want to be and aren't: after all that came with the welcome, since the server
        may have taken us there itself."""
        self._joins_due, self._join_again_at = False, None
        for folded, (room, key) in list(self.wanted.items()):
            if room in self.rooms:
                continue
            try:
                self.send("JOIN", room, *([key] if key else []))
            except IntentError:
                del self.wanted[folded]  # a server took us to what no line can name

    def join_again(self, reason: str) -> None:
        """A joining couldn't be stored: what we want to be in and aren't is joined in a while."""
        if self._join_again_at is None:
            self.emit(ServerNotice(f"{reason} (Joining again by itself.)", UNAVAILABLE))
            self._join_again_at = self.now + JOIN_AGAIN_AFTER

    def acknowledged(self, item: Outgoing) -> None:
        """A message was taken by a server that sends no echo: show our own copy."""
        whisper = not self.is_room(item.target)
        shown = MessageShown(item.target, self.nick, item.text, item.kind, True, whisper)
        self.show(item.key, item.target, shown, False)

    def try_again(self, item: Outgoing, code: str, reason: str) -> bool:
        """True when a refusal is only for now, and the message waits a moment: when the server can't
        store anything, or when the other person may not be back yet, as after a crash of the server,
        when everybody comes back at once."""
        if code == UNAVAILABLE:
            if not item.tries:
                self.emit(ServerNotice(f"{reason} (Sent again by itself.)", code))
            self.outbox.postpone(item, self.now)
            return True
        if code != "401" or not self._coming_back(item.key):
            return False
        self.outbox.again(item, self.now + 1.0)
        return True

    def flush_outbox(self) -> None:
        """Send what may be sent now."""
        if not self.welcome_over:
            return
        echo = self.has("echo-message")
        for item in self.outbox.ready(self._may_send, self._coming_back, echo, self.now):
            item.label = self.next_label("m")
            item.sent_at = self.now
            tags: dict[str, str] = {}
            if echo and self.has("labeled-response"):
                tags["label"] = item.label
            if self.has("hubbub/once") and self.has("message-tags"):
                tags["hubbub/id"] = item.id
                item.once = True
            self._write(Message(item.command, (item.target, item.wire_text), None, tags))
            if not echo:
                self.acknowledged(item)

    def _coming_back(self, key: str) -> bool:
        """True for a person who may be on the way back, as we just were. What is said to them goes out
        one by one, or a later message could be taken after an earlier one was refused."""
        soon = self.welcomes > 1 and self.now - self._welcomed_at < COMING_BACK_TAKES
        return soon and not self.is_room(key)

    def _may_send(self, key: str) -> bool:
        if self.catch_up.holds(key):
            return False
        wanted = self.wanted.get(key)
        return wanted is None or wanted[0] in self.rooms

    def _abilities(self) -> Abilities:
        history = all(
            self.has(name) for name in ("draft/chathistory", "batch", "server-time", "message-tags")
        )
        types = self.isupport.tokens.get("MSGREFTYPES", "msgid,timestamp").split(",")
        return Abilities(history, min(self.isupport.history_limit, PAGE_MOST), tuple(types))

    def _ask(self, command: str, params: tuple[str, ...]) -> str:
        label = self.next_label("h")
        tags = {"label": label} if self.has("labeled-response") else {}
        self._write(Message(command, params, None, tags))
        return label

    def _keep_alive(self, now: float) -> None:
        silent = now - self._heard
        waiting = self.registration.stage not in (Stage.DONE, Stage.REFUSED)
        if silent >= GONE_AFTER:
            self.wants_close = f"the server has been silent for {silent:.0f} seconds"
        elif waiting and now - self._began >= WELCOME_WITHIN:
            self.wants_close = f"the server gave no welcome within {WELCOME_WITHIN:.0f} seconds"
        elif self.outbox.oldest_wait(now) >= UNANSWERED_MOST:
            self.wants_close = "the server doesn't answer what was said"
        elif silent >= PING_AFTER and not self._pinged:
            self._pinged = True
            self.send("PING", "hubbub")

    def _line(self, line: bytes) -> None:
        text = line.decode(errors="replace")
        if self._on_line is not None:
            self._on_line(False, text)
        try:
            message = parse(text.encode())
        except MalformedLine:
            self.emit(RawLine(text))
            return
        try:
            self._reading.line(message)
        except (OverflowError, ValueError, IntentError) as error:
            # What it says can't be so, or asks for an answer that no line can hold.
            self.wants_close = f"the server sends what can't be meant: {error}"

    def _write(self, message: Message) -> None:
        line = serialise(message)
        body = line.partition(b" ")[2] if message.tags else line
        if len(body) > LINE_LIMIT:
            raise ValueError(f"it is {len(body)} bytes long; {LINE_LIMIT} is the most")
        if not self._up:
            return
        if self._on_line is not None:
            with contextlib.suppress(UnicodeDecodeError):
                self._on_line(True, line.decode().rstrip("\r\n"))
        self._out += line
