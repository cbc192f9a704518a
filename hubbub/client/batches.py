"""Lines that belong together, gathered until their batch ends (https://ircv3.net/specs/extensions/batch)."""

from __future__ import annotations

from dataclasses import dataclass, field

from hubbub.irc.message import Message

OPEN_MOST = 64
LINES_MOST = 20_000


@dataclass(slots=True)
class Batch:
    """One outermost batch; the lines of batches inside it stand at their place in it."""

    type: str
    params: tuple[str, ...]
    label: str | None
    lines: list[Message] = field(default_factory=list)


class Batches:
    """The batches that are open on one connection."""

    def __init__(self) -> None:
        self._open: dict[str, Batch] = {}
        self._roots: set[str] = set()

    def reset(self) -> None:
        """The connection is gone, and what was open with it."""
        self._open.clear()
        self._roots.clear()

    def take(self, message: Message) -> bool:
        """True when the line belongs to an open batch, which has it now.

        Raises OverflowError when a server puts more in a batch than could be meant.
        """
        batch = self._open.get(message.tags.get("batch", ""))
        if batch is None or message.command == "BATCH":
            return False
        if len(batch.lines) >= LINES_MOST:
            raise OverflowError(f"more than {LINES_MOST} lines in one batch")
        batch.lines.append(message)
        return True

    def mark(self, message: Message) -> Batch | None:
        """A BATCH line: the finished batch, when this line ends an outermost one.

        Raises OverflowError when more are open than could be meant.
        """
        reference = message.params[0] if message.params else ""
        if reference.startswith("+") and len(message.params) > 1:
            if len(self._open) >= OPEN_MOST:
                raise OverflowError(f"more than {OPEN_MOST} batches open")
            parent = self._open.get(message.tags.get("batch", ""))
            if parent is None:
                self._roots.add(reference[1:])
                label = message.tags.get("label")
                parent = Batch(message.params[1], message.params[2:], label)
            elif parent.type == "labeled-response":
                # A labelled answer that holds one typed batch means that batch.
                parent.type, parent.params = message.params[1], message.params[2:]
            self._open[reference[1:]] = parent
        elif reference.startswith("-"):
            batch = self._open.pop(reference[1:], None)
            if batch is not None and reference[1:] in self._roots:
                self._roots.remove(reference[1:])
                return batch
        return None
