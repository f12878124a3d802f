"""Sample values of fields, with which rules are tried when they are deployed.

A rule that fails with every set of them cannot be right, whatever people enter: it compares a text with a number, or
adds two lists. One that fails with some of them may be right.
"""

from collections.abc import Iterator, Mapping
from datetime import UTC, date, datetime, time
from decimal import Decimal

from satchel.model.app import Manifest
from satchel.model.fields import Field, FieldType, ValueLimits

KINDS = 3
"""How many samples there are of each type."""

_TEXTS = ("2026-01-31", "12", "Text")
_SAMPLES: Mapping[FieldType, tuple[object, object, object]] = {
    FieldType.TEXT: _TEXTS,
    FieldType.MULTILINE: _TEXTS,
    FieldType.LINK: ("https://example.com/", "https://example.com/a", "https://example.com/b"),
    FieldType.DECIMAL: (Decimal("1.5"), Decimal(100), Decimal("-2.25")),
    FieldType.INTEGER: (3, 100, -2),
    FieldType.BOOLEAN: (True, False, True),
    FieldType.DATE: (date(2026, 1, 31), date(2024, 2, 29), date(2030, 12, 1)),
    FieldType.DATETIME: (
        datetime(2026, 1, 31, 9, 30, tzinfo=UTC),
        datetime(2024, 2, 29, tzinfo=UTC),
        datetime(2030, 12, 1, 23, 59, tzinfo=UTC),
    ),
    FieldType.TIME: (time(9, 30), time(0, 0), time(23, 59)),
    FieldType.RATING: (1, 3, 5),
    FieldType.USER: (1, 2, 3),
    FieldType.GROUP: (1, 2, 3),
}


def sample_sets(manifest: Manifest) -> Iterator[dict[str, object]]:
    """Yield sets of values for all fields of an app: first those that agree with each other, then mixed ones."""
    fields = [field for field in manifest.fields if field.type is not FieldType.SEPARATOR]
    for nth in range(KINDS):
        yield {str(field.id): sample(field, nth) for field in fields}
    for nth in range(KINDS):
        yield {str(field.id): sample(field, nth + place) for place, field in enumerate(fields)}


def sample(field: Field, nth: int) -> object:
    """Return one sample of a field's value."""
    if field.is_file_type:
        return [f"{field.id}.pdf", "b.pdf"][: 1 + nth % 2]
    if field.type is FieldType.TABLE:
        rows = [
            {column.id: _simple(column.type, column.limits, nth + row) for column in field.columns} for row in range(2)
        ]
        return rows[: 1 + nth % 2]
    return _simple(field.type, field.limits, nth)


def _simple(type_: FieldType, limits: ValueLimits, nth: int) -> object:
    options = [option.id for option in limits.options] or ["a"]
    if type_ is FieldType.CHOICE:
        return options[nth % len(options)]
    if type_ is FieldType.CHOICES:
        return options[: 1 + nth % len(options)]
    return _SAMPLES[type_][nth % KINDS]
