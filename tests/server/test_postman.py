"""Letters reach a real SMTP server, and what keeps them from it is said without their words."""

from __future__ import annotations

import contextlib
import logging
import socket
import ssl
import threading
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import BinaryIO

import pytest

from hubbub.edge.errands import Letter
from hubbub.server import postman as module
from hubbub.server.certificate import make_certificate
from hubbub.server.config_sections import Mail
from hubbub.server.postman import Postman, deliver

LETTER = Letter("ann@example.org", "Your code", "the code is abcd-efgh-jkmn-2345-6789\n")


class Mailbox:
    """An SMTP server on loopback that keeps what it is given: one connection after the other."""

    def __init__(
        self, tls: ssl.SSLContext | None = None, *, at_once: bool = False, refuse: str = ""
    ) -> None:
        self._socket = socket.create_server(("127.0.0.1", 0))
        self._socket.settimeout(5)
        self.port = self._socket.getsockname()[1]
        self._tls, self._at_once, self._refuse = tls, at_once, refuse
        self.letters: list[str] = []
        self.logins: list[str] = []
        self.secure: list[bool] = []
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._thread.start()

    def close(self) -> None:
        with contextlib.suppress(OSError):  # not everywhere; where it can, it wakes accept
            self._socket.shutdown(socket.SHUT_RDWR)
        self._socket.close()
        self._thread.join(20)

    def _serve(self) -> None:
        while True:
            try:
                peer, _ = self._socket.accept()
            except OSError:
                return
            try:
                if self._tls is not None and self._at_once:
                    peer = self._tls.wrap_socket(peer, server_side=True)
                self._talk(peer)
            except OSError:
                peer.close()

    def _talk(self, peer: socket.socket) -> None:
        peer.settimeout(20)
        peer.sendall(b"220 mailbox\r\n")
        lines = peer.makefile("rb")
        try:
            self._converse(peer, lines)
        finally:
            lines.close()
            peer.close()

    def _converse(self, peer: socket.socket, lines: BinaryIO) -> None:
        while line := lines.readline():
            verb = line.split()[0].upper().decode()
            if verb == self._refuse:
                peer.sendall(b"550 not the letter's words\r\n")
            elif verb == "EHLO":
                starttls = self._tls is not None and not isinstance(peer, ssl.SSLSocket)
                peer.sendall(b"250-mailbox\r\n" + b"250-STARTTLS\r\n" * starttls)
                peer.sendall(b"250 AUTH PLAIN\r\n")
            elif verb == "STARTTLS" and self._tls is not None:
                peer.sendall(b"220 go on\r\n")
                secure = self._tls.wrap_socket(peer, server_side=True)
                with secure, secure.makefile("rb") as rest:
                    self._converse(secure, rest)
                return
            elif verb == "AUTH":
                self.logins.append(line.decode().split()[2])
                peer.sendall(b"235 welcome\r\n")
            elif verb == "DATA":
                peer.sendall(b"354 go on\r\n")
                text = b""
                while (part := lines.readline()) != b".\r\n":
                    text += part
                self.letters.append(text.decode())
                self.secure.append(isinstance(peer, ssl.SSLSocket))
                peer.sendall(b"250 kept\r\n")
            elif verb == "QUIT":
                peer.sendall(b"221 bye\r\n")
                return
            else:
                peer.sendall(b"250 fine\r\n")


