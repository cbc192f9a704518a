"""Listening: where, for how many, and what a peer may do by how it came."""

from __future__ import annotations

import asyncio
import errno
import socket
from collections.abc import Awaitable, Callable
from dataclasses import replace
from pathlib import Path

import pytest

from hubbub.edge.session import Session
from hubbub.irc.framing import BadLine
from hubbub.irc.masks import host_of
from hubbub.server import listener as listener_module
from hubbub.server.arrivals import Arrivals
from hubbub.server.config import Config
from hubbub.server.config_limits import Limits
from hubbub.server.config_sections import Server
from hubbub.server.connection import Connection, Welcome
from hubbub.server.http import Site
from hubbub.server.listener import Door, ListenError, Listeners
from hubbub.server.per_address import PerAddress
from tests.server.rig import PATIENCE


class Desk:
    """As much of a hub as listeners know."""

    def __init__(self) -> None:
        self.connections: dict[int, Connection] = {}
        self.per_address = PerAddress()
        self.arrivals = Arrivals()
        self.admitted = asyncio.Semaphore(0)
        self.heard: list[object] = []

    def next_session(self, host: str, invite: str) -> Session:
        return Session(len(self.connections) + 1, host, secure=False, invite=invite)  # type: ignore[arg-type]

    def host_of(self, address: str) -> str:
        shown = host_of(address)
        return shown if shown == "localhost" else "a.cloak"

    def admit(self, connection: Connection) -> None:
        self.connections[connection.session.id] = connection
        self.per_address.add(connection.peer)
        self.admitted.release()

    def received(self, connection: Connection, lines: list[bytes | BadLine]) -> None:
        self.heard += lines

    def moved(self, connection: Connection, address: str) -> None:
        self.heard.append(address)

    def lost(self, connection: Connection, reason: str) -> None:
        self.connections.pop(connection.session.id, None)

    async def admits(self) -> Connection:
        async with asyncio.timeout(PATIENCE):
            await self.admitted.acquire()
        return list(self.connections.values())[-1]


def on(
    scenario: Callable[[Listeners, Desk, list[str]], Awaitable[None]],
    *listen: str,
    limits: Limits | None = None,
    invite: str = "",
) -> None:
    async def run() -> None:
        desk = Desk()
        config = replace(Config(), server=Server(listen=listen), limits=limits or Limits())
        door = Door(config, lambda plain: Welcome(None, plain, 65_536, Site(1)), invite)
        listeners = Listeners(desk, door)  # type: ignore[arg-type]
        addresses = listeners.open()
        try:
            await scenario(listeners, desk, addresses)
        finally:
            listeners.close()
            for connection in list(desk.connections.values()):
                connection.drop("over")

    asyncio.run(run())


async def connect(address: str) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    if address.startswith("unix:"):
        return await asyncio.open_unix_connection(address.removeprefix("unix:"))
    host, _, port = address.rpartition(":")
    return await asyncio.open_connection(host.strip("[]"), int(port))


def test_localhost_is_both_its_addresses_on_one_port() -> None:
    async def scenario(listeners: Listeners, desk: Desk, addresses: list[str]) -> None:
        assert len({address.rpartition(":")[2] for address in addresses}) == 1
        assert {address.rpartition(":")[0] for address in addresses} == expected
        for address in addresses:
            _, writer = await connect(address)
            connection = await desk.admits()
            assert connection.session.host == "localhost"
            writer.close()

    found = socket.getaddrinfo("localhost", 0, type=socket.SOCK_STREAM)
    expected = {f"[{place[0]}]" if ":" in str(place[0]) else str(place[0]) for *_, place in found}
    on(scenario, "localhost:0")


def test_a_port_in_use_is_explained_and_nothing_stays_open() -> None:
    with socket.create_server(("127.0.0.1", 0)) as other, socket.socket() as probe:
        port = other.getsockname()[1]
        probe.bind(("127.0.0.1", 0))
        free = probe.getsockname()[1]
        probe.close()

        async def scenario(*_: object) -> None:
            raise AssertionError

        with pytest.raises(ListenError, match=rf"127.0.0.1:{port} is in use: .*--listen"):
            on(scenario, f"127.0.0.1:{free}", f"127.0.0.1:{port}")
        socket.create_server(("127.0.0.1", free)).close()


def test_an_address_that_isnt_ours_is_explained() -> None:
    async def scenario(*_: object) -> None:
        raise AssertionError

    with pytest.raises(ListenError, match=r"192\.0\.2\.1:1 can't be listened on: "):
        on(scenario, "192.0.2.1:1")


def test_a_unix_socket_that_was_left_behind_is_replaced_and_a_live_one_refused(
    tmp_path: Path,
) -> None:
    path = tmp_path / "irc.sock"
    left = socket.socket(socket.AF_UNIX)
    left.bind(str(path))
    left.close()

    async def scenario(listeners: Listeners, desk: Desk, addresses: list[str]) -> None:
        assert addresses == [f"unix:{path}"]
        _, writer = await connect(addresses[0])
        connection = await desk.admits()
        assert connection.peer == "unix"
        assert connection.session.host == "localhost"
        assert connection._welcome.plain
        with pytest.raises(ListenError, match=r"irc.sock is in use"):
            Listeners(listeners._hub, listeners.door).open()
        writer.close()
        again = await connect(addresses[0])  # the one that was refused broke nothing
        again[1].close()

    on(scenario, f"unix:{path}")
    assert not path.exists()


