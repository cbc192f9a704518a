"""Carries out the purges that the state knows of: asks the store what is next, and has it taken out.

Law: one step at a time, each in its place in the order, so that the chat goes on between two. What
the store can't do now is tried again later.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Sequence
from typing import Any, Final, Protocol

from hubbub.core.batches import AnyEntry
from hubbub.core.history import Question
from hubbub.core.purging import step, wanted
from hubbub.core.state import State
from hubbub.irc.replies import Reply
from hubbub.store.errors import StoreError

log = logging.getLogger("hubbub.hub")

AGAIN_SECONDS: Final = 2.0
"""How long to wait after a step that couldn't be done."""


class Owner(Protocol):
    """Whoever has the state and the store."""

    @property
    def state(self) -> State:
        """The state of now."""

    def ask(self, question: Question) -> Awaitable[Sequence[Any]]:
        """What the store answers."""

    def operate(self, entry: AnyEntry) -> Awaitable[list[Reply]]:
        """Does something as the operator; what it was refused with."""


class Purger:
    """All purges of one hub, one after the other."""

    def __init__(self, owner: Owner) -> None:
        self._owner = owner
        self._task: asyncio.Task[None] | None = None

    def look(self) -> None:
        """Begins with what there is to do, unless that is under way."""
        if self._owner.state.purges and (self._task is None or self._task.done()):
            self._task = asyncio.get_running_loop().create_task(self._run())

    def stop(self) -> None:
        """Stops between two steps; the next start goes on from there."""
        if self._task is not None:
            self._task.cancel()

    async def _run(self) -> None:
        while self._owner.state.purges:
            purge = next(iter(self._owner.state.purges.values()))
            try:
                rows = await self._owner.ask(wanted(purge))
                refusals = await self._owner.operate(step(purge, rows))
            except StoreError as error:
                log.error("a purge has to wait: %s", error)
                refusals = [Reply("FAIL")]
            if refusals:
                await asyncio.sleep(AGAIN_SECONDS)
