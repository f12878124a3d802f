"""Values: checked by type and limits, canonical in the database, typed for the engine."""

from datetime import UTC, date, datetime, time
from decimal import Decimal
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from satchel.model.errors import FieldFault
from satchel.model.fields import Column, Field, FieldType, FileLimits, Option, ValueLimits
from satchel.model.ids import FieldId
from satchel.model.values import merge, references, typed_values, value_faults

NOW = datetime(2026, 3, 2, 23, 30, tzinfo=UTC)
BERLIN = ZoneInfo("Europe/Berlin")
"""Where it is already 3 March, half past midnight."""

OPTIONS = tuple(Option(id=id_, label=id_.upper()) for id_ in ("red", "green", "blue"))
NO_LIMITS = ValueLimits()


def field(type_: FieldType, limits: ValueLimits = NO_LIMITS, *, id_: str = "f") -> Field:
    return Field(number=1, id=FieldId(id_), label="F", type=type_, limits=limits)


def checked(type_: FieldType, value: object, limits: ValueLimits = NO_LIMITS) -> tuple[object, list[FieldFault]]:
    values, faults = value_faults([field(type_, limits)], {"f": value}, now=NOW, time_zone=BERLIN)
    return values.get(FieldId("f")), faults


def canonical(type_: FieldType, value: object, limits: ValueLimits = NO_LIMITS) -> object:
    stored, faults = checked(type_, value, limits)
    assert faults == []
    return stored


def fault(type_: FieldType, value: object, limits: ValueLimits = NO_LIMITS) -> str:
    _, faults = checked(type_, value, limits)
    (found,) = faults
    assert found.field == "f"
    return found.code


@pytest.mark.parametrize(
    ("type_", "given_value", "expected"),
    [
        (FieldType.TEXT, " a b ", " a b "),
        (FieldType.MULTILINE, "a\r\nb\rc", "a\nb\nc"),
        (FieldType.DECIMAL, "12.50", "12.5"),
        (FieldType.DECIMAL, Decimal("1E+3"), "1000"),
        (FieldType.DECIMAL, Decimal("-0.00"), "0"),
        (FieldType.DECIMAL, 7, "7"),
        (FieldType.DECIMAL, "+.5", "0.5"),
        (FieldType.DECIMAL, "007", "7"),
        (FieldType.INTEGER, "42", 42),
        (FieldType.INTEGER, Decimal("3.0"), 3),
        (FieldType.INTEGER, -(2**63) + 1, -(2**63) + 1),
        (FieldType.BOOLEAN, False, False),
        (FieldType.BOOLEAN, "true", True),
        (FieldType.DATE, "2026-01-31", "2026-01-31"),
        (FieldType.DATETIME, "2026-01-31T10:30:00+01:00", "2026-01-31T09:30:00Z"),
        (FieldType.DATETIME, "2026-01-31 10:30", "2026-01-31T09:30:00Z"),
        (FieldType.DATETIME, "2026-01-31T09:30:00.25Z", "2026-01-31T09:30:00.250000Z"),
        (FieldType.TIME, "09:30", "09:30:00"),
        (FieldType.RATING, 5, 5),
        (FieldType.USER, "12", 12),
        (FieldType.GROUP, 3, 3),
        (FieldType.LINK, "https://example.org/a?b=c#d", "https://example.org/a?b=c#d"),
    ],
)
def test_a_value_has_one_canonical_form(type_: FieldType, given_value: object, expected: object) -> None:
    value = canonical(type_, given_value)

    assert value == expected
    assert type(value) is type(expected)


@pytest.mark.parametrize("empty", [None, "", "   ", []])
@pytest.mark.parametrize(
    "type_", [FieldType.TEXT, FieldType.DECIMAL, FieldType.DATE, FieldType.CHOICES, FieldType.BOOLEAN]
)
def test_an_empty_value_takes_the_value_away_whatever_the_limits(type_: FieldType, empty: object) -> None:
    assert canonical(type_, empty, ValueLimits(min_length=3, min=Decimal(1), min_checked=1, options=OPTIONS)) is None


