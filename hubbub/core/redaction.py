"""Taking back and correcting what was said.

https://ircv3.net/specs/extensions/message-redaction, and for edits docs/protocol.md#edits.

Law: people take back and correct what they said themselves, for as long as the rules allow; a
room's operators and the server's moderators take back what others said in it. Whoever couldn't read
a message isn't told whether there is one. What was taken back is gone; that somebody took it back
is in the history. A correction is a message of its own, which names the first one.
"""

from __future__ import annotations

from types import MappingProxyType

import msgspec

from hubbub.core import entries
from hubbub.core.audit import note
from hubbub.core.blocking import block_of
from hubbub.core.entities import User
from hubbub.core.happening import did, tagged
from hubbub.core.history import is_kept, readable
from hubbub.core.ids import Place, RoomId, SessionId, msgid
from hubbub.core.messages import ranked_sessions, require_voice
from hubbub.core.outputs import EDITS, Deliver, HistoryRow, Output, Record, Redacted
from hubbub.core.pins import forget_pin
from hubbub.core.presence import require_unmuted, speaker
from hubbub.core.state import State
from hubbub.irc.names import fold_nick, is_room, split_status
from hubbub.irc.replies import Refused, fail


class _Audience(msgspec.Struct, frozen=True):
    """Who is told, and how they call where it was said."""

    target: str
    rooms: tuple[RoomId, ...]
    sessions: tuple[SessionId, ...]


class _Wish(msgspec.Struct, frozen=True):
    """What is wanted with which message: `window` is in seconds, 0 for ever."""

    command: str
    target: str
    id: str
    said: entries.Said
    session: SessionId
    window: int


def redact(state: State, entry: entries.Redact, out: list[Output]) -> None:
    user, said = speaker(state, entry.session), entry.said
    id = msgid(state.log_id, said.place)
    window = state.rules.redact_seconds
    wish = _Wish("REDACT", entry.target, id, said, entry.session, window)
    audience = _audience(state, wish, user)
    if said.author != user.identity and not _operates(state, user, said.room):
        target = nick_of(state, said.author)
        note(state, entry.session, out, "redact", target, entry.reason, detail=entry.target)
    params = (id, entry.reason) if entry.reason else (id,)
    place = state.take_place()
    event = did(state, user, "REDACT", (audience.target, *params), place)
    out.append(Deliver(event, audience.rooms, audience.sessions))
    out.append(Record(Redacted(said.place, id)))
    forget_digest(state, said)
    forget_pin(state, said)
    out.append(Record(_row(state, user, said, "REDACT", params, place)))


def forget_digest(state: State, said: entries.Said) -> None:
    """What was said isn't to be guessed from what a repeat of it is known by."""
    for sent in state.sent.of(said.author):
        if sent.place == said.place:
            sent.digest = ""
            state.save(sent)


def _operates(state: State, user: User, room: RoomId | None) -> bool:
    """Whether a user runs the room."""
    member = None if room is None else user.memberships.get(room)
    return member is not None and "o" in member.ranks


def nick_of(state: State, identity: str) -> str:
    """The name of who has an identity, or the identity of who isn't here any more."""
    known = (user.nick for user in state.users_by_id.values() if user.identity == identity)
    return next(known, identity)


def edit(state: State, entry: entries.Edit, out: list[Output]) -> None:
    """Says what somebody meant instead; the first message stays as it is."""
    user, said = speaker(state, entry.session), entry.said
    id = msgid(state.log_id, said.place)
    wish = _Wish("EDIT", entry.target, id, said, entry.session, state.rules.edit_seconds)
    audience = _audience(state, wish, user)
    room = None if said.room is None else state.rooms_by_id[said.room]
    require_unmuted(state, user, wish.target)
    sessions = audience.sessions
    if room is not None:
        require_voice(room, user)
    else:
        sessions = tuple(at for at in sessions if not _deaf(state, at, user))
        if len(sessions) < len(audience.sessions):
            said = msgspec.structs.replace(said, peer="")
    tags = MappingProxyType({EDITS: id})
    place = state.take_place()
    event = did(state, user, said.verb, (audience.target, entry.text), place, tags)
    out.append(Deliver(event, audience.rooms, sessions))
    row = _row(state, user, said, said.verb, (entry.text,), place)
    out.append(Record(msgspec.structs.replace(row, tags=event.tags)))


