"""Names that look like somebody else's can't be had; everything else can."""

from __future__ import annotations

import msgspec
import pytest

from hubbub.core.tables import load
from hubbub.irc.names import fold_nick
from tests.world import LOG_ID, RULES, Person, World, stored

CYRILLIC = "аlice"
SAME = "This name looks the same as alice, who is somebody else"


def attempt(world: World, nick: str, device: str = "") -> Person:
    person = world.arrive()
    if device:
        person.send(f"DEVICE {device}")
    person.send(f"NICK {nick}", "USER x 0 * :X")
    return person


def registered(person: Person) -> bool:
    return person.session.registration is None


@pytest.mark.parametrize("nick", [CYRILLIC, "aIice", "a1ice", "аl\u0456ce"])
def test_a_guest_cant_look_like_an_account_be_its_owner_there_or_not(
    world: World, nick: str
) -> None:
    world.account("alice")
    person = attempt(world, nick)
    assert not registered(person)
    assert f":hub.test 433 * {nick} :{SAME}: choose another name" in person.heard()
    person.send("NICK carol")
    assert registered(person)
    assert person.ask(f"NICK {nick}") == [
        f":hub.test 433 carol {nick} :{SAME}: choose another name"
    ]


def test_the_owner_itself_can_have_its_name(world: World) -> None:
    world.account("alice")
    alice = world.connect("alice", password="password")
    assert alice.ask("NICK ALICE") == [":alice!~alice@host.test NICK ALICE"]
    assert alice.ask("NICK alice") == [":ALICE!~alice@host.test NICK alice"]


def test_a_guest_cant_look_like_a_guest_until_that_one_is_gone(world: World) -> None:
    alice = world.connect("alice")
    assert not registered(attempt(world, CYRILLIC))
    alice.send("NICK alicia")
    other = attempt(world, CYRILLIC)
    assert registered(other)
    assert ":hub.test 433 alicia aIice" in alice.ask("NICK aIice")[0]
    other.send("QUIT")
    assert alice.ask("NICK aIice") == [":alicia!~alice@host.test NICK aIice"]


def test_one_may_take_another_spelling_of_ones_own_name(world: World) -> None:
    alice = world.connect("alice")
    assert alice.ask(f"NICK {CYRILLIC}") == [f":alice!~alice@host.test NICK {CYRILLIC}"]


def test_a_device_that_comes_back_has_its_name(world: World) -> None:
    world.connect("alice", device="0123456789abcdef")
    again = attempt(world, "alice", "0123456789abcdef")
    assert registered(again)


def test_an_account_cant_look_like_another(world: World) -> None:
    world.account("alice")
    person = world.arrive()
    person.send(f"NICK {CYRILLIC}")
    (refusal,) = person.ask("REGISTER * * password-of-mine")
    assert refusal == (
        f":hub.test NOTICE * :FAIL REGISTER BAD_ACCOUNT_NAME {CYRILLIC} {SAME}: choose another"
    )
    person.send("NICK carol")
    assert "REGISTER SUCCESS carol" in person.ask("REGISTER * * password-of-mine")[0]


def test_names_that_people_tell_apart_are_nobodys_affair(world: World) -> None:
    for nick in ("ian", "lan", "rnorn", "mom", "иван", "ivan", "josé", "jose"):
        assert registered(attempt(world, nick)), nick


def test_what_looks_alike_is_known_after_a_restart(world: World) -> None:
    world.account("alice")
    bob = world.connect("bob")
    bob.send("NICK robert", "REGISTER * * password-of-mine")
    again = load(LOG_ID, RULES, stored(world.tables))
    for nick in ("alice", "robert"):
        user = again.users[fold_nick(nick)]
        assert again.looks.like(nick) is user
        assert again.looks.like(nick, user) is None
    assert again.looks.like("bob") is None


@pytest.mark.parametrize("nick", ["NickServ", "nickserv", "NісkSеrv", "ChanServ", "Chan5erv"])
def test_nobody_looks_like_a_service(world: World, nick: str) -> None:
    person = attempt(world, nick)
    same = nick != "Chan5erv"
    assert registered(person) != same
    assert any("the name of a service" in line for line in person.heard()) == same


