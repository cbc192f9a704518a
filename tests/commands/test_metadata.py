"""METADATA."""

import msgspec
import pytest

from hubbub.core import entries
from hubbub.core.ids import NO_SESSION
from tests.world import RULES, Person, World

CAPABILITIES = "batch draft/metadata-2 labeled-response standard-replies"


@pytest.fixture
def alice(world: World) -> Person:
    return world.connect("alice", CAPABILITIES)


@pytest.fixture
def bob(world: World) -> Person:
    return world.connect("bob", CAPABILITIES)


def batch(lines: list[str], kind: str = "metadata") -> list[str]:
    """What is in the one batch that the lines are, in front of it its parameters."""
    start, *inside, end = lines
    _, _, reference, found, *params = start.split()
    assert found == kind
    assert end == f":hub.test BATCH -{reference[1:]}"
    assert all(line.startswith(f"@batch={reference[1:]} ") for line in inside)
    return [" ".join(params), *(line.partition(" ")[2] for line in inside)]


# -- setting and reading ------------------------------------------------------------------


def test_what_is_set_can_be_read(alice: Person, bob: Person) -> None:
    assert alice.ask("METADATA * SET url :http://example.org/a b") == [
        ":hub.test 761 alice alice url * :http://example.org/a b"
    ]
    alice.send("METADATA ALICE SET im.xmpp :")
    assert batch(bob.ask("METADATA ALICE LIST")) == [
        "alice",
        ":hub.test 761 bob alice im.xmpp * :",
        ":hub.test 761 bob alice url * :http://example.org/a b",
    ]
    assert batch(bob.ask("METADATA alice GET none url $x")) == [
        "alice",
        ":hub.test 766 bob alice none :key not set",
        ":hub.test 761 bob alice url * :http://example.org/a b",
        ":hub.test FAIL METADATA KEY_INVALID $x :A key has 1 to 64 of a-z, 0-9, _ . / and -",
    ]


def test_what_is_taken_away_is_gone(alice: Person) -> None:
    alice.send("METADATA * SET a :1")
    assert alice.ask("METADATA * SET a") == [":hub.test 766 alice alice a :key not set"]
    (line,) = alice.ask("METADATA * SET a")
    assert line.startswith(":hub.test FAIL METADATA KEY_NOT_SET alice a :")
    assert batch(alice.ask("METADATA * LIST")) == ["alice"]


def test_all_is_cleared_at_once(alice: Person, bob: Person) -> None:
    alice.send("METADATA * SET b :2", "METADATA * SET a :1")
    bob.ask("METADATA * SUB a")
    assert batch(alice.ask("METADATA * CLEAR")) == [
        "alice",
        ":hub.test 761 alice alice a * 1",
        ":hub.test 761 alice alice b * 2",
    ]
    assert bob.heard() == [":alice!~alice@host.test METADATA alice a *"]
    assert batch(alice.ask("METADATA * CLEAR")) == ["alice"]
    assert batch(alice.ask("METADATA * LIST")) == ["alice"]


def test_answers_bear_the_label(alice: Person) -> None:
    assert alice.ask("@label=x METADATA * SET a :1") == ["@label=x :hub.test 761 alice alice a * 1"]
    for command in ("LIST", "CLEAR", "SYNC"):
        line = alice.ask(f"@label=y METADATA * {command}")[0]
        assert line.startswith("@label=y :hub.test BATCH +")
        assert line.endswith(" metadata alice")


def test_whois_tells_who_can_read_it(world: World, alice: Person, bob: Person) -> None:
    old = world.connect("old")
    alice.send("METADATA * SET url :x y")
    line = ":hub.test 760 {} alice url * :x y"
    assert line.format("bob") in bob.ask("WHOIS alice")
    assert line.format("old") not in old.ask("WHOIS alice")


# -- who may ------------------------------------------------------------------------------


