"""What was read for somebody is let go of when it was shown, and so is all else of who has left."""

from __future__ import annotations

import gc
from collections.abc import Coroutine
from pathlib import Path

from tests.server.rig import CHATHISTORY, Node, with_hub
from tests.server.test_logins import plain, registered

CAPABILITIES = f"{CHATHISTORY} draft/message-redaction draft/multiline sasl server-time"


async def left_in_rings(visit: Coroutine[None, None, None]) -> list[str]:
    """The kinds of our things that nobody has after a visit, and that refer to each other still."""
    gc.collect()
    gc.disable()
    try:
        await visit
        gc.set_debug(gc.DEBUG_SAVEALL)
        gc.collect()
        found = {type(thing) for thing in gc.garbage}
    finally:
        gc.set_debug(0)
        gc.garbage.clear()
        gc.enable()
    return sorted(kind.__qualname__ for kind in found if kind.__module__.startswith("hubbub."))


def test_what_was_said_and_read_is_let_go_of_without_a_search_for_rings(tmp_path: Path) -> None:
    async def visit(node: Node) -> None:
        old, new = await node.join("old"), await node.join("new", CAPABILITIES)
        await new.ask("PRIVMSG #lobby :hello", "JOIN #den", "PRIVMSG #den :so quiet here")
        await old.ask("JOIN #den", "NAMES #den", "WHO #den", "WHOIS new")
        (echo,) = await new.ask("PRIVMSG #lobby :oops")
        (id,) = [tag[6:] for tag in echo[1:].split(" ")[0].split(";") if tag[:6] == "msgid="]
        await new.ask(f"@label=1 REDACT #lobby {id}", "@label=2 CHATHISTORY LATEST #lobby * 9")
        await new.ask("CHATHISTORY TARGETS timestamp=2020-01-01T00:00:00.000Z * 5", "WHOWAS old")
        old.send("QUIT :bye")
        new.drop("Connection lost")
        await node.settled()

    async def scenario(node: Node) -> None:
        await (await node.join("bob", CAPABILITIES)).ask("PRIVMSG #lobby :before you came")
        assert await left_in_rings(visit(node)) == []

    with_hub(tmp_path, scenario)


def test_who_logged_in_and_went_leaves_no_rings(tmp_path: Path) -> None:
    async def visit(node: Node) -> None:
        ann, again = await registered(node, "ann"), node.arrive()
        again.send("CAP REQ sasl", "NICK x", "USER x 0 * :X", *plain("ann"), "CAP END")
        await again.until(" 366 ann #lobby ")
        wrong = node.arrive()
        wrong.send("CAP REQ sasl", "NICK y", *plain("ann", "wrong"))
        await wrong.until(" 904 ")
        for wire in (ann, again, wrong):
            wire.drop("Connection lost")
        await node.settled()

    async def scenario(node: Node) -> None:
        assert await left_in_rings(visit(node)) == []

    with_hub(tmp_path, scenario)
