"""The doctor: compares rows with bytes in both directions, and the quota with what it adds up to.

It only looks. Each kind of damage has a name, a count, and what to do.
"""

from collections.abc import AsyncIterator
from dataclasses import dataclass, field

from satchel.actions.context import Context
from satchel.actions.upkeep.store_sweep import batches, unknown
from satchel.blobs.store import LeftoverKind
from satchel.db import accounts as account_rows
from satchel.db import blobs as rows
from satchel.db import storage
from satchel.model.errors import BlobMissing

AT_ONCE = 500
EXAMPLES = 5
"""How many places of each kind of damage are named."""

ADVICE = {
    "missing_bytes": "Files name these bytes, but the store has none: restore them from a backup.",
    "wrong_size": "The bytes are not as long as their row says: restore them from a backup.",
    "damaged_bytes": "The bytes no longer have their digest: the disk changed them. Restore them from a backup.",
    "orphan_bytes": "Bytes that no row names; a crash leaves them. The sweep deletes them after the grace time.",
    "leftover": "An upload that was cut off, or runs now. The sweep deletes it after the grace time.",
    "stray": "Something in the store that Satchel did not put there. Move it away.",
    "quota_drift": "The account's counted bytes differ from its files and uploads. Run satchel doctor --repair-quota.",
}
HARMLESS = frozenset({"orphan_bytes", "leftover"})
"""Kinds that a running or crashed server leaves and the sweep clears; they are no damage."""


@dataclass(slots=True, kw_only=True)
class DoctorReport:
    """What the doctor saw.

    Attributes:
        counts: by kind of finding, a key of `ADVICE`.
        examples: some places of each kind.
    """

    blobs: int = 0
    bytes: int = 0
    counts: dict[str, int] = field(default_factory=dict)
    examples: dict[str, list[str]] = field(default_factory=dict)

    def note(self, kind: str, place: str) -> None:
        """Count one finding."""
        self.counts[kind] = self.counts.get(kind, 0) + 1
        named = self.examples.setdefault(kind, [])
        if len(named) < EXAMPLES:
            named.append(place)

    @property
    def is_clean(self) -> bool:
        """Whether nothing is damaged."""
        return not set(self.counts) - HARMLESS


async def examine(context: Context, *, read_data: bool = False) -> AsyncIterator[DoctorReport]:
    """Look at everything and give the growing report after each page of blobs, and at the end.

    Args:
        read_data: whether to read and hash every blob too.
    """
    report = DoctorReport()
    after = (0, "")
    while True:
        async with context.database.read() as tx:
            page = await rows.blobs(tx, after=after, limit=AT_ONCE)
        for blob in page:
            await _examine_blob(context, report, blob, read_data=read_data)
        yield report
        if len(page) < AT_ONCE:
            break
        after = (page[-1].account_id, page[-1].digest)
    await _examine_store(context, report)
    await _examine_quotas(context, report)
    yield report


async def _examine_blob(context: Context, report: DoctorReport, blob: rows.Blob, *, read_data: bool) -> None:
    report.blobs += 1
    report.bytes += blob.size_bytes
    place = f"account {blob.account_id}, {blob.digest}"
    size = await context.blobs.size(blob.account_id, blob.digest)
    if size is None:
        async with context.database.read() as tx:
            still = await rows.existing(tx, blob.account_id, [blob.digest])
            names = await rows.names_of(tx, blob.account_id, blob.digest)
        if still:
            named = ", ".join(f"file {number} of instance {instance}" for instance, number, _ in names[:EXAMPLES])
            report.note("missing_bytes", f"{place} ({named or 'no file'})")
        return
    if size != blob.size_bytes:
        report.note("wrong_size", f"{place}: {size} bytes, not {blob.size_bytes}")
        return
    if read_data:
        try:
            if not await context.blobs.verify(blob.account_id, blob.digest):
                report.note("damaged_bytes", place)
        except BlobMissing:
            report.note("missing_bytes", place)


async def _examine_store(context: Context, report: DoctorReport) -> None:
    async for batch in batches(context):
        for stored in await unknown(context, batch):
            report.note("orphan_bytes", f"account {stored.account}, {stored.digest}")
    async for leftover in context.blobs.leftovers():
        report.note("stray" if leftover.kind is LeftoverKind.STRAY else "leftover", leftover.name)


async def _examine_quotas(context: Context, report: DoctorReport) -> None:
    async with context.database.read() as tx:
        for account in await account_rows.all_accounts(tx):
            for said, true, what in await storage.drift(tx, account.id):
                report.note("quota_drift", f"account {account.name}: {what} says {said} bytes, adds up to {true}")


async def repair_quotas(context: Context) -> list[str]:
    """Set every account's counted bytes to what its files and uploads add up to; return the names of those changed."""
    repaired: list[str] = []
    async with context.database.read() as tx:
        accounts = await account_rows.all_accounts(tx)
    for account in accounts:
        async with context.database.write() as tx:
            if await storage.repair(tx, account.id):
                repaired.append(account.name)
    return repaired
