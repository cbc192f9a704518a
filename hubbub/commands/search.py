"""SEARCH: finding what was said (https://codeberg.org/emersion/soju/src/branch/master/doc/ext/search.md).

Law: as with CHATHISTORY, the question itself says what the asker may read.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

from hubbub.commands.playback import event_of
from hubbub.commands.row import Call, Kind, Row, When, query
from hubbub.core.entities import User
from hubbub.core.history import InRoom, Search, kept_from, readable
from hubbub.core.outputs import HistoryRow
from hubbub.core.state import State
from hubbub.edge.work import Batched, Fetch, Shown
from hubbub.irc.names import FoldedNick, fold_nick, is_room
from hubbub.irc.replies import Refused, fail
from hubbub.irc.tags import parse_tags
from hubbub.irc.times import milliseconds

ATTRIBUTES: Final = ("in", "from", "after", "before", "text", "limit")
SPEC: Final = "https://codeberg.org/emersion/soju/src/branch/master/doc/ext/search.md"


def _invalid(attribute: str, text: str) -> Refused:
    return fail("SEARCH", "INVALID_PARAMS", attribute, text=text)


def search(call: Call, state: State) -> Sequence[Shown | Fetch]:
    # "The soju.im/search capability MUST be negotiated."
    if not call.session.has("soju.im/search"):
        text = "Ask for the capability soju.im/search first"
        raise fail("SEARCH", "CAPABILITY_REQUIRED", "soju.im/search", text=text)
    if len(call.params) > 1:
        raise _invalid("*", "A space in an attribute is written \\s, and a semicolon \\:")
    attributes = parse_tags(call.param(0))
    if any(name not in ATTRIBUTES for name in attributes):
        raise _invalid("*", f"The attributes are {', '.join(ATTRIBUTES)}")
    user = state.sessions[call.session.id].user
    rooms, identity, peer = _where(attributes.get("in", ""), state, user)
    author = attributes.get("from", "")
    after, before = _moment(attributes, "after"), _moment(attributes, "before")
    question = Search(
        rooms=rooms,
        identity=identity,
        peer=peer,
        author=fold_nick(author) if author else None,
        text=attributes.get("text", ""),
        after=after,
        before=before,
        limit=_limit(call, attributes),
        # "If after is specified, messages SHOULD be searched from that time. Otherwise, messages
        # SHOULD be searched from the before time."
        newest=after is None,
        from_time=kept_from(state, None),
    )
    names = {member.room.id: member.room.name for member in user.memberships.values()}

    def present(rows: Sequence[HistoryRow]) -> Sequence[Shown]:
        events = (event_of(row, names[row.room] if row.room else row.peer_nick) for row in rows)
        return [Batched("soju.im/search", (), tuple(events))]

    return [Fetch(question, present)]


def _where(
    target: str, state: State, user: User
) -> tuple[tuple[InRoom, ...], str, FoldedNick | None]:
    """The rooms, the identity whose whispers count (or none), and the only peer (or any)."""
    if not target:
        rooms = tuple(readable(state, member) for member in user.memberships.values())
        return rooms, user.identity, None
    if not is_room(target):
        return (), user.identity, fold_nick(target)
    room = state.room_named(target)
    member = None if room is None else room.members.get(user.id)
    if member is None:
        raise _invalid("in", "You can search the rooms that you are in: join it first")
    return (readable(state, member),), "", None


def _moment(attributes: Mapping[str, str], name: str) -> int | None:
    text = attributes.get(name)
    if text is None:
        return None
    try:
        return milliseconds(text)
    except ValueError:
        raise _invalid(name, "A time is written like 2019-01-04T14:33:26.123Z") from None


def _limit(call: Call, attributes: Mapping[str, str]) -> int:
    text = attributes.get("limit")
    if text is None:
        return call.rules.history_page
    if not (text.isascii() and text.isdigit() and int(text[:9]) > 0):
        raise _invalid("limit", "The limit is a number from 1")
    return min(int(text[:9]), call.rules.history_page)


ROWS: Final = (
    Row(
        "SEARCH",
        When.AFTER,
        Kind.QUERY,
        1,
        "[text=<words>][;in=<room or nick>][;from=<nick>][;after=<time>][;before=<time>][;limit=<n>]",
        "Finds what was said.",
        SPEC,
        query(search, holds=True),
    ),
)
