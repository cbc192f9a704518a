"""From a line to work: what can't be read or may not come is answered, and only that."""

import pytest

from hubbub.commands.dispatch import dispatch, too_long
from hubbub.edge.egress import Gate
from tests.world import LOG_ID, RULES, World


@pytest.mark.parametrize("line", [b"", b" ", b"   ", b":source", b"@a=b :source "])
def test_a_line_that_means_nothing_is_passed_over(world: World, line: bytes) -> None:
    assert world.arrive().ask(line) == []


@pytest.mark.parametrize(
    ("line", "code"),
    [
        (b"PRIVMSG alice :\xff", "PRIVMSG INVALID_UTF8"),
        (b"FROB :\xff", "* INVALID_UTF8"),
        (b"P\xff :x", "* INVALID_UTF8"),
        (b"PRIVMSG alice :a\0b", "* MALFORMED"),
        (b"PRIVMSG alice :a\rb", "* MALFORMED"),
        (b"P1NG x", "* MALFORMED"),
        (b"@ PING x", "* MALFORMED"),
        (b": PING x", "* MALFORMED"),
    ],
)
def test_a_line_that_cannot_be_read_fails(world: World, line: bytes, code: str) -> None:
    alice = world.connect("alice", "standard-replies")
    (reply,) = alice.ask(line)
    assert reply.startswith(f":hub.test FAIL {code} :")
    bob = world.connect("bob")
    (reply,) = bob.ask(line)
    assert reply.startswith(f":hub.test NOTICE bob :FAIL {code} ")


def test_what_is_not_utf8_is_answered_under_its_label(world: World) -> None:
    alice = world.connect("alice", "batch labeled-response standard-replies")
    (reply,) = alice.ask(b"@label=u PRIVMSG #lobby :\xff")
    assert reply.startswith("@label=u :hub.test FAIL PRIVMSG INVALID_UTF8 :")


def test_unknown_commands(world: World) -> None:
    assert world.arrive().ask("FROB x") == [":hub.test 421 * FROB :Unknown command"]
    alice = world.connect("alice")
    assert alice.ask("frob", "001 x") == [
        ":hub.test 421 alice FROB :Unknown command",
        ":hub.test 421 alice 001 :Unknown command",
    ]
    assert alice.ask("X" * 400) == [f":hub.test 421 alice {'X' * 32} :Unknown command"]


def test_a_source_that_a_client_names_means_nothing(world: World) -> None:
    alice, bob = world.connect("alice"), world.connect("bob")
    alice.send(":bob PRIVMSG bob hi")
    assert bob.heard() == [":alice!~alice@host.test PRIVMSG bob hi"]


def test_a_label_is_answered_exactly_once(world: World) -> None:
    alice = world.connect("alice", "batch labeled-response")
    assert alice.ask("@label=1 PONG") == ["@label=1 :hub.test ACK"]
    assert alice.ask("@label=2 FROB") == ["@label=2 :hub.test 421 alice FROB :Unknown command"]
    assert alice.ask("@label=3 PRIVMSG") == [
        "@label=3 :hub.test 411 alice :No recipient given (PRIVMSG)"
    ]
    assert alice.ask("@label=4 JOIN #room") == [
        "@label=4 :hub.test BATCH +b1 labeled-response",
        "@batch=b1 :alice!~alice@host.test JOIN #room",
        "@batch=b1 :hub.test 353 alice = #room @alice",
        "@batch=b1 :hub.test 366 alice #room :End of /NAMES list",
        ":hub.test BATCH -b1",
    ]
    assert alice.ask("@label=a\\sb PONG") == ["@label=a\\sb :hub.test ACK"]
    assert alice.ask("@label= PONG") == []


def test_a_label_that_is_too_long_fails(world: World) -> None:
    alice = world.connect("alice", "batch labeled-response standard-replies")
    assert alice.ask(f"@label={'x' * 64} PONG") == [f"@label={'x' * 64} :hub.test ACK"]
    assert alice.ask(f"@label={'x' * 65} PONG") == [
        ":hub.test FAIL PONG INVALID_LABEL :A label is at most 64 bytes"
    ]


def test_a_label_means_nothing_without_the_capability(world: World) -> None:
    assert world.connect("alice", "batch").ask("@label=1 PING x") == [":hub.test PONG hub.test x"]


def test_a_line_over_the_limit_is_refused(world: World) -> None:
    session = world.connect("alice").session
    task = too_long(session)
    gate = Gate(RULES.server_name, LOG_ID)
    (reply,) = task.work
    assert gate.show(session, [reply]) == b":hub.test 417 alice :Input line was too long\r\n"  # type: ignore[list-item]


def test_the_task_names_its_command_for_a_later_failure(world: World) -> None:
    task = dispatch(world.connect("alice").session, b"join #room", RULES)
    assert task is not None
    assert task.command == "JOIN"
