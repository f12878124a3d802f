"""Rules of forms, compiled: what is hidden and required, what fields hold by themselves, and which checks fail.

All of it is decided in one pass over the fields, each behind those that its rules read. A field whose own `show_if` is
not true is null for the rules behind it. A rule that cannot be evaluated because something that it reads is empty is
not true, and gives no value: forms are filled in one field after the other.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import ROUND_HALF_UP, Decimal, localcontext
from typing import cast

from satchel.engine.expression import Expression, compile_expression, tokens
from satchel.engine.value import EvaluationError
from satchel.model.app import Manifest, StartForm, TaskForm
from satchel.model.errors import FieldFault
from satchel.model.fields import Field, FieldType
from satchel.model.ids import FieldId
from satchel.model.rules import NO_RULES, Check, OptionsFrom, Rules
from satchel.model.scalars import MAX_DECIMAL_DIGITS, Moment, RefusedError, check_scalar
from satchel.model.values import Json, typed_value

FAILED = "not_computed"
"""The code of a fault of a rule that cannot be evaluated."""
CHECK = "check"
"""The code of a fault of values that do not fit together."""

MAX_PLACES = 20
"""To how many decimal places a decimal is rounded whose field does not say how many it has."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RuleFault:
    """What a rule finds wrong.

    Attributes:
        reads: all fields that the rule depends on, directly or by the rules of those that it reads.
        own: whether the rule is one of this form alone.
    """

    fault: FieldFault
    reads: frozenset[str]
    own: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Reaction:
    """What the rules say of values.

    Attributes:
        hidden: the fields that are not shown in this form now.
        required: the fields that rules require now; not those that are hidden.
        values: of fields that hold something by themselves, in canonical form: computed ones, and defaults.
        faults: of rules that failed, and of checks.
    """

    hidden: frozenset[FieldId] = frozenset()
    required: frozenset[FieldId] = frozenset()
    values: Mapping[FieldId, Json]
    faults: tuple[RuleFault, ...] = ()


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class _OfField:
    """The compiled rules of one field in one form."""

    field: Field
    show: Expression | None
    show_here: Expression | None
    require: tuple[Expression, ...]
    default: Expression | None
    compute: Expression | None

    @property
    def value_reads(self) -> frozenset[str]:
        """What the field's value depends on directly."""
        return frozenset[str]().union(*(one.names for one in (self.show, self.default, self.compute) if one))


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class _OfForm:
    """A compiled check."""

    condition: Expression
    message: str
    places: tuple[FieldId, ...]
    own: bool


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class FormRules:
    """The compiled rules of one form, or of what is no form: all that is true of an app's fields everywhere.

    Attributes:
        computed: the fields that nothing may set.
        defaults: the fields that get a default here.
        options: where the options of fields come from, if not from the fields themselves.
    """

    computed: frozenset[FieldId]
    defaults: frozenset[FieldId]
    options: Mapping[FieldId, OptionsFrom]
    _fields: tuple[_OfField, ...]
    _checks: tuple[_OfForm, ...]
    _reads: Mapping[str, frozenset[str]]
    _names: Mapping[str, frozenset[str]]

    @property
    def is_empty(self) -> bool:
        """Whether there is no rule at all."""
        return not self._fields and not self._checks

    def reads(self, names: Collection[str]) -> frozenset[str]:
        """Return fields and all that their values depend on."""
        return frozenset(names).union(*(self._reads.get(name, frozenset()) for name in names))

    def is_known(self, text: str, fields: Collection[str]) -> bool:
        """Return whether a rule reads only some fields, so that somebody who knows those can evaluate it."""
        return self._names[text].issubset(fields)

    def react(
        self, values: Mapping[str, object], *, moment: Moment, writable: Collection[FieldId], empty: Collection[FieldId]
    ) -> Reaction:
        """Return what the rules say of values.

        Args:
            values: of every field, typed as expressions see them; names of files for a field of files.
            moment: when, and where the user is.
            writable: the fields that can be filled in.
            empty: those of `defaults` for which nothing was sent.
        """
        found = _Pass(rules=self, moment=moment, known=dict(values))
        for one in self._fields:
            found.hold(one, is_empty=one.field.id in empty)
        for one in self._fields:
            found.show(one, values, writable)
        for check in self._checks:
            found.check(check, writable)
        return Reaction(
            hidden=frozenset(found.hidden),
            required=frozenset(found.required),
            values=found.held,
            faults=tuple(found.faults),
        )


