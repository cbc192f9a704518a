"""Becoming known, staying and leaving."""

import msgspec
import pytest

from hubbub.edge.session import Phase
from tests.world import ALL_CAPABILITIES, RULES, Person, World

TOKEN = "0123456789abcdef0123456789abcdef"


def commands(lines: list[str]) -> list[str]:
    return [line.split()[1] for line in lines]


def test_a_nick_and_a_user_are_welcomed_and_brought_to_the_lobby(world: World) -> None:
    alice = world.arrive()
    assert alice.ask("NICK alice") == []
    lines = alice.ask("USER al 0 * :Alice Example")
    assert lines[0] == ":hub.test 001 alice :Welcome to Test, alice!~al@host.test"
    numerics = commands(lines)
    assert numerics[:4] == ["001", "002", "003", "004"]
    assert [number for number in numerics if number not in ("005",)] == [
        *("001", "002", "003", "004"),
        *("251", "252", "254", "255", "265", "266"),
        *("422", "JOIN", "353", "366"),
    ]
    assert lines[-3:] == [
        ":alice!~al@host.test JOIN #lobby",
        ":hub.test 353 alice = #lobby alice",
        ":hub.test 366 alice #lobby :End of /NAMES list",
    ]


def test_user_may_come_before_nick(world: World) -> None:
    alice = world.arrive()
    alice.send("USER al 0 * :Alice", "NICK alice")
    assert alice.session.phase is Phase.REGISTERED


def test_arrivals_are_seen_in_the_lobby(world: World) -> None:
    alice = world.connect("alice")
    world.arrive().send("NICK bob", "USER bob 0 * :Bob")
    assert alice.heard() == [":bob!~bob@host.test JOIN #lobby"]


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        ("al", "~al"),
        ("a@b!c", "~abc"),
        (":", "~user"),
        ("averyveryverylongname", "~averyveryve"),
    ],
)
def test_usernames_are_made_fit(world: World, given: str, kept: str) -> None:
    alice = world.arrive()
    alice.send("NICK alice", f"USER {given} 0 * :Alice" if given != ":" else "USER @ 0 * :Alice")
    assert alice.ask("USERHOST alice") == [f":hub.test 302 alice alice=+{kept}@host.test"]


def test_a_long_or_missing_real_name_is_made_fit(world: World) -> None:
    alice, bob = world.arrive(), world.arrive()
    alice.send("NICK alice", f"USER al 0 * :{'é' * 100}")
    bob.send("NICK bob", "USER bob 0 * :")
    assert bob.ask("WHOIS alice")[0].endswith(f"* {'é' * 64}")
    assert bob.ask("WHOIS bob")[0] == ":hub.test 311 bob bob ~bob host.test * ~bob"


# -- CAP ----------------------------------------------------------------------------------


def test_cap_ls_offers_what_there_is_and_holds_registration(world: World) -> None:
    alice = world.arrive()
    *firsts, last = alice.ask("CAP LS 302")
    assert all(line.startswith(":hub.test CAP * LS * :") for line in firsts)
    assert last.startswith(":hub.test CAP * LS :")
    assert all(len(line.encode()) <= 510 for line in (*firsts, last))
    offered = {name for line in (*firsts, last) for name in line.partition(" :")[2].split()}
    assert set(ALL_CAPABILITIES.split()) <= offered
    assert alice.ask("NICK alice", "USER al 0 * :Alice") == []
    assert commands(alice.ask("CAP END"))[0] == "001"


def test_cap_req_is_all_or_nothing(world: World) -> None:
    alice = world.arrive()
    assert alice.ask("CAP REQ :batch nonsense") == [":hub.test CAP * NAK :batch nonsense"]
    assert alice.ask("CAP LIST") == [":hub.test CAP * LIST :"]
    assert alice.ask("CAP REQ :batch server-time") == [":hub.test CAP * ACK :batch server-time"]
    assert alice.ask("CAP REQ :-batch") == [":hub.test CAP * ACK -batch"]
    assert alice.ask("CAP LIST") == [":hub.test CAP * LIST server-time"]


def test_cap_302_brings_cap_notify_for_good(world: World) -> None:
    alice = world.arrive()
    alice.send("CAP LS 302")
    assert alice.ask("CAP LIST") == [":hub.test CAP * LIST cap-notify"]
    assert alice.ask("CAP REQ :-cap-notify") == [":hub.test CAP * NAK -cap-notify"]


def test_cap_goes_on_after_registration(world: World) -> None:
    alice = world.connect("alice")
    assert alice.ask("CAP REQ batch") == [":hub.test CAP alice ACK batch"]
    assert alice.ask("CAP END") == []


def test_who_knows_no_302_is_told_in_one_line_what_fits_into_it() -> None:
    """ "Servers MUST NOT send multiline responses" to them, and no line has more than 512 bytes."""
    world = World()
    alice, bob = world.arrive(), world.arrive()
    (told,) = alice.ask("CAP LS")
    assert len(told.encode()) <= 510
    names = told.partition(" :")[2].split()
    assert {"sasl", "server-time", "multi-prefix", "away-notify", "message-tags"} <= set(names)
    assert set(names) < {name.partition("=")[0] for name in _offered(bob)}
    assert "=" not in told.partition(" :")[2]


