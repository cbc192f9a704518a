"""Batches survive the journal, and a journal of another shape is refused."""

from __future__ import annotations

import msgspec
import pytest
from hypothesis import given

from hubbub.core import entries
from hubbub.core.apply import apply, begin
from hubbub.core.batches import VERSION, AnyEntry, Batch, decode_batch, encode_batch, lasting
from hubbub.core.ids import SessionId
from hubbub.core.state import State
from hubbub.core.tables import dump
from tests.core.logs import LOG_ID, RULES, _any_entry, logs


@given(logs())
def test_batches_come_back_as_they_were(log: list[Batch]) -> None:
    for batch in log:
        blob = encode_batch(batch)
        assert decode_batch(blob) == batch
        assert encode_batch(decode_batch(blob)) == blob


@pytest.mark.parametrize("kind", AnyEntry.__args__, ids=lambda kind: kind.__name__)
def test_every_type_of_entry_comes_back_as_it_was(kind: type[entries.Entry]) -> None:
    assert kind in _any_entry

    @given(_any_entry[kind])
    def comes_back(entry: AnyEntry) -> None:
        batch = Batch(1, 2, 3, 4, (entry,))
        (again,) = decode_batch(encode_batch(batch)).entries
        assert type(again) is kind
        assert again == entry

    comes_back()


@pytest.mark.parametrize(
    "blob",
    [
        b"",
        b"\x93",
        msgspec.msgpack.encode([1, 2, 3, 4, [["Frob", 0]]]),
        msgspec.msgpack.encode([1, 2, 3, "now", []]),
        msgspec.msgpack.encode([1, 2, 3, 4, [["Rename", 0]]]),
        msgspec.msgpack.encode([1, 2, 3, 4, [["Rename", 0, 5]]]),
    ],
)
def test_what_is_no_batch_is_refused(blob: bytes) -> None:
    with pytest.raises(msgspec.DecodeError):
        decode_batch(blob)


def test_a_batch_says_its_version() -> None:
    assert decode_batch(encode_batch(Batch(1, 1, 1, 0, ()))).version == VERSION


def test_what_passes_is_not_stored_and_what_counts_is() -> None:
    typing = entries.Say(SessionId(1), "TAGMSG", "#a", "", (("+typing", "active"),))
    alone = entries.Say(SessionId(1), "TAGMSG", "#a", "", (("+draft/react", "!"),))
    reaction = entries.Say(
        SessionId(1), "TAGMSG", "#a", "", (("+draft/react", "!"), ("+reply", "m"))
    )
    said = entries.Say(SessionId(1), "PRIVMSG", "#a", "hello", (("+typing", "done"),))
    batch = Batch(1, 1, 1, 0, (typing, said, alone, reaction))
    assert lasting(batch).entries == (said, reaction)
    assert lasting(batch).number == batch.number


@given(logs())
def test_what_is_stored_makes_the_same_state(log: list[Batch]) -> None:
    shown, stored = State(LOG_ID, RULES), State(LOG_ID, RULES)
    for batch in log:
        for state, each in ((shown, batch), (stored, lasting(batch))):
            if begin(state, each):
                for entry in each.entries:
                    apply(state, entry)
    assert stored.next_place == shown.next_place
    assert dump(stored) == dump(shown)
