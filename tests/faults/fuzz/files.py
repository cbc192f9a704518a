"""Files that an operator hands over: the configuration, and what was said in other chats."""

from __future__ import annotations

import atexit
import json
import shutil
import sqlite3
import tempfile
from collections.abc import Hashable, Iterable, Sequence
from contextlib import closing
from datetime import UTC
from functools import lru_cache
from pathlib import Path
from typing import Final

from hubbub.core.imports import Imported, ImportProblem
from hubbub.importers import FORMATS, reader
from hubbub.server import config_file, config_text
from hubbub.server.config import Config, rows
from hubbub.store import importing

# -- the configuration --------------------------------------------------------------------------


def run_config(data: bytes) -> Iterable[Hashable]:
    """A text is refused with places in it, or is a configuration that is written and read again."""
    try:
        text = data.decode()
    except UnicodeDecodeError:
        return
    config, problems = _read(text)
    if config is None:
        assert problems
        for problem in problems:
            assert problem.line is None or 1 <= problem.line <= text.count("\n") + 1
            yield (problem.line is None, problem.text[:24])
        return
    config.rules()
    again = config_file.parse(config_text.render(config))
    assert again == config
    for row in rows():
        if getattr(getattr(config, row.section), row.key) != row.default:
            yield (row.section, row.key)
    yield config == Config()


def _read(text: str) -> tuple[Config | None, Sequence[config_file.Problem]]:
    try:
        return config_file.parse(text), ()
    except config_file.ConfigError as error:
        return None, error.problems


CONFIG_WORDS: Final = (
    *(f"[{section}]\n".encode() for section in dict.fromkeys(row.section for row in rows())),
    *(f"{row.key} = {config_text.toml_value(row.default)}\n".encode() for row in rows()),
    *(f"{row.key} = ".encode() for row in rows()),
    b"true",
    b"-1",
    b"1e309",
    b"nan",
    b"0x7fffffffffffffff",
    b"1979-05-27T07:32:00Z",
    b'"\\u0000\\uFFFF\\U0010FFFF"',
    b"'''\n'''",
    b'"""\n"""',
    b'["localhost:8667", "[::1]:1", "unix:/x"]',
    b'"https://chat.example.org"',
    b'"Our class <chat@example.org>"',
    b"{ a = 1 }",
    b"[" * 50,
    b"[[server]]\n",
    b"a.b.c = 1\n",
    b"# comment\n",
)

# -- other chats --------------------------------------------------------------------------------


@lru_cache(maxsize=1)
def _home() -> Path:
    """A place for one input's files, in memory where there is such a disk."""
    memory = Path("/dev/shm")
    home = tempfile.mkdtemp(prefix="hubbub-fuzz-", dir=memory if memory.is_dir() else None)
    atexit.register(shutil.rmtree, home, ignore_errors=True)
    return Path(home)


def run_import(data: bytes) -> Iterable[Hashable]:
    """What can't be understood is an ImportProblem; what can becomes lines that can be stored.

    The input's first line is the format, with `rows` after it for a database that is made of the
    lines, and with a channel; the rest is the file. In Slack's a line of dashes parts its files.
    """
    head, _, content = data.partition(b"\n")
    name, *wanted = head.decode(errors="replace").split(" ")
    if name not in FORMATS:
        return
    path = _written(name, content, rows="rows" in wanted)
    channel = "#tea" if "#tea" in wanted else ""
    zone = UTC if "UTC" in wanted else None
    count = 0
    try:
        for said in reader(name)(path, zone, channel):
            assert isinstance(said, Imported)
            assert type(said.time) is int
            assert type(said.nick) is type(said.text) is str
            for line in importing._lines(said):
                assert line.text.encode()
            count += 1
            yield (name, said.action, said.notice, min(len(said.nick), 3), "\n" in said.text)
    except (ImportProblem, OSError) as problem:
        yield (name, type(problem), str(problem).partition(": ")[2][:16])
    yield (name, min(count, 5))


