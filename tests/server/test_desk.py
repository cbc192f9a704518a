"""The operator's desk: each line does what it says, through the log, and says what came of it."""

from __future__ import annotations

from pathlib import Path

from hubbub.server.admin_commands import ADMIN_COMMANDS
from hubbub.server.desk import _ACTIONS, Desk
from tests.server.rig import FULL, Node, with_hub


def test_each_command_has_its_action() -> None:
    assert set(_ACTIONS) == {command.name for command in ADMIN_COMMANDS}


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
        assert len(lines) == len(ADMIN_COMMANDS)

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
