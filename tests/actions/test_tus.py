"""Uploads in pieces: resumed, checked, and whole after a crash."""

import hashlib
from collections.abc import AsyncIterator
from datetime import timedelta

import pytest

from satchel.actions.files import intake, pieces, tickets
from satchel.actions.files.pieces import Progress
from satchel.actions.files.tickets import Ticket
from satchel.actions.upkeep import sweep
from satchel.blobs.store import Checksum, ResumableStore
from satchel.model.actor import Actor
from satchel.model.errors import BadFile, Busy, ChecksumMismatch, Conflict, TooLarge, UploadExpired
from satchel.model.ids import InstanceId
from satchel.model.transfer.names import format_upload_metadata
from satchel.model.uploads import UploadState
from world import PDF, World, bundle, chunks, fields, sha256

DATA = b"0123456789" * 10


@pytest.fixture
async def instance(world: World, clerk: Actor) -> InstanceId:
    declared = fields({"id": "any", "type": "file"}, {"id": "pdf", "type": "file", "accept": [".pdf"]})
    await world.deploy(bundle({"code": "TUS", "fields": declared}))
    return await world.start(clerk, "TUS")


async def announced(world: World, clerk: Actor, instance: InstanceId, *, field: str = "any") -> Ticket:
    ticket = await world.ask(clerk, instance=instance, field=field, size=200)
    said = format_upload_metadata({"filename": "tus.bin", "filetype": "application/x-thing"})
    await pieces.announce(world.context, await world.find(ticket), length=len(DATA), metadata=said)
    return ticket


async def send(
    world: World, ticket: Ticket, offset: int, body: AsyncIterator[bytes] | bytes, checksum: Checksum | None = None
) -> Progress:
    sent = chunks(body) if isinstance(body, bytes) else body
    return await pieces.append(world.context, await world.find(ticket), offset, sent, checksum=checksum)


async def offset(world: World, ticket: Ticket) -> int:
    return (await pieces.progress(world.context, await world.find(ticket))).offset_bytes


async def test_pieces_make_a_file_and_each_renews_the_tickets_life(
    world: World, clerk: Actor, instance: InstanceId
) -> None:
    ticket = await announced(world, clerk, instance)
    for start in range(0, 90, 10):
        progress = await send(world, ticket, start, DATA[start : start + 10])
        assert (progress.offset_bytes, progress.size_bytes) == (start + 10, 100)
        world.clock.advance(timedelta(minutes=9))
        assert await sweep.expire_uploads(world.context) == 0
        assert await offset(world, ticket) == start + 10

    assert (await send(world, ticket, 90, DATA[90:])).offset_bytes == len(DATA)

    upload = await world.find(ticket)
    assert (upload.state, upload.digest, upload.name) == (UploadState.UPLOADED, sha256(DATA), "tus.bin")
    assert (await world.storage()).reserved_bytes == 100
    assert await offset(world, ticket) == 100


async def test_a_piece_at_another_offset_is_refused_and_changes_nothing(
    world: World, clerk: Actor, instance: InstanceId
) -> None:
    ticket = await announced(world, clerk, instance)
    await send(world, ticket, 0, DATA[:10])
    for wrong in (0, 9, 11):
        with pytest.raises(Conflict):
            await send(world, ticket, wrong, DATA[10:])
    assert await offset(world, ticket) == 10


async def test_what_came_before_a_cut_counts_and_the_upload_goes_on(
    world: World, clerk: Actor, instance: InstanceId
) -> None:
    ticket = await announced(world, clerk, instance)

    async def cut() -> AsyncIterator[bytes]:
        yield DATA[:30]
        world.clock.advance(timedelta(minutes=30))
        raise ConnectionResetError

    with pytest.raises(ConnectionResetError):
        await send(world, ticket, 0, cut())
    assert await offset(world, ticket) == 30
    assert await sweep.expire_uploads(world.context) == 0
    assert (await send(world, ticket, 30, DATA[30:])).offset_bytes == len(DATA)


async def test_a_piece_with_a_checksum_counts_whole_or_not_at_all(
    world: World, clerk: Actor, instance: InstanceId
) -> None:
    ticket = await announced(world, clerk, instance)
    right = Checksum(algorithm="sha1", digest=hashlib.sha1(DATA[:50], usedforsecurity=False).digest())
    with pytest.raises(ChecksumMismatch):
        await send(world, ticket, 0, DATA[:49], right)
    assert await offset(world, ticket) == 0
    assert (await send(world, ticket, 0, DATA[:50], right)).offset_bytes == 50


async def test_more_than_was_announced_is_refused_and_ends_nothing(
    world: World, clerk: Actor, instance: InstanceId
) -> None:
    ticket = await announced(world, clerk, instance)
    with pytest.raises(TooLarge):
        await send(world, ticket, 0, DATA + b"x")
    with pytest.raises(TooLarge):
        await pieces.announce(world.context, await world.find(ticket), length=201)
    with pytest.raises(Conflict):
        await pieces.announce(world.context, await world.find(ticket), length=99)
    assert (await send(world, ticket, 0, DATA)).offset_bytes == len(DATA)


