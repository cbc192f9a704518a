"""Modes as typed, as changes, and as written again."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hubbub.irc.modes import (
    CHANMODES,
    PREFIX,
    ROOM_MODES,
    USER_MODES,
    ModeChange,
    ModeKind,
    format_changes,
    parse_room_modes,
    parse_user_modes,
    prefix_of,
    prefixes_of,
)

argument = st.text("abc#1*!@", min_size=1)


@st.composite
def changes(draw: st.DrawFn) -> ModeChange:
    mode = draw(st.sampled_from(sorted(ROOM_MODES.values(), key=lambda mode: mode.letter)))
    adding = draw(st.booleans())
    return ModeChange(adding, mode, draw(argument) if mode.takes_argument(adding) else None)


def asked(*params: str) -> list[tuple[bool, str, str | None]]:
    parsed, unknown = parse_room_modes(params)
    assert unknown == []
    return [(change.adding, change.mode.letter, change.argument) for change in parsed]


@given(st.lists(changes()), st.integers(1, 5))
def test_what_is_written_is_parsed_to_the_same(wanted: list[ModeChange], limit: int) -> None:
    lines = format_changes(wanted, limit)
    parsed = []
    for line in lines:
        assert len(line) - 1 <= limit
        part, unknown = parse_room_modes(line)
        assert unknown == []
        parsed += part
    assert parsed == wanted


def test_signs_letters_and_arguments() -> None:
    assert asked("+ov-k", "ann", "bob", "key") == [
        (True, "o", "ann"),
        (True, "v", "bob"),
        (False, "k", "key"),
    ]
    assert asked("mn") == [(True, "m", None), (True, "n", None)]
    assert asked("+l-l", "5", "6") == [(True, "l", "5"), (False, "l", None)]
    assert asked() == []
    assert asked("+-") == []


def test_a_list_without_argument_is_a_question() -> None:
    for params in (("b",), ("+b",), ("-b",)):
        ((change,), unknown) = parse_room_modes(params)
        assert unknown == []
        assert change.is_query
        assert not change.lacks_argument
    ((change,), _) = parse_room_modes(("+b", "*!*@*"))
    assert not change.is_query


@pytest.mark.parametrize("letters", ["+o", "-o", "+v", "+k", "-k", "+l"])
def test_a_missing_argument_shows(letters: str) -> None:
    ((change,), _) = parse_room_modes((letters,))
    assert change.lacks_argument
    assert not change.is_query


@pytest.mark.parametrize("letters", ["-l", "+i", "-m"])
def test_what_needs_no_argument_lacks_none(letters: str) -> None:
    ((change,), _) = parse_room_modes((letters,))
    assert not change.lacks_argument


def test_unknown_letters_are_told_and_take_no_argument() -> None:
    parsed, unknown = parse_room_modes(("+zoé", "ann"))
    assert unknown == ["z", "é"]
    assert [change.argument for change in parsed] == ["ann"]


def test_changes_are_written_with_as_few_signs_as_can_be() -> None:
    wanted, _ = parse_room_modes(("+o+v-k-i+n", "ann", "bob", "*"))
    assert format_changes(wanted, 4) == [("+ov-ki+n", "ann", "bob", "*")]
    assert format_changes([], 4) == []


def test_a_line_has_no_more_arguments_than_the_limit_but_any_number_of_flags() -> None:
    wanted, _ = parse_room_modes(("+ovmov", "a", "b", "c", "d"))
    assert format_changes(wanted, 2) == [("+ovm", "a", "b"), ("+ov", "c", "d")]
    assert format_changes(wanted, 1) == [("+o", "a"), ("+vm", "b"), ("+o", "c"), ("+v", "d")]
    with pytest.raises(ValueError, match="at least one"):
        format_changes(wanted, 0)


def test_ranks_show_as_prefixes() -> None:
    assert prefix_of("") == ""
    assert prefix_of({"v"}) == "+"
    assert prefix_of({"v", "o"}) == "@"
    assert prefixes_of("vo") == "@+"


def test_what_isupport_says() -> None:
    assert CHANMODES == "beIq,k,ld,imnst"
    assert PREFIX == "(ov)@+"


def test_each_row_stands_under_its_own_letter() -> None:
    for letter, mode in ROOM_MODES.items():
        assert mode.letter == letter
        assert bool(mode.prefix) == (mode.kind is ModeKind.PREFIX)
    for letter, user_mode in USER_MODES.items():
        assert user_mode.letter == letter


def test_user_modes() -> None:
    parsed, unknown = parse_user_modes("+iB-o+x")
    assert [(change.adding, change.mode.letter) for change in parsed] == [
        (True, "i"),
        (True, "B"),
        (False, "o"),
    ]
    assert unknown == ["x"]
    assert not USER_MODES["o"].settable
