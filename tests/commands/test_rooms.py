"""JOIN, PART, TOPIC, INVITE and KICK."""

import msgspec
import pytest

from tests.world import RULES, Person, World

ALICE = ":alice!~alice@host.test"
BOB = ":bob!~bob@host.test"


def room_of(world: World) -> tuple[Person, Person]:
    """Alice runs #room and Bob is in it."""
    alice, bob = world.connect("alice"), world.connect("bob")
    alice.send("JOIN #room")
    bob.send("JOIN #room")
    alice.heard()
    bob.heard()
    return alice, bob


# -- JOIN ---------------------------------------------------------------------------------


def test_the_first_in_a_room_runs_it(world: World) -> None:
    alice = world.connect("alice")
    assert alice.ask("JOIN #room") == [
        f"{ALICE} JOIN #room",
        ":hub.test 353 alice = #room @alice",
        ":hub.test 366 alice #room :End of /NAMES list",
    ]


def test_nobody_runs_the_lobby(world: World) -> None:
    alice = world.connect("alice")
    assert alice.ask("NAMES #lobby")[0] == ":hub.test 353 alice = #lobby alice"
    assert alice.ask("MODE #lobby +m") == [
        ":hub.test 482 alice #lobby :You're not channel operator"
    ]
    assert alice.ask("TOPIC #lobby :for all") == [f"{ALICE} TOPIC #lobby :for all"]


def test_members_see_who_comes(world: World) -> None:
    alice, bob = world.connect("alice"), world.connect("bob")
    alice.ask("JOIN #Room")
    bob.send("JOIN #rOOM")
    assert alice.heard() == [f"{BOB} JOIN #Room"]


def test_several_rooms_with_keys(world: World) -> None:
    alice, bob = world.connect("alice"), world.connect("bob")
    alice.send("JOIN #a,#b,#c", "MODE #a +k one", "MODE #c +k three")
    lines = bob.ask("JOIN #a,#b,#c,#a one,,wrong")
    assert [line for line in lines if " JOIN " in line] == [f"{BOB} JOIN #a", f"{BOB} JOIN #b"]
    assert lines[-1] == ":hub.test 475 bob #c :Cannot join channel (+k)"


@pytest.mark.parametrize("name", ["room", "#", "&local", ":", ":#a b", "#" + "x" * 50, ":#a\x07b"])
def test_what_cannot_be_a_room_is_refused(world: World, name: str) -> None:
    (line,) = world.connect("alice").ask(f"JOIN {name}")
    assert line.startswith(":hub.test 403 alice ")


def test_joining_again_changes_nothing_for_others(world: World) -> None:
    alice, bob = room_of(world)
    assert bob.ask("JOIN #room")[0] == ":hub.test 353 bob = #room :@alice bob"
    assert alice.heard() == []


def test_a_room_is_joined_and_left_once_however_it_is_written(world: World) -> None:
    alice = world.connect("alice")
    assert len(alice.ask("JOIN #room,#Room,#ROOM,#lobby,#Lobby")) == 5
    assert alice.ask("PART #ROOM,#room,#Room") == [f"{ALICE} PART #room"]
    assert len(alice.ask("PART ,,,,,,,, :why")) == 1


def test_join_0_leaves_everything(world: World) -> None:
    alice, bob = room_of(world)
    assert bob.ask("JOIN 0") == [f"{BOB} PART #lobby", f"{BOB} PART #room"]
    assert alice.heard() == [f"{BOB} PART #lobby", f"{BOB} PART #room"]


@pytest.mark.parametrize(
    ("modes", "line"),
    [
        ("+i", "473 bob #room :Cannot join channel (+i)"),
        ("+k key", "475 bob #room :Cannot join channel (+k)"),
        ("+l 1", "471 bob #room :Cannot join channel (+l)"),
        ("+b bob", "474 bob #room :Cannot join channel (+b)"),
    ],
)
def test_modes_keep_people_out_until_they_are_invited(world: World, modes: str, line: str) -> None:
    alice, bob = world.connect("alice"), world.connect("bob")
    alice.send("JOIN #room", f"MODE #room {modes}")
    assert bob.ask("JOIN #room") == [f":hub.test {line}"]
    alice.send("INVITE bob #room")
    assert f"{BOB} JOIN #room" in bob.ask("JOIN #room")
    bob.send("PART #room")
    assert bob.ask("JOIN #room") == [f":hub.test {line}"]


