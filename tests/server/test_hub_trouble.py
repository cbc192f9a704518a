"""The hub when nothing can be stored, and when there is a bug of ours: it says so and goes on."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest

from hubbub.commands.table import ROWS
from hubbub.core import entries
from hubbub.core.apply import HANDLERS
from hubbub.core.tables import dump
from hubbub.server import hub as hub_module
from hubbub.server import retention_desk
from hubbub.server.fanout import Fanout
from hubbub.store.errors import StoreError, Trouble
from hubbub.store.writing import Commit
from tests.server.rig import CHATHISTORY, ENDLESS, FULL, PATIENCE, Node, has, with_hub


def test_what_cant_be_stored_is_shown_to_nobody_and_its_sender_told(tmp_path: Path) -> None:
    async def scenario(node: Node) -> None:
        ann, bob = await node.join("ann", CHATHISTORY), await node.join("bob")
        await node.settled()
        ann.heard, bob.heard = [], []
        before = dump(node.hub.state)
        node.store.error = FULL
        heard = await ann.ask(
            "PING :1",
            "@label=m PRIVMSG #lobby :lost",
            "PRIVMSG #lobby :too",
            "NICK new",
            "NAMES #lobby",
            "JOIN #new",
        )
        assert [line.split(" :")[0] for line in heard] == [
            ":hub.test PONG hub.test 1",
            "@label=m",
            ":hub.test FAIL PRIVMSG TEMPORARILY_UNAVAILABLE",
            ":hub.test FAIL NICK TEMPORARILY_UNAVAILABLE",
            ":hub.test 353 ann = #lobby",
            ":hub.test 366 ann #lobby",
            ":hub.test FAIL JOIN TEMPORARILY_UNAVAILABLE",
        ]
        assert "FAIL PRIVMSG TEMPORARILY_UNAVAILABLE :Not stored" in heard[1]
        assert "disk is full" in heard[1]
        assert not has(heard, "secret")
        assert bob.heard == []
        assert dump(node.hub.state) == before
        assert node.hub.failing
        node.store.error = None
        ann.send("PRIVMSG #lobby :kept")
        assert await bob.until("PRIVMSG") == [":ann!~ann@host.test PRIVMSG #lobby kept"]
        assert not node.hub.failing

    with_hub(tmp_path, scenario)


def test_who_comes_while_nothing_can_be_stored_is_sent_away(tmp_path: Path) -> None:
    async def scenario(node: Node) -> None:
        node.store.error = FULL
        ann = node.arrive()
        ann.send("NICK ann", "USER ann 0 * :ann", "PING :later")
        [error] = await ann.until("ERROR")
        assert "Not stored" in error
        assert not ann.is_open
        assert not node.hub.connections
        node.store.error = None
        await node.join("ann")

    with_hub(tmp_path, scenario)


def test_who_left_while_nothing_could_be_stored_is_reaped(tmp_path: Path) -> None:
    async def scenario(node: Node) -> None:
        ann, bob, cat = await node.join("ann"), await node.join("bob"), await node.join("cat")
        node.store.error = FULL
        ann.drop("Connection reset")
        bob.send("QUIT :bye")
        await bob.until("ERROR")
        assert not bob.is_open
        assert has(await cat.ask("NAMES #lobby"), "ann bob cat")
        node.store.error = None
        node.hub.look_after(0.0, ENDLESS)
        await cat.until("bob!~bob@host.test QUIT :Connection lost")
        assert has(await cat.ask("NAMES #lobby"), "= #lobby cat")
        assert list(node.hub.state.sessions) == [cat.session.id]

    with_hub(tmp_path, scenario)


def test_who_left_is_reaped_though_batches_never_cease(tmp_path: Path) -> None:
    async def scenario(node: Node) -> None:
        ann, bob = await node.join("ann"), await node.join("bob")
        node.store.error = FULL
        ann.drop("Connection reset")
        await node.settled()
        node.store.error = None
        node.store.hold()
        bob.send("PRIVMSG #lobby :talking")
        await node.store.commit_begun()
        node.hub.look_after(0.0, ENDLESS)
        node.store.go.set()
        assert has(await bob.until("QUIT"), "ann!~ann@host.test QUIT :Connection lost")

    with_hub(tmp_path, scenario)


def test_who_left_is_reaped_though_the_store_cant_be_read_for_a_while(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Until it can, the state is the one that couldn't be stored, in which they have left."""
    monkeypatch.setattr(hub_module, "RELOAD_SECONDS", 0.05)

    async def scenario(node: Node) -> None:
        ann, bob = await node.join("ann"), await node.join("bob")
        await node.settled()
        node.store.error = FULL
        node.store.load_errors = [StoreError(Trouble.IO, "gone")]
        ann.drop("Connection reset")
        async with asyncio.timeout(PATIENCE):
            while node.store.load_errors:
                await asyncio.sleep(0)
        node.hub.look_after(0.0, ENDLESS)
        node.store.error = None
        await node.settled()
        node.hub.look_after(0.0, ENDLESS)
        await bob.until("ann!~ann@host.test QUIT :Connection lost")

    with_hub(tmp_path, scenario)


