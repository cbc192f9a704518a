"""MODE for rooms and for oneself."""

import msgspec
import pytest

from tests.world import RULES, Person, World

ALICE = ":alice!~alice@host.test"


@pytest.fixture
def alice(world: World) -> Person:
    """Alice runs #room; Bob is in it, Carol isn't."""
    alice = world.connect("alice")
    alice.send("JOIN #room")
    return alice


@pytest.fixture
def bob(world: World, alice: Person) -> Person:
    bob = world.connect("bob")
    bob.send("JOIN #room")
    alice.heard()
    bob.heard()
    return bob


@pytest.fixture
def carol(world: World, bob: Person) -> Person:
    return world.connect("carol")


# -- reading ------------------------------------------------------------------------------


def test_a_rooms_modes_are_shown_with_the_key_to_members_only(
    alice: Person, bob: Person, carol: Person
) -> None:
    alice.send("MODE #room +kl secret 50")
    created = ":hub.test 329 {} #room 1700000005"
    assert bob.ask("MODE #ROOM") == [
        ":hub.test 324 bob #room +ntkl secret 50",
        created.format("bob"),
    ]
    assert carol.ask("MODE #room") == [
        ":hub.test 324 carol #room +ntkl * 50",
        created.format("carol"),
    ]


def test_a_secret_rooms_modes_and_lists_are_its_members_affair(
    alice: Person, carol: Person
) -> None:
    alice.send("MODE #room +s")
    refusal = ":hub.test 403 carol #room :No such channel"
    assert carol.ask("MODE #room", "MODE #room b") == [refusal, refusal]


@pytest.mark.parametrize(
    ("letter", "item", "end"), [("b", 367, 368), ("e", 348, 349), ("I", 346, 347)]
)
def test_lists_are_shown_in_the_order_they_were_made(
    alice: Person, carol: Person, letter: str, item: int, end: int
) -> None:
    alice.send(f"MODE #room +{letter * 2} zoe yan", f"MODE #room +{letter} *@x")
    names = {
        368: "channel ban list",
        349: "channel exception list",
        347: "Channel Invite Exception List",
    }
    lines = carol.ask(f"MODE #room {letter}")
    assert [line.split()[1:5] for line in lines[:-1]] == [
        [str(item), "carol", "#room", mask] for mask in ("yan!*@*", "zoe!*@*", "*!*@x")
    ]
    assert lines[0].split()[5] == "alice!~alice@host.test"
    assert int(lines[0].split()[6]) < int(lines[2].split()[6])
    assert lines[-1] == f":hub.test {end} carol #room :End of {names[end]}"
    assert carol.ask(f"MODE #room +{letter}{letter}-{letter}") == lines


# -- changing -----------------------------------------------------------------------------


def test_changes_are_shown_as_one_line_to_all(alice: Person, bob: Person) -> None:
    line = f"{ALICE} MODE #room +imo-t+k bob key"
    assert alice.ask("MODE #room +imo-t+kn BOB key") == [line]
    assert bob.heard() == [line]
    assert bob.ask("MODE #room -k+v x alice") == [":bob!~bob@host.test MODE #room -k+v key alice"]


@pytest.mark.parametrize(
    ("changes", "shown"),
    [
        ("+i-i", "+i-i"),
        ("-o+o alice alice", "-o+o alice alice"),
        ("+bb x x", "+b x!*@*"),
        ("+l-l 5", "+l-l 5"),
        ("+kk one two", "+kk one two"),
    ],
)
def test_changes_take_effect_one_after_another(alice: Person, changes: str, shown: str) -> None:
    assert alice.ask(f"MODE #room {changes}") == [f"{ALICE} MODE #room {shown}"]


@pytest.mark.parametrize(
    "changes", ["+nt", "-i", "-k x", "-k", "-l", "-b x", "+o alice", "+", "", "-"]
)
def test_what_changes_nothing_is_not_shown(alice: Person, changes: str) -> None:
    assert alice.ask(f"MODE #room {changes}" if changes else "MODE #room :") == []


def test_a_key_is_taken_away_without_knowing_it(alice: Person) -> None:
    alice.send("MODE #room +k key")
    assert alice.ask("MODE #room -k") == [f"{ALICE} MODE #room -k key"]


def test_only_operators_change_modes(bob: Person, carol: Person) -> None:
    assert bob.ask("MODE #room +i") == [":hub.test 482 bob #room :You're not channel operator"]
    assert carol.ask("MODE #room +i") == [":hub.test 442 carol #room :You're not on that channel"]


