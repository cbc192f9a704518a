"""From the history's rows back to the events that were shown."""

from __future__ import annotations

from typing import Final

from hubbub.core.happening import UNTARGETED
from hubbub.core.outputs import Event, HistoryRow

ACTION: Final = "\1ACTION "
MS_A_MINUTE: Final = 60_000


def event_of(row: HistoryRow, target: str, *, clock_prefix: bool = False) -> Event:
    """The event that a row records, as shown in `target`.

    With `clock_prefix` the text begins with the UTC hour and minute, for clients that can't be
    told the time in a tag.
    """
    params, splits = row.params, row.splits
    if clock_prefix and params:
        # In "/me waves" the time belongs to what is said, not before the sign that it's an action.
        action = ACTION if params[0].startswith(ACTION) else ""
        text = params[0].removeprefix(action)
        clock = f"[{_clock(row.time)}] "
        params = (f"{action}{clock}{text}", *params[1:])
        splits = tuple(at + len(clock) for at in splits)
    if row.command not in UNTARGETED:
        params = (row.status + target, *params)
    return Event(
        row.command,
        row.source,
        params,
        row.time,
        row.place,
        row.tags,
        row.account,
        row.realname,
        splits=splits,
    )


def _clock(time: int) -> str:
    hours, minutes = divmod(time // MS_A_MINUTE % (24 * 60), 60)
    return f"{hours:02d}:{minutes:02d}"
