"""Death between any two steps of intake, claim, copy, delete and sweep: what was acknowledged is there afterwards."""

import hashlib
from collections.abc import AsyncIterator
from dataclasses import dataclass, field, replace
from datetime import timedelta
from pathlib import Path

import pytest

from dying import DyingDatabase, DyingDisk, Life
from faulty_disk import PowerLossError
from satchel.actions.files import attached, pieces, tickets
from satchel.actions.instances import lifecycle, tasks
from satchel.actions.instances.forms import Submission
from satchel.actions.instances.places import FilePlace
from satchel.actions.upkeep import doctor, sweep
from satchel.blobs.local import LocalBlobs
from satchel.blobs.store import BATCH_BYTES
from satchel.model.ids import FieldId, FileId, InstanceId
from satchel.model.transfer.names import format_upload_metadata
from satchel.model.uploads import UploadState
from world import World, bundle, chunks, fields, open_world

FILES = FieldId("files")
APP = bundle(
    {
        "code": "CRA",
        "fields": fields({"id": "files", "type": "file", "max_files": 9}),
        "start": {"fields": {"files": "edit"}},
        "tasks": {"a": {"assign": {"starter": True}, "fields": {"files": "edit"}}},
    }
)
LARGE = b"large" * (BATCH_BYTES // 4)


@dataclass
class Acknowledged:
    """What the process was told is safe before it died.

    Attributes:
        filled: by ticket, the digest of an upload that no form has named yet.
        held: by file, the digest.
    """

    filled: dict[int, str] = field(default_factory=dict)
    held: dict[int, str] = field(default_factory=dict)
    instances: list[InstanceId] = field(default_factory=list)


def _digest(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


async def _work(world: World, known: Acknowledged, salt: bytes) -> None:
    """Do a bit of everything that moves bytes or names them; `salt` makes the bytes new."""
    context, admin = world.context, world.admin

    async def upload(data: bytes, **wish: object) -> int:
        ticket = await world.ask(admin, size=len(data), field="files", **wish)
        await world.fill(ticket, data, name="a.bin")
        known.filled[int(ticket.id)] = _digest(data)
        return int(ticket.id)

    def claimed(*numbers: int) -> None:
        for number in numbers:
            known.held[number] = known.filled.pop(number)

    first, second = salt + b"small", salt + LARGE
    one = await upload(first, app="CRA")
    two = await upload(second, app="CRA")
    instance = await world.start(admin, "CRA", files=[one, two])
    known.instances.append(instance)
    claimed(one, two)

    task = await world.open_task(instance)
    ticket = await world.ask(admin, size=len(second), task=task.id, field="files")
    await pieces.announce(
        context, await world.find(ticket), length=len(second), metadata=format_upload_metadata({"filename": "t.bin"})
    )
    half = len(second) // 2
    await pieces.append(context, await world.find(ticket), 0, chunks(second[:half]), checksum=None)
    await pieces.append(context, await world.find(ticket), half, chunks(second[half:]), checksum=None)
    known.filled[int(ticket.id)] = _digest(second)
    left_out = await upload(salt + b"left out", task=task.id)

    copied = (await attached.copy(context, admin, FileId(one), instance, FilePlace(field=FILES), name="copy.bin")).id
    known.held[int(copied)] = _digest(first)
    for number in (one, two):
        del known.held[number]  # not acknowledged as gone, nor as there
    await attached.delete(context, admin, FileId(one))
    await attached.delete(context, admin, FileId(two))
    await attached.restore(context, admin, FileId(two))
    known.held[two] = _digest(second)

    del known.filled[left_out]
    numbers = [two, int(copied), int(ticket.id)]
    await tasks.complete(context, admin, task.id, Submission(values={"files": numbers}))
    claimed(int(ticket.id))
    world.clock.advance(timedelta(hours=2))
    await sweep.sweep(context, with_store=True)

    other = await world.start(admin, "CRA")
    known.instances.append(other)
    kept = (await attached.copy(context, admin, copied, other, FilePlace(field=FILES))).id
    known.held[int(kept)] = _digest(first)
    for number in (two, int(copied), int(ticket.id)):
        del known.held[number]
    await lifecycle.delete(context, admin, instance, expected=None)
    await sweep.sweep(context, with_store=True)
    await tickets.end(context, await world.find(await world.ask(admin, size=5, app="CRA")), reason="deleted")


async def _look(world: World, known: Acknowledged) -> None:
    """Check, in a process that lives, that nothing acknowledged is lost and that a sweep leaves the rest clean."""
    context, admin = world.context, world.admin
    for number, digest in known.held.items():
        content = await attached.content(context, admin, FileId(number))
        data = b"".join([piece async for piece in context.blobs.open(world.account, content.digest)])
        assert _digest(data) == digest
    for number, digest in known.filled.items():
        upload = await tickets.find(context, world.upload_id(number), token=None, actor=admin)
        assert upload.state in (UploadState.UPLOADED, UploadState.CLAIMED), upload.reason
        if upload.state is UploadState.UPLOADED:
            assert upload.digest == digest
            assert await context.blobs.verify(world.account, upload.digest)
    assert await world.drift() == []
    await _end_everything(world)
    report = [report async for report in doctor.examine(context, read_data=True)][-1]
    assert (report.counts, report.examples) == ({}, {})
    assert await world.drift() == []
    storage = await world.storage()
    assert (storage.used_bytes, storage.reserved_bytes) == (0, 0)


async def _end_everything(world: World) -> None:
    """Delete every instance and let all tickets run out, so that in the end nothing may be left."""
    for row in await world.rows("SELECT id FROM instances ORDER BY id"):
        await lifecycle.delete(world.context, world.admin, InstanceId(int(str(row[0]))), expected=None)
    for _ in range(2):
        world.clock.advance(timedelta(days=2))
        await sweep.sweep(world.context, with_store=True)


@pytest.fixture
async def world(populated_database: str, tmp_path: Path) -> AsyncIterator[World]:
    async with open_world(populated_database, tmp_path) as opened:
        opened.clock.advance(timedelta(days=3650))  # past the machine's: a file that has no time of ours yet is old
        await opened.deploy(APP)
        yield opened


async def _live_and_die(world: World, folder: Path, life: Life, salt: bytes) -> bool:
    """Work until death or the end, look at what is left, and return whether the work came to its end."""
    living = world.context
    store = LocalBlobs(folder / "blobs", clock=world.clock, disk=DyingDisk(life))
    world.context = replace(living, database=DyingDatabase(life, living.database), blobs=store)
    known = Acknowledged()
    try:
        await _work(world, known, salt)
    except PowerLossError:
        finished = False
    else:
        finished = True
    finally:
        world.context = living
    await _look(world, known)
    return finished


async def test_nothing_acknowledged_is_lost_wherever_the_process_dies(world: World, tmp_path: Path) -> None:
    life = Life()
    assert await _live_and_die(world, tmp_path, life, b"whole")
    assert life.taken > 200

    deaths = [
        not await _live_and_die(world, tmp_path, Life(left), b"%d" % left)
        for left in range(5, life.taken, life.taken // 12)
    ]

    assert sum(deaths) > 10


@pytest.mark.soak
async def test_nothing_acknowledged_is_lost_at_any_step_whatever(world: World, tmp_path: Path) -> None:
    left = 0
    while not await _live_and_die(world, tmp_path, Life(left), b"%d" % left):
        left += 1

    assert left > 200
