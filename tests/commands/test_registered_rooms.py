"""Registered rooms: ROOM, ACCESS and ChanServ; what stays, who may what, and who inherits."""

from __future__ import annotations

import msgspec
import pytest

from hubbub.core import entries
from hubbub.core.ids import NO_SESSION
from tests.world import RULES, Person, World

NOT_FOUNDER = "Only the founder of #den and the server's moderators may do that"


def person(world: World, name: str, role: str = "member") -> Person:
    """Somebody logged in to an account."""
    if world.state.account_named(name) is None:
        world.account(name, "password", role)
    return world.connect(name, "standard-replies", password="password")


def founder(world: World) -> Person:
    """Ann, whose #den is."""
    ann = person(world, "ann")
    (note,) = ann.ask("JOIN #den", "ROOM REGISTER #den")[3:]
    assert note.startswith(":hub.test NOTE ROOM REGISTERED #den :#den is yours now")
    return ann


def ranks(world: World, room: str = "#den") -> dict[str, str]:
    found = world.state.room_named(room)
    assert found is not None
    return {member.user.nick: member.ranks for member in found.members.values()}


# -- registering --------------------------------------------------------------------------


def test_what_is_registered_stays_when_everybody_left_and_after_a_restart(world: World) -> None:
    ann = founder(world)
    ann.send("MODE #den +mk key", "MODE #den +b eve", "TOPIC #den :tea", "PART #den")
    ann.lose()
    world.restart()
    room = world.state.room_named("#den")
    assert room is not None
    assert (room.flags, room.key_word, room.topic, list(room.lists["b"])) == (
        "mnt",
        "key",
        "tea",
        ["eve!*@*"],
    )
    bob = world.connect("bob")
    assert bob.ask("JOIN #den") == [":hub.test 475 bob #den :Cannot join channel (+k)"]
    bob.send("JOIN #den key")
    assert ranks(world) == {"bob": ""}
    ann = person(world, "ann")
    lines = ann.ask("JOIN #den")
    assert ":hub.test MODE #den +o ann" in lines
    assert ":hub.test MODE #den +o ann" in bob.heard()
    assert ranks(world) == {"bob": "", "ann": "o"}


def test_who_may_register_a_room(world: World) -> None:
    guest = world.connect("guest", "standard-replies")
    (line,) = guest.ask("JOIN #den", "ROOM REGISTER #den")[3:]
    assert line.startswith(":hub.test FAIL ROOM ACCOUNT_REQUIRED #den :A room is registered to an")
    bob = person(world, "bob")
    bob.send("JOIN #den")
    assert bob.ask("ROOM REGISTER #den") == [":hub.test 482 bob #den :You're not channel operator"]
    assert bob.ask("ROOM REGISTER #none", "ROOM REGISTER #lobby", "ROOM REGISTER") == [
        ":hub.test 403 bob #none :No such channel",
        ":hub.test 482 bob #lobby :You're not channel operator",
        ":hub.test 461 bob ROOM :Not enough parameters",
    ]
    guest.send("MODE #den +o bob")
    assert "REGISTERED #den" in bob.ask("ROOM REGISTER #den")[-1]
    assert bob.ask("ROOM REGISTER #den") == [
        ":hub.test FAIL ROOM ALREADY_REGISTERED #den :#den is registered already, by bob"
    ]


def test_an_account_registers_only_so_many() -> None:
    world = World(msgspec.structs.replace(RULES, rooms_per_account=1))
    ann = founder(world)
    (line,) = ann.ask("JOIN #other", "ROOM REGISTER #other")[3:]
    assert line.startswith(":hub.test FAIL ROOM TOO_MANY_ROOMS #other :ann has registered 1 rooms")
    assert ann.ask("ROOM LIST") == [
        ":hub.test NOTE ROOM FOUNDED #den :#den is registered to you",
        ":hub.test NOTE ROOM FOUNDED_END :1 rooms are registered to you",
    ]
    ann.send("ROOM DROP #den")
    assert "REGISTERED #other" in ann.ask("ROOM REGISTER #other")[0]


