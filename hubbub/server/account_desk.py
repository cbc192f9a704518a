"""The operator's `account` command: making accounts, resetting passwords, giving roles, ending.

Law: a password made here is shown once, to the operator who asked, and is in no log.
"""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Awaitable, Callable, Mapping
from typing import Final, Literal

from hubbub.commands.accounts import recovery
from hubbub.commands.naming import name_problem
from hubbub.core import entries
from hubbub.core.codes import DAY_SECONDS
from hubbub.core.ids import NO_SESSION
from hubbub.core.redeeming import has_admin
from hubbub.irc.replies import Reply
from hubbub.irc.skeletons import skeleton
from hubbub.server import export_desk
from hubbub.server.credentials import mint
from hubbub.server.hub import Hub

PASSWORD_BYTES: Final = 12
"""Random bytes of a password made here: 96 bits, 16 characters."""
CLAIM_SECONDS: Final = 7 * DAY_SECONDS

Outcome = tuple[bool, list[str]]


async def do(hub: Hub, words: tuple[str, ...]) -> Outcome:
    """Does what follows `account`."""
    action, *given = words
    row = _ACTIONS.get(action)
    if row is None or not row[1] <= len(given) <= row[2]:
        return False, [f"It is written: account {' | account '.join(_USAGE)}"]
    return await row[0](hub, given)


async def _list(hub: Hub, given: list[str]) -> Outcome:
    accounts = sorted(hub.state.accounts_by_id.values(), key=lambda account: account.folded)
    lines = []
    for account in accounts:
        user = hub.state.user_of(account)
        state = f"{len(user.sessions)} connected" if user.present else user.away.lower()
        mail = f"  {account.email}" if account.email else ""
        lines.append(f"{account.name}  {account.role}  {state}{mail}")
    return True, lines or ["There are no accounts yet: account add <name>"]


async def _add(hub: Hub, given: list[str]) -> Outcome:
    name, role = given[0], (given[1:] or ["member"])[0]
    problem = name_problem(name, hub.state.rules)
    if problem is not None:
        return False, [problem]
    if role not in _ROLES:
        return False, [_NO_ROLE]
    password, made = await _password(hub)
    entry = entries.Register(NO_SESSION, name, made[0], made[1], role=role, skeleton=skeleton(name))
    refusals = await hub.operate(entry)
    if refusals:
        return False, _sentences(refusals)
    return True, [f"{name} ({role}) has an account. {_told(password)}"]


async def _reset(hub: Hub, given: list[str]) -> Outcome:
    password, made = await _password(hub)
    refusals = await hub.operate(entries.SetPassword(NO_SESSION, given[0], made[0], made[1]))
    if refusals:
        return False, _sentences(refusals)
    return True, [f"The password of {given[0]} is new. {_told(password)}"]


async def _reset_code(hub: Hub, given: list[str]) -> Outcome:
    code = mint()
    refusals = await hub.operate(entries.IssueCode(NO_SESSION, "reset", code.digest, given[0]))
    if refusals:
        return False, _sentences(refusals)
    return True, [
        f"Give this to {given[0]}, within a day; the old password works until then:",
        f"  {recovery(given[0], code.code)}",
    ]


async def make_claim(hub: Hub) -> Outcome:
    """Makes the code by which somebody with an account becomes the first admin."""
    code, refusals = await _claim(hub)
    if refusals:
        return False, _sentences(refusals)
    return True, [
        "Whoever has an account becomes the admin, once and within a week, by:",
        f"  /claim {code}  (other clients: /quote CLAIM {code})",
    ]


async def claim_line(hub: Hub) -> str:
    """What to type to become the first admin, or nothing when there is one already."""
    if has_admin(hub.state):
        return ""
    code, refusals = await _claim(hub)
    return "" if refusals else f"/claim {code}"


async def _claim(hub: Hub) -> tuple[str, list[Reply]]:
    code = mint()
    entry = entries.IssueCode(NO_SESSION, "claim", code.digest, seconds=CLAIM_SECONDS)
    return code.code, await hub.operate(entry)


async def _role(hub: Hub, given: list[str]) -> Outcome:
    name, role = given[0], _ROLES.get(given[1])
    if role is None:
        return False, [_NO_ROLE]
    refusals = await hub.operate(entries.SetRole(NO_SESSION, name, role))
    return (False, _sentences(refusals)) if refusals else (True, [f"{name} is {role} now."])


async def _rename(hub: Hub, given: list[str]) -> Outcome:
    name, new = given
    problem = name_problem(new, hub.state.rules)
    if problem is not None:
        return False, [problem]
    refusals = await hub.operate(entries.RenameAccount(NO_SESSION, name, new, skeleton(new)))
    if refusals:
        return False, _sentences(refusals)
    return True, [f"The account {name} is called {new} now; nobody else gets {name} for 30 days."]


async def _delete(hub: Hub, given: list[str]) -> Outcome:
    if given[1:] not in ([], ["messages"]):
        return False, ["It is written: account delete <name> [messages]"]
    refusals = await hub.operate(entries.DeleteAccount(NO_SESSION, given[0], bool(given[1:])))
    if refusals:
        return False, _sentences(refusals)
    also = " and all that was said with it are" if given[1:] else " is"
    return True, [f"The account {given[0]}{also} gone."]


async def _export(hub: Hub, given: list[str]) -> Outcome:
    refusals = await hub.operate(entries.NoteExport(NO_SESSION, given[0]))
    if refusals:
        return False, _sentences(refusals)
    account = hub.state.account_named(given[0])
    if account is None or hub.exports is None:
        return False, ["This server has no directory for exports."]
    written = await export_desk.export(hub, account, hub.exports)
    return True, [f"All that is kept of {account.name} is in {written} (JSON, a line each)."]


async def _password(hub: Hub) -> tuple[str, tuple[str, str]]:
    """A new password, and what is kept of it."""
    password = secrets.token_urlsafe(PASSWORD_BYTES)
    made = await asyncio.to_thread(hub.credentials.make, password)
    return password, (made.verifier, made.scram)


def _told(password: str) -> str:
    return (
        f"The password, shown this once: {password}  (to change it: ACCOUNT PASSWORD <old> <new>)"
    )


def _sentences(refusals: list[Reply]) -> list[str]:
    return [f"{reply.params[-1]}." for reply in refusals]


_ROLES: Final[Mapping[str, Literal["member", "moderator", "admin"]]] = {
    "member": "member",
    "moderator": "moderator",
    "admin": "admin",
}
_NO_ROLE: Final = "A role is member, moderator or admin."

_USAGE: Final = (
    "list",
    "add <name> [role]",
    "password <name>",
    "reset <name>",
    "role <name> <role>",
    "rename <name> <new name>",
    "delete <name> [messages]",
    "export <name>",
)

_ACTIONS: Final[Mapping[str, tuple[Callable[[Hub, list[str]], Awaitable[Outcome]], int, int]]] = {
    "list": (_list, 0, 0),
    "add": (_add, 1, 2),
    "password": (_reset, 1, 1),
    "reset": (_reset_code, 1, 1),
    "role": (_role, 2, 2),
    "rename": (_rename, 2, 2),
    "delete": (_delete, 1, 2),
    "export": (_export, 1, 1),
}
"""The actions, with how few and how many words each takes."""
