"""The asyncio adapter against real sockets: trust, reconnects, goodbyes."""

from __future__ import annotations

import asyncio
import contextlib
import stat
from collections.abc import AsyncIterator, Callable
from dataclasses import replace
from pathlib import Path

import pytest

from hubbub.client.address import Address, shown_fingerprint
from hubbub.client.connection import Connection
from hubbub.client.events import (
    CertificatePinned,
    Connected,
    ConnectFailed,
    Disconnected,
    Event,
    MessageShown,
    Registered,
)
from hubbub.client.keeping import KnownServers
from hubbub.client.network import CertificateRefused, CouldNotConnect, Network, backoff
from tests.client.fake_server import FakeServer, make_certificate, running


class Client:
    """A network and what it has shown."""

    def __init__(self, address: Address, directory: Path) -> None:
        self.connection = Connection("alice", run_token="run", device="d" * 32, rooms=("#lobby",))
        self.events: list[Event] = []
        self.known = KnownServers(directory / "known-servers")
        self._news = asyncio.Event()
        self.network = Network(self.connection, address, self.known, self._show, chance=lambda: 0.0)
        self.task = asyncio.create_task(self.network.run())

    def _show(self, events: list[Event]) -> None:
        self.events += events
        self._news.set()

    def of(self, kind: type[Event]) -> list[Event]:
        return [event for event in self.events if isinstance(event, kind)]

    async def until(self, so: Callable[[], bool]) -> None:
        async with asyncio.timeout(20):
            while not so() and not self.task.done():
                self._news.clear()
                await self._news.wait()
        if self.task.done():
            self.task.result()

    async def until_in_lobby(self, times: int = 1) -> None:
        await self.until(
            lambda: len(self.of(Registered)) >= times and self.connection.ready_in("#lobby")
        )


@contextlib.asynccontextmanager
async def client(server: FakeServer, directory: Path, **changes: object) -> AsyncIterator[Client]:
    address = replace(Address("127.0.0.1", server.port), **changes)  # type: ignore[arg-type]
    one = Client(address, directory)
    try:
        yield one
    finally:
        await one.network.stop("bye")
        one.task.cancel()
        await asyncio.gather(one.task, return_exceptions=True)


def test_a_message_goes_there_and_back_and_the_goodbye_is_said(tmp_path: Path) -> None:
    async def scene() -> None:
        async with running() as server:
            async with client(server, tmp_path) as alice:
                await alice.until_in_lobby()
                alice.connection.say("#lobby", "hello")
                alice.network.flush()
                await alice.until(lambda: alice.connection.settled)
                assert [e.text for e in alice.events if isinstance(e, MessageShown)] == ["hello"]
            assert server.received[-1] == "QUIT bye"
            assert len(alice.of(Disconnected)) == 1

    asyncio.run(scene())


def test_after_a_cut_it_comes_back_and_sends_again_what_had_no_answer(tmp_path: Path) -> None:
    async def scene() -> None:
        async with running(acknowledges=False) as server, client(server, tmp_path) as alice:
            await alice.until_in_lobby()
            alice.connection.say("#lobby", "once")
            alice.network.flush()
            while not any("PRIVMSG" in line for line in server.received):
                await asyncio.sleep(0)
            server.acknowledges = True
            server.cut()
            await alice.until(lambda: not alice.connection.outbox)
            sent = [line for line in server.received if "PRIVMSG" in line]
            ids = [line.partition("hubbub/id=")[2].partition(" ")[0] for line in sent]
            assert ids == ["run-1", "run-1"]
            assert [e.text for e in alice.events if isinstance(e, MessageShown)] == ["once"]
            (failed,) = alice.of(ConnectFailed)
            assert isinstance(failed, ConnectFailed)
            assert failed.retry_in == 0.25

    asyncio.run(scene())


def test_who_waits_for_the_next_try_can_have_it_now(tmp_path: Path) -> None:
    async def scene() -> None:
        async with running() as server, client(server, tmp_path) as alice:
            await alice.until_in_lobby()
            port = server.port
            alice.network._chance = lambda: 1e6  # no other try in this test's time
            await server.stop()
            await alice.until(lambda: bool(alice.of(ConnectFailed)))
            await server.start(port=port)
            alice.network.hurry()
            await alice.until_in_lobby(2)

    asyncio.run(scene())


