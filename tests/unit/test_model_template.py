"""Templates: parsed when an app is deployed, filled with values that are only data."""

from datetime import UTC, date, datetime, time, timedelta, timezone
from decimal import Decimal

import pytest

from satchel.model.template import MAX_TITLE_CHARS, BadTemplateError, parse_template, render, render_title


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (None, ""),
        (True, "true"),
        (Decimal("1E+3"), "1000"),
        (Decimal("0.50"), "0.50"),
        (7, "7"),
        (date(2026, 1, 31), "2026-01-31"),
        (time(9, 30), "09:30:00"),
        (datetime(2026, 1, 31, 10, 30, tzinfo=timezone(timedelta(hours=1))), "2026-01-31T09:30:00Z"),
        (datetime(2026, 1, 31, tzinfo=UTC), "2026-01-31T00:00:00Z"),
        (["a", "b"], "a, b"),
        ([{"item": "Desk", "count": 2}, {"item": "Lamp"}], "Desk, 2, Lamp"),
        ("{{ title }}", "{{ title }}"),
    ],
)
def test_values_are_written_as_people_read_them(value: object, text: str) -> None:
    assert render(parse_template("<{{ x }}>"), {"x": value}) == f"<{text}>"


def test_a_template_names_what_it_asks_for() -> None:
    template = parse_template("{{a}} and {{ b }} and {{a}}", {"a", "b"})

    assert template.names == {"a", "b"}
    assert render(template, {"a": "1"}) == "1 and  and 1"


@pytest.mark.parametrize(
    "text",
    ["{{ a", "a }}", "{{ a.b }}", "{{ a | upper }}", "{{ }}", "{{ a() }}", "{{ {{ a }} }}", "{{ c }}", "x" * 10_001],
)
def test_what_is_no_template_is_refused(text: str) -> None:
    with pytest.raises(BadTemplateError):
        parse_template(text, {"a", "b"})


def test_what_is_rendered_is_bounded() -> None:
    assert render(parse_template("{{ a }}" * 100), {"a": "x" * 90}, longest=500) == "x" * 500


def test_a_title_is_one_short_line_without_controls() -> None:
    template = parse_template("{{ a }}")

    assert render_title(template, {"a": "  one\r\ntwo\t\x00three\u202efour  "}) == "one two three four"
    long = render_title(template, {"a": "word " * 1000})
    assert len(long) <= MAX_TITLE_CHARS
    assert long.endswith("word…")
