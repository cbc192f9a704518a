"""One-time codes in the state: who makes them, what they do, when they end."""

from __future__ import annotations

from typing import Literal

import pytest

from hubbub.core import entries
from hubbub.core.codes import DAY_SECONDS
from hubbub.core.ids import NO_SESSION, SessionId
from hubbub.core.outputs import HangUp
from tests.core.logs import Chat, of, replies
from tests.core.test_accounts import made, opened


def reset(chat: Chat, session: SessionId, name: str, digest: str = "x1") -> list[tuple[str, ...]]:
    return replies(chat.do(entries.IssueCode(session, "reset", digest, name)))


def recover(chat: Chat, session: SessionId, name: str, digest: str = "x1") -> tuple[str, ...]:
    (reply,) = replies(chat.do(entries.Recover(session, name, digest, "new", "newer")))
    return reply


def kinds(chat: Chat) -> list[str]:
    return [code.kind for code in chat.state.codes]


# -- the first admin ----------------------------------------------------------------------


def claiming(seconds: int = DAY_SECONDS) -> tuple[Chat, SessionId]:
    """A chat with a claim code, and a member."""
    chat = Chat()
    made(chat, "ann")
    issue = entries.IssueCode(NO_SESSION, "claim", "x1", seconds=seconds)
    assert not replies(chat.do(issue))
    return chat, opened(chat, "ann", 1)


def test_whoever_shows_the_claim_code_is_the_admin_and_it_works_once() -> None:
    chat, ann = claiming()
    (note,) = replies(chat.do(entries.Claim(ann, "x1")))
    assert note == ("NOTE", "CLAIM", "CLAIMED", "ann", "You are the admin of Test now")
    assert chat.state.sessions[ann].user.may("admin")
    assert "o" in chat.state.sessions[ann].user.modes
    assert kinds(chat) == []
    chat.do(entries.SetRole(NO_SESSION, "ann", "member"))
    assert replies(chat.do(entries.Claim(ann, "x1")))[0][:3] == ("FAIL", "CLAIM", "INVALID_CODE")


def test_a_wrong_code_a_guest_and_a_late_comer_claim_nothing() -> None:
    chat, ann = claiming(seconds=60)
    guest = chat.open("guest")
    assert replies(chat.do(entries.Claim(ann, "x2")))[0][2] == "INVALID_CODE"
    assert replies(chat.do(entries.Claim(guest, "x1")))[0][2] == "ACCOUNT_REQUIRED"
    chat.clock += 60_000
    assert replies(chat.do(entries.Claim(ann, "x1")))[0][2] == "INVALID_CODE"
    assert not chat.state.sessions[ann].user.may("moderator")


@pytest.mark.parametrize("how", ["role", "account"])
def test_an_admin_ends_the_claim_whoever_made_them(how: str) -> None:
    chat, ann = claiming()
    if how == "role":
        chat.do(entries.SetRole(NO_SESSION, "ann", "admin"))
    else:
        made(chat, "root", "admin")
    assert kinds(chat) == []
    chat.do(entries.SetRole(NO_SESSION, "ann", "member"))
    assert replies(chat.do(entries.Claim(ann, "x1")))[0][2] == "INVALID_CODE"


def test_a_new_claim_code_ends_the_one_before() -> None:
    chat, ann = claiming()
    chat.do(entries.IssueCode(NO_SESSION, "claim", "x2"))
    assert kinds(chat) == ["claim"]
    assert replies(chat.do(entries.Claim(ann, "x1")))[0][2] == "INVALID_CODE"
    assert replies(chat.do(entries.Claim(ann, "x2")))[0][2] == "CLAIMED"


def test_only_the_console_makes_a_claim_code_and_only_without_an_admin() -> None:
    chat = Chat()
    made(chat, "ann", "moderator")
    ann = opened(chat, "ann", 1)
    assert replies(chat.do(entries.IssueCode(ann, "claim", "x1")))[0][0] == "481"
    made(chat, "root", "admin")
    issue = entries.IssueCode(NO_SESSION, "claim", "x1")
    assert replies(chat.do(issue))[0][2] == "NOTHING_TO_CLAIM"
    assert kinds(chat) == []


# -- a forgotten password -----------------------------------------------------------------


