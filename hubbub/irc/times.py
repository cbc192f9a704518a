"""Times as they stand on the wire (https://ircv3.net/specs/extensions/server-time), and as people write them.

Law: a time is milliseconds since 1970 UTC; `milliseconds(iso_time(time)) == time`.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from typing import Final

_BEGINNING: Final = datetime(1970, 1, 1, tzinfo=UTC)


def iso_time(milliseconds: int) -> str:
    """A server-time value."""
    seconds, rest = divmod(milliseconds, 1000)
    return f"{datetime.fromtimestamp(seconds, UTC):%Y-%m-%dT%H:%M:%S}.{rest:03d}Z"


def milliseconds(text: str) -> int:
    """The time that a server-time value says; raises ValueError."""
    moment = datetime.fromisoformat(text[:-1])
    if not text.endswith("Z") or moment.tzinfo is not None:
        raise ValueError(f"not a UTC time: {text!r}")
    return (moment.replace(tzinfo=UTC) - _BEGINNING) // timedelta(milliseconds=1)


_UNITS: Final = {"s": 1, "m": 60, "h": 3_600, "d": 86_400, "w": 604_800}
_DURATION: Final = re.compile(r"(?:[0-9]{1,6}[smhdw]){1,5}", re.IGNORECASE)
LONGEST: Final = 10 * 366 * 86_400
"""The longest duration that can be written, in seconds: about ten years."""


def duration(text: str) -> int | None:
    """The seconds of '90s', '10m', '1h30m', '2d' or '1w'; None for anything else, or none at all."""
    if _DURATION.fullmatch(text) is None:
        return None
    parts = re.findall(r"([0-9]+)([a-z])", text.lower())
    seconds = sum(int(number) * _UNITS[unit] for number, unit in parts)
    return seconds if 0 < seconds <= LONGEST else None


def brief(seconds: int) -> str:
    """A duration as people write it: '1h30m'."""
    written = ""
    for unit in ("w", "d", "h", "m", "s"):
        count, seconds = divmod(seconds, _UNITS[unit])
        written += f"{count}{unit}" if count else ""
    return written or "0s"


def moment(milliseconds: int) -> str:
    """A time as people read it: '2024-12-31 18:00 UTC'."""
    return f"{datetime.fromtimestamp(milliseconds // 1000, UTC):%Y-%m-%d %H:%M} UTC"
