"""BATCH: messages of several lines."""

import msgspec
import pytest

from hubbub.commands.multiline import expire
from hubbub.core.ids import msgid
from hubbub.irc.numerics import Numeric
from tests.world import ALL_CAPABILITIES, LOG_ID, RULES, Person, World

PLAIN = ALL_CAPABILITIES.replace("server-time", "")
CAPABILITIES = f"{PLAIN} draft/multiline draft/message-redaction"
ALICE = ":alice!~alice@host.test"
LINES = ("hello", "", "how is ", "+everyone?")
"""As in the specification's example; '+' marks a line that is joined to the one before."""


@pytest.fixture
def alice(world: World) -> Person:
    return join(world, "alice", CAPABILITIES)


@pytest.fixture
def bob(world: World, alice: Person) -> Person:
    return join(world, "bob", CAPABILITIES)


def join(world: World, nick: str, capabilities: str) -> Person:
    person = world.connect(nick, capabilities)
    person.ask("JOIN #room")
    return person


def sent(*lines: str, target: str = "#room", verb: str = "PRIVMSG", tags: str = "") -> list[str]:
    """A batch as a client sends it."""
    inside = []
    for line in lines:
        concat = ";draft/multiline-concat" if line.startswith("+") else ""
        inside.append(f"@batch=1{concat} {verb} {target} :{line.removeprefix('+')}")
    opening = f"BATCH +1 draft/multiline {target}"
    return [f"@{tags} {opening}" if tags else opening, *inside, "BATCH -1"]


def last_id(world: World) -> str:
    return msgid(LOG_ID, world.history.rows[-1].place)


def shown(world: World, target: str = "#room", *, extra: str = "", outer: str = "") -> list[str]:
    """LINES as a client is shown them that knows of such messages."""
    place = f"{world.history.rows[-1].place:x}"
    inside = f"batch=m{place}"
    return [
        f"@{outer}{extra}msgid={LOG_ID}{place} {ALICE} BATCH +m{place} draft/multiline {target}",
        f"@{inside} {ALICE} PRIVMSG {target} hello",
        f"@{inside} {ALICE} PRIVMSG {target} :",
        f"@{inside} {ALICE} PRIVMSG {target} :how is ",
        f"@{inside};draft/multiline-concat {ALICE} PRIVMSG {target} everyone?",
        f"{f'@{outer[:-1]} ' if outer else ''}{ALICE} BATCH -m{place}",
    ]


# -- what is shown ------------------------------------------------------------------------


def test_the_limits_are_said(world: World) -> None:
    lines = world.arrive().ask("CAP LS 302")
    assert " draft/multiline=max-bytes=16384,max-lines=100 " in " ".join(lines) + " "


@pytest.mark.parametrize("target", ["#room", "bob"])
def test_a_message_of_several_lines_is_one(
    world: World, alice: Person, bob: Person, target: str
) -> None:
    echo = alice.ask(*sent(*LINES, target=target))
    assert echo == bob.heard() == shown(world, target)
    assert world.history.rows[-1].params == ("hello\n\nhow is everyone?",)


def test_nothing_is_shown_before_it_ends(alice: Person, bob: Person) -> None:
    bob.heard()
    assert alice.ask(*sent(*LINES)[:-1]) == []
    assert bob.heard() == []


def test_others_are_shown_its_lines(world: World, alice: Person) -> None:
    old = join(world, "old", "")
    tagged = join(world, "tagged", "message-tags account-tag batch")
    nobatch = join(world, "nobatch", "draft/multiline message-tags")
    old.heard()
    tagged.heard()
    alice.send(*sent(*LINES, tags="+draft/reply=x"))
    lines = [f"{ALICE} PRIVMSG #room {text}" for text in ("hello", ":how is ", "everyone?")]
    assert old.heard() == lines
    lines[0] = f"@msgid={last_id(world)};+draft/reply=x {lines[0]}"
    assert tagged.heard() == lines
    assert nobatch.heard() == lines


def test_every_line_tells_the_time(world: World, alice: Person) -> None:
    timed = join(world, "timed", "server-time account-tag")
    alice.send(*sent(*LINES))
    times = {line.partition(" ")[0] for line in timed.heard()}
    assert len(times) == 1
    assert times.pop().startswith("@time=")


