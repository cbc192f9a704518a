"""Which names there may be, and which are the same."""

import string
import sys
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hubbub.irc.names import (
    fold,
    fold_nick,
    fold_room,
    is_room,
    nick_problem,
    room_problem,
    split_status,
)


@given(st.text())
def test_folding_twice_is_folding_once(text: str) -> None:
    assert fold(fold(text)) == fold(text)


def test_folding_is_stable_for_every_character() -> None:
    unstable = [c for c in map(chr, range(sys.maxunicode + 1)) if fold(fold(c)) != fold(c)]
    assert unstable == []


@given(st.text(), st.sampled_from(["", "\u0301", "\u0345", "\u0323\u0301"]))
def test_however_a_name_is_composed_it_folds_alike(text: str, marks: str) -> None:
    text += marks
    assert fold(unicodedata.normalize("NFC", text)) == fold(text)
    assert fold(unicodedata.normalize("NFD", text)) == fold(text)
    assert fold(unicodedata.normalize("NFKC", text)) == fold(text)


def test_ascii_folds_as_casemapping_ascii() -> None:
    assert fold_nick(string.printable) == string.printable.lower()
    assert fold_nick("[]\\^") != fold_nick("{}|~")


@pytest.mark.parametrize(
    ("one", "other"),
    [("STRASSE", "straße"), ("Ａnn", "ann"), ("É", "é"), ("℡", "tel"), ("ᾳ\u0301", "άι")],
)
def test_names_that_are_the_same(one: str, other: str) -> None:
    assert fold_nick(one) == fold_nick(other)
    assert fold_room("#" + one) == fold_room("#" + other)


@pytest.mark.parametrize(
    "nick", ["a", "Ann", "[x]", "\\`_^{|}-", "a-1", "Jürgen", "Νίκος", "三毛", "हिन्दी", "ﬁ", "علي"]
)
def test_nicks(nick: str) -> None:
    assert nick_problem(nick, 32) is None


@pytest.mark.parametrize(
    "nick",
    [
        "",
        "1a",
        "\u0661a",
        "²a",
        "-a",
        "a b",
        "a!b",
        "a@b",
        "a.b",
        "a,b",
        "a*",
        "a?",
        "a~",
        "#a",
        "@a",
        "+a",
        ":a",
        "$a",
        "a\0",
        "a\r",
        "a\x07",
        "a\u200b",
        "a\u200d",
        "a\u202e",
        "a\u00ad",
        "a\ufe0f",
        "a\u3164",
        "\u1160",
        "\uffa0",
        "a\u00a0",
        "\u0301",
        "_\u0301",
        "a" + "\u0301" * 5,
        "\U000e0041",
        "＃a",
        "a\u037a",  # its NFKC form has a space
        "ﷺ",  # likewise
        "😀",
        "a\ud800",
    ],
)
def test_what_can_not_be_a_nick(nick: str) -> None:
    problem = nick_problem(nick, 64)
    assert problem is not None
    assert problem.endswith(".")
    assert problem.isprintable()


def test_a_name_is_as_long_as_its_bytes() -> None:
    assert nick_problem("éé", 4) is None
    assert nick_problem("ééé", 4) == "That is 6 bytes long; 4 is the most. Choose a shorter one."
    assert room_problem("#éé", 5) is None
    assert room_problem("#éé", 4) is not None


def test_the_sentence_names_the_culprit() -> None:
    assert nick_problem("a b", 9) == "A name can't contain a space."
    assert nick_problem("a!", 9) == "A name can't contain '!'."
    assert nick_problem("a\u200b", 9) == "A name can't contain the invisible character U+200B."
    assert room_problem("#a,b", 9) == "A room's name can't contain ','."


@given(st.text(), st.integers(1, 64))
def test_a_nick_that_is_accepted_is_safe_on_the_wire(nick: str, length: int) -> None:
    if nick_problem(nick, length) is None:
        assert 0 < len(nick.encode()) <= length
        for form in (nick, fold(nick)):
            assert not set(form) & set("\0\r\n ,*?!@#:$+.&~%")


@pytest.mark.parametrize("room", ["#a", "##", "#1", "#a:b", "#日本", "#🎉", "#C++", "#a.b"])
def test_rooms(room: str) -> None:
    assert room_problem(room, 64) is None


@pytest.mark.parametrize(
    "room",
    [
        "",
        "a",
        "#",
        "&a",
        "＃a",
        "#a b",
        "#a,b",
        "#a，b",
        "#a\x07",
        "#a\0",
        "#a\n",
        "#a\x85",
        "#\u00a0",
        "#\u2028",
        "#\u200b",
        "#\u3164",
        "#\u2800",
        "#\ud800",
        "#\U000e01f0",
    ],
)
def test_what_can_not_be_a_room(room: str) -> None:
    problem = room_problem(room, 64)
    assert problem is not None
    assert problem.isprintable()


def test_a_target_is_a_room_by_its_first_character() -> None:
    assert is_room("#a")
    assert not is_room("a#")
    assert not is_room("@#a")
    assert not is_room("")


@pytest.mark.parametrize(
    ("target", "parts"),
    [
        ("@#a", ("@", "#a")),
        ("+#a", ("+", "#a")),
        ("@+#a", ("@+", "#a")),
        ("#a", ("", "#a")),
        ("#@a", ("", "#@a")),
        ("@ann", ("", "@ann")),
        ("@", ("", "@")),
        ("", ("", "")),
    ],
)
def test_split_status(target: str, parts: tuple[str, str]) -> None:
    assert split_status(target) == parts
