"""WHOIS, WHOWAS, USERHOST and ISON."""

import pytest

from tests.world import Person, World


@pytest.fixture
def alice(world: World) -> Person:
    return world.connect("alice")


# -- WHOIS --------------------------------------------------------------------------------


def test_whois_tells_what_there_is(world: World, alice: Person) -> None:
    bob = world.connect("bob", host="bob.example", secure=True)
    bob.send(
        "JOIN #room", "MODE #room +v bob", "MODE bob +B", "PRIVMSG #room hi", "AWAY :out to sea"
    )
    world.pass_time(60_000)
    assert alice.ask("WHOIS BOB") == [
        ":hub.test 311 alice bob ~bob bob.example * :Bob Example",
        ":hub.test 319 alice bob :#lobby @#room",
        ":hub.test 312 alice bob hub.test Test",
        ":hub.test 301 alice bob :out to sea",
        ":hub.test 335 alice bob :is a bot on Test",
        ":hub.test 671 alice bob :is using a secure connection",
        ":hub.test 317 alice bob 62 1700000008 :seconds idle, signon time",
        ":hub.test 318 alice bob :End of /WHOIS list",
    ]
    alice.send("CAP REQ multi-prefix")
    assert alice.ask("WHOIS bob")[1] == ":hub.test 319 alice bob :#lobby @+#room"


@pytest.mark.parametrize(
    ("line", "replies"),
    [
        ("WHOIS", ["431 alice :No nickname given"]),
        ("WHOIS :", ["431 alice :No nickname given"]),
        ("WHOIS hub.test :", ["431 alice :No nickname given"]),
        (
            "WHOIS nobody",
            ["401 alice nobody :No such nick/channel", "318 alice nobody :End of /WHOIS list"],
        ),
        ("WHOIS *", ["401 alice * :No such nick/channel", "318 alice * :End of /WHOIS list"]),
        ("WHOIS :a b", ["401 alice * :No such nick/channel", "318 alice * :End of /WHOIS list"]),
        ("WHOIS else.where alice", ["402 alice else.where :No such server"]),
    ],
)
def test_whois_of_nobody(alice: Person, line: str, replies: list[str]) -> None:
    assert alice.ask(line) == [f":hub.test {reply}" for reply in replies]


@pytest.mark.parametrize(
    "line", ["WHOIS hub.test alice", "WHOIS *.TEST alice", "WHOIS alice alice", "WHOIS alice,bob"]
)
def test_whois_may_name_the_server_or_somebody_on_it(alice: Person, line: str) -> None:
    lines = alice.ask(line)
    assert lines[0].startswith(":hub.test 311 alice alice ")
    assert lines[-1] == ":hub.test 318 alice alice :End of /WHOIS list"


def test_rooms_that_one_may_not_know_are_not_told(world: World, alice: Person) -> None:
    bob = world.connect("bob")
    bob.send("JOIN #den", "MODE #den +s", "JOIN #open")
    assert alice.ask("WHOIS bob")[1] == ":hub.test 319 alice bob :#lobby @#open"
    bob.send("MODE bob +i")
    assert alice.ask("WHOIS bob")[1] == ":hub.test 319 alice bob #lobby"
    assert bob.ask("WHOIS bob")[1] == ":hub.test 319 bob bob :#lobby @#den @#open"
    alice.send("JOIN #den", "PART #lobby")
    assert alice.ask("WHOIS bob")[1] == ":hub.test 319 alice bob @#den"
    alice.send("PART #den")
    assert " 319 " not in "\n".join(alice.ask("WHOIS bob"))


def test_many_rooms_go_on_in_further_lines(world: World, alice: Person) -> None:
    names = [f"#{'x' * 40}{number:02d}" for number in range(30)]
    world.connect("bob").send(*(f"JOIN {name}" for name in names))
    lines = alice.ask("WHOIS bob")
    assert all(len(line.encode()) <= 510 for line in lines)
    shown = [line.partition(" alice bob ")[2].removeprefix(":") for line in lines[1:-3]]
    assert " ".join(shown).replace("@", "").split() == ["#lobby", *names]


