"""SQL of conditions on what lists show. Columns are constants of this package; what a person wrote is a parameter."""

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum
from typing import assert_never

from satchel.db.lists.search import Where
from satchel.model.search.conditions import All, Any, Condition, Contains, Equals, HasAny, Near, Not, Within

EARTH_RADIUS_M = 6_371_008.8
"""Of the sphere on which places are near: the Earth's mean radius."""


class ColumnKind(StrEnum):
    """How a column's values are compared."""

    NUMBER = "number"
    TEXT = "text"
    TIME = "time"
    LIST = "list"
    """A JSON list of numbers."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SqlColumn:
    """What is compared or sorted by.

    Attributes:
        sql: its value.
        label: what people call the thing that the number stands for; compared with texts, and sorted by.
    """

    kind: ColumnKind
    sql: str
    label: str | None = None

    @property
    def order(self) -> str:
        """What rows are sorted by."""
        return self.label or self.sql

    @property
    def text(self) -> str:
        """The value as people read it."""
        return self.label or (self.sql if self.kind is ColumnKind.TEXT else f"({self.sql})::text")


def condition(where: Where, columns: Mapping[str, SqlColumn], wanted: Condition) -> str:
    """Return a condition as SQL that is true or not, with its parameters in `where`."""
    return f"({_condition(where, columns, wanted)}) IS TRUE"


def _condition(  # noqa: PLR0911  # one return a kind, flat on purpose
    where: Where, columns: Mapping[str, SqlColumn], wanted: Condition
) -> str:
    match wanted:
        case All(conditions=parts):
            return " AND ".join(condition(where, columns, one) for one in parts) or "TRUE"
        case Any(conditions=parts):
            return " OR ".join(condition(where, columns, one) for one in parts) or "FALSE"
        case Not(condition=inner):
            return f"NOT {condition(where, columns, inner)}"
        case Equals(column=name, values=values):
            return " OR ".join(_equals(where, columns[name], value) for value in values) or "FALSE"
        case Contains(columns=names, text=text):
            found = (where.made(f"strpos(lower({columns[name].text}), lower({{}}::text)) > 0", text) for name in names)
            return " OR ".join(f"({one}) IS TRUE" for one in found)
        case Within(column=name, since=since, until=until):
            at = columns[name].sql
            ends = [(">=", since), ("<=", until)]
            bounds = [where.made(f"{at} {how} {{}}::timestamptz", end) for how, end in ends if end is not None]
            return " AND ".join([f"{at} IS NOT NULL", *bounds])
        case HasAny(column=name, numbers=numbers):
            return where.made(f"{columns[name].sql} @> ANY({{}}::jsonb[])", [str(number) for number in numbers])
        case Near():
            return _near(where, columns, wanted)
        case _:
            assert_never(wanted)


def _equals(where: Where, column: SqlColumn, value: Decimal | str) -> str:
    if isinstance(value, str):
        return where.made(f"lower({column.text}) = lower({{}}::text)", value)
    if column.kind is ColumnKind.NUMBER:
        return where.made(f"{column.sql} = {{}}::numeric", value)
    return where.made(f"{column.text} = {{}}::text", format(value, "f"))


def _near(where: Where, columns: Mapping[str, SqlColumn], wanted: Near) -> str:
    latitude, longitude = (f"radians(({columns[name].sql})::float8)" for name in (wanted.latitude, wanted.longitude))
    across = where.made(f"sin(({latitude} - radians({{}}::float8)) / 2) ^ 2", wanted.at[0])
    along = where.made(
        f"cos({latitude}) * cos(radians({{}}::float8)) * sin(({longitude} - radians({{}}::float8)) / 2) ^ 2",
        *wanted.at,
    )
    reach = where.made("{}::float8", wanted.metres)
    return f"2 * {EARTH_RADIUS_M} * asin(least(1, sqrt({across} + {along}))) <= {reach}"
