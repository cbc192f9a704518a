"""Logging in after the welcome, making an account, and other passwords and names for it."""

from __future__ import annotations

import pytest

from hubbub.client.connection import Connection
from hubbub.client.errors import IntentError
from tests.client.rig import Rig, b64, logging_in


def test_login_after_the_welcome(rig: Rig) -> None:
    rig.register("batch sasl")
    rig.connection.registration.enabled.discard("sasl")
    rig.connection.account.login("ann", "password")
    assert rig.sent() == ["CAP REQ sasl"]
    assert rig.gets(":s CAP alice ACK :sasl") == ["AUTHENTICATE PLAIN"]
    assert rig.gets("AUTHENTICATE +") == [f"AUTHENTICATE {b64('ann', 'password')}"]
    assert rig.gets(":alice!u@h NICK ann", ":s 903 ann :Done") == []
    assert rig.connection.nick == "ann"


def test_a_failed_login_after_the_welcome_leaves_us_here(rig: Rig) -> None:
    rig.register("batch sasl")
    rig.connection.account.login("ann", "password")
    rig.sent()
    rig.gets(":s 904 alice :No")
    assert rig.connection.wants_close is None
    assert rig.connection.registered


def test_registering_logs_in_the_next_time(rig: Rig) -> None:
    rig.register("batch sasl")
    rig.connection.account.register("password")
    assert rig.sent() == ["REGISTER * * password"]
    rig.gets(":s REGISTER SUCCESS alice :Welcome")
    rig.down()
    rig.up()
    assert rig.gets(":s CAP * LS :batch sasl") == ["CAP REQ :batch sasl"]


@pytest.mark.parametrize("password", ["", "two words", ":colon", "a,b"])
def test_what_cannot_be_sent_is_no_password(rig: Rig, password: str) -> None:
    rig.register()
    with pytest.raises(IntentError):
        rig.connection.account.register(password)


def test_a_changed_password_is_that_of_the_next_connection() -> None:
    rig = logging_in("old")
    rig.up()
    rig.gets(":s CAP * LS :sasl standard-replies")
    rig.gets(":s CAP * ACK :sasl standard-replies")
    rig.gets("AUTHENTICATE +", ":s 903 ann :Done", ":s 001 ann :Welcome", ":s 422 ann :No")
    rig.connection.account.change_password("new", "ACCOUNT", "PASSWORD", "old")
    assert rig.sent()[-1] == "ACCOUNT PASSWORD old new"
    rig.gets(":s FAIL ACCOUNT WRONG_PASSWORD :The account or the password is wrong")
    assert rig.connection.registration.account == ("ann", "old")
    rig.gets(":s NOTE ACCOUNT PASSWORD_CHANGED ann :Your password was changed")
    assert rig.connection.registration.account == ("ann", "new")


def test_who_recovers_an_account_is_logged_in_to_it() -> None:
    rig = Rig(Connection("guest", run_token="run", rooms=("#lobby",)))
    rig.register("sasl standard-replies", nick="guest")
    rig.connection.account.change_password("new pass", "RECOVER", "ann", "aaaa-bbbb")
    assert rig.sent() == ["RECOVER ann aaaa-bbbb :new pass"]
    assert rig.gets(":s NOTE RECOVER PASSWORD_CHANGED ann :It is changed") == ["AUTHENTICATE PLAIN"]
    assert rig.gets("AUTHENTICATE +") == [f"AUTHENTICATE {b64('ann', 'new pass')}"]


@pytest.mark.parametrize("words", [("old word",), (":old",), ("",)])
def test_what_a_line_cannot_hold_is_said(words: tuple[str, ...]) -> None:
    rig = Rig(Connection("guest", run_token="run", rooms=("#lobby",)))
    rig.register("sasl standard-replies", nick="guest")
    with pytest.raises(IntentError):
        rig.connection.account.change_password("new", "ACCOUNT", "PASSWORD", *words)
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
