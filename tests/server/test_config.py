"""The settings are sound: each documented, each default allowed, the defaults those of the chat's rules."""

import socket
from dataclasses import fields, replace

import pytest

from hubbub.core.rules import Rules
from hubbub.server.addresses import TcpAddress
from hubbub.server.config import Config, changed, joint_problems, rows
from hubbub.server.config_checks import default_server_name, names_problem, server_name_problem
from hubbub.server.config_file import value_problem
from hubbub.server.config_limits import Limits
from hubbub.server.config_sections import (
    Accounts,
    History,
    Mail,
    Names,
    Privacy,
    Server,
    Texts,
    Tls,
)


def test_every_setting_is_explained_and_its_default_is_allowed() -> None:
    for row in rows():
        assert row.about.help.endswith("."), row
        given = list(row.default) if isinstance(row.default, tuple) else row.default
        assert value_problem(row, given) is None, row
        if isinstance(row.default, int | float) and not isinstance(row.default, bool):
            assert row.about.low is not None, row
            assert row.about.high is not None, row


def test_no_setting_is_in_two_sections() -> None:
    keys = [row.key for row in rows()]
    assert len(keys) == len(set(keys))  # "it belongs below [...]" has one answer


def test_the_rules_come_from_the_settings() -> None:
    limits = Limits(**{known.name: getattr(Limits(), known.name) + 1 for known in fields(Limits)})
    server = Server(
        name="a.b",
        network="Net",
        icon="https://a.b/icon.svg",
        motd="hello",
        admin="ann",
        lobby="#hall",
        guests="no",
    )
    rules = Config(
        server=server,
        limits=limits,
        history=History(keep_days=1),
        accounts=Accounts(registration="closed", invites="member"),
        mail=Mail(host="mail.a.b"),
        privacy=Privacy(cloak=False),
        names=Names(ascii_only=True, reserved=()),
        texts=Texts("hi", "be kind", True),
    ).rules()
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


@pytest.mark.parametrize(
    ("url", "allowed"),
    [
        ("", True),
        ("https://a.b/icon.svg", True),
        ("http://a.b/i.png", True),
        ("ftp://a.b/icon", False),
        ("https://", False),
        ("https://a.b/my icon", False),
        ("https://a.b/" + "x" * 300, False),
    ],
)
def test_an_icon_is_a_url_that_fits_a_line(url: str, allowed: bool) -> None:
    row = next(row for row in rows() if row.key == "icon")
    assert (value_problem(row, url) is None) == allowed


@pytest.mark.parametrize(
    ("key", "given", "allowed"),
    [
        ("origins", ["https://chat.example.org", "http://localhost:3000", "https://[::1]:1"], True),
        ("origins", ["https://chat.example.org/"], False),
        ("origins", ["chat.example.org"], False),
        ("origins", ["*"], False),
        ("trusted_proxies", ["127.0.0.1", "10.0.0.0/8", "unix"], True),
        ("trusted_proxies", ["proxy.example.org"], False),
        ("webirc_from", ["2001:db8::/32"], True),
        ("webirc_from", ["everywhere"], False),
    ],
)
def test_who_is_trusted_is_named_properly(key: str, given: list[str], allowed: bool) -> None:
    row = next(row for row in rows() if row.key == key)
    assert (value_problem(row, given) is None) == allowed


def test_settings_that_need_one_another() -> None:
    def problems(config: Config) -> list[str]:
        return [key for _, key, _ in joint_problems(config)]

    assert problems(Config(server=Server(webirc_from=("unix",)))) == ["webirc_from"]
    assert problems(Config(server=Server(webirc_password="hunter22"))) == ["webirc_password"]
    both = Server(webirc_from=("unix",), webirc_password="hunter22")
    assert problems(Config(server=both)) == []
    assert problems(Config(tls=Tls(sts_seconds=1))) == ["sts_seconds"]
    assert problems(Config(tls=Tls("a.pem", "b.pem", 1))) == []


@pytest.mark.parametrize(
    ("names", "problem"),
    [
        (["Headmaster", "Löwe"], ""),
        ([], ""),
        (["two words"], "\"two words\" is nobody's name: A name can't contain a space."),
        ([""], "A name needs at least one character."),
        (["#room"], "A name can't contain '#'."),
    ],
)
def test_reserved_names_are_names(names: list[str], problem: str) -> None:
    found = names_problem(tuple(names))
    assert found is None if not problem else problem in str(found)
