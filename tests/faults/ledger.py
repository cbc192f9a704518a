"""What was shown, held against what is stored.

Law: whatever any session was shown, or got back as its own echo, is in the history: once, with that
content, and in the one order that all sessions saw.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from tests.faults.rig import Line, Row, Said, Session, stored


class Ledger:
    """Follows one history through all restarts; `check` reads what is new in the file."""

    def __init__(self, database: Path) -> None:
        self._database = database
        self._place = 0
        self.rows: list[Row] = []
        self._index: dict[str, int] = {}
        self._texts: dict[str, str] = {}
        self._msgid_of: dict[str, str] = {}
        self._begins: dict[str, int] = {}
        self.shown = 0
        self.repeats = 0

    def read(self) -> list[Row]:
        """Takes in the rows that are new in the file; returns them."""
        new = stored(self._database, self._place)
        for place, row in new:
            self._place = place
            assert row.msgid not in self._index
            self._index[row.msgid] = len(self.rows)
            self.rows.append(row)
            if row.is_message:
                earlier = self._texts.setdefault(row.text, row.msgid)
                assert earlier == row.msgid, f"stored twice: {earlier} and {row}"
        return [row for _, row in new]

    def check_kept(self) -> None:
        """All that was read before is in the file still, as it was."""
        kept = [row for _, row in stored(self._database)]
        assert kept[: len(self.rows)] == self.rows, "what was stored is gone, or another"

    def check(self, sessions: Iterable[Session]) -> None:
        """All that the sessions were shown in their last connections, against the history."""
        for session in sessions:
            assert not session.wrongs, session.wrongs[:3]
            last: dict[str, int] = {}
            for line in session.life.live:
                index = self._check_line(session, line)
                if index is None:
                    continue
                # What came before a client that can't ask is replayed room by room as it joins.
                order = "" if session.has("draft/chathistory") else line.params[0]
                before = last.get(order, -1)
                assert index > before, f"{session.nick} saw {line} after {self.rows[before]}"
                last[order] = index
            for line in session.life.echoes:
                self.repeats += 1
                self._check_line(session, line)
            for said in session.said.values():
                if said.msgid:
                    self._check_echo(said)

    def _check_line(self, session: Session, line: Line) -> int | None:
        """The place in the order of what a session was shown; None where it has none to check."""
        message = line.command in ("PRIVMSG", "NOTICE") and "!" in line.source
        if not message and not (line.msgid and session.has("draft/chathistory")):
            return None
        self.shown += 1
        msgid = line.msgid
        if not msgid:
            # An old client sees no ids; every text of the tests is said but once, so it will do.
            msgid = self._texts.get(_undated(line.text), "")
        index = self._index.get(msgid)
        assert index is not None, f"{session.nick} was shown what isn't stored: {line}"
        row = self.rows[index]
        assert (line.command, line.source) == (row.command, row.source), f"{line} is {row}"
        if message:
            shown = (line.params[0], _undated(line.text))
            assert shown == (row.room or row.peer, row.text), f"{line} is stored as {row}"
        return index

    def _check_echo(self, said: Said) -> None:
        known = self._msgid_of.setdefault(said.id, said.msgid)
        assert known == said.msgid, f"{said} was {known} at first"
        row = self.rows[self._index[said.msgid]]
        assert row.text == said.text, f"{said} is stored as {row}"

    def has_text(self, text: str) -> bool:
        """Whether a message with this text is stored."""
        return text in self._texts

    def in_room(self, room: str, rows: Iterable[Row] | None = None) -> list[str]:
        """The msgids of all that happened in a room, in order.

        What concerns several rooms (QUIT, NICK) is recorded in each.
        """
        rows = self.rows[self._begins.get(room, 0) :] if rows is None else rows
        return [row.msgid for row in rows if row.room == room]

    def emptied(self, rooms: Iterable[str]) -> None:
        """Nobody is there any more: a room in which nothing was said by then is gone, and begins anew."""
        for room in rooms:
            begin = self._begins.get(room, 0)
            if not any(row.is_message for row in self.rows[begin:] if row.room == room):
                self._begins[room] = len(self.rows)

    def between(self, one: str, other: str) -> list[str]:
        """The msgids of the whispers between two names, in order."""
        pair = {one, other}
        return [
            row.msgid
            for row in self.rows
            if not row.room and {row.source.partition("!")[0], row.peer} == pair
        ]


def _undated(text: str) -> str:
    """A replayed text without the clock that clients without server-time are shown before it."""
    return text.partition("] ")[2] if text.startswith("[") else text
