"""PRIVMSG, NOTICE, TAGMSG and AWAY."""

import pytest

from tests.world import ALL_CAPABILITIES, LOG_ID, RULES, Person, World

ALICE = ":alice!~alice@host.test"
BOB = ":bob!~bob@host.test"


def room_of(world: World, capabilities: str = "") -> tuple[Person, Person]:
    """Alice runs #room and Bob, who has capabilities, is in it."""
    alice, bob = world.connect("alice"), world.connect("bob", capabilities)
    alice.send("JOIN #room")
    bob.send("JOIN #room")
    alice.heard()
    bob.heard()
    return alice, bob


def tags_of(line: str) -> dict[str, str]:
    assert line.startswith("@")
    pairs = (tag.partition("=") for tag in line[1:].partition(" ")[0].split(";"))
    return {key: value for key, _, value in pairs}


# -- rooms --------------------------------------------------------------------------------


@pytest.mark.parametrize("verb", ["PRIVMSG", "NOTICE"])
def test_what_is_said_in_a_room_reaches_the_others(world: World, verb: str) -> None:
    alice, bob = room_of(world)
    carol = world.connect("carol")
    assert alice.ask(f"{verb} #ROOM :hello there") == []
    assert bob.heard() == [f"{ALICE} {verb} #room :hello there"]
    assert carol.heard() == []


@pytest.mark.parametrize(
    ("modes", "who", "text"),
    [
        ("+n", "carol", "Cannot send to channel"),
        ("-n+m", "carol", "Cannot send to channel"),
        ("-n+b carol", "carol", "Cannot send to channel (you are banned)"),
        ("+m", "bob", "Cannot send to channel (it is moderated)"),
        ("+b *!~bob@*", "bob", "Cannot send to channel (you are banned)"),
    ],
)
def test_rooms_keep_people_from_speaking(world: World, modes: str, who: str, text: str) -> None:
    alice, bob = room_of(world)
    people = {"bob": bob, "carol": world.connect("carol")}
    alice.ask(f"MODE #room {modes}")
    assert people[who].ask("PRIVMSG #room hi")[-1] == f":hub.test 404 {who} #room :{text}"
    assert alice.heard() == []


@pytest.mark.parametrize("modes", ["-n", "-n+be carol *!~carol@*"])
def test_an_open_room_is_spoken_to_from_outside(world: World, modes: str) -> None:
    alice, _ = room_of(world)
    carol = world.connect("carol", "echo-message")
    alice.ask(f"MODE #room {modes}")
    line = ":carol!~carol@host.test PRIVMSG #room hi"
    assert carol.ask("PRIVMSG #room hi") == [line]
    assert alice.heard() == [line]


def test_a_voice_speaks_in_a_moderated_room_even_if_banned(world: World) -> None:
    alice, bob = room_of(world)
    alice.ask("MODE #room +mvb bob bob")
    assert bob.ask("PRIVMSG #room hi")[-1:] != [":hub.test 404 bob #room :Cannot send to channel"]
    assert alice.heard() == [f"{BOB} PRIVMSG #room hi"]


@pytest.mark.parametrize(
    ("target", "heard_by"), [("@#room", "a"), ("+#room", "av"), ("@+#room", "av"), ("@@#room", "a")]
)
def test_a_message_to_a_rank_reaches_it_and_above(world: World, target: str, heard_by: str) -> None:
    alice, bob = room_of(world)
    voiced = world.connect("voiced")
    voiced.send("JOIN #room")
    alice.send("MODE #room +v voiced")
    for person in (alice, bob, voiced):
        person.heard()
    assert bob.ask(f"PRIVMSG {target} psst") == []
    shown = "@#room" if heard_by == "a" else "+#room"
    line = f"{BOB} PRIVMSG {shown} psst"
    assert alice.heard() == [line]
    assert voiced.heard() == ([line] if "v" in heard_by else [])


# -- people -------------------------------------------------------------------------------


def test_a_whisper_reaches_one_person(world: World) -> None:
    alice, bob, carol = world.connect("alice"), world.connect("bob"), world.connect("carol")
    assert alice.ask("PRIVMSG BOB :just you") == []
    assert bob.heard() == [f"{ALICE} PRIVMSG bob :just you"]
    assert carol.heard() == []


def test_a_whisper_to_oneself_comes_once(world: World) -> None:
    for capabilities in ("", "echo-message"):
        me = world.connect("me", capabilities)
        assert me.ask("PRIVMSG me note") == [":me!~me@host.test PRIVMSG me note"]
        me.send("QUIT")


