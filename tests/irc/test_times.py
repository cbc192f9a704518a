"""Times as they stand on the wire."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hubbub.irc.times import brief, duration, iso_time, milliseconds, moment


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


@pytest.mark.parametrize(
    ("text", "seconds"),
    [("90s", 90), ("10m", 600), ("1h30m", 5_400), ("2D", 172_800), ("1w", 604_800)],
)
def test_a_duration_is_read_and_written(text: str, seconds: int) -> None:
    assert duration(text) == seconds
    assert duration(brief(seconds)) == seconds


@pytest.mark.parametrize("text", ["", "1", "h", "1y", "-1h", "0m", "999999w", "1h ", "١h", "1 h"])
def test_what_is_no_duration(text: str) -> None:
    assert duration(text) is None


def test_a_moment_is_written_for_people() -> None:
    assert moment(1_700_000_000_000) == "2023-11-14 22:13 UTC"
    assert brief(0) == "0s"
