"""What somebody said lately is found by identity and by name, and what a purge takes out is gone."""

from __future__ import annotations

import msgspec
from hypothesis import given, settings
from hypothesis import strategies as st

from hubbub.core.history import InRoom, Page, Question, Speakers, Spoken
from hubbub.core.ids import FIRST_PLACE, Place, RoomId, msgid
from hubbub.core.outputs import HistoryRow, Redacted
from hubbub.irc.names import fold_nick
from hubbub.store.store import Store
from tests.naive_history import NaiveHistory
from tests.store.making import commit, fresh_store, said

AUTHORS = ("a:1", "d:x", "u:3", "")
NICKS = ("Ann", "ann", "Straße", "bob")


def uttered(number: int, author: str, nick: str, command: str = "PRIVMSG") -> HistoryRow:
    row = said(number, f"words {number}")
    return msgspec.structs.replace(row, author=author, source=f"{nick}!u@h", command=command)


ROWS = st.lists(
    st.tuples(
        st.sampled_from(AUTHORS),
        st.sampled_from(NICKS),
        st.sampled_from(["PRIVMSG", "NOTICE", "TAGMSG", "JOIN"]),
    ),
    max_size=30,
)


@settings(max_examples=60)
@given(
    ROWS,
    st.integers(0, 30),
    st.integers(0, 30),
    st.integers(0, 31),
    st.integers(1, 10),
    st.lists(st.sampled_from(AUTHORS[:3]), unique=True),
)
def test_answers_are_those_of_the_definition(
    drawn: list[tuple[str, str, str]],
    since: int,
    after: int,
    before: int,
    limit: int,
    identities: list[str],
) -> None:
    rows = [uttered(number, *facts) for number, facts in enumerate(drawn)]
    naive = NaiveHistory()
    for row in rows:
        naive.keep(row)
    questions: list[Question] = [
        Spoken(
            identities=tuple(identities),
            since=since * 1_000,
            after=Place(FIRST_PLACE + after - 1),
            before=Place(FIRST_PLACE + before),
            limit=limit,
        ),
        *(Speakers(name=fold_nick(nick), since=since * 1_000) for nick in NICKS),
    ]
    for store in fresh_store():
        store.commit(commit(1, rows))
        for question in questions:
            assert store.answer(question) == naive.answer(question)


def test_what_is_taken_out_alone_leaves_its_corrections_to_the_purge(store: Store) -> None:
    rows = [uttered(number, "a:1", "ann") for number in range(3)]
    store.commit(commit(1, rows))
    gone = Redacted(rows[1].place, msgid(store.log_id, rows[1].place), alone=True)
    store.commit(commit(2, [gone]))
    page = Page(conversation=InRoom(RoomId(1), Place(0)), limit=9)
    assert store.answer(page) == [rows[0], rows[2]]
    spoken = Spoken(
        identities=("a:1",), since=0, after=Place(0), before=Place(FIRST_PLACE + 9), limit=9
    )
    assert store.answer(spoken) == [rows[0], rows[2]]
