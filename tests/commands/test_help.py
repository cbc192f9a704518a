"""HELP."""

import pytest

from hubbub.commands.table import ROWS
from tests.world import World


def test_help_lists_every_command(world: World) -> None:
    lines = world.connect("alice").ask("HELP")
    assert lines[0] == ":hub.test 704 alice * :*** Commands"
    assert lines[1] == ":hub.test 705 alice * :"
    assert lines[-1] == ":hub.test 706 alice * :HELP <command> explains one."
    assert {line.split()[1] for line in lines[1:-1]} == {"705"}
    listed = [word for line in lines[2:-1] for word in line.split(" * :")[1].split()[1:]]
    assert sorted(listed) == sorted(name for name in ROWS if name != "HELP")


def test_help_explains_a_command(world: World) -> None:
    assert world.connect("alice").ask("HELP part") == [
        ":hub.test 704 alice part :*** PART",
        ":hub.test 705 alice part :",
        ":hub.test 705 alice part :PART <room>{,<room>} [reason]",
        ":hub.test 705 alice part :Leaves rooms.",
        ":hub.test 706 alice part https://modern.ircdocs.horse/#part-message",
    ]


@pytest.mark.parametrize("name", ROWS)
def test_every_command_is_explained_within_a_line(world: World, name: str) -> None:
    lines = world.connect("alice").ask(f"HELP {name}")
    assert [line.split()[1] for line in lines] == ["704", "705", "705", "705", "706"]
    assert all(len(line.encode()) <= 510 for line in lines)


@pytest.mark.parametrize(("subject", "shown"), [("magic", "magic"), (":how to", "*"), ("::", "*")])
def test_help_on_nothing(world: World, subject: str, shown: str) -> None:
    assert world.connect("alice").ask(f"HELP {subject}") == [
        f":hub.test 524 alice {shown} :No help available on this topic"
    ]
