"""A Discord channel as DiscordChatExporter writes it in JSON."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, tzinfo
from pathlib import Path
from typing import Final

from hubbub.core.imports import Imported, ImportProblem
from hubbub.importers.lines import json_of, milliseconds

_SPOKEN: Final = frozenset({"Default", "Reply"})


def read(path: Path, zone: tzinfo | None, channel: str) -> Iterator[Imported]:
    """What was said, as the file has it. Raises ImportProblem and OSError."""
    try:
        export = json_of(path.read_text(encoding="utf-8-sig"), path)
    except UnicodeDecodeError:
        raise ImportProblem(path, None, "it isn't UTF-8.") from None
    messages = export.get("messages") if isinstance(export, dict) else None
    if not isinstance(messages, list):
        text = "it has no messages: write it with DiscordChatExporter's format Json."
        raise ImportProblem(path, None, text)
    for number, message in enumerate(messages, 1):
        try:
            if message.get("type", "Default") not in _SPOKEN:
                continue
            time = milliseconds(datetime.fromisoformat(message["timestamp"]), zone)
            author = message["author"]
            nick = str(author.get("nickname") or author["name"])
            links = [str(one["url"]) for one in message.get("attachments") or []]
            text = "\n".join(part for part in (str(message["content"]), *links) if part)
        except (KeyError, TypeError, ValueError, AttributeError):
            text = f"message {number} can't be understood."
            raise ImportProblem(path, None, text) from None
        yield Imported(time, nick, text)
