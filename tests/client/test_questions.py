"""What is asked is open until it is answered, given up, or the connection ends."""

from __future__ import annotations

import pytest

from hubbub.client.errors import IntentError
from hubbub.client.events import (
    NamesListed,
    RoomListed,
)
from tests.client.rig import Rig, in_lobby


def test_lists_are_answers_to_questions(rig: Rig) -> None:
    in_lobby(rig)
    rig.connection.questions.names("#lobby")
    rig.connection.questions.rooms()
    assert rig.sent() == ["NAMES #lobby", "LIST"]
    assert not rig.connection.settled
    rig.gets(":s 353 alice = #lobby :@+bob alice", ":s 366 alice #lobby :End")
    rig.gets(":s 321 alice Channel :Users", ":s 322 alice #lobby 2 :all", ":s 323 alice :End")
    names, rooms = rig.take()
    assert isinstance(names, NamesListed)
    assert names.asked
    assert [(m.prefixes, m.nick) for m in names.members] == [("@+", "bob"), ("", "alice")]
    assert isinstance(rooms, RoomListed)
    assert rooms.rooms[0].members == 2
    assert rig.connection.settled


def test_an_answer_that_never_comes_is_waited_for_no_longer(rig: Rig) -> None:
    in_lobby(rig)
    rig.connection.questions.rooms()
    rig.wait(20)
    assert rig.connection.questions.open == ("LIST",)
    rig.wait(1)
    assert not rig.connection.questions.open
    assert rig.connection.settled


def test_a_broken_connection_ends_what_was_asked(rig: Rig) -> None:
    in_lobby(rig)
    rig.connection.questions.sync()
    rig.down()
    assert not rig.connection.questions.open


def test_a_sign_that_all_is_done_is_that_of_the_last_question(rig: Rig) -> None:
    in_lobby(rig)
    rig.connection.questions.sync()
    rig.connection.questions.sync()
    first, second = (line.removeprefix("PING ") for line in rig.sent())
    rig.gets(f":s PONG s {first}")
    assert not rig.connection.settled
    rig.gets(f":s PONG s {second}")
    assert rig.connection.settled


def test_nothing_is_asked_without_a_connection(rig: Rig) -> None:
    questions = rig.connection.questions
    for ask in (questions.rooms, questions.export, questions.sync):
        with pytest.raises(IntentError, match="no connection"):
            ask()
    assert not questions.open


def test_what_a_server_does_not_offer_is_said(rig: Rig) -> None:
    rig.register("batch")
    questions = rig.connection.questions
    with pytest.raises(IntentError, match="no history"):
        questions.history("#lobby", 5)
    with pytest.raises(IntentError, match="doesn't offer a search"):
        questions.search("word")
    with pytest.raises(IntentError, match="doesn't offer to export"):
        questions.export()
