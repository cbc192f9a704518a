"""The log tells no secret and can't be forged."""

import io
import logging
import re
import sys
from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hubbub.irc.message import parse
from hubbub.server import logs
from hubbub.server.logs import LineFormatter, mask, printable

Stderr = pytest.CaptureFixture[str]


@pytest.fixture
def stderr(capsys: Stderr) -> Iterator[Stderr]:
    """What is written to stderr; logging is as before afterwards."""
    root, ours = logging.getLogger(), logging.getLogger("hubbub")
    before = root.handlers[:], root.level, ours.level
    yield capsys
    root.handlers[:] = before[0]
    root.setLevel(before[1])
    ours.setLevel(before[2])


def lines(written: Stderr) -> list[str]:
    """The log's lines without their time, which each must have."""
    return without_time(written.readouterr().err)


def without_time(text: str) -> list[str]:
    """The lines of a text without the time that each must have."""
    found = []
    for line in text.splitlines():
        assert re.match(r"\d\d:\d\d:\d\d ", line), line
        found.append(line[9:])
    return found


def test_an_event_is_one_line_with_its_level(stderr: Stderr) -> None:
    logs.set_up()
    logging.getLogger("hubbub.server").info("listening on %s", "localhost:8667")
    logging.getLogger("hubbub").warning("slow")
    logging.getLogger("hubbub").debug("hidden")
    logging.getLogger("asyncio").info("hidden")
    logging.getLogger("asyncio").error("lost")
    assert lines(stderr) == ["info listening on localhost:8667", "warning slow", "error lost"]


def test_debug_lines_have_codes(stderr: Stderr) -> None:
    logs.set_up(debug=True)
    assert logs.is_debug()
    logs.line_in(7, b"NICK alice\r\n")
    logs.line_out(7, b":a JOIN #lobby\r\n:a TOPIC #lobby :x\r\n")
    logs.line_out(8, "PING x\r\n")
    logs.entry("Join 7 #lobby")
    logs.commit("3 entries, 0.4 ms")
    assert lines(stderr) == [
        "<- 7 NICK alice",
        "-> 7 :a JOIN #lobby",
        "-> 7 :a TOPIC #lobby :x",
        "-> 8 PING x",
        "** Join 7 #lobby",
        "== 3 entries, 0.4 ms",
    ]


def test_without_debug_no_message_text_is_logged(stderr: Stderr) -> None:
    logs.set_up()
    assert not logs.is_debug()
    logs.line_in(7, b"PRIVMSG bob :between us")
    logs.line_out(7, b"PRIVMSG bob :between us")
    logs.entry("between us")
    logs.commit("between us")
    assert lines(stderr) == []


def test_setting_up_again_says_nothing_twice(stderr: Stderr) -> None:
    logs.set_up()
    logs.set_up(debug=True)
    logging.getLogger("hubbub").info("once")
    assert lines(stderr) == ["info once"]


def test_the_log_follows_stderr(stderr: Stderr, monkeypatch: pytest.MonkeyPatch) -> None:
    logs.set_up()
    above_the_prompt = io.StringIO()
    monkeypatch.setattr(sys, "stderr", above_the_prompt)
    logging.getLogger("hubbub").info("here")
    assert without_time(above_the_prompt.getvalue()) == ["info here"]
    assert lines(stderr) == []


def test_a_closed_stderr_stops_nothing(stderr: Stderr, monkeypatch: pytest.MonkeyPatch) -> None:
    logs.set_up()
    closed = io.StringIO()
    closed.close()
    monkeypatch.setattr(sys, "stderr", closed)
    logging.getLogger("hubbub").info("to nobody")


def test_nobody_forges_a_line(stderr: Stderr) -> None:
    logs.set_up(debug=True)
    logs.line_in(7, b"NICK a\x0b12:00:00 info bob is admin\r\x1b[2Kx\x85\xc2\x85")
    logging.getLogger("hubbub").info("user %s", "x\n12:00:00 info forged")
    assert lines(stderr) == [
        r"<- 7 NICK a\x0b12:00:00 info bob is admin\x0d\x1b[2Kx\x85\x85",
        r"info user x\x0a12:00:00 info forged",
    ]


def test_a_traceback_is_set_off_from_the_lines() -> None:
    try:
        raise ValueError("x\n12:00:00 info forged")
    except ValueError:
        record = logging.LogRecord("hubbub", 40, "", 0, "a bug", None, sys.exc_info())
    first, *rest = LineFormatter().format(record).splitlines()
    assert first.endswith("error a bug")
    assert len(rest) >= 3
    assert all(line.startswith("         | ") for line in rest)


@given(st.text())
def test_printable_text_is_one_line_of_visible_characters(text: str) -> None:
    shown = printable(text)
    assert len(shown.splitlines()) <= 1
    shown.encode()
    if text.isprintable():
        assert shown == text


