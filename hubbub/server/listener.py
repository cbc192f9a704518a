"""Listening sockets: they accept, bound how many there are, and hand each on as a connection.

Law: what a peer may do follows from how it came (loopback, private, elsewhere), never from who it
says it is.
"""

from __future__ import annotations

import asyncio
import errno
import logging
import os
import socket
import stat
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final

from hubbub.server import logs
from hubbub.server.addresses import (
    ListenAddress,
    Peers,
    TcpAddress,
    UnixAddress,
    is_loopback,
    is_private,
    limit_key,
)
from hubbub.server.arrivals import TOO_FAST
from hubbub.server.config import Config
from hubbub.server.connection import Connection, LoggedConnection, Welcome
from hubbub.server.errors import OperatorError
from hubbub.server.hub import Hub

log = logging.getLogger("hubbub.listener")

BACKLOG: Final = 1_024
ACCEPTS_AT_ONCE: Final = 64
ACCEPT_SECONDS: Final = 0.001
"""For how long is accepted at once: who still waits then is, in the event loop's next turn."""
PAUSE_SECONDS: Final = 1.0
"""How long accepting rests when the process is out of file handles."""


class ListenError(OperatorError):
    """An address can't be listened on."""


@dataclass(slots=True)
class Door:
    """What new connections are given; replaced when the configuration or certificate changes."""

    config: Config
    welcome: Callable[[bool], Welcome]
    invite: str
    proxies: Peers = field(init=False)
    gateways: Peers = field(init=False)

    def __post_init__(self) -> None:
        self.proxies = Peers.of(self.config.server.trusted_proxies)
        self.gateways = Peers.of(self.config.server.webirc_from)


