"""Operators' commands are read as people type them."""

import pytest

from hubbub.server.admin_commands import (
    ADMIN_COMMANDS,
    ALIASES,
    AdminCommand,
    AdminUsageError,
    admin_help,
    parse_admin,
)


@pytest.mark.parametrize(
    ("line", "name", "words"),
    [
        ("users", "users", ()),
        ("/Users ", "users", ()),
        ("kick alice", "kick", ("alice",)),
        ("  /kick  alice  being  rude ", "kick", ("alice", "being  rude")),
        ("say good  evening", "say", ("good  evening",)),
        ("unban *!*@10.0.0.1", "unban", ("*!*@10.0.0.1",)),
        ("quit", "stop", ()),
    ],
)
def test_a_line_is_read(line: str, name: str, words: tuple[str, ...]) -> None:
    command, given = parse_admin(line)
    assert (command.name, given) == (name, words)


@pytest.mark.parametrize(
    ("line", "answer"),
    [
        ("kik alice", 'There is no command "kik"; did you mean kick?'),
        ("/frobnicate", 'There is no command "frobnicate"; help lists the commands.'),
        ("", 'There is no command ""; help lists the commands.'),
        ("kick", r"Usage: kick <user> \[reason\]"),
        ("say", "Usage: say <text>"),
        ("unban a b", "Usage: unban <user, mask, network>"),
        ("users all", "Usage: users"),
    ],
)
def test_a_wrong_line_is_answered(line: str, answer: str) -> None:
    with pytest.raises(AdminUsageError, match=answer.replace("?", r"\?")):
        parse_admin(line)


def test_each_command_has_help() -> None:
    lines = iter(admin_help())
    for command in ADMIN_COMMANDS:
        assert command.help
        line = next(lines)
        assert line.startswith(command.usage)
        assert (line if command.help in line else next(lines)).endswith(f"  {command.help}")
    assert not list(lines)


def test_help_fits_beside_the_words_of_most_commands() -> None:
    short, long = (AdminCommand(name, "<name>", "does it", 1, 1) for name in ("a", "a" * 40))
    assert admin_help([short, long]) == [
        "a <name>" + " " * 24 + "does it",
        "a" * 40 + " <name>",
        " " * 32 + "does it",
    ]


def test_other_words_mean_commands() -> None:
    names = {command.name for command in ADMIN_COMMANDS}
    assert set(ALIASES.values()) <= names
    assert not set(ALIASES) & names
