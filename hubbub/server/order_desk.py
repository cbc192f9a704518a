"""The operator's commands that keep order: bans, mutes, lockdown, the audit log, taking back.

Law: they are the same acts as those of moderators in the chat; only how they are told is the console's.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Final

from hubbub.commands.moderation import (
    LISTED,
    audit_question,
    number_of,
    purge_terms,
    purging,
    speakers,
    terms,
    undoing,
)
from hubbub.core import entries
from hubbub.core.audit import line
from hubbub.core.batches import AnyEntry
from hubbub.core.history import Audit
from hubbub.core.ids import NO_SESSION
from hubbub.core.measures import BAN, MUTE
from hubbub.core.presence import LOCKDOWN
from hubbub.irc.replies import Refused, Reply
from hubbub.irc.times import brief
from hubbub.server.hub import Hub
from hubbub.store.errors import StoreError

Outcome = tuple[bool, list[str]]


def sentence(reply: Reply) -> str:
    """What a refusal says, with what it is about in front."""
    *context, text = reply.params
    about = "" if reply.command == "FAIL" else " ".join(context)
    return f"{about}: {text}" if about else text


async def operate(hub: Hub, entry: AnyEntry, done: str) -> Outcome:
    """Has the log do something; `done` is what is said when it did."""
    refusals = await hub.operate(entry)
    return (False, [sentence(reply) for reply in refusals]) if refusals else (True, [done])


async def _ban(hub: Hub, words: Sequence[str]) -> Outcome:
    return await _impose(hub, words, BAN, "banned", entries.Ban)


async def _mute(hub: Hub, words: Sequence[str]) -> Outcome:
    return await _impose(hub, words, MUTE, "muted", entries.Mute)


async def _impose(
    hub: Hub,
    words: Sequence[str],
    kind: str,
    done: str,
    make: Callable[..., AnyEntry],
) -> Outcome:
    if not words:
        now = hub.state.present
        holding = [made for made in hub.state.measures if made.kind == kind and made.holds(now)]
        holding.sort(key=lambda made: made.number)
        return True, [made.line for made in holding] or [f"Nobody is {done}."]
    seconds, reason = terms(" ".join(words[1:]).split())
    span = f" for {brief(seconds)}" if seconds else ""
    entry = make(NO_SESSION, words[0], reason, seconds)
    return await operate(hub, entry, f"{words[0]} is {done}{span}.")


async def _unban(hub: Hub, words: Sequence[str]) -> Outcome:
    entry = entries.Unban(NO_SESSION, words[0])
    return await operate(hub, entry, f"{words[0]} is no longer banned.")


async def _unmute(hub: Hub, words: Sequence[str]) -> Outcome:
    entry = entries.Unmute(NO_SESSION, words[0])
    return await operate(hub, entry, f"{words[0]} may speak again.")


async def _lockdown(hub: Hub, words: Sequence[str]) -> Outcome:
    if not words:
        on = bool(hub.state.counter(LOCKDOWN))
        return True, ["No new guests are let in." if on else "Guests are let in."]
    if words[0].lower() not in ("on", "off"):
        return False, ["It is written: lockdown on|off [reason]"]
    on = words[0].lower() == "on"
    entry = entries.Lockdown(NO_SESSION, on, " ".join(words[1:]))
    return await operate(hub, entry, "No new guests are let in." if on else "Guests are let in.")


async def _audit(hub: Hub, words: Sequence[str]) -> Outcome:
    question = audit_question(words, hub.state.present)
    if question is None:
        return False, ["It is written: audit [how long back, as 2d] [who]"]
    try:
        rows = await hub.ask(question)
    except StoreError as error:
        return False, [str(error)]
    lines = [line(row) for row in rows]
    if len(lines) == LISTED:
        lines.insert(0, f"The last {LISTED}:")
    return True, lines or ["Nothing of that is in the audit log."]


async def _undo(hub: Hub, words: Sequence[str]) -> Outcome:
    try:
        number = number_of(words[0])
        entry = undoing(NO_SESSION, number, await hub.ask(Audit(limit=1, number=number or -1)))
    except Refused as refused:
        return False, [sentence(reply) for reply in refused.replies]
    except StoreError as error:
        return False, [str(error)]
    return await operate(hub, entry, f"#{number} is undone.")


async def _purge(hub: Hub, words: Sequence[str]) -> Outcome:
    try:
        seconds, reason = purge_terms(" ".join(words[1:]).split())
        found = await hub.ask(speakers(hub.state, words[0], seconds))
    except Refused as refused:
        return False, [sentence(reply) for reply in refused.replies]
    except StoreError as error:
        return False, [str(error)]
    entry = purging(hub.state, NO_SESSION, words[0], (seconds, reason), found)
    done = f"What {words[0]} said in the last {brief(seconds)} is being taken out."
    return await operate(hub, entry, done)


ACTIONS: Final[Mapping[str, Callable[[Hub, Sequence[str]], Awaitable[Outcome]]]] = {
    "ban": _ban,
    "unban": _unban,
    "mute": _mute,
    "unmute": _unmute,
    "lockdown": _lockdown,
    "purge": _purge,
    "audit": _audit,
    "undo": _undo,
}
"""What each command does."""
