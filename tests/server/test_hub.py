"""The hub: durable first, in order, one batch at a time; who comes, who watches and what time does."""

from __future__ import annotations

import asyncio
import socket
from functools import partial
from pathlib import Path

import msgspec
import pytest

from hubbub.core import entries
from hubbub.core.ids import NO_SESSION
from hubbub.edge.session import Phase
from hubbub.irc.names import fold_nick
from hubbub.server import hub as hub_module
from hubbub.server.connection import Connection, Welcome
from hubbub.server.http import Site
from tests.server.rig import FULL, PATIENCE, Node, Wire, has, with_hub
from tests.world import RULES

# -- durable first ------------------------------------------------------------------------


def test_nobody_is_shown_anything_before_it_is_stored(tmp_path: Path) -> None:
    async def scenario(node: Node) -> None:
        ann, bob = await node.join("ann", "echo-message"), await node.join("bob")
        await node.settled()
        ann.heard, bob.heard = [], []
        node.store.hold()
        ann.send("PRIVMSG #lobby :one")
        while node.store.at_once == 0:
            await node.store.commit_begun()
        assert ann.heard == bob.heard == []
        # Not even what only reads: it would show what isn't stored yet.
        bob.send("NAMES #lobby", "PING :now")
        await asyncio.sleep(0)
        assert bob.heard == []
        node.store.go.set()
        assert await bob.until("PRIVMSG") == [":ann!~ann@host.test PRIVMSG #lobby one"]
        assert await ann.until("PRIVMSG") == [":ann!~ann@host.test PRIVMSG #lobby one"]
        await bob.until("PONG hub.test now")

    with_hub(tmp_path, scenario)


def test_what_comes_while_a_batch_is_stored_makes_one_next_batch(tmp_path: Path) -> None:
    async def scenario(node: Node) -> None:
        ann, bob = await node.join("ann"), await node.join("bob")
        await node.settled()
        before = len(node.store.commits)
        node.store.hold()
        ann.send("PRIVMSG #lobby :0")
        await node.store.commit_begun()
        for number in range(1, 10):
            ann.send(f"PRIVMSG #lobby :{number}")
            await asyncio.sleep(0)
        node.store.go.set()
        heard = await bob.until("#lobby 9")
        assert [line[-1] for line in heard if "PRIVMSG" in line] == list("0123456789")
        assert len(node.store.commits) - before == 2
        assert node.store.most_at_once == 1

    with_hub(tmp_path, scenario)


@pytest.mark.parametrize("gathers", [True, False])
def test_what_several_say_at_once_is_one_batch_unless_it_waits_too_long(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, gathers: bool
) -> None:
    monkeypatch.setattr(hub_module, "GATHER_SECONDS", PATIENCE if gathers else 0)

    async def scenario(node: Node) -> None:
        ann, bob = await node.join("ann"), await node.join("bob")
        await node.settled()
        before = len(node.store.commits)
        for number in range(10):
            ann.send(f"PRIVMSG #lobby :{number}", f"PRIVMSG #lobby :{number}")
            await asyncio.sleep(0)
        await bob.until("#lobby 9")
        made = len(node.store.commits) - before
        assert made == 1 if gathers else made > 1

    with_hub(tmp_path, scenario)


def test_what_only_asks_comes_after_what_was_said_before(tmp_path: Path) -> None:
    async def scenario(node: Node) -> None:
        ann, bob = await node.join("ann"), await node.join("bob")
        await node.settled()
        bob.heard = []
        node.store.hold()
        ann.send("PRIVMSG #lobby :one", "QUIT :gone")
        await node.store.commit_begun()
        bob.send("PING first", "NAMES #lobby")
        node.store.go.set()
        heard = [line.split(" ")[1] for line in await bob.until(" 366 ")]
        assert heard == ["PRIVMSG", "QUIT", "PONG", "353", "366"]
        assert not ann.is_open

    with_hub(tmp_path, scenario)


def test_who_is_sent_away_hears_what_was_said_before_and_nothing_after(tmp_path: Path) -> None:
    async def scenario(node: Node) -> None:
        ann, bob, cyd = [await node.join(nick) for nick in ("ann", "bob", "cyd")]
        await node.settled()
        bob.heard, cyd.heard = [], []
        node.store.go.clear()
        ann.send("PRIVMSG #lobby :one")
        kicked = asyncio.ensure_future(
            node.hub.operate(entries.Disconnect(NO_SESSION, "bob", "enough"))
        )
        await asyncio.sleep(0)
        bob.send("PRIVMSG #lobby :too late")
        ann.send("PRIVMSG #lobby :two")
        node.store.go.set()
        assert await kicked == []
        assert [line.split(" ")[1] for line in await cyd.until(" two")] == [
            "PRIVMSG",
            "QUIT",
            "PRIVMSG",
        ]
        assert [line.split(" ")[0] for line in bob.heard if "PRIVMSG" in line] == [
            ":ann!~ann@host.test"
        ]
        assert bob.heard[-1].startswith("ERROR ")
        assert not bob.is_open

    with_hub(tmp_path, scenario)


