"""What is over is taken out step by step, with pauses, round after round, and after what fails."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from hubbub.core.history import InRoom, Page
from hubbub.core.ids import Place
from hubbub.server import expiry
from hubbub.server.expiry import Expiry
from hubbub.store.errors import StoreError, Trouble
from tests.server.rig import PATIENCE, Node, with_hub

DAY_MS = 24 * 3_600_000


class Steps:
    """Does steps until none is left, and keeps what it was asked."""

    def __init__(self, left: int, failures: int = 0) -> None:
        self.left = left
        self.failures = failures
        self.asked: list[tuple[int, int]] = []

    def expire_some(self, now: int, keep_days: int) -> bool:
        self.asked.append((now, keep_days))
        if self.failures:
            self.failures -= 1
            raise StoreError(Trouble.FULL, "full")
        self.left -= 1
        return self.left > 0


def run(check: Callable[[ThreadPoolExecutor], Awaitable[None]]) -> None:
    async def scenario() -> None:
        with ThreadPoolExecutor(1) as writer:
            await asyncio.wait_for(check(writer), 20)

    asyncio.run(scenario())


async def times(count: int, steps: Steps, writer: ThreadPoolExecutor) -> Expiry:
    """Lets so many rounds end."""
    rounds = asyncio.Queue[None]()
    keeper = Expiry(steps, writer, lambda: (7, 30), lambda: rounds.put_nowait(None))
    keeper.start()
    for _ in range(count):
        await rounds.get()
    keeper.stop()
    return keeper


def test_a_round_ends_when_all_is_gone_and_another_follows(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(expiry, "PAUSE_SECONDS", 0.001)
    monkeypatch.setattr(expiry, "ROUND_SECONDS", 0.002)

    async def check(writer: ThreadPoolExecutor) -> None:
        steps = Steps(4)
        await times(2, steps, writer)
        assert steps.asked == [(7, 30)] * 5
        assert steps.left == -1

    run(check)


def test_after_a_failure_it_is_tried_again(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(expiry, "PAUSE_SECONDS", 0.001)
    monkeypatch.setattr(expiry, "ROUND_SECONDS", 0.002)

    async def check(writer: ThreadPoolExecutor) -> None:
        steps = Steps(1, failures=3)
        await times(1, steps, writer)
        assert len(steps.asked) == 4
        assert len(caplog.records) == 1

    run(check)


def test_a_running_server_empties_a_room(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(expiry, "PAUSE_SECONDS", 0.001)
    monkeypatch.setattr(expiry, "ROUND_SECONDS", 0.02)

    async def scenario(node: Node) -> None:
        ann = await node.join("ann")
        await ann.ask("JOIN #x", "PRIVMSG #x :old", "RETENTION #x 1d", "PRIVMSG #lobby :old")
        room, lobby = (node.hub.state.room_named(name) for name in ("#x", "#lobby"))
        assert room is not None
        assert lobby is not None
        clock = node.hub._clock
        node.hub._clock = lambda: clock() + 2 * DAY_MS / 1000
        everything = [
            Page(conversation=InRoom(one.id, Place(0)), limit=9, events=True)
            for one in (room, lobby)
        ]
        until = asyncio.get_running_loop().time() + PATIENCE
        while node.store.answer(everything[0]):
            assert asyncio.get_running_loop().time() < until
            await asyncio.sleep(0.01)
        assert node.store.answer(everything[1])

    with_hub(tmp_path, scenario)
