"""Saying something: PRIVMSG, NOTICE and TAGMSG, to rooms and people; and AWAY."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from hubbub.commands.packing import LINE_BYTES
from hubbub.commands.row import IRCV3, MODERN, Call, Kind, Row, When, cut
from hubbub.commands.service_names import is_service
from hubbub.commands.services import serve
from hubbub.core import entries
from hubbub.edge.work import Work
from hubbub.irc.numerics import Numeric
from hubbub.irc.replies import fail, numeric, refuse
from hubbub.irc.tags import is_client_only

ONCE_BYTES: Final = 64


def privmsg(call: Call) -> Sequence[Work]:
    if not call.message.params:
        raise refuse(Numeric.ERR_NORECIPIENT, text="No recipient given (PRIVMSG)")
    return _say(call)


def notice(call: Call) -> Sequence[Work]:
    return _say(call)


def tagmsg(call: Call) -> Sequence[Work]:
    if not call.session.has("message-tags"):
        raise refuse(Numeric.ERR_UNKNOWNCOMMAND, "TAGMSG")
    tags, once = client_tags(call), once_of(call)
    return [
        entries.Say(call.session.id, "TAGMSG", target, "", tags, once) for target in _targets(call)
    ]


def _say(call: Call) -> Sequence[Work]:
    message, text = call.message, call.param(1)
    if not text:
        raise refuse(Numeric.ERR_NOTEXTTOSEND)
    verb = message.command
    once, tags = (once_of(call), client_tags(call)) if message.tags else ("", ())
    say: list[Work] = []
    for target in _targets(call):
        if is_service(target):
            say += serve(call, target, text) if verb == "PRIVMSG" else ()
            continue
        relayed = call.rules.longest_source + len(f"{verb} {target} :{text}".encode())
        if relayed > LINE_BYTES:
            raise refuse(
                Numeric.ERR_INPUTTOOLONG,
                text=f"The message is {relayed - LINE_BYTES} bytes too long to be relayed",
            )
        say.append(entries.Say(call.session.id, verb, target, text, tags, once))
    return say


def _targets(call: Call) -> Sequence[str]:
    targets = list(filter(None, call.param(0).split(",")))
    if not targets:
        raise refuse(Numeric.ERR_NORECIPIENT, text=f"No recipient given ({call.message.command})")
    if len(targets) > call.rules.targets:
        raise refuse(Numeric.ERR_TOOMANYTARGETS, targets[-1], text="Too many targets")
    return targets


def client_tags(call: Call) -> tuple[tuple[str, str], ...]:
    """The tags that are relayed as they are."""
    if not call.message.tags or not call.session.has("message-tags"):
        return ()
    return tuple((key, value) for key, value in call.message.tags.items() if is_client_only(key))


def once_of(call: Call) -> str:
    """The sender's own id of a message, or empty."""
    once = call.message.tags.get("hubbub/id", "")
    if not once or not call.session.has("hubbub/once"):
        return ""
    if len(once.encode()) > ONCE_BYTES or call.param(0).count(","):
        raise fail(
            call.message.command,
            "INVALID_ID",
            text=f"A send-once id has at most {ONCE_BYTES} bytes and its message one target",
        )
    return once


def away(call: Call) -> Sequence[Work]:
    """AWAY: with draft/pre-away also before registration, which then begins so."""
    text = cut(call.param(0), call.rules.away_bytes)
    registration = call.session.registration
    if registration is None:
        return [entries.SetAway(call.session.id, text)]
    if not call.session.has("draft/pre-away"):
        raise refuse(Numeric.ERR_NOTREGISTERED)
    registration.away = text
    return [numeric(Numeric.RPL_NOWAWAY if text else Numeric.RPL_UNAWAY)]


ROWS: Final = (
    Row(
        "PRIVMSG",
        When.AFTER,
        Kind.LOGGED,
        0,
        "<target>{,<target>} <text>",
        "Says something in a room or to a person.",
        MODERN + "privmsg-message",
        privmsg,
    ),
    Row(
        "NOTICE",
        When.AFTER,
        Kind.LOGGED,
        2,
        "<target>{,<target>} <text>",
        "Says something that no program answers.",
        MODERN + "notice-message",
        notice,
    ),
    Row(
        "TAGMSG",
        When.AFTER,
        Kind.LOGGED,
        1,
        "<target>{,<target>}",
        "Sends tags without a text.",
        IRCV3 + "message-tags#the-tagmsg-tag-only-message",
        tagmsg,
    ),
    Row(
        "AWAY",
        When.ANY,
        Kind.LOGGED,
        0,
        "[text]",
        "Marks you as away, or without a text as back.",
        MODERN + "away-message",
        away,
    ),
)
