"""Identifiers that the log's order gives out, and how they are written.

Law: every identifier is a function of the log; none is drawn at random here.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final, NewType

SessionId = NewType("SessionId", int)
"""One connection: node (10 bits), epoch of that node (22 bits), number in the epoch (31 bits)."""

UserId = NewType("UserId", int)
RoomId = NewType("RoomId", int)
AccountId = NewType("AccountId", int)
"""From 1; 0 stands for none."""

Place = NewType("Place", int)
"""A history row's permanent position in the log's order. Imported history lies before the first."""

FIRST_PLACE: Final = Place(1 << 40)
NO_SESSION: Final = SessionId(0)
"""Stands for the server itself: its console, its admin socket, its own entries."""

_LOG_ID_LENGTH: Final = 6


def session_id(node: int, epoch: int, number: int) -> SessionId:
    """Packs the three parts; raises ValueError when one doesn't fit."""
    if not (0 <= node < 1 << 10 and 0 < epoch < 1 << 22 and 0 < number < 1 << 31):
        raise ValueError(f"session id out of range: {node}.{epoch}.{number}")
    return SessionId(node << 53 | epoch << 31 | number)


def origin(session: SessionId) -> tuple[int, int]:
    """The node and epoch that a session belongs to."""
    return session >> 53, session >> 31 & (1 << 22) - 1


def numbered(sessions: Iterable[SessionId]) -> dict[int, SessionId]:
    """Somebody's sessions by the numbers that people call them: small ones, always the same.

    It is the session's number in its epoch; where two nodes gave the same, the second keeps its id.
    """
    found: dict[int, SessionId] = {}
    for session in sessions:
        short = session & (1 << 31) - 1
        found[session if short in found else short] = session
    return found


def is_log_id(text: str) -> bool:
    """Whether `text` can name a log: six of a-z and 2-7."""
    return len(text) == _LOG_ID_LENGTH and all(
        c in "abcdefghijklmnopqrstuvwxyz234567" for c in text
    )


def msgid(log_id: str, place: Place) -> str:
    """The message id of a place (https://ircv3.net/specs/extensions/message-ids): log and place."""
    return f"{log_id}{place:x}"


def parse_msgid(log_id: str, text: str) -> Place | None:
    """The place that a message id names, or None when it isn't one of this log's."""
    digits = text[_LOG_ID_LENGTH:]
    if not text.startswith(log_id) or not digits or len(digits) > 15:
        return None
    if any(c not in "0123456789abcdef" for c in digits):
        return None
    return Place(int(digits, 16))
