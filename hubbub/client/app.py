"""`hubbub chat`: from the command line to a running chat, in a terminal or in a pipe."""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import getpass
import re
import secrets
import signal
import sys
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

from hubbub.client.address import (
    DEFAULT_PORT,
    FORMS,
    Address,
    AddressError,
    is_loopback,
    parse_address,
)
from hubbub.client.chat import NICK_MOST, Chat
from hubbub.client.connection import Connection
from hubbub.client.errors import IntentError
from hubbub.client.keeping import KnownServers, claim_device, default_directory
from hubbub.client.network import CouldNotConnect, Network
from hubbub.client.pipe import STATUS_HELP, Pipe, Status, read_lines, write
from hubbub.client.render import Line, clean
from hubbub.irc.names import nick_problem

_SECRETS = re.compile(
    r"^((?:@\S+ )?(?:PASS|DEVICE|AUTHENTICATE|OPER \S+|REGISTER \S+ \S+|VERIFY \S+) )(.*)$", re.I
)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options of `hubbub chat`."""
    parser.description = "Chat on a Hubbub, or on any IRC server."
    parser.epilog = (
        "Without a terminal, what comes on standard input is said, the chat is on standard output and "
        f"the rest on standard error; {STATUS_HELP}."
    )
    parser.add_argument(
        "address",
        nargs="?",
        default="",
        metavar="ADDRESS",
        help=f"the server: {FORMS}; default localhost:{DEFAULT_PORT}",
    )
    parser.add_argument(
        "-d", "--debug", action="store_true", help="show every line in and out, secrets masked"
    )
    parser.add_argument("--name", help="your name; it is asked for when it isn't given")
    parser.add_argument("--room", help="the room to speak in; default #lobby")
    parser.add_argument(
        "--password-file",
        type=Path,
        metavar="FILE",
        help="a file whose first line is the server's password, or with --account that account's",
    )
    parser.add_argument(
        "--account", metavar="NAME", help="log in to this account, which is then your name"
    )
    parser.add_argument(
        "--invite", metavar="CODE", help="an invite's code, sent as the server's password"
    )
    parser.add_argument(
        "--data", type=Path, metavar="DIR", help="where fingerprints and device tokens are kept"
    )
    pipe = parser.add_argument_group("without a terminal")
    pipe.add_argument(
        "--follow", action="store_true", help="keep showing the chat after the input's end"
    )
    pipe.add_argument(
        "--history",
        action="store_true",
        help="what was said before you came is on standard output, too, not on standard error",
    )
    pipe.add_argument(
        "--literal", action="store_true", help="say lines that start with a slash, too"
    )
    pipe.add_argument(
        "--wait",
        type=float,
        default=30.0,
        metavar="SECONDS",
        help="how long to wait for the last acknowledgements; default 30",
    )


def run(args: argparse.Namespace) -> int:
    """Chat until the person goes; the exit status is `pipe.Status`."""
    for stream in (sys.stdout, sys.stderr):
        with contextlib.suppress(AttributeError, ValueError):
            stream.reconfigure(errors="replace")  # type: ignore[union-attr]
    try:
        plan = _plan(args)
        interactive = sys.stdin.isatty() and sys.stdout.isatty()
        return _in_terminal(plan) if interactive else _in_pipe(plan)
    except (AddressError, _UsageError) as error:
        print(f"hubbub: {error}", file=sys.stderr)
        return Status.USAGE
    except CouldNotConnect as error:
        print(f"hubbub: {error}", file=sys.stderr)
        return Status.NO_CONNECTION


def masked(line: str) -> str:
    """A line with its secrets taken out, safe to show."""
    return _SECRETS.sub(r"\1*****", clean(line))


class _UsageError(Exception):
    """The command line can't be followed."""


@dataclass
class _Plan:
    """What the command line asks for, checked."""

    address: Address
    name: str | None
    room: str
    password: str | None
    account: tuple[str, str] | None
    directory: Path
    args: argparse.Namespace
    later: list[Callable[[], None]] = field(default_factory=list)


def _plan(args: argparse.Namespace) -> _Plan:
    address = parse_address(args.address)
    if args.name is not None and (problem := nick_problem(args.name, NICK_MOST)):
        raise _UsageError(f"{args.name!r} can't be your name: {problem}")
    password = args.invite or address.invite
    account = None
    if args.account is not None:
        account = (args.account, _account_password(args, address))
    elif args.password_file is not None:
        password = _first_line(args.password_file)
    room = args.room or address.room or "#lobby"
    room = room if room[0] in "#&" else f"#{room}"
    name = args.name or args.account
    directory = args.data or default_directory()
    return _Plan(address, name, room, password, account, directory, args)


