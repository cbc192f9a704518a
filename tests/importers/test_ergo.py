"""Ergo's history becomes what was said, from its SQLite file and from a dump of MySQL alike."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable
from contextlib import closing
from datetime import UTC
from pathlib import Path

import pytest

from hubbub.core.imports import Imported, ImportProblem
from hubbub.importers import reader

NOON = 1_704_110_400_000
Message = tuple[int, str, int, object]
"""Number, channel, time in milliseconds and item."""


def said(path: Path, channel: str = "") -> list[Imported]:
    return list(reader("ergo")(path, UTC, channel))


def item(type: int, nick: str, text: str, *split: tuple[str, bool]) -> dict[str, object]:
    lines = [{"Message": line, "Concat": concat} for line, concat in split]
    message = {
        "Message": text,
        "Msgid": "x",
        "Split": lines or None,
        "Time": "2024-01-01T12:00:00Z",
    }
    return {"Type": type, "Nick": f"{nick}!~u@host", "AccountName": "*", "Message": message}


TALK: list[Message] = [
    (1, "#tea", NOON, item(1, "ann", 'it\'s \\ "tea" 東京')),
    (2, "#tea", NOON + 1, item(3, "bob", "")),
    (3, "#other", NOON + 1, item(1, "ann", "elsewhere")),
    (4, "#tea", NOON + 2, item(1, "bob", "\1ACTION waves\1")),
    (5, "#tea", NOON + 3, item(2, "bob", "hear")),
    (6, "#tea", NOON + 4, item(1, "ann", "", ("one", False), ("two", False), (" more", True))),
    (7, "#tea", NOON + 5, item(8, "ann", "")),
]
EXPECTED = [
    Imported(NOON, "ann", 'it\'s \\ "tea" 東京'),
    Imported(NOON + 2, "bob", "waves", action=True),
    Imported(NOON + 3, "bob", "hear", notice=True),
    Imported(NOON + 4, "ann", "one\ntwo more"),
]


def sqlite(path: Path, talk: list[Message]) -> Path:
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("CREATE TABLE history (id INTEGER PRIMARY KEY, data BLOB, msgid TEXT)")
        connection.execute(
            "CREATE TABLE sequence (history_id INTEGER PRIMARY KEY, target TEXT, nanotime INTEGER)"
        )
        for number, channel, time, of in talk:
            data = json.dumps(of).encode()
            connection.execute("INSERT INTO history VALUES (?, ?, '')", (number, data))
            values = (number, channel, time * 1_000_000 + 7)
            connection.execute("INSERT INTO sequence VALUES (?, ?, ?)", values)
        connection.commit()
    return path


def quoted(data: bytes) -> str:
    text = data.decode()
    for sign, written in (("\\", "\\\\"), ("'", "\\'"), ('"', '\\"'), ("\n", "\\n")):
        text = text.replace(sign, written)
    return f"_binary '{text}'"


def dumped(path: Path, talk: list[Message], *, hex_blob: bool = False) -> Path:
    """As mysqldump writes it: the tables by name, a statement of many rows a line."""
    blob: Callable[[bytes], str] = (lambda data: f"0x{data.hex().upper()}") if hex_blob else quoted
    history = ",".join(
        f"({number},{blob(json.dumps(of, ensure_ascii=hex_blob).encode())},{blob(b'msgid')})"
        for number, _, _, of in talk
    )
    sequence = ",".join(
        f"({number},{blob(channel.encode())},{time * 1_000_000 + 7})"
        for number, channel, time, _ in talk
    )
    path.write_text(
        "-- MySQL dump\n"
        "CREATE TABLE `history` (\n  `id` bigint unsigned NOT NULL,\n  `data` blob NOT NULL,\n"
        "  `msgid` binary(16) NOT NULL,\n  PRIMARY KEY (`id`),\n  KEY `m` (`msgid`(4))\n) ENGINE=X;\n"
        f"INSERT INTO `history` VALUES {history};\n"
        "CREATE TABLE `sequence` (\n  `history_id` bigint unsigned NOT NULL,\n"
        "  `target` varbinary(64) NOT NULL,\n  `nanotime` bigint NOT NULL,\n"
        "  PRIMARY KEY (`history_id`)\n) ENGINE=X;\n"
        f"INSERT INTO `sequence` VALUES {sequence};\n"
    )
    return path


def test_its_sqlite_file(tmp_path: Path) -> None:
    path = sqlite(tmp_path / "history.db", TALK)
    assert said(path, "#tea") == EXPECTED
    assert said(path, "Other") == [Imported(NOON + 1, "ann", "elsewhere")]


@pytest.mark.parametrize("hex_blob", [False, True])
def test_a_dump_of_mysql(tmp_path: Path, hex_blob: bool) -> None:
    path = dumped(tmp_path / "dump.sql", TALK, hex_blob=hex_blob)
    assert said(path, "#tea") == EXPECTED
    assert said(path, "other") == [Imported(NOON + 1, "ann", "elsewhere")]


@pytest.mark.parametrize("make", [sqlite, dumped])
def test_which_channel_has_to_be_clear(tmp_path: Path, make: Callable[..., Path]) -> None:
    path = make(tmp_path / "a", TALK)
    with pytest.raises(ImportProblem, match="several: choose one of #other, #tea"):
        said(path)
    with pytest.raises(ImportProblem, match="there is no channel none in it"):
        said(path, "none")
    assert said(make(tmp_path / "b", TALK[:1])) == EXPECTED[:1]


@pytest.mark.parametrize("make", [sqlite, dumped])
@pytest.mark.parametrize("bad", ["text", {"Type": 1}, {"Type": 1, "Nick": 3, "Message": {}}, []])
def test_what_is_no_message_is_named(
    tmp_path: Path, make: Callable[..., Path], bad: object
) -> None:
    path = make(tmp_path / "a", [*TALK[:1], (9, "#tea", NOON + 9, bad)])
    with pytest.raises(ImportProblem, match="message 9 of its history"):
        said(path)


@pytest.mark.parametrize("text", ["", "hello", "INSERT INTO `users` VALUES (1);", "-- MySQL dump"])
def test_what_is_neither_is_said(tmp_path: Path, text: str) -> None:
    path = tmp_path / "a"
    path.write_text(text)
    with pytest.raises(ImportProblem, match="neither Ergo's SQLite file nor a dump"):
        said(path)


def test_another_sqlite_file_is_not_ergos(tmp_path: Path) -> None:
    with closing(sqlite3.connect(tmp_path / "a")) as connection:
        connection.execute("CREATE TABLE other (a)")
    with pytest.raises(ImportProblem, match="isn't a file of Ergo's history"):
        said(tmp_path / "a")


def test_a_dump_that_breaks_off_is_told_with_its_line(tmp_path: Path) -> None:
    whole = dumped(tmp_path / "a", TALK).read_bytes()
    for cut in (2, 3, 4, 20, 38, 40, 41, 60):
        path = tmp_path / "b"
        path.write_bytes(whole[:-cut])
        with pytest.raises(ImportProblem, match=r"line 16: its INSERT breaks off"):
            said(path, "#tea")
