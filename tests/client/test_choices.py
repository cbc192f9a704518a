"""What is chosen on one device holds on this one: who is hidden, what is quiet, what calls."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from hubbub.client.choices import Choices
from hubbub.client.render import Line
from tests.client.rig import CAPS, said
from tests.client.test_commands import Person, person


class Watcher:
    """Somebody in #lobby who keeps whole lines."""

    def __init__(self) -> None:
        self.person: Person = person(CAPS + " hubbub/settings")
        self.lines: list[Line] = []
        self.person.chat.show = self.lines.append

    def gets(self, *lines: str) -> list[Line]:
        self.person.rig.gets(*lines)
        self.person.happens()
        shown, self.lines[:] = list(self.lines), []
        return shown


def test_the_servers_word_is_kept() -> None:
    choices = Choices()
    choices.heard(("ADD", "word", "Tea"))
    choices.heard(("ADD", "dnd", "22:00-07:00"))
    choices.heard(("ADD", "dnd", "23:00-07:00"))
    choices.heard(("ADD", "nonsense", "x"))
    choices.heard(("ADD",))
    assert (choices.all("word"), choices.all("dnd")) == (["Tea"], ["23:00-07:00"])
    choices.heard(("REMOVE", "word", "TEA"))
    choices.heard(("REMOVE", "word", "never there"))
    assert choices.all("word") == []
    choices.heard(("CLEAR",))
    assert choices.all("dnd") == []


@pytest.mark.parametrize(
    ("hours", "quiet", "loud"),
    [
        ("22:00-07:00", ["22:00", "23:59", "00:00", "06:59"], ["21:59", "07:00", "12:00"]),
        ("13:00-14:30", ["13:00", "14:29"], ["12:59", "14:30", "00:00"]),
        ("nonsense", [], ["00:00", "12:00"]),
        ("25:00-26:00", [], ["00:00"]),
    ],
)
def test_quiet_hours(hours: str, quiet: list[str], loud: list[str]) -> None:
    choices = Choices()
    choices.heard(("ADD", "dnd", hours))
    for text in quiet + loud:
        moment = datetime.fromisoformat(f"2026-03-01T{text}").replace(tzinfo=UTC)
        assert choices.is_quiet(moment) == (text in quiet), text
    assert not Choices().is_quiet(datetime.now(UTC))


@pytest.mark.parametrize(
    ("text", "called"),
    [
        ("alice: hi", True),
        ("hi ALICE!", True),
        ("malice", False),
        ("alice2", False),
        ("a cup of Tea, please", True),
        ("steam", False),
        ("grüne SOSSE", True),
        ("grüne", False),
    ],
)
def test_what_calls(text: str, called: bool) -> None:
    choices = Choices()
    choices.heard(("ADD", "word", "tea"))
    choices.heard(("ADD", "word", "grüne Soße"))
    assert choices.calls(text, "alice") == called


def test_a_message_that_means_us_is_marked_and_heard() -> None:
    one = Watcher()
    (line,) = one.gets(said(2, "hi all"))
    assert not line.called
    assert not line.bell
    (line,) = one.gets(said(3, "hi alice"))
    assert line.called
    assert line.bell
    one.gets(":s SETTING ADD word tea")
    (line,) = one.gets(said(4, "tea?"))
    assert line.called
    (line,) = one.gets(said(5, "psst", room="alice"))
    assert line.bell
    assert not line.called


def test_in_quiet_hours_it_is_marked_only() -> None:
    one = Watcher()
    one.gets(":s SETTING ADD dnd 00:00-23:59", ":s SETTING ADD dnd 00:00-24:00")
    one.person.rig.connection.choices.is_quiet = lambda now: True  # type: ignore[method-assign]
    (line,) = one.gets(said(3, "hi alice"))
    assert line.called
    assert not line.bell


def test_a_muted_room_is_shown_while_one_looks_at_it_and_never_heard() -> None:
    one = Watcher()
    one.gets(":s SETTING ADD mute #lobby")
    (line,) = one.gets(said(3, "hi alice"))
    assert not line.bell
    one.person.chat.room = "#elsewhere"
    assert one.gets(said(4, "hi alice"), ":carol!u@h JOIN #lobby") == []
    one.gets(":s SETTING REMOVE mute #lobby")
    assert len(one.gets(said(5, "hi alice"))) == 1


def test_who_is_blocked_isnt_shown_until_it_is_unblocked() -> None:
    one = Watcher()
    one.gets(":s SETTING ADD block BOB")
    assert one.gets(said(3, "hi alice"), said(4, "psst", room="alice")) == []
    assert len(one.gets(said(5, "hello", who="carol"))) == 1
    one.gets(":s SETTING REMOVE block bob")
    assert len(one.gets(said(6, "hi alice"))) == 1


@pytest.mark.parametrize(
    ("typed", "wire"),
    [
        ("/words tea", "SETTING ADD word tea"),
        ("/words -tea", "SETTING REMOVE word tea"),
        ("/words +two words", "SETTING ADD word :two words"),
        ("/quiet dev", "SETTING ADD mute #dev"),
        ("/dnd off", "SETTING REMOVE dnd"),
        ("/dnd 22:00 - 07:00", "SETTING ADD dnd 22:00-07:00"),
    ],
)
def test_choosing(typed: str, wire: str) -> None:
    assert person(CAPS + " hubbub/settings").types(typed) == [wire]


def test_what_is_chosen_is_shown() -> None:
    one = person(CAPS + " hubbub/settings")
    one.rig.gets(":s SETTING ADD word tea", ":s SETTING ADD block eve", ":s SETTING ADD mute #den")
    one.types("/settings")
    assert one.happens() == [
        "*** you block eve",
        "*** quiet: #den",
        "*** you notice tea",
        "*** there are no quiet hours",
    ]
    for typed, shown in (("/block", "you block eve"), ("/words", "you notice tea")):
        assert one.types(typed) == []
        assert one.happens() == [f"*** {shown}"]


def test_a_server_without_settings_is_said_to_have_none() -> None:
    one = person()
    assert one.types("/block bob") == []
    assert one.happens() == ["*** This server keeps no settings for you."]