def test_nobody_describes_anybody_else(alice: Person, bob: Person) -> None:
    alice.send("METADATA * SET a :1")
    for line in ("METADATA alice SET a :2", "METADATA alice SET a", "METADATA alice SET b :2"):
        key = line.split()[3]
        (answer,) = bob.ask(line)
        assert answer.startswith(f":hub.test FAIL METADATA KEY_NO_PERMISSION alice {key} :")
    (answer,) = bob.ask("METADATA alice CLEAR")
    assert answer.startswith(":hub.test FAIL METADATA KEY_NO_PERMISSION alice * :")
    assert batch(bob.ask("METADATA alice LIST"))[1:] == [":hub.test 761 bob alice a * 1"]


def test_a_rooms_operators_describe_it(alice: Person, bob: Person) -> None:
    alice.send("JOIN #room")
    bob.send("JOIN #room")
    (answer,) = bob.ask("METADATA #room SET url :x")
    assert answer.startswith(":hub.test FAIL METADATA KEY_NO_PERMISSION #room url :")
    assert alice.ask("METADATA #ROOM SET url :x") == [":hub.test 761 alice #room url * x"]
    (answer,) = bob.ask("METADATA #room CLEAR")
    assert answer.startswith(":hub.test FAIL METADATA KEY_NO_PERMISSION #room * :")
    assert len(batch(alice.ask("METADATA #room CLEAR"))) == 2


def test_moderators_describe_everybody_and_public_rooms(world: World, alice: Person) -> None:
    world.account("mod", role="moderator")
    mod = world.connect("mod", CAPABILITIES, password="password")
    alice.send("METADATA * SET rude :x", "JOIN #open", "JOIN #den", "MODE #den +i")
    assert mod.ask("METADATA alice SET rude") == [":hub.test 766 mod alice rude :key not set"]
    assert mod.ask("METADATA #open SET a :1") == [":hub.test 761 mod #open a * 1"]
    assert mod.ask("METADATA #lobby SET a :1") == [":hub.test 761 mod #lobby a * 1"]
    (answer,) = mod.ask("METADATA #den SET a :1")
    assert answer.startswith(":hub.test FAIL METADATA INVALID_TARGET #den :")
    alice.send("INVITE mod #den")
    (answer, *_) = mod.ask("JOIN #den", "METADATA #den SET a :1")[-1:]
    assert answer.startswith(":hub.test FAIL METADATA KEY_NO_PERMISSION #den a :")


def test_outsiders_learn_nothing_of_a_private_room(alice: Person, bob: Person) -> None:
    alice.send("JOIN #den", "METADATA #den SET a :1")
    assert len(batch(bob.ask("METADATA #den LIST"))) == 2
    alice.send("MODE #den +s")
    for command in ("LIST", "GET a", "SET a :2", "CLEAR", "SYNC"):
        answers = [bob.ask(f"METADATA {name} {command}") for name in ("#den", "#not")]
        assert answers[0] == [line.replace("#not", "#den") for line in answers[1]]
        assert answers[0][0].startswith(":hub.test FAIL METADATA INVALID_TARGET #den :")
    assert len(batch(alice.ask("METADATA #den LIST"))) == 2


# -- being told ---------------------------------------------------------------------------


def test_who_subscribed_is_told_of_changes(world: World, alice: Person, bob: Person) -> None:
    carol = world.connect("carol", CAPABILITIES)
    old = world.connect("old", "batch")
    assert bob.ask("METADATA * SUB url avatar") == [":hub.test 770 bob url avatar"]
    carol.send("METADATA * SUB avatar")
    old.send("METADATA * SUB url")
    for person in (carol, old):
        person.heard()
    alice.ask("METADATA * SET url :x")
    assert bob.heard() == [":alice!~alice@host.test METADATA alice url * x"]
    alice.send("METADATA * SET url")
    assert bob.heard() == [":alice!~alice@host.test METADATA alice url *"]
    assert carol.heard() == old.heard() == []
    bob.send("METADATA * UNSUB url")
    bob.heard()
    alice.send("METADATA * SET url :y")
    assert bob.heard() == []


