"""The log: one line an event on stderr, without message text; in debug mode every line and entry as well.

No secret gets in (`mask`), and what comes from outside can't make a line of its own or move the
terminal's cursor (`printable`).
"""

import logging
import re
import sys
import time
import traceback
import unicodedata

import msgspec

from hubbub.core.entries import Join, SetRoomModes
from hubbub.edge.codes import SHAPE

_wire = logging.getLogger("hubbub.wire")

HIDDEN = "***"

_LEVELS = {
    logging.DEBUG: "debug",
    logging.INFO: "info",
    logging.WARNING: "warning",
    logging.ERROR: "error",
    logging.CRITICAL: "critical",
}


def set_up(debug: bool = False) -> None:
    """Send what the program and asyncio log to stderr, as it is at each line (a console may wrap it)."""
    handler = StderrHandler()
    handler.setFormatter(LineFormatter())
    root = logging.getLogger()
    for old in root.handlers[:]:
        if isinstance(old, StderrHandler):
            root.removeHandler(old)
    root.addHandler(handler)
    root.setLevel(logging.WARNING)
    # No line says in which thread or where in the source it was written, so nobody has to find out:
    # https://docs.python.org/3/howto/logging.html#optimization
    logging.logThreads = logging.logProcesses = logging.logMultiprocessing = False
    logging._srcfile = None
    logging.getLogger("hubbub").setLevel(logging.DEBUG if debug else logging.INFO)


def is_debug() -> bool:
    """Whether the debug lines below are shown; ask before preparing many of them."""
    return _wire.isEnabledFor(logging.DEBUG)


def line_in(session: object, line: bytes | str) -> None:
    """Debug: a line came from a session, `<- session line`."""
    if is_debug():
        _debug("<-", session, mask(line))


def line_out(session: object, lines: bytes | str) -> None:
    """Debug: a line (or several, as they are written) goes to a session, `-> session line`."""
    if is_debug():
        newline = b"\n" if isinstance(lines, bytes) else "\n"
        for line in lines.split(newline):  # type: ignore[arg-type]  # both are of one type
            if line.strip():
                _debug("->", session, mask(line))


def entry(entry: object) -> None:
    """Debug: an entry is applied, `** entry`. The only secrets that entries hold are rooms' keys."""
    if is_debug():
        if isinstance(entry, Join) and entry.key:
            entry = msgspec.structs.replace(entry, key=HIDDEN)
        elif isinstance(entry, SetRoomModes):
            changes = tuple(
                (adding, letter, HIDDEN if letter == "k" and argument else argument)
                for adding, letter, argument in entry.changes
            )
            entry = msgspec.structs.replace(entry, changes=changes)
        _debug("**", entry)


def commit(commit: object) -> None:
    """Debug: a batch is durable, `== commit`."""
    if is_debug():
        _debug("==", commit)


def _debug(code: str, *words: object) -> None:
    _wire.debug(" ".join(["%s"] * len(words)), *words, extra={"code": code})


class StderrHandler(logging.Handler):
    """Writes to whatever sys.stderr is at that moment, so that a prompt's patch_stdout takes effect."""

    def emit(self, record: logging.LogRecord) -> None:
        """Write one record; a stderr that is gone (closed terminal) loses it silently."""
        try:
            line = self.format(record)
        except Exception:  # a wrong %-format in some log call must not stop what is logged
            self.handleError(record)
            return
        try:
            sys.stderr.write(line + "\n")
            sys.stderr.flush()
        except (OSError, ValueError):
            pass


class LineFormatter(logging.Formatter):
    """`HH:MM:SS level text`; debug lines have a code in the level's place; a traceback follows indented."""

    def format(self, record: logging.LogRecord) -> str:
        """The record as one line, or with a traceback as several of which only the first has a time."""
        clock = time.strftime("%H:%M:%S", time.localtime(record.created))
        code = getattr(record, "code", None) or _LEVELS.get(record.levelno, record.levelname)
        lines = [f"{clock} {code} {printable(record.getMessage())}"]
        if record.exc_info and record.exc_info[0]:
            for part in traceback.format_exception(*record.exc_info):
                lines += [f"         | {printable(line)}" for line in part.splitlines()]
        return "\n".join(lines)


