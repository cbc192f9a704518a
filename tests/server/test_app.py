"""A whole server in a process of its own: its first words, its signals, its admin socket, its end."""

from __future__ import annotations

import os
import re
import signal
import socket
import ssl
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from types import TracebackType

import pytest
from wsproto import ConnectionType, WSConnection
from wsproto.events import AcceptConnection, Event, Request, TextMessage

from hubbub.server import app as app_module
from hubbub.server.admin_socket import ask
from hubbub.server.certificate import CERTIFICATE_FILE, KEY_FILE, make_certificate, write_private

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="there are no signals")

PATIENCE = 30.0
ROOT = Path(__file__).parents[2]
LAUNCHER = """
import sys
from hubbub.server import app
app.CARE_SECONDS = app.CERTIFICATE_SECONDS = float(sys.argv.pop(1))
from hubbub.cli import main
sys.exit(main())
"""


class Output:
    """What a process writes on one stream, read by a thread as it comes."""

    def __init__(self, stream: object) -> None:
        self.text = ""
        self._stream = stream
        self._news = threading.Condition()
        self._ended = False
        threading.Thread(target=self._read, daemon=True).start()

    def _read(self) -> None:
        for line in self._stream:  # type: ignore[attr-defined]
            with self._news:
                self.text += line
                self._news.notify_all()
        self._stream.close()  # type: ignore[attr-defined]
        with self._news:
            self._ended = True
            self._news.notify_all()

    def until(self, pattern: str) -> re.Match[str]:
        """The first match of `pattern`, waited for."""
        with self._news:
            self._news.wait_for(lambda: self._ended or re.search(pattern, self.text), PATIENCE)
            found = re.search(pattern, self.text)
        assert found, f"{pattern!r} didn't come in:\n{self.text}"
        return found


class Guest:
    """A client with a plain or a TLS socket."""

    def __init__(self, port: int, *, tls: bool = False) -> None:
        self.socket = socket.create_connection(("127.0.0.1", port), PATIENCE)
        if tls:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
            context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
            self.socket = context.wrap_socket(self.socket, server_hostname="localhost")
        self.file = self.socket.makefile("rb")

    def send(self, *lines: str) -> None:
        self.socket.sendall("".join(f"{line}\r\n" for line in lines).encode())

    def until(self, words: str) -> str:
        """All that comes up to a line with `words`, or to the end when they are empty."""
        heard = ""
        while line := self.file.readline().decode():
            heard += line
            if words and words in line:
                return heard
        assert not words, f"{words!r} didn't come in:\n{heard}"
        return heard

    def join(self, nick: str) -> str:
        self.send(f"NICK {nick}", f"USER {nick} 0 * :{nick}")
        return self.until(" 366 ")

    def certificate(self) -> bytes:
        assert isinstance(self.socket, ssl.SSLSocket)
        return self.socket.getpeercert(binary_form=True) or b""

    def __enter__(self) -> Guest:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        at: TracebackType | None,
    ) -> None:
        self.file.close()
        self.socket.close()


class Server:
    """A running server; `port` is where it listens."""

    def __init__(self, data: Path, *options: str, care: float = 5.0) -> None:
        arguments = ["serve", "--data", str(data), "--listen", "127.0.0.1:0", "--no-console"]
        self.process = subprocess.Popen(
            [sys.executable, "-c", LAUNCHER, str(care), *arguments, *options],
            cwd=ROOT,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            env={**os.environ, "PYTHONPATH": str(ROOT)},
        )
        self.out, self.log = Output(self.process.stdout), Output(self.process.stderr)
        self.data = data
        self.port = int(self.out.until(r"Listening on 127\.0\.0\.1:(\d+)\n")[1])

    def signal(self, number: signal.Signals) -> None:
        self.process.send_signal(number)

    def end(self) -> int:
        return self.process.wait(PATIENCE)

    def admin(self, line: str) -> tuple[bool, list[str]]:
        return ask(self.data, line, PATIENCE)


@contextmanager
def running(data: Path, *options: str, care: float = 5.0) -> Iterator[Server]:
    """A server that is ended with the block, and must have ended well."""
    server = Server(data, *options, care=care)
    try:
        yield server
        if server.process.poll() is None:
            server.signal(signal.SIGTERM)
        assert server.end() == 0
        assert "Traceback" not in server.log.text
    finally:
        if server.process.poll() is None:
            server.process.kill()
            server.process.wait()


