"""Rules of forms, as app.yaml has them: a page evaluates them while a form is filled in, the server when it is sent."""

from collections.abc import Collection, Sequence

from satchel.engine.rules import FormRules
from satchel.model.api import rules as api
from satchel.model.app import StartForm, TaskForm
from satchel.model.rules import NO_RULES, Check, OptionsFrom, OptionSource, Rules
from satchel.model.services import Literal


def of_field(rules: Rules) -> api.FieldRules | None:
    """Return the rules of a field, None where it has none."""
    if rules == NO_RULES:
        return None
    return api.FieldRules(
        show_if=rules.show_if,
        require_if=rules.require_if,
        default=rules.default,
        compute=rules.compute,
        options_from=None if rules.options_from is None else _options_from(rules.options_from),
    )


def of_form(form: StartForm | TaskForm) -> dict[str, api.FieldRules] | None:
    """Return the rules that fields have in one form alone, None where there are none."""
    found = {str(name): of_field(rules) for name, rules in form.rules.items()}
    return {name: rules for name, rules in found.items() if rules is not None} or None


def known(rules: Rules, of: FormRules, shown: Collection[str]) -> Rules:
    """Return those of a field's rules that read only fields which the form shows.

    Others are nothing to a page, which does not have what they read; they would only say what it is.
    """
    return Rules(
        show_if=_if_known(rules.show_if, of, shown),
        require_if=_if_known(rules.require_if, of, shown),
        default=_if_known(rules.default, of, shown),
        compute=_if_known(rules.compute, of, shown),
        options_from=rules.options_from,
    )


def _if_known(text: str | None, of: FormRules, shown: Collection[str]) -> str | None:
    return text if text is not None and of.is_known(text, shown) else None


def known_checks(declared: Sequence[Check], of: FormRules, shown: Collection[str]) -> Sequence[api.Check]:
    """Return those checks that read only fields which the form shows."""
    return checks([one for one in declared if of.is_known(one.condition, shown)])


def checks(declared: Sequence[Check]) -> Sequence[api.Check]:
    """Return checks across fields."""
    return [api.Check(condition=one.condition, message=one.message, field=one.field) for one in declared] or ()


def _options_from(source: OptionsFrom) -> api.OptionsFrom:
    return api.OptionsFrom(
        list=source.list_id,
        app=source.app or None,
        field=source.field_id,
        where={name: _condition(compared) for name, compared in source.where.items()} or None,
    )


def _condition(compared: OptionSource) -> api.OptionCondition:
    if isinstance(compared, Literal):
        value = compared.value
        return api.OptionCondition(value=str(value).lower() if isinstance(value, bool) else str(value))
    return api.OptionCondition(field=compared)
