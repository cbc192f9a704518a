"""The operator's desk: each line does what it says, through the log, and says what came of it."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from hubbub.core.audit import line as act_line
from hubbub.core.history import Audit, InRoom, Page
from hubbub.core.ids import Place, RoomId
from hubbub.core.purging import STEP
from hubbub.edge.errands import Reloaded
from hubbub.server import account_desk, order_desk, purger
from hubbub.server.admin_commands import ADMIN_COMMANDS
from hubbub.server.desk import _ACTIONS, Desk
from tests.server.rig import FULL, PATIENCE, Node, with_hub


def test_each_command_has_its_action() -> None:
    assert {*_ACTIONS, *order_desk.ACTIONS} == {command.name for command in ADMIN_COMMANDS}


def test_looking_around(tmp_path: Path) -> None:
    async def scenario(node: Node) -> None:
        desk = Desk(node.hub, lambda: None)
        assert await desk.handle("users") == (True, ["Nobody is here."])
        assert await desk.handle("rooms") == (True, ["There are no rooms yet."])
        ann = await node.join("ann")
        await ann.ask("JOIN #x", "TOPIC #x :of this and that", "AWAY :out for tea")
        assert await desk.handle("/users") == (
            True,
            ["ann  ~ann@host.test  #lobby #x (away: out for tea)"],
        )
        assert await desk.handle("rooms") == (True, ["#lobby  1", "#x  1  of this and that"])
        assert desk.names() == ["ann"]
        done, lines = await desk.handle("help")
        assert done
        # A long usage has a line of its own; what it does stands on the next, indented.
        usages = [line.split()[0] for line in lines if not line.startswith(" ")]
        assert usages == [command.name for command in ADMIN_COMMANDS]

    with_hub(tmp_path, scenario)


def test_saying_kicking_banning(tmp_path: Path) -> None:
    async def scenario(node: Node) -> None:
        desk = Desk(node.hub, lambda: None)
        ann, bob = await node.join("ann"), await node.join("bob")
        assert await desk.handle("say tea is ready") == (True, ["Said."])
        assert (await ann.until("NOTICE"))[-1] == ":hub.test NOTICE #lobby :tea is ready"
        assert await desk.handle("kick bob too loud") == (True, ["bob was kicked."])
        assert (await ann.until("QUIT"))[-1] == ":bob!~bob@host.test QUIT :Kicked: too loud"
        assert bob.heard[-1] == "ERROR :Closing link: Kicked: too loud"
        bob = await node.join("bob")
        assert await desk.handle("ban bob spam") == (True, ["bob is banned."])
        assert not bob.is_open
        again = node.arrive()
        again.send("NICK bob", "USER bob 0 * :bob")
        [refused, error] = await again.until("ERROR")
        assert refused.startswith(":hub.test 465 ")
        assert "spam" in error
        assert await desk.handle("unban bob") == (True, ["bob is no longer banned."])
        await node.join("bob")

    with_hub(tmp_path, scenario)


def test_for_how_long_things_are_kept(tmp_path: Path) -> None:
    async def scenario(node: Node) -> None:
        desk = Desk(node.hub, lambda: None)
        ann = await node.join("ann")
        await ann.ask("JOIN #x")
        whole = "The server keeps what is said for ever (history.keep_days)."
        assert await desk.handle("retention") == (True, [whole])
        assert await desk.handle("retention #x 2w") == (
            True,
            ["#x keeps what is said for 14 days."],
        )
        assert (await ann.until("NOTICE"))[-1].endswith("kept for 14 days")
        assert await desk.handle("retention") == (True, [whole, "#x  for 14 days"])
        assert await desk.handle("retention #x") == (True, ["#x keeps what is said for 14 days."])
        done, [text] = await desk.handle("retention #x soon")
        assert not done
        assert text.startswith("A time is written like 30d")
        assert await desk.handle("retention #none") == (False, ["There is no room #none."])
        assert not (await desk.handle("retention #none 1d"))[0]

    with_hub(tmp_path, scenario)


def test_what_cant_be_done_is_said(tmp_path: Path) -> None:
    async def scenario(node: Node) -> None:
        desk = Desk(node.hub, lambda: None)
        done, [text] = await desk.handle("kick nobody")
        assert not done
        assert text.startswith("nobody: ")
        done, [text] = await desk.handle("unban nobody")
        assert (done, text) == (False, "nobody: Nobody of that name is banned")
        assert await desk.handle("dance") == (
            False,
            ['There is no command "dance"; help lists the commands.'],
        )
        await node.join("ann")
        node.store.error = FULL
        done, [text] = await desk.handle("kick ann")
        assert not done
        assert text.startswith("Not stored")
        assert [user.nick for user in node.hub.state.users_by_id.values()] == ["ann"]

    with_hub(tmp_path, scenario)


def test_stopping(tmp_path: Path) -> None:
    async def scenario(node: Node) -> None:
        told: list[str] = []
        desk = Desk(node.hub, lambda: told.append("stop"))
        assert await desk.handle("/quit") == (True, ["The server is stopping."])
        assert told == ["stop"]

    with_hub(tmp_path, scenario)


def test_keeping_order(tmp_path: Path) -> None:
    async def scenario(node: Node) -> None:
        desk = Desk(node.hub, lambda: None)
        ann = await node.join("ann")
        assert await desk.handle("ban") == (True, ["Nobody is banned."])
        assert await desk.handle("ban eve 1h30m too loud") == (True, ["eve is banned for 1h30m."])
        done, [line] = await desk.handle("ban")
        assert done
        assert line.startswith("#1 eve until ")
        assert " (too loud), by console, " in line
        assert await desk.handle("undo 1") == (True, ["#1 is undone."])
        assert await desk.handle("mute ann") == (True, ["ann is muted."])
        assert "You are muted" in (await ann.until("NOTICE"))[-1]
        assert await desk.handle("unmute ann") == (True, ["ann may speak again."])
        assert await desk.handle("lockdown") == (True, ["Guests are let in."])
        assert await desk.handle("lockdown on a raid") == (True, ["No new guests are let in."])
        assert await desk.handle("lockdown on") == (False, ["Lockdown is on already"])
        assert await desk.handle("lockdown") == (True, ["No new guests are let in."])
        assert await desk.handle("lockdown off") == (True, ["Guests are let in."])
        done, lines = await desk.handle("audit --since 1h --who console")
        assert done
        assert [line.split(" UTC ", 1)[1].partition(" until")[0] for line in lines] == [
            "console: ban eve",
            "console: undo eve [1]",
            "console: mute ann",
            "console: unmute ann",
            "console: lockdown on (a raid)",
            "console: lockdown off",
        ]

    with_hub(tmp_path, scenario)


def test_what_keeps_order_says_what_is_wrong(tmp_path: Path) -> None:
    async def scenario(node: Node) -> None:
        desk = Desk(node.hub, lambda: None)
        assert await desk.handle("ban 0.0.0.0/0") == (
            False,
            ["That is half of the internet: LOCKDOWN ON keeps new guests out"],
        )
        assert await desk.handle("unmute bob") == (False, ["bob: Nobody of that name is muted"])
        assert await desk.handle("lockdown please") == (
            False,
            ["It is written: lockdown on|off [reason]"],
        )
        assert await desk.handle("undo one") == (False, ["Expected a number of the audit log"])
        assert await desk.handle("undo 1") == (
            False,
            ["The audit log has no act of this number"],
        )
        assert await desk.handle("audit a b") == (
            False,
            ["It is written: audit [how long back, as 2d] [who]"],
        )
        assert await desk.handle("audit") == (True, ["Nothing of that is in the audit log."])

    with_hub(tmp_path, scenario)


def test_a_purge_is_carried_out_step_by_step_while_people_talk(tmp_path: Path) -> None:
    async def scenario(node: Node) -> None:
        desk = Desk(node.hub, lambda: None)
        ann, bob = await node.join("ann", "draft/message-redaction"), await node.join("bob")
        for number in range(STEP + 5):
            bob.send(f"PRIVMSG #lobby :buy {number}")
        await ann.until(f"buy {STEP + 4}")
        assert await desk.handle("purge bob 1h spam") == (
            True,
            ["What bob said in the last 1h is being taken out."],
        )
        bob.send("PRIVMSG #lobby :afterwards")
        while node.hub.state.purges:
            await ann.until("REDACT")
        page = Page(conversation=InRoom(RoomId(1), Place(0)), limit=500)
        assert [row.params for row in await node.hub.ask(page)] == [("afterwards",)]
        done, lines = await desk.handle("audit")
        assert done
        assert lines[-1].endswith("console: purge bob [1h] (spam)")

    with_hub(tmp_path, scenario)


def test_a_purge_waits_for_a_store_that_fails(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(purger, "AGAIN_SECONDS", 0.01)

    async def scenario(node: Node) -> None:
        desk = Desk(node.hub, lambda: None)
        bob = await node.join("bob")
        await bob.ask("PRIVMSG #lobby :buy")
        done, [text] = await desk.handle("purge nobody")
        assert (done, text) == (False, "nobody said nothing in the last 1h")
        done, [text] = await desk.handle("purge bob 52w")
        assert not done
        assert text.startswith("A purge goes ")
        assert (await desk.handle("purge bob"))[0]
        node.store.error = FULL
        await asyncio.sleep(0.05)
        node.store.error = None
        page = Page(conversation=InRoom(RoomId(1), Place(0)), limit=500)
        async with asyncio.timeout(PATIENCE):
            while await node.hub.ask(page):
                await asyncio.sleep(0.01)

    with_hub(tmp_path, scenario)


NOTED = {
    "users": "it only shows something",
    "rooms": "it only shows something",
    "audit": "it only shows something",
    "help": "it only shows something",
    "say tea is ready": "the lobby's history has it, as said by the server",
    "stop": "the server's own log has it; nothing is taken in any more",
    "ban eve": ["ban eve"],
    "unban old": ["unban old"],
    "mute eve": ["mute eve"],
    "unmute dumb": ["unmute dumb"],
    "lockdown on raid": ["lockdown on (raid)"],
    "purge bob": ["purge bob [1h]"],
    "undo 2": ["undo older [2]"],
    "account list": "it only shows something",
    "account add eve": ["account made eve [member]"],
    "account password ann": ["password ann"],
    "account reset ann": ["reset code made ann"],
    "account role ann moderator": ["role ann [member to moderator]"],
    "retention #lobby 7d": ["retention #lobby [7 days]"],
    "claim": ["claim code made"],
    "invite": ["invite made #3 [for 1, for 1w]"],
    "invite list": "it only shows something",
    "invite revoke 3": ["invite revoked #3"],
    "rehash": ["rehash"],
    "kick bob loud": ["kill bob (loud)"],
    "account rename ann amy": ["account renamed ann [amy]"],
    "account export amy": ["account exported amy"],
    "account delete amy": ["account deleted amy"],
}
"""What the operator may say: the acts that are then in the audit log, or why none is."""


def test_each_line_of_the_operators_is_in_the_audit_log_or_has_a_reason(tmp_path: Path) -> None:
    assert {line.split()[0] for line in NOTED} == {command.name for command in ADMIN_COMMANDS}
    assert {line.split()[1] for line in NOTED if line.startswith("account")} == {
        *account_desk._ACTIONS
    }

    async def scenario(node: Node) -> None:
        async def reload(by: str) -> Reloaded:
            await node.hub.reconfigure(node.hub.rules, by)
            return Reloaded("hubbub.toml")

        desk = Desk(node.hub, lambda: None)
        node.hub.reload = reload
        bob = await node.join("bob")
        await bob.ask("PRIVMSG #lobby :hello")
        for line in ("ban old", "ban older", "mute dumb", "account add ann"):
            await desk.handle(line)
        for line, expected in NOTED.items():
            before = len(await node.hub.ask(Audit(limit=100)))
            await desk.handle(line)
            rows = (await node.hub.ask(Audit(limit=100)))[before:]
            told = [act_line(row).split(": ", 1)[1] for row in rows]
            assert told == ([] if isinstance(expected, str) else expected), line

    with_hub(tmp_path, scenario)
