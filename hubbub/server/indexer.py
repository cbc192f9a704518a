"""Keeps the search index up, in the writer's thread, between the commits.

Law: indexing takes at most half of the writer's time, in steps that a commit hardly notices.
"""

from __future__ import annotations

import asyncio
import logging
import time
from concurrent.futures import Executor, Future
from contextlib import suppress
from typing import Final, Protocol

from hubbub.store.errors import StoreError

log = logging.getLogger("hubbub.hub")

FIRST_SECONDS: Final = 0.25
"""How long after a commit the first step comes: what follows at once is indexed with it.

What isn't indexed yet is found all the same, and a step costs more than what a row adds to it.
"""
STEP_SECONDS: Final = 0.02
"""How long a step may take when the writer has nothing else to do."""
BUSY_STEP_SECONDS: Final = 0.005
"""How long when there were commits since the last one: the next will have to wait for it."""
AGAIN_SECONDS: Final = 5.0
"""How long after a step that failed the next comes."""


class Indexed(Protocol):
    """What can be indexed in steps."""

    def index_some(self, seconds: float) -> bool:
        """Does a step of about that long; False when all is done. Raises StoreError."""


class Indexer:
    """Runs the store's steps after commits; one loop's thread uses it."""

    def __init__(self, store: Indexed, writer: Executor) -> None:
        self._loop = asyncio.get_running_loop()
        self._store = store
        self._writer = writer
        self._underway = False
        self._again = False
        self._stopped = False
        self._failing = False

    def committed(self) -> None:
        """There may be something new to index."""
        if self._underway:
            self._again = True
        else:
            self._underway = True
            self._loop.call_later(FIRST_SECONDS, self._submit)

    def stop(self) -> None:
        """No further step begins; what is left is done after the next start."""
        self._stopped = True

    def _submit(self) -> None:
        if not self._stopped:
            seconds = BUSY_STEP_SECONDS if self._again else STEP_SECONDS
            self._again = False
            self._writer.submit(self._step, seconds).add_done_callback(self._stepped)

    def _step(self, seconds: float) -> tuple[bool, float]:
        began = time.monotonic()
        more = self._store.index_some(seconds)
        return more, time.monotonic() - began

    def _stepped(self, done: Future[tuple[bool, float]]) -> None:
        """Called in the writer's thread."""
        if not self._stopped:
            with suppress(RuntimeError):  # the loop has ended without a word
                self._loop.call_soon_threadsafe(self._go_on, done)

    def _go_on(self, done: Future[tuple[bool, float]]) -> None:
        error = done.exception()
        if error is not None:
            # What isn't indexed is still found while it isn't much, so nobody has to be told.
            if not self._failing:
                bug = None if isinstance(error, StoreError) else error
                log.error("the search index can't be kept up: %s", error, exc_info=bug)
            self._failing = True
            self._loop.call_later(AGAIN_SECONDS, self._submit)
            return
        self._failing = False
        more, seconds = done.result()
        if more or self._again:
            self._loop.call_later(max(seconds, 0 if more else FIRST_SECONDS), self._submit)
        else:
            self._underway = False
