"""A WebSocket as a transport of lines: frames in become a stream of lines, and lines become frames.

Law: nothing here knows IRC beyond the ends of lines, and nothing holds more than was fed to it.
The extension is https://ircv3.net/specs/extensions/websocket: one message is one line without its
CR LF. The handshake and all that comes from the client is wsproto's, with extensions off: a
compressor for each client would forbid the frames that all recipients share, and costs 64 KB or
more for each (docs/decisions.md). Frames from a server aren't masked (RFC 6455 section 5.1), so the
bytes of a frame are the same for everybody.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

from wsproto import ConnectionType, WSConnection
from wsproto.connection import Connection, ConnectionState
from wsproto.events import (
    AcceptConnection,
    CloseConnection,
    Message,
    Ping,
    RejectConnection,
    Request,
)
from wsproto.frame_protocol import CloseReason
from wsproto.utilities import RemoteProtocolError

TEXT: Final = 0x81
"""The first byte of a text message in one frame (RFC 6455 section 5.2)."""
BINARY: Final = 0x82
SUBPROTOCOLS: Final = {"text.ircv3.net": TEXT, "binary.ircv3.net": BINARY}

IDLE_FRAMES: Final = 256
"""How many frames that complete no line (pings, pieces, empty ones) may come at once."""
IDLE_FRAMES_PER_SECOND: Final = 10.0
"""How many of them may go on coming. They cost as much as lines, but no line's tokens."""


class BadHandshake(Exception):
    """The request opens no WebSocket: an HTTP status, a sentence and the headers to answer with."""

    def __init__(self, status: int, sentence: str, *headers: str) -> None:
        super().__init__(sentence)
        self.status = status
        self.headers = headers


@dataclass(frozen=True, slots=True)
class Received:
    """What came: lines as on a plain connection, what to answer at once, and why it ended if it did."""

    stream: bytes
    answer: bytes
    ended: str


class WebSocket:
    """One client's WebSocket, from the end of its handshake on."""

    __slots__ = ("_connection", "_heard_at", "_idle", "_opcode")

    def __init__(self, connection: Connection, opcode: int) -> None:
        self._connection = connection
        self._opcode = opcode
        self._idle = float(IDLE_FRAMES)
        self._heard_at = 0.0

    def receive(self, data: bytes, now: float) -> Received:
        """Reads what came at `now` (seconds of a clock that never goes back).

        Binary and text are taken alike, whatever the subprotocol: a line that isn't UTF-8 is the
        parser's to refuse. When `ended` isn't empty the answer is the last thing to send.
        """
        self._idle = min(
            self._idle + (now - self._heard_at) * IDLE_FRAMES_PER_SECOND, float(IDLE_FRAMES)
        )
        self._heard_at = now
        stream, pong, ended = bytearray(), b"", ""
        self._connection.receive_data(data)
        for event in self._connection.events():
            if isinstance(event, Message):
                payload = event.data
                stream += payload.encode() if isinstance(payload, str) else payload
                if event.message_finished:
                    stream += b"\n"
                    if payload:
                        continue
            elif isinstance(event, Ping):
                # "the endpoint MAY elect to send a Pong frame for only the most recently processed
                # Ping frame" (RFC 6455 section 5.5.3)
                pong = self._connection.send(event.response())
            elif isinstance(event, CloseConnection):
                theirs = self._connection.state is ConnectionState.REMOTE_CLOSING
                ended = "Connection closed" if theirs else f"WebSocket: {event.reason}"
                return Received(bytes(stream), pong + self.close(event.code, event.reason), ended)
            self._idle -= 1
            if self._idle < 0:
                ended = "Too many frames without a line"
                closing = self.close(CloseReason.POLICY_VIOLATION, ended)
                return Received(bytes(stream), pong + closing, f"WebSocket: {ended}")
        return Received(bytes(stream), pong, "")

    def frames(self, lines: bytes) -> bytes:
        """Whole lines, each with its CR LF, as this client's frames."""
        return frames(lines, self._opcode)

    def close(self, code: int = CloseReason.NORMAL_CLOSURE, reason: str | None = None) -> bytes:
        """The frame that ends the WebSocket; empty when it was sent already."""
        if self._connection.state in (ConnectionState.OPEN, ConnectionState.REMOTE_CLOSING):
            return self._connection.send(CloseConnection(code, reason))
        return b""


@lru_cache(maxsize=32)
def frames(lines: bytes, opcode: int) -> bytes:
    """Whole lines as frames, one for each.

    What a room's recipients are sent is one object (law 8), so that they find here what the first
    of them had made; an object's hash is counted once, and equality is identity.
    """
    framed = bytearray()
    for line in lines.split(b"\r\n"):
        size = len(line)
        if not size:
            continue
        # RFC 6455 section 5.2: the length in 7 bits, or after 126 in two bytes, or after 127 in eight.
        if size < 126:
            framed += bytes((opcode, size))
        elif size < 65_536:
            framed += struct.pack("!BBH", opcode, 126, size)
        else:
            framed += struct.pack("!BBQ", opcode, 127, size)
        framed += line
    return bytes(framed)


def accept(head: bytes) -> tuple[bytes, WebSocket]:
    """The response to the head of a request that asks for a WebSocket, and the WebSocket.

    The client's order of subprotocols is respected. To a client that names none that is known here
    the response names none either, and it is sent text, which is all that this server has.
    Raises BadHandshake.
    """
    opening = WSConnection(ConnectionType.SERVER)
    try:
        opening.receive_data(head)
        request = next(opening.events(), None)
    except RemoteProtocolError as error:
        raise _refused(error) from error
    except UnicodeError as error:  # wsproto takes these headers to be ASCII
        raise BadHandshake(400, "A header of the WebSocket's handshake isn't ASCII.") from error
    if not isinstance(request, Request):
        raise BadHandshake(400, "The WebSocket's handshake isn't whole.")
    known = (name for name in request.subprotocols if name in SUBPROTOCOLS)
    subprotocol = next(known, None)
    response = opening.send(AcceptConnection(subprotocol=subprotocol))
    assert opening.connection is not None
    return response, WebSocket(opening.connection, SUBPROTOCOLS.get(subprotocol or "", TEXT))


def _refused(error: RemoteProtocolError) -> BadHandshake:
    hint = error.event_hint
    if not isinstance(hint, RejectConnection):
        return BadHandshake(400, "That is no WebSocket's handshake.")
    headers = [f"{name.decode()}: {value.decode()}" for name, value in hint.headers]
    return BadHandshake(hint.status_code, f"That is no WebSocket's handshake: {error}.", *headers)
