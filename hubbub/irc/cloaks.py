"""The hosts that others see of people: a cloak tells nothing of an address, but equal ones apart.

Law: the same address has the same cloak for as long as the secret is the same; what addresses have
in common (their network) their cloaks have in common, so that a mask can name a network. Without the
secret nobody can try out which address has a cloak.
"""

from __future__ import annotations

import base64
import hmac
import ipaddress
from typing import Final

from hubbub.irc.masks import host_of

SUFFIX: Final = "ip"
"""The last part of a cloak: no host on the internet is called so."""

_PREFIXES: Final = {4: (32, 24, 16), 6: (128, 64, 48)}
"""By version of IP, how many bits of an address each part of its cloak stands for."""
_PART_BYTES: Final = 5
"""Of what an HMAC gives: eight letters, so that two networks hardly ever share a part."""


class Cloaks:
    """What stands for each address, under one secret."""

    def __init__(self, secret: bytes) -> None:
        self._secret = secret

    def host_of(self, address: str) -> str:
        """The cloak of an address; "localhost" for this machine, which says nothing of anybody.

        `mbx5zjqw.k3v7adqe.t6ppa2nc.ip` is one address, `*.k3v7adqe.t6ppa2nc.ip` describes its
        network (IPv4: /24, IPv6: /64), `*.t6ppa2nc.ip` the larger one (/16, /48).
        """
        if host_of(address) == "localhost":
            return "localhost"
        parsed = ipaddress.ip_address(address.partition("%")[0])
        if isinstance(parsed, ipaddress.IPv6Address) and parsed.ipv4_mapped is not None:
            parsed = parsed.ipv4_mapped
        parts = [self._part(f"{parsed}/{bits}") for bits in _PREFIXES[parsed.version]]
        return ".".join((*parts, SUFFIX))

    def _part(self, network: str) -> str:
        whole = ipaddress.ip_network(network, strict=False)
        mark = hmac.digest(self._secret, str(whole).encode(), "sha256")
        return base64.b32encode(mark[:_PART_BYTES]).decode().lower()


def account_host(account: int) -> str:
    """The host of whoever is logged in to an account: it tells of no place at all.

    By the account's number, which no other account ever has, so that a ban of the host holds
    whatever the account is called.
    """
    return f"user/{account}"
