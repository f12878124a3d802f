"""Files: fetched, linked, described, copied, deleted, restored."""

from datetime import timedelta

import pytest

from actions_files import instance_of
from satchel.actions.files import adding, attached
from satchel.actions.instances import lifecycle, tasks
from satchel.actions.instances.forms import Submission
from satchel.actions.instances.places import FilePlace
from satchel.actions.upkeep import sweep
from satchel.model.actor import Actor
from satchel.model.errors import (
    Conflict,
    Forbidden,
    Gone,
    InvalidState,
    InvalidValues,
    NotFound,
    OverQuota,
    PreconditionFailed,
)
from satchel.model.files import FileKind
from satchel.model.ids import FieldId, FileId, InstanceId, TaskId
from world import PDF, TEXT, World, faults_of

ANY = FilePlace(field=FieldId("any"))


@pytest.fixture
async def held(world: World, clerk: Actor, task: TaskId) -> FileId:
    """A file in the field `any` of the task's instance."""
    number = await world.upload(clerk, task=task, field="any")
    await tasks.save(world.context, clerk, task, Submission(values={"any": [number]}))
    return FileId(number)


async def link(world: World, actor: Actor, instance: InstanceId, url: str, place: FilePlace | None = None) -> FileId:
    made = await attached.add_link(
        world.context,
        actor,
        instance,
        kind=FileKind.LINK,
        url=url,
        name=None,
        description="",
        place=place or FilePlace(),
    )
    return made.id


async def test_content_is_given_whole_and_in_parts(world: World, clerk: Actor, held: FileId) -> None:
    content = await attached.content(world.context, clerk, held)
    part = b"".join([chunk async for chunk in attached.open_bytes(world.context, clerk, content, 6, 10)])
    assert (content.size_bytes, part) == (len(TEXT), TEXT[6:10])


async def test_a_file_is_unknown_to_whom_its_place_is_not_shown(
    world: World, held: FileId, stranger: Actor, buyer: Actor
) -> None:
    for actor in (stranger, buyer, world.rival):
        for act in (attached.read, attached.content, attached.delete, attached.restore, attached.preview):
            with pytest.raises(NotFound) as hidden:
                await act(world.context, actor, held)
            with pytest.raises(NotFound) as unknown:
                await act(world.context, actor, FileId(10**9))
            assert hidden.value.message.replace(str(held), "#") == unknown.value.message.replace(str(10**9), "#")


async def test_who_may_only_look_changes_nothing(world: World, task: TaskId, held: FileId, viewer: Actor) -> None:
    number = await instance_of(world, task)
    with pytest.raises(Forbidden):
        await attached.delete(world.context, viewer, held)
    with pytest.raises(Forbidden):
        await attached.describe(world.context, viewer, held, name="x.txt")
    with pytest.raises(Forbidden):
        await attached.copy(world.context, viewer, held, number, FilePlace())
    with pytest.raises(Forbidden):
        await link(world, viewer, number, "https://example.org")
    assert (await attached.read(world.context, viewer, held)).name == "note.txt"


async def test_a_download_is_an_event_once_in_ten_minutes_and_credential(
    world: World, clerk: Actor, task: TaskId, held: FileId
) -> None:
    file = await attached.read(world.context, clerk, held)
    for _ in range(3):
        await attached.note_download(world.context, clerk, file)
    world.clock.advance(timedelta(minutes=9, seconds=59))
    await attached.note_download(world.context, clerk, file)
    number = await instance_of(world, task)
    assert (await world.kinds(number)).count("file.downloaded") == 1

    world.clock.advance(timedelta(seconds=1))
    await sweep.sweep(world.context)
    await attached.note_download(world.context, clerk, file)
    assert (await world.kinds(number)).count("file.downloaded") == 2


async def test_a_deleted_file_comes_back_within_its_window_and_counts_until_then(
    world: World, clerk: Actor, held: FileId
) -> None:
    assert await attached.delete(world.context, clerk, held) == timedelta(seconds=30)
    with pytest.raises(Gone):
        await attached.content(world.context, clerk, held)
    with pytest.raises(Gone):
        await attached.delete(world.context, clerk, held)
    world.clock.advance(timedelta(seconds=29))
    await sweep.purge_files(world.context)
    await attached.restore(world.context, clerk, held)
    with pytest.raises(InvalidState):
        await attached.restore(world.context, clerk, held)
    assert (await attached.read(world.context, clerk, held)).deleted_at is None

    await attached.delete(world.context, clerk, held)
    world.clock.advance(timedelta(seconds=30))
    with pytest.raises(NotFound):
        await attached.restore(world.context, clerk, held)
    assert (await world.storage()).used_bytes == len(TEXT)
    await sweep.purge_files(world.context)
    assert (await world.storage()).used_bytes == 0
    with pytest.raises(NotFound):
        await attached.read(world.context, clerk, held)
    assert await world.drift() == []


async def test_a_replaced_file_cannot_come_back_into_a_full_field(world: World, clerk: Actor, task: TaskId) -> None:
    first, second = [await world.upload(clerk, PDF, name="a.pdf", task=task, field="pdf") for _ in range(2)]
    await tasks.save(world.context, clerk, task, Submission(values={"pdf": first}))
    await tasks.save(world.context, clerk, task, Submission(values={"pdf": second}))

    with pytest.raises(InvalidValues) as refused:
        await attached.restore(world.context, clerk, FileId(first))
    assert faults_of(refused.value) == [("pdf", "too_many_files")]
    await attached.delete(world.context, clerk, FileId(second))
    await attached.restore(world.context, clerk, FileId(first))


