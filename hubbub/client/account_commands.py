"""What the commands about one's own account do: the password, the connections, codes.

Law: a password is asked for where it isn't shown, and never stands in a line that is kept.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from hubbub.client.render import clean

if TYPE_CHECKING:
    from hubbub.client.chat import Chat


def register(chat: Chat, rest: str) -> None:
    """/register [password] [e-mail]; what is left out of these is asked for, or not given."""
    words = rest.split()
    email = next((words.pop(at) for at in (-1, 0) if words and _is_address(words[at])), "*")
    if words:
        chat.connection.account.register(" ".join(words), email)
        return
    nick = clean(chat.connection.nick)
    chat.ask_secret(
        f"A password for {nick}, eight characters or more: ",
        lambda password: chat.connection.account.register(password, email),
    )


def _is_address(word: str) -> bool:
    mailbox, _, host = word.partition("@")
    return bool(mailbox) and "." in host


def login(chat: Chat, rest: str) -> None:
    """/login <account>."""
    account = rest.split(maxsplit=1)[0]
    chat.ask_secret(
        f"Password of {clean(account)}: ",
        lambda password: chat.connection.account.login(account, password),
    )


def passwd(chat: Chat, rest: str) -> None:
    """/passwd: asks for the old password and then for the new one."""

    def old_given(old: str) -> None:
        chat.ask_secret(
            "The new one, eight characters or more: ",
            lambda new: chat.connection.account.change_password(new, "ACCOUNT", "PASSWORD", old),
        )

    chat.ask_secret("The password that you have now: ", old_given)


def recover(chat: Chat, rest: str) -> None:
    """/recover <account> [code]: has a code sent, or with one asks for the new password."""
    account, _, code = rest.partition(" ")
    if not code:
        chat.connection.ask("RECOVER", account)
        return
    chat.ask_secret(
        f"A new password for {clean(account)}, eight characters or more: ",
        lambda new: chat.connection.account.change_password(
            new, "RECOVER", account, code.replace(" ", "")
        ),
    )


def claim(chat: Chat, rest: str) -> None:
    """/claim <code>."""
    chat.connection.ask("CLAIM", rest.replace(" ", ""))


def verify(chat: Chat, rest: str) -> None:
    """/verify <account> <code>."""
    account, code = rest.split(maxsplit=1)
    chat.connection.ask("VERIFY", account, code.replace(" ", ""))


def invitelink(chat: Chat, rest: str) -> None:
    """/invitelink [people] [days], list or revoke <number>."""
    chat.connection.ask("INVITELINK", *rest.split())


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
    if action.lower() == "email":
        chat.ask_secret(
            "Your password: ",
            lambda password: chat.connection.ask("ACCOUNT", "EMAIL", password, *words),
        )
        return
    chat.connection.ask("ACCOUNT", action.upper(), *words)