def test_a_notice_to_a_rank(world: World, alice: Person) -> None:
    lines = alice.ask(*sent("one", "two", target="@#room", verb="NOTICE"))
    assert lines[0].endswith(" draft/multiline @#room")
    assert [line.split()[2:] for line in lines[1:3]] == [
        ["NOTICE", "@#room", "one"],
        ["NOTICE", "@#room", "two"],
    ]


def test_one_line_alone_is_a_message(world: World, alice: Person) -> None:
    assert alice.ask(*sent("hello")) == [f"@msgid={last_id(world)} {ALICE} PRIVMSG #room hello"]


def test_tags_stand_at_the_beginning(world: World, alice: Person, bob: Person) -> None:
    bob.heard()
    alice.send(*sent("one", "two", tags="+draft/reply=x;other=y"))
    first, *others = bob.heard()
    assert first.startswith(f"@msgid={last_id(world)};+draft/reply=x {ALICE} BATCH +")
    assert not any("reply" in line or "other" in line for line in others)


def test_the_answer_bears_the_label_that_it_began_with(world: World, alice: Person) -> None:
    assert alice.ask(*sent(*LINES, tags="label=m")) == shown(world, extra="label=m;")
    assert alice.ask(*sent("hi", target="#none", tags="label=n")) == [
        "@label=n :hub.test 403 alice #none :No such channel"
    ]
    alice.send("CAP REQ -echo-message")
    assert alice.ask(*sent(*LINES, tags="label=o")) == ["@label=o :hub.test ACK"]


def test_it_is_sent_once(world: World, alice: Person, bob: Person) -> None:
    lines = sent(*LINES, tags="hubbub/id=x")
    first = alice.ask(*lines)
    bob.heard()
    assert alice.ask(*lines) == first
    assert bob.heard() == []


# -- history ------------------------------------------------------------------------------


def test_history_has_it_whole(world: World, alice: Person) -> None:
    alice.send("PRIVMSG #room before", *sent(*LINES))
    lines = alice.ask("CHATHISTORY LATEST #room * 1")
    assert lines[0] == ":hub.test BATCH +b1 chathistory #room"
    assert lines[1:-1] == shown(world, outer="batch=b1;")
    assert lines[-1] == ":hub.test BATCH -b1"


def test_history_has_its_lines_for_others(world: World, alice: Person) -> None:
    alice.send(*sent(*LINES), "CAP REQ -draft/multiline")
    assert alice.ask("CHATHISTORY LATEST #room * 1")[1:-1] == [
        f"@batch=b1;msgid={last_id(world)} {ALICE} PRIVMSG #room hello",
        f"@batch=b1 {ALICE} PRIVMSG #room :how is ",
        f"@batch=b1 {ALICE} PRIVMSG #room everyone?",
    ]


def test_who_comes_later_is_shown_when_it_was_said() -> None:
    world = World(msgspec.structs.replace(RULES, replay_lines=5))
    alice = join(world, "alice", CAPABILITIES)
    alice.send(*sent("+", "b")[:1], *sent("a", "b", "+c")[1:])
    old = world.connect("old", "")
    lines = [line for line in old.ask("JOIN #room") if " PRIVMSG " in line]
    texts = [line.partition(" #room ")[2].removeprefix(":") for line in lines]
    assert texts[0].startswith("[22:")
    assert texts[0].endswith("] a")
    assert texts[1:] == ["b", "c"]


def test_all_of_it_is_taken_back(world: World, alice: Person) -> None:
    alice.send(*sent(*LINES))
    id = last_id(world)
    alice.ask(f"REDACT #room {id}")
    assert "hello" not in repr(world.history.rows)
    assert "everyone" not in repr(world.history.rows)
    lines = alice.ask("CHATHISTORY LATEST #room * 5")
    assert not any("PRIVMSG" in line for line in lines)


# -- refusals -----------------------------------------------------------------------------

SMALL = msgspec.structs.replace(RULES, multiline_bytes=20, multiline_lines=4)


