"""Logging in: SASL PLAIN before the welcome and after it, and registering an account."""

from __future__ import annotations

import base64

import pytest

from hubbub.client.connection import Connection, IntentError
from hubbub.client.events import Disconnected, ServerError, ServerNotice
from tests.client.rig import Rig


def b64(name: str, password: str) -> str:
    return base64.b64encode(f"{name}\0{name}\0{password}".encode()).decode()


def logging_in(password: str = "pass word") -> Rig:
    connection = Connection("ann", run_token="run", account=("ann", password), rooms=("#lobby",))
    return Rig(connection)


@pytest.mark.parametrize("chunk", [0, 1])
def test_login_comes_before_the_welcome(chunk: int) -> None:
    rig = logging_in()
    rig.chunk = chunk
    rig.up()
    assert rig.gets(":s CAP * LS :batch sasl=PLAIN") == ["CAP REQ :batch sasl"]
    assert rig.gets(":s CAP * ACK :batch sasl") == [
        "NICK ann",
        "USER ann 0 * ann",
        "AUTHENTICATE PLAIN",
    ]
    assert rig.gets("AUTHENTICATE +") == [f"AUTHENTICATE {b64('ann', 'pass word')}"]
    lines = rig.gets(":s 900 ann ann!u@h ann :You are now logged in as ann", ":s 903 ann :Done")
    assert lines == ["CAP END"]
    assert ServerNotice("You are now logged in as ann", "account") in rig.take()


def test_a_long_password_goes_in_chunks() -> None:
    rig = logging_in("p" * 300)
    rig.up()
    rig.gets(":s CAP * LS :sasl")
    rig.gets(":s CAP * ACK :sasl")
    sent = [line.removeprefix("AUTHENTICATE ") for line in rig.gets("AUTHENTICATE +")]
    assert len(sent[0]) == 400
    assert "".join(sent) == b64("ann", "p" * 300)


def test_who_cannot_log_in_does_not_come_in() -> None:
    rig = logging_in()
    rig.up()
    rig.gets(":s CAP * LS :sasl")
    rig.gets(":s CAP * ACK :sasl")
    rig.gets("AUTHENTICATE +")
    assert rig.gets(":s 904 ann :SASL authentication failed") == []
    assert rig.connection.wants_close == "SASL authentication failed"
    assert rig.take(ServerError) == [ServerError("SASL authentication failed")]
    rig.down()
    (ended,) = rig.take(Disconnected)
    assert isinstance(ended, Disconnected)
    assert ended.final


def test_a_guest_asks_for_no_login(rig: Rig) -> None:
    rig.up()
    assert rig.gets(":s CAP * LS :batch sasl") == ["CAP REQ batch"]


def test_login_after_the_welcome(rig: Rig) -> None:
    rig.register("batch sasl")
    rig.connection.registration.enabled.discard("sasl")
    rig.connection.login("ann", "password")
    assert rig.sent() == ["CAP REQ sasl"]
    assert rig.gets(":s CAP alice ACK :sasl") == ["AUTHENTICATE PLAIN"]
    assert rig.gets("AUTHENTICATE +") == [f"AUTHENTICATE {b64('ann', 'password')}"]
    assert rig.gets(":alice!u@h NICK ann", ":s 903 ann :Done") == []
    assert rig.connection.nick == "ann"


def test_a_failed_login_after_the_welcome_leaves_us_here(rig: Rig) -> None:
    rig.register("batch sasl")
    rig.connection.login("ann", "password")
    rig.sent()
    rig.gets(":s 904 alice :No")
    assert rig.connection.wants_close is None
    assert rig.connection.registered


def test_a_server_without_accounts(rig: Rig) -> None:
    rig.register("batch")
    with pytest.raises(IntentError):
        rig.connection.login("ann", "password")


def test_who_is_to_be_logged_in_waits_for_a_slow_server() -> None:
    rig = logging_in()
    assert rig.up() == ["CAP LS 302"]
    assert rig.wait(20.0) == []
    assert rig.connection.wants_close is None
    assert rig.gets(":s CAP * LS :sasl=PLAIN") == ["CAP REQ sasl"]
    rig.wait(11.0)
    assert rig.connection.wants_close == "the server gave no welcome within 30 seconds"
    assert not rig.connection.final