async def test_a_length_that_is_said_later_may_be_shorter(world: World, clerk: Actor, instance: InstanceId) -> None:
    ticket = await world.ask(clerk, instance=instance, field="any", size=200)
    assert (await send(world, ticket, 0, DATA[:10])).size_bytes == 200

    upload = await world.find(ticket)
    progress = await pieces.append(world.context, upload, 10, chunks(DATA[10:20]), checksum=None, length=20)

    assert progress.offset_bytes == progress.size_bytes
    assert (await world.find(ticket)).digest == sha256(DATA[:20])


async def test_a_whole_that_breaks_a_limit_is_dropped_and_the_ticket_begins_anew(
    world: World, clerk: Actor, instance: InstanceId
) -> None:
    ticket = await announced(world, clerk, instance, field="pdf")
    await send(world, ticket, 0, DATA[:50])
    with pytest.raises(BadFile):
        await send(world, ticket, 50, DATA[50:])

    upload = await world.find(ticket)
    assert (upload.state, upload.name, upload.lease_until) == (UploadState.CREATED, None, None)
    assert (await world.storage()).reserved_bytes == 200
    assert [left async for left in world.context.blobs.leftovers()] == []
    assert await offset(world, ticket) == 0

    # another file, of another length and name, by the same address
    said = format_upload_metadata({"filename": "right.pdf"})
    await pieces.announce(world.context, upload, length=len(PDF), metadata=said)
    await send(world, ticket, 0, PDF)
    filled = await world.find(ticket)
    assert (filled.state, filled.name, filled.digest) == (UploadState.UPLOADED, "right.pdf", sha256(PDF))


async def test_a_first_piece_that_is_refused_leaves_a_ticket_that_nothing_came_to(
    world: World, clerk: Actor, instance: InstanceId
) -> None:
    ticket = await announced(world, clerk, instance)
    wrong = Checksum(algorithm="sha1", digest=bytes(20))
    for body, checksum, refusal in ((DATA + b"x", None, TooLarge), (DATA, wrong, ChecksumMismatch)):
        with pytest.raises(refusal):
            await send(world, ticket, 0, body, checksum)
        assert (await world.find(ticket)).state is UploadState.CREATED


async def test_a_whole_body_that_is_refused_leaves_the_pieces_that_stand(
    world: World, clerk: Actor, instance: InstanceId
) -> None:
    ticket = await announced(world, clerk, instance)
    await send(world, ticket, 0, DATA[:50])
    with pytest.raises(TooLarge):
        await world.fill(ticket, DATA * 3)
    assert (await world.find(ticket)).state is UploadState.RECEIVING
    assert (await send(world, ticket, 50, DATA[50:])).offset_bytes == len(DATA)


async def test_an_upload_of_no_bytes_is_finished_when_it_is_announced(
    world: World, clerk: Actor, instance: InstanceId
) -> None:
    ticket = await world.ask(clerk, instance=instance, field="any", size=200)
    await pieces.announce(world.context, await world.find(ticket), length=0)
    assert (await world.find(ticket)).digest == sha256(b"")


async def test_a_whole_that_a_crash_left_unrecorded_is_taken_when_the_client_asks(
    world: World, clerk: Actor, instance: InstanceId
) -> None:
    ticket = await announced(world, clerk, instance)
    await send(world, ticket, 0, DATA[:50])
    # The server dies after the last piece was written: the bytes are there, the lease stands, no row tells of them.
    partial = intake.partial_of(await world.find(ticket))
    assert isinstance(world.context.blobs, ResumableStore)
    await world.context.blobs.append_partial(partial, 50, chunks(DATA[50:]), max_bytes=100)
    await intake.begin(world.context, await world.find(ticket))
    with pytest.raises(Busy):
        await offset(world, ticket)
    world.clock.advance(world.context.policy.lease)

    assert await offset(world, ticket) == 100

    assert (await world.find(ticket)).state is UploadState.UPLOADED


async def test_two_writers_cannot_append_at_once(world: World, clerk: Actor, instance: InstanceId) -> None:
    ticket = await announced(world, clerk, instance)

    async def slow() -> AsyncIterator[bytes]:
        yield DATA[:50]
        with pytest.raises(Busy):
            await send(world, ticket, 0, DATA)
        yield DATA[50:]

    assert (await send(world, ticket, 0, slow())).offset_bytes == len(DATA)


async def test_an_abandoned_upload_leaves_nothing_behind(world: World, clerk: Actor, instance: InstanceId) -> None:
    ticket = await announced(world, clerk, instance)
    await send(world, ticket, 0, DATA[:50])
    upload = await world.find(ticket)

    await tickets.end(world.context, upload, reason="deleted")
    await pieces.abandon(world.context, upload)

    assert [left async for left in world.context.blobs.leftovers()] == []
    with pytest.raises(UploadExpired):
        await send(world, ticket, 50, DATA[50:])


async def test_the_pieces_of_an_expired_upload_are_swept(world: World, clerk: Actor, instance: InstanceId) -> None:
    ticket = await announced(world, clerk, instance)
    await send(world, ticket, 0, DATA[:50])
    world.clock.advance(timedelta(minutes=10))
    await sweep.sweep(world.context, with_store=True)
    (left,) = [left async for left in world.context.blobs.leftovers()]  # younger than the grace time
    world.clock.advance(left.modified_at - world.clock() + timedelta(hours=2))  # pieces go by the machine's clock

    done = await sweep.sweep(world.context, with_store=True)

    assert done.leftovers == 1
    assert [left async for left in world.context.blobs.leftovers()] == []
