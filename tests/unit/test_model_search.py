"""Searches: typed before anything is asked, the same from JSON and from a query string."""

import base64
import json
from collections.abc import Mapping
from datetime import UTC, datetime
from decimal import Decimal
from typing import cast
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from satchel.model.errors import InvalidRequest
from satchel.model.fields import Field, FieldType, Option, SlotKind, ValueLimits
from satchel.model.ids import FieldId, InstanceId, UserId
from satchel.model.instance import InstanceState
from satchel.model.search.query import (
    SLOT_CHARS,
    Cursor,
    InstanceQuery,
    Sort,
    SortKey,
    decode_cursor,
    encode_cursor,
    query_json,
    slot_value,
)
from satchel.model.search.reading import parse_pairs, parse_query

NOW = datetime(2026, 3, 2, 9, 30, tzinfo=UTC)
DAY = "2026-01-01T00:00:00Z"
BERLIN = ZoneInfo("Europe/Berlin")
LIMITS = ValueLimits(options=(Option(id="red", label="Red"), Option(id="blue", label="Blue")), min=Decimal(5))


def field(name: str, type_: FieldType, *, searchable: bool = True) -> Field:
    return Field(number=0, id=FieldId(name), label=name, type=type_, searchable=searchable, limits=LIMITS)


FIELDS = (
    field("product", FieldType.TEXT),
    field("amount", FieldType.DECIMAL),
    field("day", FieldType.DATE),
    field("moment", FieldType.DATETIME),
    field("clock", FieldType.TIME),
    field("colours", FieldType.CHOICES),
    field("colour", FieldType.CHOICE),
    field("urgent", FieldType.BOOLEAN),
    field("hidden", FieldType.TEXT, searchable=False),
)


def parse(given: Mapping[str, object], user: UserId | None = None) -> InstanceQuery:
    return parse_query(given, FIELDS, now=NOW, time_zone=BERLIN, user=user)


def pairs(text: str) -> InstanceQuery:
    return parse_pairs(
        [cast("tuple[str, str]", tuple(pair.split("=", 1))) for pair in text.split("&")],
        FIELDS,
        now=NOW,
        time_zone=BERLIN,
    )


def pointers(error: InvalidRequest) -> list[str]:
    return [item["pointer"] for item in cast("list[dict[str, str]]", error.members["errors"])]


def test_an_empty_search_asks_for_the_newest() -> None:
    assert parse({}) == InstanceQuery()
    assert str(InstanceQuery().sort) == "-started_at"


def test_a_query_string_asks_the_same_as_json() -> None:
    from_json = parse(
        {
            "app": "EVA",
            "states": ["running", "ended"],
            "title": "Desk",
            "started_from": "2026-01-01",
            "ended_to": "2026-01-31",
            "starter": 7,
            "fields": {"amount": {"from": 10, "to": "20.50"}, "product": {"contains": "Des"}, "colour": "red"},
            "sort": "-field:amount",
            "limit": 20,
        }
    )

    from_text = pairs(
        "app=EVA&state=running&state=ended&title=Desk&started_from=2026-01-01&ended_to=2026-01-31&starter=7"
        "&field.amount.from=10&field.amount.to=20.50&field.product.contains=Des&field.colour=red"
        "&sort=-field:amount&limit=20"
    )

    assert from_text == from_json
    assert from_json.states == (InstanceState.RUNNING, InstanceState.ENDED)
    assert from_json.started_from == datetime(2025, 12, 31, 23, tzinfo=UTC)
    assert from_json.ended_to == datetime(2026, 1, 31, 22, 59, 59, 999999, tzinfo=UTC)
    assert from_json.sort == Sort(key=SortKey.FIELD, descending=True, field=FieldId("amount"), slot=SlotKind.NUMBER)
    amount, product, colour = from_json.conditions
    assert (amount.low, amount.high) == (Decimal(10), Decimal("20.5"))
    assert (product.contains, colour.equals) == ("des", "red")


