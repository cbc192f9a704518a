"""Logging in before the welcome (SASL PLAIN): in as the account, or not in at all."""

from __future__ import annotations

import pytest

from hubbub.client.errors import IntentError
from hubbub.client.events import Disconnected, ServerError, ServerNotice
from tests.client.rig import Rig, b64, logging_in


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


def test_a_server_without_accounts(rig: Rig) -> None:
    rig.register("batch")
    with pytest.raises(IntentError):
        rig.connection.account.login("ann", "password")


def test_who_is_to_be_logged_in_waits_for_a_slow_server() -> None:
    rig = logging_in()
    assert rig.up() == ["CAP LS 302"]
    assert rig.wait(20.0) == []
    assert rig.connection.wants_close is None
    assert rig.gets(":s CAP * LS :sasl=PLAIN") == ["CAP REQ sasl"]
    rig.wait(11.0)
    assert rig.connection.wants_close == "the server gave no welcome within 30 seconds"
    assert not rig.connection.final


@pytest.mark.parametrize("caps", ["batch", ""])
def test_who_is_to_be_logged_in_is_no_guest_where_there_are_no_accounts(caps: str) -> None:
    rig = logging_in()
    rig.up()
    rig.gets(f":s CAP * LS :{caps}")
    assert not caps or rig.gets(f":s CAP * ACK :{caps}") == []
    assert rig.connection.wants_close == "this server has no accounts to log in to"
    assert rig.connection.final
