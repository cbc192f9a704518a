"""A small IRC server on real sockets, for what the model's tests can't show: TLS, reconnects, pipes."""

from __future__ import annotations

import asyncio
import contextlib
import datetime
import hashlib
import ssl
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

CAPS = "message-tags batch labeled-response echo-message hubbub/device hubbub/once"


def make_certificate(directory: Path, name: str) -> tuple[ssl.SSLContext, str]:
    """A self-signed certificate for localhost: a context that shows it, and its fingerprint."""
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "localhost")])
    now = datetime.datetime.now(datetime.UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(days=1))
        .not_valid_after(now + datetime.timedelta(days=1))
        .sign(key, hashes.SHA256())
    )
    path = directory / f"{name}.pem"
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    path.write_bytes(private + certificate.public_bytes(serialization.Encoding.PEM))
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(path)
    der = certificate.public_bytes(serialization.Encoding.DER)
    return context, hashlib.sha256(der).hexdigest()


@dataclass
class FakeServer:
    """Answers one client after the other. `received` has every line that came."""

    taken_names: frozenset[str] = frozenset()
    received: list[str] = field(default_factory=list)
    writers: list[asyncio.StreamWriter] = field(default_factory=list)
    connections: int = 0
    acknowledges: bool = True
    _listener: asyncio.Server | None = None
    port: int = 0

    async def start(self, context: ssl.SSLContext | None = None, port: int = 0) -> None:
        self._listener = await asyncio.start_server(self._serve, "127.0.0.1", port, ssl=context)
        self.port = self._listener.sockets[0].getsockname()[1]

    async def stop(self) -> None:
        """No more connections, and those there are are cut."""
        if self._listener is not None:
            self._listener.close()
        self.cut()

    def cut(self) -> None:
        for writer in self.writers:
            writer.transport.abort()
        self.writers.clear()

    def send(self, *lines: str) -> None:
        """To all clients."""
        for writer in self.writers:
            writer.write("".join(line + "\r\n" for line in lines).encode())

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        self.writers.append(writer)
        nick = "?"
        with contextlib.suppress(OSError):
            async for data in reader:
                line = data.decode().rstrip("\r\n")
                self.received.append(line)
                nick = self._answer(writer, line, nick)
                await writer.drain()
        with contextlib.suppress(ValueError):
            self.writers.remove(writer)
        writer.close()

    def _answer(self, writer: asyncio.StreamWriter, line: str, nick: str) -> str:
        def reply(*lines: str) -> None:
            writer.write("".join(text + "\r\n" for text in lines).encode())

        tags, body = line.split(" ", 1) if line.startswith("@") else ("", line)
        command, _, rest = body.partition(" ")
        label = next((t for t in tags[1:].split(";") if t.startswith("label=")), "")
        match command:
            case "CAP" if rest.startswith("LS"):
                reply(f":s CAP * LS :{CAPS}")
            case "CAP" if rest.startswith("REQ"):
                reply(f":s CAP * ACK :{CAPS}")
            case "NICK" if rest in self.taken_names:
                reply(f":s 433 * {rest} :That name is in use")
                return "!"
            case "NICK":
                if nick == "!":
                    self._welcome(reply, rest)
                return rest
            case "CAP" if rest == "END" and nick != "!":
                self._welcome(reply, nick)
            case "PRIVMSG" if self.acknowledges:
                reply(f"@{label} :{nick}!u@h {body}")
            case "PING":
                reply(f":s PONG s {rest}")
            case "NAMES":
                reply(f":s 353 {nick} = {rest} :@bob {nick}", f":s 366 {nick} {rest} :End")
            case "QUIT":
                reply("ERROR :Bye")
                writer.close()
        return nick

    def _welcome(self, reply: object, nick: str) -> None:
        assert callable(reply)
        reply(f":s 001 {nick} :Welcome", f":s 422 {nick} :No MOTD", f":{nick}!u@h JOIN #lobby")
        reply(f":s 353 {nick} = #lobby :@bob {nick}", f":s 366 {nick} #lobby :End")


@contextlib.asynccontextmanager
async def running(
    context: ssl.SSLContext | None = None, **settings: object
) -> AsyncIterator[FakeServer]:
    """A fake server for the time of a test."""
    server = FakeServer(**settings)  # type: ignore[arg-type]
    await server.start(context)
    try:
        yield server
    finally:
        await server.stop()
