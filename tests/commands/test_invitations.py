"""INVITE and UNINVITE: invitations are kept, listed, used up, withdrawn and declined."""

import msgspec
import pytest

from hubbub.core import entries
from hubbub.core.ids import NO_SESSION
from hubbub.irc.times import iso_time
from tests.world import RULES, Person, World

ALICE = ":alice!~alice@host.test"
BOB = ":bob!~bob@host.test"
END = ":hub.test 337 {} :End of /INVITE list"
WEEK = RULES.invitation_seconds * 1000
DEVICE = "d" * 16


def room_of(world: World) -> tuple[Person, Person]:
    """Alice runs #room and Bob is in it."""
    alice, bob = world.connect("alice"), world.connect("bob")
    alice.send("JOIN #room")
    bob.send("JOIN #room")
    alice.heard()
    bob.heard()
    return alice, bob


def test_invite_tells_both(world: World) -> None:
    alice, _ = room_of(world)
    carol = world.connect("carol")
    assert alice.ask("INVITE Carol #ROOM") == [":hub.test 341 alice carol #room"]
    assert carol.heard() == [f"{ALICE} INVITE carol #room"]
    assert carol.ask("INVITE") == [
        ":hub.test 336 carol #room",
        ":hub.test 337 carol :End of /INVITE list",
    ]
    carol.send("JOIN #room")
    assert carol.ask("INVITE") == [":hub.test 337 carol :End of /INVITE list"]


def test_inviting_somebody_who_is_away(world: World) -> None:
    alice, _ = room_of(world)
    world.connect("carol").send("AWAY :out")
    assert alice.ask("INVITE carol #room") == [
        ":hub.test 341 alice carol #room",
        ":hub.test 301 alice carol out",
    ]


@pytest.mark.parametrize(
    ("line", "reply"),
    [
        ("INVITE bob", "461 carol INVITE :Not enough parameters"),
        ("INVITE nobody #room", "401 carol nobody :No such nick/channel"),
        ("INVITE :a b", "461 carol INVITE :Not enough parameters"),
        ("INVITE bob #none", "403 carol #none :No such channel"),
        ("INVITE bob :", "403 carol * :No such channel"),
        ("INVITE bob #room", "442 carol #room :You're not on that channel"),
        ("INVITE bob #lobby", "443 carol bob #lobby :is already on channel"),
    ],
)
def test_invitations_that_cannot_be(world: World, line: str, reply: str) -> None:
    room_of(world)
    assert world.connect("carol").ask(line) == [f":hub.test {reply}"]


def test_only_operators_invite_to_an_invite_only_room(world: World) -> None:
    alice, bob = room_of(world)
    world.connect("carol")
    alice.send("MODE #room +i")
    bob.heard()
    assert bob.ask("INVITE carol #room") == [":hub.test 482 bob #room :You're not channel operator"]


# -- kept ---------------------------------------------------------------------------------


def closed(world: World) -> Person:
    """Alice, who has an account, runs #den, into which only the invited come."""
    world.account("alice", "password")
    alice = world.connect("alice", password="password")
    alice.send("JOIN #den", "MODE #den +i")
    alice.heard()
    return alice


def test_an_invitation_outlives_a_lost_connection_and_a_restart(world: World) -> None:
    alice = closed(world)
    bob = world.connect("bob", device=DEVICE)
    alice.send("INVITE bob #den")
    bob.lose()
    bob = world.connect("bob", device=DEVICE)
    assert bob.ask("INVITE") == [":hub.test 336 bob #den", END.format("bob")]
    world.restart()
    thief = world.connect("rob", device="e" * 16)
    assert thief.ask("INVITE", "JOIN #den") == [
        END.format("rob"),
        ":hub.test 473 rob #den :Cannot join channel (+i)",
    ]
    bob = world.connect("bobby", device=DEVICE)
    assert bob.ask("JOIN #den")[0] == ":bobby!~bobby@host.test JOIN #den"


def test_the_invitation_of_a_guest_without_a_device_goes_with_it(world: World) -> None:
    alice = closed(world)
    bob = world.connect("bob")
    alice.send("INVITE bob #den")
    bob.send("QUIT")
    assert world.connect("bob").ask("INVITE") == [END.format("bob")]
    assert world.tables["invitations"] == {}