async def test_a_copy_is_a_row_on_the_same_bytes_that_counts_its_full_size(
    world: World, clerk: Actor, task: TaskId, held: FileId
) -> None:
    number = await instance_of(world, task)
    copied = (await attached.copy(world.context, clerk, held, number, FilePlace(area="Documents"), name="copy.txt")).id

    first, second = await world.files(number)
    assert (first.id, second.id, second.source_file_id, second.name) == (held, copied, held, "copy.txt")
    assert (second.field_id, second.area, second.digest) == (None, "Documents", first.digest)
    assert (await world.storage()).used_bytes == 2 * len(TEXT)
    assert len([stored async for stored in world.context.blobs.list()]) == 1
    await attached.delete(world.context, clerk, held)
    world.clock.advance(timedelta(hours=2))
    await sweep.sweep(world.context, with_store=True)
    content = await attached.content(world.context, clerk, copied)
    assert b"".join([chunk async for chunk in attached.open_bytes(world.context, clerk, content)]) == TEXT
    assert await world.drift() == []


async def test_a_copy_keeps_to_the_limits_of_its_place(world: World, clerk: Actor, task: TaskId, held: FileId) -> None:
    number = await instance_of(world, task)
    for field, code in (("pdf", "file_type"), ("photo", "file_not_image"), ("note", "not_a_file_field")):
        with pytest.raises(InvalidValues) as refused:
            await attached.copy(world.context, clerk, held, number, FilePlace(field=FieldId(field)))
        assert faults_of(refused.value) == [(field, code)]
    with pytest.raises(NotFound):
        await attached.copy(world.context, clerk, held, number, FilePlace(field=FieldId("nosuch")))
    with pytest.raises(InvalidValues):
        await attached.copy(world.context, clerk, held, number, FilePlace(area="\n"))
    async with world.context.database.write() as tx:
        await tx.execute("UPDATE storage SET limit_bytes = used_bytes + %s", (len(TEXT) - 1,))
    with pytest.raises(OverQuota) as over:
        await attached.copy(world.context, clerk, held, number, FilePlace())
    assert over.value.members["needed_bytes"] == len(TEXT)
    assert len(await world.files(number)) == 1
    await lifecycle.cancel_instance(world.context, clerk, number, why="")
    with pytest.raises(InvalidState):
        await attached.copy(world.context, clerk, held, number, FilePlace())


async def test_links_stand_where_they_are_allowed_and_count_nothing(world: World, clerk: Actor, task: TaskId) -> None:
    number = await instance_of(world, task)
    for url in ("javascript:alert(1)", "ftp://x.example/a", "https://", "x", "https://x/\n", "http://[x]/", "h" * 5000):
        with pytest.raises(InvalidValues):
            await link(world, clerk, number, url)
    with pytest.raises(InvalidValues) as refused:
        await link(world, clerk, number, "https://x.example/a.pdf", ANY)
    assert faults_of(refused.value) == [("any", "links_not_allowed")]

    made = await link(world, clerk, number, "https://x.example/reports/a.pdf?x=1")

    file = await attached.read(world.context, clerk, made)
    assert (file.kind, file.url, file.size_bytes) == (FileKind.LINK, "https://x.example/reports/a.pdf?x=1", None)
    with pytest.raises(Conflict):
        await attached.content(world.context, clerk, made)
    await attached.copy(world.context, clerk, made, number, FilePlace())
    assert (await world.storage()).used_bytes == 0
    assert await world.drift() == []


async def test_a_file_is_renamed_within_what_its_field_takes(world: World, clerk: Actor, task: TaskId) -> None:
    number = await world.upload(clerk, PDF, name="a.pdf", task=task, field="pdf")
    await tasks.save(world.context, clerk, task, Submission(values={"pdf": number}))
    file = await attached.read(world.context, clerk, FileId(number))
    with pytest.raises(InvalidValues):
        await attached.describe(world.context, clerk, file.id, name="a.exe")
    with pytest.raises(InvalidValues):
        await attached.describe(world.context, clerk, file.id, description="x" * 2001)

    await attached.describe(
        world.context, clerk, file.id, name="b.pdf", description="The second.", expected=file.revision
    )
    with pytest.raises(PreconditionFailed):
        await attached.describe(world.context, clerk, file.id, name="c.pdf", expected=file.revision)
    with pytest.raises(PreconditionFailed):
        await attached.delete(world.context, clerk, file.id, expected=file.revision)

    told = await attached.read(world.context, clerk, file.id)
    assert (told.name, told.description, told.revision) == ("b.pdf", "The second.", file.revision + 1)


async def test_uploads_are_attached_beside_what_is_there(
    world: World, clerk: Actor, task: TaskId, held: FileId
) -> None:
    number = await instance_of(world, task)
    ticket = await world.upload(clerk, instance=number, field="any")
    tab = await world.upload(clerk, instance=number, area="Documents")

    for upload, place in ((ticket, ANY), (tab, FilePlace())):
        assert [file.id for file in await adding.attach(world.context, clerk, number, [upload], place)] == [upload]

    assert [(file.id, file.field_id) for file in await world.files(number)] == [
        (held, "any"),
        (ticket, "any"),
        (tab, None),
    ]
