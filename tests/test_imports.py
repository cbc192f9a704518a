"""A line of code knows its room: the import contracts of pyproject.toml, and law 1 seen at run time."""

import ast
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PACKAGE = ROOT / "hubbub"
PURE = ("irc", "core", "edge", "commands")
ROOMS = (*PURE, "store", "importers", "ordering", "server", "client")

# The rooms that are there; a room that is built later is under the contracts from its first module on.
PRESENT = tuple(
    entry.name for entry in sorted(PACKAGE.iterdir()) if entry.is_dir() and any(entry.glob("*.py"))
)
PURE_PRESENT = tuple(room for room in PURE if room in PRESENT)
CONTRACTS = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["importlinter"]


def pure_files() -> list[Path]:
    return [path for room in PURE_PRESENT for path in sorted((PACKAGE / room).rglob("*.py"))]


def module_name(path: Path) -> str:
    parts = path.relative_to(ROOT).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def for_present_rooms(modules: list[str]) -> list[str]:
    absent = {f"hubbub.{room}" for room in ROOMS} - {f"hubbub.{room}" for room in PRESENT}
    return [module for module in modules if module not in absent]


def lint_imports(config: Path, directory: Path) -> subprocess.CompletedProcess[str]:
    code = "from importlinter.cli import lint_imports_command as run; run()"
    return subprocess.run(
        [sys.executable, "-c", code, "--config", str(config), "--no-cache"],
        cwd=directory,
        capture_output=True,
        text=True,
        check=False,
    )


def ini(contracts: list[dict[str, object]]) -> str:
    """Contracts in import-linter's other format, which can be written without a library."""

    def text(value: object) -> str:
        return "\n  ".join(["", *map(str, value)]) if isinstance(value, list) else str(value)

    sections = ["[importlinter]\nroot_package = hubbub\ninclude_external_packages = True\n"]
    for contract in contracts:
        lines = [f"{key} = {text(value)}" for key, value in contract.items() if key != "id"]
        sections.append("\n".join([f"[importlinter:contract:{contract['id']}]", *lines, ""]))
    return "\n".join(sections)


def test_the_wire_is_there() -> None:
    assert "irc" in PRESENT


@pytest.mark.parametrize("room", PRESENT)
def test_every_room_is_under_a_contract(room: str) -> None:
    assert room in ROOMS, "a new room: give it a contract in pyproject.toml and a place in ROOMS"
    bound = {module for contract in CONTRACTS["contracts"] for module in contract["source_modules"]}
    assert f"hubbub.{room}" in bound


def test_the_pure_rooms_are_under_law_1() -> None:
    law = next(contract for contract in CONTRACTS["contracts"] if contract["id"] == "law-1")
    assert set(law["source_modules"]) == {f"hubbub.{room}" for room in PURE}
    assert {"socket", "ssl", "time", "random", "secrets", "os", "logging", "asyncio"} < set(
        law["forbidden_modules"]
    )


def test_the_import_contracts_hold(tmp_path: Path) -> None:
    kept = []
    for contract in CONTRACTS["contracts"]:
        sources = for_present_rooms(contract["source_modules"])
        forbidden = for_present_rooms(contract["forbidden_modules"])
        if sources and forbidden:
            kept.append({**contract, "source_modules": sources, "forbidden_modules": forbidden})
    assert kept
    config = tmp_path / "importlinter.ini"
    config.write_text(ini(kept))
    result = lint_imports(config, ROOT)
    assert result.returncode == 0, result.stdout + result.stderr
    assert f"Contracts: {len(kept)} kept, 0 broken" in result.stdout


def test_a_broken_contract_is_found(tmp_path: Path) -> None:
    """The check above can fail: a package that breaks law 1, one step removed, is reported."""
    for name, text in {
        "__init__": "",
        "irc/__init__": "import hubbub.clock\n",
        "clock": "import time\n",
    }.items():
        path = tmp_path / "hubbub" / f"{name}.py"
        path.parent.mkdir(exist_ok=True)
        path.write_text(text)
    law = next(contract for contract in CONTRACTS["contracts"] if contract["id"] == "law-1")
    config = tmp_path / "importlinter.ini"
    config.write_text(ini([{**law, "source_modules": ["hubbub.irc"]}]))
    result = lint_imports(config, tmp_path)
    assert result.returncode == 1
    assert "hubbub.irc -> hubbub.clock" in result.stdout


# --- What imports don't show ------------------------------------------------------------------------

FORBIDDEN_CALLS = {
    "open",
    "print",
    "input",
    "breakpoint",
    "exec",
    "eval",
    "__import__",
    "id",
    "hash",
}
FORBIDDEN_METHODS = {"now", "utcnow", "today", "urandom", "getrandom"}


def impure_calls(source: str) -> list[str]:
    """Calls that read a clock, a file or what differs from run to run, as `line: name`."""
    found = []
    for node in ast.walk(ast.parse(source)):
        if not isinstance(node, ast.Call):
            continue
        if isinstance(node.func, ast.Name) and node.func.id in FORBIDDEN_CALLS:
            found.append(f"{node.lineno}: {node.func.id}")
        if isinstance(node.func, ast.Attribute) and node.func.attr in FORBIDDEN_METHODS:
            found.append(f"{node.lineno}: {node.func.attr}")
    return found


