"""NickServ and ChanServ, for fingers that know them: they help, and are nobody."""

from __future__ import annotations

from tests.commands.replies import codes, told
from tests.world import World


def test_nickserv_identifies(world: World) -> None:
    world.account("ann", "password")
    guest = world.connect("ann_")
    assert told(
        guest.ask("PRIVMSG NickServ :identify ann wrong"),
        ":NickServ!services@hub.test NOTICE ann_ :The account or the password is wrong.",
    )
    lines = guest.ask("PRIVMSG NickServ :identify ann password")
    assert told(lines, " NICK ann")
    assert told(lines, "NOTICE ann :You are now logged in as ann.")


def test_nickserv_registers(world: World) -> None:
    ann = world.connect("ann")
    assert told(ann.ask("NS register hunter2hunter2 ann@example.org"), "REGISTER SUCCESS ann")
    assert told(ann.ask("NS register again-and-again"), "ALREADY_AUTHENTICATED")


def test_services_help_and_are_nobody(world: World) -> None:
    ann = world.connect("ann")
    assert told(ann.ask("PRIVMSG NickServ :what?"), "IDENTIFY [name] <password>")
    for line in ("CS sing #tea ann", "CHANSERV help", "PRIVMSG ChanServ :hi"):
        assert told(ann.ask(line), ":ChanServ!services@hub.test NOTICE ann ")
    assert told(ann.ask("NICKSERV ghost ann"), "Not needed")
    assert codes(ann.ask("NICK NickServ")) == ["432"]
    assert ann.ask("NOTICE NickServ :identify ann password") == []
