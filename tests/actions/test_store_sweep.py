"""The sweep of the store: in batches, continued where it stopped, by one process at a time, and beside the tick."""

import asyncio
import hashlib
import os
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import psycopg
import pytest

from dying import DyingDisk, Life
from engine_bpmn import boundary, flow, simple, timer, user
from faulty_disk import PowerLossError
from satchel.actions.upkeep.store_sweep import BATCH, EVERY, LEASE, sweep_store
from satchel.blobs.local import LocalBlobs
from satchel.model.digest import Digest
from satchel.work.sweeping import Sweeping
from satchel.work.tick import Tick
from workers import until
from world import World, bundle, open_world

HOUR = timedelta(hours=1)
TIMED = bundle(
    {"code": "TIM"},
    simple(user("a"), boundary("late", "a", timer("PT1S")), user("b"), flow("late", "b"), flow("b", "end", name="z")),
)


@pytest.fixture
async def world(populated_database: str, tmp_path: Path) -> AsyncIterator[World]:
    async with open_world(populated_database, tmp_path) as opened:
        opened.clock.advance(timedelta(days=1))
        yield opened


def _store(world: World, folder: Path, count: int) -> list[Digest]:
    """Write files that no row names and return their digests, in the store's order."""
    made: list[Digest] = []
    moment = (world.clock() - timedelta(hours=3)).timestamp()
    for number in range(count):
        data = b"orphan %d" % number
        digest = Digest(hashlib.sha256(data).hexdigest())
        shard = folder / "blobs" / str(world.account) / digest[:2]
        shard.mkdir(parents=True, exist_ok=True)
        (shard / digest).write_bytes(data)
        os.utime(shard / digest, (moment, moment))
        made.append(digest)
    return sorted(made)


async def _left(world: World) -> list[Digest]:
    return [stored.digest async for stored in world.context.blobs.list()]


async def test_it_asks_once_for_some_hundred_blobs(world: World, tmp_path: Path) -> None:
    _store(world, tmp_path, 2 * BATCH + 1)
    before = await _asked(world)

    done = await sweep_store(world.context)

    assert done is not None
    assert done.orphans == 2 * BATCH + 1
    assert await _left(world) == []
    assert await _asked(world) - before < 20


async def _asked(world: World) -> int:
    """Return how many transactions the database has ended: each statement outside of one is one."""
    async with world.context.database.read() as tx:
        await tx.value(str, "SELECT pg_stat_force_next_flush()::text")
        counted = await tx.value(
            int, "SELECT xact_commit + xact_rollback FROM pg_stat_database WHERE datname = current_database()"
        )
    return counted or 0


async def test_one_that_is_stopped_is_continued_where_it_was(world: World, tmp_path: Path) -> None:
    made = _store(world, tmp_path, 2 * BATCH + 100)
    asked = 0

    def is_stopping() -> bool:
        nonlocal asked
        asked += 1
        return True

    done = await sweep_store(world.context, is_stopping)

    assert done is not None
    assert await _left(world) == made[BATCH:]
    late = _store(world, tmp_path, BATCH)  # some of them come before where it was
    passed = [digest for digest in late if digest <= made[BATCH - 1]]
    assert passed
    await sweep_store(world.context)
    assert await _left(world) == passed


async def test_one_that_died_is_continued_by_another_process_after_its_lease(world: World, tmp_path: Path) -> None:
    made = _store(world, tmp_path, 3 * BATCH)
    living = world.context.blobs
    dying = LocalBlobs(tmp_path / "blobs", clock=world.clock, disk=DyingDisk(Life(2 * (BATCH + 100))))
    object.__setattr__(world.context, "blobs", dying)
    with pytest.raises(PowerLossError):
        await sweep_store(world.context)
    object.__setattr__(world.context, "blobs", living)
    left = await _left(world)
    assert made[BATCH:][-1] in left

    assert await sweep_store(world.context) is None
    world.clock.advance(LEASE)
    done = await sweep_store(world.context)

    assert done is not None
    assert done.orphans == len(left)
    assert await _left(world) == []


async def test_of_several_processes_one_sweeps_and_then_none_for_six_hours(world: World, tmp_path: Path) -> None:
    _store(world, tmp_path, 10)

    done = await asyncio.gather(*(sweep_store(world.context) for _ in range(4)))

    assert sorted(0 if one is None else one.orphans for one in done) == [0, 0, 0, 10]
    assert sum(one is not None for one in done) == 1
    world.clock.advance(EVERY - timedelta(seconds=1))
    assert await sweep_store(world.context) is None
    world.clock.advance(timedelta(seconds=1))
    assert await sweep_store(world.context) is not None


async def test_what_cannot_be_deleted_keeps_nothing_else(world: World, tmp_path: Path) -> None:
    made = _store(world, tmp_path, 50)
    stuck = tmp_path / "blobs" / str(world.account) / made[10][:2] / made[10]
    stuck.unlink()
    stuck.mkdir()  # an unlink fails

    done = await sweep_store(world.context)

    assert done is not None
    assert done.orphans == 49


async def test_timers_fire_while_it_waits(world: World, tmp_path: Path) -> None:
    _store(world, tmp_path, 10)
    await world.deploy(TIMED)
    instance = await world.start(world.admin, "TIM")
    world.clock.advance(timedelta(seconds=2))
    stop = asyncio.Event()

    async def no_dead_workers() -> int:
        return 0

    async with await psycopg.AsyncConnection.connect(world.context.database.dsn) as other:
        await other.execute("LOCK TABLE blobs IN ACCESS EXCLUSIVE MODE")
        sweeping = asyncio.create_task(Sweeping(world.context).run_store(stop))
        await until(lambda: _waits(world), "the sweep did not get as far as the lock")

        await Tick(world.context, no_dead_workers).once()

        assert (await world.open_task(instance)).element == "b"
        await other.rollback()
    await until(lambda: _is_empty(world), "the sweep did not continue")
    stop.set()
    await sweeping


async def _waits(world: World) -> bool:
    return await world.rows("SELECT FROM pg_locks WHERE NOT granted AND relation = 'blobs'::regclass") != []


async def _is_empty(world: World) -> bool:
    return await _left(world) == []
