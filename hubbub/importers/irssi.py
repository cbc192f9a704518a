"""irssi's log: lines begin with the hour and minute, the day stands on lines of its own.

https://irssi.org/documentation/settings/ (autolog, log_timestamp, log_day_changed)
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import date, datetime, time, tzinfo
from pathlib import Path
from typing import Final

from hubbub.core.imports import Imported, ImportProblem
from hubbub.importers.lines import bare, milliseconds, numbered

_DAY: Final = re.compile(
    r"--- (?:Log opened|Day changed) \w+ (\w{3}) (\d\d?) (?:\d\d:\d\d:\d\d )?(\d{4})$"
)
_LINE: Final = re.compile(r"\[?(\d\d):(\d\d)(?::(\d\d))?\]? (.*)", re.DOTALL)
_TALK: Final = re.compile(r"<([^>]+)> (.*)", re.DOTALL)
_ACTION: Final = re.compile(r" ?\* (\S+) (.*)", re.DOTALL)
_NOTICE: Final = re.compile(r"-([^\s:!]+)(?::[^\s]+)?- (.*)", re.DOTALL)
_MONTHS: Final = [
    "Jan",
    "Feb",
    "Mar",
    "Apr",
    "May",
    "Jun",
    "Jul",
    "Aug",
    "Sep",
    "Oct",
    "Nov",
    "Dec",
]


def read(path: Path, zone: tzinfo | None, channel: str) -> Iterator[Imported]:
    """What was said, as the log has it. Raises ImportProblem and OSError."""
    day: date | None = None
    for number, line in numbered(path):
        if line.startswith("---"):
            day = _day(path, number, line) or day
            continue
        found = _LINE.fullmatch(line)
        if found is None:
            if line.strip():
                text = f"it should begin with the hour and minute, not {line[:30]!r}."
                raise ImportProblem(path, number, text)
            continue
        if day is None:
            text = "no line says which day it is before this one (--- Log opened ...)."
            raise ImportProblem(path, number, text)
        try:
            clock = time(int(found[1]), int(found[2]), int(found[3] or 0))
            moment = milliseconds(datetime.combine(day, clock), zone)
        except ValueError:
            raise ImportProblem(path, number, f"there is no such time: {line[:8]}.") from None
        said = _said(moment, found[4])
        if said is not None:
            yield said


def _day(path: Path, number: int, line: str) -> date | None:
    found = _DAY.fullmatch(line)
    if found is None or found[1] not in _MONTHS:
        if line.startswith(("--- Log opened", "--- Day changed")):
            raise ImportProblem(path, number, f"its date can't be read: {line[:60]!r}.")
        return None
    try:
        return date(int(found[3]), _MONTHS.index(found[1]) + 1, int(found[2]))
    except ValueError:
        raise ImportProblem(path, number, f"there is no such day: {line[:60]!r}.") from None


def _said(time: int, rest: str) -> Imported | None:
    if talk := _TALK.fullmatch(rest):
        return Imported(time, bare(talk[1]), talk[2])
    if rest.startswith("-!-"):
        return None
    if notice := _NOTICE.fullmatch(rest):
        return Imported(time, bare(notice[1]), notice[2], notice=True)
    if action := _ACTION.fullmatch(rest):
        return Imported(time, bare(action[1]), action[2], action=True)
    return None
