"""Round trips: statements that are sent together over one connection, and the answers to them.

psycopg's cursors wait for the answer to each statement and cost two to four times the processor time of what is here
(docs/adr/0024): this sends through libpq's pipelines, with psycopg's own conversion of values, its errors and its way
of waiting. A statement is prepared once it was used several times on its connection.

Nothing is sent before somebody waits. What is put off (`Wire.put`) goes out in front of the next statement that is
waited for, in the order of the program: so the database does everything in the same order as if each were waited for,
and only an error shows later.
"""

import re
from collections import OrderedDict
from collections.abc import Callable, Generator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Final, Generic, LiteralString, TypeVar, cast

import psycopg
from psycopg import AsyncConnection
from psycopg.abc import Buffer
from psycopg.abc import Transformer as Adapter
from psycopg.adapt import PyFormat, Transformer
from psycopg.errors import OperationalError, error_from_result
from psycopg.pq import ConnStatus, ExecStatus, Format, PipelineStatus, TransactionStatus
from psycopg.pq.abc import PGresult
from psycopg.waiting import Wait

from satchel.db.rows import maker

T = TypeVar("T")
U = TypeVar("U")

Parameters = Mapping[str, object] | Sequence[object] | None

PREPARED_AFTER: Final = 4
"""How often a statement runs on a connection before it is prepared there."""

MOST_PREPARED: Final = 200
"""How many statements a connection keeps prepared; each takes the database some ten KiB."""

_DONE: Final = (ExecStatus.TUPLES_OK, ExecStatus.COMMAND_OK, ExecStatus.EMPTY_QUERY)
_PLACEHOLDER: Final = re.compile(r"%(?:\((\w+)\)s|s|%)")


@dataclass(frozen=True, slots=True)
class Answer:
    """What the database answered to one statement."""

    result: PGresult
    columns: str
    adapter: Adapter

    def load(self, make: Callable[[Sequence[Any]], T], *, limit: int | None = None) -> list[T]:
        """Return what `make` makes of each row, at most of so many."""
        self.adapter.set_pgresult(self.result)
        count = self.result.ntuples
        return self.adapter.load_rows(0, count if limit is None else min(limit, count), make)


@dataclass(frozen=True, slots=True)
class Query(Generic[T]):
    """A statement, its parameters, and what is read from its answer."""

    text: LiteralString
    parameters: Parameters
    read: Callable[[Answer], T]


def rows_of(kind: type[T], text: LiteralString, parameters: Parameters = None) -> Query[list[T]]:
    """Return a query for every row as an object of a class, whose fields are named as the columns (`db.rows`)."""
    return Query(text, parameters, lambda answer: answer.load(maker(kind, answer.columns)))


def row_of(kind: type[T], text: LiteralString, parameters: Parameters = None) -> Query[T | None]:
    """Return a query for the first row as such an object, or None."""
    return Query(text, parameters, lambda answer: _first(answer.load(maker(kind, answer.columns), limit=1)))


def values_of(kind: Callable[..., T], text: LiteralString, parameters: Parameters = None) -> Query[list[T]]:
    """Return a query for the first column of every row; `kind` names its type."""
    del kind
    return Query(text, parameters, lambda answer: cast("list[T]", answer.load(_column)))


def value_of(kind: Callable[..., T], text: LiteralString, parameters: Parameters = None) -> Query[T | None]:
    """Return a query for the first column of the first row, or None; `kind` names its type."""
    del kind
    return Query(text, parameters, lambda answer: cast("T | None", _first(answer.load(_column, limit=1))))


def pairs_of(text: LiteralString, parameters: Parameters = None) -> Query[list[tuple[object, ...]]]:
    """Return a query for every row as a tuple of its columns."""
    return Query(text, parameters, lambda answer: answer.load(tuple))


def records_of(text: LiteralString, parameters: Parameters = None) -> Query[list[dict[str, object]]]:
    """Return a query for every row as a dictionary of its columns."""

    def read(answer: Answer) -> list[dict[str, object]]:
        names = answer.columns.split()
        return answer.load(lambda row: dict(zip(names, row, strict=True)))

    return Query(text, parameters, read)


def count_of(text: LiteralString, parameters: Parameters = None) -> Query[int]:
    """Return a statement that says how many rows it touched."""
    return Query(text, parameters, lambda answer: answer.result.command_tuples or 0)


