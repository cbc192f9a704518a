"""Each format's files become what was said, in order; what is wrong is named with its line."""

from __future__ import annotations

import json
import sqlite3
import zipfile
from contextlib import closing
from datetime import UTC
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from hubbub.core.imports import Imported, ImportProblem
from hubbub.importers import FORMATS, reader
from hubbub.store import importing

NOON = 1_704_110_400_000
"""2024-01-01T12:00:00Z"""


def said(format: str, path: Path, channel: str = "") -> list[Imported]:
    return list(reader(format)(path, UTC, channel))


def written(path: Path, text: str | bytes) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(text.encode() if isinstance(text, str) else text)
    return path


@pytest.mark.parametrize("name", FORMATS)
def test_every_format_has_a_reader(name: str, tmp_path: Path) -> None:
    with pytest.raises((ImportProblem, OSError)):
        said(name, tmp_path / "nothing")


# -- weechat ------------------------------------------------------------------------------------

WEECHAT = """\
2024-01-01 12:00:00\t-->\tann (~a@host) has joined #tea
2024-01-01 12:00:00\t@ann\thello\tthere
2024-01-01 12:00:01\t *\tbob waves at all
2024-01-01 12:00:02\t--\tMode #tea [+o bob] by ann
2024-01-01 12:00:03\tbob\t
"""


def test_weechat(tmp_path: Path) -> None:
    assert said("weechat", written(tmp_path / "a.weechatlog", WEECHAT)) == [
        Imported(NOON, "ann", "hello\tthere"),
        Imported(NOON + 1_000, "bob", "waves at all", action=True),
        Imported(NOON + 3_000, "bob", ""),
    ]


def test_a_time_without_a_zone_is_in_the_given_one(tmp_path: Path) -> None:
    path = written(tmp_path / "a", "2024-01-01 12:00:00\tann\thello\n")
    (message,) = reader("weechat")(path, ZoneInfo("Europe/Berlin"), "")
    assert message.time == NOON - 3_600_000


def test_bytes_that_are_not_utf8_are_read(tmp_path: Path) -> None:
    path = written(tmp_path / "a", b"2024-01-01 12:00:00\tann\tcaf\xe9\r\n")
    assert said("weechat", path) == [Imported(NOON, "ann", "café")]


# -- irssi --------------------------------------------------------------------------------------

IRSSI = """\
--- Log opened Sun Dec 31 23:59:00 2023
23:59 -!- ann [~a@host] has joined #tea
23:59 <@ann> old year
--- Day changed Mon Jan 01 2024
12:00 <+bob> new year
12:00:30  * bob waves
12:01 -carol:#tea- to all
12:02 -!- bob [~b@host] has quit [gone]
--- Log closed Mon Jan 01 12:03:00 2024
--- Log opened Tue Jan 02 12:00:00 2024
12:00 < ann> hi
"""


def test_irssi(tmp_path: Path) -> None:
    assert said("irssi", written(tmp_path / "tea.log", IRSSI)) == [
        Imported(NOON - 43_260_000, "ann", "old year"),
        Imported(NOON, "bob", "new year"),
        Imported(NOON + 30_000, "bob", "waves", action=True),
        Imported(NOON + 60_000, "carol", "to all", notice=True),
        Imported(NOON + 86_400_000, "ann", "hi"),
    ]


# -- znc ----------------------------------------------------------------------------------------


def test_znc_reads_the_days_in_their_order(tmp_path: Path) -> None:
    written(tmp_path / "2024-01-02.log", "[12:00:00] <ann> second\n[12:00:01] *** Joins: x (y)\n")
    written(tmp_path / "2024-01-01.log", "[12:00:00] <bob> first\n[12:00:01] * bob waves\n")
    written(tmp_path / "notes.txt", "nothing")
    expected = [
        Imported(NOON, "bob", "first"),
        Imported(NOON + 1_000, "bob", "waves", action=True),
        Imported(NOON + 86_400_000, "ann", "second"),
    ]
    assert said("znc", tmp_path) == expected
    assert said("znc", tmp_path / "2024-01-01.log") == expected[:2]
    old = written(tmp_path / "net_#tea_20240101.log", "[12:00:00] -ann- hear this\n")
    assert said("znc", old) == [Imported(NOON, "ann", "hear this", notice=True)]


# -- The Lounge -----------------------------------------------------------------------------------


def lounge(path: Path, *rows: tuple[str, int, str, str]) -> Path:
    with closing(sqlite3.connect(path)) as connection:
        connection.execute(
            "CREATE TABLE messages (network TEXT, channel TEXT, time INTEGER, type TEXT, msg TEXT)"
        )
        connection.executemany("INSERT INTO messages VALUES ('n', ?, ?, ?, ?)", rows)
        connection.commit()
    return path


