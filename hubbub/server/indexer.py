"""Keeps the search index up, in the writer's thread, between the commits.

Law: indexing takes at most half of the writer's time, in steps that a commit hardly notices.
"""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Executor
from functools import partial
from typing import Final, Protocol

from hubbub.server.steps import Steps

FIRST_SECONDS: Final = 0.25
"""How long after a commit the first step comes: what follows at once is indexed with it.

What isn't indexed yet is found all the same, and a step costs more than what a row adds to it.
"""
STEP_SECONDS: Final = 0.02
"""How long a step may take when the writer has nothing else to do."""
BUSY_STEP_SECONDS: Final = 0.005
"""How long when there were commits since the last one: the next will have to wait for it.

One step in ten or so writes what the others made ready, which takes some 20 ms (`indexing.FLUSH_ROWS`).
"""
AGAIN_SECONDS: Final = 5.0
"""How long after a step that failed the next comes."""


class Indexed(Protocol):
    """What can be indexed in steps."""

    def index_some(self, seconds: float) -> bool:
        """Does a step of about that long; False when all is done. Raises StoreError."""


class Indexer:
    """Runs the store's steps after commits; one loop's thread uses it."""

    def __init__(self, store: Indexed, writer: Executor) -> None:
        self._store = store
        self._underway = False
        self._again = False
        # What isn't indexed is still found while it isn't much, so nobody has to be told of trouble.
        self._steps = Steps(
            writer,
            self._next_step,
            self._stepped,
            trouble="the search index can't be kept up",
            again_seconds=AGAIN_SECONDS,
        )

    def committed(self) -> None:
        """There may be something new to index."""
        if self._underway:
            self._again = True
        else:
            self._underway = True
            self._steps.begin(FIRST_SECONDS)

    def stop(self) -> None:
        """No further step begins; what is left is done after the next start."""
        self._steps.stop()

    def _next_step(self) -> Callable[[], bool]:
        seconds = BUSY_STEP_SECONDS if self._again else STEP_SECONDS
        self._again = False
        return partial(self._store.index_some, seconds)

    def _stepped(self, more: bool, seconds: float) -> None:
        if more or self._again:
            self._steps.begin(max(seconds, 0 if more else FIRST_SECONDS))
        else:
            self._underway = False
