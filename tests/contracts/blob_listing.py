"""What every blob store promises of its upkeep: its list, and what it says of blobs that are damaged."""

from contracts.blob_store import ACCOUNT, OTHER, digest_of, put
from satchel.blobs.store import BlobStatus, BlobStore
from satchel.model.ids import AccountId


class BlobListingContract:
    """What the sweep and the doctor rely on."""

    async def test_many_blobs_are_looked_at_without_being_read(self, store: BlobStore) -> None:
        small, large = await put(store, b"small"), await put(store, b"a bit larger")
        absent = digest_of(b"never stored")

        found = await store.stat_many(ACCOUNT, [large.digest, absent, small.digest])

        assert found == [BlobStatus(size=12), BlobStatus(), BlobStatus(size=5)]
        assert await store.stat_many(OTHER, [small.digest]) == [BlobStatus()]
        assert await store.stat_many(ACCOUNT, []) == []

    async def test_the_list_is_in_order_and_continues_anywhere(self, store: BlobStore) -> None:
        for number in range(40):
            await put(store, b"%d" % number, (ACCOUNT, OTHER)[number % 2])
        whole = [(stored.account, stored.digest) async for stored in store.list()]

        for place in (whole[0], whole[13], whole[19], whole[20], whole[39], (AccountId(ACCOUNT), "")):
            rest = [(stored.account, stored.digest) async for stored in store.list(after=place)]
            assert rest == [one for one in whole if one > place]
        only = [(stored.account, stored.digest) async for stored in store.list(OTHER, after=whole[30])]
        assert only == [one for one in whole[31:] if one[0] == OTHER]
        assert whole == sorted(whole)
