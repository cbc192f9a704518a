"""The egress gate: how an event or an answer looks to who negotiated what."""

import pytest

from hubbub.core.ids import Place, SessionId
from hubbub.core.outputs import Event
from hubbub.edge.egress import Gate
from hubbub.edge.session import Session
from hubbub.edge.work import Batched
from hubbub.irc.capabilities import CAPABILITIES, variant_of
from hubbub.irc.replies import Reply
from hubbub.irc.times import iso_time

GATE = Gate("hub.test", "worlds")
TIME = 1_700_000_000_123


def seen(event: Event, capabilities: str = "") -> str:
    return GATE.encode(event, variant_of(capabilities.split())).decode()


def session(capabilities: str) -> Session:
    one = Session(SessionId(1), "host.test", secure=False)
    one.nick = "me"
    one.choose(frozenset(capabilities.split()))
    return one


def test_a_time_has_milliseconds_and_a_z() -> None:
    assert iso_time(TIME) == "2023-11-14T22:13:20.123Z"
    assert iso_time(TIME - 123) == "2023-11-14T22:13:20.000Z"


def test_every_variant_bit_is_one_capabilitys() -> None:
    bits = [capability.bit for capability in CAPABILITIES if capability.bit]
    assert len(bits) == len(set(bits))
    assert all(bit.bit_count() == 1 for bit in bits)


def test_tags_are_shown_to_who_asked_for_them() -> None:
    tags = {"bot": "", "+typing": "a b"}
    event = Event(
        "PRIVMSG", "a!b@c", ("#r", "hi"), TIME, Place(255), tags, account="ann", operator=True
    )
    line = ":a!b@c PRIVMSG #r hi\r\n"
    assert seen(event) == line
    assert seen(event, "account-tag") == f"@account=ann {line}"
    assert seen(event, "server-time") == f"@time=2023-11-14T22:13:20.123Z {line}"
    assert seen(event, "draft/oper-tag") == f"@draft/oper {line}"
    assert seen(event, "message-tags") == f"@msgid=worldsff;bot;+typing=a\\sb {line}"
    everything = seen(event, "message-tags server-time account-tag draft/oper-tag")
    # "Any server-sent tags attached to messages MUST be included before client-only tags"
    assert everything == (
        "@time=2023-11-14T22:13:20.123Z;account=ann;draft/oper;msgid=worldsff;bot;+typing=a\\sb "
        + line
    )


def test_who_has_no_account_has_no_account_tag() -> None:
    event = Event("PRIVMSG", "a!b@c", ("#r", "hi"), TIME)
    assert seen(event, "account-tag draft/oper-tag") == ":a!b@c PRIVMSG #r hi\r\n"


def test_extended_join_names_the_account_and_the_real_name() -> None:
    guest = Event("JOIN", "a!b@c", ("#r",), TIME, realname="A B")
    member = Event("JOIN", "a!b@c", ("#r",), TIME, account="ann", realname="A")
    assert seen(guest) == ":a!b@c JOIN #r\r\n"
    assert seen(guest, "extended-join") == ":a!b@c JOIN #r * :A B\r\n"
    assert seen(member, "extended-join") == ":a!b@c JOIN #r ann A\r\n"


@pytest.mark.parametrize(
    ("command", "capability"),
    [
        ("ACCOUNT", "account-notify"),
        ("AWAY", "away-notify"),
        ("CHGHOST", "chghost"),
        ("SETNAME", "setname"),
        ("TAGMSG", "message-tags"),
    ],
)
def test_some_events_are_shown_only_to_who_asked(command: str, capability: str) -> None:
    event = Event(command, "a!b@c", ("x",), TIME)
    others = [one.name for one in CAPABILITIES if one.name != capability]
    assert seen(event, " ".join(others)) == ""
    assert seen(event, capability) == f":a!b@c {command} x\r\n"
    assert GATE.show(session(" ".join(others)), [event]) == b""


def test_an_invitation_is_shown_to_bystanders_only_if_they_asked() -> None:
    invitation = Event("INVITE", "a!b@c", ("bob", "#r"), TIME)
    aside = Event("INVITE", "a!b@c", ("bob", "#r"), TIME, aside=True)
    line = ":a!b@c INVITE bob #r\r\n"
    assert (seen(invitation), seen(aside), seen(aside, "invite-notify")) == (line, "", line)


def test_a_stand_in_is_shown_to_who_cannot_be_shown_the_real_thing() -> None:
    event = Event("QUIT", "a!b@c", ("Changing host",), TIME, instead_of="CHGHOST")
    assert seen(event, "chghost") == ""
    assert seen(event, "setname") == ":a!b@c QUIT :Changing host\r\n"


def test_a_standard_reply_is_a_notice_to_who_knows_none() -> None:
    reply = Reply("FAIL", ("SETNAME", "INVALID_REALNAME", "No good"))
    line = b":hub.test FAIL SETNAME INVALID_REALNAME :No good\r\n"
    assert GATE.show(session("standard-replies"), [reply]) == line
    assert GATE.show(session("setname"), [reply]) == line
    assert GATE.show(session("draft/chathistory"), [reply]) == (
        b":hub.test NOTICE me :FAIL SETNAME INVALID_REALNAME No good\r\n"
    )


def test_a_labelled_answer_is_one_line_a_batch_or_an_acknowledgement() -> None:
    one = session("batch labeled-response")
    hidden = Event("AWAY", "a!b@c", (), TIME)
    pong = Reply("PONG", ("x",))
    assert GATE.show(one, [hidden], "l") == b"@label=l :hub.test ACK\r\n"
    assert GATE.show(one, [hidden, pong], "l") == b"@label=l :hub.test PONG x\r\n"
    assert GATE.show(one, [pong, pong], "a b").decode().split("\r\n") == [
        "@label=a\\sb :hub.test BATCH +b1 labeled-response",
        "@batch=b1 :hub.test PONG x",
        "@batch=b1 :hub.test PONG x",
        ":hub.test BATCH -b1",
        "",
    ]


def test_a_batch_in_a_labelled_answer_begins_and_ends_inside() -> None:
    one = session("batch labeled-response")
    batch = Batched("kind", ("#r",), (Reply("PONG", ("x",)),))
    assert GATE.show(one, [batch], "l").decode().split("\r\n") == [
        "@label=l :hub.test BATCH +b1 kind #r",
        "@batch=b1 :hub.test PONG x",
        ":hub.test BATCH -b1",
        "",
    ]
    assert GATE.show(one, [batch, Reply("PONG", ("y",))], "l").decode().split("\r\n") == [
        "@label=l :hub.test BATCH +b2 labeled-response",
        "@batch=b2 :hub.test BATCH +b3 kind #r",
        "@batch=b3 :hub.test PONG x",
        "@batch=b2 :hub.test BATCH -b3",
        "@batch=b2 :hub.test PONG y",
        ":hub.test BATCH -b2",
        "",
    ]


def test_a_batch_is_its_items_to_who_knows_none() -> None:
    batch = Batched("kind", ("#r",), (Reply("PONG", ("x",)),))
    assert GATE.show(session(""), [batch]) == b":hub.test PONG x\r\n"
