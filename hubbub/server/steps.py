"""What is done little by little in the writer's thread, between the commits.

Law: one step is under way at a time, and whose steps they are says how long the writer is free after each.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable
from concurrent.futures import Executor, Future
from contextlib import suppress

from hubbub.store.errors import StoreError

log = logging.getLogger("hubbub.hub")


class Steps:
    """Steps of one kind; one loop's thread uses it.

    `next_step` is called in that thread and gives what the writer's thread is to do; that answers whether
    there is more, and may raise StoreError. `done` is told so and how many seconds it took, and
    calls `begin` again when it wants another. A step that failed is tried again after
    `again_seconds`; the first of several failures is logged as `trouble`.
    """

    def __init__(
        self,
        writer: Executor,
        next_step: Callable[[], Callable[[], bool]],
        done: Callable[[bool, float], None],
        *,
        trouble: str,
        again_seconds: float,
    ) -> None:
        self._loop = asyncio.get_running_loop()
        self._writer = writer
        self._next_step = next_step
        self._done = done
        self._trouble = trouble
        self._again_seconds = again_seconds
        self._failing = False
        self._stopped = False

    def begin(self, seconds: float) -> None:
        """The next step comes in so many seconds."""
        self._loop.call_later(seconds, self._submit)

    def stop(self) -> None:
        """No further step begins; what is left is done after the next start."""
        self._stopped = True

    def _submit(self) -> None:
        if not self._stopped:
            self._writer.submit(_timed, self._next_step()).add_done_callback(self._stepped)

    def _stepped(self, stepped: Future[tuple[bool, float]]) -> None:
        """Called in the writer's thread."""
        if not self._stopped:
            with suppress(RuntimeError):  # the loop has ended without a word
                self._loop.call_soon_threadsafe(self._go_on, stepped)

    def _go_on(self, stepped: Future[tuple[bool, float]]) -> None:
        error = stepped.exception()
        if error is not None:
            if not self._failing:
                bug = None if isinstance(error, StoreError) else error
                log.error("%s: %s", self._trouble, error, exc_info=bug)
            self._failing = True
            self.begin(self._again_seconds)
            return
        self._failing = False
        self._done(*stepped.result())


def _timed(step: Callable[[], bool]) -> tuple[bool, float]:
    began = time.monotonic()
    more = step()
    return more, time.monotonic() - began
