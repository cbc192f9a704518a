"""What was missed comes before what is live, once and in its order; older pages are asked for."""

from __future__ import annotations

from hubbub.client.events import (
    CaughtUp,
    Gap,
    HistoryShown,
    Joined,
    MessageShown,
    Refused,
)
from tests.client.rig import CAPS, Rig, in_lobby, label_of, said, stamp, without_tags


def test_live_messages_wait_for_the_missed_ones(rig: Rig) -> None:
    in_lobby(rig)
    rig.gets(said(2, "two"))
    rig.down()
    targets, _ = rig.register()
    rig.history(label_of(targets), kind="draft/chathistory-targets", target="")
    (ask,) = rig.lobby(20)
    rig.take()
    rig.gets(said(21, "twenty-one"), said(22, "twenty-two"))
    assert rig.texts() == []
    (ask,) = rig.history(label_of(ask), *(said(n, f"{n}") for n in (3, 4)))
    assert without_tags(ask) == "CHATHISTORY AFTER #lobby msgid=m4 100"
    assert rig.texts() == ["3", "4"]
    rig.gets(said(23, "twenty-three"))
    assert rig.history(label_of(ask), said(5, "5"), said(21, "twenty-one")) == []
    assert rig.take(CaughtUp) == [CaughtUp("#lobby", 4)]
    rig.down()
    rig.register()


def test_held_back_messages_come_after_the_page_once(rig: Rig) -> None:
    rig.register()
    (ask,) = rig.lobby(5)
    rig.gets(said(6, "live six"), said(7, "live seven"))
    rig.take()
    rig.history(label_of(ask), said(1, "one"), said(6, "live six"))
    assert rig.texts() == ["one", "live six", "live seven"]


def test_an_unknown_place_falls_back_to_the_latest_and_says_so(rig: Rig) -> None:
    in_lobby(rig)
    rig.gets(said(2, "two"))
    rig.down()
    targets, _ = rig.register()
    rig.history(label_of(targets), kind="draft/chathistory-targets", target="")
    (ask,) = rig.lobby(20)
    (ask,) = rig.gets(
        f"@label={label_of(ask)} :s FAIL CHATHISTORY MESSAGE_ERROR AFTER #lobby :Unknown msgid"
    )
    assert without_tags(ask) == "CHATHISTORY LATEST #lobby * 50"
    rig.take()
    rig.history(label_of(ask), said(12, "twelve"))
    gap, shown, done = rig.take()
    assert isinstance(gap, Gap)
    assert isinstance(shown, MessageShown)
    assert shown.text == "twelve"
    assert done == CaughtUp("#lobby", 1)


def test_an_unanswered_question_ends_in_a_gap_not_in_silence(rig: Rig) -> None:
    rig.register()
    rig.lobby()
    rig.wait(21)
    rig.gets(said(2, "live"))
    rig.take()
    rig.wait(1)
    gap, shown, _ = rig.take()
    assert isinstance(gap, Gap)
    assert isinstance(shown, MessageShown)


def test_what_a_server_out_of_reach_was_asked_is_asked_again_from_the_same_place(rig: Rig) -> None:
    in_lobby(rig)
    rig.gets(said(2, "two"))
    for again in range(2):
        rig.down()
        targets, _ = rig.register()
        rig.history(label_of(targets), kind="draft/chathistory-targets", target="")
        (ask,) = rig.lobby(20 + again)
        assert without_tags(ask) == "CHATHISTORY AFTER #lobby msgid=m2 100"
        rig.wait(10)
        rig.gets(said(30, "live"))
        rig.take()
        rig.wait(50)
        assert not any(isinstance(event, (Gap, MessageShown)) for event in rig.take())
    rig.history(label_of(ask), said(3, "three"), said(30, "live"))
    assert rig.texts() == ["three", "live"]


def test_what_the_person_asked_is_given_up_though_the_server_is_out_of_reach(rig: Rig) -> None:
    in_lobby(rig)
    rig.connection.catch_up.search("in=#lobby", "tea", rig.now)
    rig.wait(21)
    (refused,) = rig.take()
    assert isinstance(refused, Refused)
    assert refused.reason == "the server gave no answer"


