"""Asking about people by name: WHOIS, WHOWAS, USERHOST and ISON.

Law: a name that one knows may be asked about; in which rooms its bearer is, only as far as the asker
may see; from which address, only by itself and by who has a role.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Final

from hubbub.commands.packing import packed
from hubbub.commands.row import MODERN, Call, Kind, Row, When, query
from hubbub.commands.who import sees_member
from hubbub.core.blocking import away_of, block_of, last_seen
from hubbub.core.entities import User
from hubbub.core.history import Whowas
from hubbub.core.outputs import WhowasRow
from hubbub.core.presence import known_addresses
from hubbub.core.state import State
from hubbub.edge.session import Session
from hubbub.edge.work import Fetch, Shown
from hubbub.irc.masks import matches
from hubbub.irc.modes import prefix_of, prefixes_of
from hubbub.irc.names import fold_nick
from hubbub.irc.numerics import Numeric
from hubbub.irc.replies import Reply, numeric, refuse

USERHOST_MOST: Final = 5
WHOWAS_MOST: Final = 100
"""How many bearers of a name one WHOWAS shows."""


def human_time(milliseconds: int) -> str:
    """A moment for people to read, in UTC."""
    moment = datetime.fromtimestamp(milliseconds // 1000, UTC)
    return f"{moment:%A, %d %B %Y, %H:%M:%S} UTC"


# -- WHOIS --------------------------------------------------------------------------------


def whois(call: Call, state: State) -> Sequence[Shown | Fetch]:
    """WHOIS of one name; a server may be named before it, and this is the only one."""
    if len(call.params) > 1:
        server = call.param(0)
        if not matches(server, state.rules.server_name) and state.user_named(server) is None:
            raise refuse(Numeric.ERR_NOSUCHSERVER, server)
    nick = call.params[min(1, len(call.params) - 1)].split(",")[0] if call.params else ""
    if not nick:
        raise refuse(Numeric.ERR_NONICKNAMEGIVEN)
    user = state.user_named(nick)
    if user is None:
        return [numeric(Numeric.ERR_NOSUCHNICK, nick), numeric(Numeric.RPL_ENDOFWHOIS, nick)]
    return [*_about(call.session, state, user), numeric(Numeric.RPL_ENDOFWHOIS, user.nick)]


def _about(session: Session, state: State, user: User) -> list[Reply]:
    rules, nick, asker = state.rules, user.nick, state.sessions[session.id].user
    replies = [
        numeric(Numeric.RPL_WHOISUSER, nick, user.username, user.host, "*", text=user.realname),
        *(
            numeric(Numeric.RPL_WHOISCHANNELS, nick, text=line)
            for line in packed(_rooms_of(session, state, user))
        ),
        numeric(Numeric.RPL_WHOISSERVER, nick, rules.server_name, text=rules.network),
    ]
    replies += [
        numeric(Numeric.RPL_WHOISACTUALLY, nick, f"{user.username}@{address}", address)
        for address in known_addresses(state, asker, user)
        if address != user.host
    ]
    away = away_of(state, user, asker)
    if away:
        replies.append(numeric(Numeric.RPL_AWAY, nick, text=away))
    if user.account:
        replies.append(numeric(Numeric.RPL_WHOISACCOUNT, nick, user.account))
    if "o" in user.modes:
        replies.append(numeric(Numeric.RPL_WHOISOPERATOR, nick))
    if "B" in user.modes:
        replies.append(numeric(Numeric.RPL_WHOISBOT, nick, text=f"is a bot on {rules.network}"))
    connected = user.sessions and block_of(state, user, asker) is None
    if connected and all(state.sessions[session].secure for session in user.sessions):
        replies.append(numeric(Numeric.RPL_WHOISSECURE, nick))
    if asker is user or asker.may("moderator"):
        replies += _certificates(state, user)
    if session.has("draft/metadata-2"):
        for key, value in state.metadata.of(user):
            replies.append(numeric(Numeric.RPL_WHOISKEYVALUE, nick, key, "*", text=value))
    spoke_at, came_at = last_seen(state, user, asker)
    idle_seconds = max(0, state.present - spoke_at) // 1000
    signed_on = str(came_at // 1000)
    replies.append(numeric(Numeric.RPL_WHOISIDLE, nick, str(idle_seconds), signed_on))
    return replies


def _certificates(state: State, user: User) -> list[Reply]:
    """The certificates that a user's sessions have shown, each once."""
    shown = dict.fromkeys(state.sessions[session].certificate for session in user.sessions)
    return [
        numeric(
            Numeric.RPL_WHOISCERTFP,
            user.nick,
            text=f"has client certificate fingerprint {fingerprint}",
        )
        for fingerprint in shown
        if fingerprint
    ]


