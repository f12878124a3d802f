"""Mentions: whom a comment may name.

`@` and a name as the account has it (`@Ada Lovelace`), or an e-mail address, with or without `@` before it. Which of
these belong to people is for the account to say: a mention may be of one word or of several, and the longest name that
somebody has counts. A name that several people have names all of them.
"""

import re
from typing import Final

MOST_MENTIONS: Final = 20
"""How many mentions of a comment count."""

MOST_WORDS: Final = 5
"""How many words a name has at most, to be mentioned by it."""

_AT: Final = re.compile(r"(?<![\w@.])@(?=\w)")
_EMAIL: Final = re.compile(r"[^\s@<>()\[\],;:\"']{1,64}@[^\s@<>()\[\],;:\"']{1,189}")
_WORD: Final = re.compile(r"\S+")
_END: Final = ".,;:!?)]}\"'"
_LONGEST: Final = 254


def possible_names(text: str) -> list[tuple[int, str]]:
    """Return what may be a name or an e-mail of a person, in lower case, each with the number of its mention."""
    found: list[tuple[int, str]] = []
    for number, mention in enumerate(_mentions(text)[:MOST_MENTIONS]):
        found += [(number, name) for name in dict.fromkeys(mention) if name and len(name) <= _LONGEST]
    return found


def _mentions(text: str) -> list[list[str]]:
    by_name = [_prefixes(text[at.end() : at.end() + _LONGEST]) for at in _AT.finditer(text)]
    by_email = [[address[0].rstrip(_END).lower()] for address in _EMAIL.finditer(text)]
    return by_name + by_email


def _prefixes(text: str) -> list[str]:
    """Return the first word of a line, the first two, and so on, also without what ends a sentence."""
    words: list[str] = [word[0].lower() for word in _WORD.finditer(text.partition("\n")[0])][:MOST_WORDS]
    names = [" ".join(words[:count]) for count in range(1, len(words) + 1)]
    return [name for one in names for name in (one, one.rstrip(_END))]
