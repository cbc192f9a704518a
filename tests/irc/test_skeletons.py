"""Skeletons: equal for what looks the same, different for what people tell apart."""

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hubbub.irc.confusables import GROUPS
from hubbub.irc.skeletons import skeleton
from tests.irc.confusable_table import source, table


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("alice", "аlice"),  # Cyrillic
        ("alice", "aIice"),
        ("alice", "a1ice"),
        ("alice", "al\u0456ce"),
        ("alice", "αlice"),  # Greek
        ("alice", "ａｌｉｃｅ"),
        ("Bob", "B0b"),
        ("BOB", "ВОВ"),  # Cyrillic
        ("Ian", "lan"),
        ("dzeta", "ʣeta"),
        ("jose\u0301", "jos\u00e9"),
        ("æon", "aeon"),
        ("Юra", "lOra"),
    ],
)
def test_what_looks_the_same_has_the_same_skeleton(one: str, other: str) -> None:
    assert one != other
    assert skeleton(one) == skeleton(other)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("alice", "alicia"),
        ("ian", "lan"),
        ("jose", "jos\u00e9"),
        ("mom", "rnorn"),
        ("ann", "anna"),
        ("guest1", "guest2"),
        ("user10", "user01"),
        ("ann_", "ann-"),
        ("иван", "ivan"),
    ],
)
def test_what_people_tell_apart_has_not(one: str, other: str) -> None:
    assert skeleton(one) != skeleton(other)


@given(st.text(max_size=20))
def test_a_skeleton_is_the_same_whatever_the_encoding_of_its_marks(name: str) -> None:
    assert skeleton(unicodedata.normalize("NFD", name)) == skeleton(name)


@given(st.lists(st.text("0123456789", min_size=1, max_size=6), min_size=2, max_size=2, unique=True))
def test_numbers_never_look_the_same(numbers: list[str]) -> None:
    assert skeleton(numbers[0]) != skeleton(numbers[1])


def test_the_table_is_the_consortiums() -> None:
    """Made again by: python -m tests.irc.confusable_table > hubbub/irc/confusables.py"""
    words = GROUPS.split(" ")
    kept = {form: words[at] for at in range(0, len(words), 2) for form in words[at + 1]}
    assert kept == {form: target for form, target in table().items() if " " not in target}
    assert "GROUPS" in source()
