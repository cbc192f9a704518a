"""Clients' certificates over real sockets: whatever is shown is taken, and proves its key."""

from __future__ import annotations

import asyncio
import gc
import hashlib
import re
import signal
import socket
import ssl
import struct
import sys
import weakref
from collections.abc import Awaitable, Callable
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from hubbub.server.certificate import (
    CERTIFICATE_FILE,
    KEY_FILE,
    CertificateError,
    make_certificate,
    own_certificate,
    write_private,
)
from hubbub.server.client_certificates import AskingContext
from hubbub.server.connection import Welcome
from hubbub.server.http import Site
from tests.server.line import Line, client_context, sockets
from tests.server.test_app import Guest, running

VERSIONS = (ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3)


def made(directory: Path, name: str, *, age_days: int = 0, chain: int = 0) -> tuple[Path, str]:
    """A self-signed client certificate with its key in a file, and its fingerprint.

    `chain` others follow it in the file, which the client sends along.
    """
    pem, key = make_certificate(name, datetime.now(UTC) - timedelta(days=age_days))
    file = directory / f"{name}.pem"
    others = b"".join(make_certificate("other.test", datetime.now(UTC))[0] for _ in range(chain))
    file.write_bytes(key + pem + others)
    der = ssl.PEM_cert_to_DER_cert(pem.decode())
    return file, hashlib.sha256(der).hexdigest()


def on_line(
    directory: Path,
    scenario: Callable[[Line], Awaitable[None]],
    context: ssl.SSLContext | None = None,
    *,
    session: ssl.SSLSession | None = None,
    asking: AskingContext | None = None,
    proxied: bool = False,
) -> None:
    """Runs a scenario on a connection that is asked for a certificate, over TLS with a context."""
    own = own_certificate(directory, "hub.test")
    asking = asking or AskingContext(own.certificate, own.key)
    welcome = Welcome(own.context, True, 1 << 20, Site(8667, frozenset({"a.b"})), "", asking)

    async def run() -> None:
        with sockets() as (here, peer):
            line = Line(here, peer, welcome, proxied=proxied)
            if context is not None:
                if proxied:
                    # As HAProxy says that the client came over TLS (PP2_TYPE_SSL).
                    tlv = struct.pack("!BHBI", 0x20, 5, 1, 0)
                    place = socket.inet_aton("192.0.2.7") * 2 + struct.pack("!HH", 1, 2)
                    size = struct.pack("!H", len(place) + len(tlv))
                    peer.sendall(b"\r\n\r\n\0\r\nQUIT\n\x21\x11" + size + place + tlv)
                line.peer = await asyncio.to_thread(context.wrap_socket, peer, session=session)
            try:
                await scenario(line)
            finally:
                line.connection.drop("over")
                line.peer.close()

    asyncio.run(run(), debug=True)


async def heard(line: Line) -> str:
    """The fingerprint that the session has once a line of the client's came through."""
    await line.send(b"NICK ann\r\n")
    await line.owner.until(lambda: bool(line.owner.lines or line.owner.reasons))
    assert not line.owner.reasons
    return line.session.fingerprint


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize("age_days", [0, 5_000, -30])
def test_whatever_is_shown_is_taken(tmp_path: Path, version: ssl.TLSVersion, age_days: int) -> None:
    file, fingerprint = made(tmp_path, "ann.test", age_days=age_days)
    context = client_context(version)
    context.load_cert_chain(file)

    async def scenario(line: Line) -> None:
        assert await heard(line) == fingerprint
        assert line.session.secure

    on_line(tmp_path, scenario, context)


@pytest.mark.parametrize("version", VERSIONS)
def test_nobody_has_to_show_one(tmp_path: Path, version: ssl.TLSVersion) -> None:
    async def scenario(line: Line) -> None:
        assert await heard(line) == ""

    on_line(tmp_path, scenario, client_context(version))


def test_a_client_without_tls_has_none(tmp_path: Path) -> None:
    async def scenario(line: Line) -> None:
        assert await heard(line) == ""
        assert not line.session.secure

    on_line(tmp_path, scenario)


@pytest.mark.parametrize("version", VERSIONS)
def test_a_session_that_is_resumed_has_the_same(tmp_path: Path, version: ssl.TLSVersion) -> None:
    file, fingerprint = made(tmp_path, "ann.test")
    context = client_context(version)
    context.load_cert_chain(file)
    own = own_certificate(tmp_path, "hub.test")
    asking = AskingContext(own.certificate, own.key)
    sessions: list[ssl.SSLSession | None] = []

    async def scenario(line: Line) -> None:
        assert await heard(line) == fingerprint
        line.connection.write(b"read this, and the ticket before it\r\n")
        await line.read(10)
        assert isinstance(line.peer, ssl.SSLSocket)
        assert line.peer.session_reused is bool(sessions)
        sessions.append(line.peer.session)

    on_line(tmp_path, scenario, context, asking=asking)
    on_line(tmp_path, scenario, context, asking=asking, session=sessions[0])


