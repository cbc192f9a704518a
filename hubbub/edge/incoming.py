"""A batch that a client has begun to send (https://ircv3.net/specs/extensions/client-batch).

Law: what it holds is bounded by the rules before it is held; one that went wrong holds nothing, and
is remembered until it ends so that the rest of its lines is passed over.
"""

from __future__ import annotations

from hubbub.irc.multiline import Line


class Incoming:
    """What came of a batch so far: `verb` and `lines` of one message to `target`."""

    __slots__ = (
        "failed",
        "label",
        "lines",
        "once",
        "reference",
        "seen_at",
        "size",
        "tags",
        "target",
        "verb",
    )

    def __init__(
        self,
        reference: str,
        target: str,
        tags: tuple[tuple[str, str], ...],
        once: str,
        label: str,
    ) -> None:
        self.reference = reference
        self.target = target
        self.tags = tags
        self.once = once
        self.label = label
        self.verb = ""
        self.lines: list[Line] = []
        self.size = 0
        """Bytes of the combined text."""
        self.failed = False
        self.seen_at: float | None = None
        """When whoever has a clock first saw it, in seconds."""

    def fail(self) -> None:
        """The batch went wrong: what came of it is dropped, and what comes will be."""
        self.failed = True
        self.lines = []
