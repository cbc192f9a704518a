"""The log's entries: typed intents.

Law: an entry says what somebody wants, never how it was written on the wire, and carries all that
`apply` needs. A change of meaning is a new class; a change of shape raises `core.batches.VERSION`.
"""

from __future__ import annotations

from typing import Literal

import msgspec

from hubbub.core.codes import DAY_SECONDS, Kind
from hubbub.core.ids import Place, RoomId, SessionId
from hubbub.core.rules import Rules
from hubbub.core.settings import KindName


class Entry(msgspec.Struct, frozen=True, gc=False, tag=True, array_like=True):
    """One item of the log. `session` is who wants it; NO_SESSION is the server itself."""

    session: SessionId


class NodeStarted(Entry, frozen=True):
    """A node begins an epoch: sessions of its earlier epochs are gone, and these rules hold."""

    node: int
    epoch: int
    rules: Rules


class RulesChanged(Entry, frozen=True):
    """The operator changed the configuration, and had it read again.

    `by` is the nick of who asked for that in the chat, and `changed` what settings have another value.
    """

    rules: Rules
    by: str = ""
    changed: tuple[str, ...] = ()


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
    account: int = 0
    """The id of the account that the session has logged in to, or 0; its name is then the nick."""
    away: str = ""
    """As in SetAway."""
    invite: str = ""
    """The hash of the invite that lets a guest in, where somebody's was shown."""
    address: str = ""
    """Where the session comes from, if `host`, which all may see, doesn't say so itself."""
    skeleton: str = ""
    """What names that look like `nick` have in common (`irc.skeletons`)."""
    certificate: str = ""
    """The fingerprint of the certificate that the client showed, or empty."""


class Close(Entry, frozen=True):
    """A session ended. `lost` when the connection broke rather than said QUIT.

    `seen` is the time until which it surely was shown everything, in milliseconds; 0 is until now.
    """

    reason: str
    lost: bool = False
    seen: int = 0


class Register(Entry, frozen=True):
    """Makes an account called `name`: of the session's guest, or for one that isn't here yet.

    `verifier` and `scram` are what passwords are checked against; `role` is the console's to give.
    """

    name: str
    verifier: str
    scram: str
    email: str = ""
    device: str = ""
    address: str = ""
    role: str = "member"
    digest: str = ""
    """The hash of the code that is sent to `email`, or empty when none is."""
    invite: str = ""
    """The hash of the invite that the session has shown, where registering takes one."""
    skeleton: str = ""
    """As in Open."""

    def __repr__(self) -> str:
        return f"Register({self.session}, {self.name!r}, email={self.email!r}, role={self.role!r})"


class Login(Entry, frozen=True):
    """A session that is registered has proven to be this account's."""

    account: int


class SetPassword(Entry, frozen=True):
    name: str
    verifier: str
    scram: str

    def __repr__(self) -> str:
        return f"SetPassword({self.session}, {self.name!r})"


class SetRole(Entry, frozen=True):
    name: str
    role: Literal["member", "moderator", "admin"]


class RenameAccount(Entry, frozen=True):
    """Gives an account another name."""

    name: str
    new: str
    skeleton: str = ""
    """As in Open, of `new`."""


class DeleteAccount(Entry, frozen=True):
    """Ends an account; with `messages` all that it said is erased."""

    name: str
    messages: bool = False


class NoteExport(Entry, frozen=True):
    """The operator has what is kept of an account written to a file."""

    name: str


class RevokeSession(Entry, frozen=True):
    """Ends one of the sessions of one's own user: its id, or its number (`ids.numbered`)."""

    target: int


class IssueCode(Entry, frozen=True):
    """A one-time code was made, of which this is the hash: see core/codes.py. `name` is whose."""

    kind: Kind
    digest: str
    name: str = ""
    seconds: int = DAY_SECONDS
    """How long it works."""
    uses: int = 1
    """How many an invite lets in."""


class RevokeCode(Entry, frozen=True):
    """An invite of this number shall let nobody in any more."""

    number: int


class Confirm(Entry, frozen=True):
    """Somebody shows the code that was sent to an account's address, or to a registration's."""

    name: str
    digest: str


class SetEmail(Entry, frozen=True):
    """Gives one's account another address, to which the code of this hash is sent."""

    name: str
    email: str
    digest: str


class AddCertificate(Entry, frozen=True):
    """Has the client certificate of a fingerprint log in to one's account.

    It was `shown` when the session's own connection presented it.
    """

    fingerprint: str
    shown: bool = False


class RemoveCertificate(Entry, frozen=True):
    fingerprint: str


class Claim(Entry, frozen=True):
    """Somebody shows a claim code, by its hash, to become the first admin."""

    digest: str


class Recover(Entry, frozen=True):
    """Somebody shows the code for a new password of an account, and what is kept of that."""

    name: str
    digest: str
    verifier: str
    scram: str

    def __repr__(self) -> str:
        return f"Recover({self.session}, {self.name!r})"


class Rename(Entry, frozen=True):
    nick: str
    skeleton: str = ""
    """As in Open."""


class SetAway(Entry, frozen=True):
    """Marks as away; an empty text marks as back, '*' says that nobody sits at this session."""

    text: str


class SetRealname(Entry, frozen=True):
    text: str


class SetUserModes(Entry, frozen=True):
    """Changes the modes of whoever `nick` is, which has to be oneself.

    `unknown` is set when it was asked for modes, too, that there aren't.
    """

    adding: str
    removing: str
    nick: str = ""
    unknown: bool = False


class Join(Entry, frozen=True):
    """Enters a room; by a name that it had only if the session is to be brought along (`follow`)."""

    room: str
    key: str = ""
    follow: bool = True


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


