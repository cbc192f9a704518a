"""What each line of the server does to the model: one row a command or numeric.

State follows live lines only; what is shown goes through the timeline, so that live lines and history
meet in one order.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from hubbub.client.batches import Batch
from hubbub.client.events import (
    AwayChanged,
    Happening,
    Invited,
    Joined,
    Kicked,
    Left,
    MessageShown,
    ModeChanged,
    NamesListed,
    NickRefused,
    PinsShown,
    QuitSeen,
    RawLine,
    Refused,
    Renamed,
    RoomListed,
    RoomOnList,
    RoomRenamed,
    ServerError,
    ServerNotice,
    TakenOut,
    TopicChanged,
)
from hubbub.client.narration import Perspective, narrate, nick_of, place_of, time_of
from hubbub.client.outbox import UNAVAILABLE
from hubbub.irc.message import Message, serialise
from hubbub.irc.names import fold

if TYPE_CHECKING:
    from hubbub.client.connection import Connection

KICK_THEN_ERROR = 5.0
"""Seconds in which an ERROR after our being kicked means: stay away."""

FALLBACK = "guest"
"""The name that is suggested to whoever wanted one that can't be."""

_NICK_ERRORS = {"431", "432", "433", "436", "437", "484"}
_JOIN_ERRORS = {"403", "405", "437", "471", "473", "474", "475", "476", "477", "480", "489", "520"}
_MESSAGE_ERRORS = {
    "401",
    "403",
    "404",
    "407",
    "408",
    "411",
    "412",
    "413",
    "414",
    "417",
    "441",
    "442",
    "482",
}
_SHUT_OUT = {"464", "465"}
"""Wrong password, banned: trying again by itself would only annoy."""
_HISTORY_BATCHES = {"chathistory", "soju.im/search", "draft/chathistory-targets"}
_NEVER_BACK = ("killed", "banned", "k-lined", "g-lined", "k:line", "z-lined")


