"""Counts the statements that reach the database, and the rows that come back, by listening at the driver's cursors."""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import pytest
from psycopg import AsyncCursor


@dataclass(slots=True)
class Counted:
    """What was asked of the database.

    Attributes:
        statements: each as often as it was sent.
        parameters: of each of them.
        rows: how many were fetched.
    """

    statements: list[str] = field(default_factory=list)
    parameters: list[Any] = field(default_factory=list)
    rows: int = 0


@contextmanager
def counted() -> Iterator[Counted]:
    """Yield a count of all statements of this process while the block runs."""
    found = Counted()
    execute, executemany, fetchall = AsyncCursor.execute, AsyncCursor.executemany, AsyncCursor.fetchall

    async def noting_one(cursor: AsyncCursor[Any], query: Any, params: Any = None, **options: Any) -> AsyncCursor[Any]:
        found.statements.append(str(query))
        found.parameters.append(params)
        return await execute(cursor, query, params, **options)

    async def noting_many(cursor: AsyncCursor[Any], query: Any, given: Iterable[Any], **options: Any) -> None:
        sets = list(given)
        found.statements += [str(query)] * len(sets)
        found.parameters += sets
        await executemany(cursor, query, sets, **options)

    async def noting_rows(cursor: AsyncCursor[Any]) -> list[Any]:
        rows = await fetchall(cursor)
        found.rows += len(rows)
        return rows

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(AsyncCursor, "execute", noting_one)
        patch.setattr(AsyncCursor, "executemany", noting_many)
        patch.setattr(AsyncCursor, "fetchall", noting_rows)
        yield found
