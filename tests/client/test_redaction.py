"""What was taken back: the terminal says so of what it has shown, and it can't be referred to any more."""

from __future__ import annotations

from hubbub.client.chat import CONVERSATIONS_MOST
from tests.client.rig import CAPS, label_of, make_rig, said, stamp
from tests.client.test_commands import Person, person


def redacts(number: int, by: str = "bob!u@h", target: str = "#lobby", reason: str = "") -> str:
    """The line by which a message with the id `m<number>` is taken out; its own id is r<number>."""
    tail = f" :{reason}" if reason else ""
    return f"@msgid=r{number};time={stamp(50)} :{by} REDACT {target} m{number}{tail}"


def shown(one: Person, *lines: str) -> list[str]:
    """What is shown of lines, without the day, and without the hour of the line itself."""
    one.rig.gets(*lines)
    return [line.partition("*** ")[2] or line for line in one.happens()]


def time_of(line: str) -> str:
    """When a message was shown to be said."""
    return line.partition(" <")[0]


def test_the_capability_is_asked_for() -> None:
    rig = make_rig()
    rig.up()
    (ask,) = rig.gets(f":s CAP * LS :{CAPS} draft/message-redaction")
    assert ask.startswith("CAP REQ ")
    assert "draft/message-redaction" in ask


def test_what_was_shown_is_marked_with_by_whom_and_why() -> None:
    one = person()
    one.rig.gets(said(2, "hello"), said(3, "buy now", "eve"))
    _, second = one.happens()
    assert shown(one, redacts(3, reason="spam")) == [
        f"what eve said at {time_of(second)} [taken out by bob: spam]"
    ]
    assert one.types("/pin buy") == []
    assert "No such message" in one.happens()[0]
    assert one.types("/pin hello") == ["PIN #lobby m2"]


def test_the_server_itself_and_who_wrote_it_may_take_it_out() -> None:
    one = person()
    one.rig.gets(said(2, "oops"), said(3, "spam", "eve"))
    one.happens()
    (own,) = shown(one, redacts(2))
    assert own.endswith("[taken out by bob]")
    (purged,) = shown(one, redacts(3, "hub.test", reason="Purged by ann"))
    assert purged.endswith("[taken out by the server: Purged by ann]")


def test_one_that_was_never_shown_is_told_of_once_and_not_again_from_history() -> None:
    one = person()
    assert shown(one, redacts(7, reason="old")) == ["an earlier message [taken out by bob: old]"]
    one.chat.typed("/history 10")
    (asked,) = one.rig.sent()
    one.rig.history(label_of(asked), said(2, "kept"), redacts(9))
    lines = one.happens()
    assert any("kept" in line for line in lines)
    assert not any("taken out" in line for line in lines)


def test_what_was_taken_out_while_one_was_away_is_marked_on_coming_back() -> None:
    one = person()
    one.rig.gets(said(2, "secret"))
    one.happens()
    one.rig.down()
    targets, _ = one.rig.register()
    one.rig.history(label_of(targets), kind="draft/chathistory-targets", target="")
    (ask,) = one.rig.lobby(4)
    one.rig.history(label_of(ask), redacts(2))
    marked = [line for line in one.happens() if "taken out" in line]
    assert len(marked) == 1
    assert "what bob said" in marked[0]


def test_whispers_are_marked_too() -> None:
    one = person()
    one.rig.gets(said(2, "psst", "bob", "alice"), said(3, "yes", "alice", "bob"))
    one.happens()
    (theirs,) = shown(one, redacts(2, target="alice"))
    assert theirs.startswith("your whispers with bob: what bob said at ")
    (ours,) = shown(one, redacts(3, "alice!u@h", "bob"))
    assert ours.startswith("your whispers with bob: what alice said at ")


def test_nothing_of_a_reason_reaches_the_terminal_uncleaned() -> None:
    one = person()
    one.rig.gets(said(2, "hello"))
    one.happens()
    (line,) = shown(one, redacts(2, reason="a\x1b[2Jb"))
    assert "\x1b" not in line


def test_a_line_that_lacks_the_id_is_nothing() -> None:
    one = person()
    assert shown(one, ":bob!u@h REDACT #lobby") == []


def test_one_takes_back_ones_own_last_message_or_one_with_words() -> None:
    one = person()
    one.rig.gets(said(2, "first", "alice"), said(3, "second", "alice"), said(4, "other"))
    one.happens()
    assert one.types("/redact") == ["REDACT #lobby m3"]
    assert one.types("/redact first") == ["REDACT #lobby m2"]
    assert one.types("/redact other") == ["REDACT #lobby m4"]
    assert one.types("/redact nothing like it") == []


def test_what_was_said_is_remembered_of_so_many_conversations_only() -> None:
    one = person()
    one.rig.gets(*(said(n, "hi", f"p{n}", "alice") for n in range(2, CONVERSATIONS_MOST + 20)))
    one.happens()
    assert len(one.chat._said) <= CONVERSATIONS_MOST
