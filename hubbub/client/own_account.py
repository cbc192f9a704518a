"""Our own account on the server: making it, logging in to it, and its password.

Law: who wanted to come in as an account never comes in as a guest instead. A password is kept as
long as its command has no answer, and then as what the next connection logs in with.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from hubbub.client.errors import BREAKERS, IntentError
from hubbub.client.events import ServerError
from hubbub.irc.names import fold

if TYPE_CHECKING:
    from hubbub.client.connection import Connection


class OwnAccount:
    """What one connection does about its person's account."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._registration = connection.registration
        self._registering = ""
        self._new = ""

    def register(self, password: str, email: str = "*") -> None:
        """Make our name an account. Raises `IntentError` when that can't be."""
        self._connection.require_welcome()
        if not password or not BREAKERS.isdisjoint(password) or password.startswith(":"):
            raise IntentError("A password for an account has no spaces and no commas here.")
        self._registering = password
        self._connection.send("REGISTER", "*", email, password)

    def accept_rules(self) -> None:
        """Accept the rules for which our registration was refused, and register again."""
        self._connection.require_welcome()
        if self._registering:
            self._connection.send("RULES", "ACCEPT")
            self._connection.send("REGISTER", "*", "*", self._registering)

    def registered(self, account: str) -> None:
        """The server has made our account: the next connection logs in to it."""
        if self._registering:
            self._registration.account = (account, self._registering)
        self._registering = ""

    def change_password(self, new: str, command: str, *params: str) -> None:
        """Ask for a new password, the last parameter. Raises `IntentError` when that can't be."""
        self._connection.require_welcome()
        if any(not word or " " in word or word.startswith(":") for word in params):
            raise IntentError("A password or a code can't have spaces or start with a colon here.")
        self._connection.send(command, *params, new)
        self._new = new

    def password_changed(self, command: str, account: str) -> None:
        """The server has taken the new password: log in with it, now or at the next connection."""
        new, self._new = self._new, ""
        if not new:
            return
        if command == "RECOVER":
            self.login(account, new)
        else:
            self._registration.account = (account, new)

    def renamed(self, name: str) -> None:
        """Our account, if it is ours, has another name: the next connection logs in to that."""
        if self._registration.account is not None and fold(name) == fold(self._connection.nick):
            self._registration.account = (name, self._registration.account[1])

    def login(self, account: str, password: str) -> None:
        """Log in to an account from here on. Raises `IntentError` when there is none."""
        self._connection.require_welcome()
        if not self._registration.login(account, password):
            raise IntentError("This server has no accounts to log in to.")

    def require_accounts(self) -> None:
        """Gives the connection up where there is an account to log in to and the server knows none."""
        if self._registration.lacks_accounts and self._connection.wants_close is None:
            reason = "this server has no accounts to log in to"
            self._connection.emit(ServerError(reason))
            self.login_failed(reason)

    def login_failed(self, reason: str) -> None:
        """Who was to be logged in and isn't doesn't come in as a guest instead."""
        was_welcomed = self._connection.registered
        self._registration.account = None
        self._registration.authenticating = False
        if not was_welcomed:
            self._connection.final = True
            self._connection.wants_close = reason
