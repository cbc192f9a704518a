"""A session: what the server knows of one connection, whatever carries it.

Law: all that a connection negotiates lives here; the shared state knows of a session only who it is.
"""

from __future__ import annotations

from enum import Enum, auto
from typing import Final

from hubbub.core.ids import RoomId, SessionId, UserId
from hubbub.edge.incoming import Incoming
from hubbub.edge.sasl import Exchange
from hubbub.irc.capabilities import variant_of
from hubbub.irc.masks import host_of

INVITE: Final = "*"
NO_CAPABILITIES: Final[frozenset[str]] = frozenset()
NO_KEYS: Final[frozenset[str]] = frozenset()


class Phase(Enum):
    """How far a session has come."""

    REGISTERING = auto()
    OPENING = auto()
    """Its Open entry is under way; what it sends waits."""
    REGISTERED = auto()
    CLOSED = auto()


class Registration:
    """What a session says of itself before it is registered.

    `invite` is the word that admits it, or empty where none is needed; it stays at the edge.
    `gateway` is the password by which it may speak for somebody else (WEBIRC), or empty where it
    may not.
    `away` is how it begins, as in the entry SetAway. `metadata` is what it said of its user.
    """

    __slots__ = (
        "account",
        "admitted",
        "away",
        "device",
        "gateway",
        "invite",
        "metadata",
        "negotiating",
        "nick",
        "realname",
        "username",
    )

    def __init__(self, invite: str) -> None:
        self.nick = ""
        self.username = ""
        self.account = 0
        self.realname = ""
        self.device = ""
        self.away = ""
        self.negotiating = False
        self.gateway = ""
        self.metadata: dict[str, str] = {}
        self.invite = invite
        self.admitted = not invite

    def log_in(self, account: int) -> None:
        """The session has proven to be an account's, which needs no invite."""
        self.account = account
        self.admitted = True


class Session:
    """One connection of one device.

    `address` is where it comes from, as far as that is known, and what limits go by; `host` is what
    others see of it. `sts` is the value of the capability of that name, or empty where it isn't
    offered (https://ircv3.net/specs/extensions/sts). `invite` is what it has shown: nothing, or
    INVITE for the server's. `accepted` is the text of the rules that were. `fingerprint` is the
    SHA-256 in hex of the certificate that the client showed, or empty. `registration` exists
    until the session is registered. `capabilities` is shared between sessions that chose the same.
    `subscribed` are the keys of metadata whose changes it is told; `synced` is the room of whose
    people it has asked for those values, and the last one of whom it was told, as long as there are
    more.
    """

    __slots__ = (
        "accepted",
        "address",
        "cap_version",
        "capabilities",
        "fingerprint",
        "host",
        "id",
        "incoming",
        "invite",
        "nick",
        "phase",
        "registration",
        "sasl",
        "secure",
        "sts",
        "subscribed",
        "synced",
        "variant",
    )

    def __init__(self, id: SessionId, host: str, *, secure: bool, invite: str = "") -> None:
        self.id = id
        self.address = ""
        self.host = host
        self.secure = secure
        self.sts = ""
        self.invite = ""
        self.fingerprint = ""
        self.nick = ""
        self.phase = Phase.REGISTERING
        self.registration: Registration | None = Registration(invite)
        self.sasl: Exchange | None = None
        self.incoming: Incoming | None = None
        self.capabilities = NO_CAPABILITIES
        self.subscribed = NO_KEYS
        self.synced: tuple[RoomId, UserId] | None = None
        self.variant = 0
        self.cap_version = 301
        self.accepted = ""

    @property
    def known_address(self) -> str:
        """Where it comes from, as a mask can hold it; empty where `host` says as much."""
        shown = host_of(self.address)
        return "" if shown in ("localhost", self.host) else shown

    def has(self, capability: str) -> bool:
        return capability in self.capabilities

    def choose(self, capabilities: frozenset[str]) -> None:
        """Takes on a set of capabilities, all of them offered."""
        self.capabilities = _SETS.setdefault(capabilities, capabilities)
        self.variant = variant_of(capabilities)

    def settle(self, nick: str) -> None:
        """Hears how its Open entry ended: registered as `nick`, or refused with an empty one."""
        if self.phase is not Phase.OPENING:
            return
        if nick:
            self.nick = nick
            self.phase = Phase.REGISTERED
            self.registration = None
        else:
            self.phase = Phase.REGISTERING


_SETS: dict[frozenset[str], frozenset[str]] = {}
"""Interned capability sets: thousands of sessions choose among a handful."""