def test_what_room_is_told(world: World) -> None:
    ann = founder(world)
    bob = world.connect("bob", "standard-replies")
    (line,) = bob.ask("ROOM INFO #DEN")
    assert line == (
        ":hub.test NOTE ROOM INFO #den ann :#den is ann's, registered on 2023-11-14;"
        " 0 others have access, 1 are in it"
    )
    assert bob.ask("ROOM LIST") == [
        ":hub.test NOTE ROOM FOUNDED_END :0 rooms are registered to you"
    ]
    ann.send("MODE #den +s")
    assert bob.ask("ROOM INFO #den") == [":hub.test 403 bob #den :No such channel"]
    assert "INFO #den ann" in ann.ask("PART #den", "ROOM INFO #den")[-1]
    bob.send("JOIN #new")
    assert bob.ask("ROOM INFO #new", "ROOM SELL #new") == [
        ":hub.test FAIL ROOM NOT_REGISTERED #new :#new isn't registered: ROOM REGISTER #new does that",
        ":hub.test FAIL ROOM INVALID_PARAMS SELL :ROOM knows REGISTER, INFO, TRANSFER, DROP and LIST",
    ]


# -- the founder's right ------------------------------------------------------------------


def test_a_founder_keeps_the_right_whatever_operators_do(world: World) -> None:
    ann = founder(world)
    bob = world.connect("bob")
    bob.send("JOIN #den")
    ann.send("MODE #den +o bob")
    bob.send("MODE #den -o+b ann ann", "MODE #den +i", "KICK #den ann")
    assert ranks(world) == {"bob": "o"}
    assert ":hub.test MODE #den +o ann" in ann.ask("JOIN #den")
    bob.send("MODE #den -o ann")
    ann.send("MODE #den +o ann", "MODE #den -o bob")
    assert ranks(world) == {"bob": "", "ann": "o"}
    assert bob.ask("MODE #den +o bob") == [":hub.test 482 bob #den :You're not channel operator"]


# -- access -------------------------------------------------------------------------------


def test_access_gives_a_rank_at_once_and_at_each_join(world: World) -> None:
    ann = founder(world)
    bob = person(world, "bob")
    bob.send("JOIN #den")
    assert ann.ask("ACCESS #den ADD BOB operator") == [
        ":hub.test MODE #den +o bob",
        ":hub.test NOTE ACCESS CHANGED #den :bob is an operator in #den",
    ]
    assert bob.heard()[-1] == ":hub.test MODE #den +o bob"
    bob.send("PART #den")
    ann.send("MODE #den +i")
    assert ":hub.test MODE #den +o bob" in bob.ask("JOIN #den")
    assert ann.ask("ACCESS #den ADD bob voice")[-3:] == [
        ":hub.test MODE #den -o bob",
        ":hub.test MODE #den +v bob",
        ":hub.test NOTE ACCESS CHANGED #den :bob has a voice in #den",
    ]
    assert ann.ask("ACCESS #den") == ann.ask("ACCESS #den LIST")
    assert ann.ask("ACCESS #den") == [
        ":hub.test NOTE ACCESS ENTRY #den ann founder :ann is founder of #den",
        ":hub.test NOTE ACCESS ENTRY #den bob voice :bob is voice of #den",
        ":hub.test NOTE ACCESS LIST_END #den :2 have access to #den",
    ]
    assert ann.ask("ACCESS #den DEL bob")[0] == ":hub.test MODE #den -v bob"
    assert ranks(world) == {"ann": "o", "bob": ""}
    bob.send("PART #den")
    assert bob.ask("JOIN #den") == [":hub.test 473 bob #den :Cannot join channel (+i)"]


def test_a_right_does_not_pass_a_ban(world: World) -> None:
    ann = founder(world)
    bob = person(world, "bob")
    ann.send("ACCESS #den ADD bob operator", "MODE #den +b bob")
    assert bob.ask("JOIN #den") == [":hub.test 474 bob #den :Cannot join channel (+b)"]


