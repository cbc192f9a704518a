"""What is typed, as the wire sees it; and that each command has its help and its test."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from hubbub.client.chat import Chat
from hubbub.client.commands import EVERYDAY, ROWS, find
from hubbub.client.events import Event
from hubbub.client.render import Line
from tests.client.rig import CAPS, Rig, label_of, make_rig, said, without_tags


@dataclass
class Person:
    """Somebody who types into a chat that stands on a rig."""

    rig: Rig
    shown: list[str] = field(default_factory=list)
    timers: list[tuple[float, Callable[[], None]]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.chat = Chat(self.rig.connection, "#lobby", self._show, self._later)

    def _show(self, line: Line) -> None:
        self.shown.append(line.text)

    def _later(self, seconds: float, call: Callable[[], None]) -> None:
        self.timers.append((seconds, call))

    def happens(self) -> list[str]:
        """Show what has happened on the wire; the lines."""
        events: list[Event] = [*self.rig.take(), *self.rig.connection.take_events()]
        self.chat.events(events)
        shown, self.shown = self.shown, []
        return shown

    def types(self, text: str) -> list[str]:
        """What goes over the wire for it, tags left out."""
        self.chat.typed(text)
        return [without_tags(line) for line in self.rig.sent()]


def person(caps: str = CAPS) -> Person:
    one = Person(make_rig())
    one.rig.register(caps)
    for ask in one.rig.lobby():
        one.rig.history(label_of(ask))
    one.happens()
    return one


def pinned(one: Person) -> list[str]:
    """What is shown when somebody says two things and asks for what is pinned."""
    one.rig.gets(said(2, "the rules"), said(3, "tea is at five"))
    one.happens()
    one.rig.gets(
        ":s BATCH +P hubbub/pins #lobby",
        "@batch=P;" + said(2, "the rules")[1:],
        "@batch=P;" + said(3, "\x01ACTION waves\x01")[1:],
        ":s BATCH -P",
        ":s NOTE PINS PINS_END #lobby :2 pinned in #lobby",
    )
    return one.happens()


WIRE = {
    "register": ("/register password1", "REGISTER * * password1"),
    "whisper": ("/whisper bob hi there", "PRIVMSG bob :hi there"),
    "users": ("/users", "NAMES #lobby"),
    "join": ("/join dev key", "JOIN #dev key"),
    "leave": ("/leave", "PART #lobby"),
    "rooms": ("/rooms", "LIST"),
    "me": ("/me waves", "PRIVMSG #lobby :\x01ACTION waves\x01"),
    "nick": ("/nick carol", "NICK carol"),
    "rename": ("/rename tea", "RENAME #lobby #tea"),
    "topic": ("/topic all about tea", "TOPIC #lobby :all about tea"),
    "invite": ("/invite bob", "INVITE bob #lobby"),
    "uninvite": ("/uninvite bob", "UNINVITE bob #lobby"),
    "room": ("/room register", "ROOM REGISTER #lobby"),
    "access": ("/access add bob voice", "ACCESS #lobby ADD bob voice"),
    "retention": ("/retention 30d", "RETENTION #lobby 30d"),
    "pin": ("/pin", "PIN #lobby m3"),
    "unpin": ("/unpin 2", "UNPIN #lobby m3"),
    "pins": ("/pins", "PINS #lobby"),
    "redact": ("/redact tea", "REDACT #lobby m3"),
    "away": ("/away having tea", "AWAY :having tea"),
    "history": ("/history 10", "CHATHISTORY LATEST #lobby * 10"),
    "search": ("/search two words", "SEARCH text=two\\swords"),
    "sessions": ("/sessions 7", "SESSIONS REVOKE 7"),
    "account": ("/account reset bob", "ACCOUNT RESET bob"),
    "verify": ("/verify ann aaaa-bbbb", "VERIFY ann aaaa-bbbb"),
    "invitelink": ("/invitelink 5 14", "INVITELINK 5 14"),
    "claim": ("/claim aaaa-bbbb", "CLAIM aaaa-bbbb"),
    "report": ("/report bob sells things", "REPORT bob :sells things"),
    "kick": ("/kick bob too loud", "KICK #lobby bob :too loud"),
    "ban": ("/ban bob 1h too loud", "BAN bob 1h too loud"),
    "unban": ("/unban bob", "UNBAN bob"),
    "mute": ("/mute bob 10m", "MUTE bob 10m"),
    "unmute": ("/unmute bob", "UNMUTE bob"),
    "lockdown": ("/lockdown on a raid", "LOCKDOWN on a raid"),
    "purge": ("/purge bob 2h", "PURGE bob 2h"),
    "audit": ("/audit 2d ann", "AUDIT 2d ann"),
    "undo": ("/undo 12", "UNDO 12"),
    "raw": ("/raw version", "VERSION"),
    "metadata": ("/metadata bob", "METADATA bob LIST"),
    "rules": ("/rules", "RULES"),
    "block": ("/block bob", "SETTING ADD block bob"),
    "unblock": ("/unblock bob", "SETTING REMOVE block bob"),
    "quiet": ("/quiet", "SETTING ADD mute #lobby"),
    "unquiet": ("/unquiet dev", "SETTING REMOVE mute #dev"),
    "words": ("/words +two words", "SETTING ADD word :two words"),
    "dnd": ("/dnd 22:00-07:00", "SETTING ADD dnd 22:00-07:00"),
}


@pytest.mark.parametrize("name", [row.name for row in ROWS])
def test_every_command_has_help_and_does_something(name: str, tmp_path: Path) -> None:
    row = find(name)
    assert row is not None
    assert row.help
    one = person(CAPS + " soju.im/search hubbub/settings")
    if name in ("pin", "unpin", "redact"):
        pinned(one)
    if name in WIRE:
        typed, wire = WIRE[name]
        (sent,) = one.types(typed)
        # /history asks for what was before the first thing shown, were there one
        assert sent == wire
    elif name == "login":
        one.chat.can_ask = True
        assert one.types("/login ann") == []
        assert one.chat.asking_secret is not None
        assert one.chat.asking_secret[0] == "Password of ann: "
    elif name == "passwd":
        one.chat.can_ask = True
        one.types("/passwd")
        one.chat.secret("old-word")
        one.chat.secret("new word")
        assert one.rig.sent() == ["ACCOUNT PASSWORD old-word :new word"]
    elif name == "recover":
        one.chat.can_ask = True
        one.types("/recover ann aaaa-bbbb")
        one.chat.secret("new word")
        assert one.rig.sent() == ["RECOVER ann aaaa-bbbb :new word"]
    elif name == "export":
        assert one.types(f"/export {tmp_path / 'mine'}") == ["EXPORT"]
    elif name == "settings":
        assert one.types("/settings") == []
        assert len(one.happens()) == 4
    elif name == "quit":
        one.types("/quit so long")
        assert one.chat.quit_reason == "so long"
    else:
        assert name == "help"
        one.types("/help all")
        shown = "\n".join(one.happens())
        assert all(row.usage in shown and row.help in shown for row in ROWS)


def test_help_fits_a_small_terminal_and_names_the_rest() -> None:
    one = person()
    one.types("/help")
    lines = one.happens()
    assert len(lines) < 24
    shown = "\n".join(lines)
    assert all(row.usage in shown and row.help in shown for row in EVERYDAY)
    (also,) = (line for line in lines if "Also: " in line)
    named = {word.removeprefix("/") for word in also.partition("Also: ")[2].split()}
    assert named == {row.name for row in ROWS} - {row.name for row in EVERYDAY}


@pytest.mark.parametrize(
    ("typed", "wire"),
    [
        ("hello", "PRIVMSG #lobby hello"),
        ("//hello", "PRIVMSG #lobby /hello"),
        ("/msg bob x", "PRIVMSG bob x"),
        ("/leave #other so long", "PART #other :so long"),
        ("/leave so long", "PART #lobby :so long"),
        ("/away", "AWAY"),
        ("/topic", "TOPIC #lobby"),
        ("/retention", "RETENTION #lobby"),
        ("/rename #tea it is tea", "RENAME #lobby #tea :it is tea"),
        ("/rename #dev #ops", "RENAME #dev #ops"),
        ("/metadata", "METADATA * LIST"),
        ("/metadata bob url", "METADATA bob GET url"),
        ("/metadata me url http://example.org/ x", "METADATA * SET url :http://example.org/ x"),
        ("/metadata #lobby url -", "METADATA #lobby SET url"),
        ("/users other", "NAMES #other"),
        ("/room list", "ROOM LIST"),
        ("/room transfer #den bob", "ROOM TRANSFER #den bob"),
        ("/room drop #den", "ROOM DROP #den"),
        ("/access", "ACCESS #lobby"),
        ("/access #den del bob", "ACCESS #den DEL bob"),
        ("/invite", "INVITE"),
        ("/invite #dev", "INVITE #dev"),
        ("/invite bob dev", "INVITE bob #dev"),
        ("/uninvite bob #dev", "UNINVITE bob #dev"),
        ("/history bob", "CHATHISTORY LATEST bob * 50"),
        ("/HISTORY bob 7", "CHATHISTORY LATEST bob * 7"),
    ],
)
def test_other_ways_to_type(typed: str, wire: str) -> None:
    assert person().types(typed) == [wire]


@pytest.mark.parametrize(
    ("typed", "said"),
    [
        ("/whispr bob x", "did you mean /whisper?"),
        ("/xyzzy", "there is no command /xyzzy; /help lists them"),
        ("/whisper bob", "usage: /whisper <username> <message>"),
        ("/join", "usage: /join <room> [key]"),
        ("/nick two words", "can't contain a space"),
        ("/search tea", "This server doesn't offer a search."),
        ("/history a b", "usage: /history"),
        ("/help nothing", "there is no command /nothing"),
        ("/raw \x01", "not an IRC line"),
        ("/join a,b", "'#a,b' is not a room"),
    ],
)
def test_what_is_wrong_is_said(typed: str, said: str) -> None:
    one = person()
    assert one.types(typed) == []
    assert said in "\n".join(one.happens())
    assert one.chat.trouble


def test_what_is_pinned_is_listed_and_named_by_its_number_or_its_words() -> None:
    one = person()
    first, second, end = pinned(one)
    assert first.startswith("*** 1. ")
    assert first.endswith("<bob> the rules")
    assert second.startswith("*** 2. ")
    assert second.endswith("* bob waves")
    assert end == "*** 2 pinned in #lobby"
    assert one.types("/pin RULES") == ["PIN #lobby m2"]
    assert one.types("/unpin 1") == ["UNPIN #lobby m2"]
    for typed, words in (
        ("/unpin 3", "/pins lists them with their numbers"),
        ("/unpin 0", "/pins lists them"),
        ("/unpin rules", "usage: /unpin <number>"),
        ("/pin coffee", "No such message was shown here in #lobby."),
    ):
        assert one.types(typed) == []
        assert words in "\n".join(one.happens())


def test_nothing_is_said_for_nothing() -> None:
    assert person().types("   ") == []


def test_joining_moves_on_and_leaving_moves_back() -> None:
    one = person()
    one.types("/join dev")
    assert one.chat.room == "#lobby", "not before the server says so"
    (ask,) = one.rig.gets(":alice!u@h JOIN #dev")
    one.rig.history(label_of(ask), target="#dev")
    one.happens()
    assert one.types("here") == ["PRIVMSG #dev here"]
    one.rig.gets(":alice!u@h PART #dev")
    one.happens()
    assert one.types("there") == ["PRIVMSG #lobby there"]
    one.rig.gets(":op!u@h KICK #lobby alice :out")
    assert any("YOU WERE kicked from #lobby by op: out" in line for line in one.happens())
    assert one.types("anybody?") == []
    assert "You are in no room" in one.happens()[0]


def test_a_refused_room_leaves_us_where_we_are() -> None:
    one = person()
    one.types("/join dev")
    one.rig.gets(":s 473 alice #dev :Invite only")
    assert "Invite only" in one.happens()[0]
    assert one.chat.room == "#lobby"


def test_a_name_that_the_old_connection_holds_is_asked_for_again_with_a_word() -> None:
    one = person()
    one.rig.down()
    one.rig.up()
    one.rig.gets(f":s CAP * LS :{CAPS}", f":s CAP * ACK :{CAPS}", ":s 433 * alice :In use")
    assert any("the old connection may still hold it" in line for line in one.happens())
    assert not one.chat.asking_name
    ((seconds, again),) = one.timers
    assert seconds == 5.0
    again()
    assert one.rig.sent() == ["NICK alice"]


def test_a_new_persons_name_is_asked_for() -> None:
    one = Person(make_rig())
    one.chat.can_ask = True
    one.rig.up()
    one.rig.gets(":s 421 * CAP :?", ":s 433 * alice :In use")
    one.happens()
    assert one.chat.asking_name
    assert one.types("1st") == []
    assert "start with a letter" in one.happens()[0]
    assert one.types("") == ["NICK alice2"]
    assert not one.chat.asking_name


def test_a_room_is_known_without_its_sign_unless_a_person_has_that_name() -> None:
    one = person()
    assert one.types("/history lobby") == ["CHATHISTORY LATEST #lobby * 50"]
    other = person()
    other.rig.gets(":lobby!u@h JOIN #lobby")
    assert other.types("/history lobby") == ["CHATHISTORY LATEST lobby * 50"]


def test_who_is_back_without_having_been_away_is_told() -> None:
    one = person()
    one.types("/away")
    one.rig.gets(":s 305 alice :You are no longer away")
    assert one.happens() == ["*** you were not away"]
    one.rig.gets(":s 306 alice :You are away", ":s 305 alice :You are no longer away")
    assert [line[6:] for line in one.happens()] == ["*** you are away", "*** you are back"]


def test_old_lines_are_known_from_those_that_were_missed() -> None:
    one = Person(make_rig())
    lines: list[Line] = []
    one.chat.show = lines.append
    one.rig.register()
    (ask,) = one.rig.lobby(5)
    one.rig.history(label_of(ask), said(1, "old"))
    one.rig.gets(said(6, "live"))
    one.happens()
    one.rig.down()
    one.rig.register()
    (ask,) = [line for line in one.rig.lobby(9) if "AFTER" in line] or one.rig.history(
        "h2", kind="draft/chathistory-targets", target=""
    )
    one.rig.history(label_of(ask), said(7, "missed"))
    one.happens()
    shown = [(line.text.rpartition(" ")[2], line.old) for line in lines if "<bob>" in line.text]
    assert shown == [("old", True), ("live", False), ("missed", False)]


def test_what_is_said_of_somebody_is_shown() -> None:
    one = person()
    one.types("/metadata bob")
    one.rig.gets(
        ":s BATCH +1 metadata bob",
        "@batch=1 :s 761 alice bob url * :http://example.org",
        "@batch=1 :s 766 alice bob avatar :key not set",
        ":s BATCH -1",
    )
    assert one.happens() == [
        "*** url of bob is 'http://example.org'",
        "*** avatar of bob isn't set",
    ]
    assert one.rig.connection.settled


def test_that_nothing_is_said_of_somebody_is_shown_to_who_asked() -> None:
    one = person()
    one.rig.gets(":s BATCH +1 metadata alice", ":s BATCH -1")
    assert one.happens() == []
    one.types("/metadata bob")
    one.rig.gets(":s BATCH +2 metadata bob", ":s BATCH -2")
    assert one.happens() == ["*** nothing is said of bob"]
    one.types("/metadata nobody")
    one.rig.gets(":s FAIL METADATA INVALID_TARGET nobody :There is no such person or room")
    assert one.happens() == ["*** nobody: There is no such person or room"]
    assert one.rig.connection.settled


def test_a_room_that_is_renamed_is_the_same_room() -> None:
    one = person()
    one.rig.gets("@msgid=m5;time=2026-03-01T12:00:05.000Z :bob!u@h RENAME #lobby #hall :tidy")
    (line,) = one.happens()
    assert line.endswith("*** bob renamed #lobby to #hall: tidy")
    assert one.chat.room == "#hall"
    assert [member.nick for member in one.rig.connection.members("#hall")] == ["bob", "alice"]
    assert one.types("hello") == ["PRIVMSG #hall hello"]
    assert one.types("/history")[0].startswith("CHATHISTORY ")
    one.rig.down()
    joins = [line for line in one.rig.register() if "JOIN" in line]
    assert joins == ["JOIN #hall"]


def test_a_room_that_was_renamed_meanwhile_is_found() -> None:
    one = person()
    one.rig.gets(said(3, "before"))
    one.rig.down()
    one.chat.typed("kept for later")
    for ask in one.rig.register():
        if " TARGETS " in ask:
            one.rig.history(label_of(ask), target="", kind="draft/chathistory-targets")
    assert one.rig.gets(":s FAIL JOIN CHANNEL_RENAMED #lobby #hall :It is called #hall now") == [
        "JOIN #hall"
    ]
    assert one.happens()[-1].endswith("*** #lobby is called #hall now")
    sent = one.rig.gets(
        ":alice!u@h JOIN #hall", ":s 353 alice = #hall alice", ":s 366 alice #hall :"
    )
    (ask,) = sent  # what was missed is asked for from where the old name ended
    assert without_tags(ask).startswith("CHATHISTORY AFTER #hall ")
    (said_now,) = one.rig.history(label_of(ask), target="#hall")
    assert without_tags(said_now) == "PRIVMSG #hall :kept for later"
    assert one.chat.room == "#hall"


def test_a_server_may_bring_one_to_a_room_that_was_renamed() -> None:
    one = person()
    one.types("/join #dev")
    one.rig.gets(":s 470 alice #dev #ops :Forwarding", ":alice!u@h JOIN #ops")
    assert one.happens()[0].endswith("*** #dev is called #ops now")
    assert one.chat.room == "#ops"


def _refused() -> Person:
    one = person(CAPS)
    one.chat.can_ask = True
    one.types("/register password1")
    one.rig.gets(":s FAIL REGISTER RULES_NOT_ACCEPTED alice :This server has rules")
    one.happens()
    assert [without_tags(line) for line in one.rig.sent()] == ["RULES"]
    one.rig.gets(
        ":s 308 alice :- s server rules -", ":s 232 alice :- Be kind.", ":s 309 alice :End"
    )
    assert one.happens() == ["*** Be kind."]
    return one


def test_rules_are_shown_and_accepted_with_a_yes() -> None:
    assert _refused().types("Y") == ["RULES ACCEPT", "REGISTER * * password1"]


@pytest.mark.parametrize("answer", ["no", "hello", "/quit"])
def test_anything_else_accepts_nothing(answer: str) -> None:
    one = _refused()
    assert one.types(answer) == []
    assert one.happens() == ["*** not accepted, so there is no account; /register asks again"]
    assert one.types("hello") == ["PRIVMSG #lobby hello"]


def test_who_cant_be_asked_is_told_only() -> None:
    one = person(CAPS)
    one.types("/register password1")
    one.rig.gets(":s FAIL REGISTER RULES_NOT_ACCEPTED alice :This server has rules")
    assert one.happens() == ["*** alice: This server has rules"]
    assert one.types("y") == ["RULES", "PRIVMSG #lobby y"]


def test_a_room_is_registered_by_who_is_in_it() -> None:
    one = person()
    assert one.types("/room register #den") == []
    (line,) = one.happens()
    assert "You aren't in #den: /join #den first, which makes it if there is none." in line
    assert one.types("/room register #lobby") == ["ROOM REGISTER #lobby"]
    assert one.types("/room REGISTER #Lobby") == ["ROOM REGISTER #Lobby"]
    assert one.types("/room info #den") == ["ROOM INFO #den"]
