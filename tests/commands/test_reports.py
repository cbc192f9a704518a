"""Anyone reports; moderators are told, each once, also those who come later."""

from __future__ import annotations

import msgspec
import pytest

from hubbub.core import entries
from hubbub.core.ids import NO_SESSION
from tests.world import RULES, Person, World


@pytest.fixture
def chat() -> World:
    world = World(msgspec.structs.replace(RULES, reports_per_hour=3, reports=4))
    for name, role in (("max", "moderator"), ("mia", "moderator"), ("amy", "member")):
        world.account(name, role=role)
    return world


def wallops(person: Person) -> list[str]:
    return [line.partition(" :")[2] for line in person.heard() if " WALLOPS " in line]


def arrive(world: World, name: str) -> Person:
    """Logs in without forgetting what is told on arriving."""
    import base64

    person = world.arrive()
    response = base64.b64encode(f"\0{name}\0password".encode()).decode()
    person.send("CAP REQ sasl", "AUTHENTICATE PLAIN", f"AUTHENTICATE {response}")
    person.send(f"NICK {name}", f"USER {name} 0 * :{name}", "CAP END")
    return person


def test_a_report_reaches_moderators_and_nobody_else(chat: World) -> None:
    max_, amy = chat.connect("max", password="password"), chat.connect("amy", password="password")
    ann = chat.connect("ann", "standard-replies")
    assert ann.ask("REPORT bob sells   things") == [
        ":hub.test NOTE REPORT SENT bob :The moderators have been told"
    ]
    [told] = wallops(max_)
    assert told.endswith("ann reports bob: sells things")
    assert amy.heard() == []
    assert [line for line in max_.ask("AUDIT") if "report bob (sells things)" in line]


def test_who_was_away_is_shown_it_once(chat: World) -> None:
    max_ = chat.connect("max", password="password")
    ann = chat.connect("ann")
    ann.send("REPORT bob :spam")
    assert len(wallops(max_)) == 1
    chat.restart()
    mia = arrive(chat, "mia")
    [told] = wallops(mia)
    assert "ann reports bob: spam (on 2023-11-14 " in told
    mia.send("QUIT")
    assert wallops(arrive(chat, "mia")) == []
    assert wallops(arrive(chat, "max")) == []
    assert wallops(arrive(chat, "amy")) == []
    chat.pass_time(3_600_000)
    chat.operate(entries.TimePassed(NO_SESSION))
    assert chat.tables["reports"] == {}


def test_who_logs_in_or_gets_a_role_while_here_is_shown_it_too(chat: World) -> None:
    ann = chat.connect("ann")
    ann.send("REPORT bob :spam")
    guest = chat.connect("guest")
    import base64

    response = base64.b64encode(b"\0mia\0password").decode()
    guest.send("CAP REQ sasl", "AUTHENTICATE PLAIN", f"AUTHENTICATE {response}")
    assert len(wallops(guest)) == 1


def msgid_of(person: Person, line: str) -> str:
    [echo] = person.ask(line)
    tags = echo.split(" ", 1)[0].lstrip("@").split(";")
    return next(tag for tag in tags if tag.startswith("msgid=")).partition("=")[2]


def test_a_message_is_reported_by_who_can_read_it(chat: World) -> None:
    max_ = chat.connect("max", password="password")
    bob = chat.connect("bob", "message-tags echo-message")
    id = msgid_of(bob, "PRIVMSG #lobby :buy this")
    ann = chat.connect("ann", "standard-replies")
    max_.heard()
    ann.send(f"REPORT {id} :spam")
    [told] = wallops(max_)
    assert f"ann reports bob in #lobby at 2023-11-14 22:13 UTC, message {id}: spam" in told
    assert "buy this" not in told
    bob.send("JOIN #den", "MODE #den +i")
    hidden = msgid_of(bob, "PRIVMSG #den :private")
    assert ann.ask(f"REPORT {hidden} :spam") == [
        f":hub.test FAIL REPORT UNKNOWN_MSGID {hidden} :There is no such message that you could read"
    ]
    whisper = msgid_of(bob, "PRIVMSG ann :psst")
    ann.send(f"REPORT {whisper} :spam")
    assert "for a whisper at" in wallops(max_)[0]
    zoe = chat.connect("zoe", "standard-replies")
    assert " UNKNOWN_MSGID " in zoe.ask(f"REPORT {whisper} :spam")[0]


def test_what_is_no_report(chat: World) -> None:
    ann = chat.connect("ann", "standard-replies")
    assert ann.ask("REPORT #lobby :spam")[0].startswith(":hub.test FAIL REPORT INVALID_TARGET ")
    assert ann.ask("REPORT worldsffffff :spam")[0].startswith(
        ":hub.test FAIL REPORT UNKNOWN_MSGID "
    )
    assert ann.ask("REPORT bob :  ") == [":hub.test 461 ann REPORT :Not enough parameters"]


def test_there_is_a_bound_to_reports(chat: World) -> None:
    ann = chat.connect("ann", "standard-replies", host="192.0.2.7")
    for number in range(3):
        assert " SENT " in ann.ask(f"REPORT b{number} :spam")[0]
    [refused] = ann.ask("REPORT bob :spam")
    assert refused.startswith(":hub.test FAIL REPORT RATE_LIMITED :You have made 3 reports")
    ann.send("QUIT")
    again = chat.connect("zed", "standard-replies", host="192.0.2.7")
    assert " RATE_LIMITED " in again.ask("REPORT bob :spam")[0]
    for number in range(3):
        chat.connect(f"r{number}").send("REPORT bob :spam")
    assert len(chat.tables["reports"]) == 4
    chat.pass_time(3_600_000)
    assert " SENT " in again.ask("REPORT bob :spam")[0]
