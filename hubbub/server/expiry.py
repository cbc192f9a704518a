"""Has the store take out what was kept for long enough, in the writer's thread, between the commits.

Law: between two steps the writer is free for several times as long as a step took.
"""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Executor
from functools import partial
from typing import Final, Protocol

from hubbub.server.steps import Steps

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
        self._store = store
        self._asked = asked
        self._emptied = emptied
        self._steps = Steps(
            writer,
            self._next_step,
            self._stepped,
            trouble="what is to be kept no longer can't be taken out",
            again_seconds=ROUND_SECONDS,
        )

    def start(self) -> None:
        """The first round begins after a while."""
        self._steps.begin(PAUSE_SECONDS)

    def stop(self) -> None:
        """No further step begins; what is left goes after the next start."""
        self._steps.stop()

    def _next_step(self) -> Callable[[], bool]:
        return partial(self._store.expire_some, *self._asked())

    def _stepped(self, more: bool, seconds: float) -> None:
        if more:
            self._steps.begin(max(PAUSE_SECONDS, PAUSE_TIMES * seconds))
        else:
            self._emptied()
            self._steps.begin(ROUND_SECONDS)
