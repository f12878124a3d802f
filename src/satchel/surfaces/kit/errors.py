"""What the error documents of all surfaces share: headers, and codes by the class of an error."""

from collections.abc import Iterable
from typing import TypeVar

from satchel.model.clock import http_date
from satchel.model.errors import MethodNotAllowed, RangeNotSatisfiable, SatchelError, TooManyRequests

T = TypeVar("T")

INTERNAL = "internal_error"
"""The code of what nobody expected, where a surface has no code of its vendor's for it."""

UNEXPECTED = "Something went wrong in the server, and its log says what. Nothing of this request was kept."


def by_class(error: SatchelError, table: Iterable[tuple[type[SatchelError], T]], default: T) -> T:
    """Return what a table has for an error: beside the first class that it is of."""
    return next((found for known, found in table if isinstance(error, known)), default)


def headers_of(error: SatchelError) -> dict[str, str]:
    """Return the headers that HTTP wants with an error."""
    if isinstance(error, TooManyRequests):
        return {"Retry-After": http_date(error.retry_at)}
    if isinstance(error, MethodNotAllowed):
        return {"Allow": ", ".join(error.allowed)}
    if isinstance(error, RangeNotSatisfiable):
        return {"Content-Range": f"bytes */{error.size_bytes}"}
    return {}
