"""Rows that go for good take all with them that leads to them."""

from __future__ import annotations

import pytest

from hubbub.core.history import InRoom, Page, Search
from hubbub.core.ids import FIRST_PLACE, Place, RoomId
from hubbub.core.outputs import Erased, HistoryRow
from hubbub.store import removal
from hubbub.store.store import Store
from tests.store.making import commit

TABLES = ("history", "room_places", "author_places", "whispers")


def row(number: int, author: str, peer: str = "") -> HistoryRow:
    room = None if peer else RoomId(1)
    place, text = Place(FIRST_PLACE + number), (f"word{number} common",)
    return HistoryRow(
        place, number, room, "PRIVMSG", f"{author}!u@h", text, {}, "", author, peer, peer
    )


def counts(store: Store) -> dict[str, int]:
    with store._reading() as reader:
        asked = {table: f"SELECT count(*) FROM {table}" for table in TABLES}
        return {table: reader.execute(ask).fetchone()[0] for table, ask in asked.items()}


@pytest.mark.parametrize("indexed", [True, False])
def test_all_of_an_author_goes_in_chunks(
    store: Store, indexed: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(removal, "CHUNK_ROWS", 2)
    said = [row(number, "ann" if number % 2 else "bob") for number in range(9)]
    whispers = [row(10, "ann", "bob"), row(11, "bob", "ann"), row(12, "bob", "cat")]
    store.commit(commit(1, [*said, *whispers]))
    while indexed and store.index_some():
        pass
    store.commit(commit(2, [Erased("ann", "ann", messages=True)]))
    while store.index_some():
        pass
    # Of bob's whisper to ann his own view is left.
    assert counts(store) == {"history": 7, "room_places": 5, "author_places": 7, "whispers": 3}
    found = store.answer(Search(rooms=(InRoom(RoomId(1), Place(0)),), text="common", limit=20))
    assert {line.author for line in found} == {"bob"}
    with store._reading() as reader:
        words = {word for (word,) in reader.execute("SELECT word FROM search_words")}
    assert "word1" not in words
    assert "word2" in words
    page = store.answer(Page(conversation=InRoom(RoomId(1), Place(0)), limit=20))
    assert len(page) == 5
