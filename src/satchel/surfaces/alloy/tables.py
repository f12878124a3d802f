"""Lists that are held whole: filtered, sorted, cut and shown as fields and rows."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID
from zoneinfo import ZoneInfo

from satchel.actions.lists.by_any_field import span
from satchel.model.actor import Actor
from satchel.model.errors import InvalidRequest
from satchel.surfaces.alloy import outputs
from satchel.surfaces.alloy.errors import unknown_field
from satchel.surfaces.alloy.inputs import Filter, RowQuery
from satchel.surfaces.alloy.names import guid, read_guid

Cell = str | int | datetime | UUID | None
"""What a row holds; None and an empty text are shown as an empty text."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TableColumn:
    """One column; `is_shown` is false for one that is there only for those who name it."""

    name: str
    type: str
    caption: str
    is_shown: bool = True

    @property
    def declared(self) -> dict[str, str]:
        """The column at the head of a list."""
        return {"Name": self.name, "DataType": self.type, "Caption": self.caption}


def listed(actor: Actor, columns: Sequence[TableColumn], rows: Sequence[Sequence[Cell]], wanted: RowQuery) -> object:
    """Return the rows that are wanted, as the answer of a list.

    Raises:
        Refused: a field is unknown.
        InvalidRequest: a condition does not fit its field.
    """
    place_of = places_in(columns)
    found = list(rows)
    for one in wanted.filters:
        place = place_of(one.name)
        holds = _condition(actor, columns[place], one)
        found = [row for row in found if holds(row[place])]
    for name, descending in reversed(wanted.sort):
        place = place_of(name)
        filled = [row for row in found if row[place] not in (None, "")]
        empty = [row for row in found if row[place] in (None, "")]
        filled.sort(key=_by(place), reverse=descending)
        found = [*filled, *empty] if descending else [*empty, *filled]  # an empty value is the least
    found = found[wanted.offset : None if wanted.limit is None else wanted.offset + wanted.limit]
    shown = [place for place, column in enumerate(columns) if column.is_shown]
    if wanted.fields is not None:
        shown = [place_of(name) for name in wanted.fields]
    return {
        "Fields": [columns[place].declared for place in shown],
        "Data": [[cell_text(actor, row[place]) for place in shown] for row in found],
    }


def places_in(columns: Sequence[TableColumn]) -> Callable[[str], int]:
    """Return what finds the place of a column by its name, in any case; it raises `Refused` for one that is unknown."""
    places = {column.name.casefold(): place for place, column in enumerate(columns)}

    def place_of(name: str) -> int:
        found = places.get(name.strip().casefold())
        if found is None:
            raise unknown_field(name)
        return found

    return place_of


def cell_text(actor: Actor, cell: Cell) -> str:
    """Return a cell as it is shown."""
    if isinstance(cell, datetime):
        return outputs.moment(actor, cell)
    if isinstance(cell, UUID):
        return guid(cell)
    return "" if cell is None else str(cell)


def _by(place: int) -> Callable[[Sequence[Cell]], tuple[str | int | float, ...]]:
    return lambda row: _sortable(row[place])


def _sortable(cell: Cell) -> tuple[str | int | float, ...]:
    if isinstance(cell, datetime):
        return (cell.timestamp(),)
    if isinstance(cell, int):
        return (cell,)
    return (str(cell).casefold(), str(cell))


def _condition(actor: Actor, column: TableColumn, given: Filter) -> Callable[[Cell], bool]:
    """Return what tells whether a cell fulfils a condition."""
    negated, operation = given.operation == "<>", given.operation.replace("<>", "=")
    is_equal: Callable[[Cell], bool]
    if not given.value.strip() and operation == "=":
        is_equal = _is_empty
    elif (bounds := bounds_of(actor, column, given.value)) is not None:
        is_equal = _compared(operation, *bounds)
    elif operation != "=":
        raise only_equal(column)
    elif column.type == "guid":
        wanted = read_guid(given.value)
        is_equal = lambda cell: wanted is not None and cell == wanted  # noqa: E731  # one of several
    else:
        text = given.value.strip().casefold()
        is_equal = lambda cell: str(cell or "").casefold() == text  # noqa: E731  # one of several
    return (lambda cell: not is_equal(cell)) if negated else is_equal


def bounds_of(actor: Actor, column: TableColumn, text: str) -> tuple[datetime, datetime] | tuple[int, int] | None:
    """Return the first value that a text means for a column and the first after it; None where it has no bounds.

    Raises:
        InvalidRequest: it is no date, or no whole number.
    """
    if column.type == "datetime":
        return span(text, ZoneInfo(actor.time_zone))
    if column.type != "int":
        return None
    number = text.strip()
    if not (number.removeprefix("-").isdigit() and number.isascii()) or len(number) > 20:  # noqa: PLR2004  # 64 bits
        raise InvalidRequest(f"{column.name} must be compared with a whole number.", pointer="/filters")
    return int(number), int(number) + 1


def only_equal(column: TableColumn) -> InvalidRequest:
    """Return the error of a column that is compared with more or less."""
    return InvalidRequest(f"{column.name} can only be equal or not equal.", pointer="/filters")


def _is_empty(cell: Cell) -> bool:
    return cell is None or cell == ""


def _compared(operation: str, low: datetime | int, high: datetime | int) -> Callable[[Cell], bool]:
    """Return a comparison with what lies from `low` up to but without `high`."""

    def holds(cell: Cell) -> bool:
        if isinstance(cell, datetime) and isinstance(low, datetime) and isinstance(high, datetime):
            return _holds(operation, cell >= low, cell >= high)
        if isinstance(cell, int) and isinstance(low, int) and isinstance(high, int):
            return _holds(operation, cell >= low, cell >= high)
        return False

    return holds


def _holds(operation: str, is_from_low: bool, is_from_high: bool) -> bool:  # noqa: FBT001  # one truth each
    match operation:
        case "=":
            return is_from_low and not is_from_high
        case ">":
            return is_from_high
        case ">=":
            return is_from_low
        case "<":
            return not is_from_low
        case _:
            return not is_from_high
