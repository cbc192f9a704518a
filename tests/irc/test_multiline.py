"""Messages of several lines as one text."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hubbub.irc.multiline import Line, combine, divide

TEXTS = st.text(st.sampled_from("ab é日"), max_size=4)


@st.composite
def messages(draw: st.DrawFn) -> list[Line]:
    first, *others = draw(st.lists(TEXTS, min_size=1, max_size=6))
    return [Line(first), *(Line(text, bool(text) and draw(st.booleans())) for text in others)]


@given(messages())
def test_the_lines_come_back(lines: list[Line]) -> None:
    text, splits = combine(lines)
    assert divide(text, splits) == lines


@pytest.mark.parametrize(
    ("lines", "text", "splits"),
    [
        ([Line("one")], "one", ()),
        ([Line("one"), Line("two")], "one\ntwo", ()),
        ([Line("one"), Line(""), Line("two")], "one\n\ntwo", ()),
        ([Line("how is "), Line("everyone?", True)], "how is everyone?", (7,)),
        ([Line("a"), Line(""), Line("b", True)], "a\nb", (2,)),
    ],
)
def test_the_text_is_what_is_meant(lines: list[Line], text: str, splits: tuple[int, ...]) -> None:
    assert combine(lines) == (text, splits)
