"""The invite that guests show where the server wants one: the operator's word, or one made once and kept."""

import secrets
from pathlib import Path

from hubbub.server.certificate import write_private
from hubbub.server.errors import OperatorError

INVITE_FILE = "invite"


class InviteError(OperatorError):
    """The invite can't be kept in the data directory."""


def invite_word(configured: str, directory: Path) -> str:
    """`configured`, or where that is empty the word kept in `directory`, made if there is none.

    It is a secret: not for the log. Raises InviteError.
    """
    if configured:
        return configured
    file = directory / INVITE_FILE
    try:
        word = file.read_text(encoding="ascii").strip() if file.exists() else ""
        if not word:
            word = secrets.token_urlsafe(12)
            write_private(file, f"{word}\n".encode())
    except (OSError, UnicodeDecodeError) as error:
        raise InviteError(f"The invite can't be kept in {file}: {error}.") from error
    return word
