"""How lines lie on a connection: with line ends, or each in a WebSocket frame (text.ircv3.net)."""

from __future__ import annotations

import base64
import os
import socket
import struct
from collections.abc import Sequence

from bench.judge import DeliveryError


def split_lines(stream: bytes) -> tuple[list[bytes], bytes]:
    """The whole lines of a plain stream, and the beginning of the next."""
    *lines, rest = stream.split(b"\r\n")
    return lines, rest


def join_lines(lines: Sequence[bytes]) -> bytes:
    """Lines as a plain client writes them."""
    return b"".join(line + b"\r\n" for line in lines)


def split_frames(stream: bytes) -> tuple[list[bytes], bytes]:
    """The payloads of the whole frames of a server's stream, and the rest; https://www.rfc-editor.org/rfc/rfc6455#section-5.2.

    Raises DeliveryError for a masked, fragmented or closing frame.
    """
    lines: list[bytes] = []
    at = 0
    while len(stream) - at >= 2:
        first, length = stream[at], stream[at + 1]
        head = at + 2
        if length == 126:
            if len(stream) < head + 2:
                break
            (length,) = struct.unpack_from("!H", stream, head)
            head += 2
        if stream[at + 1] >= 127 or first not in (0x81, 0x82):
            raise DeliveryError(f"a frame that no line is in: {stream[at : at + 40]!r}")
        if len(stream) < head + length:
            break
        lines.append(stream[head : head + length])
        at = head + length
    return lines, stream[at:]


def join_frames(lines: Sequence[bytes]) -> bytes:
    """Lines as a WebSocket client writes them: masked with zeros, which leaves them readable."""
    parts = []
    for line in lines:
        size = bytes([0x80 | len(line)]) if len(line) < 126 else struct.pack("!BH", 254, len(line))
        parts += [b"\x81", size, b"\0\0\0\0", line]
    return b"".join(parts)


def upgrade(sock: socket.socket, port: int) -> None:
    """Makes a WebSocket of a connected, blocking socket. Raises DeliveryError when the server doesn't agree."""
    key = base64.b64encode(os.urandom(16)).decode()
    sock.sendall(
        f"GET / HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        f"Origin: http://127.0.0.1:{port}\r\nSec-WebSocket-Key: {key}\r\n"
        "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Protocol: text.ircv3.net\r\n\r\n".encode()
    )
    answer = b""
    while b"\r\n\r\n" not in answer:
        part = sock.recv(1)
        if not part:
            break
        answer += part
    if b" 101 " not in answer.partition(b"\r\n")[0]:
        raise DeliveryError(f"the server refused the WebSocket: {answer[:300]!r}")
