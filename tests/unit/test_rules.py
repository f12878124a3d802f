"""Rules of forms: what is hidden, required and computed, what checks say, and what is found wrong at deployment."""

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from decimal import Decimal

import pytest

from satchel.engine.rule_findings import rule_findings
from satchel.engine.rules import FormRules, Reaction, compile_rules
from satchel.model.app import Manifest
from satchel.model.app_yaml.bundle import draft_bundle
from satchel.model.errors import Finding
from satchel.model.ids import FieldId
from satchel.model.scalars import Moment
from world import bundle, fields

MOMENT = Moment(now=datetime(2026, 1, 31, tzinfo=UTC), time_zone=UTC)
COLUMNS = [
    {"id": "quantity", "label": "Quantity", "type": "integer"},
    {"id": "price", "label": "Price", "type": "decimal"},
]
FIELDS = fields(
    {"id": "kind", "type": "text"},
    {"id": "extra", "type": "decimal", "show_if": "kind == 'more'", "require_if": "kind == 'more'"},
    {"id": "base", "type": "decimal"},
    {"id": "total", "type": "decimal", "digits": 2, "max": 100, "compute": "base + (extra ?? 0)"},
    {"id": "double", "type": "decimal", "compute": "total * 2", "show_if": "total > 0"},
    {"id": "lines", "type": "table", "columns": COLUMNS},
    {"id": "sum", "type": "decimal", "compute": "sum(map(lines, #.quantity * #.price))"},
    {"id": "note", "type": "text", "default": "'from ' + kind"},
    {"id": "big", "type": "decimal"},
    {"id": "square", "type": "decimal", "compute": "big * big * big"},
    {"id": "photos", "type": "photo"},
)
EMPTY: Mapping[str, object] = {**dict.fromkeys((str(one["id"]) for one in FIELDS), None), "photos": []}
CHECKS = [
    {"if": "base <= 50", "message": "At most 50."},
    {"if": "total <= 60", "message": "Together at most 60."},
    {"if": "len(photos) == 0 or kind != null", "message": "Of what?", "field": "kind"},
]


def manifest_of(**manifest: object) -> tuple[Manifest, list[Finding]]:
    files = bundle({"code": "RUL", "fields": FIELDS, **manifest})
    draft, found = draft_bundle(files)
    assert draft is not None
    rules = [
        draft.finding(one.code, one.pointer, one.message, severity=one.severity)
        for one in rule_findings(draft.manifest)
    ]
    return draft.manifest, [*found, *rules]


def rules_of(**manifest: object) -> FormRules:
    read, found = manifest_of(checks=CHECKS, **manifest)
    assert found == []
    return compile_rules(read, read.start)


def react(rules: FormRules, *, sent: tuple[str, ...] = (), **values: object) -> Reaction:
    empty = [name for name in rules.defaults if name not in sent]
    writable = {FieldId(name) for name in ("kind", "extra", "base")}
    return rules.react({**EMPTY, **values}, moment=MOMENT, writable=writable, empty=empty)


def faults(found: Reaction) -> list[tuple[str, str]]:
    return [(one.fault.field, one.fault.code) for one in found.faults]


@pytest.fixture(scope="module")
def rules() -> FormRules:
    return rules_of(start={"fields": {"kind": "edit", "extra": "edit", "base": "edit"}})


def test_a_hidden_field_is_null_for_others_and_never_required(rules: FormRules) -> None:
    hidden = react(rules, kind="less", base=Decimal(1), extra=Decimal(5))
    shown = react(rules, kind="more", base=Decimal(1), extra=Decimal(5))
    assert ("extra" in hidden.hidden, "extra" in shown.hidden) == (True, False)
    assert (hidden.values[FieldId("total")], shown.values[FieldId("total")]) == ("1.00", "6.00")
    assert (set(hidden.required), set(shown.required)) == (set(), {"extra"})


