"""What an operator can decide: each setting stands here with its default, unit, range and meaning.

The rest (reading a file, printing the defaults, the table in docs/configuration.md) is derived
from these classes, so that a setting is added in one place. Sizes are in UTF-8 bytes.
"""

import re
import socket
from collections.abc import Callable
from dataclasses import dataclass, field, fields
from email.utils import parseaddr
from typing import Any, Literal, TypeVar

from hubbub.core.rules import Rules
from hubbub.irc.names import room_problem
from hubbub.server.addresses import (
    DEFAULT_PORT,
    AddressError,
    ListenAddress,
    Peers,
    listens_beyond_loopback,
    parse_listen,
)

SERVER_NAME_BYTES = 63

Check = Callable[[Any], str | None]
"""Why a value of the right type can't be used, as words that follow what was given, or None."""

_T = TypeVar("_T")


@dataclass(frozen=True, slots=True, kw_only=True)
class Setting:
    """What is known of one setting besides its name, type and default."""

    help: str
    unit: str = ""
    low: float | None = None
    high: float | None = None
    choices: tuple[str, ...] = ()
    check: Check | None = None
    default_text: str = ""
    """The default in words, where its value depends on the machine or says too little."""


def _setting(default: _T, about: Setting) -> _T:
    return field(default=default, metadata={"setting": about})


def _size(default: int, help: str, *, low: int, high: int, unit: str = "bytes") -> int:
    return _setting(default, Setting(help=help, unit=unit, low=low, high=high))


def _count(default: int, help: str, *, low: int = 1, high: int = 10_000_000) -> int:
    return _setting(default, Setting(help=help, low=low, high=high))


def _seconds(default: int, help: str, *, low: int = 1, high: int = 86_400) -> int:
    return _setting(default, Setting(help=help, unit="seconds", low=low, high=high))


def server_name_problem(name: str) -> str | None:
    """Why `name` can't be a server's name (it must look like a host name with a dot), or None."""
    labels = name.split(".")
    if len(labels) < 2:
        return "expected a name with a dot, as chat.example.org (clients tell servers from users by it)"
    if len(name.encode()) > SERVER_NAME_BYTES:
        return f"expected at most {SERVER_NAME_BYTES} bytes"
    if not all(re.fullmatch(r"[A-Za-z0-9]([A-Za-z0-9-]*[A-Za-z0-9])?", label) for label in labels):
        return "expected letters, digits and '-' between the dots, as chat.example.org"
    return None


def default_server_name() -> str:
    """This machine's name, made fit for a server's name; DNS isn't asked, which could hang."""
    for name in (socket.gethostname(), f"{socket.gethostname()}.local"):
        if server_name_problem(name) is None:
            return name
    return "hubbub.local"


def _network_problem(name: str) -> str | None:
    if not name or len(name.encode()) > 50 or any(c.isspace() or not c.isprintable() for c in name):
        return "expected 1 to 50 bytes without spaces"
    return None


def _motd_problem(text: str) -> str | None:
    if any(not c.isprintable() and c not in "\n\t" for c in text):
        return "expected text without control characters"
    if any(len(line.encode()) > 400 for line in text.split("\n")):
        return "expected lines of at most 400 bytes"
    return None


def _line_problem(text: str) -> str | None:
    return "expected one line" if "\n" in text else _motd_problem(text)


def _icon_problem(url: str) -> str | None:
    if url and not re.fullmatch(r"https?://[!-~]{1,250}", url):
        return "expected a URL that starts with https://, of at most 250 ASCII characters"
    return None


def _invite_problem(word: str) -> str | None:
    if word and not re.fullmatch(r"[!-9;-~][!-~]{7,99}", word):
        return "expected 8 to 100 ASCII characters without spaces, the first one not ':'"
    return None


def _sender_problem(sender: str) -> str | None:
    _, address = parseaddr(sender)
    if sender and (not re.fullmatch(r"[^@\s]+@[^@\s]+", address) or not sender.isprintable()):
        return "expected an e-mail address, as Our class <chat@example.org>"
    return None


def _peers_problem(peers: tuple[str, ...]) -> str | None:
    try:
        Peers.of(peers)
    except AddressError as error:
        return str(error)
    return None


