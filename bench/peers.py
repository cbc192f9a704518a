"""The servers that are compared, one row each: how to configure, start and stop them on loopback.

Each is configured for the load alone: no flood limits, large queues, no name look-ups, no log of messages.
"""

from __future__ import annotations

import atexit
import contextlib
import functools
import importlib.util
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from bench import procfs, start
from bench.certificate import write_certificate
from bench.scenarios import Scenario

CHECKOUT = Path(__file__).resolve().parent.parent
START_SECONDS = 30.0

# Every setting of Hubbub that a benchmark changes. A client here sends as fast as it can, and all come from
# one address: both are what the limits are there to stop. Durability and history stay as they are by default.
HUBBUB_CONFIG = """\
[limits]
lines_per_second = 100000
burst_lines = 100000
connections_per_address = 20000
new_connections_per_address = 0
"""


class PeerError(Exception):
    """A server is not installed, did not start or did not stop."""


@dataclass(frozen=True, slots=True)
class Place:
    """Where one run of a server lives: an empty directory of its own and two free ports of loopback."""

    directory: Path
    port: int
    tls_port: int
    scenario: Scenario
    """What will be asked of it: it has no module or listener that this doesn't need."""

    @property
    def tls(self) -> bool:
        return self.scenario.tls

    def output(self) -> str:
        """What the server has printed so far."""
        return (self.directory / "output").read_text(errors="replace")


@dataclass(frozen=True, slots=True)
class Peer:
    """A server: `prepare` writes its configuration into the place and returns the command that runs it."""

    name: str
    about: str
    program: Callable[[], str | None]
    prepare: Callable[[str, Place], list[str]]
    tls_on_same_port: bool = False
    welcomes_by_the_second: bool = False
    """Whether who registers waits for the next second, so that a few at a time would take for ever."""
    durable: bool = False
    """Whether it shows a message only when the disk has it, so that each delay has a sync in it."""
    registering: int = 500
    """Connections that may wait for their welcome at once: many, as some servers welcome once a second,
    but no more than its accept queue holds, since a connection refused there is retried after a second."""

    def available(self) -> bool:
        """Whether it can be started on this machine."""
        return self.program() is not None


@dataclass(frozen=True, slots=True)
class Running:
    """A started server that accepts connections."""

    peer: Peer
    place: Place
    pids: list[int]
    command: list[str]
    """What starts it once more in the same place."""

    @property
    def port(self) -> int:
        """The port to load: the TLS one if the place is for TLS."""
        separate = self.place.tls and not self.peer.tls_on_same_port
        return self.place.tls_port if separate else self.place.port

    def log_end(self) -> str:
        """The last that the server printed, for a failure's report."""
        return f"{self.peer.name} printed last:\n{self.place.output()[-2000:]}"


@functools.cache
def _filled(messages: int) -> Path:
    """A data directory with so many messages in the lobby, made once in a run and removed at its end."""
    made = Path(tempfile.mkdtemp(prefix="hubbub-bench-history-"))
    atexit.register(shutil.rmtree, made, ignore_errors=True)
    start.fill(made / "data", messages)
    start.index(made / "data")
    return made / "data"


def _hubbub(program: str, place: Place) -> list[str]:
    config = place.directory / "hubbub.toml"
    config.write_text(HUBBUB_CONFIG)
    data = place.directory / "data"
    if place.scenario.history:
        shutil.copytree(_filled(place.scenario.history), data)
    return [
        *(sys.executable, program, "--listen", f"127.0.0.1:{place.port}"),
        *("--data", str(data), "--config", str(config), "--no-console"),
    ]


_INSPIRCD_CONFIG = """\
<config format="xml">
<server name="bench.test" description="bench" network="Bench" id="1BE">
<admin name="bench" nick="bench" email="bench@bench.test">
<bind address="127.0.0.1" port="{port}" type="clients">
<connect name="all" allow="*" timeout="60" pingfreq="600"
         hardsendq="256M" softsendq="256M" recvq="1M"
         threshold="1000000" commandrate="100000000" fakelag="no"
         localmax="100000" globalmax="100000" maxconnwarn="no" limit="100000" maxchans="100"
         resolvehostnames="no" useident="no">
<cidr ipv4clone="32" ipv6clone="128">
<dns server="127.0.0.1" timeout="1">
<performance netbuffersize="65536" somaxconn="4096" softlimit="100000"
             clonesonconnect="no" quietbursts="yes">
<security maxtargets="20">
<log method="file" type="* -USERINPUT -USEROUTPUT" level="sparse" target="{log}">
<pid file="{pid}">
"""
_INSPIRCD_TLS = """\
<module name="ssl_gnutls">
<sslprofile name="clients" provider="gnutls" certfile="{cert}" keyfile="{key}">
<bind address="127.0.0.1" port="{tls_port}" type="clients" sslprofile="clients">
"""


