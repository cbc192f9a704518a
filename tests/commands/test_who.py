"""WHO and WHOX."""

import pytest

from hubbub.commands import who
from tests.world import Person, World

END = ":hub.test 315 alice {} :End of WHO list"


@pytest.fixture
def alice(world: World) -> Person:
    """Alice, and Bob who runs #room, a bot in it who is away, Zed who is invisible."""
    bob = world.connect("bob", host="bob.example", secure=True)
    robot = world.connect("robot")
    zed = world.connect("zed")
    bob.send("JOIN #room", "MODE #room +v bob")
    robot.send("JOIN #room", "MODE robot +B", "AWAY :charging")
    zed.send("JOIN #room", "PART #lobby", "MODE zed +i")
    return world.connect("alice")


def nicks(lines: list[str]) -> list[str]:
    assert lines[-1].split()[1] == "315"
    assert {line.split()[1] for line in lines[:-1]} <= {"352"}
    return [line.split()[7] for line in lines[:-1]]


def test_a_room_is_listed_to_strangers_without_the_invisible(alice: Person) -> None:
    assert alice.ask("WHO #ROOM") == [
        ":hub.test 352 alice #room ~bob bob.example hub.test bob H@ :0 Bob Example",
        ":hub.test 352 alice #room ~robot host.test hub.test robot GB :0 Robot Example",
        END.format("#ROOM"),
    ]


def test_members_see_every_member_and_multi_prefix_every_sign(alice: Person) -> None:
    alice.send("CAP REQ multi-prefix", "JOIN #room")
    lines = alice.ask("WHO #room")
    assert lines[0].split()[8] == "H@+"
    assert nicks(lines) == ["bob", "robot", "zed", "alice"]


def test_a_secret_room_has_nobody_for_strangers(world: World, alice: Person) -> None:
    world.connect("eve").send("JOIN #den", "MODE #den +s", "PART #lobby")
    assert alice.ask("WHO #den") == [END.format("#den")]
    assert alice.ask("WHO eve") == [
        ":hub.test 352 alice * ~eve host.test hub.test eve H :0 Eve Example",
        END.format("eve"),
    ]


@pytest.mark.parametrize(
    ("mask", "found"),
    [
        ("bob", "bob"),
        ("BOB", "bob"),
        ("?ob*", "bob robot"),
        ("*.EXAMPLE", "bob"),
        ("~rob*", "robot"),
        ("*Robot Ex*", ""),
        ("Robot?Ex*", "robot"),
        ("hub.test", "bob robot alice"),
        ("", "bob robot alice"),
        ("*", "bob robot alice"),
        ("0", "bob robot alice"),
        ("zed", ""),
        ("nobody", ""),
        ("#none", ""),
        ("[", ""),
        ("* o", ""),
    ],
)
def test_masks(alice: Person, mask: str, found: str) -> None:
    if mask == "*Robot Ex*":
        assert alice.ask(f"WHO :{mask}")[-1] == END.format("*")
        return
    assert nicks(alice.ask(f"WHO {mask}")) == found.split()


def test_the_invisible_are_found_by_who_shares_a_room_and_by_themselves(alice: Person) -> None:
    alice.send("MODE alice +i")
    assert nicks(alice.ask("WHO alice")) == ["alice"]
    alice.send("JOIN #room")
    assert nicks(alice.ask("WHO zed")) == ["zed"]


def test_the_room_shown_is_one_that_may_be_known(world: World, alice: Person) -> None:
    eve = world.connect("eve")
    eve.send("JOIN 0", "JOIN #den", "MODE #den +s", "JOIN #open")
    assert alice.ask("WHO eve")[0].split()[3] == "#open"


def test_whox_shows_the_fields_in_their_order(alice: Person) -> None:
    assert alice.ask("WHO robot %tcuihsnfdlaor,42") == [
        ":hub.test 354 alice 42 #lobby ~robot 255.255.255.255 host.test hub.test robot GB 0 17 0 "
        "n/a :Robot Example",
        END.format("robot"),
    ]
    assert alice.ask("WHO robot %rxna")[0] == ":hub.test 354 alice robot 0 :Robot Example"
    assert alice.ask("WHO robot %nt,7")[0] == ":hub.test 354 alice 7 robot"
    assert alice.ask("WHO robot %")[0] == ":hub.test 354 alice"
    assert alice.ask("WHO robot o%n") == [END.format("robot")]


@pytest.mark.parametrize("token", ["1234", "x", "", "²"])
def test_a_token_is_up_to_three_digits(alice: Person, token: str) -> None:
    assert alice.ask(f"WHO robot %tn,{token}")[0] == ":hub.test 354 alice 0 robot"


def test_an_answer_has_an_end(alice: Person, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(who, "WHO_MOST", 2)
    lines = alice.ask("WHO *")
    assert [line.split()[1] for line in lines] == ["352", "352", "416", "315"]
    assert len(alice.ask("WHO #room")) == 3
