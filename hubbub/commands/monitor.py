"""MONITOR: being told when people come and go.

Law: the lists are kept at the edge (`edge/watches.py`); what a line asks for is understood here.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from hubbub.commands.row import IRCV3, Call, Kind, Row, When
from hubbub.edge.work import Watch, Work
from hubbub.irc.numerics import Numeric
from hubbub.irc.replies import fail, refuse

WITH_TARGETS: Final = frozenset({"+", "-"})
ALONE: Final = frozenset({"C", "L", "S"})


def monitor(call: Call) -> Sequence[Work]:
    action = call.param(0).upper()
    if action in ALONE:
        return [Watch(action)]
    if action not in WITH_TARGETS:
        text = "MONITOR takes one of + - C L S"
        raise fail("MONITOR", "INVALID_PARAMS", call.param(0), text=text)
    nicks = tuple(nick for nick in call.param(1).split(",") if nick)
    if not nicks:
        raise refuse(Numeric.ERR_NEEDMOREPARAMS, "MONITOR")
    return [Watch(action, nicks)]


ROWS: Final = (
    Row(
        "MONITOR",
        When.AFTER,
        Kind.LOCAL,
        1,
        "+|-|C|L|S [<name>{,<name>}]",
        "Watches names: tells when somebody comes or goes.",
        IRCV3 + "monitor",
        monitor,
    ),
)