def test_who_may_give_which_right(world: World) -> None:
    ann = founder(world)
    bob, carol = person(world, "bob"), person(world, "carol")
    mod, dora = person(world, "mod", "moderator"), person(world, "dora")
    ann.send("ACCESS #den ADD bob operator", "ACCESS #den ADD carol voice", "MODE #den +s")
    no = ":hub.test 482 {} #den :You're not channel operator"
    assert bob.ask("ACCESS #den ADD dora operator") == [no.format("bob")]
    assert "is the founder" in bob.ask("ACCESS #den DEL ann")[0]
    assert "has a voice" in bob.ask("ACCESS #den ADD dora voice")[0]
    assert "no access" in bob.ask("ACCESS #den DEL dora")[0]
    assert carol.ask("ACCESS #den ADD dora voice") == [no.format("carol")]
    assert dora.ask("ACCESS #den ADD dora voice") == [":hub.test 403 dora #den :No such channel"]
    assert "is an operator" in mod.ask("ACCESS #den ADD dora operator")[0]
    assert "no access" in dora.ask("ACCESS #den DEL dora")[0]
    assert "no access" in carol.ask("ACCESS #den DEL carol")[0]
    assert "ENTRY #den ann founder" in mod.ask("ACCESS #den")[0]
    assert dora.ask("ACCESS #den") == [":hub.test 403 dora #den :No such channel"]


@pytest.mark.parametrize(
    ("line", "reply"),
    [
        ("ACCESS #den ADD nobody", "FAIL ACCESS ACCOUNT_UNKNOWN #den nobody :There is no account"),
        ("ACCESS #den ADD ann voice", "FAIL ACCESS INVALID_PARAMS #den ann :ann is the founder"),
        ("ACCESS #den ADD bob king", "FAIL ACCESS INVALID_PARAMS #den king :One can be operator"),
        ("ACCESS #den DEL bob", "FAIL ACCESS INVALID_PARAMS #den bob :bob has no access to #den"),
        ("ACCESS #den GIVE bob", "FAIL ACCESS INVALID_PARAMS #den GIVE :ACCESS knows LIST, ADD"),
        ("ACCESS #den ADD", "461 ann ACCESS :Not enough parameters"),
        ("ACCESS #none ADD bob", "403 ann #none :No such channel"),
        ("ACCESS #lobby", "FAIL ACCESS NOT_REGISTERED #lobby :#lobby isn't registered"),
    ],
)
def test_access_that_cannot_be(world: World, line: str, reply: str) -> None:
    world.account("bob")
    assert founder(world).ask(line)[0].startswith(f":hub.test {reply}")


def test_the_list_is_bounded() -> None:
    world = World(msgspec.structs.replace(RULES, list_entries=1))
    ann = founder(world)
    world.account("bob")
    world.account("carol")
    ann.send("ACCESS #den ADD bob voice", "ACCESS #den ADD bob operator")
    assert ann.ask("ACCESS #den ADD carol voice") == [
        ":hub.test FAIL ACCESS LIST_FULL #den carol :The list of #den is full: it has 1 entries"
    ]


# -- handing over, giving up, inheriting --------------------------------------------------


def test_a_room_is_handed_to_one_of_its_operators(world: World) -> None:
    ann = founder(world)
    bob = person(world, "bob")
    (line,) = ann.ask("ROOM TRANSFER #den bob")
    assert line.startswith(":hub.test FAIL ROOM FORBIDDEN #den bob :bob isn't an operator by")
    ann.send("ACCESS #den ADD bob operator")
    assert bob.ask("ROOM TRANSFER #den bob", "ROOM DROP #den") == [
        f":hub.test FAIL ROOM FORBIDDEN #den :{NOT_FOUNDER}",
        f":hub.test FAIL ROOM FORBIDDEN #den :{NOT_FOUNDER}",
    ]
    assert ann.ask("ROOM TRANSFER #den bob") == [
        ":hub.test NOTE ROOM TRANSFERRED #den :#den is bob's now"
    ]
    assert [line.split(" :")[0].split()[-2:] for line in bob.ask("ACCESS #den")[:2]] == [
        ["bob", "founder"],
        ["ann", "operator"],
    ]
    assert ann.ask("ROOM DROP #den") == [f":hub.test FAIL ROOM FORBIDDEN #den :{NOT_FOUNDER}"]
    assert "INVALID_PARAMS" in bob.ask("ROOM TRANSFER #den bob")[0]
    assert "ACCOUNT_UNKNOWN" in bob.ask("ROOM TRANSFER #den nobody")[0]
    assert bob.ask("ROOM TRANSFER #den") == [":hub.test 461 bob ROOM :Not enough parameters"]


