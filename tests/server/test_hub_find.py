"""The hub: work that is made of what the store answers."""

from __future__ import annotations

import asyncio
from pathlib import Path

from hubbub.core.history import InRoom, Page
from hubbub.core.ids import Place, RoomId
from hubbub.store.errors import StoreError
from tests.server.rig import FULL, Node, Wire, with_hub

CAPABILITIES = (
    "batch draft/message-redaction draft/multiline echo-message labeled-response message-tags"
)
LOBBY = Page(conversation=InRoom(RoomId(1), Place(0)), limit=10)


async def said(wire: Wire, text: str) -> str:
    """Says something; returns its message id."""
    (echo,) = await wire.ask(f"PRIVMSG #lobby {text}")
    (tag,) = [tag for tag in echo[1:].split(" ")[0].split(";") if tag.startswith("msgid=")]
    return tag.removeprefix("msgid=")


def test_what_was_said_is_taken_back_in_its_sessions_order(tmp_path: Path) -> None:
    async def scenario(node: Node) -> None:
        ann, bob = await node.join("ann", CAPABILITIES), await node.join("bob", CAPABILITIES)
        id = await said(ann, "oops")
        await bob.until("oops")
        node.store.answering.clear()
        ann.heard.clear()
        ann.send("PRIVMSG #lobby one", f"@label=r REDACT #lobby {id}", "PRIVMSG #lobby two")
        await bob.until(" one")
        await asyncio.sleep(0)
        assert not any("two" in line for line in bob.heard)
        node.store.answering.set()
        heard = await ann.until(" two")
        assert [word for line in heard for word in ("one", "REDACT", "two") if word in line] == [
            "one",
            "REDACT",
            "two",
        ]
        assert heard[1].startswith("@label=r;msgid=")
        rows = node.store.answer(LOBBY)
        assert [row.params for row in rows] == [("one",), ("two",)]  # type: ignore[attr-defined]
        await bob.until(" two")

    with_hub(tmp_path, scenario)


def test_a_history_that_cannot_be_read_is_said_and_the_session_goes_on(tmp_path: Path) -> None:
    async def scenario(node: Node) -> None:
        ann = await node.join("ann", CAPABILITIES)
        id = await said(ann, "oops")
        answer = node.store.answer

        def fail(question: object) -> object:
            raise StoreError(FULL.kind, "broken")

        node.store.answer = fail  # type: ignore[method-assign]
        (line,) = await ann.ask(f"@label=r REDACT #lobby {id}")
        assert line.startswith("@label=r :hub.test FAIL REDACT INTERNAL_ERROR :")
        node.store.answer = answer  # type: ignore[method-assign]
        (line,) = await ann.ask(f"REDACT #lobby {id}")
        assert f" REDACT #lobby {id}" in line

    with_hub(tmp_path, scenario)


def test_who_left_meanwhile_takes_nothing_back(tmp_path: Path) -> None:
    async def scenario(node: Node) -> None:
        ann = await node.join("ann", CAPABILITIES)
        id = await said(ann, "oops")
        node.store.answering.clear()
        ann.send(f"REDACT #lobby {id}")
        await node.settled()
        ann.drop("gone")
        node.store.answering.set()
        await node.settled()
        rows = node.store.answer(LOBBY)
        assert [row.params for row in rows] == [("oops",)]  # type: ignore[attr-defined]

    with_hub(tmp_path, scenario)
