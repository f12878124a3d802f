"""Tickets: what a place takes, who may fill it, when they end."""

from collections.abc import AsyncIterator
from datetime import timedelta

import pytest

from actions_files import MANIFEST, instance_of
from satchel.actions.files import intake, tickets
from satchel.actions.files.intake import Arrival
from satchel.actions.instances import lifecycle, tasks
from satchel.actions.instances.forms import Submission
from satchel.actions.upkeep import sweep
from satchel.model.actor import Actor
from satchel.model.errors import (
    BadFile,
    Busy,
    Forbidden,
    InvalidRequest,
    InvalidState,
    NotFound,
    OverQuota,
    SatchelError,
    TooLarge,
    UploadExpired,
)
from satchel.model.ids import TaskId
from satchel.model.uploads import UploadState
from world import PDF, QUOTA, TEXT, World, bundle, chunks, sha256


@pytest.mark.parametrize(
    ("wish", "refusal", "code"),
    [
        ({"field": "pdf", "size": 1001}, TooLarge, "too_large"),
        ({"field": "pdf", "size": 9}, BadFile, "file_too_small"),
        ({"field": "pdf", "size": 100, "name": "x.exe"}, BadFile, "file_type"),
        ({"field": "pdf", "size": 100, "metadata": {"width": 1}}, BadFile, "metadata_not_image"),
        ({"field": "note", "size": 1}, BadFile, "not_a_file_field"),
        ({"field": "shown", "size": 1}, Forbidden, "forbidden"),
        ({"field": "secret", "size": 1}, NotFound, "not_found"),
        ({"field": "nothing", "size": 1}, NotFound, "not_found"),
        ({"field": "any", "size": -1}, InvalidRequest, "invalid_request"),
        ({"field": "any", "size": 2**60}, InvalidRequest, "invalid_request"),
        ({"field": "any", "size": QUOTA + 1}, OverQuota, "over_quota"),
        ({"field": "any", "size": 6 * 2**30}, TooLarge, "too_large"),
        ({"size": 1, "area": "x\0"}, InvalidRequest, "invalid_request"),
        ({"size": 1, "metadata": {f"m{n}": 1 for n in range(51)}}, InvalidRequest, "invalid_request"),
    ],
)
async def test_a_place_refuses_what_it_will_not_take(
    world: World, clerk: Actor, task: TaskId, *, wish: dict[str, object], refusal: type[SatchelError], code: str
) -> None:
    with pytest.raises(refusal) as refused:
        await world.ask(clerk, task=task, **wish)  # type: ignore[arg-type]  # as parametrized
    assert refused.value.code == code
    assert (await world.storage()).reserved_bytes == 0


async def test_a_hidden_field_answers_as_one_that_is_not_there(world: World, clerk: Actor, task: TaskId) -> None:
    messages = []
    for field in ("secret", "nosuch"):
        with pytest.raises(NotFound) as refused:
            await world.ask(clerk, task=task, size=1, field=field)
        messages.append(refused.value.message.replace(field, "#"))
    assert messages[0] == messages[1]


async def test_a_ticket_names_exactly_one_target(world: World, clerk: Actor, task: TaskId) -> None:
    number = await instance_of(world, task)
    for wish in ({}, {"task": task, "instance": number}, {"app": "FIL", "task": task}):
        with pytest.raises(InvalidRequest):
            await world.ask(clerk, size=1, **wish)


async def test_only_who_may_write_there_gets_a_ticket(
    world: World, clerk: Actor, viewer: Actor, stranger: Actor, task: TaskId
) -> None:
    number = await instance_of(world, task)
    with pytest.raises(Forbidden):
        await world.ask(viewer, size=1, task=task)
    with pytest.raises(Forbidden):
        await world.ask(viewer, size=1, instance=number)
    with pytest.raises(Forbidden):
        await world.ask(viewer, size=1, app="FIL", field="any")
    for actor in (stranger, world.rival):
        with pytest.raises(NotFound):
            await world.ask(actor, size=1, task=task)
        with pytest.raises(NotFound):
            await world.ask(actor, size=1, instance=number)
        with pytest.raises(NotFound):
            await world.ask(actor, size=1, app="FIL", field="any")
    await lifecycle.cancel_instance(world.context, clerk, number, why="")
    with pytest.raises(InvalidState):
        await world.ask(clerk, size=1, task=task)
    with pytest.raises(InvalidState):
        await world.ask(clerk, size=1, instance=number)


async def test_no_more_uploads_wait_than_the_field_allows(world: World, clerk: Actor, task: TaskId) -> None:
    first = await world.ask(clerk, task=task, field="few", size=1)
    await world.upload(clerk, b"x", task=task, field="few")
    with pytest.raises(BadFile) as refused:
        await world.ask(clerk, task=task, field="few", size=1)
    assert refused.value.code == "too_many_unclaimed"

    await world.ask(clerk, instance=await instance_of(world, task), field="few", size=1)
    await tickets.end(world.context, await world.find(first), reason="deleted")
    await world.ask(clerk, task=task, field="few", size=1)


