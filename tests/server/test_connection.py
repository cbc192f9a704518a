"""One connection over real sockets: plain and TLS, first bytes, bounds, and both ends' endings."""

from __future__ import annotations

import asyncio
import socket
import ssl
import struct
import time
from collections.abc import Awaitable, Callable
from contextlib import ExitStack
from functools import partial
from pathlib import Path
from typing import cast

import pytest

from hubbub.core.ids import session_id
from hubbub.edge.session import Session
from hubbub.server import connection as connection_module
from hubbub.server.certificate import own_certificate
from hubbub.server.client_certificates import AskingContext
from hubbub.server.connection import CLOSED, Connection, Welcome
from hubbub.server.http import Site
from hubbub.server.tls_socket import TlsSocket, note_names
from hubbub.server.turns import MOST_SECONDS
from tests.server.line import ASKING, TLS_VERSIONS, Line, Owner, client_context, on_line, sockets
from tests.server.rig import PATIENCE


@pytest.fixture(scope="module", params=["standard library", "asking for certificates"])
def tls(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> ssl.SSLContext:
    """The server's TLS in both of its ways, which nobody may be able to tell apart."""
    own = own_certificate(tmp_path_factory.mktemp("certificate"), "hub.test")
    if request.param != "standard library":
        ASKING[own.context] = AskingContext(own.certificate, own.key)
    return own.context


@pytest.mark.parametrize("version", TLS_VERSIONS)
def test_lines_in_and_bytes_out(tls: ssl.SSLContext, version: ssl.TLSVersion | None) -> None:
    async def scenario(line: Line) -> None:
        await line.send(b"NICK ann\r\nUSER")
        await line.send(b" ann 0 * :a\nPING 1\n")
        await line.owner.until(lambda: len(line.owner.lines) == 3)
        assert line.owner.lines == [b"NICK ann", b"USER ann 0 * :a", b"PING 1"]
        assert line.session.secure is (version is not None)
        line.connection.write(b"one\r\n")
        line.connection.write(b"two\r\n")
        assert await line.read(10) == b"one\r\ntwo\r\n"
        line.peer.close()
        await line.owner.until(lambda: bool(line.owner.reasons))
        assert line.owner.reasons == ["Connection closed"]

    on_line(scenario, tls, version=version)


@pytest.mark.parametrize("version", TLS_VERSIONS)
def test_bytes_may_come_one_by_one(tls: ssl.SSLContext, version: ssl.TLSVersion | None) -> None:
    async def scenario(line: Line) -> None:
        for byte in b"NICK ann\r\nPING 1\r\n":
            await line.send(bytes([byte]))
            await asyncio.sleep(0)
        await line.owner.until(lambda: len(line.owner.lines) == 2)
        assert line.owner.lines == [b"NICK ann", b"PING 1"]

    on_line(scenario, tls, version=version)


def test_a_short_line_is_not_waited_with_for_more(tls: ssl.SSLContext) -> None:
    async def scenario(line: Line) -> None:
        await line.send(b"GET\r\n")
        await line.owner.until(lambda: bool(line.owner.lines))
        assert line.owner.lines == [b"GET"]

    on_line(scenario, tls)


@pytest.mark.parametrize("version", TLS_VERSIONS)
@pytest.mark.parametrize("size", [1, 1 << 20])
def test_a_browser_gets_a_page_however_its_request_is_cut(
    tls: ssl.SSLContext, version: ssl.TLSVersion | None, size: int
) -> None:
    asked = b"GET / HTTP/1.1\r\nHost: a.b:1\r\n\r\n"

    async def scenario(line: Line) -> None:
        for start in range(0, len(asked), size):
            await line.send(asked[start : start + size])
        page = await line.rest()
        assert page.startswith(b"HTTP/1.1 200 OK\r\n")
        assert page.endswith(b"</html>\n")
        assert not line.owner.lines
        assert line.owner.reasons == ["asked for a web page"]
        line.peer.close()
        await line.closed()

    on_line(scenario, tls, version=version)


def test_without_tls_from_elsewhere_http_is_redirected_and_irc_told_why(
    tls: ssl.SSLContext,
) -> None:
    async def http(line: Line) -> None:
        await line.send(b"GET / HTTP/1.1\r\nHost: a.b:1\r\n\r\n")
        assert b"Location: https://a.b:1/\r\n" in await line.rest()

    async def irc(line: Line) -> None:
        await line.send(b"CAP LS 302\r\n")
        # More comes on the way, which mustn't turn the last words into a reset.
        await line.send(b"NICK ann\r\n" * 1_000)
        assert await line.rest() == (
            b"ERROR :Closing link: This server wants TLS from other machines:"
            b" turn on SSL/TLS in your client, on the same port\r\n"
        )
        assert not line.owner.lines
        assert line.owner.reasons == ["wanted to go on without TLS"]
        # It may go on for a while: a reset would take the words back on some systems.
        await line.send(b"NICK ann\r\n")
        await line.send(b"NICK ann\r\n")

    on_line(http, tls, plain=False)
    on_line(irc, tls, plain=False)


@pytest.mark.parametrize("version", TLS_VERSIONS[1:])
def test_with_tls_who_comes_from_elsewhere_is_served(
    tls: ssl.SSLContext, version: ssl.TLSVersion
) -> None:
    async def scenario(line: Line) -> None:
        await line.send(b"NICK ann\r\n")
        await line.owner.until(lambda: line.owner.lines == [b"NICK ann"])

    on_line(scenario, tls, version=version, plain=False)


# -- TLS that fails -----------------------------------------------------------------------


def test_a_handshake_that_fails_is_said_to_the_log_only(tls: ssl.SSLContext) -> None:
    async def scenario(line: Line) -> None:
        await line.send(b"\x16\x03\x01\x00\x05rubbish rubbish")
        await line.owner.until(lambda: bool(line.owner.reasons))
        [reason] = line.owner.reasons
        assert reason.startswith("TLS handshake failed: TLS: ")
        assert not line.connection.is_open

    on_line(scenario, tls)


def test_a_handshake_that_is_left_half_done(tls: ssl.SSLContext) -> None:
    async def leaves(line: Line) -> None:
        await line.send(b"\x16\x03")
        line.peer.close()
        await line.owner.until(lambda: bool(line.owner.reasons))

    async def stays(line: Line) -> None:
        await line.send(b"\x16\x03\x01")
        async with asyncio.timeout(PATIENCE):
            while not line.session.secure:
                await asyncio.sleep(0)
        # The hub has had enough: nothing can be said, and nothing is waited for.
        line.connection.finish(b"ERROR :Registration timed out\r\n")
        assert line.connection._fd < 0
        assert await line.rest() == b""

    on_line(leaves, tls)
    on_line(stays, tls)


class SlowTls:
    """TLS each of whose handshakes takes a whole turn, on whatever machine."""

    def __init__(self, context: ssl.SSLContext) -> None:
        self._context = context

    def wrap_socket(self, sock: socket.socket) -> TlsSocket:
        time.sleep(MOST_SECONDS)
        made = self._context.wrap_socket(sock, server_side=True, do_handshake_on_connect=False)
        return cast(TlsSocket, made)


def test_handshakes_that_begin_at_once_are_done_in_many_turns(tls: ssl.SSLContext) -> None:
    async def run() -> None:
        loop, owner, sessions = asyncio.get_running_loop(), Owner(), []
        welcome = Welcome(tls, True, 1 << 20, Site(8667), asking=SlowTls(tls))
        with ExitStack() as stack:
            for number in range(20):
                here, peer = stack.enter_context(sockets())
                peer.sendall(b"\x16\x03\x01")
                sessions.append(Session(session_id(0, 1, number + 1), "host.test", secure=False))
                connection = Connection(here, "127.0.0.1", owner, sessions[-1], welcome, loop)
                stack.callback(connection.drop, "over")  # the socket is TLS's from here on
            begun: list[int] = []
            async with asyncio.timeout(PATIENCE):
                while sum(begun) < len(sessions):
                    await asyncio.sleep(0)
                    begun.append(sum(session.secure for session in sessions) - sum(begun))
            assert max(begun) == 1, "others are heard between any two of them"
            assert [session.secure for session in sessions] == [True] * 20

    asyncio.run(run())


def test_who_is_gone_when_its_turn_comes_is_passed_over(tls: ssl.SSLContext) -> None:
    async def scenario(line: Line) -> None:
        # Not by a thread: the turn could come before this test goes on.
        line.peer.sendall(b"\x16\x03\x01")
        async with asyncio.timeout(PATIENCE):
            while not len(line.owner.turns):
                await asyncio.sleep(0)
        line.connection.finish(b"ERROR :Registration timed out\r\n")
        while len(line.owner.turns):
            await asyncio.sleep(0)
        assert not line.session.secure
        assert line.owner.reasons == []

    on_line(scenario, tls)


def test_who_says_nothing_and_goes_is_dropped_when_its_turn_comes() -> None:
    async def scenario(line: Line) -> None:
        line.peer.close()
        await line.owner.until(lambda: bool(line.owner.reasons))
        assert line.owner.reasons == [CLOSED]
        await line.closed()

    on_line(scenario)


# -- who doesn't read ---------------------------------------------------------------------


@pytest.mark.parametrize("version", TLS_VERSIONS)
def test_who_never_reads_is_bounded_and_dropped(
    tls: ssl.SSLContext, version: ssl.TLSVersion | None
) -> None:
    async def scenario(line: Line) -> None:
        written = 0
        while not line.owner.reasons:
            line.connection.write(b"x" * 1_000)
            written += 1_000
            assert line.connection.unsent <= 65_536 + 1_000
            assert written < 100_000_000
            await asyncio.sleep(0)
        [reason] = line.owner.reasons
        assert reason.startswith("Send queue exceeded")
        assert not line.connection.is_open
        line.connection.write(b"more")
        assert line.connection.unsent == 0

    on_line(scenario, tls, version=version, bound=65_536, small=True)


@pytest.mark.parametrize("version", TLS_VERSIONS)
def test_what_waits_is_sent_in_order(tls: ssl.SSLContext, version: ssl.TLSVersion | None) -> None:
    pieces = [struct.pack(">I", number) * 2_500 for number in range(1_000)]

    async def scenario(line: Line) -> None:
        for piece in pieces:
            line.connection.write(piece)
        assert line.connection.unsent > 1_000_000
        line.connection.finish(b"the end")
        data = await line.rest()
        assert data == b"".join(pieces) + b"the end"
        assert not line.owner.reasons

    on_line(scenario, tls, version=version, bound=11_000_000)


def test_who_doesnt_read_the_last_words_isnt_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connection_module, "LINGER_SECONDS", 0.01)

    async def scenario(line: Line) -> None:
        while not line.connection.unsent:
            line.connection.write(b"x" * 10_000)
        line.connection.finish(b"the end")
        await line.closed()
        assert not line.owner.reasons

    on_line(scenario, small=True)


