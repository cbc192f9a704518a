"""The file's schema, as the numbered steps that lead to it.

Law: a step that was released is never changed; a new schema is a new step at the end.
"""

from __future__ import annotations

import os
import secrets
import sqlite3
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from hubbub.store.errors import StoreError, Trouble
from hubbub.store.shape import require_shape

APPLICATION_ID: Final = 0x48756262
"""'Hubb', in the file's header: tells our files from other programs'."""

_LOG_ID_LETTERS: Final = "abcdefghijklmnopqrstuvwxyz234567"

_SCHEMA_1: Final = """
CREATE TABLE log (id TEXT PRIMARY KEY) WITHOUT ROWID;

CREATE TABLE counters (name TEXT PRIMARY KEY, value INTEGER NOT NULL) WITHOUT ROWID;
CREATE TABLE accounts (
  id INTEGER PRIMARY KEY, name TEXT NOT NULL, role TEXT NOT NULL, verifier TEXT NOT NULL,
  scram TEXT NOT NULL, email TEXT NOT NULL, created INTEGER NOT NULL, confirmed INTEGER NOT NULL
);
CREATE TABLE certificates (
  fingerprint TEXT PRIMARY KEY, account INTEGER NOT NULL, added INTEGER NOT NULL
) WITHOUT ROWID;
CREATE TABLE admitted (
  code INTEGER, who TEXT, PRIMARY KEY (code, who)
) WITHOUT ROWID;
CREATE TABLE codes (
  number INTEGER PRIMARY KEY, kind TEXT NOT NULL, digest TEXT NOT NULL, account INTEGER NOT NULL,
  maker INTEGER NOT NULL, made INTEGER NOT NULL, until INTEGER NOT NULL, uses INTEGER NOT NULL
);
CREATE TABLE users (
  id INTEGER PRIMARY KEY, nick TEXT NOT NULL, username TEXT NOT NULL, host TEXT NOT NULL,
  realname TEXT NOT NULL, device TEXT NOT NULL, modes TEXT NOT NULL, away TEXT NOT NULL,
  signed_on INTEGER NOT NULL, spoke_at INTEGER NOT NULL, account INTEGER NOT NULL,
  left_at INTEGER NOT NULL, skeleton TEXT NOT NULL
);
CREATE TABLE sessions (
  id INTEGER PRIMARY KEY, user INTEGER NOT NULL, secure INTEGER NOT NULL,
  absent INTEGER NOT NULL, host TEXT NOT NULL, address TEXT NOT NULL, certificate TEXT NOT NULL
);
CREATE TABLE rooms (
  id INTEGER PRIMARY KEY, name TEXT NOT NULL, created INTEGER NOT NULL, flags TEXT NOT NULL,
  key_word TEXT NOT NULL, member_limit INTEGER NOT NULL, topic TEXT NOT NULL,
  topic_by TEXT NOT NULL, topic_at INTEGER NOT NULL, retired_at INTEGER NOT NULL,
  public_since INTEGER NOT NULL, spoken INTEGER NOT NULL, founder INTEGER NOT NULL,
  registered_at INTEGER NOT NULL, keep_days INTEGER NOT NULL, slow INTEGER NOT NULL
);
CREATE TABLE members (
  room INTEGER, user INTEGER, ranks TEXT NOT NULL, since INTEGER NOT NULL,
  reads_from INTEGER NOT NULL, opped INTEGER NOT NULL, voiced INTEGER NOT NULL,
  said_at INTEGER NOT NULL,
  PRIMARY KEY (room, user)
) WITHOUT ROWID;
CREATE TABLE lists (
  room INTEGER, letter TEXT, mask TEXT, set_by TEXT NOT NULL, set_at INTEGER NOT NULL,
  PRIMARY KEY (room, letter, mask)
) WITHOUT ROWID;
CREATE TABLE access (
  room INTEGER, account INTEGER, rank TEXT NOT NULL, set_by TEXT NOT NULL, set_at INTEGER NOT NULL,
  PRIMARY KEY (room, account)
) WITHOUT ROWID;
CREATE TABLE pins (
  room INTEGER, place INTEGER, said_at INTEGER NOT NULL, author TEXT NOT NULL,
  set_by TEXT NOT NULL, set_at INTEGER NOT NULL, PRIMARY KEY (room, place)
) WITHOUT ROWID;
CREATE TABLE room_makers (
  mark TEXT PRIMARY KEY, since INTEGER NOT NULL, count INTEGER NOT NULL
) WITHOUT ROWID;
CREATE TABLE invitations (
  identity TEXT, room INTEGER, whom TEXT NOT NULL, invited_by TEXT NOT NULL, inviter TEXT NOT NULL,
  made_at INTEGER NOT NULL, until INTEGER NOT NULL, told INTEGER NOT NULL,
  PRIMARY KEY (identity, room)
) WITHOUT ROWID;
CREATE TABLE ways_back (
  identity TEXT, room INTEGER, ranks TEXT NOT NULL, reads_from INTEGER NOT NULL,
  opped INTEGER NOT NULL, voiced INTEGER NOT NULL, made_at INTEGER NOT NULL,
  until INTEGER NOT NULL, PRIMARY KEY (identity, room)
) WITHOUT ROWID;
CREATE TABLE held_names (
  folded TEXT PRIMARY KEY, device TEXT NOT NULL, until INTEGER NOT NULL
) WITHOUT ROWID;
CREATE TABLE sent (
  scope TEXT, once TEXT, place INTEGER NOT NULL, time INTEGER NOT NULL, digest TEXT NOT NULL,
  PRIMARY KEY (scope, once)
) WITHOUT ROWID;
CREATE TABLE measures (
  number INTEGER PRIMARY KEY, kind TEXT NOT NULL, target TEXT NOT NULL, marks TEXT NOT NULL,
  reason TEXT NOT NULL, made_by TEXT NOT NULL, made_at INTEGER NOT NULL, until INTEGER NOT NULL
);
CREATE TABLE surges (
  room INTEGER PRIMARY KEY, began INTEGER NOT NULL, joins INTEGER NOT NULL,
  shut_until INTEGER NOT NULL
);
CREATE TABLE reports (
  number INTEGER PRIMARY KEY, at INTEGER NOT NULL, reporter TEXT NOT NULL, address TEXT NOT NULL,
  text TEXT NOT NULL, unseen TEXT NOT NULL
);
CREATE TABLE purges (
  number INTEGER PRIMARY KEY, name TEXT NOT NULL, identities TEXT NOT NULL,
  since INTEGER NOT NULL, after INTEGER NOT NULL, before INTEGER NOT NULL, made_by TEXT NOT NULL,
  taken INTEGER NOT NULL
);
CREATE TABLE read_markers (
  identity TEXT, target TEXT, time INTEGER NOT NULL, number INTEGER NOT NULL,
  PRIMARY KEY (identity, target)
) WITHOUT ROWID;
CREATE TABLE pending (
  number INTEGER PRIMARY KEY, name TEXT NOT NULL, digest TEXT NOT NULL, verifier TEXT NOT NULL,
  scram TEXT NOT NULL, email TEXT NOT NULL, device TEXT NOT NULL, until INTEGER NOT NULL,
  skeleton TEXT NOT NULL
);
CREATE TABLE redirects (
  folded TEXT PRIMARY KEY, name TEXT NOT NULL, room INTEGER NOT NULL,
  made_at INTEGER NOT NULL, until INTEGER NOT NULL
) WITHOUT ROWID;
CREATE TABLE metadata (
  owner TEXT, key TEXT, value TEXT NOT NULL, PRIMARY KEY (owner, key)
) WITHOUT ROWID;
CREATE TABLE settings (
  identity TEXT, kind TEXT, target TEXT, value TEXT NOT NULL, at INTEGER NOT NULL,
  PRIMARY KEY (identity, kind, target)
) WITHOUT ROWID;

CREATE TABLE last_seen (
  identity TEXT, target TEXT, place INTEGER NOT NULL, time INTEGER NOT NULL,
  number INTEGER NOT NULL, PRIMARY KEY (identity, target)
) WITHOUT ROWID;

CREATE TABLE history (
  place INTEGER PRIMARY KEY, time INTEGER NOT NULL, room INTEGER, command TEXT NOT NULL,
  source TEXT NOT NULL, args TEXT NOT NULL DEFAULT '', text TEXT, tags TEXT,
  status TEXT NOT NULL DEFAULT '', author TEXT NOT NULL DEFAULT '', peer TEXT NOT NULL DEFAULT '',
  peer_nick TEXT NOT NULL DEFAULT '', account TEXT NOT NULL DEFAULT '',
  realname TEXT NOT NULL DEFAULT '', splits TEXT
);
CREATE INDEX history_time ON history (time);
CREATE INDEX history_edits ON history (author) WHERE instr(tags, '"draft/target-msgid":');
CREATE TABLE room_places (
  room INTEGER, said INTEGER, status TEXT, place INTEGER, PRIMARY KEY (room, said, status, place)
) WITHOUT ROWID;
CREATE TABLE author_places (
  author TEXT, place INTEGER, PRIMARY KEY (author, place)
) WITHOUT ROWID;
CREATE TABLE listed (place INTEGER NOT NULL);
INSERT INTO listed VALUES ((1 << 40) - 1);
CREATE TABLE whispers (
  identity TEXT, peer_folded TEXT, place INTEGER, PRIMARY KEY (identity, peer_folded, place)
) WITHOUT ROWID;

CREATE TABLE whowas (
  id INTEGER PRIMARY KEY, folded TEXT NOT NULL, nick TEXT NOT NULL, username TEXT NOT NULL,
  host TEXT NOT NULL, realname TEXT NOT NULL, time INTEGER NOT NULL
);
CREATE INDEX whowas_folded ON whowas (folded);

CREATE TABLE audit (
  number INTEGER PRIMARY KEY, time INTEGER NOT NULL, who TEXT NOT NULL, action TEXT NOT NULL,
  target TEXT NOT NULL, reason TEXT NOT NULL, until INTEGER NOT NULL, detail TEXT NOT NULL,
  folded TEXT NOT NULL
);

CREATE TABLE journal (position INTEGER PRIMARY KEY, last INTEGER, batch BLOB NOT NULL);
CREATE INDEX journal_last ON journal (last) WHERE last IS NOT NULL;

CREATE TABLE imported (key BLOB PRIMARY KEY, place INTEGER NOT NULL) WITHOUT ROWID;

CREATE TABLE search_position (
  place INTEGER NOT NULL, words INTEGER NOT NULL, chunks INTEGER NOT NULL
);
INSERT INTO search_position VALUES ((1 << 40) - 1, 0, 0);
CREATE TABLE search_words (id INTEGER PRIMARY KEY, word TEXT NOT NULL UNIQUE);
CREATE TABLE search_parts (
  chunk INTEGER, part TEXT, words TEXT NOT NULL, PRIMARY KEY (chunk, part)
) WITHOUT ROWID;
CREATE TABLE search_doubtful (word INTEGER PRIMARY KEY);
CREATE TABLE search_aliases (
  identity TEXT, former TEXT, PRIMARY KEY (identity, former)
) WITHOUT ROWID;
CREATE VIRTUAL TABLE search_index USING fts5 (
  tokens, content='', columnsize=0, detail=none, tokenize='ascii'
);
"""
# `last` of a batch is the place of the last history row that it made.
# A room's places have what was said apart from what happened, so that it is found fast however many
# joins lie between; what was erased is in neither (store/places.py).

