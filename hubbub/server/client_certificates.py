"""TLS that asks clients for a certificate and takes whatever they show: the base of SASL EXTERNAL.

Law: a certificate is worth its fingerprint, and nothing that it says is believed: who signed it,
until when it is valid and whose it claims to be don't matter. The handshake proves that the
client has its key. The standard library can't do that (docs/decisions.md), so here is pyOpenSSL.
"""

from __future__ import annotations

import os
import socket
import ssl
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Final, TypeVar, cast

from OpenSSL import SSL

from hubbub.server.certificate import CertificateError
from hubbub.server.tls_socket import TlsSocket

if TYPE_CHECKING:
    from typing_extensions import Buffer

_RELEASE_BUFFERS: Final = 0x10
"""SSL_MODE_RELEASE_BUFFERS: an idle connection holds no buffers for records (34 KB)."""
_SESSION_CONTEXT: Final = b"hubbub"
"""OpenSSL refuses to resume sessions with certificates that don't say what they are for."""
_T = TypeVar("_T")


def _taken(*_: object) -> bool:
    """Whatever OpenSSL thinks of a certificate, it is taken."""
    return True


class AskingContext:
    """The server's certificate and key, for connections that are asked for theirs."""

    def __init__(self, certificate: Path, key: Path) -> None:
        """Reads the files, which the standard library has found to be good. Raises CertificateError."""
        context = SSL.Context(SSL.TLS_SERVER_METHOD)
        context.set_min_proto_version(SSL.TLS1_2_VERSION)
        context.set_options(ssl.OP_NO_RENEGOTIATION | ssl.OP_NO_COMPRESSION)
        context.set_mode(_RELEASE_BUFFERS)
        context.set_verify(SSL.VERIFY_PEER, _taken)
        # No time goes into the certificates that a client sends along with its own.
        context.set_verify_depth(0)
        # Sessions are kept by the clients, in tickets.
        context.set_session_cache_mode(SSL.SESS_CACHE_OFF)
        context.set_session_id(_SESSION_CONTEXT)
        try:
            context.use_certificate_chain_file(certificate)
            context.use_privatekey_file(key)
            context.check_privatekey()
        except SSL.Error as error:
            text = f"{certificate} and {key} can't be used for TLS ({_reason(error)})."
            raise CertificateError(text) from None
        self._context = context

    def wrap_socket(self, sock: socket.socket) -> CertifiedSocket:
        """Takes over a socket that a client's handshake is read from."""
        return CertifiedSocket(self._context, sock)


class CertifiedSocket(TlsSocket):
    """A TLS socket whose client may have shown a certificate."""

    def __init__(self, context: SSL.Context, sock: socket.socket) -> None:
        super().__init__(sock.family, sock.type, sock.proto, fileno=sock.detach())
        self.setblocking(False)
        self._ready = False
        # OpenSSL needs the descriptor only; with the socket itself the two would hold each other.
        self._tls = SSL.Connection(context, cast(socket.socket, self.fileno()))
        self._tls.set_accept_state()

    def do_handshake(self) -> None:
        _translated(self._tls.do_handshake)
        self._ready = True

    def recv(self, size: int, flags: int = 0, /) -> bytes:
        try:
            return _translated(lambda: self._tls.recv(size))
        except ssl.SSLEOFError:
            return b""  # a client that just goes is no error, as in the standard library

    def send(self, content: Buffer, flags: int = 0, /) -> int:
        return _translated(lambda: self._tls.send(cast(bytes, content)))

    def pending(self) -> int:
        return self._tls.pending()

    def version(self) -> str | None:
        return self._tls.get_protocol_version_name() if self._ready else None

    def unwrap(self) -> None:
        _translated(self._tls.shutdown)

    @property
    def fingerprint(self) -> str:
        certificate = self._tls.get_peer_certificate()
        if certificate is None:
            return ""
        return certificate.digest("sha256").decode().replace(":", "").lower()

    @property
    def named(self) -> bool:
        return bool(self._tls.get_servername())


def _translated(act: Callable[[], _T]) -> _T:
    """Does something of OpenSSL's, and raises what the standard library would."""
    try:
        return act()
    except SSL.WantReadError:
        raise ssl.SSLWantReadError(ssl.SSL_ERROR_WANT_READ, "more has to come") from None
    except SSL.WantWriteError:
        raise ssl.SSLWantWriteError(ssl.SSL_ERROR_WANT_WRITE, "more has to go") from None
    except SSL.ZeroReturnError:
        raise _with_reason(ssl.SSLEOFError(ssl.SSL_ERROR_EOF, "closed"), "closed") from None
    except SSL.SysCallError as error:
        number = error.args[0]
        if number > 0:
            raise OSError(number, os.strerror(number)) from None
        # Without a name for it: this frame is in its traceback, and the two would hold each other,
        # and the socket with all that OpenSSL has for it, until the collector looks for such rings.
        raise _with_reason(
            ssl.SSLEOFError(ssl.SSL_ERROR_EOF, "unexpected end"), "UNEXPECTED_EOF_WHILE_READING"
        ) from None
    except SSL.Error as error:
        reason = _reason(error)
        raise _with_reason(ssl.SSLError(ssl.SSL_ERROR_SSL, reason), reason) from None


def _with_reason(error: ssl.SSLError, reason: str) -> ssl.SSLError:
    """The error as OpenSSL's own are in the standard library: with a reason, which made ones lack."""
    error.reason = reason
    return error


def _reason(error: SSL.Error) -> str:
    """OpenSSL's first sentence about an error, in the standard library's capitals."""
    stack = error.args[0] if error.args else ()
    first = stack[0][-1] if stack and stack[0] else ""
    return str(first).upper().replace(" ", "_") or "PROTOCOL_ERROR"
