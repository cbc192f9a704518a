"""One's own settings: the same on all devices, nobody else's affair; and what a block keeps away."""

from __future__ import annotations

import msgspec
import pytest

from hubbub.core.tables import dump, load
from tests.world import LOG_ID, RULES, Person, World, stored

CAPS = "hubbub/settings standard-replies message-tags echo-message away-notify extended-monitor"


def plain(lines: list[str]) -> list[str]:
    """Lines without their tags."""
    return [line.partition(" ")[2] if line.startswith("@") else line for line in lines]


@pytest.fixture
def ann(world: World) -> Person:
    world.account("ann")
    return world.connect("ann", CAPS, password="password")


@pytest.fixture
def bob(world: World) -> Person:
    world.account("bob")
    return world.connect("bob", CAPS, password="password")


# -- keeping them -------------------------------------------------------------------------


def test_all_devices_are_told_of_a_change_and_nobody_else(
    world: World, ann: Person, bob: Person
) -> None:
    phone = world.connect("ann", CAPS, password="password")
    old = world.connect("ann", password="password")
    assert ann.ask("SETTING ADD word :café au lait") == [
        ":hub.test SETTING ADD word :café au lait",
        ":hub.test NOTE SETTING ADDED word :You will notice café au lait",
    ]
    assert phone.heard() == [":hub.test SETTING ADD word :café au lait"]
    assert old.heard() == bob.heard() == []
    assert phone.ask("SETTING REMOVE word :CAFÉ au  lait") == [
        ":hub.test SETTING REMOVE word :café au lait",
        ":hub.test NOTE SETTING REMOVED word :café au lait is a word like any other now",
    ]
    assert ann.heard() == [":hub.test SETTING REMOVE word :café au lait"]


def test_a_client_that_comes_is_told_all(world: World, ann: Person) -> None:
    ann.send(
        "JOIN #den", "SETTING ADD mute #DEN", "SETTING ADD word Ann", "SETTING ADD dnd 22:00-07:00"
    )
    ann.send("SETTING ADD dnd 23:00-07:30")
    phone = world.arrive()
    phone.send("CAP REQ :sasl hubbub/settings", "AUTHENTICATE PLAIN")
    phone.send("AUTHENTICATE AGFubgBwYXNzd29yZA==", "NICK ann", "USER a 0 * :A", "CAP END")
    told = [line for line in phone.heard() if " SETTING " in line]
    assert told == [
        ":hub.test SETTING CLEAR",
        ":hub.test SETTING ADD mute #den",
        ":hub.test SETTING ADD word Ann",
        ":hub.test SETTING ADD dnd 23:00-07:30",
    ]
    assert phone.ask("SETTING LIST word") == [
        ":hub.test NOTE SETTING ITEM word Ann",
        ":hub.test NOTE SETTING LIST_END 1 :End of settings",
    ]


def test_they_are_there_after_a_restart_and_gone_with_the_account(
    world: World, ann: Person, bob: Person
) -> None:
    ann.send("SETTING ADD word tea", "BLOCK bob", "SETTING ADD mute #lobby")
    again = load(LOG_ID, RULES, stored(world.tables))
    assert sorted(dump(again), key=repr) == sorted(dump(world.state), key=repr)
    assert again.settings.blockers == 1
    bob.send("SETTING ADD word coffee")
    ann.send("ACCOUNT DELETE password")
    assert [setting.value for setting in world.state.settings] == ["coffee"]
    assert world.state.settings.blockers == 0
    assert len(world.tables["settings"]) == 1


def test_a_guests_are_its_accounts_when_it_registers_and_gone_when_it_leaves(world: World) -> None:
    eve, zed = world.connect("eve", CAPS), world.connect("zed", CAPS)
    eve.send("SETTING ADD word tea", "REGISTER * * password-of-hers")
    zed.send("SETTING ADD word coffee", "QUIT")
    assert [(each.identity, each.value) for each in world.state.settings] == [("a:1", "tea")]
    assert "SETTING ITEM word tea" in eve.ask("SETTING LIST")[0]


def test_who_logs_in_has_the_accounts(world: World, ann: Person) -> None:
    ann.send("SETTING ADD word tea")
    guest = world.connect("guest", f"sasl {CAPS}")
    guest.send("SETTING ADD word coffee", "AUTHENTICATE PLAIN")
    heard = guest.ask("AUTHENTICATE AGFubgBwYXNzd29yZA==")
    told = [line for line in heard if " SETTING " in line]
    assert told == [":hub.test SETTING CLEAR", ":hub.test SETTING ADD word tea"]