def test_what_isnt_a_socket_isnt_replaced(tmp_path: Path) -> None:
    path = tmp_path / "precious"
    path.write_text("a file")

    async def scenario(*_: object) -> None:
        raise AssertionError

    with pytest.raises(ListenError, match="precious"):
        on(scenario, f"unix:{path}")
    assert path.read_text() == "a file"


def test_when_it_is_full_the_next_is_told(caplog: pytest.LogCaptureFixture) -> None:
    async def scenario(listeners: Listeners, desk: Desk, addresses: list[str]) -> None:
        _, first = await connect(addresses[0])
        await desk.admits()
        for _ in range(3):
            reader, second = await connect(addresses[0])
            words = await reader.read()
            assert words == b"ERROR :Closing link: The server is full: try again later\r\n"
            second.close()
        assert len(desk.connections) == 1
        assert caplog.text.count("full: 1 connections") == 1
        first.close()

    on(scenario, "127.0.0.1:0", limits=Limits(connections=1))


def test_one_address_has_its_share_and_this_machine_all(monkeypatch: pytest.MonkeyPatch) -> None:
    async def scenario(listeners: Listeners, desk: Desk, addresses: list[str]) -> None:
        for _ in range(2):
            _, writer = await connect(addresses[0])
            await desk.admits()
            writer.close()
        monkeypatch.setattr(listener_module, "is_loopback", lambda address: False)
        reader, writer = await connect(addresses[0])
        assert b"Too many connections from your address" in await reader.read()
        writer.close()

    on(scenario, "127.0.0.1:0", limits=Limits(connections_per_address=1))


def refusals(server: Server, peers: list[str], per_minute: int) -> list[bytes]:
    """What each of those who come one after the other is told, and each goes at once."""

    async def run() -> list[bytes]:
        desk = Desk()
        desk.arrivals.allow(per_minute)
        door = Door(
            replace(Config(), server=server), lambda kind: Welcome(None, kind, 65_536, Site(1)), ""
        )
        listeners = Listeners(desk, door)  # type: ignore[arg-type]
        told = []
        for peer in peers:
            here, there = socket.socketpair()
            listeners._welcome(here, peer)
            for connection in list(desk.connections.values()):
                connection.drop("over")
            desk.per_address.counts.clear()
            there.setblocking(False)
            told.append(there.recv(1_000))
            there.close()
        return told

    return asyncio.run(run())


TOO_FAST = (
    b"ERROR :Closing link: Too many new connections from your address: try again in a minute\r\n"
)


@pytest.mark.parametrize(
    ("first", "second", "refused"),
    [
        ("203.0.113.9", "203.0.113.9", True),
        ("203.0.113.9", "203.0.113.8", False),
        ("2001:db8::1", "2001:db8::ffff", True),
        ("2001:db8::1", "2001:db8:0:1::1", False),
        ("192.168.1.2", "192.168.1.2", True),
        ("127.0.0.1", "127.0.0.1", False),
        ("::1", "::1", False),
        ("", "", False),
        ("10.0.0.1", "10.0.0.1", False),
        ("10.9.0.1", "10.9.0.1", False),
    ],
)
def test_who_comes_anew_too_often_is_told(first: str, second: str, refused: bool) -> None:
    server = Server(trusted_proxies=("10.0.0.0/24",), webirc_from=("10.9.0.1",))
    limited = refusals(server, [first, second], 1)
    assert limited == [b"", TOO_FAST if refused else b""]
    assert refusals(server, [first, second], 2) == [b"", b""]
    assert refusals(server, [first, second] * 50, 0) == [b""] * 100


@pytest.mark.parametrize(
    ("allowed", "peer", "plain"),
    [
        ("loopback", "127.0.0.1", True),
        ("loopback", "::1", True),
        ("loopback", "", True),
        ("loopback", "192.168.1.2", False),
        ("private", "192.168.1.2", True),
        ("private", "203.0.113.9", False),
        ("never", "127.0.0.1", False),
    ],
)
def test_plain_is_for_those_who_came_that_way(allowed: str, peer: str, plain: bool) -> None:
    async def run() -> None:
        desk = Desk()
        config = replace(Config(), server=Server(plain=allowed))  # type: ignore[arg-type]
        door = Door(config, lambda kind: Welcome(None, kind, 65_536, Site(1)), "the-invite")
        listeners = Listeners(desk, door)  # type: ignore[arg-type]
        here, there = socket.socketpair()
        listeners._welcome(here, peer)
        connection = await desk.admits()
        assert connection._welcome.plain is plain
        registration = connection.session.registration
        assert registration is not None
        assert registration.invite == "the-invite"
        connection.drop("over")
        there.close()

    asyncio.run(run())


