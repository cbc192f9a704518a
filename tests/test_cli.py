"""The command line calls the right thing, says mistakes in sentences, and ends with the right code."""

import asyncio
import os
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import ModuleType

import pytest

from hubbub import __version__, cli
from hubbub.server.admin_commands import ADMIN_COMMANDS, parse_admin
from hubbub.server.admin_socket import open_admin_socket
from hubbub.server.config import Config
from hubbub.server.config_file import parse
from hubbub.server.errors import OperatorError
from hubbub.server.options import ServeOptions

Printed = pytest.CaptureFixture[str]
Served = list[tuple[Config, ServeOptions]]

ROOT = Path(__file__).parents[1]


@pytest.fixture(autouse=True)
def umasks(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """The umasks that would have been set, for all tests of this process."""
    masks: list[int] = []
    monkeypatch.setattr("os.umask", masks.append)
    return masks


@pytest.fixture
def served(monkeypatch: pytest.MonkeyPatch) -> Served:
    """What the server would have been started with."""
    calls: Served = []

    def serve(config: Config, options: ServeOptions) -> int:
        calls.append((config, options))
        return 0

    stand_in(monkeypatch, serve)
    return calls


def stand_in(monkeypatch: pytest.MonkeyPatch, serve: Callable[[Config, ServeOptions], int]) -> None:
    module = ModuleType("hubbub.server.app")
    module.serve = serve  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "hubbub.server.app", module)


def test_serve_passes_on_what_was_typed(served: Served, tmp_path: Path) -> None:
    file = tmp_path / "my.toml"
    file.write_text("[limits]\nrooms = 7\n")
    words = ["serve", "-d", "--listen", ":1", "--listen", "[::1]:2", "--no-console"]
    assert cli.main([*words, "--data", str(tmp_path / "d"), "--config", str(file)]) == 0
    [(config, options)] = served
    assert config.server.listen == (":1", "[::1]:2")
    assert config.limits.rooms == 7
    assert config.storage.data == str(tmp_path / "d")
    assert options == ServeOptions(
        data=tmp_path / "d",
        config_file=file,
        listen=(":1", "[::1]:2"),
        debug=True,
        console=False,
    )


def test_serve_by_itself(served: Served, tmp_path: Path, umasks: list[int]) -> None:
    assert cli.main(["serve", "--data", str(tmp_path)]) == 0
    [(config, options)] = served
    assert config.server == Config().server
    assert (options.debug, options.console) == (False, True)
    assert umasks == [0o077]  # what the server writes is its owner's alone


def test_a_wrong_configuration_is_told_and_nothing_starts(
    served: Served, tmp_path: Path, capsys: Printed
) -> None:
    (tmp_path / "hubbub.toml").write_text("[limits]\nroom = 7\nbursts = 1\n")
    assert cli.main(["serve", "--data", str(tmp_path)]) == 2
    assert served == []
    first, second = capsys.readouterr().err.splitlines()
    assert first.startswith(f"{tmp_path}/hubbub.toml:2: [limits] room: unknown setting; did you")
    assert second.startswith(f"{tmp_path}/hubbub.toml:3: [limits] bursts: unknown setting")


@pytest.mark.parametrize(
    ("error", "code", "told"),
    [
        (OperatorError("The port is taken."), 1, "hubbub: The port is taken.\n"),
        (OSError(98, "Address already in use"), 1, "hubbub: [Errno 98] Address already in use\n"),
        (KeyboardInterrupt(), 130, ""),
    ],
)
def test_what_goes_wrong_is_a_sentence(
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    capsys: Printed,
    error: BaseException,
    code: int,
    told: str,
) -> None:
    def serve(config: Config, options: ServeOptions) -> int:
        raise error

    stand_in(monkeypatch, serve)
    assert cli.main(["serve", "--data", str(tmp_path)]) == code
    assert capsys.readouterr().err == told
    assert cli.main(["serve", "-d", "--data", str(tmp_path)]) == code
    assert ("Traceback" in capsys.readouterr().err) is bool(told)


def test_a_bug_shows_where_it_is(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: Printed
) -> None:
    def serve(config: Config, options: ServeOptions) -> int:
        raise ZeroDivisionError

    stand_in(monkeypatch, serve)
    assert cli.main(["serve", "--data", str(tmp_path)]) == 1
    told = capsys.readouterr().err
    assert "Traceback" in told
    assert "this is a bug in Hubbub" in told


def test_chat_is_the_client_s(monkeypatch: pytest.MonkeyPatch) -> None:
    module = ModuleType("hubbub.client.app")
    module.add_arguments = lambda parser: parser.add_argument("--name")  # type: ignore[attr-defined]
    module.run = lambda parsed: 5 if parsed.name == "bob" else 0  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "hubbub.client.app", module)
    assert cli.main(["chat", "--name", "bob"]) == 5


def test_the_printed_configuration_is_the_defaults(capsys: Printed) -> None:
    assert cli.main(["config"]) == 0
    assert parse(capsys.readouterr().out) == Config()


def test_a_configuration_is_checked(tmp_path: Path, capsys: Printed) -> None:
    file = tmp_path / "hubbub.toml"
    assert cli.main(["config", "--check", str(file)]) == 2
    assert "there is no such file" in capsys.readouterr().err
    file.write_text("[server]\n")
    assert cli.main(["config", "--check", str(file)]) == 0
    assert capsys.readouterr().out == f"{file} is right.\n"


