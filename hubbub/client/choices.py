"""What the person has chosen for itself, as the server keeps it for all its devices.

Law: the server's word is taken as it comes; what follows from it for what is shown is decided here,
and what is done about it by the front end.
"""

from __future__ import annotations

import re
from datetime import datetime, time

from hubbub.irc.names import fold

KINDS = ("block", "mute", "word", "dnd")


def _nothing() -> dict[str, dict[str, str]]:
    return {kind: {} for kind in KINDS}


class Choices:
    """The settings by kind; what people are shown of each by what it is compared by."""

    def __init__(self) -> None:
        self._of: dict[str, dict[str, str]] = _nothing()

    def heard(self, params: tuple[str, ...]) -> None:
        """A line of SETTING: CLEAR, or ADD or REMOVE with a kind and a value."""
        action, kind, value = (*params, "", "", "")[:3]
        if action.upper() == "CLEAR":
            self._of = _nothing()
            return
        known = self._of.get(kind)
        if known is None:
            return
        key = "" if kind == "dnd" else fold(value)
        if action.upper() == "ADD":
            known[key] = value
        else:
            known.pop(key, None)

    def all(self, kind: str) -> list[str]:
        """What is chosen of a kind, as people are shown it."""
        return list(self._of[kind].values())

    def blocks(self, nick: str) -> bool:
        """Whether what somebody says is not to be shown."""
        known = self._of["block"]
        return bool(known) and fold(nick) in known

    def mutes(self, room: str) -> bool:
        """Whether a room is to be quiet."""
        known = self._of["mute"]
        return bool(known) and fold(room) in known

    def calls(self, text: str, nick: str) -> bool:
        """Whether a text has our name in it, or another word that we want to notice."""
        folded = fold(text)
        for word in (fold(nick), *self._of["word"]):
            if word in folded and re.search(rf"(?<!\w){re.escape(word)}(?!\w)", folded):
                return True
        return False

    def is_quiet(self, now: datetime) -> bool:
        """Whether nothing is to make a noise at this local time."""
        hours = self._of["dnd"].get("")
        try:
            start, end = (time.fromisoformat(part) for part in (hours or "").split("-"))
        except ValueError:
            return False
        moment = now.time().replace(tzinfo=None)
        if start < end:
            return start <= moment < end
        return moment >= start or moment < end