@pytest.fixture
def tls(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> ssl.SSLContext:
    """A mail server's TLS, with a certificate that the client trusts."""
    certificate, key = make_certificate("localhost", datetime.now(UTC))
    file = tmp_path / "mail.pem"
    file.write_bytes(certificate + key)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(file)
    trusting = ssl.create_default_context(cadata=certificate.decode())
    monkeypatch.setattr(ssl, "create_default_context", lambda: trusting)
    return context


@pytest.fixture
def mailbox() -> Iterator[Mailbox]:
    box = Mailbox()
    yield box
    box.close()


def settings(box: Mailbox, encryption: str = "no", **more: str) -> Mail:
    return Mail(
        host="localhost",
        port=box.port,
        encryption=encryption,  # type: ignore[arg-type]
        sender="Our class <chat@example.org>",
        **more,
    )


def test_a_letter_arrives_as_it_was_written(mailbox: Mailbox) -> None:
    deliver(LETTER, settings(mailbox))
    (text,) = mailbox.letters
    assert "From: Our class <chat@example.org>\r\n" in text
    assert "To: ann@example.org\r\n" in text
    assert "Subject: Your code\r\n" in text
    assert "Auto-Submitted: auto-generated\r\n" in text
    assert text.endswith("\r\n\r\nthe code is abcd-efgh-jkmn-2345-6789\r\n")


@pytest.mark.parametrize("encryption", ["starttls", "tls"])
def test_over_tls_with_a_login(encryption: str, tls: ssl.SSLContext, tmp_path: Path) -> None:
    box = Mailbox(tls, at_once=encryption == "tls")
    password = tmp_path / "password"
    password.write_text("pass word\n")
    try:
        deliver(LETTER, settings(box, encryption, user="chat", password_file=str(password)))
    finally:
        box.close()
    assert box.secure == [True]
    assert box.logins == ["AGNoYXQAcGFzcyB3b3Jk"]  # NUL chat NUL pass word


def test_a_certificate_that_nobody_vouches_for_is_refused(tls: ssl.SSLContext) -> None:
    box = Mailbox(tls)
    try:
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(ssl, "create_default_context", ssl._create_default_https_context)
            with pytest.raises(ssl.SSLError):
                deliver(LETTER, settings(box, "starttls"))
    finally:
        box.close()
    assert box.letters == []


def test_a_header_cannot_be_put_in() -> None:
    box = Mailbox()
    try:
        with pytest.raises(ValueError, match="linefeed"):
            deliver(Letter("a@example.org\nBcc: b@example.org", "x", "y"), settings(box))
    finally:
        box.close()
    assert box.letters == []


def test_the_postman_sends_and_says_so_without_the_words(
    mailbox: Mailbox, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    postman = Postman(settings(mailbox))
    assert postman.send(LETTER)
    postman._thread.shutdown()
    assert len(mailbox.letters) == 1
    assert [record.getMessage() for record in caplog.records] == ["a letter was sent"]


@pytest.mark.parametrize(
    ("refuse", "said"),
    [
        ("RCPT", "doesn't take mail for that address"),
        ("DATA", "answered 550"),
        ("AUTH", "doesn't take user and password_file of [mail]"),
    ],
)
def test_what_went_wrong_is_said_without_the_words(
    refuse: str, said: str, caplog: pytest.LogCaptureFixture, tmp_path: Path
) -> None:
    box = Mailbox(refuse=refuse)
    password = tmp_path / "password"
    password.write_text("secret")
    postman = Postman(settings(box, user="chat", password_file=str(password)))
    postman.send(LETTER)
    postman._thread.shutdown()
    box.close()
    assert said in caplog.text
    for secret in ("abcd-efgh", "ann@example.org", "secret", "not the letter"):
        assert secret not in caplog.text


def test_a_mail_server_that_isnt_there_is_said(caplog: pytest.LogCaptureFixture) -> None:
    box = Mailbox()
    box.close()
    postman = Postman(settings(box))
    assert postman.send(LETTER)
    postman._thread.shutdown()
    assert "can't be reached" in caplog.text


def test_a_password_file_that_isnt_there_is_said(
    mailbox: Mailbox, caplog: pytest.LogCaptureFixture, tmp_path: Path
) -> None:
    postman = Postman(settings(mailbox, user="chat", password_file=str(tmp_path / "none")))
    postman.send(LETTER)
    postman._thread.shutdown()
    assert "password_file of [mail] can't be read" in caplog.text


def test_only_so_many_wait(mailbox: Mailbox, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "WAITING", 1)
    go = threading.Event()
    monkeypatch.setattr(module, "deliver", lambda letter, settings: go.wait(10))
    postman = Postman(settings(mailbox))
    assert postman.send(LETTER)
    assert not postman.send(LETTER)
    go.set()
    postman._thread.shutdown()
    assert Postman(settings(mailbox)).send(LETTER)


def test_a_letter_to_nobody_goes_nowhere(mailbox: Mailbox) -> None:
    postman = Postman(settings(mailbox))
    assert postman.send(Letter("", "x", "y"))
    postman.close()
    assert mailbox.letters == []
