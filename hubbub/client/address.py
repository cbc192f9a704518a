"""Where the server is, as a person types it.

Accepted: `host`, `host:port`, `[::1]:port`, `::1`, `irc://host[:port][/room]`, `ircs://…`, with
`?fingerprint=sha256:…` and `?invite=…` after it. Loopback is plain by default, everything else TLS.
"""

from __future__ import annotations

import ipaddress
import re
from dataclasses import dataclass
from urllib.parse import parse_qsl, unquote

DEFAULT_PORT = 8667
DEFAULT_HOST = "localhost"
FORMS = "host, host:port, [ipv6]:port, irc://host:port or ircs://host:port"

_FINGERPRINT = re.compile(r"[0-9a-f]{64}\Z")
_HOST = re.compile(r"[A-Za-z0-9_](?:[A-Za-z0-9_.-]*[A-Za-z0-9_.])?\Z")


class AddressError(ValueError):
    """The address can't be understood; the text says why and what would be."""


@dataclass(frozen=True, slots=True)
class Address:
    """A server's address. `fingerprint` is 64 hexadecimal digits of the certificate's SHA-256."""

    host: str = DEFAULT_HOST
    port: int = DEFAULT_PORT
    tls: bool = False
    fingerprint: str | None = None
    invite: str | None = None
    room: str | None = None

    def __str__(self) -> str:
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"


def parse_address(text: str) -> Address:
    """Read an address; empty text is the default. Raises `AddressError`."""
    scheme, rest = _take_scheme(text.strip())
    rest, _, query = rest.partition("?")
    authority, _, path = rest.partition("/")
    host, port = _host_and_port(authority)
    fingerprint, invite = _read_query(query)
    tls = {"irc": False, "ircs": True, "": not is_loopback(host)}[scheme]
    if fingerprint and scheme == "irc":
        raise AddressError("a fingerprint needs TLS: write ircs:// instead of irc://")
    room = unquote(path.strip("/")) or None
    if room and room[0] not in "#&":
        room = "#" + room
    return Address(host, port, tls or bool(fingerprint), fingerprint, invite, room)


def is_loopback(host: str) -> bool:
    """True for this machine's own names and addresses (no look-up is made)."""
    if host.lower().rstrip(".") == "localhost" or host.lower().endswith(".localhost"):
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def normal_fingerprint(text: str) -> str:
    """64 lower-case hexadecimal digits from `sha256:AB:CD…` or the bare digits. Raises `AddressError`."""
    digits = text.strip().lower()
    for prefix in ("sha256:", "sha-256:"):
        digits = digits.removeprefix(prefix)
    digits = digits.replace(":", "")
    if not _FINGERPRINT.match(digits):
        raise AddressError(
            f"{text!r} is no fingerprint: 'sha256:' and 64 hexadecimal digits were expected"
        )
    return digits


def shown_fingerprint(digits: str) -> str:
    """A fingerprint as people compare it, and as the server prints it: `sha256:AB:CD…`."""
    return "sha256:" + ":".join(digits[i : i + 2] for i in range(0, len(digits), 2)).upper()


def _take_scheme(text: str) -> tuple[str, str]:
    if "://" not in text:
        return "", text
    scheme, rest = text.split("://", 1)
    if scheme.lower() not in ("irc", "ircs"):
        raise AddressError(f"{scheme}:// is not known here; use {FORMS}")
    return scheme.lower(), rest


def _host_and_port(authority: str) -> tuple[str, int]:
    if "@" in authority:
        raise AddressError("a name before the host is not used here; give it with --name")
    if authority.startswith("["):
        host, closed, rest = authority[1:].partition("]")
        if not closed or (rest and not rest.startswith(":")):
            raise AddressError(f"{authority!r} is not an address; write [::1]:{DEFAULT_PORT}")
        _check_ipv6(host)
        return host, _port(rest[1:]) if rest else DEFAULT_PORT
    if authority.count(":") > 1:
        _check_ipv6(authority)
        return authority, DEFAULT_PORT
    host, colon, port = authority.partition(":")
    host = host or DEFAULT_HOST
    if not _HOST.match(_ascii(host)):
        raise AddressError(f"{host!r} is not a host name; use {FORMS}")
    return host, _port(port) if colon else DEFAULT_PORT


def _ascii(host: str) -> str:
    try:
        return host.encode("idna").decode("ascii")
    except UnicodeError as error:
        raise AddressError(f"{host!r} is not a host name; use {FORMS}") from error


def _check_ipv6(host: str) -> None:
    try:
        ipaddress.IPv6Address(host)
    except ValueError as error:
        raise AddressError(f"{host!r} is not an IPv6 address; use {FORMS}") from error


def _port(text: str) -> int:
    if not (text.isascii() and text.isdigit() and 0 < int(text) < 65536):
        raise AddressError(f"{text!r} is not a port: a number from 1 to 65535 was expected")
    return int(text)


def _read_query(query: str) -> tuple[str | None, str | None]:
    fingerprint = invite = None
    for name, value in parse_qsl(query, keep_blank_values=True):
        if name == "fingerprint":
            fingerprint = normal_fingerprint(value)
        elif name == "invite":
            invite = value or None
        else:
            raise AddressError(f"'{name}' is not known in an address; known: fingerprint, invite")
    return fingerprint, invite
