"""What a client that can't ask for history is shown of what was said without it.

Law: each line once where that can be known, rather twice than never, and nothing when nothing was
missed. A client with chathistory asks itself. Who was never seen in a room is shown the last of it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Final

from hubbub.commands.playback import event_of
from hubbub.core.entities import Member, User
from hubbub.core.history import Count, Page, Search, kept_from, readable
from hubbub.core.markers import LastSeen
from hubbub.core.missed import last_seen, missed_after
from hubbub.core.outputs import Event, HistoryRow
from hubbub.core.state import State
from hubbub.edge.session import Session
from hubbub.edge.work import Batched, Fetch, Shown

COUNTED_MOST: Final = 1_000
"""How many missed messages are counted."""


def missed_while_gone(session: Session, state: State, member: Member) -> list[Fetch]:
    """What was said in a room in which a user stayed a member while none of its devices was here."""
    if len(member.user.sessions) > 1:
        return []
    return _said(session, state, member, last_seen(state, member.user, None))


def missed_since_leaving(session: Session, state: State, member: Member) -> list[Fetch]:
    """What was said in a room since a user left it; the last of it when it never was there."""
    return _said(session, state, member, last_seen(state, member.user, member.room))


def whispers_missed(session: Session, state: State, user: User) -> list[Fetch]:
    """What was whispered to an account while none of its devices was here."""
    if not _wanted(session, state) or user.owner is None or len(user.sessions) > 1:
        return []
    mark = last_seen(state, user, None)
    if mark is None:
        return []
    question = Search(
        identity=user.identity,
        after=mark.time,
        limit=state.rules.replay_lines,
        from_time=kept_from(state, None),
    )
    # What comes from now on is shown as it comes.
    first, end = mark.place, state.next_place
    nick, own = user.nick, user.identity
    dated = session.has("server-time")

    def present(rows: Sequence[HistoryRow]) -> Sequence[Shown]:
        missed = [row for row in rows if first <= row.place < end and row.author != own]
        by_peer = groupby(sorted(missed, key=_sender), key=_sender)
        return [_page(peer, nick, list(of), dated=dated) for peer, of in by_peer]

    return [Fetch(question, present)]


def _wanted(session: Session, state: State) -> bool:
    return bool(state.rules.replay_lines) and not session.has("draft/chathistory")


def _sender(row: HistoryRow) -> str:
    return row.source.partition("!")[0]


def _said(session: Session, state: State, member: Member, mark: LastSeen | None) -> list[Fetch]:
    if not _wanted(session, state):
        return []
    conversation, name = readable(state, member), member.room.name
    lines, end = state.rules.replay_lines, state.next_place
    after = None if mark is None else missed_after(mark)
    page = Page(conversation=conversation, after=after, before=end, limit=lines, newest=True)

    fetches = [Fetch(page, _Presented(name, dated=session.has("server-time")))]
    if after is not None:
        count = Count(conversation, after, end, lines + COUNTED_MOST)
        source, now = state.rules.server_name, state.present

        def note(numbers: Sequence[int]) -> Sequence[Shown]:
            earlier = numbers[0] - lines
            if earlier <= 0:
                return []
            many = f"{COUNTED_MOST} or more" if earlier >= COUNTED_MOST else str(earlier)
            text = (
                f"{many} earlier message{'' if earlier == 1 else 's'}: /history in Hubbub's client,"
                " or any client with chathistory, shows what isn't here"
            )
            return [Event("NOTICE", source, (name, text), now)]

        fetches.insert(0, Fetch(count, note))
    return fetches


@dataclass(frozen=True, slots=True)
class _Presented:
    """Shows what was missed in the room of that name, if there is any: the same to all alike."""

    name: str
    dated: bool

    def __call__(self, rows: Sequence[HistoryRow]) -> Sequence[Shown]:
        return [_page(self.name, self.name, rows, dated=self.dated)] if rows else []


def _page(name: str, target: str, rows: Sequence[HistoryRow], *, dated: bool) -> Batched:
    """A page of the history; for who can't be told the time each line begins with the hour."""
    events = tuple(event_of(row, target, clock_prefix=not dated) for row in rows)
    return Batched("chathistory", (name,), events)
