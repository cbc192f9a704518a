"""Logging in through the hub: real threads, in each session's order, without holding up others."""

from __future__ import annotations

import asyncio
import base64
from pathlib import Path

from hubbub.edge.session import Phase
from hubbub.server import desk as desk_module
from tests.server.rig import FULL, Node, Wire, with_hub

PASSWORD = "correct-horse"


def plain(name: str, password: str = PASSWORD) -> tuple[str, str]:
    response = base64.b64encode(f"\0{name}\0{password}".encode()).decode()
    return "AUTHENTICATE PLAIN", f"AUTHENTICATE {response}"


async def registered(node: Node, name: str) -> Wire:
    wire = await node.join(name, "sasl standard-replies labeled-response batch")
    wire.send(f"REGISTER * * {PASSWORD}")
    await wire.until(f" 900 {name} ")
    return wire


def test_lines_sent_in_one_piece_wait_for_the_verdict(tmp_path: Path) -> None:
    async def scenario(node: Node) -> None:
        await registered(node, "ann")
        wire = node.arrive()
        wire.send("CAP REQ sasl", "NICK x", "USER x 0 * :X", *plain("ann"), "CAP END")
        lines = await wire.until(" 366 ann #lobby ")
        kinds = [line.split(" ")[1] for line in lines]
        assert kinds[:5] == ["CAP", "AUTHENTICATE", "900", "903", "001"]

    with_hub(tmp_path, scenario)


def test_registering_before_connecting_waits_for_the_commit(tmp_path: Path) -> None:
    async def scenario(node: Node) -> None:
        wire = node.arrive()
        wire.send(
            "CAP REQ sasl", "NICK ann", "USER x 0 * :X", f"REGISTER * * {PASSWORD}", "CAP END"
        )
        await wire.until(" 366 ann #lobby ")
        user = node.hub.state.users_by_id[next(iter(node.hub.state.users_by_id))]
        assert (user.account, len(user.sessions)) == ("ann", 1)

    with_hub(tmp_path, scenario)


def test_a_labelled_login_is_answered_under_its_label(tmp_path: Path) -> None:
    async def scenario(node: Node) -> None:
        ann = await registered(node, "ann")
        ann.send("AUTHENTICATE PLAIN", f"@label=7 {plain('ann', 'wrong')[1]}")
        (line,) = [line for line in await ann.until(" 904 ") if "label" in line]
        assert line.startswith("@label=7 :hub.test 904 ann ")

    with_hub(tmp_path, scenario)


def test_a_registration_that_cannot_be_stored_is_refused(tmp_path: Path) -> None:
    async def scenario(node: Node) -> None:
        ann = await node.join("ann", "standard-replies")
        node.store.error = FULL
        ann.send(f"REGISTER * * {PASSWORD}", "PING :after")
        assert await ann.until("FAIL REGISTER TEMPORARILY_UNAVAILABLE")
        node.store.error = None
        await ann.until("PONG hub.test after")
        assert not node.hub.state.accounts
        ann.send(f"REGISTER * * {PASSWORD}")
        await ann.until("REGISTER SUCCESS ann")

    with_hub(tmp_path, scenario)


def test_who_hangs_up_while_it_waits_is_forgotten(tmp_path: Path) -> None:
    async def scenario(node: Node) -> None:
        ann = await registered(node, "ann")
        wire = node.arrive()
        wire.send("CAP REQ sasl", *plain("ann"))
        await wire.until("AUTHENTICATE +")
        wire.drop("gone")
        assert await ann.ask("NAMES #lobby")
        assert wire.session.phase is Phase.CLOSED

    with_hub(tmp_path, scenario)


def test_others_talk_while_passwords_are_checked(tmp_path: Path) -> None:
    async def scenario(node: Node) -> None:
        bob = await registered(node, "bob")
        attackers = [node.arrive(f"10.0.0.{number}") for number in range(1, 40)]
        for attacker in attackers:
            attacker.send("CAP REQ sasl", *plain("bob", "wrong"))
        lines = await bob.ask("PRIVMSG bob :still here")
        assert any("still here" in line for line in lines)
        waiting = [a for a in attackers if not any(" 904 " in line for line in a.heard)]
        assert waiting, "the chat didn't wait for them"
        for attacker in waiting:
            await attacker.until(" 904 ")

    with_hub(tmp_path, scenario)


