"""The way in for `hubbub admin`: a unix socket in the data directory, which only its owner can open.

One connection asks one thing: a line of text in; `ok N` or `error N` and N lines out; end. The
count tells an answer that a dying server cut short from a whole one.
"""

import asyncio
import errno
import logging
import os
import socket
import sys
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from hubbub.server.errors import OperatorError

ADMIN_SOCKET = "admin.sock"
MAX_LINE_BYTES = 8_192
MAX_REPLY_BYTES = 16_777_216
MAX_CONNECTIONS = 16
REQUEST_SECONDS = 10.0

AdminHandler = Callable[[str], Awaitable[tuple[bool, list[str]]]]
"""Does what a line asks for: whether it was done, and the lines to show."""

_SUN_PATH_BYTES = 107 if sys.platform == "linux" else 103
"""The longest path that an address of a unix socket holds, less its final NUL."""

_log = logging.getLogger("hubbub.admin")


class AdminSocketError(OperatorError):
    """The admin socket can't be opened, or no server answers on it."""


class NoServerError(AdminSocketError):
    """No server is running on that data directory."""


class AdminSocket:
    """A running server's admin socket; made with `open_admin_socket`."""

    def __init__(self, path: Path, handler: AdminHandler) -> None:
        self.path = path
        self._handler = handler
        self._tasks: set[asyncio.Task[None]] = set()
        self._server: asyncio.Server | None = None

    async def _start(self, listener: socket.socket) -> None:
        self._server = await asyncio.start_unix_server(
            self._connected, sock=listener, limit=MAX_LINE_BYTES
        )

    async def close(self) -> None:
        """Stop answering and remove the socket's file; what is being answered is finished first.

        Not to be awaited from within the handler, which would wait for itself.
        """
        if self._server is not None:
            self._server.close()
        if self._tasks:
            await asyncio.wait(self._tasks)
        self.path.unlink(missing_ok=True)

    async def _connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._tasks.add(task)
        try:
            done, lines = await self._answer(reader)
            writer.write(_encoded(done, lines))
            writer.close()
            async with asyncio.timeout(REQUEST_SECONDS):
                await writer.wait_closed()  # after everything was sent
        except (ConnectionError, TimeoutError):
            pass  # whoever asked has gone
        finally:
            writer.transport.abort()  # of one who has gone, or doesn't read; else long closed
            self._tasks.discard(task)

    async def _answer(self, reader: asyncio.StreamReader) -> tuple[bool, list[str]]:
        try:
            async with asyncio.timeout(REQUEST_SECONDS):
                raw = await reader.readline()
        except TimeoutError:
            return False, ["No command came."]
        except ValueError:
            return False, [f"A command has at most {MAX_LINE_BYTES} bytes."]
        if not raw.endswith(b"\n"):
            return False, ["The command was cut short."]
        try:
            line = raw.decode().strip()
        except UnicodeDecodeError:
            return False, ["A command is UTF-8 text."]
        # Not before it was read: closing with something unread would lose the answer.
        if len(self._tasks) > MAX_CONNECTIONS:
            return False, ["Too many admin commands at once; try again."]
        try:
            return await self._handler(line)
        except OperatorError as error:
            return False, [str(error)]
        except Exception:
            _log.exception("an admin command failed")
            return False, ["That went wrong inside the server; its log says more."]


async def open_admin_socket(data_dir: Path, handler: AdminHandler) -> AdminSocket:
    """Listen on the admin socket in `data_dir`, whose lock the caller holds. Raises AdminSocketError.

    A socket file that a killed server left is replaced: the lock says that nobody uses it.
    """
    if not hasattr(socket, "AF_UNIX") or sys.platform == "win32":
        raise AdminSocketError("This system has no unix sockets, so `hubbub admin` can't work.")
    path = data_dir / ADMIN_SOCKET
    listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        path.unlink(missing_ok=True)
        with _short(path) as name:
            listener.bind(name)
        path.chmod(0o600)  # until here the directory's 0700 keeps others away
        admin = AdminSocket(path, handler)
        await admin._start(listener)
    except OSError as error:
        listener.close()
        raise AdminSocketError(
            f"The admin socket {path} can't be opened: {error.strerror}."
        ) from error
    except BaseException:
        listener.close()
        raise
    return admin