def test_registering_logs_in_the_next_time(rig: Rig) -> None:
    rig.register("batch sasl")
    rig.connection.register("password")
    assert rig.sent() == ["REGISTER * * password"]
    rig.gets(":s REGISTER SUCCESS alice :Welcome")
    rig.down()
    rig.up()
    assert rig.gets(":s CAP * LS :batch sasl") == ["CAP REQ :batch sasl"]


@pytest.mark.parametrize("password", ["", "two words", ":colon", "a,b"])
def test_what_cannot_be_sent_is_no_password(rig: Rig, password: str) -> None:
    rig.register()
    with pytest.raises(IntentError):
        rig.connection.register(password)


@pytest.mark.parametrize("caps", ["batch", ""])
def test_who_is_to_be_logged_in_is_no_guest_where_there_are_no_accounts(caps: str) -> None:
    rig = logging_in()
    rig.up()
    rig.gets(f":s CAP * LS :{caps}")
    assert not caps or rig.gets(f":s CAP * ACK :{caps}") == []
    assert rig.connection.wants_close == "this server has no accounts to log in to"
    assert rig.connection.final


# -- another password ---------------------------------------------------------------------


def test_a_changed_password_is_that_of_the_next_connection() -> None:
    rig = logging_in("old")
    rig.up()
    rig.gets(":s CAP * LS :sasl standard-replies")
    rig.gets(":s CAP * ACK :sasl standard-replies")
    rig.gets("AUTHENTICATE +", ":s 903 ann :Done", ":s 001 ann :Welcome", ":s 422 ann :No")
    rig.connection.change_password("new", "ACCOUNT", "PASSWORD", "old")
    assert rig.sent()[-1] == "ACCOUNT PASSWORD old new"
    rig.gets(":s FAIL ACCOUNT WRONG_PASSWORD :The account or the password is wrong")
    assert rig.connection.registration.account == ("ann", "old")
    rig.gets(":s NOTE ACCOUNT PASSWORD_CHANGED ann :Your password was changed")
    assert rig.connection.registration.account == ("ann", "new")


def test_who_recovers_an_account_is_logged_in_to_it() -> None:
    rig = Rig(Connection("guest", run_token="run", rooms=("#lobby",)))
    rig.register("sasl standard-replies", nick="guest")
    rig.connection.change_password("new pass", "RECOVER", "ann", "aaaa-bbbb")
    assert rig.sent() == ["RECOVER ann aaaa-bbbb :new pass"]
    assert rig.gets(":s NOTE RECOVER PASSWORD_CHANGED ann :It is changed") == ["AUTHENTICATE PLAIN"]
    assert rig.gets("AUTHENTICATE +") == [f"AUTHENTICATE {b64('ann', 'new pass')}"]


@pytest.mark.parametrize("words", [("old word",), (":old",), ("",)])
def test_what_a_line_cannot_hold_is_said(words: tuple[str, ...]) -> None:
    rig = Rig(Connection("guest", run_token="run", rooms=("#lobby",)))
    rig.register("sasl standard-replies", nick="guest")
    with pytest.raises(IntentError):
        rig.connection.change_password("new", "ACCOUNT", "PASSWORD", *words)
    assert rig.sent() == []


def test_a_renamed_account_is_that_of_the_next_connection() -> None:
    rig = logging_in("word")
    rig.up()
    rig.gets(":s CAP * LS :sasl standard-replies")
    rig.gets(":s CAP * ACK :sasl standard-replies")
    rig.gets("AUTHENTICATE +", ":s 903 ann :Done", ":s 001 ann :Welcome", ":s 422 ann :No")
    rig.gets(":s NOTE ACCOUNT RENAMED bob :The account of somebody else")
    assert rig.connection.registration.account == ("ann", "word")
    rig.gets(":ann!u@h NICK anna", ":s NOTE ACCOUNT RENAMED anna :It is called so")
    assert rig.connection.registration.account == ("anna", "word")
