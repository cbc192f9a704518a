"""The operator's `invite` command: codes by which others may come in, made, listed and ended."""

from __future__ import annotations

from hubbub.commands.invitelink import DAYS, USES, described, maker_of
from hubbub.core import entries
from hubbub.core.codes import DAY_SECONDS
from hubbub.core.ids import NO_SESSION
from hubbub.server.credentials import mint
from hubbub.server.hub import Hub

Outcome = tuple[bool, list[str]]


async def do(hub: Hub, words: tuple[str, ...]) -> Outcome:
    """Does what follows `invite`."""
    state = hub.state
    if words == ("list",):
        lines = [
            f"{code.number}  {described(state, code)}, by {maker_of(state, code)}"
            for code in state.codes.of("invite")
            if code.until > state.present
        ]
        return True, lines or ["There are no invites but the server's own."]
    numbers = [word for word in words if word.isascii() and word.isdigit() and len(word) < 16]
    if words[:1] == ("revoke",) and len(numbers) == 1:
        refusals = await hub.operate(entries.RevokeCode(NO_SESSION, int(numbers[0])))
        done = f"The invite {numbers[0]} lets nobody in any more."
    elif len(numbers) == len(words):
        uses, days = (*map(int, numbers), *(USES, DAYS)[len(numbers) :])
        code, seconds = mint(), days * DAY_SECONDS
        entry = entries.IssueCode(NO_SESSION, "invite", code.digest, seconds=seconds, uses=uses)
        refusals = await hub.operate(entry)
        done = (
            f"For {uses} people and {days} days, shown this once: {code.code}"
            f"  (--invite {code.code}, or as the connection's password)"
        )
    else:
        return False, [
            "It is written: invite [people] [days] | invite list | invite revoke <number>"
        ]
    if refusals:
        return False, [f"{reply.params[-1]}." for reply in refusals]
    return True, [done]
