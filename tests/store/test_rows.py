"""A row comes back from its cells as it went in."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hubbub.core.ids import Place, RoomId
from hubbub.core.outputs import HistoryRow
from hubbub.store.rows import history_cells, history_row, whisper_cells

TEXTS = st.text(st.characters(codec="utf-8"), max_size=8) | st.sampled_from(
    ["", " ", "[", "[]", '["a"]', "a b", " a", "a ", "+b", "*!*@*"]
)
ROWS = st.builds(
    HistoryRow,
    place=st.integers(0, 2**60).map(Place),
    time=st.integers(0, 2**50),
    room=st.none() | st.integers(1, 9).map(RoomId),
    command=st.sampled_from(["PRIVMSG", "NOTICE", "JOIN", "KICK", "MODE"]),
    source=TEXTS,
    params=st.lists(TEXTS, max_size=4).map(tuple),
    tags=st.dictionaries(TEXTS, TEXTS, max_size=2),
    status=st.sampled_from(["", "+", "@"]),
    author=TEXTS,
    peer=TEXTS,
    peer_nick=TEXTS,
    splits=st.lists(st.integers(0, 9), max_size=2).map(tuple),
)


@given(ROWS)
def test_a_row_comes_back_equal(row: HistoryRow) -> None:
    assert history_row(history_cells(row)) == row


@pytest.mark.parametrize(
    ("params", "args", "text"),
    [
        ((), "", None),
        (("hello all",), "", "hello all"),
        (("bob", "out"), "bob", "out"),
        (("+ob", "bob", "*!*@h"), "+ob bob", "*!*@h"),
        (("a b", "c"), '["a b"]', "c"),
        (("[bob]", "out"), '["[bob]"]', "out"),
    ],
)
def test_the_table_reads_as_it_was_typed(
    params: tuple[str, ...], args: str, text: str | None
) -> None:
    row = HistoryRow(Place(1), 1, RoomId(1), "MODE", "a!b@c", params)
    assert history_cells(row)[5:7] == (args, text)


def whisper(author: str, source: str, peer: str, peer_nick: str) -> HistoryRow:
    return HistoryRow(
        Place(7), 1, None, "PRIVMSG", source, ("x",), author=author, peer=peer, peer_nick=peer_nick
    )


def test_a_whisper_is_found_by_both() -> None:
    row = whisper("u:1", "Ann!a@h", "u:2", "Bob")
    assert whisper_cells(row) == [("u:1", "bob", 7), ("u:2", "ann", 7)]


def test_a_whisper_to_oneself_is_found_once() -> None:
    assert whisper_cells(whisper("u:1", "Ann!a@h", "u:1", "ann")) == [("u:1", "ann", 7)]


def test_who_has_no_identity_has_no_whispers() -> None:
    assert whisper_cells(whisper("", "server", "u:2", "Bob")) == [("u:2", "server", 7)]
