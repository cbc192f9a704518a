"""Gateways: WEBIRC, by which a gateway says for whom it connects.

Law: only a connection that came with a gateway's password, which listeners give to those from the
operator's addresses, may speak for somebody else, and only once.
"""

from __future__ import annotations

import hmac
import ipaddress
import re
from collections.abc import Sequence
from typing import Final

from hubbub.commands.row import IRCV3, Call, Kind, Row, When
from hubbub.edge.work import Goodbye, Work
from hubbub.irc.masks import host_of
from hubbub.irc.numerics import Numeric
from hubbub.irc.replies import refuse

_HOST_NAME: Final = re.compile(r"[A-Za-z0-9]([A-Za-z0-9.-]*[A-Za-z0-9])?\.[A-Za-z][A-Za-z0-9-]*")
"""A name with a dot that no address looks like."""


def webirc(call: Call) -> Sequence[Work]:
    """WEBIRC: takes on the address, the host and whether TLS is used all the way."""
    session, registration = call.session, call.session.registration
    if registration is None:
        raise refuse(Numeric.ERR_ALREADYREGISTERED)
    given, password = call.param(0).encode(), registration.gateway.encode()
    registration.gateway = ""
    if not password or not hmac.compare_digest(given, password):
        return [Goodbye("Invalid WEBIRC password, or not from an address that may use it")]
    try:
        # A zone would be the gateway's, and mean nothing here.
        address = ipaddress.ip_address(call.param(3).partition("%")[0])
    except ValueError:
        return [Goodbye("WEBIRC names no IP address")]
    if isinstance(address, ipaddress.IPv6Address) and address.ipv4_mapped is not None:
        address = address.ipv4_mapped
    session.address = str(address)
    if not call.rules.cloaks:  # else the hub knows what stands for the address
        session.host = _host(call, str(address))
    # "Servers MUST ONLY treat the connection as secure if this flag is sent and the connection from
    # the gateway to the server is also secure with TLS."
    options = {option.partition("=")[0] for option in " ".join(call.params[4:]).split()}
    session.secure = session.secure and "secure" in options
    session.fingerprint = ""  # it is the gateway's own
    session.sts = ""  # the policy of the gateway's own address, if it has one, is its own to tell
    return []


def _host(call: Call, address: str) -> str:
    """The name that the gateway resolved the address to, or the address."""
    name, shown = call.param(2), host_of(address)
    fits = len(name) <= call.rules.host_bytes and _HOST_NAME.fullmatch(name)
    return name if fits and shown != "localhost" else shown


ROWS: Final = (
    Row(
        "WEBIRC",
        When.BEFORE,
        Kind.LOCAL,
        4,
        "<password> <gateway> <host> <address> [:options]",
        "Says for whom a gateway connects (gateways only).",
        IRCV3 + "webirc",
        webirc,
    ),
)