class Reading:
    """The rows, and the little that they remember from one line to the next."""

    def __init__(self, connection: Connection) -> None:
        self._c = connection
        self._list: list[RoomOnList] = []
        self._server = ""
        self._kicked_at: float | None = None
        self.last_word = ""
        self.told = False
        """The last word was shown."""

    def reset(self) -> None:
        """A new connection begins."""
        self._list = []
        self._kicked_at = None
        self.last_word = ""
        self.told = False

    def line(self, message: Message) -> None:
        """One line, in the order of its coming. Raises OverflowError for a hostile server."""
        moment = time_of(message)
        timeline = self._c.timeline
        if moment is not None and (timeline.latest is None or moment > timeline.latest):
            timeline.latest = moment
        if self._c.batches.take(message):
            return
        if message.command == "BATCH":
            batch = self._c.batches.mark(message)
            if batch is not None:
                self._batch(batch)
            return
        self._act(message, message.tags.get("label"))

    def perspective(self, place: str | None = None) -> Perspective:
        """How we read: under our present name."""
        signs = "".join(sign for _, sign in self._c.isupport.prefixes)
        return Perspective(self._c.nick, self._c.is_room, signs, place, self._server)

    def _batch(self, batch: Batch) -> None:
        catch_up = self._c.catch_up
        if batch.type in _HISTORY_BATCHES:
            if not catch_up.expects(batch.label, batch.type):
                return
            if batch.type == "draft/chathistory-targets":
                rows = [line.params for line in batch.lines if line.params[:1] == ("TARGETS",)]
                catch_up.targets([(row[1], row[2]) for row in rows if len(row) > 2], self._c.now)
                return
            us = self.perspective(catch_up.place() or "")
            told = (narrate(line, us) for line in batch.lines)
            catch_up.page([item for item in told if item is not None], self._c.now)
            return
        if batch.type == "hubbub/pins" and batch.params:
            room = batch.params[0]
            us = self.perspective(room)
            found = (narrate(line, us) for line in batch.lines)
            self._c.emit(PinsShown(room, tuple(item for item in found if item is not None)))
            return
        if batch.type == "hubbub/export":
            self._c.questions.exported(batch.lines)
            return
        for line in batch.lines:
            self._act(line, None, batch.label)
        if batch.type == "metadata" and batch.params:
            asked = self._c.questions.answered("METADATA")
            if asked and not batch.lines:
                self._c.emit(ServerNotice(f"nothing is said of {batch.params[0]}", "metadata"))
        self._answered_quietly(batch.label)

    def _act(self, message: Message, label: str | None, batch_label: str | None = None) -> None:
        us = self.perspective()
        row = _ROWS.get(message.command)
        if row is not None:
            needed, method = row
            if len(message.params) >= needed:
                method(self, message, label or batch_label)
        elif message.command.isdigit():
            self._numeric(message, label or batch_label)
        elif (happening := narrate(message, us)) is not None:
            self._happened(message, happening, label or batch_label)
        else:
            self._c.emit(RawLine(serialise(message).decode().rstrip()))
        self._answered_quietly(label)

    def _answered_quietly(self, label: str | None) -> None:
        """A labelled answer that was neither echo nor refusal: the message was taken all the same."""
        item = self._c.outbox.answered(label) if label else None
        if item is not None:
            self._c.acknowledged(item)

    # --- happenings

    def _happened(self, message: Message, happening: Happening, label: str | None) -> None:
        """Change what is known of rooms and people, then show it in its place."""
        c = self._c
        anchors = c.has("draft/event-playback")
        match happening:
            case MessageShown(room=room, own=own):
                if own:
                    self._echo(message, room, label)
                if not c.registered or (
                    happening.whisper and self.perspective().is_server(message.source)
                ):
                    c.emit(ServerNotice(happening.text))
                else:
                    c.show(fold(room), room, happening, True)
            case TakenOut(room=room):
                c.show(fold(room), room, happening, anchors)
            case Joined(room=room, nick=nick, own=own):
                c.rooms.joined(room, nick, own)
                if own:
                    self._we_joined(room, happening)
                else:
                    c.show(fold(room), room, happening, anchors)
            case Left(room=room, nick=nick, own=own) | Kicked(room=room, nick=nick, own=own):
                c.rooms.left(room, nick, own)
                if own:
                    c.wanted.pop(fold(room), None)
                    if isinstance(happening, Kicked):
                        self._kicked_at = c.now
                c.show(fold(room), room, happening, anchors)
            case QuitSeen(nick=nick):
                rooms = c.rooms.shared_with(nick)
                c.rooms.quit(nick)
                self._everywhere(
                    rooms, QuitSeen(nick, rooms, happening.reason, **place_of(happening))
                )
            case Renamed():
                self._renamed(happening)
            case RoomRenamed(old=old, room=room):
                c.room_moved(old, room)
                c.show(fold(room), room, happening, anchors)
            case TopicChanged(room=room, topic=topic):
                c.rooms.topic_set(room, topic)
                c.show(fold(room), room, happening, anchors)
            case ModeChanged(target=target) if c.is_room(target):
                c.rooms.modes_changed(message)
                c.show(fold(target), target, happening, anchors)
            case AwayChanged(nick=nick, reason=reason):
                c.rooms.away(nick, reason is not None)
                c.emit(happening)
            case ModeChanged() | Invited() | _:
                c.emit(happening)

    def _we_joined(self, room: str, happening: Happening) -> None:
        c = self._c
        known = c.wanted.get(fold(room))
        c.wanted[fold(room)] = (room, known[1] if known else None)
        c.emit(happening)
        anchor = happening.msgid if c.has("draft/event-playback") else None
        c.catch_up.room_joined(fold(room), room, anchor, c.now)

    def _renamed(self, happening: Renamed) -> None:
        c = self._c
        rooms = c.rooms.shared_with(happening.old)
        c.rooms.renamed(happening.old, happening.new)
        c.outbox.renamed(fold(happening.old), happening.new, fold(happening.new))
        if happening.own:
            c.renamed(happening.new)
        event = Renamed(happening.old, happening.new, rooms, happening.own, **place_of(happening))
        self._everywhere(rooms, event)

    def _everywhere(self, rooms: tuple[str, ...], happening: Happening) -> None:
        """Something of several rooms: shown once, after what is held back in any of them."""
        held = (room for room in rooms if self._c.timeline.is_held(fold(room)))
        room = next(held, rooms[0] if rooms else None)
        if room is None:
            self._c.emit(happening)
        else:
            self._c.show(fold(room), room, happening, False)

    def _echo(self, message: Message, room: str, label: str | None) -> None:
        if label is not None:
            self._c.outbox.answered(label)
        elif not self._c.has("labeled-response"):
            self._c.outbox.echoed(fold(room), message.params[-1])

    # --- rows of commands

    def _ping(self, message: Message, _: str | None) -> None:
        self._c.send("PONG", *message.params[:1])

    def _pong(self, message: Message, _: str | None) -> None:
        self._c.questions.answered(f"PONG {message.params[-1]}")

    def _nothing(self, message: Message, _: str | None) -> None:
        """Known, and nothing follows from it."""

    def _cap(self, message: Message, _: str | None) -> None:
        self._c.registration.cap(message)

    def _authenticate(self, message: Message, _: str | None) -> None:
        self._c.registration.challenged(message.params[0])

    def _registered_account(self, message: Message, _: str | None) -> None:
        if message.params[0].upper() == "SUCCESS":
            self._c.account.registered(message.params[1])
        self._c.emit(ServerNotice(message.params[-1], "account"))

    def _logged_in(self, message: Message, _: str | None) -> None:
        self._c.emit(ServerNotice(message.params[-1], "account"))

    def _sasl_done(self, message: Message, _: str | None) -> None:
        self._c.registration.authenticated()

    def _sasl_failed(self, message: Message, _: str | None) -> None:
        if self._c.registration.authenticating:
            reason = message.params[-1]
            self._c.account.login_failed(reason)
            self.last_word = reason
            self._c.emit(ServerError(reason))

    def _error(self, message: Message, _: str | None) -> None:
        reason = message.params[-1]
        recently = self._kicked_at is not None and self._c.now - self._kicked_at < KICK_THEN_ERROR
        if recently or any(word in reason.lower() for word in _NEVER_BACK):
            self._c.final = True
        if not self.last_word:
            self._last_word(reason)

    def _last_word(self, reason: str) -> None:
        """Why we must go, told once: what follows says the same in other words."""
        self.last_word = reason
        if not self._c.leaving:
            self.told = True
            self._c.emit(ServerError(reason))

    def _kill(self, message: Message, _: str | None) -> None:
        if self.perspective().is_us(message.params[0]):
            reason = message.params[1] if len(message.params) > 1 else "no reason given"
            self._c.final = True
            self.last_word = f"put out by {self.perspective().who(message.source)}: {reason}"

    def _wallops(self, message: Message, _: str | None) -> None:
        """What those with a role are told: by the server itself, or by one of them."""
        text, source = message.params[-1], message.source
        who = self.perspective().who(source) if source is not None and "!" in source else ""
        said = f"{who} to the moderators: {text}" if who else text
        self._c.emit(ServerNotice(said, "wallops"))

    def _standard_reply(self, message: Message, label: str | None) -> None:
        command, code, reason = message.params[0].upper(), message.params[1], message.params[-1]
        context = message.params[2:-1]
        c = self._c
        if message.command != "FAIL":
            if code == "PASSWORD_CHANGED" and context:
                c.account.password_changed(command, context[0])
            if (command, code) == ("ACCOUNT", "RENAMED") and context:
                c.account.renamed(context[0])
            c.emit(ServerNotice(reason, message.command.lower()))
            return
        if command in ("CHATHISTORY", "SEARCH") and c.catch_up.refused(label, code, reason, c.now):
            return
        if self._message_refused(label, command, code, context, reason):
            return
        if code == "CHANNEL_RENAMED" and len(context) > 1:
            self._moved_meanwhile(*context[:2])
            return
        if command == "METADATA":
            c.questions.answered("METADATA")
        if command == "NICK":
            self._nick_refused(context[0] if context else c.nick_wanted, reason)
        elif command == "JOIN" and code == UNAVAILABLE:
            c.join_again(reason)
        else:
            self._refused(command, context[0] if context else "", reason, code)

    def _moved_meanwhile(self, old: str, new: str) -> None:
        """A room that we asked for is called otherwise by now."""
        if not self._c.is_room(new):
            return
        self._c.room_moved(old, new)
        self._c.emit(RoomRenamed(old, new))
        if new not in self._c.rooms and self._c.welcome_over:
            self._c.join(new, self._c.wanted.get(fold(new), (new, None))[1])

    # --- rows of numerics

    def _forwarded(self, message: Message, _: str | None) -> None:
        old, new = message.params[1:3]
        if self._c.is_room(new):
            self._c.room_moved(old, new)
            self._c.emit(RoomRenamed(old, new))

    def _numeric(self, message: Message, label: str | None) -> None:
        code, params = message.command, message.params
        about = params[1] if len(params) > 2 else ""
        reason = params[-1] if params else ""
        if code < "400":
            words = " ".join(params[1:])
            self._c.emit(ServerNotice(words, "welcome" if code < "300" else code))
        elif code in _NICK_ERRORS and not self._c.is_room(about):
            self._nick_refused(about or self._c.nick, reason, unfit=code == "432")
        elif code == "451" or (code == "421" and about.upper() == "CAP"):
            self._c.registration.no_capabilities()
        elif code in _SHUT_OUT:
            self._c.final = True
            self._last_word(f"{reason}; --invite CODE gives it" if code == "464" else reason)
        elif about in ("CHATHISTORY", "SEARCH") and self._c.catch_up.refused(
            label, code, reason, self._c.now
        ):
            return
        elif not self._message_refused(label, "", code, (about,), reason):
            self._refused("", about, reason, code)

    def _message_refused(
        self, label: str | None, command: str, code: str, context: tuple[str, ...], reason: str
    ) -> bool:
        """True when this is the answer to a message of ours, which is thereby over."""
        outbox = self._c.outbox
        item = None
        if label is not None:
            item = outbox.answered(label)
        elif not self._c.has("labeled-response"):
            about = context[0] if context and context[0] else None
            if command in ("PRIVMSG", "NOTICE"):
                item = outbox.refused(fold(about) if about else None) or outbox.refused(None)
            elif code in _MESSAGE_ERRORS:
                item = outbox.refused(fold(about)) if about else outbox.refused(None)
        if item is None:
            return False
        if self._c.try_again(item, code, reason):
            return True
        self._c.emit(Refused(item.command, item.target, reason, item.text, code))
        return True

    def _refused(self, command: str, about: str, reason: str, code: str) -> None:
        c = self._c
        joining = command == "JOIN" or code in _JOIN_ERRORS
        if joining and fold(about) in c.wanted and about not in c.rooms:
            c.wanted.pop(fold(about))
            command = "JOIN"
        c.emit(Refused(command, about, reason, "", code))

    def _nick_refused(self, nick: str, reason: str, *, unfit: bool = False) -> None:
        """Somebody else has the name, or it is `unfit`: then nobody can have one like it."""
        c, near = self._c, FALLBACK if unfit and not nick.startswith(FALLBACK) else nick
        unnamed = c.registration.refused()
        if not unnamed:
            c.nick_wanted = c.nick
        c.emit(NickRefused(nick, reason, suggestion(near), not unnamed))

    def _welcome(self, message: Message, _: str | None) -> None:
        self._server = nick_of(message.source)
        self._c.welcomed(message.params[0], self._server)

    def _isupport(self, message: Message, _: str | None) -> None:
        self._c.isupport.learn(message.params[1:-1])

    def _end_of_motd(self, message: Message, _: str | None) -> None:
        self._c.end_of_welcome()

    def _motd(self, message: Message, _: str | None) -> None:
        self._c.emit(ServerNotice(message.params[-1].removeprefix("- "), "motd"))

    def _names(self, message: Message, _: str | None) -> None:
        self._c.rooms.names_row(message)

    def _end_of_names(self, message: Message, _: str | None) -> None:
        room = message.params[1]
        first = self._c.rooms.names_end(room)
        asked = self._c.questions.answered(f"NAMES {fold(room)}")
        if first or asked:
            self._c.emit(NamesListed(room, self._c.rooms.members(room), asked))

    def _list_row(self, message: Message, _: str | None) -> None:
        count = message.params[2]
        topic = message.params[3] if len(message.params) > 3 else ""
        self._list.append(
            RoomOnList(message.params[1], int(count) if count.isdigit() else 0, topic)
        )

    def _end_of_list(self, message: Message, _: str | None) -> None:
        rows, self._list = tuple(self._list), []
        if self._c.questions.answered("LIST"):
            self._c.emit(RoomListed(rows))

    def _topic(self, message: Message, _: str | None) -> None:
        topic = message.params[2] if message.command == "332" else ""
        self._c.rooms.topic_set(message.params[1], topic)
        self._c.emit(TopicChanged(message.params[1], topic))

    def _rule(self, message: Message, _: str | None) -> None:
        self._c.emit(ServerNotice(message.params[-1].removeprefix("- "), "rules"))

    def _setting(self, message: Message, _: str | None) -> None:
        self._c.choices.heard(message.params)

    def _inviting(self, message: Message, _: str | None) -> None:
        self._c.emit(
            ServerNotice(f"{message.params[1]} is invited to {message.params[2]}", "invite")
        )

    def _invitation(self, message: Message, _: str | None) -> None:
        room = message.params[1]
        self._c.emit(ServerNotice(f"you are invited to {room}: /join {room}", "invite"))

    def _end_of_invitations(self, message: Message, _: str | None) -> None:
        self._c.emit(ServerNotice("these are all your invitations", "invite"))

    def _value(self, message: Message, _: str | None) -> None:
        target, key = message.params[1:3]
        words = "isn't set" if message.command == "766" else f"is {message.params[-1]!r}"
        self._c.emit(ServerNotice(f"{key} of {target} {words}", "metadata"))

    def _away_state(self, message: Message, _: str | None) -> None:
        away = message.command == "306"
        self._c.rooms.away(self._c.nick, away)
        before, self._c.is_away = self._c.is_away, away
        if not away and not before:
            self._c.emit(ServerNotice("you were not away", "away"))
            return
        self._c.emit(AwayChanged(self._c.nick, message.params[-1] if away else None, True))

    def _is_away(self, message: Message, _: str | None) -> None:
        self._c.rooms.away(message.params[1], True)
        self._c.emit(ServerNotice(f"{message.params[1]} is away: {message.params[2]}", "away"))


