"""What an operator can say to a running server, one row a command.

The console, `hubbub admin` and completion all read this table; the meaning of each is the handler's.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from difflib import get_close_matches

from hubbub.server.errors import OperatorError

HELP_COLUMN = 30
"""How wide the words of commands may be beside their help; a terminal may have 80 columns."""


class AdminUsageError(OperatorError):
    """A command that isn't one, or lacks something; the text says how it is written."""


@dataclass(frozen=True, slots=True)
class AdminCommand:
    """A command: its name, its words (`<needed>`, `[optional]`), its help, how many words it takes.

    Where `text` is true the last word takes the rest of the line, spaces and all.
    """

    name: str
    words: str
    help: str
    least: int
    most: int
    text: bool = False

    @property
    def usage(self) -> str:
        """How the command is typed."""
        return f"{self.name} {self.words}".rstrip()


ADMIN_COMMANDS = (
    AdminCommand("users", "", "who is here", 0, 0),
    AdminCommand("rooms", "", "the rooms, with how many are in each", 0, 0),
    AdminCommand("say", "<text>", "say something in the lobby, where everyone is", 1, 1, text=True),
    AdminCommand("kick", "<user> [reason]", "put a user out of the chat", 1, 2, text=True),
    AdminCommand(
        "ban",
        "[<user, mask, network> [duration] [reason]]",
        "put out and keep out, or list who is",
        0,
        2,
        text=True,
    ),
    AdminCommand("unban", "<user, mask, network>", "let in again", 1, 1),
    AdminCommand(
        "mute",
        "[<user, mask, network> [duration] [reason]]",
        "keep from speaking, or list who is",
        0,
        2,
        text=True,
    ),
    AdminCommand("unmute", "<user, mask, network>", "let speak again", 1, 1),
    AdminCommand(
        "lockdown", "[on|off] [reason]", "let no new guests in, or again", 0, 2, text=True
    ),
    AdminCommand(
        "purge",
        "<user> [how long back] [reason]",
        "take out all that somebody said in the last hour, or 2d",
        1,
        2,
        text=True,
    ),
    AdminCommand("audit", "[--since 2d] [--who name]", "what moderators did", 0, 4),
    AdminCommand("undo", "<number>", "take back what the audit log has under it", 1, 1),
    AdminCommand(
        "account",
        "list | add <name> [role] | password <name> | reset <name> | role <name> <role>"
        " | rename <name> <new name> | delete <name> [messages] | export <name>",
        "accounts: list, make, give a new password or a code for one, give a role"
        " (member, moderator, admin), rename, end, write all that is kept of one to a file",
        1,
        3,
    ),
    AdminCommand(
        "retention",
        "[room] [time|forever|default]",
        "for how long what is said is kept: everywhere, in a room; or set a room's (30d, 2w, 1y)",
        0,
        2,
    ),
    AdminCommand("claim", "", "make a code by which somebody becomes the first admin", 0, 0),
    AdminCommand(
        "invite",
        "[people] [days] | list | revoke <number>",
        "make an invite by which others may come in, list them, end one",
        0,
        2,
    ),
    AdminCommand("rehash", "", "read the configuration again", 0, 0),
    AdminCommand("help", "", "this list", 0, 0),
    AdminCommand("stop", "", "say goodbye to everyone and end the server", 0, 0),
)

ALIASES = {"quit": "stop", "exit": "stop", "shutdown": "stop", "who": "users", "list": "rooms"}
"""Other words that fingers know."""

_BY_NAME = {command.name: command for command in ADMIN_COMMANDS}


def parse_admin(line: str) -> tuple[AdminCommand, tuple[str, ...]]:
    """The command of a line (a leading slash is allowed) and its words.

    Raises AdminUsageError, with "did you mean" for an unknown command.
    """
    name, *rest = line.strip().removeprefix("/").split(None, 1) or [""]
    name = name.lower()
    command = _BY_NAME.get(ALIASES.get(name, name))
    if command is None:
        close = get_close_matches(name, [*_BY_NAME, *ALIASES], n=1)
        advice = f"did you mean {close[0]}?" if close else "help lists the commands."
        raise AdminUsageError(f'There is no command "{name}"; {advice}')
    text = rest[0] if rest else ""
    words = tuple(text.split(None, command.most - 1) if command.text else text.split())
    if not command.least <= len(words) <= command.most:
        raise AdminUsageError(f"Usage: {command.usage}")
    return command, words


def admin_help(commands: Sequence[AdminCommand] = ADMIN_COMMANDS) -> list[str]:
    """The answer to `help`: one line a command, two where its words take more than their column."""
    lines = []
    for command in commands:
        words = command.usage
        if len(words) > HELP_COLUMN:
            lines.append(words)
            words = ""
        lines.append(f"{words:{HELP_COLUMN}}  {command.help}")
    return lines