async def test_fewer_bytes_than_announced_shrink_the_reservation(world: World, clerk: Actor, task: TaskId) -> None:
    ticket = await world.ask(clerk, task=task, field="any", size=1000)
    assert (await world.storage()).reserved_bytes == 1000

    upload = await world.fill(ticket, TEXT, name="a.txt")

    assert (upload.state, upload.size_bytes, upload.name, upload.media_type, upload.digest) == (
        UploadState.UPLOADED,
        len(TEXT),
        "a.txt",
        "text/plain",
        sha256(TEXT),
    )
    assert (await world.storage()).reserved_bytes == len(TEXT)


@pytest.mark.parametrize(
    ("wish", "name", "data", "code"),
    [
        ({"field": "any", "size": 5}, "a.txt", b"123456", "too_large"),
        ({"field": "pdf", "size": 100}, "a.pdf", b"%PDF-1.7", "file_too_small"),
        ({"field": "pdf", "size": 100}, "a.pdf", b"<html><body>no</body></html>", "file_type"),
        ({"field": "pdf", "size": 100}, "a.html", PDF, "file_type"),
        ({"field": "any", "size": 100, "sha256": sha256(b"other")}, "a.txt", TEXT, "digest_mismatch"),
        ({"field": "photo", "size": 100}, "a.png", TEXT, "file_not_image"),
        ({"field": "any", "size": 100, "metadata": {"w": 1}}, "a.txt", TEXT, "file_not_image"),
    ],
)
async def test_bytes_that_break_a_limit_end_nothing_and_the_ticket_keeps_its_room(
    world: World, clerk: Actor, task: TaskId, *, wish: dict[str, object], name: str, data: bytes, code: str
) -> None:
    ticket = await world.ask(clerk, task=task, **wish)  # type: ignore[arg-type]  # as parametrized

    with pytest.raises(SatchelError) as refused:
        await world.fill(ticket, data, name=name)

    assert refused.value.code == code
    upload = await world.find(ticket)
    assert (upload.state, upload.reason, upload.lease_until) == (UploadState.CREATED, None, None)
    assert (await world.storage()).reserved_bytes == wish["size"]
    assert [stored async for stored in world.context.blobs.list()] == []
    assert [left async for left in world.context.blobs.leftovers()] == []
    world.clock.advance(timedelta(minutes=10))
    with pytest.raises(UploadExpired):
        await world.fill(ticket, data)
    assert await sweep.expire_uploads(world.context) == 1
    assert (await world.storage()).reserved_bytes == 0


async def test_the_right_bytes_may_follow_any_number_of_wrong_ones(world: World, clerk: Actor, task: TaskId) -> None:
    ticket = await world.ask(clerk, task=task, field="pdf", size=100)
    for name, data in (
        ("a.html", PDF),
        ("a.pdf", b"<html><body>no</body></html>"),
        ("a.pdf", b"%PDF-1.7"),
        ("a.pdf", PDF * 2),
    ):
        with pytest.raises(SatchelError):
            await world.fill(ticket, data, name=name)

    upload = await world.fill(ticket, PDF, name="b.pdf")

    assert (upload.state, upload.name, upload.attempt) == (UploadState.UPLOADED, "b.pdf", 5)
    assert (await world.storage()).reserved_bytes == len(PDF)


async def test_a_body_that_is_known_to_be_too_long_is_refused_before_it_comes(
    world: World, clerk: Actor, task: TaskId
) -> None:
    ticket = await world.ask(clerk, task=task, field="any", size=5)
    with pytest.raises(TooLarge):
        await intake.receive(world.context, await world.find(ticket), chunks(TEXT), Arrival(), declared_length=6)
    assert (await world.find(ticket)).state is UploadState.CREATED


async def test_a_body_cut_short_frees_the_ticket_for_another_try(world: World, clerk: Actor, task: TaskId) -> None:
    ticket = await world.ask(clerk, task=task, field="any", size=100)

    async def cut() -> AsyncIterator[bytes]:
        yield b"some"
        raise ConnectionResetError

    with pytest.raises(ConnectionResetError):
        await intake.receive(world.context, await world.find(ticket), cut(), Arrival())
    assert (await world.find(ticket)).state is UploadState.CREATED
    assert (await world.fill(ticket, TEXT)).state is UploadState.UPLOADED
    with pytest.raises(InvalidState):
        await world.fill(ticket, TEXT)


async def test_a_ticket_is_shown_to_its_maker_or_against_its_token(world: World, clerk: Actor, task: TaskId) -> None:
    ticket = await world.ask(clerk, task=task, field="any", size=1)
    found = await tickets.find(world.context, ticket.id, token=None, actor=clerk)
    assert found.id == ticket.id
    viewer = await world.actor("viewer")
    for token, actor in ((ticket.token + "x", clerk), (None, viewer), (None, world.rival), (None, None)):
        with pytest.raises(NotFound):
            await tickets.find(world.context, ticket.id, token=token, actor=actor)
    assert [one.id for one in await tickets.waiting(world.context, clerk, after=0, limit=9)] == [ticket.id]