@pytest.mark.parametrize(
    ("type_", "value", "code"),
    [
        (FieldType.TEXT, 5, "type"),
        (FieldType.TEXT, "a\nb", "type"),
        (FieldType.TEXT, "a\x00b", "type"),
        (FieldType.TEXT, "a\ud800", "type"),
        (FieldType.TEXT, "x" * 100_001, "too_long"),
        (FieldType.MULTILINE, "a\x1bb", "type"),
        (FieldType.DECIMAL, 0.1, "type"),
        (FieldType.DECIMAL, True, "type"),
        (FieldType.DECIMAL, "1e5", "type"),
        (FieldType.DECIMAL, "1,5", "type"),
        (FieldType.DECIMAL, "\u0663", "type"),
        (FieldType.DECIMAL, Decimal("NaN"), "type"),
        (FieldType.DECIMAL, Decimal("Infinity"), "type"),
        (FieldType.DECIMAL, Decimal("1E+1000000"), "too_precise"),
        (FieldType.DECIMAL, Decimal("1E-1000000"), "too_precise"),
        (FieldType.DECIMAL, 10**39, "too_precise"),
        (FieldType.DECIMAL, "1" * 39, "too_precise"),
        (FieldType.INTEGER, Decimal("1.5"), "type"),
        (FieldType.INTEGER, "1.0", "type"),
        (FieldType.INTEGER, True, "type"),
        (FieldType.INTEGER, 2**63, "too_large"),
        (FieldType.INTEGER, -(2**63), "too_small"),
        (FieldType.BOOLEAN, 1, "type"),
        (FieldType.BOOLEAN, "yes", "type"),
        (FieldType.DATE, "20260131", "type"),
        (FieldType.DATE, "2026-02-30", "type"),
        (FieldType.DATE, "2026-01-31T00:00", "type"),
        (FieldType.DATETIME, "2026-01-31", "type"),
        (FieldType.DATETIME, "0001-01-01T00:00+14:00", "type"),
        (FieldType.DATETIME, 1700000000, "type"),
        (FieldType.TIME, "25:00", "type"),
        (FieldType.TIME, "9:30", "type"),
        (FieldType.RATING, 0, "too_small"),
        (FieldType.RATING, 6, "too_large"),
        (FieldType.USER, 0, "type"),
        (FieldType.USER, "ann@example.org", "type"),
        (FieldType.LINK, "javascript:alert(1)", "type"),
        (FieldType.LINK, "https://", "type"),
        (FieldType.LINK, "https://example.org:port/", "type"),
        (FieldType.LINK, "https://example.org/a b", "type"),
        (FieldType.LINK, "https://ann:secret@example.org/", "type"),
        (FieldType.LINK, "http://[::1", "type"),
        (FieldType.LINK, "https://example.org/" + "x" * 2_048, "too_long"),
        (FieldType.TABLE, "rows", "type"),
        (FieldType.SEPARATOR, "x", "type"),
    ],
)
def test_a_value_of_another_type_is_refused(type_: FieldType, value: object, code: str) -> None:
    assert fault(type_, value) == code


@pytest.mark.parametrize(
    ("type_", "limits", "good", "bad", "code"),
    [
        (FieldType.TEXT, ValueLimits(min_length=2), "ab", "a", "too_short"),
        (FieldType.TEXT, ValueLimits(max_length=2), "ab", "abc", "too_long"),
        (FieldType.TEXT, ValueLimits(pattern="[a-z]+"), "abc", "abc1", "pattern"),
        (FieldType.DECIMAL, ValueLimits(min=Decimal("0.5")), "0.50", "0.49", "too_small"),
        (FieldType.DECIMAL, ValueLimits(max=Decimal("0.5")), "0.5", "0.51", "too_large"),
        (FieldType.DECIMAL, ValueLimits(digits=2), "1.230", "1.234", "too_precise"),
        (FieldType.INTEGER, ValueLimits(max=Decimal(9)), 9, 10, "too_large"),
        (FieldType.DATE, ValueLimits(disable_future=True), "2026-03-03", "2026-03-04", "in_future"),
        (FieldType.DATE, ValueLimits(disable_past=True), "2026-03-03", "2026-03-02", "in_past"),
        (
            FieldType.DATETIME,
            ValueLimits(disable_future=True),
            "2026-03-02T23:30:00Z",
            "2026-03-02T23:30:01Z",
            "in_future",
        ),
        (FieldType.TIME, ValueLimits(disable_past=True), "00:30", "00:29", "in_past"),
        (FieldType.CHOICE, ValueLimits(options=OPTIONS), "red", "RED", "unknown_option"),
        (FieldType.CHOICE, ValueLimits(options=OPTIONS), "red", ["red"], "type"),
        (FieldType.CHOICES, ValueLimits(options=OPTIONS), ["red"], "red", "type"),
        (FieldType.CHOICES, ValueLimits(options=OPTIONS), ["red"], [["red"]], "type"),
        (FieldType.CHOICES, ValueLimits(options=OPTIONS), ["red"], ["red", "red"], "duplicate"),
        (FieldType.CHOICES, ValueLimits(options=OPTIONS, min_checked=2), ["red", "blue"], ["red"], "too_few"),
        (FieldType.CHOICES, ValueLimits(options=OPTIONS, max_checked=1), ["red"], ["red", "blue"], "too_many"),
        (FieldType.RATING, ValueLimits(max_stars=3), 3, 4, "too_large"),
    ],
)
def test_a_limit_holds_at_its_edge(type_: FieldType, limits: ValueLimits, good: object, bad: object, code: str) -> None:
    assert canonical(type_, good, limits) is not None
    assert fault(type_, bad, limits) == code


def test_a_pattern_that_would_keep_a_backtracking_matcher_busy_for_years_is_answered_at_once() -> None:
    assert fault(FieldType.TEXT, "a" * 9_999 + "!", ValueLimits(pattern="(a*)*(a|aa)+b")) == "pattern"


