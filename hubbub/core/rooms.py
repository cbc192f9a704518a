"""Entering and leaving rooms, and the topic.

Law: who may do a thing is decided here, before anything changes.
"""

from __future__ import annotations

from hubbub.core import entries
from hubbub.core.access import is_founder, right_of
from hubbub.core.blocking import hidden_from
from hubbub.core.describing import show_newcomer
from hubbub.core.entities import Member, Room, User
from hubbub.core.happening import did, granted, happened
from hubbub.core.makers import marks_of
from hubbub.core.outputs import Answer, Deliver, Departed, Entered, Introduced, Output
from hubbub.core.presence import addresses_of, leave_room, mute_of, require_unmuted, speaker
from hubbub.core.slow import spoke
from hubbub.core.state import State
from hubbub.core.surges import joined, require_calm
from hubbub.core.ways_back import come_back_in, is_for_the_taking
from hubbub.irc.masks import account_mask, matches
from hubbub.irc.names import fold_room
from hubbub.irc.numerics import Numeric
from hubbub.irc.replies import fail, numeric, refuse


def find_room(state: State, name: str, user: User | None) -> Room:
    """The room of that name; refuses when there is none that the user may know of.

    The server itself is nobody, and knows them all.
    """
    room = state.room_named(name)
    if room is None or (user is not None and not may_know(state, room, user)):
        raise refuse(Numeric.ERR_NOSUCHCHANNEL, name)
    return room


def may_know(state: State, room: Room, user: User) -> bool:
    """Whether a user may know that a room is there.

    A secret one is known to those who are in it, are invited or have a right to a rank or a way
    back, and to the server's moderators. To others it is as if there were none.
    """
    return (
        "s" not in room.flags
        or room.id in user.memberships
        or user.may("moderator")
        or bool(right_of(room, user))
        or state.invitations.get(user.identity, room.id) is not None
        or state.ways_back.get(user.identity, room.id) is not None
    )


def find_member(room: Room, user: User) -> Member:
    """The user's membership; refuses when it isn't in the room."""
    member = room.members.get(user.id)
    if member is None:
        raise refuse(Numeric.ERR_NOTONCHANNEL, room.name)
    return member


def require_operator(member: Member) -> None:
    """Refuses unless the member is an operator of the room, or may be by access."""
    if "o" not in member.ranks and right_of(member.room, member.user) != "o":
        raise refuse(Numeric.ERR_CHANOPRIVSNEEDED, member.room.name)


def require_authority(room: Room, user: User) -> None:
    """Refuses unless the user is an operator of the room, or may be; or moderates and it is public."""
    if right_of(room, user) == "o":
        return
    if room.private or not user.may("moderator"):
        require_operator(find_member(room, user))


def on_list(room: Room, letter: str, user: User) -> bool:
    """Whether one of the masks on a list of the room is the user's."""
    return any(fits(mask, user) for mask in room.lists[letter])


def fits(mask: str, user: User) -> bool:
    """Whether a mask of a room's list is the user's."""
    account = account_mask(mask)
    if account is None:
        return any(matches(mask, face) for face in user.faces)
    return bool(user.account) and matches(account, user.account)


def is_banned(room: Room, user: User) -> bool:
    return on_list(room, "b", user) and not on_list(room, "e", user)


def join(state: State, entry: entries.Join, out: list[Output]) -> None:
    """Enters a room, making it when there is none; already being there is no error."""
    user = speaker(state, entry.session)
    room = state.room_called(entry.room)
    moved = room is not None and room.folded != fold_room(entry.room)
    if room is not None and moved and user.id in room.members:
        _send_on(room, entry, out)
    if room is not None and user.id in room.members:
        return
    if len(user.memberships) >= state.rules.rooms_per_user:
        raise refuse(Numeric.ERR_TOOMANYCHANNELS, entry.room)
    if room is None:
        if len(state.rooms) >= state.rules.rooms:
            raise refuse(
                Numeric.ERR_NOSUCHCHANNEL,
                entry.room,
                text="This server has as many rooms as it is set to hold",
            )
        _count_new(state, user, entry.room)
        room = state.add_room(entry.room)
    else:
        _admit(state, room, user, entry)
        if moved:
            _send_on(room, entry, out)
    way = state.ways_back.valid(user.identity, room.id, state.now)
    member = state.add_member(room, user, "o" if is_for_the_taking(state, room) else "")
    spoke(state, member)
    joined(state, room, user, out)
    invitation = state.invitations.get(user.identity, room.id)
    if invitation is not None:
        state.end_invitation(invitation)
    out.append(Entered(room.id, user.sessions))
    joining = happened(state, out, user, "JOIN", (room,), ())
    out.append(Deliver(joining, (room.id,), user.sessions))
    show_newcomer(state, user, room, out)
    others = tuple(session for session in user.sessions if session != entry.session)
    if others:
        out.append(Introduced(room.name, others))
    granted(state, out, member, right_of(room, user))
    if way is not None:
        come_back_in(state, member, way, out)
    if user.away:
        away = did(state, user, "AWAY", (user.away,))
        without = (*user.sessions, *hidden_from(state, user))
        out.append(Deliver(away, (room.id,), without=without))


