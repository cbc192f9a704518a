"""Operators' commands are read as people type them."""

import pytest

from hubbub.server.admin_commands import (
    ADMIN_COMMANDS,
    ALIASES,
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
    help_lines = admin_help()
    for command, line in zip(ADMIN_COMMANDS, help_lines, strict=True):
        assert line.startswith(command.usage)
        assert line.endswith(command.help)
        assert command.help


def test_other_words_mean_commands() -> None:
    names = {command.name for command in ADMIN_COMMANDS}
    assert set(ALIASES.values()) <= names
    assert not set(ALIASES) & names
