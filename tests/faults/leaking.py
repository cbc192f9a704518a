"""A server that keeps so many bytes of each user who left: `python -m tests.faults.leaking BYTES ...`.

What the soak is for has to be told by it; the rest of the words are the server's own.
"""

from __future__ import annotations

import sys
from unittest.mock import patch

from hubbub import cli
from hubbub.core.entities import User
from hubbub.core.state import State


def main(size: int, *words: str) -> int:
    kept: list[bytes] = []
    remove = State.remove_user

    def remove_user(self: State, user: User) -> None:
        kept.append(b"\1" * size)
        remove(self, user)

    with patch.object(State, "remove_user", remove_user):
        return cli.main(words)


if __name__ == "__main__":
    sys.exit(main(int(sys.argv[1]), *sys.argv[2:]))
