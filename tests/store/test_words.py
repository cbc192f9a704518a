"""What of a text can be found."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hubbub.store.words import Fit, Piece, fold, has_parts, parts, wanted, words, words_of
from tests.naive_search import occurs, terms

ALPHABET = 'abcABCéß \t"_-:)12東京タワー한국กา🎉\u0301İﬁ①Σς'
TEXTS = st.text(ALPHABET, max_size=30) | st.text(max_size=30)


@pytest.mark.parametrize(
    ("text", "folded"),
    [
        ("Hello  World", "hello world"),
        ("\x02bold\x02 \x0304,05red\x03 \x04ff0000hex\x0f", "bold red hex"),
        ("\x01ACTION waves\x01", "waves"),
        ("Café STRASSE straße", "cafe strasse strasse"),
        ("ＦＵＬＬ ﬁne", "full fine"),
        ("カﾀｶﾅ", "カタカナ"),
        ("が", "が"),
    ],
)
def test_what_does_not_count_is_evened_out(text: str, folded: str) -> None:
    assert fold(text) == folded


@given(TEXTS)
def test_folding_again_changes_nothing(text: str) -> None:
    assert fold(fold(text)) == fold(text)


@given(st.one_of(st.text(), st.text("aB9_ ,.-\t\1é漢", max_size=200)))
def test_the_words_of_a_text_are_those_of_what_it_folds_to(text: str) -> None:
    assert words_of(text) == words(fold(text))


def test_words_and_the_characters_and_pairs_of_what_has_no_spaces() -> None:
    assert words("see c++ at 東京タ now") == {
        *("see", "c", "at", "now"),
        *("東", "京", "タ", "東京", "京タ"),
    }
    assert words("") == set()


@given(st.integers(1, 300), st.integers(0, 300), st.integers(1, 300))
def test_every_part_of_a_very_long_word_is_in_the_index(length: int, start: int, size: int) -> None:
    word = "".join(f"{number:04d}" for number in range(length))
    part = word[start : start + size]
    for text, kept in ((word, words(word)), (f"{word}é", words(f"{word}é"))):
        assert wanted(part).matches(text) or len(part) in (1, 2)
        for piece in wanted(part).pieces:
            if wanted(part).matches(text):
                assert any(piece.fit.fits(piece.text, of) for of in kept)


@pytest.mark.parametrize(
    ("text", "pieces"),
    [
        ("tea", {Piece("tea", Fit.INSIDE)}),
        ("ok", {Piece("ok", Fit.WHOLE)}),
        ('"good mornings to you"', {
            Piece("good", Fit.END),
            Piece("mornings", Fit.WHOLE),
            Piece("to", Fit.WHOLE),
            Piece("you", Fit.START),
        }),
        ("東京タ", {Piece("東京", Fit.WHOLE), Piece("京タ", Fit.WHOLE)}),
        ("東", {Piece("東", Fit.WHOLE)}),
        (":)", set()),
        ('""', set()),
    ],
)  # fmt: skip
def test_what_the_index_can_look_up(text: str, pieces: set[Piece]) -> None:
    assert wanted(text).pieces == pieces


@given(TEXTS, TEXTS)
def test_a_text_is_found_as_a_naive_reader_finds_it(text: str, search: str) -> None:
    if not all(sign in ALPHABET for sign in text + search):
        text = "".join(sign for sign in text if sign in ALPHABET)
        search = "".join(sign for sign in search if sign in ALPHABET)
    expected = all(occurs(term, fold(text)) for term in terms(search))
    assert wanted(search).matches(text) == expected


@given(st.text(ALPHABET, max_size=12), st.text(ALPHABET, max_size=30), st.integers(0, 20))
def test_each_text_that_is_found_has_the_pieces(before: str, text: str, cut: int) -> None:
    search = text[cut % (len(text) + 1) :]
    asked = wanted(search)
    whole = before + text
    if asked.matches(whole):
        kept = words(fold(whole))
        for piece in asked.pieces:
            assert any(piece.fit.fits(piece.text, word) for word in kept)


@given(st.text("abcdé東1", min_size=1, max_size=12))
def test_a_word_is_found_by_its_parts(text: str) -> None:
    for word in words(fold(text)):
        if has_parts(word):
            assert all(part in word and len(part) == 3 for part in parts(word))
            assert len(parts(word)) >= 1
        else:
            assert len(word) < 3