def test_accounts_outlive_the_server(tmp_path: Path) -> None:
    async def before(node: Node) -> None:
        ann = await registered(node, "ann")
        ann.send("JOIN #den")
        await ann.until(" 366 ann #den ")

    async def after(node: Node) -> None:
        wire = node.arrive()
        wire.send("CAP REQ sasl", *plain("ann"), "NICK ann", "USER a 0 * :A", "CAP END")
        lines = await wire.until(" 366 ann #den ")
        assert any("JOIN #lobby" in line for line in lines)

    with_hub(tmp_path, before)
    with_hub(tmp_path, after)


# -- the operator's accounts --------------------------------------------------------------


def test_the_operator_makes_the_first_admin(tmp_path: Path) -> None:
    async def scenario(node: Node) -> None:
        desk = desk_module.Desk(node.hub, lambda: None)
        assert await desk.handle("account list") == (
            True,
            ["There are no accounts yet: account add <name>"],
        )
        done, (line,) = await desk.handle("account add root admin")
        assert done
        password = line.split("once: ")[1].split(" ")[0]
        wire = node.arrive()
        wire.send("CAP REQ sasl", *plain("root", password), "NICK r", "USER r 0 * :R", "CAP END")
        await wire.until(" 366 root #lobby ")
        assert await desk.handle("account list") == (True, ["root  admin  1 connected"])
        done, (line,) = await desk.handle("account password root")
        assert done
        assert password not in line

    with_hub(tmp_path, scenario)


def test_the_operator_gives_roles_and_ends_accounts(tmp_path: Path) -> None:
    async def scenario(node: Node) -> None:
        desk = desk_module.Desk(node.hub, lambda: None)
        ann = await registered(node, "ann")
        assert await desk.handle("account role ann moderator") == (True, ["ann is moderator now."])
        await ann.until(" MODE ann +o")
        assert await desk.handle("account delete ann") == (True, ["The account ann is gone."])
        assert not ann.is_open
        for wrong in (
            "account role ann boss",
            "account role bob admin",
            "account delete ann",
            "account password bob",
            "account add 1st",
            "account add NickServ",
            "account add bob boss",
            "account frob",
        ):
            done, lines = await desk.handle(wrong)
            assert not done, wrong
            assert lines[0].endswith((".", "<name>"))

    with_hub(tmp_path, scenario)


def test_an_attack_on_one_account_leaves_its_owner_in(tmp_path: Path) -> None:
    async def scenario(node: Node) -> None:
        await registered(node, "ann")
        for _ in range(3):
            attacker = node.arrive("10.0.0.1")
            attacker.send("CAP REQ sasl", *(plain("ann", "wrong") * 8))
            async with asyncio.timeout(10):
                while sum(" 904 " in line for line in attacker.heard) < 8:
                    await asyncio.sleep(0.001)  # so that the threads that hash are not kept busy
        assert any("Too many wrong tries" in line for line in attacker.heard)
        owner = node.arrive("10.9.9.9")
        owner.send("CAP REQ sasl", *plain("ann"))
        await owner.until(" 903 ")

    with_hub(tmp_path, scenario)


def test_a_hundred_wrong_tries_keep_nobody_else_out(tmp_path: Path) -> None:
    async def scenario(node: Node) -> None:
        await registered(node, "ann")

        async def logs_in(host: str, *device: str) -> None:
            wire = node.arrive(host)
            wire.send("CAP REQ sasl", *device, *plain("ann"))
            await wire.until(" 903 ")

        phone = "DEVICE 0123456789abcdef"
        await logs_in("10.0.0.1", phone)
        answers: list[str] = []
        for _ in range(25):
            attacker = node.arrive("10.0.0.1")
            attacker.send("CAP REQ sasl", *(plain("ann", "wrong") * 4))
            async with asyncio.timeout(10):
                while sum(" 904 " in line for line in attacker.heard) < 4:
                    await asyncio.sleep(0.001)  # so that the threads that hash are not kept busy
            answers += [line for line in attacker.heard if " 904 " in line]
        assert sum("Too many wrong tries" in line for line in answers) > 50
        await logs_in("10.0.0.1", phone)
        await logs_in("10.0.0.2")

    with_hub(tmp_path, scenario)
