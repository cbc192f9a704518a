"""The shared state: who is here, which rooms there are, and where the log stands.

Law: a change to anything that is kept goes through `save` or `erase`, so that the rows of a batch
are exactly what the batch changed; `load` builds an equal state from the tables.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Final

from hubbub.core.certificates import Certificate, Certificates
from hubbub.core.codes import Admitted, Code, Codes
from hubbub.core.entities import (
    DEFAULT_FLAGS,
    LOBBY_FLAGS,
    Access,
    Account,
    Counter,
    Entity,
    HeldName,
    ListEntry,
    Member,
    Pin,
    Presence,
    Room,
    Row,
    User,
)
from hubbub.core.ids import FIRST_PLACE, AccountId, Place, RoomId, SessionId, UserId
from hubbub.core.looks import Looks
from hubbub.core.makers import RoomMaker, RoomMakers
from hubbub.core.markers import LastSeen, Markers, ReadMarker
from hubbub.core.measures import Measure, Measures
from hubbub.core.metadata import Metadata, Metadatum
from hubbub.core.orderly import Purge, Report, Surge
from hubbub.core.pending import Pending
from hubbub.core.redirects import Redirect, Redirects
from hubbub.core.rules import Rules
from hubbub.core.sent import SENT_ID_KEPT_MS, Sent, SentIds
from hubbub.core.settings import Setting, Settings
from hubbub.core.standing import Invitation, Standing, WayBack
from hubbub.irc.names import FoldedNick, FoldedRoom, fold_nick, fold_room

COLUMNS: Final[Mapping[str, tuple[str, ...]]] = {
    "counters": ("name", "value"),
    "codes": ("number", "kind", "digest", "account", "maker", "made", "until", "uses"),
    "accounts": ("id", "name", "role", "verifier", "scram", "email", "created", "confirmed"),
    "certificates": ("fingerprint", "account", "added"),
    "admitted": ("code", "who"),
    "pending": (
        "number",
        "name",
        "digest",
        "verifier",
        "scram",
        "email",
        "device",
        "until",
        "skeleton",
    ),
    "users": (
        "id",
        "nick",
        "username",
        "host",
        "realname",
        "device",
        "modes",
        "away",
        "signed_on",
        "spoke_at",
        "account",
        "left_at",
        "skeleton",
    ),
    "sessions": ("id", "user", "secure", "absent", "host", "address", "certificate"),
    "rooms": (
        "id",
        "name",
        "created",
        "flags",
        "key_word",
        "member_limit",
        "topic",
        "topic_by",
        "topic_at",
        "retired_at",
        "public_since",
        "spoken",
        "founder",
        "registered_at",
        "keep_days",
        "slow",
    ),
    "members": ("room", "user", "ranks", "since", "reads_from", "opped", "voiced", "said_at"),
    "lists": ("room", "letter", "mask", "set_by", "set_at"),
    "access": ("room", "account", "rank", "set_by", "set_at"),
    "pins": ("room", "place", "said_at", "author", "set_by", "set_at"),
    "room_makers": ("mark", "since", "count"),
    "invitations": (
        "identity",
        "room",
        "whom",
        "invited_by",
        "inviter",
        "made_at",
        "until",
        "told",
    ),
    "ways_back": (
        "identity",
        "room",
        "ranks",
        "reads_from",
        "opped",
        "voiced",
        "made_at",
        "until",
    ),
    "held_names": ("folded", "device", "until"),
    "sent": ("scope", "once", "place", "time", "digest"),
    "measures": ("number", "kind", "target", "marks", "reason", "made_by", "made_at", "until"),
    "surges": ("room", "began", "joins", "shut_until"),
    "reports": ("number", "at", "reporter", "address", "text", "unseen"),
    "purges": ("number", "name", "identities", "since", "after", "before", "made_by", "taken"),
    "read_markers": ("identity", "target", "time", "number"),
    "last_seen": ("identity", "target", "place", "time", "number"),
    "metadata": ("owner", "key", "value"),
    "redirects": ("folded", "name", "room", "made_at", "until"),
    "settings": ("identity", "kind", "target", "value", "at"),
}
"""The tables of the state with their columns, in the order in which they are loaded."""

KEY_WIDTH: Final[Mapping[str, int]] = {
    "counters": 1,
    "accounts": 1,
    "codes": 1,
    "certificates": 1,
    "admitted": 2,
    "pending": 1,
    "users": 1,
    "sessions": 1,
    "rooms": 1,
    "members": 2,
    "lists": 3,
    "access": 2,
    "pins": 2,
    "room_makers": 1,
    "invitations": 2,
    "ways_back": 2,
    "held_names": 1,
    "sent": 2,
    "measures": 1,
    "surges": 1,
    "reports": 1,
    "purges": 1,
    "read_markers": 2,
    "last_seen": 2,
    "metadata": 2,
    "redirects": 1,
    "settings": 3,
}
"""How many of a table's first columns are its primary key."""