def _origins_problem(origins: tuple[str, ...]) -> str | None:
    for origin in origins:
        if not re.fullmatch(r"https?://([A-Za-z0-9._-]+|\[[0-9A-Fa-f:.]+\])(:[0-9]{1,5})?", origin):
            return f'"{origin}" is no page\'s origin; expected as https://chat.example.org, without a path'
    return None


def _listen_problem(listen: tuple[str, ...]) -> str | None:
    if not listen:
        return f'expected at least one address, as ["localhost:{DEFAULT_PORT}"]'
    for text in listen:
        try:
            parse_listen(text)
        except AddressError as error:
            return str(error)
    return None


@dataclass(frozen=True, slots=True)
class Server:
    """Who the server is, where it listens and whom it lets in."""

    name: str = field(
        default_factory=default_server_name,
        metadata={
            "setting": Setting(
                help="The server's own name in the chat, with a dot in it.",
                default_text="this machine's name",
                check=server_name_problem,
            )
        },
    )
    network: str = _setting(
        "Hubbub",
        Setting(help="What people call this chat; clients show it.", check=_network_problem),
    )
    listen: tuple[str, ...] = _setting(
        (f"localhost:{DEFAULT_PORT}",),
        Setting(
            help="Where to listen: host:port, [ipv6]:port, :port for every interface, unix:/path."
            " Each speaks TLS and plain.",
            check=_listen_problem,
        ),
    )
    motd: str = _setting(
        "",
        Setting(
            help="The message of the day, shown on arrival; may have lines.", check=_motd_problem
        ),
    )
    admin: str = _setting(
        "",
        Setting(
            help="Who runs this server and how to reach them; ADMIN shows it.", check=_line_problem
        ),
    )
    icon: str = _setting(
        "",
        Setting(
            help="The URL of an image that stands for this chat; clients may show it.",
            check=_icon_problem,
        ),
    )
    lobby: str = _setting("#lobby", Setting(help="The room that everyone is joined to on arrival."))
    plain: Literal["loopback", "private", "never"] = _setting(
        "loopback",
        Setting(
            help="From where connections without TLS are taken: this machine (unix sockets too),"
            " private networks as well, or nowhere.",
            choices=("loopback", "private", "never"),
        ),
    )
    guests: Literal["auto", "yes", "invite", "no"] = _setting(
        "auto",
        Setting(
            help="Whether people without an account may come in: all, those with the invite, or"
            " nobody; auto is yes while only this machine can connect, and invite otherwise.",
            choices=("auto", "yes", "invite", "no"),
        ),
    )
    invite: str = _setting(
        "",
        Setting(
            help="The invite that guests give as the connection's password; empty: one is made"
            " and kept in the data directory.",
            check=_invite_problem,
        ),
    )

    origins: tuple[str, ...] = _setting(
        (),
        Setting(
            help="Web pages of other servers that may connect here, as https://chat.example.org;"
            " the names in them are taken as names of this server, too.",
            check=_origins_problem,
        ),
    )
    trusted_proxies: tuple[str, ...] = _setting(
        (),
        Setting(
            help="Proxies that say by the PROXY protocol whose connections they hand on: addresses,"
            " networks, or unix for the peers of unix sockets.",
            check=_peers_problem,
        ),
    )
    webirc_from: tuple[str, ...] = _setting(
        (),
        Setting(
            help="Gateways that say by WEBIRC for whom they connect: addresses, networks, or unix.",
            check=_peers_problem,
        ),
    )
    webirc_password: str = _setting(
        "",
        Setting(
            help="The password that gateways give with WEBIRC.",
            check=_invite_problem,
        ),
    )

    @property
    def addresses(self) -> tuple[ListenAddress, ...]:
        """`listen`, understood."""
        return tuple(parse_listen(text) for text in self.listen)

    @property
    def guests_decided(self) -> Literal["yes", "invite", "no"]:
        """`guests` with auto resolved by where the server listens."""
        if self.guests != "auto":
            return self.guests
        return "invite" if any(map(listens_beyond_loopback, self.addresses)) else "yes"


@dataclass(frozen=True, slots=True)
class Accounts:
    """Who may make an account; the operator always can."""

    registration: Literal["open", "invite", "mail", "closed"] = _setting(
        "open",
        Setting(
            help="Who may register: whoever may come in, only those with the invite, those who"
            " confirm an e-mail address by the code that is sent to it ([mail]), or nobody.",
            choices=("open", "invite", "mail", "closed"),
        ),
    )
    invites: Literal["member", "moderator", "admin"] = _setting(
        "moderator",
        Setting(
            help="The role that it takes to make an invite for others; the operator always can.",
            choices=("member", "moderator", "admin"),
        ),
    )


