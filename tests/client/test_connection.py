"""The model as a whole: registration, conversations, what is kept over a broken connection."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone

import pytest

from hubbub.client.errors import IntentError
from hubbub.client.events import (
    Disconnected,
    KeptForLater,
    Kind,
    MessageShown,
    ModeChanged,
    NickRefused,
    Refused,
    Registered,
    Renamed,
    ServerError,
    ServerNotice,
    TopicChanged,
    Unconfirmed,
)
from hubbub.client.outbox import WAITING_MOST, OutboxFull
from hubbub.client.render import View, render
from tests.client.rig import CAPS, Rig, in_lobby, label_of, said, stamp, without_tags


def test_registration_tells_the_device_before_the_name(rig: Rig) -> None:
    assert rig.up() == ["CAP LS 302"]
    assert rig.gets(
        ":s CAP * LS * :message-tags batch", ":s CAP * LS :sasl=PLAIN hubbub/device"
    ) == ["CAP REQ :message-tags batch hubbub/device"]
    assert rig.gets(":s CAP * ACK :message-tags batch hubbub/device") == [
        "DEVICE dev1ce",
        "NICK alice",
        "USER alice 0 * alice",
        "CAP END",
    ]
    assert rig.gets(":s 001 alice :Hi", ":s 376 alice :End") == ["JOIN #lobby"]
    assert rig.take(Registered) == [Registered("alice", "s", False)]


def test_a_refused_list_of_capabilities_is_asked_for_one_by_one(rig: Rig) -> None:
    rig.up()
    rig.gets(":s CAP * LS :batch echo-message")
    assert rig.gets(":s CAP * NAK :batch echo-message") == ["CAP REQ batch", "CAP REQ echo-message"]
    assert rig.gets(":s CAP * ACK :batch") == []
    assert rig.gets(":s CAP * NAK :echo-message")[-1] == "CAP END"
    assert rig.connection.has("batch")
    assert not rig.connection.has("echo-message")


@pytest.mark.parametrize(
    "lines",
    [
        ("PING :" + "x" * 600,),
        (":s 433 * ann" + "1" * 5_000 + " :In use",),
        (":s 322 alice #a ² :",),
        (":s 322 alice #a " + "1" * 5_000 + " :",),
        (":alice!u@h JOIN #" + "x" * 600,),
        (":alice!u@h JOIN :#a b",),
        (":alice!u@h NICK " + "n" * 700,),
        (":s CAP * NAK :a " + "c" * 600,),
        ("@time=0001-01-01T00:00:00.000Z :bob!u@h PRIVMSG alice :hi",),
        ("@time=9999-12-31T23:59:59.999Z :bob!u@h PRIVMSG alice :hi",),
    ],
)
def test_a_server_that_means_harm_is_left_not_crashed_by(rig: Rig, lines: tuple[str, ...]) -> None:
    rig.register()
    rig.gets(*lines)
    rig.wait(1)
    rig.down()
    rig.register()
    rig.wait(1)
    for zone in (timezone(timedelta(hours=14)), timezone(timedelta(hours=-12))):
        view = View("#lobby", datetime(2026, 3, 1, tzinfo=zone))
        for event in rig.events:
            render(event, view)


@pytest.mark.parametrize(
    "answer", [":s 421 * CAP :Unknown command", ":s 451 * :Register first", None]
)
def test_a_server_without_capabilities_gets_the_plain_registration(
    rig: Rig, answer: str | None
) -> None:
    rig.up()
    sent = rig.gets(answer) if answer else rig.wait(3) + rig.wait(2)
    assert sent == ["NICK alice", "USER alice 0 * alice"]
    rig.gets(":s 001 alice :Hi", ":s 422 alice :No MOTD")
    rig.gets(":alice!u@h JOIN #lobby", ":s 353 alice = #lobby :alice", ":s 366 alice #lobby :End")
    rig.take()
    rig.connection.say("#lobby", "hello")
    assert rig.sent() == ["PRIVMSG #lobby hello"]
    rig.gets(":bob!u@h PRIVMSG #lobby :hi")
    assert rig.texts() == ["hello", "hi"]
    assert rig.connection.settled


def test_capabilities_that_come_late_are_still_ended(rig: Rig) -> None:
    rig.up()
    rig.wait(5)
    rig.gets(":s CAP * LS :batch")
    assert rig.gets(":s CAP * ACK :batch") == ["CAP END"]


def test_where_nothing_is_echoed_lines_are_paced(rig: Rig) -> None:
    rig.up()
    rig.gets(":s 421 * CAP :?", ":s 001 alice :Hi", ":s 422 alice :-", ":alice!u@h JOIN #lobby")
    rig.sent()
    for number in range(8):
        rig.connection.say("#lobby", f"line {number}")
    assert len(rig.sent()) == 5
    assert rig.wait(1) == ["PRIVMSG #lobby :line 5"]
    assert rig.wait(2) == ["PRIVMSG #lobby :line 6", "PRIVMSG #lobby :line 7"]


def test_a_refused_name_waits_for_another(rig: Rig) -> None:
    rig.up()
    rig.gets(f":s CAP * LS :{CAPS}", f":s CAP * ACK :{CAPS}")
    assert rig.gets(":s 433 * alice :In use") == []
    assert rig.take(NickRefused) == [NickRefused("alice", "In use", "alice2", False)]
    assert rig.wait(31) == []
    assert rig.connection.wants_close is None, "a person may take their time"
    rig.connection.change_nick("carol")
    assert rig.sent() == ["NICK carol"]
    rig.gets(":s 001 carol :Hi")
    assert rig.connection.nick == "carol"
    rig.connection.change_nick("bob")
    rig.gets(":s 433 carol bob :In use")
    assert rig.take(NickRefused) == [NickRefused("bob", "In use", "bob2", True)]
    assert rig.connection.nick == "carol"


@pytest.mark.parametrize(
    ("nick", "near"), [("admin", "guest2"), ("NickServ_", "guest2"), ("guest2", "guest3")]
)
def test_for_a_name_that_cant_be_had_one_of_another_kind_is_suggested(
    rig: Rig, nick: str, near: str
) -> None:
    rig.up()
    rig.gets(":s CAP * LS :message-tags", ":s CAP * ACK :message-tags")
    rig.gets(f":s 432 * {nick} :Not yours")
    (refused,) = rig.take(NickRefused)
    assert isinstance(refused, NickRefused)
    assert refused.suggestion == near


def test_ping_is_answered_and_silence_is_asked_about(rig: Rig) -> None:
    in_lobby(rig)
    assert rig.gets("PING :a b") == ["PONG :a b"]
    assert rig.wait(61) == ["PING hubbub"]
    assert rig.wait(1) == []
    rig.gets(":s PONG s hubbub")
    assert rig.wait(61) == ["PING hubbub"]
    rig.wait(30)
    assert rig.connection.wants_close == "the server has been silent for 91 seconds"


def test_a_message_is_shown_when_its_echo_comes_in_the_servers_order(rig: Rig) -> None:
    in_lobby(rig)
    rig.connection.say("#lobby", "mine")
    (line,) = rig.sent()
    assert line == "@label=m2;hubbub/id=run-1 PRIVMSG #lobby mine"
    assert not rig.connection.settled
    rig.gets(said(2, "theirs"), said(3, "mine", "alice", extra=";label=m2"))
    assert rig.texts() == ["theirs", "mine"]
    assert rig.connection.settled


def test_an_echo_in_a_labelled_batch_acknowledges(rig: Rig) -> None:
    in_lobby(rig)
    rig.connection.say("bob", "psst")
    label = label_of(rig.sent()[0])
    rig.gets(
        f"@label={label} :s BATCH +L labeled-response",
        "@batch=L :s 301 alice bob :out for tea",
        "@batch=L;msgid=w1 :alice!u@h PRIVMSG bob psst",
        ":s BATCH -L",
    )
    notice, shown = rig.take()
    assert notice == ServerNotice("bob is away: out for tea", "away")
    assert shown == MessageShown("bob", "alice", "psst", Kind.TEXT, True, True, msgid="w1")
    assert rig.connection.settled


@pytest.mark.parametrize(
    "answer",
    ["@label={} :s 404 alice #lobby :No", "@label={} :s FAIL PRIVMSG DISK_FULL #lobby :No"],
)
def test_a_refused_message_is_given_back_with_its_text(rig: Rig, answer: str) -> None:
    in_lobby(rig)
    rig.connection.say("#lobby", "first")
    rig.connection.say("#lobby", "second")
    _, second = rig.sent()
    rig.gets(answer.format(label_of(second)))
    (refused,) = rig.take(Refused)
    assert isinstance(refused, Refused)
    assert (refused.about, refused.reason, refused.text) == ("#lobby", "No", "second")
    assert len(rig.connection.outbox) == 1


UNAVAILABLE = "FAIL PRIVMSG TEMPORARILY_UNAVAILABLE :Its disk is full."


def test_what_could_not_be_stored_is_sent_again_under_its_id(rig: Rig) -> None:
    in_lobby(rig)
    rig.connection.say("#lobby", "first")
    (line,) = rig.sent()
    assert "hubbub/id=run-1" in line
    rig.gets(f"@label={label_of(line)} :s {UNAVAILABLE}")
    (told,) = rig.take()
    assert told == ServerNotice(
        "Its disk is full. (Sent again by itself.)", "TEMPORARILY_UNAVAILABLE"
    )
    rig.connection.say("#lobby", "second")
    assert rig.sent() == rig.wait(1.0) == []
    again, second = rig.wait(1.0)
    assert "hubbub/id=run-1" in again
    assert again.endswith("PRIVMSG #lobby first")
    assert second.endswith("PRIVMSG #lobby second")
    rig.gets(f"@label={label_of(again)} :s {UNAVAILABLE}")
    assert rig.take() == [], "it was told once"
    assert rig.wait(3.9) == []
    (third,) = rig.wait(0.1)
    rig.gets(said(9, "first", "alice", extra=f";label={label_of(third)}"))
    rig.gets(said(10, "second", "alice", extra=f";label={label_of(second)}"))
    assert rig.texts() == ["first", "second"]
    assert rig.connection.settled


def test_a_joining_that_could_not_be_stored_is_tried_again(rig: Rig) -> None:
    in_lobby(rig)
    rig.connection.join("#tea")
    rig.connection.say("#tea", "hello")
    assert rig.sent() == ["JOIN #tea"]
    rig.gets(":s FAIL JOIN TEMPORARILY_UNAVAILABLE :Its disk is full.")
    (told,) = rig.take()
    assert told == ServerNotice(
        "Its disk is full. (Joining again by itself.)", "TEMPORARILY_UNAVAILABLE"
    )
    assert rig.wait(4.9) == []
    assert rig.wait(0.1) == ["JOIN #tea"]
    assert rig.wait(30.0) == []


def test_what_waits_for_the_disk_survives_a_new_connection(rig: Rig) -> None:
    in_lobby(rig)
    rig.connection.say("#lobby", "first")
    (line,) = rig.sent()
    rig.gets(f"@label={label_of(line)} :s {UNAVAILABLE}")
    rig.down()
    assert not [event for event in rig.take() if isinstance(event, Refused)]
    assert len(rig.connection.outbox) == 1


def test_without_labels_echo_and_refusal_are_matched_by_target(rig: Rig) -> None:
    rig.register("echo-message")
    rig.gets(":alice!u@h JOIN #lobby")
    rig.take()
    for target in ("#lobby", "nobody", "#lobby"):
        rig.connection.say(target, "x")
    assert rig.sent() == ["PRIVMSG #lobby x", "PRIVMSG nobody x", "PRIVMSG #lobby x"]
    rig.gets(":alice!u@h PRIVMSG #lobby x", ":s 401 alice nobody :No such nick")
    (refused,) = rig.take(Refused)
    assert isinstance(refused, Refused)
    assert refused.about == "nobody"
    assert len(rig.connection.outbox) == 1


def test_a_long_text_fits_when_it_is_relayed(rig: Rig) -> None:
    in_lobby(rig)
    text = "čaj " * 400
    rig.connection.say("#lobby", text)
    bodies = [without_tags(line) for line in rig.sent()]
    source = ":" + "n" * 64 + "!" + "u" * 20 + "@" + "h" * 64 + " "
    assert len(bodies) > 3
    assert all(len((source + body + "\r\n").encode()) <= 512 for body in bodies)
    said_again = " ".join(body.split(" :", 1)[1] for body in bodies)
    assert said_again.split() == text.split()


def test_too_many_waiting_is_a_clear_error(rig: Rig) -> None:
    for _ in range(WAITING_MOST):
        rig.connection.say("#lobby", "x")
    with pytest.raises(OutboxFull, match="500 messages already wait"):
        rig.connection.say("#lobby", "x")


def test_only_so_many_are_on_their_way_at_a_time(rig: Rig) -> None:
    in_lobby(rig)
    for number in range(20):
        rig.connection.say("#lobby", str(number))
    lines = rig.sent()
    assert len(lines) == 16
    following = rig.gets(said(2, "0", "alice", extra=f";label={label_of(lines[0])}"))
    assert [without_tags(line) for line in following] == ["PRIVMSG #lobby 16"]


def test_after_a_lost_acknowledgement_the_same_id_is_sent_and_shown_once(rig: Rig) -> None:
    in_lobby(rig)
    rig.gets(said(2, "before"))
    for text in ("taken", "not taken"):
        rig.connection.say("#lobby", text)
    first = rig.sent()
    assert rig.texts() == ["before"]
    rig.down()
    assert rig.take(Disconnected) == [Disconnected("cut", False, 2)]
    targets, join = rig.register()
    assert "TARGETS" in targets
    assert join == "JOIN #lobby"
    rig.history(label_of(targets), kind="draft/chathistory-targets", target="")
    (ask,) = rig.lobby(9)
    assert without_tags(ask) == "CHATHISTORY AFTER #lobby msgid=m2 100"
    rig.take()
    again = rig.history(
        label_of(ask),
        said(3, "taken", "alice"),
        said(4, "missed"),
        f"@msgid=m9;time={stamp(9)} :alice!u@h JOIN #lobby",
    )
    assert [line.split("hubbub/id=")[1] for line in again] == [
        line.split("hubbub/id=")[1] for line in first
    ]
    rig.gets(
        said(3, "taken", "alice", extra=f";label={label_of(again[0])}"),
        said(10, "not taken", "alice", extra=f";label={label_of(again[1])}"),
    )
    assert rig.texts() == ["taken", "missed", "not taken"]
    assert rig.connection.settled


def test_what_cannot_be_repeated_safely_is_reported(rig: Rig) -> None:
    rig.register("message-tags echo-message labeled-response")
    rig.gets(":alice!u@h JOIN #lobby")
    rig.connection.say("#lobby", "hm")
    assert rig.sent() == ["@label=m1 PRIVMSG #lobby hm"]
    rig.down()
    assert rig.take(Unconfirmed) == [Unconfirmed("#lobby", "hm")]
    assert len(rig.connection.outbox) == 0


def test_what_is_said_while_offline_goes_out_after_the_room_is_joined(rig: Rig) -> None:
    rig.connection.say("#lobby", "early")
    rig.register()
    (ask,) = rig.lobby()
    assert "CHATHISTORY LATEST #lobby * 50" in ask
    (line,) = rig.history(label_of(ask))
    assert without_tags(line) == "PRIVMSG #lobby early"


def test_people_come_go_and_change_names(rig: Rig) -> None:
    in_lobby(rig)
    rig.gets(
        ":carol!u@h JOIN #lobby", ":s MODE #lobby +vb-o carol *!*@x bob", ":bob!u@h NICK robert"
    )
    (renamed,) = rig.take(Renamed)
    assert renamed == Renamed("bob", "robert", ("#lobby",))
    assert [(m.prefixes, m.nick) for m in rig.connection.members("#lobby")] == [
        ("+", "carol"),
        ("", "alice"),
        ("", "robert"),
    ]
    rig.gets(":robert!u@h AWAY :tea", ":carol!u@h QUIT :bye", ":alice!u@h NICK eve")
    assert [(m.nick, m.away) for m in rig.connection.members("#lobby")] == [
        ("eve", False),
        ("robert", True),
    ]
    assert rig.connection.nick == "eve"


def test_being_killed_is_final_and_a_stopping_server_is_not(rig: Rig) -> None:
    in_lobby(rig)
    rig.gets(":s ERROR :Server stops")
    rig.down()
    assert rig.take() == [
        ServerError("Server stops"),
        Disconnected("Server stops", False, 0, told=True),
    ]
    rig.register()
    rig.gets(":op!u@h KILL alice :spam", ":s ERROR :Closing link")
    rig.down()
    assert rig.take(Disconnected) == [Disconnected("put out by op: spam", True, 0)]


def test_who_says_goodbye_after_being_killed_was_killed(rig: Rig) -> None:
    in_lobby(rig)
    rig.gets(":s KILL alice :Kicked: spam")
    rig.connection.quit()
    rig.gets(":s ERROR :Closing link: Kicked: spam")
    rig.down()
    assert rig.take() == [Disconnected("put out by the server: Kicked: spam", True, 0)]


def test_who_has_no_invite_is_told_once_how_to_give_it(rig: Rig) -> None:
    rig.up()
    rig.gets(":s 464 * :This server is by invitation", "ERROR :Closing link: by invitation")
    rig.down()
    told, gone = rig.take()[1:]
    assert told == ServerError("This server is by invitation; --invite CODE gives it")
    assert isinstance(gone, Disconnected)
    assert (gone.final, gone.told) == (True, True)


def test_what_the_server_does_is_not_told_under_its_hosts_name(rig: Rig) -> None:
    in_lobby(rig)
    rig.gets(":s NOTICE #lobby :soon", ":s TOPIC #lobby :tea", ":hub.example MODE #lobby +m")
    notice, topic, mode = rig.take()
    assert isinstance(notice, MessageShown)
    assert notice.author == "server"
    assert isinstance(topic, TopicChanged)
    assert isinstance(mode, ModeChanged)
    assert topic.by == mode.by == "the server"


def test_what_is_said_without_a_connection_is_told_to_wait(rig: Rig) -> None:
    rig.connection.say("#lobby", "waves", Kind.ACTION)
    rig.connection.say("bob", "psst")
    assert rig.connection.take_events() == [
        KeptForLater("#lobby", "waves", Kind.ACTION, False),
        KeptForLater("bob", "psst", Kind.TEXT, True),
    ]


def test_a_refused_room_is_not_tried_again(rig: Rig) -> None:
    in_lobby(rig)
    rig.connection.join("#dev")
    assert rig.sent() == ["JOIN #dev"]
    rig.gets(":s 473 alice #dev :Invite only")
    assert rig.take(Refused) == [Refused("JOIN", "#dev", "Invite only", "", "473")]
    rig.down()
    assert "JOIN #dev" not in rig.register()


@pytest.mark.parametrize("target", ["", "a b", "#a,#b", ":x", "a\r\nQUIT"])
def test_nothing_is_said_to_what_is_no_target(rig: Rig, target: str) -> None:
    in_lobby(rig)
    with pytest.raises(IntentError):
        rig.connection.say(target, "x")
    assert rig.sent() == []


def test_a_line_end_cannot_be_smuggled_into_a_command(rig: Rig) -> None:
    in_lobby(rig)
    with pytest.raises(IntentError):
        rig.connection.topic("#lobby", "x\r\nQUIT")
    with pytest.raises(IntentError):
        rig.connection.raw("PRIVMSG #lobby :x\r\nQUIT")
    assert rig.sent() == []


def test_after_coming_back_a_whisper_waits_for_one_who_is_coming_back_too(rig: Rig) -> None:
    in_lobby(rig)
    rig.down()
    targets, _ = rig.register()
    rig.history(label_of(targets), kind="draft/chathistory-targets", target="")
    for text in ("one", "two"):
        rig.connection.say("bob", text)
    (line,) = rig.sent()
    assert rig.gets(f"@label={label_of(line)} :s 401 alice bob :No such nick") == []
    assert rig.take(Refused) == []
    (again,) = rig.wait(1)
    assert without_tags(again) == "PRIVMSG bob one"
    assert "hubbub/id=run-1 " in again
    (after,) = rig.gets(said(5, "one", "alice", "bob", f";label={label_of(again)}"))
    assert without_tags(after) == "PRIVMSG bob two"
    rig.now += 30
    rig.gets(f"@label={label_of(after)} :s 401 alice bob :No such nick")
    (refused,) = rig.take(Refused)
    assert isinstance(refused, Refused)
    assert refused.text == "two"


def test_a_room_that_the_server_takes_us_to_is_not_asked_for(rig: Rig) -> None:
    rig.chunk = 0
    rig.up()
    sent = rig.gets(
        ":s 421 * CAP :?", ":s 001 alice :Hi", ":s 422 alice :-", ":alice!u@h JOIN #lobby"
    )
    assert "JOIN #lobby" not in sent


def test_leaving_is_no_error(rig: Rig) -> None:
    in_lobby(rig)
    rig.connection.quit("bye")
    assert rig.sent() == ["QUIT bye"]
    rig.gets("ERROR :Closing link: bye")
    rig.down()
    assert rig.take() == [Disconnected("you left", True, 0)]