def test_computed_fields_follow_each_other_and_are_empty_where_something_is(rules: FormRules) -> None:
    assert react(rules, base=Decimal("1.005")).values[FieldId("double")] == "2.02"
    nothing = react(rules)
    assert (nothing.values[FieldId("total")], nothing.values[FieldId("double")], nothing.values[FieldId("sum")]) == (
        None,
        None,
        None,
    )
    assert faults(nothing) == []
    rows = [{"quantity": 2, "price": Decimal("1.10")}, {"quantity": 1, "price": None}]
    assert react(rules, lines=rows).values[FieldId("sum")] is None
    assert react(rules, lines=rows[:1]).values[FieldId("sum")] == "2.2"


def test_a_default_is_given_only_where_nothing_was_sent(rules: FormRules) -> None:
    assert react(rules, kind="x").values[FieldId("note")] == "from x"
    assert "note" not in react(rules, kind="x", sent=("note",)).values
    assert react(rules).values[FieldId("note")] is None


def test_a_rule_that_fails_is_a_fault_of_its_field(rules: FormRules) -> None:
    found = react(rules, kind="more", base=Decimal("99.99"), extra=Decimal(1), big=Decimal(10) ** 20)
    assert faults(found) == [("total", "too_large"), ("square", "not_computed"), ("base", "check")]
    assert found.faults[0].reads == {"kind", "base", "extra"}
    assert "total" not in found.values


def test_a_check_names_its_field_or_the_first_that_can_be_filled_in(rules: FormRules) -> None:
    assert faults(react(rules, base=Decimal(51))) == [("base", "check")]
    assert faults(react(rules, photos=["a.png"])) == [("kind", "check")]
    assert faults(react(rules, photos=["a.png"], kind="x")) == []
    assert faults(react(rules, base=Decimal(5), kind="more", extra=Decimal(60))) == [("base", "check")]


def test_a_rule_of_one_form_hides_without_making_null() -> None:
    own = {"fields": {"base": {"access": "edit", "show_if": "kind == 'x'", "require_if": "true"}, "total": "read"}}
    found = react(rules_of(start=own), base=Decimal(7))
    assert "base" in found.hidden
    assert found.values[FieldId("total")] == "7.00"
    assert found.required == frozenset()


FINDINGS: Mapping[str, tuple[list[dict[str, object]], Mapping[str, object], str, str]] = {
    "no expression": ([{"id": "x", "type": "text", "show_if": "y = 1"}], {}, "expression", "write == to compare"),
    "an unknown name": (
        [{"id": "x", "type": "text", "show_if": "yy == 1"}],
        {},
        "unknown_name",
        "yy, which is no field",
    ),
    "a built-in name": ([{"id": "x", "type": "text", "default": "identifier"}], {}, "unknown_name", "fields only"),
    "an unknown column": ([{"id": "x", "type": "text", "show_if": "x.y == 1"}], {}, "unknown_name", ".y"),
    "a circle of one": ([{"id": "x", "type": "text", "show_if": "x == 'a'"}], {}, "circular_rules", "x → x"),
    "a date of a number": (
        [{"id": "x", "type": "integer"}, {"id": "y", "type": "text", "show_if": "date(x) > date('2026-01-01')"}],
        {},
        "field_type",
        "of type integer",
    ),
    "a text that is compared with a number": (
        [{"id": "x", "type": "text"}, {"id": "y", "type": "text", "show_if": "x > 1"}],
        {},
        "rule_type",
        "The show_if of y",
    ),
    "a condition that is no condition": (
        [{"id": "x", "type": "integer"}, {"id": "y", "type": "text", "require_if": "x + 1"}],
        {},
        "rule_type",
        "neither true nor false",
    ),
    "a number for a text": (
        [{"id": "x", "type": "integer"}, {"id": "y", "type": "text", "compute": "x + 1"}],
        {},
        "rule_type",
        "y does not take the result",
    ),
    "an option that there is not": (
        [{"id": "y", "type": "choice", "options": [{"id": "a", "label": "A"}], "default": "'b'"}],
        {},
        "rule_type",
        "not one of the options",
    ),
    "a table with a default": (
        [{"id": "y", "type": "table", "columns": COLUMNS, "default": "1"}],
        {},
        "rule_type",
        "which has no default",
    ),
    "files that are counted": (
        [{"id": "x", "type": "file"}, {"id": "y", "type": "integer", "compute": "len(x)"}],
        {},
        "rule_type",
        "reads the files",
    ),
    "a computed field that can be filled in": (
        [{"id": "y", "type": "integer", "compute": "1"}],
        {"start": {"fields": {"y": "edit"}}},
        "rule_access",
        "read or hide instead of edit",
    ),
    "a computed field that a message sets": (
        [{"id": "y", "type": "integer", "compute": "1"}],
        {"messages": {"m": {"inputs": ["y"]}}},
        "computed_field",
        "The message m sets y",
    ),
    "a rule that its form gives no meaning": (
        [{"id": "y", "type": "text"}],
        {"start": {"fields": {"y": {"access": "read", "require_if": "true"}}}},
        "rule_access",
        "set it to edit or require",
    ),
    "a check of nothing": (
        [{"id": "y", "type": "text"}],
        {"checks": [{"if": "1 == 2", "message": "Never."}]},
        "rule_type",
        "reads no field",
    ),
}