async def test_expiry_ends_only_tickets_that_are_not_filled(world: World, clerk: Actor, task: TaskId) -> None:
    created = await world.ask(clerk, task=task, field="any", size=10)
    filled = await world.upload(clerk, task=task, field="any")
    world.clock.advance(timedelta(minutes=10))

    with pytest.raises(UploadExpired):
        await world.fill(created, b"late")
    assert await sweep.expire_uploads(world.context) == 1

    assert (await world.find(created)).reason == "expired"
    assert (await world.storage()).reserved_bytes == len(TEXT)
    await tasks.save(world.context, clerk, task, Submission(values={"note": "x"}))
    await tasks.complete(world.context, clerk, task, Submission(values={"any": [filled]}))
    assert [file.id for file in await world.files(await instance_of(world, task))] == [filled]


async def test_a_completion_ends_the_uploads_that_it_does_not_name(world: World, clerk: Actor, task: TaskId) -> None:
    named = await world.upload(clerk, task=task, field="any")
    unnamed = await world.upload(clerk, task=task, field="any")
    beside = await world.upload(clerk, instance=await instance_of(world, task))
    empty = await world.ask(clerk, task=task, field="few", size=500)

    await tasks.save(world.context, clerk, task, Submission())
    assert (await world.storage()).reserved_bytes == 3 * len(TEXT) + 500
    await tasks.complete(world.context, clerk, task, Submission(values={"any": [named]}))

    states: dict[object, object] = dict(await world.rows("SELECT id, state FROM uploads"))  # type: ignore[arg-type]  # pairs
    # The instance ended with its only task, and what was made for it too.
    assert states == {named: "claimed", unnamed: "expired", beside: "expired", int(empty.id): "expired"}
    storage = await world.storage()
    assert (storage.used_bytes, storage.reserved_bytes) == (len(TEXT), 0)
    assert await world.drift() == []


async def test_an_upload_for_a_start_form_that_nobody_starts_ends_after_a_day(world: World, clerk: Actor) -> None:
    await world.deploy(bundle(MANIFEST))
    await world.upload(clerk, app="FIL", field="any")
    world.clock.advance(timedelta(hours=23))
    assert await sweep.expire_uploads(world.context) == 0
    world.clock.advance(timedelta(hours=1))
    assert await sweep.expire_uploads(world.context) == 1
    assert (await world.storage()).reserved_bytes == 0


async def test_two_writers_cannot_fill_one_ticket(world: World, clerk: Actor, task: TaskId) -> None:
    ticket = await world.ask(clerk, task=task, field="any", size=100)
    upload = await world.find(ticket)
    second: list[SatchelError] = []

    async def slow() -> AsyncIterator[bytes]:
        yield b"first "
        with pytest.raises(Busy) as refused:
            await world.fill(ticket, b"second")
        second.append(refused.value)
        yield b"writer"

    finished = await intake.receive(world.context, upload, slow(), Arrival())
    assert finished.digest == sha256(b"first writer")
    assert len(second) == 1


async def test_a_writer_that_died_is_taken_over_after_its_lease_and_its_late_finish_is_refused(
    world: World, clerk: Actor, task: TaskId
) -> None:
    ticket = await world.ask(clerk, task=task, field="any", size=100)
    upload = await world.find(ticket)

    async def stalled() -> AsyncIterator[bytes]:
        yield b"old"
        world.clock.advance(world.context.policy.lease)
        await world.fill(ticket, b"new")

    with pytest.raises(Busy):
        await intake.receive(world.context, upload, stalled(), Arrival())

    found = await world.find(ticket)
    assert (found.state, found.digest, found.attempt) == (UploadState.UPLOADED, sha256(b"new"), 2)
    assert await world.drift() == []


async def test_a_living_writer_keeps_its_lease_however_long_it_takes(world: World, clerk: Actor, task: TaskId) -> None:
    ticket = await world.ask(clerk, task=task, field="any", size=1000)
    upload = await world.find(ticket)

    async def long() -> AsyncIterator[bytes]:
        for _ in range(100):
            yield b"piece "
            world.clock.advance(timedelta(seconds=11))
            assert await sweep.expire_uploads(world.context) == 0

    assert (await intake.receive(world.context, upload, long(), Arrival())).size_bytes == 600


async def test_a_ticket_that_is_ended_while_it_is_filled_stays_ended(world: World, clerk: Actor, task: TaskId) -> None:
    ticket = await world.ask(clerk, task=task, field="any", size=100)
    upload = await world.find(ticket)

    async def ended() -> AsyncIterator[bytes]:
        yield b"x"
        await tickets.end(world.context, upload, reason="deleted")

    with pytest.raises(UploadExpired):
        await intake.receive(world.context, upload, ended(), Arrival())
    assert (await world.storage()).reserved_bytes == 0
    await tickets.end(world.context, upload, reason="deleted")
