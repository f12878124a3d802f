"""The doctor: compares rows with bytes in both directions, and the quota with what it adds up to.

It only looks. Each kind of damage has a name, a count, and what to do.
"""

from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, field
from itertools import groupby
from operator import attrgetter

from satchel.actions.context import Context
from satchel.actions.upkeep.store_sweep import batches, unknown
from satchel.blobs.store import LeftoverKind
from satchel.db import accounts as account_rows
from satchel.db import blobs as rows
from satchel.db import storage
from satchel.model.causes import errno_of
from satchel.model.errors import BlobMissing, Unavailable
from satchel.model.ids import AccountId

AT_ONCE = 500
EXAMPLES = 5
"""How many places of what is harmless are named; damage is named wherever it is."""

NAMES = 5
"""How many of the files that name a blob are named."""

ADVICE = {
    "missing_bytes": "Files name these bytes, but the store has none: restore them from a backup.",
    "wrong_size": "The bytes are not as long as their row says: restore them from a backup.",
    "damaged_bytes": "The bytes no longer have their digest: the disk changed them. Restore them from a backup.",
    "disk_failed": "The disk fails to read this: check it (`dmesg`, `smartctl -a`); restore the bytes from a backup.",
    "not_permitted": "The user that runs this may not read them: run the doctor as the user that runs Satchel, or give "
    "the store back to that user (`chown -R`).",
    "unreadable": "The system refuses to read this, for the reason that it names. Repair that, or restore it from a "
    "backup.",
    "orphan_bytes": "Bytes that no row names; a crash leaves them. The sweep deletes them after the grace time.",
    "leftover": "An upload that was interrupted, or is running. The sweep deletes it after the grace time.",
    "stray": "A foreign file in the store. Move it away.",
    "unusable_key": "Secrets cannot be opened with the key that there is, and the server does not start with it.",
    "quota_drift": "The account's counted bytes differ from its files and uploads. Run satchel doctor --repair-quota.",
}
HARMLESS = frozenset({"orphan_bytes", "leftover"})
"""Kinds that a running or crashed server leaves and the sweep clears; they are no damage."""

_DENIED = frozenset({"EACCES", "EPERM"})
_FAILING = frozenset({"EIO", "EREMOTEIO", "EBADMSG", "EUCLEAN", "ENXIO", "ETIMEDOUT", "ESTALE"})


@dataclass(slots=True, kw_only=True)
class DoctorReport:
    """What the doctor saw.

    Attributes:
        counts: by kind of finding, a key of `ADVICE`.
        examples: the places of each kind of damage, and some of each kind that is harmless.
    """

    blobs: int = 0
    bytes: int = 0
    counts: dict[str, int] = field(default_factory=dict)
    examples: dict[str, list[str]] = field(default_factory=dict)

    def note(self, kind: str, place: str) -> None:
        """Count one finding."""
        self.counts[kind] = self.counts.get(kind, 0) + 1
        named = self.examples.setdefault(kind, [])
        if kind not in HARMLESS or len(named) < EXAMPLES:
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
    if context.vault.fault is not None:
        report.note("unusable_key", context.vault.fault)
    after = (0, "")
    while True:
        async with context.database.read() as tx:
            page = await rows.blobs(tx, after=after, limit=AT_ONCE)
        for account, blobs in groupby(page, key=attrgetter("account_id")):
            await _examine_blobs(context, report, account, list(blobs), read_data=read_data)
        yield report
        if len(page) < AT_ONCE:
            break
        after = (page[-1].account_id, page[-1].digest)
    await _examine_store(context, report)
    await _examine_quotas(context, report)
    yield report


async def _examine_blobs(
    context: Context, report: DoctorReport, account: AccountId, blobs: Sequence[rows.Blob], *, read_data: bool
) -> None:
    found = await context.blobs.stat_many(account, [blob.digest for blob in blobs])
    for blob, status in zip(blobs, found, strict=True):
        report.blobs += 1
        report.bytes += blob.size_bytes
        if status.reason is not None:
            await _note(context, report, blob, _kind_of(status.reason), f" ({status.reason})")
        elif status.size is None:
            await _note(context, report, blob, "missing_bytes")
        elif status.size != blob.size_bytes:
            await _note(context, report, blob, "wrong_size", f": {status.size} bytes, not {blob.size_bytes}")
        elif read_data:
            await _read(context, report, blob)


async def _note(context: Context, report: DoctorReport, blob: rows.Blob, kind: str, what: str = "") -> None:
    """Count damage of a blob, unless it was deleted meanwhile, and name the files that have these bytes."""
    async with context.database.read() as tx:
        still = await rows.existing(tx, blob.account_id, [blob.digest])
        names = await rows.names_of(tx, blob.account_id, blob.digest)
    if still:
        named = ", ".join(f"file {number} of instance {instance}" for instance, number, _ in names[:NAMES])
        more = f", and {len(names) - NAMES} more" if len(names) > NAMES else ""
        report.note(kind, f"account {blob.account_id}, {blob.digest}{what} ({named or 'no file'}{more})")


async def _read(context: Context, report: DoctorReport, blob: rows.Blob) -> None:
    try:
        if not await context.blobs.verify(blob.account_id, blob.digest):
            await _note(context, report, blob, "damaged_bytes")
    except BlobMissing:
        await _note(context, report, blob, "missing_bytes")
    except Unavailable as error:
        reason = errno_of(error) or "unknown"
        await _note(context, report, blob, _kind_of(reason), f" ({reason})")


def _kind_of(reason: str) -> str:
    """Return the kind of finding for what the operating system says."""
    if reason in _DENIED:
        return "not_permitted"
    return "disk_failed" if reason in _FAILING else "unreadable"


async def _examine_store(context: Context, report: DoctorReport) -> None:
    async for batch in batches(context):
        for stored in await unknown(context, batch):
            report.note("orphan_bytes", f"account {stored.account}, {stored.digest}")
    async for leftover in context.blobs.leftovers():
        if leftover.kind is LeftoverKind.UNREADABLE:
            reason = leftover.reason or "unknown"
            report.note(_kind_of(reason), f"{leftover.name} in the store ({reason})")
        else:
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
