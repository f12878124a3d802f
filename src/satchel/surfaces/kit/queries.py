"""Reads query strings as structs: a parameter that is unknown, doubled or out of range is refused, never ignored."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache
from typing import TypeVar

from msgspec import inspect

from satchel.model.api.kinds import QueryString
from satchel.model.app_yaml.section import meant
from satchel.model.errors import InvalidRequest
from satchel.surfaces.kit.texts import whole_number

Query = TypeVar("Query", bound=QueryString)

_WORDS = {"true": True, "false": False}

_Read = Callable[[str, str], object]
"""Takes a parameter's name and text."""


def read_query(pairs: Sequence[tuple[str, str]], kind: type[Query]) -> Query:
    """Return a query string's pairs as a struct.

    Raises:
        InvalidRequest: a parameter is unknown, given twice, missing, or not of its type; `pointer` or `errors` name it.
    """
    parameters = _parameters(kind)
    unknown = [name for name, _ in pairs if name not in parameters]
    if unknown:
        raise _unknown(unknown, sorted(parameters))
    given: dict[str, object] = {}
    for name, text in pairs:
        found = parameters[name]
        if found.member in given:
            raise InvalidRequest(f"{name} is given more than once.", pointer=f"/{name}")
        given[found.member] = found.read(name, text)
    for name, found in parameters.items():
        if found.is_required and found.member not in given:
            raise InvalidRequest(f"{name} is required in the query string.", pointer=f"/{name}")
    return kind(**given)


def _unknown(names: Sequence[str], known: Sequence[str]) -> InvalidRequest:
    errors = [
        {"pointer": f"/{name[:80]}", "message": f"There is no such parameter{meant(name, known)}"} for name in names
    ]
    first = errors[0]
    return InvalidRequest(
        f"{len(errors)} parameter(s) of the query string are unknown; the first, {first['pointer']}: "
        f"{first['message']}",
        errors=errors,
    )


@dataclass(frozen=True, slots=True)
class _Parameter:
    """A member of a struct, and how it is read from text."""

    member: str
    read: _Read
    is_required: bool


@cache
def _parameters(kind: type[QueryString]) -> dict[str, _Parameter]:
    """Return a struct's members by the names that they have in a query string."""
    found = inspect.type_info(kind)
    if not isinstance(found, inspect.StructType):
        raise TypeError(f"{kind.__name__} is no struct")
    return {field.encode_name: _Parameter(field.name, _reader(field.type), field.required) for field in found.fields}


def _reader(kind: inspect.Type) -> _Read:
    if isinstance(kind, inspect.Metadata):
        return _reader(kind.type)
    if isinstance(kind, inspect.UnionType):
        return _reader(next(one for one in kind.types if not isinstance(one, inspect.NoneType)))
    if isinstance(kind, inspect.IntType):
        return _whole_number(kind.ge or 0, kind.le if kind.le is not None else 2**63 - 1)
    if isinstance(kind, inspect.BoolType):
        return _boolean
    if isinstance(kind, inspect.LiteralType):
        return _word([str(value) for value in kind.values])
    if isinstance(kind, inspect.StrType):
        return _text
    raise TypeError(f"a query string cannot hold a {kind}")


def _whole_number(low: int, high: int) -> _Read:
    def read(name: str, text: str) -> int:
        found = whole_number(text, low, high)
        if found is None:
            raise InvalidRequest(f"{name} must be a whole number from {low} to {high}.", pointer=f"/{name}")
        return found

    return read


def _boolean(name: str, text: str) -> bool:
    if text not in _WORDS:
        raise InvalidRequest(f"{name} must be true or false.", pointer=f"/{name}")
    return _WORDS[text]


def _word(words: Sequence[str]) -> _Read:
    def read(name: str, text: str) -> str:
        if text not in words:
            raise InvalidRequest(f"{name} must be one of {', '.join(words)}.", pointer=f"/{name}")
        return text

    return read


def _text(name: str, text: str) -> str:
    del name
    return text
