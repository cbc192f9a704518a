"""What a browser is told that opens the chat's address."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hubbub.server import http
from hubbub.server.http import Answer, Scheme, Site


def asked(data: bytes, scheme: Scheme, port: int = 8667, *origins: str) -> Answer:
    return http.answer(
        data, scheme, Site(port, frozenset({"chat.example.org"}), frozenset(origins))
    )


def answer(data: bytes, scheme: Scheme, port: int = 8667, *origins: str) -> bytes:
    return asked(data, scheme, port, *origins).response


def parts(response: bytes) -> tuple[str, dict[str, str], str]:
    head, _, body = response.partition(b"\r\n\r\n")
    status, *lines = head.decode().split("\r\n")
    headers = dict(line.split(": ", 1) for line in lines)
    return status, headers, body.decode()


def request(
    line: str = "GET / HTTP/1.1", host: str | None = "Host: chat.example.org:8667"
) -> bytes:
    return f"{line}\r\n{host + chr(13) + chr(10) if host else ''}\r\n".encode()


def test_the_page_says_how_to_join() -> None:
    status, headers, body = parts(answer(request(), Scheme.TLS, 1))
    assert status == "HTTP/1.1 200 OK"
    assert headers["Content-Length"] == str(len(body.encode()))
    assert headers["Connection"] == "close"
    assert "python client.py ircs://chat.example.org:8667" in body
    assert "port <code>8667</code>, with TLS" in body
    _, _, body = parts(answer(request(host="Host: [::1]"), Scheme.PLAIN, 8667))
    assert "irc://[::1]:8667" in body
    assert "with TLS" not in body


def test_head_is_told_the_same_without_the_body() -> None:
    for line in ("/ HTTP/1.1", "/nothing HTTP/1.1"):
        whole = answer(request(f"GET {line}"), Scheme.TLS, 1)
        head = answer(request(f"HEAD {line}"), Scheme.TLS, 1)
        assert head == whole[: whole.index(b"\r\n\r\n") + 4]


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "OPTIONS", "PATCH"])
def test_other_methods_are_told_which_there_are(method: str) -> None:
    status, headers, _ = parts(answer(request(f"{method} / HTTP/1.1"), Scheme.TLS, 1))
    assert status == "HTTP/1.1 405 Method Not Allowed"
    assert headers["Allow"] == "GET, HEAD"


def test_there_is_one_page() -> None:
    status, _, _ = parts(answer(request("GET /../etc/passwd HTTP/1.1"), Scheme.PLAIN, 1))
    assert status == "HTTP/1.1 404 Not Found"


@pytest.mark.parametrize(
    ("host", "there"),
    [
        ("Host: chat.example.org:8667", "https://chat.example.org:8667/"),
        ("hOST:chat.example.org", "https://chat.example.org:443/"),
        ("Host: [2001:db8::1]:6697", "https://[2001:db8::1]:6697/"),
    ],
)
@pytest.mark.parametrize("method", ["GET", "HEAD"])
def test_who_comes_without_tls_from_elsewhere_is_sent_to_https(
    method: str, host: str, there: str
) -> None:
    status, headers, _ = parts(
        answer(request(f"{method} /any HTTP/1.1", host), Scheme.REFUSED, 443)
    )
    assert status == "HTTP/1.1 308 Permanent Redirect"
    assert headers["Location"] == there


@pytest.mark.parametrize(
    "host",
    [
        None,
        "Host:",
        "Host: a:65536",
        "Host: <script>",
        "Host: a b",
        "Host: a\rX-Evil: 1",
        "Host: a/@b",
    ],
)
@pytest.mark.parametrize("scheme", Scheme)
def test_a_request_without_a_proper_host_is_refused(host: str | None, scheme: Scheme) -> None:
    response = answer(request(host=host), scheme, 443)
    status, headers, _ = parts(response)
    assert status == "HTTP/1.1 400 Bad Request"
    assert "X-Evil" not in headers
    assert b"script" not in response


def test_what_is_a_request_and_when_it_is_whole() -> None:
    assert http.is_request(b"GET / HTTP/1.1")
    assert not http.is_request(b"NICK a")
    assert not http.is_request(b"PASS /HTTP/1.1\r\nGET / HTTP/1.1\r\n")
    assert http.is_request(b"PASS / HTTP/1.1\r\n")
    assert not http.is_whole(b"GET / HTTP/1.1\r\n")
    assert http.is_whole(b"GET / HTTP/1.1\r\n\r\n")
    assert http.is_whole(b"GET / HTTP/1.1\n\n")
    assert http.is_whole(b"GET /" + b"x" * http.LIMIT)
    assert b" 431 " in answer(b"GET /" + b"x" * http.LIMIT, Scheme.PLAIN, 1)
    assert b" 400 " in answer(b"GET / HTTP/1.1", Scheme.PLAIN, 1)
    assert b" 200 " in answer(b"GET / HTTP/1.1\nHost: [::1]\n\n", Scheme.PLAIN, 1)


# -- whose name, whose page ---------------------------------------------------------------


@pytest.mark.parametrize(
    "host",
    [
        "localhost:8667",
        "LOCALHOST",
        "a.localhost:1",
        "127.0.0.1",
        "[::1]:8667",
        "192.168.1.2:8667",
        "Chat.Example.Org:8667",
    ],
)
def test_names_that_are_ours_are_served(host: str) -> None:
    assert b" 200 OK" in answer(request(host=f"Host: {host}"), Scheme.PLAIN)


@pytest.mark.parametrize(
    "host",
    ["evil.example:8667", "localhost.evil.example", "chat.example.org.evil.example", "1.2.3"],
)
def test_a_name_that_is_pointed_here_is_not_ours(host: str) -> None:
    status, _, body = parts(answer(request(host=f"Host: {host}"), Scheme.PLAIN))
    assert status == "HTTP/1.1 403 Forbidden"
    assert body.startswith("This server isn't known as ")
    assert "[server] name or origins" in body


def test_over_tls_the_certificate_has_vouched_for_the_name() -> None:
    assert b" 200 OK" in answer(request(host="Host: any.example"), Scheme.TLS)


def upgrade(*headers: str, host: str = "localhost:8667", target: str = "/") -> bytes:
    lines = (
        f"GET {target} HTTP/1.1",
        f"Host: {host}",
        "Upgrade: WebSocket",
        "Connection: keep-alive, Upgrade",
        "Sec-WebSocket-Version: 13",
        "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==",
        *headers,
    )
    return "\r\n".join(lines).encode() + b"\r\n\r\n"


@pytest.mark.parametrize(
    ("origin", "host"),
    [
        (None, "localhost:8667"),
        ("http://localhost:8667", "localhost:8667"),
        ("https://localhost:8667", "LocalHost:8667"),
        ("http://[::1]:8667", "[::1]:8667"),
        ("https://chat.example.org", "chat.example.org"),
        ("https://web.example.org", "localhost:8667"),
        ("https://WEB.example.org", "127.0.0.1"),
    ],
)
@pytest.mark.parametrize("scheme", [Scheme.PLAIN, Scheme.TLS])
def test_our_page_and_listed_ones_may_open_a_websocket(
    origin: str | None, host: str, scheme: Scheme
) -> None:
    headers = [] if origin is None else [f"Origin: {origin}"]
    data = upgrade(*headers, host=host, target="/webirc/websocket/")
    found = asked(data, scheme, 8667, "https://web.example.org")
    assert found.response.startswith(b"HTTP/1.1 101 ")
    assert b"s3pPLMBiTxaQ9kYGzzhZRbK+xOo=" in found.response  # the example of RFC 6455, section 1.3
    assert found.websocket is not None
    assert found.rest == b""


@pytest.mark.parametrize(
    "origin",
    [
        "null",
        "http://localhost",
        "http://localhost:3000",
        "https://evil.example",
        "https://evil.example:8667",
        "https://web.example.org.evil.example",
        "http://web.example.org",
        "file://",
        "",
        "\xff",
    ],
)
@pytest.mark.parametrize("scheme", [Scheme.PLAIN, Scheme.TLS])
def test_other_pages_may_not(origin: str, scheme: Scheme) -> None:
    data = upgrade().replace(
        b"Upgrade: W", b"Origin: " + origin.encode("latin-1") + b"\r\nUpgrade: W"
    )
    found = asked(data, scheme, 8667, "https://web.example.org")
    status, _, body = parts(found.response)
    assert status == "HTTP/1.1 403 Forbidden"
    assert "[server] origins" in body
    assert found.websocket is None
    assert found.reason.startswith("was refused over HTTP: Pages of that origin")


def test_a_page_of_a_name_pointed_here_may_not() -> None:
    data = upgrade("Origin: http://evil.example:8667", host="evil.example:8667")
    assert answer(data, Scheme.PLAIN).startswith(b"HTTP/1.1 403 ")


def test_without_tls_from_elsewhere_there_is_no_websocket() -> None:
    status, _, body = parts(answer(upgrade(), Scheme.REFUSED))
    assert status == "HTTP/1.1 403 Forbidden"
    assert body == "This server wants TLS: use wss.\n"


def test_what_comes_after_the_head_belongs_to_the_websocket() -> None:
    found = asked(upgrade() + b"\x81\x80abcd", Scheme.PLAIN)
    assert found.websocket is not None
    assert found.rest == b"\x81\x80abcd"


@pytest.mark.parametrize(
    ("old", "new", "status"),
    [
        (b"Version: 13", b"Version: 8", "426 Upgrade Required"),
        (b"Sec-WebSocket-Version: 13\r\n", b"", "400 Bad Request"),
        (b"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n", b"", "400 Bad Request"),
        (b"Connection: keep-alive, Upgrade", b"Connection: close", "400 Bad Request"),
        (b"Upgrade: WebSocket", b"Upgrade: h2c, websocket", "400 Bad Request"),
        (b"Version: 13", b"Version: 13\r\nSec-WebSocket-Protocol: \xff", "400 Bad Request"),
    ],
)
def test_a_handshake_that_is_none_is_refused_with_a_sentence(
    old: bytes, new: bytes, status: str
) -> None:
    found = asked(upgrade().replace(old, new), Scheme.PLAIN)
    line, headers, body = parts(found.response)
    assert line == f"HTTP/1.1 {status}"
    assert body.endswith(".\n")
    assert found.websocket is None
    if status.startswith("426"):
        assert headers["Sec-WebSocket-Version"] == "13"


@given(
    st.lists(st.tuples(st.integers(0, 250), st.integers(0, 12), st.binary(max_size=9)), max_size=4),
    st.sampled_from(Scheme),
)
def test_whatever_is_asked_is_answered(
    changes: list[tuple[int, int, bytes]], scheme: Scheme
) -> None:
    data = upgrade("Origin: http://localhost:8667", "Sec-WebSocket-Protocol: a, text.ircv3.net")
    for start, size, new in changes:
        data = data[:start] + new + data[start + size :]
    found = asked(b"GET " + data[4:] + b"\r\n\r\n", scheme)
    assert found.response.startswith(b"HTTP/1.1 ")
    assert (found.websocket is not None) == found.response.startswith(b"HTTP/1.1 101 ")
