"""Every code that a client may meet stands in docs/reference/errors.md."""

import ast
import re

from house.errors_page import PAGE, classes, codes, render
from house.tree import ending, name, parsed
from satchel.model.errors import BadFile


def test_the_page_of_errors_is_up_to_date() -> None:
    page = PAGE.read_text(encoding="utf-8")
    assert render(page) == page, "run `make reference`"


def test_codes_are_stable_words_and_no_two_errors_share_one() -> None:
    every = [code for error in classes() for code in codes(error)]
    assert [code for code in every if not re.fullmatch(r"[a-z]+(_[a-z]+)*", code)] == []
    assert sorted(set(every)) == sorted(every)


def test_a_file_is_refused_only_with_a_code_that_is_listed() -> None:
    listed = set(codes(BadFile))
    assert listed
    unlisted = [
        f"{name(path)}:{node.lineno}: {node.args[0].value!r}"
        for path in ending(".py", under="src")
        for node in ast.walk(parsed(path))
        if isinstance(node, ast.Call)
        and ast.unparse(node.func).endswith("BadFile")
        and node.args
        and isinstance(node.args[0], ast.Constant)
        and node.args[0].value not in listed
    ]
    assert unlisted == []