def _offered(person: Person) -> list[str]:
    """All that is offered to somebody who knows 302."""
    return [name for line in person.ask("CAP LS 302") for name in line.partition(" :")[2].split()]


@pytest.mark.parametrize("line", ["CAP LSD", "CAP :", "CAP :a b"])
def test_an_unknown_cap_subcommand_is_refused(world: World, line: str) -> None:
    word = {"CAP LSD": "LSD"}.get(line, "*")
    assert world.arrive().ask(line) == [f":hub.test 410 * {word} :Invalid CAP command"]


# -- NICK ---------------------------------------------------------------------------------


def test_a_name_in_use_is_refused_and_another_may_be_chosen(world: World) -> None:
    world.connect("alice")
    other = world.arrive()
    other.send("USER al 0 * :Other")
    assert other.ask("NICK Alice") == [":hub.test 433 * Alice :Nickname is already in use"]
    assert other.session.phase is Phase.REGISTERING
    assert other.ask("NICK alicia")[0].startswith(":hub.test 001 alicia ")


@pytest.mark.parametrize(
    ("line", "reply"),
    [
        ("NICK", "431 * :No nickname given"),
        ("NICK :", "431 * :No nickname given"),
        ("NICK 1up", "432 * 1up :A name can't start with '1': start with a letter."),
        ("NICK :two words", "432 * * :A name can't contain a space."),
        ("NICK :#room", "432 * #room :A name can't contain '#'."),
        ("NICK ::x", "432 * * :A name can't contain ':'."),
    ],
)
def test_names_that_are_none_are_refused(world: World, line: str, reply: str) -> None:
    assert world.arrive().ask(line) == [f":hub.test {reply}"]


def test_a_rename_is_seen_once_by_all_who_share_rooms(world: World) -> None:
    alice, bob, carol = world.connect("alice"), world.connect("bob"), world.connect("carol")
    alice.send("JOIN #room")
    bob.send("JOIN #room")
    carol.send("PART #lobby")
    for person in (alice, bob, carol):
        person.heard()
    assert alice.ask("NICK ann") == [":alice!~alice@host.test NICK ann"]
    assert bob.heard() == [":alice!~alice@host.test NICK ann"]
    assert carol.heard() == []
    assert bob.ask("PRIVMSG ann hello") == []
    assert alice.heard() == [":bob!~bob@host.test PRIVMSG ann hello"]


def test_a_name_may_change_its_case_and_not_take_anothers(world: World) -> None:
    alice = world.connect("alice")
    world.connect("bob")
    assert alice.ask("NICK BOB") == [":hub.test 433 alice BOB :Nickname is already in use"]
    assert alice.ask("NICK Alice") == [":alice!~alice@host.test NICK Alice"]
    assert alice.ask("NICK Alice") == []


# -- DEVICE -------------------------------------------------------------------------------


def test_a_device_takes_its_name_and_rooms_back(world: World) -> None:
    alice = world.connect("alice", device=TOKEN)
    alice.send("JOIN #room")
    bob = world.connect("bob")
    bob.ask("JOIN #room")
    again = world.arrive()
    lines = again.ask(f"DEVICE {TOKEN}", "NICK alice", "USER alice 0 * :Alice")
    assert lines[0].startswith(":hub.test 001 alice ")
    assert [line for line in lines if " JOIN " in line or " 366 " in line] == [
        ":alice!~alice@host.test JOIN #lobby",
        ":hub.test 366 alice #lobby :End of /NAMES list",
        ":alice!~alice@host.test JOIN #room",
        ":hub.test 366 alice #room :End of /NAMES list",
    ]
    assert alice.closed
    assert alice.heard()[-1] == (
        "ERROR :Closing link: Replaced by a newer connection of this device"
    )
    assert bob.heard() == []
    bob.send("PRIVMSG #room welcome")
    assert again.heard() == [":bob!~bob@host.test PRIVMSG #room welcome"]


def test_a_lost_guests_name_is_held_for_its_device_only(world: World) -> None:
    alice = world.connect("alice", device=TOKEN)
    alice.lose()
    thief = world.arrive()
    thief.send("USER x 0 * :X")
    assert thief.ask("NICK alice") == [":hub.test 433 * alice :Nickname is already in use"]
    world.connect("alice", device=TOKEN)


def test_a_held_name_is_let_go(world: World) -> None:
    world.connect("alice", device=TOKEN).lose()
    world.pass_time(RULES.guest_name_hold_seconds * 1000)
    world.connect("alice")


def test_a_name_given_up_by_quitting_is_free_at_once(world: World) -> None:
    world.connect("alice", device=TOKEN).send("QUIT")
    world.connect("alice")