MIGRATIONS: Final[Sequence[str]] = (_SCHEMA_1,)
"""Step N, from 1, leads from schema N - 1 to schema N."""


def prepare(connection: sqlite3.Connection, path: Path) -> None:
    """Brings the file to the newest schema; a copy of an older one is kept as `<path>.before-N`.

    Raises StoreError for a file that is newer, not ours or of no released version, and
    sqlite3.Error.
    """
    version: int = connection.execute("PRAGMA user_version").fetchone()[0]
    application: int = connection.execute("PRAGMA application_id").fetchone()[0]
    empty = connection.execute("SELECT count(*) FROM sqlite_master").fetchone()[0] == 0
    if application != APPLICATION_ID and not (empty and application == version == 0):
        raise StoreError(
            Trouble.NOT_OURS,
            f"{path} was made by another program. Move it away, or choose another data directory.",
        )
    if version > len(MIGRATIONS):
        raise StoreError(
            Trouble.NEWER_SCHEMA,
            f"{path} was written by a newer Hubbub (schema {version}; this one knows "
            f"{len(MIGRATIONS)}). Update Hubbub, or put an older backup in the file's place.",
        )
    if version == len(MIGRATIONS):
        require_shape(connection, path, MIGRATIONS)
        return
    if version > 0:
        snapshot(connection, path.with_name(f"{path.name}.before-{len(MIGRATIONS)}"))
    _migrate(connection, version)


