"""One socket, plain or TLS: bytes in, lines to the hub, bytes out.

Law: nothing here blocks or raises for what the other side does; what it doesn't read is bounded,
then it is dropped. One non-blocking socket serves plain and TLS alike, without asyncio's
transports, whose TLS buffers cost more than the rest of a connection (docs/decisions.md).
"""

from __future__ import annotations

import asyncio
import socket
import ssl
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Final, Protocol

from hubbub.edge.session import Session
from hubbub.irc.framing import BadLine, Framer
from hubbub.server import http, logs, proxy
from hubbub.server.tls_socket import NAMED, TLS_SOCKETS, Asking, TlsSocket
from hubbub.server.turns import Turns

if TYPE_CHECKING:
    from hubbub.server.websocket import WebSocket

CLOSED: Final = "Connection closed"
"""Why a connection ended that the client closed in good order."""
READ_BYTES: Final = 16_384
"""How much is read at once: a TLS record's worth."""
_TLS_HANDSHAKE: Final = 0x16
LINGER_SECONDS: Final = 5.0
"""How long the other side may take to read the last bytes and to close as well."""
_SNIFFED: Final = 8
"""How many bytes tell HTTP from IRC."""
_WANTS_TLS: Final = (
    b"ERROR :Closing link: This server wants TLS from other machines:"
    b" turn on SSL/TLS in your client, on the same port\r\n"
)
_AGAIN: Final = (
    BlockingIOError,
    InterruptedError,
    ssl.SSLWantReadError,
    ssl.SSLWantWriteError,
)


class Hub(Protocol):
    """What a connection tells its owner, and asks of it."""

    @property
    def turns(self) -> Turns:
        """Where handshakes wait for their turn."""

    def received(self, connection: Connection, lines: list[bytes | BadLine]) -> None:
        """Complete lines came in."""

    def lost(self, connection: Connection, reason: str) -> None:
        """The connection is gone; `reason` is for others to read."""

    def moved(self, connection: Connection, address: str) -> None:
        """A trusted proxy says that the connection comes from this address; it may be dropped."""


@dataclass(frozen=True, slots=True)
class Welcome:
    """What a listener gives its connections: TLS, limits, and whether plain lines are served.

    `sts` is the policy that clients with TLS are told who said which host they want (so the context
    has to `note_names`), or empty (https://ircv3.net/specs/extensions/sts). With `asking` clients are
    asked for a certificate.
    """

    tls: ssl.SSLContext | None
    plain: bool
    send_queue_bytes: int
    site: http.Site
    sts: str = ""
    asking: Asking | None = None


