"""The log's entries: typed intents, and the batches that they travel in.

Law: an entry says what somebody wants, never how it was written on the wire, and carries all that
`apply` needs. A change of meaning is a new class; a change of shape raises `VERSION`.
"""

from __future__ import annotations

from typing import Final

import msgspec

from hubbub.core.ids import SessionId
from hubbub.core.rules import Rules

VERSION: Final = 1


class Entry(msgspec.Struct, frozen=True, gc=False, tag=True, array_like=True):
    """One item of the log. `session` is who wants it; NO_SESSION is the server itself."""

    session: SessionId


class NodeStarted(Entry, frozen=True):
    """A node begins an epoch: sessions of its earlier epochs are gone, and these rules hold."""

    node: int
    epoch: int
    rules: Rules


class RulesChanged(Entry, frozen=True):
    """The operator changed the configuration."""

    rules: Rules


class TimePassed(Entry, frozen=True):
    """Lets what has expired go (held names, send-once ids)."""


class Open(Entry, frozen=True):
    """A session finished registration and wants to be `nick`."""

    nick: str
    username: str
    realname: str
    host: str
    device: str = ""
    """SHA-256 of the device token in hex, or empty."""
    secure: bool = False
    modes: str = ""


class Close(Entry, frozen=True):
    """A session ended. `lost` when the connection broke rather than said QUIT."""

    reason: str
    lost: bool = False


class Rename(Entry, frozen=True):
    nick: str


class SetAway(Entry, frozen=True):
    """Marks as away; an empty text marks as back."""

    text: str


class SetUserModes(Entry, frozen=True):
    adding: str
    removing: str


class Join(Entry, frozen=True):
    room: str
    key: str = ""


class Part(Entry, frozen=True):
    room: str
    reason: str = ""


class PartAll(Entry, frozen=True):
    """Leaves every room."""


class Kick(Entry, frozen=True):
    room: str
    nick: str
    reason: str = ""


class Invite(Entry, frozen=True):
    nick: str
    room: str


class SetTopic(Entry, frozen=True):
    room: str
    text: str


class SetRoomModes(Entry, frozen=True):
    """Mode changes as (adding, mode letter, argument); an argument of None where none is taken."""

    room: str
    changes: tuple[tuple[bool, str, str | None], ...]


class Say(Entry, frozen=True):
    """A message to a room or a user: `verb` is PRIVMSG, NOTICE or TAGMSG."""

    verb: str
    target: str
    text: str
    tags: tuple[tuple[str, str], ...] = ()
    """Client-only tags, unescaped, in the order they came."""
    once: str = ""
    """The sender's own id for this message, or empty."""


class Disconnect(Entry, frozen=True):
    """The operator ends all sessions of a user."""

    nick: str
    reason: str


class Announce(Entry, frozen=True):
    """The operator says something to a room as the server."""

    room: str
    text: str


class Ban(Entry, frozen=True):
    """The operator keeps a user out: by device, by address beyond loopback, and by name."""

    nick: str
    reason: str


class Unban(Entry, frozen=True):
    nick: str


AnyEntry = (
    NodeStarted
    | RulesChanged
    | TimePassed
    | Open
    | Close
    | Rename
    | SetAway
    | SetUserModes
    | Join
    | Part
    | PartAll
    | Kick
    | Invite
    | SetTopic
    | SetRoomModes
    | Say
    | Disconnect
    | Announce
    | Ban
    | Unban
)


class Batch(msgspec.Struct, frozen=True, array_like=True):
    """Entries that are ordered, applied and committed together.

    The same node, epoch and number is the same batch: a repeat is skipped. `time` is milliseconds
    since 1970 UTC as the node saw it; the state's clock never goes back.
    """

    node: int
    epoch: int
    number: int
    time: int
    entries: tuple[AnyEntry, ...]
    version: int = VERSION


def is_passing(entry: AnyEntry) -> bool:
    """Whether an entry is a passing signal: it has its place in the order and is never stored."""
    return isinstance(entry, Say) and entry.verb == "TAGMSG"


def lasting(batch: Batch) -> Batch:
    """The batch as it is stored: without passing signals, which change nothing (design, law 3)."""
    if not any(map(is_passing, batch.entries)):
        return batch
    kept = tuple(entry for entry in batch.entries if not is_passing(entry))
    return msgspec.structs.replace(batch, entries=kept)


_ENCODER: Final = msgspec.msgpack.Encoder()
_DECODER: Final = msgspec.msgpack.Decoder(Batch)


def encode_batch(batch: Batch) -> bytes:
    """The batch as the journal keeps it."""
    return _ENCODER.encode(batch)


def decode_batch(blob: bytes) -> Batch:
    """The batch of a journal's blob; raises msgspec.DecodeError when it isn't one."""
    return _DECODER.decode(blob)
