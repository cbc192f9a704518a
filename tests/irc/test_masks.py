"""Masks against a naive matcher, and against the clock."""

import time
from functools import cache

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hubbub.irc.masks import host_of, matches, normalise


def naive(mask: str, text: str) -> bool:
    """The definition of matching, tried out in full."""

    @cache
    def rest(i: int, j: int) -> bool:
        if i == len(mask):
            return j == len(text)
        if mask[i] == "*":
            return rest(i + 1, j) or (j < len(text) and rest(i, j + 1))
        if j == len(text):
            return False
        if mask[i] == "?":
            return rest(i + 1, j + 1)
        if mask[i] == "\\" and mask[i + 1 : i + 2] in ("*", "?", "\\"):
            return mask[i + 1] == text[j] and rest(i + 2, j + 1)
        return mask[i].lower() == text[j].lower() and rest(i + 1, j + 1)

    return rest(0, 0)


@given(st.text("aB*?\\\n.("), st.text("AbB*?\\\n.("))
def test_matching_is_what_the_definition_says(mask: str, text: str) -> None:
    assert matches(mask, text) == naive(mask, text)


@given(st.data())
def test_a_mask_made_from_a_text_matches_it(data: st.DataObject) -> None:
    text = data.draw(st.text("ab*?\\", min_size=1, max_size=12))
    mask = "".join(
        data.draw(st.sampled_from(["?", "*", "\\" + c if c in "*?\\" else c, "*" + "?"]))
        for c in text
    )
    assert naive(mask, text)
    assert matches(mask, text)


@pytest.mark.parametrize(
    ("mask", "text"),
    [
        ("a?c", "abc"),
        ("a*c", "ac"),
        ("*!*@*.EXAMPLE", "Bob!b@host.example"),
        ("stra*ß*", "STRASSE"),
        (r"\*", "*"),
        ("a?b", "a\nb"),
        ("a?*b", "a\n\nb"),
        (r"a\b", r"a\b"),
        ("", ""),
    ],
)
def test_masks_that_match(mask: str, text: str) -> None:
    assert matches(mask, text)


@pytest.mark.parametrize(
    ("mask", "text"),
    [("a?c", "ac"), ("a*c", "abcd"), (r"\*", "a"), ("", "a"), ("a", "a\n"), ("＊", "abc")],
)
def test_masks_that_do_not_match(mask: str, text: str) -> None:
    assert not matches(mask, text)


@pytest.mark.parametrize("part", ["*a", "*?a", "*a?", "*aa?a"])
def test_no_mask_explodes(part: str) -> None:
    mask = part * 80 + "*b"
    begun = time.perf_counter()
    assert not matches(mask, "a" * 500)
    # A matcher that tries every way would take longer than the sun has.
    assert time.perf_counter() - begun < 0.5


@pytest.mark.parametrize(
    ("mask", "whole"),
    [
        ("ann", "ann!*@*"),
        ("ann!a", "ann!a@*"),
        ("ann!a@h", "ann!a@h"),
        ("a@h", "*!a@h"),
        ("@h", "*!*@h"),
        ("!a", "*!a@*"),
        ("ann!@", "ann!*@*"),
        ("ann@x@h", "*!ann@x@h"),
        ("", "*!*@*"),
        ("*", "*!*@*"),
        ("a**b***", "a*b*!*@*"),
        (r"a\**", r"a\**!*@*"),
        ("*.example", "*!*@*.example"),
        ("::1", "*!*@::1"),
        ("Ann", "Ann!*@*"),
        ("~a:Ann", "~a:Ann"),
        ("$a:ann", "~a:ann"),
        ("~ACCOUNT:a**b", "~a:a*b"),
        ("~a:", "~a:*"),
        ("~b:ann", "*!*@~b:ann"),
        ("~a@h", "*!~a@h"),
    ],
)
def test_normalise_completes_a_mask(mask: str, whole: str) -> None:
    assert normalise(mask) == whole


@given(st.text("ab*?\\!@.:"))
def test_a_normal_mask_stays_as_it_is(mask: str) -> None:
    assert normalise(normalise(mask)) == normalise(mask)


@given(st.text("ab*?"), st.text("ab"), st.text("ab"), st.text("ab"))
def test_a_nick_mask_looks_at_the_nick_alone(mask: str, nick: str, user: str, host: str) -> None:
    assert matches(normalise(mask), f"{nick}!{user}@{host}") == matches(mask or "*", nick)


@pytest.mark.parametrize(
    ("address", "host"),
    [
        ("203.0.113.9", "203.0.113.9"),
        ("2001:db8::1", "2001:db8::1"),
        ("::ffff:203.0.113.9", "203.0.113.9"),
        ("fe80::1%eth0", "fe80::1"),
        ("::2", "0::2"),
        ("127.0.0.9", "localhost"),
        ("::1", "localhost"),
        ("::ffff:127.0.0.1", "localhost"),
        ("", "localhost"),
        ("unix", "localhost"),
    ],
)
def test_an_address_as_a_mask_can_hold_it(address: str, host: str) -> None:
    assert host_of(address) == host
