"""Entries survive the journal, and a journal of another shape is refused."""

from __future__ import annotations

import msgspec
import pytest
from hypothesis import given

from hubbub.core import entries
from hubbub.core.entries import Batch, decode_batch, encode_batch
from hubbub.core.ids import SessionId
from tests.core.logs import _any_entry, any_entry, logs


@given(logs())
def test_batches_come_back_as_they_were(log: list[Batch]) -> None:
    for batch in log:
        blob = encode_batch(batch)
        assert decode_batch(blob) == batch
        assert encode_batch(decode_batch(blob)) == blob


@pytest.mark.parametrize("kind", entries.AnyEntry.__args__, ids=lambda kind: kind.__name__)
def test_every_type_of_entry_comes_back_as_it_was(kind: type[entries.Entry]) -> None:
    assert kind in _any_entry

    @given(_any_entry[kind])
    def comes_back(entry: entries.AnyEntry) -> None:
        batch = Batch(1, 2, 3, 4, (entry,))
        (again,) = decode_batch(encode_batch(batch)).entries
        assert type(again) is kind
        assert again == entry

    comes_back()


@given(any_entry)
def test_entries_are_values(entry: entries.AnyEntry) -> None:
    with pytest.raises(AttributeError):
        entry.session = SessionId(5)  # type: ignore[misc]


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
    assert decode_batch(encode_batch(Batch(1, 1, 1, 0, ()))).version == entries.VERSION
