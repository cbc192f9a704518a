"""The silent are asked and dropped, and so is who doesn't register; a batch that nobody ends is given up."""

from __future__ import annotations

import asyncio
from pathlib import Path

from hubbub.server.liveness import BATCH_SECONDS, Patience
from tests.server.rig import ENDLESS, Node, with_hub


def test_the_silent_are_asked_then_dropped_and_the_slow_to_register_too(tmp_path: Path) -> None:
    async def scenario(node: Node) -> None:
        ann, bob = await node.join("ann"), await node.join("bob")
        late = node.arrive()
        now = asyncio.get_running_loop().time()

        def look(seconds: float) -> None:
            node.hub.look_after(now + seconds, Patience(30, 120, 60))

        look(31)
        while late.is_open:
            await asyncio.sleep(0)
        assert late.heard == ["ERROR :Closing link: Registration timed out"]
        look(121)
        assert ann.heard[-1] == bob.heard[-1] == "PING :hub.test"
        ann.pinged, ann.heard_at = False, now + 150
        look(190)
        assert not bob.is_open
        assert bob.heard[-1] == "ERROR :Closing link: Ping timeout: 190 seconds"
        assert (await ann.until("QUIT"))[-1].endswith(
            "bob!~bob@host.test QUIT :Ping timeout: 190 seconds"
        )

    with_hub(tmp_path, scenario)


def test_a_batch_that_is_not_ended_is_given_up(tmp_path: Path) -> None:
    async def scenario(node: Node) -> None:
        ann = await node.join("ann", "batch draft/multiline labeled-response")
        await ann.ask("@label=m BATCH +1 draft/multiline #lobby", "@batch=1 PRIVMSG #lobby one")

        def look(now: float) -> None:
            node.hub.look_after(now, ENDLESS)

        look(100.0)
        look(100.0 + BATCH_SECONDS)
        assert await ann.ask() == []
        look(101.0 + BATCH_SECONDS)
        look(102.0 + BATCH_SECONDS)
        (line,) = await ann.until("TIMEOUT")
        assert line.startswith("@label=m :hub.test FAIL BATCH TIMEOUT 1 :")
        assert await ann.ask("@batch=1 PRIVMSG #lobby two", "BATCH -1") == []

    with_hub(tmp_path, scenario)