@pytest.mark.parametrize(
    ("line", "answer"),
    [
        ("SETTING NONSENSE", "FAIL SETTING INVALID_PARAMS :It is SETTING LIST"),
        ("SETTING ADD colour red", "FAIL SETTING INVALID_PARAMS :It is SETTING LIST"),
        ("SETTING ADD word", "FAIL SETTING INVALID_PARAMS word :Say which"),
        (f"SETTING ADD word {'x' * 65}", "FAIL SETTING INVALID_PARAMS word :A word has"),
        ("SETTING ADD mute #none", "FAIL SETTING INVALID_PARAMS mute :You aren't in such a room"),
        ("SETTING ADD dnd 25:00-07:00", "FAIL SETTING INVALID_PARAMS dnd :The hours"),
        ("SETTING ADD dnd 07:00-07:00", "FAIL SETTING INVALID_PARAMS dnd :The hours"),
        ("SETTING REMOVE dnd", "FAIL SETTING NOT_SET dnd :That isn't"),
        ("UNBLOCK bob", "FAIL SETTING NOT_SET block :That isn't"),
        ("BLOCK ann", "FAIL SETTING INVALID_PARAMS block :You can't keep yourself away"),
        ("BLOCK :a b!*@*", "FAIL SETTING INVALID_PARAMS block :A mask has"),
    ],
)
def test_what_cant_be_chosen_is_said(ann: Person, line: str, answer: str) -> None:
    (reply,) = ann.ask(line)
    assert reply.startswith(f":hub.test {answer}")


def test_there_is_a_bound_for_each_kind() -> None:
    world = World(msgspec.structs.replace(RULES, settings=2))
    ann = world.connect("ann", CAPS)
    ann.send("SETTING ADD word a", "SETTING ADD word b", "SETTING ADD word b")
    assert "FAIL SETTING LIMIT_REACHED word" in ann.ask("SETTING ADD word c")[0]
    assert len(ann.ask("SETTING ADD dnd 22:00-07:00")) == 2
    ann.send("SETTING REMOVE word a")
    assert len(ann.ask("SETTING ADD word c")) == 2


# -- keeping people away ------------------------------------------------------------------


@pytest.mark.parametrize(
    "how", ["BLOCK bob", "SETTING ADD block BOB", "SILENCE +bob!*@*", "BLOCK *!*@host.test"]
)
def test_nothing_of_who_is_blocked_arrives_and_it_is_told_nothing(
    world: World, ann: Person, bob: Person, how: str
) -> None:
    bob.send("JOIN #den")
    before = bob.ask("PRIVMSG ann :one")
    assert len(ann.heard()) == 1
    ann.send(how)
    ann.heard(), bob.heard()
    said = bob.ask("PRIVMSG ann :two", "NOTICE ann :three", "@+typing=active TAGMSG ann")
    said += bob.ask("INVITE ann #den")
    assert ann.heard() == []
    assert [line.split(" ", 2)[2] for line in said[:1]] == ["PRIVMSG ann two"]
    assert len(before) == 1
    assert any(" 301 bob ann :Offline since 2023-11-14 22:" in line for line in said)
    assert any(" 341 bob ann #den" in line for line in said)
    ann.send("CAP REQ :batch draft/chathistory")
    assert not any("two" in line for line in ann.ask("CHATHISTORY LATEST bob * 9"))
    bob.send("CAP REQ :batch draft/chathistory")
    assert any("two" in line for line in bob.ask("CHATHISTORY LATEST ann * 9"))


def test_who_isnt_blocked_reaches_one(world: World, ann: Person, bob: Person) -> None:
    carol = world.connect("carol", CAPS)
    ann.send("BLOCK bob")
    ann.heard()
    carol.send("PRIVMSG ann :hello", "@+typing=active TAGMSG ann", "@+typing=active TAGMSG #lobby")
    assert len(ann.heard()) == 3
    ann.send("UNBLOCK bob")
    ann.heard()
    bob.send("PRIVMSG ann :hello")
    assert plain(ann.heard()) == [":bob!~bob@host.test PRIVMSG ann hello"]


def test_moderators_reach_everybody(world: World, ann: Person) -> None:
    world.account("mod", role="moderator")
    mod = world.connect("mod", CAPS, password="password")
    ann.send("BLOCK mod")
    ann.heard()
    mod.send("PRIVMSG ann :stop that")
    assert len(ann.heard()) == 1
    assert not any(" 301 " in line for line in mod.ask("WHOIS ann"))


def test_in_a_room_typing_and_reactions_arent_shown_but_what_is_said_is(
    world: World, ann: Person, bob: Person
) -> None:
    carol = world.connect("carol", CAPS)
    ann.send("BLOCK bob")
    ann.heard(), carol.heard()
    bob.send("@+typing=active TAGMSG #lobby", "@+draft/react=x;+draft/reply=y TAGMSG #lobby")
    assert ann.heard() == []
    assert len(carol.heard()) == 2
    bob.send("PRIVMSG #lobby :hello")
    assert len(ann.heard()) == 1


