"""Two devices of one account and somebody else: one name, one chat, and each device misses nothing."""

from __future__ import annotations

import re
import secrets
import socket
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from hubbub.client.connection import Connection
from hubbub.client.events import Event, Gap, MessageShown
from tests.clients.wires import Wire, register
from tests.stage import PATIENCE, Server

NAME, PASSWORD = "ann", "correct-horse-battery"
TEN = [f"message {number}" for number in range(10)]


class House:
    """A server with Ann's account, and Bob, who is a guest and stays."""

    def __init__(self, home: Path, stack: ExitStack) -> None:
        self._stack = stack
        self.server = Server(home)
        stack.callback(self.server.close)
        self.server.start()
        register(self.server, NAME, PASSWORD)
        self.bob = self.comes("bob")

    def comes(self, nick: str, password: str = "") -> Wire:
        """Somebody by hand."""
        wire = Wire(self.server)
        self._stack.callback(wire.close)
        return wire.arrives(nick, password=password)

    def device(self) -> Device:
        """A device of Ann's that has our client, not connected yet."""
        device = Device(self.server.port)
        self._stack.callback(device.goes)
        return device


class Device:
    """Our client's model on a socket; all that it shows is kept through its connections."""

    def __init__(self, port: int) -> None:
        self._port = port
        self._socket: socket.socket | None = None
        self.model = Connection(
            NAME,
            run_token=secrets.token_hex(8),
            device=secrets.token_urlsafe(24),
            account=(NAME, PASSWORD),
            rooms=("#lobby",),
        )
        self.shown: list[MessageShown] = []
        self.gaps: list[Gap] = []

    def comes(self) -> Device:
        """It connects and has caught up when this returns."""
        self._socket = socket.create_connection(("127.0.0.1", self._port), PATIENCE)
        self._socket.settimeout(0.1)
        self._take(self.model.connection_made(time.monotonic()))
        self.until(lambda: self.model.ready_in("#lobby") and self.model.settled)
        return self

    def goes(self) -> None:
        """Its connection breaks."""
        if self._socket is not None:
            self._socket.close()
            self._socket = None
            self._take(self.model.connection_lost("gone", time.monotonic()))

    def says(self, target: str, text: str) -> None:
        """Says something, and waits for the server's answer."""
        self.model.say(target, text)
        self._take(self.model.take_events())
        self.until(lambda: self.times(text) > 0)

    def sees(self, text: str) -> MessageShown:
        """Waits until it has shown a message."""
        self.until(lambda: self.times(text) > 0)
        return next(message for message in self.shown if message.text == text)

    def times(self, text: str) -> int:
        """How often it has shown a message."""
        return sum(message.text == text for message in self.shown)

    def settles(self) -> None:
        """Waits for all that the server had for it until now."""
        self.model.questions.sync()
        self._take([])
        self.until(lambda: self.model.settled)

    def until(self, so: Callable[[], bool]) -> None:
        """Reads and writes until something is so."""
        assert self._socket is not None
        deadline = time.monotonic() + PATIENCE
        while not so():
            assert time.monotonic() < deadline, self.shown
            try:
                data = self._socket.recv(1 << 16)
                assert data, "the server hung up"
                self._take(self.model.receive(data, time.monotonic()))
            except TimeoutError:
                self._take(self.model.tick(time.monotonic()))

    def _take(self, events: list[Event]) -> None:
        data = self.model.data_to_send()
        if data and self._socket is not None:
            self._socket.sendall(data)
        for event in events:
            if isinstance(event, MessageShown):
                self.shown.append(event)
            elif isinstance(event, Gap):
                self.gaps.append(event)


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    with ExitStack() as stack:
        yield House(tmp_path, stack)


def msgid(line: str) -> str:
    found = re.search(r"[@;]msgid=([^; ]+)", line)
    assert found is not None, line
    return found[1]


def moment(line: str) -> str:
    found = re.search(r"[@;]time=([^; ]+)", line)
    assert found is not None, line
    return found[1]


