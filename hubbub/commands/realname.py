"""SETNAME: changing one's real name."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from hubbub.commands.row import IRCV3, Call, Kind, Row, When
from hubbub.core import entries
from hubbub.edge.work import Work
from hubbub.irc.replies import fail


def setname(call: Call) -> Sequence[Work]:
    text, most = call.param(0), call.rules.realname_bytes
    if not text.strip() or len(text.encode()) > most:
        problem = f"A real name has 1 to {most} bytes"
        raise fail("SETNAME", "INVALID_REALNAME", text=problem)
    return [entries.SetRealname(call.session.id, text)]


ROWS: Final = (
    Row(
        "SETNAME",
        When.AFTER,
        Kind.LOGGED,
        1,
        "<real name>",
        "Changes your real name.",
        IRCV3 + "setname",
        setname,
    ),
)
