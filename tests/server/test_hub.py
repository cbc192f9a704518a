"""The hub: durable first, in order, one batch at a time, and what happens when it can't be stored."""

from __future__ import annotations

import asyncio
import re
from pathlib import Path

import msgspec
import pytest

from hubbub.commands.table import ROWS
from hubbub.core import entries
from hubbub.core.apply import HANDLERS
from hubbub.core.ids import NO_SESSION
from hubbub.core.tables import dump
from hubbub.edge.codes import digest
from hubbub.edge.session import Phase
from hubbub.irc.names import fold_nick, fold_room
from hubbub.server import hub as hub_module
from hubbub.server.fanout import Fanout
from hubbub.server.flight import UNDER_WAY
from hubbub.server.intake import Pace
from hubbub.store.errors import StoreError, Trouble
from tests.server.rig import FULL, Node, Wire, with_hub
from tests.world import RULES

CHATHISTORY = "batch draft/chathistory echo-message labeled-response message-tags standard-replies"


def has(lines: list[str], words: str) -> bool:
    return any(words in line for line in lines)


# -- durable first ------------------------------------------------------------------------


def test_nobody_is_shown_anything_before_it_is_stored(tmp_path: Path) -> None:
    async def scenario(node: Node) -> None:
        ann, bob = await node.join("ann", "echo-message"), await node.join("bob")
        await node.settled()
        ann.heard, bob.heard = [], []
        node.store.begun.acquire(blocking=False)
        node.store.go.clear()
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
        node.store.go.clear()
        ann.send("PRIVMSG #lobby :0")
        for number in range(1, 10):
            ann.send(f"PRIVMSG #lobby :{number}")
            await asyncio.sleep(0)
        node.store.go.set()
        heard = await bob.until("#lobby 9")
        assert [line[-1] for line in heard if "PRIVMSG" in line] == list("0123456789")
        assert len(node.store.commits) - before == 2
        assert node.store.most_at_once == 1

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


# -- the order of what a session is answered ----------------------------------------------


def test_answers_come_in_the_order_of_the_lines(tmp_path: Path) -> None:
    async def scenario(node: Node) -> None:
        ann = await node.join("ann", "echo-message")
        heard = await ann.ask(
            "PING :1", "PRIVMSG #lobby :hi", "PING :2", "NAMES #lobby", "PING :3", "RUBBISH"
        )
        kinds = [line.split()[1] for line in heard]
        assert kinds == ["PONG", "PRIVMSG", "PONG", "353", "366", "PONG", "421"]

    with_hub(tmp_path, scenario)


def test_history_has_what_was_said_before_and_comes_before_what_follows(tmp_path: Path) -> None:
    async def scenario(node: Node) -> None:
        ann, bob = await node.join("ann", CHATHISTORY), await node.join("bob")
        node.store.answering.clear()
        ann.send(
            "PRIVMSG #lobby :first",
            "@label=h CHATHISTORY LATEST #lobby * 5",
            "PRIVMSG #lobby :second",
            "PING :last",
        )
        await ann.until("first")
        bob.send("PRIVMSG #lobby :meanwhile", "PING :told")
        await bob.until("told")
        assert not has(ann.heard, "second")
        node.store.answering.set()
        heard = await ann.until("PONG hub.test last")
        order = [
            next(word for word in ("BATCH +", "first", "BATCH -", "second", "last") if word in line)
            for line in heard
            if "meanwhile" not in line
        ]
        assert order == ["BATCH +", "first", "BATCH -", "second", "last"]
        assert heard[0].startswith("@label=h ")
        # What others said meanwhile comes after the answer, too (and may be in it as well).
        live = next(
            i for i, line in enumerate(heard) if "meanwhile" in line and "batch=" not in line
        )
        assert live > next(i for i, line in enumerate(heard) if "BATCH -" in line)

    with_hub(tmp_path, scenario)


async def asked_at_once(node: Node, line: str, *people: Wire) -> list[list[str]]:
    """What each is shown who asks while both readers are busy, so that one reading may serve all."""
    busy = [await node.join(f"{people[0].session.nick}{number}", CHATHISTORY) for number in "12"]
    node.store.answering.clear()
    for number, one in enumerate(busy, 1):
        one.send(f"CHATHISTORY LATEST #lobby * {number}")
        await node.settled()
    for person in people:
        person.heard.clear()
        person.send(line, "PING done")
    await node.settled()
    node.store.answering.set()
    return [(await person.until("PONG hub.test done"))[:-1] for person in people]


