"""What the client keeps on disk: fingerprints of servers, and one device token for each name on a server.

Files are for their owner only (0600, directories 0700) and are replaced whole, never half written.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import secrets
import tempfile
from dataclasses import dataclass, field
from pathlib import Path

import platformdirs

from hubbub.client.address import Address
from hubbub.irc.names import fold

try:
    import fcntl
except ImportError:  # not on Windows: there a token can't be locked
    fcntl = None  # type: ignore[assignment]


def default_directory() -> Path:
    """Where the client keeps its files on this system."""
    return Path(platformdirs.user_data_dir("hubbub", appauthor=False)) / "client"


@dataclass(frozen=True, slots=True)
class KnownServers:
    """Certificates trusted on first use: lines of `host:port sha256:<64 hexadecimal digits>`."""

    path: Path

    def fingerprint(self, address: Address) -> str | None:
        """The fingerprint trusted for this address. Raises OSError when the file can't be read."""
        return self._rows().get(_key(address))

    def trust(self, address: Address, fingerprint: str) -> None:
        """Trust this certificate at this address from now on. Raises OSError."""
        rows = self._rows() | {_key(address): fingerprint}
        text = "".join(f"{key} sha256:{value}\n" for key, value in sorted(rows.items()))
        _write(self.path, text)

    def _rows(self) -> dict[str, str]:
        try:
            lines = self.path.read_text().splitlines()
        except FileNotFoundError:
            return {}
        rows = (line.split() for line in lines if not line.startswith("#"))
        return {row[0]: _digits(row[1]) for row in rows if len(row) == 2}


@dataclass(slots=True)
class Device:
    """This device's token for one name on one server; other programs can't use it until `release`."""

    token: str
    _lock: int | None = field(default=None, repr=False)

    def release(self) -> None:
        """Let another program use the token."""
        if self._lock is not None:
            os.close(self._lock)
            self._lock = None


def claim_device(directory: Path, address: Address, nick: str) -> Device:
    """The token for this name, made at first use.

    Two programs with one token would take the name from each other for ever; so the second one gets a
    passing token, and the server tells it that the name is in use. Raises OSError.
    """
    name = hashlib.sha256(f"{_key(address)} {fold(nick)}".encode()).hexdigest()[:32]
    path = directory / "devices" / f"{name}.token"
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    lock = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
    try:
        if fcntl is not None:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        kept = os.read(lock, 64).decode("ascii", "replace").strip()
        if len(kept) < 22 or not kept.replace("-", "").replace("_", "").isalnum():
            kept = secrets.token_urlsafe(32)
            os.lseek(lock, 0, os.SEEK_SET)
            os.ftruncate(lock, 0)
            os.write(lock, kept.encode())
            os.fsync(lock)
    except BlockingIOError:
        os.close(lock)
        return Device(secrets.token_urlsafe(32))
    except BaseException:
        os.close(lock)
        raise
    return Device(kept, lock)


def _digits(fingerprint: str) -> str:
    """A person may have written one as it is shown, in capitals and with colons."""
    return fingerprint.lower().removeprefix("sha256:").replace(":", "")


def _key(address: Address) -> str:
    host = address.host.lower()
    return f"[{host}]:{address.port}" if ":" in host else f"{host}:{address.port}"


def _write(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=path.name)  # made 0600
    try:
        with os.fdopen(handle, "w") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        os.replace(name, path)
    except BaseException:
        with contextlib.suppress(OSError):
            os.unlink(name)
        raise