def test_a_proxys_own_certificate_isnt_its_clients(tmp_path: Path) -> None:
    file, _ = made(tmp_path, "proxy.test")
    context = client_context()
    context.load_cert_chain(file)

    async def scenario(line: Line) -> None:
        assert await heard(line) == ""
        assert line.session.secure

    on_line(tmp_path, scenario, context, proxied=True)


def test_who_is_cut_off_is_let_go_of_without_a_search_for_rings(tmp_path: Path) -> None:
    own = own_certificate(tmp_path, "hub.test")
    asking = AskingContext(own.certificate, own.key)
    with sockets() as (here, peer):
        sock = asking.wrap_socket(here)
        known = weakref.ref(sock)
        peer.close()
        gc.disable()
        try:
            with suppress(ssl.SSLEOFError):
                sock.do_handshake()
            sock.close()
            del sock
            assert known() is None
        finally:
            gc.enable()


def test_a_chain_without_end_is_refused(tmp_path: Path) -> None:
    """OpenSSL reads 100 KB of certificates and no more, so that is what a handshake can hold."""
    pem, key = make_certificate("ann.test", datetime.now(UTC))
    file = tmp_path / "long.pem"
    file.write_bytes(key + pem * 400)
    context = client_context(ssl.TLSVersion.TLSv1_3)
    context.load_cert_chain(file)

    async def scenario(line: Line) -> None:
        with suppress(OSError):
            # Whether the client has sent all of it before it learns of the end is open.
            line.peer = await asyncio.to_thread(context.wrap_socket, line.peer)
        await line.owner.until(lambda: bool(line.owner.reasons))
        assert line.owner.reasons == ["TLS handshake failed: TLS: EXCESSIVE_MESSAGE_SIZE"]
        await line.closed()

    on_line(tmp_path, scenario)


def test_the_certificates_that_come_along_are_nobodys_identity(tmp_path: Path) -> None:
    file, fingerprint = made(tmp_path, "ann.test", chain=3)
    context = client_context()
    context.load_cert_chain(file)

    async def scenario(line: Line) -> None:
        assert await heard(line) == fingerprint

    on_line(tmp_path, scenario, context)


def test_files_that_changed_meanwhile_are_no_crash(tmp_path: Path) -> None:
    own = own_certificate(tmp_path, "hub.test")
    other, _ = made(tmp_path, "other.test")
    with pytest.raises(CertificateError, match="can't be used for TLS"):
        AskingContext(own.certificate, other)
    (tmp_path / "empty.pem").write_text("")
    with pytest.raises(CertificateError, match="can't be used for TLS"):
        AskingContext(tmp_path / "empty.pem", own.key)


# -- a whole server -----------------------------------------------------------------------


class Holder(Guest):
    """A client that shows a certificate."""

    def __init__(self, port: int, file: Path) -> None:
        super().__init__(port)
        context = client_context()
        context.load_cert_chain(file)
        self.file.close()
        self.socket = context.wrap_socket(self.socket)
        self.file = self.socket.makefile("rb")

    def __enter__(self) -> Holder:
        return self

    def log_in(self) -> str:
        self.send("CAP REQ sasl", "NICK x", "USER x 0 * :x", "AUTHENTICATE EXTERNAL")
        self.send("AUTHENTICATE +", "CAP END")
        return self.until(" 366 ")


@pytest.mark.skipif(sys.platform == "win32", reason="there are no signals")
def test_people_log_in_by_their_certificates(tmp_path: Path) -> None:
    file, fingerprint = made(tmp_path, "ann.test")
    stranger, _ = made(tmp_path, "eve.test")
    (tmp_path / "hubbub.toml").write_text("[tls]\nclient_certificates = true\n")
    with running(tmp_path, care=0.05) as server:
        done, lines = server.admin("account add ann")
        assert done
        password = re.search(r"once: (\S+)", lines[0])
        assert password is not None
        with Holder(server.port, file) as ann:
            ann.send(f"PASS ann:{password[1]}")
            ann.join("ann")
            ann.send("ACCOUNT CERT ADD")
            ann.until(fingerprint)
        with Holder(server.port, file) as ann:
            assert " 001 ann " in ann.log_in()
            ann.send("WHOIS ann")
            assert f" 276 ann ann :has client certificate fingerprint {fingerprint}" in ann.until(
                " 318 "
            )
        with Holder(server.port, stranger) as eve:
            heard = eve.log_in()
            assert " 904 " in heard
            assert " 001 x " in heard
        with Guest(server.port, tls=True) as bob:
            bob.send("CAP LS 302")
            assert "EXTERNAL" not in bob.until("sasl=")
        pem, key = make_certificate("new.example.org", datetime.now(UTC))
        write_private(tmp_path / KEY_FILE, key)
        write_private(tmp_path / CERTIFICATE_FILE, pem)
        server.log.until("certificate read again: sha256:")
        with Holder(server.port, file) as ann:
            assert ann.certificate() == ssl.PEM_cert_to_DER_cert(pem.decode())
            assert " 001 ann " in ann.log_in()
        (tmp_path / "hubbub.toml").write_text("[tls]\nclient_certificates = false\n")
        server.signal(signal.SIGHUP)
        server.log.until("reloaded: tls.client_certificates")
        with Holder(server.port, file) as ann:
            assert " 908 " in ann.log_in()
