"""What waits, what is on its way, and in what order it goes."""

from __future__ import annotations

from hubbub.client.events import Kind
from hubbub.client.outbox import Outbox, Outgoing


def filled(*targets: str) -> Outbox:
    outbox = Outbox("run")
    for number, target in enumerate(targets):
        outbox.add(target, target, [str(number)], Kind.TEXT)
    return outbox


def go(outbox: Outbox, *closed: str, one_by_one: bool = False) -> list[Outgoing]:
    """Send what may go, under labels like the texts."""
    going = outbox.ready(lambda key: key not in closed, lambda key: one_by_one, True, 0.0)
    for item in going:
        item.label, item.once = item.text, True
    return going


def texts(items: list[Outgoing]) -> list[str]:
    return [item.text for item in items]


def test_a_closed_target_keeps_back_its_own_messages_only() -> None:
    outbox = filled("#a", "#b", "#a", "#b")
    assert texts(go(outbox, "#a")) == ["1", "3"]
    assert texts(go(outbox)) == ["0", "2"]
    assert go(outbox) == []


def test_one_by_one_means_after_the_answer() -> None:
    outbox = filled("bob", "bob", "carol")
    assert texts(go(outbox, one_by_one=True)) == ["0", "2"]
    outbox.answered("0")
    assert texts(go(outbox, one_by_one=True)) == ["1"]


def test_after_a_broken_connection_all_go_again_in_order_under_their_ids() -> None:
    outbox = filled("#a", "#a", "#a")
    before = [item.id for item in go(outbox)]
    outbox.answered("1")
    assert outbox.connection_lost() == []
    assert [item.id for item in go(outbox)] == [before[0], before[2]]


def test_what_was_put_back_comes_before_what_was_said_later() -> None:
    outbox = filled("bob", "bob", "bob")
    go(outbox)
    second = outbox.answered("1")
    assert second is not None
    outbox.connection_lost()
    outbox.again(second, 5.0)
    assert texts(go(outbox)) == ["0"], "the second and what follows it wait for their time"
    going = outbox.ready(lambda key: True, lambda key: False, True, 5.0)
    assert texts(going) == ["1", "2"]


def test_what_waits_for_a_person_follows_a_new_name() -> None:
    outbox = filled("bob", "bob")
    (first, _) = outbox.ready(lambda key: True, lambda key: False, True, 0.0)
    first.label, first.once = "x", True
    outbox.renamed("bob", "Robert", "robert")
    assert [item.target for item in go(outbox)] == ["Robert"]


def test_an_action_and_a_notice_have_their_form() -> None:
    outbox = Outbox("run")
    outbox.add("#a", "#a", ["waves"], Kind.ACTION)
    outbox.add("#a", "#a", ["psst"], Kind.NOTICE)
    action, notice = go(outbox)
    assert (action.command, action.wire_text) == ("PRIVMSG", "\x01ACTION waves\x01")
    assert (notice.command, notice.wire_text) == ("NOTICE", "psst")


def test_what_the_server_cannot_take_for_now_waits_longer_each_time() -> None:
    outbox = filled("#a", "#a")
    pauses = []
    now = 0.0
    for _ in range(7):
        first, _ = go_at(outbox, now)
        assert (first.id, first.text) == ("run-1", "0")
        for label in ("0", "1"):
            refused = outbox.answered(label)
            assert refused is not None
            outbox.postpone(refused, now)
        assert go_at(outbox, first.not_before - 0.1) == []
        pauses.append(first.not_before - now)
        now = first.not_before
    assert pauses == [2, 4, 8, 16, 30, 30, 30]


def go_at(outbox: Outbox, now: float) -> list[Outgoing]:
    going = outbox.ready(lambda key: True, lambda key: False, True, now)
    for item in going:
        item.label, item.once = item.text, True
    return going