def test_who_is_away_is_said_to_be_for_privmsg_only(world: World) -> None:
    alice, bob = world.connect("alice"), world.connect("bob")
    bob.send("AWAY :at lunch")
    assert alice.ask("PRIVMSG bob hi") == [":hub.test 301 alice bob :at lunch"]
    assert alice.ask("NOTICE bob hi") == []
    assert bob.heard()[-2:] == [f"{ALICE} PRIVMSG bob hi", f"{ALICE} NOTICE bob hi"]


def test_several_targets(world: World) -> None:
    alice, bob = world.connect("alice"), world.connect("bob")
    assert alice.ask("PRIVMSG bob,nobody,,#lobby,#none :hi all") == [
        ":hub.test 401 alice nobody :No such nick/channel",
        ":hub.test 403 alice #none :No such channel",
    ]
    assert bob.heard() == [f"{ALICE} PRIVMSG bob :hi all", f"{ALICE} PRIVMSG #lobby :hi all"]


@pytest.mark.parametrize(
    ("line", "reply"),
    [
        ("PRIVMSG", "411 alice :No recipient given (PRIVMSG)"),
        ("PRIVMSG bob", "412 alice :No text to send"),
        ("PRIVMSG bob :", "412 alice :No text to send"),
        ("PRIVMSG , text", "411 alice :No recipient given (PRIVMSG)"),
        ("NOTICE", "461 alice NOTICE :Not enough parameters"),
        ("PRIVMSG a,b,c,d,e hi", "407 alice e :Too many targets"),
        ("PRIVMSG @alice hi", "401 alice @alice :No such nick/channel"),
        ("PRIVMSG # hi", "403 alice # :No such channel"),
        ("PRIVMSG @# hi", "403 alice # :No such channel"),
    ],
)
def test_messages_that_cannot_be(world: World, line: str, reply: str) -> None:
    assert world.connect("alice").ask(line) == [f":hub.test {reply}"]


def test_what_could_not_be_relayed_whole_is_refused(world: World) -> None:
    alice, bob = world.connect("alice"), world.connect("bob")
    most = 510 - RULES.longest_source - len("PRIVMSG bob :")
    assert alice.ask("PRIVMSG bob :" + "x" * most) == []
    (line,) = bob.heard()
    assert line.endswith("x" * most)
    (refusal,) = alice.ask("PRIVMSG bob :" + "x" * (most + 1))
    assert refusal == ":hub.test 417 alice :The message is 1 bytes too long to be relayed"
    assert bob.heard() == []


# -- echo, labels and once ----------------------------------------------------------------


def test_an_echo_carries_the_label_and_the_others_id(world: World) -> None:
    alice, bob = room_of(world, ALL_CAPABILITIES)
    carol = world.connect("carol", "message-tags server-time")
    carol.ask("JOIN #room")
    (echo,) = bob.ask("@label=x1 PRIVMSG #room hello")
    (heard,) = carol.heard()
    assert tags_of(echo) == {"label": "x1"} | tags_of(heard)
    assert tags_of(heard)["msgid"].startswith(LOG_ID)
    assert alice.heard()[-1] == f"{BOB} PRIVMSG #room hello"


def test_a_label_without_an_echo_is_acknowledged(world: World) -> None:
    world.connect("bob")
    alice = world.connect("alice", "batch labeled-response")
    assert alice.ask("@label=x PRIVMSG bob hi") == ["@label=x :hub.test ACK"]
    assert alice.ask("@label=y PRIVMSG nobody hi") == [
        "@label=y :hub.test 401 alice nobody :No such nick/channel"
    ]


def test_a_repeat_is_answered_by_the_first_ones_echo(world: World) -> None:
    alice, bob = room_of(world, ALL_CAPABILITIES)
    (first,) = bob.ask("@hubbub/id=abc PRIVMSG #room hello")
    assert alice.heard() == [f"{BOB} PRIVMSG #room hello"]
    assert bob.ask("@hubbub/id=abc PRIVMSG #room hello") == [first]
    assert alice.heard() == []
    (second,) = bob.ask("@hubbub/id=abd PRIVMSG #room hello")
    assert tags_of(second)["msgid"] != tags_of(first)["msgid"]


def test_a_repeat_counts_for_one_sender_and_one_week(world: World) -> None:
    alice, bob = room_of(world, "hubbub/once message-tags")
    carol = world.connect("carol", "hubbub/once message-tags")
    carol.send("JOIN #room", "@hubbub/id=abc PRIVMSG #room one")
    bob.send("@hubbub/id=abc PRIVMSG #room two")
    world.pass_time(8 * 24 * 3600 * 1000)
    bob.send("@hubbub/id=x PRIVMSG #room three", "@hubbub/id=abc PRIVMSG #room four")
    said = [line.rsplit(" ", 1)[1] for line in alice.heard() if "PRIVMSG" in line]
    assert said == ["one", "two", "three", "four"]


