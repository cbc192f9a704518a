"""Certificates in the state: how they are written, what is kept, and with what they go."""

from __future__ import annotations

import pytest

from hubbub.core import entries
from hubbub.core.certificates import fingerprint_of
from hubbub.core.ids import NO_SESSION, SessionId
from tests.core.logs import Chat, replies
from tests.core.test_accounts import made, opened

ONE, OTHER = "ab" * 32, "cd" * 32


@pytest.mark.parametrize("text", [ONE, ONE.upper(), "AB:" * 31 + "AB"])
def test_a_fingerprint_is_read_however_it_is_written(text: str) -> None:
    assert fingerprint_of(text) == ONE


@pytest.mark.parametrize("text", ["", ONE[1:], ONE + "a", "g" + ONE[1:], "٣" * 64])
def test_anything_else_is_none(text: str) -> None:
    assert fingerprint_of(text) is None


def certified() -> Chat:
    """A chat with Ann, whose account has two certificates, and Bob."""
    chat = Chat()
    made(chat, "ann")
    made(chat, "bob")
    ann = opened(chat, "ann", 1)
    opened(chat, "bob", 2)
    chat.do(entries.AddCertificate(ann, ONE, shown=True))
    chat.do(entries.AddCertificate(ann, OTHER))
    assert [one.fingerprint for one in chat.state.certificates] == [ONE, OTHER]
    return chat


def test_they_go_with_the_account() -> None:
    chat = certified()
    assert not replies(chat.do(entries.DeleteAccount(NO_SESSION, "ann")))
    assert not list(chat.state.certificates)


def test_they_go_when_the_operator_gives_a_new_password() -> None:
    chat = certified()
    assert not replies(chat.do(entries.SetPassword(NO_SESSION, "ann", "v", "s")))
    assert not list(chat.state.certificates)


def test_they_go_when_the_account_is_recovered_by_a_code() -> None:
    chat = certified()
    chat.do(entries.IssueCode(NO_SESSION, "reset", "d" * 64, "ann"))
    chat.do(entries.Recover(NO_SESSION, "ann", "e" * 64, "v", "s"))
    assert len(list(chat.state.certificates)) == 2, "that was the wrong code"
    chat.do(entries.Recover(NO_SESSION, "ann", "d" * 64, "v", "s"))
    assert not list(chat.state.certificates)


def test_they_stay_when_oneself_changes_the_password() -> None:
    chat = certified()
    (ann,) = chat.state.user_of(chat.state.accounts_by_id[1]).sessions  # type: ignore[index]
    chat.do(entries.SetPassword(ann, "ann", "v", "s"))
    assert len(list(chat.state.certificates)) == 2


def test_what_a_session_has_shown_goes_along_when_it_logs_in() -> None:
    chat = certified()
    guest = SessionId((1 << 53) + (1 << 31) + 300)
    chat.do(entries.Open(guest, "guest", "~g", "G", "host.test", certificate=ONE))
    assert chat.state.sessions[guest].certificate == ONE
    chat.do(entries.Login(guest, 2))
    assert chat.state.sessions[guest].user.nick == "bob"
    assert chat.state.sessions[guest].certificate == ONE
