"""What is wrong with the rules of an app's forms: texts that are no expressions, unknown names, circles, wrong types.

Types are found out by trying: a rule that gives nothing usable with any sample is wrong.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime

from satchel.engine.expression import Expression, ExpressionError, compile_expression
from satchel.engine.rules import evaluate, held, in_order, is_true, short
from satchel.engine.samples import KINDS, sample_sets
from satchel.engine.value import EvaluationError
from satchel.model.app import Manifest
from satchel.model.app_yaml.document import pointer_token
from satchel.model.app_yaml.section import meant
from satchel.model.fields import SIMPLE_TYPES, Field, FieldType, ValueLimits
from satchel.model.ids import FieldId
from satchel.model.rules import Check, Rules
from satchel.model.scalars import Moment, RefusedError

_CONDITIONS = ("show_if", "require_if")
_VALUES = ("default", "compute")
_DATES = frozenset({FieldType.DATE, FieldType.DATETIME, FieldType.TEXT, FieldType.CHOICE})
_WRONG_TYPES = frozenset({"type", "unknown_option"})
_MOMENT = Moment(now=datetime(2026, 1, 31, tzinfo=UTC), time_zone=UTC)


@dataclass(frozen=True, slots=True, kw_only=True)
class RuleFinding:
    """One thing wrong with a rule; `pointer` is its place in app.yaml, as a JSON pointer."""

    code: str
    pointer: str
    message: str
    severity: str = "error"


@dataclass(frozen=True, slots=True, kw_only=True)
class _Placed:
    """A rule with its place: of a field, or a check; `form` names the form that has it alone, "" where all have it."""

    pointer: str
    name: str
    expression: Expression
    field: Field | None
    form: str

    @property
    def what(self) -> str:
        """How messages name it."""
        return f"The {self.name} of {self.field.id}" if self.field is not None else "The check"


def rule_findings(manifest: Manifest) -> list[RuleFinding]:
    """Return what is wrong with the rules of an app, each thing with its place."""
    found: list[RuleFinding] = []
    placed: list[_Placed] = []
    for pointer, name, text, field, form in _texts(manifest):
        try:
            expression = compile_expression(text)
        except ExpressionError as error:
            what = f"The {name} of {field.id}" if field is not None else "The check"
            found.append(RuleFinding(code="expression", pointer=pointer, message=f"{what} cannot be used. {error}"))
            continue
        placed.append(_Placed(pointer=pointer, name=name, expression=expression, field=field, form=form))
    good: list[_Placed] = []
    for one in placed:
        names = list(_unknown_names(manifest, one))
        found += names
        if not names:
            good.append(one)
    circles = list(_circles(good))
    found += circles
    samples = list(sample_sets(manifest))
    for one in good:
        found += _tried(manifest, one, samples)
    return found


def _texts(manifest: Manifest) -> Iterator[tuple[str, str, str, Field | None, str]]:
    """Yield each rule: its place, its key, its text, its field (None for a check) and its form."""
    for index, field in enumerate(manifest.fields):
        yield from _of_field(f"/fields/{index}", field.rules, field, "")
    yield from _of_checks("", manifest.checks, "")
    forms = [("/start", manifest.start.rules, manifest.start.checks)]
    forms += [(f"/tasks/{pointer_token(name)}", form.rules, form.checks) for name, form in manifest.tasks.items()]
    for pointer, rules, checks in forms:
        for name, own in rules.items():
            declared = manifest.field(name)
            if declared is not None:
                yield from _of_field(f"{pointer}/fields/{name}", own, declared, pointer)
        yield from _of_checks(pointer, checks, pointer)


def _of_field(pointer: str, rules: Rules, field: Field, form: str) -> Iterator[tuple[str, str, str, Field | None, str]]:
    for key in (*_CONDITIONS, *_VALUES):
        text: str | None = getattr(rules, key)
        if text is not None and (key in _CONDITIONS or field.type in SIMPLE_TYPES):
            yield f"{pointer}/{key}", key, text, field, form


def _of_checks(pointer: str, checks: tuple[Check, ...], form: str) -> Iterator[tuple[str, str, str, Field | None, str]]:
    for index, check in enumerate(checks):
        yield f"{pointer}/checks/{index}/if", "check", check.condition, None, form


def _unknown_names(manifest: Manifest, one: _Placed) -> Iterator[RuleFinding]:
    fields = {str(field.id): field for field in manifest.fields if field.type is not FieldType.SEPARATOR}
    columns = {column.id for field in manifest.fields for column in field.columns}
    expression = one.expression
    for name in sorted(expression.names - fields.keys()):
        message = f"`{short(expression)}` names {name}, which is no field; rules of forms read fields only"
        yield RuleFinding(code="unknown_name", pointer=one.pointer, message=f"{message}{meant(name, fields)}")
    for name in sorted(expression.properties - columns):
        message = f"`{short(expression)}` names .{name}, which is no column of a table{meant(name, columns)}"
        yield RuleFinding(code="unknown_name", pointer=one.pointer, message=message)
    for name in sorted(expression.moments):
        if name in fields and fields[name].type not in _DATES:
            message = f"`{short(expression)}` takes {name} as a date, but it is of type {fields[name].type.value}."
            yield RuleFinding(code="field_type", pointer=one.pointer, message=message)
    if one.name == "compute":
        for name in sorted(expression.names & fields.keys()):
            if fields[name].is_file_type:
                message = f"{one.what} reads the files of {name}, which also change outside of forms; read values only."
                yield RuleFinding(code="rule_type", pointer=one.pointer, message=message)
    if one.field is None and not expression.names:
        message = f"`{short(expression)}` reads no field, so it is the same for all values."
        yield RuleFinding(code="rule_type", pointer=one.pointer, message=message)


def _circles(rules: list[_Placed]) -> Iterator[RuleFinding]:
    """Yield, for each rule in a circle, what it leads back to; those that one form alone closes, once more with it."""
    said: set[str] = set()
    for form in ("", *dict.fromkeys(one.form for one in rules if one.form)):
        deciding = [one for one in rules if _decides(one, form)]
        reads: dict[FieldId, set[str]] = {}
        for one in deciding:
            if one.field is not None:
                reads.setdefault(one.field.id, set()).update(one.expression.names)
        try:
            in_order(reads)
        except ValueError:
            pass
        else:
            continue
        for one in deciding:
            path = _way_back(reads, one) if one.field is not None else None
            if path is not None and one.pointer not in said:
                said.add(one.pointer)
                message = f"{one.what} reads itself in a circle: {' → '.join(path)}. Break it at one of these rules."
                yield RuleFinding(code="circular_rules", pointer=one.pointer, message=message)


def _decides(one: _Placed, form: str) -> bool:
    """Return whether a rule has a part in what its field holds in a form ("": everywhere)."""
    if one.field is None or one.name == "require_if":
        return False
    if one.form == "":
        return one.name != "default" or form in ("", "/start")
    return one.form == form and one.name in _VALUES


def _way_back(reads: Mapping[FieldId, set[str]], one: _Placed) -> list[str] | None:
    """Return how a rule leads back to its own field, shortest way first; None where it does not."""
    own = str(one.field.id) if one.field is not None else ""
    ways = [[own, name] for name in sorted(one.expression.names)]
    seen: set[str] = set()
    while ways:
        way = ways.pop(0)
        if way[-1] == own:
            return way
        if way[-1] not in seen:
            seen.add(way[-1])
            ways += [[*way, name] for name in sorted(reads.get(FieldId(way[-1]), ()))]
    return None


def _tried(manifest: Manifest, one: _Placed, samples: list[dict[str, object]]) -> Iterator[RuleFinding]:
    """Yield what is found by evaluating a rule with samples."""
    outcomes = [_outcome(one, values) for values in samples]
    refusals = [refusal for refusal in outcomes if refusal is not None]
    if len(refusals) == len(samples):
        message = f"{one.what} (`{short(one.expression)}`) cannot be used: {refusals[0]}."
        yield RuleFinding(code="rule_type", pointer=one.pointer, message=message)
        return
    for name in sorted(one.expression.names):
        field = manifest.field(name)
        if field is None or field.rules.show_if is None or field == one.field:
            continue
        nothing: object = list[object]() if field.is_file_type else None
        without = [{**values, name: nothing} for values in samples[:KINDS]]
        if all(_fails(one.expression, values) for values in without):
            then = "is empty" if one.name in _VALUES else "is met" if one.field is None else "is not true"
            message = (
                f"{one.what} reads {name}, which may be hidden: it is null then, and `{short(one.expression)}` {then}."
                f" Write {name} ?? 0 or the like if something else is meant."
            )
            yield RuleFinding(code="hidden_operand", pointer=one.pointer, message=message, severity="warning")


def _outcome(one: _Placed, values: Mapping[str, object]) -> str | None:
    """Return why a rule cannot be used with some values; None where it can."""
    try:
        if one.field is None or one.name in _CONDITIONS:
            is_true(one.expression, values)
        else:
            options = ValueLimits(options=one.field.limits.options, max_stars=one.field.limits.max_stars)
            held(replace(one.field, limits=options), evaluate(one.expression, values), _MOMENT)
    except EvaluationError as error:
        return error.message
    except RefusedError as refused:
        reason = str(refused).rstrip(".")
        return f"{one.field.id if one.field else ''} does not take the result: {reason}" if _is_type(refused) else None
    return None


def _is_type(refused: RefusedError) -> bool:
    return refused.code in _WRONG_TYPES


def _fails(expression: Expression, values: Mapping[str, object]) -> bool:
    try:
        expression.evaluate(values)
    except EvaluationError:
        return True
    return False