def crew() -> tuple[Chat, dict[str, SessionId]]:
    """Somebody with each role, and a guest."""
    chat = Chat()
    roles: dict[str, Literal["member", "moderator", "admin"]] = {
        "ann": "member",
        "mod": "moderator",
        "mob": "moderator",
        "root": "admin",
        "boss": "admin",
    }
    for name, role in roles.items():
        made(chat, name, role)
    sessions = {name: opened(chat, name, number) for number, name in enumerate(roles)}
    sessions["guest"] = chat.open("guest")
    return chat, sessions


@pytest.mark.parametrize(
    ("who", "whose"), [("mod", "ann"), ("root", "ann"), ("root", "mod"), ("root", "boss")]
)
def test_who_has_the_role_resets_a_password(who: str, whose: str) -> None:
    chat, sessions = crew()
    assert reset(chat, sessions[who], whose) == []
    assert recover(chat, sessions["guest"], whose)[:4] == (
        "NOTE",
        "RECOVER",
        "PASSWORD_CHANGED",
        whose,
    )
    account = chat.state.account_named(whose)
    assert account is not None
    assert (account.verifier, account.scram) == ("new", "newer")


@pytest.mark.parametrize(
    ("who", "whose"),
    [("guest", "ann"), ("ann", "ann"), ("ann", "mob"), ("mod", "mob"), ("mod", "root")],
)
def test_who_has_not_the_role_does_not(who: str, whose: str) -> None:
    chat, sessions = crew()
    (refused,) = reset(chat, sessions[who], whose)
    assert refused[0] == "481"
    assert kinds(chat) == []


def test_the_console_resets_anybodys_and_nobody_that_isnt_there() -> None:
    chat, _ = crew()
    assert reset(chat, NO_SESSION, "root") == []
    assert reset(chat, NO_SESSION, "nobody")[0][2] == "ACCOUNT_UNKNOWN"


def test_a_reset_code_works_once_for_its_account_and_until_its_end() -> None:
    chat, sessions = crew()
    guest = sessions["guest"]
    reset(chat, sessions["mod"], "ann")
    assert recover(chat, guest, "mod")[:3] == ("FAIL", "RECOVER", "INVALID_CODE")
    assert recover(chat, guest, "ann", "x2")[2] == "INVALID_CODE"
    assert recover(chat, guest, "ann")[2] == "PASSWORD_CHANGED"
    assert recover(chat, guest, "ann")[2] == "INVALID_CODE"
    reset(chat, sessions["mod"], "ann")
    chat.clock += DAY_SECONDS * 1000
    assert recover(chat, guest, "ann")[2] == "INVALID_CODE"


def test_an_unknown_account_is_answered_as_a_wrong_code_is() -> None:
    chat, sessions = crew()
    known = recover(chat, sessions["guest"], "ann")
    assert recover(chat, sessions["guest"], "zoe") == tuple(
        word.replace("ann", "zoe") for word in known
    )


def test_a_second_code_ends_the_first() -> None:
    chat, sessions = crew()
    reset(chat, sessions["mod"], "ann", "x1")
    reset(chat, sessions["mod"], "ann", "x2")
    assert recover(chat, sessions["guest"], "ann", "x1")[2] == "INVALID_CODE"
    assert recover(chat, sessions["guest"], "ann", "x2")[2] == "PASSWORD_CHANGED"


def test_a_reset_ends_all_other_sessions_of_the_account_and_no_others() -> None:
    chat, sessions = crew()
    other = opened(chat, "ann", 90)
    reset(chat, sessions["mod"], "ann")
    outputs = chat.do(entries.Recover(other, "ann", "x1", "new", "newer"))
    assert [gone.session for gone in of(HangUp, outputs)] == [sessions["ann"]]
    assert other in chat.state.sessions
    assert sessions["mod"] in chat.state.sessions


def test_codes_end_with_time_and_with_their_account() -> None:
    chat, sessions = crew()
    reset(chat, sessions["mod"], "ann")
    chat.do(entries.DeleteAccount(NO_SESSION, "ann"))
    assert kinds(chat) == []
    reset(chat, sessions["root"], "mod")
    assert not chat.state.has_expired(chat.clock)
    assert chat.state.has_expired(chat.clock + DAY_SECONDS * 1000)
    chat.clock += DAY_SECONDS * 1000
    chat.do(entries.TimePassed(NO_SESSION))
    assert kinds(chat) == []


def test_no_password_is_in_the_log_as_it_is_shown() -> None:
    assert "secret" not in repr(entries.Recover(NO_SESSION, "ann", "x1", "secret", "secret"))