@pytest.mark.parametrize("text", ["héllo 😀 日本", "ASCII only ~"])
def test_people_s_scripts_stay_readable(text: str) -> None:
    assert printable(text) == text


def test_direction_overrides_are_shown_as_such() -> None:
    assert printable("a\u202eb\u2028c\ud800\U000e0001") == r"a\u202eb\u2028c\ud800\U000e0001"


@pytest.mark.parametrize(
    ("line", "shown"),
    [
        ("PASS s3cret", "PASS ***"),
        ("CLAIM s3cret", "CLAIM ***"),
        ("RECOVER ann s3cret s3cret", "RECOVER ann ***"),
        ("RECOVER s3cret", "RECOVER ***"),
        (
            ":s NOTE ACCOUNT RESET_CODE a abcd-efgh-jkmn-2345-6789 :x",
            ":s NOTE ACCOUNT RESET_CODE a *** :x",
        ),
        ("pass :s3cret with spaces", "pass ***"),
        ("  PaSs   s3cret", "  PaSs ***"),
        ("@label=1;a=b :me!u@h PASS s3cret", "@label=1;a=b :me!u@h PASS ***"),
        ("DEVICE s3cret", "DEVICE ***"),
        ("WEBIRC s3cret gw host ip", "WEBIRC ***"),
        ("OPER root s3cret", "OPER root ***"),
        ("OPER s3cret", "OPER ***"),
        ("AUTHENTICATE PLAIN", "AUTHENTICATE PLAIN"),
        ("AUTHENTICATE PLAIN s3cret", "AUTHENTICATE PLAIN ***"),
        ("AUTHENTICATE *", "AUTHENTICATE *"),
        ("authenticate YQBhAHMzY3JldA==", "authenticate ***"),
        ("AUTHENTICATE :s3cret", "AUTHENTICATE ***"),
        ("REGISTER * a@b.example s3cret", "REGISTER * ***"),
        ("REGISTER s3cret", "REGISTER ***"),
        ("VERIFY alice s3cret", "VERIFY alice ***"),
        ("JOIN #a,#b s3cret,s3cret", "JOIN #a,#b ***"),
        ("JOIN #a", "JOIN #a"),
        ("MODE #a +kl s3cret 5", "MODE #a +kl ***"),
        ("MODE #a +l 5", "MODE #a +l 5"),
        (":srv 324 me #a +ntk s3cret", ":srv 324 me #a +ntk ***"),
        ("PRIVMSG NickServ :IDENTIFY s3cret", "PRIVMSG NickServ :IDENTIFY ***"),
        ("privmsg nickserv identify s3cret", "privmsg nickserv identify ***"),
        (
            "PRIVMSG NickServ@services.x :REGISTER s3cret a@b",
            "PRIVMSG NickServ@services.x :REGISTER ***",
        ),
        ("PRIVMSG bob,NICKSERV :identify s3cret", "PRIVMSG bob,NICKSERV :identify ***"),
        (":a!u@h NOTICE NickServ :set password s3cret", ":a!u@h NOTICE NickServ :set ***"),
        ("NICKSERV IDENTIFY s3cret", "NICKSERV IDENTIFY ***"),
        ("NS :identify s3cret", "NS :identify ***"),
        ("IDENTIFY s3cret", "IDENTIFY ***"),
        ("PRIVMSG NickServ :help", "PRIVMSG NickServ :help"),
        ("PRIVMSG bob :pass the salt", "PRIVMSG bob :pass the salt"),
        ("PASS", "PASS"),
        ("", ""),
        ("@only-tags", "@only-tags"),
    ],
)
def test_secrets_are_masked(line: str, shown: str) -> None:
    assert mask(line) == shown
    assert mask(line.encode() + b"\r\n") == shown


@pytest.mark.parametrize("space", ["\t", "\x0b", "\x85", "\xa0", "\u2003", "\u3000"])
def test_only_a_space_ends_what_stands_before_the_command(space: str) -> None:
    for before in (f"@a{space}b", f":a{space}b", f"@a{space}b :c{space}d"):
        line = f"{before} PASS hunter2"
        assert parse(line.encode()).command == "PASS"
        assert mask(line) == f"{before} PASS ***"


def test_what_is_not_utf8_is_masked_too() -> None:
    assert mask(b"PASS \xff s3cret") == "PASS ***"
    assert mask(b"PRIVMSG bob :\xff") == "PRIVMSG bob :\\xff"


@given(
    st.sampled_from(
        ["PASS ", "OPER root ", "AUTHENTICATE ", "DEVICE ", "VERIFY a ", "NS IDENTIFY "]
    ),
    st.text(min_size=1).filter(lambda text: text.strip()),
)
def test_no_secret_of_any_form_is_shown(command: str, secret: str) -> None:
    secret = f"s3cret{secret}".rstrip("\r\n")
    assert "s3cret" not in mask(f"{command}{secret}")