def test_the_first_words_say_where_it_is_and_how_to_join(tmp_path: Path) -> None:
    with running(tmp_path) as server:
        server.out.until(rf"python client.py (127\.0\.0\.1|localhost):{server.port}\n")
        server.out.until(
            rf"server (127\.0\.0\.1|localhost), port {server.port} \(TLS or plain\), room #lobby"
        )
        server.out.until(r"certificate: +sha256:([0-9A-F]{2}:){31}[0-9A-F]{2}\n")
        server.out.until(rf"data: +{re.escape(str(tmp_path))}\n")
        assert "invite" not in server.out.text


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_ends_it_in_good_order(tmp_path: Path, number: signal.Signals) -> None:
    with (
        running(tmp_path) as server,
        Guest(server.port) as ann,
        Guest(server.port, tls=True) as bob,
    ):
        ann.join("ann")
        bob.join("bob")
        ann.send("PRIVMSG #lobby :the last word")
        bob.until("the last word")
        server.signal(number)
        for guest in (ann, bob):
            heard = guest.until("")
            assert heard.endswith("ERROR :Closing link: The server is shutting down\r\n")
        assert server.end() == 0
        server.log.until("stopped; everything that was shown is stored")
    assert sorted(path.name for path in tmp_path.glob("hubbub.db*")) == ["hubbub.db"]
    with running(tmp_path) as server, Guest(server.port) as ann:
        assert "the last word" in ann.join("ann") + _rest(ann)


def _rest(guest: Guest) -> str:
    guest.send("PING :done")
    return guest.until("PONG")


def test_a_reload_takes_what_changed_or_leaves_all(tmp_path: Path) -> None:
    settings = tmp_path / "hubbub.toml"
    settings.write_text('[server]\nmotd = "first words"\n')
    with running(tmp_path) as server:
        with Guest(server.port) as ann:
            assert "first words" in ann.join("ann")
        settings.write_text('[server]\nmotd = "second words"\nlobby = "#else"\n')
        server.signal(signal.SIGHUP)
        server.log.until(r"warning server.lobby takes effect at the next start")
        server.log.until(r"reloaded: server.motd, server.lobby")
        with Guest(server.port) as bob:
            assert "second words" in bob.join("bob")
        done, lines = ask(tmp_path, "rehash")
        assert (done, lines) == (True, ["Changed: nothing."])
        settings.write_text('[server]\nmotd = 3\nnonsense = "x"\n')
        done, lines = ask(tmp_path, "rehash")
        assert not done
        assert lines[0].startswith("Everything stays as it was: ")
        server.signal(signal.SIGHUP)
        server.log.until(r"error not reloaded, everything stays as it was: ")
        with Guest(server.port) as cat:
            assert "second words" in cat.join("cat")


def test_a_new_certificate_is_shown_to_who_comes_next(tmp_path: Path) -> None:
    with running(tmp_path, care=0.05) as server, Guest(server.port, tls=True) as ann:
        ann.join("ann")
        certificate, key = make_certificate("new.example.org", datetime.now(UTC))
        write_private(tmp_path / KEY_FILE, key)
        write_private(tmp_path / CERTIFICATE_FILE, certificate)
        server.log.until("certificate read again: sha256:")
        with Guest(server.port, tls=True) as bob:
            assert bob.certificate() == ssl.PEM_cert_to_DER_cert(certificate.decode())
            bob.join("bob")
            ann.send("PRIVMSG #lobby :still here")
            bob.until("still here")


def test_the_admin_socket_does_what_it_is_told(tmp_path: Path) -> None:
    with running(tmp_path) as server, Guest(server.port) as ann, Guest(server.port) as bob:
        assert server.admin("users") == (True, ["Nobody is here."])
        ann.join("ann")
        bob.join("bob")
        done, lines = server.admin("users")
        assert done
        assert [line.split()[0] for line in lines] == ["ann", "bob"]
        assert server.admin("rooms") == (True, ["#lobby  2"])
        assert server.admin("say hear, hear") == (True, ["Said."])
        ann.until(":hear, hear")
        assert server.admin("ban bob spam") == (True, ["bob is banned."])
        assert bob.until("").endswith("ERROR :Closing link: Banned: spam\r\n")
        with Guest(server.port) as again:
            again.send("NICK bob", "USER bob 0 * :bob")
            again.until(" 465 ")
        assert server.admin("unban bob") == (True, ["bob is no longer banned."])
        with Guest(server.port) as again:
            again.join("bob")
            assert server.admin("kick bob") == (True, ["bob was kicked."])
            again.until("ERROR")
        assert server.admin("stop") == (True, ["The server is stopping."])
        assert server.end() == 0
        ann.until("ERROR :Closing link: The server is shutting down")


def test_debug_shows_all_but_the_secrets(tmp_path: Path) -> None:
    with running(tmp_path, "-d") as server:
        with Guest(server.port) as ann:
            ann.send("CAP REQ :hubbub/device", "DEVICE secret-device-token", "PASS secret-word")
            ann.send("NICK ann", "USER ann 0 * :ann", "CAP END", "JOIN #x secret-key")
            ann.send("MODE #x +k secret-key")
            ann.send("PRIVMSG #lobby :hello")
            ann.until(" 366 ann #x ")
            _rest(ann)
        server.log.until(r"<- \d+ DEVICE \*\*\*\n")
        server.log.until(r"<- \d+ PASS \*\*\*\n")
        server.log.until(r"<- \d+ JOIN #x \*\*\*\n")
        server.log.until(r"<- \d+ PRIVMSG #lobby :hello\n")
        server.log.until(r"-> \d+ :\S+ 366 ann #x ")
        server.log.until(r"\*\* Say\(")
        server.log.until(r"== ")
        assert "secret-device-token" not in server.log.text
        assert "secret-word" not in server.log.text
    assert "secret-key" not in server.log.text


