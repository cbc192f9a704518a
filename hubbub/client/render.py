"""Events as lines of text for a terminal or a pipe; nothing that others wrote reaches it uncleaned.

A name or a text from the network could hold escape sequences that rewrite the screen, or marks that turn
the direction of what follows; `clean` takes all of them out.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from enum import Enum
from typing import Any, TypeVar

from hubbub.client import events as e
from hubbub.client.address import shown_fingerprint

_FORMATTING = re.compile(
    r"\x03(?:\d{1,2}(?:,\d{1,2})?)?|\x04(?:[0-9A-Fa-f]{6})?|[\x02\x0f\x11\x16\x1d\x1e\x1f]"
)
_BIDI = frozenset("\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")


class Stream(Enum):
    """Where a line belongs: in a pipe the chat is stdout and the narration stderr."""

    CHAT = "chat"
    STATUS = "status"
    ALERT = "alert"


@dataclass(frozen=True, slots=True)
class Line:
    """One line to show. `own`, `whisper` and `called` (we are meant) are for colours; `old`: it was
    there before we came; `bell`: it shall be heard."""

    text: str
    stream: Stream = Stream.STATUS
    own: bool = False
    whisper: bool = False
    old: bool = False
    called: bool = False
    bell: bool = False


@dataclass(frozen=True, slots=True)
class View:
    """What a line looks like depends on: the room in view, the clock, whether details are wanted."""

    room: str
    now: datetime
    debug: bool = False


def clean(text: str) -> str:
    """Text that can't do anything to a terminal: no controls, no formatting, no turns of direction."""
    text = _FORMATTING.sub("", text)
    if text.isascii() and text.isprintable():
        return text
    return "".join(_clean_character(character) for character in text)


def _clean_character(character: str) -> str:
    if character in _BIDI:
        return ""
    category = unicodedata.category(character)
    if character == "\t" or category in ("Zl", "Zp"):
        return " "
    if category == "Cc" or category == "Cs" or "\U000e0000" <= character <= "\U000e007f":
        return "\ufffd"
    return character


def render(event: e.Event, view: View) -> list[Line]:
    """The lines for an event; none for what a person need not see."""
    row = _ROWS.get(type(event))
    return row(event, view) if row is not None else []


def stamp(moment: datetime | None, now: datetime) -> str:
    """HH:MM in local time, with the date when it was not today. `now` has a time zone."""
    local = (moment or now).astimezone(now.tzinfo)
    return local.strftime("%H:%M" if local.date() == now.date() else "%Y-%m-%d %H:%M")


_E = TypeVar("_E", bound=e.Event)
_Row = Callable[[Any, View], list[Line]]
_ROWS: dict[type[e.Event], _Row] = {}


def _row(kind: type[_E]) -> Callable[[Callable[[_E, View], list[Line]]], _Row]:
    def add(function: Callable[[_E, View], list[Line]]) -> _Row:
        _ROWS[kind] = function
        return function

    return add


def _elsewhere(room: str, view: View) -> str:
    """The room's name before a line that isn't of the room in view."""
    return "" if room.casefold() == view.room.casefold() else f"{clean(room)} "


def _because(reason: str) -> str:
    return f": {clean(reason)}" if reason else ""


def _story(event: e.Happening, text: str, view: View) -> list[Line]:
    return [Line(f"{stamp(event.time, view.now)} *** {text}")]


@_row(e.MessageShown)
def _message(event: e.MessageShown, view: View) -> list[Line]:
    time, author, text = stamp(event.time, view.now), clean(event.author), clean(event.text)
    if event.whisper:
        other = clean(event.room)
        head = f"[whisper to {other}]" if event.own else f"[whisper from {author}]"
        body = f"{head} * {author} {text}" if event.kind is e.Kind.ACTION else f"{head} {text}"
    else:
        place = _elsewhere(event.room, view)
        shape = {
            e.Kind.TEXT: "{place}<{author}> {text}",
            e.Kind.ACTION: "{place}* {author} {text}",
            e.Kind.NOTICE: "{place}-{author}- {text}",
        }[event.kind]
        body = shape.format(place=place, author=author, text=text)
    return [Line(f"{time} {body}", Stream.CHAT, event.own, event.whisper)]


@_row(e.TakenOut)
def _taken_out(event: e.TakenOut, view: View) -> list[Line]:
    mark = f"[taken out by {clean(event.by)}{_because(event.reason)}]"
    if not event.author:
        # An earlier one that isn't shown any more, nor was: it is told of while it happens.
        return [] if event.replayed else _story(event, f"an earlier message {mark}", view)
    when = stamp(event.said_at, view.now)
    place = f"your whispers with {clean(event.room)}: " if event.whisper else ""
    place = place or _elsewhere(event.room, view)
    return _story(event, f"{place}what {clean(event.author)} said at {when} {mark}", view)


