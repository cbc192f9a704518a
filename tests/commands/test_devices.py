"""One account on many devices; its user stays a member when all of them are gone."""

from __future__ import annotations

from tests.commands.replies import SASL, plain, told
from tests.world import World


def test_each_device_sees_what_the_others_send(world: World) -> None:
    world.account("ann", "password")
    phone = world.connect("ann", password="password")
    desk = world.connect("ann", "echo-message", password="password")
    bob = world.connect("bob")
    phone.send("PRIVMSG #lobby :from the phone")
    assert desk.heard() == bob.heard() == [":ann!~ann@host.test PRIVMSG #lobby :from the phone"]
    assert phone.heard() == []
    phone.send("PRIVMSG bob :psst")
    assert desk.heard() == [":ann!~ann@host.test PRIVMSG bob psst"]
    bob.send("PRIVMSG ann :what?")
    assert phone.heard() == desk.heard() == [":bob!~bob@host.test PRIVMSG ann what?"]


def test_a_second_device_is_shown_the_rooms(world: World) -> None:
    world.account("ann", "password")
    phone = world.connect("ann", password="password")
    phone.send("JOIN #den", "TOPIC #den :Bears")
    bob = world.connect("bob")
    desk = world.arrive()
    desk.send(SASL, "NICK ann", "USER ann 0 * :A", *plain("ann", "password"))
    lines = desk.ask("CAP END")
    assert [line for line in lines if " JOIN " in line] == [
        ":ann!~ann@host.test JOIN #lobby",
        ":ann!~ann@host.test JOIN #den",
    ]
    assert told(lines, " 332 ann #den Bears")
    assert told(lines, " 353 ann = #den @ann")
    assert bob.heard() == [], "nobody else notices"


def test_one_device_leaves_and_the_other_stays(world: World) -> None:
    world.account("ann", "password")
    phone = world.connect("ann", password="password")
    desk = world.connect("ann", password="password")
    bob = world.connect("bob", "away-notify")
    phone.send("QUIT")
    assert bob.heard() == desk.heard() == []
    assert bob.ask("PRIVMSG ann hi") == []
    assert told(desk.heard(), "PRIVMSG ann hi")


def test_who_disconnects_stays_a_member_and_is_away(world: World) -> None:
    world.account("ann", "password")
    ann = world.connect("ann", password="password")
    bob = world.connect("bob", "away-notify")
    ann.lose()
    (line,) = bob.heard()
    assert line.startswith(":ann!~ann@host.test AWAY :Offline since 20")
    assert told(bob.ask("NAMES #lobby"), "ann bob")
    assert told(bob.ask("WHOIS ann"), " 301 bob ann :Offline since ")
    assert told(bob.ask("WHO #lobby"), " ann G ")
    assert told(bob.ask("LUSERS"), "There are 1 users and 0 invisible")


def test_who_comes_back_is_no_longer_away_and_was_never_gone(world: World) -> None:
    world.account("ann", "password")
    world.connect("ann", password="password").lose()
    bob = world.connect("bob", "away-notify")
    again = world.connect("ann", password="password")
    assert not told(bob.ask("WHOIS ann"), " 301 ")
    assert told(again.ask("NAMES #lobby"), "ann bob")


def test_back_is_shown_to_those_who_watch(world: World) -> None:
    world.account("ann", "password")
    world.connect("ann", password="password").lose()
    bob = world.connect("bob", "away-notify")
    person = world.arrive()
    person.send(SASL, "NICK ann", "USER ann 0 * :Ann Example", *plain("ann", "password"))
    bob.heard()
    person.send("CAP END")
    assert bob.heard() == [":ann!~ann@host.test AWAY"]


def test_a_message_waits_for_who_is_offline(world: World) -> None:
    world.account("ann", "password")
    world.connect("ann", password="password").lose()
    bob = world.connect("bob")
    (line,) = bob.ask("PRIVMSG ann :see you")
    assert line.startswith(":hub.test 301 bob ann :Offline since ")
    ann = world.connect("ann", "draft/chathistory batch", password="password")
    lines = ann.ask("CHATHISTORY LATEST bob * 10")
    assert told(lines, ":bob!~bob@host.test PRIVMSG ann :see you")


def test_membership_outlives_a_restart(world: World) -> None:
    world.account("ann", "password")
    ann = world.connect("ann", password="password")
    ann.send("JOIN #den")
    world.restart()
    bob = world.connect("bob")
    assert told(bob.ask("WHOIS ann"), " 319 bob ann :#lobby @#den")


def test_who_is_kicked_while_offline_is_out(world: World) -> None:
    world.account("ann", "password")
    ann = world.connect("ann", password="password")
    bob = world.connect("bob")
    bob.send("JOIN #den")
    ann.send("JOIN #den")
    ann.lose()
    bob.send("KICK #den ann")
    again = world.arrive()
    again.send(SASL, "NICK ann", "USER ann 0 * :A", *plain("ann", "password"))
    assert not told(again.ask("CAP END"), " JOIN #den")


def test_a_room_that_one_device_enters_is_shown_to_the_others(world: World) -> None:
    world.account("ann", "password")
    bob = world.connect("bob")
    bob.send("JOIN #den", "TOPIC #den :Bears")
    phone = world.connect("ann", password="password")
    desk = world.connect("ann", password="password")
    phone.send("JOIN #den")
    lines = desk.heard()
    assert lines[0] == ":ann!~ann@host.test JOIN #den"
    assert told(lines, " 332 ann #den Bears")
    assert told(lines, " 353 ann = #den :@bob ann")
    assert told(lines, " 366 ann #den ")
    desk.send("PART #den")
    assert phone.ask("PRIVMSG #den :hm") == [
        ":hub.test 404 ann #den :Cannot send to channel",
    ]
