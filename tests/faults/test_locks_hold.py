"""Many at once on the same few things: no deadlock, never over the limit, and balanced books at the end."""

import asyncio
import random
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, field, replace
from datetime import timedelta
from pathlib import Path

import pytest
from psycopg.errors import DeadlockDetected

from beside import beside, hearing
from satchel.actions.files import attached, intake, tickets
from satchel.actions.instances import lifecycle, tasks
from satchel.actions.instances.forms import Submission
from satchel.actions.instances.places import FilePlace
from satchel.actions.upkeep import doctor, sweep
from satchel.model.errors import Busy, OverQuota, SatchelError, Unavailable
from satchel.model.ids import FieldId, FileId, InstanceId, TaskId
from world import World, bundle, chunks, fields, open_world

FILES = FieldId("files")
QUOTA = 1_500
APP = bundle(
    {
        "code": "LOC",
        "fields": fields({"id": "files", "type": "file", "max_files": 50}, {"id": "note", "type": "text"}),
        "start": {"fields": {"files": "edit"}},
        "tasks": {"a": {"assign": {"starter": True}, "fields": {"files": "edit", "note": "edit"}}},
    }
)


@dataclass
class Crowd:
    """Workers who know the same few things, and what befell them."""

    world: World
    chance: random.Random
    instances: list[InstanceId] = field(default_factory=list)
    tasks: list[TaskId] = field(default_factory=list)
    files: list[FileId] = field(default_factory=list)
    done: Counter[str] = field(default_factory=Counter[str])
    stuck: list[str] = field(default_factory=list)
    over_limit: list[tuple[int, int]] = field(default_factory=list)

    async def fill(self) -> None:
        """Start what the workers meet at."""
        for _ in range(4):
            instance = await self.world.start(self.world.admin, "LOC")
            self.instances.append(instance)
            self.tasks.append((await self.world.open_task(instance)).id)

    def of(self, world: World) -> "Crowd":
        """Return the same crowd as far as it works in another process."""
        return replace(self, world=world)

    async def work(self, rounds: int) -> None:
        """Do something or other, again and again; what the rules refuse is refused."""
        moves: list[Callable[[], Awaitable[object]]] = [
            self._attach,
            self._attach,
            self._copy,
            self._copy,
            self._delete,
            self._restore,
            self._save,
            self._complete,
            self._start,
            self._cancel,
            self._end_ticket,
            self._sweep,
        ]
        for _ in range(rounds):
            move = self.chance.choice(moves)
            try:
                await move()
            except SatchelError as error:
                self.done[type(error).__name__] += 1
                if isinstance(error, Unavailable) or isinstance(error.__cause__, DeadlockDetected):
                    self.stuck.append(f"{move.__name__}: {error} {error.__cause__}")
            else:
                self.done[move.__name__] += 1
            await self._look_at_the_limit()

    async def _look_at_the_limit(self) -> None:
        storage = await self.world.storage()
        if storage.used_bytes + storage.reserved_bytes > QUOTA:
            self.over_limit.append((storage.used_bytes, storage.reserved_bytes))

    async def _attach(self) -> None:
        data = self.chance.randbytes(self.chance.choice((10, 10, 200)))
        task = self.chance.choice(self.tasks)
        number = await self.world.upload(self.world.admin, data, field="files", task=task)
        view = await tasks.read(self.world.context, self.world.admin, task)
        held = [file.id for file in view.files]
        values = {"files": [*held, number]}
        await tasks.save(self.world.context, self.world.admin, task, Submission(values=values))
        self.files.append(FileId(number))

    async def _copy(self) -> None:
        if self.files:
            source, target = self.chance.choice(self.files), self.chance.choice(self.instances)
            made = await attached.copy(self.world.context, self.world.admin, source, target, FilePlace(field=FILES))
            self.files.append(made.id)

    async def _delete(self) -> None:
        if self.files:
            await attached.delete(self.world.context, self.world.admin, self.chance.choice(self.files))

    async def _restore(self) -> None:
        if self.files:
            await attached.restore(self.world.context, self.world.admin, self.chance.choice(self.files))

    async def _save(self) -> None:
        given = Submission(values={"note": str(self.chance.random())})
        await tasks.save(self.world.context, self.world.admin, self.chance.choice(self.tasks), given)

    async def _complete(self) -> None:
        if self.chance.random() < 0.2:
            await tasks.complete(self.world.context, self.world.admin, self.chance.choice(self.tasks), Submission())

    async def _start(self) -> None:
        if self.chance.random() < 0.3:
            instance = await self.world.start(self.world.admin, "LOC")
            self.instances[self.chance.randrange(4)] = instance
            self.tasks[self.chance.randrange(4)] = (await self.world.open_task(instance)).id

    async def _cancel(self) -> None:
        if self.chance.random() < 0.1:
            await lifecycle.cancel_instance(
                self.world.context, self.world.admin, self.chance.choice(self.instances), why="test"
            )

    async def _end_ticket(self) -> None:
        ticket = await self.world.ask(self.world.admin, size=50, field="files", task=self.chance.choice(self.tasks))
        await tickets.end(self.world.context, await self.world.find(ticket), reason="deleted")

    async def _sweep(self) -> None:
        self.world.clock.advance(timedelta(seconds=self.chance.choice((0, 5, 40))))
        await sweep.sweep(self.world.context)