def test_what_one_sets_is_told_to_ones_other_devices_only(world: World) -> None:
    world.account("ann")
    one, two = (world.connect("ann", CAPABILITIES, password="password") for _ in range(2))
    for device in (one, two):
        device.ask("METADATA * SUB a")
    assert one.ask("METADATA * SET a :1") == [":hub.test 761 ann ann a * 1"]
    assert two.heard() == [":ann!~ann@host.test METADATA ann a * 1"]
    assert one.ask("METADATA * SET a :1") == [":hub.test 761 ann ann a * 1"]
    assert two.heard() == []


def test_a_rooms_changes_are_its_members(world: World, alice: Person, bob: Person) -> None:
    carol = world.connect("carol", CAPABILITIES)
    alice.send("JOIN #room")
    bob.send("JOIN #room")
    for person in (bob, carol):
        person.ask("METADATA * SUB a")
    alice.send("METADATA #room SET a :1")
    assert bob.heard() == [":alice!~alice@host.test METADATA #room a * 1"]
    assert carol.heard() == []


def test_who_watches_a_name_is_told(world: World, alice: Person, bob: Person) -> None:
    bob.send("PART #lobby", "METADATA * SUB a")
    alice.send("METADATA * SET a :1")
    assert bob.ask("MONITOR + alice,nobody") == [
        ":hub.test 730 bob alice!~alice@host.test",
        ":hub.test 731 bob nobody",
        ":hub.test METADATA alice a * 1",
    ]
    alice.send("METADATA * SET a :2", "METADATA * SET b :3")
    assert bob.heard() == [":alice!~alice@host.test METADATA alice a * 2"]
    assert bob.ask("METADATA * SUB b")[1:] == [":hub.test METADATA alice b * 3"]


def test_who_watches_a_name_is_told_when_it_comes(world: World, bob: Person) -> None:
    world.account("ann")
    ann = world.connect("ann", CAPABILITIES, password="password")
    ann.send("METADATA * SET a :1", "METADATA * SET b :2", "QUIT")
    bob.ask("PART #lobby", "METADATA * SUB a", "MONITOR + ann")
    again = world.arrive()
    again.send("CAP REQ sasl", "AUTHENTICATE PLAIN", "AUTHENTICATE AGFubgBwYXNzd29yZA==")
    again.send("NICK ann", "USER ann 0 * :Ann", "CAP END")
    assert bob.heard() == [
        ":hub.test 730 * ann!~ann@host.test",
        ":hub.test METADATA ann a * 1",
    ]


def test_what_is_said_now_comes_with_a_subscription(alice: Person, bob: Person) -> None:
    alice.send("JOIN #room", "METADATA * SET a :1", "METADATA #room SET a :2")
    bob.send("JOIN #room")
    assert bob.ask("METADATA * SUB a") == [
        ":hub.test 770 bob a",
        ":hub.test METADATA alice a * 1",
        ":hub.test METADATA #room a * 2",
    ]
    assert bob.ask("METADATA * SUB a") == [":hub.test 770 bob a"]


def test_who_enters_a_room_is_told_what_is_said_there(alice: Person, bob: Person) -> None:
    alice.send("JOIN #room", "METADATA * SET a :1", "METADATA #room SET b :2")
    bob.send("METADATA * SUB b a c")
    lines = bob.ask("JOIN #room")
    assert " 366 " in lines[2]
    assert batch(lines[3:]) == [
        "#room",
        ":hub.test METADATA #room b * 2",
        ":hub.test METADATA alice a * 1",
    ]


def test_those_who_are_there_are_told_of_who_enters(alice: Person, bob: Person) -> None:
    bob.send("JOIN #room", "METADATA * SUB a")
    alice.send("METADATA * SET a :1", "METADATA * SET b :1")
    bob.heard()
    alice.send("JOIN #room")
    assert bob.heard() == [
        ":alice!~alice@host.test JOIN #room",
        ":hub.test METADATA alice a * 1",
    ]


