"""The index is kept up after commits, step by step, and goes on after what fails."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor

import pytest

from hubbub.server import indexer
from hubbub.server.indexer import Indexer
from hubbub.store.errors import StoreError, Trouble


class Steps:
    """Counts down what is left to do."""

    def __init__(self, left: int = 0, failures: int = 0) -> None:
        self.left = left
        self.failures = failures
        self.asked: list[float] = []
        self.done = asyncio.Event()
        self._loop = asyncio.get_running_loop()

    def index_some(self, seconds: float) -> bool:
        self.asked.append(seconds)
        if self.failures:
            self.failures -= 1
            raise StoreError(Trouble.FULL, "full")
        self.left -= 1
        if self.left <= 0:
            self._loop.call_soon_threadsafe(self.done.set)
        return self.left > 0


def run(check: Callable[[ThreadPoolExecutor], Awaitable[None]]) -> None:
    with ThreadPoolExecutor(1) as writer:
        asyncio.run(asyncio.wait_for(_as_coroutine(check, writer), 20))


async def _as_coroutine(
    check: Callable[[ThreadPoolExecutor], Awaitable[None]], writer: ThreadPoolExecutor
) -> None:
    await check(writer)


def test_steps_follow_one_another_until_all_is_done() -> None:
    async def check(writer: ThreadPoolExecutor) -> None:
        steps = Steps(5)
        keeper = Indexer(steps, writer)
        keeper.committed()
        keeper.committed()
        await steps.done.wait()
        assert steps.left == 0

    run(check)


def test_a_commit_after_all_was_done_begins_anew() -> None:
    async def check(writer: ThreadPoolExecutor) -> None:
        steps = Steps(1)
        keeper = Indexer(steps, writer)
        for _ in range(3):
            steps.left = 1
            steps.done.clear()
            keeper.committed()
            await steps.done.wait()

    run(check)


def test_a_step_that_fails_is_tried_again(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(indexer, "AGAIN_SECONDS", 0.001)

    async def check(writer: ThreadPoolExecutor) -> None:
        steps = Steps(2, failures=3)
        Indexer(steps, writer).committed()
        await steps.done.wait()

    run(check)
    assert [record.message for record in caplog.records] == [
        "the search index can't be kept up: full"
    ]


def test_nothing_begins_after_the_stop() -> None:
    async def check(writer: ThreadPoolExecutor) -> None:
        steps = Steps(1)
        keeper = Indexer(steps, writer)
        keeper.committed()
        keeper.stop()
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(steps.done.wait(), 2 * indexer.FIRST_SECONDS)
        assert steps.left == 1

    run(check)


def test_steps_are_short_while_commits_come(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(indexer, "FIRST_SECONDS", 0.01)

    async def check(writer: ThreadPoolExecutor) -> None:
        steps = Steps(3)
        keeper = Indexer(steps, writer)
        keeper.committed()
        await steps.done.wait()
        assert steps.asked == [indexer.STEP_SECONDS] * 3
        steps.left = 2
        steps.done.clear()
        for _ in range(2):
            keeper.committed()
        await steps.done.wait()
        assert steps.asked[3:5] == [indexer.BUSY_STEP_SECONDS, indexer.STEP_SECONDS]

    run(check)