@pytest.mark.parametrize("path", pure_files(), ids=module_name)
def test_pure_rooms_call_no_clock_and_open_no_file(path: Path) -> None:
    assert impure_calls(path.read_text(encoding="utf-8")) == []


@pytest.mark.parametrize("line", ["datetime.now()", "date.today()", "open('x')", "print(1)"])
def test_an_impure_call_is_found(line: str) -> None:
    assert impure_calls(f"def f():\n    {line}\n") != []


# --- Law 1 at run time ------------------------------------------------------------------------------

# In a process of its own, since an audit hook can't be taken away again. While modules are imported,
# only Python's own files may be read; afterwards nothing at all may be asked of the system.
WATCH = """
import importlib, sys
import msgspec, msgspec.json, msgspec.msgpack, datetime, encodings.idna, encodings.ascii
importing = True
armed = False
def watch(event, arguments):
    if not armed:
        return
    if event == "open":
        path = str(arguments[0])
        if importing and path.endswith((".py", ".pyc", ".so", ".pyd")) and "w" not in str(arguments[1]):
            return
        if importing and ".pyc." in path:  # the cache of compiled modules, written beside them
            return
    elif importing and event in ("os.listdir", "os.scandir", "os.rename", "os.mkdir"):
        return
    elif not event.startswith(("socket.", "subprocess.", "os.", "sqlite3.", "shutil.", "glob.", "tempfile.", "pathlib.")):
        return
    sys.__stderr__.write(f"impure: {event} {arguments}\\n")
    sys.__stderr__.flush()
    import os
    os._exit(70)
sys.addaudithook(watch)
for name in ("socket", "ssl", "asyncio", "sqlite3", "logging", "selectors", "subprocess", "multiprocessing"):
    assert name not in sys.modules, name + " was there before"
    sys.modules[name] = None  # importing it is an ImportError now
def forbidden(*a, **k):
    sys.__stderr__.write("impure: a clock or a source of randomness\\n")
    sys.__stderr__.flush()
    import os
    os._exit(70)
import time, os
for clock in ("time", "time_ns", "monotonic", "monotonic_ns", "perf_counter", "perf_counter_ns", "sleep"):
    setattr(time, clock, forbidden)
os.urandom = forbidden
armed = True
"""

IMPORT_ALL = """
for module in MODULES:
    importlib.import_module(module)
importing = False
"""

# Two people meet in the lobby, one speaks, in the words of the wire; then a repeat and a refusal.
SCENARIO = """
from hubbub.core import entries
from hubbub.core.apply import apply, begin
from hubbub.core.batches import Batch, decode_batch, encode_batch
from hubbub.core.ids import session_id
from hubbub.core.outputs import Answer, Deliver, Record
from hubbub.core.state import State
from hubbub.irc.message import parse, serialise, Message

ann, bob = session_id(0, 1, 1), session_id(0, 1, 2)
line = parse(b"@+draft/reply=x PRIVMSG #lobby :hello there")
said = entries.Say(ann, line.command, *line.params, once="1")
batch = Batch(0, 1, 1, 1_700_000_000_000, (
    entries.Open(ann, "ann", "a", "Ann", "h", device="d"),
    entries.Open(bob, "bob", "b", "Bob", "h"),
    entries.Join(ann, "#lobby"),
    entries.Join(bob, "#lobby"),
    said,
    said,
    entries.Say(bob, "PRIVMSG", "nobody", "hello"),
))
batch = decode_batch(encode_batch(batch))
state = State("abcdef")
assert begin(state, batch)
outputs = [output for entry in batch.entries for output in apply(state, entry)]
events = [output.event for output in outputs if isinstance(output, Deliver)]
spoken = [event for event in events if event.command == "PRIVMSG"]
lines = {serialise(Message(e.command, e.params, e.source)) for e in spoken}
assert lines == {b":ann!a@h PRIVMSG #lobby :hello there\\r\\n"}, lines
assert any(isinstance(output, Record) for output in outputs)
assert isinstance(outputs[-1], Answer) and outputs[-1].session == bob
"""


def watched(code: str) -> subprocess.CompletedProcess[str]:
    modules = [module_name(path) for path in pure_files()]
    return subprocess.run(
        [sys.executable, "-c", f"{WATCH}\nMODULES = {modules!r}\n{code}"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )


def test_importing_and_running_the_pure_rooms_does_no_io() -> None:
    result = watched(IMPORT_ALL + SCENARIO)
    assert result.returncode == 0, result.stderr


@pytest.mark.parametrize(
    "deed",
    [
        "open('/etc/hostname')",
        "import os; os.listdir('.')",
        "import time; time.time()",
        "import uuid; uuid.uuid4()",
        "import _socket; _socket.socket()",
    ],
)
def test_io_would_be_seen(deed: str) -> None:
    result = watched(f"importing = False\n{deed}")
    assert result.returncode == 70
    assert "impure" in result.stderr


def test_the_import_of_a_socket_would_be_seen() -> None:
    assert "ModuleNotFoundError" in watched("import socket").stderr