def test_it_ends_after_a_week_and_is_let_go(world: World) -> None:
    alice = closed(world)
    bob = world.connect("bob")
    alice.send("INVITE bob #den")
    world.pass_time(WEEK - 10_000)
    assert bob.ask("INVITE")[0] == ":hub.test 336 bob #den"
    world.operate(entries.TimePassed(NO_SESSION))
    assert not world.state.has_expired(world.clock)
    world.pass_time(10_000)
    assert bob.ask("INVITE", "JOIN #den") == [
        END.format("bob"),
        ":hub.test 473 bob #den :Cannot join channel (+i)",
    ]
    assert world.state.has_expired(world.clock)
    world.operate(entries.TimePassed(NO_SESSION))
    assert world.tables["invitations"] == {}
    assert not world.state.has_expired(world.clock)


def test_who_is_offline_is_shown_it_once_on_coming_back(world: World) -> None:
    alice = closed(world)
    world.account("bob", "password")
    assert alice.ask("INVITE bob #den")[0] == ":hub.test 341 alice bob #den"
    made = world.clock
    world.restart()
    bob = world.arrive()
    bob.send("CAP REQ :server-time sasl", "PASS bob:password", "NICK bob", "USER b 0 * :B")
    bob.send("CAP END")
    shown = [line for line in bob.heard() if " INVITE " in line]
    assert len(shown) == 1
    assert shown[0].endswith(f"{ALICE} INVITE bob #den")
    assert shown[0].startswith(f"@time={iso_time(made)} ")
    again = world.arrive()
    again.send("PASS bob:password", "NICK bob", "USER b 0 * :B")
    assert not [line for line in again.heard() if " INVITE " in line]
    assert bob.ask("JOIN #den")[0].endswith("JOIN #den")


def test_a_guest_who_gets_an_account_keeps_its_invitations(world: World) -> None:
    alice = closed(world)
    bob = world.connect("bob", device=DEVICE)
    alice.send("INVITE bob #den")
    bob.send("REGISTER * * password1")
    bob.lose()
    bob = world.connect("bob", password="password1")
    assert bob.ask("INVITE")[0] == ":hub.test 336 bob #den"
    carol = world.connect("carol")
    alice.send("INVITE carol #den")
    world.account("dora", "password")
    carol.send("NICKSERV IDENTIFY dora password")
    assert carol.ask("INVITE")[0] == ":hub.test 336 dora #den"


def test_a_deleted_account_has_none(world: World) -> None:
    alice = closed(world)
    world.account("bob", "password")
    alice.send("INVITE bob #den")
    world.operate(entries.DeleteAccount(NO_SESSION, "bob"))
    assert world.tables["invitations"] == {}


def test_a_later_ban_ends_it_even_of_who_is_not_here(world: World) -> None:
    alice = closed(world)
    bob = world.connect("bob", device=DEVICE)
    world.account("carol")
    alice.send("INVITE bob #den", "INVITE carol #den")
    bob.lose()
    alice.send("MODE #den +b bob!*@*", "MODE #den +b ~a:carol")
    assert world.tables["invitations"] == {}


# -- bounds -------------------------------------------------------------------------------


def test_a_room_has_only_so_many_and_a_person_too() -> None:
    world = World(msgspec.structs.replace(RULES, invitations=1))
    alice, bob = room_of(world)
    world.connect("carol")
    world.connect("dora")
    assert alice.ask("INVITE carol #room") == [":hub.test 341 alice carol #room"]
    assert alice.ask("INVITE carol #room") == [":hub.test 341 alice carol #room"]
    (line,) = alice.ask("CAP REQ standard-replies", "INVITE dora #room")[1:]
    assert line == (
        ":hub.test FAIL INVITE TOO_MANY_INVITATIONS #room"
        " :#room has 1 invitations standing: UNINVITE somebody first"
    )
    bob.send("JOIN #other")
    assert "TOO_MANY_INVITATIONS carol" in bob.ask("INVITE carol #other")[0]
    alice.send("UNINVITE carol #room")
    assert alice.ask("INVITE dora #room") == [":hub.test 341 alice dora #room"]


