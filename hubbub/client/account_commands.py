"""What the commands about one's own account do: the password, the connections, codes.

Law: a password is asked for where it isn't shown, and never stands in a line that is kept.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from hubbub.client.render import clean

if TYPE_CHECKING:
    from hubbub.client.chat import Chat


def register(chat: Chat, rest: str) -> None:
    """/register [password]."""
    if rest:
        chat.connection.register(rest)
        return
    nick = clean(chat.connection.nick)
    chat.ask_secret(f"A password for {nick}, eight characters or more: ", chat.connection.register)


def login(chat: Chat, rest: str) -> None:
    """/login <account>."""
    account = rest.split(maxsplit=1)[0]
    chat.ask_secret(
        f"Password of {clean(account)}: ",
        lambda password: chat.connection.login(account, password),
    )


def passwd(chat: Chat, rest: str) -> None:
    """/passwd: asks for the old password and then for the new one."""

    def old_given(old: str) -> None:
        chat.ask_secret(
            "The new one, eight characters or more: ",
            lambda new: chat.connection.change_password(new, "ACCOUNT", "PASSWORD", old),
        )

    chat.ask_secret("The password that you have now: ", old_given)


def recover(chat: Chat, rest: str) -> None:
    """/recover <account> <code>: asks for the new password."""
    account, code = rest.split(maxsplit=1)
    chat.ask_secret(
        f"A new password for {clean(account)}, eight characters or more: ",
        lambda new: chat.connection.change_password(new, "RECOVER", account, code.replace(" ", "")),
    )


def claim(chat: Chat, rest: str) -> None:
    """/claim <code>."""
    chat.connection.ask("CLAIM", rest.replace(" ", ""))


def sessions(chat: Chat, rest: str) -> None:
    """/sessions [number]: lists one's connections, or ends one."""
    chat.connection.ask("SESSIONS", *(("REVOKE", rest) if rest else ()))


def account(chat: Chat, rest: str) -> None:
    """/account <action> …: what needs no password goes as it is, for the rest it is asked."""
    action, *words = rest.split()
    if action.lower() == "delete":
        chat.ask_secret(
            "Your password, to delete your account for ever: ",
            lambda password: chat.connection.ask("ACCOUNT", "DELETE", password, *words),
        )
        return
    chat.connection.ask("ACCOUNT", action.upper(), *words)
