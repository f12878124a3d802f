"""SQL of files."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from itertools import count
from uuid import UUID

from psycopg.types.json import Jsonb

from satchel.db.pool import Reader, Writer
from satchel.model.digest import Digest
from satchel.model.files import File, NewFile
from satchel.model.ids import AccountId, FileId, InstanceId, UserId

FILE = (
    "account_id, id, uuid, instance_id, field_id, area, position, kind, name, description, size_bytes, media_type,"
    " digest, url, metadata, source_file_id, created_at, created_by, deleted_at, revision"
)


async def insert_files(
    tx: Writer, account: AccountId, new: Sequence[NewFile], *, instance: InstanceId, now: datetime, by: UserId | None
) -> list[File]:
    """Attach files to an instance in one statement and return them, in the order given.

    The foreign key refuses a digest that no blob has.
    """
    if not new:
        return []
    inserted = await tx.rows(
        File,
        "INSERT INTO files (account_id, id, uuid, instance_id, field_id, area, position, kind, name, description,"
        " size_bytes, media_type, digest, url, metadata, source_file_id, created_at, created_by)"
        " SELECT %(account)s, coalesce(n.number, nextval('file_ids')), n.uuid, %(instance)s, n.field_id, n.area,"
        f" coalesce(n.position, {_BEHIND_THE_TAB} + n.behind), n.kind, n.name, n.description, n.size_bytes,"
        " n.media_type, n.digest, n.url, n.metadata, n.source_file_id, %(now)s, %(by)s"
        f" FROM jsonb_to_recordset(%(new)s) AS n ({_NEW}) ORDER BY n.nth RETURNING {FILE}",
        {
            "account": account,
            "instance": instance,
            "now": now,
            "by": by,
            "new": Jsonb(_columns(new)),
        },
    )
    by_uuid = {file.uuid: file for file in inserted}
    return [by_uuid[one.uuid] for one in new]


_NEW = (
    "nth integer, behind integer, number bigint, uuid uuid, field_id text, area text, position integer, kind text,"
    " name text, description text, size_bytes bigint, media_type text, digest text, url text, metadata jsonb,"
    " source_file_id bigint"
)

# Ordered as the index is, of which this reads one entry: field_id is NULL throughout, but PostgreSQL does not use that.
_BEHIND_THE_TAB = (
    "coalesce((SELECT position + 1 FROM files WHERE account_id = %(account)s AND instance_id = %(instance)s"
    " AND field_id IS NULL ORDER BY field_id DESC, position DESC LIMIT 1), 0)"
)


def _columns(new: Sequence[NewFile]) -> list[dict[str, object]]:
    behind = count()
    return [
        {
            "nth": nth,
            "behind": next(behind) if one.position is None else None,
            "number": one.number,
            "uuid": str(one.uuid),
            "field_id": one.field_id,
            "area": one.area,
            "position": one.position,
            "kind": one.kind.value,
            "name": one.name,
            "description": one.description,
            "size_bytes": one.size_bytes,
            "media_type": one.media_type,
            "digest": one.digest,
            "url": one.url,
            "metadata": dict(one.metadata),
            "source_file_id": one.source_file_id,
        }
        for nth, one in enumerate(new)
    ]


async def file(tx: Reader, account: AccountId, file_id: FileId) -> File | None:
    """Return a file of the account, deleted or not."""
    return await tx.row(File, f"SELECT {FILE} FROM files WHERE account_id = %s AND id = %s", (account, file_id))


async def file_by_uuid(tx: Reader, account: AccountId, uuid: UUID) -> File | None:
    """Return a file of the account by its UUID, deleted or not."""
    return await tx.row(File, f"SELECT {FILE} FROM files WHERE account_id = %s AND uuid = %s", (account, uuid))


async def files_of_instances(tx: Reader, account: AccountId, instances: Sequence[InstanceId]) -> list[File]:
    """Return the files of some instances that are not deleted, by instance, field, position."""
    return await tx.rows(
        File,
        f"SELECT {FILE} FROM files WHERE account_id = %s AND instance_id = ANY(%s) AND deleted_at IS NULL"
        " ORDER BY instance_id, field_id NULLS LAST, position, id",
        (account, list(instances)),
    )


async def files_to_change(
    tx: Reader, account: AccountId, instance: InstanceId, *, tab_at_most: int
) -> tuple[list[File], bool]:
    """Return the files that stand in an instance, by field and position, and whether its attachments tab is among them.

    A tab of more than `tab_at_most` files is left out.
    """
    rows = await tx.rows(
        File,
        f"(SELECT {FILE} FROM files WHERE account_id = %(account)s AND instance_id = %(instance)s"
        " AND deleted_at IS NULL AND field_id IS NOT NULL ORDER BY field_id, position, id)"
        f" UNION ALL (SELECT {FILE} FROM files WHERE account_id = %(account)s AND instance_id = %(instance)s"
        " AND deleted_at IS NULL AND field_id IS NULL ORDER BY field_id, position, id LIMIT %(limit)s)",
        {"account": account, "instance": instance, "limit": tab_at_most + 1},
    )
    is_whole = sum(file.field_id is None for file in rows) <= tab_at_most
    return (rows if is_whole else [file for file in rows if file.field_id is not None]), is_whole


async def files_of_tab(tx: Reader, account: AccountId, instance: InstanceId, *, by: UserId | None = None) -> list[File]:
    """Return the files of an instance's attachments tab that are not deleted, in order; `by`: only a user's."""
    return await tx.rows(
        File,
        f"SELECT {FILE} FROM files WHERE account_id = %(account)s AND instance_id = %(instance)s"
        " AND deleted_at IS NULL AND field_id IS NULL AND (%(by)s::bigint IS NULL OR created_by = %(by)s)"
        " ORDER BY field_id, position, id",
        {"account": account, "instance": instance, "by": by},
    )


async def file_ids(tx: Reader, account: AccountId, instance: InstanceId) -> list[FileId]:
    """Return the numbers of the files that stand in an instance, by field and position."""
    return await tx.values(
        FileId,
        "SELECT id FROM files WHERE account_id = %s AND instance_id = %s AND deleted_at IS NULL"
        " ORDER BY field_id, position, id",
        (account, instance),
    )


async def set_positions(tx: Writer, account: AccountId, positions: Mapping[FileId, int]) -> None:
    """Set the places of files within their fields."""
    if positions:
        await tx.execute(
            "UPDATE files SET position = n.position FROM unnest(%s::bigint[], %s::integer[]) AS n (id, position)"
            " WHERE files.account_id = %s AND files.id = n.id",
            (list(positions), list(positions.values()), account),
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