def test_moderators_hand_over_and_drop_any_room(world: World) -> None:
    ann = founder(world)
    world.account("bob")
    mod = person(world, "mod", "moderator")
    ann.send("MODE #den +s")
    assert "TRANSFERRED" in mod.ask("ROOM TRANSFER #den bob")[0]
    assert "DROPPED" in mod.ask("ROOM DROP #den")[0]
    assert "FORBIDDEN" not in ann.ask("ROOM REGISTER #den")[0]


def test_what_is_dropped_is_as_other_rooms_are(world: World) -> None:
    ann = founder(world)
    world.account("bob")
    ann.send("ACCESS #den ADD bob operator", "PRIVMSG #den :hello", "MODE #den +s", "PART #den")
    assert world.state.room_named("#den") is not None
    assert ann.ask("ROOM DROP #den") == [
        ":hub.test NOTE ROOM DROPPED #den :#den isn't registered any more"
    ]
    assert world.state.room_named("#den") is None
    assert world.tables["access"] == {}


def test_a_deleted_founders_rooms_go_to_the_oldest_operator(world: World) -> None:
    ann = founder(world)
    bob = person(world, "bob")
    person(world, "mod", "moderator")
    world.account("carol")
    bob.send("JOIN #den")
    ann.send("ACCESS #den ADD bob operator", "ACCESS #den ADD carol operator", "MODE #den -o bob")
    world.operate(entries.DeleteAccount(NO_SESSION, "ann"))
    assert "ENTRY #den bob founder" in bob.ask("ACCESS #den")[0]
    assert ranks(world) == {"bob": "o"}
    world.operate(entries.DeleteAccount(NO_SESSION, "carol"))
    assert world.tables["access"] == {}


def test_without_operators_they_go_to_the_first_admin_and_without_any_to_nobody(
    world: World,
) -> None:
    founder(world)
    world.account("mod", role="moderator")
    world.account("boss", role="admin")
    world.operate(entries.DeleteAccount(NO_SESSION, "ann"))
    room = world.state.room_named("#den")
    assert room is not None
    assert world.state.accounts_by_id[room.founder].name == "boss"
    world.operate(entries.DeleteAccount(NO_SESSION, "boss"))
    assert world.state.accounts_by_id[room.founder].name == "mod"
    world.operate(entries.DeleteAccount(NO_SESSION, "mod"))
    assert world.state.room_named("#den") is None


# -- ChanServ -----------------------------------------------------------------------------


def test_chanserv_understands_what_fingers_know(world: World) -> None:
    ann = person(world, "ann")
    bob = person(world, "bob")
    ann.send("JOIN #den")
    bob.send("JOIN #den")
    assert "REGISTERED" in ann.ask("PRIVMSG ChanServ :register #den")[0]
    assert "INFO #den ann" in ann.ask("CS INFO #den")[0]
    assert "is an operator" in ann.ask("CHANSERV :access #den add bob op")[-1]
    assert "ENTRY #den bob operator" in ann.ask("CS ACCESS #den list")[1]
    ann.send("CS deop #den bob", "CS voice #den bob")
    assert ranks(world) == {"ann": "o", "bob": "v"}
    assert bob.ask("CS op #den")[0].endswith("MODE #den +o bob")
    ann.send("CS devoice #den bob")
    assert ranks(world) == {"ann": "o", "bob": "o"}
    world.connect("zoe")
    assert ann.ask("CS invite #den zoe") == [":hub.test 341 ann zoe #den"]
    assert "TRANSFERRED" in ann.ask("CS transfer #den bob")[0]
    assert "DROPPED" in bob.ask("CS drop #den")[0]
    assert "I understand:" in ann.ask("CS drop")[0]
    assert "I understand:" in ann.ask("CS sing #den")[0]
    stranger = world.connect("eve", "standard-replies")
    assert stranger.ask("CS op #den eve") == [":hub.test 442 eve #den :You're not on that channel"]
