"""MODE: reading and changing the modes of rooms and of oneself.

Law: what can't be understood is answered here; who may change what is decided in the core.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Final

from hubbub.commands.packing import LINE_BYTES
from hubbub.commands.row import MODERN, Call, Kind, Row, When
from hubbub.core import entries
from hubbub.core.entities import Room
from hubbub.core.presence import require_self
from hubbub.core.rooms import find_room
from hubbub.core.state import State
from hubbub.edge.session import Session
from hubbub.edge.work import Fetch, Lookup, Shown, Work
from hubbub.irc.modes import ModeChange, ModeKind, parse_room_modes, parse_user_modes
from hubbub.irc.names import is_room
from hubbub.irc.numerics import Numeric
from hubbub.irc.replies import Reply, numeric, refuse

LIST_NUMERICS: Final[Mapping[str, tuple[Numeric, Numeric]]] = {
    "b": (Numeric.RPL_BANLIST, Numeric.RPL_ENDOFBANLIST),
    "e": (Numeric.RPL_EXCEPTLIST, Numeric.RPL_ENDOFEXCEPTLIST),
    "I": (Numeric.RPL_INVEXLIST, Numeric.RPL_ENDOFINVEXLIST),
    "q": (Numeric.RPL_QUIETLIST, Numeric.RPL_ENDOFQUIETLIST),
}
"""What each of a room's lists is shown with: one numeric a mask, and one at the end."""

HIDDEN_KEY: Final = "*"
COMPLETION_BYTES: Final = len("*!*@*")
"""How much longer a mask can become when it is completed to nick!user@host."""


def mode(call: Call) -> Sequence[Work]:
    return _room_mode(call) if is_room(call.param(0)) else _user_mode(call)


# -- rooms --------------------------------------------------------------------------------


def _room_mode(call: Call) -> Sequence[Work]:
    name = call.param(0)
    if len(call.params) == 1:
        return [Lookup(lambda session, state: _room_modes(session, state, name), holds=False)]
    changes, unknown = parse_room_modes(call.params[1:])
    work: list[Work] = [
        numeric(Numeric.ERR_UNKNOWNMODE, letter) for letter in dict.fromkeys(unknown)
    ]
    wanted, problems = _makeable(call, name, changes)
    work += problems
    if wanted:
        _require_relayable(call, name, wanted)
        work.append(entries.SetRoomModes(call.session.id, name, tuple(wanted)))
    work += [
        Lookup(_list_reader(name, letter), holds=False)
        for letter in dict.fromkeys(change.mode.letter for change in changes if change.is_query)
    ]
    return work


def _makeable(
    call: Call, name: str, changes: Sequence[ModeChange]
) -> tuple[list[tuple[bool, str, str | None]], list[Reply]]:
    """The changes as the log takes them, and what is said of those that lack or exceed."""
    wanted: list[tuple[bool, str, str | None]] = []
    problems: list[Reply] = []
    with_argument = 0
    for change in changes:
        letter, argument = change.mode.letter, change.argument
        if change.is_query:
            continue
        if change.lacks_argument:
            if change.mode.kind is not ModeKind.B or change.adding:
                sign = "+" if change.adding else "-"
                text = f"{sign}{letter} needs a parameter"
                problems.append(numeric(Numeric.ERR_NEEDMOREPARAMS, "MODE", text=text))
                continue
            argument = HIDDEN_KEY  # A key is taken away whether or not one knows it.
        if argument is not None:
            with_argument += 1
            if with_argument > call.rules.modes:
                text = f"One MODE makes at most {call.rules.modes} changes with a parameter"
                problems.append(
                    numeric(Numeric.ERR_INVALIDMODEPARAM, name, letter, argument, text=text)
                )
                continue
        wanted.append((change.adding, letter, argument))
    return wanted, problems


def _require_relayable(
    call: Call, name: str, wanted: Sequence[tuple[bool, str, str | None]]
) -> None:
    """Refuses changes that others could not be shown in one line."""
    size = call.rules.longest_source + len(f"MODE {name}".encode()) + 2 * len(wanted)
    for _, letter, argument in wanted:
        if argument is not None:
            size += 1 + len(argument.encode()) + COMPLETION_BYTES * (letter in LIST_NUMERICS)
    if size > LINE_BYTES:
        raise refuse(
            Numeric.ERR_INPUTTOOLONG,
            text=f"The changes are {size - LINE_BYTES} bytes too long to be relayed at once",
        )


def _visible_room(session: Session, state: State, name: str) -> tuple[Room, bool]:
    """The room and whether the session is in it; refuses strangers to a secret one."""
    user = state.sessions[session.id].user
    room = find_room(state, name, user)
    inside = user.id in room.members
    if "s" in room.flags and not inside:
        raise refuse(Numeric.ERR_NOTONCHANNEL, room.name)
    return room, inside


def _room_modes(session: Session, state: State, name: str) -> Sequence[Shown | Fetch]:
    room, inside = _visible_room(session, state, name)
    letters, arguments = room.flags, []
    if room.key_word:
        letters += "k"
        arguments.append(room.key_word if inside else HIDDEN_KEY)
    if room.limit:
        letters += "l"
        arguments.append(str(room.limit))
    if room.slow:
        letters += "d"
        arguments.append(str(room.slow))
    return [
        numeric(Numeric.RPL_CHANNELMODEIS, room.name, f"+{letters}", *arguments),
        numeric(Numeric.RPL_CREATIONTIME, room.name, str(room.created // 1000)),
    ]


def _list_reader(name: str, letter: str) -> Callable[[Session, State], Sequence[Shown | Fetch]]:
    def read(session: Session, state: State) -> Sequence[Shown | Fetch]:
        room, _ = _visible_room(session, state, name)
        item, end = LIST_NUMERICS[letter]
        # Clients that know the numerics of this list know them with its letter.
        about = (room.name, letter) if letter == "q" else (room.name,)
        masks = sorted(room.lists[letter].values(), key=lambda entry: (entry.set_at, entry.mask))
        return [
            *(
                numeric(item, *about, entry.mask, entry.set_by, str(entry.set_at // 1000))
                for entry in masks
            ),
            numeric(end, *about),
        ]

    return read


# -- oneself ------------------------------------------------------------------------------


def _user_mode(call: Call) -> Sequence[Work]:
    """One's own modes. Whose a name is when the line's turn comes: NICK may stand before it."""
    nick = call.param(0)
    if len(call.params) == 1:
        return [Lookup(lambda session, state: _own_modes(session, state, nick), holds=False)]
    changes, unknown = parse_user_modes(call.param(1))
    wanted = {
        change.mode.letter: change.adding for change in changes if change.mode.settable
    }  # What can't be set oneself is passed over, as RFC 2812 (3.1.5) asks for.
    adding = "".join(letter for letter, on in wanted.items() if on)
    removing = "".join(letter for letter, on in wanted.items() if not on)
    return [entries.SetUserModes(call.session.id, adding, removing, nick, bool(unknown))]


def _own_modes(session: Session, state: State, nick: str) -> Sequence[Shown | Fetch]:
    user = state.sessions[session.id].user
    require_self(state, user, nick)
    return [numeric(Numeric.RPL_UMODEIS, f"+{user.modes}")]


ROWS: Final = (
    Row(
        "MODE",
        When.AFTER,
        Kind.LOGGED,
        1,
        "<room or your name> [+-letters [parameter ...]]",
        "Shows or changes how a room, or your own presence, behaves.",
        MODERN + "mode-message",
        mode,
    ),
)