def said(page: list[str]) -> list[str]:
    return [line.split()[-1] for line in page if "PRIVMSG" in line]


def test_who_asks_the_same_shares_what_is_made_of_it(tmp_path: Path) -> None:
    modern = "batch draft/chathistory message-tags"

    async def scenario(node: Node) -> None:
        ann, bob, cat = [await node.join(nick, modern) for nick in ("ann", "bob", "cat")]
        old, eve = await node.join("old", "draft/chathistory"), await node.join("eve", modern)
        await ann.ask("JOIN #team", "PRIVMSG #team :one", "PRIVMSG @#team :secret")
        for one in (bob, cat, old):
            await one.ask("JOIN #team")
        ask = "CHATHISTORY LATEST #team * 9"
        pages = await asked_at_once(node, ask, bob, cat, ann, old, eve)
        assert [said(page) for page in pages] == [["one"], ["one"], ["one", "secret"], ["one"], []]
        assert pages[0] == pages[1]  # down to the batch's name
        assert has(pages[0], "batch=b")
        assert has(pages[0], "msgid=")
        assert pages[3] == [":ann!~ann@host.test PRIVMSG #team one"]
        assert has(pages[4], "INVALID_TARGET")

    with_hub(tmp_path, scenario)


def test_a_shared_answer_bears_the_label_of_who_gave_one(tmp_path: Path) -> None:
    async def scenario(node: Node) -> None:
        ann, bob = await node.join("ann", CHATHISTORY), await node.join("bob", CHATHISTORY)
        await ann.ask("PRIVMSG #lobby :one")
        for page in await asked_at_once(node, "@label=x CHATHISTORY LATEST #lobby * 9", ann, bob):
            assert page[0].startswith("@label=x ")
            assert said(page) == ["one"]
        [page] = await asked_at_once(node, "CHATHISTORY LATEST #lobby * 9", bob)
        assert said(page) == ["one"]
        assert not has(page, "label")

    with_hub(tmp_path, scenario)


def test_at_once_too_a_private_rooms_past_is_for_who_was_there(tmp_path: Path) -> None:
    async def scenario(node: Node) -> None:
        ann, bob, late = [await node.join(nick, CHATHISTORY) for nick in ("ann", "bob", "late")]
        await ann.ask("JOIN #den", "MODE #den +i", "INVITE bob #den", "INVITE late #den")
        await bob.ask("JOIN #den")
        await ann.ask("PRIVMSG #den :before")
        await late.ask("JOIN #den")
        await ann.ask("PRIVMSG #den :after")
        pages = await asked_at_once(node, "CHATHISTORY LATEST #den * 9", bob, late)
        assert [said(page) for page in pages] == [["before", "after"], ["after"]]

    with_hub(tmp_path, scenario)


def test_a_connection_that_is_lost_while_its_history_is_read(tmp_path: Path) -> None:
    async def scenario(node: Node) -> None:
        ann, bob = await node.join("ann", CHATHISTORY), await node.join("bob")
        node.store.answering.clear()
        ann.send("CHATHISTORY LATEST #lobby * 5")
        await node.settled()
        ann.drop("Connection reset")
        await bob.until("QUIT :Connection reset")
        node.store.answering.set()
        again = await node.join("ann", CHATHISTORY)
        assert has(await again.ask("CHATHISTORY LATEST #lobby * 5"), "BATCH +")

    with_hub(tmp_path, scenario)


