"""Every implementation of the blob store keeps the contract."""

from pathlib import Path

import pytest

from clock import ManualClock
from contracts.blob_listing import BlobListingContract
from contracts.blob_store import BlobStoreContract, ResumableStoreContract
from memory_blobs import MemoryBlobs
from satchel.blobs.local import LocalBlobs


@pytest.fixture
def local(tmp_path: Path, clock: ManualClock) -> LocalBlobs:
    store = LocalBlobs(tmp_path / "blobs", clock=clock)
    store.prepare()
    return store


class TestLocalBlobs(BlobStoreContract, BlobListingContract, ResumableStoreContract):
    """The store of one machine."""

    @pytest.fixture
    def store(self, local: LocalBlobs) -> LocalBlobs:
        return local

    @pytest.fixture
    def pieces(self, local: LocalBlobs) -> LocalBlobs:
        return local


class TestMemoryBlobs(BlobStoreContract, BlobListingContract, ResumableStoreContract):
    """The store of tests."""

    @pytest.fixture
    def store(self, clock: ManualClock) -> MemoryBlobs:
        return MemoryBlobs(clock=clock)

    @pytest.fixture
    def pieces(self, store: MemoryBlobs) -> MemoryBlobs:
        return store