def test_without_debug_nothing_that_is_said_is_logged(tmp_path: Path) -> None:
    with running(tmp_path) as server:
        with Guest(server.port) as ann:
            ann.join("ann")
            ann.send("PRIVMSG #lobby :a private thought")
            _rest(ann)
        server.log.until(r"info ann joined from 127\.0\.0\.1")
        server.log.until(r"info ann 127\.0\.0\.1: Connection closed")
    assert "private thought" not in server.log.text


def test_what_it_cant_start_with_is_said_in_a_sentence(tmp_path: Path) -> None:
    (tmp_path / "hubbub.db").write_text("this is no database at all" * 100)
    ended = subprocess.run(
        [sys.executable, "-m", "hubbub.cli", "serve", "--data", str(tmp_path)],
        cwd=ROOT, capture_output=True, text=True, timeout=PATIENCE, check=False,
    )  # fmt: skip
    assert ended.returncode == 1
    assert "is damaged or is not a Hubbub database" in ended.stderr
    assert "Traceback" not in ended.stderr
    assert app_module.DATABASE == "hubbub.db"


def websocket(guest: Guest, *subprotocols: str) -> WSConnection:
    """Opens a WebSocket on a guest's socket."""
    client = WSConnection(ConnectionType.CLIENT)
    asked = Request(host="localhost", target="/", subprotocols=list(subprotocols))
    guest.socket.sendall(client.send(asked))
    assert isinstance(hear(guest, client)[0], AcceptConnection)
    return client


def hear(guest: Guest, client: WSConnection) -> list[Event]:
    """The events of what comes next."""
    events: list[Event] = []
    while not events:
        data = guest.socket.recv(65_536)
        assert data, "the connection ended"
        client.receive_data(data)
        events += client.events()
    return events


def test_browsers_and_clients_share_a_room(tmp_path: Path) -> None:
    with (
        running(tmp_path) as server,
        Guest(server.port) as ann,
        Guest(server.port, tls=True) as bob,
    ):
        browser = websocket(bob, "text.ircv3.net")
        bob.socket.sendall(browser.send(TextMessage("NICK bob")))
        bob.socket.sendall(browser.send(TextMessage("USER bob 0 * :Bob")))
        heard = ""
        while " 366 " not in heard:
            heard += "".join(f"{event.data}\n" for event in hear(bob, browser))  # type: ignore[attr-defined]
        ann.join("ann")
        ann.send("PRIVMSG #lobby :grüß dich")
        while "grüß dich" not in heard:
            heard += "".join(f"{event.data}\n" for event in hear(bob, browser))  # type: ignore[attr-defined]
        assert "\r" not in heard
        bob.socket.sendall(browser.send(TextMessage("PRIVMSG #lobby :dich auch")))
        assert ":bob!~bob@localhost PRIVMSG #lobby :dich auch" in ann.until("dich auch")


def test_gateways_proxies_and_sts_as_they_are_configured(tmp_path: Path) -> None:
    certificate, key = make_certificate("chat.example.org", datetime.now(UTC))
    write_private(tmp_path / "own.pem", certificate)
    write_private(tmp_path / "own.key", key)
    (tmp_path / "hubbub.toml").write_text(
        '[server]\ntrusted_proxies = ["127.0.0.1"]\nwebirc_from = ["127.0.0.1"]\n'
        'webirc_password = "hunter22"\n[privacy]\ncloak = false\n'
        '[tls]\ncertificate = "own.pem"\nkey = "own.key"\nsts_seconds = 86400\n'
    )
    with running(tmp_path) as server:
        with Guest(server.port) as ann, Guest(server.port) as bob, Guest(server.port) as eve:
            ann.send("PROXY TCP4 192.0.2.1 192.0.2.2 1 2")
            assert ":ann!~ann@192.0.2.1 JOIN" in ann.join("ann")
            bob.send("WEBIRC hunter22 kiwi b.example.org 192.0.2.3")
            assert ":bob!~bob@b.example.org JOIN" in bob.join("bob")
            eve.send("WEBIRC hunter23 kiwi b.example.org 192.0.2.3")
            assert "ERROR :Closing link: Invalid WEBIRC password" in eve.until("")
            server.log.until("ann joined from 192.0.2.1")
            server.log.until("bob joined from 192.0.2.3")
        with Guest(server.port) as ann, Guest(server.port, tls=True) as bob:
            ann.send("CAP LS 302", "CAP END")
            bob.send("CAP LS 302", "CAP END")
            assert "sts" not in ann.until("LS :")
            assert " sts=duration=86400\r\n" in bob.until("LS :")
