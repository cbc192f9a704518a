"""The section of the limits: every bound of the server that an operator can set.

Law: whatever could grow has its bound here, with a default that nobody meets who does something usual.
"""

from dataclasses import dataclass

from hubbub.server.config_setting import Setting, count, seconds, setting, size


@dataclass(frozen=True, slots=True)
class Limits:
    """The bounds of everything that could grow."""

    nick_bytes: int = size(30, "The longest name of a user.", low=9, high=64)
    room_bytes: int = size(50, "The longest name of a room, with its '#'.", low=10, high=64)
    topic_bytes: int = size(300, "The longest topic of a room.", low=1, high=300)
    user_bytes: int = size(12, "The longest user name (of USER, shown in masks).", low=1, high=18)
    host_bytes: int = size(63, "The longest host name shown in masks.", low=9, high=63)
    away_bytes: int = size(200, "The longest away text.", low=1, high=300)
    kick_bytes: int = size(200, "The longest reason of a kick.", low=1, high=300)
    realname_bytes: int = size(128, "The longest real name.", low=1, high=200)
    rooms_per_user: int = count(100, "Rooms that one user may be in.", high=100_000)
    rooms: int = count(10_000, "Rooms on the server.")
    targets: int = count(4, "Targets that one command may name.", high=20)
    list_entries: int = count(
        100, "Masks in each list of a room (ban, except, invite).", high=10_000
    )
    invitations: int = count(
        100, "Invitations that stand at a time for one room, and for one person.", high=10_000
    )
    invitation_seconds: int = seconds(
        604_800, "How long an invitation stands that isn't used.", low=60, high=315_360_000
    )
    ways_back: int = count(
        20_000,
        "Memberships of guests that are kept after a lost connection: of private rooms, and ranks.",
        low=0,
        high=1_000_000,
    )
    way_back_seconds: int = seconds(
        604_800, "How long such a membership is kept.", low=0, high=315_360_000
    )
    rooms_per_account: int = count(20, "Rooms that one account may register.", low=0)
    pins: int = count(50, "Messages that may be pinned in a room.", low=0, high=1_000)
    new_rooms: int = count(60, "Rooms that one person may make in an hour.")
    new_rooms_per_address: int = count(
        300,
        "Rooms that may be made from one address (IPv6: one /64) in an hour; this machine has none.",
    )
    monitor_entries: int = count(100, "Names that one connection may watch (MONITOR).", high=10_000)
    modes: int = count(6, "Mode changes with a parameter in one MODE.", high=20)
    connections: int = count(15_000, "Connections at once.", high=1_000_000)
    connections_per_address: int = count(
        64,
        "Connections at once from one address (IPv6: from one /64); 0 is no limit; this machine has none.",
        low=0,
        high=1_000_000,
    )
    new_connections_per_address: int = count(
        600,
        "New connections from one address (IPv6: from one /64) at once, and as many anew each minute;"
        " 0 is no limit; this machine has none.",
        low=0,
        high=1_000_000,
    )
    registration_seconds: int = seconds(
        30, "Time from connecting to being welcomed, TLS handshake included.", high=3_600
    )
    ping_seconds: int = seconds(
        120, "Silence after which a client is asked for a sign of life.", low=5
    )
    ping_timeout_seconds: int = seconds(60, "Time for that sign of life.", low=5)
    lines_per_second: float = setting(
        10.0,
        Setting(
            help="Lines that a client may go on sending; faster ones are slowed down.",
            unit="lines per second",
            low=0.1,
            high=1_000_000,
        ),
    )
    burst_lines: int = count(
        40,
        "Lines that a client may send at once before that; a line with many rooms counts for more.",
        high=1_000_000,
    )
    input_queue_lines: int = count(
        200,
        "Lines of a slowed client that wait; one that sends more is dropped.",
        low=10,
        high=100_000,
    )
    send_queue_bytes: int = size(
        1_048_576,
        "What waits for a client that doesn't read; beyond it the client is dropped.",
        low=65_536,
        high=1_073_741_824,
    )
    history_page: int = count(100, "Messages in one answer to CHATHISTORY.", high=1_000)
    replay_lines: int = count(
        50,
        "Missed messages of a room shown on joining to clients without chathistory.",
        low=0,
        high=1_000,
    )
    sent_ids_kept: int = count(
        100_000,
        "Send-once ids of accounts remembered, and as many of guests (a week at most).",
        low=100,
        high=10_000_000,
    )
    sent_ids_each: int = count(
        1_000, "Send-once ids of one person remembered.", low=50, high=100_000
    )
    accounts: int = count(100_000, "Accounts there may be.", low=0, high=10_000_000)
    certificates_per_account: int = count(
        10, "Client certificates that log in to one account.", low=0, high=1_000
    )
    invite_codes: int = count(1_000, "Invites that people made, at a time.", high=100_000)
    pending_registrations: int = count(
        1_000, "Registrations that wait for an address to be confirmed.", high=1_000_000
    )
    whowas_entries: int = count(
        1_000, "Departed users that WHOWAS remembers.", low=0, high=1_000_000
    )
    multiline_bytes: int = size(
        16_384, "The longest message of several lines.", low=512, high=262_144
    )
    multiline_lines: int = count(
        100, "Lines of such a message; input_queue_lines has to be larger.", high=1_000
    )
    read_markers: int = count(
        1_000, "Conversations of one person whose last read message is remembered.", high=100_000
    )
    guests_with_markers: int = count(
        10_000,
        "Guests of whom that is remembered; ten times as many marks in all.",
        low=1,
        high=1_000_000,
    )
    metadata_keys: int = count(
        30, "Keys of metadata that a user or a room may have.", low=0, high=1_000
    )
    metadata_value_bytes: int = size(
        256, "The longest value of such a key; less where names may be very long.", low=16, high=300
    )
    metadata_subscriptions: int = count(
        50, "Keys of metadata whose changes one connection is told.", low=0, high=1_000
    )
    metadata_sync: int = count(200, "Values of metadata shown at a time.", high=5_000)
    rename_members: int = count(
        500, "Members that a room may have which is given another name.", high=100_000
    )
    rename_redirect_seconds: int = seconds(
        2_592_000,
        "How long the name that a room had leads to it; a minute at least.",
        low=0,
        high=315_360_000,
    )
    settings: int = count(
        100, "Settings of one kind (blocks, muted rooms, words) of one person.", high=10_000
    )
    redact_seconds: int = seconds(
        0,
        "How long people may take back what they said; 0 is for ever.",
        low=0,
        high=315_360_000,
    )
    edit_seconds: int = seconds(
        0,
        "How long people may correct what they said; 0 is for ever.",
        low=0,
        high=315_360_000,
    )
    measures: int = count(10_000, "Bans and mutes there may be.", high=1_000_000)
    reports: int = count(200, "Reports kept for moderators who are offline.", high=100_000)
    reports_per_hour: int = count(10, "Reports that one person may make in an hour.", high=1_000)
    join_flood_guests: int = count(
        30,
        "Guests from other machines who may join a room within join_flood_seconds; 0 is no limit.",
        low=0,
        high=1_000_000,
    )
    join_flood_seconds: int = seconds(10, "The time in which they are counted.", high=3_600)
    join_flood_shut_seconds: int = seconds(
        60, "How long such a room then takes no guests.", high=86_400
    )
    audit_entries: int = count(
        100_000, "Acts that the audit log keeps; the oldest go first.", low=100, high=10_000_000
    )
    held_names: int = count(
        20_000, "Names of departed guests that are kept for their devices.", low=0, high=1_000_000
    )
    guest_name_hold_seconds: int = seconds(
        600, "How long a guest's name is kept for its device after the connection is lost.", low=0
    )
