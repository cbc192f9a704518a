"""What a client without chathistory is shown of what was said while it was away."""

from __future__ import annotations

import msgspec
import pytest

from hubbub.core import entries
from hubbub.core.ids import NO_SESSION
from hubbub.core.missed import RESTART_MARGIN_MS
from tests.world import RULES, Person, World

LINES = 4


@pytest.fixture
def world() -> World:
    return World(msgspec.structs.replace(RULES, replay_lines=LINES))


@pytest.fixture
def alice(world: World) -> Person:
    """Alice, who stays and talks."""
    return world.enter("alice")


def arrive(world: World, nick: str = "bob", device: str = "") -> tuple[Person, list[str]]:
    """Somebody with an old client comes in, and is shown this of what was said."""
    bob = world.arrive()
    bob.send("CAP REQ hubbub/device" if device else "CAP LS")
    if device:
        bob.send(f"DEVICE {device}")
    bob.send(f"NICK {nick}", f"USER {nick} 0 * :{nick}", "CAP END")
    return bob, said(bob.heard())


def said(lines: list[str]) -> list[str]:
    """Target and text of what was said, without the time before it."""
    found = []
    for line in lines:
        _, _, rest = line.partition(" PRIVMSG ")
        if rest:
            target, _, text = rest.partition(" ")
            text = text.removeprefix(":")
            found.append(f"{target} {text.partition('] ')[2] or text}")
    return found


def join(person: Person, room: str = "#room") -> list[str]:
    return said(person.ask(f"JOIN {room}"))


@pytest.mark.parametrize("device", ["", "d" * 32])
def test_a_guest_is_shown_each_line_once(world: World, alice: Person, device: str) -> None:
    alice.send("PRIVMSG #lobby :before all")
    bob, shown = arrive(world, device=device)
    assert shown == ["#lobby before all"], "a stranger is shown the last of it"
    alice.send("PRIVMSG #lobby :live")
    assert said(bob.heard()) == ["#lobby live"]
    bob.send("QUIT")
    alice.send("PRIVMSG #lobby one", "PRIVMSG #lobby two")
    bob, shown = arrive(world, device=device)
    assert shown == ["#lobby one", "#lobby two"]
    bob.send("QUIT")
    assert arrive(world, device=device)[1] == [], "nothing was missed"


def test_another_guest_of_that_name_is_a_stranger(world: World, alice: Person) -> None:
    alice.send("PRIVMSG #lobby :hello")
    bob, _ = arrive(world)
    bob.send("QUIT")
    other = world.arrive(host="elsewhere.test")
    other.send("NICK bob", "USER bob 0 * :bob")
    assert said(other.heard()) == ["#lobby hello"]


@pytest.mark.parametrize("leave", ["PART #room", "QUIT"])
def test_a_room_that_was_left_shows_what_came_since(
    world: World, alice: Person, leave: str
) -> None:
    bob, _ = arrive(world)
    alice.send("PRIVMSG #room :before")
    assert join(bob) == ["#room before"]
    bob.send(leave)
    alice.send("PRIVMSG #room :since")
    if leave == "QUIT":
        bob, _ = arrive(world)
    assert join(bob) == ["#room since"]
    assert join(bob) == []
    alice.send("KICK #room bob", "PRIVMSG #room :without you")
    assert join(bob) == ["#room without you"]


def with_account(world: World) -> Person:
    """Bob's account comes in, by what an old client can do, and goes into #room."""
    return world.connect("bob", password="password")


def come_back(world: World, caps: str = "") -> tuple[Person, list[str]]:
    """The same, with all that is shown on the way."""
    person = world.arrive()
    person.send("CAP REQ :sasl " + caps, "AUTHENTICATE PLAIN", "AUTHENTICATE AGJvYgBwYXNzd29yZA==")
    person.send("NICK bob", "USER bob 0 * :Bob", "CAP END")
    return person, person.heard()


def test_an_account_is_shown_what_it_missed_in_all_its_rooms(world: World, alice: Person) -> None:
    world.account("bob")
    bob = with_account(world)
    bob.send("JOIN #room")
    alice.send("PRIVMSG #room :live")
    bob.send("QUIT")
    alice.send("PRIVMSG #room :missed", "PRIVMSG #lobby :missed too", "PRIVMSG bob :psst")
    alice.send("NOTICE bob :hm")
    bob, lines = come_back(world)
    assert sorted(said(lines)) == ["#lobby missed too", "#room missed", "bob psst"]
    assert [line for line in lines if line.endswith("] hm")]
    bob.send("PRIVMSG alice :yes?", "QUIT")
    assert said(come_back(world)[1]) == []


def test_another_device_of_who_is_here_missed_nothing(world: World, alice: Person) -> None:
    world.account("bob")
    bob = with_account(world)
    bob.send("QUIT")
    alice.send("PRIVMSG #lobby :missed", "PRIVMSG bob :psst")
    assert len(said(come_back(world)[1])) == 2
    assert said(come_back(world)[1]) == [], "the first one is still here"


@pytest.mark.parametrize("caps", ["batch draft/chathistory", "draft/chathistory server-time"])
def test_who_can_ask_is_shown_nothing(world: World, alice: Person, caps: str) -> None:
    world.account("bob")
    with_account(world).send("QUIT")
    alice.send("PRIVMSG #lobby :missed", "PRIVMSG bob :psst")
    bob, lines = come_back(world, caps)
    assert said(lines) == []
    assert join(bob) == []


