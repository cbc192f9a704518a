"""Changing a room's modes and lists.

Law: who may change modes at all is checked before the first is. Then each change is checked against
what those before it made; those that can't be made are answered, the others are shown together.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final

from hubbub.core import entries
from hubbub.core.access import by_role
from hubbub.core.audit import note
from hubbub.core.entities import ListEntry, Member, Room, User
from hubbub.core.happening import happened
from hubbub.core.outputs import Answer, Deliver, Output
from hubbub.core.presence import speaker
from hubbub.core.rooms import find_room, fits, require_authority
from hubbub.core.slow import SLOWEST
from hubbub.core.state import State
from hubbub.irc.masks import matches, normalise
from hubbub.irc.modes import ROOM_MODES, ModeChange, ModeKind, format_changes
from hubbub.irc.numerics import Numeric
from hubbub.irc.replies import Refused, refuse

KEY_BYTES: Final = 23
MASK_BYTES: Final = 200
"""The longest mask of a list, completed to nick!user@host."""

Checked = tuple[ModeChange, Callable[[], None]]
"""A change as it will be shown, and what makes it."""


def set_room_modes(state: State, entry: entries.SetRoomModes, out: list[Output]) -> None:
    user = speaker(state, entry.session)
    room = find_room(state, entry.room, user)
    require_authority(room, user)
    as_moderator = by_role(room, user)
    was_private = room.private
    made: list[ModeChange] = []
    for adding, letter, argument in entry.changes:
        change = ModeChange(adding, ROOM_MODES[letter], argument)
        try:
            checked = _CHECKS[change.mode.kind](state, room, user, change)
        except Refused as refused:
            out.extend(Answer(entry.session, reply) for reply in refused.replies)
            continue
        if checked is not None:
            shown_change, make = checked
            make()
            made.append(shown_change)
    if was_private and not room.private:
        room.public_since = state.next_place
        state.save(room)
    for params in format_changes(made, state.rules.modes):
        if as_moderator:
            note(state, entry.session, out, "mode", room.name, detail=" ".join(params))
        shown = happened(state, out, user, "MODE", (room,), params)
        out.append(Deliver(shown, (room.id,), user.sessions))


def _check_rank(state: State, room: Room, user: User, change: ModeChange) -> Checked | None:
    nick = change.argument or ""
    target = state.user_named(nick)
    if target is None:
        raise refuse(Numeric.ERR_NOSUCHNICK, nick)
    member = room.members.get(target.id)
    if member is None:
        raise refuse(Numeric.ERR_USERNOTINCHANNEL, target.nick, room.name)
    letter = change.mode.letter
    if (letter in member.ranks) == change.adding:
        return None
    shown = ModeChange(change.adding, change.mode, target.nick)
    return shown, lambda: _set_rank(state, member, letter, change.adding)


def _set_rank(state: State, member: Member, letter: str, adding: bool) -> None:
    rest = member.ranks.replace(letter, "")
    state.give_ranks(member, rest + letter if adding else rest)


def _check_list(state: State, room: Room, user: User, change: ModeChange) -> Checked | None:
    letter, given = change.mode.letter, change.argument or ""
    mask = normalise(given)
    if not given or " " in given or given.startswith(":") or len(mask.encode()) > MASK_BYTES:
        raise refuse(
            Numeric.ERR_INVALIDMODEPARAM,
            room.name,
            letter,
            given,
            text=f"A mask has 1 to {MASK_BYTES} bytes and no spaces",
        )
    present = room.lists[letter].get(mask)
    shown = ModeChange(change.adding, change.mode, mask)
    if not change.adding:
        if present is None:
            return None
        return shown, lambda: _drop_mask(state, room, present)
    if present is not None:
        return None
    if len(room.lists[letter]) >= state.rules.list_entries:
        raise refuse(Numeric.ERR_BANLISTFULL, room.name, letter)
    entry = ListEntry(room.id, letter, mask, user.source, state.now)
    return shown, lambda: _add_mask(state, room, entry)


def _add_mask(state: State, room: Room, entry: ListEntry) -> None:
    room.lists[entry.letter][entry.mask] = entry
    state.save(entry)
    if entry.letter == "b":
        _shut_out(state, room, entry.mask)


def _shut_out(state: State, room: Room, mask: str) -> None:
    """Ends invitations: one opens a ban, but not a ban that came after it."""
    invited = state.invitations.in_room(room.id)
    if not invited:
        return
    banned = {user.identity for user in state.users_by_id.values() if fits(mask, user)}
    for invitation in invited:
        if invitation.identity in banned or matches(mask, invitation.whom):
            state.end_invitation(invitation)


def _drop_mask(state: State, room: Room, entry: ListEntry) -> None:
    if room.lists[entry.letter].pop(entry.mask, None) is not None:
        state.erase(entry)


def _check_key(state: State, room: Room, user: User, change: ModeChange) -> Checked | None:
    key = change.argument or ""
    if not change.adding:
        if not room.key_word:
            return None
        return ModeChange(False, change.mode, room.key_word), lambda: _set_key(state, room, "")
    if not key or len(key.encode()) > KEY_BYTES or key.startswith(":") or set(key) & {",", " "}:
        raise refuse(Numeric.ERR_INVALIDKEY, room.name)
    return change, lambda: _set_key(state, room, key)


def _set_key(state: State, room: Room, key: str) -> None:
    room.key_word = key
    state.save(room)


def _check_number(state: State, room: Room, user: User, change: ModeChange) -> Checked | None:
    field, most, meaning = _NUMBERS[change.mode.letter]
    if not change.adding:
        return (
            (change, lambda: _set_number(state, room, field, 0)) if getattr(room, field) else None
        )
    text = change.argument or ""
    # Ten digits hold every number; more of them would be one that the store can't hold.
    digits = text.lstrip("0")
    if not (text.isascii() and digits.isdigit() and len(digits) <= 10 and int(digits) <= most):
        raise refuse(
            Numeric.ERR_INVALIDMODEPARAM, room.name, change.mode.letter, text, text=meaning
        )
    number = int(text)
    shown = ModeChange(True, change.mode, str(number))
    return shown, lambda: _set_number(state, room, field, number)


_NUMBERS: Final[Mapping[str, tuple[str, int, str]]] = {
    "l": ("limit", (1 << 31) - 1, "The limit is a number of members, from 1"),
    "d": ("slow", SLOWEST, f"The pace is a number of seconds, from 1 to {SLOWEST}"),
}
"""The modes that are a number: what of the room it is, the most it may be, and what it means."""


def _set_number(state: State, room: Room, field: str, number: int) -> None:
    setattr(room, field, number)
    state.save(room)


def _check_flag(state: State, room: Room, user: User, change: ModeChange) -> Checked | None:
    letter = change.mode.letter
    if (letter in room.flags) == change.adding:
        return None
    return change, lambda: _set_flag(state, room, letter, change.adding)


def _set_flag(state: State, room: Room, letter: str, adding: bool) -> None:
    room.with_flag(letter, adding)
    state.save(room)


_CHECKS: Final[Mapping[ModeKind, Callable[[State, Room, User, ModeChange], Checked | None]]] = {
    ModeKind.PREFIX: _check_rank,
    ModeKind.A: _check_list,
    ModeKind.B: _check_key,
    ModeKind.C: _check_number,
    ModeKind.D: _check_flag,
}