def _migrate(connection: sqlite3.Connection, version: int) -> None:
    connection.execute("BEGIN IMMEDIATE")
    try:
        for step in MIGRATIONS[version:]:
            for statement in step.split(";"):
                connection.execute(statement)
        if version == 0:
            log_id = "".join(secrets.choice(_LOG_ID_LETTERS) for _ in range(6))
            connection.execute("INSERT INTO log VALUES (?)", (log_id,))
            connection.execute(f"PRAGMA application_id = {APPLICATION_ID}")
        connection.execute(f"PRAGMA user_version = {len(MIGRATIONS)}")
        connection.execute("COMMIT")
    except BaseException:
        if connection.in_transaction:
            connection.execute("ROLLBACK")
        raise


def snapshot(connection: sqlite3.Connection, path: Path) -> None:
    """Writes what the file holds now to `path`, whole or not at all, readable by its owner only.

    Raises sqlite3.Error and OSError.
    """
    partial = path.with_name(f"{path.name}.partial")
    partial.unlink(missing_ok=True)
    os.close(os.open(partial, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))
    try:
        connection.execute("VACUUM INTO ?", (str(partial),))
        sync(partial)
        partial.replace(path)
    except BaseException:
        partial.unlink(missing_ok=True)
        raise
    if os.name == "posix":
        sync(path.parent)


def sync(path: Path) -> None:
    """Makes what was written to a file, or the names in a directory, survive a power cut."""
    descriptor = os.open(path, os.O_RDONLY if path.is_dir() else os.O_RDWR)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
