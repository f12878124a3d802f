"""What is the local store's own: its files, and what it makes of a disk that fails."""

import asyncio
import hashlib
import os
import stat
from collections.abc import AsyncIterator, Callable
from datetime import timedelta
from pathlib import Path

import pytest

from clock import ManualClock
from faulty_disk import Faults, FaultyDisk, PowerLossError
from satchel.blobs.local import LocalBlobs
from satchel.blobs.store import Checksum, LeftoverKind, Partial, Received
from satchel.model.digest import Digest
from satchel.model.errors import DiskFull, Unavailable
from satchel.model.ids import AccountId, UploadId

ACCOUNT = AccountId(7)
PARTIAL = Partial(account=ACCOUNT, upload=UploadId(3), attempt=1)
SMALL = b"small"
LARGE = b"large" * 1_000_000
Open = Callable[..., LocalBlobs]


async def body(data: bytes) -> AsyncIterator[bytes]:
    for start in range(0, len(data), 65_536):
        yield data[start : start + 65_536]


def digest_of(data: bytes) -> Digest:
    return Digest(hashlib.sha256(data).hexdigest())


@pytest.fixture
def open_store(tmp_path: Path, clock: ManualClock) -> Open:
    """Opens the same directory, as one process after another does."""

    def opened(disk: FaultyDisk | None = None) -> LocalBlobs:
        store = LocalBlobs(tmp_path / "blobs", clock=clock, disk=disk)
        store.prepare()
        return store

    return opened


async def put(store: LocalBlobs, data: bytes) -> Received:
    return await store.receive(ACCOUNT, body(data), max_bytes=len(data))


async def blobs_of(store: LocalBlobs) -> set[Digest]:
    return {stored.digest async for stored in store.list()}


async def leftovers_of(store: LocalBlobs) -> list[LeftoverKind]:
    return [leftover.kind async for leftover in store.leftovers()]


async def test_files_are_for_their_owner_only(open_store: Open) -> None:
    store = open_store()
    path = store.path(ACCOUNT, (await put(store, SMALL)).digest)
    assert path.read_bytes() == SMALL
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    for directory in (path.parent, path.parent.parent, path.parent.parent.parent):
        assert stat.S_IMODE(directory.stat().st_mode) == 0o700
    assert path.parts[-3:] == ("7", path.name[:2], digest_of(SMALL))


async def test_a_web_server_in_the_group_of_the_store_may_read_what_arrives_in_any_way(tmp_path: Path) -> None:
    store = LocalBlobs(tmp_path / "store", clock=ManualClock(), is_read_by_group=True)
    store.prepare()
    partial = Partial(account=ACCOUNT, upload=UploadId(1), attempt=0)
    await store.create_partial(partial)
    await store.append_partial(partial, 0, body(SMALL + b"2"), max_bytes=len(SMALL) + 1)
    for received in (await put(store, SMALL), await store.finish_partial(partial)):
        path = store.path(ACCOUNT, received.digest)
        assert stat.S_IMODE(path.stat().st_mode) == 0o640
        for directory in (path.parent, path.parent.parent, store.root):
            assert stat.S_IMODE(directory.stat().st_mode) == 0o750


async def test_a_link_in_a_blobs_place_is_never_followed(open_store: Open, tmp_path: Path) -> None:
    store = open_store()
    path = store.path(ACCOUNT, (await put(store, SMALL)).digest)
    secret = tmp_path / "secret"
    secret.write_bytes(b"secret")
    path.unlink()
    path.symlink_to(secret)
    with pytest.raises(Unavailable):
        await store.verify(ACCOUNT, digest_of(SMALL))
    await put(store, SMALL)
    assert secret.read_bytes() == b"secret"
    assert not path.is_symlink()


async def test_bytes_that_changed_are_found(open_store: Open) -> None:
    store = open_store()
    path = store.path(ACCOUNT, (await put(store, SMALL)).digest)
    path.write_bytes(b"smull")
    assert not await store.verify(ACCOUNT, digest_of(SMALL))


async def test_what_we_did_not_put_there_is_told_and_kept(open_store: Open, tmp_path: Path, clock: ManualClock) -> None:
    store = open_store()
    await put(store, SMALL)
    strays = [tmp_path / "blobs" / place for place in ("notes.txt", "incoming/x", "7/y", "7/ab")]
    strays[-1].mkdir(exist_ok=True)
    strays.append(strays.pop() / ("f" * 64))
    for stray in strays:
        stray.write_bytes(b"?")
    found = [leftover async for leftover in store.leftovers()]
    assert {leftover.name for leftover in found} == {"notes.txt", "incoming/x", "7/y", "7/ab/" + "f" * 64}
    for leftover in found:
        assert leftover.kind is LeftoverKind.STRAY
        assert not await store.discard_leftover(leftover, older_than=clock() + timedelta(days=10_000))


