"""MARKREAD."""

import msgspec
import pytest

from hubbub.core import entries
from hubbub.core.ids import NO_SESSION
from hubbub.irc.times import iso_time
from tests.world import ALL_CAPABILITIES, RULES, START, Person, World

CAPABILITIES = f"{ALL_CAPABILITIES} draft/read-marker"
CLOCKLESS = CAPABILITIES.replace("server-time", "")
DEVICE = "a-device-of-twenty-two-letters-at-least"
ONE, TWO = (f"timestamp={iso_time(START + time)}" for time in (1_000, 2_000))


@pytest.fixture
def alice(world: World) -> Person:
    world.account("alice")
    return devices(world, 1)[0]


def devices(world: World, count: int) -> list[Person]:
    return [world.connect("alice", CLOCKLESS, password="password") for _ in range(count)]


def told(target: str, until: str) -> str:
    return f":hub.test MARKREAD {target} {until}"


def test_nothing_is_known_at_first(alice: Person) -> None:
    assert alice.ask("MARKREAD #LOBBY") == [told("#lobby", "*")]
    assert alice.ask("MARKREAD bob") == [told("bob", "*")]


@pytest.mark.parametrize("target", ["#lobby", "bob"])
def test_a_marker_is_told_to_all_devices_and_nobody_else(
    world: World, alice: Person, target: str
) -> None:
    (other,) = devices(world, 1)
    bob = world.connect("bob", CLOCKLESS)
    assert alice.ask(f"MARKREAD {target.upper()} {ONE}") == [told(target, ONE)]
    assert other.heard() == [told(target, ONE)]
    assert bob.heard() == []
    assert bob.ask("MARKREAD #lobby") == [told("#lobby", "*")]
    assert other.ask(f"MARKREAD {target}") == [told(target, ONE)]


def test_a_marker_only_moves_on(world: World, alice: Person) -> None:
    (other,) = devices(world, 1)
    alice.send(f"MARKREAD #lobby {TWO}")
    other.heard()
    for until in (ONE, TWO):
        assert alice.ask(f"MARKREAD #lobby {until}") == [told("#lobby", TWO)]
    assert other.heard() == []


def test_nobody_has_read_the_future(world: World, alice: Person) -> None:
    (line,) = alice.ask("MARKREAD #lobby timestamp=2999-01-01T00:00:00.000Z")
    assert line == told("#lobby", f"timestamp={iso_time(world.clock)}")


def test_the_answer_bears_the_label(alice: Person) -> None:
    assert alice.ask(f"@label=m MARKREAD #lobby {ONE}") == [f"@label=m {told('#lobby', ONE)}"]
    assert alice.ask("@label=n MARKREAD #lobby") == [f"@label=n {told('#lobby', ONE)}"]


def test_who_joins_is_told_before_the_names_end(world: World, alice: Person) -> None:
    lines = [line for line in alice.ask("JOIN #room") if " 353 " not in line]
    assert [line.split()[-3 if " 366 " in line else 1] for line in lines[1:2]] == ["MARKREAD"]
    assert lines[0].endswith(" JOIN #room")
    assert lines[1] == told("#room", "*")
    assert " 366 " in lines[2]
    alice.send("PRIVMSG #room hi", f"MARKREAD #room {ONE}", "PART #room")
    assert told("#room", ONE) in alice.ask("JOIN #room")


def test_who_comes_back_is_told_of_each_room(world: World, alice: Person) -> None:
    alice.send("JOIN #room", f"MARKREAD #room {ONE}", f"MARKREAD #lobby {TWO}")
    alice.lose()
    again = world.arrive()
    again.send(f"CAP REQ :{CLOCKLESS} sasl")
    again.send("AUTHENTICATE PLAIN", "AUTHENTICATE AGFsaWNlAHBhc3N3b3Jk")
    lines = again.ask("NICK alice", "USER alice 0 * :Alice", "CAP END")
    found = [line for line in lines if " MARKREAD " in line]
    assert sorted(found) == [told("#lobby", TWO), told("#room", ONE)]
    for line in found:
        room = line.split()[2]
        join = next(at for at, item in enumerate(lines) if item.endswith(f" JOIN {room}"))
        end = next(at for at, item in enumerate(lines) if f" 366 alice {room} " in item)
        assert join < lines.index(line) < end