@dataclass(frozen=True, slots=True)
class Mail:
    """The mail server that takes letters: codes that confirm an address or give a new password."""

    host: str = _setting("", Setting(help="The mail server's name; empty: no mail is sent."))
    port: int = _setting(587, Setting(help="Its port.", low=1, high=65_535))
    encryption: Literal["starttls", "tls", "no"] = _setting(
        "starttls",
        Setting(
            help="TLS after STARTTLS, from the first byte (port 465), or none, for a mail server on this machine.",
            choices=("starttls", "tls", "no"),
        ),
    )
    user: str = _setting("", Setting(help="The name to log in with; empty: no login."))
    password_file: str = _setting(
        "",
        Setting(
            help="The file whose first line is the password; a relative path starts at this file."
        ),
    )
    sender: str = _setting(
        "",
        Setting(help="Whom letters are from: Our class <chat@example.org>.", check=_sender_problem),
    )


@dataclass(frozen=True, slots=True)
class Storage:
    """Where things are kept, and how they are read."""

    data: str = _setting(
        "",
        Setting(
            help="The data directory; a relative path starts at this file. --data goes first.",
            default_text="the system's place for a program's data",
        ),
    )
    readers: int = _setting(
        2, Setting(help="Threads that read the history.", unit="threads", low=1, high=64)
    )


@dataclass(frozen=True, slots=True)
class Tls:
    """The operator's own certificate; without one the server makes its own at first start."""

    certificate: str = _setting(
        "",
        Setting(
            help="PEM file with the certificate and its chain; a relative path starts at this file.",
            default_text="self-made",
        ),
    )
    key: str = _setting(
        "",
        Setting(
            help="PEM file with the certificate's private key, without a passphrase.",
            default_text="self-made",
        ),
    )
    sts_seconds: int = _setting(
        0,
        Setting(
            help="How long clients have to keep to TLS once they have seen the certificate (strict"
            " transport security); 0 doesn't ask them to. To take it back say 1 for as long.",
            unit="seconds",
            low=0,
            high=63_072_000,
        ),
    )
    client_certificates: bool = _setting(
        False,
        Setting(
            help="Ask clients for certificates, by which people can log in to their accounts (SASL"
            " EXTERNAL). Costs some memory a connection, and browsers that have one may ask which.",
        ),
    )


@dataclass(frozen=True, slots=True)
class History:
    """What becomes of what was said."""

    keep_days: int = _setting(
        0,
        Setting(
            help="For how many days what is said is kept, in rooms and between two; 0 is for ever."
            " A room's operators can have it kept for less (RETENTION).",
            unit="days",
            low=0,
            high=36_500,
        ),
    )


@dataclass(frozen=True, slots=True)
class Privacy:
    """What people are told of each other."""

    cloak: bool = _setting(
        True,
        Setting(
            help="Whether others see a cloak instead of a person's address: always the same for the"
            " same address, and alike for addresses of one network."
        ),
    )


@dataclass(frozen=True, slots=True)
class Names:
    """What people may be called."""

    ascii_only: bool = _setting(
        False,
        Setting(help="Whether names are of ASCII letters, digits and signs only."),
    )


@dataclass(frozen=True, slots=True)
class Texts:
    """What people are told by whoever runs the server."""

    welcome: str = _setting(
        "",
        Setting(
            help="What newcomers are told on arriving (guests, and who has just registered); may"
            " have lines.",
            check=_motd_problem,
        ),
    )
    rules: str = _setting(
        "",
        Setting(
            help="The rules of this chat, which RULES shows; may have lines.", check=_motd_problem
        ),
    )
    accept_rules: bool = _setting(
        False,
        Setting(help="Whether people have to accept the rules before they make an account."),
    )


