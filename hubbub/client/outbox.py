"""What was said and is not yet acknowledged: kept until its echo or its refusal, sent once, in order.

Nothing leaves the outbox but by an answer. After a broken connection what was on its way goes back
to waiting; it keeps its id, by which the server knows a repeat (`hubbub/once`).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from hubbub.client.events import Kind

WAITING_MOST = 500
"""Messages that may wait; more is an error for the one who says them."""
IN_FLIGHT_MOST = 16
"""Messages on their way at a time, so that a flood after a reconnect isn't taken for an attack."""
UNAVAILABLE = "TEMPORARILY_UNAVAILABLE"
"""The code of the FAIL with which a server refuses what it can't store for now."""
UNAVAILABLE_FIRST, UNAVAILABLE_MOST = 2.0, 30.0
"""Seconds until what the server couldn't take for now goes again: longer each time, up to a most."""
UNECHOED_BURST, UNECHOED_RATE = 5, 1.0
"""Where nothing acknowledges: lines at once, and lines a second (RFC 1459, 8.10: one in two)."""


class OutboxFull(Exception):
    """Too many messages wait for the server; the text is for the person."""


@dataclass(slots=True)
class Outgoing:
    """One message on its way. `label` is None while it waits."""

    id: str
    target: str
    key: str
    text: str
    kind: Kind
    label: str | None = None
    sent_at: float = 0.0
    not_before: float = 0.0
    once: bool = False
    """It went out under its id: the server knows a repeat."""
    tries: int = 0
    """How many times in a row the server couldn't take it for now."""

    @property
    def command(self) -> str:
        """NOTICE or PRIVMSG."""
        return "NOTICE" if self.kind is Kind.NOTICE else "PRIVMSG"

    @property
    def wire_text(self) -> str:
        """The text as it goes over the wire."""
        return f"\x01ACTION {self.text}\x01" if self.kind is Kind.ACTION else self.text


class Outbox:
    """All messages of one person that wait or are on their way, oldest first."""

    def __init__(self, run_token: str) -> None:
        """`run_token` is random text, another one for each run: ids are made from it."""
        self._run_token = run_token
        self._count = 0
        self._items: list[Outgoing] = []
        self._tokens = float(UNECHOED_BURST)
        self._refilled = 0.0

    def __len__(self) -> int:
        return len(self._items)

    def add(self, target: str, key: str, texts: list[str], kind: Kind) -> None:
        """Take the pieces of a message, all or none. Raises `OutboxFull`."""
        if len(self._items) + len(texts) > WAITING_MOST:
            raise OutboxFull(
                f"{len(self._items)} messages already wait for the server (the most is "
                f"{WAITING_MOST}); this one was not taken. Wait until they are sent."
            )
        for text in texts:
            self._count += 1
            item = Outgoing(f"{self._run_token}-{self._count}", target, key, text, kind)
            self._items.append(item)

    def ready(
        self,
        may_send: Callable[[str], bool],
        one_by_one: Callable[[str], bool],
        acknowledged: bool,
        now: float,
    ) -> list[Outgoing]:
        """Take what may go out now, in order. `may_send` and `one_by_one` answer for a folded target.

        `acknowledged`: echoes will come, so the number on its way is bounded; else the rate is, and
        each is taken out of the outbox by its going. The caller sets `label` and `once`.
        """
        going: list[Outgoing] = []
        if not acknowledged:
            passed = max(0.0, now - self._refilled)
            self._tokens = min(UNECHOED_BURST, self._tokens + passed * UNECHOED_RATE)
            self._refilled = now
        flying = [item.key for item in self._items if item.label is not None]
        room = IN_FLIGHT_MOST - len(flying)
        blocked = {key for key in flying if one_by_one(key)}
        for item in list(self._items):
            if item.label is not None:
                continue
            if room <= 0 if acknowledged else self._tokens < 1:
                break
            if item.key in blocked or item.not_before > now or not may_send(item.key):
                blocked.add(item.key)
                continue
            going.append(item)
            if one_by_one(item.key):
                blocked.add(item.key)
            if acknowledged:
                room -= 1
            else:
                self._tokens -= 1
                self._items.remove(item)
        return going

    def oldest_wait(self, now: float) -> float:
        """Seconds that the oldest message on its way has waited for its answer; 0 without one."""
        sent = [item.sent_at for item in self._items if item.label is not None]
        return now - min(sent) if sent else 0.0

    def answered(self, label: str) -> Outgoing | None:
        """The message with this label has its answer: it is taken out and given back."""
        return self._take(item for item in self._items if item.label == label)

    def echoed(self, key: str, wire_text: str) -> Outgoing | None:
        """An echo without a label came: the oldest on its way with this target and text."""
        return self._take(
            item
            for item in self._items
            if item.label is not None and item.key == key and item.wire_text == wire_text
        )

    def refused(self, key: str | None) -> Outgoing | None:
        """A refusal without a label came: the oldest on its way to this target, or at all."""
        return self._take(
            item
            for item in self._items
            if item.label is not None and (key is None or item.key == key)
        )

    def again(self, item: Outgoing, not_before: float) -> None:
        """Put back what was refused for now, before all that was said after it."""
        item.label, item.not_before = None, not_before
        number = int(item.id.rpartition("-")[2])
        later = (int(other.id.rpartition("-")[2]) > number for other in self._items)
        place = next((index for index, is_later in enumerate(later) if is_later), len(self._items))
        self._items.insert(place, item)

    def postpone(self, item: Outgoing, now: float) -> None:
        """Put back what the server can't take at the moment; it goes again, under its id, after a
        pause that grows."""
        pause = min(UNAVAILABLE_MOST, UNAVAILABLE_FIRST * 2.0 ** min(item.tries, 10))
        item.tries += 1
        self.again(item, now + pause)

    def renamed(self, old: str, new: str, new_key: str) -> None:
        """A person or a room was renamed: what still waits for them goes to the new name."""
        for item in self._items:
            if item.key == old and item.label is None and not item.once:
                item.target, item.key = new, new_key

    def connection_lost(self) -> list[Outgoing]:
        """What was on its way waits again; what can't be repeated safely is given back, taken out."""
        unsafe = [item for item in self._items if item.label is not None and not item.once]
        self._items = [item for item in self._items if item.label is None or item.once]
        for item in self._items:
            item.label = None
        return unsafe

    def _take(self, items: Iterator[Outgoing]) -> Outgoing | None:
        item = next(items, None)
        if item is not None:
            self._items.remove(item)
        return item
