"""What was typed to start the server, and the configuration that follows from it.

One place decides which data directory and which file count: for the server, for its reload on
SIGHUP, and for the commands that look for a running server.
"""

import os
import sys
from dataclasses import dataclass, replace
from pathlib import Path

from hubbub.server.addresses import AddressError, parse_listen
from hubbub.server.config import Config
from hubbub.server.config_file import CONFIG_FILE, ConfigError, Problem, load
from hubbub.server.config_sections import Tls
from hubbub.server.datadir import default_data_dir


@dataclass(frozen=True, slots=True, kw_only=True)
class ServeOptions:
    """The command line of `hubbub serve`; what is None or empty wasn't given."""

    data: Path | None = None
    config_file: Path | None = None
    listen: tuple[str, ...] = ()
    debug: bool = False
    console: bool = True
    """Whether a console is wanted where there is a terminal."""

    def wants_console(self) -> bool:
        """Whether to run a console: one is wanted, and there is a terminal that can show it."""
        able = sys.stdin.isatty() and sys.stdout.isatty() and os.environ.get("TERM") != "dumb"
        return self.console and able

    def found_file(self) -> Path | None:
        """The configuration file that counts: the one named, or the data directory's if it exists."""
        if self.config_file is not None:
            return self.config_file
        file = (self.data or default_data_dir()) / CONFIG_FILE
        # is_file() is False for a directory that may not be entered; opening it then says so.
        return file if file.is_file() else None

    def load(self) -> Config:
        """The configuration with the command line's words applied and every path absolute.

        `storage.data` is always set afterwards. Reads the file anew at each call. Raises ConfigError.
        """
        file = self.found_file()
        config = load(file)
        base = (file.parent if file else Path()).absolute()
        data = self.data or (base / Path(config.storage.data).expanduser())
        if self.data is None and not config.storage.data:
            data = default_data_dir()
        server = config.server
        if self.listen:
            server = replace(server, listen=self.listen)
            _check_listen(self.listen)
        return replace(
            config,
            server=server,
            storage=replace(config.storage, data=str(data.expanduser().absolute())),
            tls=_absolute(config.tls, base),
            mail=replace(config.mail, password_file=_path(config.mail.password_file, base)),
        )


def _check_listen(listen: tuple[str, ...]) -> None:
    problems = []
    for text in listen:
        try:
            parse_listen(text)
        except AddressError as error:
            problems.append(Problem("--listen", None, str(error)))
    if problems:
        raise ConfigError(problems)


def _absolute(tls: Tls, base: Path) -> Tls:
    return replace(tls, certificate=_path(tls.certificate, base), key=_path(tls.key, base))


def _path(text: str, base: Path) -> str:
    return str(base / Path(text).expanduser()) if text else ""
