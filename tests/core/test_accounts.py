"""Accounts in the state: what is recorded, what is kept, and who may change what."""

from __future__ import annotations

import pytest

from hubbub.core import entries
from hubbub.core.ids import NO_SESSION, SessionId
from hubbub.core.outputs import Deliver, Erased, HangUp, LoggedIn, Record, Rekeyed, Seen
from hubbub.core.tables import dump
from tests.core.logs import Chat, history, of, replies


def made(chat: Chat, name: str, role: str = "member") -> None:
    assert not replies(chat.do(entries.Register(NO_SESSION, name, "v", "s", role=role)))


def opened(chat: Chat, name: str, number: int) -> SessionId:
    """A session of an account."""
    account = chat.state.account_named(name)
    assert account is not None
    session = SessionId((1 << 53) + (1 << 31) + 100 + number)
    chat.do(entries.Open(session, "x", "~x", "X", "host.test", account=account.id))
    assert chat.state.sessions[session].user.account == account.name
    return session


def facts(outputs: list[object]) -> list[object]:
    return [
        output.row
        for output in outputs
        if isinstance(output, Record) and isinstance(output.row, Rekeyed | Erased)
    ]


def test_a_guest_that_registers_is_rekeyed() -> None:
    chat = Chat()
    ann = chat.open("ann", device="d1")
    outputs = chat.do(entries.Register(ann, "ann", "v", "s"))
    assert facts([*outputs]) == [Rekeyed("d:d1", "a:1")]
    assert chat.state.sessions[ann].user.identity == "a:1"


def test_a_send_once_id_goes_along() -> None:
    chat = Chat()
    ann = chat.open("ann", device="d1")
    chat.do(entries.Join(ann, "#tea"))
    say = entries.Say(ann, "PRIVMSG", "#tea", "hello", once="id1")
    assert history(chat.do(say))
    chat.do(entries.Register(ann, "ann", "v", "s"))
    assert not history(chat.do(say))


def test_only_the_console_gives_a_role_at_once() -> None:
    chat = Chat()
    ann = chat.open("ann")
    chat.do(entries.Register(ann, "ann", "v", "s", role="admin"))
    assert chat.state.accounts_by_id[1].role == "member"  # type: ignore[index]


def test_registering_before_connecting_tells_the_session() -> None:
    chat = Chat()
    outputs = chat.do(entries.Register(SessionId(99), "ann", "v", "s"))
    assert of(LoggedIn, outputs) == [LoggedIn(SessionId(99), 1, "ann")]
    assert not chat.state.users_by_id[next(iter(chat.state.users_by_id))].present


def test_accounts_are_bounded() -> None:
    chat = Chat()
    chat.state.rules = chat.state.rules.__class__(server_name="hub.test", accounts=1)
    made(chat, "ann")
    (reply,) = replies(chat.do(entries.Register(NO_SESSION, "bob", "v", "s")))
    assert reply[:3] == ("FAIL", "REGISTER", "TEMPORARILY_UNAVAILABLE")


def test_going_and_coming_is_seen_by_who_watches() -> None:
    chat = Chat()
    made(chat, "ann")
    ann = opened(chat, "ann", 1)
    gone = chat.do(entries.Close(ann, "bye"))
    assert of(Seen, gone) == [Seen("ann")]
    assert [output.event.command for output in of(Deliver, gone)] == ["AWAY"]
    assert not history(gone), "being offline is no news of a room"
    assert list(chat.state.sessions) == []
    opened(chat, "ann", 2)
    assert chat.state.online == 1


@pytest.mark.parametrize("who", ["guest", "member", "moderator"])
def test_others_change_nobodys_account(who: str) -> None:
    chat = Chat()
    made(chat, "ann")
    if who == "guest":
        session = chat.open("guest")
    else:
        made(chat, who, who)
        session = opened(chat, who, 1)
    before = sorted(map(repr, dump(chat.state)))
    for entry in (
        entries.SetPassword(session, "ann", "new", "new"),
        entries.SetRole(session, "ann", "admin"),
        entries.DeleteAccount(session, "ann"),
    ):
        ((code, *_),) = replies(chat.do(entry))
        assert code == "481"
    assert [row for row in before if "counters" not in row] == [
        row for row in sorted(map(repr, dump(chat.state))) if "counters" not in row
    ]


def test_an_admin_changes_any_account() -> None:
    chat = Chat()
    made(chat, "ann")
    made(chat, "root", "admin")
    root = opened(chat, "root", 1)
    chat.do(entries.SetRole(root, "ann", "moderator"))
    account = chat.state.account_named("ann")
    assert account is not None
    assert account.role == "moderator"
    outputs = chat.do(entries.DeleteAccount(root, "ann", True))
    assert facts([*outputs]) == [Erased("a:1", "ann", True)]
    assert chat.state.user_named("ann") is None


def test_a_deleted_account_has_nobody_left_connected() -> None:
    chat = Chat()
    made(chat, "ann")
    one, other = opened(chat, "ann", 1), opened(chat, "ann", 2)
    outputs = chat.do(entries.DeleteAccount(NO_SESSION, "ann"))
    assert [output.session for output in of(HangUp, outputs)] == [one, other]
    assert not chat.state.sessions
    login = chat.open("bob")
    ((code, *_),) = replies(chat.do(entries.Login(login, 1)))
    assert code == "904"


def test_a_reused_name_has_a_new_identity() -> None:
    chat = Chat()
    made(chat, "ann")
    chat.do(entries.DeleteAccount(NO_SESSION, "ann"))
    made(chat, "ann")
    account = chat.state.account_named("ann")
    assert account is not None
    assert account.identity == "a:2"


def test_devices_are_in_the_order_in_which_they_connected() -> None:
    """Not in that in which they came in, which nobody knows any more once the state is loaded."""
    chat = Chat()
    made(chat, "ann")
    later, earlier = opened(chat, "ann", 2), opened(chat, "ann", 1)
    assert chat.state.sessions[later].user.sessions == (earlier, later)