def arrived(server: Server, peer: str, sts: str = "") -> Connection:
    """The connection that a listener makes of somebody who comes from an address."""

    async def run() -> Connection:
        desk = Desk()
        config = replace(Config(), server=server, limits=Limits(connections_per_address=1))
        door = Door(config, lambda kind: Welcome(None, kind, 65_536, Site(6697), sts), "")
        listeners = Listeners(desk, door)  # type: ignore[arg-type]
        for _ in range(2):  # the second has to be taken as well
            here, there = socket.socketpair()
            listeners._welcome(here, peer)
            there.close()
        [first, second] = desk.connections.values()
        first.drop("over")
        second.drop("over")
        return second

    return asyncio.run(run())


def test_others_see_of_an_address_what_the_hub_says() -> None:
    server = Server(plain="private", webirc_from=("192.168.1.2",))
    assert arrived(server, "192.168.1.2").session.host == "a.cloak"


@pytest.mark.parametrize("peer", ["10.1.2.3", "::ffff:10.1.2.3"])
def test_a_trusted_proxy_may_come_without_tls_and_in_any_number(peer: str) -> None:
    server = Server(trusted_proxies=("10.0.0.0/8",))
    assert arrived(server, peer)._welcome.plain
    assert not arrived(replace(server, plain="never"), peer)._welcome.plain


@pytest.mark.parametrize("by", ["unix", "127.0.0.1"])
@pytest.mark.parametrize("trusted", ["unix", "127.0.0.0/8"])
def test_only_a_trusted_proxy_is_believed(tmp_path: Path, by: str, trusted: str) -> None:
    async def scenario(listeners: Listeners, desk: Desk, addresses: list[str]) -> None:
        listeners.door = Door(
            replace(Config(), server=Server(trusted_proxies=(trusted,))), listeners.door.welcome, ""
        )
        _, writer = await connect(addresses[0])
        connection = await desk.admits()
        writer.write(b"PROXY TCP4 192.0.2.1 192.0.2.2 1 2\r\n")
        async with asyncio.timeout(PATIENCE):
            while not desk.heard:
                await asyncio.sleep(0)
        believed = by == trusted or (by, trusted) == ("127.0.0.1", "127.0.0.0/8")
        assert desk.heard == (
            ["192.0.2.1"] if believed else [b"PROXY TCP4 192.0.2.1 192.0.2.2 1 2"]
        )
        connection.drop("over")
        writer.close()

    on(scenario, f"unix:{tmp_path / 'irc.sock'}" if by == "unix" else "127.0.0.1:0")


@pytest.mark.parametrize(
    ("gateways", "peer", "password"),
    [
        ("192.0.2.1", "192.0.2.1", "hunter22"),
        ("192.0.2.1", "127.0.0.1", ""),
        ("unix", "", "hunter22"),
    ],
)
def test_a_gateway_is_known_by_its_address(gateways: str, peer: str, password: str) -> None:
    server = Server(webirc_from=(gateways,), webirc_password="hunter22")
    registration = arrived(server, peer).session.registration
    assert registration is not None
    assert registration.gateway == password


@pytest.mark.parametrize(
    ("peer", "sts", "told"),
    [
        ("192.168.1.2", "duration=9", "port=6697"),
        ("192.168.1.2", "", ""),
        ("127.0.0.1", "duration=9", ""),
        ("", "duration=9", ""),
        ("10.0.0.1", "duration=9", ""),
    ],
)
def test_who_comes_without_tls_is_told_where_it_is(peer: str, sts: str, told: str) -> None:
    trusted = ("10.0.0.1", "192.168.1.2") if peer == "10.0.0.1" else ("10.0.0.1",)
    server = Server(trusted_proxies=trusted, webirc_from=("192.168.1.2",))
    assert arrived(server, peer, sts).session.sts == told


def test_out_of_file_handles_it_rests_and_goes_on(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(listener_module, "PAUSE_SECONDS", 0.0)

    class Exhausted(socket.socket):
        left = 3

        def accept(self) -> tuple[socket.socket, object]:
            if Exhausted.left:
                Exhausted.left -= 1
                raise OSError(errno.EMFILE, "Too many open files")
            return super().accept()

    async def scenario(listeners: Listeners, desk: Desk, addresses: list[str]) -> None:
        _, writer = await connect(addresses[0])
        await desk.admits()
        assert Exhausted.left == 0
        assert caplog.text.count("out of file handles") == 1
        writer.close()

    monkeypatch.setattr(socket, "socket", Exhausted)
    on(scenario, "127.0.0.1:0")


def test_a_connection_that_breaks_while_it_comes_in_is_let_go(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO")

    async def scenario(listeners: Listeners, desk: Desk, addresses: list[str]) -> None:
        def breaks(hub: object, sock: socket.socket, address: str) -> None:
            raise OSError(errno.EINVAL, "Invalid argument")

        with monkeypatch.context() as patch:
            patch.setattr(Listeners, "_welcome", breaks)
            reader, writer = await connect(addresses[0])
            assert await reader.read() == b""
            writer.close()
        assert "lost while it came in" in caplog.text
        _, writer = await connect(addresses[0])
        await desk.admits()
        writer.close()

    on(scenario, "127.0.0.1:0")