@pytest.mark.parametrize(
    ("line", "replies"),
    [
        ("MODE", ["461 alice MODE :Not enough parameters"]),
        ("MODE #none", ["403 alice #none :No such channel"]),
        ("MODE #none +i", ["403 alice #none :No such channel"]),
        ("MODE #none b", ["403 alice #none :No such channel"]),
        ("MODE :#a b", ["403 alice * :No such channel"]),
        ("MODE #room +xyx", [f"472 alice {x} :is unknown mode char to me" for x in "xy"]),
        ("MODE #room :+ ", ["472 alice * :is unknown mode char to me"]),
        ("MODE #room +k", ["461 alice MODE :+k needs a parameter"]),
        ("MODE #room +l", ["461 alice MODE :+l needs a parameter"]),
        ("MODE #room -o", ["461 alice MODE :-o needs a parameter"]),
        ("MODE #room +o nobody", ["401 alice nobody :No such nick/channel"]),
        ("MODE #room +o :", ["401 alice * :No such nick/channel"]),
        ("MODE #room +o zed", ["441 alice zed #room :They aren't on that channel"]),
        ("MODE #room +k :two words", ["525 alice #room :Key is not well-formed"]),
        ("MODE #room +k a,b", ["525 alice #room :Key is not well-formed"]),
        ("MODE #room +k :", ["525 alice #room :Key is not well-formed"]),
        (f"MODE #room +k {'x' * 24}", ["525 alice #room :Key is not well-formed"]),
        ("MODE #room +l 0", ["696 alice #room l 0 :The limit is a number of members, from 1"]),
        ("MODE #room +l :", ["696 alice #room l * :The limit is a number of members, from 1"]),
        ("MODE #room +l ²", ["696 alice #room l ² :The limit is a number of members, from 1"]),
        ("MODE #room +b :a b", ["696 alice #room b * :A mask has 1 to 200 bytes and no spaces"]),
        ("MODE #room +b :", ["696 alice #room b * :A mask has 1 to 200 bytes and no spaces"]),
        (
            f"MODE #room +b {'x' * 200}",
            [f"696 alice #room b {'x' * 200} :A mask has 1 to 200 bytes and no spaces"],
        ),
    ],
)
def test_changes_that_cannot_be(world: World, alice: Person, line: str, replies: list[str]) -> None:
    world.connect("zed")
    assert alice.ask(line) == [f":hub.test {reply}" for reply in replies]


def test_what_can_be_done_is_done_beside_what_cannot(alice: Person) -> None:
    assert alice.ask("MODE #room +xim-l+k") == [
        ":hub.test 472 alice x :is unknown mode char to me",
        ":hub.test 461 alice MODE :+k needs a parameter",
        f"{ALICE} MODE #room +im",
    ]


def test_one_line_makes_so_many_changes_with_a_parameter(alice: Person) -> None:
    lines = alice.ask("MODE #room +bbbbbbbi a b c d e f g")
    assert lines == [
        ":hub.test 696 alice #room b g :One MODE makes at most 6 changes with a parameter",
        f"{ALICE} MODE #room +bbbbbbi " + " ".join(f"{x}!*@*" for x in "abcdef"),
    ]


def test_what_could_not_be_relayed_in_one_line_is_refused(alice: Person) -> None:
    (refusal,) = alice.ask("MODE #room +bbb " + " ".join(x * 150 for x in "abc"))
    assert refusal.startswith(":hub.test 417 alice :The changes are ")
    most = alice.ask("MODE #room +bb " + " ".join(x * 180 for x in "ab"))
    assert most[0].startswith(f"{ALICE} MODE #room +bb ")


def test_a_list_holds_so_many_masks() -> None:
    world = World(msgspec.structs.replace(RULES, list_entries=2))
    alice = world.connect("alice")
    assert alice.ask("JOIN #room", "MODE #room +bbb a b c")[3:] == [
        ":hub.test 478 alice #room b",
        f"{ALICE} MODE #room +bb a!*@* b!*@*",
    ]


# -- oneself ------------------------------------------------------------------------------


def test_ones_own_modes(alice: Person) -> None:
    assert alice.ask("MODE alice") == [":hub.test 221 alice +"]
    assert alice.ask("MODE ALICE +iB") == [f"{ALICE} MODE alice +iB"]
    assert alice.ask("MODE alice") == [":hub.test 221 alice +Bi"]
    assert alice.ask("MODE alice -i+i-B") == [f"{ALICE} MODE alice -B"]
    assert alice.ask("MODE alice +iii") == []


def test_a_mode_set_twice_in_a_line_counts_once(alice: Person) -> None:
    assert alice.ask("MODE alice +ii") == [f"{ALICE} MODE alice +i"]
    assert alice.ask("LUSERS")[0] == (
        ":hub.test 251 alice :There are 0 users and 1 invisible on 1 servers"
    )
    alice.send("MODE alice -i")
    assert alice.ask("LUSERS")[0] == (
        ":hub.test 251 alice :There are 1 users and 0 invisible on 1 servers"
    )


def test_unknown_modes_are_named_once_and_the_others_made(alice: Person) -> None:
    assert alice.ask("MODE alice +xiy") == [
        f"{ALICE} MODE alice +i",
        ":hub.test 501 alice :Unknown MODE flag",
    ]


def test_nobody_makes_oneself_an_operator(alice: Person) -> None:
    assert alice.ask("MODE alice +o") == []
    assert alice.ask("MODE alice") == [":hub.test 221 alice +"]


def test_others_modes_are_theirs(bob: Person) -> None:
    assert (
        bob.ask("MODE alice", "MODE alice +i")
        == [":hub.test 502 bob :Cant change mode for other users"] * 2
    )
    assert bob.ask("MODE nobody") == [":hub.test 401 bob nobody :No such nick/channel"]
    assert bob.ask("MODE :a b") == [":hub.test 401 bob * :No such nick/channel"]


def test_whose_modes_they_are_is_decided_in_the_order_of_the_lines(
    world: World, alice: Person
) -> None:
    world.connect("bob")
    for line in ("MODE bob +i", "MODE bob", "MODE bob +o", "MODE bob +x"):
        assert alice.ask(line) == [":hub.test 502 alice :Cant change mode for other users"]
    for line in ("MODE nobody +i", "MODE nobody"):
        assert alice.ask(line) == [":hub.test 401 alice nobody :No such nick/channel"]
