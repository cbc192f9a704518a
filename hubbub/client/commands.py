"""What a line that starts with a slash means: one row a command, with its usage and its help."""

from __future__ import annotations

import difflib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from hubbub.client import account_commands as own
from hubbub.client.errors import IntentError
from hubbub.client.events import Kind
from hubbub.client.render import clean
from hubbub.irc.names import fold, nick_problem

if TYPE_CHECKING:
    from hubbub.client.chat import Chat

HISTORY_COUNT = 50
HELP_COLUMN = 30
"""How wide a usage may be beside its help."""


class UsageError(Exception):
    """The line is no command, or not so; the text says how it would be."""


@dataclass(frozen=True, slots=True)
class Row:
    """A command. `least` words must follow its name; `handler(chat, rest)` does it."""

    name: str
    arguments: str
    help: str
    handler: Callable[[Chat, str], None]
    least: int = 0
    aliases: tuple[str, ...] = ()
    takes: str = ""
    """What its first word is, for completion: `person` or `room`."""

    @property
    def usage(self) -> str:
        """How it is typed."""
        return f"/{self.name} {self.arguments}".rstrip()


def run(chat: Chat, line: str) -> None:
    """Do what a line with a slash says. Raises `UsageError`, `IntentError` or `OutboxFull`."""
    name, _, rest = line[1:].partition(" ")
    rest = rest.strip()
    row = find(name)
    if row is None:
        raise UsageError(f"there is no command /{clean(name)}{_near(name)}")
    if len(rest.split()) < row.least:
        raise UsageError(f"usage: {row.usage}")
    row.handler(chat, rest)


def find(name: str) -> Row | None:
    """The row of this name or alias."""
    return _BY_NAME.get(name.lower())


def _near(name: str) -> str:
    close = difflib.get_close_matches(name.lower(), _BY_NAME, 1)
    if close:
        return f"; did you mean /{close[0]}?"
    return "; /help lists them. To say a line that starts with a slash, type two: //"


def _whisper(chat: Chat, rest: str) -> None:
    who, _, text = rest.partition(" ")
    chat.connection.say(who, text.strip())


def _me(chat: Chat, rest: str) -> None:
    if not chat.room:
        raise IntentError("You are in no room. /join #lobby takes you there.")
    chat.connection.say(chat.room, rest, Kind.ACTION)


def _users(chat: Chat, rest: str) -> None:
    room = _room(chat, rest)
    chat.connection.questions.names(room)


def _help(chat: Chat, rest: str) -> None:
    if rest and rest != "all":
        row = find(rest.removeprefix("/"))
        if row is None:
            raise UsageError(f"there is no command /{clean(rest.removeprefix('/'))}")
        chat.tell(f"{row.usage} — {row.help}")
        return
    chat.tell("What you type is said in the room you are in. Commands:")
    for row in ROWS if rest else EVERYDAY:
        usage = row.usage
        if len(usage) > HELP_COLUMN:
            chat.tell(f"  {usage}")
            usage = ""
        chat.tell(f"  {usage:<{HELP_COLUMN}}  {row.help}")
    if not rest:
        others = " ".join(f"/{row.name}" for row in ROWS if row not in EVERYDAY)
        chat.tell(f"Also: {others}")
        chat.tell("/help all says what each does, /help and a command what that one does.")
    chat.tell("A line that should begin with a slash is typed with two: //like this")


def _join(chat: Chat, rest: str) -> None:
    room, _, key = rest.partition(" ")
    chat.enter(room, key.strip() or None)


def _leave(chat: Chat, rest: str) -> None:
    first, _, reason = rest.partition(" ")
    if first and chat.connection.is_room(first):
        chat.connection.part(first, reason.strip())
    else:
        chat.connection.part(_room(chat, ""), rest)


def _rooms(chat: Chat, rest: str) -> None:
    chat.connection.questions.rooms()


def _nick(chat: Chat, rest: str) -> None:
    problem = nick_problem(rest, chat.connection.isupport.number("NICKLEN", 64))
    if problem:
        raise UsageError(problem)
    chat.connection.change_nick(rest)


def _rename(chat: Chat, rest: str) -> None:
    is_room = chat.connection.is_room
    first, _, more = rest.partition(" ")
    second, _, reason = more.strip().partition(" ")
    if is_room(first) and is_room(second):
        chat.connection.rename_room(first, second, reason.strip())
        return
    new = first if is_room(first) else f"#{first}"
    chat.connection.rename_room(_room(chat, ""), new, more.strip())


def _topic(chat: Chat, rest: str) -> None:
    chat.connection.topic(_room(chat, ""), rest or None)


