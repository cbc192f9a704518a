"""Passwords: hashed and checked in a few threads of their own, so that logins never slow the chat.

Law: an unknown account costs what a wrong password costs and is answered the same; what waits is
bounded, and who tries too often is told so before anything is hashed.

Argon2id is what a stolen database is up against for PLAIN; its cost is OWASP's smallest that is not
a compromise (19 MiB, two passes), since the server pays it at each login. SCRAM lets the client pay,
so its PBKDF2 is run far more often than RFC 7677's 4,096 rounds: once by the server, when the
password is set.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import logging
import os
import secrets
import time
import unicodedata
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import Final

import argon2

from hubbub.core.entities import Account
from hubbub.core.state import State
from hubbub.edge.codes import GROUP, GROUPS, LETTERS, digest, written
from hubbub.edge.credentials import (
    NOT_CERTIFIED,
    WRONG,
    Found,
    Made,
    Make,
    Mint,
    Minted,
    Present,
    Prove,
    Recall,
    Recalled,
    Unverified,
    Verified,
    Wanted,
)
from hubbub.edge.sasl import proof_fits
from hubbub.irc.names import fold_nick
from hubbub.server.certificate import write_private
from hubbub.server.errors import OperatorError
from hubbub.server.throttle import Throttle

log = logging.getLogger("hubbub.credentials")

WAITING: Final = 64
"""How many passwords may wait for a thread, of people who were right lately and of others each."""
ITERATIONS: Final = 60_000
"""PBKDF2 rounds of SCRAM-SHA-256: some 20 ms for a client in C or Python."""
_SALT_BYTES: Final = 16
_NONCE_BYTES: Final = 18
_SECRET_BYTES: Final = 32
SECRET_FILE: Final = "login-secret"
CLOAK_FILE: Final = "cloak-secret"
"""Whoever has it can find out addresses by trying; a new one makes bans of cloaks void."""

TOO_OFTEN: Final = Unverified("Too many wrong tries: wait a minute", busy=True)
TOO_MANY: Final = Unverified(
    "The server is busy with other logins: try again in a moment", busy=True
)


class SecretError(OperatorError):
    """The secret can't be kept in the data directory."""


