"""Pinned messages: what those who run a room keep in view.

Law: a pin is a place of the history, never a copy; what was taken back is pinned no more. Only what
was said to all of the room can be pinned, by who runs the room and may read it.
"""

from __future__ import annotations

from hubbub.core import entries
from hubbub.core.access import by_role
from hubbub.core.audit import note
from hubbub.core.entities import Pin, Room, User
from hubbub.core.history import is_kept, readable
from hubbub.core.ids import SessionId, msgid, parse_msgid
from hubbub.core.outputs import Answer, Output
from hubbub.core.presence import speaker
from hubbub.core.rooms import find_room, require_authority
from hubbub.core.state import State
from hubbub.irc.replies import Refused, Reply, fail

PINNABLE = frozenset({"PRIVMSG", "NOTICE"})


def pin_message(state: State, entry: entries.PinMessage, out: list[Output]) -> None:
    user = speaker(state, entry.session)
    room, said = find_room(state, entry.room, user), entry.said
    require_authority(room, user)
    id = msgid(state.log_id, said.place)
    if said.room != room.id or said.verb not in PINNABLE or not _may_read(state, room, user, said):
        raise unknown_message("PIN", room.name, id)
    if said.place in room.pins:
        raise fail("PIN", "ALREADY_PINNED", room.name, id, text="That message is pinned already")
    over = [pin for pin in room.pins.values() if not is_kept(state, room, pin.said_at)]
    if len(room.pins) - len(over) >= state.rules.pins:
        text = f"{room.name} has {len(room.pins)} pinned messages: UNPIN one first"
        raise fail("PIN", "TOO_MANY_PINS", room.name, id, text=text)
    for old in over:
        state.end_pin(room, old)
    if by_role(room, user):
        note(state, entry.session, out, "pin", room.name, detail=id)
    pin = Pin(room.id, said.place, said.time, said.author, user.source, state.now)
    room.pins[pin.place] = pin
    state.save(pin)
    text = f"{user.nick} pinned a message in {room.name}"
    _tell(room, entry.session, Reply("NOTE", ("PIN", "PINNED", room.name, id, text)), out)


def _may_read(state: State, room: Room, user: User, said: entries.Said) -> bool:
    """Whether a user may read what was said to all of a room."""
    if said.status or not is_kept(state, room, said.time):
        return False
    member = room.members.get(user.id)
    if member is not None:
        return readable(state, member).reads(said.place, "")
    return not room.private and said.place >= room.public_since


def unpin_message(state: State, entry: entries.UnpinMessage, out: list[Output]) -> None:
    user = speaker(state, entry.session)
    room = find_room(state, entry.room, user)
    require_authority(room, user)
    place, id = parse_msgid(state.log_id, entry.id), entry.id
    pin = None if place is None else room.pins.get(place)
    if pin is None:
        raise unknown_message("UNPIN", room.name, id)
    if by_role(room, user):
        note(state, entry.session, out, "unpin", room.name, detail=id)
    state.end_pin(room, pin)
    text = f"{user.nick} unpinned a message in {room.name}"
    _tell(room, entry.session, Reply("NOTE", ("UNPIN", "UNPINNED", room.name, id, text)), out)


def _tell(room: Room, asker: SessionId, note: Reply, out: list[Output]) -> None:
    """Tells who asked, and everybody in the room."""
    sessions = (session for member in room.members.values() for session in member.user.sessions)
    out.extend(Answer(session, note) for session in dict.fromkeys((asker, *sessions)))


def unknown_message(command: str, room: str, id: str) -> Refused:
    """The same for a message that isn't there, isn't of this room, or can't be read."""
    text = "There is no such message in this room that you could read"
    return fail(command, "UNKNOWN_MSGID", room, id, text=text)


def forget_pin(state: State, said: entries.Said) -> None:
    """What was said is taken back."""
    room = None if said.room is None else state.rooms_by_id.get(said.room)
    pin = None if room is None else room.pins.get(said.place)
    if room is not None and pin is not None:
        state.end_pin(room, pin)


def forget_pins_of(state: State, identity: str) -> None:
    """All that an identity ever said is erased."""
    for room in state.rooms_by_id.values():
        for pin in [pin for pin in room.pins.values() if pin.author == identity]:
            state.end_pin(room, pin)


def rename_pins_of(state: State, before: str, after: str) -> None:
    """What a guest said its account has said."""
    for room in state.rooms_by_id.values():
        for pin in room.pins.values():
            if pin.author == before:
                pin.author = after
                state.save(pin)
