"""How many connections come anew from one address in a minute.

Law: whoever is this machine is not counted, nor who speaks for others; those others are, once it is
known where they come from. No more addresses are remembered than `throttle.KEYS`.
"""

from __future__ import annotations

from typing import Final

from hubbub.server.addresses import is_loopback, limit_key
from hubbub.server.throttle import Budget

TOO_FAST: Final = "Too many new connections from your address: try again in a minute"
"""What those are told who come too often."""
MINUTE: Final = 60.0


class Arrivals:
    """The new connections of each address: so many at once, and as many anew in each minute."""

    def __init__(self, per_minute: int = 0) -> None:
        self._budget: Budget | None = None
        self._per_minute = 0
        self.allow(per_minute)

    def allow(self, per_minute: int) -> None:
        """How many it may be from now on; 0 is no limit. What was counted before stays, if it's the same."""
        if per_minute != self._per_minute:
            self._per_minute = per_minute
            self._budget = Budget(per_minute, MINUTE / per_minute) if per_minute else None

    def admits(self, address: str, now: float) -> bool:
        """Counts one more from an address at `now` (seconds); False when it is one too many."""
        if self._budget is None or is_loopback(address):
            return True
        key = limit_key(address)
        if not self._budget.has(key, now):
            return False
        self._budget.spend(key, now)
        return True
