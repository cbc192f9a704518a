"""Asking about the server: MOTD, LUSERS, VERSION, ISUPPORT, TIME, INFO, ADMIN, LINKS and STATS.

Law: there is one server to ask; whoever names another one, or a person who isn't here, is told so.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from hubbub import __version__
from hubbub.commands import arrival
from hubbub.commands.people import human_time
from hubbub.commands.row import IRCV3, MODERN, Call, Kind, Reader, Row, When, query
from hubbub.commands.rules import PLAINLY
from hubbub.core.state import State
from hubbub.edge.work import Fetch, Shown, Work
from hubbub.irc.masks import matches
from hubbub.irc.numerics import Numeric
from hubbub.irc.replies import numeric, refuse

SOFTWARE: Final = f"hubbub-{__version__}"


def _of_this_server(read: Reader, position: int = 0) -> Reader:
    """A reader that first looks whether the server named at `position`, if any, is this one."""

    def checked(call: Call, state: State) -> Sequence[Shown | Fetch]:
        target = call.param(position)
        if (
            target
            and not matches(target, state.rules.server_name)
            and state.user_named(target) is None
        ):
            raise refuse(Numeric.ERR_NOSUCHSERVER, target)
        return read(call, state)

    return checked


def motd(call: Call, state: State) -> Sequence[Shown | Fetch]:
    return [arrival.motd(state.rules)]


def lusers(call: Call, state: State) -> Sequence[Shown | Fetch]:
    return arrival.lusers(state)


def version(call: Call, state: State) -> Sequence[Shown | Fetch]:
    rules = state.rules
    return [
        numeric(Numeric.RPL_VERSION, SOFTWARE, rules.server_name, text="IRC with IRCv3 extensions"),
        *arrival.isupport(call.session, rules),
    ]


def isupport(call: Call) -> Sequence[Work]:
    """ISUPPORT: what the server supports, with draft/extended-isupport before registration, too."""
    session = call.session
    if session.registration is not None and not session.has("draft/extended-isupport"):
        raise refuse(Numeric.ERR_NOTREGISTERED)
    return arrival.isupport(session, call.rules)


def time(call: Call, state: State) -> Sequence[Shown | Fetch]:
    name, now = state.rules.server_name, state.present
    return [numeric(Numeric.RPL_TIME, name, str(now // 1000), text=human_time(now))]


def info(call: Call, state: State) -> Sequence[Shown | Fetch]:
    lines = (
        f"Hubbub {__version__}: a group chat that one command starts and that nobody outgrows.",
        "It speaks IRC with the IRCv3 extensions and keeps what is said.",
        "HELP lists the commands; VERSION shows what this server supports.",
        *PLAINLY,
    )
    return [
        *(numeric(Numeric.RPL_INFO, text=line) for line in lines),
        numeric(Numeric.RPL_ENDOFINFO),
    ]


def admin(call: Call, state: State) -> Sequence[Shown | Fetch]:
    rules = state.rules
    if not rules.admin:
        text = "No administrative info available: ask in the lobby"
        return [numeric(Numeric.ERR_NOADMININFO, rules.server_name, text=text)]
    return [
        numeric(Numeric.RPL_ADMINME, rules.server_name),
        numeric(Numeric.RPL_ADMINLOC1, text=rules.network),
        numeric(Numeric.RPL_ADMINLOC2, text=f"Hubbub {__version__}"),
        numeric(Numeric.RPL_ADMINEMAIL, text=rules.admin),
    ]


def links(call: Call, state: State) -> Sequence[Shown | Fetch]:
    name, network = state.rules.server_name, state.rules.network
    return [
        numeric(Numeric.RPL_LINKS, name, name, text=f"0 {network}"),
        numeric(Numeric.RPL_ENDOFLINKS, "*"),
    ]


def stats(call: Call, state: State) -> Sequence[Shown | Fetch]:
    """STATS: the operator has metrics; users are shown none."""
    return [numeric(Numeric.RPL_ENDOFSTATS, call.param(0)[:1])]


ROWS: Final = (
    Row(
        "MOTD",
        When.AFTER,
        Kind.QUERY,
        0,
        "[server]",
        "Shows the message of the day.",
        MODERN + "motd-message",
        query(_of_this_server(motd)),
    ),
    Row(
        "LUSERS",
        When.AFTER,
        Kind.QUERY,
        0,
        "",
        "Shows how many people and rooms there are.",
        MODERN + "lusers-message",
        query(lusers),
    ),
    Row(
        "VERSION",
        When.AFTER,
        Kind.QUERY,
        0,
        "[server]",
        "Shows the server's version and what it supports.",
        MODERN + "version-message",
        query(_of_this_server(version)),
    ),
    Row(
        "ISUPPORT",
        When.ANY,
        Kind.LOCAL,
        0,
        "",
        "Shows what the server supports.",
        IRCV3 + "extended-isupport",
        isupport,
    ),
    Row(
        "TIME",
        When.AFTER,
        Kind.QUERY,
        0,
        "[server]",
        "Shows the server's time.",
        MODERN + "time-message",
        query(_of_this_server(time)),
    ),
    Row(
        "INFO",
        When.AFTER,
        Kind.QUERY,
        0,
        "",
        "Tells about the software.",
        MODERN + "info-message",
        query(info),
    ),
    Row(
        "ADMIN",
        When.AFTER,
        Kind.QUERY,
        0,
        "[server]",
        "Shows how to reach whoever runs the server.",
        MODERN + "admin-message",
        query(_of_this_server(admin)),
    ),
    Row(
        "LINKS",
        When.AFTER,
        Kind.QUERY,
        0,
        "",
        "Lists the servers of the network.",
        MODERN + "links-message",
        query(links),
    ),
    Row(
        "STATS",
        When.AFTER,
        Kind.QUERY,
        1,
        "<letter> [server]",
        "Ends at once: statistics are the operator's.",
        MODERN + "stats-message",
        query(_of_this_server(stats, position=1)),
    ),
)
