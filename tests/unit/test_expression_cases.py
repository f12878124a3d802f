"""The table of cases fixes what expressions mean: every evaluator of them has to agree with each of its lines."""

from pathlib import Path

import pytest

from expression_cases import GENERATED, Case, files, generated, read_cases
from satchel.engine.expression import ExpressionError, compile_expression
from satchel.engine.value import EvaluationError


def outcome(case: Case) -> object:
    """Return what a case gives, as (kind, value)."""
    try:
        found = compile_expression(case.expression).evaluate(case.values)
    except ExpressionError:
        return "error", "refused"
    except EvaluationError as error:
        return "error", error.reason
    return type(found), found


def expected(case: Case) -> object:
    return (type(case.result), case.result) if case.error is None else ("error", case.error)


@pytest.mark.parametrize("path", list(files()), ids=lambda path: path.stem)
def test_expressions_mean_what_the_table_says(path: Path) -> None:
    cases = read_cases(path)
    wrong = {case.expression: (outcome(case), expected(case)) for case in cases if outcome(case) != expected(case)}
    assert wrong == {}


def test_the_table_is_large_and_its_generated_part_is_what_the_generator_writes() -> None:
    assert sum(len(read_cases(path)) for path in files()) >= 600
    assert read_cases(GENERATED) == generated()
