"""Events as lines; and that nothing from the network can act on a terminal."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hubbub.client import events as e
from hubbub.client.render import _ROWS, Stream, View, clean, render

NOW = datetime(2026, 3, 1, 20, 0, tzinfo=timezone(timedelta(hours=1)))
THEN = datetime(2026, 3, 1, 12, 30, tzinfo=UTC)
VIEW = View("#lobby", NOW)


def one(event: e.Event) -> str:
    (line,) = render(event, VIEW)
    return line.text


@pytest.mark.parametrize(
    ("event", "text"),
    [
        (e.MessageShown("#lobby", "alice", "hello", time=THEN), "13:30 <alice> hello"),
        (e.MessageShown("#LOBBY", "alice", "hello"), "20:00 <alice> hello"),
        (e.MessageShown("#dev", "alice", "hello", time=THEN), "13:30 #dev <alice> hello"),
        (e.MessageShown("#lobby", "a", "waves", e.Kind.ACTION, time=THEN), "13:30 * a waves"),
        (e.MessageShown("#lobby", "a", "psst", e.Kind.NOTICE, time=THEN), "13:30 -a- psst"),
        (e.MessageShown("a", "a", "hi", whisper=True, time=THEN), "13:30 [whisper from a] hi"),
        (
            e.MessageShown("a", "me", "hi", own=True, whisper=True, time=THEN),
            "13:30 [whisper to a] hi",
        ),
        (
            e.MessageShown("#lobby", "a", "old", time=THEN - timedelta(days=1)),
            "2026-02-28 13:30 <a> old",
        ),
        (e.Joined("#lobby", "a", time=THEN), "13:30 *** a joined #lobby"),
        (e.Left("#lobby", "a", "tea", time=THEN), "13:30 *** a left #lobby: tea"),
        (e.QuitSeen("a", ("#lobby",), "tea", time=THEN), "13:30 *** a left: tea"),
        (
            e.Kicked("#l", "a", "op", "spam", time=THEN),
            "13:30 *** a was kicked from #l by op: spam",
        ),
        (e.Renamed("a", "b", time=THEN), "13:30 *** a is now called b"),
        (e.TopicChanged("#l", "tea", time=THEN), "13:30 *** topic of #l: tea"),
        (e.TopicChanged("#l", "", "a", time=THEN), "13:30 *** a took away the topic of #l"),
        (e.ModeChanged("#l", "+o b", "a", time=THEN), "13:30 *** a set +o b on #l"),
        (e.AwayChanged("a", "tea", time=THEN), "13:30 *** a is away: tea"),
        (e.AwayChanged("a", None, time=THEN), "13:30 *** a is back"),
        (e.Refused("PRIVMSG", "bob", "No such nick", "hi"), "*** bob: No such nick — not said: hi"),
        (e.Refused("PRIVMSG", "#a", "Gone", "hi", "TAKEN_BACK"), "*** #a: Gone — taken back: hi"),
        (
            e.Disconnected("cut", False, 2),
            "*** disconnected: cut; 2 messages wait and will be sent",
        ),
        (e.Disconnected("cut", False, 0, told=True), "*** disconnected"),
        (
            e.KeptForLater("bob", "hi", e.Kind.TEXT, True),
            "*** waiting for the connection: [whisper to bob] hi",
        ),
        (
            e.KeptForLater("#lobby", "waves", e.Kind.ACTION, False),
            "*** waiting for the connection: * waves",
        ),
        (
            e.NamesListed("#l", (e.Member("a", "@", True), e.Member("b"))),
            "*** #l has 2: @a (away), b",
        ),
    ],
)
def test_lines(event: e.Event, text: str) -> None:
    assert one(event) == text


def test_messages_are_the_chat_and_the_rest_is_not() -> None:
    (line,) = render(e.MessageShown("#dev", "a", "x"), VIEW)
    assert line.stream is Stream.CHAT
    (line,) = render(e.Joined("#dev", "a"), VIEW)
    assert line.stream is Stream.STATUS


def test_who_came_and_went_earlier_is_not_shown() -> None:
    assert render(e.Joined("#lobby", "a", replayed=True), VIEW) == []
    assert render(e.QuitSeen("a", ("#lobby",), replayed=True), VIEW) == []


KINDS = [
    kind
    for kind in vars(e).values()
    if isinstance(kind, type) and issubclass(kind, e.Event) and kind not in (e.Event, e.Happening)
]


@pytest.mark.parametrize("kind", KINDS)
def test_every_event_has_a_row_and_no_field_passes_uncleaned(kind: type[e.Event]) -> None:
    assert kind in _ROWS
    bad = "x\x1b]0;title\x07\u202ey\r\nz"
    names: tuple[str, ...] = kind.__match_args__
    event = kind(*(_sample(kind, name, bad) for name in names))
    for line in render(event, View("#lobby", NOW, True)):
        assert not set(line.text) & set("\x1b\x07\r\n\u202e"), line.text


def _sample(kind: type, name: str, bad: str) -> object:
    kinds: dict[str, object] = {
        "kind": e.Kind.TEXT,
        "own": False,
        "whisper": False,
        "again": False,
        "asked": True,
        "final": False,
        "registered": False,
        "waiting": 1,
        "told": False,
        "said_at": None,
        "missed": 1,
        "attempt": 1,
        "retry_in": 1.0,
        "members": (e.Member(bad, "@"),),
        "happenings": (e.MessageShown(bad, bad, bad),),
    }
    if name == "rooms":
        return (e.RoomOnList(bad, 1, bad),) if kind is e.RoomListed else (bad,)
    return kinds.get(name, bad)


@given(st.text())
def test_clean_text_is_printable_and_clean_already(text: str) -> None:
    cleaned = clean(text)
    assert not any(ord(c) < 32 or 0x7F <= ord(c) < 0xA0 for c in cleaned)
    assert not set(cleaned) & set(
        "\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069\u2028\u2029"
    )
    assert clean(cleaned) == cleaned


def test_formatting_of_other_clients_is_taken_out() -> None:
    assert (
        clean("\x02bold\x02 \x0304,12red\x03 \x04ff0000hex\x0f \x1dslant") == "bold red hex slant"
    )


def test_words_of_other_scripts_and_emoji_stay() -> None:
    text = "שלום नमस्ते 你好 👩‍👩‍👧 ok"
    assert clean(text) == text


def test_a_fingerprint_looks_as_the_server_prints_it() -> None:
    lines = render(e.CertificatePinned("h:1", "0a" * 32), VIEW)
    assert lines[1].text == "***   sha256:" + ":".join(["0A"] * 32)
