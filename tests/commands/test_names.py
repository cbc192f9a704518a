"""NAMES."""

import pytest

from hubbub.commands import names
from tests.world import World


def test_names_shows_the_highest_prefix_or_all(world: World) -> None:
    alice = world.connect("alice")
    alice.send("JOIN #room", "MODE #room +v alice")
    bob = world.connect("bob", "multi-prefix")
    assert alice.ask("NAMES #ROOM") == [
        ":hub.test 353 alice = #room @alice",
        ":hub.test 366 alice #room :End of /NAMES list",
    ]
    assert bob.ask("NAMES #room")[0] == ":hub.test 353 bob = #room @+alice"


def test_the_invisible_are_named_to_members_only(world: World) -> None:
    alice, bob, carol = world.connect("alice"), world.connect("bob"), world.connect("carol")
    alice.send("JOIN #room", "MODE alice +i")
    bob.send("JOIN #room")
    assert carol.ask("NAMES #room")[0] == ":hub.test 353 carol = #room bob"
    assert bob.ask("NAMES #room")[0] == ":hub.test 353 bob = #room :@alice bob"


def test_a_secret_room_is_none_to_strangers(world: World) -> None:
    alice, bob = world.connect("alice"), world.connect("bob")
    alice.send("JOIN #room", "MODE #room +s")
    assert bob.ask("NAMES #room") == [":hub.test 366 bob #room :End of /NAMES list"]
    assert alice.ask("NAMES #room")[0] == ":hub.test 353 alice @ #room @alice"


def test_names_of_nothing_ends_at_once(world: World) -> None:
    alice = world.connect("alice")
    assert alice.ask("NAMES") == [":hub.test 366 alice * :End of /NAMES list"]
    assert alice.ask("NAMES :") == [":hub.test 366 alice * :End of /NAMES list"]
    assert alice.ask("NAMES :#a b") == [":hub.test 366 alice * :End of /NAMES list"]
    assert alice.ask("NAMES #none,#none,alice") == [
        ":hub.test 366 alice #none :End of /NAMES list",
        ":hub.test 366 alice alice :End of /NAMES list",
    ]


def test_a_room_is_named_once_however_it_is_written(world: World) -> None:
    alice = world.connect("alice")
    assert len(alice.ask("NAMES #lobby,#Lobby,#LOBBY,#ｌobby")) == 2


def test_many_names_go_on_in_further_lines(world: World) -> None:
    long = [f"person{number:02d}{'x' * 20}" for number in range(40)]
    people = [world.connect(name) for name in long]
    lines = people[0].ask("NAMES #lobby")
    assert len(lines) > 3
    assert all(len(line.encode()) <= 510 for line in lines)
    shown = [line.partition(" #lobby ")[2].removeprefix(":") for line in lines[:-1]]
    assert " ".join(shown).split() == long


def test_full_lines_are_shown_in_blocks_to_each_under_its_own_name(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(names, "BLOCK_LINES", 2)
    long = [f"person{number:02d}{'x' * 20}" for number in range(50)]
    people = [world.connect(name, "batch labeled-response") for name in long]
    full = world.connect("zoe", "userhost-in-names")

    def named(lines: list[str]) -> list[str]:
        texts = (line.partition(" #lobby ")[2].removeprefix(":") for line in lines)
        return [name.partition("!")[0] for text in texts for name in text.split()]

    ends = ["End", "of", "/NAMES", "list"]
    for person, name in ((people[0], long[0]), (people[9], long[9]), (full, "zoe")):
        lines = person.ask("NAMES #lobby")
        assert len(lines) >= 5
        assert {line.split()[2] for line in lines} == {name}
        assert named(lines) == [*long, "zoe", *ends]
    begin, *lines, end = people[3].ask("@label=l NAMES #lobby")
    assert begin.startswith("@label=l ")
    assert all(line.startswith("@batch=") for line in lines)
    assert " BATCH -" in end
    assert named(lines) == [*long, "zoe", *ends]
    late = world.connect("late")
    full.send("PART #lobby")
    assert named(late.ask("NAMES #lobby")) == [*long, "late", *ends]


def test_names_follow_every_change_of_who_is_there_and_how_they_are_written(world: World) -> None:
    alice, bob = world.connect("alice"), world.connect("bob", "userhost-in-names")
    alice.send("JOIN #room")
    bob.send("JOIN #room")
    carol = world.connect("carol")

    def shown() -> list[str]:
        line = alice.ask("NAMES #room")[0]
        full = bob.ask("NAMES #room")[0].partition(" bob ")[2].replace(" :", " ").split()
        names = line.partition(" alice ")[2].replace(" :", " ").split()
        assert [name.partition("!")[0] for name in full] == names
        assert all("!" in name for name in full[2:])
        return names

    assert shown() == ["=", "#room", "@alice", "bob"]
    carol.send("JOIN #room")
    assert shown() == ["=", "#room", "@alice", "bob", "carol"]
    carol.send("NICK caro")
    assert shown() == ["=", "#room", "@alice", "bob", "caro"]
    alice.send("MODE #room +v caro")
    assert shown() == ["=", "#room", "@alice", "bob", "+caro"]
    alice.send("MODE #room +s")
    assert shown() == ["@", "#room", "@alice", "bob", "+caro"]
    carol.send("PART #room", "JOIN #room")
    assert shown() == ["@", "#room", "@alice", "bob", "caro"]
    alice.send("KICK #room caro")
    dave = world.connect("dave")
    dave.send("JOIN #room")
    assert shown() == ["@", "#room", "@alice", "bob", "dave"]
