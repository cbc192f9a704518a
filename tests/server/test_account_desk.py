"""The operator's codes: claims, resets and invites, made at the desk and used over the wire."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from hubbub.client.registration import WANTED
from hubbub.edge.codes import SHAPE
from hubbub.irc.capabilities import BY_NAME
from hubbub.irc.exporting import page
from hubbub.irc.message import parse
from hubbub.server import desk as desk_module
from hubbub.server import export_desk
from hubbub.server.account_desk import claim_line
from tests.server.rig import Node, with_hub
from tests.server.test_logins import PASSWORD, plain, registered


def code_in(lines: list[str]) -> str:
    found = SHAPE.search(" ".join(lines))
    assert found is not None, lines
    return found[0]


def test_the_operator_makes_codes(tmp_path: Path) -> None:
    async def scenario(node: Node) -> None:
        desk = desk_module.Desk(node.hub, lambda: None)
        ann = await registered(node, "ann")
        done, lines = await desk.handle("claim")
        assert done
        ann.send(f"CLAIM {code_in(lines)}")
        await ann.until("NOTE CLAIM CLAIMED ann")
        done, (text,) = await desk.handle("claim")
        assert (done, text) == (
            False,
            "There is an admin already: they can give the role to others.",
        )
        assert await claim_line(node.hub) == ""
        done, lines = await desk.handle("account reset ann")
        assert done
        other = node.arrive()
        other.send("CAP REQ :sasl standard-replies")
        other.send(f"RECOVER ann {code_in(lines)} another-horse")
        await other.until("NOTE RECOVER PASSWORD_CHANGED ann")
        assert not ann.is_open
        other.send(*plain("ann", PASSWORD))
        await other.until(" 904 ")
        other.send(*plain("ann", "another-horse"))
        await other.until(" 903 ")
        assert (await desk.handle("account reset bob"))[0] is False

    with_hub(tmp_path, scenario)


def test_a_server_without_an_admin_has_something_to_claim(tmp_path: Path) -> None:
    async def scenario(node: Node) -> None:
        ann = await registered(node, "ann")
        first, second = await claim_line(node.hub), await claim_line(node.hub)
        ann.send(f"CLAIM {code_in([first])}")
        await ann.until("FAIL CLAIM INVALID_CODE")
        ann.send(f"CLAIM {code_in([second])}")
        await ann.until("NOTE CLAIM CLAIMED ann")

    with_hub(tmp_path, scenario)


def test_the_operator_makes_lists_and_ends_invites(tmp_path: Path) -> None:
    async def scenario(node: Node) -> None:
        desk = desk_module.Desk(node.hub, lambda: None)
        assert await desk.handle("invite list") == (
            True,
            ["There are no invites but the server's own."],
        )
        done, lines = await desk.handle("invite 5 14")
        assert done
        assert "For 5 people and 14 days" in lines[0]
        assert code_in(lines)
        done, (line,) = await desk.handle("invite list")
        assert line.startswith("1  5 more people until ")
        assert line.endswith(", by the console")
        assert (await desk.handle("invite revoke 1"))[0]
        for wrong in (
            "invite revoke 1",
            "invite revoke x",
            "invite 0",
            "invite soon",
            "invite 1 999",
        ):
            done, lines = await desk.handle(wrong)
            assert not done, wrong
            assert lines

    with_hub(tmp_path, scenario)


def test_the_operator_has_the_same_written_as_its_owner(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def scenario(node: Node) -> None:
        monkeypatch.setattr(export_desk, "PAGE", 3)
        desk = desk_module.Desk(node.hub, lambda: None)
        node.hub.exports = tmp_path / "exports"
        ann, bob = await registered(node, "ann"), await node.join("bob")
        ann.send("JOIN #den", *(f"PRIVMSG #den :line {n}" for n in range(7)), "PRIVMSG bob :psst")
        await bob.until(" PRIVMSG bob")
        bob.send("PRIVMSG ann :hush", "PRIVMSG #lobby :not hers", "TOPIC #lobby :no")
        await ann.until("hush")
        done, (text,) = await desk.handle("account export ann")
        assert done, text
        (file,) = node.hub.exports.iterdir()
        assert str(file) in text
        assert (file.stat().st_mode & 0o777, node.hub.exports.stat().st_mode & 0o777) == (
            0o600,
            0o700,
        )
        lines = file.read_text().splitlines()
        said = [json.loads(line) for line in lines]
        texts = [one["params"][-1] for one in said if one["kind"] == "message"]
        assert texts == [*(f"line {n}" for n in range(7)), "psst", "hush"]

        caps = " ".join(name for name in WANTED if name in BY_NAME)
        ann.send(f"CAP REQ :{caps}", "EXPORT")
        received = await ann.until(" BATCH -")
        page_of_own = [parse(line.encode()) for line in received if line.startswith("@batch=")]
        own, _ = page(page_of_own)
        assert list(own) == lines

    with_hub(tmp_path, scenario)


def test_what_cant_be_exported_is_told_and_leaves_nothing(tmp_path: Path) -> None:
    async def scenario(node: Node) -> None:
        desk = desk_module.Desk(node.hub, lambda: None)
        await registered(node, "ann")
        assert await desk.handle("account export ann") == (
            False,
            ["This server has no directory for exports."],
        )
        node.hub.exports = tmp_path / "missing" / "exports"
        with pytest.raises(export_desk.ExportError, match="can't be written"):
            await desk.handle("account export ann")
        done, (text,) = await desk.handle("account export nobody")
        assert (done, text) == (False, "There is no account nobody.")

    with_hub(tmp_path, scenario)
