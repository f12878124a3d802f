"""SQL of full storage: whether the oldest files give way to new ones, and which."""

from collections.abc import Sequence
from dataclasses import dataclass

from satchel.db.pool import Reader, Writer
from satchel.model.ids import AccountId, FileId, InstanceId


@dataclass(frozen=True, slots=True, kw_only=True)
class OldFile:
    """A stored file of an ended instance."""

    id: FileId
    instance_id: InstanceId
    name: str
    size_bytes: int


async def is_on(tx: Reader, account: AccountId) -> bool:
    """Return whether the account's oldest files give way."""
    return await tx.value(bool, "SELECT overwrites_oldest FROM accounts WHERE id = %s", (account,)) or False


async def lock(tx: Writer, account: AccountId) -> bool:
    """Return whether the account's oldest files give way; nobody else makes room until the transaction ends."""
    query = "SELECT overwrites_oldest FROM accounts WHERE id = %s FOR NO KEY UPDATE"
    return await tx.value(bool, query, (account,)) or False


async def switch(tx: Writer, account: AccountId, *, is_on: bool) -> None:
    """Set whether the account's oldest files give way."""
    tx.put("UPDATE accounts SET overwrites_oldest = %s WHERE id = %s", (is_on, account))


async def oldest(tx: Reader, account: AccountId, *, after: int, limit: int) -> list[OldFile]:
    """Return a page of the stored files of ended instances, the oldest first."""
    return await tx.rows(
        OldFile,
        "SELECT f.id, f.instance_id, f.name, f.size_bytes FROM files f"
        " JOIN instances i ON i.account_id = f.account_id AND i.id = f.instance_id"
        " WHERE f.account_id = %s AND f.id > %s AND f.kind = 'stored' AND f.deleted_at IS NULL AND f.size_bytes > 0"
        " AND i.ended_at IS NOT NULL ORDER BY f.id LIMIT %s",
        (account, after, limit),
    )


async def remove(tx: Writer, account: AccountId, files: Sequence[FileId]) -> list[OldFile]:
    """Remove those of some files that are still there, and return them."""
    return await tx.rows(
        OldFile,
        "DELETE FROM files WHERE account_id = %s AND id = ANY(%s) AND deleted_at IS NULL"
        " RETURNING id, instance_id, name, size_bytes",
        (account, list(files)),
    )
