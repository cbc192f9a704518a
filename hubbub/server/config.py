"""What an operator can decide: all sections together, and what follows from them.

A setting is a field of `config_sections` or `config_limits`, with its default, unit, range and meaning. The
rest (reading a file, printing the defaults, the table in docs/configuration.md) is derived from
these classes, so that a setting is added in one place.
"""

from dataclasses import dataclass, field, fields

from hubbub.core.rules import Rules
from hubbub.irc.names import room_problem
from hubbub.server.config_limits import Limits
from hubbub.server.config_sections import (
    Accounts,
    History,
    Mail,
    Names,
    Privacy,
    Server,
    Storage,
    Texts,
    Tls,
)
from hubbub.server.config_setting import Setting


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
            reserved_names=self.names.reserved,
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