def test_an_id_means_nothing_without_the_capability(world: World) -> None:
    alice, bob = room_of(world, "message-tags")
    bob.send("@hubbub/id=abc PRIVMSG #room hi", "@hubbub/id=abc PRIVMSG #room hi")
    assert len(alice.heard()) == 2


@pytest.mark.parametrize("verb", ["PRIVMSG", "NOTICE"])
def test_an_id_is_for_one_target(world: World, verb: str) -> None:
    bob = world.connect("bob", ALL_CAPABILITIES)
    (refusal,) = bob.ask(f"@hubbub/id=abc {verb} #lobby,bob hi")
    assert refusal.startswith(f":hub.test FAIL {verb} INVALID_ID :")
    (refusal,) = bob.ask(f"@hubbub/id={'x' * 65} PRIVMSG bob hi")
    assert " INVALID_ID " in refusal


# -- tags ---------------------------------------------------------------------------------


def test_client_tags_are_relayed_to_who_wants_tags(world: World) -> None:
    alice, bob = room_of(world, "message-tags")
    carol = world.connect("carol", "message-tags")
    carol.ask("JOIN #room")
    bob.send("@+react=yes\\sno;other=1;+empty;time=x PRIVMSG #room hi")
    (line,) = carol.heard()
    assert {key: value for key, value in tags_of(line).items() if key != "msgid"} == {
        "+react": "yes\\sno",
        "+empty": "",
    }
    assert alice.heard()[-1] == f"{BOB} PRIVMSG #room hi"


def test_tagmsg_is_for_those_who_know_tags(world: World) -> None:
    alice, bob = room_of(world, "message-tags echo-message")
    carol = world.connect("carol", "message-tags")
    carol.ask("JOIN #room")
    alice.heard()
    assert bob.ask("@+typing=active TAGMSG #room") == [f"@+typing=active {BOB} TAGMSG #room"]
    assert carol.heard() == [f"@+typing=active {BOB} TAGMSG #room"]
    assert alice.heard() == []
    assert alice.ask("TAGMSG #room") == [":hub.test 421 alice TAGMSG :Unknown command"]
    assert carol.ask("TAGMSG") == [":hub.test 461 carol TAGMSG :Not enough parameters"]
    assert bob.ask("@+typing=active TAGMSG carol") == [f"@+typing=active {BOB} TAGMSG carol"]
    assert carol.heard() == [f"@+typing=active {BOB} TAGMSG carol"]


def test_tagmsg_leaves_no_history(world: World) -> None:
    _, bob = room_of(world, "message-tags")
    before = len(world.history.rows)
    bob.send("@+typing=active TAGMSG #room")
    assert len(world.history.rows) == before


# -- AWAY ---------------------------------------------------------------------------------


def test_away_and_back_are_told_to_those_who_notice(world: World) -> None:
    alice, bob = room_of(world, "away-notify")
    carol = world.connect("carol", "away-notify")
    assert bob.ask("AWAY :at lunch") == [":hub.test 306 bob :You have been marked as being away"]
    assert carol.heard() == [f"{BOB} AWAY :at lunch"]
    assert alice.heard() == []
    assert bob.ask("AWAY :at lunch") == [":hub.test 306 bob :You have been marked as being away"]
    assert carol.heard() == []
    assert bob.ask("AWAY :") == [":hub.test 305 bob :You are no longer marked as being away"]
    assert carol.heard() == [f"{BOB} AWAY"]
    assert bob.ask("AWAY") == [":hub.test 305 bob :You are no longer marked as being away"]
    assert carol.heard() == []


def test_an_away_text_is_cut(world: World) -> None:
    alice, bob = world.connect("alice"), world.connect("bob")
    bob.send("AWAY :" + "x" * 300)
    assert alice.ask("PRIVMSG bob hi") == [f":hub.test 301 alice bob {'x' * RULES.away_bytes}"]


@pytest.mark.parametrize("typed", ["#" + "a" * 16, "c" * 9])
def test_a_name_that_is_longer_than_it_was_typed_counts(world: World, typed: str) -> None:
    alice = world.connect("alice")
    world.connect("ｃ" * 9)
    alice.send("JOIN #" + "ａ" * 16)
    most = 510 - RULES.longest_source - len(f"PRIVMSG {typed} :")
    (line,) = alice.ask(f"PRIVMSG {typed} :{'x' * most}")
    assert line.startswith(":hub.test 417 alice :The message is ")
    assert alice.ask(f"PRIVMSG {typed} :{'x' * (most - 32)}") == []
