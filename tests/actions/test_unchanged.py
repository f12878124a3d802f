"""What did not change is not written: the instance's row, and so its revision, stay as they were."""

from collections.abc import Awaitable, Callable

import pytest

from satchel.actions.files import attached
from satchel.actions.instances import lifecycle, tasks
from satchel.actions.instances.forms import Submission
from satchel.actions.instances.places import FilePlace
from satchel.model.ids import FileId, InstanceId, TaskId
from world import World, bundle, fields

APP = bundle(
    {
        "code": "UNC",
        "title": "{{ note }}",
        "fields": fields({"id": "note", "type": "text"}, {"id": "files", "type": "file", "max_files": 9}),
        "start": {"fields": {"note": "edit", "files": "edit"}},
        "tasks": {"a": {"assign": {"group": "clerks"}, "fields": {"note": "edit", "files": "edit"}}},
    }
)


async def _row(world: World, instance: InstanceId) -> object:
    """Return the instance's revision, and the number of the transaction that wrote its row."""
    return await world.rows("SELECT revision, xmin::text FROM instances WHERE id = %s", instance)


async def _comment(world: World, instance: InstanceId, task: TaskId) -> None:
    del task
    await lifecycle.comment(world.context, await world.actor("clerk"), instance, "Seen.")


async def _claim(world: World, instance: InstanceId, task: TaskId) -> None:
    del instance
    await tasks.release(world.context, await world.actor("clerk"), task)
    await tasks.claim(world.context, await world.actor("clerk"), task)


async def _arrive(world: World, instance: InstanceId, task: TaskId) -> None:
    del instance
    await tasks.arrive(world.context, await world.actor("clerk"), task)


async def _save_the_same(world: World, instance: InstanceId, task: TaskId) -> None:
    del instance
    await tasks.save(world.context, await world.actor("clerk"), task, Submission(values={"note": "as it was"}))


async def _started(world: World) -> tuple[InstanceId, TaskId]:
    await world.deploy(APP)
    clerk = await world.actor("clerk")
    instance = await world.start(clerk, "UNC", note="as it was")
    task = (await world.open_task(instance)).id
    await tasks.claim(world.context, clerk, task)
    return instance, task


@pytest.mark.parametrize("act", [_comment, _claim, _arrive, _save_the_same])
async def test_what_changes_nothing_of_an_instance_leaves_its_row(
    world: World, act: Callable[[World, InstanceId, TaskId], Awaitable[None]]
) -> None:
    instance, task = await _started(world)
    before = await _row(world, instance)

    await act(world, instance, task)

    assert await _row(world, instance) == before


async def test_a_comment_lets_another_persons_change_pass(world: World) -> None:
    instance, _ = await _started(world)
    clerk = await world.actor("clerk")
    read = await lifecycle.read(world.context, clerk, instance)
    await lifecycle.comment(world.context, world.admin, instance, "Seen.")

    expected = read.instance.revision
    await lifecycle.change_values(world.context, clerk, instance, Submission(values={"note": "new"}), expected=expected)

    changed = (await lifecycle.read(world.context, clerk, instance)).instance
    assert (changed.revision, changed.title) == (expected + 1, "new")


async def test_every_change_of_values_files_or_state_makes_the_revision_grow(world: World) -> None:
    instance, task = await _started(world)
    clerk = await world.actor("clerk")
    seen = [(await lifecycle.read(world.context, clerk, instance)).instance.revision]

    async def grew() -> None:
        seen.append((await lifecycle.read(world.context, clerk, instance)).instance.revision)
        assert seen[-1] > seen[-2]

    await tasks.save(world.context, clerk, task, Submission(values={"note": "new"}))
    await grew()
    number = await world.upload(clerk, field="files", task=task)
    await tasks.save(world.context, clerk, task, Submission(values={"files": [number]}))
    await grew()
    await attached.describe(world.context, clerk, FileId(number), description="text")
    await grew()
    await attached.delete(world.context, clerk, FileId(number))
    await grew()
    await attached.restore(world.context, clerk, FileId(number))
    await grew()
    await attached.copy(world.context, clerk, FileId(number), instance, FilePlace())
    await grew()
    await tasks.complete(world.context, clerk, task, Submission())
    await grew()


async def test_a_new_instance_is_written_once(world: World) -> None:
    instance, _ = await _started(world)

    assert await world.rows("SELECT revision FROM instances WHERE id = %s", instance) == [(1,)]
