"""Conditions on what lists show, as trees: clients of some surfaces send them nested.

Columns are named by whoever lists; that the operation suits the column's kind is checked by whoever reads them.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal


@dataclass(frozen=True, slots=True, kw_only=True)
class Equals:
    """The column is one of these: a number, for a text also its digits; texts are compared in any case."""

    column: str
    values: Sequence[Decimal | str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Contains:
    """One of the columns, read as text, has this somewhere, in any case of its letters."""

    columns: Sequence[str]
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Within:
    """The column's moment is in a period, both of whose ends belong to it; None leaves an end open."""

    column: str
    since: datetime | None
    until: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class HasAny:
    """The column's list has one of these numbers at least."""

    column: str
    numbers: Sequence[int]


@dataclass(frozen=True, slots=True, kw_only=True)
class Near:
    """The place is at most so many metres away, on a sphere; `latitude` and `longitude` name the columns in degrees."""

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
    """One of the conditions holds at least."""

    conditions: Sequence["Condition"]


Condition = Equals | Contains | Within | HasAny | Near | Not | All | Any
