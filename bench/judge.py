"""What a client must have received: every message meant for it once, each sender's in order, nothing else."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

MARK = b"\x0f"
"""Ends the text of each message, and stands nowhere else: receipts are counted by it."""


class DeliveryError(Exception):
    """A server lost, doubled, reordered or invented something, or cut a client off."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """What one client's stream holds: how many messages came, how many are missing, and pings to answer."""

    received: int
    missing: int
    pings: tuple[bytes, ...]


def judge(lines: Sequence[bytes], expected: Mapping[bytes, Sequence[bytes]]) -> Verdict:
    """Check a client's received lines against what each source said to it, in order.

    `expected` maps a message's source (`:nick!user@host`) to the whole lines it must arrive as, tags aside.
    Raises DeliveryError for a line that is neither the next one of its source nor a PING nor a BATCH.
    """
    upcoming = {source: iter(texts) for source, texts in expected.items()}
    pings: list[bytes] = []
    received = 0
    for tagged in lines:
        line = tagged.partition(b" ")[2] if tagged[:1] == b"@" else tagged
        source = line.partition(b" ")[0]
        if source in upcoming:
            wanted = next(upcoming[source], None)
            if line != wanted:
                raise DeliveryError(f"received {line[:120]!r} where {wanted!r} was due")
            received += 1
        elif is_ping(line):
            pings.append(line)
        else:
            raise DeliveryError(f"received what nobody sent: {line[:120]!r}")
    missing = sum(sum(1 for _ in texts) for texts in upcoming.values())
    return Verdict(received, missing, tuple(pings))


def is_ping(line: bytes) -> bool:
    """Whether a line is the server's PING, with or without a source."""
    return line.startswith(b"PING ") or (line[:1] == b":" and line.split(b" ", 2)[1:2] == [b"PING"])


def pong(ping: bytes) -> bytes:
    """The line that answers a PING, without a line end."""
    return b"PONG " + ping.partition(b"PING ")[2]
