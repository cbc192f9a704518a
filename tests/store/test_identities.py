"""What becomes of an identity is carried out on the rows that are there, as the naive history does."""

from __future__ import annotations

import pytest

from hubbub.core.history import At, InRoom, Page, Targets, WithPeer
from hubbub.core.ids import FIRST_PLACE, Place, RoomId
from hubbub.core.outputs import Erased, HistoryRow, Rekeyed
from hubbub.irc.names import fold_nick
from hubbub.store.store import Commit, Store
from tests.naive_history import NaiveHistory
from tests.store.making import batch, commit

ROOM = RoomId(1)


def rows() -> list[HistoryRow]:
    def row(number: int, room: RoomId | None, author: str, peer: str = "") -> HistoryRow:
        nick = {"d:ann": "ann", "a:1": "ann", "d:bob": "bob"}[author]
        return HistoryRow(
            Place(FIRST_PLACE + number),
            1_000 * number,
            room,
            "PRIVMSG",
            f"{nick}!u@h",
            (f"text {number}",),
            author=author,
            peer=peer,
            peer_nick={"d:ann": "ann", "a:1": "ann", "d:bob": "bob", "": ""}[peer],
        )

    return [
        row(0, ROOM, "d:ann"),
        row(1, None, "d:ann", "d:bob"),
        row(2, None, "d:bob", "d:ann"),
        row(3, ROOM, "d:bob"),
        row(4, None, "d:ann", "d:ann"),
        row(5, None, "a:1", "d:bob"),
    ]


QUESTIONS: list[Page | Targets] = [
    Page(conversation=InRoom(ROOM, Place(0)), limit=10),
    *(
        Page(conversation=WithPeer(identity, fold_nick(peer)), limit=10)
        for identity in ("d:ann", "a:1", "d:bob")
        for peer in ("ann", "bob")
    ),
    *(
        Targets(
            identity=identity,
            rooms=(InRoom(ROOM, Place(0)),),
            after=At(-1),
            before=At(10**9),
            limit=10,
        )
        for identity in ("d:ann", "a:1", "d:bob")
    ),
]


@pytest.mark.parametrize(
    "facts",
    [
        (Rekeyed("d:ann", "a:1"),),
        (Erased("d:ann", "ann", False),),
        (Erased("d:ann", "ann", True),),
        (Rekeyed("d:ann", "a:1"), Erased("a:1", "ann", True)),
        (Erased("d:bob", "bob", True), Rekeyed("d:ann", "a:1")),
    ],
    ids=str,
)
def test_the_rows_are_as_by_definition(store: Store, facts: tuple[Rekeyed | Erased, ...]) -> None:
    naive = NaiveHistory()
    for fact in (*rows(), *facts):
        naive.keep(fact)
    store.commit(commit(1, rows()))
    store.commit(Commit({}, facts, batch(2), 100))
    for question in QUESTIONS:
        found: object = store.answer(question)
        assert found == naive.answer(question), question


def test_what_is_erased_is_in_no_journal(store: Store) -> None:
    store.commit(commit(1, rows()))
    store.commit(Commit({}, (Erased("d:ann", "ann", True),), batch(2), 100))
    assert [position for position, _ in store.journal()] == [2]
    store.commit(commit(3))
    assert store.position == 3
