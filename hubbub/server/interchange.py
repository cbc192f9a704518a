"""`hubbub export` and `hubbub import`: what is typed, and what is told of how it went."""

from __future__ import annotations

import argparse
import os
import sys
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import datetime, tzinfo
from pathlib import Path
from typing import Final, TextIO
from zoneinfo import ZoneInfo

from hubbub.core.imports import ImportProblem
from hubbub.importers import FORMATS, reader
from hubbub.importers.lines import milliseconds
from hubbub.irc.names import room_problem
from hubbub.server.app import DATABASE
from hubbub.server.datadir import DataDir
from hubbub.server.errors import OperatorError
from hubbub.server.options import ServeOptions
from hubbub.store import exporting, importing
from hubbub.store.errors import StoreError
from hubbub.store.store import open_store

ROOM_BYTES: Final = 64
SHOWN_EVERY: Final = 0.2


def run_export(parsed: argparse.Namespace) -> int:
    """Writes the history to a file or to standard output. Raises OperatorError."""
    path = _data(parsed) / DATABASE
    zone = _zone(parsed.timezone)
    wanted = exporting.Wanted(
        room=parsed.room,
        since=_moment("--since", parsed.since, zone),
        until=_moment("--until", parsed.until, zone),
        whispers=parsed.whispers,
    )
    if wanted.whispers:
        warning = "hubbub: this has what people said to each other in private: keep it safe."
        print(warning, file=sys.stderr)
    write = exporting.as_json if parsed.format == "jsonl" else exporting.as_text
    try:
        with _output(parsed.output) as output:
            for exported in exporting.export(path, wanted):
                print(write(exported), file=output)
    except (StoreError, exporting.NoSuchRoomError) as error:
        raise OperatorError(str(error)) from error
    return 0


@contextmanager
def _output(path: Path | None) -> Iterator[TextIO]:
    """Standard output, or a new file that is its owner's only and whole or not there at all."""
    if path is None:
        yield sys.stdout
        return
    partial = path.with_name(f"{path.name}.partial")
    descriptor = os.open(partial, os.O_CREAT | os.O_TRUNC | os.O_WRONLY, 0o600)
    try:
        with open(descriptor, "w", encoding="utf-8", newline="\n") as file:
            yield file
        partial.replace(path)
    except BaseException:
        partial.unlink(missing_ok=True)
        raise


def run_import(parsed: argparse.Namespace) -> int:
    """Adds what was said elsewhere to a room, while no server runs. Raises OperatorError."""
    problem = room_problem(parsed.room, ROOM_BYTES)
    if problem is not None:
        raise OperatorError(f"--room: {problem}")
    path, zone = parsed.path, _zone(parsed.timezone)
    os.umask(0o077)
    with DataDir.open(_data(parsed)) as directory:
        try:
            with closing(open_store(directory.path / DATABASE)) as store:
                progress = Progress(sys.stderr)
                messages = reader(parsed.format)(path, zone, parsed.channel)
                outcome = importing.add(store, parsed.room, messages, progress.show)
                progress.end(outcome)
        except (ImportProblem, StoreError) as error:
            raise OperatorError(str(error)) from error
    if outcome.late:
        print(
            f"hubbub: {outcome.late:,} messages were left out: they are from after the first that"
            " was said on this server (or have no time). Imports go before it.",
            file=sys.stderr,
        )
    return 0


class Progress:
    """A line on a terminal that counts; elsewhere only its end is written."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream
        self._began = self._shown = time.monotonic()
        self._live = stream.isatty()

    def show(self, outcome: importing.Outcome) -> None:
        """Shows how far it is, unless it did so just now."""
        now = time.monotonic()
        if self._live and now - self._shown >= SHOWN_EVERY:
            self._shown = now
            self._stream.write(f"\r{self._line(outcome)} ")
            self._stream.flush()

    def end(self, outcome: importing.Outcome) -> None:
        """Says how it went."""
        self._stream.write(f"{chr(13) if self._live else ''}{self._line(outcome)}\n")

    def _line(self, outcome: importing.Outcome) -> str:
        done = outcome.added + outcome.known + outcome.late
        rate = done / max(time.monotonic() - self._began, 0.001)
        known = f", {outcome.known:,} were there already" if outcome.known else ""
        return f"{outcome.added:,} messages added{known} ({rate:,.0f} a second)"


def _data(parsed: argparse.Namespace) -> Path:
    options = ServeOptions(data=parsed.data, config_file=parsed.config)
    return Path(options.load().storage.data)


def _zone(name: str | None) -> tzinfo | None:
    if name is None:
        return None
    try:
        return ZoneInfo(name)
    except (KeyError, ValueError, OSError):  # ZoneInfoNotFoundError is a KeyError
        raise OperatorError(f"--timezone: there is no {name!r}; one is Europe/Berlin.") from None


def _moment(option: str, text: str | None, zone: tzinfo | None) -> int | None:
    if text is None:
        return None
    try:
        return milliseconds(datetime.fromisoformat(text), zone)
    except ValueError:
        raise OperatorError(
            f"{option}: a time is written 2024-12-31 or 2024-12-31T18:00, not {text!r}."
        ) from None


def formats() -> str:
    """The formats of an import, one a line, for the help."""
    return "\n".join(f"  {name:10} {text}" for name, text in FORMATS.items())
