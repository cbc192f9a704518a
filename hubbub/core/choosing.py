"""Adding and removing one's own settings.

Law: what is added twice is there once; each change is told to all sessions of its owner.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Final

from hubbub.core import entries
from hubbub.core.blocking import away_of, block_of, looks_present
from hubbub.core.entities import User
from hubbub.core.happening import did
from hubbub.core.ids import AccountId, RoomId
from hubbub.core.markers import room_target
from hubbub.core.outputs import Answer, Deliver, Event, Output, Seen
from hubbub.core.presence import speaker
from hubbub.core.settings import BLOCK, DND, MUTE, WORD, Setting
from hubbub.core.state import State
from hubbub.irc.masks import normalise
from hubbub.irc.names import fold, fold_nick, nick_problem
from hubbub.irc.replies import Refused, Reply, fail

WORD_BYTES: Final = 64
MASK_BYTES: Final = 200
_HOURS: Final = re.compile(r"([01][0-9]|2[0-3]):[0-5][0-9]-([01][0-9]|2[0-3]):[0-5][0-9]")

Found = tuple[str, str]
"""A setting's `target`, and its `value` as people are shown it."""


def _invalid(kind: str, text: str) -> Refused:
    return fail("SETTING", "INVALID_PARAMS", kind, text=text)


def _whom(state: State, user: User, value: str) -> Found:
    if any(sign in value for sign in "!@*?"):
        mask = normalise(value)
        if len(mask.encode()) > MASK_BYTES or " " in mask:
            raise _invalid(BLOCK, f"A mask has at most {MASK_BYTES} bytes and no spaces")
        nick, _, rest = mask.partition("!")
        if rest != "*@*" or any(sign in nick for sign in "*?\\"):
            return f"m:{fold(mask)}", mask
        value = nick
    other = state.user_named(value)
    if other is user:
        raise _invalid(BLOCK, "You can't keep yourself away")
    problem = None if other is not None else nick_problem(value, state.rules.nick_bytes)
    if problem is not None:
        raise _invalid(BLOCK, problem)
    if other is None or (other.owner is None and not other.device):
        return f"n:{fold_nick(value)}", value
    return other.identity, other.nick


def _which_room(state: State, user: User, value: str) -> Found:
    room = state.room_named(value)
    if room is None or room.id not in user.memberships:
        raise _invalid(MUTE, "You aren't in such a room")
    return room_target(room), room.name


def _which_word(state: State, user: User, value: str) -> Found:
    word = " ".join(value.split())
    if not word or len(word.encode()) > WORD_BYTES or not word.isprintable():
        raise _invalid(WORD, f"A word has 1 to {WORD_BYTES} bytes")
    return fold(word), word


def _when(state: State, user: User, value: str) -> Found:
    start, _, end = value.partition("-")
    if not _HOURS.fullmatch(value) or start == end:
        raise _invalid(DND, "The hours are written as 22:00-07:00")
    return "", value


_CHECKS: Final[Mapping[str, Callable[[State, User, str], Found]]] = {
    BLOCK: _whom,
    MUTE: _which_room,
    WORD: _which_word,
    DND: _when,
}


def add_setting(state: State, entry: entries.AddSetting, out: list[Output]) -> None:
    user = speaker(state, entry.session)
    target, value = _CHECKS[entry.kind](state, user, entry.value)
    others = state.settings.kind(user.identity, entry.kind)
    most = state.rules.settings
    if target not in others and len(others) >= most:
        text = f"You have {most} of these, which is as many as one may have"
        raise fail("SETTING", "LIMIT_REACHED", entry.kind, text=text)
    before = _kept_away(state, user) if entry.kind == BLOCK else ()
    setting = Setting(user.identity, entry.kind, target, value, state.now)
    if target in others and entry.kind != DND:
        setting = others[target]
    state.settings.put(setting)
    state.save(setting)
    _tell(state, entry, user, "ADD", setting, out)
    if entry.kind == BLOCK:
        _show_presence(state, user, before, out)


