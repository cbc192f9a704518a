"""Times as they stand on the wire (https://ircv3.net/specs/extensions/server-time).

Law: a time is milliseconds since 1970 UTC; `milliseconds(iso_time(time)) == time`.
"""

from __future__ import annotations

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
