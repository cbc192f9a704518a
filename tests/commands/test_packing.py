"""Words packed into lines."""

import itertools

from hypothesis import given
from hypothesis import strategies as st

from hubbub.commands.packing import packed

WORDS = st.lists(st.text("aé", min_size=1, max_size=12))


@given(WORDS, st.integers(1, 30))
def test_all_words_come_in_order_in_as_few_lines_as_hold_them(words: list[str], size: int) -> None:
    lines = packed(words, size)
    assert " ".join(lines).split() == words
    assert all(len(line.encode()) <= size or " " not in line for line in lines)
    for line, following in itertools.pairwise(lines):
        assert len(f"{line} {following.split()[0]}".encode()) > size


def test_no_words_make_no_line() -> None:
    assert packed([]) == []
