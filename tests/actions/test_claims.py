"""Claims: a form turns uploads into files, all or none."""

import pytest

from actions_files import MANIFEST, instance_of
from satchel.actions.files import tickets
from satchel.actions.instances import tasks
from satchel.actions.instances.forms import Submission
from satchel.model.actor import Actor
from satchel.model.errors import (
    InvalidValues,
)
from satchel.model.files import FileKind
from satchel.model.ids import FieldId, TaskId
from world import PDF, World, bundle, faults_of


async def test_claims_are_all_or_none_and_name_what_is_wrong_with_each(
    world: World, clerk: Actor, task: TaskId
) -> None:
    number = await instance_of(world, task)
    good = await world.upload(clerk, task=task, field="any")
    empty = await world.ask(clerk, task=task, field="any", size=10)
    ended = await world.ask(clerk, task=task, field="any", size=10)
    await tickets.end(world.context, await world.find(ended), reason="deleted")
    other_field = await world.upload(clerk, task=task, field="few")
    other_task = await world.upload(clerk, instance=number, field="any")
    named = [good, int(empty.id), int(ended.id), other_field, other_task, 10**12]

    with pytest.raises(InvalidValues) as refused:
        await tasks.save(world.context, clerk, task, Submission(values={"any": named}))

    assert [code for _, code in faults_of(refused.value)] == [
        "upload_not_finished",
        "upload_expired",
        "unknown_upload",
        "unknown_upload",
        "unknown_upload",
    ]
    assert await world.files(number) == []
    await tasks.save(world.context, clerk, task, Submission(values={"any": [good]}))
    for values in ({"few": [good]}, {"any": [good, good]}, {"any": ["x"]}, {"any": [2**70]}, {"any": {"a": 1}}):
        with pytest.raises(InvalidValues):
            await tasks.save(world.context, clerk, task, Submission(values=values))
    for tab in ([good], [other_field], [10**12, 2**70]):
        with pytest.raises(InvalidValues):
            await tasks.save(world.context, clerk, task, Submission(attachments=tab))
    assert [file.id for file in await world.files(number)] == [good]
    assert await world.drift() == []


async def test_a_form_names_what_it_holds_in_a_new_order_and_leaves_some_out(
    world: World, clerk: Actor, task: TaskId
) -> None:
    number = await instance_of(world, task)
    first, second, third = [await world.upload(clerk, f"{n}".encode(), task=task, field="any") for n in range(3)]
    await tasks.save(world.context, clerk, task, Submission(values={"any": [first, second]}))

    await tasks.save(world.context, clerk, task, Submission(values={"any": [str(third), second]}))

    assert [(file.id, file.position) for file in await world.files(number)] == [(third, 0), (second, 1)]
    assert (await world.storage()).used_bytes == 3  # the first can still be restored
    await tasks.save(world.context, clerk, task, Submission(values={"any": None}))
    assert await world.files(number) == []


async def test_one_instance_cannot_claim_what_was_made_for_another(world: World, clerk: Actor, task: TaskId) -> None:
    other = await world.take_task(clerk, await world.start(clerk, "FIL"))
    theirs = await world.upload(clerk, task=other, field="any")
    for actor, given in ((clerk, {"any": [theirs]}),):
        with pytest.raises(InvalidValues) as refused:
            await tasks.save(world.context, actor, task, Submission(values=given))
        assert faults_of(refused.value) == [("any", "unknown_upload")]


async def test_a_start_claims_only_the_starters_own_uploads(world: World, clerk: Actor) -> None:
    await world.deploy(bundle(MANIFEST))
    theirs = await world.upload(world.admin, app="FIL", field="any")
    with pytest.raises(InvalidValues) as refused:
        await world.start(clerk, "FIL", any=[theirs])
    assert faults_of(refused.value) == [("any", "unknown_upload")]
    mine = await world.upload(clerk, app="FIL", field="any")
    assert [file.id for file in await world.files(await world.start(clerk, "FIL", any=mine))] == [mine]


