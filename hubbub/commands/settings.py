"""One's own settings over the wire: SETTING, BLOCK and UNBLOCK, and SILENCE for old fingers.

Law: nobody is told of another's settings, not even that there are some.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, cast

from hubbub.commands.row import Call, Kind, Row, When, query
from hubbub.core import entries
from hubbub.core.choosing import shown, told
from hubbub.core.outputs import Event
from hubbub.core.settings import BLOCK, KINDS, KindName, Setting
from hubbub.core.state import State
from hubbub.edge.session import Session
from hubbub.edge.work import Lookup, Shown, Work
from hubbub.irc.numerics import Numeric
from hubbub.irc.replies import Reply, fail, numeric

CAPABILITY: Final = "hubbub/settings"
_SPEC: Final = "docs/protocol.md#settings"


def setting(call: Call) -> Sequence[Work]:
    """SETTING: lists one's settings, adds one or removes one."""
    action, kind, value = call.param(0).upper(), call.param(1).lower(), call.param(2)
    if action == "LIST":
        return query(_list)(call)
    if action not in ("ADD", "REMOVE") or kind not in KINDS:
        text = f"It is SETTING LIST, or SETTING ADD or REMOVE, {', '.join(KINDS)} and what"
        raise fail("SETTING", "INVALID_PARAMS", text=text)
    if not value and (action, kind) != ("REMOVE", "dnd"):
        raise fail("SETTING", "INVALID_PARAMS", kind, text="Say which")
    entry = entries.AddSetting if action == "ADD" else entries.RemoveSetting
    return [entry(call.session.id, cast("KindName", kind), value)]


def _list(call: Call, state: State) -> Sequence[Shown]:
    kind = call.param(1).lower()
    user = state.sessions[call.session.id].user
    known = [each for each in state.settings.of(user.identity) if kind in ("", each.kind)]
    items = [Reply("NOTE", ("SETTING", "ITEM", each.kind, shown(state, each))) for each in known]
    end = Reply("NOTE", ("SETTING", "LIST_END", str(len(items)), "End of settings"))
    return [*items, end]


def own_settings(session: Session, state: State) -> Sequence[Event]:
    """All settings of a session's user, for a client that keeps up with them."""
    if not session.has(CAPABILITY) or session.id not in state.sessions:
        return ()
    known = state.settings.of(state.sessions[session.id].user.identity)
    added = (told(state, "ADD", each.kind, shown(state, each)) for each in known)
    return [told(state, "CLEAR"), *added]


def block(call: Call) -> Sequence[Work]:
    """BLOCK: keeps somebody away, or lists whom."""
    if not call.param(0):
        return query(_blocked)(call)
    return [entries.AddSetting(call.session.id, "block", call.param(0))]


def _blocked(call: Call, state: State) -> Sequence[Shown]:
    names = [shown(state, each) for each in _blocks(call.session, state)]
    items = [Reply("NOTE", ("BLOCK", "BLOCKED", name)) for name in names]
    end = Reply("NOTE", ("BLOCK", "BLOCKED_END", str(len(items)), "End of those you block"))
    return [*items, end]


def _blocks(session: Session, state: State) -> Sequence[Setting]:
    user = state.sessions[session.id].user
    return [each for each in state.settings.of(user.identity) if each.kind == BLOCK]


def unblock(call: Call) -> Sequence[Work]:
    """UNBLOCK: ends that."""
    return [entries.RemoveSetting(call.session.id, "block", call.param(0))]


def silence(call: Call) -> Sequence[Work]:
    """SILENCE: the same as clients know it, by masks."""
    given = call.param(0)
    if given[:1] not in ("+", "-"):
        return query(_silenced)(call)
    mask = given[1:]
    if not mask:
        return query(_silenced)(call)
    add = given[0] == "+"
    entry = entries.AddSetting if add else entries.RemoveSetting

    def done(session: Session, state: State) -> Sequence[Shown]:
        listed = {_mask(shown(state, each)).lower() for each in _blocks(session, state)}
        if (_mask(mask).lower() in listed) is not add:
            return ()
        source = state.sessions[session.id].user.source
        return [Event("SILENCE", source, (given,), state.now)]

    return [entry(call.session.id, "block", mask, True), Lookup(done)]


def _mask(name: str) -> str:
    """A person's name as a mask; a mask as it is."""
    return name if "!" in name or "@" in name else f"{name}!*@*"


def _silenced(call: Call, state: State) -> Sequence[Shown]:
    user = state.sessions[call.session.id].user
    masks = [_mask(shown(state, each)) for each in _blocks(call.session, state)]
    items = [numeric(Numeric.RPL_SILELIST, user.nick, mask) for mask in masks]
    return [*items, numeric(Numeric.RPL_ENDOFSILELIST)]


ROWS: Final = (
    Row(
        "SETTING",
        When.AFTER,
        Kind.LOGGED,
        1,
        "LIST [kind] | ADD <kind> <value> | REMOVE <kind> [value]",
        "Keeps what you choose for yourself: block, mute, word, dnd.",
        _SPEC,
        setting,
    ),
    Row(
        "BLOCK",
        When.AFTER,
        Kind.LOGGED,
        0,
        "[name or mask]",
        "Keeps somebody away from you, or lists whom you keep away.",
        _SPEC,
        block,
    ),
    Row(
        "UNBLOCK",
        When.AFTER,
        Kind.LOGGED,
        1,
        "<name or mask>",
        "Lets somebody reach you again.",
        _SPEC,
        unblock,
    ),
    Row(
        "SILENCE",
        When.AFTER,
        Kind.LOGGED,
        0,
        "[+mask|-mask]",
        "The same as BLOCK and UNBLOCK, as some clients know it.",
        _SPEC,
        silence,
    ),
)