def test_who_doesnt_close_is_closed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connection_module, "LINGER_SECONDS", 0.01)

    async def scenario(line: Line) -> None:
        line.connection.finish(b"the end")
        await line.closed()
        assert await line.rest() == b"the end"

    on_line(scenario)


# -- places for answers to come -----------------------------------------------------------


def test_what_follows_a_reserved_place_waits_for_its_answer() -> None:
    async def scenario(line: Line) -> None:
        first, second = object(), object()
        connection = line.connection
        connection.write(b"a")
        connection.reserve(first)
        connection.write(b"b")
        connection.reserve(second)
        connection.write(b"c")
        connection.fill(second, b"2")
        assert await line.read(1) == b"a"
        connection.fill(first, b"1")
        assert await line.read(4) == b"1b2c"
        connection.write(b"d")
        assert await line.read(1) == b"d"
        assert connection.unsent == 0

    on_line(scenario)


def test_what_waits_for_an_answer_is_bounded_too() -> None:
    async def scenario(line: Line) -> None:
        line.connection.reserve(object())
        line.connection.write(b"x" * 70_000)
        await line.owner.until(lambda: bool(line.owner.reasons))
        assert line.owner.reasons[0].startswith("Send queue exceeded")

    on_line(scenario, bound=65_536)


def test_the_end_doesnt_wait_for_an_answer() -> None:
    async def scenario(line: Line) -> None:
        line.connection.reserve(object())
        line.connection.write(b"said. ")
        line.connection.finish(b"the end")
        assert await line.rest() == b"said. the end"

    on_line(scenario)


