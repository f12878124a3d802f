"""What every blob store promises; each implementation subclasses these suites and gives a `store` fixture."""

import asyncio
import hashlib
from collections.abc import AsyncIterator
from contextlib import aclosing
from datetime import timedelta

import pytest

from clock import ManualClock
from satchel.blobs.store import (
    HEAD_BYTES,
    READ_BYTES,
    BlobStore,
    Checksum,
    LeftoverKind,
    Partial,
    Received,
    ResumableStore,
)
from satchel.model.digest import Digest
from satchel.model.errors import BadFile, BlobMissing, Busy, ChecksumMismatch, Conflict, InvalidRequest, TooLarge
from satchel.model.ids import AccountId, UploadId

ACCOUNT = AccountId(7)
OTHER = AccountId(8)
SECOND, DAY = timedelta(seconds=1), timedelta(days=1)
LARGE = bytes(range(256)) * 4 * 3000 + b"and a bit"
"""Three batches, nearly."""


class CutShortError(Exception):
    """What a body raises here when its sender goes away."""


async def body(data: bytes, chunk: int = 65_536) -> AsyncIterator[bytes]:
    for start in range(0, len(data), chunk):
        yield data[start : start + chunk]


async def cut(data: bytes) -> AsyncIterator[bytes]:
    async for chunk in body(data):
        yield chunk
    raise CutShortError


def digest_of(data: bytes) -> Digest:
    return Digest(hashlib.sha256(data).hexdigest())


async def put(store: BlobStore, data: bytes, account: AccountId = ACCOUNT) -> Received:
    return await store.receive(account, body(data), max_bytes=len(data))


async def read(store: BlobStore, digest: Digest, start: int = 0, stop: int | None = None) -> bytes:
    return b"".join([chunk async for chunk in store.open(ACCOUNT, digest, start, stop)])


async def count_leftovers(store: BlobStore) -> int:
    return len([leftover async for leftover in store.leftovers()])


def refuse(received: Received) -> None:
    raise BadFile("file_type", f"Not these {received.size} bytes.")


