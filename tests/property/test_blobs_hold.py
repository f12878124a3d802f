"""The store against plain bytes, whatever the order of things."""

import asyncio
import hashlib
import tempfile
from collections.abc import AsyncIterator
from itertools import pairwise
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

from clock import ManualClock
from faulty_disk import FaultyDisk, PowerLossError
from satchel.blobs.local import LocalBlobs
from satchel.blobs.store import BATCH_BYTES, Checksum, Partial
from satchel.model.errors import ChecksumMismatch, DiskFull, Unavailable
from satchel.model.ids import AccountId, UploadId

ACCOUNT = AccountId(1)
PARTIAL = Partial(account=ACCOUNT, upload=UploadId(1), attempt=0)
LIMIT = 100 * BATCH_BYTES


class CutShortError(Exception):
    """The sender goes away."""


async def arriving(data: bytes, cuts: list[int], *, breaks: bool = False) -> AsyncIterator[bytes]:
    places = [0, *sorted(min(cut, len(data)) for cut in cuts), len(data)]
    for start, stop in pairwise(places):
        yield data[start:stop]
    if breaks:
        raise CutShortError


def patterned(size: int, seed: int) -> bytes:
    return (bytes([seed]) + hashlib.sha256(bytes([seed])).digest()) * (size // 33) + bytes([seed]) * (size % 33)


SIZES = st.sampled_from([0, 1, 8191, 8192, BATCH_BYTES - 1, BATCH_BYTES, BATCH_BYTES + 1, 2 * BATCH_BYTES + 7])


@given(SIZES, st.integers(0, 255), st.lists(st.integers(0, 2 * BATCH_BYTES), max_size=5))
@settings(max_examples=40, deadline=None)  # a full disk cache makes any single run slow
def test_every_cut_of_a_body_gives_the_same_blob(size: int, seed: int, cuts: list[int]) -> None:
    data = patterned(size, seed)

    async def check() -> None:
        received = await store.receive(ACCOUNT, arriving(data, cuts), max_bytes=size)
        assert received.digest == hashlib.sha256(data).hexdigest()
        assert (received.size, received.head) == (size, data[:8192])
        assert b"".join([chunk async for chunk in store.open(ACCOUNT, received.digest)]) == data

    with tempfile.TemporaryDirectory() as folder:
        store = LocalBlobs(Path(folder), clock=ManualClock())
        store.prepare()
        asyncio.run(check())


PIECES = st.tuples(
    st.sampled_from([1, 700, BATCH_BYTES, BATCH_BYTES + 5]),
    st.integers(0, 255),
    st.sampled_from(["whole", "checked", "mismatch", "cut", "full", "failing", "lost"]),
    st.integers(0, 12),
)


class Upload:
    """One resumable upload on a disk with faults, and the bytes that it must hold."""

    def __init__(self, root: Path) -> None:
        self._root = root
        self.expected = b""
        self.reopen()

    def reopen(self) -> None:
        """Go on as another process does after the first one died."""
        self.disk = FaultyDisk()
        self.store = LocalBlobs(self._root, clock=ManualClock(), disk=self.disk)
        self.store.prepare()

    async def append(self, piece: bytes, fate: str, number: int) -> None:
        """Append a piece that meets its fate, and take over what counts of it."""
        offset = len(self.expected)
        right = Checksum(algorithm="sha256", digest=hashlib.sha256(piece).digest())
        wrong = Checksum(algorithm="sha256", digest=bytes(32))
        checksum = {"checked": right, "mismatch": wrong, "lost": right if number % 2 else None}.get(fate)
        if fate == "full":
            self.disk.faults.room_bytes = len(piece) // 2
        elif fate == "failing":
            self.disk.faults.failing_fsyncs = 1
        elif fate == "lost":
            self.disk.faults.lost_after = number
        try:
            body = arriving(piece, [number * 50_000], breaks=fate == "cut")
            size = await self.store.append_partial(PARTIAL, offset, body, max_bytes=LIMIT, checksum=checksum)
            assert size == offset + len(piece)
        except (CutShortError, ChecksumMismatch, DiskFull, Unavailable, PowerLossError) as error:
            if isinstance(error, PowerLossError):
                self.reopen()
        self.disk.faults.room_bytes = self.disk.faults.lost_after = None
        kept = await self.store.partial_size(PARTIAL)
        assert kept is not None
        assert offset <= kept <= offset + len(piece)
        if checksum is not None:
            assert kept in (offset, offset + len(piece))
        if fate == "mismatch":
            assert kept == offset
        self.expected += piece[: kept - offset]


@given(st.lists(PIECES, max_size=8))
@settings(max_examples=40, deadline=None)  # same
def test_a_resumed_upload_holds_what_was_acknowledged_in_order(pieces: list[tuple[int, int, str, int]]) -> None:
    async def check(root: Path) -> None:
        upload = Upload(root)
        await upload.store.create_partial(PARTIAL)
        for size, seed, fate, number in pieces:
            await upload.append(patterned(size, seed), fate, number)
        received = await upload.store.finish_partial(PARTIAL)
        assert received.digest == hashlib.sha256(upload.expected).hexdigest()
        assert await upload.store.verify(ACCOUNT, received.digest)

    with tempfile.TemporaryDirectory() as folder:
        asyncio.run(check(Path(folder)))