def test_what_one_device_does_shows_on_the_other(house: House) -> None:
    bob = house.bob
    phone, desk = house.comes(NAME, PASSWORD), house.comes(NAME, PASSWORD)

    phone.send("PRIVMSG #lobby :from the phone")
    echo = phone.sees(" PRIVMSG #lobby :from the phone$")
    assert msgid(desk.sees(":ann!.* PRIVMSG #lobby :from the phone$")) == msgid(echo)
    assert msgid(bob.sees(":ann!.* PRIVMSG #lobby :from the phone$")) == msgid(echo)

    desk.send("PRIVMSG bob :from the desk")
    phone.sees(":ann!.* PRIVMSG bob :from the desk$")
    bob.sees(":ann!.* PRIVMSG bob :from the desk$")
    bob.send("PRIVMSG ann :to both")
    for device in (phone, desk):
        line = device.sees(":bob!.* PRIVMSG ann :to both$")

    phone.send(f"MARKREAD bob timestamp={moment(line)}")
    assert desk.sees(" MARKREAD bob timestamp=").endswith(moment(line))
    desk.send(f"REDACT #lobby {msgid(echo)} :not so")
    for person in (phone, desk, bob):
        person.sees(f":ann!.* REDACT #lobby {msgid(echo)} :not so$")
    desk.send("JOIN #garden")
    phone.sees(":ann!.* JOIN #garden ")

    bob.settled()
    assert not any("MARKREAD bob" in line for line in bob.lines)
    for person in (phone, desk, bob):
        person.settled()
        said = Counter(msgid(line) for line in person.lines if " PRIVMSG " in line)
        assert set(said.values()) == {1}, person.lines


def test_each_device_fetches_ten_messages_once(house: House) -> None:
    bob = house.bob
    devices = [house.comes(NAME, PASSWORD) for _ in range(2)]
    bob.send("PRIVMSG #lobby :the last that was seen", "PRIVMSG ann :and between us")
    seen = []
    for device in devices:
        room = msgid(device.sees(" PRIVMSG #lobby :the last"))
        seen.append((room, msgid(device.sees(" PRIVMSG ann :and between"))))
        device.close()
    bob.send(*(f"PRIVMSG #lobby :{text}" for text in TEN[:5]))
    bob.send(*(f"PRIVMSG ann :{text}" for text in TEN[5:]))
    bob.settled()
    read = ""
    for room, person in seen:
        device = house.comes(NAME, PASSWORD)
        # What the other one has read meanwhile is told with the room.
        assert device.sees(" MARKREAD #lobby ").endswith(f"MARKREAD #lobby {read or '*'}")
        device.ask(f"CHATHISTORY AFTER #lobby msgid={room} 100")
        device.ask(f"CHATHISTORY AFTER bob msgid={person} 100")
        said = [line.partition(" :message ")[2] for line in device.lines if " :message " in line]
        assert said == [text.removeprefix("message ") for text in TEN]
        read = f"timestamp={moment(device.sees(' PRIVMSG #lobby :message 4$'))}"
        device.send(f"MARKREAD #lobby {read}")
        device.settled()
        device.close()


def test_our_client_on_two_devices(house: House) -> None:
    bob = house.bob
    phone, desk = house.device().comes(), house.device().comes()
    phone.says("#lobby", "from the phone")
    assert desk.sees("from the phone").own
    bob.sees(":ann!.* PRIVMSG #lobby :from the phone$")
    desk.says("bob", "from the desk")
    whisper = phone.sees("from the desk")
    assert (whisper.room, whisper.own, whisper.whisper) == ("bob", True, True)

    for device in (phone, desk):
        device.goes()
    bob.send(*(f"PRIVMSG #lobby :{text}" for text in TEN[:5]))
    bob.send(*(f"PRIVMSG ann :{text}" for text in TEN[5:]))
    bob.settled()
    for device in (phone, desk):
        device.comes()
        for text in TEN:
            device.sees(text)
        device.settles()
        assert [message.text for message in device.shown if not message.whisper][-5:] == TEN[:5]
        assert [message.text for message in device.shown if message.whisper][-5:] == TEN[5:]
    for device in (phone, desk):
        device.settles()
        assert set(Counter(message.text for message in device.shown).values()) == {1}
        assert not device.gaps


def test_a_crash_in_between_changes_nothing(house: House) -> None:
    phone, desk = house.device().comes(), house.device().comes()
    phone.says("#lobby", "before")
    desk.sees("before")
    house.server.crash()
    house.bob.close()
    for device in (phone, desk):
        device.goes()
    house.server.start()
    phone.comes().says("#lobby", "after")
    desk.comes().sees("after")
    for device in (phone, desk):
        device.settles()
        assert [message.text for message in device.shown] == ["before", "after"]
