"""Trigrams: the index of "contains" searches.

A text's trigrams are stored in a `text[]` under a GIN index; a term's trigrams find the few rows that contain them all,
and the database compares their folded texts. Both sides are folded alike, so that case, width and composition of
letters do not matter.
"""

import unicodedata
from collections.abc import Iterable

GRAM_CHARS = 3
MAX_INDEXED_CHARS = 4_096
"""Length of a folded text that is searched; the rest is not found by "contains"."""

MAX_GRAMS = 4_096
"""Maximum number of trigrams of one row, over all its texts."""


def fold(text: str) -> str:
    """Return a text as searches compare it: NFKC, case folded, white space collapsed, at most 4,096 characters."""
    start = text[: MAX_INDEXED_CHARS * 2]
    folded = unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", start).casefold())
    return " ".join(folded.split())[:MAX_INDEXED_CHARS]


def trigrams(text: str, *, prefix: str = "") -> list[str]:
    """Return the distinct trigrams of a text, sorted, each with a prefix that distinguishes texts of one row."""
    folded = fold(text)
    return sorted({f"{prefix}{folded[i : i + GRAM_CHARS]}" for i in range(len(folded) - GRAM_CHARS + 1)})


def trigrams_of_all(texts: Iterable[tuple[str, str]]) -> list[str]:
    """Return the trigrams of several (prefix, text) of one row, preferring earlier texts if there are too many."""
    grams: dict[str, None] = {}
    for prefix, text in texts:
        for gram in trigrams(text, prefix=prefix):
            if len(grams) >= MAX_GRAMS:
                return list(grams)
            grams[gram] = None
    return list(grams)


def trigrams_of_term(term: str, *, prefix: str = "") -> list[str] | None:
    """Return the trigrams that a text containing the term has; None for a term of fewer than three characters."""
    folded = fold(term)
    return trigrams(folded, prefix=prefix) if len(folded) >= GRAM_CHARS else None
