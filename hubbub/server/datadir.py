"""The data directory belongs to one server at a time, and nobody but its owner can look into it."""

import errno
import os
import stat
import sys
from pathlib import Path
from types import TracebackType

from hubbub.server.config_file import CONFIG_FILE
from hubbub.server.errors import OperatorError

LOCK_FILE = "hubbub.lock"

_OTHERS = stat.S_IRWXG | stat.S_IRWXO


EXPORTS = "exports"
"""Where what the operator has exported of somebody goes, below the data directory."""
CLIENT_DIRECTORY = "client"
"""Where our client keeps its files, below the same default directory."""


class DataDirError(OperatorError):
    """The data directory can't be used, and why."""


class DataDirInUseError(DataDirError):
    """Another server holds the data directory."""


def default_data_dir() -> Path:
    """Where this system keeps a program's data for this user."""
    from platformdirs import user_data_dir

    return Path(user_data_dir("hubbub", appauthor=False))


class DataDir:
    """A data directory that this process alone uses, until `close()` or its end.

    Made with `DataDir.open()`. The lock is the operating system's, so a killed server leaves none.
    """

    def __init__(self, path: Path, lock: int) -> None:
        self.path = path
        self._lock = lock

    @classmethod
    def open(cls, path: Path) -> "DataDir":
        """Make the directory if needed, see that it is ours and private, and lock it.

        Raises DataDirError; DataDirInUseError when another server is running on it.
        """
        path = path.expanduser().absolute()
        try:
            _prepare(path)
            return cls(path, _locked(path))
        except OSError as error:
            raise DataDirError(_explained(path, error)) from error

    def close(self) -> None:
        """Let another server have the directory. The lock file stays: removing it would be a race."""
        if self._lock >= 0:
            os.close(self._lock)
            self._lock = -1

    def __enter__(self) -> "DataDir":
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()


def _prepare(path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    try:
        path.mkdir(mode=0o700)
    except FileExistsError:
        if not path.is_dir():
            raise DataDirError(
                f"{path} is a file, not a directory: name another place with --data."
            ) from None
    if sys.platform != "win32":
        _make_private(path)
    if not os.access(path, os.R_OK | os.W_OK | os.X_OK):
        raise DataDirError(
            f"The data directory {path} can't be written to: make it writable, or name another"
            " with --data."
        )


def _make_private(path: Path) -> None:
    status = path.stat()
    if status.st_uid != os.geteuid():
        raise DataDirError(
            f"The data directory {path} belongs to another user ({_user(status.st_uid)}): run as"
            " that user, or name another directory with --data."
        )
    if not status.st_mode & _OTHERS:
        return
    # Closing somebody's home or /tmp to the others would be worse than not starting.
    if not _is_ours(path):
        raise DataDirError(
            f"{path} is in use for something else, and others can look into it: name an empty or"
            f" new directory with --data (or close this one: chmod 700 {path})."
        )
    path.chmod(0o700)


def _is_ours(path: Path) -> bool:
    names = os.listdir(path)
    # The client, started first, has made the directory for its own files.
    return names in ([], [CLIENT_DIRECTORY]) or LOCK_FILE in names or CONFIG_FILE in names


def _user(uid: int) -> str:
    import pwd

    try:
        return pwd.getpwuid(uid).pw_name
    except KeyError:
        return f"number {uid}"


def _locked(path: Path) -> int:
    lock = os.open(path / LOCK_FILE, os.O_RDWR | os.O_CREAT, 0o600)
    try:
        if not _try_lock(lock):
            raise DataDirInUseError(
                f"Another Hubbub server{_holder(lock)} is already using {path}. Stop that one, or"
                " start this one with another directory (--data)."
            )
        os.ftruncate(lock, 0)
        os.lseek(lock, 0, os.SEEK_SET)
        os.write(lock, f"{os.getpid()}\n".encode())
    except BaseException:
        os.close(lock)
        raise
    return lock


def _holder(lock: int) -> str:
    os.lseek(lock, 0, os.SEEK_SET)
    number = os.read(lock, 32).strip()
    return f" (process {int(number)})" if number.isdigit() else ""


if sys.platform == "win32":
    import msvcrt

    _LOCKED_BYTE = (
        1 << 20
    )  # Windows' locks keep others from reading, so not where the number stands

    def _try_lock(lock: int) -> bool:
        os.lseek(lock, _LOCKED_BYTE, os.SEEK_SET)
        try:
            msvcrt.locking(lock, msvcrt.LK_NBLCK, 1)
        except OSError:
            return False
        return True

else:
    import fcntl

    def _try_lock(lock: int) -> bool:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        return True


_ADVICE = {
    errno.EACCES: "this user may not use it; make it writable, or name another with --data",
    errno.EPERM: "this user may not use it; make it writable, or name another with --data",
    errno.EROFS: "the disk is read-only; name a place on another with --data",
    errno.ENOSPC: "the disk is full; free some space",
    errno.EDQUOT: "the disk quota is used up; free some space",
    errno.ENOTDIR: "a part of the path is a file, not a directory; name another with --data",
    errno.ENOLCK: "its file system can't lock files; name a place on a local disk with --data",
    errno.EOPNOTSUPP: "its file system can't lock files; name a place on a local disk with --data",
}


def _explained(path: Path, error: OSError) -> str:
    reason = _ADVICE.get(error.errno or 0, f"{error.strerror}; name another with --data")
    return f"The data directory {path} can't be used: {reason}."
