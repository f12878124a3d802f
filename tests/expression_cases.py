"""The table of cases that fixes the language of expressions, for every evaluator of it: `tests/expressions/*.json`.

A file is `{"about": ..., "cases": [...]}`; a case has an `expression`, its `values`, and either the `result` or the
`error`: `refused` for a text that is no expression, else the reason of an `EvaluationError`. JSON parsers disagree on
long numbers, so a number that is no small integer stands as `{"decimal": "12.50"}`.

`python tests/expression_cases.py` writes `generated.json` anew: expressions at random, with the results that exact
decimals and Python's own `and`, `or` and `not` have.
"""

import json
import random
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import cast

FOLDER = Path(__file__).parent / "expressions"
GENERATED = FOLDER / "generated.json"
COUNT = 260
_SEED = 18
_LARGEST = 2**53


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """One line of the table."""

    expression: str
    values: Mapping[str, object]
    result: object = None
    error: str | None = None


def read_cases(path: Path) -> list[Case]:
    """Return the cases of one file."""
    whole = json.loads(path.read_text(encoding="utf-8"))
    return [
        Case(
            expression=one["expression"],
            values={name: read_value(value) for name, value in one.get("values", {}).items()},
            result=read_value(one.get("result")),
            error=one.get("error"),
        )
        for one in whole["cases"]
    ]


def read_value(given: object) -> object:
    """Return a value of the table."""
    if isinstance(given, list):
        return [read_value(one) for one in cast("list[object]", given)]
    if isinstance(given, dict):
        members = cast("dict[str, object]", given)
        if members.keys() == {"decimal"}:
            text = str(members["decimal"])
            return Decimal(text) if "." in text else int(text)
        return {name: read_value(one) for name, one in members.items()}
    return given


def written_value(value: object) -> object:
    """Return a value as it stands in the table."""
    if isinstance(value, Decimal) or (isinstance(value, int) and abs(value) > _LARGEST):
        return {"decimal": format(value, "f") if isinstance(value, Decimal) else str(value)}
    if isinstance(value, list):
        return [written_value(one) for one in cast("list[object]", value)]
    if isinstance(value, dict):
        return {name: written_value(one) for name, one in cast("dict[str, object]", value).items()}
    return value


def written(about: str, cases: list[Case]) -> str:
    """Return a file: a case a line."""
    lines: list[str] = []
    for case in cases:
        entry: dict[str, object] = {"expression": case.expression}
        if case.values:
            entry["values"] = written_value(dict(case.values))
        entry |= {"error": case.error} if case.error is not None else {"result": written_value(case.result)}
        lines.append("    " + json.dumps(entry, ensure_ascii=False))
    return f'{{\n  "about": {json.dumps(about)},\n  "cases": [\n' + ",\n".join(lines) + "\n  ]\n}\n"


@dataclass(frozen=True, slots=True)
class _Term:
    """A piece of an expression: its text, how tightly it binds, its value."""

    text: str
    binds: int
    value: object


Make = Callable[[random.Random, dict[str, object], int], _Term]


def generated(count: int = COUNT, seed: int = _SEED) -> list[Case]:
    """Return cases at random, the same for the same seed."""
    chance = random.Random(seed)  # noqa: S311  # cases, not secrets
    makers: tuple[Make, ...] = (_condition, _condition, _number, _choice, _rows)
    found: dict[str, Case] = {}
    while len(found) < count:
        values: dict[str, object] = {}
        term = makers[len(found) % len(makers)](chance, values, 3)
        if len(term.text) <= 300:
            found[term.text] = Case(expression=term.text, values=values, result=_plain(term.value))
    return list(found.values())


def _plain(value: object) -> object:
    """Return a number as expressions give it: whole ones as integers, others without zeros at the end."""
    if not isinstance(value, Decimal):
        return value
    return int(value) if value == value.to_integral_value() else value.normalize()


def _wrapped(term: _Term, least: int) -> str:
    return term.text if term.binds >= least else f"({term.text})"


def _field(chance: random.Random, values: dict[str, object], kind: str, value: object) -> str:
    name = f"{kind}{chance.randint(1, 9)}"
    return name if values.setdefault(name, value) == value and type(values[name]) is type(value) else ""


def _amount(chance: random.Random) -> Decimal:
    return Decimal(chance.randint(-9999, 99999)) / chance.choice((1, 10, 100))


def _number(chance: random.Random, values: dict[str, object], depth: int) -> _Term:
    if depth == 0 or chance.random() < 0.2:
        value = _amount(chance)
        name = _field(chance, values, "n", value) if chance.random() < 0.5 else ""
        return _Term(name, 9, value) if name else _literal(value)
    sign = chance.choice("+-*")
    binds = 5 if sign == "*" else 4
    left, right = _number(chance, values, depth - 1), _number(chance, values, depth - 1)
    a, b = cast("Decimal", left.value), cast("Decimal", right.value)
    value = {"+": a + b, "-": a - b, "*": a * b}[sign]
    return _Term(f"{_wrapped(left, binds)} {sign} {_wrapped(right, binds + 1)}", binds, value)