def test_thelounge(tmp_path: Path) -> None:
    def text(nick: str, words: str) -> str:
        return json.dumps({"from": {"nick": nick, "mode": "@"}, "text": words, "self": False})

    path = lounge(
        tmp_path / "me.sqlite3",
        ("#tea", NOON + 1, "action", text("bob", "waves")),
        ("#tea", NOON, "message", text("ann", "hello")),
        ("#tea", NOON, "join", "{}"),
        ("#tea", NOON + 2, "notice", text("ann", "hear")),
        ("#other", NOON, "message", text("ann", "elsewhere")),
    )
    assert said("thelounge", path, "#Tea") == [
        Imported(NOON, "ann", "hello"),
        Imported(NOON + 1, "bob", "waves", action=True),
        Imported(NOON + 2, "ann", "hear", notice=True),
    ]
    with pytest.raises(ImportProblem, match=r"several: choose one of #other, #tea"):
        said("thelounge", path)
    with pytest.raises(ImportProblem, match="there is no channel none in it"):
        said("thelounge", path, "none")
    with pytest.raises(ImportProblem, match="line 1: the message's row"):
        said("thelounge", lounge(tmp_path / "bad", ("#a", 1, "message", '{"from": 3}')))


# -- Slack --------------------------------------------------------------------------------------


def slack(folder: Path) -> Path:
    people = [
        {"id": "U1", "name": "ann", "profile": {"display_name": "Ann A."}},
        {"id": "U2", "name": "bob", "profile": {"display_name": ""}},
    ]
    first = [
        {"type": "message", "subtype": "channel_join", "user": "U1", "text": "x", "ts": "1.0"},
        {"type": "message", "user": "U1", "ts": "1704110400.000200",
         "text": "hi <@U2>, see <https://a.test|this> &amp; <#C1|general>"},
    ]  # fmt: skip
    second = [
        {"type": "message", "subtype": "me_message", "user": "U2", "text": "waves",
         "ts": "1704196800.5"},
        {"type": "message", "user": "U9", "text": "a\nb", "ts": "1704196801",
         "files": [{"url_private": "https://a.test/f.png"}]},
    ]  # fmt: skip
    written(folder / "users.json", json.dumps(people))
    written(folder / "tea/2024-01-02.json", json.dumps(second))
    written(folder / "tea/2024-01-01.json", json.dumps(first))
    return folder


def test_slack_from_a_directory_or_a_zip_file(tmp_path: Path) -> None:
    folder = slack(tmp_path / "export")
    archive = tmp_path / "export.zip"
    with zipfile.ZipFile(archive, "w") as file:
        for path in folder.rglob("*.json"):
            file.write(path, path.relative_to(folder))
    expected = [
        Imported(NOON, "Ann A.", "hi @bob, see this (https://a.test) & #general"),
        Imported(NOON + 86_400_500, "bob", "waves", action=True),
        Imported(NOON + 86_401_000, "U9", "a\nb\nhttps://a.test/f.png"),
    ]
    assert said("slack", folder) == expected
    assert said("slack", archive, "tea") == expected


# -- Discord --------------------------------------------------------------------------------------


def test_discord(tmp_path: Path) -> None:
    messages = [
        {"type": "Default", "timestamp": "2024-01-01T12:00:00.5+00:00", "content": "hello",
         "author": {"name": "ann", "nickname": "Ann"}, "attachments": []},
        {"type": "ChannelPinnedMessage", "timestamp": "2024-01-01T12:00:01+00:00",
         "content": "pinned", "author": {"name": "ann"}},
        {"type": "Reply", "timestamp": "2024-01-01T13:00:00+01:00", "content": "",
         "author": {"name": "bob"}, "attachments": [{"url": "https://a.test/f.png"}]},
    ]  # fmt: skip
    path = written(tmp_path / "tea.json", json.dumps({"messages": messages}))
    assert said("discord", path) == [
        Imported(NOON + 500, "Ann", "hello"),
        Imported(NOON, "bob", "https://a.test/f.png"),
    ]


