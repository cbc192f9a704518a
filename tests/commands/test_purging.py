"""A purge takes out all that somebody said lately, everywhere, in steps; only moderators begin one."""

from __future__ import annotations

import pytest

from hubbub.core import entries, purging
from hubbub.core.history import InRoom, Page, WithPeer
from hubbub.core.ids import NO_SESSION, Place, RoomId
from hubbub.irc.names import fold_nick
from tests.world import Person, World


@pytest.fixture
def chat(world: World) -> World:
    world.account("root", role="admin")
    world.account("max", role="moderator")
    world.account("amy")
    return world


@pytest.fixture
def max_(chat: World) -> Person:
    return chat.connect("max", "standard-replies", password="password")


def said(world: World, room: int = 1) -> list[str]:
    page = Page(conversation=InRoom(RoomId(room), Place(0), ("", "@", "+")), limit=500)
    return [row.params[-1] for row in world.history.answer(page)]  # type: ignore[union-attr]


def test_all_of_one_person_goes_and_nothing_of_others(chat: World, max_: Person) -> None:
    bob, amy = (
        chat.connect("bob"),
        chat.connect("amy", "draft/message-redaction", password="password"),
    )
    bob.send("PRIVMSG #lobby :old")
    chat.pass_time(3_600_000)
    bob.send("PRIVMSG #lobby :buy", "PRIVMSG amy :psst", "JOIN #den", "MODE #den +i")
    bob.send(
        "PRIVMSG #den :secret buy", "NICK rob", "PRIVMSG #lobby :more", "PRIVMSG @#den :ranked"
    )
    amy.send("PRIVMSG #lobby :no thanks", "PRIVMSG rob :go away")
    told = max_.ask("PURGE rob 1h spam")
    assert told == [
        ":hub.test NOTE PURGE BEGUN rob :What rob said in the last 1h is being taken out"
    ]
    amy.heard()
    assert chat.sweep() == 1
    assert said(chat) == ["old", "no thanks"]
    assert said(chat, 2) == []
    assert [line.split()[1:3] for line in amy.heard()] == [
        ["REDACT", "#lobby"],
        ["REDACT", "amy"],
        ["REDACT", "#lobby"],
    ]
    whispers = Page(conversation=WithPeer("a:3", fold_nick("bob")), limit=9)
    assert chat.history.answer(whispers) == []
    assert max_.heard()[-1].startswith(":hub.test WALLOPS :5 messages of rob were taken out")
    assert chat.tables["purges"] == {}
    [act] = [line for line in max_.ask("AUDIT") if ": purge " in line]
    assert act.endswith("max: purge rob [1h] (spam)")
    number = act.split()[4]
    assert max_.ask(f"UNDO {number}")[0].endswith(
        ":What a purge took out is erased and can't be brought back"
    )


def test_that_something_was_taken_out_is_in_the_history(chat: World, max_: Person) -> None:
    bob = chat.connect("bob")
    bob.send("PRIVMSG #lobby :buy")
    max_.send("PURGE bob")
    chat.sweep()
    events = Page(conversation=InRoom(RoomId(1), Place(0)), limit=500, events=True)
    rows = [row for row in chat.history.answer(events) if row.command == "REDACT"]  # type: ignore[union-attr]
    assert [(row.source, row.params[1]) for row in rows] == [("hub.test", "Purged by max")]  # type: ignore[union-attr]


def test_who_has_gone_is_found_by_name_and_a_correction_goes_too(chat: World, max_: Person) -> None:
    bob = chat.connect("bob", "draft/message-edit message-tags echo-message")
    [line] = bob.ask("PRIVMSG #lobby :buy")
    id = next(tag for tag in line.split(" ", 1)[0].split(";") if "msgid=" in tag).partition("=")[2]
    bob.send(f"@+draft/edit={id};+draft/edit-text=better EDIT #lobby")
    bob.send("QUIT")
    max_.send("PURGE BOB")
    chat.sweep()
    assert said(chat) == []


def test_a_long_purge_goes_in_steps_and_over_a_restart(chat: World, max_: Person) -> None:
    bob = chat.connect("bob", device="b" * 32)
    for number in range(purging.STEP * 2 + 3):
        bob.send(f"PRIVMSG #lobby :{number}")
    max_.send("PURGE bob")
    bob.send("PRIVMSG #lobby :afterwards")
    purge = next(iter(chat.state.purges.values()))
    rows = chat.history.answer(purging.wanted(purge))
    chat.operate(purging.step(purge, rows))  # type: ignore[arg-type]
    chat.restart()
    assert chat.sweep() == 2
    assert said(chat) == ["afterwards"]


def test_a_step_takes_out_nothing_that_it_should_not(chat: World, max_: Person) -> None:
    bob, amy = chat.connect("bob"), chat.connect("amy", password="password")
    amy.send("PRIVMSG #lobby :mine")
    bob.send("PRIVMSG #lobby :his")
    max_.send("PURGE bob")
    purge = next(iter(chat.state.purges.values()))
    mine = chat.history.rows[-2]
    assert mine.params == ("mine",)
    forged = purging.step(purge, [mine])
    chat.operate(forged)
    assert said(chat) == ["mine", "his"]
    # and nobody but the server takes a step
    max_.send("PURGE bob")
    number = next(iter(chat.state.purges.values())).number
    rows = chat.history.answer(purging.wanted(chat.state.purges[number]))
    step = purging.step(chat.state.purges[number], rows)  # type: ignore[arg-type]
    chat.submit(max_, entries.TakeOut(max_.session.id, number, step.said, True))
    assert said(chat) == ["mine", "his"]


@pytest.mark.parametrize("who", ["amy", "guest"])
def test_without_a_role_nobody_purges(chat: World, who: str) -> None:
    person = chat.connect("amy", password="password") if who == "amy" else chat.connect("guest")
    person.send("PRIVMSG #lobby :hello")
    assert person.ask(f"PURGE {who}") == [f":hub.test 481 {who} :That takes the role of moderator"]
    assert chat.tables["purges"] == {}
    chat.submit(person, entries.StartPurge(person.session.id, who, ("a:3",), 60))
    assert chat.tables["purges"] == {}


def test_those_with_a_role_are_purged_by_one_with_the_higher(chat: World, max_: Person) -> None:
    root = chat.connect("root", "standard-replies", password="password")
    root.send("PRIVMSG #lobby :hello")
    max_.send("PRIVMSG #lobby :hi")
    assert " 481 max " in max_.ask("PURGE root")[0]
    assert " 481 max " in max_.ask("PURGE max")[0]
    assert " 481 root " in root.ask("PURGE root")[0]
    root.send("PURGE max")
    chat.sweep()
    assert said(chat) == ["hello"]


def test_what_cant_be_purged_is_said(chat: World, max_: Person) -> None:
    assert max_.ask("PURGE nobody") == [
        ":hub.test FAIL PURGE NOTHING_SAID nobody :nobody said nothing in the last 1h"
    ]
    assert max_.ask("PURGE bob 52w")[0].startswith(":hub.test FAIL PURGE INVALID_PARAMS 52w ")
    for number in range(purging.AT_ONCE):
        chat.connect(f"b{number}").send("PRIVMSG #lobby :x")
        max_.send(f"PURGE b{number}")
    chat.connect("last").send("PRIVMSG #lobby :x")
    assert max_.ask("PURGE last")[0].startswith(":hub.test FAIL PURGE TOO_MANY last ")
    assert chat.sweep() == purging.AT_ONCE
    assert chat.operate(entries.StartPurge(NO_SESSION, "x", (), 60))[0].params[1] == "NOTHING_SAID"