def _invite(chat: Chat, rest: str) -> None:
    words = rest.split()
    if len(words) == 1 and chat.connection.is_room(words[0]):
        chat.connection.ask("INVITE", words[0])
    elif words:
        chat.connection.ask("INVITE", words[0], _room(chat, " ".join(words[1:])))
    else:
        chat.connection.ask("INVITE")


def _uninvite(chat: Chat, rest: str) -> None:
    who, _, room = rest.partition(" ")
    chat.connection.ask("UNINVITE", who, _room(chat, room.strip()))


def _own_room(chat: Chat, rest: str) -> None:
    action, *words = rest.split()
    if action.lower() == "list":
        chat.connection.ask("ROOM", "LIST")
        return
    named = bool(words) and chat.connection.is_room(words[0])
    room = words.pop(0) if named else _room(chat, "")
    if action.lower() == "register" and room not in chat.connection.rooms:
        name = clean(room)
        raise IntentError(
            f"You aren't in {name}: /join {name} first, which makes it if there is none."
            " Whoever makes a room runs it, and can then register it."
        )
    chat.connection.ask("ROOM", action.upper(), room, *words)


def _access(chat: Chat, rest: str) -> None:
    words = rest.split()
    named = bool(words) and chat.connection.is_room(words[0])
    room = words.pop(0) if named else _room(chat, "")
    chat.connection.ask("ACCESS", room, *(word.upper() for word in words[:1]), *words[1:])


def _retention(chat: Chat, rest: str) -> None:
    chat.connection.ask("RETENTION", _room(chat, ""), *([rest] if rest else []))


def _pin(chat: Chat, rest: str) -> None:
    room = _room(chat, "")
    chat.connection.ask("PIN", room, chat.find_said(room, rest))


def _pins(chat: Chat, rest: str) -> None:
    chat.connection.ask("PINS", _room(chat, rest))


def _unpin(chat: Chat, rest: str) -> None:
    room = _room(chat, "")
    listed = chat.pins.get(fold(room), ())
    if not (rest.isascii() and rest.isdigit() and 0 < int(rest[:6]) <= len(listed)):
        raise UsageError(f"usage: {_BY_NAME['unpin'].usage}; /pins lists them with their numbers")
    chat.connection.ask("UNPIN", room, listed[int(rest[:6]) - 1])


def _redact(chat: Chat, rest: str) -> None:
    room = _room(chat, "")
    chat.connection.ask("REDACT", room, chat.find_said(room, rest, own=not rest))


def _kick(chat: Chat, rest: str) -> None:
    who, _, reason = rest.partition(" ")
    reason = reason.strip()
    chat.connection.ask("KICK", _room(chat, ""), who, *([reason] if reason else []))


def _order(command: str) -> Callable[[Chat, str], None]:
    """What keeps order is the server's to understand: it is handed on as it was typed."""

    def handler(chat: Chat, rest: str) -> None:
        chat.connection.ask(command, *rest.split())

    return handler


def _report(chat: Chat, rest: str) -> None:
    about, _, text = rest.partition(" ")
    chat.connection.ask("REPORT", about, text.strip())


def _away(chat: Chat, rest: str) -> None:
    chat.connection.away(rest or None)


def _history(chat: Chat, rest: str) -> None:
    words = rest.split()
    count, counted = HISTORY_COUNT, False
    if words and words[-1].isascii() and words[-1].isdigit():
        count, counted = max(1, int(words.pop()[:6])), True
    if len(words) > 1:
        raise UsageError(f"usage: {_BY_NAME['history'].usage}")
    target = words[0] if words else _room(chat, "")
    people = {fold(name) for name in chat.people()}
    if fold(target) not in people and f"#{target}" in chat.connection.rooms:
        target = f"#{target}"
    chat.connection.questions.history(target, count, again=counted)


def _search(chat: Chat, rest: str) -> None:
    chat.connection.questions.search(rest)


def _metadata(chat: Chat, rest: str) -> None:
    target, _, more = rest.partition(" ")
    key, given, value = more.strip().partition(" ")
    value = value.strip()
    if target in ("", "me"):
        target = "*"
    chat.connection.questions.metadata(
        target, key, ("" if value == "-" else value) if given else None
    )


def _block(chat: Chat, rest: str) -> None:
    if rest:
        chat.connection.choose("ADD", "block", rest.split(maxsplit=1)[0])
    else:
        _tell_all(chat, "block", "you block {}", "you block nobody: /block <person>")


def _unblock(chat: Chat, rest: str) -> None:
    chat.connection.choose("REMOVE", "block", rest.split(maxsplit=1)[0])


