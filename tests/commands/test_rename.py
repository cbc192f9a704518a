"""RENAME."""

import itertools

import msgspec
import pytest

from hubbub.core import entries
from hubbub.core.ids import NO_SESSION
from tests.world import RULES, Person, World

RENAMES = "draft/channel-rename batch labeled-response standard-replies"


@pytest.fixture
def alice(world: World) -> Person:
    person = world.connect("alice", RENAMES)
    person.send("JOIN #old", "TOPIC #old :tea")
    return person


@pytest.fixture
def bob(world: World, alice: Person) -> Person:
    person = world.connect("bob", RENAMES)
    person.send("JOIN #old")
    alice.heard()
    person.heard()
    return person


def fallback(nick: str, old: str, new: str, reason: str = "") -> list[str]:
    source = f":{nick}!~{nick}@host.test"
    return [f"{source} PART {old}{reason}", f"{source} JOIN {new}"]


def test_members_are_told_of_the_new_name(alice: Person, bob: Person) -> None:
    assert alice.ask("RENAME #OLD #new :Typo fix") == [
        ":alice!~alice@host.test RENAME #old #new :Typo fix"
    ]
    assert bob.heard() == [":alice!~alice@host.test RENAME #old #new :Typo fix"]
    bob.send("PRIVMSG #new :x")
    assert alice.heard() == [":bob!~bob@host.test PRIVMSG #new x"]
    alice.send("RENAME #new #newer")
    assert bob.heard() == []  # too soon


def test_a_reason_is_always_there(alice: Person) -> None:
    assert alice.ask("@label=x RENAME #old #new") == [
        "@label=x :alice!~alice@host.test RENAME #old #new :"
    ]


def test_who_knows_no_rename_leaves_and_comes_back(world: World, alice: Person) -> None:
    old = world.connect("old")
    old.send("JOIN #old")
    alice.heard()
    old.heard()
    assert len(alice.ask("RENAME #old #new :Typo fix")) == 1
    names = [
        ":hub.test 332 old #new tea",
        ":hub.test 333 old #new alice!~alice@host.test 1700000006",
        ":hub.test 353 old = #new :@alice old",
        ":hub.test 366 old #new :End of /NAMES list",
    ]
    heard = old.heard()
    assert heard[:2] == fallback("old", "#old", "#new", " :Typo fix")
    assert [line.partition(" 333 ")[0] for line in heard[2:]] == [
        line.partition(" 333 ")[0] for line in names
    ]


def test_who_knows_no_rename_can_do_it(world: World) -> None:
    carol = world.connect("carol")
    carol.send("JOIN #old")
    heard = carol.ask("RENAME #old #new")
    assert heard[:2] == fallback("carol", "#old", "#new")
    assert heard[2:] == [
        ":hub.test 353 carol = #new @carol",
        ":hub.test 366 carol #new :End of /NAMES list",
    ]


def test_only_capital_letters_may_change(world: World, alice: Person, bob: Person) -> None:
    old = world.connect("old")
    old.send("JOIN #old")
    old.heard()
    bob.heard()
    alice.heard()
    for name in ("#OLD", "#Old"):  # as often as one likes
        assert alice.ask(f"RENAME #old {name}")[0].endswith(f" {name} :")
    assert len(bob.heard()) == 2
    assert old.heard() == []
    assert " 366 old #Old " in old.ask("NAMES #old")[-1]


def test_all_that_a_room_has_stays(world: World, alice: Person, bob: Person) -> None:
    alice.send("MODE #old +b *!*@evil", "MODE #old +v bob", "PRIVMSG #old :before")
    alice.ask("RENAME #old #new")
    assert alice.ask("MODE #new +b")[0].split()[3:5] == ["#new", "*!*@evil"]
    assert alice.ask("TOPIC #new")[0] == ":hub.test 332 alice #new tea"
    reader = world.connect("reader", f"{RENAMES} draft/chathistory")
    reader.send("JOIN #new")
    lines = reader.ask("CHATHISTORY LATEST #new * 10")
    assert [line.partition(" PRIVMSG ")[2] for line in lines[1:-1]] == ["#new before"]
    world.restart()
    again = world.connect("alice", RENAMES)
    assert " 332 alice #new tea" in again.ask("JOIN #new")[1]


