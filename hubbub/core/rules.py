"""The settings that what happens in the chat depends on.

Law: `apply` reads these from the state, where an entry put them, so that a replay sees the same.
"""

from __future__ import annotations

from typing import Literal

import msgspec


class Rules(msgspec.Struct, frozen=True, kw_only=True):
    """What the operator decided. Sizes are in UTF-8 bytes, times in seconds unless said."""

    server_name: str = "hubbub.local"
    network: str = "Hubbub"
    icon: str = ""
    """The URL of an image that stands for the network, or empty."""
    motd: str = ""
    admin: str = ""
    """How to reach whoever runs the server: an e-mail address, for ADMIN."""
    lobby: str = "#lobby"
    guests: Literal["yes", "invite", "no"] = "yes"
    """Who may come in without an account: all, those with the invite, or nobody."""
    registration: Literal["open", "invite", "mail", "closed"] = "open"
    """Who may register: with `mail` those who confirm an address."""
    mails: bool = False
    """Whether the server can send letters."""
    inviters: Literal["member", "moderator", "admin"] = "moderator"
    """The role that it takes to make an invite."""
    invites: int = 1_000
    """How many invites there may be at a time."""
    pending: int = 1_000
    """How many registrations may wait for their addresses to be confirmed."""
    welcome_text: str = ""
    """What newcomers are told on arriving; may have lines."""
    rules_text: str = ""
    rules_required: bool = False
    """Whether the rules have to be accepted before an account is made."""
    cloaks: bool = True
    """Whether sessions come with cloaks for hosts; then an account has a host of its own, too."""
    nick_bytes: int = 30
    user_bytes: int = 12
    host_bytes: int = 63
    room_bytes: int = 50
    topic_bytes: int = 300
    away_bytes: int = 200
    kick_bytes: int = 200
    realname_bytes: int = 128
    ascii_names: bool = False
    """Whether people's names are of ASCII characters only."""
    reserved_names: tuple[str, ...] = ("Admin", "Administrator", "Console", "Server", "System")
    """Names that only accounts have which the operator made, and all that look like them."""
    rooms_per_user: int = 100
    rooms: int = 10_000
    targets: int = 4
    """How many targets one command may name."""
    list_entries: int = 100
    """How many masks each of a room's lists holds."""
    invitations: int = 100
    """How many invitations stand at a time for one room, and for one person."""
    invitation_seconds: int = 604_800
    """How long an invitation stands when it isn't used."""
    ways_back: int = 20_000
    """How many memberships of guests who lost the connection are kept; beyond that none more is."""
    way_back_seconds: int = 604_800
    """How long one is kept."""
    certificates: int = 10
    """How many client certificates log in to one account."""
    rooms_per_account: int = 20
    """How many rooms one account may register."""
    pins: int = 50
    """How many messages may be pinned in a room."""
    new_rooms: int = 60
    """How many rooms one person may make in an hour."""
    new_rooms_per_address: int = 300
    """How many may be made from one address (IPv6: one /64) in an hour; this machine has no bound."""
    modes: int = 6
    """How many mode changes with a parameter one MODE may make."""
    keep_days: int = 0
    """For how many days what is said is kept; 0 is for ever. Rooms may keep it for less."""
    history_page: int = 100
    """The most messages that one CHATHISTORY returns."""
    replay_lines: int = 50
    """How many missed messages of a room a client without chathistory is shown on joining."""
    sent_ids: int = 100_000
    """How many send-once ids of all accounts are kept, and as many of guests; a week at most."""
    sent_ids_each: int = 1_000
    """How many of one person's."""
    whowas_entries: int = 1_000
    monitor_entries: int = 100
    """How many names one session watches with MONITOR."""
    accounts: int = 100_000
    """How many accounts there may be."""
    multiline_bytes: int = 16_384
    multiline_lines: int = 100
    read_markers: int = 1_000
    """In how many conversations one person's last read message is remembered."""
    guests_with_markers: int = 10_000
    """Of how many guests it is; accounts are bounded by themselves."""
    metadata_keys: int = 30
    """How many keys of metadata a user or a room may have."""
    metadata_value_bytes: int = 256
    metadata_subscriptions: int = 50
    """To how many keys one session may subscribe."""
    metadata_sync: int = 200
    """How many values a session is shown at a time."""
    rename_members: int = 500
    """How many members a room may have that is renamed: each may have to be shown it anew."""
    rename_redirect_seconds: int = 30 * 24 * 3600
    """How long a name that a room had leads to it."""
    settings: int = 100
    """How many settings of one kind (blocks, muted rooms, words) one person may have."""
    redact_seconds: int = 0
    """How long people may take back what they said; 0 is for ever."""
    edit_seconds: int = 0
    """How long people may correct what they said; 0 is for ever."""
    measures: int = 10_000
    """How many bans and mutes there may be."""
    reports: int = 200
    """How many reports are kept for moderators who haven't seen them; the oldest go."""
    reports_per_hour: int = 10
    """How many reports one person may make in an hour."""
    join_flood_guests: int = 30
    """How many guests from elsewhere may join a room in that time before it is a flood; 0: any."""
    join_flood_seconds: int = 10
    join_flood_shut_seconds: int = 60
    """How long a room then takes no guests."""
    audit_entries: int = 100_000
    """How many acts the audit log keeps; beyond that the oldest go."""
    held_names: int = 20_000
    """How many names of departed guests are kept at a time; beyond that none more is."""
    guest_name_hold_seconds: int = 600
    """How long the name of a guest who lost the connection is kept for that device."""

    @property
    def registering(self) -> str:
        """The value of the capability draft/account-registration."""
        return "before-connect" + (",email-required" if self.registration == "mail" else "")

    @property
    def metadata_bytes(self) -> int:
        """The longest value of metadata: as set, unless names are so long that no line would hold it."""
        rest = len("METADATA   * :") + max(self.nick_bytes, self.room_bytes) + 64
        return min(self.metadata_value_bytes, 510 - self.longest_source - rest)

    @property
    def longest_source(self) -> int:
        """The bytes of the longest `:nick!user@host ` that a relayed line can begin with."""
        return 4 + self.nick_bytes + self.user_bytes + self.host_bytes