def test_an_account_cant_be_renamed_to_look_like_another(world: World) -> None:
    world.account("alice")
    world.account("bob")
    bob = world.connect("bob", "standard-replies", password="password")
    (refusal,) = bob.ask(f"ACCOUNT RENAME {CYRILLIC}")
    assert f"FAIL ACCOUNT BAD_ACCOUNT_NAME {CYRILLIC} :{CYRILLIC} looks the same" in refusal
    assert "name of a service" in bob.ask("ACCOUNT RENAME NісkSеrv")[0]
    bob.send("ACCOUNT RENAME carol")
    assert world.state.looks.like("carol") is world.state.users[fold_nick("carol")]
    assert world.state.looks.like("bob") is None


def test_names_of_ascii_only_where_the_operator_wants_that() -> None:
    world = World(msgspec.structs.replace(RULES, ascii_names=True))
    person = attempt(world, "josé")
    assert "432 * josé :Names on this server are of the letters a to z" in person.heard()[-1]
    person.send("NICK jose")
    assert registered(person)
    assert "432 jose ann€" in person.ask("NICK ann€")[0]
    assert "josé" in World().connect("josé").session.nick


@pytest.mark.parametrize(
    "nick",
    [
        *(
            "NickServ_",
            "NickServ1",
            "_ChanServ-",
            "chanserv007",
            "Nick_Serv",
            "[HelpServ]",
            "HostServ",
        ),
        *(
            "NICKSERV",
            "NlckServ",
            "OperServ",
            "MemoServ",
            "BotServ",
            "NісkSеrv_2",
            "0perServ",
            "BotServ\u0661",
        ),
    ],
)
def test_nothing_that_reads_as_a_service_is_anybodys_name(world: World, nick: str) -> None:
    person = attempt(world, nick)
    assert not registered(person)
    assert person.heard()[-1].endswith("looks like, the name of a service: choose another.")
    person.send("NICK ann")
    assert registered(person)
    (refusal,) = person.ask(f"NICK {nick}")
    assert f" 432 ann {nick} " in refusal


RESERVED = (
    "Server",
    "Admln",
    "adMIN",
    "console",
    "ADMIN",
    "admin_",
    "Admin1",
    "C0nsole",
    "s\u0435rver",
    "System-2",
)


@pytest.mark.parametrize("nick", RESERVED)
def test_nobody_is_taken_for_who_runs_the_server(world: World, nick: str) -> None:
    person = attempt(world, nick)
    assert not registered(person)
    kept = "That name is kept for whoever runs this server: choose another."
    assert person.heard() == [f":hub.test 432 * {nick} :{kept}"]
    other = world.arrive()
    other.send(f"NICK {nick}")
    assert f"BAD_ACCOUNT_NAME {nick} {kept}" in other.ask("REGISTER * * long-enough")[0]
    person.send("NICK ann")
    assert registered(person)
    assert person.ask(f"NICK {nick}") == [f":hub.test 432 ann {nick} :{kept}"]
    world.account("bob")
    bob = world.connect("bob", password="password")
    assert f"BAD_ACCOUNT_NAME {nick} {kept}" in bob.ask(f"ACCOUNT RENAME {nick}")[0]


def test_what_only_contains_such_a_name_is_free(world: World) -> None:
    for nick in ("webserver", "administra", "badminton", "Servant", "nick", "Nickolas", "observer"):
        assert registered(attempt(world, nick)), nick


def test_an_account_that_the_operator_made_of_such_a_name_has_it(world: World) -> None:
    world.account("Admin")
    admin = world.arrive()
    admin.send("CAP REQ sasl", "NICK Admin", "USER a 0 * :A", "AUTHENTICATE PLAIN")
    admin.send("AUTHENTICATE AEFkbWluAHBhc3N3b3Jk", "CAP END")
    assert registered(admin)
    assert admin.session.nick == "Admin"
    assert admin.ask("NICK admin") == [":Admin!~a@host.test NICK admin"]
    assert admin.ask("ACCOUNT RENAME ADMIN")[0] == ":admin!~a@host.test NICK ADMIN"
    assert not registered(attempt(world, "Admin"))


def test_which_names_those_are_is_the_operators_affair() -> None:
    world = World(msgspec.structs.replace(RULES, reserved_names=("Headmaster",)))
    assert registered(attempt(world, "admin"))
    assert not registered(attempt(world, "headmaster_"))
    assert not registered(attempt(world, "NickServ"))
    assert registered(attempt(World(msgspec.structs.replace(RULES, reserved_names=())), "Server"))
