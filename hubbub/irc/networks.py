"""Addresses and networks as bans know them: what somebody writes, in one canonical form.

Law: an IPv4 address stands for itself, one of IPv6 for its /64, of which one subscriber holds at
least one. What is written canonically is equal exactly if it is the same network.
"""

from __future__ import annotations

import ipaddress
from typing import Final

Address = ipaddress.IPv4Address | ipaddress.IPv6Address

WIDTHS: Final = {4: 32, 6: 64}
"""By version of IP, how many bits of an address tell people apart."""
NARROWEST: Final = {4: 8, 6: 16}
"""By version, the shortest prefix that still is a network and not half of the internet."""


def address_of(text: str) -> Address | None:
    """The address that `text` is, or None. One of IPv4 may be written as one of IPv6, as sockets do."""
    try:
        address = ipaddress.ip_address(text.partition("%")[0])
    except ValueError:
        return None
    if isinstance(address, ipaddress.IPv6Address) and address.ipv4_mapped is not None:
        return address.ipv4_mapped
    return address


def network_of(text: str) -> str | None:
    """The network that `text` is, as '10.0.0.0/8': of a bare address its own; None for anything else.

    The bits beyond the prefix don't matter: '10.1.2.3/8' is '10.0.0.0/8'.
    """
    host, slash, bits = text.partition("/")
    address = address_of(host)
    if address is None or (slash and not (bits.isascii() and bits.isdigit() and len(bits) < 4)):
        return None
    # Of a mapped address it is the IPv4 network that is meant, if it is a bare one.
    width = int(bits) if slash else WIDTHS[address.version]
    return None if width > address.max_prefixlen else within(address, width)


def within(address: Address, width: int) -> str:
    """The network of that many bits in which an address lies."""
    return str(ipaddress.ip_network(f"{address}/{width}", strict=False))


def is_whole_world(network: str) -> bool:
    """Whether a network (canonical) is too wide to be a ban rather than a lockdown."""
    parsed = ipaddress.ip_network(network)
    return parsed.prefixlen < NARROWEST[parsed.version]


def is_this_machine(network: str) -> bool:
    """Whether a network (canonical) has addresses of this machine only."""
    return ipaddress.ip_network(network).is_loopback


def width_of(network: str) -> tuple[int, int]:
    """The version of IP and the number of bits of a network (canonical)."""
    parsed = ipaddress.ip_network(network)
    return parsed.version, parsed.prefixlen
