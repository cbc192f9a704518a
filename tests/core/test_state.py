"""The state's rows: exactly what changed, as it stands."""

import pytest

from hubbub.core import entries
from hubbub.core.ids import FIRST_PLACE, Place, is_log_id, msgid, origin, parse_msgid, session_id
from hubbub.core.state import State
from tests.core.logs import LOG_ID, RULES, START, Chat


def test_nothing_that_happened_makes_no_rows() -> None:
    state = State(LOG_ID, RULES)
    state.take_changes()
    assert state.take_changes() == {}


def test_only_what_changed_is_written() -> None:
    chat = Chat()
    ann = chat.open("ann")
    chat.open("bob")
    chat.do(entries.Join(ann, "#a"))
    chat.state.take_changes()
    chat.do(entries.SetAway(ann, "out"))
    changes = chat.state.take_changes()
    assert set(changes) == {"users", "counters"}
    assert list(changes["users"].values()) == [chat.state.sessions[ann].user.row()]
    assert chat.state.take_changes() == {}


def test_what_came_and_went_in_a_batch_is_gone() -> None:
    chat = Chat()
    ann = session_id(1, 1, 5)
    chat.do(entries.Open(ann, "ann", "~a", "A", "host"), entries.Close(ann, "bye"))
    changes = chat.state.take_changes()
    assert list(changes["users"].values()) == [None]
    assert list(changes["sessions"].values()) == [None]


def test_places_count_up_from_the_first() -> None:
    state = State(LOG_ID, RULES)
    assert [state.take_place(), state.take_place()] == [FIRST_PLACE, FIRST_PLACE + 1]
    assert state.next_place == FIRST_PLACE + 2


def test_the_present_is_the_later_of_two_clocks() -> None:
    state = State(LOG_ID, RULES)
    state.advance(START)
    assert state.present == START
    state.local_time = START + 5
    assert (state.present, state.now) == (START + 5, START)
    state.advance(START + 9)
    assert state.present == START + 9


def test_identifiers_say_where_they_are_from() -> None:
    assert origin(session_id(3, 7, 9)) == (3, 7)
    assert session_id(1, 1, 1) < session_id(1, 1, 2) < session_id(1, 2, 1) < session_id(2, 1, 1)
    for bad in (
        (1 << 10, 1, 1),
        (1, 0, 1),
        (1, 1 << 22, 1),
        (1, 1, 0),
        (1, 1, 1 << 31),
        (-1, 1, 1),
    ):
        with pytest.raises(ValueError, match="out of range"):
            session_id(*bad)
    assert parse_msgid(LOG_ID, msgid(LOG_ID, Place(0xABC))) == 0xABC
    for text in ("", LOG_ID, "otherlabc", f"{LOG_ID}xyz", f"{LOG_ID}ABC", LOG_ID + "f" * 16):
        assert parse_msgid(LOG_ID, text) is None
    assert is_log_id(LOG_ID)
    assert not any(map(is_log_id, ("", "short", "toolong", "UPPERS", "abc189")))
