"""The classes of public advisories that need a socket or a store: see tests/commands/test_advisories.py."""

from __future__ import annotations

from pathlib import Path

import pytest

from hubbub.core.history import InRoom, Search
from hubbub.core.ids import Place, RoomId
from hubbub.store.store import open_store
from tests.server.line import Line, on_line
from tests.store.making import commit, said


# Ergo 2.16.0 (#2239): a web page has the reader's browser post lines of IRC to the port.
@pytest.mark.parametrize("method", ["POST", "PUT", "OPTIONS", "PROPFIND", "PASS"])
@pytest.mark.parametrize("host", ["a.b:1", "evil.example"])
@pytest.mark.parametrize("path", ["/", "/" + "x" * 9_000])
def test_what_a_web_page_posts_is_no_line_of_irc(method: str, host: str, path: str) -> None:
    body = "NICK eve\r\nUSER eve 0 * :Eve\r\nPRIVMSG #lobby :spam\r\n"
    head = f"{method} {path} HTTP/1.1\r\nHost: {host}\r\nContent-Length: {len(body)}\r\n\r\n"

    async def scenario(line: Line) -> None:
        await line.send((head + body).encode())
        answer = await line.rest()
        assert answer.startswith(b"HTTP/1.1 4")
        assert not line.owner.lines
        line.peer.close()
        await line.closed()

    on_line(scenario)


# Mattermost and others: what is searched for is no SQL and no expression of the full-text search.
@pytest.mark.parametrize(
    "text",
    [
        "' OR 1=1 --",
        '") OR (room:2',
        '" OR "secret',
        "NEAR(a b)",
        "text:secret",
        "secret* NOT x",
        "{secret}",
        "^secret",
        "r2 secret",
        "\\",
        '"""',
        "(" * 300,
        "*" * 300,
    ],
)
def test_what_is_searched_for_is_words_only(tmp_path: Path, text: str) -> None:
    store = open_store(tmp_path / "hubbub.db")
    store.commit(commit(1, [said(0, "a x", room=1), said(1, "secret a x", room=2)]))
    while store.index_some():
        pass
    mine = Search(rooms=(InRoom(RoomId(1), Place(0)),), text=text, limit=10)
    assert all(row.room == 1 for row in store.answer(mine))
    assert [row.params for row in store.answer(Search(rooms=mine.rooms, text="x", limit=10))] == [
        ("a x",)
    ]
    store.close()
