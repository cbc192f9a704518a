"""All commands, by name. A new one is a row in its module; nothing else changes.

Law: no row without help and a link to its specification, and no two rows of one name.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

from hubbub.commands import (
    accounts,
    edit,
    export,
    gateway,
    history,
    invitations,
    invitelink,
    listing,
    markread,
    metadata,
    moderation,
    modes,
    monitor,
    multiline,
    names,
    people,
    pins,
    realname,
    recovery,
    redact,
    registered_rooms,
    registration,
    rename,
    retention,
    roles,
    rooms,
    rules,
    search,
    server_info,
    services,
    settings,
    talk,
    who,
)
from hubbub.commands.help import help_row
from hubbub.commands.row import Row

TOPICS: Final[Mapping[str, Sequence[Row]]] = {
    "Talking": (
        *talk.ROWS,
        *multiline.ROWS,
        *redact.ROWS,
        *edit.ROWS,
        *markread.ROWS,
        *pins.ROWS,
        *history.ROWS,
        *search.ROWS,
    ),
    "Rooms": (
        *rooms.ROWS,
        *invitations.ROWS,
        *registered_rooms.ROWS,
        *rename.ROWS,
        *names.ROWS,
        *listing.ROWS,
        *modes.ROWS,
        *retention.ROWS,
    ),
    "People": (
        *who.ROWS,
        *people.ROWS,
        *monitor.ROWS,
        *realname.ROWS,
        *metadata.ROWS,
        *settings.ROWS,
    ),
    "Connecting": (*registration.ROWS, *gateway.ROWS),
    "Accounts": (
        *accounts.ROWS,
        *export.ROWS,
        *recovery.ROWS,
        *invitelink.ROWS,
        *services.ROWS,
        *roles.ROWS,
    ),
    "Order": moderation.ROWS,
    "Server": (*server_info.ROWS, *rules.ROWS),
}
"""The commands as HELP lists them."""

_ALL: Final = (*(row for rows in TOPICS.values() for row in rows), help_row(TOPICS))

ROWS: Final[Mapping[str, Row]] = {row.name: row for row in _ALL}