def test_a_store_that_cant_even_be_read_is_waited_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(hub_module, "RELOAD_SECONDS", 0.0)

    async def scenario(node: Node) -> None:
        ann = await node.join("ann", "standard-replies")
        node.store.error = FULL
        node.store.load_errors = [StoreError(Trouble.IO, "gone")] * 3
        [fail] = await ann.ask("PRIVMSG #lobby :lost")
        assert "TEMPORARILY_UNAVAILABLE" in fail
        assert not node.store.load_errors
        node.store.error = None
        assert await ann.ask("PRIVMSG #lobby :kept") == []

    with_hub(tmp_path, scenario)


def test_a_server_that_cant_store_can_be_stopped(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(hub_module, "STOP_SECONDS", 0.05)

    async def scenario(node: Node) -> None:
        ann = await node.join("ann")
        node.store.error = FULL
        node.store.load_errors = [StoreError(Trouble.IO, "gone")] * 100
        ann.send("PRIVMSG #lobby :lost")
        await node.hub.stop("The server is shutting down")
        assert ann.heard[-1] == "ERROR :Closing link: The server is shutting down"

    with_hub(tmp_path, scenario)


def test_a_server_that_is_talked_to_without_end_can_be_stopped(tmp_path: Path) -> None:
    async def scenario(node: Node) -> None:
        ann, bob = await node.join("ann"), await node.join("bob")
        stopping = asyncio.create_task(node.hub.stop("over"))
        said = 0
        while not stopping.done():
            said += 1
            ann.send(f"PRIVMSG #lobby :{said}")
            await asyncio.sleep(0)
        heard = await bob.until("ERROR")
        # What was shown before the end was stored; after the word to stop nothing more was read.
        assert sum("PRIVMSG" in line for line in heard) <= 1

    with_hub(tmp_path, scenario)


def test_a_command_that_breaks_is_logged_and_answered(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    def breaks(*_: object) -> object:
        raise ZeroDivisionError("a secret word")

    async def scenario(node: Node) -> None:
        ann, bob = await node.join("ann", CHATHISTORY), await node.join("bob")
        whole = ROWS["TOPIC"]
        monkeypatch.setitem(
            ROWS, "TOPIC", type(whole)(
                whole.name, whole.when, whole.kind, 0, "", "", "", breaks  # type: ignore[arg-type]
            ),
        )  # fmt: skip
        [fail] = await ann.ask("TOPIC")
        assert fail == ":hub.test FAIL * INTERNAL_ERROR :Something went wrong inside the server"
        monkeypatch.setitem(HANDLERS, entries.SetAway, breaks)
        [fail] = await ann.ask("@label=a AWAY :x")
        assert fail.startswith("@label=a :hub.test FAIL * INTERNAL_ERROR")
        assert "SetAway of session" in caplog.text
        ann.send("PRIVMSG #lobby :still here")
        await bob.until("still here")

    with_hub(tmp_path, scenario)


def test_a_registration_that_breaks_ends_the_connection(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def breaks(*_: object) -> None:
        raise ZeroDivisionError

    async def scenario(node: Node) -> None:
        with monkeypatch.context() as patch:
            patch.setitem(HANDLERS, entries.Open, breaks)
            ann = node.arrive()
            ann.send("NICK ann", "USER ann 0 * :ann")
            await ann.until("ERROR")
        assert not ann.is_open
        await node.join("ann")

    with_hub(tmp_path, scenario)


def test_what_is_left_of_a_registration_that_broke_is_reaped(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is there as soon as its batch begins, and its connection is until that is stored."""
    opens = HANDLERS[entries.Open]

    def breaks(*arguments: Any) -> None:
        opens(*arguments)
        raise ZeroDivisionError

    async def scenario(node: Node) -> None:
        bob = await node.join("bob")
        await node.settled()
        node.store.hold()
        with monkeypatch.context() as patch:
            patch.setitem(HANDLERS, entries.Open, breaks)
            ann = node.arrive()
            ann.send("NICK ann", "USER ann 0 * :ann")
            await node.store.commit_begun()
        node.hub.look_after(0.0, ENDLESS)
        node.store.go.set()
        await ann.until("ERROR")
        node.hub.look_after(0.0, ENDLESS)
        await node.settled()
        assert list(node.hub.state.sessions) == [bob.session.id]

    with_hub(tmp_path, scenario)


def test_a_batch_that_breaks_is_taken_back(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async def scenario(node: Node) -> None:
        ann, bob = await node.join("ann", "standard-replies"), await node.join("bob")
        await node.settled()
        before = dump(node.hub.state)
        with monkeypatch.context() as patch:

            def breaks(*_: object) -> None:
                raise ZeroDivisionError

            patch.setattr(Fanout, "deliver", breaks)
            ann.heard.clear()
            ann.send("PRIVMSG #lobby :lost", "NAMES #lobby")
            heard = [*await ann.until("INTERNAL_ERROR"), *await ann.until("INTERNAL_ERROR")]
        assert len(heard) == 2
        assert dump(node.hub.state) == before
        ann.send("PRIVMSG #lobby :kept")
        assert (await bob.until("PRIVMSG"))[-1].endswith(" kept")

    with_hub(tmp_path, scenario)


@pytest.mark.parametrize("step", ["encode", "write"])
def test_showing_that_breaks_doesnt_stop_the_server(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture, step: str
) -> None:
    async def scenario(node: Node) -> None:
        ann, bob = await node.join("ann"), await node.join("bob")
        with monkeypatch.context() as patch:

            def breaks(*_: object) -> None:
                raise ZeroDivisionError

            patch.setattr(Fanout, step, breaks)
            ann.send("PRIVMSG #lobby :said meanwhile")
            await node.settled()
        if step == "encode":  # it is done again when it is shown
            assert (await bob.until("PRIVMSG"))[-1].endswith(" :said meanwhile")
        else:
            assert "showing a batch failed" in caplog.text
        ann.send("PRIVMSG #lobby :shown")
        assert (await bob.until("PRIVMSG"))[-1].endswith(" shown")

    with_hub(tmp_path, scenario)


def test_the_operator_is_told_what_is_stored_and_not_what_comes_next(tmp_path: Path) -> None:
    async def scenario(node: Node) -> None:
        await node.join("ann")
        await node.settled()
        real, begun = node.store.commit, []

        def fails(commit: Commit) -> None:
            begun.append(commit)
            node.store.error = FULL if len(begun) == 2 else None
            real(commit)

        node.store.commit = fails  # type: ignore[method-assign]
        node.store.hold()
        first = asyncio.ensure_future(retention_desk.do(node.hub, ("#lobby", "30d")))
        await node.store.commit_begun()
        second = asyncio.ensure_future(retention_desk.do(node.hub, ("#lobby", "90d")))
        await asyncio.sleep(0.01)
        node.store.go.set()
        kept, told = await first
        assert kept
        assert has(told, "30 days")
        assert not (await second)[0]
        node.store.error = None

    with_hub(tmp_path, scenario)