@pytest.mark.parametrize("name", FINDINGS)
def test_a_wrong_rule_is_found_with_its_line(name: str) -> None:
    declared, more, code, says = FINDINGS[name]
    _, found = manifest_of(fields=fields(*declared), **more)
    assert [(one.code, one.severity) for one in found] == [(code, "error")]
    assert says in found[0].message
    assert found[0].line is not None


def test_each_rule_of_a_circle_is_found_in_its_place() -> None:
    text = json.dumps(
        {
            "code": "RUL",
            "name": "Circle",
            "fields": fields(
                {"id": "a", "type": "integer", "compute": "b + 1"},
                {"id": "b", "type": "integer", "compute": "c + 1"},
                {"id": "c", "type": "integer", "show_if": "a > 1"},
                {"id": "d", "type": "integer", "compute": "a + 1"},
            ),
            "start": {"fields": {}},
        },
        indent=0,
    )
    draft, _ = draft_bundle({**bundle({"code": "RUL"}), "app.yaml": text.encode()})
    assert draft is not None
    circles = [one for one in rule_findings(draft.manifest) if one.code == "circular_rules"]
    found = [draft.finding(one.code, one.pointer, one.message) for one in circles]
    lines = text.splitlines()
    places = [lines[(one.line or 0) - 1] for one in found]
    assert places == ['"compute": "b + 1"', '"compute": "c + 1"', '"show_if": "a > 1"']
    assert "a → b → c → a" in found[0].message


def test_a_circle_that_one_form_closes_is_found_there_alone() -> None:
    declared = fields({"id": "a", "type": "integer"}, {"id": "b", "type": "integer", "compute": "a + 1"})
    own = {"fields": {"a": {"access": "read", "compute": "b + 1"}, "b": "read"}}
    _, found = manifest_of(fields=declared, tasks={"a": own})
    assert {one.code for one in found} == {"circular_rules"}


def test_a_rule_that_cannot_do_without_a_field_that_may_be_hidden_is_a_warning() -> None:
    declared = fields(
        {"id": "a", "type": "integer", "show_if": "b > 1"},
        {"id": "b", "type": "integer"},
        {"id": "c", "type": "integer", "compute": "a + b"},
        {"id": "d", "type": "integer", "compute": "(a ?? 0) + b"},
    )
    _, found = manifest_of(fields=declared)
    assert [(one.code, one.severity) for one in found] == [("hidden_operand", "warning")]
    assert "it is null then" in found[0].message