def _written(name: str, content: bytes, *, rows: bool) -> Path:
    path = _home() / "2024-01-01.log"
    if rows and name in ("thelounge", "ergo"):
        return _database(name, content)
    if name != "slack" or content.startswith(b"PK"):
        path.write_bytes(content)
        return path
    users, _, messages = content.partition(b"\n---\n")
    folder = _home() / "slack"
    (folder / "tea").mkdir(parents=True, exist_ok=True)
    (folder / "users.json").write_bytes(users)
    (folder / "tea" / "2024-01-01.json").write_bytes(messages)
    return folder


def _database(name: str, content: bytes) -> Path:
    """An SQLite file with the input's lines as its messages."""
    path = _home() / f"{name}.db"
    path.unlink(missing_ok=True)
    lines = [_cell(line) for line in content.split(b"\n")[:20]]
    with closing(sqlite3.connect(path, isolation_level=None)) as made:
        made.execute("PRAGMA synchronous = OFF")
        made.execute("PRAGMA journal_mode = OFF")
        if name == "thelounge":
            made.execute("CREATE TABLE messages (network, channel, time, type, msg)")
            cells = [("n", "#tea", line[0], "message", line[1]) for line in lines]
            made.executemany("INSERT INTO messages VALUES (?, ?, ?, ?, ?)", cells)
        else:
            made.execute("CREATE TABLE sequence (history_id, nanotime, target)")
            made.execute("CREATE TABLE history (id INTEGER PRIMARY KEY, data)")
            for number, (moment, cell) in enumerate(lines):
                made.execute("INSERT INTO history VALUES (?, ?)", (number, cell))
                made.execute("INSERT INTO sequence VALUES (?, ?, '#tea')", (number, moment))
    return path


def _cell(line: bytes) -> tuple[object, object]:
    """A time, which may be anything that JSON has for a cell, and a message."""
    first, _, rest = line.partition(b" ")
    try:
        moment = json.loads(first)
    except (ValueError, RecursionError):
        moment = None
    if type(moment) is int and abs(moment) >= 1 << 63:
        moment = float(1 << 63)
    usable = moment is None or type(moment) in (int, float, str)
    try:
        text: object = rest.decode()
    except UnicodeDecodeError:
        text = rest
    return (moment if usable and _storable(moment) else 0), text


def _storable(cell: object) -> bool:
    try:
        return str(cell).encode() != b""
    except UnicodeEncodeError:
        return False


IMPORT_WORDS: Final = (
    *(f"{name}\n".encode() for name in FORMATS),
    b" UTC",
    b" #tea",
    b"2024-01-01 12:00:00\tann\thello\n",
    b"0001-01-01 00:00:00\tann\thello\n",
    b"9999-12-31T23:59:59.999999+14:00",
    b"--- Log opened Mon Jan 01 00:00:00 0001\n",
    b"[12:00:00] <ann> hello\n",
    b"[12:00:00] * ann waves\n",
    b"12:00 -ann- hello\n",
    b'{"timestamp": "2024-01-01T12:00:00Z", "author": {"name": "ann"}, "content": "hello"}',
    b'{"room": "#tea", "command": "PRIVMSG", "time": "2024-01-01T12:00:00Z",'
    b' "source": "ann!a@h", "params": ["#tea", "hello"]}\n',
    b'{"type": "message", "ts": "1704110400.1", "user": "U1", "text": "hello <@U1>"}',
    b'{"Type": 1, "Nick": "ann!a@h", "Message": {"Message": "hello"}}',
    b'{"from": {"nick": "ann"}, "text": "hello"}',
    b"CREATE TABLE `history` (\n  `id` int,\n  `data` blob\n)\n",
    b"INSERT INTO `history` VALUES (1,'{}');\n",
    b"INSERT INTO `sequence` VALUES (1,'#tea',1);\n",
    b"0xabc",
    b"NULL",
    b"null",
    b"true",
    b"1e400",
    b"NaN",
    b"Infinity",
    b"9" * 5_000,
    b'"\\ud800"',
    b"[]",
    b"{}",
    b"[" * 3_000,
    b'{"a":' * 3_000,
)
