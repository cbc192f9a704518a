"""What a connection needs of TLS sockets, the standard library's and another's.

Law: errors are those of `ssl.SSLSocket`, so that a connection has one way for both; OpenSSL itself
is bound in the module that needs it (`client_certificates`), which most servers never load.
"""

from __future__ import annotations

import socket
import ssl
from abc import abstractmethod
from typing import Final, Protocol
from weakref import WeakSet


class TlsSocket(socket.socket):
    """A non-blocking TLS socket of a server, in the place of the plain one that it takes over.

    `recv`, `send`, `do_handshake` and `unwrap` raise ssl.SSLWantReadError, ssl.SSLWantWriteError,
    ssl.SSLError (with a `reason`) and OSError.
    """

    @abstractmethod
    def do_handshake(self) -> None:
        """Goes on with the handshake."""

    @abstractmethod
    def pending(self) -> int:
        """How many decrypted bytes can be had without reading the socket."""

    @abstractmethod
    def version(self) -> str | None:
        """The protocol's version, or None before the handshake's end."""

    @abstractmethod
    def unwrap(self) -> object:
        """Says that nothing more comes; the other side's answer isn't waited for."""

    @property
    @abstractmethod
    def fingerprint(self) -> str:
        """SHA-256 of the client's certificate in lower-case hex, or empty when it showed none."""

    @property
    @abstractmethod
    def named(self) -> bool:
        """Whether the client said in its handshake which host it wants."""


class Asking(Protocol):
    """A TLS context that asks clients for their certificates and takes any."""

    def wrap_socket(self, sock: socket.socket) -> TlsSocket:
        """Takes over a socket. Raises OSError and ValueError when it was reset meanwhile."""


TLS_SOCKETS: Final = (ssl.SSLSocket, TlsSocket)

NAMED: Final[WeakSet[ssl.SSLSocket | ssl.SSLObject]] = WeakSet()
"""Whose client said in its handshake which host it wants, if the standard library's context notes it."""


def note_names(context: ssl.SSLContext) -> None:
    """Has it noted which clients say which host they want."""

    def note(sock: ssl.SSLSocket | ssl.SSLObject, name: str, context: ssl.SSLContext) -> None:
        if name:
            NAMED.add(sock)

    context.sni_callback = note
