"""What a browser is told that opens the chat's address: how to join.

Law: an answer is a function of the request's bytes. The page stands in until the web client.
"""

from __future__ import annotations

import html
from typing import Final

LIMIT: Final = 8_192
"""How many bytes a request's head may have."""
_METHODS: Final = (b"GET ", b"HEAD ", b"POST ", b"PUT ", b"DELETE ", b"OPTIONS ", b"PATCH ")

_PAGE: Final = """<!doctype html>
<html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<title>Hubbub</title>
<style>body{{font:1rem/1.5 system-ui,sans-serif;max-width:40rem;margin:10vh auto;padding:0 1rem;
color-scheme:light dark}}code{{font-size:1.05em}}</style>
<h1>This is a Hubbub chat</h1>
<p>Join it from a terminal:</p><pre><code>python client.py {address}</code></pre>
<p>or with any IRC client: server <code>{host}</code>, port <code>{port}</code>{tls}.</p>
</html>
"""


def is_request(data: bytes) -> bool:
    """Whether the first bytes of a connection are, or may yet become, an HTTP request."""
    return any(data.startswith(method) for method in _METHODS)


def is_whole(data: bytes) -> bool:
    """Whether a request's head is complete, or so long that it won't be waited for."""
    return b"\r\n\r\n" in data or b"\n\n" in data or len(data) >= LIMIT


def answer(request: bytes, secure: bool, https_port: int) -> bytes:
    """The whole response; the connection is closed after it."""
    method, _, rest = request.partition(b" ")
    path, _, _ = rest.partition(b" ")
    if method not in (b"GET", b"HEAD"):
        return _response("405 Method Not Allowed", "text/plain", b"Only GET is served here.\n")
    if path != b"/":
        return _response("404 Not Found", "text/plain", b"There is only one page: /\n")
    host, port = _host(request, https_port)
    address = f"{'ircs' if secure else 'irc'}://{host}:{port}"
    page = _PAGE.format(
        address=html.escape(address),
        host=html.escape(host),
        port=port,
        tls=", with TLS" if secure else "",
    ).encode()
    return _response("200 OK", "text/html; charset=utf-8", b"" if method == b"HEAD" else page)


def _host(request: bytes, port: int) -> tuple[str, int]:
    """The host that the browser asked for, shown back to it, and the port."""
    for line in request.split(b"\n"):
        name, colon, value = line.partition(b":")
        if colon and name.strip().lower() == b"host":
            host = value.strip().decode("ascii", "replace")
            bare, separator, digits = host.rpartition(":")
            if separator and digits.isdigit() and not bare.endswith(":"):
                return bare, int(digits[:5])
            return host, port
    return "localhost", port


def _response(status: str, kind: str, body: bytes) -> bytes:
    head = (
        f"HTTP/1.1 {status}\r\nContent-Type: {kind}\r\nContent-Length: {len(body)}\r\n"
        "Content-Security-Policy: default-src 'none'; style-src 'unsafe-inline'\r\n"
        "X-Content-Type-Options: nosniff\r\nCache-Control: no-store\r\nConnection: close\r\n\r\n"
    )
    return head.encode() + body
