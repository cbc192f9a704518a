"""What the log is written in: batches of entries.

Law: entries of a batch are ordered, applied and committed together, and come back from the journal
as they were. What isn't one of `AnyEntry` can't be ordered.
"""

from __future__ import annotations

from typing import Final

import msgspec

from hubbub.core import entries

VERSION: Final = 1
REACTIONS: Final = frozenset({"+draft/react", "+draft/unreact", "+react", "+unreact"})
"""Client tags that say something of another message (https://ircv3.net/specs/client-tags/react)."""
REPLIES: Final = frozenset({"+reply", "+draft/reply"})
"""Client tags that say of which message (https://ircv3.net/specs/client-tags/reply)."""

AnyEntry = (
    entries.NodeStarted
    | entries.RulesChanged
    | entries.TimePassed
    | entries.Open
    | entries.Close
    | entries.Register
    | entries.Login
    | entries.SetPassword
    | entries.SetRole
    | entries.RenameAccount
    | entries.DeleteAccount
    | entries.NoteExport
    | entries.RevokeSession
    | entries.IssueCode
    | entries.RevokeCode
    | entries.Claim
    | entries.Recover
    | entries.Confirm
    | entries.SetEmail
    | entries.AddCertificate
    | entries.RemoveCertificate
    | entries.Rename
    | entries.SetAway
    | entries.SetRealname
    | entries.SetUserModes
    | entries.Join
    | entries.Part
    | entries.PartAll
    | entries.Kick
    | entries.Invite
    | entries.Uninvite
    | entries.RegisterRoom
    | entries.TransferRoom
    | entries.DropRoom
    | entries.SetAccess
    | entries.SetTopic
    | entries.SetRetention
    | entries.RenameRoom
    | entries.SetRoomModes
    | entries.Say
    | entries.Redact
    | entries.Edit
    | entries.MarkRead
    | entries.PinMessage
    | entries.UnpinMessage
    | entries.SetMetadata
    | entries.ClearMetadata
    | entries.Describe
    | entries.AddSetting
    | entries.RemoveSetting
    | entries.Disconnect
    | entries.Wallops
    | entries.Announce
    | entries.Ban
    | entries.Unban
    | entries.Mute
    | entries.Unmute
    | entries.Lockdown
    | entries.Undo
    | entries.Report
    | entries.Attend
    | entries.StartPurge
    | entries.TakeOut
)
"""All kinds of entries."""


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
    """Whether an entry is a passing signal: it has its place in the order and is never stored.

    A TAGMSG is one unless somebody reacts with it to a message.
    """
    if not isinstance(entry, entries.Say) or entry.verb != "TAGMSG":
        return False
    keys = {key for key, _ in entry.tags}
    return keys.isdisjoint(REACTIONS) or keys.isdisjoint(REPLIES)


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