def _deaf(state: State, session: SessionId, user: User) -> bool:
    """Whether who sits at a session keeps the user away."""
    return block_of(state, state.sessions[session].user, user) is not None


def _row(
    state: State,
    user: User,
    said: entries.Said,
    command: str,
    params: tuple[str, ...],
    place: Place,
) -> HistoryRow:
    return HistoryRow(
        place,
        state.now,
        said.room,
        command,
        user.source,
        params,
        tagged(user),
        said.status,
        user.identity,
        said.peer,
        said.peer_nick,
        user.account,
    )


def _audience(state: State, wish: _Wish, user: User) -> _Audience:
    """Who is told when the wish is granted; refuses when it isn't."""
    _, name = split_status(wish.target)
    if is_room(name):
        return _from_room(state, wish, user, name)
    return _from_whispers(state, wish, user)


def _from_room(state: State, wish: _Wish, user: User, name: str) -> _Audience:
    room, said = state.room_named(name), wish.said
    member = None if room is None else room.members.get(user.id)
    if room is None or (member is None and (room.private or not user.may("moderator"))):
        raise invalid_target(wish.command, wish.target)
    own = said.author == user.identity
    if member is not None:
        visible = readable(state, member).reads(said.place, said.status)
    else:
        visible = said.place >= room.public_since
    kept = is_kept(state, room, said.time)
    if said.room != room.id or not kept or not (own or visible):
        raise unknown_message(wish.command, wish.target, wish.id)
    operates = member is not None and "o" in member.ranks
    moderates = operates or (user.may("moderator") and not room.private)
    if not (moderates and wish.command == "REDACT"):
        _require_own(state, wish, user)
    if said.status:
        sessions = dict.fromkeys((*ranked_sessions(room, said.status), *user.sessions))
        return _Audience(said.status + room.name, (), tuple(sessions))
    return _Audience(room.name, (room.id,), (wish.session,))


def _from_whispers(state: State, wish: _Wish, user: User) -> _Audience:
    said, asked = wish.said, fold_nick(wish.target)
    own, mine = said.author == user.identity, said.peer == user.identity
    # The one who was whispered to may be called by the name of then or by that of now.
    known = state.users.get(asked)
    named = asked == fold_nick(said.peer_nick) or (
        known is not None and known.identity in (said.author, said.peer)
    )
    kept = is_kept(state, None, said.time)
    if said.room is not None or not kept or not named or not (own or mine):
        raise unknown_message(wish.command, wish.target, wish.id)
    _require_own(state, wish, user)
    peers = sorted(
        (other for other in state.users.values() if other.identity == said.peer),
        key=lambda other: other.id,
    )
    sessions = dict.fromkeys(session for one in (*peers, user) for session in one.sessions)
    return _Audience(peers[0].nick if peers else said.peer_nick, (), tuple(sessions))


def _require_own(state: State, wish: _Wish, user: User) -> None:
    """Refuses what somebody else said, or the user too long ago."""
    command, context = wish.command, (wish.target, wish.id)
    if wish.said.author != user.identity:
        text = f"You are not authorised to {command.lower()} this message"
        raise fail(command, f"{command}_FORBIDDEN", *context, text=text)
    if wish.window and state.now - wish.said.time > wish.window * 1000:
        text = f"That can be done for {wish.window} seconds, which are over"
        raise fail(command, f"{command}_WINDOW_EXPIRED", *context, str(wish.window), text=text)


def invalid_target(command: str, target: str) -> Refused:
    """Nothing can be taken back or corrected there."""
    text = "You cannot delete or edit messages from there"
    return fail(command, "INVALID_TARGET", target, text=text)


def unknown_message(command: str, target: str, id: str) -> Refused:
    """There is no such message, or none that may be known of."""
    text = "This message does not exist or is too old"
    return fail(command, "UNKNOWN_MSGID", target, id, text=text)
