"""Replies can always be written, whatever somebody sent that they repeat."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hubbub.irc.message import join_params
from hubbub.irc.numerics import Numeric
from hubbub.irc.replies import WORD_BYTES, Reply, fail, numeric, refuse, word


@pytest.mark.parametrize("text", ["", ":x", "a b", " "])
def test_what_cannot_stand_in_the_middle_is_shown_as_a_star(text: str) -> None:
    assert word(text) == "*"
    assert numeric(Numeric.ERR_NOSUCHNICK, text).params == ("*", "No such nick/channel")
    assert fail("JOIN", "CODE", text, text="no").replies == (
        Reply("FAIL", ("JOIN", "CODE", "*", "no")),
    )


@given(st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0\r\n")))
def test_a_reply_can_be_written_and_is_bounded(text: str) -> None:
    written = join_params(numeric(Numeric.ERR_NOSUCHNICK, text * 50).params)
    assert len(written.encode()) <= WORD_BYTES + len(" :No such nick/channel")
    (reply,) = refuse(Numeric.ERR_UNKNOWNMODE, text).replies
    join_params(reply.params)


def test_a_long_word_is_cut_at_a_characters_edge() -> None:
    assert word("é" * 151) == "é" * 150
    assert word("x" * 300) == "x" * 300
    assert word("x" * 301) == "x" * 300


def test_the_last_parameter_is_as_it_is() -> None:
    assert numeric(Numeric.RPL_INVITING, "a", "#b c").params == ("a", "#b c")
    assert numeric(Numeric.RPL_MOTD, text="").params == ("",)