def test_the_welcome_tells_ones_own(world: World) -> None:
    world.account("ann")
    ann = world.connect("ann", CAPABILITIES, password="password")
    ann.send("METADATA * SET a :1", "QUIT")
    again = world.arrive()
    again.send(f"CAP REQ :{CAPABILITIES} sasl", "AUTHENTICATE PLAIN")
    again.send("AUTHENTICATE AGFubgBwYXNzd29yZA==", "NICK ann", "USER ann 0 * :Ann")
    assert own_batch(again.ask("CAP END")) == ["ann", ":hub.test METADATA ann a * 1"]
    new = world.arrive()
    new.send(f"CAP REQ :{CAPABILITIES}", "NICK new", "USER new 0 * :New")
    assert own_batch(new.ask("CAP END")) == ["new"]


def own_batch(welcome: list[str]) -> list[str]:
    """The first batch of a welcome, which has to come before the end of the MOTD."""
    start = next(at for at, line in enumerate(welcome) if " BATCH +" in line)
    end = next(at for at, line in enumerate(welcome) if " BATCH -" in line)
    motd = next(at for at, line in enumerate(welcome) if " 422 " in line)
    assert start < end < motd
    return batch(welcome[start : end + 1])


def test_a_large_room_is_told_in_parts(world: World) -> None:
    rules = msgspec.structs.replace(RULES, metadata_sync=2)
    world.operate(entries.RulesChanged(NO_SESSION, rules))
    for nick in "abcde":
        world.connect(nick).send("JOIN #room", "METADATA * SET x :1")
    bob = world.connect("bob", CAPABILITIES)
    assert bob.ask("METADATA * SUB x")[1:] == [":hub.test 774 bob #lobby 1"]
    assert bob.ask("JOIN #room")[-1] == ":hub.test 774 bob #room 1"
    told = []
    for rest in (True, True, False):
        lines = bob.ask("METADATA #room SYNC")
        if rest:
            assert lines.pop() == ":hub.test 774 bob #room 1"
        name, *values = batch(lines)
        assert name == "#room"
        told += values
    assert told == [f":hub.test METADATA {nick} x * 1" for nick in "abcde"]


def test_sync_tells_what_was_subscribed_to(alice: Person, bob: Person) -> None:
    alice.send("METADATA * SET a :1", "METADATA * SET b :2")
    bob.ask("METADATA * SUB a")
    expected = ":hub.test METADATA alice a * 1"
    assert batch(bob.ask("METADATA alice SYNC")) == ["alice", expected]
    assert batch(bob.ask("METADATA #lobby SYNC")) == ["#lobby", expected]
    bob.send("PART #lobby")
    assert batch(bob.ask("METADATA #lobby SYNC")) == ["#lobby"]


# -- subscriptions ------------------------------------------------------------------------


def test_subscriptions_are_listed(alice: Person) -> None:
    assert batch(alice.ask("METADATA * SUBS"), "metadata-subs") == [""]
    alice.send("METADATA * SUB website avatar foo foo", "METADATA * UNSUB foo none")
    assert batch(alice.ask("METADATA * SUBS"), "metadata-subs") == [
        "",
        ":hub.test 772 alice avatar website",
    ]
    assert alice.ask("METADATA * UNSUB website website Bad") == [
        ":hub.test 771 alice website",
        ":hub.test FAIL METADATA KEY_INVALID Bad :A key has 1 to 64 of a-z, 0-9, _ . / and -",
    ]


def test_subscriptions_are_bounded_in_their_order(world: World, alice: Person) -> None:
    world.rules = msgspec.structs.replace(RULES, metadata_subscriptions=3)
    alice.send("METADATA * SUB avatar website")
    assert alice.ask("METADATA * SUB $x foo website avatar") == [
        ":hub.test 770 alice foo",
        ":hub.test FAIL METADATA KEY_INVALID $x :A key has 1 to 64 of a-z, 0-9, _ . / and -",
        ":hub.test FAIL METADATA TOO_MANY_SUBS website :No more than 3 keys can be subscribed to",
    ]
    assert batch(alice.ask("METADATA * SUBS"), "metadata-subs")[1:] == [
        ":hub.test 772 alice avatar foo website"
    ]