@dataclass(frozen=True, slots=True)
class Limits:
    """The bounds of everything that could grow."""

    nick_bytes: int = _size(30, "The longest name of a user.", low=9, high=64)
    room_bytes: int = _size(50, "The longest name of a room, with its '#'.", low=10, high=64)
    topic_bytes: int = _size(300, "The longest topic of a room.", low=1, high=300)
    user_bytes: int = _size(12, "The longest user name (of USER, shown in masks).", low=1, high=18)
    host_bytes: int = _size(63, "The longest host name shown in masks.", low=9, high=63)
    away_bytes: int = _size(200, "The longest away text.", low=1, high=300)
    kick_bytes: int = _size(200, "The longest reason of a kick.", low=1, high=300)
    realname_bytes: int = _size(128, "The longest real name.", low=1, high=200)
    rooms_per_user: int = _count(100, "Rooms that one user may be in.", high=100_000)
    rooms: int = _count(10_000, "Rooms on the server.")
    targets: int = _count(4, "Targets that one command may name.", high=20)
    list_entries: int = _count(
        100, "Masks in each list of a room (ban, except, invite).", high=10_000
    )
    invitations: int = _count(
        100, "Invitations that stand at a time for one room, and for one person.", high=10_000
    )
    invitation_seconds: int = _seconds(
        604_800, "How long an invitation stands that isn't used.", low=60, high=315_360_000
    )
    ways_back: int = _count(
        20_000,
        "Memberships of guests that are kept after a lost connection: of private rooms, and ranks.",
        low=0,
        high=1_000_000,
    )
    way_back_seconds: int = _seconds(
        604_800, "How long such a membership is kept.", low=0, high=315_360_000
    )
    rooms_per_account: int = _count(20, "Rooms that one account may register.", low=0)
    pins: int = _count(50, "Messages that may be pinned in a room.", low=0, high=1_000)
    new_rooms: int = _count(60, "Rooms that one person may make in an hour.")
    new_rooms_per_address: int = _count(
        300,
        "Rooms that may be made from one address (IPv6: one /64) in an hour; this machine has none.",
    )
    monitor_entries: int = _count(
        100, "Names that one connection may watch (MONITOR).", high=10_000
    )
    modes: int = _count(6, "Mode changes with a parameter in one MODE.", high=20)
    connections: int = _count(15_000, "Connections at once.", high=1_000_000)
    connections_per_address: int = _count(
        64,
        "Connections at once from one address (IPv6: from one /64); 0 is no limit; this machine has none.",
        low=0,
        high=1_000_000,
    )
    registration_seconds: int = _seconds(
        30, "Time from connecting to being welcomed, TLS handshake included.", high=3_600
    )
    ping_seconds: int = _seconds(
        120, "Silence after which a client is asked for a sign of life.", low=5
    )
    ping_timeout_seconds: int = _seconds(60, "Time for that sign of life.", low=5)
    lines_per_second: float = _setting(
        10.0,
        Setting(
            help="Lines that a client may go on sending; faster ones are slowed down.",
            unit="lines per second",
            low=0.1,
            high=1_000_000,
        ),
    )
    burst_lines: int = _count(
        40, "Lines that a client may send at once before that.", high=1_000_000
    )
    input_queue_lines: int = _count(
        200,
        "Lines of a slowed client that wait; one that sends more is dropped.",
        low=10,
        high=100_000,
    )
    send_queue_bytes: int = _size(
        1_048_576,
        "What waits for a client that doesn't read; beyond it the client is dropped.",
        low=65_536,
        high=1_073_741_824,
    )
    history_page: int = _count(100, "Messages in one answer to CHATHISTORY.", high=1_000)
    replay_lines: int = _count(
        50,
        "Missed messages of a room shown on joining to clients without chathistory.",
        low=0,
        high=1_000,
    )
    sent_ids_kept: int = _count(
        100_000,
        "Send-once ids of accounts remembered, and as many of guests (a week at most).",
        low=100,
        high=10_000_000,
    )
    sent_ids_each: int = _count(
        1_000, "Send-once ids of one person remembered.", low=50, high=100_000
    )
    accounts: int = _count(100_000, "Accounts there may be.", low=0, high=10_000_000)
    certificates_per_account: int = _count(
        10, "Client certificates that log in to one account.", low=0, high=1_000
    )
    invite_codes: int = _count(1_000, "Invites that people made, at a time.", high=100_000)
    pending_registrations: int = _count(
        1_000, "Registrations that wait for an address to be confirmed.", high=1_000_000
    )
    whowas_entries: int = _count(
        1_000, "Departed users that WHOWAS remembers.", low=0, high=1_000_000
    )
    multiline_bytes: int = _size(
        16_384, "The longest message of several lines.", low=512, high=262_144
    )
    multiline_lines: int = _count(
        100, "Lines of such a message; input_queue_lines has to be larger.", high=1_000
    )
    read_markers: int = _count(
        1_000, "Conversations of one person whose last read message is remembered.", high=100_000
    )
    guests_with_markers: int = _count(
        10_000, "Guests of whom that is remembered.", low=1, high=1_000_000
    )
    metadata_keys: int = _count(
        30, "Keys of metadata that a user or a room may have.", low=0, high=1_000
    )
    metadata_value_bytes: int = _size(
        256, "The longest value of such a key; less where names may be very long.", low=16, high=300
    )
    metadata_subscriptions: int = _count(
        50, "Keys of metadata whose changes one connection is told.", low=0, high=1_000
    )
    metadata_sync: int = _count(200, "Values of metadata shown at a time.", high=5_000)
    rename_members: int = _count(
        500, "Members that a room may have which is given another name.", high=100_000
    )
    rename_redirect_seconds: int = _seconds(
        2_592_000,
        "How long the name that a room had leads to it; a minute at least.",
        low=0,
        high=315_360_000,
    )
    settings: int = _count(
        100, "Settings of one kind (blocks, muted rooms, words) of one person.", high=10_000
    )
    redact_seconds: int = _seconds(
        0,
        "How long people may take back what they said; 0 is for ever.",
        low=0,
        high=315_360_000,
    )
    edit_seconds: int = _seconds(
        0,
        "How long people may correct what they said; 0 is for ever.",
        low=0,
        high=315_360_000,
    )
    measures: int = _count(10_000, "Bans and mutes there may be.", high=1_000_000)
    reports: int = _count(200, "Reports kept for moderators who are offline.", high=100_000)
    reports_per_hour: int = _count(10, "Reports that one person may make in an hour.", high=1_000)
    join_flood_guests: int = _count(
        30,
        "Guests from other machines who may join a room within join_flood_seconds; 0 is no limit.",
        low=0,
        high=1_000_000,
    )
    join_flood_seconds: int = _seconds(10, "The time in which they are counted.", high=3_600)
    join_flood_shut_seconds: int = _seconds(
        60, "How long such a room then takes no guests.", high=86_400
    )
    audit_entries: int = _count(
        100_000, "Acts that the audit log keeps; the oldest go first.", low=100, high=10_000_000
    )
    held_names: int = _count(
        20_000, "Names of departed guests that are kept for their devices.", low=0, high=1_000_000
    )
    guest_name_hold_seconds: int = _seconds(
        600, "How long a guest's name is kept for its device after the connection is lost.", low=0
    )


