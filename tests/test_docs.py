"""The documentation says what the source does: tables are complete, links lead somewhere."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from hubbub.client.commands import EVERYDAY
from hubbub.client.commands import ROWS as CLIENT_ROWS
from hubbub.commands.arrival import isupport_tokens
from hubbub.commands.row import Row
from hubbub.commands.table import ROWS
from hubbub.core.rules import Rules
from hubbub.irc.capabilities import CAPABILITIES, Capability
from hubbub.irc.modes import ROOM_MODES, USER_MODES
from hubbub.server.admin_commands import ADMIN_COMMANDS
from tests.faults.__main__ import PARTS

ROOT = Path(__file__).parents[1]
PAGES = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").glob("*.md"), *(ROOT / "bench").glob("*.md")])
SOURCES = sorted((ROOT / "hubbub").rglob("*.py"))


def text_of(page: str) -> str:
    return (ROOT / page).read_text(encoding="utf-8")


PROTOCOL = text_of("docs/protocol.md")
README = text_of("README.md")


def section(text: str, title: str) -> str:
    """What stands under a heading of the second level."""
    _, found, after = text.partition(f"\n## {title}\n")
    assert found, f"there is no section {title!r}"
    return after.partition("\n## ")[0]


def cells(text: str) -> list[list[str]]:
    """The rows of the tables in a text; a `\\|` is no end of a cell."""
    return [
        [cell.strip().replace("\\|", "|") for cell in re.split(r"(?<!\\)\|", line)[1:-1]]
        for line in text.splitlines()
        if line.startswith("|")
    ]


def prose(text: str) -> str:
    """The page without its code, in which nothing is a heading or a link."""
    return re.sub(r"^```.*?^```$", "", text, flags=re.DOTALL | re.MULTILINE)


def anchors(page: Path) -> set[str]:
    """The names that headings are linked by."""
    titles = re.findall(r"^#+ (.+)$", prose(page.read_text(encoding="utf-8")), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", title.lower()).replace(" ", "-") for title in titles}


# -- docs/protocol.md ---------------------------------------------------------------------


@pytest.mark.parametrize("row", ROWS.values(), ids=lambda row: row.name)
def test_a_command_is_listed_as_its_row_says(row: Row) -> None:
    _, syntax, what, spec = next(
        line for line in cells(section(PROTOCOL, "Commands")) if line[0] == f"`{row.name}`"
    )
    assert syntax.strip("`") == row.syntax
    assert what == row.help
    assert f"({row.spec.removeprefix('docs/protocol.md')})" in spec


def test_no_command_is_listed_that_isnt_there() -> None:
    listed = [line[0].strip("`") for line in cells(section(PROTOCOL, "Commands"))[2:]]
    assert sorted(listed) == sorted(ROWS)


@pytest.mark.parametrize("capability", CAPABILITIES, ids=lambda capability: capability.name)
def test_a_capability_is_listed_with_its_state_and_specification(capability: Capability) -> None:
    _, state, spec = next(
        line
        for line in cells(section(PROTOCOL, "Capabilities"))
        if line[0] == f"`{capability.name}`"
    )
    assert state
    assert f"({capability.spec.removeprefix('docs/protocol.md')})" in spec


def test_no_capability_is_listed_that_isnt_offered() -> None:
    listed = [line[0].strip("`") for line in cells(section(PROTOCOL, "Capabilities"))[2:]]
    assert listed == [capability.name for capability in CAPABILITIES]


def test_the_isupport_tokens_are_those_listed() -> None:
    tokens = {token.partition("=")[0] for token in isupport_tokens(Rules())}
    first = " ".join(line[0] for line in cells(section(PROTOCOL, "ISUPPORT")))
    assert set(re.findall(r"`(\w+)`", first)) == tokens


def test_every_mode_is_listed() -> None:
    rooms = "".join(line[0] for line in cells(section(PROTOCOL, "Modes"))[2:])
    assert set(re.findall(r"`(\w)`", rooms)) == set(ROOM_MODES)
    users = section(PROTOCOL, "Modes").partition("A user has")[2].partition(". ")[0]
    settable = {mode.letter for mode in USER_MODES.values() if mode.settable}
    assert set(re.findall(r"`(\w)`", users)) == settable


def fail_codes(tree: ast.AST) -> Iterator[str]:
    """The codes of the FAILs that a module makes: `fail(x, CODE, …)`, `Reply("FAIL", (x, CODE, …))`."""
    for node in ast.walk(tree):
        if not isinstance(node, ast.Call) or not isinstance(node.func, ast.Name):
            continue
        words: list[ast.expr] = []
        if node.func.id == "fail":
            words = node.args
        elif node.func.id == "Reply" and len(node.args) > 1:
            kind, params = node.args[:2]
            if isinstance(kind, ast.Constant) and kind.value == "FAIL":
                words = params.elts if isinstance(params, ast.Tuple) else []
        code = words[1] if len(words) > 1 else None
        if isinstance(code, ast.Constant):
            yield str(code.value)


def test_every_standard_reply_is_explained() -> None:
    made = {
        code
        for source in SOURCES
        for code in fail_codes(ast.parse(source.read_text(encoding="utf-8")))
    }
    listed = " ".join(line[1] for line in cells(section(PROTOCOL, "Replies")))
    assert len(made) > 5
    assert made <= set(re.findall(r"`([A-Z0-9_]+)`", listed))


def names_of_tests(file: Path) -> set[str]:
    """The names of a file's tests."""
    tree = ast.parse(file.read_text(encoding="utf-8"))
    return {
        node.name
        for node in ast.walk(tree)
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef))
        and node.name.startswith("test_")
    }