@pytest.mark.parametrize("data", [SMALL, LARGE], ids=["small", "large"])
@pytest.mark.parametrize("room", [0, 3])
async def test_a_full_disk_leaves_nothing_and_reading_goes_on(open_store: Open, data: bytes, room: int) -> None:
    disk = FaultyDisk()
    store = open_store(disk)
    kept = await put(store, b"before")
    disk.faults.room_bytes = room
    with pytest.raises(DiskFull):
        await put(store, data)
    assert await leftovers_of(store) == []
    assert await blobs_of(store) == {kept.digest}
    assert [chunk async for chunk in store.open(ACCOUNT, kept.digest)] == [b"before"]


@pytest.mark.parametrize("data", [SMALL, LARGE * 14], ids=["small", "large"])
async def test_a_failed_fsync_is_never_tried_again_on_its_descriptor(open_store: Open, data: bytes) -> None:
    disk = FaultyDisk()
    store = open_store(disk)
    await put(store, data)
    disk.faults.failing_fsyncs = 1
    with pytest.raises(Unavailable):
        await put(store, data)
    assert await leftovers_of(store) == []
    assert (await put(store, data)).digest == digest_of(data)


async def test_a_short_read_is_read_on(open_store: Open) -> None:
    store = open_store(FaultyDisk(Faults(longest_read=700)))
    await put(store, b"x" * 5000)
    await store.create_partial(PARTIAL)
    await store.append_partial(PARTIAL, 0, body(b"y" * 20_000), max_bytes=20_000)
    assert [len(chunk) async for chunk in store.open(ACCOUNT, digest_of(b"x" * 5000), 0, 1500)] == [700, 700, 100]
    assert len((await open_store(FaultyDisk(Faults(longest_read=700))).finish_partial(PARTIAL)).head) == 8192


@pytest.mark.parametrize("data", [SMALL, LARGE], ids=["small", "large"])
async def test_a_crash_at_any_step_leaves_no_name_without_its_bytes(open_store: Open, data: bytes) -> None:
    for step in range(100):
        disk = FaultyDisk()
        store = open_store(disk)
        disk.faults.lost_after = step
        try:
            await put(store, data)
        except PowerLossError:
            assert await blobs_of(store) <= {digest_of(data)}
            for digest in await blobs_of(store):
                assert await store.verify(ACCOUNT, digest)
        else:
            break
    else:
        pytest.fail("it never got through")

    after = open_store()
    assert step > 4
    assert await after.verify(ACCOUNT, digest_of(data))
    left = [leftover async for leftover in after.leftovers()]
    assert {leftover.kind for leftover in left} == {LeftoverKind.TEMPORARY}
    for leftover in left:
        assert await after.discard_leftover(leftover, older_than=leftover.modified_at + timedelta(seconds=1))
    assert await leftovers_of(after) == []


async def test_pieces_outlive_the_process(open_store: Open) -> None:
    first = open_store()
    await first.create_partial(PARTIAL)
    await first.append_partial(PARTIAL, 0, body(LARGE), max_bytes=len(LARGE) * 2)
    second = open_store()
    assert await second.partial_size(PARTIAL) == len(LARGE)
    await second.append_partial(PARTIAL, len(LARGE), body(LARGE), max_bytes=len(LARGE) * 2)
    assert (await second.finish_partial(PARTIAL)).digest == digest_of(LARGE * 2)


@pytest.mark.parametrize("is_checked", [False, True], ids=["plain", "with a checksum"])
async def test_a_crash_while_appending_loses_nothing_that_was_acknowledged(
    open_store: Open, *, is_checked: bool
) -> None:
    checksum = Checksum(algorithm="sha256", digest=hashlib.sha256(LARGE).digest()) if is_checked else None
    for step in range(100):
        partial = Partial(account=ACCOUNT, upload=UploadId(step + 1), attempt=0)
        disk = FaultyDisk()
        store = open_store(disk)
        await store.create_partial(partial)
        await store.append_partial(partial, 0, body(SMALL), max_bytes=len(SMALL))
        disk.faults.lost_after = step
        try:
            await store.append_partial(partial, 5, body(LARGE), max_bytes=len(LARGE) + 5, checksum=checksum)
        except PowerLossError:
            after = open_store()
            size = await after.partial_size(partial)
            assert size is not None
            assert size in (5, 5 + len(LARGE)) or (5 < size < 5 + len(LARGE) and not is_checked)
            rest = (SMALL + LARGE)[size:]
            await after.append_partial(partial, size, body(rest), max_bytes=len(LARGE) + 5)
            assert (await after.finish_partial(partial)).digest == digest_of(SMALL + LARGE)
        else:
            break
    assert step > 3


