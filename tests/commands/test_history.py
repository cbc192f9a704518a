"""CHATHISTORY."""

import pytest

from hubbub.core.ids import msgid
from tests.world import ALL_CAPABILITIES, LOG_ID, Person, World

ALICE = ":alice!~alice@host.test"


@pytest.fixture
def alice(world: World) -> Person:
    """Alice has said m1 to m5 in #room, in which Bob was when m1 to m3 were said."""
    alice = world.connect("alice", ALL_CAPABILITIES)
    bob = world.connect("bob", ALL_CAPABILITIES)
    alice.send("JOIN #room")
    bob.send("JOIN #room")
    for number in (1, 2, 3):
        alice.send(f"PRIVMSG #room m{number}")
    bob.send("PART #room")
    for number in (4, 5):
        alice.send(f"PRIVMSG #room m{number}")
    alice.heard()
    bob.heard()
    return alice


def inside(lines: list[str], kind: str = "chathistory") -> list[str]:
    """What is in the one batch, without its tags."""
    start, *items, end = lines
    reference = start.split()[2].removeprefix("+")
    assert start.split()[3] == kind
    assert end == f":hub.test BATCH -{reference}"
    assert all(f"batch={reference}" in item.partition(" ")[0] for item in items)
    return [item.partition(" ")[2] for item in items]


def texts(lines: list[str]) -> str:
    return " ".join(item.rsplit(" ", 1)[1] for item in inside(lines))


def place_of(world: World, text: str) -> str:
    (row,) = [row for row in world.history.rows if row.params == (text,)]
    return f"msgid={msgid(LOG_ID, row.place)}"


def time_of(world: World, text: str) -> str:
    (row,) = [row for row in world.history.rows if row.params == (text,)]
    seconds, rest = divmod(row.time - 1_700_000_000_000, 1000)
    return f"timestamp=2023-11-14T22:13:{20 + seconds}.{rest:03d}Z"


@pytest.mark.parametrize("reference", [place_of, time_of])
@pytest.mark.parametrize(
    ("request_", "found"),
    [
        ("BEFORE {m4} 2", "m2 m3"),
        ("BEFORE {m1} 2", ""),
        ("AFTER {m2} 2", "m3 m4"),
        ("AFTER {m5} 2", ""),
        ("LATEST * 2", "m4 m5"),
        ("LATEST {m3} 10", "m4 m5"),
        ("LATEST {m1} 2", "m4 m5"),
        ("AROUND {m3} 3", "m2 m3 m4"),
        ("AROUND {m3} 1", "m3"),
        ("BETWEEN {m1} {m5} 2", "m2 m3"),
        ("BETWEEN {m5} {m1} 2", "m3 m4"),
        ("between {m1} {m5} 999999999999", "m2 m3 m4"),
    ],
)
def test_messages_are_found_by_id_and_by_time(
    world: World, alice: Person, reference: object, request_: str, found: str
) -> None:
    assert callable(reference)
    marks = {f"m{number}": reference(world, f"m{number}") for number in range(1, 6)}
    subcommand, _, rest = request_.format(**marks).partition(" ")
    alice.send("CAP REQ -draft/event-playback")
    assert texts(alice.ask(f"CHATHISTORY {subcommand} #ROOM {rest}")) == found


def test_messages_are_as_they_were_shown(world: World, alice: Person) -> None:
    (echo,) = alice.ask("@+tag=1 PRIVMSG #room :as it was")
    lines = alice.ask("CHATHISTORY LATEST #room * 1")
    assert lines[0] == ":hub.test BATCH +b1 chathistory #room"
    assert lines[1] == f"@batch=b1;{echo[1:]}"


def test_events_are_played_back_to_who_wants_them(alice: Person) -> None:
    alice.send("TOPIC #room news", "NICK ally", "MODE #room +m", "NICK alice")
    shown = inside(alice.ask("CHATHISTORY LATEST #room * 20"))
    assert shown[-5:] == [
        f"{ALICE} PRIVMSG #room m5",
        f"{ALICE} TOPIC #room news",
        f"{ALICE} NICK ally",
        ":ally!~alice@host.test MODE #room +m",
        ":ally!~alice@host.test NICK alice",
    ]
    assert f"{ALICE} JOIN #room" in shown
    alice.send("CAP REQ -draft/event-playback")
    shown = inside(alice.ask("CHATHISTORY LATEST #room * 10"))
    assert {line.split()[1] for line in shown} == {"PRIVMSG"}