def test_choices_are_kept_in_the_order_of_the_options() -> None:
    assert canonical(FieldType.CHOICES, ["blue", "red"], ValueLimits(options=OPTIONS)) == ["red", "blue"]


def test_every_fault_comes_at_once_and_unknown_names_are_faults() -> None:
    fields = [
        field(FieldType.INTEGER, id_="a"),
        field(FieldType.DATE, id_="b"),
        Field(number=3, id=FieldId("c"), label="C", type=FieldType.FILE, files=FileLimits()),
    ]

    _, faults = value_faults(fields, {"a": "x", "b": "y", "c": 5, "d": 1}, now=NOW, time_zone=UTC)

    assert [(found.field, found.code) for found in faults] == [
        ("a", "type"),
        ("b", "type"),
        ("c", "type"),
        ("d", "unknown_field"),
    ]


TABLE = Field(
    number=1,
    id=FieldId("lines"),
    label="Lines",
    type=FieldType.TABLE,
    max_rows=3,
    columns=(
        Column(id="item", label="Item", type=FieldType.TEXT, required=True),
        Column(id="price", label="Price", type=FieldType.DECIMAL, limits=ValueLimits(digits=2)),
        Column(id="buyer", label="Buyer", type=FieldType.USER),
    ),
)


def test_a_table_is_kept_without_its_empty_rows_and_cells() -> None:
    rows = [
        {"item": "Desk", "price": Decimal("1.50")},
        {},
        {"item": "", "price": None},
    ]

    values, faults = value_faults([TABLE], {"lines": rows}, now=NOW, time_zone=UTC)

    assert faults == []
    assert values == {"lines": [{"item": "Desk", "price": "1.50"}]}
    assert typed_values([TABLE], merge({}, values)) == {
        "lines": [{"item": "Desk", "price": Decimal("1.5"), "buyer": None}]
    }
    assert value_faults([TABLE], {"lines": [{}]}, now=NOW, time_zone=UTC) == ({"lines": None}, [])


def test_faults_of_a_table_name_row_and_column() -> None:
    rows = [{"price": "1.234", "colour": "red"}, "row", {"item": "Desk", "buyer": "Ann"}, {"price": 1}]

    _, too_many = value_faults([TABLE], {"lines": rows}, now=NOW, time_zone=UTC)
    _, faults = value_faults([TABLE], {"lines": rows[1:]}, now=NOW, time_zone=UTC)

    assert [(found.field, found.code) for found in too_many] == [("lines", "too_many")]
    assert [(found.field, found.code) for found in faults] == [
        ("lines/0", "type"),
        ("lines/1/buyer", "type"),
        ("lines/2/item", "required"),
    ]


def test_stored_values_are_typed_again() -> None:
    fields = [
        field(FieldType.DECIMAL, id_="a"),
        field(FieldType.DATE, id_="b"),
        field(FieldType.DATETIME, id_="c"),
        field(FieldType.TIME, id_="d"),
        field(FieldType.TEXT, id_="e"),
        field(FieldType.SEPARATOR, id_="s"),
    ]
    stored = {"a": "1.50", "b": "2026-01-31", "c": "2026-01-31T09:30:00Z", "d": "09:30:00"}

    assert typed_values(fields, stored) == {
        "a": Decimal("1.50"),
        "b": date(2026, 1, 31),
        "c": datetime(2026, 1, 31, 9, 30, tzinfo=UTC),
        "d": time(9, 30),
        "e": None,
    }


def test_a_change_to_nothing_takes_the_value_away() -> None:
    assert merge({"a": 1, "b": 2, "c": False}, {FieldId("a"): None, FieldId("b"): 3}) == {"b": 3, "c": False}


def test_users_and_groups_are_found_in_fields_and_tables() -> None:
    fields = [TABLE, field(FieldType.GROUP, id_="team"), field(FieldType.INTEGER, id_="n")]
    given_values = {"lines": [{"item": "Desk", "buyer": 7}], "team": 3, "n": 9}
    values, _ = value_faults(fields, given_values, now=NOW, time_zone=UTC)

    found = references(fields, values)

    assert found.users == {7: "lines"}
    assert found.groups == {3: "team"}


@given(st.decimals(allow_nan=False, allow_infinity=False, places=6, min_value=-(10**20), max_value=10**20))
def test_a_decimal_comes_back_as_it_went_in(number: Decimal) -> None:
    stored = canonical(FieldType.DECIMAL, number)

    assert typed_values([field(FieldType.DECIMAL)], {"f": stored}) == {"f": number}
    assert canonical(FieldType.DECIMAL, stored) == stored


JUNK = st.recursive(
    st.none() | st.booleans() | st.integers() | st.decimals() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=6,
)


@given(type_=st.sampled_from(FieldType), value=JUNK)
def test_no_input_does_anything_but_pass_or_be_refused(type_: FieldType, value: object) -> None:
    limits = ValueLimits(options=OPTIONS, min=Decimal(0), max_length=10, pattern="[a-z]*")
    stored, faults = checked(type_, value, limits)
    if not faults:
        assert checked(type_, stored, limits) == (stored, [])