# -- reading less -------------------------------------------------------------------------


@pytest.mark.parametrize("version", TLS_VERSIONS)
def test_a_paused_connection_reads_on_where_it_was(
    tls: ssl.SSLContext, version: ssl.TLSVersion | None
) -> None:
    async def scenario(line: Line) -> None:
        await line.send(b"PING 0\r\n")
        await line.owner.until(lambda: bool(line.owner.lines))
        line.connection.pause()
        # More than one read's worth, so that TLS holds decrypted bytes while it is paused.
        text = b"".join(b"PING %d\r\n" % number for number in range(1, 5_000))
        await line.send(text)
        for _ in range(10):
            await asyncio.sleep(0)
        assert len(line.owner.lines) == 1
        line.connection.resume()
        await line.owner.until(lambda: len(line.owner.lines) == 5_000)
        assert line.owner.lines == [b"PING %d" % number for number in range(5_000)]

    on_line(scenario, tls, version=version)


# -- endings ------------------------------------------------------------------------------


def test_a_reset_is_no_surprise() -> None:
    async def reading(line: Line) -> None:
        line.peer.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        line.peer.close()
        await line.owner.until(lambda: bool(line.owner.reasons))
        assert line.owner.reasons == ["Connection reset"]

    async def writing(line: Line) -> None:
        line.peer.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        line.connection.pause()
        line.peer.close()
        line.connection.write(b"anybody?")
        line.connection.write(b"nobody")
        assert line.owner.reasons == []  # the hub is in the middle of something
        await line.owner.until(lambda: bool(line.owner.reasons))
        assert len(line.owner.reasons) == 1

    on_line(reading)
    on_line(writing)