def remove_setting(state: State, entry: entries.RemoveSetting, out: list[Output]) -> None:
    user = speaker(state, entry.session)
    setting = _find(state, user, entry.kind, entry.value)
    if setting is None and entry.quiet:
        return
    if setting is None:
        raise fail("SETTING", "NOT_SET", entry.kind, text="That isn't among your settings")
    before = _kept_away(state, user) if entry.kind == BLOCK else ()
    _tell(state, entry, user, "REMOVE", setting, out)
    state.settings.remove(setting)
    state.erase(setting)
    if entry.kind == BLOCK:
        _show_presence(state, user, before, out)


def _find(state: State, user: User, kind: str, value: str) -> Setting | None:
    """The setting that is meant: by what it is shown as, or by what it would be made of."""
    known = state.settings.kind(user.identity, kind)
    wanted = fold(" ".join(value.split()))
    for setting in known.values():
        if kind == DND or wanted in (fold(shown(state, setting)), fold(setting.value)):
            return setting
    if kind != BLOCK:
        return None
    try:
        return known.get(_whom(state, user, value)[0])
    except Refused:
        return None


def shown(state: State, setting: Setting) -> str:
    """A setting as its owner is shown it: with the names of now."""
    kind, _, number = setting.target.partition(":")
    if setting.kind == BLOCK and kind == "a":
        account = state.accounts_by_id.get(AccountId(int(number)))
        return setting.value if account is None else account.name
    if setting.kind == MUTE and kind == "r":
        room = state.rooms_by_id.get(RoomId(int(number)))
        return setting.value if room is None else room.name
    return setting.value


def told(state: State, action: str, *params: str) -> Event:
    """A line of SETTING, for the sessions that keep up with their owner's settings."""
    return Event("SETTING", state.rules.server_name, (action, *params), state.now)


def _tell(
    state: State,
    entry: entries.AddSetting | entries.RemoveSetting,
    user: User,
    action: str,
    setting: Setting,
    out: list[Output],
) -> None:
    value = shown(state, setting)
    out.append(Deliver(told(state, action, setting.kind, value), sessions=user.sessions))
    if not entry.quiet:
        text = _WORDS[action, setting.kind].format(value=value)
        code = "ADDED" if action == "ADD" else "REMOVED"
        note = Reply("NOTE", ("SETTING", code, setting.kind, text))
        out.append(Answer(entry.session, note))


_WORDS: Final[Mapping[tuple[str, str], str]] = {
    ("ADD", BLOCK): "{value} can't reach you now, nor see whether you are here",
    ("REMOVE", BLOCK): "{value} can reach you again",
    ("ADD", MUTE): "{value} is quiet now",
    ("REMOVE", MUTE): "{value} isn't quiet any more",
    ("ADD", WORD): "You will notice {value}",
    ("REMOVE", WORD): "{value} is a word like any other now",
    ("ADD", DND): "Nothing makes a noise {value}",
    ("REMOVE", DND): "There are no quiet hours any more",
}


def _kept_away(state: State, user: User) -> tuple[User, ...]:
    others = state.users_by_id.values()
    return tuple(
        other for other in others if other.sessions and block_of(state, user, other) is not None
    )


def _show_presence(state: State, user: User, before: tuple[User, ...], out: list[Output]) -> None:
    """Whoever is kept away from now on sees an account go offline; whoever isn't any more, come."""
    if user.owner is None or not user.present:
        return
    after = _kept_away(state, user)
    changed = {other.id: other for other in (*before, *after)}
    for other in changed.values():
        if (other in before) == (other in after):
            continue
        text = away_of(state, user, other)
        rooms = other.memberships.keys() & user.memberships.keys()
        if rooms:
            event = did(state, user, "AWAY", (text,) if text else ())
            out.append(Deliver(event, sessions=other.sessions))
        source = user.source if looks_present(state, user, other) else ""
        out.append(Seen(user.nick, source, only=other.sessions))


def move_settings(state: State, before: str, after: str) -> None:
    """What a guest has chosen its account has."""
    for setting in state.settings.of(before):
        state.settings.remove(setting)
        state.erase(setting)
        if setting.target not in state.settings.kind(after, setting.kind):
            again = Setting(after, setting.kind, setting.target, setting.value, setting.at)
            state.settings.put(again)
            state.save(again)