@dataclass(slots=True, kw_only=True)
class _Pass:
    """One evaluation of the rules of a form; `known` is what its rules read so far."""

    rules: FormRules
    moment: Moment
    known: dict[str, object]
    hidden: set[FieldId] = field(default_factory=set[FieldId])
    required: set[FieldId] = field(default_factory=set[FieldId])
    held: dict[FieldId, Json] = field(default_factory=dict[FieldId, Json])
    faults: list[RuleFault] = field(default_factory=list[RuleFault])

    def hold(self, rules: _OfField, *, is_empty: bool) -> None:
        """Decide what a field is worth: null where its own rule hides it, else what it computes, or its default."""
        declared = rules.field
        if rules.show is not None and not self._is_true(rules.show, declared, otherwise=True):
            self.hidden.add(declared.id)
            self.known[declared.id] = [] if declared.is_file_type else None
            if rules.compute is not None:
                self.held[declared.id] = None
        elif rules.compute is not None:
            self._take(rules.compute, declared)
        elif rules.default is not None and is_empty:
            self._take(rules.default, declared)

    def show(self, rules: _OfField, values: Mapping[str, object], writable: Collection[FieldId]) -> None:
        """Decide whether the form shows a field, and requires it."""
        name = rules.field.id
        if rules.show_here is not None and not self._is_true(rules.show_here, rules.field, otherwise=True):
            self.hidden.add(name)
            if rules.compute is None and self.held.pop(name, None) is not None:  # its default
                self.known[name] = values[name]
        if name in self.hidden or name not in writable:
            return
        if any(self._is_true(one, rules.field, otherwise=False) for one in rules.require):
            self.required.add(name)

    def check(self, check: _OfForm, writable: Collection[FieldId]) -> None:
        """Note a check that is not met, or cannot be evaluated."""
        try:
            is_met, message = is_true(check.condition, self.known, if_empty=True), check.message
        except EvaluationError as error:
            is_met = False
            message = f"The check `{short(check.condition)}` cannot be evaluated: {error.message}."
        if not is_met:
            behind = sorted(self.rules.reads(check.condition.names))
            open_ones = [one for one in (*check.places, *behind) if one in writable and one not in self.hidden]
            self._note(open_ones[0] if open_ones else "", CHECK, message, check.condition, own=check.own)

    def _is_true(self, condition: Expression, declared: Field, *, otherwise: bool) -> bool:
        """Return whether a rule is true; `otherwise` where it fails, which is noted."""
        try:
            return is_true(condition, self.known)
        except EvaluationError as error:
            message = f"The rule `{short(condition)}` of {declared.label} cannot be evaluated: {error.message}."
            self._note(declared.id, FAILED, message, condition)
            return otherwise

    def _take(self, expression: Expression, declared: Field) -> None:
        """Give a field the value of an expression; where that fails, it keeps its value, and a fault is noted."""
        try:
            value = held(declared, evaluate(expression, self.known), self.moment)
        except EvaluationError as error:
            self._note(declared.id, FAILED, f"{declared.label} cannot be computed: {error.message}.", expression)
        except RefusedError as refused:
            message = f"{declared.label} is computed from other fields and does not accept the result. {refused}"
            self._note(declared.id, refused.code, message, expression)
        else:
            self.held[declared.id] = value
            self.known[declared.id] = typed_value(declared, value)

    def _note(self, place: str, code: str, message: str, rule: Expression, *, own: bool = False) -> None:
        fault = FieldFault(field=place, code=code, message=message)
        self.faults.append(RuleFault(fault=fault, reads=self.rules.reads(rule.names), own=own))


def compile_rules(manifest: Manifest, form: StartForm | TaskForm | None) -> FormRules:
    """Return the rules of a form of an app that was deployed, and so is valid; None is what is no form.

    Raises:
        ValueError: rules read each other in a circle; the deployed bytes were changed.
        ExpressionError: a rule is no expression; the same.
    """
    own: Mapping[FieldId, Rules] = form.rules if form is not None else dict[FieldId, Rules]()
    starts = isinstance(form, StartForm)
    of_fields = {
        declared.id: rules
        for declared in manifest.fields
        if (rules := _compiled(declared, own.get(declared.id, NO_RULES), starts=starts)) is not None
    }
    own_checks = form.checks if form is not None else ()
    checks_of = (*manifest.checks, *own_checks)
    checks = [_check(check, own=check in own_checks) for check in checks_of]
    order = in_order({name: rules.value_reads for name, rules in of_fields.items()})
    reads: dict[str, frozenset[str]] = {}
    for name in order:
        direct = of_fields[FieldId(name)].value_reads
        reads[name] = direct.union(*(reads.get(one, frozenset()) for one in direct))
    return FormRules(
        computed=frozenset(name for name, rules in of_fields.items() if rules.compute is not None),
        defaults=frozenset(name for name, rules in of_fields.items() if rules.default is not None),
        options={
            declared.id: source
            for declared in manifest.fields
            if (source := own.get(declared.id, NO_RULES).options_from or declared.rules.options_from) is not None
        },
        _fields=tuple(of_fields[FieldId(name)] for name in order),
        _checks=tuple(checks),
        _reads=reads,
        _names={text: compile_expression(text).names for text in _texts(manifest, own, checks_of)},
    )


