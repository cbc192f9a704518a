"""Where the server listens and what kind of place a peer's address is; nothing here opens a socket or asks DNS."""

import ipaddress
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from hubbub.server.errors import OperatorError

DEFAULT_PORT = 8667

_EXAMPLES = f"localhost:{DEFAULT_PORT}, 192.168.1.5:6697, [::1]:{DEFAULT_PORT}, :6697, unix:/run/hubbub/irc.sock"

_PEERS = "192.0.2.1, 10.0.0.0/8, 2001:db8::/32, unix"

UNIX = "unix"
"""What stands for the peer of a unix socket, which has no address."""

# Networks that are not routed on the internet: RFC 1918, RFC 3927, RFC 4193, RFC 4291 section 2.5.6.
# ipaddress.is_private is wider (documentation, benchmarking, ...), and those are nobody's home.
_PRIVATE_NETWORKS = tuple(
    ipaddress.ip_network(network)
    for network in (
        "10.0.0.0/8",
        "172.16.0.0/12",
        "192.168.0.0/16",
        "169.254.0.0/16",
        "fc00::/7",
        "fe80::/10",
    )
)


class AddressError(OperatorError):
    """A listen address that can't be understood."""


@dataclass(frozen=True, slots=True)
class TcpAddress:
    """A host (name or IP address; "" is every interface) and a port (0: any free one)."""

    host: str
    port: int

    def __str__(self) -> str:
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"


@dataclass(frozen=True, slots=True)
class UnixAddress:
    """A unix socket; reachable by whoever may open the path."""

    path: Path

    def __str__(self) -> str:
        return f"unix:{self.path}"


ListenAddress = TcpAddress | UnixAddress


def parse_listen(text: str) -> ListenAddress:
    """Read `host:port`, `[ipv6]:port`, `:port` (every interface) or `unix:/path`.

    Raises AddressError, which says what is wrong and how it is written.
    """
    text = text.strip()
    if text.startswith("unix:"):
        path = Path(text.removeprefix("unix:"))
        if not path.is_absolute():
            raise AddressError(
                f'"{text}": a unix socket needs its whole path, as unix:/run/hubbub/irc.sock'
            )
        return UnixAddress(path)
    host, colon, port = text.rpartition(":")
    if not colon:
        raise AddressError(
            f'"{text}" is no address to listen on: the port is missing. Examples: {_EXAMPLES}'
        )
    if host.startswith("[") and host.endswith("]"):
        host = _ipv6(text, host[1:-1])
    elif ":" in host or "[" in host or "]" in host:
        raise AddressError(
            f'"{text}": an IPv6 address is written in brackets, as [::1]:{DEFAULT_PORT}'
        )
    elif host == "*":
        host = ""
    elif host and not _is_host(host):
        raise AddressError(f'"{text}": "{host}" is no host name. Examples: {_EXAMPLES}')
    return TcpAddress(host, _port(text, port))


def _ipv6(text: str, host: str) -> str:
    try:
        return str(ipaddress.IPv6Address(host))
    except ValueError:
        raise AddressError(f'"{text}": "{host}" is no IPv6 address') from None


def _is_host(host: str) -> bool:
    labels = host.removesuffix(".").split(".")
    return len(host) <= 253 and all(
        label and len(label) <= 63 and label.replace("-", "a").replace("_", "a").isalnum()
        for label in labels
    )


def _port(text: str, port: str) -> int:
    if not (port.isascii() and port.isdigit()) or len(port) > 5 or int(port) > 65535:
        raise AddressError(f'"{text}": the port is "{port}", it must be a number from 0 to 65535')
    return int(port)


@lru_cache(maxsize=1024)
def _ip(peer: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    try:
        address = ipaddress.ip_address(peer)
    except ValueError:
        return None
    if isinstance(address, ipaddress.IPv6Address) and address.ipv4_mapped is not None:
        return address.ipv4_mapped  # a dual-stack socket reports IPv4 peers as ::ffff:a.b.c.d
    return address


def is_loopback(peer: str) -> bool:
    """Whether a peer's address is this machine's own; "" is the peer of a unix socket, which is.

    This says how the bytes came (no network in between), never who sent them: behind a proxy
    or a tunnel everyone is 127.0.0.1.
    """
    address = _ip(peer)
    return peer == "" if address is None else address.is_loopback


def is_private(peer: str) -> bool:
    """Whether a peer's address is loopback or of a private or link-local network."""
    if is_loopback(peer):
        return True
    address = _ip(peer)
    return address is not None and any(address in network for network in _PRIVATE_NETWORKS)


@dataclass(frozen=True, slots=True)
class Peers:
    """Peers that the operator named: by address, by network, or all of this machine's unix sockets."""

    networks: tuple[ipaddress.IPv4Network | ipaddress.IPv6Network, ...]
    unix: bool

    @classmethod
    def of(cls, texts: tuple[str, ...]) -> "Peers":
        """Reads `192.0.2.1`, `10.0.0.0/8`, `2001:db8::/32` or `unix`. Raises AddressError."""
        networks = []
        for text in texts:
            if text != UNIX:
                try:
                    networks.append(ipaddress.ip_network(text))
                except ValueError as error:
                    raise AddressError(
                        f'"{text}" is no address or network ({error}). Examples: {_PEERS}'
                    ) from error
        return cls(tuple(networks), UNIX in texts)

    def __contains__(self, peer: str) -> bool:
        """Whether a peer's address is among them; "" is the peer of a unix socket."""
        if not peer or peer == UNIX:
            return self.unix
        address = _ip(peer.partition("%")[0])
        return address is not None and any(address in network for network in self.networks)


def limit_key(peer: str) -> str:
    """What limits per address are counted by: the IPv4 address, or the /64 network of an IPv6 address.

    One IPv6 subscriber holds at least a /64, so single addresses there would limit nobody.
    """
    address = _ip(peer)
    if isinstance(address, ipaddress.IPv6Address) and not address.is_loopback:
        return str(ipaddress.ip_network((int(address) >> 64 << 64, 64)))
    return peer if address is None else str(address)


def listens_beyond_loopback(listen: ListenAddress) -> bool:
    """Whether machines other than this one can reach the listener.

    A host name other than localhost counts as beyond: what it resolves to may change.
    """
    if isinstance(listen, UnixAddress):
        return False
    host = listen.host.lower().removesuffix(".")
    if host == "localhost" or host.endswith(".localhost"):
        return False
    return host == "" or not is_loopback(host)