def test_the_tests_that_the_specifications_name_exist() -> None:
    named = re.findall(r"`(tests/[\w/]+\.py)::(\w+)`", section(PROTOCOL, "Specifications"))
    assert len(named) > 30
    for file, name in named:
        assert name in names_of_tests(ROOT / file), f"{file}::{name}"


def test_a_specification_that_works_names_a_test_and_no_other_does() -> None:
    for document, state, test in cells(section(PROTOCOL, "Specifications"))[2:]:
        assert state.startswith(("works", "in part", "not yet", "doesn't apply")), document
        assert state.startswith(("works", "in part")) == test.startswith("`tests/"), document


@pytest.mark.parametrize("capability", CAPABILITIES, ids=lambda capability: capability.name)
def test_what_is_offered_is_among_the_specifications(capability: Capability) -> None:
    text = section(PROTOCOL, "Specifications")
    page = capability.spec.removeprefix("docs/protocol.md")
    if page.startswith("https://"):
        page = page.partition("#")[0]
        states = {line[0]: line[1] for line in cells(text)[2:]}
        state = next((state for link, state in states.items() if f"({page})" in link), "works")
        assert state.startswith(("works", "in part"))
    if not capability.name.startswith("hubbub/"):
        assert f"({page})" in text


# -- README.md and docs/commands.md ---------------------------------------------------------


def commands_in(text: str) -> list[str]:
    """What stands in the first column of the text's tables of commands."""
    return [line[0].strip("`") for line in cells(text) if line[0].startswith("`/")]


def test_the_readme_lists_what_is_typed_on_the_first_day() -> None:
    assert commands_in(section(README, "What you can type")) == [row.usage for row in EVERYDAY]


def test_the_page_of_commands_lists_all_that_can_be_typed() -> None:
    page = text_of("docs/commands.md")
    client = commands_in(section(page, "In the client"))
    assert sorted(client) == sorted(row.usage for row in CLIENT_ROWS)
    console = commands_in(section(page, "In the server's console"))
    words = {usage.partition(" ")[0] for usage in console}
    named = {f"/{command.name}" for command in ADMIN_COMMANDS}
    assert words == named - {"/stop"} | {"/quit"}


def targets_of_make() -> set[str]:
    return set(re.findall(r"^([a-z]+):", text_of("Makefile"), re.MULTILINE))


def faults_in_proof(cell: str) -> list[str]:
    """What is wrong with what a cell names as proof: `[test](file)`, or `make TARGET [ARGS=PART]`."""
    tests = re.findall(r"\[`(\w+)`\]\((tests/[\w/]+\.py)\)", cell)
    commands = re.findall(r"`make (\w+)(?: ARGS=(\w+))?`", cell)
    wrong = [] if tests or commands else ["no proof"]
    for name, path in tests:
        if not (ROOT / path).exists() or name not in names_of_tests(ROOT / path):
            wrong.append(f"{path}::{name}")
    for target, part in commands:
        if target not in targets_of_make() or part not in ("", *PARTS):
            wrong.append(f"make {target} {part}")
    return wrong


def test_each_promise_has_a_proof_that_is_there() -> None:
    promises = cells(section(README, "What it promises"))[2:]
    assert len(promises) > 12
    for promise, proof in promises:
        assert faults_in_proof(proof) == [], promise


@pytest.mark.parametrize(
    "cell",
    [
        "",
        "we are sure of it",
        "`make coffee`",
        "`make faults ARGS=coffee`",
        "[`test_nothing`](tests/test_docs.py), `make faults`",
        "[`test_nothing`](tests/nowhere.py)",
    ],
)
def test_what_is_no_proof_is_found(cell: str) -> None:
    assert faults_in_proof(cell)


# -- docs/decisions.md --------------------------------------------------------------------


def test_decisions_are_numbered_in_their_order() -> None:
    numbers = re.findall(r"^## (\d+)\. ", text_of("docs/decisions.md"), re.MULTILINE)
    assert numbers == [str(number + 1) for number in range(len(numbers))]


# -- links --------------------------------------------------------------------------------


def links(page: Path) -> Iterator[str]:
    for target in re.findall(r"\]\(([^)\s]+)\)", prose(page.read_text(encoding="utf-8"))):
        if "://" not in target:
            yield target


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_links_lead_somewhere(page: Path) -> None:
    for target in links(page):
        path, _, anchor = target.partition("#")
        file = page.parent / path if path else page
        assert file.exists(), f"{page.name}: {target}"
        if anchor:
            assert anchor in anchors(file), f"{page.name}: {target}"


def test_help_over_the_wire_names_sections_that_are_there() -> None:
    specs = [*(row.spec for row in ROWS.values()), *(known.spec for known in CAPABILITIES)]
    ours = [spec for spec in specs if "://" not in spec]
    assert ours
    for spec in ours:
        path, _, anchor = spec.partition("#")
        assert anchor in anchors(ROOT / path)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_files_of_the_source_that_a_page_names_exist(page: Path) -> None:
    rooms = "irc|core|edge|commands|store|ordering|server|client|tests|docs|bench|hubbub"
    named = re.findall(rf"`((?:{rooms})/[\w/]+\.(?:py|md))`", page.read_text(encoding="utf-8"))
    for path in named:
        assert (ROOT / path).exists() or (ROOT / "hubbub" / path).exists(), path


# -- docs/security.md ---------------------------------------------------------------------


def test_each_class_of_advisories_has_a_test_that_is_there() -> None:
    rows = cells(text_of("docs/security.md"))[2:]
    assert len(rows) > 20
    for row in rows:
        assert len(row) == 4
        named = re.findall(r"`(tests/[\w/]+\.py)(?:::(\w+))?`", row[3])
        assert named, row[0]
        for path, test in named:
            assert f"def {test}" in text_of(path), (row[0], path, test)