class Connection:
    """One client's connection, from the first byte to the last.

    Stages: the proxy's header, sniff (TLS or not), handshake, first bytes (HTTP or IRC), lines,
    in frames once a WebSocket was opened. `session` is the hub's; `waiting` is how much of what the
    session may ask at a time is taken by answers still to come (`flight.UNDER_WAY`). `proxied` says
    that the peer is a proxy that may be believed from where it hands on.
    """

    __slots__ = (
        "_closing",
        "_direct",
        "_fd",
        "_first",
        "_framer",
        "_hub",
        "_loop",
        "_queue",
        "_queued",
        "_reserved",
        "_sock",
        "_timer",
        "_websocket",
        "_welcome",
        "heard_at",
        "lines",
        "opened_at",
        "paused",
        "peer",
        "pinged",
        "refilled_at",
        "session",
        "tokens",
        "waiting",
    )

    def __init__(
        self,
        sock: socket.socket,
        peer: str,
        hub: Hub,
        session: Session,
        welcome: Welcome,
        loop: asyncio.AbstractEventLoop,
        *,
        proxied: bool = False,
    ) -> None:
        sock.setblocking(False)
        self._sock = sock
        self._fd = sock.fileno()
        self._hub = hub
        self._loop = loop
        self._welcome = welcome
        self._framer = Framer()
        self._first: bytes | None = b""
        self._queue: deque[bytes] | None = None
        self._queued = 0
        self._reserved: deque[object] | None = None
        self._closing = False
        # What sends at once, while nothing is in the way: no queue, no reserved place, no end.
        self._direct: Callable[[bytes], int] | None = sock.send
        self._timer: asyncio.TimerHandle | None = None
        self._websocket: WebSocket | None = None
        self.peer = peer
        self.session = session
        self.lines: deque[bytes | BadLine] | None = None
        self.waiting = 0
        self.tokens = 0.0
        self.paused = False
        self.pinged = False
        self.opened_at = self.refilled_at = self.heard_at = loop.time()
        loop.add_reader(self._fd, self._sniff_proxy if proxied else self._sniff)

    # -- reading --------------------------------------------------------------------------

    def _sniff_proxy(self) -> None:
        """The first byte tells a proxy's header from TLS, and nearly from everything else."""
        first = self._peek()
        if first:
            stage = self._read_header if first in proxy.FIRST_BYTES else self._sniff
            self._loop.add_reader(self._fd, stage)
            stage()

    def _read_header(self) -> None:
        """Reads the proxy's header to its end and no further; what is none is a line's beginning."""
        assert self._first is not None
        try:
            while missing := proxy.missing(self._first):
                held = self._sock.recv(missing)
                if not held:
                    self.drop(CLOSED)
                    return
                self._first += held
            if missing is None:
                self._loop.add_reader(self._fd, self._readable)
                self._go_on_with(b"")
                return
            origin = proxy.parse(self._first)
        except proxy.MalformedHeader as error:
            self.drop(f"sent a PROXY header that can't be read: {error}")
            return
        except _AGAIN:
            return
        except OSError as error:
            self.drop(_reason(error))
            return
        self._first = b""
        self._loop.add_reader(self._fd, self._sniff)
        if origin.secure:
            self.session.secure = True
            self.session.sts = self._welcome.sts
        if origin.address:
            self._hub.moved(self, origin.address)

    def _peek(self) -> bytes:
        """The first byte, which stays unread; empty when there is none, or not yet."""
        try:
            first = self._sock.recv(1, socket.MSG_PEEK)
        except _AGAIN:
            return b""
        except OSError as error:
            self._await_turn(partial(self.drop, _reason(error)))
            return b""
        if not first:
            self._await_turn(partial(self.drop, CLOSED))
        return first

    def _sniff(self) -> None:
        """The first byte tells TLS from everything else."""
        first = self._peek()
        if not first:
            return
        tls = self._welcome.tls
        if first[0] == _TLS_HANDSHAKE and tls is not None:
            self._await_turn(self._begin_tls)
        else:
            self._loop.add_reader(self._fd, self._readable)
            self._readable()

    def _await_turn(self, step: Callable[[], None]) -> None:
        """Has something done when its turn comes, as thousands may want it; nothing is read until then."""
        self._loop.remove_reader(self._fd)
        self._loop.remove_writer(self._fd)
        self._hub.turns.take(step)

    def _begin_tls(self) -> None:
        tls = self._welcome.tls
        if not self.is_open or tls is None:
            return
        try:
            self._sock = self._wrap(tls)
        except (OSError, ValueError):
            self.drop(CLOSED)  # it was reset since the byte came
            return
        self.session.secure = True
        self.session.sts = ""
        self._find_way()
        self._handshake()

    def _wrap(self, tls: ssl.SSLContext) -> socket.socket:
        asking = self._welcome.asking
        # Where a proxy has ended the client's TLS, a certificate would be the proxy's.
        if asking is None or self.session.secure:
            return tls.wrap_socket(self._sock, server_side=True, do_handshake_on_connect=False)
        return asking.wrap_socket(self._sock)

    def _handshake(self) -> None:
        if not self.is_open:
            return
        assert isinstance(self._sock, TLS_SOCKETS)
        try:
            self._sock.do_handshake()
        except ssl.SSLWantReadError:
            self._loop.add_reader(self._fd, self._await_turn, self._handshake)
            return
        except ssl.SSLWantWriteError:
            self._loop.add_writer(self._fd, self._await_turn, self._handshake)
            return
        except OSError as error:
            self.drop(f"TLS handshake failed: {_reason(error)}")
            return
        named = self._sock in NAMED
        if isinstance(self._sock, TlsSocket):
            named, self.session.fingerprint = self._sock.named, self._sock.fingerprint
        if named:
            # "If no hostname has been provided for the connection, an STS persistence policy SHOULD
            # NOT be advertised."
            self.session.sts = self._welcome.sts
        self._loop.add_reader(self._fd, self._readable)
        self._readable()

    def _readable(self) -> None:
        while True:
            try:
                data = self._sock.recv(READ_BYTES)
            except _AGAIN:
                return
            except OSError as error:
                self.drop(_reason(error))
                return
            if not data:
                self.drop(CLOSED)
                return
            if self._closing:
                continue
            self.heard_at = self._loop.time()
            self.pinged = False
            self._go_on_with(data)
            # TLS may hold decrypted bytes that the selector doesn't see.
            if self.paused or not (isinstance(self._sock, TLS_SOCKETS) and self._sock.pending()):
                return

    def _go_on_with(self, data: bytes) -> None:
        """Makes lines of what came, once it is known what they are wrapped in."""
        if self._first is not None:
            data = self._first_bytes(data)
        if data and self._websocket is not None:
            self._unwrap(self._websocket, data)
        elif data:
            lines = self._framer.feed(data)
            if lines:
                self._hub.received(self, lines)

    def _first_bytes(self, data: bytes) -> bytes:
        """Tells HTTP from IRC; returns what is left for who comes next, once that is known."""
        assert self._first is not None
        data = self._first + data
        if http.is_request(data):
            if http.is_whole(data):
                return self._answer_http(data)
            self._first = data
            return b""
        served = self.session.secure or self._welcome.plain
        if b"\n" not in data and (served or len(data) < _SNIFFED):
            self._first = data
            return b""
        self._first = None
        if not served:
            # Clients that know of STS say so at once, and come again over TLS by themselves.
            knows = self.session.sts and b"CAP LS 3" in data
            policy = f"CAP * LS :sts={self.session.sts}\r\n" if knows else ""
            self._turn_away(policy.encode() + _WANTS_TLS, "wanted to go on without TLS")
            return b""
        return data

    def _answer_http(self, data: bytes) -> bytes:
        """Serves a page and ends, or opens a WebSocket and returns what came in it already."""
        answer = http.answer(data, self._scheme(), self._welcome.site)
        if answer.websocket is None:
            self._turn_away(answer.response, answer.reason)
            return b""
        self._first = None
        self._send(answer.response)
        self._websocket = answer.websocket
        self._find_way()
        return answer.rest

    def _unwrap(self, websocket: WebSocket, data: bytes) -> None:
        """Makes lines of a WebSocket's frames, and answers those that have no lines."""
        received = websocket.receive(data, self._loop.time())
        lines = self._framer.feed(received.stream)
        if lines:
            self._hub.received(self, lines)
        if not self.is_open:
            return
        self._send(received.answer)
        if received.ended:
            self._turn_away(b"", received.ended)

    def _scheme(self) -> http.Scheme:
        if self.session.secure:
            return http.Scheme.TLS
        return http.Scheme.PLAIN if self._welcome.plain else http.Scheme.REFUSED

    def pause(self) -> None:
        """Stops reading, so that a flooder feels its own flood."""
        if self.is_open and not self.paused:
            self.paused = True
            self._loop.remove_reader(self._fd)

    def resume(self) -> None:
        """Reads again after `pause`."""
        self.paused = False
        if self.is_open:
            self._loop.add_reader(self._fd, self._readable)
            if isinstance(self._sock, TLS_SOCKETS) and self._sock.pending():
                self._loop.call_soon(self._readable_if_open)

    def _readable_if_open(self) -> None:
        if self.is_open and not self.paused:
            self._readable()

    # -- writing --------------------------------------------------------------------------

    def write(self, data: bytes) -> None:
        """Sends what the socket takes and queues the rest, up to the listener's bound."""
        send = self._direct
        if send is not None:
            self._transmit(send, data)
            return
        if not self.is_open:
            return
        if self._websocket is not None:
            data = self._websocket.frames(data)
        if self._reserved is not None:
            self._reserved.append(data)
            self._count(len(data))
        else:
            self._send(data)

    def _find_way(self) -> None:
        """Decides anew whether `write` may send at once."""
        clear = self._queue is None and self._reserved is None and self._websocket is None
        free = clear and self.is_open
        self._direct = self._sock.send if free else None

    def reserve(self, answer: object) -> None:
        """Keeps a place for an answer to come; what is written from here on waits behind it."""
        if self._reserved is None:
            self._reserved = deque()
            self._find_way()
        self._reserved.append(answer)

    def fill(self, answer: object, data: bytes) -> None:
        """Writes an answer in the place that was reserved for it, and what waited behind it."""
        held = self._reserved
        if held is None:
            return
        if self._websocket is not None:
            data = self._websocket.frames(data)
        for index, item in enumerate(held):
            if item is answer:
                held[index] = data
                self._queued += len(data)
                break
        while held and isinstance(held[0], bytes):
            self._queued -= len(held[0])
            self._send(held[0])
            held.popleft()
        if not held:
            self._reserved = None
            self._find_way()

    def _send(self, data: bytes) -> None:
        if not data:
            return
        if self._queue is not None:
            self._enqueue(data)
        else:
            self._transmit(self._sock.send, data)

    def _transmit(self, send: Callable[[bytes], int], data: bytes) -> None:
        """Sends with nothing before it; the way of nearly every write, so it is short."""
        try:
            sent = send(data)
        except _AGAIN:
            sent = 0
        except OSError as error:
            # Not at once: the caller may be in the middle of telling everybody something.
            self._loop.call_soon(self.drop, _reason(error))
            return
        if sent < len(data):
            self._queue = deque()
            self._enqueue(data[sent:])
            if not self._closing:
                self._loop.add_writer(self._fd, self._writable)
            self._find_way()

    def _enqueue(self, data: bytes) -> None:
        assert self._queue is not None
        self._queue.append(data)
        self._count(len(data))

    def _count(self, size: int) -> None:
        """Adds to what waits, and drops the client when that is too much."""
        self._queued += size
        if self._queued > self._welcome.send_queue_bytes and not self._closing:
            self._closing = True
            self._direct = None
            self._loop.call_soon(
                self.drop, f"Send queue exceeded ({self._queued} bytes were not read)"
            )

    def _writable(self) -> None:
        assert self._queue is not None
        while self._queue:
            data = self._queue.popleft()
            try:
                sent = self._sock.send(data)
            except _AGAIN:
                sent = 0
            except OSError as error:
                self.drop(_reason(error))
                return
            self._queued -= sent
            if sent < len(data):
                self._queue.appendleft(data[sent:])
                return
        self._queue = None
        self._loop.remove_writer(self._fd)
        self._find_way()
        if self._closing:
            self._linger()

    # -- ending ---------------------------------------------------------------------------

    @property
    def is_open(self) -> bool:
        """Whether it can still be read from and written to."""
        return self._fd >= 0 and not self._closing

    @property
    def unsent(self) -> int:
        """How many bytes wait to be sent."""
        return self._queued

    def finish(self, data: bytes) -> None:
        """Sends the last bytes, then closes; the hub isn't told, it knows."""
        if not self.is_open:
            return
        if isinstance(self._sock, TLS_SOCKETS) and self._sock.version() is None:
            self._shut()  # before the handshake's end nothing can be said
            return
        self._loop.remove_reader(self._fd)
        held, self._reserved = self._reserved, None
        self._direct = None
        for item in held or ():
            if isinstance(item, bytes):
                self._queued -= len(item)
                self._send(item)
        self._send(data if self._websocket is None else self._websocket.frames(data))
        if self._closing:
            return
        self._closing = True
        self._timer = self._loop.call_later(LINGER_SECONDS, self._shut)
        if self._queue is None:
            self._linger()

    def _linger(self) -> None:
        """All was sent: ends the stream, and reads on until the other side has ended it as well.

        To close with something unread would reset the connection, and the last bytes be lost.
        """
        self._end_stream()
        self._loop.add_reader(self._fd, self._discard)

    def _discard(self) -> None:
        try:
            if socket.socket.recv(self._sock, READ_BYTES):
                return
        except _AGAIN:
            return
        except OSError:
            pass
        self._shut()

    def _turn_away(self, data: bytes, reason: str) -> None:
        """Sends the last bytes to who isn't a client, and tells the hub that it was none."""
        self.finish(data)
        self._hub.lost(self, reason)

    def drop(self, reason: str) -> None:
        """Closes at once and tells the hub why."""
        if self._fd < 0:
            return
        self._shut()
        self._hub.lost(self, reason)

    def _shut(self) -> None:
        if self._fd < 0:
            return
        self._loop.remove_reader(self._fd)
        self._loop.remove_writer(self._fd)
        if self._timer is not None:
            self._timer.cancel()
        self._end_stream()
        self._fd = -1
        self._queue = self._reserved = self._timer = self._direct = None
        self._queued = 0
        self._sock.close()

    def _end_stream(self) -> None:
        """Says that nothing more comes: a TLS client would take a bare end for a cut line."""
        try:
            closing = b"" if self._websocket is None else self._websocket.close()
            if closing and not self._queue:
                self._sock.send(closing)
            if isinstance(self._sock, TLS_SOCKETS):
                self._sock.unwrap()
        except (OSError, ValueError):
            pass  # its answer isn't waited for
        try:
            self._sock.shutdown(socket.SHUT_WR)
        except OSError:
            pass


class LoggedConnection(Connection):
    """A connection whose every line out is logged, for debug mode."""

    __slots__ = ()

    def _transmit(self, send: Callable[[bytes], int], data: bytes) -> None:
        logs.line_out(self.session.id, data)
        super()._transmit(send, data)

    def _send(self, data: bytes) -> None:
        if self._queue is not None:
            logs.line_out(self.session.id, data)
        super()._send(data)


def _reason(error: OSError) -> str:
    if isinstance(error, ssl.SSLError):
        return f"TLS: {error.reason or 'protocol error'}"
    if isinstance(error, ConnectionResetError):
        return "Connection reset"
    return error.strerror or type(error).__name__
