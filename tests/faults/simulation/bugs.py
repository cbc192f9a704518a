"""Bugs to be found: each is put into the code under test for the time of a world.

A simulation that has never failed proves nothing; here are the failures that it must see.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager, nullcontext
from pathlib import Path
from typing import Final
from unittest.mock import patch

import msgspec

from hubbub.core import entries, messages
from hubbub.core.batches import Batch
from hubbub.core.entities import User
from hubbub.core.ids import SessionId
from hubbub.core.outputs import Deliver, Event, Output, Redacted
from hubbub.core.state import State
from hubbub.edge.session import Session
from hubbub.server.connection import Connection
from hubbub.server.fanout import Fanout
from hubbub.server.hub import Hub
from hubbub.server.questions import Questions
from hubbub.store import store, writing

Bug = Callable[[], AbstractContextManager[object]]


@contextmanager
def _shown_before_stored() -> Iterator[None]:
    """A batch is released when it is applied, not when it is committed."""
    execute, committed = Hub._execute, Hub._committed

    def eager(self: Hub, batch: Batch | None) -> None:
        execute(self, batch)
        if batch is not None and self._flight is not None:
            self._release()

    def late(self: Hub, error: BaseException | None) -> None:
        if self._flight is not None:
            committed(self, error)

    with patch.object(Hub, "_execute", eager), patch.object(Hub, "_committed", late):
        yield


def _sent_ids_not_kept() -> AbstractContextManager[object]:
    """Send-once ids aren't stored: a repeat is a second message."""

    def forgetful(state: State, entry: entries.Say, user: User, event: Event) -> None:
        user.spoke_at = state.now
        state.save(user)

    return patch.object(messages, "_sent", forgetful)


def _state_ahead_kept() -> AbstractContextManager[object]:
    """After a commit that failed the state isn't loaded again."""

    def careless(self: Hub) -> None:
        assert self._flight is not None
        self._land(self._flight)

    return patch.object(Hub, "_reload", careless)


def _rest_of_a_write_lost() -> AbstractContextManager[object]:
    """What a socket doesn't take at once is forgotten."""
    transmit = Connection._transmit

    def forgetful(self: Connection, send: Callable[[bytes], int], data: bytes) -> None:
        def all_of_it(data: bytes) -> int:
            send(data)
            return len(data)

        transmit(self, all_of_it, data)

    return patch.object(Connection, "_transmit", forgetful)


def _another_order_for_some() -> AbstractContextManager[object]:
    """Those with some capabilities are shown a batch's events from its end."""
    join = Fanout._join

    def reversed_for_some(self: Fanout, positions: Iterable[int], variant: int) -> bytes:
        found = list(positions)
        return join(self, found[::-1] if variant % 2 else found, variant)

    return patch.object(Fanout, "_join", reversed_for_some)


def _whisper_to_the_former_holder() -> AbstractContextManager[object]:
    """Whispers go to the one who had the name first as well, whoever has it now."""
    whisper = messages._whisper
    first: dict[State, dict[str, tuple[SessionId, ...]]] = {}

    def stale(state: State, entry: entries.Say, user: User, out: list[Output]) -> None:
        whisper(state, entry, user, out)
        target = state.user_named(entry.target)
        if target is None or not target.sessions:
            return
        former = first.setdefault(state, {}).setdefault(target.nick, target.sessions)
        for index, output in enumerate(out):
            if isinstance(output, Deliver) and not output.rooms:
                sessions = (*output.sessions, *former)
                out[index] = msgspec.structs.replace(output, sessions=sessions)

    return patch.object(messages, "_whisper", stale)


def _commits_not_synced() -> AbstractContextManager[object]:
    """SQLite is told not to wait for the disk."""
    set_up = store._set_up_writer

    def unsynced(writer: sqlite3.Connection, path: Path) -> None:
        set_up(writer, path)
        writer.execute("PRAGMA synchronous = OFF")

    return patch.object(store, "_set_up_writer", unsynced)


def _asked_and_never_read_again() -> AbstractContextManager[object]:
    """A session that has asked the history something isn't read on."""

    def forgotten(self: Questions, session: Session) -> None:
        pass

    return patch.object(Questions, "_go_on", forgotten)


def _taken_back_but_kept() -> AbstractContextManager[object]:
    """What was taken back stays in the history."""

    def lazy(cursor: sqlite3.Cursor, fact: Redacted) -> None:
        pass

    return patch.object(writing, "_redact", lazy)


def _change_not_saved() -> AbstractContextManager[object]:
    """That somebody spoke is changed in the state without being marked as changed."""
    sent = messages._sent

    def unsaved(state: State, entry: entries.Say, user: User, event: Event) -> None:
        with patch.object(State, "save", lambda state, entity: None):
            sent(state, entry, user, event)

    return patch.object(messages, "_sent", unsaved)


BUGS: Final[Mapping[str, Bug]] = {
    "shown before stored": _shown_before_stored,
    "sent ids not kept": _sent_ids_not_kept,
    "state ahead kept": _state_ahead_kept,
    "rest of a write lost": _rest_of_a_write_lost,
    "another order for some": _another_order_for_some,
    "whisper to the former holder": _whisper_to_the_former_holder,
    "commits not synced": _commits_not_synced,
    "asked and never read again": _asked_and_never_read_again,
    "taken back but kept": _taken_back_but_kept,
    "change not saved": _change_not_saved,
}


def with_bug(name: str) -> AbstractContextManager[object]:
    """The code with a bug in it, or as it is when no name is given."""
    return BUGS[name]() if name else nullcontext()
