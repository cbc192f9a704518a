"""Formats in which people leave other chats: each module reads one, and knows nothing else.

A format is a generator of what was said, in the order of its files: nothing is changed, nothing
is fetched. A place that can't be understood raises ImportProblem with the file and the line.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from datetime import tzinfo
from importlib import import_module
from pathlib import Path
from typing import Final

from hubbub.core.imports import Imported

Read = Callable[[Path, tzinfo | None, str], Iterator[Imported]]
"""Reads a path; times without a zone are in the given one, or the system's; the last is the
channel that is wanted, where a path has several, or empty."""

FORMATS: Final[Mapping[str, str]] = {
    "discord": "a channel as DiscordChatExporter writes it with -f Json",
    "ergo": "the SQLite file of its history, or a mysqldump of it; give --channel when it has several",
    "hubbub": "what hubbub export writes (JSON Lines); give --channel when it has several rooms",
    "irssi": "a channel's log file",
    "slack": "an export (zip file or directory); give --channel when it has several",
    "thelounge": "a user's SQLite file; give --channel when it has several",
    "weechat": "a channel's .weechatlog file",
    "znc": "the log module's directory of a channel, or one of its files",
}


def reader(name: str) -> Read:
    """The reader of a format in FORMATS."""
    read: Read = import_module(f"hubbub.importers.{name}").read
    return read
