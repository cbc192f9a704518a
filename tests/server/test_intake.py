"""Who is too fast is slowed, then dropped; a message of several lines costs what one does."""

from __future__ import annotations

from pathlib import Path

from hubbub.server.intake import Pace
from tests.server.rig import Node, with_hub


def test_a_fast_client_is_slowed_and_its_lines_come_in_time(tmp_path: Path) -> None:
    async def scenario(node: Node) -> None:
        bob = await node.join("bob")
        ann = await node.join("ann")
        node.hub.intake.pace = Pace(lines_per_second=50, burst_lines=3, input_queue_lines=20)
        ann.send(*(f"PRIVMSG #lobby :{number}" for number in range(10)))
        assert ann.paused
        assert ann.lines is not None
        assert len(ann.lines) == 7
        heard = await bob.until("#lobby 9")
        assert [line[-1] for line in heard if "PRIVMSG" in line] == list("0123456789")
        assert not ann.paused

    with_hub(tmp_path, scenario)


def test_a_message_of_several_lines_isnt_slowed_like_as_many_messages(tmp_path: Path) -> None:
    async def test(node: Node) -> None:
        alice, bob = await node.join("alice", "batch draft/multiline"), await node.join("bob")
        node.hub.intake.pace = Pace(lines_per_second=0.1, burst_lines=4, input_queue_lines=90)
        lines = [f"@batch=x PRIVMSG #lobby :{number}" for number in range(8)]
        alice.send("BATCH +x draft/multiline #lobby", *lines, "BATCH -x", "PRIVMSG #lobby :next")
        assert await bob.until(" #lobby 7")
        # Its two ends and eight lines cost four lines: what follows has to wait.
        assert not any("next" in line for line in bob.heard)
        assert alice.tokens < 1

    with_hub(tmp_path, test)


def test_other_lines_between_those_of_a_message_cost_what_they_always_do(tmp_path: Path) -> None:
    async def test(node: Node) -> None:
        alice, bob = await node.join("alice", "batch draft/multiline"), await node.join("bob")
        node.hub.intake.pace = Pace(lines_per_second=0.1, burst_lines=3, input_queue_lines=90)
        alice.send("BATCH +x draft/multiline #lobby", "PRIVMSG #lobby :one", "PRIVMSG #lobby :two")
        alice.send("PRIVMSG #lobby :three")
        await bob.until(" #lobby two")
        await node.settled()
        assert not any("three" in line for line in bob.heard)

    with_hub(tmp_path, test)


def test_lines_of_a_message_that_went_wrong_cost_what_others_do(tmp_path: Path) -> None:
    async def test(node: Node) -> None:
        alice = await node.join("alice", "batch draft/multiline")
        node.hub.intake.pace = Pace(lines_per_second=0.1, burst_lines=6, input_queue_lines=90)
        lines = [f"@batch=x PRIVMSG #other :{number}" for number in range(9)]
        alice.send("BATCH +x draft/multiline #lobby", *lines)
        await node.settled()
        assert alice.lines is not None
        assert len(alice.lines) == 4

    with_hub(tmp_path, test)


def test_a_flooder_is_told_and_dropped(tmp_path: Path) -> None:
    async def scenario(node: Node) -> None:
        bob = await node.join("bob")
        ann = await node.join("ann")
        node.hub.intake.pace = Pace(lines_per_second=1, burst_lines=3, input_queue_lines=20)
        ann.send(*(f"PRIVMSG #lobby :{number}" for number in range(50)))
        assert not ann.is_open
        assert ann.heard[-1] == "ERROR :Closing link: Excess flood"
        heard = await bob.until("QUIT")
        assert [line[-1] for line in heard if "PRIVMSG" in line] == list("012")
        assert heard[-1].endswith("QUIT :Excess flood")
        assert node.hub.per_address.counts == {"127.0.0.1": 1}

    with_hub(tmp_path, scenario)