def suggestion(nick: str) -> str:
    """A name near the refused one: the next number after it."""
    stem = nick.rstrip("0123456789")
    number = int(nick[len(stem) :] or 1) + 1
    return f"{stem}{number}"


_ROWS: dict[str, tuple[int, Callable[[Reading, Message, str | None], None]]] = {
    # command: (parameters it needs, what it does)
    "PING": (1, Reading._ping),
    "PONG": (1, Reading._pong),
    "ACK": (0, Reading._nothing),
    "TAGMSG": (0, Reading._nothing),
    "CAP": (2, Reading._cap),
    "ERROR": (1, Reading._error),
    "KILL": (1, Reading._kill),
    "WALLOPS": (1, Reading._wallops),
    "FAIL": (3, Reading._standard_reply),
    "WARN": (3, Reading._standard_reply),
    "NOTE": (3, Reading._standard_reply),
    "ACCOUNT": (1, Reading._nothing),
    "CHGHOST": (2, Reading._nothing),
    "SETTING": (1, Reading._setting),
    "232": (2, Reading._rule),
    "308": (0, Reading._nothing),
    "309": (0, Reading._nothing),
    "AUTHENTICATE": (1, Reading._authenticate),
    "REGISTER": (2, Reading._registered_account),
    "VERIFY": (2, Reading._registered_account),
    "900": (2, Reading._logged_in),
    "901": (2, Reading._logged_in),
    "902": (2, Reading._sasl_failed),
    "903": (1, Reading._sasl_done),
    "904": (1, Reading._sasl_failed),
    "905": (1, Reading._sasl_failed),
    "906": (1, Reading._sasl_failed),
    "907": (1, Reading._sasl_done),
    "908": (1, Reading._nothing),
    "001": (1, Reading._welcome),
    "005": (2, Reading._isupport),
    "376": (0, Reading._end_of_motd),
    "422": (0, Reading._end_of_motd),
    "375": (0, Reading._nothing),
    "372": (2, Reading._motd),
    "353": (4, Reading._names),
    "366": (2, Reading._end_of_names),
    "321": (0, Reading._nothing),
    "322": (3, Reading._list_row),
    "323": (0, Reading._end_of_list),
    "331": (2, Reading._topic),
    "332": (3, Reading._topic),
    "333": (0, Reading._nothing),
    "329": (0, Reading._nothing),
    "336": (2, Reading._invitation),
    "337": (0, Reading._end_of_invitations),
    "341": (3, Reading._inviting),
    "470": (3, Reading._forwarded),
    "760": (5, Reading._value),
    "761": (5, Reading._value),
    "766": (3, Reading._value),
    "METADATA": (3, Reading._nothing),
    "305": (1, Reading._away_state),
    "306": (1, Reading._away_state),
    "301": (3, Reading._is_away),
}
