"""Values of fields: input is checked and converted to one canonical JSON form; stored values are converted to types.

Canonical forms, as stored: decimals as text without exponent or trailing zeros; integers, ratings,
users and groups as integers; dates `2026-01-31`; datetimes in UTC `2026-01-31T09:30:00Z`; times `09:30:00`; booleans; a
choice as its option's id; several as a list of ids in the options' order; a table as a list of objects. An empty value
(null, `""`, spaces, `[]`) is null, which empties the field, and is subject to no limit but `require`.

Files are not values: `satchel.model.forms` separates the two.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, time, tzinfo
from decimal import Decimal
from typing import TypeAlias, cast

from satchel.model.errors import FieldFault
from satchel.model.fields import Column, Field, FieldType, ValueLimits
from satchel.model.ids import FieldId, GroupId, UserId
from satchel.model.scalars import Moment, RefusedError, Scalar, check_scalar, decimal_text

Json: TypeAlias = str | int | bool | list[str] | list[dict[str, Scalar]] | None
"""The canonical form of one value."""

Typed: TypeAlias = str | int | bool | Decimal | date | datetime | time | list[str] | list[dict[str, object]] | None
"""One value as a Python object."""

MAX_ROWS = 1_000
MAX_TABLE_CHARS = 1_000_000
"""Maximum total length of the texts in one table."""


@dataclass(frozen=True, slots=True, kw_only=True)
class References:
    """The users and groups that values name by id; the action checks whether they exist."""

    users: Mapping[UserId, FieldId]
    groups: Mapping[GroupId, FieldId]


def value_faults(
    fields: Iterable[Field], given: Mapping[str, object], *, now: datetime, time_zone: tzinfo
) -> tuple[dict[FieldId, Json], list[FieldFault]]:
    """Return the canonical form of each given value, None for an emptied field, and all faults.

    Args:
        fields: the app's fields.
        given: by field id, as decoded from JSON with decimals as `Decimal`; an unknown name is a fault.
        now: the current time for `disable_future` and `disable_past`.
        time_zone: the user's, for "today" and for datetimes without an offset.
    """
    by_id = {str(field.id): field for field in fields}
    moment = Moment(now=now, time_zone=time_zone)
    values: dict[FieldId, Json] = {}
    faults: list[FieldFault] = []
    for name, value in given.items():
        field = by_id.get(name)
        if field is None:
            faults.append(FieldFault(field=name[:80], code="unknown_field", message="There is no such field."))
        elif field.is_file_type or field.type is FieldType.SEPARATOR:
            message = f"A {field.type} has no value of this kind."
            faults.append(FieldFault(field=name, code="type", message=message))
        elif field.type is FieldType.TABLE:
            values[field.id] = _table(field, value, moment, faults)
        else:
            try:
                values[field.id] = check_scalar(field.type, field.limits, value, moment)
            except RefusedError as refused:
                faults.append(FieldFault(field=name, code=refused.code, message=str(refused)))
    return values, faults


def merge(stored: Mapping[str, object], changes: Mapping[FieldId, Json]) -> dict[str, object]:
    """Return stored values with changes applied; a change to None removes the value."""
    kept: dict[str, object] = {name: value for name, value in stored.items() if name not in changes}
    return kept | {name: value for name, value in changes.items() if value is not None}


def typed_values(fields: Iterable[Field], stored: Mapping[str, object]) -> dict[FieldId, Typed]:
    """Return every field's stored value as a Python object (`Decimal`, `date`, ...), None if it is empty.

    Fields of file types and separators are left out. `stored` must be in canonical form.
    """
    return {
        field.id: typed_value(field, stored.get(field.id))
        for field in fields
        if not field.is_file_type and field.type is not FieldType.SEPARATOR
    }


def typed_value(field: Field, stored: object) -> Typed:
    """Return one canonical value as a Python object."""
    if stored is None or field.type is not FieldType.TABLE:
        return _typed(field.type, field.limits, stored)
    rows = cast("list[dict[str, object]]", stored)
    typed: list[dict[str, object]] = [
        {column.id: _typed(column.type, column.limits, row.get(column.id)) for column in field.columns} for row in rows
    ]
    return typed


def whole_rows(field: Field, stored: object) -> list[dict[str, object]]:
    """Return a table's canonical rows with every cell, in the order of the columns; none if it is empty.

    An empty cell is "" where the column holds text, an empty list where it holds choices, and None elsewhere.
    """
    rows = cast("Iterable[Mapping[str, object]]", stored or ())
    return [
        {column.id: row[column.id] if column.id in row else _nothing(column.type) for column in field.columns}
        for row in rows
    ]


def in_full(fields: Iterable[Field], stored: Mapping[str, object]) -> dict[str, object]:
    """Return canonical values for another system: with every cell of their tables (see `whole_rows`)."""
    tables = {field.id: field for field in fields if field.type is FieldType.TABLE}
    return {name: whole_rows(tables[FieldId(name)], v) if name in tables else v for name, v in stored.items()}


def _nothing(type_: FieldType) -> object:
    if type_ is FieldType.CHOICES:
        return []
    return "" if type_ in (FieldType.TEXT, FieldType.MULTILINE, FieldType.LINK) else None


def references(fields: Iterable[Field], values: Mapping[FieldId, Json]) -> References:
    """Return the users and groups in canonical values, each with the first field that names it."""
    users: dict[UserId, FieldId] = {}
    groups: dict[GroupId, FieldId] = {}
    for field in fields:
        value = values.get(field.id)
        named: list[tuple[FieldType, object]] = [(field.type, value)]
        if field.type is FieldType.TABLE and isinstance(value, list):
            rows = cast("list[dict[str, object]]", value)
            named = [(column.type, row.get(column.id)) for column in field.columns for row in rows]
        for type_, item in named:
            if not isinstance(item, int):
                continue
            if type_ is FieldType.USER:
                users.setdefault(UserId(item), field.id)
            elif type_ is FieldType.GROUP:
                groups.setdefault(GroupId(item), field.id)
    return References(users=users, groups=groups)


def _table(field: Field, value: object, moment: Moment, faults: list[FieldFault]) -> Json:
    """Return the rows of a table that are not empty, noting faults by row (from 0) and column."""
    if value is None or value == "":
        return None
    if not isinstance(value, list | tuple):
        message = "A table is a list of objects, one for each row."
        faults.append(FieldFault(field=field.id, code="type", message=message))
        return None
    given = cast("list[object]", value)
    most = field.max_rows or MAX_ROWS
    if len(given) > most:
        message = f"{len(given)} rows were sent; {most} are allowed."
        faults.append(FieldFault(field=field.id, code="too_many", message=message))
        return None
    rows: list[dict[str, Scalar]] = []
    for index, item in enumerate(given):
        row = _row(field.columns, f"{field.id}/{index}", item, moment, faults)
        if row:
            rows.append(row)
    chars = sum(len(cell) for row in rows for cell in row.values() if isinstance(cell, str))
    if chars > MAX_TABLE_CHARS:
        message = f"The table's texts have {chars} characters together; {MAX_TABLE_CHARS} are allowed."
        faults.append(FieldFault(field=field.id, code="too_long", message=message))
    return rows or None


def _row(
    columns: tuple[Column, ...], place: str, item: object, moment: Moment, faults: list[FieldFault]
) -> dict[str, Scalar]:
    """Return one row without its empty cells; an entirely empty row needs no required column."""
    if not isinstance(item, Mapping):
        faults.append(FieldFault(field=place, code="type", message="A row is an object of column ids and values."))
        return {}
    given = cast("Mapping[str, object]", item)
    known = {column.id for column in columns}
    faults += [
        FieldFault(field=f"{place}/{name[:80]}", code="unknown_field", message="There is no such column.")
        for name in given
        if name not in known
    ]
    row: dict[str, Scalar] = {}
    bad: set[str] = set()
    for column in columns:
        try:
            cell = check_scalar(column.type, column.limits, given.get(column.id), moment)
        except RefusedError as refused:
            bad.add(column.id)
            faults.append(FieldFault(field=f"{place}/{column.id}", code=refused.code, message=str(refused)))
        else:
            if cell is not None:
                row[column.id] = cell
    for column in columns:
        if row and column.required and column.id not in row and column.id not in bad:
            message = f"{column.label} needs a value in each row."
            faults.append(FieldFault(field=f"{place}/{column.id}", code="required", message=message))
    return row


def _typed(type_: FieldType, limits: ValueLimits, stored: object) -> Typed:
    """Return one canonical scalar as a Python object."""
    if isinstance(stored, str):
        if type_ is FieldType.DECIMAL:
            return Decimal(decimal_text(Decimal(stored), limits.digits))  # older ones were stored without zeros
        if type_ is FieldType.DATE:
            return date.fromisoformat(stored)
        if type_ is FieldType.DATETIME:
            return datetime.fromisoformat(stored)
        if type_ is FieldType.TIME:
            return time.fromisoformat(stored)
    return cast("Typed", stored)
