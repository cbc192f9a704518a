"""For how long what was said in a room is kept.

Law: no room keeps anything for longer than the server does. What is over isn't shown from that
moment on (`core.history`); it leaves the file soon after, in small steps (`store.expiry`).
"""

from __future__ import annotations

from hubbub.core import entries
from hubbub.core.access import by_role
from hubbub.core.audit import note
from hubbub.core.entities import Room
from hubbub.core.history import kept_days
from hubbub.core.ids import NO_SESSION
from hubbub.core.outputs import Deliver, Event, HistoryRow, Output, Record
from hubbub.core.presence import speaker
from hubbub.core.rooms import find_member, find_room, require_operator
from hubbub.core.state import State
from hubbub.irc.replies import Reply, fail


def set_retention(state: State, entry: entries.SetRetention, out: list[Output]) -> None:
    """Keeps what is said in a room for so many days, or with 0 for as long as the server does."""
    user = None if entry.session == NO_SESSION else speaker(state, entry.session)
    room = find_room(state, entry.room, user)
    who, alone = _require_right(state, entry, room)
    most = state.rules.keep_days
    if most and (entry.for_ever or entry.days > most):
        text = f"This server keeps what is said for {days(most)}: a room can't keep it longer"
        raise fail("RETENTION", "TOO_LONG", room.name, str(most), text=text)
    if room.keep_days == entry.days:
        return
    if alone:
        kept = days(entry.days) if entry.days else "as long as the server does"
        note(state, entry.session, out, "retention", room.name, detail=kept)
    room.keep_days, room.spoken = entry.days, True
    state.save(room)
    place, source = state.take_place(), state.rules.server_name
    text = f"{who} decided that {_kept(state, room)}"
    out.append(Deliver(Event("NOTICE", source, (room.name, text), state.now, place), (room.id,)))
    out.append(Record(HistoryRow(place, state.now, room.id, "NOTICE", source, (text,))))


def _require_right(state: State, entry: entries.SetRetention, room: Room) -> tuple[str, bool]:
    """Who decides it, and whether by its role alone.

    A room's operators may, and the console; admins where nobody operates.
    """
    if entry.session == NO_SESSION:
        return "The operator of the server", True
    user = speaker(state, entry.session)
    member = find_member(room, user)
    if not (state.is_lobby(room) and user.may("admin")):
        require_operator(member)
    return user.nick, by_role(room, user)


def retention_of(state: State, room: Room) -> Reply:
    """How long a room keeps what is said, as people are told."""
    kept = str(kept_days(state.rules, room))
    return Reply("NOTE", ("RETENTION", "KEPT", room.name, kept, _kept(state, room).capitalize()))


def _kept(state: State, room: Room) -> str:
    kept = kept_days(state.rules, room)
    return f"what is said here is kept {'for ' + days(kept) if kept else 'for ever'}"


def days(count: int) -> str:
    """A number of days in words."""
    return f"{count} day{'' if count == 1 else 's'}"