def ask(data_dir: Path, line: str, timeout: float = 30.0) -> tuple[bool, list[str]]:
    """Have the server that runs on `data_dir` do `line`; whether it was done, and its answer's lines.

    Waits for `timeout` seconds at most. Raises NoServerError, AdminSocketError.
    """
    if "\n" in line or "\r" in line:
        raise AdminSocketError("A command is one line.")
    request = line.encode(errors="replace") + b"\n"
    if len(request) > MAX_LINE_BYTES:
        raise AdminSocketError(f"A command has at most {MAX_LINE_BYTES} bytes.")
    if not hasattr(socket, "AF_UNIX") or sys.platform == "win32":
        raise AdminSocketError("This system has no unix sockets, so `hubbub admin` can't work.")
    path = data_dir / ADMIN_SOCKET
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as asking:
        asking.settimeout(timeout)
        try:
            with _short(path) as name:
                asking.connect(name)
        except OSError as error:
            raise _unreachable(data_dir, error) from None
        try:
            asking.sendall(request)
            return _decoded(_read_all(asking))
        except TimeoutError:
            raise AdminSocketError(
                f"The server didn't answer within {timeout:g} seconds; it may have done it all the same."
            ) from None
        except OSError:
            raise AdminSocketError("The server ended before it answered; see its log.") from None


def _unreachable(data_dir: Path, error: OSError) -> AdminSocketError:
    if isinstance(error, FileNotFoundError | NotADirectoryError | ConnectionRefusedError):
        return NoServerError(
            f"No Hubbub server is running on {data_dir}. Start one (hubbub serve), or name the"
            " running one's directory with --data."
        )
    if isinstance(error, PermissionError):
        return AdminSocketError(
            f"The server on {data_dir} belongs to another user; run this as the one who started it."
        )
    return AdminSocketError(f"The server on {data_dir} can't be reached: {error.strerror}.")


def _read_all(asking: socket.socket) -> bytes:
    received = bytearray()
    while part := asking.recv(65_536):
        received += part
        if len(received) > MAX_REPLY_BYTES:
            raise AdminSocketError("The answer is too long to be shown.")
    return bytes(received)


def _encoded(done: bool, lines: list[str]) -> bytes:
    # A line of the answer is a line: what would break it is a space.
    shown = [" ".join(line.splitlines()) for line in lines]
    status = f"{'ok' if done else 'error'} {len(shown)}"
    return "".join(f"{line}\n" for line in [status, *shown]).encode(errors="replace")


def _decoded(reply: bytes) -> tuple[bool, list[str]]:
    status, *lines = reply.decode(errors="replace").removesuffix("\n").split("\n")
    word, _, count = status.partition(" ")
    whole = count.isdigit() and int(count) == len(lines) and reply.endswith(b"\n")
    if word not in ("ok", "error") or not whole:
        raise AdminSocketError("The server ended before it answered; see its log.")
    return word == "ok", lines


@contextmanager
def _short(path: Path) -> Iterator[str]:
    """A name of the socket that fits its address, valid within the block."""
    if len(os.fsencode(path)) <= _SUN_PATH_BYTES:
        yield str(path)
        return
    if sys.platform != "linux":
        raise OSError(
            errno.ENAMETOOLONG,
            f"its path has more than {_SUN_PATH_BYTES} bytes; name a shorter data directory",
        )
    directory = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY)
    try:
        yield f"/proc/self/fd/{directory}/{path.name}"
    finally:
        os.close(directory)
