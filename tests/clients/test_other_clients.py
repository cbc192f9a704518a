"""People with irssi, WeeChat and ii in one chat with people who have ours."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from tests.clients.programs import Ii, IrcClient, Irssi, WeeChat
from tests.stage import Person, Server, wait_until

CLIENTS = [
    pytest.param((Irssi, True), id="irssi-tls"),
    pytest.param((Irssi, False), id="irssi-plain"),
    pytest.param((WeeChat, True), id="weechat-tls"),
    pytest.param((WeeChat, False), id="weechat-plain"),
    pytest.param((Ii, False), id="ii-plain"),
]
NICK = "ira"


class Chat:
    """A server, and people who come to it."""

    def __init__(self, home: Path, stack: ExitStack) -> None:
        self._home = home
        self._stack = stack
        self.server = Server(home)
        stack.callback(self.server.close)
        self.server.start()

    def ours(self, *names: str) -> list[Person]:
        """These come with our client."""
        people = []
        for name in names:
            people.append(Person(name, self.server.address, self._home))
            self._stack.callback(people[-1].close)
        for person in people:
            person.settles()
        return people

    def comes(self, kind: type[IrcClient], tls: bool) -> IrcClient:
        """`NICK` comes with another one."""
        client = kind(NICK, self.server, self._home / NICK, tls)
        self._stack.callback(client.close)
        return client


@pytest.fixture
def chat(tmp_path: Path) -> Iterator[Chat]:
    with ExitStack() as stack:
        yield Chat(tmp_path, stack)


@pytest.fixture(params=CLIENTS)
def kind(request: pytest.FixtureRequest) -> tuple[type[IrcClient], bool]:
    client, tls = request.param
    if not client.is_installed():
        pytest.skip(f"{client.program} is not installed (.ci/run installs it)")
    return client, tls


def test_an_evening_in_the_chat(chat: Chat, kind: tuple[type[IrcClient], bool]) -> None:
    bob, carol = chat.ours("bob", "carol")
    bob.says("you should have been here earlier", "/me yawns")
    carol.sees("* bob yawns")

    ira = chat.comes(*kind)
    finds_history(ira)
    bob.sees(f"{NICK} joined #lobby")
    talks(ira, bob)
    whispers(ira, bob, carol)
    sees_people_come_and_go(ira, bob, carol, chat)

    ira.quits("good night")
    bob.sees(f"{NICK} left", "good night")
    for place in ("#lobby", "bob"):
        said = [line for line in ira.lines(place) if "once:" in line]
        assert said
        assert len(said) == len({re.sub(r"^\S+( \S+:\S+)?\s", "", line) for line in said}), said


def finds_history(ira: IrcClient) -> None:
    """What was said before it came is there, once; where it can't be told the time, the text has it."""
    clock = "" if ira.tells_time else r"\[\d\d:\d\d\] "
    ira.sees("#lobby", f"bob\\W.*{clock}yawns")
    (line,) = (line for line in ira.lines("#lobby") if "you should have been here earlier" in line)
    assert re.search(f"bob\\W+{clock}you should", line)


def talks(ira: IrcClient, bob: Person) -> None:
    ira.says("#lobby", "once: hello, 你好 — I'm new")
    bob.sees(f"<{NICK}> once: hello, 你好 — I'm new")
    bob.says("once: hello to you", "//help: a line with a slash")
    ira.sees("#lobby", ira.message("bob", "once: hello to you"))
    ira.sees("#lobby", ira.message("bob", "/help: a line with a slash"))


def whispers(ira: IrcClient, bob: Person, carol: Person) -> None:
    bob.says(f"/whisper {NICK} once: between you and me")
    ira.sees("bob", ira.message("bob", "once: between you and me"))
    ira.says("bob", "once: my lips are sealed")
    bob.sees(f"[whisper from {NICK}] once: my lips are sealed")
    bob.says("/topic everything but that")
    carol.sees("everything but that")
    assert "between you and me" not in carol.out
    assert "lips" not in carol.out
    assert ira.shown("#lobby", "between|lips") == 0


def sees_people_come_and_go(ira: IrcClient, bob: Person, carol: Person, chat: Chat) -> None:
    (dave,) = chat.ours("dave")
    ira.sees("#lobby", r"dave\W.*has joined #lobby")
    dave.says("/leave #lobby too late for me")
    ira.sees("#lobby", r"dave\W.*has left #lobby")

    # A room of bob's own, so that he may put somebody out of it.
    bob.says("/join #garden")
    bob.settles("#garden")
    ira.joins("#garden")
    bob.sees(f"{NICK} joined #garden")
    carol.says("/join #garden")
    ira.sees("#garden", r"carol\W.*has joined #garden")
    bob.says("/raw KICK #garden carol :mind the roses")
    ira.sees("#garden", r"(bob.*carol|carol.*bob).*mind the roses")
    wait_until(lambda: "mind the roses" in carol.err, lambda: carol.err)
