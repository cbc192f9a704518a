"""One command a connection over a socket that only its owner can open."""

import asyncio
import os
import socket
import stat
import sys
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest

from hubbub.server import admin_socket
from hubbub.server.admin_socket import (
    ADMIN_SOCKET,
    MAX_LINE_BYTES,
    AdminSocketError,
    NoServerError,
    ask,
    open_admin_socket,
)
from hubbub.server.errors import OperatorError

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="there are no unix sockets")

Answer = tuple[bool, list[str]]


async def echo(line: str) -> Answer:
    return True, [f"heard {line}"]


def asked(directory: Path, line: str, handler: Callable[[str], Awaitable[Answer]] = echo) -> Answer:
    """What a server with this handler answers to a line."""

    async def run() -> Answer:
        admin = await open_admin_socket(directory, handler)
        try:
            return await asyncio.to_thread(ask, directory, line, 20)
        finally:
            await admin.close()

    return asyncio.run(run())


def sent(directory: Path, request: bytes) -> bytes:
    """What a server answers to raw bytes, of which no more follow."""

    async def run() -> bytes:
        admin = await open_admin_socket(directory, echo)
        reader, writer = await asyncio.open_unix_connection(directory / ADMIN_SOCKET)
        writer.write(request)
        writer.write_eof()
        reply = await reader.read()
        writer.close()
        await writer.wait_closed()
        await admin.close()
        return reply

    return asyncio.run(run())


def test_a_command_is_answered(tmp_path: Path) -> None:
    assert asked(tmp_path, "kick alice being rude ü") == (True, ["heard kick alice being rude ü"])
    assert not (tmp_path / ADMIN_SOCKET).exists()


def test_the_reply_begins_with_its_status_and_length(tmp_path: Path) -> None:
    assert sent(tmp_path, b"users\n") == b"ok 1\nheard users\n"


def test_a_refusal_is_told_from_an_answer(tmp_path: Path) -> None:
    async def refuses(line: str) -> Answer:
        return False, ["There is no alice here.", "Did you mean alicia?"]

    assert asked(tmp_path, "kick alice", refuses) == (
        False,
        ["There is no alice here.", "Did you mean alicia?"],
    )


def test_an_answer_may_be_empty_or_long(tmp_path: Path) -> None:
    async def nothing(line: str) -> Answer:
        return True, []

    async def much(line: str) -> Answer:
        return True, [f"{number} {'x' * 100}" for number in range(5_000)]

    assert asked(tmp_path, "users", nothing) == (True, [])
    assert len(asked(tmp_path, "users", much)[1]) == 5_000


def test_an_answer_s_line_stays_one_line(tmp_path: Path) -> None:
    async def breaks(line: str) -> Answer:
        return True, ["a\nok 0\r\nb", "", "lone \ud800"]

    assert asked(tmp_path, "x", breaks) == (True, ["a ok 0 b", "", "lone ?"])


def test_errors_of_the_handler_are_answers(tmp_path: Path) -> None:
    async def wrong(line: str) -> Answer:
        raise OperatorError("Usage: kick <user>")

    async def broken(line: str) -> Answer:
        raise ZeroDivisionError

    assert asked(tmp_path, "kick", wrong) == (False, ["Usage: kick <user>"])
    done, [told] = asked(tmp_path, "kick", broken)
    assert not done
    assert "its log says more" in told


@pytest.mark.parametrize(
    ("request_", "answer"),
    [
        (b"", b"error 1\nThe command was cut short.\n"),
        (b"stop", b"error 1\nThe command was cut short.\n"),
        (b"say \xff\n", b"error 1\nA command is UTF-8 text.\n"),
        (b"x" * (MAX_LINE_BYTES + 1), b"error 1\nA command has at most 8192 bytes.\n"),
    ],
)
def test_rubbish_is_refused(tmp_path: Path, request_: bytes, answer: bytes) -> None:
    assert sent(tmp_path, request_) == answer


