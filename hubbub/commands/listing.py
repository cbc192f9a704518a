"""LIST: the rooms there are, and finding some of them (ISUPPORT ELIST=CMNTU).

Law: a secret room is listed only to those who are in it. Conditions are those of
https://modern.ircdocs.horse/#elist-parameter: all of them hold for a room that is listed, and where
rooms or masks are given, it is one of them.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from typing import Final

from hubbub.commands.row import MODERN, Call, Kind, Row, When, query
from hubbub.core.entities import Room, User
from hubbub.core.state import State
from hubbub.edge.work import Fetch, Shown
from hubbub.irc.masks import matches
from hubbub.irc.names import fold_room
from hubbub.irc.numerics import Numeric
from hubbub.irc.replies import Reply, numeric, refuse

LIST_MOST: Final = 1_000
"""How many rooms one LIST shows: more would not fit into a client's send queue."""
MASKS_MOST: Final = 4
"""How many masks one LIST tries on each room: all rooms times many masks would hold up everybody."""
MS_A_MINUTE: Final = 60_000

Condition = Callable[[Room, int, bool], bool]
"""Whether a room is wanted, given the time in milliseconds and whether its topic may be known."""

_COMPARISON = re.compile(r"([CT]?)([<>])([0-9]{1,15})", re.IGNORECASE)


def _members(room: Room, now: int) -> int:
    return len(room.members)


def _age_minutes(room: Room, now: int) -> float:
    return (now - room.created) / MS_A_MINUTE


def _topic_minutes(room: Room, now: int) -> float | None:
    return (now - room.topic_at) / MS_A_MINUTE if room.topic_at else None


_MEASURES: Final[dict[str, Callable[[Room, int], float | None]]] = {
    "": _members,
    "C": _age_minutes,
    "T": _topic_minutes,
}


def _comparison(text: str) -> Condition | None:
    """The condition that `text` is, as '>3' or 'C<60'; None when it isn't one."""
    found = _COMPARISON.fullmatch(text)
    if found is None:
        return None
    measure, most, wanted = _MEASURES[found[1].upper()], found[2] == "<", int(found[3])

    def holds(room: Room, now: int, topical: bool) -> bool:
        value = measure(room, now) if topical or measure is not _topic_minutes else None
        if value is None:
            return False
        return value < wanted if most else value > wanted

    return holds


def _is_mask(text: str) -> bool:
    return "*" in text or "?" in text


class Wanted:
    """What one LIST asks for. Raises Refused for too many masks."""

    def __init__(self, words: Sequence[str]) -> None:
        self._conditions: list[Condition] = []
        self._names: set[str] = set()
        self._masks: list[str] = []
        self._unwanted: list[str] = []
        for word in words:
            condition = _comparison(word)
            if condition is not None:
                self._conditions.append(condition)
            elif word.startswith("!"):
                self._unwanted.append(word[1:])
            elif _is_mask(word):
                self._masks.append(word)
            else:
                self._names.add(fold_room(word))
        self._everything = not words
        if len(self._masks) + len(self._unwanted) > MASKS_MOST:
            text = f"One LIST takes at most {MASKS_MOST} masks"
            raise refuse(Numeric.ERR_TOOMANYMATCHES, "LIST", text=text)

    def has(self, room: Room, now: int, *, topical: bool) -> bool:
        # Rooms that everybody left are shown to those who look for something.
        if self._everything:
            return bool(room.members)
        if (self._names or self._masks) and not (
            room.folded in self._names or any(matches(mask, room.name) for mask in self._masks)
        ):
            return False
        if any(matches(mask, room.name) for mask in self._unwanted):
            return False
        return all(condition(room, now, topical) for condition in self._conditions)


def _topic(room: Room, asker: User) -> str:
    """The room's topic, unless TOPIC would refuse it to the asker, too."""
    return room.topic if _is_topical(room, asker) else ""


def _is_topical(room: Room, asker: User) -> bool:
    return not room.private or asker.id in room.members


def list_(call: Call, state: State) -> Sequence[Shown | Fetch]:
    words = [word for param in call.params for word in param.split(",") if word]
    wanted, asker = Wanted(words), state.sessions[call.session.id].user
    rooms = [
        room
        for room in state.rooms.values()
        if ("s" not in room.flags or room.id in asker.memberships)
        and wanted.has(room, state.present, topical=_is_topical(room, asker))
    ]
    rooms.sort(key=lambda room: (-len(room.members), room.folded))
    replies: list[Reply] = [numeric(Numeric.RPL_LISTSTART, "Channel")]
    replies += [
        numeric(Numeric.RPL_LIST, room.name, str(len(room.members)), text=_topic(room, asker))
        for room in rooms[:LIST_MOST]
    ]
    if len(rooms) > LIST_MOST:
        text = f"Only the {LIST_MOST} largest of {len(rooms)} rooms are shown: try LIST *word*"
        replies.append(numeric(Numeric.ERR_TOOMANYMATCHES, "LIST", text=text))
    return [*replies, numeric(Numeric.RPL_LISTEND)]


ROWS: Final = (
    Row(
        "LIST",
        When.AFTER,
        Kind.QUERY,
        0,
        "[<room or mask>{,<room or mask>}] [>users] [<users] [C<minutes] [T>minutes] [!mask]",
        "Lists the rooms, or those that meet the conditions.",
        MODERN + "list-message",
        query(list_, holds=True),
    ),
)
