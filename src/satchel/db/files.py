"""SQL of files."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from uuid import UUID

from psycopg.types.json import Jsonb

from satchel.db.pool import Reader, Writer
from satchel.model.digest import Digest
from satchel.model.files import File, NewFile
from satchel.model.ids import AccountId, FileId, InstanceId, UserId

_FILE = (
    "account_id, id, uuid, instance_id, field_id, area, position, kind, name, description, size_bytes, media_type,"
    " digest, url, metadata, source_file_id, created_at, created_by, deleted_at, revision"
)


async def next_file_id(tx: Writer) -> FileId:
    """Return a new number from the sequence that files and uploads share."""
    created = await tx.value(FileId, "SELECT nextval('file_ids')")
    return FileId(created or 0)


async def insert_file(
    tx: Writer,
    account: AccountId,
    file_id: FileId,
    new: NewFile,
    *,
    uuid: UUID,
    instance: InstanceId,
    now: datetime,
    by: UserId | None,
) -> None:
    """Attach a file; the foreign key refuses a digest that no blob has."""
    await tx.execute(
        "INSERT INTO files (account_id, id, uuid, instance_id, field_id, area, position, kind, name, description,"
        " size_bytes, media_type, digest, url, metadata, source_file_id, created_at, created_by)"
        " VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s)",
        (
            account,
            file_id,
            uuid,
            instance,
            new.field_id,
            new.area,
            new.position,
            new.kind.value,
            new.name,
            new.description,
            new.size_bytes,
            new.media_type,
            new.digest,
            new.url,
            Jsonb(dict(new.metadata)),
            new.source_file_id,
            now,
            by,
        ),
    )


async def file(tx: Reader, account: AccountId, file_id: FileId) -> File | None:
    """Return a file of the account, deleted or not."""
    return await tx.row(File, f"SELECT {_FILE} FROM files WHERE account_id = %s AND id = %s", (account, file_id))


async def files_of_instances(tx: Reader, account: AccountId, instances: Sequence[InstanceId]) -> list[File]:
    """Return the files of some instances that are not deleted, by instance, field, position."""
    return await tx.rows(
        File,
        f"SELECT {_FILE} FROM files WHERE account_id = %s AND instance_id = ANY(%s) AND deleted_at IS NULL"
        " ORDER BY instance_id, field_id NULLS LAST, position, id",
        (account, list(instances)),
    )


async def set_position(tx: Writer, account: AccountId, file_id: FileId, position: int) -> None:
    """Set a file's place within its field."""
    await tx.execute(
        "UPDATE files SET position = %s WHERE account_id = %s AND id = %s AND position <> %s",
        (position, account, file_id, position),
    )


async def describe_file(tx: Writer, account: AccountId, file_id: FileId, *, name: str, description: str) -> None:
    """Set a file's name and description."""
    await tx.execute(
        "UPDATE files SET name = %s, description = %s, revision = revision + 1 WHERE account_id = %s AND id = %s",
        (name, description, account, file_id),
    )


async def instances_with(tx: Reader, account: AccountId, digest: Digest) -> list[InstanceId]:
    """Return the instances with files of these bytes, by id."""
    return await tx.values(
        InstanceId,
        "SELECT DISTINCT instance_id FROM files WHERE account_id = %s AND digest = %s ORDER BY instance_id",
        (account, digest),
    )


async def add_metadata(
    tx: Writer, account: AccountId, instance: InstanceId, digest: Digest, metadata: Mapping[str, object]
) -> None:
    """Add what was found in an image's bytes to an instance's files that share them; what the uploader said stays."""
    await tx.execute(
        "UPDATE files SET metadata = %s || metadata WHERE account_id = %s AND instance_id = %s AND digest = %s",
        (Jsonb(dict(metadata)), account, instance, digest),
    )


async def set_deleted(
    tx: Writer, account: AccountId, file_ids: Sequence[FileId], *, at: datetime | None, by: UserId | None
) -> None:
    """Mark files as deleted, or bring them back where `at` is None."""
    await tx.execute(
        "UPDATE files SET deleted_at = %s, deleted_by = %s, revision = revision + 1"
        " WHERE account_id = %s AND id = ANY(%s)",
        (at, by, account, list(file_ids)),
    )


async def instances_to_purge(
    tx: Reader, deleted_before: datetime, limit: int, but: Sequence[object] = ()
) -> list[tuple[AccountId, InstanceId]]:
    """Return (account, instance), but for some, of files that were deleted before a moment and can go."""
    rows = await tx.pairs(
        "SELECT DISTINCT account_id, instance_id FROM files WHERE deleted_at <= %s AND instance_id <> ALL(%s::bigint[])"
        " LIMIT %s",
        (deleted_before, list(but), limit),
    )
    return [(AccountId(int(str(account))), InstanceId(int(str(instance)))) for account, instance in rows]


async def purge_files(tx: Writer, account: AccountId, instance: InstanceId, *, deleted_before: datetime | None) -> int:
    """Remove rows of an instance's files for good: those deleted before a moment, or all where it is None.

    Returns the bytes that the removed stored files had; give them back to the quota.
    """
    removed = await tx.values(
        int,
        "DELETE FROM files WHERE account_id = %(account)s AND instance_id = %(instance)s"
        " AND (%(before)s::timestamptz IS NULL OR deleted_at <= %(before)s)"
        " RETURNING CASE WHEN kind = 'stored' THEN size_bytes ELSE 0 END",
        {"account": account, "instance": instance, "before": deleted_before},
    )
    return sum(removed)
