"""Purging: taking out all that somebody said lately, in rooms and in whispers.

Law: the state knows what is to go, the store what there is. So a purge goes in steps: what follows is
asked for (`wanted`), and the entry made of it (`step`) takes it out. Between two steps the chat
goes on; a purge that a restart interrupts goes on after it. What it took out can't be brought back.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from hubbub.core import entries
from hubbub.core.audit import actor, note, tell_moderators
from hubbub.core.entities import Account
from hubbub.core.history import Spoken
from hubbub.core.ids import NO_SESSION, AccountId, Place, RoomId, SessionId, msgid
from hubbub.core.messages import ranked_sessions
from hubbub.core.orderly import Purge
from hubbub.core.outputs import Answer, Deliver, Event, HistoryRow, Output, Record, Redacted
from hubbub.core.pins import forget_pin
from hubbub.core.presence import require_over, require_role
from hubbub.core.redaction import forget_digest
from hubbub.core.state import State
from hubbub.irc.replies import Reply, fail, word
from hubbub.irc.times import brief

STEP: Final = 50
"""How many messages one step takes out: a few milliseconds of the store's."""
AT_ONCE: Final = 16
"""How many purges may be under way."""
LONGEST: Final = 30 * 86_400
"""How many seconds back a purge may go."""


def start_purge(state: State, entry: entries.StartPurge, out: list[Output]) -> None:
    require_role(state, entry.session, "moderator")
    if not entry.identities:
        text = f"{entry.name} said nothing in the last {brief(entry.seconds)}"
        raise fail("PURGE", "NOTHING_SAID", entry.name, text=text)
    for identity in entry.identities:
        require_over(state, entry.session, _account_of(state, identity))
    if len(state.purges) >= AT_ONCE:
        text = f"{AT_ONCE} purges are under way already: wait for one to end"
        raise fail("PURGE", "TOO_MANY", entry.name, text=text)
    span = brief(entry.seconds)
    number = note(state, entry.session, out, "purge", entry.name, entry.reason, detail=span)
    purge = Purge(
        number,
        entry.name,
        " ".join(entry.identities),
        state.now - entry.seconds * 1000,
        0,
        state.next_place,
        actor(state, entry.session),
        0,
    )
    state.purges[number] = purge
    state.save(purge)
    text = f"What {entry.name} said in the last {span} is being taken out"
    tell_moderators(state, out, f"{text}, by {purge.by}", entry.session)
    if entry.session != NO_SESSION:
        reply = Reply("NOTE", ("PURGE", "BEGUN", word(entry.name), text))
        out.append(Answer(entry.session, reply))


def _account_of(state: State, identity: str) -> Account | None:
    kind, _, id = identity.partition(":")
    return state.accounts_by_id.get(AccountId(int(id))) if kind == "a" else None


def wanted(purge: Purge) -> Spoken:
    """The question for what is to go next."""
    return Spoken(
        identities=purge.identities,
        since=purge.since,
        after=purge.after,
        before=purge.before,
        limit=STEP,
    )


def step(purge: Purge, rows: Sequence[HistoryRow]) -> entries.TakeOut:
    """What takes out the rows that answer `wanted`."""
    said = tuple(
        entries.Said(
            row.place,
            row.time,
            row.room,
            row.status,
            row.author,
            row.peer,
            row.peer_nick,
            row.command,
        )
        for row in rows
    )
    return entries.TakeOut(NO_SESSION, purge.number, said, len(rows) < STEP)


def take_out(state: State, entry: entries.TakeOut, out: list[Output]) -> None:
    """Takes out what a step has found, and tells those who were shown it."""
    purge = state.purges.get(entry.number)
    if purge is None or entry.session != NO_SESSION:
        return
    for said in entry.said:
        if said.author in purge.identities and purge.after < said.place < purge.before:
            _take_out(state, purge, said, out)
    if not entry.last:
        state.save(purge)
        return
    del state.purges[purge.number]
    state.erase(purge)
    count = "1 message" if purge.taken == 1 else f"{purge.taken} messages"
    tell_moderators(state, out, f"{count} of {purge.name} were taken out (purge #{purge.number})")


def _take_out(state: State, purge: Purge, said: entries.Said, out: list[Output]) -> None:
    purge.after = said.place
    purge.taken += 1
    id = msgid(state.log_id, said.place)
    params = (id, f"Purged by {purge.by}")
    source = state.rules.server_name
    room = None if said.room is None else state.rooms_by_id.get(said.room)
    place: Place | None = None
    rooms: tuple[RoomId, ...] = ()
    sessions: tuple[SessionId, ...] = ()
    if room is not None:
        place, target = state.take_place(), said.status + room.name
        if said.status:
            sessions = ranked_sessions(room, said.status)
        else:
            rooms = (room.id,)
        row = HistoryRow(place, state.now, room.id, "REDACT", source, params, status=said.status)
        out.append(Record(row))
    else:
        target = said.peer_nick
        sessions = tuple(
            session
            for user in state.users_by_id.values()
            if user.identity in (said.author, said.peer)
            for session in user.sessions
        )
    out.append(Record(Redacted(said.place, id, alone=True)))
    forget_digest(state, said)
    forget_pin(state, said)
    if said.room is None or room is not None:
        event = Event("REDACT", source, (target, *params), state.now, place)
        out.append(Deliver(event, rooms, sessions))