@dataclass(frozen=True, slots=True)
class Config:
    """The whole configuration; `Config()` is the defaults."""

    server: Server = field(default_factory=Server)
    accounts: Accounts = field(default_factory=Accounts)
    mail: Mail = field(default_factory=Mail)
    storage: Storage = field(default_factory=Storage)
    tls: Tls = field(default_factory=Tls)
    history: History = field(default_factory=History)
    privacy: Privacy = field(default_factory=Privacy)
    names: Names = field(default_factory=Names)
    texts: Texts = field(default_factory=Texts)
    limits: Limits = field(default_factory=Limits)

    @property
    def wants_invite(self) -> bool:
        """Whether there is something that takes the invite."""
        return self.server.guests_decided == "invite" or self.accounts.registration == "invite"

    def rules(self) -> Rules:
        """The part that what happens in the chat depends on, as the state keeps it."""
        limits = self.limits
        return Rules(
            server_name=self.server.name,
            network=self.server.network,
            icon=self.server.icon,
            motd=self.server.motd,
            admin=self.server.admin,
            lobby=self.server.lobby,
            guests=self.server.guests_decided,
            registration=self.accounts.registration,
            mails=bool(self.mail.host),
            welcome_text=self.texts.welcome,
            rules_text=self.texts.rules,
            rules_required=self.texts.accept_rules,
            cloaks=self.privacy.cloak,
            ascii_names=self.names.ascii_only,
            nick_bytes=limits.nick_bytes,
            user_bytes=limits.user_bytes,
            host_bytes=limits.host_bytes,
            room_bytes=limits.room_bytes,
            topic_bytes=limits.topic_bytes,
            away_bytes=limits.away_bytes,
            kick_bytes=limits.kick_bytes,
            realname_bytes=limits.realname_bytes,
            rooms_per_user=limits.rooms_per_user,
            rooms=limits.rooms,
            targets=limits.targets,
            list_entries=limits.list_entries,
            invitations=limits.invitations,
            invitation_seconds=limits.invitation_seconds,
            ways_back=limits.ways_back,
            way_back_seconds=limits.way_back_seconds,
            certificates=limits.certificates_per_account,
            rooms_per_account=limits.rooms_per_account,
            pins=limits.pins,
            new_rooms=limits.new_rooms,
            new_rooms_per_address=limits.new_rooms_per_address,
            monitor_entries=limits.monitor_entries,
            modes=limits.modes,
            keep_days=self.history.keep_days,
            history_page=limits.history_page,
            replay_lines=limits.replay_lines,
            sent_ids=limits.sent_ids_kept,
            sent_ids_each=limits.sent_ids_each,
            whowas_entries=limits.whowas_entries,
            inviters=self.accounts.invites,
            invites=limits.invite_codes,
            pending=limits.pending_registrations,
            accounts=limits.accounts,
            multiline_bytes=limits.multiline_bytes,
            multiline_lines=limits.multiline_lines,
            read_markers=limits.read_markers,
            guests_with_markers=limits.guests_with_markers,
            metadata_keys=limits.metadata_keys,
            metadata_value_bytes=limits.metadata_value_bytes,
            metadata_subscriptions=limits.metadata_subscriptions,
            metadata_sync=limits.metadata_sync,
            rename_members=limits.rename_members,
            rename_redirect_seconds=limits.rename_redirect_seconds,
            settings=limits.settings,
            redact_seconds=limits.redact_seconds,
            edit_seconds=limits.edit_seconds,
            measures=limits.measures,
            reports=limits.reports,
            reports_per_hour=limits.reports_per_hour,
            join_flood_guests=limits.join_flood_guests,
            join_flood_seconds=limits.join_flood_seconds,
            join_flood_shut_seconds=limits.join_flood_shut_seconds,
            audit_entries=limits.audit_entries,
            held_names=limits.held_names,
            guest_name_hold_seconds=limits.guest_name_hold_seconds,
        )


