"""The operator's desk: what the console and the admin socket ask, as entries and answers.

Law: both say the same things through here; nothing is done past the log.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from typing import Final

from hubbub.core import entries
from hubbub.core.ids import NO_SESSION
from hubbub.core.presence import addresses_of
from hubbub.server import account_desk, invite_desk, order_desk, retention_desk
from hubbub.server.admin_commands import AdminUsageError, admin_help, parse_admin
from hubbub.server.hub import Hub
from hubbub.server.order_desk import operate

Answer = tuple[bool, list[str]]


class Desk:
    """Does what an operator's line says, on one hub."""

    def __init__(self, hub: Hub, stop: Callable[[], None]) -> None:
        self._hub = hub
        self._stop = stop

    async def handle(self, line: str) -> Answer:
        """Whether a line was done, and the lines to show for it."""
        try:
            # A terminal may hand on bytes that are no text; they can't be stored.
            line.encode()
        except UnicodeEncodeError:
            return False, ["That isn't valid UTF-8 text."]
        try:
            command, words = parse_admin(line)
        except AdminUsageError as error:
            return False, [str(error)]
        if command.name in order_desk.ACTIONS:
            return await order_desk.ACTIONS[command.name](self._hub, words)
        return await _ACTIONS[command.name](self, words)

    def names(self) -> list[str]:
        """The users' names, for completion."""
        return [user.nick for user in self._hub.state.users_by_id.values()]

    async def _users(self, words: tuple[str, ...]) -> Answer:
        users = self._hub.state.users_by_id.values()
        if not users:
            return True, ["Nobody is here."]
        lines = []
        for user in users:
            rooms = " ".join(member.room.name for member in user.memberships.values())
            away = f" (away: {user.away})" if user.away else ""
            known = [at for at in addresses_of(self._hub.state, user) if at != user.host]
            where = "".join(f" {address}" for address in known)
            lines.append(f"{user.nick}  {user.username}@{user.host}{where}  {rooms}{away}")
        return True, lines

    async def _rooms(self, words: tuple[str, ...]) -> Answer:
        rooms = self._hub.state.rooms_by_id.values()
        if not rooms:
            return True, ["There are no rooms yet."]
        return True, [
            f"{room.name}  {len(room.members)}{f'  {room.topic}' if room.topic else ''}"
            for room in rooms
        ]

    async def _say(self, words: tuple[str, ...]) -> Answer:
        lobby = self._hub.state.rules.lobby
        return await operate(self._hub, entries.Announce(NO_SESSION, lobby, words[0]), "Said.")

    async def _kick(self, words: tuple[str, ...]) -> Answer:
        nick, reason = words[0], words[1] if len(words) > 1 else ""
        entry = entries.Disconnect(NO_SESSION, nick, reason)
        return await operate(self._hub, entry, f"{nick} was kicked.")

    async def _account(self, words: tuple[str, ...]) -> Answer:
        return await account_desk.do(self._hub, words)

    async def _retention(self, words: tuple[str, ...]) -> Answer:
        return await retention_desk.do(self._hub, words)

    async def _claim(self, words: tuple[str, ...]) -> Answer:
        return await account_desk.make_claim(self._hub)

    async def _invite(self, words: tuple[str, ...]) -> Answer:
        return await invite_desk.do(self._hub, words)

    async def _rehash(self, words: tuple[str, ...]) -> Answer:
        done = await self._hub.reload("")
        if done.problem:
            return False, [f"Everything stays as it was: {done.problem}"]
        later = [f"{name} takes effect at the next start." for name in done.later]
        return True, [f"Changed: {', '.join(done.changed) or 'nothing'}.", *later]

    async def _help(self, words: tuple[str, ...]) -> Answer:
        return True, admin_help()

    async def _end(self, words: tuple[str, ...]) -> Answer:
        self._stop()
        return True, ["The server is stopping."]


_ACTIONS: Final[Mapping[str, Callable[[Desk, tuple[str, ...]], Awaitable[Answer]]]] = {
    "users": Desk._users,
    "rooms": Desk._rooms,
    "say": Desk._say,
    "kick": Desk._kick,
    "account": Desk._account,
    "retention": Desk._retention,
    "claim": Desk._claim,
    "invite": Desk._invite,
    "rehash": Desk._rehash,
    "help": Desk._help,
    "stop": Desk._end,
}
