"""Why what an operator wrote can't be used: one function for each kind of value.

Law: each answers with words that follow what was given, or None; nothing is corrected or guessed.
"""

import re
import socket
from email.utils import parseaddr

from hubbub.irc.names import nick_problem
from hubbub.server.addresses import DEFAULT_PORT, AddressError, Peers, parse_listen

SERVER_NAME_BYTES = 63
LONGEST_NAME = 64
"""As limits.nick_bytes may be."""


def server_name_problem(name: str) -> str | None:
    """Why `name` can't be a server's name (it must look like a host name with a dot), or None."""
    labels = name.split(".")
    if len(labels) < 2:
        return "expected a name with a dot, as chat.example.org (clients tell servers from users by it)"
    if len(name.encode()) > SERVER_NAME_BYTES:
        return f"expected at most {SERVER_NAME_BYTES} bytes"
    if not all(re.fullmatch(r"[A-Za-z0-9]([A-Za-z0-9-]*[A-Za-z0-9])?", label) for label in labels):
        return "expected letters, digits and '-' between the dots, as chat.example.org"
    return None


def default_server_name() -> str:
    """This machine's name, made fit for a server's name; DNS isn't asked, which could hang."""
    for name in (socket.gethostname(), f"{socket.gethostname()}.local"):
        if server_name_problem(name) is None:
            return name
    return "hubbub.local"


def network_problem(name: str) -> str | None:
    """Why `name` can't be what people call a chat, or None."""
    if not name or len(name.encode()) > 50 or any(c.isspace() or not c.isprintable() for c in name):
        return "expected 1 to 50 bytes without spaces"
    return None


def names_problem(names: tuple[str, ...]) -> str | None:
    """Why people's names can't be these, or None."""
    for name in names:
        problem = nick_problem(name, LONGEST_NAME)
        if problem is not None:
            return f'"{name}" is nobody\'s name: {problem}'
    return None


def motd_problem(text: str) -> str | None:
    """Why `text` can't be shown to people in lines, or None."""
    if any(not c.isprintable() and c not in "\n\t" for c in text):
        return "expected text without control characters"
    if any(len(line.encode()) > 400 for line in text.split("\n")):
        return "expected lines of at most 400 bytes"
    return None


def line_problem(text: str) -> str | None:
    """Why `text` can't be shown in one line, or None."""
    return "expected one line" if "\n" in text else motd_problem(text)


def icon_problem(url: str) -> str | None:
    """Why `url` can't be an image's, or None."""
    if url and not re.fullmatch(r"https?://[!-~]{1,250}", url):
        return "expected a URL that starts with https://, of at most 250 ASCII characters"
    return None


def invite_problem(word: str) -> str | None:
    """Why `word` can't be given as a password on the wire, or None."""
    if word and not re.fullmatch(r"[!-9;-~][!-~]{7,99}", word):
        return "expected 8 to 100 ASCII characters without spaces, the first one not ':'"
    return None


def sender_problem(sender: str) -> str | None:
    """Why letters can't be from `sender`, or None."""
    _, address = parseaddr(sender)
    if sender and (not re.fullmatch(r"[^@\s]+@[^@\s]+", address) or not sender.isprintable()):
        return "expected an e-mail address, as Our class <chat@example.org>"
    return None


def peers_problem(peers: tuple[str, ...]) -> str | None:
    """What is wrong with addresses and networks of peers, or None."""
    try:
        Peers.of(peers)
    except AddressError as error:
        return str(error)
    return None


def origins_problem(origins: tuple[str, ...]) -> str | None:
    """What is wrong with the origins of pages, or None."""
    for origin in origins:
        if not re.fullmatch(r"https?://([A-Za-z0-9._-]+|\[[0-9A-Fa-f:.]+\])(:[0-9]{1,5})?", origin):
            return f'"{origin}" is no page\'s origin; expected as https://chat.example.org, without a path'
    return None


def listen_problem(listen: tuple[str, ...]) -> str | None:
    """What is wrong with the addresses to listen at, or None."""
    if not listen:
        return f'expected at least one address, as ["localhost:{DEFAULT_PORT}"]'
    for text in listen:
        try:
            parse_listen(text)
        except AddressError as error:
            return str(error)
    return None