def test_more_than_the_bound_is_counted(world: World, alice: Person) -> None:
    bob, _ = arrive(world)
    bob.send("JOIN #room", "QUIT")
    alice.send(*(f"PRIVMSG #room :{number}" for number in range(LINES)))
    bob, _ = arrive(world)
    lines = bob.ask("JOIN #room")
    assert len(said(lines)) == LINES
    assert not [line for line in lines if "earlier message" in line]
    bob.send("QUIT")
    alice.send(*(f"PRIVMSG #room :{number}" for number in range(LINES + 3)))
    bob, _ = arrive(world)
    lines = bob.ask("JOIN #room")
    assert said(lines) == [f"#room {number}" for number in range(3, LINES + 3)]
    (note,) = [line for line in lines if "earlier message" in line]
    assert note.startswith(":hub.test NOTICE #room :3 earlier messages: /history ")
    assert lines.index(note) == len(lines) - LINES - 1


def test_times_stand_in_a_tag_or_before_the_text(world: World, alice: Person) -> None:
    world.account("bob")
    with_account(world).send("QUIT")
    alice.send("PRIVMSG bob :psst")
    (line,) = [line for line in come_back(world)[1] if " PRIVMSG " in line]
    assert line.startswith(":alice!")
    assert line.endswith("] psst")
    world.account("eve")
    world.connect("eve", password="password").send("QUIT")
    alice.send("PRIVMSG eve :psst")
    eve = world.arrive()
    eve.send("CAP REQ :sasl batch server-time", "AUTHENTICATE PLAIN")
    eve.send("AUTHENTICATE AGV2ZQBwYXNzd29yZA==", "NICK eve", "USER eve 0 * :E", "CAP END")
    lines = eve.heard()
    (line,) = [line for line in lines if " PRIVMSG " in line]
    assert ";time=2023-" in line.partition(" ")[0]
    assert line.endswith(" PRIVMSG eve psst")
    assert [line for line in lines if " BATCH +" in line and line.endswith(" chathistory alice")]


def test_a_connection_that_broke_may_see_the_last_again_but_loses_nothing(
    world: World, alice: Person
) -> None:
    bob, _ = arrive(world)
    heard_at = world.clock
    alice.send("PRIVMSG #lobby :into the void")
    bob.closed = True
    world._forget(bob.session.id)
    world.submit(bob, entries.Close(bob.session.id, "Ping timeout", True, heard_at))
    alice.send("PRIVMSG #lobby :missed")
    assert arrive(world)[1] == ["#lobby into the void", "#lobby missed"]


@pytest.mark.parametrize("registered", [False, True])
def test_a_killed_server_loses_nothing(world: World, registered: bool) -> None:
    if registered:
        world.account("bob")
    alice = world.connect("alice")
    if registered:
        with_account(world)
    else:
        arrive(world)
    alice.send("PRIVMSG #lobby :long ago")
    world.pass_time(2 * RESTART_MARGIN_MS)
    alice.send("PRIVMSG #lobby :just now")
    world.restart()
    alice = world.connect("alice")
    alice.send("PRIVMSG #lobby :afterwards")
    shown = said(come_back(world)[1]) if registered else arrive(world)[1]
    assert shown == ["#lobby just now", "#lobby afterwards"]


def test_a_private_rooms_past_stays_closed(world: World) -> None:
    alice = world.enter("alice", room="#den")
    bob, _ = arrive(world)
    bob.send("JOIN #den", "PART #den")
    alice.send("MODE #den +k key", "PRIVMSG #den :secret")
    assert said(bob.ask("JOIN #den key")) == []


def test_marks_go_with_the_account_and_are_bounded(world: World) -> None:
    world = World(msgspec.structs.replace(RULES, guests_with_markers=2, read_markers=1))
    world.account("bob")
    alice = world.connect("alice")
    alice.send("PRIVMSG #lobby :hello")
    with_account(world).send("JOIN #room", "TOPIC #room x", "PART #room", "QUIT")
    assert [mark.target for mark in world.state.last_seen.of("a:1")] == [""]
    for number in range(4):
        arrive(world, f"guest{number}")[0].send("QUIT")
    assert len([mark for mark in world.state.last_seen if mark.identity.startswith("g:")]) == 2
    world.operate(entries.DeleteAccount(NO_SESSION, "bob"))
    assert world.state.last_seen.of("a:1") == ()


def test_a_device_that_registers_takes_its_marks_along(world: World, alice: Person) -> None:
    bob = world.connect("bob", device="d" * 32)
    bob.send("JOIN #room", "PRIVMSG #room hi", "PART #room")
    alice.send("PRIVMSG #room :since")
    world.submit(bob, entries.Register(bob.session.id, "bob", "verifier", "scram"))
    assert [mark.identity for mark in world.state.last_seen] == ["a:1"]
    assert join(bob) == ["#room since"]


def test_it_can_be_switched_off() -> None:
    world = World(RULES)
    assert world.rules.replay_lines == 0
    alice = world.connect("alice")
    bob, _ = arrive(world)
    bob.send("QUIT")
    alice.send("PRIVMSG #lobby :missed")
    assert arrive(world)[1] == []
