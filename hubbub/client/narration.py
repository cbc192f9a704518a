"""What a line of the wire means in words: the same reading for live lines and for lines from history.

`narrate` changes nothing and asks nothing but who we are; one row a command.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TypedDict

from hubbub.client.events import (
    AwayChanged,
    Happening,
    Invited,
    Joined,
    Kicked,
    Kind,
    Left,
    MessageShown,
    ModeChanged,
    QuitSeen,
    Renamed,
    RoomRenamed,
    TakenOut,
    TopicChanged,
)
from hubbub.irc.message import Message
from hubbub.irc.names import fold


@dataclass(frozen=True, slots=True)
class Perspective:
    """Who reads, and where: `place` is the room or person whose history it is, None when live."""

    nick: str
    is_room: Callable[[str], bool]
    status_signs: str = "@+"
    place: str | None = None
    server: str = ""

    def who(self, source: str | None) -> str:
        """Whose doing it is, as a person is told it: a nick, or "the server"."""
        return "the server" if self.is_server(source) else nick_of(source)

    def is_server(self, source: str | None) -> bool:
        """True for what no person could be called: the server's name, or one with a dot."""
        return "!" not in (source or "") and (source == self.server or "." in (source or "."))

    def is_us(self, nick: str) -> bool:
        """True when this is our own name."""
        return fold(nick) == fold(self.nick)


class When(TypedDict):
    """The fields that every happening has."""

    time: datetime | None
    msgid: str | None
    replayed: bool


def nick_of(source: str | None) -> str:
    """The nick of a source `nick!user@host`; a server's name as it is."""
    return (source or "").partition("!")[0]


def time_of(message: Message) -> datetime | None:
    """The `time` tag in UTC (https://ircv3.net/specs/extensions/server-time), None without one."""
    text = message.tags.get("time")
    if not text:
        return None
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return None
    if not 1970 <= moment.year < 9999:
        return None  # at the ends of the calendar it couldn't be shown in every time zone
    return moment.astimezone(UTC) if moment.tzinfo else moment.replace(tzinfo=UTC)


def place_of(happening: Happening) -> When:
    """A happening's time, id and origin, for another one made from it."""
    return {
        "time": happening.time,
        "msgid": happening.msgid,
        "replayed": happening.replayed,
    }


def narrate(message: Message, us: Perspective) -> Happening | None:
    """What happened, or None when the line tells of nothing that has a place in a conversation."""
    row = _ROWS.get(message.command)
    if row is None:
        return None
    least, reading = row
    return reading(message, us) if len(message.params) >= least else None


def _when(message: Message, us: Perspective) -> When:
    return {
        "time": time_of(message),
        "msgid": message.tags.get("msgid") or None,
        "replayed": us.place is not None,
    }


def _message(message: Message, us: Perspective) -> Happening | None:
    target, text = message.params[0], message.params[-1]
    author = nick_of(message.source)
    kind = Kind.NOTICE if message.command == "NOTICE" else Kind.TEXT
    if text.startswith("\x01"):
        word, _, rest = text.strip("\x01").partition(" ")
        if word.upper() == "ACTION":
            kind, text = Kind.ACTION, rest
        elif kind is Kind.NOTICE:
            return None  # an answer to a question that we never ask
        else:
            kind, text = Kind.NOTICE, f"asked our client: {text.strip(chr(1))}"
    bare = target.lstrip(us.status_signs)
    if us.is_room(bare):
        author = "server" if us.is_server(message.source) else author
        return MessageShown(bare, author, text, kind, us.is_us(author), False, **_when(message, us))
    if us.place is not None:
        # Names may have changed since: who isn't the person of this history and isn't spoken to, is us.
        theirs = fold(author) == fold(us.place) or (us.is_us(target) and not us.is_us(author))
        own, peer = not theirs, us.place
    else:
        own = us.is_us(author)
        peer = target if own else author
    return MessageShown(peer, author, text, kind, own, True, **_when(message, us))


def _redact(message: Message, us: Perspective) -> Happening:
    target, id = message.params[:2]
    reason = message.params[2] if len(message.params) > 2 else ""
    by, bare = us.who(message.source), target.lstrip(us.status_signs)
    if us.is_room(bare):
        return TakenOut(bare, id, by, reason, **_when(message, us))
    peer = us.place or (nick_of(message.source) if us.is_us(target) else target)
    return TakenOut(peer, id, by, reason, True, **_when(message, us))


def _join(message: Message, us: Perspective) -> Happening:
    nick = nick_of(message.source)
    return Joined(message.params[0], nick, us.is_us(nick), **_when(message, us))


def _part(message: Message, us: Perspective) -> Happening:
    nick = nick_of(message.source)
    reason = message.params[1] if len(message.params) > 1 else ""
    return Left(message.params[0], nick, reason, us.is_us(nick), **_when(message, us))


def _quit(message: Message, us: Perspective) -> Happening:
    rooms = (us.place,) if us.place is not None else ()
    reason = message.params[0] if message.params else ""
    return QuitSeen(nick_of(message.source), rooms, reason, **_when(message, us))


def _kick(message: Message, us: Perspective) -> Happening:
    room, nick = message.params[:2]
    reason = message.params[2] if len(message.params) > 2 else ""
    by = us.who(message.source)
    return Kicked(room, nick, by, reason, us.is_us(nick), **_when(message, us))


def _nick(message: Message, us: Perspective) -> Happening:
    old, new = nick_of(message.source), message.params[0]
    rooms = (us.place,) if us.place is not None else ()
    return Renamed(old, new, rooms, us.is_us(old), **_when(message, us))


def _rename(message: Message, us: Perspective) -> Happening:
    old, new = message.params[:2]
    reason = message.params[2] if len(message.params) > 2 else ""
    return RoomRenamed(old, new, us.who(message.source), reason, **_when(message, us))


def _topic(message: Message, us: Perspective) -> Happening:
    by = us.who(message.source)
    return TopicChanged(message.params[0], message.params[-1], by, **_when(message, us))


def _mode(message: Message, us: Perspective) -> Happening:
    change = " ".join(message.params[1:])
    return ModeChanged(message.params[0], change, us.who(message.source), **_when(message, us))


def _away(message: Message, us: Perspective) -> Happening:
    nick = nick_of(message.source)
    reason = message.params[0] if message.params and message.params[0] else None
    return AwayChanged(nick, reason, us.is_us(nick), **_when(message, us))


def _invite(message: Message, us: Perspective) -> Happening:
    nick, room = message.params[:2]
    return Invited(room, nick, us.who(message.source), **_when(message, us))


_ROWS: dict[str, tuple[int, Callable[[Message, Perspective], Happening | None]]] = {
    # command: (parameters it needs, how it is read)
    "PRIVMSG": (2, _message),
    "NOTICE": (2, _message),
    "REDACT": (2, _redact),
    "JOIN": (1, _join),
    "PART": (1, _part),
    "QUIT": (0, _quit),
    "KICK": (2, _kick),
    "NICK": (1, _nick),
    "RENAME": (2, _rename),
    "TOPIC": (2, _topic),
    "MODE": (2, _mode),
    "AWAY": (0, _away),
    "INVITE": (2, _invite),
}
