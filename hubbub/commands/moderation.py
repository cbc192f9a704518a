"""Keeping order, for those with a role: bans, mutes, lockdown, the audit log, and taking back.

Law: what is understood here is an intent; who may do it, and to whom, is decided in the core. What
reads decides here, as it changes nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Final

from hubbub.commands.redact import REDACTABLE, said
from hubbub.commands.row import Call, Kind, Row, When, cut
from hubbub.core import entries
from hubbub.core.audit import line
from hubbub.core.batches import AnyEntry
from hubbub.core.history import Audit, Message, Speakers
from hubbub.core.ids import Place, SessionId, parse_msgid
from hubbub.core.measures import BAN, MUTE
from hubbub.core.outputs import AuditRow, HistoryRow
from hubbub.core.presence import LOCKDOWN, require_role
from hubbub.core.purging import LONGEST
from hubbub.core.reports import unknown_message
from hubbub.core.state import State
from hubbub.edge.session import Session
from hubbub.edge.work import Fetch, Find, Lookup, Shown, Work
from hubbub.irc.names import fold_nick, nick_problem
from hubbub.irc.numerics import Numeric
from hubbub.irc.replies import Reply, fail, refuse, word
from hubbub.irc.times import brief, duration

LISTED: Final = 200
"""How many bans, or acts, one answer shows: the newest."""
FOR_EVER: Final = ("forever", "permanent", "0")
"""Words that stand in the place of a duration."""
HOUR: Final = 3_600
"""How many seconds a purge goes back if nothing is said."""


def terms(words: Sequence[str]) -> tuple[int, str]:
    """What follows a target: for how many seconds (0 is for ever), and why."""
    if not words:
        return 0, ""
    if words[0].lower() in FOR_EVER:
        return 0, " ".join(words[1:])
    seconds = duration(words[0])
    return (0, " ".join(words)) if seconds is None else (seconds, " ".join(words[1:]))


def _words(call: Call) -> list[str]:
    """The parameters as words: whether somebody wrote a ':' before the reason makes no difference."""
    return " ".join(call.params).split()


def _measure(
    kind: str, make: Callable[[SessionId, str, str, int], AnyEntry]
) -> Callable[[Call], Sequence[Work]]:
    def handler(call: Call) -> Sequence[Work]:
        words = _words(call)
        if not words:
            return [Lookup(lambda session, state: _list(session, state, kind))]
        seconds, reason = terms(words[1:])
        reason = cut(reason, call.rules.kick_bytes)
        return [make(call.session.id, words[0], reason, seconds)]

    return handler


def _list(session: Session, state: State, kind: str) -> Sequence[Shown]:
    require_role(state, session.id, "moderator")
    holding = [made for made in state.measures if made.kind == kind and made.holds(state.present)]
    holding.sort(key=lambda made: made.number)
    command, done = kind.upper(), "banned" if kind == BAN else "muted"
    shown: list[Shown] = [
        Reply("NOTE", (command, "LISTED", str(made.number), word(made.target), made.line))
        for made in holding[-LISTED:]
    ]
    text = f"{len(holding)} in force" if holding else f"Nobody is {done}"
    return [*shown, Reply("NOTE", (command, "END", text))]


def _lift(
    make: Callable[[SessionId, str, str], AnyEntry],
) -> Callable[[Call], Sequence[Work]]:
    def handler(call: Call) -> Sequence[Work]:
        target, *reason = _words(call) or [""]
        return [make(call.session.id, target, cut(" ".join(reason), call.rules.kick_bytes))]

    return handler


def _lockdown(call: Call) -> Sequence[Work]:
    on, *reason = _words(call) or [""]
    if not on:
        return [Lookup(_tell_lockdown)]
    if on.lower() not in ("on", "off"):
        raise fail("LOCKDOWN", "INVALID_PARAMS", on, text="It is written: LOCKDOWN ON|OFF [reason]")
    text = cut(" ".join(reason), call.rules.kick_bytes)
    return [entries.Lockdown(call.session.id, on.lower() == "on", text)]


def _tell_lockdown(session: Session, state: State) -> Sequence[Shown]:
    require_role(state, session.id, "moderator")
    on = bool(state.counter(LOCKDOWN))
    text = "no new guests are let in" if on else "guests are let in"
    return [Reply("NOTE", ("LOCKDOWN", "ON" if on else "OFF", text))]


# -- the audit log --------------------------------------------------------------------------


def audit_question(words: Sequence[str], now: int) -> Audit | None:
    """What is asked with a duration, a name, or '#' and a number; None if it can't be understood."""
    since, who, number = 0, "", 0
    # "--since 2d --who ann" and "2d ann" are the same.
    asked = (part.removeprefix("--since=").removeprefix("--who=") for part in words)
    for given in (part for part in asked if part not in ("--since", "--who")):
        seconds = duration(given)
        if seconds is not None:
            since = now - seconds * 1000
        elif given.startswith("#") and given[1:].isascii() and given[1:].isdigit():
            number = int(given[1:16])
        elif who:
            return None
        else:
            who = given
    return Audit(limit=LISTED, since=since, who=who, number=number)


