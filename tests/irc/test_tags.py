"""Tags on the wire and back."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hubbub.irc.tags import (
    escape,
    format_tags,
    is_client_only,
    parse_tags,
    unescape,
)

values = st.text(st.characters(exclude_characters="\0", codec="utf-8"))
keys = st.from_regex(r"\+?([a-z][a-z0-9.]{0,8}[a-z]/)?[A-Za-z0-9-]{1,12}", fullmatch=True)


@pytest.mark.parametrize(
    ("plain", "escaped"),
    [("a;b", r"a\:b"), ("a b", r"a\sb"), ("\\", r"\\"), ("\r\n", r"\r\n"), ("ü=:", "ü=:")],
)
def test_the_five_escapes_of_the_specification(plain: str, escaped: str) -> None:
    assert escape(plain) == escaped
    assert unescape(escaped) == plain


@pytest.mark.parametrize(
    ("escaped", "plain"),
    [
        ("test\\", "test"),
        ("\\b", "b"),
        ("\\", ""),
        (r"\\s", "\\s"),
        (r"\\\s", "\\ "),
        ("\\\x0b", "\x0b"),
    ],
)
def test_stray_backslashes_are_dropped(escaped: str, plain: str) -> None:
    assert unescape(escaped) == plain


@given(values)
def test_what_is_escaped_comes_back_and_breaks_nothing(value: str) -> None:
    escaped = escape(value)
    assert unescape(escaped) == value
    assert not set("; \r\n") & set(escaped)


def test_parse_reads_missing_and_empty_values_alike() -> None:
    assert parse_tags("a;b=;c=1=2") == {"a": "", "b": "", "c": "1=2"}


def test_of_a_key_given_twice_the_last_counts() -> None:
    assert parse_tags("a=1;b=2;a=3") == {"a": "3", "b": "2"}
    assert parse_tags("a=1;a") == {"a": ""}


def test_odd_keys_are_kept_and_empty_tags_are_passed_over() -> None:
    assert parse_tags("ключ=1;;=2;a/b/c") == {"ключ": "1", "a/b/c": ""}


@given(st.dictionaries(keys, values))
def test_formatted_tags_parse_to_the_same(tags: dict[str, str]) -> None:
    written = format_tags(tags)
    assert parse_tags(written) == tags
    assert list(parse_tags(written)) == list(tags)


def test_an_empty_value_is_written_without_its_sign() -> None:
    assert format_tags({"a": "", "b": "x y"}) == r"a;b=x\sy"


@pytest.mark.parametrize("key", ["", "a b", "a;b", "a=b", "a\rb", "a\nb", "a\0b", "é "])
def test_a_key_that_would_break_the_line_is_not_written(key: str) -> None:
    with pytest.raises(ValueError, match="not a tag key"):
        format_tags({key: "1"})


def test_nul_is_not_written() -> None:
    with pytest.raises(ValueError, match="NUL"):
        format_tags({"a": "\0"})


def test_client_only_tags_start_with_plus() -> None:
    assert is_client_only("+typing")
    assert not is_client_only("msgid")
