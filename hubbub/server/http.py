"""What a browser is told that opens the chat's address: how to join, or a WebSocket.

Law: an answer is a function of the request's bytes. The page stands in until the web client.

Any web page can have a browser connect to any address, to this very machine's too. So a request
has to be for a name that is ours (else a foreign name could be pointed here, and its page pass for
ours), and has to come from our own page, from one that the operator listed, or from no page at all.
"""

from __future__ import annotations

import html
import ipaddress
import re
from dataclasses import dataclass
from enum import Enum, auto
from http import HTTPStatus
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    import h11

    from hubbub.server.websocket import WebSocket

# What reads a request and opens a WebSocket is loaded with the first of them, or after the start.

LIMIT: Final = 8_192
"""How many bytes a request's head may have."""
_METHODS: Final = (b"GET ", b"HEAD ", b"POST ", b"PUT ", b"DELETE ", b"OPTIONS ", b"PATCH ")
_REQUEST_LINE: Final = re.compile(rb"\S+ .* HTTP/[0-9.]+\r?", re.DOTALL)

_HOST: Final = re.compile(rb"([A-Za-z0-9._-]{1,253}|\[[0-9A-Fa-f:.]{2,45}\])(?::([0-9]{1,5}))?")

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
    """Whether the first bytes of a connection are, or may yet become, an HTTP request.

    A page may make up a method: what its browser posts under it mustn't be taken for lines of IRC.
    """
    if data.startswith(_METHODS):
        return True
    line, end, _ = data.partition(b"\n")
    return _REQUEST_LINE.fullmatch(line) is not None if end else len(data) >= LIMIT


def is_whole(data: bytes) -> bool:
    """Whether a request's head is complete, or so long that it won't be waited for."""
    return b"\r\n\r\n" in data or b"\n\n" in data or len(data) >= LIMIT


class Scheme(Enum):
    """How a request came."""

    TLS = auto()
    PLAIN = auto()
    REFUSED = auto()
    """Without TLS, from where that isn't allowed."""


@dataclass(frozen=True, slots=True)
class Site:
    """By which names the server is asked, and whose pages may connect to it.

    `hosts` are lower-case names without a port; `origins` are written as browsers write them,
    "https://chat.example.org". `https_port` is where browsers find TLS.
    """

    https_port: int
    hosts: frozenset[str] = frozenset()
    origins: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Answer:
    """What a request is answered; without a WebSocket the connection is closed after it.

    `reason` is for the log. `rest` is what came after the head of a WebSocket's request.
    """

    response: bytes
    reason: str = "asked for a web page"
    websocket: WebSocket | None = None
    rest: bytes = b""


class _Refusal(Exception):
    """A request is answered with a status other than 200, a sentence, and further headers."""

    def __init__(self, status: HTTPStatus, sentence: str, *headers: str) -> None:
        super().__init__(sentence)
        self.response = _response(status, f"{sentence}\n".encode(), *headers)


def answer(data: bytes, scheme: Scheme, site: Site) -> Answer:
    """The answer to a whole request, or to one whose head is too long."""
    try:
        found = _answer(data, scheme, site)
    except _Refusal as refusal:
        reason = f"was refused over HTTP: {refusal}"
        found = Answer(refusal.response, reason)
    if not data.startswith(b"HEAD "):
        return found
    # RFC 9110 section 9.3.2: to HEAD the same is said, without the body.
    head, end, _ = found.response.partition(b"\r\n\r\n")
    return Answer(head + end, found.reason)


