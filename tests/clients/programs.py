"""Other people's IRC clients, each driven and read in the way it offers itself.

Law: nothing of a client's own is relied on but its documented settings, and nothing outside of the
directory that it is given is touched.
"""

from __future__ import annotations

import re
import shutil
from abc import ABC, abstractmethod
from pathlib import Path
from typing import ClassVar

from tests.stage import Program, Server, environment, wait_until

HOST = "127.0.0.1"


class IrcClient(ABC):
    """A running client that is connected, or about to be, under the name `nick`."""

    program: ClassVar[str]
    tells_time: ClassVar[bool]
    """Whether it takes times of the server, so that history needs no clock in its text."""

    def __init__(
        self, nick: str, server: Server, home: Path, tls: bool, password: str = "", invite: str = ""
    ) -> None:
        """With a password it logs in to the account of that name; an invite is the server's password."""
        self.nick = nick
        self.home = home
        self.password = password
        self.invite = invite
        home.mkdir()
        self.process = self.start(server, tls)

    @classmethod
    def is_installed(cls) -> bool:
        """Whether this machine has it."""
        return shutil.which(cls.program) is not None

    @abstractmethod
    def start(self, server: Server, tls: bool) -> Program:
        """Start it, on its way to the server."""

    @abstractmethod
    def log(self, place: str) -> Path:
        """Where it writes down what it shows of a room or of a person's whispers."""

    @abstractmethod
    def commands(self, *lines: str) -> None:
        """Type lines such as `/join #room`."""

    def says(self, place: str, text: str) -> None:
        """Say something in a room or to a person."""
        self.commands(f"/msg {place} {text}")

    def joins(self, room: str) -> None:
        """Go into a room."""
        self.commands(f"/join {room}")

    def quits(self, reason: str) -> None:
        """End the connection; most programs end with it."""
        self.commands(f"/quit {reason}")

    def close(self) -> None:
        """End it and let go of everything."""
        self.process.close()

    # -- what it shows ----------------------------------------------------------------------

    def lines(self, place: str) -> list[str]:
        """What it has shown there so far."""
        path = self.log(place)
        return path.read_text(errors="replace").splitlines() if path.exists() else []

    def shown(self, place: str, pattern: str) -> int:
        """How many lines in this place match the regular expression."""
        return sum(re.search(pattern, line) is not None for line in self.lines(place))

    def sees(self, place: str, pattern: str) -> None:
        """Wait until it has shown a line in this place that matches."""
        wait_until(
            lambda: self.shown(place, pattern) > 0,
            lambda: f"{self.program} shows no {pattern!r}, but\n{self.everything()}",
        )

    def everything(self) -> str:
        """All that it has written anywhere, for a failure's sake."""
        place = "\n".join(self.lines("#lobby"))
        return f"{place}\n--- out\n{self.process.out[-3000:]}\n--- err\n{self.process.err[-3000:]}"

    def message(self, author: str, text: str) -> str:
        """The pattern of a message's line."""
        return rf"<[ @+]?{author}> {re.escape(text)}$"


class Irssi(IrcClient):
    """irssi: keys into a terminal, and its automatic log."""

    program = "irssi"
    tells_time = True

    def start(self, server: Server, tls: bool) -> Program:
        secure = 'use_tls = "yes"; tls_verify = "no";' if tls else 'use_tls = "no";'
        invite = f'password = "{self.invite}";' if self.invite else ""
        sasl = f"""
              sasl_mechanism = "PLAIN"; sasl_username = "{self.nick}"; sasl_password = "{self.password}";
        """
        (self.home / "config").write_text(
            f"""
            servers = ({{
              address = "{HOST}"; port = "{server.port}"; chatnet = "hub"; autoconnect = "yes"; {secure} {invite}
            }});
            chatnets = {{ hub = {{ type = "IRC"; {sasl * bool(self.password)} }}; }};
            settings = {{
              core = {{
                nick = "{self.nick}"; user_name = "{self.nick}"; real_name = "{self.nick}";
                server_reconnect_time = "10s";  # not less
              }};
              "fe-common/core" = {{
                autolog = "yes"; autolog_level = "ALL"; autolog_path = "{self.home}/$0.log";
              }};
              # Its patience between commands is for other servers.
              "irc/core" = {{ cmds_max_at_once = "100"; cmd_queue_speed = "10msec"; }};
            }};
            """
        )
        command = [self.program, "--home", str(self.home)]
        return Program("irssi", command, environment(self.home), terminal=True)

    def log(self, place: str) -> Path:
        return self.home / f"{place}.log"

    def commands(self, *lines: str) -> None:
        for line in lines:
            self.process.types(line + "\r")