def _count_new(state: State, user: User, name: str) -> None:
    """Counts the room that a user is about to make; refuses one too many within an hour."""
    if user.may("moderator") or fold_room(name) == fold_room(state.rules.lobby):
        return
    marks = marks_of(user, state.rules, addresses_of(state, user))
    for mark, most in marks:
        if state.makers.made(mark, state.now) >= most:
            text = f"{most} new rooms within an hour are enough: try again later"
            raise refuse(Numeric.ERR_UNAVAILRESOURCE, name, text=text)
    for mark, _ in marks:
        state.save(state.makers.count(mark, state.now))


def _send_on(room: Room, entry: entries.Join, out: list[Output]) -> None:
    """Tells who asked for a room by a name that it had how it is called now.

    Whoever knows of RENAME is told that it has to ask by that name.
    """
    text = f"This room is called {room.name} now"
    if not entry.follow:
        raise fail("JOIN", "CHANNEL_RENAMED", entry.room, room.name, text=text)
    answer = numeric(Numeric.ERR_LINKCHANNEL, entry.room, room.name, text=text)
    out.append(Answer(entry.session, answer))


def _admit(state: State, room: Room, user: User, entry: entries.Join) -> None:
    """Refuses a user whom the room's modes keep out; an operator's invitation opens every door.

    A way back and a right to a rank open all but a ban, and for the founder that, too. It is told
    of the name that it asked for: who is kept out doesn't learn of another one.
    """
    name = entry.room
    if is_founder(room, user):
        return
    if state.invitations.valid(user.identity, room.id, state.now) is not None:
        return
    if is_banned(room, user):
        raise refuse(Numeric.ERR_BANNEDFROMCHAN, name)
    if right_of(room, user) or state.ways_back.valid(user.identity, room.id, state.now) is not None:
        return
    require_calm(state, room, user)
    if room.limit and len(room.members) >= room.limit:
        raise refuse(Numeric.ERR_CHANNELISFULL, name)
    if "i" in room.flags and not on_list(room, "I", user):
        raise refuse(Numeric.ERR_INVITEONLYCHAN, name)
    if room.key_word and entry.key != room.key_word:
        raise refuse(Numeric.ERR_BADCHANNELKEY, name)


def part(state: State, entry: entries.Part, out: list[Output]) -> None:
    user = speaker(state, entry.session)
    room = find_room(state, entry.room, user)
    reason = "" if mute_of(state, user) is not None else entry.reason
    _leave(state, find_member(room, user), reason, out)


def part_all(state: State, entry: entries.PartAll, out: list[Output]) -> None:
    user = speaker(state, entry.session)
    for member in tuple(user.memberships.values()):
        _leave(state, member, "", out)


def _leave(state: State, member: Member, reason: str, out: list[Output]) -> None:
    room, user = member.room, member.user
    parting = happened(state, out, user, "PART", (room,), (reason,) if reason else ())
    out.append(Deliver(parting, (room.id,), user.sessions))
    out.append(Departed(room.id, user.sessions))
    leave_room(state, member)


def set_topic(state: State, entry: entries.SetTopic, out: list[Output]) -> None:
    user = speaker(state, entry.session)
    room = find_room(state, entry.room, user)
    member = find_member(room, user)
    require_unmuted(state, user, room.name)
    if "t" in room.flags:
        require_operator(member)
    if entry.text == room.topic:
        return
    room.topic, room.topic_by, room.topic_at = entry.text, user.source, state.now
    room.spoken = True
    state.save(room)
    change = happened(state, out, user, "TOPIC", (room,), (entry.text,))
    out.append(Deliver(change, (room.id,), user.sessions))
