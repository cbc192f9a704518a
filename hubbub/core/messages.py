"""What is said: to a room, to part of a room, or to one person.

Law: a message that is delivered is recorded, and so is a reaction to one (any other TAGMSG, such as
that somebody types, is a passing signal and isn't); a repeat of a send-once id is answered by the
first one's echo and makes no second message (design, law 10); nor is it said again when the first
one was taken back.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

import msgspec

from hubbub.core import entries
from hubbub.core.batches import is_passing
from hubbub.core.blocking import away_of, block_of, deaf_to, hidden_from
from hubbub.core.entities import Room, User
from hubbub.core.happening import did
from hubbub.core.ids import Place, SessionId
from hubbub.core.outputs import Answer, Deliver, Event, HistoryRow, Output, Record
from hubbub.core.presence import forget_sent, mute_of, require_unmuted, speaker
from hubbub.core.rooms import is_banned, may_know, on_list
from hubbub.core.sent import SENT_ID_KEPT_MS, Sent, digest_of
from hubbub.core.slow import require_pace, spoke
from hubbub.core.state import State
from hubbub.irc.framing import BODY_LIMIT
from hubbub.irc.message import NO_TAGS
from hubbub.irc.names import fold_room, is_room, split_status
from hubbub.irc.numerics import Numeric
from hubbub.irc.replies import fail, numeric, refuse

PASSING: Final = frozenset({"+typing", "+draft/typing"})
"""Client tags that mean something now and never again."""


def say(state: State, entry: entries.Say, out: list[Output]) -> None:
    user = speaker(state, entry.session)
    if entry.once and _answer_repeat(state, entry, user, out):
        return
    status, name = split_status(entry.target)
    if status:
        status = "+" if "+" in status else "@"  # The lowest rank of several is who it is for.
    if state.measures.any_mute and _is_silenced(state, entry, user, name):
        return
    if is_room(name):
        _say_in_room(state, entry, user, status, name, out)
    else:
        _whisper(state, entry, user, out)


def _is_silenced(state: State, entry: entries.Say, user: User, name: str) -> bool:
    """Whether a muted user's passing signal is left out; what it would say is refused.

    It may still write to whoever has a role.
    """
    made = mute_of(state, user)
    target = state.user_named(name)
    if made is None or (target is not None and target.may("moderator")):
        return False
    if is_passing(entry):
        return True
    if is_room(name):
        require_unmuted(state, user, name)
    text = f"You are muted{made.terms}; moderators still hear you"
    raise refuse(Numeric.ERR_CANTSENDTOUSER, name, text=text)


def _lasting(tags: Mapping[str, str]) -> Mapping[str, str]:
    """The tags as the history keeps them."""
    if not tags or PASSING.isdisjoint(tags):
        return tags
    return MappingProxyType({key: tags[key] for key in tags if key not in PASSING})


def _said(state: State, entry: entries.Say, user: User, target: str, place: Place | None) -> Event:
    """The event of a user saying it to `target` now."""
    params = (target,) if entry.verb == "TAGMSG" else (target, entry.text)
    tags = MappingProxyType(dict(entry.tags)) if entry.tags else NO_TAGS
    event = did(state, user, entry.verb, params, place, tags)
    return msgspec.structs.replace(event, splits=entry.splits) if entry.splits else event


def _require_relayable(state: State, entry: entries.Say, target: str) -> None:
    """Refuses what doesn't fit into a line under the target's own name, which may be the longer one.

    What was typed was measured when it came; only another way to write the name can be longer.
    """
    if target == entry.target or entry.splits:
        return
    size = state.rules.longest_source + len(f"{entry.verb} {target} :{entry.text}\r\n".encode())
    if size > BODY_LIMIT:
        text = f"The message is {size - BODY_LIMIT} bytes too long to be relayed"
        raise refuse(Numeric.ERR_INPUTTOOLONG, text=text)


def _say_in_room(
    state: State, entry: entries.Say, user: User, status: str, name: str, out: list[Output]
) -> None:
    room = state.room_called(name)
    if room is None or (user.id not in room.members and room.folded != fold_room(name)):
        raise refuse(Numeric.ERR_NOSUCHCHANNEL, name)
    if not may_know(state, room, user):
        raise refuse(Numeric.ERR_NOSUCHCHANNEL, name)
    require_voice(room, user)
    is_text = entry.verb != "TAGMSG"
    if is_text:
        require_pace(state, room, user)
    target = status + room.name
    _require_relayable(state, entry, target)
    place = state.take_place() if is_text or not is_passing(entry) else None
    event = _said(state, entry, user, target, place)
    if status:
        sessions = ranked_sessions(room, status)
        out.append(Deliver(event, sessions=(*sessions, entry.session), author=entry.session))
    else:
        # Who keeps somebody away isn't to see that one type or react; the client hides the rest.
        deaf = () if is_text else deaf_to(state, room, user)
        # Nor is who is kept away to see by a passing signal that one is there, saying nothing.
        deaf += hidden_from(state, user) if place is None else ()
        out.append(Deliver(event, (room.id,), (entry.session,), entry.session, deaf))
    if place is None:
        return
    state.keep_room(room)
    if room.slow and is_text:
        spoke(state, room.members.get(user.id))
    out.append(
        Record(
            HistoryRow(
                place,
                state.now,
                room.id,
                entry.verb,
                user.source,
                event.params[1:],
                _lasting(event.tags),
                status,
                user.identity,
                account=event.account,
                splits=entry.splits,
            )
        )
    )
    _sent(state, entry, user, event)


def require_voice(room: Room, user: User) -> None:
    """Refuses whom the room's modes keep from speaking."""
    member = room.members.get(user.id)
    if member is None:
        if "n" in room.flags or "s" in room.flags or "m" in room.flags:
            raise refuse(Numeric.ERR_CANNOTSENDTOCHAN, room.name)
    elif member.ranks:
        return
    elif "m" in room.flags:
        raise refuse(
            Numeric.ERR_CANNOTSENDTOCHAN, room.name, text="Cannot send to channel (it is moderated)"
        )
    if room.lists["b"] and is_banned(room, user):
        raise refuse(
            Numeric.ERR_CANNOTSENDTOCHAN, room.name, text="Cannot send to channel (you are banned)"
        )
    if room.lists["q"] and on_list(room, "q", user) and not on_list(room, "e", user):
        text = "Cannot send to channel (you may not speak there: +q)"
        raise refuse(Numeric.ERR_CANNOTSENDTOCHAN, room.name, text=text)


