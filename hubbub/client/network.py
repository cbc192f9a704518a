"""The model on a real network: a thin asyncio adapter that connects, trusts, pumps bytes and reconnects.

Trust: a certificate that an authority vouches for under the server's name is accepted; any other is
trusted at first use and pinned, and a changed one is refused, loudly, before a byte is sent.
"""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import random
import ssl
import time
from collections.abc import Callable

from hubbub.client.address import Address, is_loopback, shown_fingerprint
from hubbub.client.connection import Connection
from hubbub.client.events import CertificatePinned, ConnectFailed, Connecting, Event
from hubbub.client.keeping import KnownServers

CONNECT_WITHIN = 15.0
BACKOFF_FIRST, BACKOFF_MOST = 0.5, 30.0
STEADY_AFTER = 10.0
"""Seconds after the welcome until a connection counts as good, so that the next wait is short again."""
READ_SIZE = 65536


class CouldNotConnect(Exception):
    """The first connection failed; the text is for the person."""


class CertificateRefused(CouldNotConnect):
    """The server shows another certificate than the one that is trusted."""


def backoff(attempt: int, chance: float) -> float:
    """Seconds to wait before the try after `attempt` failed ones; `chance` in [0, 1) spreads them."""
    longest = min(BACKOFF_MOST, BACKOFF_FIRST * 2.0 ** min(attempt - 1, 10))
    return longest * (0.5 + chance / 2)