@pytest.mark.parametrize(("seconds", "waits"), [(9.0, [0.25, 0.5]), (11.0, [0.25, 0.25])])
def test_waits_start_anew_after_a_connection_that_was_good(
    tmp_path: Path, seconds: float, waits: list[float]
) -> None:
    async def scene() -> None:
        async with running() as server, client(server, tmp_path) as alice:
            now = 0.0
            alice.network._clock = lambda: now
            for times in (1, 2):
                await alice.until_in_lobby(times)
                now += seconds
                server.cut()
                await alice.until(lambda times=times: len(alice.of(ConnectFailed)) == times)  # type: ignore[misc]
            assert [e.retry_in for e in alice.events if isinstance(e, ConnectFailed)] == waits

    asyncio.run(scene())


def test_nothing_listens(tmp_path: Path) -> None:
    async def scene() -> None:
        async with running() as server:
            pass
        one = Client(Address("127.0.0.1", server.port), tmp_path)
        with pytest.raises(CouldNotConnect, match=r"nothing listens at .* is the server running"):
            await one.task

    asyncio.run(scene())


def test_a_certificate_is_trusted_at_first_use_and_a_changed_one_refused(tmp_path: Path) -> None:
    first, first_print = make_certificate(tmp_path, "first")
    second, second_print = make_certificate(tmp_path, "second")

    async def scene() -> None:
        async with running(first) as server:
            for _ in range(2):
                async with client(server, tmp_path, tls=True) as alice:
                    await alice.until_in_lobby()
            assert alice.of(CertificatePinned) == [], "it was pinned the first time already"
            (connected,) = alice.of(Connected)
            assert isinstance(connected, Connected)
            assert connected.security.startswith("TLS")
            await server.stop()
            await server.start(second, server.port)
            before = len(server.received)
            async with client(server, tmp_path, tls=True) as alice:
                with pytest.raises(CertificateRefused) as refusal:
                    await alice.task
            warning = str(refusal.value).splitlines()
            places = [
                line.index(shown_fingerprint(digits))
                for line, digits in zip(warning[1:3], (first_print, second_print), strict=True)
            ]
            assert places[0] == places[1], "the two are easy to compare"
            assert "known-servers" in str(refusal.value)
            assert server.received[before:] == [], "nothing was said to a stranger"

    asyncio.run(scene())
    kept = tmp_path / "known-servers"
    assert f"sha256:{first_print}" in kept.read_text()
    assert stat.S_IMODE(kept.stat().st_mode) == 0o600


def test_the_first_use_is_told(tmp_path: Path) -> None:
    context, fingerprint = make_certificate(tmp_path, "one")

    async def scene() -> None:
        async with running(context) as server, client(server, tmp_path, tls=True) as alice:
            await alice.until_in_lobby()
            (pinned,) = alice.of(CertificatePinned)
            assert isinstance(pinned, CertificatePinned)
            assert pinned.fingerprint == fingerprint

    asyncio.run(scene())


def test_a_fingerprint_in_the_address_decides(tmp_path: Path) -> None:
    context, fingerprint = make_certificate(tmp_path, "one")

    async def scene() -> None:
        async with running(context) as server:
            async with client(server, tmp_path, tls=True, fingerprint=fingerprint) as alice:
                await alice.until_in_lobby()
            async with client(server, tmp_path, tls=True, fingerprint="0" * 64) as alice:
                with pytest.raises(CertificateRefused, match="the address you gave"):
                    await alice.task

    asyncio.run(scene())


def test_tls_to_a_plain_server_says_what_is_wrong(tmp_path: Path) -> None:
    async def scene() -> None:
        async with running() as server, client(server, tmp_path, tls=True) as alice:
            with pytest.raises(CouldNotConnect, match=r"TLS|broken off"):
                await alice.task

    asyncio.run(scene())


def test_one_who_is_killed_stays_away(tmp_path: Path) -> None:
    async def scene() -> None:
        async with running() as server, client(server, tmp_path) as alice:
            await alice.until_in_lobby()
            server.send(":op!u@h KILL alice :enough", "ERROR :Closing link")
            await alice.until(lambda: alice.connection.final)
            server.cut()
            await asyncio.wait_for(alice.task, 10)
            assert server.connections == 1
            (gone,) = alice.of(Disconnected)
            assert isinstance(gone, Disconnected)
            assert gone.reason == "put out by op: enough"

    asyncio.run(scene())


def test_waits_grow_to_a_bound_and_are_spread() -> None:
    assert [backoff(n, 0.0) for n in (1, 2, 3)] == [0.25, 0.5, 1.0]
    assert backoff(1, 0.999) < 0.5
    assert backoff(50, 0.999) <= 30.0
    assert backoff(7, 0.999) > 29.0