@pytest.mark.parametrize("token", ["short", "x" * 65, ":"])
def test_a_bad_device_token_fails(world: World, token: str) -> None:
    alice = world.arrive()
    alice.send("CAP REQ standard-replies")
    assert alice.ask(f"DEVICE {token}") == [
        ":hub.test FAIL DEVICE INVALID_TOKEN :A device token has 16 to 64 characters"
    ]


def test_device_comes_before_registration(world: World) -> None:
    alice = world.connect("alice")
    assert alice.ask(f"DEVICE {TOKEN}") == [":hub.test 462 alice :You may not reregister"]


BY_INVITATION = msgspec.structs.replace(RULES, guests="invite")

# -- PASS ---------------------------------------------------------------------------------


@pytest.mark.parametrize("lines", [[], ["PASS wrong"], ["PASS :"]])
def test_without_the_invite_nobody_comes_in(lines: list[str]) -> None:
    world = World(BY_INVITATION)
    alice = world.arrive(invite="let-me-in")
    text = "This server is by invitation: connect with the invite as the password"
    assert alice.ask(*lines, "NICK alice", "USER al 0 * :Alice") == [
        f":hub.test 464 * :{text}",
        f"ERROR :Closing link: {text}",
    ]
    assert alice.closed


def test_the_invite_lets_in() -> None:
    world = World(BY_INVITATION)
    alice = world.arrive(invite="let-me-in")
    assert alice.ask("PASS let-me-in", "NICK alice", "USER al 0 * :Alice")[0].startswith(
        ":hub.test 001 alice "
    )
    assert alice.ask("PASS again") == [":hub.test 462 alice :You may not reregister"]


# -- PING, PONG, QUIT ---------------------------------------------------------------------


def test_ping_is_answered_in_every_phase(world: World) -> None:
    assert world.arrive().ask("PING :a b") == [":hub.test PONG hub.test :a b"]
    assert world.connect("alice").ask("PING x") == [":hub.test PONG hub.test x"]


def test_pong_is_heard_in_silence(world: World) -> None:
    assert world.connect("alice").ask("PONG :x", "PONG") == []


def test_quit_says_goodbye_and_the_rooms_see_it_once(world: World) -> None:
    alice, bob = world.connect("alice"), world.connect("bob")
    alice.send("JOIN #room")
    bob.ask("JOIN #room")
    assert alice.ask("QUIT :so long") == ["ERROR :Closing link: Quit: so long"]
    assert bob.heard() == [":alice!~alice@host.test QUIT :Quit: so long"]
    assert bob.ask("ISON alice") == [":hub.test 303 bob :"]


def test_quit_before_registration(world: World) -> None:
    alice = world.arrive()
    assert alice.ask("QUIT") == ["ERROR :Closing link: Quit"]
    assert alice.closed


def test_a_quit_is_cut_to_what_can_be_relayed(world: World) -> None:
    alice, bob = world.connect("alice"), world.connect("bob")
    alice.send(f"QUIT :{'x' * 480}")
    (line,) = bob.heard()
    assert line.endswith(f"QUIT :Quit: {'x' * RULES.kick_bytes}")


def test_a_lost_connection_is_seen_as_a_quit(world: World) -> None:
    alice, bob = world.connect("alice"), world.connect("bob")
    alice.lose("Connection reset")
    assert bob.heard() == [":alice!~alice@host.test QUIT :Connection reset"]


def test_the_message_of_the_day_is_part_of_the_welcome() -> None:
    world = World(msgspec.structs.replace(RULES, motd="Be kind.\nHave fun."))
    alice = world.arrive()
    lines = alice.ask("NICK alice", "USER al 0 * :Alice")
    assert [line for line in lines if line.split()[1] in ("375", "372", "376", "422")] == [
        ":hub.test 375 alice :- hub.test Message of the day - ",
        ":hub.test 372 alice :- Be kind.",
        ":hub.test 372 alice :- Have fun.",
        ":hub.test 376 alice :End of /MOTD command.",
    ]


# -- strict transport security ------------------------------------------------------------


def test_sts_is_said_with_its_value_and_cant_be_asked_for(world: World) -> None:
    ann = world.arrive()
    ann.session.sts = "port=6697"
    assert ann.ask("CAP LS 302")[-1].endswith(" sts=port=6697")
    assert ann.ask("CAP REQ sts") == [":hub.test CAP * NAK sts"]
    assert "sts" not in ann.ask("CAP LIST")[-1]


def test_sts_is_not_said_where_it_is_off_or_values_arent_known(world: World) -> None:
    ann, bob = world.arrive(), world.arrive()
    bob.session.sts = "port=6697"
    assert "sts" not in " ".join(ann.ask("CAP LS 302"))
    assert "sts" not in " ".join(bob.ask("CAP LS"))


def test_an_answer_is_never_longer_than_a_line(world: World) -> None:
    alice = world.connect("alice", "labeled-response batch standard-replies")
    for line in ("PING " + "x" * 505, "PING :" + "é" * 252, f"@label={'z' * 65} {'Y' * 505}"):
        (answer,) = alice.ask(line)
        assert len(answer.encode()) <= 510