@pytest.mark.parametrize(
    ("lines", "answer"),
    [
        (sent("0123456789", "012345678"), None),
        (sent("0123456789", "+0123456789"), None),
        (sent("a", "b", "c", "d"), None),
        (sent("0123456789", "0123456789"), "MULTILINE_MAX_BYTES 20 :"),
        (sent("0123456789", "+0123456789x"), "MULTILINE_MAX_BYTES 20 :"),
        (sent("é" * 11), "MULTILINE_MAX_BYTES 20 :"),
        (sent("a", "b", "c", "d", "e"), "MULTILINE_MAX_LINES 4 :"),
        (sent("a", "+b", "+c", "+d", "+e"), "MULTILINE_MAX_LINES 4 :"),
        (sent("a", "+"), "MULTILINE_INVALID :"),
        (sent("+a"), "MULTILINE_INVALID :"),
        (sent("", ""), "MULTILINE_INVALID :"),
        (sent(), "MULTILINE_INVALID :"),
        (sent("a", target="#room,bob"), "MULTILINE_INVALID :"),
        (sent("a", target="NickServ"), "MULTILINE_INVALID :"),
        (["BATCH +1 draft/multiline", "BATCH -1"], "MULTILINE_INVALID :"),
        ([*sent("a")[:2], *sent("b", verb="NOTICE")[1:]], "MULTILINE_INVALID :"),
        ([*sent()[:1], *sent("#room", verb="JOIN")[1:]], "MULTILINE_INVALID :"),
        ([*sent()[:1], "@batch=1;+x=y PRIVMSG #room :a", "BATCH -1"], "MULTILINE_INVALID :"),
        ([*sent()[:1], *sent("x" * 450)[1:]], "MULTILINE_INVALID :"),
        ([*sent()[:1], *sent("a", target="#bar")[1:]], "MULTILINE_INVALID_TARGET #room #bar :"),
        ([*sent()[:1], *sent("a", target="bar")[1:]], "MULTILINE_INVALID_TARGET #room bar :"),
        ([*sent("a")[:2], "BATCH +2 draft/multiline #room", "BATCH -1"], "MULTILINE_INVALID :"),
        (["BATCH +a,b draft/multiline #room", "BATCH -a,b"], "INVALID_REFTAG a,b :"),
        (["BATCH + draft/multiline #room"], "INVALID_REFTAG * :"),
        (["BATCH 1 draft/multiline #room"], "INVALID_REFTAG 1 :"),
        (["BATCH -9"], "INVALID_REFTAG 9 :"),
        (["@batch=9 PRIVMSG #room a"], "INVALID_REFTAG 9 :"),
        (["BATCH +1 frob #room", "@batch=1 FROB", "BATCH -1"], None),
        (["BATCH +1 frob #room", *sent("a")[1:]], "UNKNOWN_TYPE 1 frob :"),
        (["BATCH +1", *sent("a")[1:]], "UNKNOWN_TYPE 1 * :"),
    ],
)
def test_batches_that_cannot_be(world: World, lines: list[str], answer: str | None) -> None:
    world.rules = SMALL
    alice = join(world, "alice", CAPABILITIES)
    bob = join(world, "bob", CAPABILITIES)
    if answer is None:
        assert not any("MULTILINE" in line for line in alice.ask(*lines))
        return
    (line,) = alice.ask(*lines)
    assert line.startswith(f":hub.test FAIL BATCH {answer}")
    assert bob.heard() == []
    # What comes next is well again.
    assert len(alice.ask(*sent("a", "b"))) == 4


def test_a_refusal_bears_the_label_and_comes_once(world: World, alice: Person) -> None:
    lines = sent("a", "+", "b", "+", tags="label=m")
    (answer,) = alice.ask(*lines)
    assert answer.startswith("@label=m :hub.test FAIL BATCH MULTILINE_INVALID :")


def test_a_batch_is_not_open_for_ever(alice: Person, bob: Person) -> None:
    alice.send(*sent("a", "b", tags="label=m")[:-1])
    task = expire(alice.session)
    (reply,) = task.work
    assert task.label == "m"
    assert reply.params[:3] == ("BATCH", "TIMEOUT", "1")  # type: ignore[union-attr]
    bob.heard()
    assert alice.ask(*sent("c")[1:]) == []
    assert bob.heard() == []


def test_other_lines_come_between(alice: Person) -> None:
    first, second, *rest = sent("a", "b")
    assert alice.ask(first, second, "PING x") == [":hub.test PONG hub.test x"]
    assert len(alice.ask(*rest)) == 4


@pytest.mark.parametrize("capabilities", ["", "draft/multiline", "batch message-tags"])
def test_the_capabilities_have_to_be_negotiated(world: World, capabilities: str) -> None:
    old = join(world, "old", capabilities)
    unknown = f":hub.test {Numeric.ERR_UNKNOWNCOMMAND.value} old BATCH :Unknown command"
    assert old.ask("BATCH +1 draft/multiline #room", "BATCH -1") == [unknown] * 2
