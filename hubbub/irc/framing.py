"""Bytes become lines here, however they are cut up on the way; what is held is bounded.

A line ends with LF or CR LF. Empty lines are skipped. A line over its bound yields one
BadLine.TOO_LONG and is forgotten up to its end. What a line contains is the parser's business.
"""

from enum import Enum
from typing import Final

CLIENT_TAGS_LIMIT: Final = 4096
"""Bytes of tags that a client may send: '@', 4094 of tag data, the space after them."""

SERVER_TAGS_LIMIT: Final = 8191
"""Bytes of tags that a client must accept from a server, '@' and the space after them included."""

BODY_LIMIT: Final = 512
"""Bytes of a line without its tags, CR LF included."""


class BadLine(Enum):
    """Stands among the lines for one that could not be framed."""

    TOO_LONG = "Input line was too long"


class Framer:
    """Cuts one connection's incoming bytes into lines.

    The limits are those of https://ircv3.net/specs/extensions/message-tags#size-limit: `tags_limit`
    counts from '@' to the space after the tags, `body_limit` counts the rest with CR LF, even when
    the line came with a bare LF. Between two calls at most their sum is held, and nothing when the
    last call's bytes ended with a line.
    """

    __slots__ = ("_longest_body", "_pending", "_skipping", "_tags_limit")

    def __init__(self, tags_limit: int = CLIENT_TAGS_LIMIT, body_limit: int = BODY_LIMIT) -> None:
        self._tags_limit = tags_limit
        self._longest_body = body_limit - 2
        self._pending = b""
        self._skipping = False

    @property
    def held(self) -> int:
        """How many bytes of a line without its end are held."""
        return len(self._pending)

    def feed(self, data: bytes) -> list[bytes | BadLine]:
        """The lines that `data` completes, in order, each without its end."""
        if self._skipping:
            _, newline, data = data.partition(b"\n")
            if not newline:
                return []
            self._skipping = False
        elif self._pending:
            data = self._pending + data
            self._pending = b""

        pieces = data.split(b"\n")
        partial = pieces.pop()
        lines: list[bytes | BadLine] = []
        for line in pieces:
            if line.endswith(b"\r"):
                line = line[:-1]
            if line:
                lines.append(BadLine.TOO_LONG if self._is_too_long(line) else line)
        if partial:
            # Its CR may yet be followed by LF, so it is not counted before the byte after it came.
            if self._is_too_long(partial.removesuffix(b"\r")):
                lines.append(BadLine.TOO_LONG)
                self._skipping = True
            else:
                self._pending = partial
        return lines

    def _is_too_long(self, line: bytes) -> bool:
        # True for the start of a line only if it is true for every line that starts so.
        if not line.startswith(b"@"):
            return len(line) > self._longest_body
        # Without a space all is tags, and the space that ends them is yet to be counted.
        space = line.find(b" ")
        tags = (len(line) if space < 0 else space) + 1
        return tags > self._tags_limit or len(line) - tags > self._longest_body
