"""Every code that a client may meet stands in docs/reference/errors.md."""

import ast
import re

from house.errors_page import PAGE, classes, codes, render
from house.tree import ending, name, parsed
from satchel.model.errors import BadFile
from satchel.outbound.failure import REASONS


def test_the_page_of_errors_is_up_to_date() -> None:
    page = PAGE.read_text(encoding="utf-8")
    assert render(page) == page, "run `make reference`"


def test_codes_are_stable_words_and_no_two_errors_share_one() -> None:
    every = [code for error in classes() for code in codes(error)]
    assert [code for code in every if not re.fullmatch(r"[a-z]+(_[a-z]+)*", code)] == []
    assert sorted(set(every)) == sorted(every)


def _first_words(error: str) -> dict[str, str]:
    """Return the literal first argument of every place that makes an error, with where that is."""
    return {
        str(node.args[0].value): f"{name(path)}:{node.lineno}"
        for path in ending(".py", under="src")
        for node in ast.walk(parsed(path))
        if isinstance(node, ast.Call)
        and ast.unparse(node.func).endswith(error)
        and node.args
        and isinstance(node.args[0], ast.Constant)
    }


def test_a_file_is_refused_only_with_a_code_that_is_listed() -> None:
    listed = set(codes(BadFile))
    assert listed
    assert {code: where for code, where in _first_words("BadFile").items() if code not in listed} == {}


def test_a_call_fails_only_for_a_reason_that_is_listed() -> None:
    given = _first_words("CallFailed")
    assert {reason: where for reason, where in given.items() if reason not in REASONS} == {}
    by_the_client = {"tls", "unreachable"}  # `outbound.http` chooses these from a table
    assert set(REASONS) - set(given) == by_the_client