def test_exceptions_open_what_bans_and_invitations_close(world: World) -> None:
    alice, bob = world.connect("alice"), world.connect("bob")
    alice.send("JOIN #room", "MODE #room +bei *!*@* bob")
    assert bob.ask("JOIN #room") == [":hub.test 473 bob #room :Cannot join channel (+i)"]
    alice.send("MODE #room +I *!~bob@*")
    assert f"{BOB} JOIN #room" in bob.ask("JOIN #room")


def test_a_user_has_only_so_many_rooms() -> None:
    world = World(msgspec.structs.replace(RULES, rooms_per_user=2))
    alice = world.connect("alice")
    assert alice.ask("JOIN #a,#b")[-1] == (
        ":hub.test 405 alice #b :You have joined too many channels"
    )


def test_a_server_has_only_so_many_rooms() -> None:
    world = World(msgspec.structs.replace(RULES, rooms=2))
    alice = world.connect("alice")
    (line,) = alice.ask("JOIN #a", "JOIN #b")[3:]
    assert line.startswith(":hub.test 403 alice #b :This server has as many rooms")


def test_who_is_away_is_seen_away_by_those_who_notice() -> None:
    world = World()
    alice, bob = world.connect("alice", "away-notify"), world.connect("bob", "away-notify")
    bob.send("AWAY :lunch")
    alice.send("JOIN #room")
    alice.heard()
    assert f"{BOB} AWAY lunch" not in bob.ask("JOIN #room")
    assert alice.heard() == [f"{BOB} JOIN #room", f"{BOB} AWAY lunch"]


# -- PART ---------------------------------------------------------------------------------


def test_part_is_seen_by_all_and_then_no_more(world: World) -> None:
    alice, bob = room_of(world)
    assert bob.ask("PART #ROOM :bye now") == [f"{BOB} PART #room :bye now"]
    assert alice.heard() == [f"{BOB} PART #room :bye now"]
    alice.send("PRIVMSG #room gone?")
    assert bob.heard() == []


def test_part_answers_each_room(world: World) -> None:
    alice = world.connect("alice")
    assert alice.ask("PART #lobby,#none,:") == [
        f"{ALICE} PART #lobby",
        ":hub.test 403 alice #none :No such channel",
        ":hub.test 403 alice * :No such channel",
    ]
    assert alice.ask("PART #lobby") == [":hub.test 442 alice #lobby :You're not on that channel"]
    assert alice.ask("PART :a b") == [":hub.test 403 alice * :No such channel"]


def test_an_empty_room_forgets_its_modes_and_a_private_one_everything(world: World) -> None:
    alice, bob = world.connect("alice"), world.connect("bob")
    alice.send("JOIN #room", "MODE #room +mb bob", "TOPIC #room :kept", "PART #room")
    assert ":hub.test 353 bob = #room @bob" in bob.ask("JOIN #room")
    assert bob.ask("MODE #room")[0] == ":hub.test 324 bob #room +nt"
    assert bob.ask("TOPIC #room")[0] == ":hub.test 332 bob #room kept"
    alice.send("JOIN #den", "MODE #den +s", "TOPIC #den :hidden", "PART #den", "JOIN #den")
    assert alice.ask("TOPIC #den") == [":hub.test 331 alice #den :No topic is set"]


# -- TOPIC --------------------------------------------------------------------------------


def test_topic_is_set_shown_and_taken_away(world: World) -> None:
    alice, bob = room_of(world)
    assert bob.ask("TOPIC #room") == [":hub.test 331 bob #room :No topic is set"]
    assert alice.ask("TOPIC #room :News of the day") == [f"{ALICE} TOPIC #room :News of the day"]
    assert bob.heard() == [f"{ALICE} TOPIC #room :News of the day"]
    assert bob.ask("TOPIC #room")[0] == ":hub.test 332 bob #room :News of the day"
    assert alice.ask("TOPIC #room :") == [f"{ALICE} TOPIC #room :"]
    assert bob.ask("TOPIC #room")[-1] == ":hub.test 331 bob #room :No topic is set"