def ranked_sessions(room: Room, status: str) -> tuple[SessionId, ...]:
    wanted = "o" if status == "@" else "ov"
    return tuple(
        session
        for member in room.members.values()
        if any(rank in wanted for rank in member.ranks)
        for session in member.user.sessions
    )


def _whisper(state: State, entry: entries.Say, user: User, out: list[Output]) -> None:
    target = state.user_named(entry.target)
    if target is None:
        raise refuse(Numeric.ERR_NOSUCHNICK, entry.target)
    _require_relayable(state, entry, target.nick)
    place = None if is_passing(entry) else state.take_place()
    event = _said(state, entry, user, target.nick, place)
    own = () if target is user else user.sessions
    author = None if target is user else entry.session
    heard = block_of(state, target, user) is None
    to = target.sessions if heard else ()
    out.append(Deliver(event, sessions=(*to, *own), author=author))
    away = away_of(state, target, user)
    if away and entry.verb == "PRIVMSG":
        out.append(Answer(entry.session, numeric(Numeric.RPL_AWAY, target.nick, text=away)))
    if place is None:
        return
    out.append(
        Record(
            HistoryRow(
                place,
                state.now,
                None,
                entry.verb,
                user.source,
                event.params[1:],
                _lasting(event.tags),
                author=user.identity,
                peer=target.identity if heard else "",
                peer_nick=target.nick,
                account=event.account,
                splits=entry.splits,
            )
        )
    )
    _sent(state, entry, user, event)


def _sent(state: State, entry: entries.Say, user: User, event: Event) -> None:
    """Notes that the user spoke, and under which id."""
    user.spoke_at = state.now
    state.save(user)
    if entry.once and event.place is not None:
        rules, sent = state.rules, state.sent
        forget_sent(state, sent.older_than(state.now - SENT_ID_KEPT_MS))
        new = Sent(user.identity, entry.once, event.place, state.now, _digest(entry))
        sent.put(new)
        state.save(new)
        forget_sent(state, sent.too_many(new.scope, rules.sent_ids_each, rules.sent_ids))


def _digest(entry: entries.Say) -> str:
    return digest_of(entry.verb, entry.target, entry.text, entry.tags)


def _answer_repeat(state: State, entry: entries.Say, user: User, out: list[Output]) -> bool:
    """Answers a repeated message with the first one's echo; False when it is no repeat.

    Refuses another message under the same id, and a repeat of what was taken back since: its sender
    would believe that it stands.
    """
    sent = state.sent.get(user.identity, entry.once)
    if sent is None:
        return False
    if not sent.digest:
        text = "This was said, and has been taken back since: it isn't said again"
        raise fail(entry.verb, "TAKEN_BACK", entry.once, text=text)
    if sent.digest != _digest(entry):
        text = (
            "Another message was sent under this id, so this one wasn't: give it an id of its own"
        )
        raise fail(entry.verb, "ID_REUSED", entry.once, text=text)
    again = _said(state, entry, user, entry.target, sent.place)
    echo = msgspec.structs.replace(again, time=sent.time)
    out.append(Deliver(echo, sessions=(entry.session,), author=entry.session))
    return True
