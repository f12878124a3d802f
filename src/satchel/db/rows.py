"""Rows as objects: one factory for all that a query returns more than one column of.

The class is a dataclass whose fields are named as the columns are. A word becomes the enumeration, and an array the
tuple, that its field declares; a field that is a dataclass itself is made of the columns that its own fields name.
"""

from collections.abc import Callable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import fields, is_dataclass
from enum import Enum
from functools import cache
from operator import itemgetter
from sys import intern
from types import MemberDescriptorType, NoneType
from typing import Any, TypeAlias, TypeVar, cast, get_args, get_origin, get_type_hints

Row = TypeVar("Row")
Values: TypeAlias = Sequence[object]
Setter: TypeAlias = Callable[[object, object], None]
Part: TypeAlias = tuple[str, Callable[[Values], Values], Callable[[Values], object]]
"""A field that is a dataclass itself: its name, what picks its columns, and what makes it of them."""


def maker(kind: type[Row], columns: str) -> Callable[[Values], Row]:
    """Return what makes each row with these columns, with spaces between, an object of a class."""
    made: Callable[..., object] = kind
    return cast("Callable[[Values], Row]", _maker(made, columns))


@cache
def _maker(kind: Callable[..., object], columns: str) -> Callable[[Values], object]:
    """Return what makes an object of a row with these columns; kept, for queries are few and rows are many."""
    names = [intern(name) for name in columns.split()]  # Python finds a keyword sooner when it is the same text
    places = {name: place for place, name in enumerate(names)}
    changes: list[tuple[str, Callable[[Any], object]]] = []
    parts: list[Part] = []
    for field, declared in get_type_hints(kind).items():
        wanted = _without_none(declared)
        if get_origin(wanted) is tuple:
            changes.append((field, tuple))
        elif isinstance(wanted, type) and issubclass(wanted, Enum):
            changes.append((field, {member.value: member for member in wanted}.__getitem__))
        elif isinstance(wanted, type) and is_dataclass(wanted):
            own = [one.name for one in fields(wanted)]
            parts.append((field, itemgetter(*(places.pop(name) for name in own)), _maker(wanted, " ".join(own))))

    setters = _setters(kind, {*places, *(field for field, _, _ in parts)})
    if setters is not None:
        return _filler(kind, setters, places, parts, dict(changes))

    def make(values: Values) -> object:
        made = {name: values[at] for name, at in places.items()} if parts else dict(zip(names, values, strict=True))
        for field, pick, make_part in parts:
            made[field] = make_part(pick(values))
        for field, change in changes:
            if made[field] is not None:
                made[field] = change(made[field])
        return kind(**made)

    return make


def _setters(kind: Callable[..., object], given: AbstractSet[str]) -> Mapping[str, Setter] | None:
    """Return what sets each field of a class whose objects hold nothing but these fields, in slots; else None."""
    if not isinstance(kind, type) or not is_dataclass(kind) or hasattr(kind, "__post_init__"):
        return None
    slots = {one.name: getattr(kind, one.name, None) for one in fields(kind)}
    if slots.keys() != given or not all(isinstance(slot, MemberDescriptorType) for slot in slots.values()):
        return None
    return {name: cast("Setter", cast("MemberDescriptorType", slot).__set__) for name, slot in slots.items()}


def _filler(
    kind: Callable[..., object],
    setters: Mapping[str, Setter],
    places: Mapping[str, int],
    parts: Sequence[Part],
    changes: Mapping[str, Callable[[Any], object]],
) -> Callable[[Values], object]:
    """Return what fills the slots of a new object of a frozen class: three times as fast as calling the class."""
    plain = [(setters[name], at) for name, at in places.items() if name not in changes]
    changed = [(setters[name], at, changes[name]) for name, at in places.items() if name in changes]
    inner = [(setters[field], pick, make_part) for field, pick, make_part in parts]
    new, wanted = object.__new__, cast("type[object]", kind)

    def fill(values: Values) -> object:
        made = new(wanted)
        for set_, at in plain:
            set_(made, values[at])
        for set_, at, change in changed:
            value = values[at]
            set_(made, None if value is None else change(value))
        for set_, pick, make_part in inner:
            set_(made, make_part(pick(values)))
        return made

    return fill


def _without_none(declared: object) -> object:
    """Return X of `X | None`."""
    others = [one for one in get_args(declared) if one is not NoneType]
    return others[0] if len(others) == 1 and NoneType in get_args(declared) else declared