LOAD_ORDER: Final[Mapping[str, str]] = {
    "certificates": "added, fingerprint",
    "members": "since, user",
    "invitations": "made_at, identity, room",
    "ways_back": "made_at, identity, room",
    "room_makers": "since, mark",
    "sent": "place",
    "read_markers": "number",
    "last_seen": "number",
    "redirects": "made_at, folded",
}
"""The order of rows that `load` needs where it isn't the primary key's."""

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
        self._counters: dict[str, int] = {}
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

    @property
    def next_place(self) -> Place:
        return Place(self._next_place)

    def take_id(self, name: str) -> int:
        """The next of the numbers counted under `name`, from 1."""
        value = self._counters.get(name, 0) + 1
        self.set_counter(name, value)
        return value

    def counter(self, name: str) -> int:
        return self._counters.get(name, 0)

    def set_counter(self, name: str, value: int) -> None:
        self._counters[name] = value
        self.save(Counter(name, value))

    def _drop_counter(self, name: str) -> None:
        if self._counters.pop(name, None) is not None:
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
        self._dirty[entity.TABLE, entity.key()] = entity

    def erase(self, entity: Entity) -> None:
        """Notes that the entity's row has to go with this batch."""
        self._dirty[entity.TABLE, entity.key()] = None

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
        user.sessions = (*user.sessions, session)
        self._place(user)
        self.save(presence)

    def detach(self, session: SessionId) -> User:
        """Ends a session; its user stays. Raises KeyError for an unknown session."""
        presence = self.sessions.pop(session)
        user = presence.user
        user.sessions = tuple(other for other in user.sessions if other != session)
        self._place(user)
        if not user.sessions:
            self.online -= 1
            self.invisible -= "i" in user.modes
        self.erase(presence)
        return user

    def _place(self, user: User) -> None:
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
        self._link(member)
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

    def _link(self, member: Member) -> None:
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

    # -- loading --------------------------------------------------------------------------

    def dump(self) -> Iterator[tuple[str, Row]]:
        """Every row of the state by table and key, for comparing two states."""
        rows: list[tuple[str, Row]] = []
        for name, value in self._counters.items():
            rows.append(("counters", (name, value)))
        entities: list[Iterable[Entity]] = [
            self.codes,
            self.codes.admitted.values(),
            self.certificates,
            self.pending.values(),
            self.accounts_by_id.values(),
            self.users_by_id.values(),
            self.sessions.values(),
            self.rooms_by_id.values(),
            self.held.values(),
            self.sent,
            self.measures,
            self.surges.values(),
            self.reports.values(),
            self.purges.values(),
            self.markers,
            self.last_seen,
            self.settings,
            self.invitations,
            self.ways_back,
            self.makers.known.values(),
            self.metadata,
            self.redirects,
        ]
        entities += [room.members.values() for room in self.rooms_by_id.values()]
        entities += [
            of.values() for room in self.rooms_by_id.values() for of in room.lists.values()
        ]
        entities += [room.access.values() for room in self.rooms_by_id.values()]
        entities += [room.pins.values() for room in self.rooms_by_id.values()]
        for group in entities:
            rows.extend((entity.TABLE, entity.row()) for entity in group)
        return iter(sorted(rows, key=repr))