class Network:
    """Keeps one `Connection` connected. `show` gets the events, in order, as they come."""

    def __init__(
        self,
        connection: Connection,
        address: Address,
        known: KnownServers,
        show: Callable[[list[Event]], None],
        *,
        clock: Callable[[], float] = time.monotonic,
        chance: Callable[[], float] = random.random,
    ) -> None:
        self._connection = connection
        self._address = address
        self._known = known
        self._show = show
        self._clock = clock
        self._chance = chance
        self._writer: asyncio.StreamWriter | None = None
        self._stopping = False
        self._wake = asyncio.Event()
        self._welcomed_at: float | None = None

    async def run(self) -> None:
        """Connect, and connect again, until `stop`, or until the server wants us gone.

        Raises `CouldNotConnect` when the first connection fails, `CertificateRefused` whenever the
        certificate is the wrong one.
        """
        attempt, registered = 0, False
        while not self._stopping:
            attempt += 1
            self._show([Connecting(str(self._address), attempt)])
            self._welcomed_at = None
            told = False  # why it ended was shown as `Disconnected`
            try:
                reason = await self._one_connection()
                told = True
            except CertificateRefused:
                raise
            except (OSError, ssl.SSLError, TimeoutError) as error:
                reason = self._explain(error)
            if self._connection.final or self._stopping:
                return
            registered = registered or self._connection.welcomes > 0
            if not registered:
                self._show([ConnectFailed(reason, None)])
                raise CouldNotConnect(reason)
            welcomed = self._welcomed_at
            if welcomed is not None and self._clock() - welcomed >= STEADY_AFTER:
                attempt = 1
            delay = backoff(attempt, self._chance())
            self._show([ConnectFailed("" if told else reason, delay)])
            self._wake.clear()
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._wake.wait(), delay)

    def flush(self) -> None:
        """Write what the model has to send, and show what it has to show; call it after intents."""
        data = self._connection.data_to_send() if self._writer is not None else b""
        if data and self._writer is not None:
            self._writer.write(data)
        events = self._connection.take_events()
        if events:
            self._show(events)

    def hurry(self) -> None:
        """Somebody is there and waits: if the next try is yet to come, it comes now."""
        self._wake.set()

    async def stop(self, reason: str = "") -> None:
        """Say goodbye and be disconnected within two seconds."""
        self._connection.quit(reason)
        self.flush()
        self._stopping = True
        self._wake.set()
        writer = self._writer
        if writer is not None:
            deadline = self._clock() + 2.0
            while self._writer is not None and self._clock() < deadline:
                await asyncio.sleep(0.02)
            writer.close()

    # --- one connection

    async def _one_connection(self) -> str:
        reader, writer, security = await asyncio.wait_for(self._open(), CONNECT_WITHIN)
        self._writer = writer
        self._show(self._connection.connection_made(self._clock(), str(self._address), security))
        self.flush()
        ticking = asyncio.create_task(self._tick(writer))
        reason = "the server closed the connection"
        try:
            await self._pump(reader, writer)
        except (OSError, ssl.SSLError) as error:
            reason = self._explain(error)
        finally:
            ticking.cancel()
            self._writer = None
            writer.close()
            with contextlib.suppress(OSError, ssl.SSLError, TimeoutError):
                await asyncio.wait_for(writer.wait_closed(), 1.0)
        reason = self._connection.wants_close or reason
        self._show(self._connection.connection_lost(reason, self._clock()))
        return reason

    async def _pump(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while data := await reader.read(READ_SIZE):
            self._show(self._connection.receive(data, self._clock()))
            if self._welcomed_at is None and self._connection.registered:
                self._welcomed_at = self._clock()
            self.flush()
            if self._connection.wants_close:
                return
            await writer.drain()

    async def _tick(self, writer: asyncio.StreamWriter) -> None:
        while True:
            await asyncio.sleep(1.0)
            self._show(self._connection.tick(self._clock()))
            self.flush()
            if self._connection.wants_close:
                # abort, not close: a dead peer never takes what is still to be written
                writer.transport.abort()
                return

    # --- trust

    async def _open(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter, str]:
        address = self._address
        if not address.tls:
            reader, writer = await asyncio.open_connection(address.host, address.port)
            near = is_loopback(address.host)
            return reader, writer, "plain, on this machine" if near else "plain, NOT ENCRYPTED"
        given = address.fingerprint
        pinned = given or self._known.fingerprint(address)
        if pinned is None:
            try:
                return await self._vouched()
            except ssl.SSLCertVerificationError:
                pass  # no authority knows it, as with every certificate that a server made itself
        reader, writer, found = await self._unverified()
        if pinned is None:
            self._known.trust(address, found)
            self._show([CertificatePinned(str(address), found)])
        elif pinned != found:
            writer.close()
            if not given:
                with contextlib.suppress(ssl.SSLCertVerificationError):
                    return await self._vouched()
            raise CertificateRefused(self._alarm(pinned, found, given is not None))
        return reader, writer, "TLS, the certificate is the one we know"

    async def _vouched(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter, str]:
        context = ssl.create_default_context()
        streams = await asyncio.open_connection(self._address.host, self._address.port, ssl=context)
        return *streams, "TLS, an authority vouches for the certificate"

    async def _unverified(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter, str]:
        """A connection whose certificate nobody has checked yet, and its fingerprint."""
        context = ssl.create_default_context()
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
        reader, writer = await asyncio.open_connection(
            self._address.host, self._address.port, ssl=context
        )
        channel: ssl.SSLObject = writer.get_extra_info("ssl_object")
        certificate = channel.getpeercert(binary_form=True)
        if certificate is None:
            writer.close()
            raise CertificateRefused("The server shows no certificate.")
        return reader, writer, hashlib.sha256(certificate).hexdigest()

    def _alarm(self, expected: str, found: str, given: bool) -> str:
        origin = "the address you gave" if given else "earlier connections"
        known = f"expected (from {origin}):"
        shown = "the server shows:".ljust(len(known))
        remedy = (
            "ask for a new address or link"
            if given
            else f"remove the line of {self._address} from {self._known.path} and connect again"
        )
        return (
            f"THE CERTIFICATE OF {self._address} IS NOT THE ONE WE KNOW. Nothing was sent.\n"
            f"  {known} {shown_fingerprint(expected)}\n"
            f"  {shown} {shown_fingerprint(found)}\n"
            "Somebody may be between you and the server, or the server has a new certificate.\n"
            "Ask the one who runs it, by another way than this chat, for its fingerprint. "
            f"If it is the second one, {remedy}."
        )

    def _explain(self, error: Exception) -> str:
        where = str(self._address)
        if isinstance(error, TimeoutError):
            return f"{where} did not answer within {CONNECT_WITHIN:.0f} seconds"
        if isinstance(error, ConnectionRefusedError) or "Multiple exceptions" in str(error):
            return f"nothing listens at {where}; is the server running?"
        if isinstance(error, ssl.SSLError):
            if error.reason in ("WRONG_VERSION_NUMBER", "RECORD_LAYER_FAILURE", "HTTP_REQUEST"):
                return f"{where} doesn't speak TLS; write irc://{where} if you trust the network"
            return f"the TLS connection to {where} failed: {error.reason or error}"
        if isinstance(error, ConnectionError):
            return "the connection was broken off"
        return f"{where}: {error.strerror or error}" if isinstance(error, OSError) else str(error)