def _texts(manifest: Manifest, own: Mapping[FieldId, Rules], checks: Sequence[Check]) -> set[str]:
    """Return the texts of all rules of a form."""
    rules = [*(field.rules for field in manifest.fields), *own.values()]
    texts = {text for one in rules for text in (one.show_if, one.require_if, one.default, one.compute)}
    return {text for text in texts if text is not None} | {check.condition for check in checks}


def _compiled(declared: Field, own: Rules, *, starts: bool) -> _OfField | None:
    everywhere = declared.rules
    default = own.default or (everywhere.default if starts else None)
    require = tuple(compile_expression(text) for text in (everywhere.require_if, own.require_if) if text is not None)
    rules = _OfField(
        field=declared,
        show=_optional(everywhere.show_if),
        show_here=_optional(own.show_if),
        require=require,
        default=_optional(default),
        compute=_optional(own.compute or everywhere.compute),
    )
    has_any = rules.show or rules.show_here or rules.require or rules.default or rules.compute
    return rules if has_any else None


def _optional(text: str | None) -> Expression | None:
    return None if text is None else compile_expression(text)


def _check(check: Check, *, own: bool) -> _OfForm:
    named = dict.fromkeys(word for kind, word in tokens(check.condition) if kind == "name")
    condition = compile_expression(check.condition)
    places = [FieldId(name) for name in named if name in condition.names]
    if check.field is not None:
        places = [check.field]
    return _OfForm(condition=condition, message=check.message, places=tuple(places), own=own)


def in_order(reads: Mapping[FieldId, Collection[str]]) -> tuple[str, ...]:
    """Return fields in an order in which each comes behind those that it reads.

    Raises:
        ValueError: some read each other in a circle.
    """
    done: dict[str, bool] = {}
    order: list[str] = []
    for first in reads:
        waiting: list[tuple[str, bool]] = [(first, False)]
        while waiting:
            name, is_ready = waiting.pop()
            if is_ready:
                done[name] = True
                order.append(name)
            elif name in done:
                if not done[name]:
                    raise ValueError(f"the rules of {name} read each other in a circle")
            else:
                done[name] = False
                waiting.append((name, True))
                waiting += [(one, False) for one in reads[FieldId(name)] if one in reads and not done.get(one)]
    return tuple(order)


def is_true(condition: Expression, known: Mapping[str, object], *, if_empty: bool = False) -> bool:
    """Return whether a rule is true; `if_empty` where it needs something that is empty.

    Raises:
        EvaluationError: it cannot be evaluated, or is neither true nor false, and nothing is empty that it reads.
    """
    try:
        return condition.decide(known)
    except EvaluationError:
        if _reads_empty(condition, known):
            return if_empty
        raise


def evaluate(expression: Expression, known: Mapping[str, object]) -> object:
    """Return the value of a rule, null where it needs something that is empty.

    Raises:
        EvaluationError: it cannot be evaluated, and nothing is empty that it reads.
    """
    try:
        return expression.evaluate(known)
    except EvaluationError:
        if _reads_empty(expression, known):
            return None
        raise


def _reads_empty(expression: Expression, known: Mapping[str, object]) -> bool:
    """Return whether something that an expression reads is empty: a field, or a cell of a column that it names."""
    for name in expression.names:
        value = known.get(name)
        if value is None or value == []:
            return True
        for row in cast("list[object]", value) if isinstance(value, list) else ():
            if isinstance(row, Mapping):
                cells = cast("Mapping[str, object]", row)
                if any(column in cells and cells[column] is None for column in expression.properties):
                    return True
    return False


def held(declared: Field, result: object, moment: Moment) -> Json:
    """Return the result of an expression as its field holds it; decimals are rounded to the places of the field.

    Raises:
        RefusedError: the field does not hold such a value.
    """
    if declared.type is FieldType.DECIMAL and isinstance(result, int | Decimal) and not isinstance(result, bool):
        digits = declared.limits.digits
        result = _rounded(Decimal(result), MAX_PLACES if digits is None else digits)
    return check_scalar(declared.type, declared.limits, result, moment)


def _rounded(number: Decimal, places: int) -> Decimal:
    if -cast("int", number.as_tuple().exponent) <= places:
        return number
    with localcontext() as context:
        context.prec = 2 * MAX_DECIMAL_DIGITS
        return number.quantize(Decimal(1).scaleb(-places), rounding=ROUND_HALF_UP)


def short(expression: Expression) -> str:
    """Return an expression as messages quote it."""
    return expression.text if len(expression.text) <= 60 else f"{expression.text[:60]}…"  # noqa: PLR2004  # one line
