"""Has the store take out what was kept for long enough, in the writer's thread, between the commits.

Law: between two steps the writer is free for several times as long as a step took.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable
from concurrent.futures import Executor, Future
from contextlib import suppress
from typing import Final, Protocol

from hubbub.store.errors import StoreError

log = logging.getLogger("hubbub.hub")

ROUND_SECONDS: Final = 60.0
"""How long after everything was taken out it is looked whether there is more."""
PAUSE_SECONDS: Final = 0.05
"""How long the writer is free after a step, at least."""
PAUSE_TIMES: Final = 4
"""How many times as long as the step took it is."""


class Expiring(Protocol):
    """What can be emptied in steps."""

    def expire_some(self, now: int, keep_days: int) -> bool:
        """Does a step; False when all that is over is gone. Raises StoreError."""


class Expiry:
    """Runs the store's steps; one loop's thread uses it.

    `asked` gives the time in milliseconds and the server's limit in days; `emptied` is called when
    a round is over.
    """

    def __init__(
        self,
        store: Expiring,
        writer: Executor,
        asked: Callable[[], tuple[int, int]],
        emptied: Callable[[], None],
    ) -> None:
        self._loop = asyncio.get_running_loop()
        self._store = store
        self._writer = writer
        self._asked = asked
        self._emptied = emptied
        self._failing = False
        self._stopped = False

    def start(self) -> None:
        """The first round begins after a while."""
        self._loop.call_later(PAUSE_SECONDS, self._submit)

    def stop(self) -> None:
        """No further step begins; what is left goes after the next start."""
        self._stopped = True

    def _submit(self) -> None:
        if not self._stopped:
            self._writer.submit(self._step, *self._asked()).add_done_callback(self._stepped)

    def _step(self, now: int, keep_days: int) -> tuple[bool, float]:
        began = time.monotonic()
        more = self._store.expire_some(now, keep_days)
        return more, time.monotonic() - began

    def _stepped(self, done: Future[tuple[bool, float]]) -> None:
        """Called in the writer's thread."""
        if not self._stopped:
            with suppress(RuntimeError):  # the loop has ended without a word
                self._loop.call_soon_threadsafe(self._go_on, done)

    def _go_on(self, done: Future[tuple[bool, float]]) -> None:
        error = done.exception()
        if error is not None:
            if not self._failing:
                bug = None if isinstance(error, StoreError) else error
                log.error(
                    "what is to be kept no longer can't be taken out: %s", error, exc_info=bug
                )
            self._failing = True
            self._loop.call_later(ROUND_SECONDS, self._submit)
            return
        self._failing = False
        more, seconds = done.result()
        if more:
            self._loop.call_later(max(PAUSE_SECONDS, PAUSE_TIMES * seconds), self._submit)
        else:
            self._emptied()
            self._loop.call_later(ROUND_SECONDS, self._submit)
