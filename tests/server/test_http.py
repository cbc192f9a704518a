"""What a browser is told that opens the chat's address."""

from __future__ import annotations

import pytest

from hubbub.server import http
from hubbub.server.http import Scheme, answer


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
    asked = request(f"{method} /any HTTP/1.1", host)
    status, headers, _ = parts(answer(asked, Scheme.REFUSED, 443))
    assert status == "HTTP/1.1 308 Permanent Redirect"
    assert headers["Location"] == there


@pytest.mark.parametrize(
    "host", [None, "Host:", "Host: <script>", "Host: a b", "Host: a\rX-Evil: 1", "Host: a/@b"]
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
    assert not http.is_whole(b"GET / HTTP/1.1\r\n")
    assert http.is_whole(b"GET / HTTP/1.1\r\n\r\n")
    assert http.is_whole(b"GET / HTTP/1.1\n\n")
    assert http.is_whole(b"GET /" + b"x" * http.LIMIT)
    assert b" 400 " in answer(b"GET /" + b"x" * http.LIMIT, Scheme.PLAIN, 1)
