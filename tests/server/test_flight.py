"""What a session asks is answered in the order of its lines, however long each answer takes."""

from __future__ import annotations

import re
from pathlib import Path

import msgspec
import pytest

from hubbub.core import entries
from hubbub.core.history import Page
from hubbub.core.ids import NO_SESSION
from hubbub.edge.codes import digest
from hubbub.irc.names import fold_room
from hubbub.server.flight import UNDER_WAY
from hubbub.store.errors import StoreError, Trouble
from tests.server.rig import CHATHISTORY, Node, Wire, has, with_hub
from tests.world import RULES


async def hold_readers(node: Node) -> None:
    """Has both readers at something, so that who asks now waits, until `answering` is set."""
    held = len(node.hub.connections)
    busy = [await node.join(f"busy{held}{number}", CHATHISTORY) for number in "12"]
    node.store.answering.clear()
    for number, one in enumerate(busy, 1):
        one.send(f"CHATHISTORY LATEST #lobby * {number}")
        await node.settled()


async def asked_at_once(node: Node, line: str, *people: Wire) -> list[list[str]]:
    """What each is shown who asks while one reading may still serve all."""
    await hold_readers(node)
    for person in people:
        person.heard.clear()
        person.send(line, "PING done")
    await node.settled()
    node.store.answering.set()
    return [(await person.until("PONG hub.test done"))[:-1] for person in people]


def said(page: list[str]) -> list[str]:
    return [line.split()[-1] for line in page if "PRIVMSG" in line]


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


def test_what_else_happened_makes_no_difference_to_who_asks_what_was_said(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def scenario(node: Node) -> None:
        people = [
            await node.join(nick, CHATHISTORY) for nick in ("ann", "bob", "cat", "dan", "eve")
        ]
        ann, bob, cat, dan, eve = people
        read: list[object] = []
        answer = node.store.answer

        def counted(question: object) -> object:
            if isinstance(question, Page) and question.limit == 9:
                read.append(question)
            return answer(question)

        monkeypatch.setattr(node.store, "answer", counted)
        await ann.ask("PRIVMSG #lobby :one")
        await hold_readers(node)
        ask = ("CHATHISTORY LATEST #lobby * 9", "PING done")
        # Each JOIN takes a place in the history.
        bob.send("JOIN #bobs", *ask)
        cat.send("JOIN #cats", *ask)
        await node.settled()
        dan.send("JOIN #dans", *ask)
        await node.settled()
        ann.send("PRIVMSG #lobby :two", *ask)
        eve.send("JOIN #eves", *ask)
        await node.settled()
        node.store.answering.set()
        shown = []
        for one in people:
            page = await one.until("PONG hub.test done")
            shown.append(
                [line.split()[-1] for line in page if "PRIVMSG" in line and "batch=" in line]
            )
        assert shown == [["one", "two"], ["one"], ["one"], ["one"], ["one", "two"]]
        assert len(read) == 2
        # Whoever wants the rest as well is told of it.
        await bob.ask("CAP REQ draft/event-playback")
        assert has(await bob.ask("CHATHISTORY LATEST #bobs * 9"), "JOIN #bobs")

    with_hub(tmp_path, scenario)


def test_in_one_batch_each_is_shown_what_was_said_before_it_asked(tmp_path: Path) -> None:
    async def scenario(node: Node) -> None:
        ann, bob, cat = [await node.join(nick, CHATHISTORY) for nick in ("ann", "bob", "cat")]
        for one in (ann, bob, cat):
            one.heard.clear()
        ask = "CHATHISTORY LATEST #lobby * 9"
        ann.send("PRIVMSG #lobby :one")
        bob.send(ask, "PING done")
        ann.send("PRIVMSG #lobby :two")
        cat.send("JOIN #room", ask, "PING done")
        pages = [await one.until("PONG hub.test done") for one in (bob, cat)]
        paged = [[line.split()[-1] for line in page if "batch=" in line] for page in pages]
        assert paged == [["one"], ["one", "two"]]
        # What bob's page hasn't, bob was shown as it happened.
        assert has(bob.heard + pages[0], "PRIVMSG #lobby two")

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
