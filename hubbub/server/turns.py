"""What newcomers cost is done a little in each turn of the event loop, so that nobody else waits for it.

Law: who comes first has its turn first; and however many wait, a turn takes no longer than what it may.
A TLS handshake is half a millisecond of the processor's, as much as many messages, and costs the other
side nothing: a thousand of them in one turn were half a second in which nobody was answered.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable
from typing import Final

LEAST_SECONDS: Final = 0.001
"""What a turn may always take."""
MOST_SECONDS: Final = 0.02
"""What a turn may take at most, however long somebody has waited for it."""
SHARE: Final = 0.25
"""And in between this part of the time that was waited: a busy server lets newcomers in as well."""


class Turns:
    """What waits for its turn; one event loop's thread uses it.

    What is given is called once, later; it sees to it itself that it is still wanted by then. Those who give
    bound how many wait: here it is one for each connection.
    """

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop
        self._waiting: deque[Callable[[], object]] = deque()
        self._waiting_since = 0.0

    def __len__(self) -> int:
        """How many wait."""
        return len(self._waiting)

    def take(self, step: Callable[[], object]) -> None:
        """Has it called when its turn comes."""
        self._waiting.append(step)
        if len(self._waiting) == 1:
            self._waiting_since = self._loop.time()
            self._loop.call_soon(self._go_on)

    def _go_on(self) -> None:
        now = self._loop.time()
        waited = now - self._waiting_since
        until = now + min(MOST_SECONDS, max(LEAST_SECONDS, SHARE * waited))
        try:
            while self._waiting and now < until:
                step = self._waiting[0]
                try:
                    step()
                finally:
                    self._waiting.popleft()
                now = self._loop.time()
        finally:
            self._waiting_since = now
            if self._waiting:
                self._loop.call_soon(self._go_on)
