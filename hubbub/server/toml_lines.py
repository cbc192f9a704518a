"""Says on which line of a TOML text each key stands, which tomllib doesn't tell.

The text was accepted by tomllib before, so this only has to find where things begin and end:
strings, brackets and comments. What it can't place it leaves out; it never raises.
"""

import re
import tomllib

KeyPath = tuple[str, ...]

_BLANK = re.compile(r"(?:[ \t\r\n]|#[^\n]*)*")
_KEY_PART = re.compile(r"""[ \t]*([A-Za-z0-9_-]+|"(?:\\.|[^"\\\n])*"|'[^'\n]*')[ \t]*""")
_VALUE_PART = re.compile(
    r'"""(?:\\.|[^\\])*?"""(?:"{0,2})'
    r"|'''.*?'''(?:'{0,2})"
    r'|"(?:\\.|[^"\\\n])*"'
    r"|'[^'\n]*'"
    r"|\#[^\n]*"
    r"|(?P<open>[\[{])|(?P<close>[\]}])|(?P<newline>\n)"
    r"""|[^"'\#\[\]{}\n]+""",
    re.DOTALL,
)


def key_lines(text: str) -> dict[KeyPath, int]:
    """The line (from 1) of each table header and each key, by its whole path; the first one counts.

    Keys inside an inline table aren't listed: ask `line_of`, which answers with the nearest parent.
    """
    lines: dict[KeyPath, int] = {}
    table: KeyPath = ()
    position = 0
    while True:
        blank = _BLANK.match(text, position)
        position = blank.end() if blank else position
        if position >= len(text):
            return lines
        line = text.count("\n", 0, position) + 1
        is_header = text[position] == "["
        if is_header:
            position += 2 if text.startswith("[[", position) else 1
        key, position = _key(text, position)
        if not key:
            return lines
        if is_header:
            table = key
        path = key if is_header else table + key
        for depth in range(1, len(path) + 1):
            lines.setdefault(path[:depth], line)
        position = _end_of_statement(text, position)


def line_of(lines: dict[KeyPath, int], path: KeyPath) -> int | None:
    """The line of a key, or of the nearest of its parents that has one."""
    for depth in range(len(path), 0, -1):
        if path[:depth] in lines:
            return lines[path[:depth]]
    return None


def _key(text: str, position: int) -> tuple[KeyPath, int]:
    parts: list[str] = []
    while match := _KEY_PART.match(text, position):
        raw = match.group(1)
        parts.append(_unquoted(raw) if raw[0] in "\"'" else raw)
        position = match.end()
        if not text.startswith(".", position):
            break
        position += 1
    return tuple(parts), position


def _unquoted(raw: str) -> str:
    try:
        return str(tomllib.loads(f"key = {raw}")["key"])
    except tomllib.TOMLDecodeError:
        return raw[1:-1]


def _end_of_statement(text: str, position: int) -> int:
    """Where the next statement may begin: after the first newline outside strings and brackets."""
    depth = 0
    while match := _VALUE_PART.match(text, position):
        position = match.end()
        if match.lastgroup == "open":
            depth += 1
        elif match.lastgroup == "close":
            depth -= 1  # a header's own closing bracket gives -1, which ends at the newline too
        elif match.lastgroup == "newline" and depth <= 0:
            return position
    return len(text)