class Credentials:
    """Answers what the edge wants to know about passwords. Used from one thread, its event loop's."""

    def __init__(
        self,
        post: Callable[[Callable[[], None]], object],
        *,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """`post` has something done on the owner's thread, from any thread."""
        self._post = post
        self._clock = clock
        self._throttle = Throttle()
        # One core stays free for the chat.
        threads = max(1, min(4, (os.cpu_count() or 1) - 1))
        # Those who were right lately don't wait behind those who guess.
        self._pools = {
            False: ThreadPoolExecutor(threads, "hubbub-password"),
            True: ThreadPoolExecutor(1, "hubbub-known-password"),
        }
        self._waiting = {False: 0, True: 0}
        self._hasher = argon2.PasswordHasher(time_cost=2, memory_cost=19 * 1024, parallelism=1)
        self.secret = secrets.token_bytes(32)
        """What the salts of unknown names are made of; a kept one doesn't change at a restart."""
        self._dummy = ""

    def answer(
        self,
        wanted: Wanted,
        state: State,
        where: str,
        device: str,
        *,
        local: bool,
        done: Callable[[Found], None],
    ) -> None:
        """Finds out what is wanted and calls `done` once, from here or when it was posted.

        `where` is the key under which the session's address is counted, `local` whether it is this
        machine's own.
        """
        if isinstance(wanted, Mint):
            free = not wanted.paced or self._throttle.admits_new(where, self._clock())
            done(mint() if free else TOO_OFTEN)
            return
        if isinstance(wanted, Present):
            done(holder(wanted, state))
            return
        if isinstance(wanted, Prove):
            self._prove(wanted, where, device, local, done)
            return
        now = self._clock()
        known = not isinstance(wanted, Make) and self._throttle.was_right(
            fold_nick(wanted.name), where, device
        )
        if self._waiting[known] >= WAITING and not isinstance(wanted, Recall):
            done(TOO_MANY)
            return
        if isinstance(wanted, Make):
            if self._throttle.admits_new(where, now):
                self._work(lambda: self.make(wanted.password), False, done)
            else:
                done(TOO_OFTEN)
            return
        name, account = fold_nick(wanted.name), state.account_named(wanted.name)
        if not self._throttle.admits(name, where, device, local=local, now=now):
            done(TOO_OFTEN)
            return
        if isinstance(wanted, Recall):
            done(self._recalled(wanted.name, account))
            return
        # What the account is now: it may have changed when the thread gets to it.
        id, shown = (account.id, account.name) if account is not None else (0, "")
        verifier = account.verifier if account is not None else ""

        def checked(outcome: Found) -> None:
            if isinstance(outcome, Verified):
                self._throttle.right(name, where, device, local=local, now=self._clock())
            done(outcome)

        self._work(lambda: self._check(wanted.password, verifier, id, shown), known, checked)

    def _work(self, work: Callable[[], Found], known: bool, done: Callable[[Found], None]) -> None:
        """Has a thread do something, and hands on what came of it on the owner's thread."""

        def finish(future: Future[Found]) -> None:
            self._waiting[known] -= 1
            if future.cancelled():
                return
            error = future.exception()
            if error is not None:
                log.error("a password couldn't be worked on", exc_info=error)
            done(Unverified("Something went wrong inside the server") if error else future.result())

        self._waiting[known] += 1
        future = self._pools[known].submit(work)
        future.add_done_callback(lambda future: self._post(lambda: finish(future)))

    def make(self, password: str) -> Made:
        """What is kept of a new password; takes tens of milliseconds."""
        password = _prepared(password)
        salt = secrets.token_bytes(_SALT_BYTES)
        return Made(self._hasher.hash(password), scram_text(password, salt, ITERATIONS))

    def _check(self, password: str, verifier: str, id: int, name: str) -> Found:
        if not self._dummy:
            self._dummy = self._hasher.hash(secrets.token_hex(16))
        try:
            self._hasher.verify(verifier or self._dummy, _prepared(password))
        except (argon2.exceptions.VerificationError, argon2.exceptions.InvalidHashError):
            return Unverified(WRONG)
        return Verified(id, name) if id else Unverified(WRONG)

    def _recalled(self, name: str, account: Account | None) -> Recalled:
        nonce = base64.b64encode(secrets.token_bytes(_NONCE_BYTES)).decode()
        if account is not None and account.scram:
            salt, iterations, stored_key, server_key = read_scram(account.scram)
            return Recalled(
                account.id, account.name, salt, iterations, stored_key, server_key, nonce
            )
        # An unknown name always has the same salt, as a known one has.
        key = hmac.digest(self.secret, fold_nick(name).encode(), "sha256")
        return Recalled(0, name, key[:_SALT_BYTES], ITERATIONS, key, key, nonce)

    def _prove(
        self, wanted: Prove, where: str, device: str, local: bool, done: Callable[[Found], None]
    ) -> None:
        recalled = wanted.recalled
        if not proof_fits(wanted) or not recalled.account:
            done(Unverified(WRONG))
            return
        name = fold_nick(recalled.name)
        self._throttle.right(name, where, device, local=local, now=self._clock())
        done(Verified(recalled.account, recalled.name))

    def close(self) -> None:
        """Ends the threads once they have done what they are at."""
        for pool in self._pools.values():
            pool.shutdown(cancel_futures=True)


def holder(wanted: Present, state: State) -> Found:
    """The account that a certificate logs in to; nobody can guess one, as its key is needed."""
    known = state.certificates.get(wanted.fingerprint)
    if known is None:
        return Unverified(NOT_CERTIFIED)
    account = state.accounts_by_id[known.account]
    if wanted.name and fold_nick(wanted.name) != account.folded:
        return Unverified(NOT_CERTIFIED)
    return Verified(account.id, account.name)


def mint() -> Minted:
    """A new one-time code."""
    code = written("".join(secrets.choice(LETTERS) for _ in range(GROUPS * GROUP)))
    return Minted(code, digest(code))


def kept_secret(directory: Path, name: str = SECRET_FILE) -> bytes:
    """A secret kept in the data directory, made if there is none. Raises SecretError."""
    file = directory / name
    try:
        secret = file.read_bytes() if file.exists() else b""
        if len(secret) < _SECRET_BYTES:
            secret = secrets.token_bytes(_SECRET_BYTES)
            write_private(file, secret)
    except OSError as error:
        raise SecretError(f"A secret can't be kept in {file}: {error}.") from error
    return secret


def _prepared(password: str) -> str:
    """The same password however it was typed; RFC 4013's normalisation without its prohibitions."""
    return unicodedata.normalize("NFKC", password)


def scram_text(password: str, salt: bytes, iterations: int) -> str:
    """A SCRAM-SHA-256 verifier as RFC 5803 writes it."""
    salted = hashlib.pbkdf2_hmac("sha256", password.encode(), salt, iterations)
    client_key = hmac.digest(salted, b"Client Key", "sha256")
    stored_key = hashlib.sha256(client_key).digest()
    server_key = hmac.digest(salted, b"Server Key", "sha256")
    shown = [base64.b64encode(part).decode() for part in (salt, stored_key, server_key)]
    return f"SCRAM-SHA-256${iterations}:{shown[0]}${shown[1]}:{shown[2]}"


def read_scram(text: str) -> tuple[bytes, int, bytes, bytes]:
    """Salt, iterations, stored key and server key of a text that `scram_text` made."""
    _, parameters, keys = text.split("$")
    iterations, salt = parameters.split(":")
    stored_key, server_key = keys.split(":")
    return (
        base64.b64decode(salt),
        int(iterations),
        base64.b64decode(stored_key),
        base64.b64decode(server_key),
    )
