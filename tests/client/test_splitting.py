"""Long texts become pieces that fit, with nothing lost and nothing torn."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hubbub.client.splitting import pieces


@given(st.text(st.characters(exclude_categories=["Cs"]), max_size=300), st.integers(8, 60))
def test_each_piece_fits_and_nothing_but_blanks_is_lost(text: str, room_for: int) -> None:
    parts = list(pieces(text, room_for))
    assert all(0 < len(part.encode()) <= room_for and part.strip() for part in parts)
    assert all(not {"\n", "\r", "\0"} & set(part) for part in parts)

    def dense(words: str) -> str:
        for gap in " \n\r\0":
            words = words.replace(gap, "")
        return words

    kept = dense("".join(parts))
    # A line of nothing but blanks of other scripts is a blank line too.
    wanted = "".join(
        dense(line) for line in text.replace("\r", "\n").split("\n") if line.strip(" \0")
    )
    assert kept == wanted or not wanted.strip() or kept.split() == wanted.split()


def test_breaks_between_words() -> None:
    assert list(pieces("one two three four", 10)) == ["one two", "three four"]


def test_a_word_longer_than_a_line_is_cut_between_characters() -> None:
    assert list(pieces("é" * 10, 9)) == ["éééé", "éééé", "éé"]


def test_marks_and_joined_emoji_stay_together() -> None:
    family = "\U0001f468\u200d\U0001f469"
    parts = list(pieces("abcdef" + family, 14))
    assert parts == ["abcdef", family]
    assert list(pieces("abcdefge\u0301", 9)) == ["abcdefg", "e\u0301"]


def test_lines_are_messages_and_blank_ones_are_not() -> None:
    assert list(pieces("a\r\n\n  \n b\rc", 20)) == ["a", " b", "c"]


def test_no_room_is_an_error() -> None:
    with pytest.raises(ValueError, match="no room"):
        list(pieces("x", 7))
