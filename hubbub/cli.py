"""The command line: what is typed becomes one call into the server, the client or the admin socket.

What a command doesn't need isn't imported: `hubbub version` loads neither server nor client.
Exit codes: 0 done; 1 it failed, with a sentence on stderr; 2 the command line or the configuration
is wrong; 3 no server is running (admin); 130 ended by Ctrl-C.
"""

import argparse
import os
import sys
import traceback
from collections.abc import Callable, Sequence
from pathlib import Path

DONE, FAILED, WRONG_USE, NO_SERVER, INTERRUPTED = 0, 1, 2, 3, 130

_EXIT_CODES = (
    "exit codes: 0 done, 1 failed (a sentence on stderr says why), 2 wrong command line or"
    " configuration, 3 no server running (admin), 130 ended by Ctrl-C"
)

_Run = Callable[[argparse.Namespace], int]


def main(argv: Sequence[str] | None = None) -> int:
    """Do what the command line says (None: the process's own) and give the exit code."""
    arguments = list(sys.argv[1:] if argv is None else argv)
    try:
        parsed = _parser(arguments).parse_args(arguments)
    except SystemExit as end:  # argparse has said what was wrong, or shown the help
        return end.code if isinstance(end.code, int) else WRONG_USE
    run: _Run = parsed.run_command
    try:
        code = run(parsed)
        sys.stdout.flush()  # here, where a reader that has gone can still be answered for
        return code
    except KeyboardInterrupt:
        return INTERRUPTED
    except BrokenPipeError:
        # Who read our output (head, a pager) has enough. Python would complain again at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return DONE
    except Exception as error:
        return _failed(error, debug=getattr(parsed, "debug", False))


def _failed(error: Exception, debug: bool) -> int:
    """Say it in a sentence; a bug of ours, or debug mode, gets the traceback as well."""
    from hubbub.server.admin_socket import NoServerError
    from hubbub.server.config_file import ConfigError
    from hubbub.server.errors import OperatorError

    expected = isinstance(error, OperatorError | OSError)
    if debug or not expected:
        traceback.print_exception(error)
    if not expected:
        print("hubbub: this is a bug in Hubbub; please report the lines above", file=sys.stderr)
        return FAILED
    if isinstance(error, ConfigError):
        print(error, file=sys.stderr)
        return WRONG_USE
    print(f"hubbub: {error}", file=sys.stderr)
    return NO_SERVER if isinstance(error, NoServerError) else FAILED


def _parser(arguments: Sequence[str]) -> argparse.ArgumentParser:
    parser = _described(
        argparse.ArgumentParser(prog="hubbub", description="A group chat that one command starts."),
        "hubbub serve                      start the server on localhost:8667",
        "hubbub chat                       chat with it from another terminal",
        "hubbub admin kick bob spamming    put somebody out of the running server",
    )
    commands = parser.add_subparsers(title="commands", metavar="COMMAND", required=True)
    _add_serve(commands)
    _add_chat(commands, wanted=arguments[:1] == ["chat"])
    _add_admin(commands)
    _add_config(commands)
    _add_interchange(commands, arguments[:1])
    version = commands.add_parser("version", help="print the version")
    version.set_defaults(run_command=_version)
    return parser


def _described(parser: argparse.ArgumentParser, *examples: str) -> argparse.ArgumentParser:
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    parser.epilog = "\n".join(["examples:", *(f"  {line}" for line in examples), "", _EXIT_CODES])
    return parser