# -- before registration ------------------------------------------------------------------


def test_what_is_said_before_registration_counts(world: World) -> None:
    watcher = world.connect("bob", CAPABILITIES)
    watcher.ask("METADATA * SUB display-name", "MONITOR + abc", "PART #lobby")
    new = world.arrive()
    new.send(f"CAP REQ :{CAPABILITIES}")
    assert new.ask("METADATA * SUB display-name") == [":hub.test 770 * display-name"]
    assert new.ask("METADATA * SET display-name :a b c") == [
        ":hub.test 761 * * display-name * :a b c"
    ]
    new.send("METADATA * SET gone :x")
    assert new.ask("METADATA * SET gone") == [":hub.test 766 * * gone :key not set"]
    assert batch(new.ask("METADATA * GET display-name gone")) == [
        "*",
        ":hub.test 761 * * display-name * :a b c",
        ":hub.test 766 * * gone :key not set",
    ]
    for line in ("METADATA abc LIST", "METADATA #lobby LIST"):
        (answer,) = new.ask(line)
        assert answer.startswith(":hub.test FAIL METADATA INVALID_TARGET ")
    (answer,) = new.ask("METADATA * SET gone")
    assert answer.startswith(":hub.test FAIL METADATA KEY_NOT_SET * gone :")
    assert batch(new.ask("METADATA * SYNC")) == ["*"]
    new.send("NICK abc", "USER abc 0 * :Abc")
    assert own_batch(new.ask("CAP END")) == ["abc", ":hub.test METADATA abc display-name * :a b c"]
    assert watcher.heard()[-1] == ":abc!~abc@host.test METADATA abc display-name * :a b c"
    assert batch(new.ask("METADATA * SUBS"), "metadata-subs")[1:] == [
        ":hub.test 772 abc display-name"
    ]


def test_what_is_said_before_registration_is_bounded(world: World) -> None:
    world.rules = msgspec.structs.replace(RULES, metadata_keys=2)
    new = world.arrive()
    new.send(f"CAP REQ :{CAPABILITIES}", "METADATA * SET a :1", "METADATA * SET b :2")
    (answer,) = new.ask("METADATA * SET c :3")
    assert answer.startswith(":hub.test FAIL METADATA LIMIT_REACHED * :")
    assert len(batch(new.ask("METADATA * CLEAR"))) == 3
    assert batch(new.ask("METADATA * LIST")) == ["*"]


# -- bounds and refusals ------------------------------------------------------------------


def test_capabilities_say_the_bounds(world: World) -> None:
    offered = " ".join(world.arrive().ask("CAP LS 302"))
    value = "before-connect,max-subs=50,max-keys=30,max-value-bytes=256"
    assert f"draft/metadata-2={value}" in offered


def test_keys_and_values_are_bounded(world: World, alice: Person) -> None:
    world.rules = msgspec.structs.replace(RULES, metadata_keys=2, metadata_value_bytes=10)
    world.operate(entries.RulesChanged(NO_SESSION, world.rules))
    alice.send("METADATA * SET a :1", "METADATA * SET b :2")
    (answer,) = alice.ask("METADATA * SET c :3")
    assert answer.startswith(":hub.test FAIL METADATA LIMIT_REACHED alice :")
    assert alice.ask("METADATA * SET b :" + "é" * 5) == [":hub.test 761 alice alice b * " + "é" * 5]
    assert alice.ask("METADATA * SET b :" + "é" * 6) == [
        ":hub.test FAIL METADATA VALUE_INVALID :A value is at most 10 bytes"
    ]


def test_values_are_shorter_where_names_are_long() -> None:
    rules = msgspec.structs.replace(RULES, room_bytes=200)
    line = f":{'n' * 30}!{'u' * 12}@{'h' * 63} METADATA #{'r' * 199} {'k' * 64} * :"
    assert len(line) + rules.metadata_bytes == 510