@pytest.fixture
async def world(populated_database: str, tmp_path: Path) -> AsyncIterator[World]:
    async with open_world(populated_database, tmp_path, quota_bytes=QUOTA, max_connections=12) as opened:
        await opened.deploy(APP)
        yield opened


async def _crowd(world: World, *others: World, workers: int, rounds: int, seed: int) -> None:
    crowd = Crowd(world, random.Random(seed))  # noqa: S311  # the same moves in every run
    await crowd.fill()
    places = [crowd, *(crowd.of(other) for other in others)]

    await asyncio.gather(*(places[number % len(places)].work(rounds) for number in range(workers)))

    assert crowd.stuck == []
    assert crowd.over_limit == []
    assert min(crowd.done[move] for move in ("_attach", "_copy", "_delete", "_save")) > 0
    assert await world.drift() == []
    reports = [report async for report in doctor.examine(world.context, read_data=True)]
    assert reports[-1].is_clean, reports[-1].examples


async def test_many_at_once_never_lock_each_other_out(world: World) -> None:
    await _crowd(world, workers=8, rounds=40, seed=1)


@pytest.mark.soak
@pytest.mark.parametrize("seed", range(2, 8))
async def test_many_at_once_never_lock_each_other_out_for_long(world: World, seed: int) -> None:
    await _crowd(world, workers=12, rounds=150, seed=seed)


@pytest.mark.soak
@pytest.mark.parametrize("seed", range(2, 8))
async def test_nor_do_they_in_two_processes(world: World, tmp_path: Path, seed: int) -> None:
    async with beside(world, tmp_path, max_connections=12) as other, hearing(world, other):
        await _crowd(world, other, workers=12, rounds=150, seed=seed)


async def test_copies_in_both_directions_at_once_wait_for_each_other(world: World) -> None:
    one, other = [await world.start(world.admin, "LOC") for _ in range(2)]
    numbers: dict[InstanceId, FileId] = {}
    for instance in (one, other):
        task = await world.open_task(instance)
        number = await world.upload(world.admin, b"bytes %d" % instance, field="files", task=task.id)
        await tasks.save(world.context, world.admin, task.id, Submission(values={"files": [number]}))
        numbers[instance] = FileId(number)

    async def copy(source: InstanceId, target: InstanceId) -> bool:
        try:
            await attached.copy(world.context, world.admin, numbers[source], target, FilePlace(field=FILES))
        except OverQuota:
            return False
        return True

    copied = await asyncio.gather(*(copy(*pair) for _ in range(20) for pair in ((one, other), (other, one))))

    assert all(copied)
    assert await world.drift() == []


async def test_a_sweep_beside_a_claim_of_the_same_bytes_loses_nothing(world: World) -> None:
    data = b"the same bytes"
    for _ in range(8):
        source = await world.start(world.admin, "LOC")
        task = await world.open_task(source)
        first = await world.upload(world.admin, data, field="files", task=task.id)
        await tasks.save(world.context, world.admin, task.id, Submission(values={"files": [first]}))
        await lifecycle.delete(world.context, world.admin, source, expected=None)  # the last that named the bytes
        world.clock.advance(timedelta(hours=2))  # past the grace time: the sweep may take them
        target = await world.start(world.admin, "LOC")
        waiting = await world.open_task(target)
        ticket = await world.ask(world.admin, size=len(data), field="files", task=waiting.id)

        async def arrive_and_claim(ticket: tickets.Ticket = ticket, task: TaskId = waiting.id) -> None:
            await world.fill(ticket, data, name="again.bin")
            given = Submission(values={"files": [int(ticket.id)]})
            await tasks.save(world.context, world.admin, task, given)

        await asyncio.gather(arrive_and_claim(), sweep.sweep(world.context, with_store=True))

        content = await attached.content(world.context, world.admin, FileId(int(ticket.id)))
        pieces = [piece async for piece in world.context.blobs.open(world.account, content.digest)]
        assert b"".join(pieces) == data
        await lifecycle.delete(world.context, world.admin, target, expected=None)


async def test_a_writer_that_waits_too_long_is_told_to_try_again(world: World) -> None:
    instance = await world.start(world.admin, "LOC")
    task = await world.open_task(instance)
    ticket = await world.ask(world.admin, size=5, field="files", task=task.id)
    upload = await world.find(ticket)
    release, held = asyncio.Event(), asyncio.Event()

    async def slow() -> AsyncIterator[bytes]:
        async for piece in chunks(b"ab"):
            yield piece
        held.set()
        await release.wait()
        yield b"cde"

    first = asyncio.create_task(intake.receive(world.context, upload, slow(), intake.Arrival(name="a.bin")))
    await held.wait()
    with pytest.raises(Busy):
        await world.fill(ticket, b"other")
    release.set()

    assert (await first).size_bytes == 5
