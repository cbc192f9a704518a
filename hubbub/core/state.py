"""The shared state: who is here, which rooms there are, and where the log stands.

Law: a change to anything that is kept goes through `save` or `erase`, so that the rows of a batch
are exactly what the batch changed; `core.tables.load` builds an equal state from them.
"""

from __future__ import annotations

from hubbub.core.certificates import Certificate, Certificates
from hubbub.core.codes import Code, Codes
from hubbub.core.entities import (
    DEFAULT_FLAGS,
    LOBBY_FLAGS,
    Account,
    Counter,
    HeldName,
    Member,
    Pin,
    Presence,
    Room,
    User,
)
from hubbub.core.ids import FIRST_PLACE, AccountId, Place, RoomId, SessionId, UserId
from hubbub.core.kept import Entity, Row
from hubbub.core.looks import Looks
from hubbub.core.makers import RoomMakers
from hubbub.core.markers import LastSeen, Markers, ReadMarker
from hubbub.core.measures import Measures
from hubbub.core.metadata import Metadata, Metadatum
from hubbub.core.orderly import Purge, Report, Surge
from hubbub.core.pending import Pending
from hubbub.core.redirects import Redirect, Redirects
from hubbub.core.rules import Rules
from hubbub.core.sent import SENT_ID_KEPT_MS, SentIds
from hubbub.core.settings import Settings
from hubbub.core.standing import Invitation, Standing, WayBack
from hubbub.irc.names import FoldedNick, FoldedRoom, fold_nick, fold_room

Changes = dict[str, dict[Row, Row | None]]
"""By table, by key: the row as it now stands, or None where it is gone."""


