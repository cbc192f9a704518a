"""Each conversation's order: what is shown is shown once, and never before what came earlier.

While a conversation catches up, live happenings wait in `held`; history pages go first. Repeats are
known by msgid. What is taken out before it was shown isn't shown any more. Everything is bounded: a
live flood during a catch-up is let go, since the pages that follow bring it anyway.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from hubbub.client.events import Happening, TakenOut

SEEN_MOST = 32_768
HELD_MOST = 5_000


@dataclass(frozen=True, slots=True)
class Mark:
    """A place in a conversation, as CHATHISTORY can name it."""

    msgid: str | None
    time: datetime | None

    def reference(self, types: tuple[str, ...]) -> str | None:
        """`msgid=…` or `timestamp=…`, whichever the server takes; None when it takes neither."""
        if self.msgid is not None and "msgid" in types:
            return f"msgid={self.msgid}"
        if self.time is not None and "timestamp" in types:
            return timestamp(self.time)
        return None


def timestamp(moment: datetime, before: float = 0.0) -> str:
    """`timestamp=…` of a moment, `before` seconds earlier."""
    text = (moment - timedelta(seconds=before)).isoformat(timespec="milliseconds")
    return f"timestamp={text.replace('+00:00', '')}Z"


@dataclass(slots=True)
class Conversation:
    """A room's or a person's order of happenings, as far as we have seen it."""

    name: str
    first: Mark | None = None
    last: Mark | None = None
    holding: bool = False
    held: list[tuple[Happening, bool]] = field(default_factory=list)
    live: set[str] = field(default_factory=set)
    """Ids that came live since the catch-up began: a page that reaches one has closed the gap."""


@dataclass(frozen=True, slots=True)
class PageOutcome:
    """What a page of history brought: what to show, and how it meets what we have."""

    shown: tuple[Happening, ...]
    empty: bool
    meets_live: bool
    """It reached what came live: nothing is missing between them."""
    meets_seen: bool
    """It begins at or before what had been shown earlier: nothing is missing before it."""
    moved: bool
    """The conversation's last mark is another one than before: a next page makes sense."""


class Timeline:
    """All conversations of one person."""

    def __init__(self) -> None:
        self._seen: OrderedDict[str, None] = OrderedDict()
        self._conversations: dict[str, Conversation] = {}
        self.latest: datetime | None = None
        """The server's time of the latest line seen."""

    def conversation(self, key: str, name: str) -> Conversation:
        """The conversation under this folded name, made when it is new."""
        found = self._conversations.get(key)
        if found is None:
            found = self._conversations[key] = Conversation(name)
        return found

    def moved(self, old: str, key: str, name: str) -> None:
        """The conversation under one folded name is under another now, its place kept."""
        found = self._conversations.pop(old, None)
        if found is not None:
            found.name = name
            self._conversations[key] = found

    def all(self) -> Iterable[tuple[str, Conversation]]:
        """Every conversation with its folded name."""
        return self._conversations.items()

    def is_held(self, key: str) -> bool:
        """True while this conversation catches up."""
        found = self._conversations.get(key)
        return found is not None and found.holding

    def arrived(
        self, conversation: Conversation, happening: Happening, anchors: bool
    ) -> list[Happening]:
        """A live happening: what to show now, which is nothing when it is held back or known.

        `anchors`: history has it too, so that its id may be asked after.
        """
        if conversation.holding:
            if len(conversation.held) >= HELD_MOST:
                conversation.held.clear()
                conversation.live.clear()
            conversation.held.append((happening, anchors))
            self._forgo(happening)
            # A known one is the echo of a repeat: it says nothing about where the gap ends.
            if happening.msgid and anchors and happening.msgid not in self._seen:
                conversation.live.add(happening.msgid)
            return []
        return [happening] if self._show(conversation, happening, anchors) else []

    def hold(self, conversation: Conversation, own_join: str | None = None) -> None:
        """A catch-up begins. `own_join` is the msgid of our joining: history may end with it."""
        conversation.holding = True
        conversation.held.clear()
        conversation.live.clear()
        if own_join:
            conversation.live.add(own_join)
            self._is_new(own_join)

    def release(self, conversation: Conversation) -> list[Happening]:
        """The catch-up has ended: what was held back and is not known yet, to show now."""
        held, conversation.held = conversation.held, []
        conversation.live.clear()
        conversation.holding = False
        return [item for item, anchors in held if self._show(conversation, item, anchors)]

    def connection_lost(self) -> None:
        """Forget what was held back: the next catch-up brings it, because no mark has passed it."""
        for conversation in self._conversations.values():
            conversation.holding = False
            conversation.held.clear()
            conversation.live.clear()

    def page(self, conversation: Conversation, happenings: Iterable[Happening]) -> PageOutcome:
        """A page of history after what was shown, in order."""
        before, happenings = conversation.last, tuple(happenings)
        for item in happenings:
            self._forgo(item)
        shown: list[Happening] = []
        # What came live meanwhile is news, though a page has it too: who joins in these moments is told.
        news: dict[str | None, Happening] = {
            item.msgid: item for item, _ in conversation.held if item.msgid
        }
        empty, meets_live, meets_seen = True, False, False
        for item in happenings:
            if empty:
                shown += self._held_before(conversation, item)
            empty = False
            if item.msgid is not None and item.msgid in conversation.live:
                meets_live = True
            elif item.msgid is not None and item.msgid in self._seen:
                meets_seen = True
            if self._show(conversation, item, True):
                shown.append(news.get(item.msgid, item))
        moved = conversation.last != before
        return PageOutcome(tuple(shown), empty, meets_live, meets_seen, moved)

    def _held_before(self, conversation: Conversation, first: Happening) -> list[Happening]:
        """What came live before a page begins: so much was said that the latest page is later."""
        ids = [item.msgid for item, _ in conversation.held]
        if first.msgid is None or first.msgid not in ids:
            return []
        begins = ids.index(first.msgid)
        earlier, conversation.held = conversation.held[:begins], conversation.held[begins:]
        return [item for item, anchors in earlier if self._show(conversation, item, anchors)]

    def older(self, conversation: Conversation, happenings: Iterable[Happening]) -> None:
        """A page that the person asked for, from before what was shown: the next one ends there."""
        for item in happenings:
            if item.msgid or item.time:
                conversation.first = Mark(item.msgid, item.time)
                return

    def _forgo(self, happening: Happening) -> None:
        """What this takes out is gone from the history: it would be shown after what followed it."""
        if isinstance(happening, TakenOut):
            self._is_new(happening.message)

    def _show(self, conversation: Conversation, item: Happening, anchors: bool) -> bool:
        new = item.msgid is None or self._is_new(item.msgid)
        if anchors and (item.msgid or item.time) and (new or item.replayed):
            conversation.last = Mark(item.msgid, item.time)
            if conversation.first is None:
                conversation.first = conversation.last
        return new

    def _is_new(self, msgid: str) -> bool:
        if msgid in self._seen:
            self._seen.move_to_end(msgid)
            return False
        self._seen[msgid] = None
        if len(self._seen) > SEEN_MOST:
            self._seen.popitem(last=False)
        return True
