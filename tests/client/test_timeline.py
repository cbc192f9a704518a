"""Order and once-ness of one conversation, and their bounds."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from hubbub.client import timeline as module
from hubbub.client.events import Happening, MessageShown, TakenOut
from hubbub.client.timeline import Mark, Timeline, timestamp

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)


def message(msgid: str, replayed: bool = False) -> MessageShown:
    return MessageShown("#r", "a", msgid, msgid=msgid, replayed=replayed)


def ids(happenings: object) -> list[str | None]:
    assert isinstance(happenings, list | tuple)
    return [item.msgid for item in happenings if isinstance(item, Happening)]


def test_a_repeat_is_shown_once_and_moves_no_mark() -> None:
    line = Timeline()
    room = line.conversation("#r", "#r")
    assert ids(line.arrived(room, message("1"), True)) == ["1"]
    assert ids(line.arrived(room, message("2"), True)) == ["2"]
    assert line.arrived(room, message("1"), True) == []
    assert room.last == Mark("2", None)
    assert room.first == Mark("1", None)


def test_what_has_no_id_is_always_shown() -> None:
    line = Timeline()
    room = line.conversation("#r", "#r")
    event = MessageShown("#r", "a", "x")
    assert line.arrived(room, event, True) == [event]
    assert line.arrived(room, event, True) == [event]


def test_a_flood_while_catching_up_is_let_go_and_the_pages_bring_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(module, "HELD_MOST", 2)
    line = Timeline()
    room = line.conversation("#r", "#r")
    line.hold(room)
    for number in "345":
        line.arrived(room, message(number), True)
    first = line.page(room, [message(n, True) for n in "123"])
    assert not first.meets_live, "3 and 4 were let go: a page that has them closes nothing"
    second = line.page(room, [message(n, True) for n in "45"])
    assert second.meets_live
    assert ids(first.shown) + ids(second.shown) == ["1", "2", "3", "4", "5"]
    assert line.release(room) == []


def test_memory_of_ids_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "SEEN_MOST", 3)
    line = Timeline()
    room = line.conversation("#r", "#r")
    for number in "1234":
        line.arrived(room, message(number), True)
    assert len(line._seen) == 3
    assert line.arrived(room, message("4"), True) == []


def test_an_echo_of_a_repeat_does_not_close_a_gap() -> None:
    line = Timeline()
    room = line.conversation("#r", "#r")
    line.arrived(room, message("1"), True)
    line.hold(room)
    line.arrived(room, message("1"), True)
    assert not line.page(room, [message("1", True), message("2", True)]).meets_live


def test_marks_name_themselves_as_the_server_can_take_it() -> None:
    both = Mark("x", NOON)
    assert both.reference(("msgid", "timestamp")) == "msgid=x"
    assert both.reference(("timestamp",)) == "timestamp=2026-03-01T12:00:00.000Z"
    assert both.reference(()) is None
    assert Mark(None, NOON).reference(("msgid",)) is None
    assert timestamp(NOON, 10.5) == "timestamp=2026-03-01T11:59:49.500Z"


def test_what_came_live_during_a_catch_up_is_news_though_a_page_has_it() -> None:
    line = Timeline()
    room = line.conversation("#r", "#r")
    line.hold(room)
    live = message("2")
    assert line.arrived(room, live, True) == []
    outcome = line.page(room, [message("1", True), message("2", True)])
    assert outcome.shown == (message("1", True), live)
    assert outcome.meets_live
    assert line.release(room) == []


def test_what_came_live_before_the_latest_page_is_shown_before_it() -> None:
    line = Timeline()
    room = line.conversation("#r", "#r")
    line.hold(room)
    spoken = MessageShown("#r", "a", "without an id")
    for happening in (message("1"), spoken, message("2"), message("3"), message("4")):
        line.arrived(room, happening, True)
    page = line.page(room, [message(n, True) for n in "34"])
    assert ids(page.shown) == ["1", None, "2", "3", "4"]
    assert page.meets_live
    line.arrived(room, message("5"), True)
    assert ids(line.release(room)) == ["5"]


def test_a_page_that_begins_before_what_came_live_goes_first() -> None:
    line = Timeline()
    room = line.conversation("#r", "#r")
    line.hold(room)
    line.arrived(room, message("3"), True)
    assert ids(line.page(room, [message(n, True) for n in "1234"]).shown) == ["1", "2", "3", "4"]
    assert line.release(room) == []


def taken_out(msgid: str, message: str, replayed: bool = False) -> TakenOut:
    return TakenOut("#r", message, "a", msgid=msgid, replayed=replayed)


def test_what_was_taken_out_while_it_was_held_back_is_not_shown() -> None:
    line = Timeline()
    room = line.conversation("#r", "#r")
    line.hold(room)
    for happening in (message("1"), message("2"), taken_out("3", "2"), message("4")):
        line.arrived(room, happening, True)
    page = line.page(room, [message("1", True), taken_out("3", "2", True), message("4", True)])
    assert ids(page.shown) == ["1", "3", "4"]
    assert line.release(room) == []


@pytest.mark.parametrize("comes_live", [True, False])
def test_nor_is_it_when_no_page_has_it_or_only_a_page_tells(comes_live: bool) -> None:
    line = Timeline()
    room = line.conversation("#r", "#r")
    line.hold(room)
    line.arrived(room, message("1"), True)
    line.arrived(room, message("2"), True)
    if comes_live:
        line.arrived(room, taken_out("3", "1"), True)
        assert ids(line.release(room)) == ["2", "3"]
    else:
        page = line.page(room, [message("2", True), taken_out("3", "1", True)])
        assert ids(page.shown) == ["2", "3"]
        assert line.release(room) == []