def test_whispers_missed_meanwhile_come_before_live_ones(rig: Rig) -> None:
    in_lobby(rig)
    rig.gets(said(2, "psst", room="alice"))
    rig.down()
    rig.up()
    rig.gets(f":s CAP * LS :{CAPS}", f":s CAP * ACK :{CAPS}", ":s 001 alice :Hi")
    rig.gets(said(30, "live", room="alice"), said(31, "live too", who="dan", room="alice"))
    rig.take()
    ask, _ = rig.gets(":s 005 alice CHATHISTORY=50 :ok", ":s 422 alice :-")
    assert without_tags(ask) == (
        f"CHATHISTORY TARGETS timestamp={stamp(0).replace('12:00:00', '11:59:52')} "
        "timestamp=2999-12-31T23:59:59.999Z 100"
    )
    first = rig.history(
        label_of(ask),
        f"CHATHISTORY TARGETS #lobby {stamp(30)}",
        f"CHATHISTORY TARGETS bob {stamp(30)}",
        f"CHATHISTORY TARGETS carol {stamp(29)}",
        kind="draft/chathistory-targets",
        target="",
    )
    assert rig.texts() == ["live too"]
    assert without_tags(first[0]) == "CHATHISTORY AFTER bob msgid=m2 50"
    (second,) = rig.history(
        label_of(first[0]),
        said(3, "missed", room="alice"),
        said(30, "live", room="alice"),
        target="bob",
    )
    assert rig.texts() == ["missed", "live"]
    assert "CHATHISTORY AFTER carol timestamp=" in second
    rig.history(label_of(second), said(29, "hey", "carol", "alice"), target="carol")
    (whisper,) = rig.take(MessageShown)
    assert isinstance(whisper, MessageShown)
    assert (whisper.room, whisper.whisper, whisper.own) == ("carol", True, False)


def test_history_changes_no_members(rig: Rig) -> None:
    rig.register()
    (ask,) = rig.lobby(5)
    rig.take()
    rig.history(
        label_of(ask),
        "@msgid=j1 :carol!u@h JOIN #lobby",
        "@msgid=q1 :bob!u@h QUIT :bye",
        "@msgid=n1 :x!u@h NICK y",
    )
    assert [member.nick for member in rig.connection.members("#lobby")] == ["bob", "alice"]
    joined = rig.take(Joined)
    assert joined == [Joined("#lobby", "carol", False, msgid="j1", replayed=True)]


def test_the_last_messages_are_asked_for_again_without_moving_back(rig: Rig) -> None:
    in_lobby(rig)
    rig.gets(said(2, "two"), said(3, "three"))
    rig.connection.questions.history("#lobby", 2, again=True)
    (ask,) = rig.sent()
    assert without_tags(ask) == "CHATHISTORY LATEST #lobby * 100"
    rig.take()
    rig.history(
        label_of(ask), said(1, "one"), said(2, "two"), said(3, "three"), ":x!u@h JOIN #lobby"
    )
    (shown,) = rig.take(HistoryShown)
    assert isinstance(shown, HistoryShown)
    assert [e.text for e in shown.happenings if isinstance(e, MessageShown)] == ["two", "three"]
    rig.connection.questions.history("#lobby", 2)
    assert "BEFORE #lobby msgid=m2" in rig.sent()[0]


def test_older_history_goes_back_page_by_page(rig: Rig) -> None:
    rig.register()
    (ask,) = rig.lobby(50)
    rig.history(label_of(ask), said(40, "forty"))
    rig.connection.questions.history("#lobby", 2)
    (ask,) = rig.sent()
    assert without_tags(ask) == "CHATHISTORY BEFORE #lobby msgid=m40 2"
    rig.history(label_of(ask), said(38, "a"), said(39, "b"))
    rig.connection.questions.history("#lobby", 2)
    assert without_tags(rig.sent()[0]) == "CHATHISTORY BEFORE #lobby msgid=m38 2"


def test_whispers_missed_before_a_cut_off_catch_up_are_caught_up_by_the_next(rig: Rig) -> None:
    in_lobby(rig)
    rig.gets(said(20, "before"))
    rig.down()
    # bob whispers at second 21; the first coming back is cut off after a line of second 60
    rig.register()
    rig.gets(said(60, "live"))
    rig.down()
    targets = next(line for line in rig.register() if "TARGETS" in line)
    assert f"TARGETS timestamp={stamp(10)} " in targets