class WeeChat(IrcClient):
    """WeeChat without a screen: its fifo and its logger."""

    program = "weechat-headless"
    tells_time = True

    def start(self, server: Server, tls: bool) -> Program:
        secure = "-ssl -ssl_verify=off" if tls else "-nossl"
        first = (
            "/set logger.file.flush_delay 0",
            "/set irc.server_default.anti_flood_prio_high 0",
            "/set irc.server_default.anti_flood_prio_low 0",
            "/set irc.server_default.autoreconnect_delay 1",
            "/set irc.server_default.capabilities *",
            "/set typing.look.enabled_self on",
            "/set irc.look.typing_status_self on",
            "/set irc.look.typing_status_nicks on",
            f"/set fifo.file.path {self.home}/fifo",
            f"/server add hub {HOST}/{server.port} -nicks={self.nick} -username={self.nick} {secure}",
            *self._secrets(),
            "/connect hub",
        )
        command = [self.program, "--dir", str(self.home), "--run-command", ";".join(first)]
        return Program("weechat", command, environment(self.home))

    def _secrets(self) -> list[str]:
        lines = [f"/set irc.server.hub.password {self.invite}"] * bool(self.invite)
        if self.password:
            lines += [
                "/set irc.server.hub.sasl_mechanism scram-sha-256",
                f"/set irc.server.hub.sasl_username {self.nick}",
                f"/set irc.server.hub.sasl_password {self.password}",
            ]
        return lines

    def log(self, place: str) -> Path:
        return self.home / "logs" / f"irc.hub.{place}.weechatlog"

    def commands(self, *lines: str) -> None:
        with (self.home / "fifo").open("w") as fifo:
            for line in lines:
                fifo.write(f"irc.server.hub *{line}\n")

    def message(self, author: str, text: str) -> str:
        return rf"\t[@+]?{author}\t{re.escape(text)}$"


class Ii(IrcClient):
    """ii: a directory for each conversation, with a fifo in and a file out."""

    program = "ii"
    tells_time = False

    def start(self, server: Server, tls: bool) -> Program:
        assert not tls, "ii speaks plain only"
        words = ["-s", HOST, "-p", str(server.port), "-n", self.nick, "-i", str(self.home)]
        secret = self.invite or (f"{self.nick}:{self.password}" if self.password else "")
        words += ["-k", "HUBBUB_PASS"] * bool(secret)
        env = environment(self.home) | {"HUBBUB_PASS": secret}
        return Program("ii", [self.program, *words], env)

    def log(self, place: str) -> Path:
        return self.home / HOST / place / "out"

    def commands(self, *lines: str) -> None:
        # What it opened it reads to the end: one line each time, as `echo` would.
        for line in lines:
            with (self.home / HOST / "in").open("w") as fifo:
                fifo.write(f"{line}\n")

    def says(self, place: str, text: str) -> None:
        if not self.log(place).exists():
            self.commands(f"/j {place} {text}")
            return
        with (self.home / HOST / place / "in").open("w") as fifo:
            fifo.write(f"{text}\n")

    def joins(self, room: str) -> None:
        self.commands(f"/j {room}")

    def quits(self, reason: str) -> None:
        self.commands(f"/q {reason}")
