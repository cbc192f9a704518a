"""What the operator asks and sets about how long messages are kept: `hubbub admin retention`."""

from __future__ import annotations

from hubbub.commands.retention import period_days
from hubbub.core import entries
from hubbub.core.history import kept_days
from hubbub.core.ids import NO_SESSION
from hubbub.core.retention import days
from hubbub.server.hub import Hub

USAGE = "A time is written like 30d, 2w or 1y; or forever, or default: as long as the server does."


async def do(hub: Hub, words: tuple[str, ...]) -> tuple[bool, list[str]]:
    """Whether it was done, and the lines to show for it."""
    if len(words) < 2:
        return _show(hub, words[0] if words else "")
    period = period_days(words[1])
    if period is None:
        return False, [USAGE]
    refusals = await hub.operate(entries.SetRetention(NO_SESSION, words[0], *period))
    if refusals:
        return False, [reply.params[-1] for reply in refusals]
    return _show(hub, words[0])


def _show(hub: Hub, name: str) -> tuple[bool, list[str]]:
    state = hub.state
    if not name:
        rooms = [room for room in state.rooms_by_id.values() if room.keep_days]
        whole = f"The server keeps what is said {_kept(state.rules.keep_days)} (history.keep_days)."
        own = [f"{room.name}  {_kept(kept_days(state.rules, room))}" for room in rooms]
        return True, [whole, *own]
    room = state.room_named(name)
    if room is None:
        return False, [f"There is no room {name}."]
    return True, [f"{room.name} keeps what is said {_kept(kept_days(state.rules, room))}."]


def _kept(count: int) -> str:
    return f"for {days(count)}" if count else "for ever"
