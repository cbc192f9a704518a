"""Another name for an account, whose old one nobody else gets for a while.

Law: an account's user is always called as the account is, so both change in one entry.
"""

from __future__ import annotations

from typing import Final

from hubbub.core import entries
from hubbub.core.accounts import named
from hubbub.core.attributes import account_changed
from hubbub.core.audit import note
from hubbub.core.entities import Account, HeldName, User
from hubbub.core.happening import happened
from hubbub.core.ids import NO_SESSION
from hubbub.core.measures import BAN, Signs
from hubbub.core.outputs import Answer, Deliver, Output, Record, Renamed, Seen
from hubbub.core.presence import held_for_another, speaker, whowas
from hubbub.core.state import State
from hubbub.irc.names import FoldedNick, fold_nick
from hubbub.irc.replies import Reply, fail

HOLD_MS: Final = 30 * 86_400_000
"""How long an old name is kept for its account: by then people know the new one."""
HELD: Final = 3
"""How many old names an account keeps at a time; until one is free it keeps its name."""


def rename_account(state: State, entry: entries.RenameAccount, out: list[Output]) -> None:
    """Gives an account another name: one's own, or for admins and the console anybody's."""
    account = named(state, entry, entry.name)
    folded, user = fold_nick(entry.new), state.user_of(account)
    if folded != account.folded:
        _require_free(state, account, entry.new, folded)
    twin = state.looks.like(entry.skeleton, user)
    if twin is not None:
        text = f"{entry.new} looks the same as {twin.nick}, who is somebody else: choose another"
        raise fail("ACCOUNT", "BAD_ACCOUNT_NAME", entry.new, text=text)
    before, old = user.folded, user.nick
    if entry.session == NO_SESSION or speaker(state, entry.session) is not user:
        note(state, entry.session, out, "account renamed", old, detail=entry.new)
    rooms = tuple(member.room for member in user.memberships.values())
    renaming = happened(state, out, user, "NICK", rooms, (entry.new,))
    out.append(Record(whowas(state, user)))
    own = state.held.pop(folded, None)
    if own is not None:
        state.erase(own)
    state.rename_account(account, entry.new, entry.skeleton)
    if folded != before:
        held = HeldName(before, account.identity, state.now + HOLD_MS)
        state.held[before] = held
        state.save(held)
    out.append(Deliver(renaming, tuple(room.id for room in rooms), user.sessions))
    out.append(Renamed(user.sessions, entry.new))
    _tell(state, entry, user, old, out)


def _tell(
    state: State, entry: entries.RenameAccount, user: User, old: str, out: list[Output]
) -> None:
    account_changed(state, user, out)
    if fold_nick(old) != user.folded:
        out.append(Seen(old))
        if user.present:
            out.append(Seen(user.nick, user.source))
    if entry.session != NO_SESSION:
        text = f"The account {old} is called {user.nick} now; the old name is kept for it"
        out.append(Answer(entry.session, Reply("NOTE", ("ACCOUNT", "RENAMED", user.nick, text))))


def _require_free(state: State, account: Account, new: str, folded: FoldedNick) -> None:
    holder = state.user_named(new)
    if state.account_named(new) is not None:
        raise fail("ACCOUNT", "ACCOUNT_EXISTS", new, text=f"{new} is registered already")
    taken = holder is not None or held_for_another(state, folded, account.identity)
    banned = state.measures.against(BAN, Signs(folded, (f"{new}!*@*",)), state.now)
    if taken or banned is not None:
        text = f"{new} can't be had at the moment: choose another name"
        raise fail("ACCOUNT", "BAD_ACCOUNT_NAME", new, text=text)
    kept = [
        held
        for held in state.held.values()
        if held.device == account.identity and held.until > state.now and held.folded != folded
    ]
    if len(kept) >= HELD:
        text = f"{account.name} was renamed {HELD} times within 30 days: wait a while"
        raise fail("ACCOUNT", "RENAMED_TOO_OFTEN", account.name, text=text)
