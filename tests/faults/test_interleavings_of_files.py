"""Pairs of actions on the same files, one stopped at each of its statements: no bytes are lost, none counted wrong."""

import random
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass, replace
from datetime import timedelta
from itertools import product
from pathlib import Path

import pytest

from interleaving import Act, at_every_statement, interleave
from satchel.actions.context import Context
from satchel.actions.files import adding, attached, intake, tickets
from satchel.actions.files.intake import Arrival
from satchel.actions.files.tickets import UploadRequest
from satchel.actions.instances import emptying, lifecycle, tasks
from satchel.actions.instances.forms import Submission
from satchel.actions.instances.places import FilePlace
from satchel.actions.upkeep import doctor, sweep
from satchel.model.digest import Digest
from satchel.model.errors import Unavailable
from satchel.model.ids import FieldId, FileId, InstanceId, TaskId, UploadId
from satchel.model.uploads import Upload
from world import World, bundle, chunks, fields, open_world

FILES = FieldId("files")
MOST_FILES = 2
LONG_AGO = timedelta(days=3650)
DAY = timedelta(days=1)
APP = bundle(
    {
        "code": "FIL",
        "fields": fields({"id": "files", "type": "file", "max_files": MOST_FILES}),
        "start": {"fields": {"files": "edit"}},
        "tasks": {"a": {"assign": {"starter": True}, "fields": {"files": "edit"}}},
    }
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Scene:
    """What two actions meet at.

    Attributes:
        whole: an instance with a file, one that can be restored, and one that the sweep takes away.
        other: an instance to copy to.
        task: of `whole`.
        file: in the field of `whole`, which takes one more.
        deleted: its file that can be restored.
        for_start, for_task, for_instance: uploads that a form may name.
        empty: a ticket that waits for `again`.
        again: bytes that are still stored, that nothing names any more, and that the sweep may drop.
        room_bytes: what is left of the quota.
    """

    world: World
    whole: InstanceId
    other: InstanceId
    task: TaskId
    file: FileId
    deleted: FileId
    for_start: int
    for_task: int
    for_instance: int
    empty: Upload
    again: bytes
    room_bytes: int

    def acts(self) -> Mapping[str, Act]:
        """Return the actions by name."""
        admin, place = self.world.admin, FilePlace(field=FILES)
        for_start, for_task = ({"files": [number]} for number in (self.for_start, self.for_task))
        room = UploadRequest(app="FIL", size_bytes=self.room_bytes)
        return {
            "start": lambda context: lifecycle.start(context, admin, "FIL", Submission(values=for_start)),
            "end start upload": lambda context: self._end(context, self.for_start),
            "complete": lambda context: tasks.complete(context, admin, self.task, Submission(values=for_task)),
            "end task upload": lambda context: self._end(context, self.for_task),
            "empty form": lambda context: emptying.empty_form(context, admin, self.task),
            "attach": lambda context: adding.attach(context, admin, self.whole, [self.for_instance], place),
            "copy": lambda context: attached.copy(context, admin, self.file, self.other, place),
            "copy here": lambda context: attached.copy(context, admin, self.file, self.whole, place),
            "describe": lambda context: attached.describe(context, admin, self.file, name="renamed.txt"),
            "delete": lambda context: attached.delete(context, admin, self.file),
            "restore": lambda context: attached.restore(context, admin, self.deleted),
            "cancel": lambda context: lifecycle.cancel_instance(context, admin, self.whole, why=""),
            "delete instance": lambda context: lifecycle.delete(context, admin, self.whole, expected=None),
            "receive": lambda context: intake.receive(context, self.empty, chunks(self.again), Arrival(name="a.txt")),
            "reserve": lambda context: tickets.reserve(context, admin, room),
            "sweep": lambda context: sweep.sweep(context, with_store=True),
        }

    async def _end(self, context: Context, number: int) -> None:
        known = await tickets.find(context, UploadId(number), token=None, actor=self.world.admin)
        await tickets.end(context, known, reason="deleted")


OF_PLACES = ("complete", "empty form", "attach", "copy here", "delete", "restore", "cancel", "delete instance")
OF_UPLOADS = ("start", "end start upload", "complete", "end task upload", "empty form", "delete instance")
OF_BYTES = ("copy", "describe", "delete", "restore", "delete instance", "receive", "reserve", "sweep")
PAIRS = sorted(
    {*product(OF_PLACES, OF_PLACES), *product(OF_UPLOADS, OF_UPLOADS), *product(OF_BYTES, OF_BYTES)}
    - {("receive", "receive")}  # of two writers one takes over from the other, which test_take_over proves
)
ONE_WINS = [
    {"start"},
    {"complete"},
    {"attach"},
    {"reserve"},
    {"delete"},
    {"restore"},
    {"delete instance"},
    {"copy", "reserve"},
    {"start", "end start upload"},
    {"attach", "restore"},
    {"attach", "copy here"},
    {"copy here", "restore"},
    {"copy here"},
]
"""The pairs of which one takes what the other needs: an upload, a field's last place or the quota's last bytes."""


@pytest.fixture
async def world(populated_database: str, tmp_path: Path) -> AsyncIterator[World]:
    async with open_world(populated_database, tmp_path) as opened:
        opened.clock.advance(LONG_AGO)  # past the machine's: bytes that have no time of ours yet are old
        await opened.deploy(APP)
        yield opened


async def set_scene(world: World, salt: bytes) -> Scene:
    """Make everything anew, with bytes of its own."""
    admin = world.admin

    async def upload(what: bytes, **target: object) -> int:
        return await world.upload(admin, what + salt, field="files", **target)  # type: ignore[arg-type]  # as UploadRequest declares

    gone = await world.start(admin, "FIL", files=[await upload(b"again", app="FIL")])
    await lifecycle.delete(world.context, admin, gone, expected=None)
    purged, kept = await upload(b"purged", app="FIL"), await upload(b"kept", app="FIL")
    whole = await world.start(admin, "FIL", files=[purged, kept])
    other = await world.start(admin, "FIL")
    await attached.delete(world.context, admin, FileId(purged))
    world.clock.advance(DAY)
    task = (await world.open_task(whole)).id
    restorable = await upload(b"restorable", instance=whole)
    await adding.attach(world.context, admin, whole, [restorable], FilePlace(field=FILES))
    await attached.delete(world.context, admin, FileId(restorable))
    again = b"again" + salt
    empty = await world.find(await world.ask(admin, size=len(again), app="FIL", field="files"))
    made = Scene(
        world=world,
        whole=whole,
        other=other,
        task=task,
        file=FileId(kept),
        deleted=FileId(restorable),
        for_start=await upload(b"for start", app="FIL"),
        for_task=await upload(b"for task", task=task),
        for_instance=await upload(b"for instance", instance=whole),
        empty=empty,
        again=again,
        room_bytes=0,
    )
    storage = await world.storage()
    return replace(made, room_bytes=storage.limit_bytes - storage.used_bytes - storage.reserved_bytes)


WRONG = {
    "a file's upload is not claimed": (
        "SELECT f.id FROM files f JOIN uploads u ON u.account_id = f.account_id AND u.id = f.id"
        " WHERE u.state <> 'claimed'"
    ),
    "a field holds more files than it takes": (
        "SELECT instance_id FROM files WHERE field_id = 'files' AND deleted_at IS NULL"
        f" GROUP BY instance_id HAVING count(*) > {MOST_FILES}"
    ),
    "more is taken than there is": "SELECT account_id FROM storage WHERE used_bytes + reserved_bytes > limit_bytes",
    "an upload waits for what has ended": (
        "SELECT u.id FROM uploads u LEFT JOIN tasks t ON t.account_id = u.account_id AND t.id = u.task_id"
        " LEFT JOIN instances i ON i.account_id = u.account_id AND i.id = u.instance_id WHERE u.ended_at IS NULL"
        " AND (u.task_id IS NOT NULL AND (t.id IS NULL OR t.closed_at IS NOT NULL)"
        " OR u.instance_id IS NOT NULL AND (i.id IS NULL OR i.state <> 'running'))"
    ),
}
"""What must find nothing, by what it would mean."""


async def _check(scene: Scene, what: str) -> None:
    world = scene.world
    for meaning, query in WRONG.items():
        assert await world.rows(query) == [], f"{what}: {meaning}"
    lost = "SELECT id FROM uploads WHERE id = ANY(%s) AND state = 'claimed' AND id NOT IN (SELECT id FROM files)"
    is_whole_there = await world.rows("SELECT FROM instances WHERE id = %s", scene.whole)
    claimable = [scene.for_start, *([scene.for_task, scene.for_instance] if is_whole_there else [])]
    assert await world.rows(lost, claimable) == [], f"{what}: an upload became no file"
    assert await world.drift() == [], what
    named = await world.rows(
        "SELECT digest FROM files WHERE digest IS NOT NULL"
        " UNION SELECT digest FROM uploads WHERE digest IS NOT NULL AND ended_at IS NULL"
    )
    for (digest,) in named:
        assert await world.context.blobs.verify(world.account, Digest(str(digest))), what


async def _check_end(world: World) -> None:
    """Delete every instance and let all tickets run out: nothing may be left, and nothing be damaged."""
    for (number,) in await world.rows("SELECT id FROM instances ORDER BY id"):
        await lifecycle.delete(world.context, world.admin, InstanceId(int(str(number))), expected=None)
    for _ in range(2):
        world.clock.advance(2 * DAY)
        await sweep.sweep(world.context, with_store=True)
    report = [report async for report in doctor.examine(world.context, read_data=True)][-1]
    assert (report.counts, report.examples) == ({}, {})
    storage = await world.storage()
    assert (storage.used_bytes, storage.reserved_bytes) == (0, 0)


async def _run(world: World, one: str, other: str, stops_at: int) -> bool:
    """Run a pair; return whether the first action has a statement of that number."""
    scene = await set_scene(world, b" of %s, %s, %d" % (one.encode(), other.encode(), stops_at))
    acts, what = scene.acts(), f"{one} + {other} at {stops_at}"
    outcome = await interleave(world.context, acts[one], acts[other], stops_at)
    refusals = [outcome.first, outcome.second]
    assert not any(isinstance(refused, Unavailable) for refused in refusals), f"{what}: {refusals}"
    assert None in refusals, f"{what}: neither is done: {refusals}"
    if {one, other} in ONE_WINS:
        assert refusals.count(None) == 1, f"{what}: both are done"
    await _check(scene, what)
    world.clock.advance(DAY + DAY)
    await sweep.sweep(world.context)  # what is reserved is free again
    return outcome.has_stopped


async def test_some_pairs_of_actions_on_files_leave_no_bytes_lost_or_counted_wrong(world: World) -> None:
    chance = random.Random(15)  # noqa: S311  # the same in every run
    for one, other in chance.sample(PAIRS, 12):
        await _run(world, one, other, chance.randint(2, 12))
    await _check_end(world)


@pytest.mark.soak
@pytest.mark.parametrize(("one", "other"), PAIRS)
async def test_every_pair_of_actions_on_files_leaves_no_bytes_lost_or_counted_wrong(
    world: World, one: str, other: str
) -> None:
    await at_every_statement(lambda stops_at: _run(world, one, other, stops_at))
    await _check_end(world)
