"""Codes are the same however they are typed, and are found wherever they stand."""

from __future__ import annotations

import pytest

from hubbub.edge.codes import GROUP, GROUPS, LETTERS, SHAPE, digest, written
from hubbub.server.credentials import mint

CODE = "abcd-efgh-jkmn-2345-6789"


@pytest.mark.parametrize(
    "typed", [CODE, CODE.upper(), CODE.replace("-", ""), f" {CODE[:9]} {CODE[9:]}"]
)
def test_a_code_is_the_same_however_it_is_typed(typed: str) -> None:
    assert digest(typed) == digest(CODE)


def test_another_code_is_another() -> None:
    assert digest(CODE) != digest(CODE.replace("a", "b"))


def test_codes_are_written_in_groups_and_found_in_a_text() -> None:
    assert written(CODE.replace("-", "")) == CODE
    assert SHAPE.sub("***", f"say {CODE}, please") == "say ***, please"
    assert SHAPE.search("well-done-that-was-good-indeed") is None


def test_no_two_letters_look_alike() -> None:
    assert len(set(LETTERS)) == 32
    assert set(LETTERS).isdisjoint("lo01")


def test_made_codes_differ_and_fit_their_digest() -> None:
    made = {mint().code for _ in range(50)}
    assert len(made) == 50
    for code in made:
        assert SHAPE.fullmatch(code)
        assert len(code) == GROUPS * (GROUP + 1) - 1
    one = mint()
    assert digest(one.code) == one.digest
    assert one.code not in repr(one)