class BlobStoreContract:
    """The core, without pieces."""

    @pytest.mark.parametrize("data", [b"", b"x", b"y" * (1 << 20), LARGE], ids=["empty", "one", "a batch", "large"])
    async def test_bytes_come_back_as_they_went_in(self, store: BlobStore, data: bytes) -> None:
        received = await put(store, data)

        assert received == Received(digest=digest_of(data), size=len(data), head=data[:HEAD_BYTES])
        assert await store.size(ACCOUNT, received.digest) == len(data)
        assert await read(store, received.digest) == data
        assert await store.verify(ACCOUNT, received.digest)

    async def test_the_head_is_whole_when_chunks_are_tiny(self, store: BlobStore) -> None:
        data = bytes(range(250)) * 100
        received = await store.receive(ACCOUNT, body(data, chunk=7), max_bytes=len(data))
        assert received.head == data[:HEAD_BYTES]

    @pytest.mark.parametrize(("start", "stop"), [(0, 1), (5, 5), (100, READ_BYTES + 100), (2_000_000, None)])
    async def test_a_range_is_that_slice(self, store: BlobStore, start: int, stop: int | None) -> None:
        received = await put(store, LARGE)
        assert await read(store, received.digest, start, stop) == LARGE[start:stop]

    async def test_chunks_are_no_larger_than_promised(self, store: BlobStore) -> None:
        received = await put(store, LARGE)
        assert max([len(chunk) async for chunk in store.open(ACCOUNT, received.digest)]) <= READ_BYTES

    async def test_reading_past_the_end_is_damage(self, store: BlobStore) -> None:
        received = await put(store, b"short")
        with pytest.raises(BlobMissing):
            await read(store, received.digest, 0, 6)

    async def test_a_reader_may_leave_early(self, store: BlobStore) -> None:
        received = await put(store, LARGE)
        async with aclosing(store.open(ACCOUNT, received.digest)) as chunks:
            assert await anext(chunks)
        assert await store.delete(ACCOUNT, received.digest, older_than=ManualClock()() + DAY)

    async def test_unknown_bytes_are_missing(self, store: BlobStore) -> None:
        unknown = digest_of(b"never stored")
        assert await store.size(ACCOUNT, unknown) is None
        with pytest.raises(BlobMissing):
            await read(store, unknown)
        with pytest.raises(BlobMissing):
            await store.verify(ACCOUNT, unknown)

    async def test_accounts_share_no_bytes(self, store: BlobStore) -> None:
        received = await put(store, b"mine", OTHER)
        assert await store.size(ACCOUNT, received.digest) is None

    @pytest.mark.parametrize("digest", ["../../etc/passwd", "", "a" * 63, "g" * 64, "a" * 64 + "\n"])
    async def test_nothing_but_a_digest_names_a_blob(self, store: BlobStore, digest: str) -> None:
        with pytest.raises(InvalidRequest):
            await store.size(ACCOUNT, Digest(digest))
        with pytest.raises(InvalidRequest):
            await store.delete(ACCOUNT, Digest(digest), older_than=ManualClock()() + DAY)

    @pytest.mark.parametrize("account", [0, -1])
    async def test_nothing_but_an_account_owns_a_blob(self, store: BlobStore, account: int) -> None:
        with pytest.raises(InvalidRequest):
            await put(store, b"x", AccountId(account))
        assert await count_leftovers(store) == 0

    @pytest.mark.parametrize("size", [101, 3_000_000])
    async def test_a_body_over_its_size_stops_within_64_kib(self, store: BlobStore, size: int) -> None:
        given = 0

        async def counted() -> AsyncIterator[bytes]:
            nonlocal given
            while given < 50_000_000:
                given += 16_384
                yield bytes(16_384)

        with pytest.raises(TooLarge):
            await store.receive(ACCOUNT, counted(), max_bytes=size)

        assert given <= size + 65_536
        assert [stored async for stored in store.list()] == []
        assert await count_leftovers(store) == 0

    async def test_a_body_of_exactly_its_size_is_taken(self, store: BlobStore) -> None:
        assert (await store.receive(ACCOUNT, body(b"12345"), max_bytes=5)).size == 5

    @pytest.mark.parametrize("sent", [b"", b"some", LARGE], ids=["none", "some", "large"])
    async def test_a_body_that_breaks_off_leaves_nothing(self, store: BlobStore, sent: bytes) -> None:
        with pytest.raises(CutShortError):
            await store.receive(ACCOUNT, cut(sent), max_bytes=10_000_000)
        assert [stored async for stored in store.list()] == []
        assert await count_leftovers(store) == 0

    @pytest.mark.parametrize("data", [b"small", LARGE], ids=["small", "large"])
    async def test_bytes_that_are_not_admitted_leave_nothing(self, store: BlobStore, data: bytes) -> None:
        with pytest.raises(BadFile):
            await store.receive(ACCOUNT, body(data), max_bytes=len(data), admit=refuse)
        assert await store.size(ACCOUNT, digest_of(data)) is None
        assert await count_leftovers(store) == 0

    async def test_cancelling_an_upload_leaves_nothing(self, store: BlobStore) -> None:
        waiting = asyncio.Event()

        async def endless() -> AsyncIterator[bytes]:
            yield LARGE
            yield LARGE
            waiting.set()
            await asyncio.Event().wait()

        task = asyncio.create_task(store.receive(ACCOUNT, endless(), max_bytes=100_000_000))
        await waiting.wait()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert await count_leftovers(store) == 0

    async def test_many_uploads_of_the_same_bytes_agree(self, store: BlobStore) -> None:
        results = await asyncio.gather(*(put(store, data) for data in [LARGE, b"small"] * 8))
        assert len({received.digest for received in results}) == 2
        assert await read(store, digest_of(LARGE)) == LARGE
        assert await count_leftovers(store) == 0

    async def test_a_blob_is_deleted_once_it_is_old_enough(self, store: BlobStore, clock: ManualClock) -> None:
        received = await put(store, b"old")
        stored_at = clock()
        clock.advance(timedelta(hours=2))

        assert not await store.delete(ACCOUNT, received.digest, older_than=stored_at)
        assert await read(store, received.digest) == b"old"
        assert await store.delete(ACCOUNT, received.digest, older_than=clock() + SECOND)
        assert await store.size(ACCOUNT, received.digest) is None

    async def test_deleting_what_is_not_there_says_it_is_gone(self, store: BlobStore, clock: ManualClock) -> None:
        assert await store.delete(ACCOUNT, digest_of(b"never"), older_than=clock())

    async def test_receiving_again_makes_the_bytes_new(self, store: BlobStore, clock: ManualClock) -> None:
        received = await put(store, b"twice")
        cutoff = clock.advance(timedelta(hours=2))
        await put(store, b"twice")

        assert not await store.delete(ACCOUNT, received.digest, older_than=cutoff)
        assert await read(store, received.digest) == b"twice"

    async def test_an_upload_that_meets_a_sweep_keeps_its_bytes(self, store: BlobStore, clock: ManualClock) -> None:
        for number in range(30):
            data = b"contested" + bytes([number])
            received = await put(store, data)
            cutoff = clock.advance(timedelta(hours=2))
            await asyncio.gather(store.delete(ACCOUNT, received.digest, older_than=cutoff), put(store, data))
            assert await read(store, received.digest) == data

    async def test_the_list_tells_owner_size_and_age(self, store: BlobStore, clock: ManualClock) -> None:
        first = await put(store, b"one")
        clock.advance(timedelta(minutes=5))
        second = await put(store, b"three", OTHER)

        found = {(stored.account, stored.digest): stored async for stored in store.list()}
        assert set(found) == {(ACCOUNT, first.digest), (OTHER, second.digest)}
        assert found[OTHER, second.digest].size == 5
        assert found[OTHER, second.digest].modified_at == clock()
        assert found[ACCOUNT, first.digest].modified_at == clock() - timedelta(minutes=5)
        assert [stored.account async for stored in store.list(OTHER)] == [OTHER]