def load(log_id: str, rules: Rules, tables: Mapping[str, Iterable[tuple[object, ...]]]) -> State:
    """The state whose rows are `tables`: every table of COLUMNS, rows in LOAD_ORDER."""
    state = State(log_id, rules)
    for name, value in tables["counters"]:
        state._counters[name] = value  # type: ignore[index,assignment]
    state.now = state.counter("clock")
    state._next_place = state.counter("place") or FIRST_PLACE
    for row in tables["accounts"]:
        account = Account(*row)  # type: ignore[arg-type]
        state.accounts[account.folded] = account
        state.accounts_by_id[account.id] = account
    for row in tables["codes"]:
        state.codes.put(Code(*row))  # type: ignore[arg-type]
    for row in tables["certificates"]:
        state.certificates.put(Certificate(*row))  # type: ignore[arg-type]
    for row in tables["admitted"]:
        state.codes.admit(Admitted(*row))  # type: ignore[arg-type]
    for row in tables["pending"]:
        pending = Pending(*row)  # type: ignore[arg-type]
        state.pending[pending.number] = pending
    for row in tables["users"]:
        *own, owner_id, left, skeleton = row
        owner = state.accounts_by_id.get(owner_id)  # type: ignore[call-overload]
        user = User(*own, owner, left, skeleton)  # type: ignore[call-arg,arg-type]
        state.users[user.folded] = user
        state.users_by_id[user.id] = user
        state.looks.add(user)
    for session, owner, *facts in tables["sessions"]:
        user = state.users_by_id[owner]  # type: ignore[index]
        state.online += not user.sessions
        state.invisible += not user.sessions and "i" in user.modes
        secure, absent, *strings = facts
        state.sessions[session] = Presence(  # type: ignore[index]
            session,  # type: ignore[arg-type]
            user,
            bool(secure),
            bool(absent),
            *strings,  # type: ignore[arg-type]
        )
        user.sessions = (*user.sessions, session)  # type: ignore[arg-type]
        state._place(user)
    for row in tables["rooms"]:
        room = Room(*row)  # type: ignore[arg-type]
        if room.retired_at:
            continue
        state.rooms[room.folded] = room
        state.rooms_by_id[room.id] = room
    for room_id, user_id, *facts in tables["members"]:
        room = state.rooms_by_id[room_id]  # type: ignore[index]
        user = state.users_by_id[user_id]  # type: ignore[index]
        state._link(Member(room, user, *facts))  # type: ignore[arg-type]
    _load_lists(state, tables)
    return state


def _load_lists(state: State, tables: Mapping[str, Iterable[tuple[object, ...]]]) -> None:
    for row in tables["lists"]:
        entry = ListEntry(*row)  # type: ignore[arg-type]
        state.rooms_by_id[entry.room].lists[entry.letter][entry.mask] = entry
    for row in tables["access"]:
        access = Access(*row)  # type: ignore[arg-type]
        state.rooms_by_id[access.room].access[access.account] = access
    for row in tables["pins"]:
        pin = Pin(*row)  # type: ignore[arg-type]
        state.rooms_by_id[pin.room].pins[pin.place] = pin
    for row in tables["invitations"]:
        state.invitations.put(Invitation(*row))  # type: ignore[arg-type]
    for row in tables["ways_back"]:
        state.ways_back.put(WayBack(*row))  # type: ignore[arg-type]
    for row in tables["room_makers"]:
        maker = RoomMaker(*row)  # type: ignore[arg-type]
        state.makers.known[maker.mark] = maker
    for row in tables["held_names"]:
        held = HeldName(*row)  # type: ignore[arg-type]
        state.held[held.folded] = held
    for row in tables["sent"]:
        state.sent.put(Sent(*row))  # type: ignore[arg-type]
    for row in tables["measures"]:
        state.measures.put(Measure(*row))  # type: ignore[arg-type]
    _load_order(state, tables)
    for row in tables["read_markers"]:
        state.markers.put(ReadMarker(*row))  # type: ignore[arg-type]
    for row in tables["last_seen"]:
        state.last_seen.put(LastSeen(*row))  # type: ignore[arg-type]
    for row in tables["settings"]:
        state.settings.put(Setting(*row))  # type: ignore[arg-type]


def _load_order(state: State, tables: Mapping[str, Iterable[tuple[object, ...]]]) -> None:
    for row in tables["surges"]:
        surge = Surge(*row)  # type: ignore[arg-type]
        state.surges[surge.room] = surge
    for row in tables["reports"]:
        report = Report(*row)  # type: ignore[arg-type]
        state.reports[report.number] = report
    for row in tables["purges"]:
        purge = Purge(*row)  # type: ignore[arg-type]
        state.purges[purge.number] = purge
    for row in tables["metadata"]:
        state.metadata.put(Metadatum(*row))  # type: ignore[arg-type]
    for row in tables["redirects"]:
        state.redirects.put(Redirect(*row))  # type: ignore[arg-type]
