"""Real hashing in real threads: right, wrong, unknown, too often, too many."""

from __future__ import annotations

import queue
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from hubbub.core.entities import Account
from hubbub.core.ids import AccountId
from hubbub.core.state import State
from hubbub.edge.credentials import (
    WRONG,
    Check,
    Made,
    Make,
    Outcome,
    Prove,
    Recall,
    Recalled,
    Unverified,
    Verified,
    Wanted,
)
from hubbub.server import credentials as module
from hubbub.server.credentials import (
    CLOAK_FILE,
    SECRET_FILE,
    TOO_MANY,
    TOO_OFTEN,
    Credentials,
    SecretError,
    kept_secret,
    read_scram,
)

PASSWORD = "correct horse"


class Desk:
    """Asks, and does what the threads post, as the hub's loop would."""

    def __init__(self) -> None:
        self.posted: queue.Queue[Callable[[], None]] = queue.Queue()
        self.credentials = Credentials(self.posted.put, clock=lambda: 0.0)
        self.outcomes: list[Outcome] = []
        made = self.credentials.make(PASSWORD)
        self.state = State("worlds")
        self.state.add_account(
            Account(AccountId(7), "Ann", "member", made.verifier, made.scram, "", 0)
        )

    def begin(self, wanted: Wanted, where: str = "1.2.3.4") -> None:
        self.credentials.answer(
            wanted, self.state, where, "", local=False, done=self.outcomes.append
        )

    def ask(self, wanted: Wanted, where: str = "1.2.3.4") -> Outcome:
        self.begin(wanted, where)
        while not self.outcomes:
            self.posted.get(timeout=10)()
        return self.outcomes.pop()


@pytest.fixture
def desk() -> Iterator[Desk]:
    desk = Desk()
    yield desk
    desk.credentials.close()


def test_the_right_password_is_the_accounts(desk: Desk) -> None:
    assert desk.ask(Check("ann", PASSWORD)) == Verified(7, "Ann")


def test_a_wrong_password_and_an_unknown_name_are_told_the_same(desk: Desk) -> None:
    assert desk.ask(Check("ann", "wrong")) == desk.ask(Check("bob", PASSWORD)) == Unverified(WRONG)


def test_a_wrong_password_and_an_unknown_name_cost_the_same_work(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    hasher, worked = desk.credentials._hasher, []

    class Counting:
        hash = hasher.hash

        def verify(self, verifier: str, password: str) -> bool:
            worked.append(verifier.rpartition("$")[0].rpartition("$")[0])
            return bool(hasher.verify(verifier, password))

    monkeypatch.setattr(desk.credentials, "_hasher", Counting())
    desk.ask(Check("ann", "wrong"))
    desk.ask(Check("bob", "wrong"))
    known, unknown = worked
    assert known == unknown  # One verification each, with the same parameters.
    assert known.startswith("$argon2id$")


def test_what_is_made_of_a_password_is_salted_and_checks(desk: Desk) -> None:
    one, other = desk.ask(Make(PASSWORD)), desk.ask(Make(PASSWORD))
    assert isinstance(one, Made)
    assert isinstance(other, Made)
    assert one.verifier.startswith("$argon2id$")
    assert one.scram.startswith("SCRAM-SHA-256$60000:")
    assert (one.verifier, one.scram) != (other.verifier, other.scram)
    assert PASSWORD not in one.verifier + one.scram


def test_a_password_is_the_same_in_either_normal_form(desk: Desk) -> None:
    made = desk.credentials.make("caf\u00e9 creme")
    account = desk.state.accounts_by_id[next(iter(desk.state.accounts_by_id))]
    account.verifier = made.verifier
    assert desk.ask(Check("ann", "cafe\u0301 creme")) == Verified(7, "Ann")


def test_an_unknown_name_is_recalled_with_a_salt_of_its_own(desk: Desk) -> None:
    known, unknown, again = (desk.ask(Recall(name)) for name in ("ann", "bob", "BOB"))
    assert isinstance(known, Recalled)
    assert isinstance(unknown, Recalled)
    assert isinstance(again, Recalled)
    assert (known.account, unknown.account) == (7, 0)
    assert unknown.salt == again.salt
    assert len(known.salt) == len(unknown.salt)
    assert known.iterations == unknown.iterations
    assert unknown.nonce != again.nonce
    assert desk.ask(Prove(unknown, b"", b"")) == Unverified(WRONG)


def test_the_kept_text_is_read_back(desk: Desk) -> None:
    account = desk.state.account_named("ann")
    assert account is not None
    salt, iterations, stored_key, server_key = read_scram(account.scram)
    assert (len(salt), iterations, len(stored_key), len(server_key)) == (16, 60_000, 32, 32)


def test_who_is_wrong_too_often_is_told_before_anything_is_hashed(desk: Desk) -> None:
    for _ in range(10):
        assert desk.ask(Check("ann", "wrong")) == Unverified(WRONG)
    desk.begin(Check("ann", PASSWORD))
    assert desk.outcomes == [TOO_OFTEN]


def test_what_waits_is_bounded(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "WAITING", 2)
    for number in range(3):
        desk.begin(Check(f"name{number}", "x"))
    assert desk.outcomes == [TOO_MANY]


def test_who_was_right_lately_doesnt_wait_behind_those_who_guess(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert desk.ask(Check("ann", PASSWORD), "5.6.7.8") == Verified(7, "Ann")
    monkeypatch.setattr(module, "WAITING", 5)
    for number in range(6):
        desk.begin(Check(f"name{number}", "x"))
    assert desk.outcomes == [TOO_MANY]
    assert desk.ask(Check("ann", PASSWORD), "9.9.9.9") == TOO_MANY
    desk.outcomes.clear()
    desk.begin(Check("ann", PASSWORD), "5.6.7.8")
    while Verified(7, "Ann") not in desk.outcomes:
        desk.posted.get(timeout=10)()
    assert len(desk.outcomes) < 6, "the others are still being worked on"
    desk.outcomes.remove(Verified(7, "Ann"))
    desk.posted.get(timeout=10)()
    # Which of them were done by then is the threads' affair.
    assert desk.outcomes == [Unverified(WRONG)] * len(desk.outcomes)


def test_the_secret_outlives_the_server_and_is_private(tmp_path: Path) -> None:
    secret = kept_secret(tmp_path)
    assert len(secret) == 32
    assert kept_secret(tmp_path) == secret
    assert kept_secret(tmp_path, CLOAK_FILE) != secret
    (tmp_path / SECRET_FILE).write_bytes(b"short")
    assert kept_secret(tmp_path) != secret
    with pytest.raises(SecretError):
        kept_secret(tmp_path / "nowhere")


def test_an_unknown_names_salt_follows_from_the_secret(desk: Desk) -> None:
    first = desk.ask(Recall("bob"))
    desk.credentials.secret = b"another" * 5
    other = desk.ask(Recall("bob"))
    assert isinstance(first, Recalled)
    assert isinstance(other, Recalled)
    assert first.salt != other.salt