# -- UNINVITE -----------------------------------------------------------------------------


def test_who_made_it_withdraws_it_and_both_are_told(world: World) -> None:
    alice, bob = room_of(world)
    alice.send("CAP REQ standard-replies")
    carol = world.connect("carol", "standard-replies")
    bob.send("CAP REQ standard-replies", "INVITE carol #room")
    told = ":hub.test NOTE UNINVITE WITHDRAWN carol #room :The invitation was withdrawn"
    carol.heard()
    assert bob.ask("UNINVITE CAROL #room") == [told]
    assert carol.heard() == [told]
    assert carol.ask("INVITE") == [END.format("carol")]
    assert alice.ask("UNINVITE carol #room") == [
        ":hub.test FAIL UNINVITE NOT_INVITED carol #room :There is no invitation of carol to #room"
    ]


def test_operators_withdraw_anybodys_and_others_do_not(world: World) -> None:
    alice, bob = room_of(world)
    carol, dora = world.connect("carol"), world.connect("dora")
    dora.send("JOIN #room")
    bob.send("INVITE carol #room")
    assert dora.ask("UNINVITE carol #room") == [
        ":hub.test 482 dora #room :You're not channel operator"
    ]
    assert carol.ask("INVITE")[0] == ":hub.test 336 carol #room"
    assert "WITHDRAWN" in alice.ask("UNINVITE carol #room")[0]
    assert carol.ask("INVITE") == [END.format("carol")]
    eve = world.connect("eve")
    assert eve.ask("UNINVITE carol #room") == [
        ":hub.test 442 eve #room :You're not on that channel"
    ]
    assert eve.ask("UNINVITE carol #none") == [":hub.test 403 eve #none :No such channel"]
    assert eve.ask("UNINVITE carol") == [":hub.test 461 eve UNINVITE :Not enough parameters"]


def test_the_invited_declines(world: World) -> None:
    alice, _ = room_of(world)
    carol = world.connect("carol", "standard-replies")
    assert "NOT_INVITED" in carol.ask("UNINVITE carol #room")[0]
    alice.send("INVITE carol #room")
    assert carol.ask("UNINVITE carol #room") == [
        ":hub.test NOTE UNINVITE WITHDRAWN carol #room :You declined the invitation"
    ]
    assert carol.ask("INVITE") == [END.format("carol")]


def test_who_is_gone_is_uninvited_by_the_name_it_had(world: World) -> None:
    alice, _ = room_of(world)
    carol = world.connect("carol", device=DEVICE)
    alice.send("INVITE carol #room")
    carol.lose()
    assert "WITHDRAWN" in alice.ask("UNINVITE carol #room")[0]
    assert world.tables["invitations"] == {}


# -- INVITE <room> ------------------------------------------------------------------------


def test_operators_are_told_who_is_invited(world: World) -> None:
    alice, bob = room_of(world)
    world.connect("dora")
    world.connect("carol")
    bob.send("INVITE dora #room")
    alice.send("CAP REQ standard-replies", "INVITE carol #room")
    first, second, end = alice.ask("INVITE #room")
    assert first.startswith(
        ":hub.test NOTE INVITE INVITED #room dora :dora is invited to #room by bob until 20"
    )
    assert second.startswith(":hub.test NOTE INVITE INVITED #room carol :carol is invited to")
    assert end == ":hub.test NOTE INVITE INVITED_END #room :2 invited to #room"
    assert bob.ask("INVITE #room") == [":hub.test 482 bob #room :You're not channel operator"]
    assert world.connect("eve").ask("INVITE #room") == [
        ":hub.test 442 eve #room :You're not on that channel"
    ]


def test_moderators_are_told_of_public_rooms_only(world: World) -> None:
    alice, _ = room_of(world)
    world.connect("carol")
    alice.send("INVITE carol #room")
    world.account("mod", "password", "moderator")
    mod = world.connect("mod", password="password")
    assert "INVITED #room carol" in mod.ask("INVITE #room")[0]
    alice.send("MODE #room +s")
    assert mod.ask("INVITE #room") == [":hub.test 442 mod #room :You're not on that channel"]
