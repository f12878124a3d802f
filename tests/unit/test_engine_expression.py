"""Expressions say what they are allowed to, exactly, and nothing else."""

from collections.abc import Mapping
from datetime import UTC, date, datetime, time
from decimal import Decimal

import pytest

from satchel.engine.expression import FUNCTIONS, MAX_LENGTH, MAX_NESTING, ExpressionError, compile_expression
from satchel.engine.value import MAX_DIGITS, MAX_ITEMS, MAX_TEXT, EvaluationError


def result(text: str, **values: object) -> object:
    return compile_expression(text).evaluate(values)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ('outcome == "approve"', True),
        ("outcome != 'approve'", False),
        ("amount > 1000 and supplier != null", True),
        ("not (amount > 1000) or supplier == null", False),
        ("supplier in ['ACME', 'Other']", True),
        ("supplier not in ['ACME']", False),
        ("amount * 3 - 1 / 2 + 7 % 4", 3004),
        ("amount > 2000 ? 'much' : 'little'", "little"),
        ("nothing ?? 'else'", "else"),
        ("lines[0].item", "Pen"),
        ("sum(map(lines, #.quantity * #.price))", Decimal("5.7")),
        ("some(lines, #.quantity > 2)", True),
        ("all(lines, #.quantity > 2)", False),
        ("count(lines, #.item == 'Pen')", 1),
        ("len(filter(lines, #.quantity > 0))", 2),
        ("sum(map(filter(lines, #.quantity > 2), #.price))", Decimal("1.2")),
        ("one(lines, #.item == 'Pen') and none(lines, #.item == 'Ink')", True),
        ("date(due) < date('2026-02-01')", True),
        ("date(due) == date(moment)", False),
        ("due == '2026-01-31'", True),
        ("contains(upper(supplier), 'CM') and startsWith(trim(' a '), 'a') and endsWith(lower('AB'), 'b')", True),
        ("round(2.5)", 3),
        ("round(1.005, 2)", Decimal("1.01")),
        ("floor(1.9) + ceil(1.1) + trunc(1.9) + abs(-1)", 5),
        ("min([3, 1, 2]) + max([3, 1, 2]) + avg([1, 3]) + median([1, 5, 9])", 11),
        ("number('1.10') == 1.1 and isNumeric('1') and string(1) == '1'", True),
        ("len('ü€')", 5),
        ("choice == null", True),
    ],
)
def test_an_expression_gives_its_value(text: str, expected: object) -> None:
    lines = [
        {"item": "Pen", "quantity": 3, "price": Decimal("1.20")},
        {"item": "Cap", "quantity": 1, "price": Decimal("2.10")},
    ]
    found = result(
        text,
        outcome="approve",
        amount=Decimal("1000.5"),
        supplier="ACME",
        nothing=None,
        lines=lines,
        due=date(2026, 1, 31),
        moment=datetime(2026, 1, 31, 1, tzinfo=UTC),
        choice=None,
    )
    assert found == expected
    assert type(found) is type(expected)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "empty"),
        ("a" * (MAX_LENGTH + 1), "1001 characters"),
        ("a = 1", "write == to compare"),
        ("a in [1..5]", "Ranges"),
        ("a && b", "Write `and`"),
        ("a || b", "Write `or`"),
        ("a |> len", "Write `or`"),
        ("${a}", "write the expression bare"),
        ("{a: 1}", "write the expression bare"),
        ("`a`", "Unexpected"),
        ("a; b", "Unexpected"),
        ("a ^ 9", "Unexpected"),
        ("'open", "has no end"),
        (r'"a\"b"', "backslash"),
        ("1e9", "Unexpected"),
        ("12abc", "Unexpected"),
        ("rand(10)", "There is no function rand"),
        ("d()", "There is no function d"),
        ("now()", "There is no function now"),
        ("matches(a, 'x')", "There is no function matches"),
        ("eval('1')", "There is no function eval"),
        ("a.isBefore(b)", "Methods are not allowed"),
        ("date('now')", "is no date"),
        ("date('')", "is no date"),
        ("date(a.b)", "date takes one name"),
        ("date(null)", "date takes one name"),
        ("date()", "date takes one name"),
        ("date(string(1))", "date takes one name"),
        ("#.a > 1", "nothing outside"),
        ("len(#)", "nothing outside"),
        ("map(#, 1)", "nothing outside"),
        ("map(a, # + #)", "+ is not allowed"),
        ("map(a, (# + #))", "+ is not allowed"),
        ("map(a, map(b, #))", "stands inside"),
        ("some(a, [some(b, # > 1)])", "stands inside"),
        ("(" * (MAX_NESTING + 1) + "1" + ")" * (MAX_NESTING + 1), "deep in one another"),
        ("not " * 9 + "a", "in a row"),
        ("- " * 9 + "a", "in a row"),
        ("a ? 1 : " * 9 + "2", "choices"),
        ("(a", "missing"),
        ("a)", "too many"),
        ("(a]", "too many"),
        ("a >", "cannot be read"),
        ("a b", "cannot be read"),
    ],
)
def test_a_text_that_says_more_than_it_may_is_refused(text: str, says: str) -> None:
    with pytest.raises(ExpressionError) as caught:
        compile_expression(text)
    assert says in str(caught.value)
    assert "Stack" not in str(caught.value)


