"""The capabilities that the server offers: one row each.

A row that has a `bit` changes what a broadcast event looks like; the union of a session's bits is
its *variant*, and the egress gate encodes an event once for each variant.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

MESSAGE_TAGS: Final = 1
SERVER_TIME: Final = 2
AWAY_NOTIFY: Final = 4

_IRCV3: Final = "https://ircv3.net/specs/extensions/"


@dataclass(frozen=True, slots=True)
class Capability:
    """One row of CAP LS: its name, where it is specified, and the variant bit it sets."""

    name: str
    spec: str
    bit: int = 0


CAPABILITIES: Final = (
    Capability("away-notify", _IRCV3 + "away-notify", AWAY_NOTIFY),
    Capability("batch", _IRCV3 + "batch"),
    Capability("cap-notify", _IRCV3 + "capability-negotiation#cap-notify"),
    Capability("draft/chathistory", _IRCV3 + "chathistory"),
    Capability("draft/event-playback", _IRCV3 + "chathistory#event-playback"),
    Capability("echo-message", _IRCV3 + "echo-message"),
    Capability("hubbub/device", "docs/protocol.md#device"),
    Capability("hubbub/once", "docs/protocol.md#once"),
    Capability("labeled-response", _IRCV3 + "labeled-response"),
    Capability("message-tags", _IRCV3 + "message-tags", MESSAGE_TAGS),
    Capability("multi-prefix", _IRCV3 + "multi-prefix"),
    Capability("server-time", _IRCV3 + "server-time", SERVER_TIME),
    Capability("standard-replies", _IRCV3 + "standard-replies"),
)

BY_NAME: Final = {capability.name: capability for capability in CAPABILITIES}


def variant_of(names: Iterable[str]) -> int:
    """The bits of the capabilities in `names`, all of which must be offered."""
    bits = 0
    for name in names:
        bits |= BY_NAME[name].bit
    return bits