def test_an_edit_of_an_earlier_whisper_doesnt_arrive(
    world: World, ann: Person, bob: Person
) -> None:
    bob.send("CAP REQ :draft/message-edit")
    (echo,) = bob.ask("PRIVMSG ann :hello")
    id = echo.partition("msgid=")[2].partition(" ")[0]
    ann.send("CAP REQ :draft/message-edit", "BLOCK bob")
    ann.heard()
    assert bob.ask(f"@draft/target-msgid={id};draft/edit-text=bye EDIT ann")
    assert ann.heard() == []
    ann.send("UNBLOCK bob")
    ann.heard()
    bob.send(f"@draft/target-msgid={id};draft/edit-text=again EDIT ann")
    assert len(ann.heard()) == 1


def test_a_block_is_of_the_person_not_of_the_name(world: World, ann: Person) -> None:
    eve = world.connect("eve", device="0123456789abcdef")
    ann.send("BLOCK eve")
    ann.heard()
    eve.send("NICK adam", "PRIVMSG ann :hello")
    assert plain(ann.heard()) == [":eve!~eve@host.test NICK adam"]
    other = world.connect("eve")
    other.send("PRIVMSG ann :hello")
    assert any("PRIVMSG ann" in line for line in ann.heard())


def test_a_guest_without_a_device_is_blocked_by_its_name(world: World, ann: Person) -> None:
    world.connect("eve").send("QUIT")
    ann.send("BLOCK eve")
    ann.heard()
    eve = world.connect("eve")
    eve.send("PRIVMSG ann :hello")
    assert not any("PRIVMSG ann" in line for line in ann.heard())


# -- presence -----------------------------------------------------------------------------


def test_an_account_seems_to_go_offline_for_whom_it_blocks_and_nobody_else(
    world: World, ann: Person, bob: Person
) -> None:
    carol = world.connect("carol", CAPS)
    for watcher in (bob, carol):
        watcher.send("MONITOR + ann")
        watcher.heard()
    ann.send("BLOCK bob")
    away = "Offline since 2023-11-14 22:13 UTC"
    assert plain(bob.heard()) == [
        f":ann!~ann@host.test AWAY :{away}",
        ":hub.test 731 * ann",
    ]
    assert carol.heard() == []
    ann.send("AWAY :lunch", "AWAY", "SETNAME :Another", "QUIT")
    again = world.connect("ann", CAPS, password="password")
    assert bob.heard() == []
    again.send("PRIVMSG #lobby :I am here")
    world.pass_time(3_600_000)
    shown = bob.ask("WHOIS ann", "WHO ann", "USERHOST ann", "MONITOR S", "WHO ann %fl")
    assert any(f" 301 bob ann :{away}" in line for line in shown)
    assert any(" 352 " in line and " G " in line for line in shown)
    assert any(" 302 bob ann=-" in line or " 302 bob :ann=-" in line for line in shown)
    assert ":hub.test 731 bob ann" in shown
    assert not any(" 730 " in line or " 671 " in line for line in shown)
    (idle,) = [line.split(" ")[4:6] for line in shown if " 317 " in line]
    assert int(idle[0]) >= 3_600
    assert int(idle[1]) < 1_700_000_100
    other = carol.ask("WHOIS ann", "MONITOR S")
    assert not any(" 301 " in line for line in other)
    assert any(" 730 " in line for line in other)
    again.send("UNBLOCK bob")
    assert plain(bob.heard()) == [
        ":ann!~ann@host.test AWAY",
        ":hub.test 730 * ann!~ann@host.test",
    ]


def test_a_guests_presence_stands_still_for_whom_it_blocks(world: World, bob: Person) -> None:
    eve = world.connect("eve", CAPS)
    eve.send("BLOCK bob")
    bob.heard()
    eve.send("AWAY :lunch")
    assert bob.heard() == []
    assert not any(" 301 " in line for line in bob.ask("WHOIS eve", "PRIVMSG eve :hi"))
    other = world.connect("carol")
    assert any(" 301 " in line for line in other.ask("WHOIS eve"))


# -- SILENCE ------------------------------------------------------------------------------


def test_silence_is_what_clients_know_it_as(world: World, ann: Person, bob: Person) -> None:
    assert ann.ask("SILENCE +bob") == [
        ":hub.test SETTING ADD block bob",
        ":ann!~ann@host.test SILENCE +bob",
    ]
    ann.send("SILENCE +*!*@*.example")
    assert ann.ask("SILENCE") == [
        ":hub.test 271 ann ann bob!*@*",
        ":hub.test 271 ann ann *!*@*.example",
        ":hub.test 272 ann :End of silence list",
    ]
    assert ann.ask("SILENCE -bob!*@*")[-1] == ":ann!~ann@host.test SILENCE -bob!*@*"
    assert ann.ask("SILENCE -bob!*@*") == [":ann!~ann@host.test SILENCE -bob!*@*"]
    assert "FAIL SETTING INVALID_PARAMS" in ann.ask("SILENCE +ann")[0]
    assert [line.split(" :")[0] for line in ann.ask("BLOCK")] == [
        ":hub.test NOTE BLOCK BLOCKED *!*@*.example",
        ":hub.test NOTE BLOCK BLOCKED_END 1",
    ]
