"""A worker that dies between any two steps of a call: another takes over, and its reply is attached exactly once."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from calling import allow, attempts, deploy_task
from dying import DyingDatabase, DyingDisk, Life
from faulty_disk import PowerLossError
from peers import Peer, peer
from satchel.actions.calls import attempts as calls
from satchel.actions.upkeep import doctor, sweep
from satchel.blobs.local import LocalBlobs
from satchel.db import calls as call_rows
from satchel.model.ids import InstanceId
from satchel.model.instance import ServiceCall
from world import PDF, World, open_world, sha256


@pytest.fixture
async def world(populated_database: str, tmp_path: Path) -> AsyncIterator[World]:
    async with open_world(populated_database, tmp_path) as opened:
        yield opened


@pytest.fixture
async def other(world: World) -> AsyncIterator[Peer]:
    async with peer() as made:
        allow(world, made)
        url = made.answers("/receipt.pdf", PDF, "Content-Type: application/pdf")
        await deploy_task(
            world,
            kind="rest",
            method="POST",
            url=url,
            body="form-data",
            parameters={"file": "doc"},
            output={"binary": "receipt"},
        )
        yield made


async def _start(world: World) -> tuple[InstanceId, ServiceCall]:
    doc = await world.upload(world.admin, PDF, name="a.pdf", field="doc", app="RST")
    old = await world.upload(world.admin, PDF + b"old", name="old.pdf", field="receipt", app="RST")
    instance = await world.start(world.admin, "RST", doc=doc, receipt=old)
    async with world.context.database.read() as tx:
        (call,) = await call_rows.calls(tx, world.account, instance)
    return instance, call


async def _die_and_be_taken_over(world: World, folder: Path, life: Life, *, workers: int) -> bool:
    """Make a call in a process that dies, have others repeat the job, look, and return whether it lived to the end."""
    instance, call = await _start(world)
    living = world.context
    store = LocalBlobs(folder / "blobs", clock=world.clock, disk=DyingDisk(life))
    dying = replace(living, database=DyingDatabase(life, living.database), blobs=store)
    lived = True
    try:
        await calls.perform(dying, world.account, call.id, 1)
    except PowerLossError:
        lived = False

    await asyncio.gather(*(calls.perform(living, world.account, call.id, 1) for _ in range(workers)))

    assert (await world.open_task(instance)).element == "u"
    held = {str(file.field_id): file for file in await world.files(instance)}
    assert sorted(held) == ["doc", "receipt"]
    assert held["receipt"].digest == sha256(PDF)
    kinds = await world.kinds(instance)
    assert kinds.count("service.finished") == 1
    (made,) = await attempts(world, instance)
    assert made.state == "done"
    assert await world.drift() == []
    return lived


@pytest.mark.parametrize("workers", [1, 2])
async def test_a_reply_is_attached_once_wherever_the_worker_dies(
    world: World, other: Peer, tmp_path: Path, workers: int
) -> None:
    life = Life()
    assert await _die_and_be_taken_over(world, tmp_path, life, workers=workers)

    deaths = [
        not await _die_and_be_taken_over(world, tmp_path, Life(left), workers=workers)
        for left in range(workers - 1, life.taken, 4)
    ]

    assert sum(deaths) > 5
    keys = {arrived.headers["idempotency-key"] for arrived in other.requests}
    assert len(keys) == 1 + len(deaths)  # however often a call went out, its repeats can be told
    world.clock.advance(timedelta(days=3650))  # past the machine's: what the dead left in the store is old
    await sweep.sweep(world.context, with_store=True)
    report = [report async for report in doctor.examine(world.context, read_data=True)][-1]
    assert (report.counts, report.examples) == ({}, {})


@pytest.mark.soak
@pytest.mark.parametrize("workers", [1, 2])
async def test_a_reply_is_attached_once_at_any_step_whatever(
    world: World, other: Peer, tmp_path: Path, workers: int
) -> None:
    for _ in range(100):  # until it has died at every step, and then again: each run has another order of two workers
        left = 0
        while not await _die_and_be_taken_over(world, tmp_path, Life(left), workers=workers):
            left += 1
        assert left > 20
        if len({arrived.headers["idempotency-key"] for arrived in other.requests}) > 200:
            return
    raise AssertionError("there were fewer than 200 deaths")
