"""What a browser is told that opens the chat's address: how to join.

Law: an answer is a function of the request's bytes. The page stands in until the web client.
"""

from __future__ import annotations

import html
import re
from enum import Enum, auto
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


class Scheme(Enum):
    """How a request came."""

    TLS = auto()
    PLAIN = auto()
    REFUSED = auto()
    """Without TLS, from where that isn't allowed."""


def answer(request: bytes, scheme: Scheme, https_port: int) -> bytes:
    """The whole response; the connection is closed after it."""
    method, _, rest = request.partition(b" ")
    path, _, _ = rest.partition(b" ")
    asked = _host(request, https_port)
    if method not in (b"GET", b"HEAD"):
        body = b"Only GET is served here.\n"
        return _response("405 Method Not Allowed", body, "Allow: GET, HEAD")
    if asked is None:
        response = _response("400 Bad Request", b"The request names no host.\n")
    elif scheme is Scheme.REFUSED:
        host, port = asked
        body = b"This server wants TLS: use https.\n"
        response = _response("308 Permanent Redirect", body, f"Location: https://{host}:{port}/")
    elif path != b"/":
        response = _response("404 Not Found", b"There is only one page: /\n")
    else:
        response = _response("200 OK", _page(*asked, scheme is Scheme.TLS), kind="text/html")
    # RFC 9110 section 9.3.2: to HEAD the same is said, without the body.
    head, end, _ = response.partition(b"\r\n\r\n")
    return head + end if method == b"HEAD" else response


def _page(host: str, port: int, secure: bool) -> bytes:
    address = f"{'ircs' if secure else 'irc'}://{host}:{port}"
    return _PAGE.format(
        address=html.escape(address),
        host=html.escape(host),
        port=port,
        tls=", with TLS" if secure else "",
    ).encode()


_HOST: Final = re.compile(rb"([A-Za-z0-9._-]{1,253}|\[[0-9A-Fa-f:.]{2,45}\])(?::([0-9]{1,5}))?")


def _host(request: bytes, port: int) -> tuple[str, int] | None:
    """The host and port that the browser asked for, or None where it named no proper one."""
    for line in request.split(b"\n")[1:]:
        name, colon, value = line.partition(b":")
        if colon and name.strip().lower() == b"host":
            found = _HOST.fullmatch(value.strip())
            if found is None:
                return None
            return found[1].decode(), int(found[2] or port)
    return None


def _response(status: str, body: bytes, *headers: str, kind: str = "text/plain") -> bytes:
    lines = (
        f"HTTP/1.1 {status}",
        *headers,
        f"Content-Type: {kind}; charset=utf-8",
        f"Content-Length: {len(body)}",
        "Content-Security-Policy: default-src 'none'; style-src 'unsafe-inline'",
        "X-Content-Type-Options: nosniff",
        "Cache-Control: no-store",
        "Connection: close",
    )
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + body