def test_passing_signals_are_shown_and_never_stored(tmp_path: Path) -> None:
    async def scenario(node: Node) -> None:
        ann, bob = await node.join("ann", "message-tags"), await node.join("bob", "message-tags")
        ann.send("@+typing=active TAGMSG #lobby", "PRIVMSG #lobby :hi")
        heard = await bob.until("PRIVMSG")
        assert has(heard, "TAGMSG #lobby")
        await node.settled()
        said = [
            entry.verb
            for commit in node.store.commits
            for entry in commit.batch.entries
            if isinstance(entry, entries.Say)
        ]
        assert said == ["PRIVMSG"]

    with_hub(tmp_path, scenario)


def test_a_batch_has_a_bound_and_the_rest_follows(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(hub_module, "BATCH_TASKS", 3)

    async def scenario(node: Node) -> None:
        ann, bob = await node.join("ann"), await node.join("bob")
        before = len(node.store.commits)
        ann.send(*(f"PRIVMSG #lobby :{number}" for number in range(8)))
        heard = await bob.until("#lobby 7")
        assert [line[-1] for line in heard if "PRIVMSG" in line] == list("01234567")
        assert len(node.store.commits) - before == 3

    with_hub(tmp_path, scenario)


def test_when_too_much_waits_no_more_is_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(hub_module, "WAITING_TASKS", 2)

    async def scenario(node: Node) -> None:
        ann, bob = await node.join("ann"), await node.join("bob")
        ann.send(*(f"PRIVMSG #lobby :{number}" for number in range(6)))
        assert ann.paused
        assert ann.lines is not None
        assert len(ann.lines) == 4
        heard = await bob.until("#lobby 5")
        assert [line[-1] for line in heard if "PRIVMSG" in line] == list("012345")
        assert not ann.paused

    with_hub(tmp_path, scenario)


# -- registration -------------------------------------------------------------------------


def test_what_is_sent_before_the_welcome_waits_for_it(tmp_path: Path) -> None:
    async def scenario(node: Node) -> None:
        ann = node.arrive()
        ann.send("NICK ann", "USER ann 0 * :ann", "JOIN #x", "PRIVMSG #x :hi", "PING :done")
        heard = await ann.until("PONG hub.test done")
        assert not has(heard, " 451 ")
        assert has(heard, " 366 ann #x ")

    with_hub(tmp_path, scenario)


def test_two_who_want_one_name_at_once(tmp_path: Path) -> None:
    async def scenario(node: Node) -> None:
        first, second = node.arrive(), node.arrive()
        node.store.go.clear()
        for wire in (first, second):
            wire.send("NICK ann", "USER ann 0 * :ann")
        node.store.go.set()
        await first.until(" 001 ann ")
        assert await second.until(" 433 ") == [":hub.test 433 * ann :Nickname is already in use"]
        assert second.session.phase is Phase.REGISTERING
        second.send("NICK bea")
        await second.until(" 001 bea ")

    with_hub(tmp_path, scenario)


def test_who_isnt_invited_is_told_so_before_the_end(tmp_path: Path) -> None:
    async def scenario(node: Node) -> None:
        ann = node.arrive()
        assert ann.session.registration is not None
        ann.session.registration.admitted = False
        ann.send("NICK ann", "USER ann 0 * :ann")
        heard = await ann.until("ERROR")
        assert " 464 " in heard[0]
        assert not ann.is_open

    with_hub(tmp_path, scenario, rules=msgspec.structs.replace(RULES, guests="invite"))


def test_the_same_device_takes_its_name_over(tmp_path: Path) -> None:
    async def scenario(node: Node) -> None:
        bob = await node.join("bob")
        old = await node.join("ann", device="a-device-token-of-ann")
        old.send("JOIN #x")
        await old.until(" 366 ann #x ")
        await bob.until("ann!~ann@host.test JOIN")
        # Somebody speaks in between, so that the rooms' audiences are remembered.
        assert await bob.ask("PRIVMSG #lobby :before") == []
        new = node.arrive()
        new.send("DEVICE a-device-token-of-ann")
        assert await bob.ask("PRIVMSG #lobby :between") == []
        new.send("NICK ann", "USER ann 0 * :ann")
        heard = await new.until(" 366 ann #x ")
        assert has(heard, ":ann!~ann@host.test JOIN #lobby")
        assert has(heard, ":ann!~ann@host.test JOIN #x")
        assert not old.is_open
        assert old.heard[-1].startswith("ERROR :Closing link: Replaced by a newer connection")
        assert await bob.ask("PRIVMSG #lobby :after") == []
        assert (await new.until("PRIVMSG"))[-1].endswith("after")
        assert not has(old.heard, "after")

    with_hub(tmp_path, scenario)


# -- who watches whom ---------------------------------------------------------------------


def test_who_watches_is_told_once_it_is_stored(tmp_path: Path) -> None:
    async def scenario(node: Node) -> None:
        ann = await node.join("ann", "extended-monitor away-notify")
        assert await ann.ask("PART #lobby", "MONITOR + bob") == [
            ":ann!~ann@host.test PART #lobby",
            ":hub.test 731 ann bob",
        ]
        bob = await node.join("bob")
        bob.send("AWAY :out", "QUIT")
        assert await ann.until("731") == [
            ":hub.test 730 * bob!~bob@host.test",
            ":bob!~bob@host.test AWAY out",
            ":hub.test 731 * bob",
        ]

    with_hub(tmp_path, scenario)


def test_who_watches_itself_is_told_once(tmp_path: Path) -> None:
    async def scenario(node: Node) -> None:
        ann = await node.join("ann", "extended-monitor setname batch labeled-response")
        await ann.ask("MONITOR + ann")
        assert await ann.ask("SETNAME Ann", "@label=l SETNAME Anna") == [
            ":ann!~ann@host.test SETNAME Ann",
            "@label=l :ann!~ann@host.test SETNAME Anna",
        ]

    with_hub(tmp_path, scenario)


def test_a_list_is_gone_with_its_connection_even_when_it_was_still_to_be_made(
    tmp_path: Path,
) -> None:
    async def scenario(node: Node) -> None:
        ann = await node.join("ann")
        await ann.ask("MONITOR + bob")
        ann.send("MONITOR + cat")
        ann.drop("gone")
        await node.settled()
        watches = node.hub._watches
        assert (tuple(watches.of(fold_nick("bob"))), tuple(watches.of(fold_nick("cat")))) == (
            (),
            (),
        )

    with_hub(tmp_path, scenario)


# -- the operator, time -------------------------------------------------------------------


def test_the_operator_hears_what_came_of_it(tmp_path: Path) -> None:
    async def scenario(node: Node) -> None:
        ann = await node.join("ann")
        [refusal] = await node.hub.operate(entries.Disconnect(NO_SESSION, "nobody", ""))
        assert refusal.command == "401"
        node.store.error = FULL
        [refusal] = await node.hub.operate(entries.Announce(NO_SESSION, "#lobby", "hear!"))
        assert refusal.params[:2] == ("*", "TEMPORARILY_UNAVAILABLE")
        node.store.error = None
        assert await node.hub.operate(entries.Announce(NO_SESSION, "#lobby", "hear!")) == []
        assert (await ann.until("hear!"))[-1] == ":hub.test NOTICE #lobby hear!"
        assert await node.hub.operate(entries.Disconnect(NO_SESSION, "ann", "enough")) == []
        await ann.until("ERROR :Closing link: Kicked: enough")
        assert not ann.is_open

    with_hub(tmp_path, scenario)


def test_new_rules_hold_from_the_next_line_or_not_at_all(tmp_path: Path) -> None:
    async def scenario(node: Node) -> None:
        ann = await node.join("ann")
        new = type(RULES)(server_name="hub.test", network="Test", motd="changed", replay_lines=0)
        node.store.error = FULL
        [refusal] = await node.hub.reconfigure(new)
        assert "Not stored" in refusal.params[-1]
        assert has(await ann.ask("MOTD"), " 422 ")
        node.store.error = None
        assert await node.hub.reconfigure(new) == []
        assert has(await ann.ask("MOTD"), "changed")

    with_hub(tmp_path, scenario)


def test_no_connection_is_left_open_at_the_end(tmp_path: Path) -> None:
    async def scenario(node: Node) -> None:
        here, there = socket.socketpair()
        welcome = Welcome(None, True, 65_536, Site(1))
        session = node.hub.next_session("host.test", "")
        loop = asyncio.get_running_loop()
        node.hub.admit(Connection(here, "127.0.0.1", node.hub, session, welcome, loop))
        await node.hub.stop("over")
        # The other side hasn't closed, and isn't waited for.
        assert here.fileno() == -1
        assert there.recv(100) == b"ERROR :Closing link: over\r\n"
        there.close()

    with_hub(tmp_path, scenario)


# -- behind proxies and gateways ----------------------------------------------------------


def test_a_connection_that_a_proxy_hands_on_counts_where_it_comes_from(tmp_path: Path) -> None:
    async def scenario(node: Node) -> None:
        hub = node.hub
        wire = node.arrive("10.0.0.1")
        registration = wire.session.registration
        assert registration is not None
        registration.gateway = "hunter22"
        assert hub.per_address.counts == {"10.0.0.1": 1}
        hub.moved(wire, "2001:db8::1")  # type: ignore[arg-type]
        assert (wire.peer, wire.session.address, wire.session.host) == ("2001:db8::1",) * 3
        assert hub.per_address.counts == {"2001:db8::/64": 1}
        assert registration.gateway == ""
        wire.drop("gone")
        assert hub.per_address.counts == {}

    with_hub(tmp_path, scenario)


def test_a_gateway_says_for_whom_it_connects(tmp_path: Path) -> None:
    async def scenario(node: Node) -> None:
        wire = node.arrive("10.0.0.1")
        assert wire.session.registration is not None
        wire.session.registration.gateway = "hunter22"
        wire.send("WEBIRC hunter22 kiwi a.example.org 192.0.2.1", "NICK ann", "USER ann 0 * :Ann")
        assert has(await wire.until(" 366 "), "ann!~ann@a.example.org")
        assert wire.peer == "192.0.2.1"
        assert node.hub.per_address.counts == {"192.0.2.1": 1}

    with_hub(tmp_path, scenario)


def test_others_see_the_cloak_of_whom_a_proxy_or_gateway_hands_on(tmp_path: Path) -> None:
    async def scenario(node: Node) -> None:
        cloak = node.hub.cloaks.host_of("192.0.2.1")
        assert node.hub.host_of("192.0.2.1") == cloak != "192.0.2.1"
        proxied, gated = node.arrive("10.0.0.1"), node.arrive("10.0.0.1")
        node.hub.moved(proxied, "192.0.2.1")  # type: ignore[arg-type]
        assert gated.session.registration is not None
        gated.session.registration.gateway = "hunter22"
        gated.send("WEBIRC hunter22 kiwi a.example.org 192.0.2.1")
        for nick, wire in (("ann", proxied), ("bob", gated)):
            wire.send(f"NICK {nick}", f"USER {nick} 0 * :Somebody")
            assert has(await wire.until(" 366 "), f"{nick}!~{nick}@{cloak}")

    with_hub(tmp_path, scenario, rules=msgspec.structs.replace(RULES, cloaks=True))


def _arrive_behind(node: Node, by_gateway: bool, address: str) -> Wire:
    """Somebody comes from an address by a WEBIRC gateway, or by a proxy."""
    wire = node.arrive("10.0.0.1")
    if by_gateway:
        assert wire.session.registration is not None
        wire.session.registration.gateway = "hunter22"
        wire.send(f"WEBIRC hunter22 kiwi {address} {address}")
    else:
        node.hub.moved(wire, address)  # type: ignore[arg-type]
    return wire


@pytest.mark.parametrize("by_gateway", [False, True])
def test_the_limit_of_an_address_holds_behind_proxies_too(tmp_path: Path, by_gateway: bool) -> None:
    async def scenario(node: Node) -> None:
        node.hub.most_per_address = 1

        arrive = partial(_arrive_behind, node, by_gateway)
        assert arrive("192.0.2.1").is_open
        assert arrive("192.0.2.2").is_open
        assert arrive("127.0.0.1").is_open
        assert arrive("127.0.0.1").is_open
        refused = arrive("192.0.2.1")
        assert not refused.is_open
        assert refused.heard == ["ERROR :Closing link: Too many connections from your address"]
        assert node.hub.per_address.counts["192.0.2.1"] == 1

    with_hub(tmp_path, scenario)


def test_the_log_does_not_have_what_people_say_at_leaving(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    async def scenario(node: Node) -> None:
        ann = await node.join("ann")
        with caplog.at_level("INFO", "hubbub"):
            ann.send("QUIT :between us")
            await node.settled()
        assert ann.heard[-1] == "ERROR :Closing link: Quit: between us"
        assert "ann 127.0.0.1: Quit" in caplog.text
        assert "between us" not in caplog.text

    with_hub(tmp_path, scenario)


@pytest.mark.parametrize("by_gateway", [False, True])
def test_how_often_an_address_comes_is_counted_behind_proxies(
    tmp_path: Path, by_gateway: bool
) -> None:
    async def scenario(node: Node) -> None:
        node.hub.arrivals.allow(2)

        arrive = partial(_arrive_behind, node, by_gateway)
        for address in ("192.0.2.1", "192.0.2.1", "192.0.2.2", *["127.0.0.1"] * 5):
            wire = arrive(address)
            assert wire.is_open
            wire.drop("gone")
        refused = arrive("192.0.2.1")
        assert not refused.is_open
        assert refused.heard == [
            "ERROR :Closing link: Too many new connections from your address: try again in a minute"
        ]

    with_hub(tmp_path, scenario)