# -- WHOWAS -------------------------------------------------------------------------------


def test_whowas_tells_who_left_or_was_renamed_the_last_first(world: World, alice: Person) -> None:
    world.connect("bob", host="one.example").send("QUIT")
    world.connect("bob", host="two.example").send("NICK rob")
    assert alice.ask("WHOWAS BOB") == [
        ":hub.test 314 alice bob ~bob two.example * :Bob Example",
        ":hub.test 312 alice bob hub.test :Tuesday, 14 November 2023, 22:13:34 UTC",
        ":hub.test 314 alice bob ~bob one.example * :Bob Example",
        ":hub.test 312 alice bob hub.test :Tuesday, 14 November 2023, 22:13:29 UTC",
        ":hub.test 369 alice BOB :End of WHOWAS",
    ]
    assert len(alice.ask("WHOWAS bob 1")) == 3
    assert len(alice.ask("WHOWAS bob 0")) == 5
    assert len(alice.ask("WHOWAS bob -1")) == 5
    assert len(alice.ask("WHOWAS bob x")) == 5


@pytest.mark.parametrize(
    ("line", "replies"),
    [
        ("WHOWAS", ["431 alice :No nickname given"]),
        ("WHOWAS :", ["431 alice :No nickname given"]),
        (
            "WHOWAS alice",
            ["406 alice alice :There was no such nickname", "369 alice alice :End of WHOWAS"],
        ),
        (
            "WHOWAS :a b",
            ["406 alice * :There was no such nickname", "369 alice * :End of WHOWAS"],
        ),
    ],
)
def test_whowas_of_nobody(alice: Person, line: str, replies: list[str]) -> None:
    assert alice.ask(line) == [f":hub.test {reply}" for reply in replies]


def test_whowas_under_a_label_is_one_response(world: World) -> None:
    alice = world.connect("alice", "batch labeled-response")
    assert alice.ask("@label=w WHOWAS nobody") == [
        "@label=w :hub.test BATCH +b1 labeled-response",
        "@batch=b1 :hub.test 406 alice nobody :There was no such nickname",
        "@batch=b1 :hub.test 369 alice nobody :End of WHOWAS",
        ":hub.test BATCH -b1",
    ]


# -- USERHOST and ISON --------------------------------------------------------------------


def test_userhost_of_up_to_five(world: World, alice: Person) -> None:
    bob = world.connect("bob", host="bob.example")
    bob.send("AWAY :out")
    assert alice.ask("USERHOST bob nobody ALICE") == [
        ":hub.test 302 alice :bob=-~bob@bob.example alice=+~alice@host.test"
    ]
    assert alice.ask("USERHOST :bob alice") == [
        ":hub.test 302 alice :bob=-~bob@bob.example alice=+~alice@host.test"
    ]
    assert alice.ask("USERHOST a b c d e alice") == [":hub.test 302 alice :"]
    assert alice.ask("USERHOST :") == [":hub.test 302 alice :"]
    assert alice.ask("USERHOST") == [":hub.test 461 alice USERHOST :Not enough parameters"]


def test_userhosts_that_are_long_go_on_in_a_further_line(world: World, alice: Person) -> None:
    names = [x * 30 for x in "vwxyz"]
    for name in names:
        world.connect(name, host="h" * 63)
    lines = alice.ask("USERHOST " + " ".join(names))
    assert all(len(line.encode()) <= 510 for line in lines)
    assert sum(line.count("=+") for line in lines) == 5


def test_ison_tells_who_is_here(world: World, alice: Person) -> None:
    world.connect("bob")
    assert alice.ask("ISON Bob nobody ALICE") == [":hub.test 303 alice :bob alice"]
    assert alice.ask("ISON :Bob nobody ALICE") == [":hub.test 303 alice :bob alice"]
    assert alice.ask("ISON nobody") == [":hub.test 303 alice :"]
    assert alice.ask("ISON") == [":hub.test 461 alice ISON :Not enough parameters"]
