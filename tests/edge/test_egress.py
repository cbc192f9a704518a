"""The egress gate: the same happening in every dress."""

import pytest

from hubbub.core.ids import Place, SessionId
from hubbub.core.outputs import Event
from hubbub.edge.egress import Gate, iso_time
from hubbub.edge.session import Session
from hubbub.edge.work import Batched
from hubbub.irc.capabilities import AWAY_NOTIFY, MESSAGE_TAGS, SERVER_TIME
from hubbub.irc.message import parse
from hubbub.irc.numerics import Numeric
from hubbub.irc.replies import Reply, numeric

TIME = 1_700_000_000_042
STAMP = "2023-11-14T22:13:20.042Z"
GATE = Gate("hub.test", "edgeid")
SAID = Event("PRIVMSG", "ann!~a@h", ("#a", "hi all"), TIME, Place(0x1F), {"+x": "a b;c", "+y": ""})
WELCOME = numeric(Numeric.RPL_WELCOME, text="Hello you")


def session(*capabilities: str, nick: str = "bob") -> Session:
    made = Session(SessionId(1), "host", secure=False)
    made.nick = nick
    made.choose(frozenset(capabilities))
    return made


@pytest.mark.parametrize(
    ("variant", "tags"),
    [
        (0, ""),
        (SERVER_TIME, f"@time={STAMP} "),
        (MESSAGE_TAGS, "@msgid=edgeid1f;+x=a\\sb\\:c;+y "),
        (SERVER_TIME | MESSAGE_TAGS, f"@time={STAMP};msgid=edgeid1f;+x=a\\sb\\:c;+y "),
    ],
)
def test_an_event_has_the_tags_of_its_variant(variant: int, tags: str) -> None:
    line = f"{tags}:ann!~a@h PRIVMSG #a :hi all\r\n".encode()
    assert GATE.encode(SAID, variant) == line
    named = {SERVER_TIME: "server-time", MESSAGE_TAGS: "message-tags"}
    chosen = session(*(name for bit, name in named.items() if variant & bit))
    assert GATE.show(chosen, [SAID]) == line


def test_what_has_no_place_has_no_id() -> None:
    typing = Event("TAGMSG", "ann!~a@h", ("#a",), TIME, None, {"+typing": "active"})
    assert GATE.encode(typing, MESSAGE_TAGS) == b"@+typing=active :ann!~a@h TAGMSG #a\r\n"


@pytest.mark.parametrize(
    ("event", "bit", "capability"),
    [
        (Event("TAGMSG", "ann", ("#a",), TIME), MESSAGE_TAGS, "message-tags"),
        (Event("AWAY", "ann", (), TIME), AWAY_NOTIFY, "away-notify"),
    ],
)
def test_some_events_are_for_those_who_asked(event: Event, bit: int, capability: str) -> None:
    assert GATE.encode(event, 0) == b""
    assert GATE.encode(event, bit) != b""
    assert GATE.show(session(), [event]) == b""
    assert GATE.show(session(capability), [event]) != b""
    labelled = session("labeled-response", "batch")
    assert GATE.show(labelled, [event], "x") == b"@label=x :hub.test ACK\r\n"


@pytest.mark.parametrize(
    ("milliseconds", "text"),
    [
        (0, "1970-01-01T00:00:00.000Z"),
        (TIME, STAMP),
        (1_709_164_799_999, "2024-02-28T23:59:59.999Z"),
        (253_402_300_799_999, "9999-12-31T23:59:59.999Z"),
    ],
)
def test_times_have_milliseconds(milliseconds: int, text: str) -> None:
    assert iso_time(milliseconds) == text


def test_a_numeric_names_whom_it_is_for() -> None:
    assert GATE.show(session(), [WELCOME]) == b":hub.test 001 bob :Hello you\r\n"
    assert GATE.show(session(nick=""), [WELCOME]) == b":hub.test 001 * :Hello you\r\n"
    assert GATE.show(session(), [Reply("PONG", ("a", "b c"))]) == b":hub.test PONG a :b c\r\n"


def test_a_standard_reply_is_a_notice_to_who_does_not_know_it() -> None:
    fail = Reply("FAIL", ("JOIN", "CODE", "It failed"))
    assert GATE.show(session("standard-replies"), [fail]) == (
        b":hub.test FAIL JOIN CODE :It failed\r\n"
    )
    assert GATE.show(session(), [fail]) == b":hub.test NOTICE bob :FAIL JOIN CODE It failed\r\n"


def test_under_a_label_one_line_bears_it_and_more_are_a_batch() -> None:
    own = session("labeled-response", "batch", "server-time")
    assert GATE.show(own, [], "a b") == b"@label=a\\sb :hub.test ACK\r\n"
    assert GATE.show(own, [WELCOME], "x") == b"@label=x :hub.test 001 bob :Hello you\r\n"
    assert GATE.show(own, [WELCOME, SAID], "x") == (
        b"@label=x :hub.test BATCH +b1 labeled-response\r\n"
        b"@batch=b1 :hub.test 001 bob :Hello you\r\n"
        b"@batch=b1;time=2023-11-14T22:13:20.042Z :ann!~a@h PRIVMSG #a :hi all\r\n"
        b":hub.test BATCH -b1\r\n"
    )


def test_a_batch_is_a_batch_for_who_knows_batches() -> None:
    batch = Batched("chathistory", ("#a",), (SAID, SAID))
    assert GATE.show(session(), [batch]) == b":ann!~a@h PRIVMSG #a :hi all\r\n" * 2
    own = session("batch", "labeled-response")
    assert GATE.show(own, [batch], "x") == (
        b"@label=x :hub.test BATCH +b1 chathistory #a\r\n"
        b"@batch=b1 :ann!~a@h PRIVMSG #a :hi all\r\n"
        b"@batch=b1 :ann!~a@h PRIVMSG #a :hi all\r\n"
        b":hub.test BATCH -b1\r\n"
    )


def test_a_batch_in_a_response_stands_inside_it() -> None:
    own = session("batch", "labeled-response")
    lines = GATE.show(own, [WELCOME, Batched("chathistory", ("#a",), (SAID,))], "x").split(b"\r\n")
    assert lines == [
        b"@label=x :hub.test BATCH +b1 labeled-response",
        b"@batch=b1 :hub.test 001 bob :Hello you",
        b"@batch=b1 :hub.test BATCH +b2 chathistory #a",
        b"@batch=b2 :ann!~a@h PRIVMSG #a :hi all",
        b":hub.test BATCH -b2",
        b":hub.test BATCH -b1",
        b"",
    ]


def test_goodbye_is_an_error() -> None:
    assert GATE.error("Bye now") == b"ERROR :Closing link: Bye now\r\n"


def test_what_is_written_can_be_read() -> None:
    line = GATE.encode(SAID, MESSAGE_TAGS | SERVER_TIME).removesuffix(b"\r\n")
    message = parse(line)
    assert message.tags == {"time": STAMP, "msgid": "edgeid1f", "+x": "a b;c", "+y": ""}
    assert (message.source, message.command, message.params) == (
        "ann!~a@h",
        "PRIVMSG",
        ("#a", "hi all"),
    )