def _quiet(chat: Chat, rest: str) -> None:
    chat.connection.choose("ADD", "mute", _room(chat, rest))


def _unquiet(chat: Chat, rest: str) -> None:
    chat.connection.choose("REMOVE", "mute", _room(chat, rest))


def _dnd(chat: Chat, rest: str) -> None:
    if rest in ("off", "no"):
        chat.connection.choose("REMOVE", "dnd")
    elif rest:
        chat.connection.choose("ADD", "dnd", rest.replace(" ", ""))
    else:
        _tell_all(
            chat, "dnd", "nothing makes a noise {}", "there are no quiet hours: /dnd 22:00-07:00"
        )


def _words(chat: Chat, rest: str) -> None:
    sign, word = rest[:1], rest[1:].strip()
    if not rest:
        _tell_all(chat, "word", "you notice {}", "you notice your name only: /words +tea")
    elif sign in "+-" and word:
        chat.connection.choose("ADD" if sign == "+" else "REMOVE", "word", word)
    else:
        chat.connection.choose("ADD", "word", rest)


def _settings(chat: Chat, rest: str) -> None:
    _tell_all(chat, "block", "you block {}", "you block nobody")
    _tell_all(chat, "mute", "quiet: {}", "no room is quiet")
    _tell_all(chat, "word", "you notice {}", "you notice your name only")
    _tell_all(chat, "dnd", "nothing makes a noise {}", "there are no quiet hours")


def _tell_all(chat: Chat, kind: str, some: str, none: str) -> None:
    values = ", ".join(map(clean, chat.connection.choices.all(kind)))
    chat.tell(some.format(values) if values else none)


def _export(chat: Chat, rest: str) -> None:
    chat.export(Path(rest or "hubbub-export.jsonl"))


def _rules(chat: Chat, rest: str) -> None:
    chat.connection.ask("RULES")


def _raw(chat: Chat, rest: str) -> None:
    chat.connection.raw(rest)


def _quit(chat: Chat, rest: str) -> None:
    chat.quit_reason = rest


def _room(chat: Chat, rest: str) -> str:
    room = rest.split(maxsplit=1)[0] if rest else chat.room
    if not room:
        raise IntentError("You are in no room. /join #lobby takes you there.")
    return room if chat.connection.is_room(room) else f"#{room}"


