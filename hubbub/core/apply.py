"""`apply`: what an entry does to the state, and what comes out.

Law: deterministic, no I/O; a handler validates before its first mutation, so an entry that is
refused changes nothing and answers its sender.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final

from hubbub.core import (
    accounts,
    certifying,
    choosing,
    describing,
    entries,
    invitations,
    inviting,
    messages,
    moderation,
    operator,
    pins,
    presence,
    purging,
    reading,
    redaction,
    redeeming,
    registered_rooms,
    renaming,
    reports,
    retention,
    room_modes,
    room_names,
    rooms,
)
from hubbub.core.batches import AnyEntry, Batch
from hubbub.core.outputs import Answer, Output
from hubbub.core.state import State
from hubbub.irc.replies import Refused

# A handler takes the entry type that it stands under; a mapping can't say that to the type checker.
Handler = Callable[[State, Any, list[Output]], None]

HANDLERS: Final[Mapping[type, Handler]] = {
    entries.NodeStarted: presence.node_started,
    entries.RulesChanged: presence.rules_changed,
    entries.TimePassed: presence.time_passed,
    entries.Open: presence.open_session,
    entries.Close: presence.close_session,
    entries.Register: accounts.register,
    entries.Login: accounts.login,
    entries.SetPassword: accounts.set_password,
    entries.SetRole: accounts.set_role,
    entries.RenameAccount: renaming.rename_account,
    entries.DeleteAccount: accounts.delete_account,
    entries.NoteExport: accounts.note_export,
    entries.RevokeSession: accounts.revoke_session,
    entries.IssueCode: redeeming.issue_code,
    entries.RevokeCode: inviting.revoke_code,
    entries.Claim: redeeming.claim,
    entries.Recover: redeeming.recover,
    entries.Confirm: redeeming.confirm,
    entries.SetEmail: redeeming.set_email,
    entries.AddCertificate: certifying.add_certificate,
    entries.RemoveCertificate: certifying.remove_certificate,
    entries.Rename: presence.rename,
    entries.SetAway: presence.set_away,
    entries.SetRealname: presence.set_realname,
    entries.SetUserModes: presence.set_user_modes,
    entries.Join: rooms.join,
    entries.Part: rooms.part,
    entries.PartAll: rooms.part_all,
    entries.Invite: invitations.invite,
    entries.Uninvite: invitations.uninvite,
    entries.RegisterRoom: registered_rooms.register_room,
    entries.TransferRoom: registered_rooms.transfer_room,
    entries.DropRoom: registered_rooms.drop_room,
    entries.SetAccess: registered_rooms.set_access,
    entries.SetTopic: rooms.set_topic,
    entries.RenameRoom: room_names.rename_room,
    entries.Kick: moderation.kick,
    entries.SetRetention: retention.set_retention,
    entries.SetRoomModes: room_modes.set_room_modes,
    entries.Say: messages.say,
    entries.Redact: redaction.redact,
    entries.Edit: redaction.edit,
    entries.MarkRead: reading.mark_read,
    entries.PinMessage: pins.pin_message,
    entries.UnpinMessage: pins.unpin_message,
    entries.SetMetadata: describing.set_metadata,
    entries.ClearMetadata: describing.clear_metadata,
    entries.Describe: describing.describe,
    entries.AddSetting: choosing.add_setting,
    entries.RemoveSetting: choosing.remove_setting,
    entries.Disconnect: operator.disconnect,
    entries.Wallops: operator.wallops,
    entries.Announce: operator.announce,
    entries.Ban: moderation.ban,
    entries.Unban: moderation.unban,
    entries.Mute: moderation.mute,
    entries.Unmute: moderation.unmute,
    entries.Lockdown: moderation.lockdown,
    entries.Undo: moderation.undo,
    entries.Report: reports.report,
    entries.Attend: reports.attend,
    entries.StartPurge: purging.start_purge,
    entries.TakeOut: purging.take_out,
}


def begin(state: State, batch: Batch) -> bool:
    """Moves the state to a batch; False when it was applied before and has to be skipped."""
    key = f"batch:{batch.node}"
    number = batch.epoch << 40 | batch.number
    if number <= state.counter(key):
        return False
    state.advance(batch.time)
    state.set_counter(key, number)
    return True


def apply(state: State, entry: AnyEntry) -> list[Output]:
    """What comes of an entry; a refusal is an answer to its session and changes nothing."""
    out: list[Output] = []
    try:
        HANDLERS[type(entry)](state, entry, out)
    except Refused as refused:
        return [Answer(entry.session, reply) for reply in refused.replies]
    return out