def test_after_the_end_nothing_does_anything() -> None:
    async def scenario(line: Line) -> None:
        connection = line.connection
        connection.drop("enough")
        connection.drop("again")
        connection.write(b"x")
        connection.finish(b"x")
        connection.pause()
        connection.resume()
        connection.fill(object(), b"x")
        assert line.owner.reasons == ["enough"]
        assert await line.rest() == b""

    on_line(scenario)


@pytest.mark.parametrize("version", TLS_VERSIONS[1:])
def test_the_end_over_tls_is_a_proper_end(tls: ssl.SSLContext, version: ssl.TLSVersion) -> None:
    async def scenario(line: Line) -> None:
        assert isinstance(line.peer, ssl.SSLSocket)
        line.peer.suppress_ragged_eofs = False  # type: ignore[attr-defined]  # a cut would raise
        await line.send(b"PING 1\r\n")
        await line.owner.until(lambda: bool(line.owner.lines))
        line.connection.finish(b"bye")
        assert await line.rest() == b"bye"

    on_line(scenario, tls, version=version)


# -- behind a proxy -----------------------------------------------------------------------

V1 = b"PROXY TCP6 2001:db8::1 ::1 4242 8667\r\n"
V2 = b"\r\n\r\n\x00\r\nQUIT\n\x21\x11\x00\x0c" + bytes((192, 0, 2, 1, 10, 0, 0, 1, 1, 1, 1, 1))
V2_TLS = b"\r\n\r\n\x00\r\nQUIT\n\x21\x11\x00\x14" + V2[16:] + b"\x20\x00\x05\x01" + bytes(4)
V2_LOCAL = b"\r\n\r\n\x00\r\nQUIT\n\x20\x00\x00\x00"


@pytest.mark.parametrize("size", [1, 1 << 20])
@pytest.mark.parametrize(
    ("header", "addresses", "secure"),
    [
        (V1, ["2001:db8::1"], False),
        (V2, ["192.0.2.1"], False),
        (V2_TLS, ["192.0.2.1"], True),
        (V2_LOCAL, [], False),
        (b"PROXY UNKNOWN\r\n", [], False),
        (b"", [], False),
    ],
)
def test_a_proxy_says_whose_connection_it_hands_on(
    tls: ssl.SSLContext, header: bytes, addresses: list[str], secure: bool, size: int
) -> None:
    async def scenario(line: Line) -> None:
        data = header + b"PRIVMSG ann :hi\r\nPROXY TCP4 1.1.1.1 1.1.1.1 1 1\r\n"
        for start in range(0, len(data), size):
            await line.send(data[start : start + size])
        await line.owner.until(lambda: len(line.owner.lines) == 2)
        assert line.owner.lines[0] == b"PRIVMSG ann :hi"
        assert line.owner.addresses == addresses
        assert line.session.secure is secure
        assert line.session.sts == ("duration=9" if secure else "")

    on_line(scenario, tls, proxied=True, sts="duration=9")


