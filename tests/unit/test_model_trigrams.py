"""Trigrams find every row that "contains" would."""

from hypothesis import given
from hypothesis import strategies as st

from satchel.model.search.trigrams import (
    MAX_GRAMS,
    MAX_INDEXED_CHARS,
    fold,
    trigrams,
    trigrams_of_all,
    trigrams_of_term,
)


def contains(text: str, term: str) -> bool:
    """Return whether a text contains a term, as the database compares the two."""
    return fold(term) in fold(text)


def test_case_width_and_composition_do_not_matter() -> None:
    assert contains("Straße nach KÖLN", "STRASSE")
    assert contains("Straße nach KÖLN", "ko\u0308ln")
    assert contains("\uff21\uff22\uff23", "abc")
    assert contains("ﬁnal  report\n2026", "final report 2026")


def test_trigrams_are_distinct_windows() -> None:
    assert trigrams("Banana") == ["ana", "ban", "nan"]
    assert trigrams("ab") == []
    assert trigrams("abc", prefix="t:") == ["t:abc"]


def test_a_short_term_has_no_trigrams_to_look_up() -> None:
    assert trigrams_of_term(" ab ") is None
    assert trigrams_of_term("abc") == ["abc"]


def test_long_texts_are_bounded() -> None:
    text = "".join(chr(0x4E00 + number) for number in range(20_000))

    assert len(fold(text)) == MAX_INDEXED_CHARS
    assert len(trigrams_of_all([("a", text), ("b", text)])) == MAX_GRAMS


@given(st.text(max_size=40), st.text(max_size=5), st.text(max_size=40))
def test_a_text_that_contains_a_term_has_all_of_its_trigrams(before: str, term: str, after: str) -> None:
    text = before + term + after
    grams = trigrams_of_term(term)

    if grams is not None and contains(text, term):
        assert set(grams) <= set(trigrams(text))


@given(st.text(max_size=60))
def test_folding_twice_is_folding_once(text: str) -> None:
    assert fold(fold(text)) == fold(text)
