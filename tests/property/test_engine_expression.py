"""Expressions compute what exact decimals compute, with the usual precedence; odd texts are refused, never worse."""

import contextlib
from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal, localcontext

from hypothesis import assume, given, settings
from hypothesis import strategies as st

from satchel.engine.expression import ExpressionError, compile_expression
from satchel.engine.value import EvaluationError

money = st.decimals(min_value=-(10**12), max_value=10**12, places=2)


@dataclass(frozen=True)
class Term:
    """A piece of an expression: its text, how tightly it binds, its value."""

    text: str
    binds: int
    value: object


def wrapped(term: Term, least: int) -> str:
    return term.text if term.binds >= least else f"({term.text})"


def both(left: Term, right: Term, sign: str, binds: int, value: Callable[[], object]) -> Term:
    return Term(f"{wrapped(left, binds)} {sign} {wrapped(right, binds + 1)}", binds, value())


def joined(left: Term, right: Term, sign: str) -> Term:
    a, b = left.value, right.value
    assert isinstance(a, Decimal)
    assert isinstance(b, Decimal)
    match sign:
        case "+":
            return both(left, right, sign, 4, lambda: a + b)
        case "-":
            return both(left, right, sign, 4, lambda: a - b)
        case _:
            return both(left, right, sign, 5, lambda: a * b)


def compared(left: Term, right: Term, sign: str) -> Term:
    a, b = left.value, right.value
    assert isinstance(a, Decimal)
    assert isinstance(b, Decimal)
    value = {"==": a == b, "!=": a != b, "<": a < b, "<=": a <= b, ">": a > b, ">=": a >= b}[sign]
    return both(left, right, sign, 3, lambda: value)


def decided(left: Term, right: Term, sign: str) -> Term:
    if sign == "and":
        return both(left, right, sign, 2, lambda: bool(left.value) and bool(right.value))
    return both(left, right, sign, 1, lambda: bool(left.value) or bool(right.value))


atoms = st.integers(0, 999).map(lambda n: Term(f"{n // 10}.{n % 10}", 9, Decimal(n) / 10))
sums = st.recursive(atoms, lambda inner: st.builds(joined, inner, inner, st.sampled_from("+-*")), max_leaves=6)
tests = st.builds(compared, sums, sums, st.sampled_from(["==", "!=", "<", "<=", ">", ">="]))
conditions = st.recursive(
    tests,
    lambda inner: st.one_of(
        st.builds(decided, inner, inner, st.sampled_from(["and", "or"])),
        inner.map(lambda term: Term(f"not ({term.text})", 6, not term.value)),
    ),
    max_leaves=6,
)


@settings(max_examples=300, deadline=None)
@given(conditions)
def test_a_condition_has_the_usual_precedence_and_exact_numbers(condition: Term) -> None:
    assume(len(condition.text) <= 1000)
    assert compile_expression(condition.text).decide({}) is condition.value


@settings(max_examples=200, deadline=None)
@given(st.lists(money, max_size=20), money)
def test_sums_of_money_are_exact(amounts: list[Decimal], limit: Decimal) -> None:
    values: dict[str, object] = {"lines": [{"amount": amount} for amount in amounts], "limit": limit}
    total = sum(amounts, Decimal(0))
    assert compile_expression("sum(map(lines, #.amount)) > limit").decide(values) is (total > limit)
    exactly = compile_expression("sum(map(lines, #.amount)) == limit")
    assert exactly.decide({**values, "limit": total}) is True
    assert exactly.decide({**values, "limit": total + Decimal("0.01")}) is False


@settings(max_examples=200, deadline=None)
@given(st.integers(-(10**28) + 2, 10**28 - 1), st.integers(0, 28))
def test_numbers_up_to_the_limit_of_digits_enter_unchanged(digits: int, places: int) -> None:
    with localcontext(prec=60):
        value = Decimal(digits).scaleb(-places)
        step = Decimal(1).scaleb(-places)
        text = format(value, "f") if value >= 0 else f"0 - {format(-value, 'f')}"
        assert compile_expression(f"a == {text}").decide({"a": value}) is True
        assert compile_expression("a < b").decide({"a": value - step, "b": value}) is True


@settings(max_examples=500, deadline=None)
@given(st.text(st.sampled_from("ab1.#()[]+-*/%<>=!?:,'\" \n&|$`{}not in and date map some null"), max_size=60))
def test_an_odd_text_is_refused_or_evaluates_within_its_rules(text: str) -> None:
    try:
        expression = compile_expression(text)
    except ExpressionError:
        return
    with contextlib.suppress(EvaluationError):
        expression.evaluate(dict.fromkeys(expression.names, 1))