def test_who_did_not_ask_for_markers_is_told_none(world: World, alice: Person) -> None:
    old = world.connect("alice", ALL_CAPABILITIES, password="password")
    alice.send(f"MARKREAD #lobby {ONE}")
    assert old.heard() == []
    assert not any("MARKREAD" in line for line in old.ask("JOIN #room"))
    assert old.ask("MARKREAD #lobby") == [":hub.test 421 alice MARKREAD :Unknown command"]


# -- whose it is --------------------------------------------------------------------------


def test_a_guests_markers_are_its_devices(world: World) -> None:
    guest = world.connect("guest", CLOCKLESS, device=DEVICE)
    guest.send(f"MARKREAD #lobby {ONE}", f"MARKREAD bob {TWO}", "QUIT")
    again = world.connect("other", CLOCKLESS, device=DEVICE)
    assert again.ask("MARKREAD #lobby", "MARKREAD BOB") == [told("#lobby", ONE), told("BOB", TWO)]
    again.send("QUIT")
    thief = world.connect("guest", CLOCKLESS)
    assert thief.ask("MARKREAD #lobby") == [told("#lobby", "*")]
    thief.send(f"MARKREAD #lobby {ONE}", "QUIT")
    assert [row[0] for row in world.tables["read_markers"].values()] == [again_identity(world)] * 2


def again_identity(world: World) -> str:
    identities = {marker.identity for marker in world.state.markers}
    (identity,) = identities
    assert identity.startswith("d:")
    return identity


def test_who_registers_keeps_them(world: World) -> None:
    guest = world.connect("guest", f"{CLOCKLESS} draft/account-registration", device=DEVICE)
    guest.send(f"MARKREAD #lobby {ONE}", "REGISTER * * a-good-passphrase")
    assert guest.ask("MARKREAD #lobby") == [told("#lobby", ONE)]
    assert {marker.identity for marker in world.state.markers} == {"a:1"}


def test_a_deleted_account_leaves_none(world: World, alice: Person) -> None:
    alice.send(f"MARKREAD #lobby {ONE}")
    world.operate(entries.DeleteAccount(NO_SESSION, "alice"))
    assert world.tables["read_markers"] == {}


def test_markers_survive_a_restart(world: World, alice: Person) -> None:
    alice.send(f"MARKREAD #lobby {ONE}")
    world.restart()
    (again,) = devices(world, 1)
    assert again.ask("MARKREAD #lobby") == [told("#lobby", ONE)]


# -- bounds -------------------------------------------------------------------------------


def test_the_oldest_of_too_many_goes(world: World, alice: Person) -> None:
    rules = msgspec.structs.replace(RULES, read_markers=2, guests_with_markers=1)
    world.operate(entries.RulesChanged(NO_SESSION, rules))
    alice.send(f"MARKREAD a {ONE}", f"MARKREAD b {ONE}", f"MARKREAD a {TWO}", f"MARKREAD c {ONE}")
    answers = alice.ask("MARKREAD a", "MARKREAD b", "MARKREAD c")
    assert answers == [told("a", TWO), told("b", "*"), told("c", ONE)]
    for nick in ("bob", "carol"):
        world.connect(nick, CLOCKLESS).send(f"MARKREAD a {ONE}")
    assert len(world.tables["read_markers"]) == 3


# -- refusals -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("line", "reply"),
    [
        ("MARKREAD", "NEED_MORE_PARAMS :"),
        ("MARKREAD :", "NEED_MORE_PARAMS :"),
        ("MARKREAD #none", "INVALID_PARAMS #none :"),
        (f"MARKREAD #none {ONE}", "INVALID_PARAMS #none :"),
        ("MARKREAD 1bad", "INVALID_PARAMS 1bad :"),
        ("MARKREAD #lobby *", "INVALID_PARAMS * :"),
        ("MARKREAD #lobby timestamp=frob", "INVALID_PARAMS timestamp=frob :"),
        ("MARKREAD #lobby msgid=x", "INVALID_PARAMS msgid=x :"),
        ("MARKREAD #lobby timestamp=1969-01-01T00:00:00.000Z", "INVALID_PARAMS timestamp=1969"),
    ],
)
def test_requests_that_cannot_be(alice: Person, line: str, reply: str) -> None:
    (answer,) = alice.ask(line)
    assert answer.startswith(f":hub.test FAIL MARKREAD {reply}")
