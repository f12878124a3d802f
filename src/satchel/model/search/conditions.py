"""Conditions of lists, as trees: clients of some surfaces send them nested.

The list names the columns; the parser checks that an operation suits the column's kind.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal


@dataclass(frozen=True, slots=True, kw_only=True)
class Equals:
    """The column equals one of these: a number, for a text also its digits; texts are compared case-insensitively."""

    column: str
    values: Sequence[Decimal | str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Contains:
    """One of the columns, read as text, contains this, case-insensitively."""

    columns: Sequence[str]
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Within:
    """The column's time is in a period, ends included; None leaves an end open."""

    column: str
    since: datetime | None
    until: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class HasAny:
    """The column's list contains at least one of these numbers."""

    column: str
    numbers: Sequence[int]


@dataclass(frozen=True, slots=True, kw_only=True)
class Near:
    """The location is within this many metres, on a sphere; `latitude` and `longitude` name the columns in degrees."""

    latitude: str
    longitude: str
    at: tuple[float, float]
    metres: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Not:
    """The condition does not hold."""

    condition: "Condition"


@dataclass(frozen=True, slots=True, kw_only=True)
class All:
    """Every one of the conditions holds."""

    conditions: Sequence["Condition"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Any:
    """At least one of the conditions holds."""

    conditions: Sequence["Condition"]


Condition = Equals | Contains | Within | HasAny | Near | Not | All | Any
