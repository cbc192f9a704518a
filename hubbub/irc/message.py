"""One line of IRC is one immutable Message, and each Message has one way to be written.

`parse` never guesses: what it returns can be written again with the same meaning, and what it
can't read raises MalformedLine with one reason. Grammar: https://modern.ircdocs.horse/#message-format
"""

from collections.abc import Mapping, Sequence
from enum import Enum
from types import MappingProxyType
from typing import Final

import msgspec

from hubbub.irc.tags import format_tags, parse_tags

NO_TAGS: Final[Mapping[str, str]] = MappingProxyType({})
"""The tags of a message that has none: one empty mapping, shared, immutable."""


class Malformation(Enum):
    """Why a line is not a message; the value is a sentence for its sender."""

    EMPTY = "The line has no command."
    NOT_UTF8 = "The line is not valid UTF-8."
    BAD_TAGS = "The '@' that starts the tags must be followed by a tag."
    BAD_SOURCE = "The ':' that starts the source must be followed by a name."
    BAD_COMMAND = "A command is ASCII letters or three digits."
    NUL = "The line contains a NUL byte."
    CR = "The line contains a carriage return."
    LF = "The line contains a line feed."


class MalformedLine(ValueError):
    """The line can't be read as a message; `reason` says why."""

    def __init__(self, reason: Malformation) -> None:
        super().__init__(reason.value)
        self.reason = reason


class Message(msgspec.Struct, frozen=True, gc=False):
    """One message.

    `command` is upper case or three digits; `source` is without its ':'; `tags` has unescaped
    values, '' where there is none. The last parameter is nothing special: whether it needs ':' is
    the wire's business. `msgspec.structs.replace` makes a changed copy.

    A struct because one is made for every line: making a frozen dataclass took as long as all the
    rest of `parse`.
    """

    command: str
    params: tuple[str, ...] = ()
    source: str | None = None
    tags: Mapping[str, str] = msgspec.field(default_factory=lambda: NO_TAGS)


def parse(line: bytes) -> Message:
    """The message in `line`, which comes without its CR LF. Raises MalformedLine."""
    try:
        text = line.decode()
    except UnicodeDecodeError:
        raise MalformedLine(Malformation.NOT_UTF8) from None
    if "\0" in text or "\r" in text or "\n" in text:
        raise MalformedLine(_forbidden_in(text))

    tags = NO_TAGS
    source = None
    if text.startswith("@"):
        tag_text, _, text = text.partition(" ")
        if len(tag_text) == 1:
            raise MalformedLine(Malformation.BAD_TAGS)
        tags = parse_tags(tag_text[1:])
    # "separated by one or more ASCII SPACE characters", hence no str.split() without argument.
    if text.startswith(" "):
        text = text.lstrip(" ")
    if text.startswith(":"):
        source, _, text = text[1:].partition(" ")
        if not source:
            raise MalformedLine(Malformation.BAD_SOURCE)

    head, colon, trailing = text.partition(" :")
    words = head.split(" ")
    if "" in words:
        words = [word for word in words if word]
        if not words:
            raise MalformedLine(Malformation.EMPTY)
    command = words[0]
    if not (command.isascii() and (command.isalpha() or (len(command) == 3 and command.isdigit()))):
        raise MalformedLine(Malformation.BAD_COMMAND)
    del words[0]
    if colon:
        words.append(trailing)
    return Message(command.upper(), tuple(words), source, tags)


def serialise(message: Message) -> bytes:
    """The message as it goes over the wire, with CR LF. How long it may be is not checked here.

    Raises ValueError for what the wire can't carry: a parameter before the last that is empty, has
    a space or starts with ':'; a source that is empty or has a space; NUL, CR or LF anywhere but in
    a tag's value (where CR and LF are escaped); a command that is neither upper-case ASCII letters
    nor three digits; lone surrogates.
    """
    command = message.command
    if not (
        command.isascii()
        and ((command.isalpha() and command.isupper()) or (len(command) == 3 and command.isdigit()))
    ):
        raise ValueError(f"not a command: {command!r}")
    text = f"{command} {join_params(message.params)}\r\n" if message.params else f"{command}\r\n"
    source = message.source
    if source is not None:
        if not source or " " in source or "\0" in source or "\r" in source or "\n" in source:
            raise ValueError(f"not a source: {source!r}")
        text = f":{source} {text}"
    if message.tags:
        text = f"@{format_tags(message.tags)} {text}"
    return text.encode()


def join_params(params: Sequence[str]) -> str:
    """The parameters separated by spaces; the last gets its ':' exactly when it needs one.

    Raises ValueError as `serialise` does. '' for no parameters.
    """
    if not params:
        return ""
    last = params[-1]
    if not last or " " in last or last.startswith(":"):
        last = ":" + last
    if len(params) == 1:
        joined = last
    else:
        middle = params[:-1]
        for param in middle:
            if not param or " " in param or param.startswith(":"):
                raise ValueError(f"only the last parameter can be {param!r}")
        joined = f"{' '.join(middle)} {last}"
    if "\0" in joined or "\r" in joined or "\n" in joined:
        raise ValueError(f"a parameter contains NUL, CR or LF: {joined!r}")
    return joined


def _forbidden_in(text: str) -> Malformation:
    if "\0" in text:
        return Malformation.NUL
    return Malformation.CR if "\r" in text else Malformation.LF
