"""The lists of places: what is in them, what is beyond them, and what became of either."""

from __future__ import annotations

from contextlib import closing

import pytest

from hubbub.core.history import InRoom, Own, Page
from hubbub.core.ids import FIRST_PLACE, Place, RoomId
from hubbub.core.outputs import Erased, HistoryRow, Redacted, Rekeyed
from hubbub.store import places
from hubbub.store.store import Store
from tests.store.making import commit

ROOM = InRoom(RoomId(1), Place(0))


def said(number: int, *, author: str = "u:1", command: str = "PRIVMSG") -> HistoryRow:
    place = Place(FIRST_PLACE + number)
    return HistoryRow(place, 100 + number, RoomId(1), command, "ann!u@h", ("x",), author=author)


def listed(store: Store) -> tuple[int, int]:
    """How many rows the lists of rooms and of authors have."""
    with closing(store._take_reader()) as reader:
        (in_rooms,) = reader.execute("SELECT count(*) FROM room_places").fetchone()
        (of_authors,) = reader.execute("SELECT count(*) FROM author_places").fetchone()
    return in_rooms, of_authors


def page(store: Store) -> list[int]:
    rows = store.answer(Page(conversation=ROOM, limit=100, newest=True, events=True))
    return [row.place - FIRST_PLACE for row in rows]


def own(store: Store, identity: str) -> list[int]:
    rows = store.answer(Own(identity=identity, after=Place(0), limit=100))
    return [row.place - FIRST_PLACE for row in rows]


def idle(store: Store) -> None:
    while store.index_some():
        pass


def test_a_commit_lists_when_much_is_not(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(places, "TAIL_MOST", 3)
    store.commit(commit(1, [said(1), said(2)]))
    assert listed(store) == (0, 0)
    store.commit(commit(2, [said(3, command="JOIN")]))
    assert listed(store) == (3, 3)
    store.commit(commit(3, [said(4)]))
    assert listed(store) == (3, 3)
    assert page(store) == own(store, "u:1") == [1, 2, 3, 4]


def test_all_is_listed_when_nothing_else_is_to_do(store: Store) -> None:
    store.commit(commit(1, [said(1), said(2)]))
    idle(store)
    assert listed(store) == (2, 2)
    assert page(store) == own(store, "u:1") == [1, 2]


def test_a_commit_that_fails_forgets_how_much_it_had_listed(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(places, "TAIL_MOST", 2)
    store.commit(commit(1, [said(1)]))
    with monkeypatch.context() as patch:
        patch.setattr(store._journal, "add", lambda *_: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            store.commit(commit(2, [said(2), said(3)]))
    assert (listed(store), page(store)) == ((0, 0), [1])
    store.commit(commit(2, [said(2)]))
    assert (listed(store), page(store)) == ((2, 2), [1, 2])


@pytest.mark.parametrize("first", [True, False])
def test_what_is_taken_back_is_in_no_list(store: Store, first: bool) -> None:
    store.commit(commit(1, [said(1), said(2)]))
    if first:
        idle(store)
    redacted = Redacted(Place(FIRST_PLACE + 1), "id", alone=True)
    store.commit(commit(2, [redacted]))
    idle(store)
    assert listed(store) == (1, 2)
    assert page(store) == own(store, "u:1") == [2]


@pytest.mark.parametrize("first", [True, False])
def test_a_guest_that_becomes_an_account_takes_its_list_along(store: Store, first: bool) -> None:
    store.commit(commit(1, [said(1, author="d:x"), said(2)]))
    if first:
        idle(store)
    store.commit(commit(2, [said(3, author="d:x"), Rekeyed("d:x", "u:1"), said(4)]))
    assert (own(store, "d:x"), own(store, "u:1")) == ([], [1, 2, 3, 4])
    idle(store)
    assert (own(store, "d:x"), own(store, "u:1")) == ([], [1, 2, 3, 4])


@pytest.mark.parametrize("first", [True, False])
def test_who_is_erased_with_its_messages_is_in_no_list(store: Store, first: bool) -> None:
    store.commit(commit(1, [said(1), said(2, author="u:2")]))
    if first:
        idle(store)
    store.commit(commit(2, [Erased("u:1", "ann", messages=True)]))
    idle(store)
    assert listed(store) == (1, 1)
    assert page(store) == own(store, "u:2") == [2]


@pytest.mark.parametrize("fact", [Erased("a:1", "ann", True), Rekeyed("d:x", "a:1")])
def test_an_empty_history_can_be_listed(store: Store, fact: Erased | Rekeyed) -> None:
    idle(store)
    store.commit(commit(1, [fact]))
    store.commit(commit(2, [said(1)]))
    idle(store)
    assert (listed(store), page(store)) == ((1, 1), [1])