def test_the_history_says_that_it_was_renamed(world: World, alice: Person, bob: Person) -> None:
    alice.ask("RENAME #old #new :why not")
    caps = "draft/chathistory draft/event-playback batch"
    for more, expected in (("draft/channel-rename", 1), ("", 0)):
        reader = world.connect("reader", f"{caps} {more}")
        reader.send("JOIN #new")
        lines = reader.ask("CHATHISTORY LATEST #new * 50")
        found = [line.partition(" ")[2] for line in lines if " RENAME " in line]
        assert found == [":alice!~alice@host.test RENAME #old #new :why not"] * expected
        reader.send("QUIT")


# -- who may ------------------------------------------------------------------------------


def test_only_operators_and_moderators_rename(world: World, alice: Person, bob: Person) -> None:
    assert bob.ask("RENAME #old #new") == [":hub.test 482 bob #old :You're not channel operator"]
    stranger = world.connect("carol")
    assert stranger.ask("RENAME #old #new") == [
        ":hub.test 442 carol #old :You're not on that channel"
    ]
    world.account("mod", role="moderator")
    mod = world.connect("mod", RENAMES, password="password")
    mod.send("RENAME #old #new")
    assert bob.heard() == [":mod!~mod@host.test RENAME #old #new :"]
    world.pass_time(60_000)
    alice.send("MODE #new +s")
    assert mod.ask("RENAME #new #mine") == [":hub.test 442 mod #new :You're not on that channel"]


@pytest.mark.parametrize(
    ("line", "reply"),
    [
        ("RENAME #none #new", "403 alice #none :"),
        ("RENAME #old #taken", "FAIL RENAME CHANNEL_NAME_IN_USE #old #taken :"),
        ("RENAME #old #TAKEN", "FAIL RENAME CHANNEL_NAME_IN_USE #old #TAKEN :"),
        ("RENAME #old #lobby", "FAIL RENAME CHANNEL_NAME_IN_USE #old #lobby :"),
        ("RENAME #old #old", "FAIL RENAME CANNOT_RENAME #old #old :"),
        ("RENAME #old new", "FAIL RENAME CANNOT_RENAME #old new :"),
        ("RENAME #old #a,b", "FAIL RENAME CANNOT_RENAME #old #a,b :"),
        ("RENAME #old :#a b", "FAIL RENAME CANNOT_RENAME #old * :"),
        ("RENAME #old #" + "x" * 50, "FAIL RENAME CANNOT_RENAME #old #" + "x" * 50),
        ("RENAME #old", "461 alice RENAME :"),
    ],
)
def test_names_that_cannot_be(world: World, alice: Person, line: str, reply: str) -> None:
    world.connect("bob").send("JOIN #taken")
    (answer,) = alice.ask(line)
    assert answer.startswith(f":hub.test {reply}")


def test_the_lobby_keeps_its_name(world: World) -> None:
    world.account("root", role="admin")
    root = world.connect("root", RENAMES, password="password")
    (answer,) = root.ask("RENAME #lobby #hall")
    assert answer.startswith(":hub.test FAIL RENAME CANNOT_RENAME #lobby #hall :")


def test_a_room_keeps_its_name_for_a_while(world: World, alice: Person) -> None:
    alice.ask("RENAME #old #new")
    (answer,) = alice.ask("RENAME #new #newer")
    assert answer.startswith(":hub.test FAIL RENAME CANNOT_RENAME #new #newer :")
    world.pass_time(60_000)
    assert alice.ask("RENAME #new #old")[0].endswith(" RENAME #new #old :")
    assert len(alice.ask("JOIN #new")) == 1  # the other way round by now
    assert list(world.tables["redirects"]) == [("#new",)]


