"""The sections of the configuration, but for the limits: each setting stands here, once.

Sizes are in UTF-8 bytes. What a section's settings mean together is checked in `config`.
"""

from dataclasses import dataclass, field
from typing import Literal

from hubbub.core.rules import Rules
from hubbub.server.addresses import (
    DEFAULT_PORT,
    ListenAddress,
    listens_beyond_loopback,
    parse_listen,
)
from hubbub.server.config_checks import (
    default_server_name,
    icon_problem,
    invite_problem,
    line_problem,
    listen_problem,
    motd_problem,
    names_problem,
    network_problem,
    origins_problem,
    peers_problem,
    sender_problem,
    server_name_problem,
)
from hubbub.server.config_setting import Setting, setting


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
    network: str = setting(
        "Hubbub",
        Setting(help="What people call this chat; clients show it.", check=network_problem),
    )
    listen: tuple[str, ...] = setting(
        (f"localhost:{DEFAULT_PORT}",),
        Setting(
            help="Where to listen: host:port, [ipv6]:port, :port for every interface, unix:/path."
            " Each speaks TLS and plain.",
            check=listen_problem,
        ),
    )
    motd: str = setting(
        "",
        Setting(
            help="The message of the day, shown on arrival; may have lines.", check=motd_problem
        ),
    )
    admin: str = setting(
        "",
        Setting(
            help="Who runs this server and how to reach them; ADMIN shows it.", check=line_problem
        ),
    )
    icon: str = setting(
        "",
        Setting(
            help="The URL of an image that stands for this chat; clients may show it.",
            check=icon_problem,
        ),
    )
    lobby: str = setting("#lobby", Setting(help="The room that everyone is joined to on arrival."))
    plain: Literal["loopback", "private", "never"] = setting(
        "loopback",
        Setting(
            help="From where connections without TLS are taken: this machine (unix sockets too),"
            " private networks as well, or nowhere.",
            choices=("loopback", "private", "never"),
        ),
    )
    guests: Literal["auto", "yes", "invite", "no"] = setting(
        "auto",
        Setting(
            help="Whether people without an account may come in: all, those with the invite, or"
            " nobody; auto is yes while only this machine can connect, and invite otherwise.",
            choices=("auto", "yes", "invite", "no"),
        ),
    )
    invite: str = setting(
        "",
        Setting(
            help="The invite that guests give as the connection's password; empty: one is made"
            " and kept in the data directory.",
            check=invite_problem,
        ),
    )

    origins: tuple[str, ...] = setting(
        (),
        Setting(
            help="Web pages of other servers that may connect here, as https://chat.example.org;"
            " the names in them are taken as names of this server, too.",
            check=origins_problem,
        ),
    )
    trusted_proxies: tuple[str, ...] = setting(
        (),
        Setting(
            help="Proxies that say by the PROXY protocol whose connections they hand on: addresses,"
            " networks, or unix for the peers of unix sockets.",
            check=peers_problem,
        ),
    )
    webirc_from: tuple[str, ...] = setting(
        (),
        Setting(
            help="Gateways that say by WEBIRC for whom they connect: addresses, networks, or unix.",
            check=peers_problem,
        ),
    )
    webirc_password: str = setting(
        "",
        Setting(
            help="The password that gateways give with WEBIRC.",
            check=invite_problem,
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

    registration: Literal["open", "invite", "mail", "closed"] = setting(
        "open",
        Setting(
            help="Who may register: whoever may come in, only those with the invite, those who"
            " confirm an e-mail address by the code that is sent to it ([mail]), or nobody.",
            choices=("open", "invite", "mail", "closed"),
        ),
    )
    invites: Literal["member", "moderator", "admin"] = setting(
        "moderator",
        Setting(
            help="The role that it takes to make an invite for others; the operator always can.",
            choices=("member", "moderator", "admin"),
        ),
    )


@dataclass(frozen=True, slots=True)
class Mail:
    """The mail server that takes letters: codes that confirm an address or give a new password."""

    host: str = setting("", Setting(help="The mail server's name; empty: no mail is sent."))
    port: int = setting(587, Setting(help="Its port.", low=1, high=65_535))
    encryption: Literal["starttls", "tls", "no"] = setting(
        "starttls",
        Setting(
            help="TLS after STARTTLS, from the first byte (port 465), or none, for a mail server on this machine.",
            choices=("starttls", "tls", "no"),
        ),
    )
    user: str = setting("", Setting(help="The name to log in with; empty: no login."))
    password_file: str = setting(
        "",
        Setting(
            help="The file whose first line is the password; a relative path starts at this file."
        ),
    )
    sender: str = setting(
        "",
        Setting(help="Whom letters are from: Our class <chat@example.org>.", check=sender_problem),
    )


@dataclass(frozen=True, slots=True)
class Storage:
    """Where things are kept, and how they are read."""

    data: str = setting(
        "",
        Setting(
            help="The data directory; a relative path starts at this file. --data goes first.",
            default_text="the system's place for a program's data",
        ),
    )
    readers: int = setting(
        2, Setting(help="Threads that read the history.", unit="threads", low=1, high=64)
    )


@dataclass(frozen=True, slots=True)
class Tls:
    """The operator's own certificate; without one the server makes its own at first start."""

    certificate: str = setting(
        "",
        Setting(
            help="PEM file with the certificate and its chain; a relative path starts at this file.",
            default_text="self-made",
        ),
    )
    key: str = setting(
        "",
        Setting(
            help="PEM file with the certificate's private key, without a passphrase.",
            default_text="self-made",
        ),
    )
    sts_seconds: int = setting(
        0,
        Setting(
            help="How long clients have to keep to TLS once they have seen the certificate (strict"
            " transport security); 0 doesn't ask them to. To take it back say 1 for as long.",
            unit="seconds",
            low=0,
            high=63_072_000,
        ),
    )
    client_certificates: bool = setting(
        False,
        Setting(
            help="Ask clients for certificates, by which people can log in to their accounts (SASL"
            " EXTERNAL). Costs some memory a connection, and browsers that have one may ask which.",
        ),
    )


@dataclass(frozen=True, slots=True)
class History:
    """What becomes of what was said."""

    keep_days: int = setting(
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

    cloak: bool = setting(
        True,
        Setting(
            help="Whether others see a cloak instead of a person's address: always the same for the"
            " same address, and alike for addresses of one network."
        ),
    )


@dataclass(frozen=True, slots=True)
class Names:
    """What people may be called."""

    ascii_only: bool = setting(
        False,
        Setting(help="Whether names are of ASCII letters, digits and signs only."),
    )
    reserved: tuple[str, ...] = setting(
        Rules().reserved_names,
        Setting(
            help="Names that nobody can take, nor one that looks the same or has digits and signs added:"
            " only you give them, by account add.",
            check=names_problem,
        ),
    )


@dataclass(frozen=True, slots=True)
class Texts:
    """What people are told by whoever runs the server."""

    welcome: str = setting(
        "",
        Setting(
            help="What newcomers are told on arriving (guests, and who has just registered); may"
            " have lines.",
            check=motd_problem,
        ),
    )
    rules: str = setting(
        "",
        Setting(
            help="The rules of this chat, which RULES shows; may have lines.", check=motd_problem
        ),
    )
    accept_rules: bool = setting(
        False,
        Setting(help="Whether people have to accept the rules before they make an account."),
    )
