"""Who is too fast is slowed, then dropped; a message of several lines costs what one does."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from pathlib import Path

import pytest

from hubbub.server import hub as hub_module
from hubbub.server.intake import Pace
from tests.server.rig import PATIENCE, Node, has, with_hub


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


def test_a_line_that_asks_for_much_costs_more_than_one(tmp_path: Path) -> None:
    async def test(node: Node) -> None:
        alice, bob = await node.join("alice"), await node.join("bob")
        node.hub.intake.pace = Pace(lines_per_second=0.1, burst_lines=4, input_queue_lines=90)
        rooms = ",".join(f"#r{number}" for number in range(8))
        alice.send(f"JOIN {rooms}", "PRIVMSG #lobby :one", "PRIVMSG #lobby :two")
        assert await bob.until("#lobby one")
        assert has(alice.heard, "366 alice #r7")
        assert alice.lines is not None, "eight rooms cost three lines of four"
        assert len(alice.lines) == 1

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


@pytest.mark.parametrize(
    "lines",
    [
        ("", "", "", "", "", ""),
        (
            "BATCH +1 draft/multiline #lobby",
            *(f"@batch=1 PRIVMSG #lobby :{number}" for number in range(6)),
            "BATCH -1",
        ),
    ],
    ids=["empty lines", "parts of a message"],
)
def test_lines_that_make_no_task_leave_nobody_waiting(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, lines: Sequence[str]
) -> None:
    async def scenario(node: Node) -> None:
        ann = await node.join("ann", "batch draft/multiline")
        await node.settled()
        monkeypatch.setattr(hub_module, "WAITING_TASKS", 5)
        ann.send(*lines, "PING :there")
        await ann.until("PONG hub.test there")
        assert not ann.paused

    with_hub(tmp_path, scenario)


@pytest.mark.parametrize(
    ("lines", "answers"),
    [
        (("PRIVMSG #lobby :said", "LIST"), ("#lobby said", " 323 ")),
        (("NICK bob", "USER bob 0 * :bob"), (" 001 ",)),
    ],
    ids=["registered", "registering"],
)
def test_who_floods_is_answered_what_was_done_before(
    tmp_path: Path, lines: Sequence[str], answers: Sequence[str]
) -> None:
    async def scenario(node: Node) -> None:
        wire = await node.join("ann", "echo-message") if "LIST" in lines else node.arrive()
        await node.settled()
        wire.heard = []
        node.hub.intake.pace = Pace(lines_per_second=0.001, burst_lines=5, input_queue_lines=10)
        node.hub.connections[wire.session.id].tokens = 5.0
        wire.send(*lines, *["PING x"] * 30)
        async with asyncio.timeout(PATIENCE):
            while wire.is_open:
                await asyncio.sleep(0.005)
        assert all(has(wire.heard, answer) for answer in answers)
        assert wire.heard[-1].startswith("ERROR ")

    with_hub(tmp_path, scenario)
