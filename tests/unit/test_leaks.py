"""The search for secrets finds them, however they are written: whole, cut off, encoded, behind a user's name."""

import base64
import json
from collections.abc import Iterator
from urllib.parse import quote, quote_plus

import pytest

import leaks

SECRET = 'open sesame+ü"7/%'


@pytest.fixture(autouse=True)
def _noted() -> Iterator[None]:
    leaks.note(SECRET)
    yield
    leaks.forget()


@pytest.mark.parametrize(
    "told",
    [
        SECRET,
        SECRET[:9],
        json.dumps({"said": SECRET}),
        repr([SECRET]),
        f"?key={quote_plus(SECRET)}",
        f"/{quote(SECRET, safe='')}/",
        SECRET.encode().hex(),
        *(base64.b64encode(f"{user}:{SECRET}".encode()).decode() for user in ("a", "me", "you", "them")),
        *(base64.b64encode(f"{SECRET}:{end}".encode()).decode() for end in ("", "a", "me")),
    ],
)
def test_a_secret_is_found(told: str) -> None:
    assert leaks.leaks(f"before {told} after") == [SECRET]


def test_what_is_no_secret_is_not_found() -> None:
    assert leaks.leaks("open se *** and nothing else, nor c2VzYW1l") == []


def test_a_secret_that_could_not_be_told_from_chance_is_none_for_a_test() -> None:
    with pytest.raises(AssertionError, match="8 characters"):
        leaks.note("sesame")