@pytest.mark.parametrize("came", [b"", b"b" * 7])
async def test_pieces_that_another_process_replaced_are_read_again(open_store: Open, came: bytes) -> None:
    one, other = open_store(), open_store()
    await one.create_partial(PARTIAL)
    await one.append_partial(PARTIAL, 0, body(b"a" * 5), max_bytes=99)
    await other.discard_partial(PARTIAL)
    await other.create_partial(PARTIAL)
    await other.append_partial(PARTIAL, 0, body(b"b" * 5), max_bytes=99)
    if came:
        await one.append_partial(PARTIAL, 5, body(came), max_bytes=99)
    assert (await one.finish_partial(PARTIAL)).digest == digest_of(b"b" * 5 + came)


async def test_a_full_disk_in_a_piece_keeps_what_came_before(open_store: Open) -> None:
    disk = FaultyDisk()
    store = open_store(disk)
    await store.create_partial(PARTIAL)
    await store.append_partial(PARTIAL, 0, body(SMALL), max_bytes=len(SMALL))
    disk.faults.room_bytes = 1_500_000
    with pytest.raises(DiskFull):
        await store.append_partial(PARTIAL, 5, body(LARGE), max_bytes=len(LARGE) + 5)
    disk.faults.room_bytes = None
    size = await store.partial_size(PARTIAL)
    assert size is not None
    assert 5 <= size < 1_500_010
    await store.append_partial(PARTIAL, size, body((SMALL + LARGE)[size:]), max_bytes=len(LARGE) + 5)
    assert (await store.finish_partial(PARTIAL)).digest == digest_of(SMALL + LARGE)


async def test_a_piece_whose_fsync_fails_does_not_count(open_store: Open) -> None:
    disk = FaultyDisk()
    store = open_store(disk)
    await store.create_partial(PARTIAL)
    await store.append_partial(PARTIAL, 0, body(SMALL), max_bytes=99)
    disk.faults.failing_fsyncs = 1
    with pytest.raises(Unavailable):
        await store.append_partial(PARTIAL, 5, body(b"more"), max_bytes=99)
    assert await store.partial_size(PARTIAL) == 5
    await store.append_partial(PARTIAL, 5, body(b"again"), max_bytes=99)
    assert (await store.finish_partial(PARTIAL)).digest == digest_of(SMALL + b"again")


async def test_a_piece_whose_flush_fails_on_the_way_does_not_count(open_store: Open) -> None:
    disk = FaultyDisk()
    store = open_store(disk)
    await store.create_partial(PARTIAL)
    disk.faults.failing_fsyncs = 1
    with pytest.raises(Unavailable):
        await store.append_partial(PARTIAL, 0, body(LARGE * 7), max_bytes=len(LARGE) * 7)
    assert await store.partial_size(PARTIAL) == 0


async def test_no_descriptor_stays_open(open_store: Open) -> None:
    store = open_store()
    await put(store, LARGE)
    before = len(os.listdir("/proc/self/fd"))  # noqa: PTH208  # a count of names

    async def cut() -> AsyncIterator[bytes]:
        yield LARGE
        raise RuntimeError

    for _ in range(5):
        with pytest.raises(RuntimeError):
            await store.receive(ACCOUNT, cut(), max_bytes=len(LARGE))
        reading = store.open(ACCOUNT, digest_of(LARGE))
        await anext(reading)
        await reading.aclose()
        await store.create_partial(PARTIAL)
        with pytest.raises(RuntimeError):
            await store.append_partial(PARTIAL, 0, cut(), max_bytes=len(LARGE))
        await store.discard_partial(PARTIAL)
    assert len(os.listdir("/proc/self/fd")) == before  # noqa: PTH208  # same


async def test_small_uploads_on_a_slow_disk_run_side_by_side(open_store: Open) -> None:
    disk = FaultyDisk(Faults(fsync_delay_s=0.001))
    store = open_store(disk)
    await asyncio.gather(*(put(store, bytes([number])) for number in range(64)))
    assert len(await blobs_of(store)) == 64


@pytest.mark.parametrize("data", [SMALL, LARGE], ids=["small", "large"])
async def test_bytes_reach_the_disk_before_their_name_and_the_name_before_the_answer(
    open_store: Open, data: bytes
) -> None:
    disk = FaultyDisk()
    store = open_store(disk)
    await put(store, data)
    steps = [step for step in disk.steps if step != "flush"]
    before, after = steps[: steps.index("rename")], steps[steps.index("rename") :]
    assert "write" in before
    assert "fsync" in before[before.index("write") :]
    assert after == ["rename", "fsync"]