def test_silence_is_not_waited_for(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(admin_socket, "REQUEST_SECONDS", 0.0)

    async def run() -> bytes:
        admin = await open_admin_socket(tmp_path, echo)
        reader, writer = await asyncio.open_unix_connection(tmp_path / ADMIN_SOCKET)
        reply = await reader.read()
        writer.close()
        await admin.close()
        return reply

    assert asyncio.run(run()) == b"error 1\nNo command came.\n"


def test_more_than_some_at_once_are_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(admin_socket, "MAX_CONNECTIONS", 1)

    async def run() -> Answer:
        entered, leave = asyncio.Event(), asyncio.Event()

        async def slow(line: str) -> Answer:
            entered.set()
            await leave.wait()
            return True, []

        admin = await open_admin_socket(tmp_path, slow)
        first = asyncio.create_task(asyncio.to_thread(ask, tmp_path, "first", 20))
        await entered.wait()
        second = await asyncio.to_thread(ask, tmp_path, "second", 20)
        leave.set()
        assert await first == (True, [])
        await admin.close()
        return second

    assert asyncio.run(run()) == (False, ["Too many admin commands at once; try again."])


def test_closing_finishes_what_is_being_answered(tmp_path: Path) -> None:
    async def run() -> Answer:
        entered, leave = asyncio.Event(), asyncio.Event()

        async def slow(line: str) -> Answer:
            entered.set()
            await leave.wait()
            return True, ["done"]

        admin = await open_admin_socket(tmp_path, slow)
        asking = asyncio.create_task(asyncio.to_thread(ask, tmp_path, "stop", 20))
        await entered.wait()
        closing = asyncio.create_task(admin.close())
        leave.set()
        await closing
        return await asking

    assert asyncio.run(run()) == (True, ["done"])


def test_only_the_owner_may_open_it(tmp_path: Path) -> None:
    async def run() -> int:
        admin = await open_admin_socket(tmp_path, echo)
        mode = stat.S_IMODE(admin.path.stat().st_mode)
        await admin.close()
        return mode

    assert asyncio.run(run()) == 0o600


def test_the_socket_of_a_killed_server_is_replaced(tmp_path: Path) -> None:
    with socket.socket(socket.AF_UNIX) as killed:
        killed.bind(os.fspath(tmp_path / ADMIN_SOCKET))
    with pytest.raises(NoServerError, match="No Hubbub server is running on"):
        ask(tmp_path, "users")
    assert asked(tmp_path, "users") == (True, ["heard users"])


def test_no_server_is_told(tmp_path: Path) -> None:
    with pytest.raises(NoServerError, match=r"hubbub serve.*--data"):
        ask(tmp_path, "users")
    with pytest.raises(NoServerError):
        ask(tmp_path / "nowhere", "users")


def test_a_directory_in_the_socket_s_place_is_told(tmp_path: Path) -> None:
    (tmp_path / ADMIN_SOCKET).mkdir()
    with pytest.raises(AdminSocketError, match="can't be opened"):
        asyncio.run(open_admin_socket(tmp_path, echo))


@pytest.mark.skipif(sys.platform != "linux", reason="needs /proc/self/fd")
@pytest.mark.parametrize("length", [200, 106 - len(ADMIN_SOCKET), 107 - len(ADMIN_SOCKET)])
def test_a_long_path_works(tmp_path: Path, length: int) -> None:
    directory = tmp_path / "d"
    missing = length - len(str(directory)) - 1
    if missing > 0:
        directory = directory / ("x" * missing)
    directory.mkdir(parents=True)
    assert asked(directory, "users") == (True, ["heard users"])
    assert list(directory.iterdir()) == []


@pytest.mark.skipif(sys.platform == "linux", reason="Linux has a way round")
def test_a_path_that_is_too_long_is_told(tmp_path: Path) -> None:
    with pytest.raises(AdminSocketError, match="name a shorter data directory"):
        ask(tmp_path / ("x" * 200), "users")


def answered_with(directory: Path, reply: bytes) -> Answer:
    """What a client makes of a server that sends this and ends."""

    async def run() -> Answer:
        async def server(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            await reader.readline()
            writer.write(reply)
            writer.close()

        listener = await asyncio.start_unix_server(server, directory / ADMIN_SOCKET)
        try:
            return await asyncio.to_thread(ask, directory, "users", 20)
        finally:
            listener.close()

    return asyncio.run(run())


@pytest.mark.parametrize("reply", [b"", b"ok", b"ok 2\nalice\n", b"ok 1\nali", b"maybe 0\n"])
def test_an_answer_that_was_cut_short_is_none(tmp_path: Path, reply: bytes) -> None:
    with pytest.raises(AdminSocketError, match="ended before it answered"):
        answered_with(tmp_path, reply)


def test_a_command_is_one_line_of_bounded_length(tmp_path: Path) -> None:
    with pytest.raises(AdminSocketError, match="one line"):
        ask(tmp_path, "users\nstop")
    with pytest.raises(AdminSocketError, match="at most 8192 bytes"):
        ask(tmp_path, "say " + "x" * MAX_LINE_BYTES)
