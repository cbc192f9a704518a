"""Lines in, messages out, and the other way round."""

import string

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hubbub.irc.message import (
    NO_TAGS,
    Malformation,
    MalformedLine,
    Message,
    join_params,
    parse,
    serialise,
)

writable = st.characters(exclude_characters="\0\r\n", codec="utf-8")
trailing = st.text(writable)
middle = st.text(st.characters(exclude_characters="\0\r\n ", codec="utf-8"), min_size=1).filter(
    lambda text: not text.startswith(":")
)
source = st.text(st.characters(exclude_characters="\0\r\n ", codec="utf-8"), min_size=1)
command = st.one_of(
    st.text(string.ascii_uppercase, min_size=1), st.text(string.digits, min_size=3, max_size=3)
)
tag_key = st.text(string.ascii_letters + string.digits + "-+/.", min_size=1)
tag_value = st.text(st.characters(exclude_characters="\0", codec="utf-8"))
messages = st.builds(
    Message,
    command,
    st.one_of(
        st.just(()),
        st.builds(lambda most, last: (*most, last), st.lists(middle), trailing),
    ),
    st.none() | source,
    st.dictionaries(tag_key, tag_value),
)


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("PING", Message("PING")),
        ("ping x", Message("PING", ("x",))),
        ("PRIVMSG #lobby :hello there", Message("PRIVMSG", ("#lobby", "hello there"))),
        ("PRIVMSG #lobby ::-)", Message("PRIVMSG", ("#lobby", ":-)"))),
        ("PRIVMSG #lobby a:b", Message("PRIVMSG", ("#lobby", "a:b"))),
        ("PRIVMSG #lobby :a :b", Message("PRIVMSG", ("#lobby", "a :b"))),
        ("TOPIC #lobby :", Message("TOPIC", ("#lobby", ""))),
        ("  JOIN   #a   key  ", Message("JOIN", ("#a", "key"))),
        (
            ":bob!b@h 001 me :Hi",
            Message("001", ("me", "Hi"), "bob!b@h"),
        ),
        (
            r"@a=\s;+b :s.example   TAGMSG   #x",
            Message("TAGMSG", ("#x",), "s.example", {"a": " ", "+b": ""}),
        ),
        ("@a=1   PING", Message("PING", (), None, {"a": "1"})),
        ("PRIVMSG b :tab\there\u00a0\u2028", Message("PRIVMSG", ("b", "tab\there\u00a0\u2028"))),
        ("PRIVMSG b\tc\u00a0d", Message("PRIVMSG", ("b\tc\u00a0d",))),
    ],
)
def test_parse(line: str, message: Message) -> None:
    assert parse(line.encode()) == message


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        (b"", Malformation.EMPTY),
        (b"   ", Malformation.EMPTY),
        (b" :", Malformation.BAD_SOURCE),
        (b":", Malformation.BAD_SOURCE),
        (b": PING", Malformation.BAD_SOURCE),
        (b":source", Malformation.EMPTY),
        (b":source  :x", Malformation.EMPTY),
        (b"@a=1", Malformation.EMPTY),
        (b"@a=1 :source ", Malformation.EMPTY),
        (b"@", Malformation.BAD_TAGS),
        (b"@ PING", Malformation.BAD_TAGS),
        (b"PI-NG", Malformation.BAD_COMMAND),
        (b" \tPING", Malformation.BAD_COMMAND),
        (b"12", Malformation.BAD_COMMAND),
        (b"0001", Malformation.BAD_COMMAND),
        ("PÏNG".encode(), Malformation.BAD_COMMAND),
        ("\u0661\u0662\u0663".encode(), Malformation.BAD_COMMAND),
        (b":source :PING", Malformation.BAD_COMMAND),
        (b"PRIVMSG a :\xff", Malformation.NOT_UTF8),
        (b"@a=\xc3\x28 PING", Malformation.NOT_UTF8),
        (b"PRIVMSG a :\xed\xa0\x80", Malformation.NOT_UTF8),
        (b"PRIVMSG a :\0", Malformation.NUL),
        (b"PRIVMSG a :x\rQUIT", Malformation.CR),
        (b"PRIVMSG a :x\nQUIT", Malformation.LF),
    ],
)
def test_a_malformed_line_has_one_reason(line: bytes, reason: Malformation) -> None:
    with pytest.raises(MalformedLine) as caught:
        parse(line)
    assert caught.value.reason is reason
    assert str(caught.value) == reason.value


@given(messages)
def test_what_is_serialised_parses_to_the_same(message: Message) -> None:
    line = serialise(message)
    assert line.endswith(b"\r\n")
    assert parse(line[:-2]) == message


@given(st.binary() | st.text("@:; =\\PING#a\t1").map(str.encode))
def test_whatever_parses_can_be_written_with_the_same_meaning(line: bytes) -> None:
    try:
        message = parse(line)
    except MalformedLine:
        return
    assert parse(serialise(message)[:-2]) == message


@pytest.mark.parametrize(
    ("message", "line"),
    [
        (Message("PING"), b"PING\r\n"),
        (Message("JOIN", ("#a", "key")), b"JOIN #a key\r\n"),
        (Message("PRIVMSG", ("#a", "hi")), b"PRIVMSG #a hi\r\n"),
        (Message("PRIVMSG", ("#a", "hi there")), b"PRIVMSG #a :hi there\r\n"),
        (Message("TOPIC", ("#a", "")), b"TOPIC #a :\r\n"),
        (Message("PRIVMSG", ("#a", ":)")), b"PRIVMSG #a ::)\r\n"),
        (
            Message("001", ("me", "é è"), "s.example", {"a": "", "b": ";\r\n"}),
            b"@a;b=\\:\\r\\n :s.example 001 me :\xc3\xa9 \xc3\xa8\r\n",
        ),
    ],
)
def test_serialise(message: Message, line: bytes) -> None:
    assert serialise(message) == line


@pytest.mark.parametrize(
    "message",
    [
        Message(""),
        Message("ping"),
        Message("12"),
        Message("PI NG"),
        Message("É"),
        Message("A", ("", "b")),
        Message("A", ("a b", "c")),
        Message("A", (":a", "b")),
        Message("A", ("a\r\nQUIT",)),
        Message("A", ("a", "b\n")),
        Message("A", ("a", "b\0")),
        Message("A", ("a\0", "b")),
        Message("A", ("\ud800",)),
        Message("A", (), ""),
        Message("A", (), "a b"),
        Message("A", (), "a\r"),
        Message("A", (), "a\n"),
        Message("A", (), "a\0"),
        Message("A", (), None, {"a b": ""}),
        Message("A", (), None, {"a": "\0"}),
    ],
)
def test_what_the_wire_cannot_carry_is_refused(message: Message) -> None:
    with pytest.raises(ValueError, match=r"^(not a|only the last|a parameter|NUL|'utf-8')"):
        serialise(message)


def test_join_params() -> None:
    assert join_params(()) == ""
    assert join_params(["#a"]) == "#a"
    assert join_params(("",)) == ":"
    assert join_params(("#a", "b c")) == "#a :b c"


def test_a_message_without_tags_shares_the_one_empty_mapping() -> None:
    assert parse(b"PING").tags is NO_TAGS
    assert Message("PING").tags is NO_TAGS
    with pytest.raises(TypeError):
        NO_TAGS["a"] = "b"  # type: ignore[index]


def test_a_message_is_immutable() -> None:
    with pytest.raises(AttributeError):
        Message("PING").command = "PONG"  # type: ignore[misc]