def test_a_history_that_cant_be_read_is_said_and_the_session_goes_on(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def scenario(node: Node) -> None:
        ann = await node.join("ann", CHATHISTORY)

        def fails(question: object) -> object:
            raise StoreError(Trouble.IO, "/secret/place can't be read")

        monkeypatch.setattr(node.store, "answer", fails)
        [answer] = await ann.ask("@label=x CHATHISTORY LATEST #lobby * 5")
        assert answer.startswith("@label=x :hub.test FAIL CHATHISTORY MESSAGE_ERROR :The history")
        assert "secret" not in answer
        assert "/secret/place can't be read" in caplog.text

        def surprises(question: object) -> object:
            raise ZeroDivisionError

        monkeypatch.setattr(node.store, "answer", surprises)
        [answer] = await ann.ask("@label=y CHATHISTORY LATEST #lobby * 5")
        assert answer.startswith("@label=y :hub.test FAIL * INTERNAL_ERROR")
        assert "this is a bug in Hubbub" in caplog.text

    with_hub(tmp_path, scenario)


def test_quit_after_messages_says_them_first(tmp_path: Path) -> None:
    async def scenario(node: Node) -> None:
        ann, bob = await node.join("ann"), await node.join("bob")
        await node.settled()
        bob.heard = []
        ann.send("PRIVMSG #lobby :one", "PRIVMSG #lobby :two", "QUIT :bye", "PRIVMSG #lobby :late")
        heard = await bob.until("QUIT")
        assert [line.split(" ", 1)[1] for line in heard] == [
            "PRIVMSG #lobby one",
            "PRIVMSG #lobby two",
            "QUIT :Quit: bye",
        ]
        assert not ann.is_open
        assert ann.heard[-1] == "ERROR :Closing link: Quit: bye"
        assert not node.hub.connections.keys() & {ann.session.id}

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


# -- too fast -----------------------------------------------------------------------------


def test_a_fast_client_is_slowed_and_its_lines_come_in_time(tmp_path: Path) -> None:
    async def scenario(node: Node) -> None:
        bob = await node.join("bob")
        ann = await node.join("ann")
        node.hub.intake.pace = Pace(lines_per_second=50, burst_lines=3, input_queue_lines=20)
        ann.send(*(f"PRIVMSG #lobby :{number}" for number in range(10)))
        assert ann.paused
        assert ann.lines is not None
        assert len(ann.lines) == 7
        heard = await bob.until("#lobby 9")
        assert [line[-1] for line in heard if "PRIVMSG" in line] == list("0123456789")
        assert not ann.paused

    with_hub(tmp_path, scenario)


def test_other_capabilities_show_in_all_rooms_and_concern_nobody_elses(tmp_path: Path) -> None:
    async def test(node: Node) -> None:
        alice, bob, cleo = [await node.join(nick) for nick in ("alice", "bob", "cleo")]
        await bob.ask("JOIN #ours", "JOIN #theirs")
        await cleo.ask("JOIN #theirs", "PART #lobby")
        await alice.ask("JOIN #ours")
        audiences, state = node.hub._audiences, node.hub.state
        theirs = audiences.of(state, state.rooms[fold_room("#theirs")].id)
        for asked, tagged in (("server-time", True), ("-server-time", False)):
            alice.send(f"CAP REQ {asked}")
            await alice.until(" ACK ")
            for room in ("#ours", "#lobby"):  # in a batch each, where who is there is remembered
                bob.send(f"PRIVMSG {room} :hi")
                assert (await alice.until("PRIVMSG"))[-1].startswith("@time=") is tagged
        assert audiences.of(state, state.rooms[fold_room("#theirs")].id) is theirs

    with_hub(tmp_path, test)


def test_a_message_of_several_lines_isnt_slowed_like_as_many_messages(tmp_path: Path) -> None:
    async def test(node: Node) -> None:
        alice, bob = await node.join("alice", "batch draft/multiline"), await node.join("bob")
        node.hub.intake.pace = Pace(lines_per_second=0.1, burst_lines=4, input_queue_lines=90)
        lines = [f"@batch=x PRIVMSG #lobby :{number}" for number in range(8)]
        alice.send("BATCH +x draft/multiline #lobby", *lines, "BATCH -x", "PRIVMSG #lobby :next")
        assert await bob.until(" #lobby 7")
        # Its two ends and eight lines cost four lines: what follows has to wait.
        assert not any("next" in line for line in bob.heard)
        assert alice.tokens < 1

    with_hub(tmp_path, test)


def test_other_lines_between_those_of_a_message_cost_what_they_always_do(tmp_path: Path) -> None:
    async def test(node: Node) -> None:
        alice, bob = await node.join("alice", "batch draft/multiline"), await node.join("bob")
        node.hub.intake.pace = Pace(lines_per_second=0.1, burst_lines=3, input_queue_lines=90)
        alice.send("BATCH +x draft/multiline #lobby", "PRIVMSG #lobby :one", "PRIVMSG #lobby :two")
        alice.send("PRIVMSG #lobby :three")
        await bob.until(" #lobby two")
        await node.settled()
        assert not any("three" in line for line in bob.heard)

    with_hub(tmp_path, test)


def test_lines_of_a_message_that_went_wrong_cost_what_others_do(tmp_path: Path) -> None:
    async def test(node: Node) -> None:
        alice = await node.join("alice", "batch draft/multiline")
        node.hub.intake.pace = Pace(lines_per_second=0.1, burst_lines=6, input_queue_lines=90)
        lines = [f"@batch=x PRIVMSG #other :{number}" for number in range(9)]
        alice.send("BATCH +x draft/multiline #lobby", *lines)
        await node.settled()
        assert alice.lines is not None
        assert len(alice.lines) == 4

    with_hub(tmp_path, test)


def test_what_only_asks_the_state_goes_in_one_batch(tmp_path: Path) -> None:
    async def test(node: Node) -> None:
        alice = await node.join("alice")
        before = len(node.store.commits)
        rooms = [f"#r{number}" for number in range(5)]
        heard = await alice.ask(
            *(f"JOIN {room}" for room in rooms), *(f"NAMES {room}" for room in rooms)
        )
        ends = [line.split()[3] for line in heard if " 366 " in line]
        assert ends == rooms * 2
        assert len(node.store.commits) == before + 1

    with_hub(tmp_path, test)


def test_no_more_than_some_answers_are_under_way(tmp_path: Path) -> None:
    async def test(node: Node) -> None:
        alice = await node.join("alice")
        node.store.go.clear()
        alice.send("JOIN #a", *(["NAMES #lobby"] * 40))
        assert alice.lines is not None
        assert len(alice.lines) == 41 - UNDER_WAY
        node.store.go.set()
        assert len([line for line in await alice.ask() if " 366 " in line]) == 41

    with_hub(tmp_path, test)


def test_a_long_question_holds_up_the_lines_after_it(tmp_path: Path) -> None:
    async def test(node: Node) -> None:
        alice = await node.join("alice", "batch draft/chathistory")
        node.store.answering.clear()
        alice.send("CHATHISTORY LATEST #lobby * 1", "CHATHISTORY LATEST #lobby * 2")
        await node.settled()
        assert alice.lines is not None
        assert len(alice.lines) == 1
        node.store.answering.set()
        assert len([line for line in await alice.ask() if " BATCH +" in line]) == 2

    with_hub(tmp_path, test)


def test_a_name_and_what_is_said_of_it_may_come_in_one_piece(tmp_path: Path) -> None:
    async def test(node: Node) -> None:
        alice = await node.join("alice")
        heard = await alice.ask("NICK ann", "MODE ann +i", "MODE ann", "MODE alice")
        assert [line.partition(" ")[2] for line in heard] == [
            "NICK ann",
            "MODE ann +i",
            "221 ann +i",
            "401 ann alice :No such nick/channel",
        ]

    with_hub(tmp_path, test)


def test_an_invite_lets_in_who_says_all_in_one_piece(tmp_path: Path) -> None:
    rules = msgspec.structs.replace(RULES, guests="invite")

    async def test(node: Node) -> None:
        code = "2222-2222-2222-2222-2222"
        issue = entries.IssueCode(NO_SESSION, "invite", digest(code))
        assert await node.hub.operate(issue) == []
        ann, eve = node.arrive(), node.arrive()
        for wire in (ann, eve):
            assert wire.session.registration is not None
            wire.session.registration.admitted = False
        ann.send(f"PASS {code}", "NICK ann", "USER ann 0 * :Ann")
        await ann.until(" 001 ann ")
        eve.send(f"PASS {code[:-1]}3", "NICK eve", "USER eve 0 * :Eve")
        assert has(await eve.until("ERROR"), " 464 ")

    with_hub(tmp_path, test, rules=rules)


def test_a_message_is_pinned_before_the_next_line_is_read(tmp_path: Path) -> None:
    async def test(node: Node) -> None:
        alice = await node.join("alice", "batch message-tags echo-message")
        heard = await alice.ask("JOIN #r", "PRIVMSG #r :keep this")
        said = next(line for line in heard if "keep this" in line)
        id = re.findall("msgid=([^ ;]+)", said)[0]
        assert has(await alice.ask(f"PIN #r {id}", "PINS #r"), "keep this")

    with_hub(tmp_path, test)


def test_a_flooder_is_told_and_dropped(tmp_path: Path) -> None:
    async def scenario(node: Node) -> None:
        bob = await node.join("bob")
        ann = await node.join("ann")
        node.hub.intake.pace = Pace(lines_per_second=1, burst_lines=3, input_queue_lines=20)
        ann.send(*(f"PRIVMSG #lobby :{number}" for number in range(50)))
        assert not ann.is_open
        assert ann.heard[-1] == "ERROR :Closing link: Excess flood"
        heard = await bob.until("QUIT")
        assert [line[-1] for line in heard if "PRIVMSG" in line] == list("012")
        assert heard[-1].endswith("QUIT :Excess flood")
        assert node.hub.per_address == {"127.0.0.1": 1}

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


# -- when it can't be stored --------------------------------------------------------------


def test_what_cant_be_stored_is_shown_to_nobody_and_its_sender_told(tmp_path: Path) -> None:
    async def scenario(node: Node) -> None:
        ann, bob = await node.join("ann", CHATHISTORY), await node.join("bob")
        await node.settled()
        ann.heard, bob.heard = [], []
        before = dump(node.hub.state)
        node.store.error = FULL
        heard = await ann.ask(
            "PING :1",
            "@label=m PRIVMSG #lobby :lost",
            "PRIVMSG #lobby :too",
            "NICK new",
            "NAMES #lobby",
            "JOIN #new",
        )
        assert [line.split(" :")[0] for line in heard] == [
            ":hub.test PONG hub.test 1",
            "@label=m",
            ":hub.test FAIL PRIVMSG TEMPORARILY_UNAVAILABLE",
            ":hub.test FAIL NICK TEMPORARILY_UNAVAILABLE",
            ":hub.test 353 ann = #lobby",
            ":hub.test 366 ann #lobby",
            ":hub.test FAIL JOIN TEMPORARILY_UNAVAILABLE",
        ]
        assert "FAIL PRIVMSG TEMPORARILY_UNAVAILABLE :Not stored" in heard[1]
        assert "disk is full" in heard[1]
        assert not has(heard, "secret")
        assert bob.heard == []
        assert dump(node.hub.state) == before
        assert node.hub.failing
        node.store.error = None
        ann.send("PRIVMSG #lobby :kept")
        assert await bob.until("PRIVMSG") == [":ann!~ann@host.test PRIVMSG #lobby kept"]
        assert not node.hub.failing

    with_hub(tmp_path, scenario)


def test_who_comes_while_nothing_can_be_stored_is_sent_away(tmp_path: Path) -> None:
    async def scenario(node: Node) -> None:
        node.store.error = FULL
        ann = node.arrive()
        ann.send("NICK ann", "USER ann 0 * :ann", "PING :later")
        [error] = await ann.until("ERROR")
        assert "Not stored" in error
        assert not ann.is_open
        assert not node.hub.connections
        node.store.error = None
        await node.join("ann")

    with_hub(tmp_path, scenario)


def test_who_left_while_nothing_could_be_stored_is_reaped(tmp_path: Path) -> None:
    async def scenario(node: Node) -> None:
        ann, bob, cat = await node.join("ann"), await node.join("bob"), await node.join("cat")
        node.store.error = FULL
        ann.drop("Connection reset")
        bob.send("QUIT :bye")
        await bob.until("ERROR")
        assert not bob.is_open
        assert has(await cat.ask("NAMES #lobby"), "ann bob cat")
        node.store.error = None
        node.hub.look_after(0.0, registration=1e9, ping=1e9, timeout=1e9)
        await cat.until("bob!~bob@host.test QUIT :Connection lost")
        assert has(await cat.ask("NAMES #lobby"), "= #lobby cat")
        assert list(node.hub.state.sessions) == [cat.session.id]

    with_hub(tmp_path, scenario)


def test_a_store_that_cant_even_be_read_is_waited_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(hub_module, "RELOAD_SECONDS", 0.0)

    async def scenario(node: Node) -> None:
        ann = await node.join("ann", "standard-replies")
        node.store.error = FULL
        node.store.load_errors = [StoreError(Trouble.IO, "gone")] * 3
        [fail] = await ann.ask("PRIVMSG #lobby :lost")
        assert "TEMPORARILY_UNAVAILABLE" in fail
        assert not node.store.load_errors
        node.store.error = None
        assert await ann.ask("PRIVMSG #lobby :kept") == []

    with_hub(tmp_path, scenario)


def test_a_server_that_cant_store_can_be_stopped(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(hub_module, "STOP_SECONDS", 0.05)

    async def scenario(node: Node) -> None:
        ann = await node.join("ann")
        node.store.error = FULL
        node.store.load_errors = [StoreError(Trouble.IO, "gone")] * 100
        ann.send("PRIVMSG #lobby :lost")
        await node.hub.stop("The server is shutting down")
        assert ann.heard[-1] == "ERROR :Closing link: The server is shutting down"

    with_hub(tmp_path, scenario)


def test_a_server_that_is_talked_to_without_end_can_be_stopped(tmp_path: Path) -> None:
    async def scenario(node: Node) -> None:
        ann, bob = await node.join("ann"), await node.join("bob")
        stopping = asyncio.create_task(node.hub.stop("over"))
        said = 0
        while not stopping.done():
            said += 1
            ann.send(f"PRIVMSG #lobby :{said}")
            await asyncio.sleep(0)
        heard = await bob.until("ERROR")
        # What was shown before the end was stored; after the word to stop nothing more was read.
        assert sum("PRIVMSG" in line for line in heard) <= 1

    with_hub(tmp_path, scenario)


# -- our own bugs -------------------------------------------------------------------------


def test_a_command_that_breaks_is_logged_and_answered(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    def breaks(*_: object) -> object:
        raise ZeroDivisionError("a secret word")

    async def scenario(node: Node) -> None:
        ann, bob = await node.join("ann", CHATHISTORY), await node.join("bob")
        whole = ROWS["TOPIC"]
        monkeypatch.setitem(
            ROWS, "TOPIC", type(whole)(
                whole.name, whole.when, whole.kind, 0, "", "", "", breaks  # type: ignore[arg-type]
            ),
        )  # fmt: skip
        [fail] = await ann.ask("TOPIC")
        assert fail == ":hub.test FAIL * INTERNAL_ERROR :Something went wrong inside the server"
        monkeypatch.setitem(HANDLERS, entries.SetAway, breaks)
        [fail] = await ann.ask("@label=a AWAY :x")
        assert fail.startswith("@label=a :hub.test FAIL * INTERNAL_ERROR")
        assert "SetAway of session" in caplog.text
        ann.send("PRIVMSG #lobby :still here")
        await bob.until("still here")

    with_hub(tmp_path, scenario)


def test_a_registration_that_breaks_ends_the_connection(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def breaks(*_: object) -> None:
        raise ZeroDivisionError

    async def scenario(node: Node) -> None:
        with monkeypatch.context() as patch:
            patch.setitem(HANDLERS, entries.Open, breaks)
            ann = node.arrive()
            ann.send("NICK ann", "USER ann 0 * :ann")
            await ann.until("ERROR")
        assert not ann.is_open
        await node.join("ann")

    with_hub(tmp_path, scenario)


def test_a_batch_that_breaks_is_taken_back(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async def scenario(node: Node) -> None:
        ann, bob = await node.join("ann", "standard-replies"), await node.join("bob")
        await node.settled()
        before = dump(node.hub.state)
        with monkeypatch.context() as patch:

            def breaks(*_: object) -> None:
                raise ZeroDivisionError

            patch.setattr(Fanout, "deliver", breaks)
            ann.heard.clear()
            ann.send("PRIVMSG #lobby :lost", "NAMES #lobby")
            heard = [*await ann.until("INTERNAL_ERROR"), *await ann.until("INTERNAL_ERROR")]
        assert len(heard) == 2
        assert dump(node.hub.state) == before
        ann.send("PRIVMSG #lobby :kept")
        assert (await bob.until("PRIVMSG"))[-1].endswith(" kept")

    with_hub(tmp_path, scenario)


def test_showing_that_breaks_doesnt_stop_the_server(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    async def scenario(node: Node) -> None:
        ann, bob = await node.join("ann"), await node.join("bob")
        with monkeypatch.context() as patch:

            def breaks(*_: object) -> None:
                raise ZeroDivisionError

            patch.setattr(Fanout, "write", breaks)
            ann.send("PRIVMSG #lobby :not shown")
            await node.settled()
        assert "showing a batch failed" in caplog.text
        ann.send("PRIVMSG #lobby :shown")
        assert (await bob.until("PRIVMSG"))[-1].endswith(" shown")

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


def test_the_silent_are_asked_then_dropped_and_the_slow_to_register_too(tmp_path: Path) -> None:
    async def scenario(node: Node) -> None:
        ann, bob = await node.join("ann"), await node.join("bob")
        late = node.arrive()
        now = asyncio.get_running_loop().time()

        def look(seconds: float) -> None:
            node.hub.look_after(now + seconds, registration=30, ping=120, timeout=60)

        look(31)
        while late.is_open:
            await asyncio.sleep(0)
        assert late.heard == ["ERROR :Closing link: Registration timed out"]
        look(121)
        assert ann.heard[-1] == bob.heard[-1] == "PING :hub.test"
        ann.pinged, ann.heard_at = False, now + 150
        look(190)
        assert not bob.is_open
        assert bob.heard[-1] == "ERROR :Closing link: Ping timeout: 190 seconds"
        assert (await ann.until("QUIT"))[-1].endswith(
            "bob!~bob@host.test QUIT :Ping timeout: 190 seconds"
        )

    with_hub(tmp_path, scenario)


# -- behind proxies and gateways ----------------------------------------------------------


def test_a_connection_that_a_proxy_hands_on_counts_where_it_comes_from(tmp_path: Path) -> None:
    async def scenario(node: Node) -> None:
        hub = node.hub
        wire = node.arrive("10.0.0.1")
        registration = wire.session.registration
        assert registration is not None
        registration.gateway = "hunter22"
        assert hub.per_address == {"10.0.0.1": 1}
        hub.moved(wire, "2001:db8::1")  # type: ignore[arg-type]
        assert (wire.peer, wire.session.address, wire.session.host) == ("2001:db8::1",) * 3
        assert hub.per_address == {"2001:db8::/64": 1}
        assert registration.gateway == ""
        wire.drop("gone")
        assert hub.per_address == {}

    with_hub(tmp_path, scenario)


def test_a_gateway_says_for_whom_it_connects(tmp_path: Path) -> None:
    async def scenario(node: Node) -> None:
        wire = node.arrive("10.0.0.1")
        assert wire.session.registration is not None
        wire.session.registration.gateway = "hunter22"
        wire.send("WEBIRC hunter22 kiwi a.example.org 192.0.2.1", "NICK ann", "USER ann 0 * :Ann")
        assert has(await wire.until(" 366 "), "ann!~ann@a.example.org")
        assert wire.peer == "192.0.2.1"
        assert node.hub.per_address == {"192.0.2.1": 1}

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


@pytest.mark.parametrize("by_gateway", [False, True])
def test_the_limit_of_an_address_holds_behind_proxies_too(tmp_path: Path, by_gateway: bool) -> None:
    async def scenario(node: Node) -> None:
        node.hub.most_per_address = 1

        def arrive(address: str) -> Wire:
            wire = node.arrive("10.0.0.1")
            if by_gateway:
                assert wire.session.registration is not None
                wire.session.registration.gateway = "hunter22"
                wire.send(f"WEBIRC hunter22 kiwi {address} {address}")
            else:
                node.hub.moved(wire, address)  # type: ignore[arg-type]
            return wire

        assert arrive("192.0.2.1").is_open
        assert arrive("192.0.2.2").is_open
        assert arrive("127.0.0.1").is_open
        assert arrive("127.0.0.1").is_open
        refused = arrive("192.0.2.1")
        assert not refused.is_open
        assert refused.heard == ["ERROR :Closing link: Too many connections from your address"]
        assert node.hub.per_address["192.0.2.1"] == 1

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

        def arrive(address: str) -> Wire:
            wire = node.arrive("10.0.0.1")
            if by_gateway:
                assert wire.session.registration is not None
                wire.session.registration.gateway = "hunter22"
                wire.send(f"WEBIRC hunter22 kiwi {address} {address}")
            else:
                node.hub.moved(wire, address)  # type: ignore[arg-type]
            return wire

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
