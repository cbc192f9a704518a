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
ACCOUNT_TAG: Final = 8
ACCOUNT_NOTIFY: Final = 16
EXTENDED_JOIN: Final = 32
CHGHOST: Final = 64
SETNAME: Final = 128
INVITE_NOTIFY: Final = 256
OPER_TAG: Final = 512
REDACTION: Final = 1024
READ_MARKER: Final = 2048
MULTILINE: Final = 4096
EDITING: Final = 8192
METADATA: Final = 16384
RENAME: Final = 32768
SETTINGS: Final = 1 << 20

_IRCV3: Final = "https://ircv3.net/specs/extensions/"
_SOJU: Final = "https://codeberg.org/emersion/soju/src/branch/master/doc/ext/"


@dataclass(frozen=True, slots=True)
class Capability:
    """One row of CAP LS: its name, where it is specified, and the variant bit it sets."""

    name: str
    spec: str
    bit: int = 0
    value: str = ""
    """What CAP LS 302 says after the name; {rules} stands for the server's."""


CAPABILITIES: Final = (
    Capability("account-notify", _IRCV3 + "account-notify", ACCOUNT_NOTIFY),
    Capability("account-tag", _IRCV3 + "account-tag", ACCOUNT_TAG),
    Capability("away-notify", _IRCV3 + "away-notify", AWAY_NOTIFY),
    Capability("batch", _IRCV3 + "batch"),
    Capability("cap-notify", _IRCV3 + "capability-negotiation#cap-notify"),
    Capability("chghost", _IRCV3 + "chghost", CHGHOST),
    Capability(
        "draft/account-registration",
        _IRCV3 + "account-registration",
        value="{rules.registering}",
    ),
    Capability("draft/channel-rename", _IRCV3 + "channel-rename", RENAME),
    Capability("draft/chathistory", _IRCV3 + "chathistory"),
    Capability("draft/event-playback", _IRCV3 + "chathistory#event-playback"),
    Capability("draft/extended-isupport", _IRCV3 + "extended-isupport"),
    Capability("draft/message-edit", "docs/protocol.md#edits", EDITING),
    Capability("draft/message-redaction", _IRCV3 + "message-redaction", REDACTION),
    Capability(
        "draft/metadata-2",
        _IRCV3 + "metadata",
        METADATA,
        "before-connect,max-subs={rules.metadata_subscriptions},max-keys={rules.metadata_keys},"
        "max-value-bytes={rules.metadata_bytes}",
    ),
    Capability(
        "draft/multiline",
        _IRCV3 + "multiline",
        MULTILINE,
        "max-bytes={rules.multiline_bytes},max-lines={rules.multiline_lines}",
    ),
    # Clients of the time before the extension was ratified ask for it under this name.
    Capability("draft/no-implicit-names", _IRCV3 + "no-implicit-names"),
    Capability("draft/oper-tag", _IRCV3 + "oper-tag", OPER_TAG),
    Capability("draft/pre-away", _IRCV3 + "pre-away"),
    Capability("draft/read-marker", _IRCV3 + "read-marker", READ_MARKER),
    Capability("echo-message", _IRCV3 + "echo-message"),
    Capability("extended-join", _IRCV3 + "extended-join", EXTENDED_JOIN),
    Capability("extended-monitor", _IRCV3 + "extended-monitor"),
    Capability("hubbub/device", "docs/protocol.md#device"),
    Capability("hubbub/once", "docs/protocol.md#once"),
    Capability("hubbub/settings", "docs/protocol.md#settings", SETTINGS),
    Capability("invite-notify", _IRCV3 + "invite-notify", INVITE_NOTIFY),
    Capability("labeled-response", _IRCV3 + "labeled-response"),
    Capability("message-tags", _IRCV3 + "message-tags", MESSAGE_TAGS),
    Capability("multi-prefix", _IRCV3 + "multi-prefix"),
    Capability("no-implicit-names", _IRCV3 + "no-implicit-names"),
    Capability("sasl", _IRCV3 + "sasl-3.2", value="{sasl}"),
    Capability("server-time", _IRCV3 + "server-time", SERVER_TIME),
    Capability("setname", _IRCV3 + "setname", SETNAME),
    Capability("soju.im/search", _SOJU + "search.md"),
    Capability("standard-replies", _IRCV3 + "standard-replies"),
    Capability("userhost-in-names", _IRCV3 + "userhost-in-names"),
)

BY_NAME: Final = {capability.name: capability for capability in CAPABILITIES}


def variant_of(names: Iterable[str]) -> int:
    """The bits of the capabilities in `names`, all of which must be offered."""
    bits, batches = 0, False
    for name in names:
        bits |= BY_NAME[name].bit
        batches |= name == "batch"
    # "the batch capability MUST be negotiated to use multiline messages", and metadata as well
    return bits if batches else bits & ~(MULTILINE | METADATA)
