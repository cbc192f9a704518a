"""Rooms: JOIN, PART, TOPIC and KICK."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from hubbub.commands.arrival import after_join, before_join, follows, topic_of
from hubbub.commands.row import MODERN, Call, Kind, Row, When, cut, each_once
from hubbub.core import entries
from hubbub.core.entities import Member
from hubbub.core.rooms import find_room
from hubbub.core.state import State
from hubbub.edge.session import Session
from hubbub.edge.work import Fetch, Lookup, Shown, Work
from hubbub.irc.names import room_problem
from hubbub.irc.numerics import Numeric
from hubbub.irc.replies import refuse


def join(call: Call) -> Sequence[Work]:
    """JOIN: each room in turn, with its key; `JOIN 0` leaves all."""
    if call.param(0) == "0":
        return [entries.PartAll(call.session.id)]
    keys = call.param(1).split(",")
    work: list[Work] = []
    rooms = call.param(0).split(",")
    wanted = set(each_once(call.param(0)))
    for index, name in enumerate(rooms):
        if name not in wanted:
            continue
        wanted.remove(name)
        problem = room_problem(name, call.rules.room_bytes)
        if problem is not None:
            work += refuse(Numeric.ERR_NOSUCHCHANNEL, name, text=problem).replies
            continue
        key = keys[index] if index < len(keys) else ""
        there: list[Member] = []
        work += [
            Lookup(before_join(name, there), holds=False),
            entries.Join(call.session.id, name, key, follows(call.session)),
            Lookup(after_join(name, there), holds=False),
        ]
    return work


def part(call: Call) -> Sequence[Work]:
    reason = cut(call.param(1), call.rules.kick_bytes)
    return [entries.Part(call.session.id, name, reason) for name in each_once(call.param(0))]


def topic(call: Call) -> Sequence[Work]:
    """TOPIC: asks for the topic, or with a text sets it."""
    name = call.param(0)
    if len(call.params) == 1:
        return [Lookup(lambda session, state: _read_topic(session, state, name), holds=False)]
    return [entries.SetTopic(call.session.id, name, cut(call.param(1), call.rules.topic_bytes))]


def _read_topic(session: Session, state: State, name: str) -> Sequence[Shown | Fetch]:
    user = state.sessions[session.id].user
    room = find_room(state, name, user)
    if room.private and user.id not in room.members:
        raise refuse(Numeric.ERR_NOTONCHANNEL, name)
    return topic_of(room)


def kick(call: Call) -> Sequence[Work]:
    """KICK: takes people out of a room, each with the same reason."""
    reason = cut(call.param(2), call.rules.kick_bytes)
    nicks = call.param(1).split(",")
    if len(nicks) > call.rules.targets:
        raise refuse(Numeric.ERR_TOOMANYTARGETS, nicks[-1], text="Too many targets")
    return [entries.Kick(call.session.id, call.param(0), nick, reason) for nick in nicks]


ROWS: Final = (
    Row(
        "JOIN",
        When.AFTER,
        Kind.LOGGED,
        1,
        "<room>{,<room>} [key{,<key>}]",
        "Enters rooms; JOIN 0 leaves all.",
        MODERN + "join-message",
        join,
    ),
    Row(
        "PART",
        When.AFTER,
        Kind.LOGGED,
        1,
        "<room>{,<room>} [reason]",
        "Leaves rooms.",
        MODERN + "part-message",
        part,
    ),
    Row(
        "TOPIC",
        When.AFTER,
        Kind.LOGGED,
        1,
        "<room> [topic]",
        "Shows or sets a room's topic.",
        MODERN + "topic-message",
        topic,
    ),
    Row(
        "KICK",
        When.AFTER,
        Kind.LOGGED,
        2,
        "<room> <name>{,<name>} [reason]",
        "Takes people out of a room.",
        MODERN + "kick-message",
        kick,
    ),
)