def test_what_was_said_to_operators_is_theirs(world: World, alice: Person) -> None:
    bob = world.connect("bob2", ALL_CAPABILITIES)
    bob.send("JOIN #room")
    alice.send("PRIVMSG @#room hush", "PRIVMSG +#room psst", "PRIVMSG @+#room both")
    assert texts(alice.ask("CHATHISTORY LATEST #room * 3")) == "hush psst both"
    bob.heard()
    assert "hush" not in texts(bob.ask("CHATHISTORY LATEST #room * 3"))
    alice.send("MODE #room +v bob2", "CAP REQ -draft/event-playback")
    bob.ask("CAP REQ -draft/event-playback")
    assert texts(bob.ask("CHATHISTORY LATEST #room * 2")) == "m4 m5"
    alice.send("PRIVMSG +#room now", "PRIVMSG @#room hush")
    bob.heard()
    assert texts(bob.ask("CHATHISTORY LATEST #room * 2")) == "m5 now"


def test_a_private_rooms_past_is_for_who_was_there(world: World, alice: Person) -> None:
    bob = world.connect("bob2", ALL_CAPABILITIES.replace("draft/event-playback", ""))
    alice.send("MODE #room +k key")
    bob.ask("JOIN #room key")
    alice.send("PRIVMSG #room m6")
    bob.heard()
    assert texts(bob.ask("CHATHISTORY LATEST #room * 10")) == "m6"
    alice.send("MODE #room -k key")
    bob.heard()
    assert texts(bob.ask("CHATHISTORY LATEST #room * 10")) == "m6"
    carol = world.connect("carol", ALL_CAPABILITIES.replace("draft/event-playback", ""))
    carol.ask("JOIN #room")
    alice.send("PRIVMSG #room m7")
    carol.heard()
    assert texts(carol.ask("CHATHISTORY LATEST #room * 10")) == "m7"


# -- whispers -----------------------------------------------------------------------------


def test_whispers_are_read_by_both_and_nobody_else(world: World) -> None:
    alice, bob, eve = (world.connect(nick, ALL_CAPABILITIES) for nick in ("alice", "bob", "eve"))
    alice.send("PRIVMSG bob one")
    bob.send("NOTICE alice two")
    eve.send("PRIVMSG bob three")
    bob.heard()
    request = "CHATHISTORY LATEST {} * 10"
    alice.heard()
    assert inside(alice.ask(request.format("BOB"))) == [
        f"{ALICE} PRIVMSG bob one",
        ":bob!~bob@host.test NOTICE alice two",
    ]
    assert len(inside(bob.ask(request.format("alice")))) == 2
    assert len(inside(bob.ask(request.format("eve")))) == 1
    assert inside(eve.ask(request.format("alice"))) == []
    bob.send("QUIT")
    thief = world.connect("bob", ALL_CAPABILITIES)
    assert inside(thief.ask(request.format("alice"))) == []


def test_bounds_of_both_kinds_may_be_the_wrong_way_round(world: World, alice: Person) -> None:
    alice.send("CAP REQ -draft/event-playback")
    for first, second in ((place_of, time_of), (time_of, place_of)):
        for start, end, found in (("m1", "m5", "m2 m3"), ("m5", "m1", "m3 m4")):
            bounds = f"{first(world, start)} {second(world, end)}"
            assert texts(alice.ask(f"CHATHISTORY BETWEEN #room {bounds} 2")) == found


def test_a_batch_of_whispers_names_who_it_is(world: World, alice: Person) -> None:
    carl = world.connect("carl")
    carl.send("PRIVMSG alice :hi")
    assert alice.ask("CHATHISTORY LATEST CARL * 1")[0].endswith(" chathistory carl")
    carl.send("QUIT")
    assert alice.ask("CHATHISTORY LATEST CARL * 1")[0].endswith(" chathistory CARL")


