"""RULES: what the operator wants of people here, and what the operator can see of them.

Law: nobody is asked to accept what can't be read first. The numerics are those that other servers
use; the Modern document has none for this.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from hubbub.commands.row import Call, Kind, Row, When
from hubbub.core.rules import Rules
from hubbub.edge.session import Session
from hubbub.edge.work import Work
from hubbub.irc.numerics import Numeric
from hubbub.irc.replies import Reply, fail, numeric

PLAINLY: Final = (
    "Whoever runs this server can read all that is kept here, whispers too: nothing is encrypted"
    " from end to end.",
    "Moderators and admins see addresses, and what is said where they are; whispers of others only"
    " with the server's files.",
)
"""What people should know before they say something."""


def rules(call: Call) -> Sequence[Work]:
    """RULES: shows the rules, or with ACCEPT accepts them."""
    if call.param(0).upper() == "ACCEPT":
        call.session.accepted = call.rules.rules_text
        return [Reply("NOTE", ("RULES", "ACCEPTED", "You have accepted the rules of this server"))]
    return show_rules(call.rules)


def show_rules(rules: Rules) -> list[Reply]:
    """The rules, line by line, and what can be read by whom."""
    start = f"- {rules.server_name} server rules -"
    lines = (*rules.rules_text.splitlines(), *PLAINLY)
    return [
        numeric(Numeric.RPL_RULESSTART, text=start),
        *(numeric(Numeric.RPL_RULES, text=f"- {line}") for line in lines),
        numeric(Numeric.RPL_ENDOFRULES),
    ]


def require_acceptance(session: Session, rules: Rules, name: str) -> None:
    """Refuses a registration before the rules of now are accepted, where the operator wants that."""
    if rules.rules_required and rules.rules_text and session.accepted != rules.rules_text:
        text = "This server has rules: read them (RULES), accept them (RULES ACCEPT), then register"
        raise fail("REGISTER", "RULES_NOT_ACCEPTED", name, text=text)


ROWS: Final = (
    Row(
        "RULES",
        When.ANY,
        Kind.LOCAL,
        0,
        "[ACCEPT]",
        "Shows the rules of this server and who can read what, or accepts them.",
        "docs/protocol.md#rules",
        rules,
    ),
)