def _audit(call: Call) -> Sequence[Work]:
    words = _words(call)

    def read(session: Session, state: State) -> Sequence[Fetch]:
        require_role(state, session.id, "moderator")
        question = audit_question(words, state.present)
        if question is None:
            text = "It is written: AUDIT [how long back, as 2d] [who]"
            raise fail("AUDIT", "INVALID_PARAMS", text=text)
        return [Fetch(question, _show_acts)]

    return [Lookup(read)]


def _show_acts(rows: Sequence[AuditRow]) -> Sequence[Shown]:
    shown = [Reply("NOTE", ("AUDIT", "ACT", str(row.number), line(row))) for row in rows]
    text = f"{len(rows)} shown" if rows else "Nothing of that is in the audit log"
    return [*shown, Reply("NOTE", ("AUDIT", "END", text))]


def number_of(text: str) -> int:
    """The number that is written as '12' or '#12'; refuses anything else."""
    digits = text.removeprefix("#")
    if not (digits.isascii() and digits.isdigit() and len(digits) <= 15):
        raise fail("UNDO", "INVALID_PARAMS", text, text="Expected a number of the audit log")
    return int(digits)


def undoing(session: SessionId, number: int, rows: Sequence[AuditRow]) -> entries.Undo:
    """The entry that takes back an act, of which `rows` is what the log has; refuses if it has none."""
    if not rows:
        text = "The audit log has no act of this number"
        raise fail("UNDO", "UNKNOWN_NUMBER", str(number), text=text)
    row = rows[0]
    return entries.Undo(session, row.number, row.action, row.target, row.detail)


def _undo(call: Call) -> Sequence[Work]:
    number, id = number_of(call.param(0)), call.session.id

    def read(session: Session, state: State) -> Sequence[Find]:
        require_role(state, id, "moderator")
        question = Audit(limit=1, number=number or -1)
        return [Find(question, lambda rows: [undoing(id, number, rows)])]

    return [Lookup(read)]


# -- purges and reports ---------------------------------------------------------------------


def purge_terms(words: Sequence[str]) -> tuple[int, str]:
    """How many seconds back a purge goes, an hour if that isn't said, and why; refuses too many."""
    seconds = duration(words[0]) if words else None
    reason = " ".join(words if seconds is None else words[1:])
    if seconds is not None and seconds > LONGEST:
        text = f"A purge goes {brief(LONGEST)} back at most"
        raise fail("PURGE", "INVALID_PARAMS", words[0], text=text)
    return seconds or HOUR, reason


def speakers(state: State, name: str, seconds: int) -> Speakers:
    """The question who said something under a name lately."""
    return Speakers(name=fold_nick(name), since=state.present - seconds * 1000)


def purging(
    state: State, session: SessionId, name: str, terms: tuple[int, str], found: Sequence[str]
) -> entries.StartPurge:
    """The entry by which a purge begins, of those who were `found` and of who has the name now."""
    user = state.user_named(name)
    identities = dict.fromkeys(found) if user is None else dict.fromkeys((*found, user.identity))
    return entries.StartPurge(session, name, tuple(identities), *terms)


