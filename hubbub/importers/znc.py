"""ZNC's log module: a directory with a file for each day (https://wiki.znc.in/Log)."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import date, datetime, time, tzinfo
from pathlib import Path
from typing import Final

from hubbub.core.imports import Imported, ImportProblem
from hubbub.importers.lines import bare, milliseconds, numbered

_NAME: Final = re.compile(r"(?:.*_)?(\d{4})-?(\d\d)-?(\d\d)\.log")
_LINE: Final = re.compile(r"\[(\d\d):(\d\d):(\d\d)\] (.*)", re.DOTALL)
_TALK: Final = re.compile(r"<([^>]+)> ?(.*)", re.DOTALL)
_ACTION: Final = re.compile(r"\* (\S+) ?(.*)", re.DOTALL)
_NOTICE: Final = re.compile(r"-(\S+)- (.*)", re.DOTALL)


def read(path: Path, zone: tzinfo | None, channel: str) -> Iterator[Imported]:
    """What was said, as the logs have it. Raises ImportProblem and OSError."""
    if path.is_dir():
        files = sorted(file for file in path.iterdir() if _NAME.fullmatch(file.name))
        if not files:
            text = "there are no files in it that are named for their day (2024-12-31.log)."
            raise ImportProblem(path, None, text)
    else:
        files = [path]
    for file in files:
        yield from _read(file, zone)


def _read(path: Path, zone: tzinfo | None) -> Iterator[Imported]:
    found = _NAME.fullmatch(path.name)
    try:
        if found is None:
            raise ValueError
        day = date(int(found[1]), int(found[2]), int(found[3]))
    except ValueError:
        text = "its name doesn't say the day, as 2024-12-31.log does."
        raise ImportProblem(path, None, text) from None
    for number, line in numbered(path):
        if not line.strip():
            continue
        parts = _LINE.fullmatch(line)
        try:
            if parts is None:
                raise ValueError
            clock = time(int(parts[1]), int(parts[2]), int(parts[3]))
            moment = milliseconds(datetime.combine(day, clock), zone)
        except ValueError:
            text = f"it should begin with the time in brackets, not {line[:30]!r}."
            raise ImportProblem(path, number, text) from None
        said = _said(moment, parts[4])
        if said is not None:
            yield said


def _said(time: int, rest: str) -> Imported | None:
    if rest.startswith("*** "):
        return None
    if talk := _TALK.fullmatch(rest):
        return Imported(time, bare(talk[1]), talk[2])
    if action := _ACTION.fullmatch(rest):
        return Imported(time, bare(action[1]), action[2], action=True)
    if notice := _NOTICE.fullmatch(rest):
        return Imported(time, bare(notice[1]), notice[2], notice=True)
    return None