class State:
    """Everything that `apply` reads and changes. One owner at a time."""

    def __init__(self, log_id: str, rules: Rules | None = None) -> None:
        self.log_id = log_id
        self.rules = rules or Rules()
        self.accounts: dict[FoldedNick, Account] = {}
        self.accounts_by_id: dict[AccountId, Account] = {}
        self.codes = Codes()
        self.certificates = Certificates()
        self.pending: dict[int, Pending] = {}
        self.users: dict[FoldedNick, User] = {}
        self.users_by_id: dict[UserId, User] = {}
        self.looks = Looks()
        self.sessions: dict[SessionId, Presence] = {}
        self.rooms: dict[FoldedRoom, Room] = {}
        self.rooms_by_id: dict[RoomId, Room] = {}
        self.held: dict[FoldedNick, HeldName] = {}
        self.sent = SentIds()
        self.measures = Measures()
        self.surges: dict[RoomId, Surge] = {}
        self.reports: dict[int, Report] = {}
        self.purges: dict[int, Purge] = {}
        self.markers = Markers[ReadMarker]()
        self.last_seen = Markers[LastSeen]()
        self.settings = Settings()
        self.invitations: Standing[Invitation] = Standing()
        self.ways_back: Standing[WayBack] = Standing()
        self.makers = RoomMakers()
        self.metadata = Metadata()
        self.redirects = Redirects()
        self.online = 0
        """How many users are connected."""
        self.invisible = 0
        """How many of those are invisible (user mode +i)."""
        self.counters: dict[str, int] = {}
        """The numbers that the log's order drives, by name; changed by `set_counter`."""
        self._dirty: dict[tuple[str, Row], Entity | None] = {}
        self.now = 0
        self.before = 0
        """The time of the batch before the present one, in milliseconds."""
        self.local_time = 0
        """This node's clock where the state is read, in milliseconds; no business of `apply`."""
        self._next_place: int = FIRST_PLACE

    # -- the log's position ---------------------------------------------------------------

    def advance(self, time: int) -> None:
        """Moves the clock to `time`, in milliseconds, unless it is already later."""
        self.before = self.now
        self.now = max(self.now, time)

    @property
    def present(self) -> int:
        """The time for answers to questions, in milliseconds: the log's unless a clock is ahead."""
        return max(self.now, self.local_time)

    def take_place(self) -> Place:
        """The next place of the history."""
        place = Place(self._next_place)
        self._next_place += 1
        return place

    def resume(self) -> None:
        """Goes on where the counters, which were loaded, say that the log stands."""
        self.now = self.counter("clock")
        self._next_place = self.counter("place") or FIRST_PLACE

    @property
    def next_place(self) -> Place:
        return Place(self._next_place)

    def take_id(self, name: str) -> int:
        """The next of the numbers counted under `name`, from 1."""
        value = self.counters.get(name, 0) + 1
        self.set_counter(name, value)
        return value

    def counter(self, name: str) -> int:
        return self.counters.get(name, 0)

    def set_counter(self, name: str, value: int) -> None:
        self.counters[name] = value
        self.save(Counter(name, value))

    def _drop_counter(self, name: str) -> None:
        if self.counters.pop(name, None) is not None:
            self.erase(Counter(name, 0))

    def has_expired(self, time: int) -> bool:
        """Whether a TimePassed at `time` (milliseconds) would let anything go."""
        waiting = (*self.codes, *self.pending.values())
        if any(one.until <= time for one in waiting):
            return True
        if any(held.until <= time for held in self.held.values()):
            return True
        if self.invitations.expired(time) or self.ways_back.expired(time) or self.makers.over(time):
            return True
        if self.measures.expired(time):
            return True
        if any(report.is_over(time) for report in self.reports.values()):
            return True
        if self.redirects.expired(time):
            return True
        return bool(self.sent.older_than(time - SENT_ID_KEPT_MS))

    # -- changes --------------------------------------------------------------------------

    def save(self, entity: Entity) -> None:
        """Notes that the entity's row has to be written with this batch."""
        self._dirty[entity.TABLE, entity.primary_key()] = entity

    def erase(self, entity: Entity) -> None:
        """Notes that the entity's row has to go with this batch."""
        self._dirty[entity.TABLE, entity.primary_key()] = None

    def take_changes(self) -> Changes:
        """The rows that changed since the last call, each as it stands now."""
        if not self._dirty and self.counter("place") == self._next_place:
            return {}
        self.set_counter("clock", self.now)
        self.set_counter("place", self._next_place)
        changes: Changes = {}
        for (table, key), entity in self._dirty.items():
            changes.setdefault(table, {})[key] = None if entity is None else entity.row()
        self._dirty = {}
        return changes

    # -- users and sessions ---------------------------------------------------------------

    def user_named(self, nick: str) -> User | None:
        return self.users.get(fold_nick(nick))

    def add_user(self, user: User) -> None:
        self.users[user.folded] = user
        self.users_by_id[user.id] = user
        self.looks.add(user)
        self.save(user)

    def remove_user(self, user: User) -> None:
        """Takes out a user who is in no room and has no session any more."""
        self._forget_metadata(user)
        self._drop_counter(f"metadata:{user.id}")
        del self.users[user.folded]
        del self.users_by_id[user.id]
        self.looks.remove(user)
        for setting in self.settings.of(user.identity):
            self.settings.remove(setting)
            self.erase(setting)
        self.erase(user)

    def rename_user(self, user: User, nick: str, skeleton: str = "") -> None:
        del self.users[user.folded]
        self.looks.remove(user)
        user.rename(nick, skeleton)
        self.users[user.folded] = user
        self.looks.add(user)
        self.save(user)

    def attach(
        self,
        session: SessionId,
        user: User,
        secure: bool,
        host: str = "",
        address: str = "",
        certificate: str = "",
    ) -> None:
        """Begins a session of a user, which comes from there (as in the entry Open)."""
        presence = Presence(session, user, secure, False, host, address, certificate)
        self.sessions[session] = presence
        if not user.sessions:
            self.online += 1
            self.invisible += "i" in user.modes
            if self.online > self.counter("most_users"):
                self.set_counter("most_users", self.online)
        # In the order of their ids, as they come when the state is loaded.
        user.sessions = tuple(sorted((*user.sessions, session)))
        self.note_hosts(user)
        self.save(presence)

    def detach(self, session: SessionId) -> User:
        """Ends a session; its user stays. Raises KeyError for an unknown session."""
        presence = self.sessions.pop(session)
        user = presence.user
        user.sessions = tuple(other for other in user.sessions if other != session)
        self.note_hosts(user)
        if not user.sessions:
            self.online -= 1
            self.invisible -= "i" in user.modes
        self.erase(presence)
        return user

    def note_hosts(self, user: User) -> None:
        """Notes which hosts a user has at the sessions that it has now."""
        hosts = (self.sessions[session].host for session in user.sessions)
        user.hosts = tuple(dict.fromkeys(host for host in hosts if host))

    # -- accounts -------------------------------------------------------------------------

    def account_named(self, name: str) -> Account | None:
        return self.accounts.get(fold_nick(name))

    def user_of(self, account: Account) -> User:
        """The account's user, who is there even when nobody is connected as it."""
        return self.users[account.folded]

    def add_account(self, account: Account) -> None:
        self.accounts[account.folded] = account
        self.accounts_by_id[account.id] = account
        self.save(account)

    def rename_account(self, account: Account, name: str, skeleton: str = "") -> None:
        """Gives an account and its user another name."""
        user = self.user_of(account)
        del self.accounts[account.folded]
        account.name = name
        self.accounts[account.folded] = account
        self.save(account)
        self.rename_user(user, name, skeleton)

    def remove_account(self, account: Account) -> None:
        """Takes out an account; its user is the caller's to deal with."""
        del self.accounts[account.folded]
        del self.accounts_by_id[account.id]
        self.erase(account)

    def end_code(self, code: Code) -> None:
        """A one-time code works no more."""
        for admitted in self.codes.admitted_by(code) if code.kind == "invite" else ():
            del self.codes.admitted[admitted.code, admitted.who]
            self.erase(admitted)
        self.codes.remove(code)
        self.erase(code)

    def end_certificate(self, certificate: Certificate) -> None:
        self.certificates.remove(certificate)
        self.erase(certificate)

    def end_pending(self, pending: Pending) -> None:
        """A registration waits no more."""
        del self.pending[pending.number]
        self.erase(pending)

    # -- rooms ----------------------------------------------------------------------------

    def room_named(self, name: str) -> Room | None:
        return self.rooms.get(fold_room(name))

    def add_room(self, name: str) -> Room:
        room = Room(self.take_id("room"), name, self.now)
        self.reset_modes(room)
        self.rooms[room.folded] = room
        self.rooms_by_id[room.id] = room
        return room

    def is_lobby(self, room: Room) -> bool:
        """Whether this is the room that everyone is joined to on arrival; it has no operators."""
        return room.folded == fold_room(self.rules.lobby)

    def reset_modes(self, room: Room) -> None:
        """Gives a room the modes and the empty lists of a new one; nobody is invited to it."""
        room.flags = LOBBY_FLAGS if self.is_lobby(room) else DEFAULT_FLAGS
        room.key_word, room.limit, room.slow = "", 0, 0
        for entries in room.lists.values():
            for entry in entries.values():
                self.erase(entry)
            entries.clear()
        for invitation in self.invitations.in_room(room.id):
            self.end_invitation(invitation)
        self.save(room)

    def room_called(self, name: str) -> Room | None:
        """The room of that name, or the one that a name led to which it had."""
        room = self.room_named(name)
        if room is None and (redirect := self.redirects.named(name)) is not None:
            room = self.rooms_by_id[redirect.room]
        return room

    def rename_room(self, room: Room, name: str) -> None:
        """Gives a room a name that no other room has."""
        del self.rooms[room.folded]
        room.name = name
        self.rooms[room.folded] = room
        self.save(room)

    def put_redirect(self, redirect: Redirect) -> None:
        self.redirects.put(redirect)
        self.save(redirect)

    def drop_redirect(self, redirect: Redirect) -> None:
        self.redirects.remove(redirect)
        self.erase(redirect)

    def keep_room(self, room: Room) -> None:
        """Notes that something was said in a room, so that it is kept when everybody has left."""
        if not room.spoken:
            room.spoken = True
            self.save(room)

    def retire_room(self, room: Room) -> None:
        """Frees the room's name; its history stays under its id and nobody reaches it."""
        del self.rooms[room.folded]
        del self.rooms_by_id[room.id]
        self.reset_modes(room)
        for pin in tuple(room.pins.values()):
            self.end_pin(room, pin)
        self._forget_metadata(room)
        for redirect in self.redirects.of(room.id):
            self.drop_redirect(redirect)
        room.retired_at = self.now

    def end_pin(self, room: Room, pin: Pin) -> None:
        del room.pins[pin.place]
        self.erase(pin)

    def add_invitation(self, invitation: Invitation) -> None:
        """Takes in an invitation, in the place of an earlier one of that person to that room."""
        self.invitations.put(invitation)
        self.save(invitation)

    def end_invitation(self, invitation: Invitation) -> None:
        self.invitations.remove(invitation)
        self.erase(invitation)

    def add_way_back(self, way: WayBack) -> None:
        self.ways_back.put(way)
        self.save(way)

    def end_way_back(self, way: WayBack) -> None:
        self.ways_back.remove(way)
        self.erase(way)

    def add_member(self, room: Room, user: User, ranks: str) -> Member:
        here = self.next_place
        member = Member(room, user, ranks, here, here, here, here)
        self.link(member)
        self.save(member)
        return member

    def give_ranks(self, member: Member, ranks: str) -> None:
        """Changes a member's ranks; what was said to those who had one it reads from here on."""
        if "o" not in member.ranks:
            member.opped = self.next_place
        if not member.ranks:
            member.voiced = self.next_place
        member.ranks = "".join(sorted(ranks))
        self.save(member)

    def remove_member(self, member: Member) -> None:
        room, user = member.room, member.user
        del room.members[user.id]
        del user.memberships[room.id]
        room.version += 1
        room.rolls = {}
        self.erase(member)

    def link(self, member: Member) -> None:
        """Has a member's room and user know of it; nothing is noted as changed."""
        member.room.members[member.user.id] = member
        member.user.memberships[member.room.id] = member
        member.room.version += 1

    # -- metadata -------------------------------------------------------------------------

    def put_metadatum(self, item: Metadatum) -> None:
        """Sets a value, in the place of the one that was there."""
        self.metadata.put(item)
        self.save(item)

    def drop_metadatum(self, target: User | Room, name: str) -> None:
        """Takes a value away that is there."""
        item = self.metadata.get(target, name)
        if item is not None:
            self.metadata.remove(item)
            self.erase(item)

    def _forget_metadata(self, target: User | Room) -> None:
        for item in self.metadata.take(target):
            self.erase(item)
