"""Reads a configuration file; everything that is wrong with it is found and told at once, by line.

Nothing is guessed and nothing is ignored: an unknown key is an error, for it is a setting that
somebody believes to be in force.
"""

import math
import re
import tomllib
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path
from typing import Any

from hubbub.server.config import Config, Row, joint_problems, rows
from hubbub.server.config_setting import Setting
from hubbub.server.errors import OperatorError
from hubbub.server.toml_lines import key_lines, line_of

CONFIG_FILE = "hubbub.toml"
"""The configuration's name in the data directory, read when no other file is named."""

MAX_FILE_BYTES = 262_144


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing that is wrong in a configuration file, and where."""

    file: str
    line: int | None
    text: str

    def __str__(self) -> str:
        place = self.file if self.line is None else f"{self.file}:{self.line}"
        return f"{place}: {self.text}"


class ConfigError(OperatorError):
    """The configuration can't be used; `problems` has everything found, in the file's order."""

    def __init__(self, problems: list[Problem]) -> None:
        self.problems = tuple(sorted(problems, key=lambda problem: problem.line or 0))
        super().__init__("\n".join(map(str, self.problems)))


def load(path: Path | None) -> Config:
    """The configuration in `path`; None gives the defaults. Raises ConfigError."""
    if path is None:
        return Config()
    return parse(_text(path), str(path))


def parse(text: str, file: str = CONFIG_FILE) -> Config:
    """The configuration in a TOML text; `file` is its name in messages. Raises ConfigError."""
    try:
        document = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise ConfigError([_syntax_problem(text, file, str(error))]) from None
    except (RecursionError, ValueError):  # brackets, or a number, of thousands of characters
        raise ConfigError([Problem(file, None, "has a value that is too large to read")]) from None
    sections, found = _read(document)
    config = Config()
    if not found:
        config = Config(**{name: _class_of(config, name)(**s) for name, s in sections.items()})
        found = [((section, key), text) for section, key, text in joint_problems(config)]
    if found:
        lines = key_lines(text)
        raise ConfigError(
            [Problem(file, line_of(lines, path), _labelled(path, text)) for path, text in found]
        )
    return config


_Found = list[tuple[tuple[str, ...], str]]


def _text(path: Path) -> str:
    file = str(path)
    try:
        with path.open("rb") as opened:
            content = opened.read(MAX_FILE_BYTES + 1)
    except FileNotFoundError:
        advice = f"there is no such file; `hubbub config > {file}` writes one with every default"
        raise ConfigError([Problem(file, None, advice)]) from None
    except OSError as error:
        raise ConfigError([Problem(file, None, f"can't be read: {error.strerror}")]) from None
    if len(content) > MAX_FILE_BYTES:
        raise ConfigError([Problem(file, None, f"is larger than {MAX_FILE_BYTES} bytes")])
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        raise ConfigError([Problem(file, line, "is not UTF-8; save it as UTF-8 text")]) from None


def _syntax_problem(text: str, file: str, message: str) -> Problem:
    where = re.search(r" \(at (?:line (\d+), column \d+|end of document)\)$", message)
    if where is None:
        return Problem(file, None, f"is not TOML: {message}")
    line = int(where[1]) if where[1] else text.rstrip().count("\n") + 1
    return Problem(file, line, f"is not TOML: {message[: where.start()]}")


def _class_of(config: Config, section: str) -> type[Any]:
    return type(getattr(config, section))


def _labelled(path: tuple[str, ...], text: str) -> str:
    section, *key = path
    label = f"[{section}]" + "".join(f" {part}" for part in key)
    return f"{label}: {text}"


def _read(document: dict[str, Any]) -> tuple[dict[str, dict[str, object]], _Found]:
    """The values by section and key, and what is wrong with them by path."""
    table: dict[str, dict[str, Row]] = {}
    for row in rows():
        table.setdefault(row.section, {})[row.key] = row
    sections: dict[str, dict[str, object]] = {}
    found: _Found = []
    for name, content in document.items():
        if name not in table:
            found.append(((name,), _unknown_section(name, content, table)))
            continue
        if not isinstance(content, dict):
            found.append(((name,), f"given {_given(content)}, expected a section, [{name}]"))
            continue
        values = sections.setdefault(name, {})
        for key, value in content.items():
            if key not in table[name]:
                found.append(((name, key), _unknown_key(name, key, table)))
                continue
            row = table[name][key]
            problem = value_problem(row, value)
            if problem:
                found.append(((name, key), problem))
            else:
                values[key] = _converted(row, value)
    return sections, found


def _unknown_section(name: str, content: object, table: dict[str, dict[str, Row]]) -> str:
    if not isinstance(content, dict):
        for section, keys in table.items():
            if name in keys:
                return f"stands outside a section; put it below [{section}]"
        return "unknown setting, outside a section" + _did_you_mean(name, table)
    known = ", ".join(f"[{section}]" for section in table)
    return "unknown section" + (_did_you_mean(name, table) or f"; the sections are {known}")


def _unknown_key(section: str, key: str, table: dict[str, dict[str, Row]]) -> str:
    for other, keys in table.items():
        if key in keys:
            return f"unknown here; it belongs below [{other}]"
    return "unknown setting" + (
        _did_you_mean(key, table[section]) or "; `hubbub config` prints all settings"
    )


def _did_you_mean(given: str, known: Any) -> str:
    close = get_close_matches(given.lower().replace("-", "_"), list(known), n=1, cutoff=0.6)
    return f"; did you mean {close[0]}?" if close else ""


def value_problem(row: Row, value: object) -> str | None:
    """What was given and what was expected instead, or None if the value can be used."""
    about = row.about
    if not _is_of_kind(row.default, value):
        return f"given {_given(value)}, expected {expected(row)}"
    if about.choices and value not in about.choices:
        return f"given {_given(value)}, expected {expected(row)}" + _did_you_mean(
            str(value), about.choices
        )
    if isinstance(value, int | float) and not _in_range(about, value):
        return f"given {_given(value)}, expected {expected(row)}"
    if about.check is not None:
        problem = about.check(tuple(value) if isinstance(value, list) else value)
        return f"given {_given(value)}, {problem}" if problem else None
    return None


def _is_of_kind(default: object, value: object) -> bool:
    # The type of the default is the type of the setting. A bool is an int to Python, not to people.
    match default:
        case bool():
            return isinstance(value, bool)
        case int():
            return isinstance(value, int) and not isinstance(value, bool)
        case float():
            return (
                isinstance(value, int | float)
                and not isinstance(value, bool)
                and math.isfinite(value)
            )
        case tuple():
            return isinstance(value, list) and all(isinstance(item, str) for item in value)
        case _:
            return isinstance(value, str)


def _in_range(about: Setting, value: float) -> bool:
    return (about.low is None or value >= about.low) and (about.high is None or value <= about.high)


def _converted(row: Row, value: object) -> object:
    match row.default:
        case float():
            return float(value)  # type: ignore[arg-type]  # checked by _is_of_kind
        case tuple():
            return tuple(value)  # type: ignore[arg-type]
        case _:
            return value


def expected(row: Row) -> str:
    """The type and range of a setting in words, as "a whole number from 1 to 64 (bytes)"."""
    about = row.about
    if about.choices:
        return "one of " + ", ".join(f'"{choice}"' for choice in about.choices)
    match row.default:
        case bool():
            words = "true or false"
        case int():
            words = "a whole number"
        case float():
            words = "a number"
        case tuple():
            words = 'a list of texts, as ["one", "two"]'
        case _:
            words = 'a text in quotes, as "words"'
    if about.low is not None and about.high is not None:
        words += f" from {about.low} to {about.high}"
    return f"{words} ({about.unit})" if about.unit else words


def _given(value: object) -> str:
    match value:
        case bool():
            return "true" if value else "false"
        case dict():
            return "a section"
        case str():
            return f'"{value}"' if len(value) <= 60 else f'"{value[:57]}..."'
        case int() if abs(value) >= 10**30:
            return "a huge number"
        case list():
            return (
                f"[{', '.join(_given(item) for item in value[:4])}{', ...' if value[4:] else ''}]"
            )
        case _:
            return f"{value}"