_INSPIRCD_IRCV3 = "".join(
    f'<module name="{name}">\n'
    for name in (
        *("cap", "ircv3", "ircv3_ctctags", "ircv3_servertime", "ircv3_msgid", "ircv3_accounttag"),
        *("ircv3_batch", "namesx"),
    )
)
_INSPIRCD_WEBSOCKET = """\
<module name="sha1">
<module name="websocket">
<bind address="127.0.0.1" port="{port}" type="clients" hook="websocket">
<websocket defaultmode="text" proxyranges="" allowmissingorigin="yes" nativeping="yes">
<wsorigin allow="*">
"""


def _inspircd(program: str, place: Place) -> list[str]:
    template = _INSPIRCD_CONFIG
    if place.scenario.variants != ("",):
        template += _INSPIRCD_IRCV3
    if place.scenario.websocket:
        plain = '<bind address="127.0.0.1" port="{port}" type="clients">\n'
        template = template.replace(plain, _INSPIRCD_WEBSOCKET)
    text = template.format(
        port=place.port,
        log=place.directory / "inspircd.log",
        pid=place.directory / "inspircd.pid",
    )
    if place.tls:
        cert, key = write_certificate(place.directory)
        text += _INSPIRCD_TLS.format(cert=cert, key=key, tls_port=place.tls_port)
    config = place.directory / "inspircd.conf"
    config.write_text(text)
    return [program, "--config", str(config), "--nofork", "--nopid", "--runasroot"]


_NGIRCD_CONFIG = """\
[Global]
Name = bench.test
Info = bench
Listen = 127.0.0.1
Ports = {port}
MotdPhrase = bench
[Limits]
MaxConnections = 0
MaxConnectionsIP = 0
MaxJoins = 0
MaxPenaltyTime = 0
PingTimeout = 600
PongTimeout = 120
[Options]
DNS = no
Ident = no
PAM = no
"""
_NGIRCD_TLS = """\
[SSL]
CertFile = {cert}
KeyFile = {key}
Ports = {tls_port}
"""


def _ngircd(program: str, place: Place) -> list[str]:
    text = _NGIRCD_CONFIG.format(port=place.port)
    if place.tls:
        cert, key = write_certificate(place.directory)
        text += _NGIRCD_TLS.format(cert=cert, key=key, tls_port=place.tls_port)
    config = place.directory / "ngircd.conf"
    config.write_text(text)
    return [program, "--nodaemon", "--config", str(config)]


_ERGO_TLS = """
            tls:
                cert: {cert}
                key: {key}
"""
_ERGO_SETTINGS = {
    "SERVER__MAX_SENDQ": "64M",
    "SERVER__IP_LIMITS__COUNT": "false",
    "SERVER__IP_LIMITS__THROTTLE": "false",
    "FAKELAG__ENABLED": "false",
    "SERVER__MOTD": '""',
    "LANGUAGES__ENABLED": "false",
    "LOGGING": '[{method: stderr, level: warning, type: "*"}]',
}
"""What is not as in Ergo's default configuration, by the environment variables that override it."""


def _ergo(program: str, place: Place) -> list[str]:
    """Ergo as it configures itself, its history in memory, but for addresses, paths, limits and the log."""
    done = subprocess.run([program, "defaultconfig"], check=False, capture_output=True, text=True)
    if done.returncode:
        raise PeerError(f"{program} is no Ergo that prints its default configuration")
    kind = "{websocket: true}" if place.scenario.websocket else "{}"
    listeners = f'        "127.0.0.1:{place.port}": {kind}\n'
    if place.tls:
        cert, key = write_certificate(place.directory)
        listeners += f'        "127.0.0.1:{place.tls_port}":' + _ERGO_TLS.format(cert=cert, key=key)
    # An override would add its listeners to those that are there.
    text, found = re.subn(
        r"(?ms)^    listeners:\n.*?(?=^    unix-bind-mode:)",
        lambda _: f"    listeners:\n{listeners}\n",
        done.stdout,
    )
    if found != 1:
        raise PeerError(f"{program} has a default configuration of a form that isn't known here")
    config = place.directory / "ircd.yaml"
    config.write_text(text)
    paths = {
        "DATASTORE__PATH": str(place.directory / "ircd.db"),
        "LOCK_FILE": str(place.directory / "ircd.lock"),
    }
    settings = [f"ERGO__{name}={value}" for name, value in (_ERGO_SETTINGS | paths).items()]
    made = subprocess.run(
        ["env", *settings, program, "initdb", "--conf", str(config), "--quiet"],
        check=False,
        capture_output=True,
        text=True,
    )
    if made.returncode:
        raise PeerError(f"ergo could not make its database: {made.stdout}{made.stderr}")
    return ["env", *settings, program, "run", "--conf", str(config), "--quiet"]


