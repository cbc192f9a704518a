"""irssi, WeeChat and ii with an account or an invite; and what WeeChat knows of the newer things."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from tests.clients.programs import Ii, IrcClient, Irssi, WeeChat
from tests.clients.wires import Wire, register
from tests.stage import Server, wait_until

NAME, PASSWORD, INVITE = "ira", "correct-horse-battery", "come-in-and-find-out"


class House:
    """A server, and Ann, who watches by hand."""

    def __init__(self, home: Path, stack: ExitStack) -> None:
        self._home = home
        self._stack = stack
        self.server = Server(home)
        stack.callback(self.server.close)

    def opens(self, *options: str, invite: str = "") -> Wire:
        self.server.start(*options)
        return self.ann_comes(invite)

    def ann_comes(self, invite: str = "") -> Wire:
        ann = Wire(self.server)
        self._stack.callback(ann.close)
        return ann.arrives("ann", server_password=invite)

    def comes(
        self, kind: type[IrcClient], tls: bool, password: str = "", invite: str = ""
    ) -> IrcClient:
        if not kind.is_installed():
            pytest.skip(f"{kind.program} is not installed (.ci/run installs it)")
        client = kind(NAME, self.server, self._home / f"{NAME}{tls}", tls, password, invite)
        self._stack.callback(client.close)
        return client


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    with ExitStack() as stack:
        yield House(tmp_path, stack)


def is_here(ann: Wire) -> bool:
    return any(re.search(f" 354 ann {NAME} H", line) for line in ann.ask("WHO #lobby %nf"))


def arrives(client: IrcClient, ann: Wire) -> None:
    """Wait until it is in the lobby, which it knows itself."""
    wait_until(lambda: is_here(ann), client.everything)
    wait_until(client.log("#lobby").exists, client.everything)


@pytest.mark.parametrize(
    ("kind", "tls"),
    [
        pytest.param(Irssi, True, id="irssi: SASL PLAIN"),
        pytest.param(WeeChat, True, id="weechat: SASL SCRAM-SHA-256"),
        pytest.param(Ii, False, id="ii: PASS"),
    ],
)
def test_it_logs_in_and_comes_back(house: House, kind: type[IrcClient], tls: bool) -> None:
    ann = house.opens()
    register(house.server, NAME, PASSWORD)
    client = house.comes(kind, tls, PASSWORD)
    arrives(client, ann)
    client.says("#lobby", "it is me")
    assert f"account={NAME}" in ann.sees(f":{NAME}!\\S+ PRIVMSG #lobby :it is me$")
    ann.send("PRIVMSG #lobby :so it is")
    client.sees("#lobby", client.message("ann", "so it is"))

    house.server.crash()
    ann.close()
    ann = house.opens()
    ann.send("PRIVMSG #lobby :a storm, wasn't it?")
    if kind is Ii:  # It ends with its connection.
        client.close()
        client.process = client.start(house.server, tls)
    arrives(client, ann)
    client.sees("#lobby", "a storm, wasn't it\\?$")
    client.says("#lobby", "it is me again")
    assert f"account={NAME}" in ann.sees(f":{NAME}!\\S+ PRIVMSG #lobby :it is me again$")


@pytest.mark.parametrize(("kind", "tls"), [(Irssi, True), (WeeChat, True), (Ii, False)])
def test_the_invite_is_the_servers_password(house: House, kind: type[IrcClient], tls: bool) -> None:
    config = house.server.home / "hubbub.toml"
    config.write_text(f'[server]\nguests = "invite"\ninvite = "{INVITE}"\n')
    ann = house.opens("--config", str(config), invite=INVITE)
    stranger = Wire(house.server)
    stranger.send("NICK zoe", "USER zoe 0 * :zoe")
    stranger.sees(" 464 |ERROR")
    stranger.close()
    client = house.comes(kind, tls, invite=INVITE)
    arrives(client, ann)
    client.says("#lobby", "knock knock")
    ann.sees(f":{NAME}!\\S+ PRIVMSG #lobby :knock knock$")


def test_weechat_shows_and_sends_who_types(house: House) -> None:
    ann = house.opens()
    weechat = house.comes(WeeChat, True)
    arrives(weechat, ann)
    with (weechat.home / "fifo").open("w") as fifo:
        fifo.write("irc.hub.#lobby */input insert I was about to say\n")
    ann.sees(f"[+]typing=active\\S* :{NAME}!\\S+ TAGMSG #lobby")
    ann.send("@+typing=active TAGMSG #lobby", "PRIVMSG #lobby :say it")
    weechat.sees("#lobby", weechat.message("ann", "say it"))
    assert weechat.shown("#lobby", "TAGMSG|typing") == 0
    assert weechat.shown("#lobby", "about to say") == 0


def test_weechat_asks_for_history(house: House) -> None:
    ann = house.opens()
    ann.send(*(f"PRIVMSG #lobby :line {number}" for number in range(8)))
    ann.settled()
    weechat = house.comes(WeeChat, True)
    arrives(weechat, ann)
    # It knows no command for this, so a person types the line.
    weechat.commands(
        "/quote CAP REQ :batch draft/chathistory", "/quote CHATHISTORY LATEST #lobby * 5"
    )
    wait_until(lambda: weechat.shown("#lobby", "line 7$") > 1, weechat.everything)
    assert [weechat.shown("#lobby", f"line {number}$") for number in (2, 3, 7)] == [1, 2, 2]