def _answer(data: bytes, scheme: Scheme, site: Site) -> Answer:
    request, rest = _parse(data)
    headers = dict(request.headers)
    if request.method not in (b"GET", b"HEAD"):
        raise _Refusal(
            HTTPStatus.METHOD_NOT_ALLOWED, "Only GET is served here.", "Allow: GET, HEAD"
        )
    asked = _HOST.fullmatch(headers.get(b"host", b""))
    if asked is None or int(asked[2] or 0) > 65_535:
        raise _Refusal(HTTPStatus.BAD_REQUEST, "The request names no host.")
    host, port = asked[1].decode(), int(asked[2] or site.https_port)
    upgrade = b"websocket" in headers.get(b"upgrade", b"").lower()
    if scheme is Scheme.REFUSED:
        if upgrade:
            # A browser doesn't follow a redirection of a WebSocket.
            raise _Refusal(HTTPStatus.FORBIDDEN, "This server wants TLS: use wss.")
        raise _Refusal(
            HTTPStatus.PERMANENT_REDIRECT,
            "This server wants TLS: use https.",
            f"Location: https://{host}:{port}/",
        )
    _check(headers, host, scheme, site)
    if upgrade:
        return _upgrade(data[: len(data) - len(rest)], rest)
    if request.target != b"/":
        raise _Refusal(HTTPStatus.NOT_FOUND, "There is only one page: /")
    page = _page(host, port, scheme is Scheme.TLS)
    return Answer(_response(HTTPStatus.OK, page, kind="text/html"))


def _parse(data: bytes) -> tuple[h11.Request, bytes]:
    """The request, and what came after its head."""
    import h11

    reader = h11.Connection(h11.SERVER, max_incomplete_event_size=LIMIT - 1)
    reader.receive_data(data)
    try:
        request = reader.next_event()
    except h11.RemoteProtocolError as error:
        status = HTTPStatus(error.error_status_hint)
        raise _Refusal(status, "That is no HTTP request that could be read.") from error
    if not isinstance(request, h11.Request):
        raise _Refusal(HTTPStatus.BAD_REQUEST, "The request isn't whole.")
    return request, reader.trailing_data[0]


def _check(headers: dict[bytes, bytes], host: str, scheme: Scheme, site: Site) -> None:
    """Refuses a request for a name that isn't ours, or from a page that isn't."""
    # Over TLS the browser has found the name in the certificate, so it is ours.
    if scheme is not Scheme.TLS and not _is_ours(host.lower(), site):
        raise _Refusal(
            HTTPStatus.FORBIDDEN,
            f"This server isn't known as {host}. Its operator can change that:"
            " in the configuration, [server] name or origins.",
        )
    given = headers.get(b"origin")
    if given is None:
        return  # no browser, or the address was typed into one
    origin = given.decode("ascii", "replace").lower()
    own = headers[b"host"].decode().lower()  # a proxy may speak TLS for us, so either scheme is
    if origin not in (f"http://{own}", f"https://{own}") and origin not in site.origins:
        raise _Refusal(
            HTTPStatus.FORBIDDEN,
            "Pages of that origin may not connect here. This server's operator can allow it:"
            " in the configuration, [server] origins.",
        )


def _is_ours(host: str, site: Site) -> bool:
    """Whether a name or address that a request was sent to is this server's.

    An address can't be pointed elsewhere, so whoever asks for one has meant this machine.
    """
    if host in site.hosts or host == "localhost" or host.endswith(".localhost"):
        return True
    try:
        ipaddress.ip_address(host.removeprefix("[").removesuffix("]"))
    except ValueError:
        return False
    return True


def _upgrade(head: bytes, rest: bytes) -> Answer:
    from hubbub.server import websocket

    try:
        response, opened = websocket.accept(head)
    except websocket.BadHandshake as bad:
        raise _Refusal(HTTPStatus(bad.status), str(bad), *bad.headers) from bad
    return Answer(response, "", opened, rest)


def _page(host: str, port: int, secure: bool) -> bytes:
    address = f"{'ircs' if secure else 'irc'}://{host}:{port}"
    return _PAGE.format(
        address=html.escape(address),
        host=html.escape(host),
        port=port,
        tls=", with TLS" if secure else "",
    ).encode()


def _response(status: HTTPStatus, body: bytes, *headers: str, kind: str = "text/plain") -> bytes:
    lines = (
        f"HTTP/1.1 {status.value} {status.phrase}",
        *headers,
        f"Content-Type: {kind}; charset=utf-8",
        f"Content-Length: {len(body)}",
        "Content-Security-Policy: default-src 'none'; style-src 'unsafe-inline'",
        "X-Content-Type-Options: nosniff",
        "Cache-Control: no-store",
        "Connection: close",
    )
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + body
