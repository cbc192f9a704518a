"""HELP: what the commands are, told from their rows.

Law: nothing is written twice; a command that has a row has its help.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from hubbub.commands.packing import packed
from hubbub.commands.row import MODERN, Call, Kind, Row, When
from hubbub.edge.work import Work
from hubbub.irc.numerics import Numeric
from hubbub.irc.replies import Reply, numeric, refuse

Topics = Mapping[str, Sequence[Row]]


def help_row(topics: Topics) -> Row:
    """The row of HELP over `topics`, which it adds itself to."""
    rows = {row.name: row for topic in topics.values() for row in topic}

    def help_(call: Call) -> Sequence[Work]:
        subject = call.param(0)
        if not subject:
            return _section("*", "Commands", _overview(topics))
        row = rows.get(subject.upper())
        if row is None:
            raise refuse(Numeric.ERR_HELPNOTFOUND, subject)
        return _section(
            subject, row.name, (f"{row.name} {row.syntax}".rstrip(), row.help, row.spec)
        )

    own = Row(
        "HELP",
        When.AFTER,
        Kind.LOCAL,
        0,
        "[command]",
        "Lists the commands, or explains one.",
        MODERN + "help-message",
        help_,
    )
    rows[own.name] = own
    return own


def _overview(topics: Topics) -> list[str]:
    lines: list[str] = []
    for topic, rows in topics.items():
        lines += packed([f"{topic}:", *(row.name for row in rows)])
    return [*lines, "HELP <command> explains one."]


def _section(subject: str, title: str, lines: Sequence[str]) -> list[Reply]:
    """The subject's lines; the first after the title is empty and the last ends the help."""
    *middle, last = lines
    return [
        numeric(Numeric.RPL_HELPSTART, subject, text=f"*** {title}"),
        *(numeric(Numeric.RPL_HELPTXT, subject, text=line) for line in ("", *middle)),
        numeric(Numeric.RPL_ENDOFHELP, subject, text=last),
    ]
