"""Slack's export: users.json, and for each channel a directory with a file for each day.

https://slack.com/help/articles/220556107-How-to-read-Slack-data-exports
"""

from __future__ import annotations

import re
import zipfile
import zlib
from collections.abc import Iterator, Mapping
from datetime import tzinfo
from html import unescape
from pathlib import Path
from typing import Final

from hubbub.core.imports import Imported, ImportProblem
from hubbub.importers.lines import json_of, the_one

_SPOKEN: Final = frozenset({"", "bot_message", "me_message", "thread_broadcast", "file_share"})
_MARKUP: Final = re.compile(r"<([@#!]?)([^<>|]*)(?:\|([^<>]*))?>")
_DAY: Final = re.compile(r"\d{4}-\d\d-\d\d\.json")


def read(path: Path, zone: tzinfo | None, channel: str) -> Iterator[Imported]:
    """What was said in a channel, oldest first. Raises ImportProblem and OSError."""
    if path.is_dir():
        root: Path | zipfile.Path = path
    else:
        try:
            root = zipfile.Path(zipfile.ZipFile(path))
        except zipfile.BadZipFile as error:
            raise ImportProblem(path, None, f"it isn't a zip file ({error}).") from error
    people = _people(path, root)
    there = [entry.name for entry in root.iterdir() if entry.is_dir() and _days(entry)]
    folder = root / the_one(path, "channel", channel, there)
    for day in _days(folder):
        where = path / folder.name / day.name
        messages = _load(where, day)
        if not isinstance(messages, list):
            raise ImportProblem(where, None, "it should be a list of messages.")
        for number, message in enumerate(messages, 1):
            said = _said(where, number, message, people)
            if said is not None:
                yield said


def _days(folder: Path | zipfile.Path) -> list[Path | zipfile.Path]:
    days = [entry for entry in folder.iterdir() if _DAY.fullmatch(entry.name)]
    return sorted(days, key=lambda day: day.name)


def _load(where: Path, file: Path | zipfile.Path) -> object:
    try:
        text = file.read_text(encoding="utf-8")
    except UnicodeDecodeError:
        raise ImportProblem(where, None, "it isn't UTF-8.") from None
    except (zipfile.BadZipFile, zlib.error, EOFError, RuntimeError) as error:
        # RuntimeError: it is encrypted, or packed in a way that isn't known here.
        raise ImportProblem(where, None, f"it can't be unpacked ({error}).") from None
    return json_of(text, where)


def _people(path: Path, root: Path | zipfile.Path) -> dict[str, str]:
    file = root / "users.json"
    if not file.is_file():
        raise ImportProblem(path, None, "there is no users.json in it: is it a Slack export?")
    users = _load(path / "users.json", file)
    people = {}
    for user in users if isinstance(users, list) else []:
        if isinstance(user, dict) and isinstance(user.get("id"), str):
            profile = user.get("profile")
            shown = profile.get("display_name") if isinstance(profile, dict) else ""
            people[user["id"]] = str(shown or user.get("name") or user["id"])
    return people


def _said(where: Path, number: int, message: object, people: Mapping[str, str]) -> Imported | None:
    try:
        if not isinstance(message, dict):
            raise TypeError
        if message.get("type") != "message" or message.get("subtype", "") not in _SPOKEN:
            return None
        time = round(float(message["ts"]) * 1000)
        user = str(message.get("user") or "")
        nick = people.get(user) or str(message.get("username") or user or "somebody")
        text = _plain(str(message.get("text") or ""), people)
        files = message.get("files") or []
        links = [str(file.get("url_private") or file.get("name") or "") for file in files]
    except (KeyError, TypeError, ValueError, AttributeError, OverflowError):
        raise ImportProblem(where, None, f"message {number} can't be understood.") from None
    text = "\n".join(part for part in (text, *links) if part)
    return Imported(time, nick, text, action=message.get("subtype") == "me_message")


def _plain(text: str, people: Mapping[str, str]) -> str:
    """The text without Slack's marks for people, channels and links."""

    def written(mark: re.Match[str]) -> str:
        kind, target, label = mark.groups()
        if kind == "@":
            return "@" + people.get(target, label or target)
        if kind:
            return ("#" if kind == "#" else "@") + (label or target).lstrip("@#")
        return target if not label or label == target else f"{label} ({target})"

    return unescape(_MARKUP.sub(written, text))