def test_a_saved_search_asks_the_same_again() -> None:
    query = parse(
        {
            "app": "EVA",
            "started_from": "2026-01-01T10:00",
            "fields": {
                "day": {"from": "2026-01-01", "to": "2026-01-31"},
                "moment": {"from": "2026-01-01", "to": "2026-01-31"},
                "clock": {"from": "08:00"},
                "colours": {"equals": ["blue", "red"]},
                "urgent": False,
            },
            "sort": "title",
        }
    )

    assert parse(cast("Mapping[str, object]", json.loads(json.dumps(query_json(query))))) == query
    by_field = {condition.field: condition for condition in query.conditions}
    assert by_field[FieldId("moment")].high == datetime(2026, 1, 31, 22, 59, 59, 999999, tzinfo=UTC)
    assert by_field[FieldId("day")].high == datetime(2026, 1, 31, tzinfo=UTC)
    assert by_field[FieldId("colours")].equals == ",red,blue,"
    assert by_field[FieldId("urgent")].equals == Decimal(0)


def test_a_condition_finds_what_the_column_holds() -> None:
    for name, stored, condition in (
        ("product", "Groẞe Ware", {"equals": "GROSSE  ware"}),
        ("amount", "12.5", {"equals": "12.50"}),
        ("day", "2026-01-31", {"equals": "2026-01-31"}),
        ("colours", ["red", "blue"], {"equals": ["blue", "red"]}),
        ("urgent", True, {"equals": "true"}),
    ):
        declared = next(item for item in FIELDS if item.id == name)
        (found,) = parse({"app": "EVA", "fields": {name: condition}}).conditions
        assert found.equals == slot_value(declared, stored), name


@pytest.mark.parametrize(
    ("given", "low", "high"),
    [
        ("2026-01-31", (30, 23, 0, 0, 0), (31, 22, 59, 59, 999_999)),
        ("2026-01-31T10:30", (31, 9, 30, 0, 0), (31, 9, 30, 59, 999_999)),
        ("2026-01-31T09:30:15Z", (31, 9, 30, 15, 0), (31, 9, 30, 15, 999_999)),
        ("2026-01-31T09:30:15.5Z", (31, 9, 30, 15, 500_000), (31, 9, 30, 15, 500_000)),
    ],
)
def test_a_moment_stands_for_all_of_its_day_minute_or_second(
    given: str, low: tuple[int, ...], high: tuple[int, ...]
) -> None:
    query = parse({"app": "EVA", "fields": {"moment": {"equals": given}}})
    (found,) = query.conditions
    day, *rest = low
    assert found.low == datetime(2026, 1, day, *rest, tzinfo=UTC)  # type: ignore[misc, arg-type]  # as many as it takes
    day, *rest = high
    assert found.high == datetime(2026, 1, day, *rest, tzinfo=UTC)  # type: ignore[misc, arg-type]  # same
    assert parse(cast("Mapping[str, object]", json.loads(json.dumps(query_json(query))))) == query


def test_one_of_several_choices_is_found_whole() -> None:
    (condition,) = parse({"app": "EVA", "fields": {"colours": {"contains": "red"}}}).conditions

    assert condition.contains is not None
    assert condition.contains in cast("str", slot_value(FIELDS[5], ["red", "blue"]))
    assert condition.contains not in cast("str", slot_value(FIELDS[5], ["dark-red"]))


def test_limits_of_the_field_do_not_limit_the_search() -> None:
    (condition,) = parse({"app": "EVA", "fields": {"amount": {"to": 1}}}).conditions

    assert condition.high == Decimal(1)


def test_me_is_the_one_who_asks() -> None:
    assert parse({"starter": "me"}, user=UserId(9)).starter == 9
    with pytest.raises(InvalidRequest):
        parse({"starter": "me"})


def test_all_faults_come_at_once_with_pointers() -> None:
    with pytest.raises(InvalidRequest) as raised:
        parse(
            {
                "app": "EVA",
                "stat": 1,
                "states": ["running", "lost"],
                "started_from": "yesterday",
                "limit": 0,
                "sort": "amount",
                "fields": {
                    "hidden": "x",
                    "nothing": "x",
                    "amount": {"contains": "1"},
                    "product": {"from": "a"},
                    "day": {"equals": "2026-01-01", "from": "2026-01-01"},
                    "colour": {},
                    "clock": {"like": "x"},
                },
            }
        )

    assert sorted(pointers(raised.value)) == sorted(
        ["/stat", "/states/1", "/started_from", "/limit", "/sort"]
        + [f"/fields/{name}" for name in ("hidden", "nothing", "amount", "product", "day", "colour", "clock")]
    )