def _purge(call: Call) -> Sequence[Work]:
    name, *rest = _words(call) or [""]
    seconds, reason = purge_terms(rest)
    terms = (seconds, cut(reason, call.rules.kick_bytes))

    def read(session: Session, state: State) -> Sequence[Find]:
        require_role(state, session.id, "moderator")
        return [
            Find(
                speakers(state, name, seconds),
                lambda found: [purging(state, session.id, name, terms, found)],
            )
        ]

    return [Lookup(read)]


def _report(call: Call) -> Sequence[Work]:
    about, id = call.param(0), call.session.id
    text = cut(" ".join(" ".join(call.params[1:]).split()), call.rules.kick_bytes)
    if not text:
        raise refuse(Numeric.ERR_NEEDMOREPARAMS, "REPORT")

    def read(session: Session, state: State) -> Sequence[Find]:
        place = parse_msgid(state.log_id, about)
        is_name = nick_problem(about, call.rules.nick_bytes) is None
        named = is_name and (place is None or state.user_named(about) is not None)
        if place is None and not named:
            problem = "Expected somebody's name, or the id of a message"
            raise fail("REPORT", "INVALID_TARGET", about, text=problem)

        def then(rows: Sequence[HistoryRow]) -> Sequence[Work]:
            if named:
                return [entries.Report(id, about, text)]
            if not rows or rows[0].command not in REDACTABLE:
                raise unknown_message(about)
            author = rows[0].source.partition("!")[0]
            return [entries.Report(id, author, text, said(rows[0]))]

        # Of somebody nothing need be asked, but an entry can only follow an answer.
        return [Find(Message(Place(0) if named or place is None else place), then)]

    return [Lookup(read)]


SPEC: Final = "docs/protocol.md#keeping-order"

ROWS: Final = (
    Row(
        "BAN",
        When.AFTER,
        Kind.LOGGED,
        0,
        "[<name, account:NAME, mask, address or network> [duration] [reason]]",
        "Keeps people out, or lists who is kept out; for moderators.",
        SPEC,
        _measure(BAN, entries.Ban),
    ),
    Row(
        "UNBAN",
        When.AFTER,
        Kind.LOGGED,
        1,
        "<what was banned> [reason]",
        "Lets people in again; for moderators.",
        SPEC,
        _lift(entries.Unban),
    ),
    Row(
        "MUTE",
        When.AFTER,
        Kind.LOGGED,
        0,
        "[<name, account:NAME, mask, address or network> [duration] [reason]]",
        "Keeps people from speaking, or lists who is; for moderators.",
        SPEC,
        _measure(MUTE, entries.Mute),
    ),
    Row(
        "UNMUTE",
        When.AFTER,
        Kind.LOGGED,
        1,
        "<what was muted> [reason]",
        "Lets people speak again; for moderators.",
        SPEC,
        _lift(entries.Unmute),
    ),
    Row(
        "LOCKDOWN",
        When.AFTER,
        Kind.LOGGED,
        0,
        "[ON|OFF [reason]]",
        "Lets no new guests in, or again, or tells which; for moderators.",
        SPEC,
        _lockdown,
    ),
    Row(
        "AUDIT",
        When.AFTER,
        Kind.QUERY,
        0,
        "[how long back] [who]",
        "Tells what moderators did, the last at the end; for moderators.",
        SPEC,
        _audit,
    ),
    Row(
        "UNDO",
        When.AFTER,
        Kind.LOGGED,
        1,
        "<number>",
        "Takes back an act of the audit log; for moderators.",
        SPEC,
        _undo,
    ),
    Row(
        "PURGE",
        When.AFTER,
        Kind.LOGGED,
        1,
        "<name> [how long back] [reason]",
        "Takes out all that somebody said in the last hour, or longer; for moderators.",
        SPEC,
        _purge,
    ),
    Row(
        "REPORT",
        When.AFTER,
        Kind.LOGGED,
        2,
        "<name or msgid> <text>",
        "Tells the moderators of somebody, or of a message.",
        SPEC,
        _report,
    ),
)