@_row(e.Joined)
def _joined(event: e.Joined, view: View) -> list[Line]:
    if event.replayed:
        return []  # who came and went earlier is noise; the list of names says who is here
    who = "you" if event.own else clean(event.nick)
    return _story(event, f"{who} joined {clean(event.room)}", view)


@_row(e.Left)
def _left(event: e.Left, view: View) -> list[Line]:
    if event.replayed:
        return []
    who = "you" if event.own else clean(event.nick)
    return _story(event, f"{who} left {clean(event.room)}{_because(event.reason)}", view)


@_row(e.QuitSeen)
def _quit(event: e.QuitSeen, view: View) -> list[Line]:
    if event.replayed:
        return []
    return _story(event, f"{clean(event.nick)} left{_because(event.reason)}", view)


@_row(e.Kicked)
def _kicked(event: e.Kicked, view: View) -> list[Line]:
    who = "YOU WERE" if event.own and not event.replayed else f"{clean(event.nick)} was"
    text = f"{who} kicked from {clean(event.room)} by {clean(event.by)}{_because(event.reason)}"
    return _story(event, text, view)


@_row(e.Renamed)
def _renamed(event: e.Renamed, view: View) -> list[Line]:
    who = "you are" if event.own and not event.replayed else f"{clean(event.old)} is"
    return _story(event, f"{who} now called {clean(event.new)}", view)


@_row(e.RoomRenamed)
def _room_renamed(event: e.RoomRenamed, view: View) -> list[Line]:
    old, new = clean(event.old), clean(event.room)
    if event.by is None:
        return _story(event, f"{old} is called {new} now", view)
    return _story(event, f"{clean(event.by)} renamed {old} to {new}{_because(event.reason)}", view)


@_row(e.TopicChanged)
def _topic(event: e.TopicChanged, view: View) -> list[Line]:
    room, topic = clean(event.room), clean(event.topic)
    if event.by is None:
        return _story(event, f"topic of {room}: {topic}" if topic else f"{room} has no topic", view)
    what = f"set the topic of {room}: {topic}" if topic else f"took away the topic of {room}"
    return _story(event, f"{clean(event.by)} {what}", view)


@_row(e.ModeChanged)
def _mode(event: e.ModeChanged, view: View) -> list[Line]:
    return _story(
        event, f"{clean(event.by)} set {clean(event.change)} on {clean(event.target)}", view
    )


@_row(e.AwayChanged)
def _away(event: e.AwayChanged, view: View) -> list[Line]:
    who = "you are" if event.own else f"{clean(event.nick)} is"
    if event.reason is None:
        return _story(event, f"{who} back", view)
    return _story(event, f"{who} away{'' if event.own else _because(event.reason)}", view)


@_row(e.Invited)
def _invited(event: e.Invited, view: View) -> list[Line]:
    text = f"{clean(event.by)} invites {clean(event.nick)} to {clean(event.room)}"
    return _story(event, text, view)


@_row(e.NamesListed)
def _names(event: e.NamesListed, view: View) -> list[Line]:
    people = (
        f"{clean(member.prefixes + member.nick)}{' (away)' if member.away else ''}"
        for member in event.members
    )
    return [Line(f"*** {clean(event.room)} has {len(event.members)}: {', '.join(people)}")]


@_row(e.RoomListed)
def _rooms(event: e.RoomListed, view: View) -> list[Line]:
    rows = [
        Line(f"***   {clean(room.name)} ({room.members}){_because(room.topic)}")
        for room in event.rooms
    ]
    return [Line(f"*** rooms: {len(event.rooms)}"), *rows]


@_row(e.HistoryShown)
def _history(event: e.HistoryShown, view: View) -> list[Line]:
    if not event.happenings:
        return [Line(f"*** nothing older is known of {clean(event.room)}")]
    lines = [line for item in event.happenings for line in render(item, view)]
    return [
        Line(f"*** earlier in {clean(event.room)}:"),
        *lines,
        Line("*** (end of what was earlier)"),
    ]


@_row(e.SearchShown)
def _search(event: e.SearchShown, view: View) -> list[Line]:
    lines = [line for item in event.happenings for line in render(item, View("", view.now))]
    return [Line(f"*** found {len(event.happenings)} for {clean(event.text)!r}:"), *lines]