@pytest.mark.parametrize("text", ["title=a&title=b", "states=running", "field.product=a&field.product=b", "fields=x"])
def test_a_query_string_says_nothing_twice(text: str) -> None:
    with pytest.raises(InvalidRequest):
        pairs(text)


def test_fields_are_searched_within_an_app_only() -> None:
    with pytest.raises(InvalidRequest, match="add app"):
        parse_query({"fields": {"product": "x"}}, (), now=NOW, time_zone=UTC)


def test_long_texts_fit_an_index() -> None:
    assert slot_value(FIELDS[0], "ab" * 10_000) == "ab" * (SLOT_CHARS // 2)
    assert slot_value(FIELDS[0], None) is None


@pytest.mark.parametrize(
    ("sort", "value"),
    [
        (Sort(), NOW),
        (Sort(key=SortKey.TITLE, descending=False), "Ünder"),
        (Sort(key=SortKey.NUMBER), 12),
        (Sort(key=SortKey.STATE), "running"),
        (Sort(key=SortKey.ENDED_AT), None),
        (Sort(key=SortKey.FIELD, field=FieldId("amount"), slot=SlotKind.NUMBER), Decimal("12.5")),
        (Sort(key=SortKey.FIELD, field=FieldId("day"), slot=SlotKind.TIME), NOW),
        (Sort(key=SortKey.FIELD, field=FieldId("product"), slot=SlotKind.TEXT), "desk"),
    ],
)
def test_a_cursor_comes_back_as_it_went_out(sort: Sort, value: str | int | Decimal | datetime | None) -> None:
    cursor = Cursor(value=value, started_at=NOW, id=InstanceId(7))

    text = encode_cursor(sort, cursor)

    assert decode_cursor(sort, text) == cursor
    assert parse({"app": "EVA", "sort": str(sort), "cursor": text}).cursor == cursor


def test_a_cursor_belongs_to_its_sort() -> None:
    text = encode_cursor(Sort(), Cursor(value=NOW, started_at=NOW, id=InstanceId(7)))

    with pytest.raises(InvalidRequest):
        decode_cursor(Sort(descending=False), text)


@pytest.mark.parametrize(
    "content",
    [
        ["-started_at", None, DAY, 7],
        ["-started_at", 5, DAY, 7],
        ["-started_at", "2026-01-01", DAY, 7],
        ["-started_at", DAY, "2026-01-01", 7],
        ["-started_at", DAY, 5, 7],
        ["-started_at", DAY, DAY, "7"],
        ["-started_at", DAY, DAY, True],
        ["-started_at", DAY, DAY, 2**63],
        ["-started_at", DAY, DAY],
        {"-started_at": 1},
        "text",
    ],
)
def test_a_cursor_of_other_content_is_refused(content: object) -> None:
    text = base64.urlsafe_b64encode(json.dumps(content).encode()).rstrip(b"=").decode()

    with pytest.raises(InvalidRequest):
        decode_cursor(Sort(), text)


@given(st.text(max_size=60) | st.binary(max_size=60).map(lambda data: base64.urlsafe_b64encode(data).decode()))
def test_junk_is_no_cursor(text: str) -> None:
    with pytest.raises(InvalidRequest):
        decode_cursor(Sort(key=SortKey.FIELD, field=FieldId("amount"), slot=SlotKind.NUMBER), text)


JUNK = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=12) | st.sampled_from(["0001-01-01", "9999-12-31"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["from", "to", "equals"]), inner),
    max_leaves=5,
)


@given(
    st.dictionaries(st.sampled_from(["states", "title", "started_from", "ended_to", "starter", "sort", "limit"]), JUNK),
    st.dictionaries(st.sampled_from([str(item.id) for item in FIELDS]), JUNK, max_size=3),
)
def test_no_search_does_anything_but_parse_or_be_refused(top: dict[str, object], fields: dict[str, object]) -> None:
    try:
        query = parse({"app": "EVA", "fields": fields, **top})
    except InvalidRequest:
        return
    assert parse(query_json(query)) == query