# -- TARGETS ------------------------------------------------------------------------------


@pytest.mark.parametrize("swapped", [False, True])
def test_targets_are_where_something_was_said(world: World, alice: Person, swapped: bool) -> None:
    bob = world.connect("bob2")
    bob.send("PRIVMSG #lobby one", "PRIVMSG alice two")
    alice.heard()
    bounds = ["timestamp=2000-01-01T00:00:00.000Z", "timestamp=2099-01-01T00:00:00.000Z"]
    if swapped:
        bounds.reverse()
    lines = alice.ask(f"CHATHISTORY TARGETS {' '.join(bounds)} 10")
    assert [line.split()[:4] for line in inside(lines, "draft/chathistory-targets")] == [
        [":hub.test", "CHATHISTORY", "TARGETS", target] for target in ("#room", "#lobby", "bob2")
    ]
    lines = alice.ask(f"CHATHISTORY TARGETS {' '.join(bounds)} 1")
    (only,) = inside(lines, "draft/chathistory-targets")
    assert only.split()[3] == ("bob2" if swapped else "#room")  # counted from the first bound
    never = "timestamp=1999-01-01T00:00:00.000Z"
    lines = alice.ask(f"CHATHISTORY TARGETS {never} {never} 10")
    assert inside(lines, "draft/chathistory-targets") == []


# -- refusals -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("line", "code"),
    [
        ("CHATHISTORY", "461"),
        ("CHATHISTORY :", "INVALID_PARAMS"),
        ("CHATHISTORY FROB #room * 1", "INVALID_PARAMS"),
        ("CHATHISTORY LATEST #room *", "INVALID_PARAMS"),
        ("CHATHISTORY LATEST #room * 1 2", "INVALID_PARAMS"),
        ("CHATHISTORY LATEST #room * 0", "INVALID_PARAMS"),
        ("CHATHISTORY LATEST #room * -1", "INVALID_PARAMS"),
        ("CHATHISTORY LATEST #room * :", "INVALID_PARAMS"),
        ("CHATHISTORY LATEST #room * :a b", "INVALID_PARAMS"),
        ("CHATHISTORY LATEST #room frob=1 1", "INVALID_MSGREFTYPE"),
        ("CHATHISTORY BEFORE #room * 1", "INVALID_MSGREFTYPE"),
        ("CHATHISTORY BEFORE #room msgid=frob 1", "MESSAGE_ERROR"),
        ("CHATHISTORY BEFORE #room timestamp=frob 1", "INVALID_PARAMS"),
        ("CHATHISTORY BEFORE #room timestamp=2020-01-01T00:00:00+01:00Z 1", "INVALID_PARAMS"),
        ("CHATHISTORY LATEST #none * 1", "INVALID_TARGET"),
        ("CHATHISTORY TARGETS * * 1", "INVALID_PARAMS"),
        ("CHATHISTORY TARGETS 1", "INVALID_PARAMS"),
    ],
)
def test_requests_that_cannot_be(alice: Person, line: str, code: str) -> None:
    (reply,) = alice.ask(line)
    if code == "461":
        assert reply == ":hub.test 461 alice CHATHISTORY :Not enough parameters"
    else:
        assert reply.startswith(f":hub.test FAIL CHATHISTORY {code} ")


def test_strangers_read_nothing(world: World, alice: Person) -> None:
    carol = world.connect("carol", ALL_CAPABILITIES)
    (reply,) = carol.ask("CHATHISTORY LATEST #room * 1")
    assert reply.startswith(":hub.test FAIL CHATHISTORY INVALID_TARGET LATEST #room :")


def test_an_answer_under_a_label_is_one_batch(alice: Person) -> None:
    lines = alice.ask("@label=h CHATHISTORY LATEST #room * 1")
    assert lines[0] == "@label=h :hub.test BATCH +b1 chathistory #room"
    assert len(lines) == 3


def test_without_batches_the_lines_come_bare(world: World, alice: Person) -> None:
    alice.send("CAP REQ :-batch -message-tags -server-time")
    assert alice.ask("CHATHISTORY LATEST #room * 1") == [f"{ALICE} PRIVMSG #room m5"]