def _first_line(path: Path) -> str:
    try:
        return path.read_text().split("\n")[0].strip()
    except (OSError, UnicodeDecodeError) as error:
        raise _UsageError(f"the password file can't be read: {error}") from error


def _account_password(args: argparse.Namespace, address: Address) -> str:
    """The account's password, from its file or from the person; never over a network in the clear."""
    if not address.tls and not is_loopback(address.host):
        raise _UsageError(
            "a password isn't sent without TLS: use an address that starts with ircs://"
        )
    if args.password_file is not None:
        return _first_line(args.password_file)
    if not sys.stdin.isatty():
        raise _UsageError("there is no terminal to ask for the password: use --password-file")
    try:
        return getpass.getpass(f"Password of {clean(args.account)}: ")
    except (EOFError, KeyboardInterrupt):
        raise _UsageError("no password was given") from None


def _build(plan: _Plan, name: str, show: Callable[[Line], None]) -> tuple[Chat, Network]:
    """The model, the chat and the network, tied together."""
    try:
        device = claim_device(plan.directory, plan.address, name)
        token = device.token
        plan.later.append(device.release)
    except OSError as error:
        print(f"hubbub: no device token can be kept: {error}", file=sys.stderr)
        token = secrets.token_urlsafe(32)

    def on_line(outgoing: bool, line: str) -> None:
        show(Line(f"{'->' if outgoing else '<-'} {masked(line)}"))

    try:
        connection = Connection(
            name,
            run_token=secrets.token_urlsafe(16),
            device=token,
            password=plan.password,
            account=plan.account,
            rooms=(plan.room,),
            on_line=on_line if plan.args.debug else None,
        )
    except IntentError as error:
        raise _UsageError(str(error)) from error
    loop = asyncio.get_running_loop()
    chat = Chat(connection, plan.room, show, loop.call_later, debug=plan.args.debug)
    known = KnownServers(plan.directory / "known-servers")
    network = Network(connection, plan.address, known, chat.events)
    chat.flush = network.flush
    return chat, network


def _in_pipe(plan: _Plan) -> int:
    if plan.name is None:
        raise _UsageError("there is no terminal to ask for your name: give it with --name")
    name = plan.name

    async def go() -> Status:
        chat, network = _build(plan, name, partial(write, history=plan.args.history))
        chat.literal = plan.args.literal
        pipe = Pipe(chat, network, plan.args.wait, plan.args.follow)

        def interrupt() -> None:
            pipe.interrupted = True
            pipe.changed()

        _on_signals(interrupt, signal.SIGINT, signal.SIGTERM)
        lines: asyncio.Queue[str | None] = asyncio.Queue(16)
        if sys.stdin is None or sys.stdin.closed:
            lines.put_nowait(None)
        else:
            read_lines(sys.stdin.fileno(), asyncio.get_running_loop(), lines)
        return await pipe.run(lines)

    return _finish(plan, asyncio.run(go()))


def _in_terminal(plan: _Plan) -> int:
    from prompt_toolkit import PromptSession

    from hubbub.client.terminal import Screen, Terminal, ask_name

    name = plan.name
    if name is None:
        try:
            name = ask_name(PromptSession())
        except (EOFError, KeyboardInterrupt):
            return Status.OK

    async def go() -> Status:
        screen = Screen()
        chat, network = _build(plan, name, screen.show)
        terminal = Terminal(chat, network)
        _on_signals(terminal.leave, signal.SIGTERM, signal.SIGHUP)
        try:
            with screen.in_place_of_streams():
                await terminal.run()
        finally:
            await screen.close()
        return (
            Status.REFUSED if chat.connection.final and not chat.connection.leaving else Status.OK
        )

    return _finish(plan, asyncio.run(go()))


def _finish(plan: _Plan, status: Status) -> int:
    for release in plan.later:
        release()
    return int(status)


def _on_signals(react: Callable[[], None], *signals: signal.Signals) -> None:
    loop = asyncio.get_running_loop()
    for number in signals:
        with contextlib.suppress(NotImplementedError):  # Windows
            loop.add_signal_handler(number, react)


__all__ = ["add_arguments", "masked", "run"]