def test_an_expression_knows_its_names_columns_and_dates() -> None:
    found = compile_expression(
        "date(due) > date('2026-01-01') and some(lines, #.quantity > limit) and row.item == 'in' and true"
    )
    assert found.names == {"due", "lines", "limit", "row"}
    assert found.properties == {"quantity", "item"}
    assert found.moments == {"due"}


@pytest.mark.parametrize("name", FUNCTIONS)
def test_every_function_of_the_list_exists_in_the_library(name: str) -> None:
    calls = {"date": "date(a)", "round": "round(a, 1)"}
    call = calls.get(
        name, f"{name}(a, #)" if name in {"all", "count", "filter", "map", "none", "one", "some"} else f"{name}(a)"
    )
    try:
        compile_expression(call)
    except ExpressionError as error:
        assert "number of arguments" in str(error)  # noqa: PT017 - contains and the like take two
        compile_expression(f"{name}(a, a)")


@pytest.mark.parametrize(
    ("text", "value", "reason"),
    [
        ("a > 1", None, "evaluation"),
        ("a > 1", "x", "evaluation"),
        ("a", {}, "unknown_name"),
        ("date(a) > 1", "now", "value_type"),
        ("date(a) > 1", None, "value_type"),
        ("date(a) > 1", "2026-02-31", "evaluation"),
        ("a == 1", float("nan"), "value_type"),
        ("a == 1", Decimal("Infinity"), "value_type"),
        ("a == 1", b"x", "value_type"),
        ("a == 1", 10**MAX_DIGITS, "value_too_large"),
        ("a == 1", Decimal("1e-29"), "value_too_large"),
        ("a == ''", "x" * (MAX_TEXT + 1), "value_too_large"),
        ("len(a) == 1", [0] * (MAX_ITEMS + 1), "value_too_large"),
        ("len(a) == 1", ["x" * MAX_TEXT] * 21, "value_too_large"),
        ("a * a * a == 1", 10 ** (MAX_DIGITS - 1), "evaluation"),
        ("len(a) == 1", [[[[[[[[[[[[1]]]]]]]]]]]], "value_type"),
    ],
)
def test_a_value_that_cannot_be_used_is_named_by_its_reason(text: str, value: object, reason: str) -> None:
    values: Mapping[str, object] = {} if value == {} else {"a": value}
    with pytest.raises(EvaluationError) as caught:
        compile_expression(text).evaluate(values)
    assert caught.value.reason == reason
    assert "Stack" not in caught.value.message


def test_only_what_an_expression_names_is_read() -> None:
    assert result("a == 1", a=1, b=object()) is True


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (date(2026, 1, 2), "2026-01-02"),
        (datetime(2026, 1, 2, 3, tzinfo=UTC), "2026-01-02T03:00:00+00:00"),
        (time(3, 4), "03:04:00"),
    ],
)
def test_dates_and_times_enter_as_iso_text(value: object, text: str) -> None:
    assert result("a", a=value) == text


@pytest.mark.parametrize("text", ["a", "a and b", "1 / 0 > 1 ? true : null", "'true'", "1"])
def test_a_condition_that_is_neither_true_nor_false_decides_nothing(text: str) -> None:
    with pytest.raises(EvaluationError) as caught:
        compile_expression(text).decide({"a": None, "b": None})
    assert caught.value.reason in {"not_true_or_false", "evaluation"}


def test_a_value_is_data_and_never_evaluated() -> None:
    assert result("a == 'rand(1) == 0'", a="rand(1) == 0") is True
    assert result("a", a="\"'\\${b}\u2028") == "\"'\\${b}\u2028"