def test_topic_needs_the_rank_that_the_room_asks_for(world: World) -> None:
    alice, bob = room_of(world)
    assert bob.ask("TOPIC #room mine") == [":hub.test 482 bob #room :You're not channel operator"]
    alice.send("MODE #room -t")
    assert bob.ask("TOPIC #room mine")[-1] == f"{BOB} TOPIC #room mine"


def test_a_topic_is_cut_to_the_advertised_length(world: World) -> None:
    nick, room = "n" * RULES.nick_bytes, "#" + "r" * (RULES.room_bytes - 1)
    alice = world.connect(nick, host="h" * RULES.host_bytes)
    lines = alice.ask(f"JOIN {room}", f"TOPIC {room} :{'é' * 220}", f"TOPIC {room}")
    assert all(len(line.encode()) <= 510 for line in lines)
    assert lines[-3].endswith(f"!~nnnnnnnnnnn@{'h' * 63} TOPIC {room} {'é' * 150}")
    assert any(" TOPICLEN=300 " in line for line in alice.ask("VERSION"))


def test_topics_of_rooms_one_is_not_in(world: World) -> None:
    alice, _ = room_of(world)
    carol = world.connect("carol")
    alice.send("TOPIC #room open")
    assert carol.ask("TOPIC #room")[0] == ":hub.test 332 carol #room open"
    assert carol.ask("TOPIC #room mine") == [
        ":hub.test 442 carol #room :You're not on that channel"
    ]
    alice.send("MODE #room +i")
    assert carol.ask("TOPIC #room") == [":hub.test 442 carol #room :You're not on that channel"]
    assert carol.ask("TOPIC #none", "TOPIC :a b", "TOPIC #none text") == [
        ":hub.test 403 carol #none :No such channel",
        ":hub.test 403 carol * :No such channel",
        ":hub.test 403 carol #none :No such channel",
    ]


# -- KICK ---------------------------------------------------------------------------------


def test_kick_is_seen_by_all_and_the_kicked_one(world: World) -> None:
    alice, bob = room_of(world)
    assert alice.ask("KICK #room BOB :spam is bad") == [f"{ALICE} KICK #room bob :spam is bad"]
    assert bob.heard() == [f"{ALICE} KICK #room bob :spam is bad"]
    alice.send("PRIVMSG #room better")
    assert bob.heard() == []


def test_kick_without_a_reason_names_the_kicker(world: World) -> None:
    alice, _ = room_of(world)
    assert alice.ask("KICK #room bob") == [f"{ALICE} KICK #room bob alice"]


def test_kick_several(world: World) -> None:
    alice, _ = room_of(world)
    assert alice.ask("KICK #room bob,nobody,:") == [
        f"{ALICE} KICK #room bob alice",
        ":hub.test 401 alice nobody :No such nick/channel",
        ":hub.test 401 alice * :No such nick/channel",
    ]
    assert alice.ask("KICK #room a,b,c,d,e") == [":hub.test 407 alice e :Too many targets"]


@pytest.mark.parametrize(
    ("line", "reply"),
    [
        ("KICK #room alice", "482 bob #room :You're not channel operator"),
        ("KICK #none alice", "403 bob #none :No such channel"),
        ("KICK : alice", "461 bob KICK :Not enough parameters"),
    ],
)
def test_kicks_that_cannot_be(world: World, line: str, reply: str) -> None:
    _, bob = room_of(world)
    assert bob.ask(line) == [f":hub.test {reply}"]


def test_who_is_not_there_is_not_kicked(world: World) -> None:
    alice, _ = room_of(world)
    world.connect("carol")
    assert alice.ask("KICK #room carol") == [
        ":hub.test 441 alice carol #room :They aren't on that channel"
    ]
