"""MOTD, LUSERS, VERSION, TIME, INFO, ADMIN, LINKS and STATS."""

import msgspec
import pytest

from hubbub import __version__
from tests.world import RULES, Person, World


@pytest.fixture
def alice(world: World) -> Person:
    return world.connect("alice")


def test_motd(alice: Person) -> None:
    assert alice.ask("MOTD") == [":hub.test 422 alice :MOTD File is missing"]
    world = World(msgspec.structs.replace(RULES, motd="Be kind.\n\nHave fun."))
    assert world.connect("bob").ask("MOTD hub.test") == [
        ":hub.test 375 bob :- hub.test Message of the day - ",
        ":hub.test 372 bob :- Be kind.",
        ":hub.test 372 bob :- ",
        ":hub.test 372 bob :- Have fun.",
        ":hub.test 376 bob :End of /MOTD command.",
    ]


def test_lusers_counts(world: World, alice: Person) -> None:
    bob = world.connect("bob")
    bob.send("MODE bob +i", "JOIN #room")
    world.connect("carol").send("QUIT")
    assert alice.ask("LUSERS") == [
        ":hub.test 251 alice :There are 1 users and 1 invisible on 1 servers",
        ":hub.test 252 alice 0 :operator(s) online",
        ":hub.test 254 alice 2 :rooms formed",
        ":hub.test 255 alice :I have 2 clients and 0 servers",
        ":hub.test 265 alice 2 3 :Current local users 2, max 3",
        ":hub.test 266 alice 2 3 :Current global users 2, max 3",
    ]
    bob.send("QUIT")
    assert alice.ask("LUSERS")[0] == (
        ":hub.test 251 alice :There are 1 users and 0 invisible on 1 servers"
    )


def test_version_says_what_is_supported(alice: Person) -> None:
    first, *rest = alice.ask("VERSION")
    assert first.startswith(f":hub.test 351 alice hubbub-{__version__} hub.test :")
    assert rest
    assert all(line.split()[1] == "005" for line in rest)


def test_time_is_now_even_when_nothing_happens(world: World, alice: Person) -> None:
    world.pass_time(3600_000)
    assert alice.ask("TIME") == [
        ":hub.test 391 alice hub.test 1700003605 :Tuesday, 14 November 2023, 23:13:25 UTC"
    ]


def test_info(alice: Person) -> None:
    *lines, end = alice.ask("INFO")
    assert __version__ in lines[0]
    assert {line.split()[1] for line in lines} == {"371"}
    assert end == ":hub.test 374 alice :End of INFO list"


def test_admin(alice: Person) -> None:
    assert alice.ask("ADMIN")[0].startswith(":hub.test 423 alice hub.test :")
    world = World(msgspec.structs.replace(RULES, admin="root@hub.test"))
    assert world.connect("bob").ask("ADMIN bob") == [
        ":hub.test 256 bob hub.test :Administrative info",
        ":hub.test 257 bob Test",
        f":hub.test 258 bob :Hubbub {__version__}",
        ":hub.test 259 bob root@hub.test",
    ]


def test_links(alice: Person) -> None:
    assert alice.ask("LINKS") == [
        ":hub.test 364 alice hub.test hub.test :0 Test",
        ":hub.test 365 alice * :End of /LINKS list",
    ]


def test_stats_ends_at_once(alice: Person) -> None:
    assert alice.ask("STATS u") == [":hub.test 219 alice u :End of /STATS report"]
    assert alice.ask("STATS uptime hub.test") == [":hub.test 219 alice u :End of /STATS report"]
    assert alice.ask("STATS :") == [":hub.test 219 alice * :End of /STATS report"]
    assert alice.ask("STATS") == [":hub.test 461 alice STATS :Not enough parameters"]


@pytest.mark.parametrize("command", ["MOTD", "VERSION", "TIME", "ADMIN", "STATS u"])
def test_another_server_is_not_here(alice: Person, command: str) -> None:
    refusal = [":hub.test 402 alice else.where :No such server"]
    assert alice.ask(f"{command} else.where") == refusal
    assert alice.ask(f"{command} :a b") == [":hub.test 402 alice * :No such server"]
    for here in ("hub.test", "HUB.*", "alice", "*"):
        assert " 402 " not in alice.ask(f"{command} {here}")[0]