# -- what is wrong --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("format", "name", "text", "problem"),
    [
        ("weechat", "a", "2024-01-01 12:00:00\ta\tb\nnonsense\n", r"a, line 2: it should begin"),
        ("irssi", "a", "12:00 <a> b\n", r"a, line 1: no line says which day"),
        ("irssi", "a", "--- Log opened Mon Foo 01 12:00:00 2024\n", r"line 1: its date"),
        ("irssi", "a", "--- Day changed Fri Feb 31 2024\n", r"line 1: there is no such day"),
        ("irssi", "a", "--- Day changed Mon Jan 01 2024\n99:00 <a> b", r"line 2: there is no such"),
        ("irssi", "a", "--- Day changed Mon Jan 01 2024\nwhat?", r"line 2: it should begin"),
        ("znc", "2024-01-01.log", "[12:00:00] <a> b\nwhat?\n", r"2024-01-01.log, line 2: it"),
        ("znc", "2024-01-01.log", "[25:00:00] <a> b\n", r"line 1: it should begin"),
        ("znc", "a.log", "[12:00:00] <a> b\n", r"its name doesn't say the day"),
        ("znc", "2024-13-01.log", "", r"its name doesn't say the day"),
        ("thelounge", "a", "x" * 200, r"isn't a file of The Lounge's"),
        ("slack", "a", "no zip", r"isn't a zip file"),
        ("discord", "a", '{\n"messages": [}', r"a, line 2: it isn't JSON"),
        ("discord", "a", "[]", r"has no messages"),
        ("discord", "a", '{"messages": [{"content": 1}]}', r"message 1 can't be understood"),
        ("discord", "a", b"\xff\xfe\xfd", r"isn't UTF-8"),
        ("hubbub", "a", '{"room": "#a"}\n{', r"a, line 2: it isn't JSON"),
        ("hubbub", "a", '{"room": "#a", "command": "NOTICE"}', r"line 1: it can't be understood"),
        ("hubbub", "a", "[]", r"line 1: it should be an object"),
        ("hubbub", "a", "", r"there is no room in it"),
    ],
)
def test_what_is_wrong_is_named_with_its_place(
    tmp_path: Path, format: str, name: str, text: str | bytes, problem: str
) -> None:
    with pytest.raises(ImportProblem, match=problem):
        said(format, written(tmp_path / name, text))


@pytest.mark.parametrize(
    ("file", "text", "problem"),
    [
        ("users.json", "[", r"users.json, line 1: it isn't JSON"),
        ("tea/2024-01-01.json", "{}", r"2024-01-01.json: it should be a list"),
        ("tea/2024-01-01.json", '[{"type": "message"}]', r"message 1 can't be understood"),
        ("tea/2024-01-01.json", "[3]", r"message 1 can't be understood"),
        ("other/2024-01-01.json", "[]", r"several: choose one of other, tea"),
    ],
)
def test_what_is_wrong_in_a_slack_export(
    tmp_path: Path, file: str, text: str, problem: str
) -> None:
    folder = slack(tmp_path)
    written(folder / file, text)
    with pytest.raises(ImportProblem, match=problem):
        said("slack", folder)


def test_a_directory_that_is_no_slack_export(tmp_path: Path) -> None:
    with pytest.raises(ImportProblem, match=r"there is no users\.json"):
        said("slack", tmp_path)


# -- files that are wrong in odd ways -----------------------------------------------------------

ROW = '{"room": "#tea", "command": "PRIVMSG", "time": "2024-01-01T12:00:00Z", "source": "a!b@c"'
DISCORD_FIRST_DAY = (
    '{"messages": [{"timestamp": "0001-01-01", "author": {"name": "a"}, "content": "x"}]}'
)


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("discord", "[" * 100_000),
        ("discord", "9" * 5_000),
        ("discord", DISCORD_FIRST_DAY),
        ("hubbub", ROW + ', "params": ["#tea", 5]}'),
        ("hubbub", '{"room": "#tea"}\n{"room": ["#tea"]}'),
        ("hubbub", "[" * 100_000),
        ("irssi", "--- Log opened Mon Jan 01 00:00:00 0001\n00:00 <a> x\n"),
        ("weechat", "0001-01-01 00:00:00\tann\tx\n"),
        ("ergo", "INSERT INTO `sequence` (history_id) VALUES (" + "9" * 5_000 + ");\n"),
        ("ergo", "INSERT INTO `sequence` (history_id) VALUES (0xabc);\n"),
    ],
)
def test_what_no_exporter_writes_is_a_problem_with_a_name(
    name: str, text: str, tmp_path: Path
) -> None:
    path = written(tmp_path / "odd.log", text)
    with pytest.raises(ImportProblem, match=r"odd\.log"):
        list(reader(name)(path, None, ""))


def test_a_slack_time_without_end_is_a_problem(tmp_path: Path) -> None:
    written(tmp_path / "users.json", "[]")
    message = '[{"type": "message", "ts": 1e400, "text": "x"}]'
    written(tmp_path / "tea" / "2024-01-01.json", message)
    with pytest.raises(ImportProblem, match="message 1"):
        said("slack", tmp_path)


def test_half_a_character_is_left_out_of_what_is_stored(tmp_path: Path) -> None:
    half = DISCORD_FIRST_DAY.replace("0001", "2024").replace('"x"', r'"a\ud83db"')
    (message,) = said("discord", written(tmp_path / "half", half))
    assert [line.text for line in importing._lines(message)] == ["ab"]
