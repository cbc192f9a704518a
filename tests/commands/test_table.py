"""Every row has what a row needs, has a test, and bears whatever it is given."""

import ast
import itertools
from pathlib import Path

import pytest

from hubbub.commands.row import When
from hubbub.commands.table import _ALL, ROWS
from hubbub.irc.capabilities import BY_NAME
from tests.world import World

EVERYTHING = " ".join(BY_NAME)
ABSURD = (
    "",
    ":",
    "#",
    "*",
    "a b",
    "::",
    "#lobby",
    "alice",
    "nobody",
    "#none,#lobby,,alice",
    "+-+-ovbeIqkldimnstZ:é",
    "%tcuihsnfdlaorz,999999",
    "timestamp=9999-99-99T99:99:99.999Z",
    "msgid=worldszzzz",
    "-1",
    "99999999999999999999999",
    "\1ACTION \u202e\2\3",
    "é" * 150,
    ",".join("abcdefghijklmnop"),
)


def spoken() -> set[str]:
    """The first words of all lines that this folder's other tests send."""
    words = set()
    for path in Path(__file__).parent.glob("test_*.py"):
        if path.name == Path(__file__).name:
            continue
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Constant) and isinstance(node.value, str):
                line = node.value
                if line.startswith("@"):
                    line = line.partition(" ")[2]
                words.add(line.partition(" ")[0])
    return words


@pytest.mark.parametrize("name", ROWS)
def test_every_row_has_help_a_specification_and_a_test(name: str) -> None:
    row = ROWS[name]
    assert row.name == name == name.upper()
    assert row.help.endswith(".")
    assert "\n" not in row.help
    assert row.spec.startswith(("https://", "docs/"))
    assert row.min_params <= len(row.syntax.split()) or "[" in row.syntax
    assert name in spoken()


def test_no_two_rows_have_one_name() -> None:
    assert len(_ALL) == len(ROWS)


@pytest.mark.parametrize("name", ROWS)
def test_what_comes_in_the_wrong_phase_is_refused(world: World, name: str) -> None:
    stranger, alice = world.arrive(), world.connect("alice")
    line = f"{name} a b c d"
    if ROWS[name].when is When.AFTER:
        assert stranger.ask(line) == [":hub.test 451 * :You have not registered"]
    elif ROWS[name].when is When.BEFORE:
        assert alice.ask(line) == [":hub.test 462 alice :You may not reregister"]


@pytest.mark.parametrize("name", [name for name, row in ROWS.items() if row.min_params])
def test_too_few_parameters_are_refused(world: World, name: str) -> None:
    row = ROWS[name]
    person = world.arrive() if row.when is When.BEFORE else world.connect("alice", EVERYTHING)
    nick = "*" if row.when is When.BEFORE else "alice"
    for count in range(row.min_params):
        line = " ".join((name, *("x" * count)))
        assert person.ask(line) == [f":hub.test 461 {nick} {name} :Not enough parameters"]


@pytest.mark.parametrize("registered", [True, False])
@pytest.mark.parametrize("name", [name for name in ROWS if name != "QUIT"])
def test_every_command_bears_absurd_parameters(name: str, registered: bool) -> None:
    """No parameters break a command, its replies, or the line that they are written in."""
    world = World()
    listener = world.connect("zed", "message-tags")
    person = world.connect("alice", EVERYTHING) if registered else world.arrive()
    lines = [name]
    for count in (1, 2, 3, 16):
        lines += [f"{name} {' '.join(('x',) * (count - 1))} :{last}" for last in ABSURD]
    plain = [word for word in ABSURD if word and " " not in word and not word.startswith(":")]
    lines += [f"{name} {first} :{last}" for first, last in itertools.product(plain, ABSURD)]
    for line in lines:
        if len(line.encode()) > 510:
            continue
        if person.closed:
            person = world.arrive()
        for said in (*person.ask(line), *listener.heard()):
            body = said.partition(" ")[2] if said.startswith("@") else said
            assert len(body.encode()) <= 510, (line, said)
            assert body.startswith((":", "ERROR "))