def _literal(value: Decimal) -> _Term:
    return _Term(format(value, "f"), 9 if value >= 0 else 0, value)


def _condition(chance: random.Random, values: dict[str, object], depth: int) -> _Term:
    if depth == 0 or chance.random() < 0.3:
        return chance.choice((_compared, _text_test, _null_test))(chance, values, 1)
    if chance.random() < 0.2:
        inner = _condition(chance, values, depth - 1)
        return _Term(f"not ({inner.text})", 6, not inner.value)
    word = chance.choice(("and", "or"))
    binds = 2 if word == "and" else 1
    left, right = _condition(chance, values, depth - 1), _condition(chance, values, depth - 1)
    value = (left.value and right.value) if word == "and" else (left.value or right.value)
    return _Term(f"{_wrapped(left, binds)} {word} {_wrapped(right, binds + 1)}", binds, value)


def _compared(chance: random.Random, values: dict[str, object], depth: int) -> _Term:
    left, right = _number(chance, values, depth), _number(chance, values, depth)
    a, b = cast("Decimal", left.value), cast("Decimal", right.value)
    sign = chance.choice(("==", "!=", "<", "<=", ">", ">="))
    value = {"==": a == b, "!=": a != b, "<": a < b, "<=": a <= b, ">": a > b, ">=": a >= b}[sign]
    return _Term(f"{_wrapped(left, 4)} {sign} {_wrapped(right, 4)}", 3, value)


_WORDS = ("draft", "open", "closed", "Ä-1", "")


def _text_test(chance: random.Random, values: dict[str, object], _: int) -> _Term:
    value, other = chance.choice((*_WORDS, None)), chance.choice(_WORDS)
    name = _field(chance, values, "t", value)
    if not name:
        return _Term("true", 9, value=True)
    if chance.random() < 0.5:
        sign = chance.choice(("==", "!="))
        return _Term(f"{name} {sign} '{other}'", 3, (value == other) is (sign == "=="))
    listed = chance.sample(_WORDS, 2)
    word = chance.choice(("in", "not in"))
    return _Term(f"{name} {word} ['{listed[0]}', '{listed[1]}']", 3, (value in listed) is (word == "in"))


def _null_test(chance: random.Random, values: dict[str, object], _: int) -> _Term:
    value = chance.choice((None, True, False, 0))
    name = _field(chance, values, "b", value)
    if not name:
        return _Term("false", 9, value=False)
    sign = chance.choice(("==", "!="))
    return _Term(f"{name} {sign} null", 3, (value is None) is (sign == "=="))


def _choice(chance: random.Random, values: dict[str, object], _: int) -> _Term:
    """Return what forms compute: a choice between sums of which some parts may be empty."""
    condition = _condition(chance, values, 1)
    parts = [_or_zero(chance, values) for _ in range(2)]
    text = f"{_wrapped(condition, 1)} ? {parts[0].text} + {parts[1].text} : {parts[0].text} - {parts[1].text}"
    a, b = cast("Decimal", parts[0].value), cast("Decimal", parts[1].value)
    return _Term(text, 0, a + b if condition.value else a - b)


def _or_zero(chance: random.Random, values: dict[str, object]) -> _Term:
    value = None if chance.random() < 0.4 else _amount(chance)
    name = _field(chance, values, "o", value)
    return _Term(f"({name} ?? 0)", 9, value or Decimal(0)) if name else _Term("(1.5)", 9, Decimal("1.5"))


def _rows(chance: random.Random, values: dict[str, object], _: int) -> _Term:
    """Return a sum, a count or a test over the rows of a table."""
    rows = [(chance.randint(0, 9), abs(_amount(chance))) for _ in range(chance.randint(0, 4))]
    values["lines"] = [{"quantity": quantity, "price": price} for quantity, price in rows]
    least = chance.randint(0, 9)
    total = sum((quantity * price for quantity, price in rows), Decimal(0))
    many = [quantity for quantity, _ in rows if quantity > least]
    value, text = chance.choice(
        (
            (total, "sum(map(lines, #.quantity * #.price))"),
            (Decimal(len(many)), f"count(lines, #.quantity > {least})"),
            (bool(many), f"some(lines, #.quantity > {least})"),
            (len(many) == len(rows), f"all(lines, #.quantity > {least})"),
            (total > 100 * least, f"sum(map(lines, #.quantity * #.price)) > {100 * least}"),
            (Decimal(len(many)), f"len(filter(lines, #.quantity > {least}))"),
        )
    )
    factor = chance.randint(2, 9)
    if isinstance(value, Decimal):
        return _Term(f"{text} * {factor}", 5, value * factor)
    return _Term(text, 3, value)


def files() -> Iterator[Path]:
    """Yield the files of the table."""
    yield from sorted(FOLDER.glob("*.json"))


if __name__ == "__main__":
    ABOUT = "Expressions at random, with the results of exact decimals: written by tests/expression_cases.py."
    GENERATED.write_text(written(ABOUT, generated()), encoding="utf-8")