ROWS = (
    Row("whisper", "<username> <message>", "say something to one person only", _whisper, 2, ("msg", "w"), "person"),
    Row("users", "[room]", "who is here", _users, takes="room", aliases=("names", "who")),
    Row("help", "[command | all]", "these lines", _help, aliases=("h", "?")),
    Row("join", "<room> [key]", "go into a room and speak there", _join, 1, ("j",), "room"),
    Row("leave", "[room] [reason]", "go out of a room", _leave, 0, ("part",), "room"),
    Row("rooms", "", "the rooms there are", _rooms, aliases=("list",)),
    Row("me", "<action>", "say what you do: /me waves", _me, 1, ("action",)),
    Row("nick", "<name>", "have another name", _nick, 1, ("name",)),
    Row("rename", "[room] <#new name> [reason]", "give a room another name; for its operators", _rename, 1),
    Row("topic", "[text]", "show or set what the room is about", _topic),
    Row("invite", "[person] [room]", "ask somebody in; a room alone: who is invited; alone: where you are", _invite, takes="person"),
    Row("uninvite", "<person> [room]", "take an invitation back, or with your own name decline it", _uninvite, 1, takes="person"),
    Row("room", "<register|info|transfer|drop|list> [room] [account]", "make a room yours for good, hand it over, give it up", _own_room, 1),
    Row("access", "[room] [list|add|del] [account] [operator|voice]", "who has a right to which rank in a registered room", _access, takes="room"),
    Row("retention", "[time]", "show or set how long the room keeps what is said: 30d, 2w, 1y, forever", _retention),
    Row("pin", "[words]", "keep the last message in view, or the last one with these words", _pin),
    Row("unpin", "<number>", "end that, with the number that /pins shows", _unpin, 1),
    Row("pins", "[room]", "what is kept in view", _pins, takes="room"),
    Row("redact", "[words]", "take back your last message, or the last one with these words", _redact),
    Row("away", "[reason]", "be away; without a reason, be back", _away, 0, ("back",)),
    Row("history", "[room or person] [count]", "what was said earlier; again, and it is earlier still", _history),
    Row("search", "<words>", "find something that was said", _search, 1),
    Row("metadata", "[me, person or room] [key] [value]", "what is said of somebody; a value sets it, - takes it away", _metadata, aliases=("meta",), takes="person"),
    Row("block", "[person]", "nothing of somebody reaches you any more; or whom you block", _block, takes="person"),
    Row("unblock", "<person>", "somebody may reach you again", _unblock, 1, takes="person"),
    Row("quiet", "[room]", "a room makes no noise, and is shown only while you look at it", _quiet, takes="room"),
    Row("unquiet", "[room]", "a room is as it was", _unquiet, takes="room"),
    Row("words", "[+word | -word]", "words that call you, beside your name", _words),
    Row("dnd", "[22:00-07:00 | off]", "hours in which nothing makes a noise", _dnd),
    Row("settings", "", "what you have chosen, here and on your other devices", _settings),
    Row("export", "[file]", "all that the server keeps of you, as a file of JSON lines", _export),
    Row("rules", "", "the rules here, and who can read what", _rules),
    Row("register", "[password] [e-mail]", "make your name an account of yours", own.register),
    Row("login", "<account>", "log in to your account; the password is asked for", own.login, 1),
    Row("passwd", "", "change your password; both are asked for", own.passwd),
    Row("sessions", "[number]", "your connections, or end the one of that number", own.sessions),
    Row("account", "<rename name | email address | delete [messages] | cert add|list|del [fingerprint] | reset name>", "give your account another name, or an address; delete it, with all you said or without; let a client certificate log in to it; reset another's (moderators)", own.account, 1),
    Row("recover", "<account> [code]", "have a code sent to your address; get a new password by it, or by a moderator's", own.recover, 1),
    Row("verify", "<account> <code>", "confirm your e-mail address by the code that was sent to it", own.verify, 2),
    Row("invitelink", "[people] [days] | list | revoke <number>", "make a code by which others may come in; list yours; end one", own.invitelink),
    Row("claim", "<code>", "become the first admin, by the code that the server printed", own.claim, 1),
    Row("report", "<person> <text>", "tell the moderators of somebody", _report, 2, takes="person"),
    Row("kick", "<person> [reason]", "take somebody out of the room; for those who run it", _kick, 1, takes="person"),
    Row("ban", "[person or mask] [duration] [reason]", "keep out of the chat, for 1h or ever; alone: who is; for moderators, as what follows", _order("BAN"), takes="person"),
    Row("unban", "<what was banned>", "let in again", _order("UNBAN"), 1),
    Row("mute", "[person or mask] [duration] [reason]", "keep from speaking; alone: who is", _order("MUTE"), takes="person"),
    Row("unmute", "<who was muted>", "let speak again", _order("UNMUTE"), 1, takes="person"),
    Row("lockdown", "[on or off] [reason]", "let no new guests in, or again; alone: which", _order("LOCKDOWN")),
    Row("purge", "<person> [how long back]", "take out all that somebody said in the last hour, or 2d", _order("PURGE"), 1, takes="person"),
    Row("audit", "[how long back] [who]", "what moderators did", _order("AUDIT")),
    Row("undo", "<number>", "take back what the audit log has under that number", _order("UNDO"), 1),
    Row("raw", "<line>", "send a line of IRC as it is", _raw, 1, ("quote",)),
    Row("quit", "[reason]", "go", _quit, 0, ("exit", "q", "bye")),
)  # fmt: skip

_BY_NAME = {name: row for row in ROWS for name in (row.name, *row.aliases)}

EVERYDAY = tuple(
    _BY_NAME[name]
    for name in (
        "whisper",
        "users",
        "rooms",
        "join",
        "leave",
        "me",
        "nick",
        "topic",
        "history",
        "search",
        "away",
        "block",
        "report",
        "register",
        "login",
        "help",
        "quit",
    )
)
"""What a person needs on the first day: these rows fit a small terminal; README.md has the same."""


def completions(chat: Chat, before: str) -> list[tuple[str, int]]:
    """What could stand at the end of `before`: texts, and how many characters each replaces."""
    word = before.rpartition(" ")[2]
    if before.startswith("/") and " " not in before:
        return [
            (f"/{row.name} ", len(before))
            for row in ROWS
            if row.name.startswith(before[1:].lower())
        ]
    head, _, rest = before.partition(" ")
    row = find(head[1:]) if before.startswith("/") else None
    if row is not None and row.takes == "room" and " " not in rest:
        rooms = chat.connection.rooms.names()
        return [(room, len(word)) for room in rooms if fold(room).startswith(fold(word))]
    if not word:
        return []
    ending = ": " if word == before else " "
    return [
        (name + ending, len(word))
        for name in chat.people()
        if fold(name).startswith(fold(word)) and fold(name) != fold(chat.connection.nick)
    ]
