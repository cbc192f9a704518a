"""A Record is its row; what it says of itself in a log is which one it is."""

import gc

from hubbub.core.entities import Account, ListEntry
from hubbub.core.ids import AccountId, RoomId
from hubbub.core.orderly import Report


def test_a_records_fields_are_its_columns() -> None:
    entry = ListEntry(RoomId(3), "b", "*!*@host", "ann", 5)
    assert ListEntry.columns() == ("room", "letter", "mask", "set_by", "set_at")
    assert entry.row() == (3, "b", "*!*@host", "ann", 5)
    assert entry.primary_key() == (3, "b", "*!*@host")


def test_records_are_the_same_only_if_they_are_one() -> None:
    one, other = (ListEntry(RoomId(3), "b", "*!*@host", "ann", 5) for _ in range(2))
    assert one != other
    assert len({one, other}) == 2


def test_a_record_keeps_the_garbage_collector_out() -> None:
    assert not gc.is_tracked(ListEntry(RoomId(3), "b", "*!*@host", "ann", 5))


def test_a_record_says_no_secret_of_itself() -> None:
    account = Account(AccountId(7), "ann", "member", "verifier", "scram", "ann@example.org", 5)
    assert repr(account) == "Account(7,)"


def test_what_is_composed_makes_its_row_itself() -> None:
    report = Report(4, 9, "u:1", "192.0.2.1", "spam", "8 2")
    assert report.unseen == {2, 8}
    assert dict(zip(Report.columns(), report.row(), strict=True))["unseen"] == "2 8"
    assert report.primary_key() == (4,)