def test_the_version(capsys: Printed) -> None:
    assert cli.main(["version"]) == 0
    assert capsys.readouterr().out == f"hubbub {__version__}\n"


@contextmanager
def running_server(directory: Path, heard: list[str]) -> Iterator[None]:
    """A server's admin socket in a thread of its own; it refuses whatever names nobody."""

    async def handle(line: str) -> tuple[bool, list[str]]:
        heard.append(line)
        return "nobody" not in line, [f"heard {line}"]

    ready, loop = threading.Event(), asyncio.new_event_loop()
    done = asyncio.Event()

    async def run() -> None:
        admin = await open_admin_socket(directory, handle)
        ready.set()
        await done.wait()
        await admin.close()

    thread = threading.Thread(target=lambda: loop.run_until_complete(run()))
    thread.start()
    try:
        assert ready.wait(20)
        yield
    finally:
        loop.call_soon_threadsafe(done.set)
        thread.join()
        loop.close()


@pytest.mark.parametrize("before", [True, False])
def test_admin_reaches_the_server(tmp_path: Path, capsys: Printed, before: bool) -> None:
    heard: list[str] = []
    place = ["--data", str(tmp_path)]
    words = ["kick", "alice", "being", "rude"]
    with running_server(tmp_path, heard):
        typed = ["admin", *place, *words] if before else ["admin", *words, *place]
        assert cli.main(typed) == 0
        assert capsys.readouterr().out == "heard kick alice being rude\n"
        assert cli.main(["admin", *place, "kick", "nobody"]) == 1
        assert capsys.readouterr() == ("", "heard kick nobody\n")
        assert cli.main(["admin", *place, "say", "--", "-d", "is", "debug"]) == 0
    assert heard == ["kick alice being rude", "kick nobody", "say -d is debug"]


def test_admin_finds_the_data_by_the_configuration(tmp_path: Path) -> None:
    heard: list[str] = []
    (tmp_path / "my.toml").write_text('[storage]\ndata = "chat"\n')
    (tmp_path / "chat").mkdir()
    with running_server(tmp_path / "chat", heard):
        assert cli.main(["admin", "--config", str(tmp_path / "my.toml"), "users"]) == 0
    assert heard == ["users"]


def test_admin_without_a_server(tmp_path: Path, capsys: Printed) -> None:
    assert cli.main(["admin", "--data", str(tmp_path), "users"]) == 3
    assert capsys.readouterr().err.startswith("hubbub: No Hubbub server is running on ")


def test_a_wrong_admin_command_is_told_before_a_server_is_looked_for(
    tmp_path: Path, capsys: Printed
) -> None:
    assert cli.main(["admin", "--data", str(tmp_path), "kick"]) == 2
    assert capsys.readouterr().err == "hubbub: Usage: kick <user> [reason]\n"
    assert cli.main(["admin", "kik", "bob"]) == 2
    assert "invalid choice: 'kik'" in capsys.readouterr().err


def test_admin_help_needs_no_server(capsys: Printed) -> None:
    assert cli.main(["admin", "help"]) == 0
    lines = capsys.readouterr().out.splitlines()
    usages = [line.split()[0] for line in lines if not line.startswith(" ")]
    assert usages == [command.name for command in ADMIN_COMMANDS]


@pytest.mark.parametrize("words", [[], ["serve"], ["admin"], ["admin", "kick"], ["config"]])
def test_each_help_is_shown(words: list[str], capsys: Printed) -> None:
    assert cli.main([*words, "--help"]) == 0
    shown = capsys.readouterr().out
    assert "usage: hubbub" in shown
    assert "exit codes" in shown or words == ["admin", "kick"]


@pytest.mark.parametrize("words", [[], ["dance"], ["serve", "--port", "1"], ["admin"]])
def test_a_wrong_command_line(words: list[str], capsys: Printed) -> None:
    assert cli.main(words) == 2
    assert "usage: hubbub" in capsys.readouterr().err


def test_every_example_can_be_typed(
    served: Served, capsys: Printed, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.chdir(tmp_path)
    for words in (["serve"], ["admin"]):
        cli.main([*words, "--help"])
        for line in capsys.readouterr().out.splitlines():
            if line.startswith("  hubbub serve"):
                assert cli.main(line.split("  ")[1].split()[1:]) == 0, line
            elif line.startswith("  hubbub admin"):
                assert parse_admin(line.replace(" --data ./chat", "").partition("admin ")[2])
    assert len(served) == 3


def test_a_closed_pipe_is_no_error() -> None:
    reading, writing = os.pipe()
    os.close(reading)
    try:
        done = subprocess.run(
            [sys.executable, "-m", "hubbub.cli", "config"],
            cwd=ROOT,
            stdout=writing,
            stderr=subprocess.PIPE,
            text=True,
            check=False,
        )
    finally:
        os.close(writing)
    assert (done.returncode, done.stderr) == (0, "")


def test_what_a_command_does_not_need_is_not_loaded() -> None:
    program = (
        "import sys; from hubbub.cli import main; main(['version']);"
        "print(*sorted(sys.modules), sep='\\n')"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=True
    )
    loaded = set(done.stdout.splitlines())
    assert "hubbub.cli" in loaded
    assert not loaded & {"asyncio", "ssl", "msgspec", "prompt_toolkit", "cryptography", "sqlite3"}
