"""What each error of the database means: psycopg's errors are wrapped here, where they are known.

SQLSTATE decides, by its class where the code itself is not listed
(https://www.postgresql.org/docs/current/errcodes-appendix.html), so that there is none without an answer.
"""

from collections.abc import Callable, Mapping
from types import TracebackType
from typing import Final

import psycopg
from psycopg_pool import PoolTimeout, TooManyRequests

from satchel.db.connections import database_error
from satchel.model.errors import (
    Busy,
    Conflict,
    DatabaseUnavailable,
    DiskFull,
    InvalidRequest,
    SatchelError,
    Unavailable,
)

_AWAY: Final = "The database cannot be reached at the moment. Try again shortly."


def _busy() -> SatchelError:
    return Busy("Somebody else is changing the same thing; nothing was saved. Try again.")


def _away() -> SatchelError:
    return DatabaseUnavailable(_AWAY)


def _read_only() -> SatchelError:
    return DatabaseUnavailable(
        "The database takes no changes at the moment: it is read-only, or fails over. Nothing was saved. "
        "Try again shortly."
    )


def _no_room() -> SatchelError:
    return DatabaseUnavailable("The server is busy: no database connection became free. Try again shortly.")


def _too_slow() -> SatchelError:
    return Unavailable("The database took too long for this. Narrow the request and try again.")


def _failed() -> SatchelError:
    return Unavailable("The database could not do this; the server's log says why. Nothing was saved. Try again later.")


def _unfit() -> SatchelError:
    # What no caller checked: U+0000, half a surrogate pair, a number beyond its column.
    return InvalidRequest("A text or number of the request cannot be stored: it holds U+0000 or is out of range.")


def _too_long() -> SatchelError:
    return InvalidRequest("Something in the request is longer than can be stored. Shorten it.")


def _gone() -> SatchelError:
    return Conflict(
        "Something that this names, or that names this, was added or removed meanwhile; nothing was saved. "
        "Read it again and repeat your change."
    )


def _taken() -> SatchelError:
    return Conflict("There is one like this already; nothing was saved. Read it again and repeat your change.")


def _ruled_out() -> SatchelError:
    return Conflict(
        "The present state of what is stored rules this out; nothing was saved. "
        "An administrator should run `satchel doctor`."
    )


_BY_CODE: Final[Mapping[str, Callable[[], SatchelError]]] = {
    "23503": _gone,  # foreign key
    "23001": _gone,  # restrict
    "23505": _taken,  # unique
    "23P01": _taken,  # exclusion
    "25006": _read_only,
    "40001": _busy,  # serialization
    "40P01": _busy,  # deadlock
    "53100": DiskFull,
    "53300": _no_room,  # too many connections
    "55P03": _busy,  # lock
    "57014": _too_slow,  # statement timeout
}
_BY_CLASS: Final[Mapping[str, Callable[[], SatchelError]]] = {
    "08": _away,  # connection
    "22": _unfit,
    "23": _ruled_out,  # check, not null
    "28": _away,  # the server no longer lets us in
    "3D": _away,  # the database was dropped, or is being made again
    "53": _away,  # memory and other resources
    "54": _too_long,
    "57": _away,  # shut down, crashed, starting
    "F0": _away,
}


def refusal(error: psycopg.Error) -> SatchelError:
    """Return what an error of the database is to everybody else."""
    if isinstance(error, PoolTimeout | TooManyRequests):
        return _no_room()
    code = error.sqlstate
    if code is None:
        if isinstance(error, psycopg.DataError):
            return _unfit()
        return _away() if isinstance(error, psycopg.OperationalError) else _failed()
    return (_BY_CODE.get(code) or _BY_CLASS.get(code[:2]) or _failed)()


class database_errors:  # noqa: N801  # reads as a statement: `with database_errors():`
    """Wraps psycopg's errors, also those that a library passes on in its own."""

    def __enter__(self) -> None:
        return None

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if error is None or isinstance(error, SatchelError):
            return
        found = database_error(error)
        if found is not None:
            raise refusal(found) from found
