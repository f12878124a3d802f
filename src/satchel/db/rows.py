"""Rows as objects: one factory for all that a query returns more than one column of.

The class is a dataclass whose fields are named as the columns are. A word becomes the enumeration, and an array the
tuple, that its field declares; a field that is a dataclass itself is made of the columns that its own fields name.
"""

from collections.abc import Callable, Sequence
from dataclasses import fields, is_dataclass
from enum import Enum
from functools import cache
from operator import itemgetter
from sys import intern
from types import NoneType
from typing import Any, TypeAlias, TypeVar, cast, get_args, get_origin, get_type_hints

from psycopg import AsyncCursor
from psycopg.rows import AsyncRowFactory, RowMaker

Row = TypeVar("Row")
Values: TypeAlias = Sequence[object]


def object_row(kind: type[Row]) -> AsyncRowFactory[Row]:
    """Return the factory that makes each row an object of a class."""
    made: Callable[..., object] = kind

    def factory(cursor: AsyncCursor[Any]) -> RowMaker[Row]:
        result = cursor.pgresult
        names = [] if result is None else [result.fname(at) or b"" for at in range(result.nfields)]
        return cast("RowMaker[Row]", _maker(made, b" ".join(names).decode()))

    return factory


@cache
def _maker(kind: Callable[..., object], columns: str) -> Callable[[Values], object]:
    """Return what makes an object of a row with these columns; kept, for queries are few and rows are many."""
    names = [intern(name) for name in columns.split()]  # Python finds a keyword sooner when it is the same text
    places = {name: place for place, name in enumerate(names)}
    changes: list[tuple[str, Callable[[Any], object]]] = []
    parts: list[tuple[str, Callable[[Values], Values], Callable[[Values], object]]] = []
    for field, declared in get_type_hints(kind).items():
        wanted = _without_none(declared)
        if get_origin(wanted) is tuple:
            changes.append((field, tuple))
        elif isinstance(wanted, type) and issubclass(wanted, Enum):
            changes.append((field, {member.value: member for member in wanted}.__getitem__))
        elif isinstance(wanted, type) and is_dataclass(wanted):
            own = [one.name for one in fields(wanted)]
            parts.append((field, itemgetter(*(places.pop(name) for name in own)), _maker(wanted, " ".join(own))))

    def make(values: Values) -> object:
        made = {name: values[at] for name, at in places.items()} if parts else dict(zip(names, values, strict=True))
        for field, pick, make_part in parts:
            made[field] = make_part(pick(values))
        for field, change in changes:
            if made[field] is not None:
                made[field] = change(made[field])
        return kind(**made)

    return make


def _without_none(declared: object) -> object:
    """Return X of `X | None`."""
    others = [one for one in get_args(declared) if one is not NoneType]
    return others[0] if len(others) == 1 and NoneType in get_args(declared) else declared