@dataclass(frozen=True, slots=True)
class Row:
    """One setting as the reader, the printer and the documentation see it."""

    section: str
    key: str
    default: object
    about: Setting


def rows() -> tuple[Row, ...]:
    """Every setting, in the order of the classes."""
    config = Config()
    return tuple(
        Row(
            section.name,
            known.name,
            getattr(getattr(config, section.name), known.name),
            known.metadata["setting"],
        )
        for section in fields(Config)
        for known in fields(getattr(config, section.name))
    )


def joint_problems(config: Config) -> list[tuple[str, str, str]]:
    """What is wrong with settings taken together: (section, key, words) each."""
    problems = []
    lobby = room_problem(config.server.lobby, config.limits.room_bytes)
    if lobby:
        problems.append(("server", "lobby", f'"{config.server.lobby}" is no room: {lobby}'))
    for given, missing in (("certificate", "key"), ("key", "certificate")):
        if getattr(config.tls, given) and not getattr(config.tls, missing):
            problems.append(
                ("tls", given, f"given without {missing}; expected both, or neither (self-made)")
            )
    if config.tls.sts_seconds and not config.tls.certificate:
        problems.append(
            ("tls", "sts_seconds", "given without certificate; clients don't trust a self-made one")
        )
    mail = config.mail
    for given, missing in (("host", "sender"), ("user", "password_file")):
        if getattr(mail, given) and not getattr(mail, missing):
            problems.append(("mail", given, f"given without {missing}; expected both"))
    if config.accounts.registration == "mail" and not mail.host:
        text = 'given "mail", which needs host and sender below [mail]'
        problems.append(("accounts", "registration", text))
    server = config.server
    for given, missing in (
        ("webirc_from", "webirc_password"),
        ("webirc_password", "webirc_from"),
    ):
        if getattr(server, given) and not getattr(server, missing):
            text = f"given without {missing}; expected both, or neither"
            problems.append(("server", given, text))
    return problems


def changed(old: Config, new: Config) -> list[str]:
    """The settings that differ, as "limits.nick_bytes"."""
    return [
        f"{row.section}.{row.key}"
        for row in rows()
        if getattr(getattr(old, row.section), row.key)
        != getattr(getattr(new, row.section), row.key)
    ]
