"""Statements that are sent together: their order, what fails among them, and what is left of a connection then."""

import asyncio
from collections.abc import AsyncIterator
from typing import LiteralString

import pytest

from counted import Counted, counted
from satchel.db.pool import Database
from satchel.db.trips import MOST_PREPARED, PREPARED_AFTER, count_of, value_of
from satchel.model.errors import Busy, DatabaseUnavailable, InvalidRequest, SatchelError

ONE = 1
"""Connections: what is left of the only one is what the next block gets."""


@pytest.fixture
async def pool(database: str) -> AsyncIterator[Database]:
    async with Database(database, max_connections=ONE) as opened:
        async with opened.write() as tx:
            tx.put("CREATE TABLE notes (number integer PRIMARY KEY)")
        yield opened


async def _numbers(pool: Database) -> list[int]:
    async with pool.read() as tx:
        return await tx.values(int, "SELECT number FROM notes ORDER BY number")


INSERT: LiteralString = "INSERT INTO notes VALUES (%s)"


async def _insert(pool: Database, *numbers: int, waits: bool = False) -> None:
    """Insert numbers in one transaction."""
    async with pool.write() as tx:
        for number in numbers:
            tx.put(INSERT, (number,))
            if waits:
                await tx.trip()


async def test_what_was_put_off_runs_in_its_order_before_what_is_waited_for(pool: Database) -> None:
    async with pool.write() as tx:
        tx.put("INSERT INTO notes VALUES (%s)", (1,))
        counted = tx.later(value_of(int, "SELECT count(*) FROM notes"))
        tx.put("INSERT INTO notes VALUES (%(number)s)", {"number": 2})

        assert await tx.values(int, "SELECT number FROM notes ORDER BY number") == [1, 2]
        assert counted.result == 1


async def test_a_transaction_and_its_commit_are_one_trip_where_nothing_is_waited_for(pool: Database) -> None:
    with counted() as found:
        async with pool.write() as tx:
            tx.put("INSERT INTO notes VALUES (%s)", (1,))

    assert (found.trips, len(found.statements)) == (1, 3)
    assert await _numbers(pool) == [1]


async def test_a_transaction_that_does_nothing_sends_nothing(pool: Database) -> None:
    with counted() as found:
        async with pool.write():
            pass

    assert found == Counted()


async def test_what_was_put_off_is_not_there_before_somebody_waits(pool: Database) -> None:
    async with pool.read() as tx:
        later = tx.later(value_of(int, "SELECT 1"))

        with pytest.raises(LookupError):
            _ = later.result


@pytest.mark.parametrize("place", [0, 1, 2])
async def test_one_statement_that_fails_undoes_those_around_it(pool: Database, place: int) -> None:
    numbers = [10, 11, 12]
    numbers.insert(place, numbers[0] if place else 12)

    with pytest.raises(SatchelError):
        await _insert(pool, *numbers)

    assert await _numbers(pool) == []


async def test_a_value_that_cannot_be_stored_sends_nothing_and_spoils_nothing(pool: Database) -> None:
    async def write() -> None:
        async with pool.write() as tx:
            await tx.execute(INSERT, (1,))
            tx.put("INSERT INTO notes SELECT 2 WHERE %s <> ''", ("\0",))

    with pytest.raises(InvalidRequest):
        await write()

    assert await _numbers(pool) == []


async def test_statements_that_were_put_off_by_a_block_that_failed_are_forgotten(pool: Database) -> None:
    async def fail() -> None:
        async with pool.write() as tx:
            tx.put(INSERT, (1,))
            raise RuntimeError

    with pytest.raises(RuntimeError):
        await fail()
    async with pool.read() as tx:
        tx.later(value_of(int, "SELECT 1 / 0"))

    assert await _numbers(pool) == []


async def test_a_statement_is_prepared_and_goes_on_after_failures_and_rollbacks(pool: Database) -> None:
    for number in range(PREPARED_AFTER * 3):
        with pytest.raises(SatchelError):
            await _insert(pool, number, number, waits=True)

    async with pool.read() as tx:
        query = (
            "SELECT count(*) FROM pg_prepared_statements WHERE statement LIKE 'INSERT INTO notes%%' AND from_sql = %s"
        )
        assert await tx.value(int, query, (False,)) == 1
    assert await _numbers(pool) == []


async def test_no_more_statements_are_kept_prepared_than_allowed(pool: Database) -> None:
    async with pool.read() as tx:
        for number in range(MOST_PREPARED + 20):
            for _ in range(PREPARED_AFTER + 2):
                tx.later(value_of(int, f"SELECT {int(number)} + %s", (1,)))
        await tx.trip()

        kept = await tx.value(int, "SELECT count(*) FROM pg_prepared_statements")

    assert kept is not None
    assert kept <= MOST_PREPARED


async def test_a_trip_larger_than_every_buffer_gets_through(pool: Database) -> None:
    async with pool.read() as tx:
        found = [tx.later(value_of(str, "SELECT repeat(%s, 1000)", ("x" * 3_000,))) for _ in range(20)]
        await tx.trip()

    assert {len(one.result or "") for one in found} == {3_000_000}


async def test_a_trip_that_is_cancelled_ends_its_statement_and_leaves_the_connection_usable(
    pool: Database, database: str
) -> None:
    async def wait() -> None:
        async with pool.write() as tx:
            tx.put("INSERT INTO notes VALUES (1)")
            await tx.value(str, "SELECT pg_sleep(60)::text")

    waiting = asyncio.create_task(wait())
    async with Database(database, max_connections=ONE) as other, other.read() as tx:
        while not await tx.value(int, "SELECT 1 FROM pg_stat_activity WHERE wait_event = 'PgSleep'"):
            await asyncio.wait({waiting}, timeout=0.01)
        waiting.cancel()
        with pytest.raises(asyncio.CancelledError):
            await waiting

        assert not await tx.value(int, "SELECT 1 FROM pg_stat_activity WHERE wait_event = 'PgSleep'")
    assert await _numbers(pool) == []


async def test_a_connection_that_is_ended_during_a_trip_is_said_to_be_away_and_replaced(
    pool: Database, database: str
) -> None:
    async def wait() -> None:
        async with pool.write() as tx:
            tx.put("INSERT INTO notes VALUES (1)")
            tx.put("SELECT pg_sleep(60)")

    waiting = asyncio.create_task(wait())
    ended = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE wait_event = 'PgSleep'"
    async with Database(database, max_connections=ONE) as other, other.read() as tx:
        while not await tx.value(bool, ended):
            await asyncio.wait({waiting}, timeout=0.01)

    with pytest.raises(DatabaseUnavailable):
        await waiting
    assert await _numbers(pool) == []


async def test_a_guard_that_finds_nothing_undoes_the_write(pool: Database) -> None:
    refused = Busy("Another has it.")
    guarded = pool.with_guard(count_of("UPDATE notes SET number = 1 WHERE false"), refused)

    with pytest.raises(Busy):
        async with guarded.write() as tx:
            tx.put("INSERT INTO notes VALUES (1)")

    assert await _numbers(pool) == []