def then(query: Query[T], make: Callable[[T], U]) -> Query[U]:
    """Return a query for what is made of what another finds."""
    return Query(query.text, query.parameters, lambda answer: make(query.read(answer)))


def _first(found: list[T]) -> T | None:
    return found[0] if found else None


def _column(row: Sequence[Any]) -> object:
    return row[0]


class Later(Generic[T]):
    """What a statement that was put off will have found.

    Attributes:
        is_sent: whether it is on its way; until then it can be amended.
    """

    __slots__ = ("_found", "is_sent", "query")

    def __init__(self, query: Query[T]) -> None:
        self.query = query
        self.is_sent = False
        self._found: tuple[T] | None = None

    def amend(self, query: Query[T]) -> bool:
        """Send another statement in its place, unless it was sent already; return whether that is so."""
        if not self.is_sent:
            self.query = query
        return not self.is_sent

    def take(self, answer: Answer) -> None:
        """Read the answer."""
        self._found = (self.query.read(answer),)

    @property
    def result(self) -> T:
        """What it found, once somebody has waited for this or a later statement."""
        if self._found is None:
            raise LookupError("nobody has waited for this statement")
        return self._found[0]


@dataclass(slots=True)
class _Prepared:
    """A statement that a connection knows, and its columns once it has run."""

    name: bytes
    columns: str | None = None


@dataclass(frozen=True, slots=True)
class _Filled:
    """A statement with its parameters, as libpq sends them."""

    text: bytes
    types: tuple[int, ...]
    values: Sequence[Buffer | None] | None
    formats: Sequence[Format] | None


_Key = tuple[bytes, tuple[int, ...]]