_PLAIN = re.compile(r"[\x20-\x7e]*")


def printable(text: str) -> str:
    """`text` with everything escaped that a terminal or a reader of lines would take for more than text.

    Control, format (bidirectional overrides) and separator characters, and lone surrogates.
    """
    if _PLAIN.fullmatch(text):
        return text
    return "".join(map(_shown, text))


def _shown(character: str) -> str:
    if unicodedata.category(character) not in ("Cc", "Cf", "Cs", "Zl", "Zp"):
        return character
    code = ord(character)
    if code < 0x100:
        return f"\\x{code:02x}"
    return f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"


_SHAPE = re.compile(
    # Only a space ends tags and a source, as for the parser: what else looks like one is part of them.
    r"(?P<before>[\s\x00]*(?:@[^ ]* +)?(?::[^ ]* +)?)(?P<command>\S+)(?P<rest>.*)",
    re.DOTALL,
)
_WORD = re.compile(r"\s*\S+")

_SHOWN_WORDS = {
    "PASS": 0,
    "DEVICE": 0,
    "WEBIRC": 0,
    "IDENTIFY": 0,
    "OPER": 1,
    "REGISTER": 1,  # the account; then its e-mail address and password
    "VERIFY": 1,
    "ACCOUNT": 1,  # what to do with it; then its password
    "CLAIM": 0,
    "RECOVER": 1,
    "JOIN": 1,  # the keys follow the rooms
    "NICKSERV": 1,
    "NS": 1,
    "CHANSERV": 1,
    "CS": 1,
}
"""How many of a command's parameters are shown; what follows is hidden."""

_ENDS_IN_SECRET = frozenset({"OPER", "REGISTER", "VERIFY", "RECOVER"})
_SERVICES = frozenset({"nickserv", "chanserv", "authserv", "userserv"})
_TEXT_COMMANDS = frozenset({"PRIVMSG", "NOTICE", "SQUERY"})
_MECHANISMS = frozenset(
    {
        "PLAIN",
        "EXTERNAL",
        "ANONYMOUS",
        "ECDSA-NIST256P-CHALLENGE",
        "OAUTHBEARER",
        "SCRAM-SHA-1",
        "SCRAM-SHA-256",
        "SCRAM-SHA-512",
        "+",
        "*",
    }
)


def mask(line: bytes | str) -> str:
    """The line as text with its secrets replaced by ***.

    Passwords of PASS, OPER, AUTHENTICATE, REGISTER, VERIFY, WEBIRC, device tokens, room keys, one-time
    codes wherever they stand, and
    everything but the first word said to services such as NickServ, whatever the case of the
    command and with tags or a source before it. The result is not yet `printable`; the log does that.
    """
    text = line.decode("utf-8", "backslashreplace") if isinstance(line, bytes) else line
    text = SHAPE.sub(HIDDEN, text)
    text = text.rstrip("\r\n")
    shape = _SHAPE.fullmatch(text)
    if shape is None:
        return text
    command, rest = shape["command"].upper(), shape["rest"]
    shown = _shown_words(command, rest)
    if shown is None:
        return text
    position = 0
    for _ in range(shown):
        word = _WORD.match(rest, position)
        if word is None:
            break
        position = word.end()
    if not rest[position:].strip():
        return text
    return f"{text[: shape.start('rest')]}{rest[:position]} {HIDDEN}"


def _shown_words(command: str, rest: str) -> int | None:
    """How many words after the command may be seen; None is all of them."""
    words = rest.split(None, 3)
    if command in _ENDS_IN_SECRET and len(words) <= _SHOWN_WORDS[command]:
        return 0  # something was forgotten, so what is there may be the secret
    if command in _SHOWN_WORDS:
        return _SHOWN_WORDS[command]
    if command == "AUTHENTICATE":
        return 1 if words and words[0].removeprefix(":") in _MECHANISMS else 0
    if command in _TEXT_COMMANDS and words:
        targets = {target.split("@")[0].lower() for target in words[0].split(",")}
        return 2 if targets & _SERVICES else None
    modes = {"MODE": 1, "324": 2}.get(command)
    if modes is not None and len(words) > modes and "k" in words[modes]:
        return modes + 1  # +k's parameter is the room's key
    return None