@_row(e.PinsShown)
def _pins(event: e.PinsShown, view: View) -> list[Line]:
    lines: list[Line] = []
    for number, item in enumerate(event.happenings, 1):
        # Not as what is being said now, even for a program that reads along.
        lines += [
            Line(f"*** {number}. {line.text}") for line in render(item, View(event.room, view.now))
        ]
    return lines


@_row(e.Connecting)
def _connecting(event: e.Connecting, view: View) -> list[Line]:
    again = f" (try {event.attempt})" if event.attempt > 1 else ""
    return [Line(f"*** connecting to {clean(event.address)}{again} …")]


@_row(e.Connected)
def _connected(event: e.Connected, view: View) -> list[Line]:
    return [Line(f"*** connected to {clean(event.address)} ({clean(event.security)})")]


@_row(e.ConnectFailed)
def _failed(event: e.ConnectFailed, view: View) -> list[Line]:
    if event.retry_in is None:
        return []  # the program ends with the same words
    when = f"in {event.retry_in:.0f} s" if event.retry_in >= 1 else "now"
    why = f"{clean(event.reason)}; " if event.reason else ""
    return [Line(f"*** {why}trying again {when}", Stream.ALERT)]


@_row(e.CertificatePinned)
def _pinned(event: e.CertificatePinned, view: View) -> list[Line]:
    return [
        Line(f"*** first time at {clean(event.address)}: its certificate is trusted from now on,"),
        Line(f"***   {shown_fingerprint(clean(event.fingerprint))}"),
    ]


@_row(e.Registered)
def _registered(event: e.Registered, view: View) -> list[Line]:
    if event.again:
        return [Line(f"*** back, as {clean(event.nick)}")]
    return [Line(f"*** welcome, {clean(event.nick)}; /help lists what you can type")]


@_row(e.Disconnected)
def _disconnected(event: e.Disconnected, view: View) -> list[Line]:
    waiting = f"; {event.waiting} messages wait and will be sent" if event.waiting else ""
    why = "" if event.told else _because(event.reason)
    return [Line(f"*** disconnected{why}{waiting}", Stream.ALERT)]


@_row(e.Exported)
def _exported(event: e.Exported, view: View) -> list[Line]:
    return []  # it goes to a file


@_row(e.CaughtUp)
def _caught_up(event: e.CaughtUp, view: View) -> list[Line]:
    return []


@_row(e.Gap)
def _gap(event: e.Gap, view: View) -> list[Line]:
    text = f"*** some messages of {clean(event.room)} may be missing here: {clean(event.reason)}"
    return [Line(text, Stream.ALERT)]


@_row(e.Refused)
def _refused(event: e.Refused, view: View) -> list[Line]:
    about = f"{clean(event.about)}: " if event.about else ""
    if event.code == "401" and event.text:
        return [
            Line(
                f"*** {clean(event.about)} is not here — not said: {clean(event.text)}",
                Stream.ALERT,
            )
        ]
    what = "taken back" if event.code == "TAKEN_BACK" else "not said"
    lost = f" — {what}: {clean(event.text)}" if event.text else ""
    return [Line(f"*** {about}{clean(event.reason)}{lost}", Stream.ALERT)]


@_row(e.KeptForLater)
def _kept(event: e.KeptForLater, view: View) -> list[Line]:
    target, action = clean(event.target), "* " if event.kind is e.Kind.ACTION else ""
    place = f"[whisper to {target}] " if event.whisper else _elsewhere(event.target, view)
    return [Line(f"*** waiting for the connection: {place}{action}{clean(event.text)}")]


@_row(e.Unconfirmed)
def _unconfirmed(event: e.Unconfirmed, view: View) -> list[Line]:
    text = f"*** it is unknown whether {clean(event.target)} got this: {clean(event.text)}"
    return [Line(text, Stream.ALERT)]


@_row(e.NickRefused)
def _nick_refused(event: e.NickRefused, view: View) -> list[Line]:
    text = f"*** the name {clean(event.nick)} can't be had: {clean(event.reason)}"
    return [Line(text, Stream.ALERT)]


@_row(e.ServerNotice)
def _notice(event: e.ServerNotice, view: View) -> list[Line]:
    if event.topic == "welcome" and not view.debug:
        return []
    return [Line(f"*** {clean(event.text)}")]


@_row(e.ServerError)
def _error(event: e.ServerError, view: View) -> list[Line]:
    return [Line(f"*** the server says: {clean(event.reason)}", Stream.ALERT)]


@_row(e.RawLine)
def _raw(event: e.RawLine, view: View) -> list[Line]:
    return []
