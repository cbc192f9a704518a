"""Entries are values, and say no secret of themselves."""

from __future__ import annotations

import pytest
from hypothesis import given

from hubbub.core import entries
from hubbub.core.batches import AnyEntry
from hubbub.core.ids import SessionId
from tests.core.logs import any_entry


@given(any_entry)
def test_entries_are_values(entry: AnyEntry) -> None:
    with pytest.raises(AttributeError):
        entry.session = SessionId(5)  # type: ignore[misc]


@pytest.mark.parametrize(
    "entry",
    [
        entries.Register(SessionId(5), "ann", "verifier", "scram"),
        entries.SetPassword(SessionId(5), "ann", "verifier", "scram"),
        entries.Recover(SessionId(5), "ann", "digest", "verifier", "scram"),
    ],
)
def test_an_entry_that_fails_can_be_logged(entry: AnyEntry) -> None:
    assert "ann" in repr(entry)
    assert not any(secret in repr(entry) for secret in ("verifier", "scram", "digest"))