def _add_serve(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    serve = _described(
        commands.add_parser("serve", help="start the server"),
        "hubbub serve                                 for this machine only",
        "hubbub serve --listen :6697                  for everyone who can reach this machine",
        "hubbub serve --data ./chat --no-console -d   elsewhere, unattended, saying everything",
    )
    serve.add_argument(
        "-d",
        "--debug",
        action="store_true",
        help="show every line in (<-) and out (->), entry (**) and commit (==), secrets masked",
    )
    serve.add_argument(
        "--listen",
        action="append",
        default=[],
        metavar="HOST:PORT",
        help="where to listen instead of the configured places; may be repeated"
        " ([ipv6]:port, :port and unix:/path too)",
    )
    _add_places(serve)
    serve.add_argument(
        "--no-console", action="store_true", help="read no commands from this terminal"
    )
    serve.set_defaults(run_command=_serve)


def _add_places(parser: argparse.ArgumentParser, default: object = None) -> None:
    parser.add_argument(
        "--data",
        type=Path,
        default=default,
        metavar="DIR",
        help="the data directory (without it: the system's place for a program's data)",
    )
    parser.add_argument(
        "--config",
        type=Path,
        default=default,
        metavar="FILE",
        help="the configuration (without it: hubbub.toml in the data directory, if there is one)",
    )


def _add_chat(
    commands: "argparse._SubParsersAction[argparse.ArgumentParser]", wanted: bool
) -> None:
    chat = commands.add_parser("chat", help="chat in this terminal")
    if not wanted:  # its arguments are the client's to know, and loading that takes a while
        return
    from hubbub.client.app import add_arguments, run

    add_arguments(chat)
    chat.set_defaults(run_command=run)


def _add_admin(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    from hubbub.server.admin_commands import ADMIN_COMMANDS, ALIASES

    admin = _described(
        commands.add_parser("admin", help="tell the running server something"),
        "hubbub admin users",
        "hubbub admin kick bob please stop that",
        "hubbub admin --data ./chat stop",
    )
    _add_places(admin)
    words = admin.add_subparsers(title="commands", metavar="COMMAND", required=True, dest="admin")
    for command in ADMIN_COMMANDS:
        also = [alias for alias, name in ALIASES.items() if name == command.name]
        parser = words.add_parser(
            command.name,
            aliases=also,
            help=command.help,
            usage=f"hubbub admin [--data DIR] {command.usage}",
        )
        # SUPPRESS: not given here, it mustn't undo what was given before the command.
        _add_places(parser, default=argparse.SUPPRESS)
        parser.add_argument("words", nargs="*", help=argparse.SUPPRESS)
        if command.name == "audit":
            parser.add_argument("--since", metavar="DURATION", help="how long back: 2d, 1h30m")
            parser.add_argument("--who", metavar="NAME", help="only what this one did")
    admin.set_defaults(run_command=_admin)


def _add_config(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    config = _described(
        commands.add_parser("config", help="print every setting's default, or check a file"),
        "hubbub config > hubbub.toml",
        "hubbub config --check hubbub.toml",
    )
    config.add_argument("--check", type=Path, metavar="FILE", help="say whether FILE is right")
    config.set_defaults(run_command=_config)


def _add_interchange(
    commands: "argparse._SubParsersAction[argparse.ArgumentParser]", wanted: Sequence[str]
) -> None:
    export = _described(
        commands.add_parser("export", help="write the history to a file; the server may run"),
        "hubbub export --room '#lobby' --format text",
        "hubbub export --since 2024-01-01 --output history.jsonl",
    )
    export.add_argument("--room", metavar="ROOM", help="only this room (without it: all)")
    export.add_argument("--since", metavar="TIME", help="from a day or time on: 2024-12-31T18:00")
    export.add_argument("--until", metavar="TIME", help="to before a day or time")
    export.add_argument(
        "--format", choices=("jsonl", "text"), default="jsonl", help="JSON Lines, or for people"
    )
    export.add_argument(
        "--output", type=Path, metavar="FILE", help="where to (without it: standard output)"
    )
    export.add_argument(
        "--whispers", action="store_true", help="what people said in private as well"
    )
    imports = commands.add_parser("import", help="add what was said elsewhere; the server is off")
    if list(wanted) == ["import"]:
        from hubbub.server.interchange import formats

        _described(imports, "hubbub import znc ~/.znc/users/me/moddata/log --room '#tea'")
        imports.epilog = f"formats:\n{formats()}\n\n{imports.epilog}"
    imports.add_argument("format", metavar="FORMAT", help="what wrote it, see below")
    imports.add_argument("path", type=Path, metavar="PATH", help="the file or directory")
    imports.add_argument("--room", required=True, metavar="ROOM", help="where it goes")
    imports.add_argument(
        "--channel", default="", metavar="NAME", help="which of the channels that it has"
    )
    for parser in (export, imports):
        parser.add_argument(
            "--timezone",
            metavar="ZONE",
            help="of times that don't say theirs: Europe/Berlin (without it: this system's)",
        )
        _add_places(parser)
    export.set_defaults(run_command=_export)
    imports.set_defaults(run_command=_import)


def _export(parsed: argparse.Namespace) -> int:
    from hubbub.server.interchange import run_export

    return run_export(parsed)


def _import(parsed: argparse.Namespace) -> int:
    from hubbub.importers import FORMATS
    from hubbub.server.interchange import run_import

    if parsed.format not in FORMATS:
        known = ", ".join(FORMATS)
        print(f"hubbub: {parsed.format} isn't a format; they are {known}.", file=sys.stderr)
        return WRONG_USE
    return run_import(parsed)


def _serve(parsed: argparse.Namespace) -> int:
    from hubbub.server.options import ServeOptions

    options = ServeOptions(
        data=parsed.data,
        config_file=parsed.config,
        listen=tuple(parsed.listen),
        debug=parsed.debug,
        console=not parsed.no_console,
    )
    config = options.load()  # before anything large is imported: mistakes are told at once
    from hubbub.server.app import serve

    os.umask(0o077)  # whatever the server writes is its owner's alone
    return serve(config, options)


def _admin(parsed: argparse.Namespace) -> int:
    from hubbub.server.admin_commands import AdminUsageError, admin_help, parse_admin
    from hubbub.server.admin_socket import ask
    from hubbub.server.options import ServeOptions

    asked = [getattr(parsed, name, None) for name in ("since", "who")]
    line = " ".join([parsed.admin, *parsed.words, *(word for word in asked if word)])
    try:
        command, _ = parse_admin(line)
    except AdminUsageError as error:
        print(f"hubbub: {error}", file=sys.stderr)
        return WRONG_USE
    if command.name == "help":
        print("\n".join(admin_help()))
        return DONE
    options = ServeOptions(data=parsed.data, config_file=parsed.config)
    done, lines = ask(Path(options.load().storage.data), line)
    for shown in lines:
        print(shown, file=sys.stdout if done else sys.stderr)
    return DONE if done else FAILED


def _config(parsed: argparse.Namespace) -> int:
    if parsed.check is None:
        from hubbub.server.config_text import render

        print(render(), end="")
        return DONE
    from hubbub.server.config_file import load

    load(parsed.check)
    print(f"{parsed.check} is right.")
    return DONE


def _version(parsed: argparse.Namespace) -> int:
    from hubbub import __version__

    print(f"hubbub {__version__}")
    return DONE


if __name__ == "__main__":
    sys.exit(main())