def test_changes_are_slowed_down(world: World, alice: Person) -> None:
    for number in range(60):
        (answer,) = alice.ask(f"METADATA * SET a :{number}")
        if "761" not in answer:
            break
    assert 40 <= number < 50
    assert answer.startswith(":hub.test FAIL METADATA RATE_LIMITED alice a ")
    seconds = int(answer.split()[6])
    assert 1 <= seconds <= 3
    world.clock -= 1_000  # the next line comes in the same moment
    (answer,) = alice.ask("METADATA * CLEAR")
    assert answer.startswith(":hub.test FAIL METADATA RATE_LIMITED alice * ")
    world.pass_time((seconds - 1) * 1000)
    assert alice.ask("METADATA * SET a :last") == [":hub.test 761 alice alice a * last"]


@pytest.mark.parametrize(
    ("line", "reply"),
    [
        ("METADATA * FROB x", "FAIL METADATA SUBCOMMAND_INVALID FROB :"),
        ("METADATA nobody LIST", "FAIL METADATA INVALID_TARGET nobody :"),
        ("METADATA #none GET a", "FAIL METADATA INVALID_TARGET #none :"),
        ("METADATA $a:user SET url :x", "FAIL METADATA INVALID_TARGET $a:user :"),
        ("METADATA bob SET $url$ :x", "FAIL METADATA KEY_INVALID $url$ :"),
        ("METADATA * SET URL :x", "FAIL METADATA KEY_INVALID URL :"),
        (f"METADATA * SET {'a' * 65} :x", f"FAIL METADATA KEY_INVALID {'a' * 65} :"),
        ("METADATA bob SUB a", "FAIL METADATA INVALID_TARGET bob :"),
        ("METADATA #lobby SUBS", "FAIL METADATA INVALID_TARGET #lobby :"),
        ("METADATA * SET", "461 alice METADATA :"),
        ("METADATA * GET", "461 alice METADATA :"),
        ("METADATA * SUB", "461 alice METADATA :"),
        ("METADATA * UNSUB", "461 alice METADATA :"),
    ],
)
def test_requests_that_cannot_be(alice: Person, bob: Person, line: str, reply: str) -> None:
    (answer,) = alice.ask(line)
    assert answer.startswith(f":hub.test {reply}")


# -- how long it lasts --------------------------------------------------------------------


def test_accounts_and_rooms_keep_theirs(world: World) -> None:
    world.account("ann")
    ann = world.connect("ann", CAPABILITIES, password="password")
    ann.send("METADATA * SET a :1", "JOIN #room", "METADATA #room SET b :2")
    world.restart()
    again = world.connect("ann", CAPABILITIES, password="password")
    assert batch(again.ask("METADATA * LIST"))[1:] == [":hub.test 761 ann ann a * 1"]
    assert batch(again.ask("METADATA #room LIST"))[1:] == [":hub.test 761 ann #room b * 2"]
    again.send("PART #room", "JOIN #room")
    assert len(batch(again.ask("METADATA #room LIST"))) == 2
    world.operate(entries.DeleteAccount(NO_SESSION, "ann"))
    assert [row[0] for row in world.tables["metadata"].values()] == ["r:2"]
    assert not any(str(key[0]).startswith("metadata:") for key in world.tables["counters"])


def test_a_guests_goes_with_it_and_becomes_its_accounts(world: World, alice: Person) -> None:
    guest = world.connect("guest", f"{CAPABILITIES} draft/account-registration")
    guest.send("METADATA * SET a :1")
    alice.send("METADATA * SET b :2", "QUIT")
    guest.send("REGISTER * * a-good-passphrase", "QUIT")
    assert [row[1:] for row in world.tables["metadata"].values()] == [("a", "1")]


def test_a_retired_rooms_is_gone(world: World, alice: Person) -> None:
    alice.send("JOIN #den", "MODE #den +i", "METADATA #den SET a :1", "PART #den")
    assert world.tables["metadata"] == {}
