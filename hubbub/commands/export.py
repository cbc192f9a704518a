"""EXPORT: everything that is kept of oneself, page by page.

Law: it is one's own: what one said and did, the whispers with others, and what was chosen; of
others only what they whispered to one. A page is as large as one of the history.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from hubbub.commands.playback import event_of
from hubbub.commands.row import Call, Kind, Row, When, query
from hubbub.core.choosing import shown
from hubbub.core.entities import User
from hubbub.core.history import Own
from hubbub.core.ids import FIRST_PLACE, Place, msgid, numbered, parse_msgid
from hubbub.core.outputs import Event, HistoryRow
from hubbub.core.presence import addresses_of
from hubbub.core.state import State
from hubbub.edge.work import Batched, Fetch, Shown
from hubbub.irc.replies import Reply, fail
from hubbub.irc.times import iso_time

BATCH: Final = "hubbub/export"


def export(call: Call, state: State) -> Sequence[Shown | Fetch]:
    """EXPORT: the first page, or the one after a message that was on the last one."""
    user = state.sessions[call.session.id].user
    return [page_of(state, user, call.param(0), call.rules.history_page)]


def page_of(state: State, user: User, id: str, limit: int) -> Fetch:
    """A page of what is kept of a user: the first one, or that after the message of an id."""
    after, about = Place(FIRST_PLACE - 1), list[Reply]()
    if id:
        place = parse_msgid(state.log_id, id)
        if place is None:
            text = "That isn't the id of a message: say EXPORT for the first page"
            raise fail("EXPORT", "INVALID_PARAMS", id, text=text)
        after = place
    else:
        about = _about(state, user)
    log_id, nick = state.log_id, user.nick
    rooms = {room.id: room.name for room in state.rooms_by_id.values()}
    identity = user.identity

    def present(rows: Sequence[HistoryRow]) -> Sequence[Shown]:
        events: list[Reply | Event] = []
        for row in rows:
            if row.room is not None:
                target = rooms.get(row.room, "#")
            else:
                target = row.peer_nick if row.author == identity else nick
            events.append(event_of(row, target))
        if len(rows) < limit:
            end = Reply("NOTE", ("EXPORT", "EXPORT_END", "That is all that is kept of you"))
        else:
            last = msgid(log_id, rows[-1].place)
            end = Reply("NOTE", ("EXPORT", "MORE", last, "EXPORT with this id shows the next page"))
        return [Batched(BATCH, (), (*about, *events, end))]

    return Fetch(Own(identity=identity, after=after, limit=limit), present)


def _about(state: State, user: User) -> list[Reply]:
    """What is kept of a person beside what was said."""
    notes: list[tuple[str, ...]] = [
        ("USER", user.nick, user.username, user.host, iso_time(user.signed_on), user.realname),
    ]
    account = user.owner
    if account is not None:
        created = iso_time(account.created)
        notes.append(("ACCOUNT", account.name, account.role, created, account.email or "*"))
    notes += [("ADDRESS", address) for address in addresses_of(state, user)]
    for number, session in numbered(user.sessions).items():
        way = "secure" if state.sessions[session].secure else "plain"
        notes.append(("SESSION", str(number), way))
    for member in user.memberships.values():
        notes.append(("MEMBER", member.room.name, member.ranks or "*"))
    known = state.settings.of(user.identity)
    notes += [("SETTING", each.kind, shown(state, each)) for each in known]
    return [Reply("NOTE", ("EXPORT", *note)) for note in notes]


ROWS: Final = (
    Row(
        "EXPORT",
        When.AFTER,
        Kind.QUERY,
        0,
        "[msgid]",
        "Shows all that is kept of you, page by page.",
        "docs/protocol.md#export",
        query(export, holds=True),
    ),
)