def _miniircd(program: str, place: Place) -> list[str]:
    as_root = ["--setuid", "root"] if os.geteuid() == 0 else []
    return [program, "--listen", "127.0.0.1", "--ports", str(place.port), *as_root]


def _irc_library(program: str, place: Place) -> list[str]:
    return [program, "-m", "irc.server", "-a", "127.0.0.1", "-p", str(place.port)]


def _floor(program: str, place: Place) -> list[str]:
    return [program, "-m", "bench.floor", str(place.port)]


def _hubbub_program() -> str | None:
    server = CHECKOUT / "server.py"
    return str(server) if server.is_file() else None


def _installed(name: str) -> Callable[[], str | None]:
    return lambda: shutil.which(name, path=os.environ.get("PATH", "") + ":/usr/sbin:/sbin")


def _on_path(name: str) -> Callable[[], str | None]:
    return lambda: shutil.which(name)


def _beside_python(name: str) -> Callable[[], str | None]:
    """A program of the development set, installed beside the interpreter."""
    return lambda: shutil.which(name, path=str(Path(sys.executable).parent))


def _irc_module() -> str | None:
    return sys.executable if importlib.util.find_spec("irc") else None


PEERS: dict[str, Peer] = {
    row.name: row
    for row in (
        Peer(
            "hubbub",
            "this checkout, history and durability on",
            _hubbub_program,
            _hubbub,
            tls_on_same_port=True,
            durable=True,
        ),
        Peer(
            "inspircd",
            "InspIRCd (C++), no history",
            _installed("inspircd"),
            _inspircd,
            welcomes_by_the_second=True,
        ),
        Peer("ngircd", "ngIRCd (C), no history", _installed("ngircd"), _ngircd, registering=8),
        Peer("ergo", "Ergo (Go), history in memory", _on_path("ergo"), _ergo),
        Peer("miniircd", "miniircd (Python), no history", _beside_python("miniircd"), _miniircd),
        Peer("irc", "the irc library's server (Python), no history", _irc_module, _irc_library),
        Peer("floor", "not a server: bench/floor.py, to calibrate", lambda: sys.executable, _floor),
    )
}


@contextlib.contextmanager
def run(
    peer: Peer, scenario: Scenario, *, scratch: Path | None = None, cpu: int | None = None
) -> Iterator[Running]:
    """A fresh server in a directory of its own, ready for connections; stopped and removed at the end.

    `cpu` pins it, with all threads it will ever start, to that core. Raises PeerError with the end of the
    server's log when it doesn't start.
    """
    program = peer.program()
    if program is None:
        raise PeerError(
            f"{peer.name} is not installed here (looked for its program and found none)"
        )
    with tempfile.TemporaryDirectory(prefix="hubbub-bench-", dir=scratch) as directory:
        place = Place(Path(directory), *_free_ports(), scenario)
        argv = peer.prepare(program, place)
        with (place.directory / "output").open("wb") as output:
            process = subprocess.Popen(
                argv,
                cwd=CHECKOUT,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
                preexec_fn=None if cpu is None else lambda: procfs.pin(cpu),  # noqa: PLW1509
            )
        try:
            _wait_until_accepting(process, peer, place)
            yield Running(peer, place, procfs.process_tree(process.pid), argv)
        finally:
            _stop(process)


def _free_ports() -> tuple[int, int]:
    with socket.socket() as one, socket.socket() as other:
        one.bind(("127.0.0.1", 0))
        other.bind(("127.0.0.1", 0))
        return one.getsockname()[1], other.getsockname()[1]


def _wait_until_accepting(process: subprocess.Popen[bytes], peer: Peer, place: Place) -> None:
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline:
        if process.poll() is not None:
            break
        with contextlib.suppress(OSError):
            socket.create_connection(("127.0.0.1", place.port), timeout=1).close()
            return
        time.sleep(0.02)
    raise PeerError(
        f"{peer.name} did not start (exit status {process.poll()}); it printed:\n"
        + place.output()[-2000:]
    )


def _stop(process: subprocess.Popen[bytes]) -> None:
    """End the server and what it started: its own process group, which nothing else is in."""
    for sign in (signal.SIGTERM, signal.SIGKILL):
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, sign)
        try:
            process.wait(timeout=10)
            return
        except subprocess.TimeoutExpired:
            continue
    raise PeerError(f"process {process.pid} does not end")