class ResumableStoreContract:
    """Bodies in pieces."""

    PARTIAL = Partial(account=ACCOUNT, upload=UploadId(3), attempt=1)

    async def test_pieces_make_a_blob(self, store: BlobStore, pieces: ResumableStore) -> None:
        await pieces.create_partial(self.PARTIAL)
        middle = len(LARGE) // 2
        assert await pieces.append_partial(self.PARTIAL, 0, body(LARGE[:middle]), max_bytes=len(LARGE)) == middle
        assert await pieces.partial_size(self.PARTIAL) == middle
        assert await pieces.append_partial(self.PARTIAL, middle, body(LARGE[middle:]), max_bytes=len(LARGE)) == len(
            LARGE
        )

        received = await pieces.finish_partial(self.PARTIAL)
        await pieces.discard_partial(self.PARTIAL)

        assert received == Received(digest=digest_of(LARGE), size=len(LARGE), head=LARGE[:HEAD_BYTES])
        assert await read(store, received.digest) == LARGE
        assert await pieces.partial_size(self.PARTIAL) is None
        assert await count_leftovers(store) == 0

    async def test_an_empty_upload_can_finish(self, store: BlobStore, pieces: ResumableStore) -> None:
        await pieces.create_partial(self.PARTIAL)
        received = await pieces.finish_partial(self.PARTIAL)
        assert received.digest == digest_of(b"")
        assert await store.size(ACCOUNT, received.digest) == 0

    async def test_finishing_may_be_repeated(self, store: BlobStore, pieces: ResumableStore) -> None:
        await pieces.create_partial(self.PARTIAL)
        await pieces.append_partial(self.PARTIAL, 0, body(b"abc"), max_bytes=3)
        assert await pieces.finish_partial(self.PARTIAL) == await pieces.finish_partial(self.PARTIAL)
        await pieces.discard_partial(self.PARTIAL)
        assert await read(store, digest_of(b"abc")) == b"abc"
        assert await count_leftovers(store) == 0

    async def test_a_finished_upload_takes_no_more(self, store: BlobStore, pieces: ResumableStore) -> None:
        await pieces.create_partial(self.PARTIAL)
        await pieces.append_partial(self.PARTIAL, 0, body(b"abc"), max_bytes=9)
        await pieces.finish_partial(self.PARTIAL)
        with pytest.raises(Conflict):
            await pieces.append_partial(self.PARTIAL, 3, body(b"def"), max_bytes=9)
        assert await read(store, digest_of(b"abc")) == b"abc"

    async def test_a_refused_finish_keeps_the_partial(self, store: BlobStore, pieces: ResumableStore) -> None:
        await pieces.create_partial(self.PARTIAL)
        await pieces.append_partial(self.PARTIAL, 0, body(b"abc"), max_bytes=3)
        with pytest.raises(BadFile):
            await pieces.finish_partial(self.PARTIAL, admit=refuse)
        assert await store.size(ACCOUNT, digest_of(b"abc")) is None
        assert await pieces.partial_size(self.PARTIAL) == 3

    async def test_creating_again_keeps_what_came(self, pieces: ResumableStore) -> None:
        await pieces.create_partial(self.PARTIAL)
        await pieces.append_partial(self.PARTIAL, 0, body(b"abc"), max_bytes=3)
        await pieces.create_partial(self.PARTIAL)
        assert await pieces.partial_size(self.PARTIAL) == 3

    async def test_a_piece_that_breaks_off_counts_as_far_as_it_came(self, pieces: ResumableStore) -> None:
        await pieces.create_partial(self.PARTIAL)
        with pytest.raises(CutShortError):
            await pieces.append_partial(self.PARTIAL, 0, cut(LARGE), max_bytes=len(LARGE))
        size = await pieces.partial_size(self.PARTIAL)
        assert size is not None
        await pieces.append_partial(self.PARTIAL, size, body(LARGE[size:]), max_bytes=len(LARGE))
        assert (await pieces.finish_partial(self.PARTIAL)).digest == digest_of(LARGE)
        assert size > len(LARGE) - (1 << 21)

    async def test_a_piece_at_another_offset_is_refused(self, pieces: ResumableStore) -> None:
        await pieces.create_partial(self.PARTIAL)
        await pieces.append_partial(self.PARTIAL, 0, body(b"abc"), max_bytes=9)
        for offset in (0, 2, 4):
            with pytest.raises(Conflict) as refusal:
                await pieces.append_partial(self.PARTIAL, offset, body(b"xyz"), max_bytes=9)
            assert refusal.value.members["offset"] == 3
        assert await pieces.partial_size(self.PARTIAL) == 3

    async def test_two_writers_never_mix(self, pieces: ResumableStore) -> None:
        await pieces.create_partial(self.PARTIAL)
        started, go_on = asyncio.Event(), asyncio.Event()

        async def slow() -> AsyncIterator[bytes]:
            yield b"first"
            started.set()
            await go_on.wait()

        task = asyncio.create_task(pieces.append_partial(self.PARTIAL, 0, slow(), max_bytes=99))
        await started.wait()
        with pytest.raises(Busy):
            await pieces.append_partial(self.PARTIAL, 0, body(b"second"), max_bytes=99)
        with pytest.raises(Busy):
            await pieces.finish_partial(self.PARTIAL)
        go_on.set()
        assert await task == 5
        assert (await pieces.finish_partial(self.PARTIAL)).digest == digest_of(b"first")

    async def test_a_piece_over_the_size_does_not_count(self, pieces: ResumableStore) -> None:
        await pieces.create_partial(self.PARTIAL)
        await pieces.append_partial(self.PARTIAL, 0, body(b"abc"), max_bytes=9)
        with pytest.raises(TooLarge):
            await pieces.append_partial(self.PARTIAL, 3, body(LARGE), max_bytes=2_000_000)
        assert await pieces.partial_size(self.PARTIAL) == 3
        assert (await pieces.finish_partial(self.PARTIAL)).digest == digest_of(b"abc")

    @pytest.mark.parametrize("algorithm", ["sha256", "sha1", "md5"])
    async def test_a_piece_with_its_checksum_counts(self, pieces: ResumableStore, algorithm: str) -> None:
        await pieces.create_partial(self.PARTIAL)
        checksum = Checksum(algorithm=algorithm, digest=hashlib.new(algorithm, LARGE).digest())
        size = await pieces.append_partial(self.PARTIAL, 0, body(LARGE), max_bytes=len(LARGE), checksum=checksum)
        assert size == len(LARGE)
        assert (await pieces.finish_partial(self.PARTIAL)).digest == digest_of(LARGE)

    async def test_a_piece_without_its_checksum_does_not_count(self, pieces: ResumableStore) -> None:
        await pieces.create_partial(self.PARTIAL)
        await pieces.append_partial(self.PARTIAL, 0, body(b"abc"), max_bytes=len(LARGE) + 3)
        wrong = Checksum(algorithm="sha1", digest=bytes(20))
        with pytest.raises(ChecksumMismatch):
            await pieces.append_partial(self.PARTIAL, 3, body(LARGE), max_bytes=len(LARGE) + 3, checksum=wrong)
        assert await pieces.partial_size(self.PARTIAL) == 3
        await pieces.append_partial(self.PARTIAL, 3, body(b"def"), max_bytes=6)
        assert (await pieces.finish_partial(self.PARTIAL)).digest == digest_of(b"abcdef")

    async def test_a_piece_with_a_checksum_that_breaks_off_does_not_count(self, pieces: ResumableStore) -> None:
        await pieces.create_partial(self.PARTIAL)
        checksum = Checksum(algorithm="sha256", digest=hashlib.sha256(LARGE + b"more").digest())
        with pytest.raises(CutShortError):
            await pieces.append_partial(self.PARTIAL, 0, cut(LARGE), max_bytes=len(LARGE) + 4, checksum=checksum)
        assert await pieces.partial_size(self.PARTIAL) == 0

    async def test_attempts_of_one_upload_are_apart(self, pieces: ResumableStore) -> None:
        again = Partial(account=ACCOUNT, upload=self.PARTIAL.upload, attempt=2)
        await pieces.create_partial(self.PARTIAL)
        await pieces.append_partial(self.PARTIAL, 0, body(b"abc"), max_bytes=3)
        assert await pieces.partial_size(again) is None
        with pytest.raises(BlobMissing):
            await pieces.append_partial(again, 0, body(b"abc"), max_bytes=3)
        with pytest.raises(BlobMissing):
            await pieces.finish_partial(again)

    async def test_what_is_left_over_is_listed_and_goes_when_old(
        self, store: BlobStore, pieces: ResumableStore
    ) -> None:
        await pieces.create_partial(self.PARTIAL)
        await pieces.append_partial(self.PARTIAL, 0, body(b"abc"), max_bytes=3)
        [leftover] = [found async for found in store.leftovers()]
        assert (leftover.kind, leftover.partial, leftover.size) == (LeftoverKind.PARTIAL, self.PARTIAL, 3)

        assert not await store.discard_leftover(leftover, older_than=leftover.modified_at)
        assert await store.discard_leftover(leftover, older_than=leftover.modified_at + timedelta(seconds=1))
        assert await pieces.partial_size(self.PARTIAL) is None
        assert await store.discard_leftover(leftover, older_than=leftover.modified_at)

    async def test_a_partial_in_use_is_not_discarded(self, store: BlobStore, pieces: ResumableStore) -> None:
        await pieces.create_partial(self.PARTIAL)
        started, go_on = asyncio.Event(), asyncio.Event()

        async def slow() -> AsyncIterator[bytes]:
            started.set()
            await go_on.wait()
            yield b"slow"

        task = asyncio.create_task(pieces.append_partial(self.PARTIAL, 0, slow(), max_bytes=99))
        await started.wait()
        [leftover] = [found async for found in store.leftovers()]
        assert not await store.discard_leftover(leftover, older_than=leftover.modified_at + timedelta(days=1))
        go_on.set()
        assert await task == 4
