"""The reference page says what the code does."""

import re
from pathlib import Path

from satchel.engine import board, document, expression, loop, run, timer, value
from satchel.engine.advice import NO_EFFECT, REFUSED, REFUSED_ATTRIBUTES, REFUSED_EVENTS
from satchel.engine.check import NAMES
from satchel.engine.graph import Kind

PAGE = (Path(__file__).parents[2] / "docs" / "reference" / "bpmn.md").read_text(encoding="utf-8")


def table(heading: str) -> dict[str, str]:
    """Return the first two columns of the table under a header row, as written."""
    rows = PAGE.split(f"| {heading} |", 1)[1].split("\n\n", 1)[0].splitlines()[2:]
    cells = [[cell.strip() for cell in row.strip("|").split(" | ", 1)] for row in rows]
    return {first.strip("`"): rest for first, rest in cells}


def test_every_kind_of_element_that_runs_is_described_and_no_other() -> None:
    kinds = re.findall(r"^\| [^|]+ \| `(\w+)` \|", PAGE, re.MULTILINE)
    assert sorted(kinds) == sorted(kind.value for kind in Kind if kind is not Kind.UNSUPPORTED)


def test_every_refused_element_is_listed_with_what_to_use() -> None:
    assert table("element | use instead") == dict(REFUSED)
    assert table("definition | use instead") == dict(REFUSED_EVENTS)
    assert table("element | what to use") == dict(NO_EFFECT)


def test_every_attribute_that_runs_with_one_value_is_listed_with_it_and_with_what_to_use() -> None:
    said = {name: f"`{only}`. {advice}" for name, (only, advice) in REFUSED_ATTRIBUTES.items()}
    assert table("attribute | what runs, and what to use instead") == said


def test_every_function_is_listed_with_what_it_gives() -> None:
    assert table("function | what it gives") == dict(expression.FUNCTIONS)


def test_every_built_in_name_is_listed() -> None:
    read = PAGE.split("An expression can read", 1)[1].split("It has", 1)[0]
    assert set(NAMES) <= set(re.findall(r"`(\w+)`", read))


def test_the_limits_are_those_of_the_code() -> None:
    for text in (
        f"at most {document.MAX_BYTES // 2**20} MiB",
        f"more than {loop.MAX_REPETITIONS} times",
        f"more than {board.MAX_TOKENS} tokens",
        f"more than {run.MAX_MOVES} times",
        f"at most {timer.MAX_YEARS} years",
        f"at most {value.MAX_DIGITS} digits",
        f"At most {expression.MAX_LENGTH} characters, {expression.MAX_NESTING} parentheses",
        f"at most {value.MAX_TEXT} characters, a list {value.MAX_ITEMS} items",
    ):
        assert text in " ".join(PAGE.split()), text


def test_the_examples_are_expressions() -> None:
    examples = PAGE.split("```")[1].strip().splitlines()
    assert len(examples) == 3
    for example in examples:
        expression.compile_expression(example)
