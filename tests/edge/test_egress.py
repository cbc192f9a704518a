"""The egress gate: how an event or an answer looks to who negotiated what."""

import re

import pytest

from hubbub.core.ids import Place, SessionId
from hubbub.core.outputs import Event
from hubbub.edge.egress import Gate
from hubbub.edge.session import Session
from hubbub.edge.work import Batched, Block, Shown
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
    gate, one = Gate("hub.test", "worlds"), session("batch labeled-response")
    hidden = Event("AWAY", "a!b@c", (), TIME)
    pong = Reply("PONG", ("x",))
    assert gate.show(one, [hidden], "l") == b"@label=l :hub.test ACK\r\n"
    assert gate.show(one, [hidden, pong], "l") == b"@label=l :hub.test PONG x\r\n"
    assert gate.show(one, [pong, pong], "a b").decode().split("\r\n") == [
        "@label=a\\sb :hub.test BATCH +b1 labeled-response",
        "@batch=b1 :hub.test PONG x",
        "@batch=b1 :hub.test PONG x",
        ":hub.test BATCH -b1",
        "",
    ]


def test_a_batch_in_a_labelled_answer_begins_and_ends_inside() -> None:
    gate, one = Gate("hub.test", "worlds"), session("batch labeled-response")
    batch = Batched("kind", ("#r",), (Reply("PONG", ("x",)),))
    assert gate.show(one, [batch], "l").decode().split("\r\n") == [
        "@label=l :hub.test BATCH +b1 kind #r",
        "@batch=b1 :hub.test PONG x",
        ":hub.test BATCH -b1",
        "",
    ]
    assert gate.show(one, [batch, Reply("PONG", ("y",))], "l").decode().split("\r\n") == [
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


def test_batches_of_events_are_written_once_for_all_to_whom_they_look_the_same() -> None:
    said = tuple(
        Event("PRIVMSG", "a!b@c", ("#r", f"one\ntwo {place}"), TIME, Place(place))
        for place in (1, 2)
    )
    page = Batched("chathistory", ("#r",), said)
    capabilities = (
        *("", "batch", "batch message-tags", "batch server-time", "server-time"),
        "batch message-tags draft/multiline",
    )
    for names in capabilities:
        alone = Gate("hub.test", "worlds").show(
            session(names), [Batched("chathistory", ("#r",), said)]
        )
        one, two = (GATE.show(session(names), [page]) for _ in range(2))
        assert one is two
        assert re.sub(rb"b\d+", b"REF", one) == re.sub(rb"b\d+", b"REF", alone)
    assert len(page.written) == len(capabilities)


def test_a_batch_that_is_not_alike_for_all_is_written_for_each() -> None:
    ann, bob = session("batch draft/metadata-2"), session("batch draft/metadata-2")
    ann.nick, bob.nick = "ann", "bob"
    ann.subscribed = frozenset({"avatar"})
    changed = Event("METADATA", "a!b@c", ("a", "avatar", "*", "x"), TIME, key="avatar")
    said = Event("PRIVMSG", "a!b@c", ("#r", "hi"), TIME)
    keyed = Batched("metadata", ("a",), (changed, said))
    assert b"METADATA" in GATE.show(ann, [keyed])
    assert b"METADATA" not in GATE.show(bob, [keyed])
    named = Batched("kind", (), (Reply("305", ("back",)), said))
    assert b" 305 ann back" in GATE.show(ann, [named])
    assert b" 305 bob back" in GATE.show(bob, [named])


def test_a_batch_under_a_label_is_its_askers_alone() -> None:
    page = Batched("chathistory", ("#r",), (Event("PRIVMSG", "a!b@c", ("#r", "hi"), TIME),))
    ann, bob = session("batch labeled-response"), session("batch labeled-response")
    assert GATE.show(ann, [page], "secret").startswith(b"@label=secret ")
    assert b"label" not in GATE.show(bob, [page])
    assert GATE.show(bob, [page], "other").startswith(b"@label=other ")


def test_references_of_batches_never_come_again_in_a_connection() -> None:
    one = session("batch labeled-response")
    batches = [Batched("kind", (), (Reply("PONG", ("x",)),)) for _ in range(20)]
    written = b"".join(GATE.show(one, [batch], label) for batch in batches for label in ("", "l"))
    begun = [line for line in written.decode().split("\r\n") if " BATCH +" in line]
    assert len({line.partition(" BATCH +")[2].split()[0] for line in begun}) == len(begun) == 40


def test_a_block_is_each_ones_own_numerics() -> None:
    replies = (Reply("353", ("=", "#r", "a b")), Reply("422", ()), Reply("366", ("#r", ":)")))
    block = Block(replies)
    ann, bob, nobody = session("batch labeled-response"), session(""), session("")
    ann.nick, bob.nick, nobody.nick = "ann", "bób", ""
    shown: list[Shown] = [block, Reply("PONG", ("x",))]
    for one in (ann, bob, nobody, ann):
        assert GATE.show(one, shown) == GATE.show(one, [*replies, shown[1]])
    assert ":hub.test 366 bób #r ::)\r\n".encode() in GATE.show(bob, shown)
    one_by_one = Gate("hub.test", "worlds").show(ann, [*replies, shown[1]], "l")
    assert Gate("hub.test", "worlds").show(ann, shown, "l") == one_by_one
    assert Gate("hub.test", "worlds").show(ann, [Block(replies[1:2])], "l") == (
        b"@label=l :hub.test 422 ann\r\n"
    )


def test_a_block_bears_the_name_that_the_server_has_now() -> None:
    gate, block = Gate("hub.test", "worlds"), Block((Reply("422", ("none",)),))
    assert gate.show(session(""), [block]) == b":hub.test 422 me none\r\n"
    gate.server_name = "hub.other"
    assert gate.show(session(""), [block]) == b":hub.other 422 me none\r\n"
