"""Times as they stand on the wire."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hubbub.irc.times import iso_time, milliseconds


@given(st.integers(0, 253_402_300_799_999))
def test_a_time_comes_back_as_it_was(time: int) -> None:
    assert milliseconds(iso_time(time)) == time


def test_it_is_written_as_server_time_says() -> None:
    assert iso_time(1_700_000_000_123) == "2023-11-14T22:13:20.123Z"


@pytest.mark.parametrize(
    "text",
    ["", "Z", "frob", "2023-11-14T22:13:20.123", "2023-11-14T22:13:20+01:00Z", "2023-13-01Z"],
)
def test_what_is_no_such_time(text: str) -> None:
    with pytest.raises(ValueError, match=r"UTC time|isoformat|month"):
        milliseconds(text)
