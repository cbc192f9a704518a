"""`hubbub chat` in a pipe, as a process of its own: what goes where, and what its end says."""

from __future__ import annotations

import asyncio
import signal
import sys
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest

from hubbub.client.pipe import Status, write
from hubbub.client.render import Line, Stream
from tests.client.fake_server import FakeServer, running

ROOT = Path(__file__).parents[2]


async def start(port: int, data: Path, *options: str) -> asyncio.subprocess.Process:
    pipe = asyncio.subprocess.PIPE
    command = ["-m", "hubbub.cli", "chat", f"127.0.0.1:{port}", "--data", str(data), *options]
    return await asyncio.create_subprocess_exec(
        sys.executable, *command, cwd=ROOT, stdin=pipe, stdout=pipe, stderr=pipe
    )


async def chat(port: int, data: Path, text: str, *options: str) -> tuple[int, str, str]:
    """Run it with this input: status, standard output, standard error."""
    process = await start(port, data, *options)
    async with asyncio.timeout(30):
        out, err = await process.communicate(text.encode())
    assert process.returncode is not None
    return process.returncode, out.decode(), err.decode()


def run(scene: Callable[[FakeServer], Awaitable[None]], **settings: object) -> None:
    async def whole() -> None:
        async with running(**settings) as server:  # type: ignore[arg-type]
            await scene(server)

    asyncio.run(whole())


def test_what_comes_in_is_said_and_the_chat_comes_out(tmp_path: Path) -> None:
    async def scene(server: FakeServer) -> None:
        status, out, err = await chat(server.port, tmp_path, "hello\n\nlast line", "--name", "bot")
        assert status == Status.OK, err
        assert [line[6:] for line in out.splitlines()] == ["<bot> hello", "<bot> last line"]
        assert "you joined #lobby" in err
        assert server.received[-1] == "QUIT"

    run(scene)


def test_commands_work_in_the_order_of_their_lines(tmp_path: Path) -> None:
    async def scene(server: FakeServer) -> None:
        text = "/whisper bob psst\n/users\n//slash\n"
        status, out, err = await chat(server.port, tmp_path, text, "--name", "bot")
        assert status == Status.OK, err
        assert [line[6:] for line in out.splitlines()] == ["[whisper to bob] psst", "<bot> /slash"]
        assert "#lobby has 2: @bob, bot" in err

    run(scene)


def test_literal_says_lines_as_they_are(tmp_path: Path) -> None:
    async def scene(server: FakeServer) -> None:
        status, out, _ = await chat(
            server.port, tmp_path, "/etc/passwd\n", "--name", "bot", "--literal"
        )
        assert status == Status.OK
        assert "<bot> /etc/passwd" in out

    run(scene)


def test_an_unknown_command_is_reported_in_the_status(tmp_path: Path) -> None:
    async def scene(server: FakeServer) -> None:
        status, _, err = await chat(server.port, tmp_path, "/whispr bob hi\n", "--name", "bot")
        assert status == Status.REFUSED
        assert "did you mean /whisper?" in err

    run(scene)


def test_a_taken_name_is_a_status_of_its_own(tmp_path: Path) -> None:
    async def scene(server: FakeServer) -> None:
        status, out, err = await chat(server.port, tmp_path, "hi\n", "--name", "bot")
        assert status == Status.NAME_REFUSED
        assert "That name is in use" in err
        assert "--name gives another one" in err
        assert "type another name" not in err
        assert out == ""

    run(scene, taken_names=frozenset({"bot"}))


def test_old_lines_are_on_standard_output_for_those_who_want_them(
    capsys: pytest.CaptureFixture[str],
) -> None:
    old, live = Line("old", Stream.CHAT, old=True), Line("live", Stream.CHAT)
    for line in (old, live):
        write(line)
    assert capsys.readouterr() == ("live\n", "old\n")
    write(old, history=True)
    assert capsys.readouterr() == ("old\n", "")


def test_what_is_not_acknowledged_in_time_is_a_status_of_its_own(tmp_path: Path) -> None:
    async def scene(server: FakeServer) -> None:
        status, _, err = await chat(server.port, tmp_path, "hi\n", "--name", "bot", "--wait", "0.3")
        assert status == Status.UNACKNOWLEDGED
        assert "1 messages were not acknowledged" in err

    run(scene, acknowledges=False)


def test_a_kick_ends_it(tmp_path: Path) -> None:
    async def scene(server: FakeServer) -> None:
        process = await start(server.port, tmp_path, "--name", "bot", "--follow")
        assert process.stderr is not None
        async with asyncio.timeout(30):
            while b"you joined" not in await process.stderr.readline():
                pass
            server.send(":op!u@h KICK #lobby bot :enough")
            _, err = await process.communicate()
        assert process.returncode == Status.REFUSED
        assert b"YOU WERE kicked from #lobby by op: enough" in err

    run(scene)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_says_goodbye(tmp_path: Path, number: signal.Signals) -> None:
    async def scene(server: FakeServer) -> None:
        process = await start(server.port, tmp_path, "--name", "bot", "--follow")
        assert process.stderr is not None
        async with asyncio.timeout(30):
            while b"you joined" not in await process.stderr.readline():
                pass
            process.send_signal(number)
            await process.communicate()
        assert process.returncode == Status.INTERRUPTED
        assert server.received[-1] == "QUIT"

    run(scene)


def test_no_server_and_no_name_are_told_apart(tmp_path: Path) -> None:
    async def scene(server: FakeServer) -> None:
        status, _, err = await chat(server.port, tmp_path, "")
        assert status == Status.USAGE
        assert "--name" in err
        await server.stop()
        status, _, err = await chat(server.port, tmp_path, "hi\n", "--name", "bot")
        assert status == Status.NO_CONNECTION
        assert "is the server running?" in err

    run(scene)


def test_debug_shows_lines_but_no_secrets(tmp_path: Path) -> None:
    async def scene(server: FakeServer) -> None:
        status, _, err = await chat(server.port, tmp_path, "hi\n", "--name", "bot", "-d")
        assert status == Status.OK
        assert "<- :s 001 bot Welcome" in err or "<- :s 001 bot :Welcome" in err
        (told,) = [line for line in server.received if line.startswith("DEVICE ")]
        assert told.split()[1] not in err
        assert "-> DEVICE *****" in err

    run(scene)


def test_the_device_is_the_same_the_next_time_but_not_twice_at_once(tmp_path: Path) -> None:
    async def scene(server: FakeServer) -> None:
        def tokens() -> list[str]:
            return [line for line in server.received if line.startswith("DEVICE ")]

        for _ in range(2):
            await chat(server.port, tmp_path, "", "--name", "bot")
        assert len(tokens()) == 2
        assert len(set(tokens())) == 1
        first = await start(server.port, tmp_path, "--name", "bot")
        assert first.stderr is not None
        async with asyncio.timeout(30):
            while b"you joined" not in await first.stderr.readline():
                pass
        await chat(server.port, tmp_path, "", "--name", "BOT")
        await first.communicate(b"")
        assert tokens()[2] == tokens()[0]
        assert tokens()[3] != tokens()[0]

    run(scene)