class Uninvite(Entry, frozen=True):
    """Withdraws an invitation, or declines one's own."""

    nick: str
    room: str


class RegisterRoom(Entry, frozen=True):
    """Makes a room one's account's."""

    room: str


class TransferRoom(Entry, frozen=True):
    """Makes a registered room another account's."""

    room: str
    account: str


class DropRoom(Entry, frozen=True):
    """Ends a room's registration."""

    room: str


class SetAccess(Entry, frozen=True):
    """Gives an account a right to a rank (`o` or `v`) in a registered room; an empty one takes it."""

    room: str
    account: str
    rank: Literal["o", "v", ""]


class SetTopic(Entry, frozen=True):
    room: str
    text: str


class SetRetention(Entry, frozen=True):
    """Has a room's messages kept for `days`; 0 is for as long as the server keeps any.

    `for_ever` (with 0) says that somebody asked for that and not for what the server does.
    """

    room: str
    days: int
    for_ever: bool = False


class RenameRoom(Entry, frozen=True):
    room: str
    name: str
    reason: str = ""


class SetRoomModes(Entry, frozen=True):
    """Mode changes as (adding, mode letter, argument); an argument of None where none is taken."""

    room: str
    changes: tuple[tuple[bool, str, str | None], ...]


class Say(Entry, frozen=True):
    """A message to a room or a user: `verb` is PRIVMSG, NOTICE or TAGMSG.

    A text of several lines has line feeds, and `splits`: see `irc.multiline`.
    """

    verb: str
    target: str
    text: str
    tags: tuple[tuple[str, str], ...] = ()
    """Client-only tags, unescaped, in the order they came."""
    once: str = ""
    """The sender's own id for this message, or empty."""
    splits: tuple[int, ...] = ()


class Said(msgspec.Struct, frozen=True, gc=False, array_like=True):
    """What the store knew of a message: by whom, where and when (milliseconds) it was said.

    The state doesn't hold old messages, so what `apply` has to know of one comes in with the
    entry: it was read before the entry was ordered, and none of it but the identities can change.
    """

    place: Place
    time: int
    room: RoomId | None
    status: str = ""
    author: str = ""
    peer: str = ""
    peer_nick: str = ""
    verb: str = "PRIVMSG"


class MarkRead(Entry, frozen=True):
    """Whoever it is has read what was said until `time` (milliseconds) in a room or with a user."""

    target: str
    time: int


class SetMetadata(Entry, frozen=True):
    """Says something of a user or a room (`*` is oneself); without a value no more."""

    target: str
    key: str
    value: str | None = None


class ClearMetadata(Entry, frozen=True):
    """Says nothing more of a user or a room."""

    target: str


class Describe(Entry, frozen=True):
    """What a session said of its user while it registered, as keys and values."""

    pairs: tuple[tuple[str, str], ...]


class Redact(Entry, frozen=True):
    """Takes back what was said: `said` as `target` is called by who asks."""

    target: str
    said: Said
    reason: str = ""


class Edit(Entry, frozen=True):
    """Says what was meant instead of `said`, which is as in Redact and no correction itself."""

    target: str
    said: Said
    text: str


class PinMessage(Entry, frozen=True):
    """Keeps `said` in view in a room."""

    room: str
    said: Said


class UnpinMessage(Entry, frozen=True):
    """Ends a pin; `id` is the message's id on the wire."""

    room: str
    id: str


class AddSetting(Entry, frozen=True):
    """Chooses something for oneself, of one of `core.settings.KINDS`; `quiet` wants no answer."""

    kind: KindName
    value: str
    quiet: bool = False


class RemoveSetting(Entry, frozen=True):
    """Takes that back."""

    kind: KindName
    value: str
    quiet: bool = False


class Disconnect(Entry, frozen=True):
    """The operator ends all sessions of a user."""

    nick: str
    reason: str


class Wallops(Entry, frozen=True):
    """Somebody with a role tells all others that have one something."""

    text: str


class Announce(Entry, frozen=True):
    """The operator says something to a room as the server."""

    room: str
    text: str


class Ban(Entry, frozen=True):
    """Keeps people out, see core/moderation.py: a user, `account:NAME`, a mask, an address or network."""

    target: str
    reason: str
    seconds: int = 0
    """For how long; 0 is for ever."""


class Unban(Entry, frozen=True):
    """Lifts the bans that were made on this target."""

    target: str
    reason: str = ""


class Mute(Entry, frozen=True):
    """Keeps people from speaking: as Ban."""

    target: str
    reason: str
    seconds: int = 0


class Unmute(Entry, frozen=True):
    """Lifts the mutes that were made on this target."""

    target: str
    reason: str = ""


class Lockdown(Entry, frozen=True):
    """New guests aren't let in any more, or again."""

    on: bool
    reason: str = ""


class Report(Entry, frozen=True):
    """Tells the moderators of somebody, or of a message (`said`), and why."""

    about: str
    text: str
    said: Said | None = None
    """Of a message, that which the store knew of it; `about` is then the nick of who said it."""


class Attend(Entry, frozen=True):
    """Somebody has just come: shows who has a role what was reported meanwhile."""


class StartPurge(Entry, frozen=True):
    """All that these identities said in the last `seconds` shall go; `name` is what they were called."""

    name: str
    identities: tuple[str, ...]
    seconds: int
    reason: str = ""


class TakeOut(Entry, frozen=True):
    """A step of the purge `number`: what is to go now; `last` says that nothing is left."""

    number: int
    said: tuple[Said, ...]
    last: bool


class Undo(Entry, frozen=True):
    """Takes back what somebody did: `number`, and the rest of what the audit log says of it."""

    number: int
    action: str
    target: str
    detail: str = ""