class Listeners:
    """All of a server's listening sockets."""

    def __init__(self, hub: Hub, door: Door) -> None:
        self._hub = hub
        self._loop = asyncio.get_running_loop()
        self.door = door
        self._sockets: list[socket.socket] = []
        self._paths: list[str] = []
        self._complained: dict[str, float] = {}

    def open(self) -> list[str]:
        """Listens everywhere the configuration says; returns the addresses as they came out.

        Raises ListenError, with nothing left open.
        """
        try:
            for address in self.door.config.server.addresses:
                self._sockets += self._bind(address)
        except OSError as error:
            self.close()
            raise ListenError(_explained(address, error)) from error
        for sock in self._sockets:
            sock.setblocking(False)
            sock.listen(BACKLOG)
            self._loop.add_reader(sock.fileno(), self._accept, sock)
        return [_shown(sock) for sock in self._sockets]

    def close(self) -> None:
        """Stops accepting."""
        for sock in self._sockets:
            self._loop.remove_reader(sock.fileno())
            sock.close()
        for path in self._paths:
            if os.path.exists(path):
                os.unlink(path)
        self._sockets, self._paths = [], []

    def _bind(self, address: ListenAddress) -> list[socket.socket]:
        if isinstance(address, UnixAddress):
            return [self._bind_unix(str(address.path))]
        found = socket.getaddrinfo(
            address.host or None, address.port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )
        bound: list[socket.socket] = []
        port = address.port
        for family, kind, protocol, _, place in dict.fromkeys(found):
            if family not in (socket.AF_INET, socket.AF_INET6):
                continue
            try:
                sock = socket.socket(family, kind, protocol)
            except OSError:
                # The name has an IPv6 address but the system has no IPv6, or the other way round.
                continue
            try:
                sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
                if family == socket.AF_INET6:
                    sock.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
                sock.bind((place[0], port, *place[2:]))
            except OSError as error:
                sock.close()
                if error.errno == errno.EADDRNOTAVAIL and len(found) > 1:
                    continue
                for earlier in bound:
                    earlier.close()
                raise
            port = sock.getsockname()[1]
            bound.append(sock)
        if not bound:
            raise OSError(errno.EADDRNOTAVAIL, "no address of that name is this machine's")
        return bound

    def _bind_unix(self, path: str) -> socket.socket:
        if os.path.exists(path) and stat.S_ISSOCK(os.stat(path).st_mode):
            probe = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
            try:
                probe.connect(path)
            except OSError:
                os.unlink(path)
            finally:
                probe.close()
        sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        try:
            sock.bind(path)
        except OSError:
            sock.close()
            raise
        self._paths.append(path)
        return sock

    def _accept(self, listening: socket.socket) -> None:
        until = self._loop.time() + ACCEPT_SECONDS
        for number in range(ACCEPTS_AT_ONCE):
            if number and self._loop.time() >= until:
                return
            try:
                sock, place = listening.accept()
            except (BlockingIOError, InterruptedError, ConnectionAbortedError):
                return
            except OSError as error:
                if error.errno not in (errno.EMFILE, errno.ENFILE, errno.ENOBUFS, errno.ENOMEM):
                    log.error("accepting failed: %s", error)
                    return
                self._complain("files", f"out of file handles: accepting rests ({error.strerror})")
                self._loop.remove_reader(listening.fileno())
                self._loop.call_later(PAUSE_SECONDS, self._again, listening)
                return
            try:
                self._welcome(sock, place[0] if isinstance(place, tuple) else "")
            except OSError as error:
                sock.close()  # it was reset meanwhile
                log.info("a connection was lost while it came in: %s", error)

    def _again(self, listening: socket.socket) -> None:
        if listening in self._sockets:
            self._loop.add_reader(listening.fileno(), self._accept, listening)

    def _welcome(self, sock: socket.socket, address: str) -> None:
        refusal = self._refusal(address)
        if refusal:
            sock.setblocking(False)
            try:
                sock.send(f"ERROR :Closing link: {refusal}\r\n".encode())
            except OSError:
                pass
            sock.close()
            return
        if sock.family != socket.AF_UNIX:
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        door = self.door
        kind, proxied = door.config.server.plain, address in door.proxies
        here = is_loopback(address) or proxied
        plain = kind != "never" and (here or (kind == "private" and is_private(address)))
        session = self._hub.next_session(self._hub.host_of(address), door.invite)
        welcome = door.welcome(plain)
        if welcome.sts and not here:
            # On this machine TLS under the certificate's name isn't to be had, nor needed.
            session.sts = f"port={welcome.site.https_port}"
        if session.registration is not None and address in door.gateways:
            session.registration.gateway = door.config.server.webirc_password
        peer = address or "unix"
        made = LoggedConnection if logs.is_debug() else Connection
        connection = made(sock, peer, self._hub, session, welcome, self._loop, proxied=proxied)
        self._hub.admit(connection)

    def _refusal(self, address: str) -> str:
        """Why a connection from `address` can't be taken now, or an empty text."""
        limits = self.door.config.limits
        if len(self._hub.connections) >= limits.connections:
            self._complain("full", f"full: {limits.connections} connections")
            return "The server is full: try again later"
        if is_loopback(address):
            return ""
        if address in self.door.proxies or address in self.door.gateways:
            return ""  # they speak for many, who are counted when it is known who they are
        key, most = limit_key(address), limits.connections_per_address
        if most and self._hub.per_address.of(address) >= most:
            self._complain(key, f"too many connections from {key}")
            return "Too many connections from your address"
        if not self._hub.arrivals.admits(address, self._loop.time()):
            self._complain(f"fast {key}", f"too many new connections from {key}")
            return TOO_FAST
        return ""

    def _complain(self, what: str, text: str) -> None:
        """Logs a refusal, the same one not more than once a minute."""
        now = self._loop.time()
        if now - self._complained.get(what, -60.0) >= 60.0:
            if len(self._complained) > 1_000:
                self._complained.clear()
            self._complained[what] = now
            log.warning("%s", text)


def _shown(sock: socket.socket) -> str:
    place = sock.getsockname()
    if isinstance(place, str):
        return f"unix:{place}"
    return str(TcpAddress(place[0], place[1]))


def _explained(address: ListenAddress, error: OSError) -> str:
    if error.errno == errno.EADDRINUSE:
        return (
            f"{address} is in use: another server listens there."
            " Stop it, or choose another port with --listen."
        )
    if error.errno == errno.EACCES:
        return f"{address}: this user may not listen there. Ports from 1024 on are free to all."
    return f"{address} can't be listened on: {error.strerror or error}."
