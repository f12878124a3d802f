"""Previews: made once by a job, for every file of the same bytes."""

from datetime import timedelta

import pytest

from actions_files import instance_of
from satchel.actions.files import attached, previews
from satchel.actions.instances import tasks
from satchel.actions.instances.forms import Submission
from satchel.actions.instances.places import FilePlace
from satchel.actions.upkeep import sweep
from satchel.cli.demo.samples import drawing_png, photo_jpeg
from satchel.model.actor import Actor
from satchel.model.errors import NotFound
from satchel.model.files import File
from satchel.model.ids import FileId, TaskId
from world import World, sha256


async def photo(world: World, clerk: Actor, task: TaskId, data: bytes, **asked: object) -> File:
    number = await world.upload(clerk, data, name="a.jpg", task=task, field="photo", **asked)
    there = await world.files(await instance_of(world, task))
    held = [int(file.id) for file in there if file.field_id == "photo"]
    await tasks.save(world.context, clerk, task, Submission(values={"photo": [*held, number]}))
    return await attached.read(world.context, clerk, FileId(number))


async def jobs(world: World) -> list[tuple[object, ...]]:
    return await world.rows("SELECT args->>'digest' FROM procrastinate_jobs WHERE task_name = 'preview.make'")


async def test_a_preview_is_made_once_and_every_file_of_the_bytes_learns_what_they_say(
    world: World, clerk: Actor, task: TaskId
) -> None:
    data = photo_jpeg()
    first = await photo(world, clerk, task, data, metadata={"orientation": "as said"})
    copied = (await attached.copy(world.context, clerk, first.id, first.instance_id, FilePlace())).id
    assert await jobs(world) == [(sha256(data),)]
    with pytest.raises(NotFound):
        await attached.preview(world.context, clerk, first.id)

    for _ in range(2):
        await previews.make(world.context, world.account, sha256(data))
    later = await photo(world, clerk, task, data)

    shown = await attached.preview(world.context, clerk, first.id)
    assert shown.media_type == "image/jpeg"
    assert shown.size_bytes < len(data)
    assert await jobs(world) == [(sha256(data),)]
    found = [(await attached.read(world.context, clerk, number)).metadata for number in (first.id, copied, later.id)]
    assert [one["orientation"] for one in found[:2]] == ["as said", "as said"]
    assert isinstance(found[2]["width"], int)
    assert {one["width"] for one in found} == {found[2]["width"]}
    assert await world.drift() == []


async def test_a_picture_that_cannot_be_read_gets_no_preview_and_is_not_tried_again(
    world: World, clerk: Actor, task: TaskId
) -> None:
    broken = drawing_png()[:60]
    file = await photo(world, clerk, task, broken)
    for _ in range(2):
        await previews.make(world.context, world.account, sha256(broken))
    with pytest.raises(NotFound):
        await attached.preview(world.context, clerk, file.id)
    assert await world.rows("SELECT state FROM previews") == [("refused",)]


async def test_a_preview_goes_with_the_last_file_of_its_picture(world: World, clerk: Actor, task: TaskId) -> None:
    data = drawing_png()
    file = await photo(world, clerk, task, data)
    await previews.make(world.context, world.account, sha256(data))
    assert len([stored async for stored in world.context.blobs.list()]) == 2

    await attached.delete(world.context, clerk, file.id)
    for _ in range(2):
        world.clock.advance(timedelta(hours=2))
        await sweep.sweep(world.context)

    assert [stored async for stored in world.context.blobs.list()] == []
    assert await world.rows("SELECT FROM blobs") == []


async def test_a_picture_that_is_its_own_preview_goes_as_well(world: World, clerk: Actor, task: TaskId) -> None:
    data = drawing_png()
    file = await photo(world, clerk, task, data)
    async with world.context.database.write() as tx:
        await tx.execute("UPDATE previews SET state = 'made', preview_digest = digest")
    await attached.delete(world.context, clerk, file.id)
    world.clock.advance(timedelta(hours=2))
    await sweep.sweep(world.context)
    assert await world.rows("SELECT FROM blobs") == []


async def test_a_preview_of_bytes_that_are_gone_is_left_alone(world: World) -> None:
    await previews.make(world.context, world.account, sha256(b"nothing"))
    assert await world.rows("SELECT FROM previews") == []