async def test_an_old_ticket_keeps_to_the_limits_of_a_newer_version(world: World, clerk: Actor) -> None:
    await world.deploy(bundle(MANIFEST))
    ticket = await world.upload(clerk, app="FIL", field="any")
    stricter = {**MANIFEST, "fields": [{**MANIFEST["fields"][0], "accept": [".pdf"]}, *MANIFEST["fields"][1:]]}  # type: ignore[index]  # as declared above
    await world.deploy(bundle(stricter))
    with pytest.raises(InvalidValues) as refused:
        await world.start(clerk, "FIL", any=[ticket])
    assert faults_of(refused.value) == [("any", "file_type")]


async def test_a_field_holds_no_more_files_than_it_says(world: World, clerk: Actor, task: TaskId) -> None:
    two = [await world.upload(clerk, PDF, name="a.pdf", task=task, field="pdf") for _ in range(2)]
    with pytest.raises(InvalidValues) as refused:
        await tasks.save(world.context, clerk, task, Submission(values={"pdf": two}))
    assert faults_of(refused.value) == [("pdf", "too_many_files")]


async def test_replacing_the_one_file_of_a_field_keeps_the_old_until_the_new_is_safe(
    world: World, clerk: Actor, task: TaskId
) -> None:
    number = await instance_of(world, task)
    old = await world.upload(clerk, PDF, name="old.pdf", task=task, field="pdf")
    await tasks.save(world.context, clerk, task, Submission(values={"pdf": old}))
    new = await world.ask(clerk, task=task, field="pdf", size=100, name="new.pdf")
    with pytest.raises(InvalidValues):
        await tasks.save(world.context, clerk, task, Submission(values={"pdf": int(new.id)}))
    assert [file.id for file in await world.files(number)] == [old]

    await world.fill(new, PDF + b"\n")
    await tasks.save(world.context, clerk, task, Submission(values={"pdf": int(new.id)}))

    assert [(file.id, file.name) for file in await world.files(number)] == [(int(new.id), "new.pdf")]
    assert FieldId("pdf") == (await world.files(number))[0].field_id


async def test_a_form_names_links_among_files_and_has_them_in_its_order(
    world: World, clerk: Actor, task: TaskId
) -> None:
    number = await instance_of(world, task)
    upload = await world.upload(clerk, task=task, field="linked")
    terms = {"url": "https://drive.example/terms", "name": "Terms", "description": "of delivery"}

    await tasks.save(world.context, clerk, task, Submission(values={"linked": [terms, upload]}))

    files = await world.files(number)
    assert [(file.name, file.url, file.position) for file in files] == [
        ("Terms", "https://drive.example/terms", 0),
        ("note.txt", None, 1),
    ]
    assert (files[0].kind, files[0].description, files[0].size_bytes) == (FileKind.LINK, "of delivery", None)
    kept = int(files[0].id)
    plan = {"url": "https://drive.example/plan", "kind": "drive"}
    await tasks.save(world.context, clerk, task, Submission(values={"linked": [plan, kept]}))
    assert [file.name for file in await world.files(number)] == ["plan", "Terms"]
    assert await world.drift() == []


async def test_links_are_refused_beside_their_field_and_count_to_its_limit(
    world: World, clerk: Actor, task: TaskId
) -> None:
    link = {"url": "https://drive.example/terms"}
    other = {"url": "https://drive.example/plan"}
    for values, code in (
        ({"any": [link]}, "links_not_allowed"),
        ({"linked": [{"url": "ftp://drive.example/terms"}]}, "type"),
        ({"linked": [link, other, {"url": "https://drive.example/third"}]}, "too_many_files"),
    ):
        with pytest.raises(InvalidValues) as refused:
            await tasks.save(world.context, clerk, task, Submission(values=values))
        assert faults_of(refused.value) == [(next(iter(values)), code)]
    assert await world.files(await instance_of(world, task)) == []

    await tasks.save(world.context, clerk, task, Submission(values={"linked": [link, other]}))
    assert len(await world.files(await instance_of(world, task))) == 2