class Wire:
    """Sends statements over one connection of which nobody else makes use meanwhile.

    Args:
        connection: the connection.
    """

    def __init__(self, connection: AsyncConnection) -> None:
        self.connection = connection
        self._pgconn = connection.pgconn
        self._adapter: Adapter = Transformer(connection)
        self._put: list[Later[Any]] = []
        self._prepared: OrderedDict[_Key, _Prepared] = OrderedDict()
        self._used: OrderedDict[_Key, int] = OrderedDict()
        self._number = 0

    @property
    def is_in_transaction(self) -> bool:
        """Whether a transaction is open, whether or not it failed."""
        return self._pgconn.transaction_status in (TransactionStatus.INTRANS, TransactionStatus.INERROR)

    @property
    def waiting(self) -> int:
        """How many statements were put off and not sent yet."""
        return len(self._put)

    def put(self, later: Later[T]) -> Later[T]:
        """Put a statement off until somebody waits for a later one."""
        self._put.append(later)
        return later

    def drop(self) -> None:
        """Forget what was put off."""
        self._put.clear()

    async def go(self) -> None:
        """Send what was put off and wait for all answers.

        Raises:
            psycopg.Error: a statement failed; those behind it did not run.
        """
        sent, self._put = self._put, []
        if not sent:
            return
        pgconn = self._pgconn
        if pgconn.status != ConnStatus.OK:
            raise OperationalError("the connection is closed")
        for later in sent:
            later.is_sent = True
        filled = [self._filled(later.query) for later in sent]  # before anything is sent: a value may not be storable
        pgconn.enter_pipeline_mode()
        try:
            skipped: list[bool] = []
            known = [self._send(one, skipped) for one in filled]
            pgconn.pipeline_sync()
            results = await self.connection.wait(self._receive())
        finally:
            self._leave_pipeline()
        self._read(sent, known, skipped, results)

    def _filled(self, query: Query[Any]) -> "_Filled":
        """Return a statement with its parameters as the database takes them."""
        given = query.parameters
        if given is None:
            return _Filled(_as_it_is(query.text), (), None, None)
        text, names, wanted = _numbered(query.text)
        ordered = [given[name] for name in names] if isinstance(given, Mapping) else given
        if len(ordered) != len(wanted):
            raise psycopg.ProgrammingError(f"the statement has {len(wanted)} parameters, not {len(ordered)}")
        values = self._adapter.dump_sequence(ordered, wanted)
        return _Filled(text, self._adapter.types or (), values, self._adapter.formats)

    def _send(self, filled: "_Filled", skipped: list[bool]) -> _Prepared | None:
        """Send one statement, with its preparation where it is due; `skipped` notes which results are of those."""
        key = filled.text, filled.types
        prepared = self._prepared.get(key)
        if prepared is None and self._is_due(key):
            prepared = self._prepare(key, skipped)
        if prepared is None:
            self._pgconn.send_query_params(filled.text, filled.values, filled.types, filled.formats, Format.TEXT)
        else:
            self._pgconn.send_query_prepared(prepared.name, filled.values, filled.formats, Format.TEXT)
        skipped.append(False)
        return prepared

    def _is_due(self, key: _Key) -> bool:
        """Return whether a statement was used so often that it should be prepared; counts this use."""
        uses = self._used.pop(key, 0) + 1
        if uses > PREPARED_AFTER:
            return True
        self._used[key] = uses
        if len(self._used) > MOST_PREPARED:
            self._used.popitem(last=False)
        return False

    def _prepare(self, key: _Key, skipped: list[bool]) -> _Prepared:
        if len(self._prepared) >= MOST_PREPARED:
            _, old = self._prepared.popitem(last=False)
            self._pgconn.send_query_params(b"DEALLOCATE " + old.name, None)
            skipped.append(True)
        self._number += 1
        prepared = _Prepared(b"satchel_%d" % self._number)
        self._pgconn.send_prepare(prepared.name, key[0], key[1])
        skipped.append(True)
        self._prepared[key] = prepared
        return prepared

    def _receive(self) -> Generator[Wait, int, list[PGresult]]:
        """Give what psycopg waits for until every result is there."""
        pgconn = self._pgconn
        while pgconn.flush():
            if (yield Wait.RW) & Wait.R:
                pgconn.consume_input()
        results: list[PGresult] = []
        while True:
            try:
                result = yield from self._next()
            except OperationalError:
                if any(result.status == ExecStatus.FATAL_ERROR for result in results):
                    return results  # it says why the connection ended
                raise
            if result is None:
                if pgconn.status != ConnStatus.OK:
                    return results
            elif result.status == ExecStatus.PIPELINE_SYNC:
                return results
            else:
                results.append(result)

    def _next(self) -> Generator[Wait, int, PGresult | None]:
        pgconn = self._pgconn
        while pgconn.is_busy():
            while not (yield Wait.R):
                pass
            pgconn.consume_input()
        return pgconn.get_result()

    def _leave_pipeline(self) -> None:
        pgconn = self._pgconn
        if pgconn.status != ConnStatus.OK or pgconn.pipeline_status == PipelineStatus.OFF:
            return
        try:
            pgconn.exit_pipeline_mode()
        except psycopg.Error:  # results are still to come, of a trip that was interrupted: nobody can use it any more
            pgconn.finish()

    def _read(
        self,
        sent: Sequence[Later[Any]],
        known: Sequence[_Prepared | None],
        skipped: Sequence[bool],
        results: Sequence[PGresult],
    ) -> None:
        left = iter(zip(sent, known, strict=True))
        for result, is_skipped in zip(results, skipped, strict=False):
            if result.status not in _DONE:
                self._forget()
                raise error_from_result(result, encoding="utf-8")
            if is_skipped:
                continue
            later, prepared = next(left)
            columns = prepared.columns if prepared is not None else None
            if columns is None:
                names = [result.fname(at) or b"" for at in range(result.nfields)]
                columns = b" ".join(names).decode()
                if prepared is not None:
                    prepared.columns = columns
            later.take(Answer(result, columns, self._adapter))
        if len(results) != len(skipped):
            raise OperationalError("the connection was lost")

    def _forget(self) -> None:
        """Forget what may not have been prepared by a trip that failed."""
        for key, prepared in list(self._prepared.items()):
            if prepared.columns is None:
                del self._prepared[key]


@lru_cache(maxsize=256)
def _as_it_is(text: str) -> bytes:
    return text.encode()


@lru_cache(maxsize=1024)
def _numbered(text: str) -> tuple[bytes, tuple[str, ...], list[PyFormat]]:
    """Return a statement with `$1` for `%s` or `%(name)s`, the names in the order of the numbers, and formats."""
    names: dict[str, int] = {}
    count = 0

    def number(found: re.Match[str]) -> str:
        nonlocal count
        if found[0] == "%%":
            return "%"
        name = found[1]
        if name is None:
            count += 1
            return f"${count}"
        return f"${names.setdefault(name, len(names) + 1)}"

    numbered = _PLACEHOLDER.sub(number, text)
    return numbered.encode(), tuple(names), [PyFormat.AUTO] * (count or len(names))
