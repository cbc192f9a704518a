"""What is shown on arriving at the server and in a room."""

import msgspec

from hubbub.irc.modes import ROOM_MODES, USER_MODES
from tests.world import RULES, World


def test_isupport_says_what_the_server_does(world: World) -> None:
    alice = world.arrive()
    lines = alice.ask("NICK alice", "USER al 0 * :Alice")
    tokens = [
        token
        for line in lines
        if line.split()[1] == "005"
        for token in line.removesuffix(" :are supported by this server").split()[3:]
    ]
    assert len(tokens) == len({token.partition("=")[0] for token in tokens})
    for token in (
        "CASEMAPPING=ascii",
        "CHANTYPES=#",
        "PREFIX=(ov)@+",
        "CHANMODES=beIq,k,ld,imnst",
        "STATUSMSG=@+",
        "ELIST=CMNTU",
        "WHOX",
        "BOT=B",
        "SAFELIST",
        "CHATHISTORY=100",
        "MODES=6",
    ):
        assert token in tokens
    assert all(len(line.encode()) <= 510 for line in lines)


def test_myinfo_names_every_mode(world: World) -> None:
    alice = world.arrive()
    lines = alice.ask("NICK alice", "USER al 0 * :Alice")
    (line,) = [line for line in lines if line.split()[1] == "004"]
    *_, user_modes, room_modes = line.split()
    assert set(user_modes) == set(USER_MODES)
    assert set(room_modes) == set(ROOM_MODES)


def test_a_network_with_spaces_is_escaped() -> None:
    world = World(msgspec.structs.replace(RULES, network="Our Chat"))
    alice = world.arrive()
    assert any(" NETWORK=Our\\x20Chat " in line for line in alice.ask("NICK a", "USER a 0 * :A"))


def test_who_joins_a_room_sees_topic_names_and_end(world: World) -> None:
    alice, bob = world.connect("alice"), world.connect("bob")
    alice.send("JOIN #room", "TOPIC #room :All about it")
    assert bob.ask("JOIN #room") == [
        ":bob!~bob@host.test JOIN #room",
        ":hub.test 332 bob #room :All about it",
        ":hub.test 333 bob #room alice!~alice@host.test 1700000010",
        ":hub.test 353 bob = #room :@alice bob",
        ":hub.test 366 bob #room :End of /NAMES list",
    ]


def replaying() -> World:
    world = World(msgspec.structs.replace(RULES, replay_lines=2))
    alice = world.connect("alice")
    alice.send("PRIVMSG #lobby one", "PRIVMSG #lobby two", "PRIVMSG #lobby :\1ACTION waves\1")
    return world


def test_a_client_that_cannot_ask_is_shown_what_was_said_last() -> None:
    bob = replaying().arrive()
    assert bob.ask("NICK bob", "USER bob 0 * :Bob")[-2:] == [
        ":alice!~alice@host.test PRIVMSG #lobby :[22:13] two",
        ":alice!~alice@host.test PRIVMSG #lobby :\1ACTION [22:13] waves\1",
    ]


def test_a_client_with_server_time_is_told_the_time_in_a_tag() -> None:
    bob = replaying().arrive()
    lines = bob.ask("CAP REQ :batch server-time", "NICK bob", "USER bob 0 * :Bob", "CAP END")
    start, two, waves, end = lines[-4:]
    assert start == ":hub.test BATCH +b1 chathistory #lobby"
    assert two.startswith("@batch=b1;time=2023-11-14T22:13:")
    assert two.endswith(" :alice!~alice@host.test PRIVMSG #lobby two")
    assert waves.endswith(" PRIVMSG #lobby :\1ACTION waves\1")
    assert end == ":hub.test BATCH -b1"


def test_a_client_with_chathistory_asks_itself() -> None:
    bob = replaying().arrive()
    lines = bob.ask("CAP REQ :batch draft/chathistory", "NICK bob", "USER bob 0 * :Bob", "CAP END")
    assert lines[-1] == ":hub.test 366 bob #lobby :End of /NAMES list"


def test_joining_again_shows_who_is_there_but_not_again_what_was_said() -> None:
    bob = replaying().connect("bob")
    assert bob.ask("JOIN #LOBBY") == [
        ":hub.test 353 bob = #lobby :alice bob",
        ":hub.test 366 bob #lobby :End of /NAMES list",
    ]


def test_a_private_rooms_past_is_not_replayed_to_who_comes_later() -> None:
    world = World(msgspec.structs.replace(RULES, replay_lines=5))
    alice, bob = world.connect("alice"), world.connect("bob")
    alice.send("JOIN #den", "MODE #den +k key", "PRIVMSG #den secret")
    assert bob.ask("JOIN #den key")[-1] == ":hub.test 366 bob #den :End of /NAMES list"