def test_a_large_room_keeps_its_name(world: World, alice: Person, bob: Person) -> None:
    world.operate(
        entries.RulesChanged(NO_SESSION, msgspec.structs.replace(RULES, rename_members=1))
    )
    (answer,) = alice.ask("RENAME #old #new")
    assert answer.startswith(":hub.test FAIL RENAME CANNOT_RENAME #old #new :")


# -- the old name -------------------------------------------------------------------------


def test_the_old_name_brings_to_the_room(world: World, alice: Person) -> None:
    alice.ask("RENAME #old #new")
    old = world.connect("old")
    assert old.ask("JOIN #OLD")[:2] == [
        ":hub.test 470 old #OLD #new :This room is called #new now",
        ":old!~old@host.test JOIN #new",
    ]
    assert old.ask("JOIN #old")[0].startswith(":hub.test 470 old #old #new :")
    new = world.connect("new", RENAMES)
    failure = ":hub.test FAIL JOIN CHANNEL_RENAMED #old #new :This room is called #new now"
    assert new.ask("JOIN #old") == [failure]
    new.send("JOIN #new")
    assert new.ask("JOIN #old") == [failure]


def test_what_members_say_under_the_old_name_arrives(
    world: World, alice: Person, bob: Person
) -> None:
    alice.send("MODE #old -n")
    carol = world.connect("carol")
    alice.send("RENAME #old #new")
    alice.heard()
    bob.send("PRIVMSG #old :crossed")
    assert alice.heard() == [":bob!~bob@host.test PRIVMSG #new crossed"]
    assert carol.ask("PRIVMSG #old :x") == [":hub.test 403 carol #old :No such channel"]


def test_the_old_name_is_nobody_elses(world: World, alice: Person, bob: Person) -> None:
    alice.ask("RENAME #old #new")
    bob.send("JOIN #mine")
    (answer,) = bob.ask("RENAME #mine #old")
    assert answer.startswith(":hub.test FAIL RENAME CHANNEL_NAME_IN_USE #mine #old :")


def test_who_is_kept_out_does_not_learn_the_new_name(world: World, alice: Person) -> None:
    alice.send("RENAME #old #secret")
    for mode, code in (("+i", "473"), ("-i+k key", "475"), ("-k+l key 1", "471")):
        alice.send(f"MODE #secret {mode}")
        for capabilities in ("", RENAMES):
            carol = world.connect("carol", capabilities)
            assert [line.split()[1:4] for line in carol.ask("JOIN #old")] == [
                [code, "carol", "#old"]
            ]
            carol.send("QUIT")
    alice.send("MODE #secret -l", "MODE #secret +k key")
    dave = world.connect("dave")
    assert dave.ask("JOIN #old key")[1] == ":dave!~dave@host.test JOIN #secret"


def test_a_name_leads_somewhere_for_a_while_only(world: World, alice: Person) -> None:
    alice.ask("RENAME #old #new")
    world.restart()
    assert list(world.tables["redirects"]) == [("#old",)]
    world.pass_time(30 * 24 * 3600 * 1000)
    assert world.state.has_expired(world.clock)
    world.operate(entries.TimePassed(NO_SESSION))
    assert world.tables["redirects"] == {}
    bob = world.connect("bob")
    assert bob.ask("JOIN #old")[0] == ":bob!~bob@host.test JOIN #old"


def test_the_last_few_names_lead_to_a_room(world: World, alice: Person) -> None:
    names = ["#old", *(f"#n{number}" for number in range(7))]
    for before, after in itertools.pairwise(names):
        world.pass_time(60_000)
        alice.send(f"RENAME {before} {after}")
    assert set(world.tables["redirects"]) == {(f"#n{number}",) for number in range(1, 6)}


def test_names_go_with_a_room_that_is_retired(world: World) -> None:
    carol = world.connect("carol")
    carol.send("JOIN #empty", "RENAME #empty #void", "PART #void")
    assert world.tables["redirects"] == {}
    assert carol.ask("JOIN #empty")[0] == ":carol!~carol@host.test JOIN #empty"