def _rooms_of(session: Session, state: State, user: User) -> list[str]:
    """The rooms of a user that the session's user may know it to be in, each with its prefix."""
    asker = state.sessions[session.id].user
    shown_prefix = prefixes_of if session.has("multi-prefix") else prefix_of
    return [
        shown_prefix(member.ranks) + member.room.name
        for member in user.memberships.values()
        if sees_member(asker, member)
    ]


# -- WHOWAS -------------------------------------------------------------------------------


def whowas(call: Call, state: State) -> Sequence[Shown | Fetch]:
    """WHOWAS: who had a name before, the last one first."""
    nick, count = call.param(0), call.param(1)
    if not nick:
        raise refuse(Numeric.ERR_NONICKNAMEGIVEN)
    limit = WHOWAS_MOST
    if count.isascii() and count.isdigit() and int(count) > 0:
        limit = min(int(count), WHOWAS_MOST)
    server_name = state.rules.server_name

    def present(rows: Sequence[WhowasRow]) -> Sequence[Shown]:
        replies = [reply for row in rows for reply in _was(row, server_name)]
        if not replies:
            replies.append(numeric(Numeric.ERR_WASNOSUCHNICK, nick))
        return [*replies, numeric(Numeric.RPL_ENDOFWHOWAS, nick)]

    return [Fetch(Whowas(fold_nick(nick), limit), present)]


def _was(row: WhowasRow, server_name: str) -> Sequence[Reply]:
    return (
        numeric(Numeric.RPL_WHOWASUSER, row.nick, row.username, row.host, "*", text=row.realname),
        numeric(Numeric.RPL_WHOISSERVER, row.nick, server_name, text=human_time(row.time)),
    )


# -- USERHOST and ISON --------------------------------------------------------------------


def _words(call: Call) -> Sequence[str]:
    """The parameters, whether given one by one or as one with spaces."""
    return [word for param in call.params for word in param.split()]


def userhost(call: Call, state: State) -> Sequence[Shown | Fetch]:
    """USERHOST: up to five names with their user@host."""
    asker = state.sessions[call.session.id].user
    users = (state.user_named(nick) for nick in _words(call)[:USERHOST_MOST])
    found = [
        f"{user.nick}{'*' * ('o' in user.modes)}={'-' if away_of(state, user, asker) else '+'}"
        f"{user.username}@{user.host}"
        for user in users
        if user is not None
    ]
    return [numeric(Numeric.RPL_USERHOST, text=line) for line in packed(found) or [""]]


def ison(call: Call, state: State) -> Sequence[Shown | Fetch]:
    """ISON: which of some names are here."""
    users = (state.user_named(nick) for nick in _words(call))
    found = [user.nick for user in users if user is not None]
    return [numeric(Numeric.RPL_ISON, text=line) for line in packed(found) or [""]]


ROWS: Final = (
    Row(
        "WHOIS",
        When.AFTER,
        Kind.QUERY,
        0,
        "[server] <name>",
        "Tells what is known of a person.",
        MODERN + "whois-message",
        query(whois),
    ),
    Row(
        "WHOWAS",
        When.AFTER,
        Kind.QUERY,
        0,
        "<name> [count]",
        "Tells who had a name before.",
        MODERN + "whowas-message",
        query(whowas, holds=True),
    ),
    Row(
        "USERHOST",
        When.AFTER,
        Kind.QUERY,
        1,
        "<name> [name ...]",
        "Shows the user name and host of up to five people.",
        MODERN + "userhost-message",
        query(userhost),
    ),
    Row(
        "ISON",
        When.AFTER,
        Kind.QUERY,
        1,
        "<name> [name ...]",
        "Tells which of some people are here.",
        "https://www.rfc-editor.org/rfc/rfc2812#section-4.9",
        query(ison),
    ),
)