@pytest.mark.parametrize("header", [V1, V2, b""])
def test_tls_follows_the_proxys_header(tls: ssl.SSLContext, header: bytes) -> None:
    async def scenario(line: Line) -> None:
        await line.send(header)
        wrap = client_context().wrap_socket
        line.peer = await asyncio.to_thread(wrap, line.peer)
        await line.send(b"NICK ann\r\n")
        await line.owner.until(lambda: line.owner.lines == [b"NICK ann"])
        assert line.session.secure
        assert len(line.owner.addresses) == bool(header)

    on_line(scenario, tls, proxied=True)


@pytest.mark.parametrize("line_begins", [b"PING 1\r\n", b"P\r\n", b"PROX 1\r\n", b"\r\nPING 1\r\n"])
def test_a_line_that_begins_as_a_header_does_is_a_line(line_begins: bytes) -> None:
    async def scenario(line: Line) -> None:
        await line.send(line_begins)
        await line.owner.until(lambda: bool(line.owner.lines))
        assert line.owner.lines == [line_begins.strip()]

    on_line(scenario, proxied=True)


@pytest.mark.parametrize(
    "header", [b"PROXY TCP4 1.1.1 1.1.1.1 1 1\r\n", V2[:12] + b"\x11" + V2[13:], b"PROXY " + b"x" * 200]
)  # fmt: skip
def test_a_header_that_cant_be_read_ends_the_connection(header: bytes) -> None:
    async def scenario(line: Line) -> None:
        await line.send(header + b"NICK ann\r\n")
        await line.owner.until(lambda: bool(line.owner.reasons))
        assert line.owner.reasons[0].startswith("sent a PROXY header that can't be read: ")
        assert not line.owner.lines
        assert not line.connection.is_open

    on_line(scenario, proxied=True)


def test_half_a_header_and_the_end() -> None:
    async def scenario(line: Line) -> None:
        await line.send(V2[:20])
        line.peer.close()
        await line.owner.until(lambda: bool(line.owner.reasons))
        assert line.owner.reasons == ["Connection closed"]

    on_line(scenario, proxied=True)


def test_only_a_trusted_peer_is_a_proxy() -> None:
    async def scenario(line: Line) -> None:
        await line.send(V1)
        await line.owner.until(lambda: bool(line.owner.lines))
        assert line.owner.lines == [V1.strip()]
        assert not line.owner.addresses

    on_line(scenario)


# -- strict transport security ------------------------------------------------------------


def test_who_knows_of_sts_and_comes_without_tls_is_told_the_port(tls: ssl.SSLContext) -> None:
    def scenario(first: bytes, policy: bytes) -> Callable[[Line], Awaitable[None]]:
        async def run(line: Line) -> None:
            line.session.sts = "port=6697"
            for byte in first:
                await line.send(bytes((byte,)))
            assert (await line.rest()).startswith(
                policy + b"ERROR :Closing link: This server wants"
            )

        return run

    on_line(scenario(b"CAP LS 302\r\n", b"CAP * LS :sts=port=6697\r\n"), tls, plain=False)
    on_line(scenario(b"CAP LS\r\n", b""), tls, plain=False)
    on_line(scenario(b"NICK ann\r\n", b""), tls, plain=False)


@pytest.mark.parametrize("version", TLS_VERSIONS[1:])
@pytest.mark.parametrize("name", [None, "hub.test"])
def test_with_tls_who_said_a_name_is_told_how_long(
    tmp_path: Path, version: ssl.TLSVersion, name: str | None
) -> None:
    context = own_certificate(tmp_path, "hub.test").context
    note_names(context)

    async def scenario(line: Line) -> None:
        line.session.sts = "port=6697"
        wrap = partial(client_context(version).wrap_socket, line.peer, server_hostname=name)
        line.peer = await asyncio.to_thread(wrap)
        await line.send(b"CAP LS 302\r\n")
        await line.owner.until(lambda: bool(line.owner.lines))
        assert line.session.secure
        assert line.session.sts == ("duration=9" if name else "")

    on_line(scenario, context, sts="duration=9")
