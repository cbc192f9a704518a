"""The settings are sound: each documented, each default allowed, the defaults those of the chat's rules."""

import socket
from dataclasses import fields, replace

import pytest

from hubbub.core.rules import Rules
from hubbub.server.addresses import TcpAddress
from hubbub.server.config import (
    Config,
    Limits,
    Server,
    changed,
    default_server_name,
    rows,
    server_name_problem,
)
from hubbub.server.config_file import value_problem


def test_every_setting_is_explained_and_its_default_is_allowed() -> None:
    for row in rows():
        assert row.about.help.endswith("."), row
        given = list(row.default) if isinstance(row.default, tuple) else row.default
        assert value_problem(row, given) is None, row
        if isinstance(row.default, int | float):
            assert row.about.low is not None, row
            assert row.about.high is not None, row


def test_no_setting_is_in_two_sections() -> None:
    keys = [row.key for row in rows()]
    assert len(keys) == len(set(keys))  # "it belongs below [...]" has one answer


def test_the_rules_come_from_the_settings() -> None:
    limits = Limits(**{known.name: getattr(Limits(), known.name) + 1 for known in fields(Limits)})
    server = Server(name="a.b", network="Net", motd="hello", admin="ann", lobby="#hall")
    rules = Config(server=server, limits=limits).rules()
    assert rules.sent_ids == limits.sent_ids_kept
    default = Rules()
    for name in Rules.__struct_fields__:
        assert getattr(rules, name) != getattr(default, name), f"{name} is not a setting"


def test_defaults_are_those_of_the_rules() -> None:
    rules = Config(server=Server(name=Rules().server_name)).rules()
    assert rules == Rules()


@pytest.mark.parametrize(
    ("host", "name"),
    [
        ("chat.example.org", "chat.example.org"),
        ("laptop", "laptop.local"),
        ("my_laptop", "hubbub.local"),
        ("", "hubbub.local"),
        ("x" * 60 + ".example", "hubbub.local"),
    ],
)
def test_the_server_is_named_after_the_machine(
    monkeypatch: pytest.MonkeyPatch, host: str, name: str
) -> None:
    monkeypatch.setattr(socket, "gethostname", lambda: host)
    assert default_server_name() == name
    assert server_name_problem(name) is None


@pytest.mark.parametrize(
    ("guests", "listen", "decided"),
    [
        ("auto", ("localhost:1",), "yes"),
        ("auto", ("localhost:1", ":6697"), "invite"),
        ("yes", (":6697",), "yes"),
        ("invite", ("localhost:1",), "invite"),
    ],
)
def test_guests_need_an_invite_beyond_this_machine(
    guests: str, listen: tuple[str, ...], decided: str
) -> None:
    server = replace(Server(), listen=listen, guests=guests)  # type: ignore[arg-type]
    assert server.guests_decided == decided


def test_addresses_are_understood() -> None:
    assert Server().addresses == (TcpAddress("localhost", 8667),)


def test_changed_settings_are_named() -> None:
    old = Config()
    new = replace(
        old,
        limits=replace(old.limits, nick_bytes=20),
        server=replace(old.server, motd="hello"),
    )
    assert changed(old, old) == []
    assert changed(old, new) == ["server.motd", "limits.nick_bytes"]
